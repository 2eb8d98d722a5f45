//! Which holes of a Python script reach something that evaluates them.
//!
//! Which text reaches what is found statement by statement, by names alone, and without regard to their order: a
//! statement that names something tainted taints what it assigns. That demands too much now and then, never too
//! little. What is done with it is judged twice: by the names in a statement, whatever its form, and by what its
//! expressions are. A statement that can't be read takes no payload text.

use super::apart::{changed, reads_pieces};
use super::characters::fills_fields;
use super::checked::checked;
use super::facts::Facts;
use super::format::gives_format;
use super::functions::Heads;
use super::known::{LOGGING, QUERYING, TEMPLATE_TEXTS, TEMPLATES, TEMPLATING, TOUCHING, TOUCHING_MEMBERS, is_running};
use super::learn::{imports_by_name, is_special_method};
use super::lexer::{FIELD, FIELD_END, Lexed, Token, field_tokens};
use super::line::{arguments, as_variable, assigned, assignments, closing, is_dumping, names, split};
use super::numbers::{shows_by_sort, shows_numbers};
use super::readback::ends_of_pipes;
use super::reads::NAMES;
use super::renamed::renamed;
use super::scopes::{Line, bodies};
use super::spread::COPIED;
use super::statement;
use super::tree::{Expr, Statement};
use super::work::Work;
use crate::shell::analysis::Finding;
use crate::shell::filename::is_run;
use crate::shell::program::Holes;
use crate::shell::requirement::Requirement;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Where a file is written to: one name for all files.
pub(super) const FILES: &str = "<files>";

/// The most steps to look up what names stand for. A script that needs more is known less, and demands more.
const STEPS_MAX: usize = 200_000;

