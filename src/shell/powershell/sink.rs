//! Which holes of a PowerShell script reach something that evaluates them: statement by statement,
//! by names alone, and without regard to their order.

use super::lexer::{Statement, Token};
use crate::shell::analysis::Finding;
use crate::shell::command;
use crate::shell::requirement::Requirement;
use crate::shell::special::is_obeyed;
use std::collections::{BTreeMap, BTreeSet};

/// Commands that run text, or start a program that does.
const RUNNING: &[&str] = &[
    "invoke-expression",
    "iex",
    "invoke-command",
    "icm",
    "invoke-item",
    "ii",
    "start-process",
    "saps",
    "start",
    "start-job",
    "sajb",
    "start-threadjob",
    "add-type",
    "new-alias",
    "set-alias",
    "nal",
    "sal",
    "import-module",
    "ipmo",
    "new-service",
    "register-scheduledtask",
    "new-scheduledtaskaction",
    "invoke-wmimethod",
    "invoke-cimmethod",
    "pwsh",
    "powershell",
    "cmd",
    "bash",
    "sh",
    "dash",
    "zsh",
    "python",
    "python3",
    "node",
    "perl",
    "ruby",
    "php",
    "ssh",
    "wsl",
    "wscript",
    "cscript",
    "mshta",
    "sudo",
    "env",
    "xargs",
    "awk",
    "sed",
    "psql",
    "mysql",
    "sqlite3",
    "sqlcmd",
    "invoke-sqlcmd",
    "docker",
    "kubectl",
    "msbuild",
    "set-psbreakpoint",
    "schtasks",
    "wmic",
    "rundll32",
    "regsvr32",
    "msiexec",
    "forfiles",
    "runas",
    "psexec",
    "winrs",
    "install-module",
    "install-script",
    "install-package",
    "install-psresource",
    "save-module",
    "find-module",
    "npx",
    "bunx",
    "uvx",
];

/// Such commands by which a text can be run wherever they stand, also where what is read before them is no command.
const RUNNING_ANYWHERE: &[&str] = &["invoke-expression", "iex", "invoke-command", "icm"];

/// Programs that fetch what is named behind one of their words.
const INSTALLERS: &[&str] = &[
    "npm", "pnpm", "yarn", "bun", "pip", "pip3", "pipx", "gem", "cargo", "go", "choco", "winget", "scoop", "brew",
    "dotnet",
];

/// Those words.
const INSTALLING: &[&str] = &["install", "i", "add", "exec", "x", "dlx", "get", "create", "init", "download"];

/// Commands that are given the name of a variable, a type or an alias.
const NAMING: &[&str] = &[
    "set-variable",
    "new-variable",
    "get-variable",
    "clear-variable",
    "remove-variable",
    "sv",
    "nv",
    "gv",
    "clv",
    "rv",
    "new-object",
    "git",
    "gh",
    "cargo",
    "npm",
];

/// What stands in front of the name of a variable where it is named as a file.
const DRIVES: &[&str] = &["env:", "variable:"];

/// Commands that give another name to a command.
const ALIASING: &[&str] = &["set-alias", "new-alias", "nal", "sal"];

/// Parts of the names of types and methods that do.
const COMPILING: &[&str] = &[
    "scriptblock",
    "invokescript",
    "newscriptblock",
    "expandstring",
    "createcommand",
    "addscript",
    "invoke",
    "process",
    "activator",
    "assembly",
];

/// Parameters whose value is code.
const CODE: &[&str] = &["-command", "-encodedcommand", "-scriptblock", "-membername", "-comobject", "-typename"];

/// Commands that print, or write into files: options are none of theirs.
const PRINTING: &[&str] = &[
    "echo", "write", "cat", "gc", "cd", "ls", "dir", "cp", "mv", "rm", "mkdir", "md", "ri", "ni", "sc", "ac", "select",
    "where", "sort",
];

/// Ends of names of files that are run.
const RUN_SUFFIXES: &[&str] = &[".ps1", ".psm1", ".psd1", ".sh", ".bat", ".cmd", ".py", ".js", ".vbs", "profile"];

pub(super) type Holes = BTreeSet<usize>;

/// Notes what is demanded of each hole. Holes of the environment follow those of the script.
pub(super) fn judge(statements: &[Statement], environment: &[String], own: usize, holes: &mut [Finding]) {
    let (tainted, clean, aliases) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let mut judge = Judge { environment, own, holes, tainted, clean, aliases };
    while judge.spread_all(statements) {}
    for statement in statements {
        judge.learn_clean(statement);
        judge.learn_aliases(&statement.tokens);
    }
    for statement in statements {
        judge.judge(&statement.tokens);
    }
}

