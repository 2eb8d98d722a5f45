//! What a Python script calls, and with what: the functions of modules by their full names, the files that are
//! written, the texts that are put together to logging commands.

use super::facts::{Binding, PATH};
use super::known::{LOADING, QUERYING, SAFE_LOADERS, STARTING};
use super::modules::{Use, Uses, is_member, is_value, loads_code, only_finds, uses};
use super::sink::{FILES, Judge};
use super::tree::{Argument, Expr, Statement};
use crate::shell::command::ends_inside;
use crate::shell::filename::is_run;
use crate::shell::program::{Holes, Part};
use crate::shell::requirement::Requirement;
use std::collections::{BTreeSet, HashSet};

/// How far names are followed.
const DEPTH_MAX: usize = 8;

/// Functions that open a file by its name.
const OPENING: &[&str] = &["open", "FileIO", "GzipFile", "BZ2File", "LZMAFile"];

/// Ends of the names of functions that give a file another name.
const MOVING: &[&str] = &["rename", "renames", "replace", "link", "link_to", "symlink_to", "hardlink_to", "move"];

/// Methods that write nothing to what they belong to.
const READING: &[&str] = &[
    "read",
    "readline",
    "readlines",
    "read_text",
    "read_bytes",
    "exists",
    "stat",
    "is_file",
    "is_dir",
    "format",
    "mkdir",
    "rmdir",
    "unlink",
];

/// What the output of a program goes to that is no file.
const STREAMS: &[&str] = &["PIPE", "DEVNULL", "STDOUT", "stdout", "stderr", "None"];

/// What stands for a file in a script that says it in too many steps: it may be one that is run.
const ANY_FILE: &str = "any.sh";

/// Functions of libraries that are called as those that start programs are.
const NOT_STARTING: &[&str] = &[
    "asyncio.run",
    "trio.run",
    "anyio.run",
    "typer.run",
    "uvicorn.run",
    "unittest.TextTestRunner().run",
    "unittest.TestSuite().run",
    "sched.scheduler().run",
];

