//! Programs of a Python script that may run code which nobody sees: on their input, or in a file that the script wrote under a
//! name that it makes when it runs.
//!
//! `subprocess.run(['bash'], input=CODE)` runs what it reads with the variables of the environment. A literal is judged as
//! the same here-document in bash (`inputs`). What is anything else - the output of another program, a pipe, a dictionary of
//! named arguments that is filled elsewhere - may name each variable, so none of them may hold payload text.

use super::facts::Binding;
use super::known::INTERPRETERS;
use super::lexer::Token;
use super::readback::may_be;
use super::sink::Judge;
use super::started::{PLACED_MAX, text_of};
use super::texts::UNKNOWN;
use super::tree::{Argument, Expr};
use crate::shell::bash::without_version;
use crate::shell::filename::base;
use crate::shell::program::{Holes, Part};

/// Why a variable can't hold payload text then.
const HIDDEN: &str = "in the environment of a program that may run code which nobody sees";

/// How far dictionaries are followed through names.
const DEPTH_MAX: usize = 8;

/// Programs beside those that take code in many ways, which run what they read if they are not told what else to run.
const READERS: &[&str] =
    &["lua", "tclsh", "expect", "Rscript", "julia", "parallel", "at", "batch", "gdb", "csh", "tcsh", "fish", "ash"];

/// Options behind which an interpreter is told what it runs; what it reads is data then. To shells and Python most of
/// these mean something else.
const TOLD: &[&str] = &["-c", "-e", "-r", "-m", "--eval", "-p", "-E"];

/// The same for shells and for Python.
const TOLD_SHELLS: &[&str] = &["-c"];
const TOLD_PYTHON: &[&str] = &["-c", "-m"];

/// What gives a program nothing to read, or what the script itself reads.
const EMPTY: &[&str] = &["DEVNULL", "None", "stdin"];

/// Programs that start the program which is one of their words.
const STARTERS: &[&str] =
    &["env", "sudo", "timeout", "nice", "setsid", "nohup", "stdbuf", "ionice", "su", "chroot", "unshare", "watch"];

/// Programs that make words of what they read, for the program that they start.
const WORDS: &[&str] = &["xargs", "parallel"];

/// Programs that run the file which is their first word.
const FILES: &[&str] =
    &["sh", "bash", "dash", "zsh", "ksh", "python", "python3", "node", "perl", "ruby", "php", "pwsh"];

/// What a program does with its input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// It runs none of it.
    Data,
    /// It runs it, as far as it is known.
    Code,
    /// Nobody knows.
    Unclear,
}