/// Notes what is demanded of each hole, and returns the files to which text of holes is written, each with one of them;
/// nothing if not all was looked at. Holes of the environment follow those of the script.
pub(super) fn judge(
    lexed: &Lexed,
    environment: &[String],
    own: usize,
    holes: &mut [Finding],
) -> Option<Vec<(String, usize)>> {
    let checked = checked(lexed);
    let lexed = checked.as_ref().unwrap_or(lexed);
    let tokens = &lexed.tokens;
    let lines = statement::lines(lexed);
    let statements: Vec<&[Token]> = lines.iter().map(|line| line.tokens).collect();
    let read: Vec<Statement> = lines.iter().flat_map(|line| line.statements.iter().cloned()).collect();
    let work = Work::new();
    let mut judge = Judge {
        facts: Facts::of(&read, Heads::of(&lines), work.clone()),
        written: Vec::new(),
        moved: Vec::new(),
        writes_elsewhere: false,
        unnamed: Holes::new(),
        is_read: lines.iter().all(|line| line.is_read),
        fed: Holes::new(),
        fed_texts: Vec::new(),
        redirected: BTreeSet::new(),
        steps: Cell::new(STEPS_MAX),
        work,
        named: names(tokens).map(str::to_owned).collect(),
        environment,
        own,
        tainted: BTreeMap::new(),
        functions: BTreeMap::new(),
        called: BTreeSet::new(),
        anywhere: BTreeSet::new(),
        returned: BTreeSet::new(),
        elsewhere: BTreeSet::new(),
        altered: BTreeMap::new(),
        shared: BTreeSet::new(),
        methods: BTreeMap::new(),
        classes: BTreeSet::new(),
        made: Vec::new(),
        contents: BTreeMap::new(),
        tables: BTreeSet::new(),
        records: BTreeSet::new(),
        coded: BTreeSet::new(),
        is_any_coded: false,
        bound: BTreeSet::new(),
        renamed: renamed(&statements),
        bodies: bodies(&lines),
        running: BTreeSet::new(),
        starting: BTreeSet::new(),
        loaders: BTreeSet::new(),
        touching: BTreeSet::new(),
        imported: BTreeSet::new(),
        modules: BTreeSet::new(),
        formatters: BTreeSet::new(),
        environments: BTreeSet::new(),
        starts_any: false,
        spreads: false,
        run_files: BTreeSet::new(),
        texts: tokens.iter().filter_map(as_variable).collect(),
        set: BTreeMap::new(),
        obeyed: false,
        line: None,
        lines: &lines,
        reads_pieces: read.iter().any(reads_pieces),
        read_files: None,
        shows_numbers: tokens.iter().any(shows_numbers) || shows_by_sort(tokens),
        fills: tokens.iter().any(fills_fields),
        textual: BTreeSet::new(),
        characters: BTreeSet::new(),
        copied: BTreeSet::new(),
        enums: BTreeSet::new(),
        makes_unnamed: false,
        loaders_of_files: BTreeSet::new(),
        holes,
    };
    for statement in &statements {
        judge.learn_function(statement);
        judge.learn_import(statement);
        judge.learn_formatter(statement);
        judge.learn_run_file(statement);
    }
    judge.learn_classes(&statements);
    judge.learn_called(&statements);
    judge.learn_fields(&statements);
    judge.learn_anywhere(&statements);
    judge.learn_decorators(&read);
    judge.learn_arguments();
    judge.learn_tables(&read, &statements);
    judge.learn_code(&read);
    judge.learn_characters();
    judge.learn_enums(&lines);
    judge.learn_loaders_of_files(&read);
    statements.iter().for_each(|statement| judge.learn_redirected(statement));
    judge.learn_descriptors(&read);
    judge.learn_passed(&statements);
    let mut is_new = true;
    while is_new {
        is_new = false;
        for statement in &statements {
            is_new |= judge.learn_running(statement);
        }
    }
    if judge.running.iter().any(|name| is_special_method(name)) {
        let all = (0..judge.holes.len()).collect();
        judge.refuse(&all, "in a script that gives Python a method which runs text");
    }
    judge.learn_shared(&statements);
    let mut copied = judge.facts.shared();
    copied.extend(ends_of_pipes(&statements));
    copied
        .extend(COPIED.iter().flat_map(|(one, others)| others.iter().map(|it| ((*one).to_owned(), (*it).to_owned()))));
    while judge.spread_all(&statements, &copied) {}
    let named = judge.named_files(&read);
    if judge.taint(NAMES.to_owned(), &named) {
        while judge.spread_all(&statements, &copied) {}
    }
    statements.iter().for_each(|statement| judge.learn_spread(statement));
    judge.starts_any = statements.iter().any(|statement| judge.starts(statement));
    judge.find_environments(&statements);
    // What is read back from files and variables may be written again, also by a shell.
    let mut is_new = judge.learn_environments(&statements);
    judge.shell_texts(&statements);
    while judge.learn_read_files(&read) | is_new {
        while judge.spread_all(&statements, &copied) {}
        is_new = judge.learn_environments(&statements);
        judge.shell_texts(&statements);
    }
    for line in &lines {
        judge.line = line.number;
        judge.judge(line.tokens);
    }
    for line in lines.iter().filter(|line| !line.is_read) {
        judge.line = line.number;
        judge.refuse(&judge.sources(line.tokens), "in a statement that pipehook can't read");
    }
    for line in &lines {
        judge.line = line.number;
        line.statements.iter().for_each(|statement| judge.judge_statement(statement));
    }
    judge.line = None;
    judge.judge_commands(&read);
    judge.judge_made(&read);
    judge.judge_readers(&statements);
    judge.judge_cases(&lines);
    read.iter().for_each(|statement| judge.feed(statement));
    judge.learn_inputs(&read);
    judge.moved = judge.written_otherwise(&read);
    for line in &lines {
        judge.line = line.number;
        line.statements.iter().for_each(|statement| judge.start_all(statement));
    }
    judge.line = None;
    judge.judge_runners(&read);
    judge.judge_own_files(&lines);
    judge.judge_templates(&read);
    judge.judge_environment(&statements, &read);
    judge.judge_handed(&lines);
    let written = judge.all_written(&read, tokens);
    judge.work(0).then_some(written)
}

/// Whether a call that makes a number of a text hides the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Hide,
    Show,
}

