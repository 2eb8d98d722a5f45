//! What a Python script starts, and with which words, input and environment.

use super::apart::{hole_of, whole};
use super::facts::Binding;
use super::imports::is_builder;
use super::known::{INTERPRETERS, OPTIONED, SHELLS, STARTING, is_executing};
use super::lexer::{FIELD, FIELD_END, HOLE, Token};
use super::line::names;
use super::reads::NAMES;
use super::sink::{FILES, Judge};
use super::texts::{Item, UNKNOWN};
use super::tree::{Argument, Expr, Statement};
use super::words::is_word;
use crate::shell::analysis::Unread;
use crate::shell::bash::without_version;
use crate::shell::filename::base;
use crate::shell::outline::{names_variable, prints_environment};
use crate::shell::program::{Commands, Demand, Holes, Judged, Part, Program, judge_shell_text};
use crate::shell::requirement::Requirement;

/// Shells, whose words may say what is written to which file.
const SHELL_NAMES: &[&str] = &["sh", "bash", "dash", "zsh", "ksh"];

/// The most words of a program: far more than a person writes.
const WORDS_MAX: usize = 1000;

/// How many arguments without a name say nothing of the program: its words, and how it is read. The third is another
/// program, the ninth has a shell read the words (`subprocess.Popen`).
pub(super) const PLACED_MAX: usize = 2;

/// The most files that are put in front of a command.
const FILES_MAX: usize = 16;

/// What a file is called for a shell whose name is payload text.
const FILE_NAME: &str = "PIPEHOOK_FILE";

/// How deep a word stands of which nothing is looked at but what reaches it.
const DEPTH_OF_NONE: usize = usize::MAX - 1;

/// A call that starts a program.
struct Started {
    program: Program,
    /// Whether the author wrote every word that is not a value.
    is_whole: bool,
    /// The folder in which it starts.
    folder: Holes,
    /// The names of the files that it may read as its input.
    read: Vec<String>,
    /// The author's texts that it may read there.
    inputs: Vec<String>,
}