impl Judge<'_> {
    /// Returns the arguments of a call with those of dictionaries that the script writes down in place of `**`.
    pub(super) fn spread_out(&self, arguments: &[Argument]) -> Vec<Argument> {
        let mut all = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let known = (argument.name.as_deref() == Some("**")).then(|| self.entries(&argument.value, 0)).flatten();
            match known {
                Some(entries) => all.extend(entries),
                None => all.push(argument.clone()),
            }
        }
        all
    }

    /// Returns the entries of a dictionary as named arguments, where the script writes all of them down.
    fn entries(&self, dictionary: &Expr, depth: usize) -> Option<Vec<Argument>> {
        if depth > DEPTH_MAX || !self.goes_on() {
            return None;
        }
        match dictionary {
            Expr::Dict(entries) => {
                let mut all = Vec::new();
                for (key, value) in entries {
                    match key {
                        Some(key) => all.push(Argument { name: Some(key.text()?), value: value.clone() }),
                        None => all.extend(self.entries(value, depth + 1)?),
                    }
                }
                Some(all)
            }
            Expr::Call(callee, arguments) if matches!(&**callee, Expr::Name(name) if name == "dict" && self.is_pythons(name)) =>
            {
                let mut all = Vec::new();
                for argument in arguments {
                    match argument.name.as_deref() {
                        Some("**") | None => all.extend(self.entries(&argument.value, depth + 1)?),
                        Some(_) => all.push(argument.clone()),
                    }
                }
                Some(all)
            }
            Expr::Name(name) => {
                let bindings = self.facts.bindings(name);
                let is_changed = !self.facts.added(name).is_empty() || self.bound.contains(name);
                if bindings.is_empty() || is_changed {
                    return None;
                }
                let mut all = Vec::new();
                for binding in bindings {
                    let Binding::Value(value) = binding else { return None };
                    all.extend(self.entries(value, depth + 1)?);
                }
                Some(all)
            }
            _ => None,
        }
    }

    /// Notes which names a call gives to other files.
    pub(super) fn learn_copied(&mut self, callee: &Expr, arguments: &[Argument]) {
        if self.moves(callee) {
            let texts = arguments.iter().flat_map(|it| self.texts(&it.value, 0));
            let names: Vec<String> = texts.map(|it| base(&it).to_owned()).collect();
            self.copied.extend(names);
        }
    }

    /// Refuses payload text in the environment of a program that may run code which nobody sees, and among its words.
    /// `read` are the files that it may read as its input.
    pub(super) fn judge_hidden(&mut self, words: &[Vec<Part>], arguments: &[Argument], read: &[String]) {
        let texts: Vec<String> = words.iter().map(|word| text_of(word)).collect();
        let runs_input = match input_of(&texts) {
            Input::Data => false,
            Input::Code => self.hides_input(arguments, read),
            Input::Unclear => self.is_given_input(arguments),
        };
        if runs_input || self.runs_hidden_file(&texts) {
            let given =
                words.iter().flatten().filter_map(|it| if let Part::Value(holes) = it { Some(holes) } else { None });
            let held = given.flatten().copied().collect();
            self.refuse_hidden(held);
        }
    }

    /// The same of a program of which nobody knows which it is, or that a shell starts with a text.
    pub(super) fn judge_hidden_program(&mut self, arguments: &[Argument]) {
        let first = arguments.iter().find(|it| matches!(it.name.as_deref(), None | Some("args"))).map(|it| &it.value);
        let texts = match first {
            Some(Expr::List(items)) => items.iter().flat_map(|item| self.texts(item, 0)).collect(),
            Some(first) => self.texts(first, 0),
            None => vec![UNKNOWN.to_owned()],
        };
        let mut words = texts.iter().flat_map(|it| it.split_whitespace());
        let may_run = words.clone().any(|word| word == UNKNOWN || has_reader(word));
        // A text for a shell is judged with the files that it names.
        let runs_file = !self.gives_shell(arguments)
            && words.next().is_some_and(|word| word.contains(UNKNOWN) && self.may_be_unnamed(base(word)));
        if may_run && self.is_given_input(arguments) || runs_file {
            self.refuse_hidden(Holes::new());
        }
    }

    fn refuse_hidden(&mut self, mut holes: Holes) {
        holes.extend(self.variables().into_iter().flat_map(|(_, holes)| holes));
        self.refuse(&holes, HIDDEN);
    }

    /// Says whether arguments may give a program an input.
    fn is_given_input(&self, arguments: &[Argument]) -> bool {
        arguments.iter().filter(|it| it.name.is_none()).count() > PLACED_MAX
            || arguments.iter().any(|argument| match argument.name.as_deref() {
                Some("input" | "stdin") => {
                    !matches!(argument.value, Expr::Constant)
                        && !argument.value.last_name().is_some_and(|name| EMPTY.contains(&name))
                }
                Some("**") => true,
                None => matches!(argument.value, Expr::Several(_)),
                Some(_) => false,
            })
    }

    /// Says whether arguments may give a program an input that is not written down.
    fn hides_input(&self, arguments: &[Argument], read: &[String]) -> bool {
        let is_known = |text: &String| !text.contains(UNKNOWN);
        let is_seen = |file: &String| {
            is_known(file) && (self.contents.contains_key(base(file)) || !self.may_be_own_file(base(file)))
        };
        let is_written_down = |argument: &Argument| match argument.name.as_deref() {
            Some("input") => self.texts(&argument.value, 0).iter().all(is_known),
            Some("stdin") => !read.is_empty() && read.iter().all(is_seen),
            _ => false,
        };
        let others: Vec<Argument> = arguments.iter().filter(|it| !is_written_down(it)).cloned().collect();
        self.is_given_input(&others)
    }

    /// Says whether a file may be one that the script writes under a name which nobody sees.
    fn may_be_unnamed(&self, file: &str) -> bool {
        let made = self.made.iter().chain(self.written.iter().map(|(file, _)| file)).map(|it| base(it));
        self.makes_unnamed || made.filter(|it| it.contains(UNKNOWN)).any(|made| may_be(file, made))
    }

    /// Says whether a file may be one that the script writes, and that is not known by its name.
    fn may_be_own_file(&self, file: &str) -> bool {
        let makes = !self.made.is_empty() || !self.written.is_empty() || self.makes_unnamed;
        let is_unknown = file.contains(UNKNOWN);
        let is_copied = |name: &String| name == file || is_unknown && name.contains(UNKNOWN);
        let made = self.made.iter().chain(self.written.iter().map(|(file, _)| file)).map(|it| base(it));
        is_unknown && (self.makes_unnamed || made.into_iter().any(|made| may_be(file, made)))
            || makes && self.copied.iter().any(is_copied)
    }

    /// Says whether a text of the script's may be one by which a shell writes a file of this name: `echo … > run.sh`.
    fn is_made_by_shell(&self, file: &str) -> bool {
        let is_word = |text: &str| {
            text.split(|it: char| it.is_whitespace() || "<>|;&()'\"".contains(it)).any(|word| base(word) == file)
        };
        let tokens = self.lines.iter().flat_map(|line| line.tokens);
        let is_known = self.written.iter().any(|(written, _)| base(written) == file);
        !file.is_empty()
            && !is_known
            && tokens
                .into_iter()
                .any(|token| matches!(token, Token::Text(text, _) if text.contains('>') && is_word(text)))
    }

    /// Says whether a program runs a file that may be one of those.
    fn runs_hidden_file(&self, words: &[String]) -> bool {
        let is_hidden = |word: &String| {
            let file = base(word);
            !self.contents.contains_key(file) && (self.may_be_own_file(file) || self.is_made_by_shell(file))
        };
        let last = words.iter().rposition(|word| {
            let name = without_version(base(word));
            FILES.contains(&name) || STARTERS.contains(&name)
        });
        match last {
            None => words.first().is_some_and(|word| word.contains('/') && is_hidden(word)),
            Some(at) if STARTERS.contains(&without_version(base(&words[at]))) => words[at + 1..].iter().any(is_hidden),
            Some(at) => {
                let behind = &words[at + 1..];
                !is_told(&words[at], behind) && behind.iter().find(|word| !word.starts_with('-')).is_some_and(is_hidden)
            }
        }
    }
}