pub(super) struct Judge<'j> {
    environment: &'j [String],
    own: usize,
    holes: &'j mut [Finding],
    /// Variables by name in small letters.
    tainted: BTreeMap<String, Holes>,
    /// Variables that the script assigns nothing to but its author's text.
    clean: BTreeSet<String>,
    /// Names that the script gives to commands which run text, in small letters.
    aliases: BTreeSet<String>,
}

impl Judge<'_> {
    pub(super) fn sources(&self, tokens: &[Token]) -> Holes {
        let mut sources = Holes::new();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                // `@name` gives a command the members of a variable as its parameters.
                Token::Word(name) if at > 0 && tokens[at - 1] == Token::Mark('@') => {
                    sources.extend(self.variable(name))
                }
                Token::Hole(hole) => drop(sources.insert(*hole)),
                Token::Variable(name) => sources.extend(self.variable(name)),
                _ => {}
            }
        }
        sources
    }

    /// Returns what reaches the variables of the environment that a text for `cmd` names: `%NAME%`, `!NAME!`.
    fn expanded_by_cmd(&self, tokens: &[Token]) -> Holes {
        let texts = tokens.iter().filter_map(|token| match token {
            Token::Text(text) | Token::Word(text) => Some(text),
            _ => None,
        });
        // Between two marks is a name, or behind one with what `cmd` takes of its value: `%NAME:~0,3%`.
        let names = texts.flat_map(|text| text.split(['%', '!'])).map(|name| name.split(':').next().unwrap_or(name));
        names.flat_map(|name| self.variable(&format!("env:{name}"))).collect()
    }

    fn variable(&self, name: &str) -> Holes {
        let mut sources = self.tainted.get(&name.to_ascii_lowercase()).cloned().unwrap_or_default();
        if let Some(name) = name.get(..4).filter(|drive| drive.eq_ignore_ascii_case("env:")).map(|_| &name[4..]) {
            let found = self.environment.iter().position(|known| known.eq_ignore_ascii_case(name));
            sources.extend(found.map(|at| self.own + at));
        }
        sources
    }

    /// Taints what the statements assign, and says whether that was new for any.
    fn spread_all(&mut self, statements: &[Statement]) -> bool {
        let mut changed = false;
        for statement in statements {
            changed |= self.spread(statement);
        }
        changed
    }

    /// Taints what a statement assigns, and says whether that was new.
    fn spread(&mut self, statement: &Statement) -> bool {
        let Some((targets, value)) = assigned(statement) else { return false };
        let sources = self.sources(value);
        let mut changed = false;
        for target in targets {
            let known = self.tainted.entry(target.to_ascii_lowercase()).or_default();
            let before = known.len();
            known.extend(&sources);
            changed |= known.len() > before;
        }
        changed
    }

    fn learn_aliases(&mut self, tokens: &[Token]) {
        let words = || {
            tokens
                .iter()
                .filter_map(|token| if let Token::Word(word) | Token::Text(word) = token { Some(word) } else { None })
        };
        let aliases = tokens.iter().any(
            |token| matches!(token, Token::Command(name) if ALIASING.contains(&name.to_ascii_lowercase().as_str())),
        );
        if aliases && words().any(|word| is_running(word)) {
            self.aliases.extend(words().map(|word| word.to_ascii_lowercase()));
        }
    }

    fn learn_clean(&mut self, statement: &Statement) {
        if let Some(name) = assigned_block(statement) {
            self.clean.insert(name.to_ascii_lowercase());
        }
        let Some((targets, _)) = assigned(statement) else { return };
        let targets = targets.iter().map(|target| target.to_ascii_lowercase());
        let tainted = &self.tainted;
        self.clean.extend(targets.filter(|target| tainted.get(target).is_none_or(BTreeSet::is_empty)));
    }

    /// Says whether nobody knows what a variable holds: a parameter, `$_`, what another statement sets.
    fn is_open(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let is_constant =
            matches!(name.as_str(), "true" | "false" | "null" | "psscriptroot" | "pwd" | "home" | "lastexitcode" | "?");
        !is_constant && !self.clean.contains(&name) && !name.starts_with("env:")
    }

    fn judge(&mut self, tokens: &[Token]) {
        let sources = self.sources(tokens);
        let called = |at: usize| at > 0 && matches!(tokens[at - 1], Token::Mark('&' | '.'));
        let running = tokens.iter().enumerate().find_map(|(at, token)| match token {
            Token::Command(name) if is_running(name) || self.aliases.contains(&name.to_ascii_lowercase()) => {
                Some(name.as_str())
            }
            Token::Word(word) if RUNNING_ANYWHERE.contains(&word.to_ascii_lowercase().as_str()) => Some(word.as_str()),
            Token::Word(name) | Token::Text(name) if called(at) && is_running(name) => Some(name.as_str()),
            Token::Word(word) if compiles(word) => Some(word.as_str()),
            _ => None,
        });
        if let Some(word) = running {
            self.refuse(&sources, &format!("in a statement with `{word}`, which runs text"));
            let expanded = self.expanded_by_cmd(tokens);
            self.refuse(
                &expanded,
                &format!("in a statement with `{word}`, which expands variables to text that it runs"),
            );
            let is_open = tokens.iter().any(|token| matches!(token, Token::Variable(name) if self.is_open(name)));
            if is_open || tokens.contains(&Token::Mark('|')) {
                let all = (0..self.holes.len()).collect();
                self.refuse(&all, &format!("in a script that gives `{word}` what it does not know beforehand"));
            }
        }
        self.called(tokens, &sources);
        self.named(tokens);
        self.written(tokens, &sources);
        self.paths(tokens);
        self.drives(tokens);
        self.properties(tokens);
        self.options(tokens, &sources);
        self.set(tokens, &sources);
        if let Some(name) = special_target(tokens) {
            self.refuse(&sources, &format!("the value of the special variable `{name}`"));
        }
    }

    /// Refuses `& $name` and `. $name`, which run what the variable names. What else stands there is given to a
    /// command that is known only when the script runs.
    fn called(&mut self, tokens: &[Token], all: &Holes) {
        for pair in tokens.windows(2) {
            let [Token::Mark('&' | '.'), Token::Variable(name)] = pair else { continue };
            let sources = self.variable(name);
            self.refuse(&sources, "the name of a command");
            all.iter().for_each(|hole| self.holes[*hole].requirements.push(Requirement::Plain));
            if self.is_open(name) {
                let every = (0..self.holes.len()).collect();
                self.refuse(&every, "in a script that runs what a variable names, which nobody knows beforehand");
            }
        }
    }

    /// Judges names behind a command: of a variable, a type, a command of a program, a package.
    fn named(&mut self, tokens: &[Token]) {
        let Some(Token::Command(name)) = tokens.first() else { return };
        let name = name.to_ascii_lowercase();
        let installs = |token: &Token| matches!(token, Token::Word(word) if INSTALLING.contains(&word.as_str()));
        let own = tokens.iter().take_while(|token| !matches!(token, Token::Word(word) if word == "--"));
        if INSTALLERS.contains(&name.as_str()) && tokens.get(1..4).unwrap_or(&tokens[1..]).iter().any(installs) {
            let named = self.sources(&own.cloned().collect::<Vec<_>>());
            self.refuse(&named, &format!("the name of what `{name}` runs or fetches"));
        }
        if NAMING.contains(&name.as_str()) {
            let mut given = self.sources(tokens.get(1..2).unwrap_or_default());
            // Of programs a `-n` is their own.
            let is_command = name.contains('-') || name.len() < "git".len();
            let is_name = |word: &String| is_command && matches!(word.to_ascii_lowercase().as_str(), "-name" | "-n");
            for pair in tokens.windows(2) {
                match &pair[0] {
                    Token::Word(word) if is_name(word) => given.extend(self.sources(&pair[1..])),
                    Token::Mark('@') if is_command => given.extend(self.sources(pair)),
                    _ => {}
                }
            }
            self.refuse(&given, &format!("a name that `{name}` is given"));
        }
    }

    /// Refuses the name of a variable that is named as a file: in quotes its text comes behind it, elsewhere
    /// before it.
    fn drives(&mut self, tokens: &[Token]) {
        let begins = |text: &str| DRIVES.iter().any(|drive| text.to_ascii_lowercase().starts_with(drive));
        for pair in tokens.windows(2) {
            let named = match pair {
                [Token::Word(drive), named] if begins(drive) => named,
                [named, Token::Text(drive)] if begins(drive) => named,
                _ => continue,
            };
            self.refuse(&self.sources(std::slice::from_ref(named)), "the name of a variable");
        }
    }

    /// Judges a variable of the environment that a statement sets by another way than `$env:NAME = …`.
    fn set(&mut self, tokens: &[Token], sources: &Holes) {
        let sets = |name: &str| matches!(name, "set-item" | "new-item" | "si" | "ni" | "set-content");
        let is_setting = tokens.iter().any(|token| match token {
            Token::Command(name) => sets(&name.to_ascii_lowercase()),
            Token::Word(word) => word.to_ascii_lowercase().ends_with("setenvironmentvariable"),
            _ => false,
        });
        let name = |word: &str| word.to_ascii_uppercase().trim_start_matches("ENV:").to_owned();
        let names_obeyed =
            |token: &Token| matches!(token, Token::Word(word) | Token::Text(word) if is_obeyed(&name(word)));
        if is_setting && tokens.iter().any(names_obeyed) {
            self.refuse(sources, "the value of a variable that programs obey");
        }
    }

    /// Refuses text that is written to a file which is run, and asks for plain targets.
    fn written(&mut self, tokens: &[Token], sources: &Holes) {
        let writes = |word: &str| {
            matches!(
                word.to_ascii_lowercase().as_str(),
                "set-content" | "add-content" | "out-file" | "tee-object" | "new-item"
            )
        };
        let is_writing = tokens
            .iter()
            .any(|token| matches!(token, Token::Mark('>')) || matches!(token, Token::Command(word) if writes(word)));
        let is_run =
            |text: &str| RUN_SUFFIXES.iter().any(|suffix| text.trim_end().to_ascii_lowercase().ends_with(suffix));
        let names_run =
            tokens.iter().any(|token| matches!(token, Token::Word(text) | Token::Text(text) if is_run(text)));
        if is_writing && names_run {
            self.refuse(sources, "written to a file that is run");
        }
        for pair in tokens.windows(2) {
            if let [Token::Mark('>'), Token::Hole(hole)] = pair {
                self.holes[*hole].requirements.push(Requirement::Plain);
            }
        }
    }

    /// Asks for plain values inside the brackets of a logging command.
    fn properties(&mut self, tokens: &[Token]) {
        let mut is_inside = false;
        for token in tokens {
            match token {
                Token::Text(text) | Token::Word(text) => is_inside = command::ends_inside(text, is_inside),
                Token::Hole(_) | Token::Variable(_) if is_inside => {
                    let sources = self.sources(std::slice::from_ref(token));
                    sources.iter().for_each(|hole| self.holes[*hole].requirements.push(Requirement::Plain));
                }
                _ => {}
            }
        }
    }

    /// A program, unlike a command of PowerShell, could take a value for an option.
    fn options(&mut self, tokens: &[Token], sources: &Holes) {
        let Some(Token::Command(name)) = tokens.first() else { return };
        let lower = name.to_ascii_lowercase();
        let is_command = lower.contains('-') || PRINTING.contains(&lower.as_str());
        if !is_command {
            sources.iter().for_each(|hole| self.holes[*hole].requirements.push(Requirement::NotAnOption));
        }
    }

    pub(super) fn require(&mut self, hole: usize, requirement: Requirement) {
        self.holes[hole].requirements.push(requirement);
    }

    fn refuse(&mut self, holes: &Holes, reason: &str) {
        for hole in holes {
            self.holes[*hole].refusal.get_or_insert_with(|| reason.to_owned());
            self.holes[*hole].help = Some("pass it to a command as an argument, or in `env:` as `$env:NAME`");
        }
    }
}

