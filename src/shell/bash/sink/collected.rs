//! Files that programs run without an interpreter's name in front of them: those that a runner of tests is given, and
//! those that it finds by itself. Which programs do so says the table in [`runner`](crate::shell::runner).

use super::super::flow::Id;
use super::super::requirement::Requirement;
use super::Walker;
use super::argument::Argument;
use super::file::file_node;
use super::given::{DOCUMENT_ENDS, is_read};
use super::simple::Call;
use crate::shell::filename::base;
use crate::shell::runner::{Operands, Runner, find, may_be_found};

/// What the reason ends with where a file is found by its name.
const FOUND: &str = "a file that is found by its name and run";

/// Says whether a program runs the files that it is given.
pub(super) fn runs_operands(name: &str) -> bool {
    find(name).is_some_and(|runner| runner.operands == Operands::Files)
}

/// Returns which words of a program may name a file that it writes: none that it only reads, and of a program that runs
/// files only values of options that are data.
pub(super) fn writes_operand(call: Call) -> impl Fn(usize) -> bool {
    let runner = call.name().and_then(|name| find(&name));
    let before = move |at: usize| call.text_before(at);
    move |at| !is_read(call.rest(), at) && runner.is_none_or(|runner| runner.takes_data(&before(at)))
}

/// Says whether the reason why a text is refused is the name of a file to which it is written.
pub(in crate::shell::bash) fn is_found_by_name(reason: &str) -> bool {
    reason.ends_with(FOUND)
}

impl Walker {
    /// Follows a program that runs files by itself, also where another starts it: `python3 -m pytest`, `yarn mocha`,
    /// `coverage run -m pytest`.
    pub(super) fn collected(&mut self, name: &str, call: Call) {
        if let Some(runner) = find(name) {
            return self.run_by_runner(name, runner, call);
        }
        for at in 1..call.words.len() {
            let is_module = name.starts_with("coverage") && call.words[at - 1].has_literal("-m");
            let is_verb = at == 1 && matches!(name, "yarn" | "pnpm" | "bun" | "composer" | "npx");
            let Some(inner) = call.from(at).filter(|_| is_module || is_verb) else { continue };
            if let Some(inner_name) = inner.name()
                && let Some(runner) = find(&inner_name)
            {
                return self.run_by_runner(&inner_name, runner, inner);
            }
        }
    }

    /// Follows the file of an interpreter, if it is the program of a runner: `php vendor/bin/phpunit`.
    pub(super) fn collected_by_file(&mut self, call: Call) {
        if let Some(name) = call.words.first().and_then(Argument::literal)
            && let Some(runner) = find(base(&name))
        {
            self.run_by_runner(base(&name), runner, call);
        }
    }

    fn run_by_runner(&mut self, name: &str, runner: &'static Runner, call: Call) {
        self.names.found.push((name.to_owned(), runner));
        for (at, argument) in call.rest().iter().enumerate() {
            let before = call.text_before(at);
            let is_behind = |words: &[&str]| {
                let is_one = |it: &Argument| words.iter().any(|word| it.has_literal(word));
                words.contains(&name) || call.rest()[..at].iter().any(is_one)
            };
            let is_run = match runner.operands {
                Operands::Files | Operands::Folders => true,
                Operands::FilesBehind(words) | Operands::FoldersBehind(words) => is_behind(words),
                Operands::Targets | Operands::Data => false,
            };
            let is_folder = matches!(runner.operands, Operands::Folders | Operands::FoldersBehind(_));
            let prefix = argument.word.prefix();
            let is_second = at > 0 && runner.takes_pair(&call.text_before(at - 1));
            let is_data = runner.takes_data(&before) || is_second;
            let is_operand = !is_data && !prefix.starts_with('-');
            let (option, glued) = prefix.split_once('=').unwrap_or((prefix.as_str(), ""));
            if runner.obeys(&before) {
                self.pattern_of_files(runner, &before, &argument.literal().unwrap_or_default());
                self.chosen_for_runner(name, argument, argument.first());
                self.obeyed_by_runner(name, argument);
            } else if prefix.starts_with('-') && prefix.contains('=') && runner.obeys(option) {
                self.pattern_of_files(runner, option, glued);
                let first = if glued.is_empty() { argument.sources() } else { Vec::new() };
                self.chosen_for_runner(name, argument, first);
                self.obeyed_by_runner(name, argument);
            } else if runner.obeys_glued(&prefix) && !argument.is_literal() {
                let first = if prefix.len() == 2 { argument.sources() } else { Vec::new() };
                self.chosen_for_runner(name, argument, first);
            } else if is_run && is_operand {
                self.chosen_for_runner(name, argument, argument.first());
                if !is_folder {
                    self.obeyed_by_runner(name, argument);
                }
            } else if runner.operands == Operands::Targets && is_operand {
                self.require(&argument.first(), Requirement::Plain);
            }
        }
    }