pub(super) struct Judge<'j> {
    /// What its names stand for.
    pub(super) facts: Facts,
    /// The files that it writes, and what to each.
    pub(super) written: Vec<(String, Holes)>,
    /// The files that hold such text by other functions than those of files, by another name for one.
    pub(super) moved: Vec<(String, Holes)>,
    /// It writes payload text to what may be any file.
    pub(super) writes_elsewhere: bool,
    /// What it writes to files whose names are made when it runs.
    pub(super) unnamed: Holes,
    /// All its statements can be read.
    pub(super) is_read: bool,
    /// What it writes to the input of programs that run already.
    pub(super) fed: Holes,
    /// The author's texts among that.
    pub(super) fed_texts: Vec<String>,
    /// The names of what gets all that it prints.
    pub(super) redirected: BTreeSet<String>,
    /// How many more steps are taken to look up what names stand for.
    pub(super) steps: Cell<usize>,
    /// How much more is looked at.
    pub(super) work: Work,
    /// All its names.
    pub(super) named: BTreeSet<String>,
    pub(super) environment: &'j [String],
    /// How many holes the script has itself: those of the environment follow them.
    pub(super) own: usize,
    pub(super) tainted: BTreeMap<String, Holes>,
    /// The parameters of the script's functions.
    pub(super) functions: super::environment::Functions,
    /// The parameters of its methods that Python and libraries call.
    pub(super) called: BTreeSet<String>,
    /// The names of what may hold any text of the script.
    pub(super) anywhere: BTreeSet<String>,
    /// What its functions return that can be changed, by its names.
    pub(super) returned: BTreeSet<String>,
    /// The names of objects into which payload text is put by what its functions return.
    pub(super) elsewhere: BTreeSet<String>,
    /// What is put into an object that a name stands for, and not given to the name.
    pub(super) altered: BTreeMap<String, Holes>,
    /// Names of which the first may stand for an object that the second has, or a part of it.
    pub(super) shared: BTreeSet<(String, String)>,
    /// The names of methods that are called by another name, and what they may put something into.
    pub(super) methods: BTreeMap<String, BTreeSet<String>>,
    /// The names of its classes.
    pub(super) classes: BTreeSet<String>,
    /// The files that it writes.
    pub(super) made: Vec<String>,
    /// The author's text in those, by the last parts of their names.
    pub(super) contents: BTreeMap<String, String>,
    /// The names of dictionaries and lists that have nothing but the author's words.
    pub(super) tables: BTreeSet<String>,
    /// The names of dictionaries whose keys are the author's words, each once.
    pub(super) records: BTreeSet<String>,
    /// The names that its own code in texts gives something, and whether that may be any name.
    pub(super) coded: BTreeSet<String>,
    pub(super) is_any_coded: bool,
    /// The names that `case` gives to what comes from elsewhere.
    pub(super) bound: BTreeSet<String>,
    /// The names that it gives something to.
    pub(super) renamed: BTreeSet<String>,
    /// The classes in whose bodies its statements stand, by the numbers of those.
    pub(super) bodies: BTreeMap<usize, Vec<String>>,
    /// The script's own names of functions that run their argument.
    pub(super) running: BTreeSet<String>,
    /// Its own names of functions that start a program.
    pub(super) starting: BTreeSet<String>,
    /// Its own classes of loaders of YAML that make data alone.
    pub(super) loaders: BTreeSet<String>,
    /// The names of functions that it has from `os` and `shutil`.
    pub(super) touching: BTreeSet<String>,
    /// What it has of others: modules, and what it names of them.
    pub(super) imported: BTreeSet<String>,
    /// The modules that it has whole. What is put into a member of one is known by the member's name.
    pub(super) modules: BTreeSet<String>,
    /// What it calls a `string.Formatter`.
    pub(super) formatters: BTreeSet<String>,
    /// The names of what it gives to programs as their environment.
    pub(super) environments: BTreeSet<String>,
    /// It starts programs.
    pub(super) starts_any: bool,
    /// It gives dictionaries of named arguments to what starts a program.
    pub(super) spreads: bool,
    /// The variables that hold the name of a file that is run or obeyed.
    pub(super) run_files: BTreeSet<String>,
    /// The texts that can be names of variables.
    pub(super) texts: BTreeSet<String>,
    /// The variables that it puts into the environment, and what reaches each.
    pub(super) set: BTreeMap<String, Holes>,
    /// It may set one that programs obey.
    pub(super) obeyed: bool,
    /// The line of the script that is judged, where it is one.
    pub(super) line: Option<usize>,
    /// What was read of each line, and whether all was.
    pub(super) lines: &'j [Line<'j>],
    /// It reads texts or files in pieces of some length.
    pub(super) reads_pieces: bool,
    /// It makes letters of numbers, or what letters can be made of.
    pub(super) shows_numbers: bool,
    /// The names of the files that it may write payload text to, once that is looked for.
    pub(super) read_files: Option<Vec<String>>,
    /// It has an f-string that fills with `-` what is put into it.
    pub(super) fills: bool,
    /// The names of texts, and of what has the characters of one; those of members have a `.` in front.
    pub(super) textual: BTreeSet<String>,
    /// The names of one character of a text after the other.
    pub(super) characters: BTreeSet<String>,
    /// Its classes of which each object is one of the author's literals.
    pub(super) enums: BTreeSet<String>,
    /// The last parts of the names that it may give other files.
    pub(super) copied: BTreeSet<String>,
    /// It writes to files whose names it doesn't know.
    pub(super) makes_unnamed: bool,
    /// The names of functions of modules that may give what is in a file which they are told of.
    pub(super) loaders_of_files: BTreeSet<String>,
    pub(super) holes: &'j mut [Finding],
}