impl Judge<'_> {
    /// Judges what a statement calls and puts together.
    pub(super) fn judge_statement(&mut self, statement: &Statement) {
        if let Statement::Augment(target, operator, value) = statement {
            self.operation(*operator, target, value);
        }
        self.judge_entry(statement);
        self.judge_members(statement);
        let mut functions = BTreeSet::new();
        for expression in statement.expressions() {
            let mut inside: Vec<&Expr> = Vec::new();
            expression.walk(&mut |inner| inside.push(inner));
            // What is called, and what members are of.
            let parts: HashSet<*const Expr> = inside
                .iter()
                .filter_map(|it| match it {
                    Expr::Call(part, _) | Expr::Member(part, _) => Some(std::ptr::from_ref(&**part)),
                    _ => None,
                })
                .collect();
            for inner in inside {
                let is_alone = !parts.contains(&std::ptr::from_ref(inner));
                match inner {
                    Expr::Call(callee, arguments) => self.call(callee, arguments),
                    Expr::Operation(operator, one, other) => self.operation(*operator, one, other),
                    Expr::Name(_) | Expr::Member(..) if is_alone => functions.extend(self.facts.full_names(inner)),
                    _ => {}
                }
                self.brackets(inner);
                self.judge_type(inner);
                self.chosen_variable(inner);
            }
        }
        // A function that is not called here may be called with all that stands here.
        functions.retain(|function| !is_value(function) && !is_member(function));
        let all = statement.expressions();
        let sources: Holes =
            all.into_iter().filter(|_| !functions.is_empty()).flat_map(|it| self.reaches(it)).collect();
        for function in functions {
            let usage = if starts(&function) { Use::Code } else { uses(&function).worst() };
            self.used(&sources, usage, &function, &sources.clone());
        }
    }

    fn operation(&mut self, operator: char, one: &Expr, other: &Expr) {
        match operator {
            // Text is divided by nothing but a path.
            '/' => {
                self.require(&self.reaches(other), Requirement::InsidePath);
                self.require_inside(other);
            }
            '%' if !self.is_number(one, &mut BTreeSet::new()) => self.refuse_format(&self.reaches(one)),
            _ => {}
        }
    }

    fn call(&mut self, callee: &Expr, arguments: &[Argument]) {
        let names = self.facts.full_names(callee);
        if names.is_empty() && callee.last_name() == Some("open") {
            self.judge_arguments(&uses("builtins.open"), "open", arguments);
        }
        let is_data = self.loads_data(arguments);
        for name in names.iter().filter(|name| !(is_data && loads_yaml(name))) {
            self.judge_arguments(&uses(name), name, arguments);
        }
        if !arguments.is_empty() && names.iter().any(|name| loads_code(name) && !only_finds(name)) {
            self.refuse_files("written to a file that a program may run");
        }
        let functions: Vec<String> = names.into_iter().collect();
        self.judge_database(callee, &functions, arguments);
        self.judge_class_format(callee, arguments);
        self.judge_scheme(callee, &functions, arguments);
        self.judge_log(callee, &functions, arguments);
        self.judge_made_function(callee, &functions, arguments);
        self.judge_archive(&functions, arguments);
        if let (true, Some(first)) = (self.is_query(callee), arguments.first()) {
            self.refuse(&self.reaches(&first.value), "a part of the code in `execute`");
        }
        self.writes(callee, arguments);
    }

    /// Says whether a name stands for a method that runs code of a database.
    pub(super) fn is_query(&self, callee: &Expr) -> bool {
        let Expr::Name(name) = callee else { return false };
        let is_one = |value: &Expr| matches!(value, Expr::Member(_, method) if QUERYING.contains(&method.as_str()));
        self.facts.bindings(name).iter().any(|binding| matches!(binding, Binding::Value(value) if is_one(value)))
    }

    /// Says whether what loads YAML is given a loader that makes data alone, by the name that it has itself.
    fn loads_data(&self, arguments: &[Argument]) -> bool {
        let named = arguments.iter().find(|it| it.name.as_deref() == Some("Loader"));
        let loader = named.or_else(|| arguments.get(1).filter(|it| it.name.is_none()));
        let Some(loader) = loader.map(|it| &it.value) else { return false };
        let is_safe = |name: &String| {
            self.loaders.contains(name)
                || name.contains("yaml.") && SAFE_LOADERS.iter().any(|safe| name.ends_with(safe))
        };
        let names = match loader {
            Expr::Name(name) if self.classes.contains(name) => BTreeSet::from([name.clone()]),
            loader => self.facts.full_names(loader),
        };
        !names.is_empty() && names.iter().all(is_safe)
    }

    fn judge_arguments(&mut self, uses: &Uses, function: &str, arguments: &[Argument]) {
        let mut at = 0;
        for argument in arguments {
            let usage = match argument.name.as_deref() {
                Some("**") => uses.worst(),
                Some(name) => uses.named(name),
                None if matches!(argument.value, Expr::Several(_)) => uses.worst(),
                None => uses.placed(at),
            };
            let moves = MOVING.iter().any(|name| function.ends_with(name));
            if usage == Use::Path && moves && self.texts(&argument.value, 0).iter().any(|file| is_run(file)) {
                self.refuse_files("written to a file that is run or obeyed");
            }
            at += usize::from(argument.name.is_none());
            if usage == Use::Path && self.is_memory(&argument.value) {
                continue;
            }
            let sources = self.reaches(&argument.value);
            let begins = if usage == Use::Address { self.address(&argument.value) } else { Holes::new() };
            self.used(&sources, usage, function, &begins);
            if usage == Use::Path && !sources.is_empty() {
                self.require_inside(&argument.value);
            }
        }
    }

    /// Returns the payload text that names files and folders which the statements make.
    pub(super) fn named_files(&self, statements: &[Statement]) -> Holes {
        let mut named = Holes::new();
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                let functions: Vec<Uses> = self.facts.full_names(callee).iter().map(|name| uses(name)).collect();
                let is_path = |at: usize| functions.iter().any(|uses| uses.placed(at) == Use::Path);
                let paths = arguments.iter().enumerate().filter(|(at, it)| it.name.is_none() && is_path(*at));
                named.extend(paths.flat_map(|(_, argument)| self.reaches(&argument.value)));
            });
        }
        named
    }

    /// Returns what may begin an address: nothing where it is a request, whose own address was judged.
    fn address(&self, value: &Expr) -> Holes {
        let is_request = |name: &String| name.starts_with("urllib.request.Request()");
        if self.facts.full_names(value).iter().any(is_request) { Holes::new() } else { self.begins_with(value, 0) }
    }

    /// Demands of payload text what a function makes necessary. `begins` is what an address may begin with.
    fn used(&mut self, sources: &Holes, usage: Use, function: &str, begins: &Holes) {
        match usage {
            Use::Data => {}
            Use::Setting => self.interpolated(sources),
            Use::Escaped => self.require(sources, Requirement::NoBackslash),
            Use::Address => self.require(begins, Requirement::WebAddress),
            Use::Path => self.require(sources, Requirement::InsidePath),
            Use::Word => self.require(sources, Requirement::NotAnOption),
            Use::Repository => self.require(sources, Requirement::Repository),
            Use::Format => self.refuse_format(sources),
            Use::Code => self.refuse(sources, &format!("an argument of `{}`", shown(function))),
        }
    }

    /// Demands a plain value inside of the brackets of a logging command that is put together.
    fn brackets(&mut self, expression: &Expr) {
        let parts = match expression {
            Expr::Text(_) | Expr::Operation('+' | '%', ..) => self.word(expression, 0),
            Expr::Call(callee, arguments) if matches!(&**callee, Expr::Name(name) if name == "print") => {
                let placed = arguments.iter().filter(|argument| argument.name.is_none());
                placed.flat_map(|argument| self.word(&argument.value, 0)).collect()
            }
            Expr::Call(callee, _) if matches!(&**callee, Expr::Member(_, name) if name == "format") => {
                self.word(expression, 0)
            }
            _ => return,
        };
        let mut is_inside = false;
        for part in parts {
            match part {
                Part::Text(text) => is_inside = ends_inside(&text, is_inside),
                Part::Value(holes) if is_inside => self.require(&holes, Requirement::Plain),
                Part::Value(_) => {}
            }
        }
    }

    /// Judges what a call writes to a file.
    fn writes(&mut self, callee: &Expr, arguments: &[Argument]) {
        let owner = if let Expr::Member(owner, method) = callee {
            if READING.contains(&method.as_str()) {
                return;
            }
            Some((**owner).clone())
        } else {
            self.owner_of_method(callee)
        };
        let parts = || owner.iter().chain(arguments.iter().map(|argument| &argument.value));
        let mut sources: Holes = parts().flat_map(|part| self.reaches(part)).collect();
        // `print_exc(file=f)`
        if callee.last_name().is_some_and(|name| self.anywhere.contains(name)) {
            sources.extend(self.reaches(callee));
        }
        let files: Vec<String> = parts().flat_map(|part| self.files(part, 0)).collect();
        self.learn_elsewhere(callee, &sources, &files);
        self.learn_copied(callee, arguments);
        if sources.is_empty() {
            self.learn_contents(callee, arguments, &files);
            self.made.extend(files);
            return;
        }
        if self.is_starting(callee) {
            self.write_output(arguments, &sources);
        }
        if !files.is_empty() {
            self.taint(FILES.to_owned(), &sources);
        }
        if files.iter().any(|file| is_run(file)) {
            self.refuse(&sources, "written to a file that is run or obeyed");
        }
        self.written.extend(files.into_iter().map(|file| (file, sources.clone())));
    }

    /// Returns what a method belongs to that has a name of its own: `w = f.write`.
    fn owner_of_method(&self, callee: &Expr) -> Option<Expr> {
        let Expr::Name(name) = callee else { return None };
        self.facts.bindings(name).iter().find_map(|binding| match binding {
            Binding::Value(Expr::Member(owner, _)) => Some((**owner).clone()),
            _ => None,
        })
    }

    /// Notes that the output of a program goes to a file of which nobody knows which it is.
    fn write_output(&mut self, arguments: &[Argument], sources: &Holes) {
        let is_stream = |value: &Expr| {
            matches!(value, Expr::Constant) || value.last_name().is_some_and(|name| STREAMS.contains(&name))
        };
        let outputs = arguments.iter().filter(|it| matches!(it.name.as_deref(), Some("stdout" | "stderr")));
        for output in outputs.filter(|it| !is_stream(&it.value)) {
            if self.files(&output.value, 0).is_empty() {
                self.write_unnamed(&output.value, sources);
            }
        }
    }

    /// Returns the names of the files that an expression opens to be written.
    pub(super) fn opened_to_write(&self, expression: &Expr) -> Vec<String> {
        let Expr::Call(callee, _) = expression else { return Vec::new() };
        let is_opening = callee.last_name().is_some_and(|name| OPENING.contains(&name));
        if is_opening { self.files(expression, 0) } else { Vec::new() }
    }

    /// Returns the names of the files that an expression stands for, so that it can be written to them.
    pub(super) fn files(&self, expression: &Expr, depth: usize) -> Vec<String> {
        let next = |inner: &Expr| self.files(inner, depth + 1);
        let is_path = |inner: &Expr| self.facts.full_names(inner).contains(PATH);
        match expression {
            // Nobody knows which file it is.
            _ if !self.goes_on() => vec![ANY_FILE.to_owned()],
            _ if depth > DEPTH_MAX => Vec::new(),
            _ if is_path(expression) && !matches!(expression, Expr::Name(_)) => self.texts(expression, 0),
            Expr::Call(callee, arguments) => {
                let is_opening = callee.last_name().is_some_and(|name| OPENING.contains(&name));
                let owner = if let Expr::Member(owner, _) = &**callee { Some(&**owner) } else { None };
                match (is_opening, arguments.first(), owner) {
                    (true, _, Some(owner)) if is_path(owner) => self.texts(owner, 0),
                    (true, Some(first), _) if may_write(arguments) => self.texts(&first.value, 0),
                    (true, ..) => Vec::new(),
                    _ if callee.last_name().is_some_and(|name| READING.contains(&name)) => Vec::new(),
                    _ => owner.into_iter().chain(arguments.iter().map(|it| &it.value)).flat_map(next).collect(),
                }
            }
            Expr::Name(name) => {
                let values = self.facts.bindings(name).iter();
                let values = values.filter_map(|it| match it {
                    Binding::Value(value) | Binding::Item(value) => Some(value),
                    Binding::Unknown => None,
                });
                values.flat_map(next).collect()
            }
            Expr::Item(owner, _) => next(owner),
            Expr::Dict(entries) => entries.iter().flat_map(|(_, value)| next(value)).collect(),
            Expr::Member(owner, name) => {
                let members = self.facts.bindings(&format!(".{name}")).iter();
                let values = members.filter_map(|it| if let Binding::Value(value) = it { Some(value) } else { None });
                std::iter::once(&**owner).chain(values).flat_map(next).collect()
            }
            Expr::Any(items) | Expr::List(items) => items.iter().flat_map(next).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the names of the files that an expression may have opened to be read: `open(name)`, or a name of that.
    pub(super) fn opened(&self, expression: &Expr) -> Vec<String> {
        match expression {
            _ if !self.goes_on() => vec![ANY_FILE.to_owned()],
            Expr::Call(callee, arguments) if callee.last_name().is_some_and(|name| OPENING.contains(&name)) => {
                match (&**callee, arguments.first()) {
                    (Expr::Member(owner, _), _) if self.facts.full_names(owner).contains(PATH) => self.texts(owner, 0),
                    (_, Some(first)) => self.texts(&first.value, 0),
                    _ => Vec::new(),
                }
            }
            Expr::Name(name) => {
                let values = self.facts.bindings(name).iter();
                let calls = values.filter_map(|it| match it {
                    Binding::Value(value @ Expr::Call(..)) => Some(value),
                    _ => None,
                });
                calls.flat_map(|value| self.opened(value)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Says whether what is called starts a program.
    pub(super) fn is_starting(&self, callee: &Expr) -> bool {
        let names = self.facts.full_names(callee);
        if names.iter().any(|name| starts(name)) {
            return true;
        }
        let is_own = matches!(callee, Expr::Name(name) if self.facts.is_function(name) && names.is_empty());
        let is_other = names.iter().any(|name| NOT_STARTING.contains(&name.as_str()));
        let is_named = |name: &str| STARTING.contains(&name) || self.starting.contains(name);
        !is_own && !is_other && callee.last_name().is_some_and(is_named)
    }
}

/// Says whether the function of a full name starts a program.
pub(super) fn starts(function: &str) -> bool {
    function.strip_prefix("subprocess.").is_some_and(|name| STARTING.contains(&name))
}

/// Says whether a file is opened so that it can be written: where nobody knows, it is.
pub(super) fn may_write(arguments: &[Argument]) -> bool {
    let named = arguments.iter().find(|argument| argument.name.as_deref() == Some("mode"));
    let placed = arguments.get(1).filter(|argument| argument.name.is_none());
    named.or(placed).is_some_and(|mode| mode.value.text().is_none_or(|text| text.contains(['w', 'a', 'x', '+'])))
}

/// Says whether the function of a full name makes objects of a text in YAML, as its loader has it.
fn loads_yaml(function: &str) -> bool {
    function.rsplit_once('.').is_some_and(|(module, name)| module.ends_with("yaml") && LOADING.contains(&name))
}

/// Returns a full name as a person writes it.
fn shown(function: &str) -> &str {
    function.strip_prefix("builtins.").unwrap_or(function).trim_end_matches("()")
}