    /// Notes that a payload does not choose what a program runs, but for a part of a path behind the author's.
    fn chosen_for_runner(&mut self, name: &str, argument: &Argument, first: Vec<Id>) {
        let first = self.unchecked(first, Requirement::Plain);
        self.refuse(&first, &format!("the name of what `{name}` runs or obeys"));
        self.inside_path(argument);
    }

    /// Notes that a program runs, or does what is said in, the file that a word names.
    fn obeyed_by_runner(&mut self, name: &str, argument: &Argument) {
        if let Some(path) = argument.literal().filter(|path| !base(path).trim_start_matches('.').contains('.')) {
            // A folder, mostly.
            self.names.folders.push((name.to_owned(), base(&path).to_owned()));
            return;
        }
        let mut content = self.content(argument.word);
        let prefix = argument.word.prefix();
        if let Some((_, file)) = prefix.split_once('=').filter(|_| prefix.starts_with('-')) {
            content.push(self.flow.id(file_node(file)));
        }
        // `tests/test_a.py::test_name`
        if let Some((file, _)) = prefix.split_once("::") {
            content.push(self.flow.id(file_node(file)));
        }
        self.refuse(&content, &format!("written to a file that `{name}` runs or obeys"));
    }

    fn pattern_of_files(&mut self, runner: &Runner, option: &str, pattern: &str) {
        if runner.takes_pattern(option) && !pattern.is_empty() {
            self.names.patterns.push(pattern.to_owned());
        }
    }

    /// Follows the files that say which containers are started: `docker compose -f stack.yml`, `docker stack deploy -c f`.
    pub(super) fn files_of_compose(&mut self, name: &str, call: Call) {
        let has = |word: &str| call.rest().iter().take(3).any(|it| it.has_literal(word));
        let options: &[&str] = match () {
            () if name.ends_with("-compose") || has("compose") => &["-f", "--file"],
            () if has("stack") => &["-c", "--compose-file"],
            () => return,
        };
        for (at, argument) in call.rest().iter().enumerate() {
            let prefix = argument.word.prefix();
            let glued = options.iter().find_map(|option| prefix.strip_prefix(option)?.strip_prefix('='));
            let is_next = at > 0 && options.iter().any(|option| call.rest()[at - 1].has_literal(option));
            let (first, mut content) = match glued {
                Some("") => (argument.sources(), Vec::new()),
                Some(file) => (Vec::new(), vec![self.flow.id(file_node(file))]),
                None if is_next => (argument.first(), Vec::new()),
                None => continue,
            };
            content.extend(self.content(argument.word));
            let first = self.unchecked(first, Requirement::Plain);
            self.refuse(&first, "the name of the file that says which containers are started");
            self.path_for_program(argument);
            self.require(&content, Requirement::Plain);
            self.later.obeyed.extend(content);
        }
    }

    /// Refuses text of earlier scripts in files that programs obey: of a delivery's own it is tested what it is.
    pub(super) fn settle_obeyed(&mut self) {
        let mut obeyed = std::mem::take(&mut self.later.obeyed);
        if self.later.obeys_folder {
            let documents = self.flow.files(|name| DOCUMENT_ENDS.iter().any(|end| name.ends_with(end)));
            self.require(&documents, Requirement::OneLine);
            obeyed.extend(documents);
        }
        let mut left = self.flow.holes_beside(&obeyed, &[]);
        left.retain(|hole| self.left.contains(hole));
        self.refuse(&left, "left by an earlier step in a file that says what a program sets up");
    }

    /// Refuses text in the files that runners find by themselves, when the names of all files are known, and in those that
    /// they are given by a name which may be that of a folder: where some script writes a file of that name.
    pub(super) fn settle_found(&mut self) {
        for (program, name) in std::mem::take(&mut self.names.folders) {
            let file = self.flow.id(file_node(&name));
            let is_left = self.flow.reaching_beside(&[file], None).iter().any(|from| self.left.contains(from));
            if is_left || self.writes.contains(&name) {
                self.refuse(&[file], &format!("written to a file that `{program}` runs or obeys"));
            }
        }
        let patterns = std::mem::take(&mut self.names.patterns);
        for (name, runner) in std::mem::take(&mut self.names.found) {
            let finds =
                |file: &str| runner.may_find(file) || patterns.iter().any(|pattern| may_be_found(pattern, file));
            for file in self.flow.files(finds) {
                let reason = match self.flow.file_name(file).filter(|file| !file.contains('*')) {
                    Some(file) => format!("written to `{file}`: for `{name}` that is {FOUND}"),
                    None => format!("written to a file whose name it chooses: for `{name}` that may be {FOUND}"),
                };
                self.refuse(&[file], &reason);
            }
        }
    }
}