impl Judge<'_> {
    /// Takes note that so many tokens are looked at, and says whether any may be still.
    pub(super) fn work(&self, tokens: usize) -> bool {
        self.work.take(tokens)
    }

    /// Returns the holes that a part of a statement holds or names.
    pub(super) fn sources(&self, tokens: &[Token]) -> Holes {
        self.sources_with(tokens, Numbers::Hide)
    }

    /// As [`Self::sources`], and what a call holds that makes a number of a text or fails: the failure has the text.
    pub(super) fn whole_sources(&self, tokens: &[Token]) -> Holes {
        self.sources_with(tokens, Numbers::Show)
    }

    fn sources_with(&self, tokens: &[Token], numbers: Numbers) -> Holes {
        let mut sources = Holes::new();
        if !self.work(tokens.len()) {
            return sources;
        }
        let mut number = 0;
        for (at, token) in tokens.iter().enumerate() {
            if at < number {
                continue;
            }
            if numbers == Numbers::Hide
                && let Some(end) =
                    self.number(tokens, at).or_else(|| self.choice(tokens, at)).or_else(|| self.condition(tokens, at))
            {
                number = end;
                continue;
            }
            sources.extend(self.read_at(tokens, at));
            match token {
                Token::Text(text, holes) => {
                    sources.extend(holes);
                    sources.extend(self.variable(text));
                    let fields = text.split(FIELD).skip(1).filter_map(|it| it.split(FIELD_END).next());
                    let is_between = |character: char| !(character.is_alphanumeric() || character == '_');
                    for field in fields {
                        let words = field.split(is_between);
                        // Which variable or file it is has to be read as code.
                        let counts = numbers == Numbers::Hide
                            && words.clone().any(|word| self.makes_number(word) || self.may_choose(word))
                            && !field.contains(':');
                        if counts || words.clone().any(|word| self.is_reading(word)) {
                            let code = field_tokens(field, &mut std::iter::empty());
                            sources.extend(code.iter().flat_map(|code| self.sources_with(code, numbers)));
                            if counts && code.is_some() {
                                continue;
                            }
                        }
                        for word in words {
                            sources.extend(self.tainted.get(word).into_iter().flatten());
                            sources.extend(self.variable(word));
                        }
                    }
                }
                Token::Name(name) => sources.extend(self.tainted.get(name).into_iter().flatten()),
                Token::Other(_) | Token::End => {}
            }
        }
        sources
    }

    /// Returns the hole that a variable of the environment is.
    pub(super) fn variable(&self, name: &str) -> Option<usize> {
        self.environment.iter().position(|known| known == name).map(|at| self.own + at)
    }

    fn judge(&mut self, statement: &[Token]) {
        // What is brought runs nothing yet.
        if matches!(statement.first(), Some(Token::Name(word)) if word == "import" || word == "from") {
            return;
        }
        let assigned = assigned(statement);
        for (at, token) in statement.iter().enumerate() {
            match token {
                Token::Name(name) => self.name(name, statement, at, assigned[at]),
                Token::Text(..) | Token::Other(_) | Token::End => {}
            }
        }
    }

    fn name(&mut self, name: &str, statement: &[Token], at: usize, is_assigned: bool) {
        let is_member_of = |owner: &str| {
            at >= 2 && statement[at - 1] == Token::Other('.') && statement[at - 2] == Token::Name(owner.to_owned())
        };
        self.format_method(statement, at);
        if name == "path" && is_member_of("sys") {
            self.refuse(&self.sources(statement), "the path of modules");
        }
        if name.starts_with("write") || matches!(name, "open" | "Path") || is_dumping(name) {
            self.written(statement);
        }
        let runs = is_running(name) || self.running.contains(name) && !is_assigned;
        let divides = matches!(name, "mod" | "imod") && self.imported.contains("operator");
        let runs = runs && !imports_by_name(statement, at) && !self.finds_data(statement, at);
        let is_other =
            is_member_of("re") || name == "system" && is_member_of("platform") || name == "Timer" && self.waits();
        if runs && !is_other || divides || gives_format(statement, at) {
            let is_judged = self.is_judged_command(name, statement, at);
            // What gets the command's output is no part of it.
            let begin = assignments(statement).last().map_or(0, |equals| equals + 1);
            let mut sources = self.sources(if is_judged && begin <= at { &statement[begin..] } else { statement });
            if !is_judged {
                sources.extend(self.tainted.get(FILES).into_iter().flatten());
            }
            sources.extend(self.evaluated(name, statement, at));
            return self.refuse(&sources, &format!("an argument of `{}`", self.whole_name(name, statement, at)));
        }
        let owner = match statement.get(..at) {
            Some([.., Token::Name(owner), Token::Other('.')]) => owner.as_str(),
            _ => "",
        };
        let is_member = at > 0 && statement[at - 1] == Token::Other('.');
        let is_template = TEMPLATING.contains(&name) || name == TEMPLATE_TEXTS && is_member;
        if is_template && TEMPLATES.iter().any(|library| self.imported.contains(*library)) {
            // What is put into it stands behind the call.
            let own = arguments(statement, at + 1).filter(|_| name != TEMPLATE_TEXTS);
            let own = own.map_or(statement, |_| &statement[at + 1..closing(statement, at + 1)]);
            return self.refuse(&self.sources(own), "the text of a template, which is code");
        }
        let Some(arguments) = arguments(statement, at + 1) else { return };
        let given = split(arguments);
        self.work(given.iter().map(|argument| argument.len()).sum());
        let first = given.first().copied().unwrap_or_default();
        let touches = TOUCHING.contains(&name)
            || TOUCHING_MEMBERS.contains(&name) && matches!(owner, "os" | "shutil")
            || self.touching.contains(name)
            || matches!((owner, name), ("path", "join") | ("fileinput", "input") | ("sqlite3", "connect"));
        if touches && self.names_run_file(statement) {
            let files = self.tainted.get(FILES).cloned().unwrap_or_default();
            self.refuse(&files, "written to a file that is run or obeyed");
        }
        match name {
            _ if QUERYING.contains(&name) => {
                self.refuse(&self.sources(first), &format!("a part of the code in `{name}`"))
            }
            _ if touches => {
                let made = |argument: &&[Token]| changed(self.sources(argument), self.changes_of_tokens(argument));
                let is_memory = |argument: &&&[Token]| matches!(argument, [Token::Name(name)] if self.is_memory(&Expr::Name(name.clone())));
                let sources = given.iter().filter(|it| !is_memory(it)).flat_map(made).collect();
                self.require(&sources, Requirement::InsidePath);
            }
            _ if LOGGING.contains(&name) && owner.to_ascii_lowercase().contains("log") => {
                let is_named = |argument: &&&[Token]| matches!(argument, [Token::Name(_), Token::Other('='), ..]);
                if given.iter().skip(1).any(|argument| !argument.is_empty() && !is_named(&argument)) {
                    self.refuse(&self.sources(first), "a part of the format of a line of the log");
                }
            }
            _ => {}
        }
    }

    /// Judges what is written to a file that somebody runs.
    fn written(&mut self, statement: &[Token]) {
        if self.names_run_file(statement) {
            self.refuse(&self.sources(statement), "written to a file that is run or obeyed");
        }
    }

    fn names_run_file(&self, statement: &[Token]) -> bool {
        self.work(statement.len());
        statement.iter().any(|token| match token {
            Token::Text(text, _) => is_run(text),
            Token::Name(name) => self.run_files.contains(name),
            Token::Other(_) | Token::End => false,
        })
    }
}