impl Judge<'_> {
    /// Notes what a statement writes to the input of a program that runs already.
    pub(super) fn feed(&mut self, statement: &Statement) {
        for expression in statement.expressions() {
            let (mut fed, mut texts) = (Holes::new(), Vec::new());
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                let is_input = match &**callee {
                    Expr::Member(_, method) if method == "communicate" => true,
                    Expr::Member(owner, _) => owner.last_name() == Some("stdin"),
                    _ => false,
                };
                if is_input {
                    fed.extend(arguments.iter().flat_map(|argument| self.reaches(&argument.value)));
                    texts.extend(arguments.iter().flat_map(|argument| self.texts(&argument.value, 0)));
                }
            });
            self.fed.extend(fed);
            self.fed_texts.extend(texts);
        }
    }

    /// Judges the programs that a statement starts.
    pub(super) fn start_all(&mut self, statement: &Statement) {
        for expression in statement.expressions() {
            let mut started = Vec::new();
            expression.walk(&mut |inner| {
                if let Expr::Call(callee, arguments) = inner
                    && self.is_starting(callee)
                {
                    started.push((callee.dotted().unwrap_or_else(|| "run".to_owned()), arguments));
                }
            });
            started.into_iter().for_each(|(name, arguments)| self.start(&name, arguments));
        }
    }

    /// Judges a program that is started: a list of words is the same command in bash. Of what else is given
    /// to it nobody knows which program it is.
    fn start(&mut self, name: &str, arguments: &[Argument]) {
        let arguments = &self.spread_out(arguments);
        // What is in its environment is judged there.
        let told = || arguments.iter().filter(|it| it.name.as_deref() != Some("env"));
        let mut sources: Holes = arguments.iter().flat_map(|argument| self.reaches(&argument.value)).collect();
        let named = |wanted: &str| arguments.iter().find(|it| it.name.as_deref() == Some(wanted)).map(|it| &it.value);
        if named("stdin").is_some() {
            sources.extend(&self.fed);
        }
        let first = arguments.first().filter(|it| it.name.is_none()).map(|it| &it.value).or_else(|| named("args"));
        let is_long = |list: &Vec<Item>| list.len() > WORDS_MAX;
        let lists = first.filter(|_| !self.gives_shell(arguments)).and_then(|first| self.lists(first, 0));
        let lists = lists.filter(|lists| !lists.iter().any(is_long));
        let started = lists
            .and_then(|lists| lists.iter().map(|list| self.started(list, arguments)).collect::<Option<Vec<Started>>>());
        match started {
            Some(started) => {
                let mut told: Holes = told().flat_map(|argument| self.reaches(&argument.value)).collect();
                told.extend(self.fed.iter().filter(|_| named("stdin").is_some()));
                for it in started {
                    self.judge_hidden(&it.program.words, arguments, &it.read);
                    self.judge_started(it, &told, &sources);
                }
            }
            None => {
                self.judge_hidden_program(arguments);
                // What a shell gets is judged by itself.
                if !self.is_read || !self.gives_shell(arguments) {
                    self.refuse_files("written to a file that a program may run");
                } else {
                    let others: Holes = told().flat_map(|argument| self.reaches(&argument.value)).collect();
                    sources.retain(|hole| others.contains(hole) || self.fed.contains(hole));
                }
                self.refuse(&sources, &format!("a program that `{name}` starts, or code for one"));
            }
        }
    }

    /// Says whether arguments may give the words of a program to a shell, or to a program that is named apart.
    pub(super) fn gives_shell(&self, arguments: &[Argument]) -> bool {
        let placed: Vec<&Argument> = arguments.iter().filter(|it| it.name.is_none()).collect();
        placed.len() > PLACED_MAX
            || placed.iter().skip(1).any(|it| matches!(it.value, Expr::Several(_)))
            || self.names_shell(arguments)
    }

    fn names_shell(&self, arguments: &[Argument]) -> bool {
        arguments.iter().any(|argument| match argument.name.as_deref() {
            Some("shell" | "preexec_fn" | "executable") => true,
            Some("**") => self.sets_shell(&argument.value),
            _ => false,
        })
    }

    /// Says whether named arguments that come from a dictionary may give the words to a shell.
    fn sets_shell(&self, dictionary: &Expr) -> bool {
        let is_one = |value: &Expr| match value {
            Expr::Dict(entries) => entries.iter().any(|(key, _)| {
                let is_one = |key: &str| matches!(key, "shell" | "executable" | "preexec_fn");
                key.as_ref().is_none_or(|key| key.text().is_none_or(|key| is_one(&key)))
            }),
            Expr::Call(callee, arguments) => {
                !matches!(&**callee, Expr::Name(name) if name == "dict" && self.is_pythons(name))
                    || arguments
                        .iter()
                        .any(|it| matches!(it.name.as_deref(), None | Some("shell" | "executable" | "**")))
            }
            _ => true,
        };
        match dictionary {
            Expr::Name(name) => {
                let bindings = self.facts.bindings(name);
                let is_any = bindings.is_empty() || !self.facts.added(name).is_empty() || self.bound.contains(name);
                is_any || bindings.iter().any(|it| !matches!(it, Binding::Value(value) if !is_one(value)))
            }
            value => is_one(value),
        }
    }

    /// Refuses all that is written to files.
    pub(super) fn refuse_files(&mut self, reason: &str) {
        let files = self.tainted.get(FILES).cloned().unwrap_or_default();
        self.refuse(&files, reason);
    }

    /// Judges a program of which the words are known. `told` reaches it in another way than by its environment,
    /// `sources` in any.
    fn judge_started(&mut self, started: Started, told: &Holes, sources: &Holes) {
        let program = started.program.name().map_or("", without_version).to_owned();
        if INTERPRETERS.contains(&program.as_str()) && !self.judge_shell_words(&started) {
            self.refuse_files("written to a file that a program may run");
        }
        let is_run = |file: &String| match started.program.words.as_slice() {
            [_, words @ ..] if INTERPRETERS.contains(&program.as_str()) => {
                words.contains(&vec![Part::Text(file.clone())])
            }
            _ => started.program.name() == Some(base(file)),
        };
        if self.made.iter().any(is_run) {
            let held: Holes = self.variables().into_iter().flat_map(|(_, holes)| holes).collect();
            self.refuse(&held, "in the environment of a file of the script's that a program runs");
        }
        if is_builder(&program) {
            let is_word = |file: &str| started.program.words.contains(&vec![Part::Text(file.to_owned())]);
            let run: Holes =
                self.written.iter().filter(|(file, _)| is_word(file)).flat_map(|(_, it)| it).copied().collect();
            self.refuse(&run, "written to a file that a program may run");
        }
        self.judge_read_files(&started);
        let words: Vec<String> = started.program.words.iter().map(|word| text_of(word)).collect();
        self.judge_found(&words);
        let takes_code = INTERPRETERS.contains(&program.as_str()) || OPTIONED.contains(&program.as_str());
        if !started.is_whole && takes_code {
            return self.refuse(sources, &format!("a word of `{program}`, whose other words are not known"));
        }
        let (own, folder) = (whole(&started.program.sources()), started.folder.clone());
        for program in self.with_code(&started.program, &started.inputs) {
            self.apply(program.judged(), sources);
        }
        let named = self.named_for_make(&started.program, &started.inputs);
        self.refuse(&named, "a variable of the environment that code of `make` names");
        self.require(&folder, Requirement::InsidePath);
        // What is in its environment was judged there.
        let mut elsewhere: Holes = self.set.values().flatten().copied().collect();
        elsewhere.extend(folder.iter().chain(&own));
        let elsewhere = whole(&elsewhere);
        let others: Holes = told.iter().copied().filter(|hole| !elsewhere.contains(&hole_of(*hole))).collect();
        self.require(&others, Requirement::NotAnOption);
    }

    /// Notes the files to which programs write payload text that are started with lists of words: `bash -c 'echo "$1" > a.txt'`.
    pub(super) fn learn_started(&mut self, statements: &[Statement]) {
        let mut written: Vec<(String, Holes)> = Vec::new();
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                if !self.is_starting(callee) || self.gives_shell(arguments) {
                    return;
                }
                let first = arguments.iter().find(|it| matches!(it.name.as_deref(), None | Some("args")));
                let lists = first.and_then(|first| self.lists(&first.value, 0)).unwrap_or_default();
                let few = lists.iter().filter(|list| list.len() <= WORDS_MAX);
                for started in few.filter_map(|list| self.started(list, arguments)) {
                    let is_shell = started.program.words.iter().any(|word| SHELL_NAMES.contains(&base(&text_of(word))));
                    if is_shell && let Ok(judged) = started.program.judged() {
                        written.extend(judged.written);
                    }
                }
            });
        }
        for (file, holes) in written {
            self.write_by_shell(&file, &holes);
        }
    }

    /// Notes that a shell writes payload text to a file.
    fn write_by_shell(&mut self, file: &str, holes: &Holes) {
        if holes.is_empty() {
            return;
        }
        self.taint(FILES.to_owned(), holes);
        let written = (file.replace('*', UNKNOWN), holes.clone());
        if !self.written.contains(&written) {
            self.written.push(written);
        }
    }

    /// Judges what a shell does with the files that the script wrote whose text is among its words, and says whether all of
    /// that is known.
    fn judge_shell_words(&mut self, started: &Started) -> bool {
        let words: Vec<String> = started.program.words.iter().map(|word| text_of(word)).collect();
        let [shell, option, text, ..] = words.as_slice() else { return false };
        let is_text = SHELL_NAMES.contains(&base(shell)) && option == "-c" && !text.contains(UNKNOWN);
        let written: Vec<(String, Holes)> = self.written.iter().chain(&self.moved).cloned().collect();
        let all = self.tainted.get(FILES).cloned().unwrap_or_default();
        let known: Holes = written.iter().flat_map(|(_, holes)| whole(holes)).collect();
        let are_known = written.iter().all(|(file, _)| !base(file).is_empty() && !file.contains(UNKNOWN))
            && whole(&all).is_subset(&known)
            && written.len() <= FILES_MAX
            && !self.writes_elsewhere;
        if !is_text || !started.is_whole || !are_known || !started.read.is_empty() {
            return false;
        }
        let mut commands = Commands::default();
        written.iter().for_each(|(file, holes)| commands.write(base(file), holes));
        let command: String = words.iter().map(|word| quoted(word)).collect();
        commands.command(&command);
        let Ok(demands) = commands.demands(&[]) else { return false };
        for (holes, finding) in demands {
            if finding.refusal.is_some() {
                self.refuse(&holes, "written to a file that a program may run");
            }
        }
        true
    }

    /// Judges what a program does with a file that the script wrote, if one of its words names it or it reads it: as
    /// the same command in bash, in front of which the file was written. Files are told apart by the last part of their
    /// names.
    fn judge_read_files(&mut self, started: &Started) {
        let last = |name: &str| base(name).to_owned();
        let words: Vec<String> = started.program.words.iter().map(|word| text_of(word)).collect();
        let is_program = |file: &str| words.first().is_some_and(|word| last(word) == file);
        let is_named =
            |file: &str| !file.is_empty() && (is_program(file) || words.iter().skip(1).any(|word| word.contains(file)));
        let is_read = |file: &str| started.read.iter().any(|read| last(read) == file);
        let files: Vec<(String, Holes)> = self
            .written
            .iter()
            .chain(&self.moved)
            .map(|(file, holes)| (last(file), holes.clone()))
            .filter(|(file, _)| !file.contains(UNKNOWN) && (is_named(file) || is_read(file)))
            .collect();
        for (file, holes) in &files {
            let mut commands = Commands::default();
            commands.write(file, holes);
            let mut shown: Vec<String> = words.iter().map(|word| without_folder(word, file)).collect();
            // Where the script names it otherwise than by a text, nobody sees its folder.
            if is_program(file) {
                shown[0] = format!("./{file}");
            }
            let mut command: String = shown.iter().map(|word| quoted(word)).collect();
            if is_read(file) {
                command.push_str(&format!("< {}", quoted(file)));
            }
            commands.command(&command);
            let refuses = |(_, finding): &Demand| finding.refusal.is_some();
            if commands.demands(&[]).is_ok_and(|demands| demands.iter().any(refuses)) {
                self.refuse(holes, "written to a file that a program may run");
            }
        }
    }

    /// Judges what texts for a shell do with variables of the environment.
    pub(super) fn shell_texts(&mut self, statements: &[&[Token]]) {
        let variables = self.variables();
        let names_shell = |statement: &[Token]| {
            names(statement).any(|name| SHELLS.contains(&name) || name == "shell" || is_executing(name))
        };
        let gives = |it: &&&[Token]| names_shell(it) || self.starts_unknown(it);
        let giving: Vec<&[Token]> = statements.iter().filter(gives).copied().collect();
        if variables.is_empty() && !self.tainted.contains_key(NAMES) || giving.is_empty() {
            return;
        }
        // A text may be given to the shell by another name, by a loop, or by a function of the script's.
        let giving = giving.into_iter().flatten().map(|token| (token, true));
        let others = statements.iter().copied().flatten().map(|token| (token, false));
        for (token, is_given) in giving.chain(others) {
            let Token::Text(text, _) = token else { continue };
            let text = &without_fields(text);
            if !self.work(variables.len() + 1) {
                return;
            }
            // Of what is given to a shell here any word may name one; of another text what a shell alone means so.
            let prints = names_variable(text, "printenv") || text.contains('|') && prints_environment(text);
            let is_named = |name: &str| {
                let has = |mark: &str| text.contains(mark) && text.contains(&format!("{mark}{name}"));
                prints || has("$") || has("${") || is_given && names_variable(text, name)
            };
            let named: Vec<_> = variables.iter().filter(|(name, _)| is_named(name)).cloned().collect();
            // A folder's names are known to what stands for them, and to what lists them.
            let files = self.tainted.get(NAMES).cloned().unwrap_or_default();
            if is_given && !files.is_empty() {
                let text = format!(": > \"${FILE_NAME}\"\n{}", text.replace(HOLE, UNKNOWN));
                self.apply(judge_shell_text(&text, &[(FILE_NAME.to_owned(), files.clone())]), &files);
            }
            if !named.is_empty() {
                let all = named.iter().flat_map(|(_, holes)| holes.iter().copied()).collect();
                self.apply(judge_shell_text(&text.replace(HOLE, UNKNOWN), &named), &all);
            }
        }
    }

    /// Says whether a statement starts a program whose words stand elsewhere.
    fn starts_unknown(&self, statement: &[Token]) -> bool {
        statement.iter().enumerate().any(|(at, token)| {
            let is_one =
                matches!(token, Token::Name(name) if STARTING.contains(&name.as_str()) || self.starting.contains(name));
            let is_list = matches!(statement.get(at + 1..at + 3), Some([Token::Other('('), Token::Other('[' | '(')]));
            is_one && !is_list
        })
    }

    fn apply(&mut self, judged: Result<Judged, Unread>, all: &Holes) {
        let Ok(judged) = judged else {
            return self.refuse(all, "a word of a command that pipehook can't read");
        };
        for (file, holes) in judged.written {
            self.write_by_shell(&file, &holes);
        }
        for (holes, finding) in judged.demands {
            if let Some(reason) = &finding.refusal {
                self.refuse(&holes, reason);
            }
            finding.requirements.iter().for_each(|requirement| self.require(&holes, *requirement));
        }
    }

    /// Returns the variables of the environment that hold payload text.
    pub(super) fn variables(&self) -> Vec<(String, Holes)> {
        let given = self.environment.iter().enumerate().filter(|(_, name)| !is_word(name));
        let given = given.map(|(at, name)| (name.clone(), Holes::from([self.own + at])));
        given.chain(self.set.iter().map(|(name, holes)| (name.clone(), holes.clone()))).collect()
    }

    /// Returns what a call starts with a list of words, if its first word is the author's.
    fn started(&self, list: &[Item], arguments: &[Argument]) -> Option<Started> {
        let mut started = Started {
            program: Program::default(),
            is_whole: true,
            folder: Holes::new(),
            read: Vec::new(),
            inputs: Vec::new(),
        };
        for item in list {
            let (word, is_whole) = match item {
                Item::Word(word) => (self.word(word, 0), self.is_whole(word, 0)),
                Item::Several(words) => (self.word(words, DEPTH_OF_NONE), false),
            };
            let is_own =
                is_whole && word.iter().all(|part| matches!(part, Part::Text(text) if !text.contains(UNKNOWN)));
            if started.program.words.is_empty() && !is_own {
                // Nobody knows which program it is, and where its arguments begin.
                return None;
            }
            started.is_whole &= is_whole;
            started.program.words.push(word);
        }
        started.program.name()?;
        started.program.is_direct = list.iter().all(|item| matches!(item, Item::Word(word) if self.is_direct(word, 0)));
        started.program.environment = self.variables();
        for argument in arguments {
            let sources = self.reaches(&argument.value);
            match argument.name.as_deref() {
                Some("input") => started.program.input.extend(sources),
                Some("stdin") => {
                    started.program.input.extend(sources.iter().chain(&self.fed));
                    started.read = self.opened(&argument.value);
                }
                Some("cwd") => started.folder.extend(sources),
                _ => {}
            }
        }
        started.inputs = self.inputs(arguments, &started.read);
        let mut known: Vec<String> = Vec::new();
        started.program.environment.retain(|(name, _)| {
            let is_new = !known.contains(name);
            known.push(name.clone());
            is_new
        });
        Some(started)
    }
}

/// Returns the text of a word, with something unknown where a value is.
pub(super) fn text_of(word: &[Part]) -> String {
    word.iter().map(|part| if let Part::Text(text) = part { text.as_str() } else { UNKNOWN }).collect()
}

/// Returns a word with another folder of a file that it names: the one in which the script runs.
fn without_folder(word: &str, file: &str) -> String {
    match word.strip_suffix(file).filter(|folder| folder.ends_with('/')) {
        Some(folder) => format!("{}./{file}", &folder[..folder.rfind(['=', ':']).map_or(0, |at| at + 1)]),
        None => word.to_owned(),
    }
}

/// Returns a word as bash has it in quotes, and a blank.
fn quoted(word: &str) -> String {
    format!("'{}' ", word.replace('\'', "'\\''"))
}

/// Returns the text of a literal without the code in it, whose values are followed by themselves.
fn without_fields(text: &str) -> String {
    let mut parts = text.split(FIELD);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| format!("{text}{UNKNOWN}{}", part.split_once(FIELD_END).map_or("", |it| it.1)))
}