/// Returns the variables that a statement assigns to, and what it assigns; nothing for a block, which
/// is not run by that.
fn assigned(statement: &Statement) -> Option<(Vec<&str>, &[Token])> {
    let tokens = &statement.tokens;
    let in_loop = tokens.iter().position(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("in")));
    let at = tokens.iter().position(|token| *token == Token::Assign).or(in_loop)?;
    let value = &tokens[at + 1..];
    if value.first() == Some(&Token::Mark('{')) {
        return None;
    }
    let targets = tokens[..at]
        .iter()
        .filter_map(|token| if let Token::Variable(name) = token { Some(name.as_str()) } else { None });
    Some((targets.collect(), value))
}

/// Returns the name of the variable that a block is assigned to.
fn assigned_block(statement: &Statement) -> Option<&str> {
    match statement.tokens.as_slice() {
        [Token::Variable(name), Token::Assign, Token::Mark('{'), ..] => Some(name),
        _ => None,
    }
}

fn is_running(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    RUNNING.contains(&lower.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(".exe"))
}

fn compiles(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    CODE.contains(&lower.as_str()) || lower.split('.').any(|part| COMPILING.contains(&part))
}

/// Returns the name of a special variable of the environment that a statement sets.
fn special_target(tokens: &[Token]) -> Option<&str> {
    let at = tokens.iter().position(|token| *token == Token::Assign)?;
    tokens[..at]
        .iter()
        .find_map(|token| match token {
            Token::Variable(name) if name.eq_ignore_ascii_case("PSDefaultParameterValues") => Some(name.as_str()),
            Token::Variable(name) => {
                name.get(..4).filter(|drive| drive.eq_ignore_ascii_case("env:")).map(|_| &name[4..])
            }
            _ => None,
        })
        .filter(|name| is_obeyed(&name.to_ascii_uppercase()) || name.eq_ignore_ascii_case("PSDefaultParameterValues"))
}