/// Says whether the words behind a program tell it what it runs.
fn is_told(program: &str, behind: &[String]) -> bool {
    let name = without_version(base(program));
    let told = match name {
        "python" => TOLD_PYTHON,
        _ if name.ends_with("sh") || name == "fish" => TOLD_SHELLS,
        _ => TOLD,
    };
    behind.iter().any(|word| told.contains(&word.as_str()))
}

/// Says whether a word is the name of a program that runs what it reads.
fn is_reader(word: &str) -> bool {
    let name = without_version(base(word));
    INTERPRETERS.contains(&name) || READERS.contains(&name)
}

/// Says whether a word names such a program, also inside of it.
fn has_reader(word: &str) -> bool {
    let is_between = |letter: char| !(letter.is_alphanumeric() || "_-.".contains(letter));
    word.split(is_between).any(is_reader)
}

/// Returns what a program does with what it reads on its input.
fn input_of(words: &[String]) -> Input {
    let makes_words = words.iter().any(|word| WORDS.contains(&base(word)));
    let Some(at) = words.iter().rposition(|word| is_reader(word)) else {
        return if words.iter().any(|word| has_reader(word)) { Input::Unclear } else { Input::Data };
    };
    let behind = &words[at + 1..];
    let is_told = is_told(&words[at], behind);
    let file = behind.iter().find(|word| !word.starts_with('-') || *word == "-");
    let is_input = file.is_none_or(|file| file == "-" || file.starts_with("/dev/") || file.starts_with("/proc/"));
    match () {
        () if makes_words => Input::Unclear,
        () if !is_told && is_input => Input::Code,
        () if behind.iter().any(|word| has_reader(word)) => Input::Unclear,
        () => Input::Data,
    }
}
