//! Code that stands word for word in a script and is run by a way: written to a file, sent through a pipe, held
//! by a variable, given to an option.
//!
//! The texts are noted where they stand, the places that run something where they are met. When the whole script
//! was walked over, each place runs all texts that reach it; they are walked over like the script itself, and may
//! run others. What a text gets from its surroundings, such as `$(date)` in a here-document, is taken for a word.

use super::super::flow::{Id, Node, Walk};
use super::super::read::read;
use super::super::symbol::Symbol;
use super::super::syntax::{Part, Word};
use super::argument::Argument;
use super::descriptor::names_descriptor;
use super::embedded::{Words, is_powershell};
use super::file::file_node;
use super::given::reads_environment;
use super::later::RUN_BY_CODE;
use super::simple::Call;
use super::{CODE_DEPTH_MAX, Scope, Walker, by_name, code_option, environment};
use crate::shell::filename::base;
use std::collections::{HashMap, HashSet};

/// The most texts that are run: far above what a person writes. What is given to one above it is refused.
const TEXTS_MAX: usize = 500;

/// A word in place of what is not the author's: of a letter that is an option of hardly any program, and no name of a
/// variable.
pub(super) const SOMETHING: &str = "x_0";

#[derive(Debug, Default)]
pub(super) struct Written {
    /// The texts of the author's that are at a node.
    texts: HashMap<Id, Vec<String>>,
    runs: Vec<Run>,
    done: HashSet<(usize, String)>,
    /// The places of which it is known that nobody knows what they run.
    doubted: HashSet<usize>,
    walk: Walk,
}

/// A place that runs what reaches some nodes.
#[derive(Debug, Clone)]
pub(super) struct Run {
    nodes: Vec<Id>,
    /// What the text has as its `$0`, its arguments and its input, and where its output goes.
    zero: Id,
    arguments: Id,
    stdin: Id,
    pub(super) out: Id,
    errors: Id,
    by: Runner,
    words: Words,
}

/// What reads a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Runner {
    Shell,
    /// The interpreter of this name.
    Interpreter(String),
    Make,
    /// `npm run`, which runs the texts of a `package.json`.
    Package,
}

impl Walker {
    /// Notes a text of the author's at a node.
    pub(super) fn text_at(&mut self, node: Id, text: String) {
        if !text.trim().is_empty() {
            self.written.texts.entry(node).or_default().push(text);
        }
    }

    /// Returns the author's texts at a node.
    pub(super) fn texts_that_run(&self, node: Id) -> impl Iterator<Item = &str> {
        self.written.texts.get(&node).into_iter().flatten().map(String::as_str)
    }

    /// Returns the author's texts in the files of a name that meets a test, each with the name of its file.
    pub(super) fn texts_in_files(&mut self, is_one: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for file in self.flow.files(is_one) {
            let name = self.flow.file_name(file).unwrap_or_default().to_owned();
            self.flow.walk_up(&[file], &mut self.written.walk);
            let reaching = std::mem::take(&mut self.written.walk.reached);
            let texts = reaching.iter().filter_map(|node| self.written.texts.get(node)).flatten();
            found.extend(texts.map(|text| (name.clone(), text.clone())));
        }
        found
    }

    /// Notes what `echo` and `printf` print of the author's text.
    pub(super) fn printed_text(&mut self, call: Call) {
        let Some(name) = call.name().filter(|name| matches!(name.as_str(), "echo" | "printf")) else { return };
        let words: Vec<String> = call.rest().iter().map(|argument| text_of(argument.word)).collect();
        let text = match words.split_first() {
            Some((format, values)) if name == "printf" => formatted(format, values),
            Some((option, rest)) if option.starts_with('-') && option.contains('e') => unescaped(&rest.join(" ")),
            _ => words.join(" "),
        };
        self.text_at(call.scope.out, text);
        self.all_spelled_at(call.scope.out, call.rest());
        if name == "printf" {
            self.glued_at(call.scope.out);
        }
    }

    /// Notes a place that runs what reaches `nodes`, with the arguments that are at the node `arguments`.
    pub(super) fn runs_text(&mut self, nodes: Vec<Id>, arguments: Id, by: Runner, scope: Scope) {
        self.runs_text_with(nodes, arguments, Words::unknown(arguments), by, scope);
    }

    /// As [`Self::runs_text`], where the arguments are known one by one.
    pub(super) fn runs_text_with(&mut self, nodes: Vec<Id>, arguments: Id, words: Words, by: Runner, scope: Scope) {
        let Scope { zero, stdin, out, errors, .. } = scope;
        self.written.runs.push(Run { nodes, zero, arguments, stdin, out, errors, by, words });
    }

    /// Notes that a file is run, with `arguments`.
    pub(super) fn runs_file(&mut self, file: &Argument, arguments: &[Argument], by: Runner, scope: Scope) {
        let nodes = self.code_in(file, scope);
        let given = self.flow.stream();
        for argument in arguments {
            self.flow.edges(&argument.sources(), given);
        }
        self.runs_meanwhile(&[given]);
        self.all_spelled_at(given, arguments);
        self.runs_text_with(nodes, given, Words::of(arguments), by, scope);
    }

    /// Returns what is in a file that is run.
    pub(super) fn code_in(&mut self, file: &Argument, scope: Scope) -> Vec<Id> {
        let mut nodes = self.content(file.word);
        if file.word.parts.iter().any(Part::is_process) {
            nodes.extend(file.sources());
        }
        if names_descriptor(file.word) {
            nodes.push(scope.stdin);
        }
        nodes
    }

    /// Notes that a program runs a word as a command, or the part of it behind `name=`.
    pub(super) fn runs_word(&mut self, word: &Word, call: Call) {
        let text = text_of(word);
        let is_name = |it: &&str| it.chars().all(|letter| letter.is_alphanumeric() || "-_.".contains(letter));
        let mut code = text.as_str();
        while let Some((_, value)) = code.split_once('=').filter(|(name, _)| is_name(name)) {
            code = value;
        }
        let code = code.trim_start_matches(['!', ':', ' ']);
        // A debugger's command that starts a shell.
        let code = ["shell ", "platform shell "].iter().find_map(|word| code.strip_prefix(word)).unwrap_or(code);
        self.runs_command(code, call);
    }

    /// Notes that a text is a command that gets the words of a call.
    pub(super) fn runs_command(&mut self, text: &str, call: Call) {
        if is_command(text) {
            let (node, given) = (self.flow.stream(), self.flow.stream());
            self.text_at(node, text.to_owned());
            self.flow.edges(&call.sources(), given);
            self.runs_text(vec![node], given, Runner::Shell, call.scope);
        }
    }

    /// Notes that a text is a command which runs apart from the script, with these arguments and this input.
    pub(super) fn runs_beside(&mut self, text: String, arguments: Id, stdin: Id) {
        let [node, zero, out, errors] = [(); 4].map(|()| self.flow.stream());
        self.text_at(node, text);
        let (nodes, by, words) = (vec![node], Runner::Shell, Words::unknown(arguments));
        self.written.runs.push(Run { nodes, zero, arguments, stdin, out, errors, by, words });
    }

    /// Notes that a package manager runs what the package's file says.
    pub(super) fn runs_package(&mut self, call: Call) {
        let node = self.flow.id(file_node("package.json"));
        let given = self.flow.stream();
        self.flow.edges(&call.sources(), given);
        // `npm pkg set scripts.x='…'`
        let fields = call.rest().iter().filter(|it| it.word.prefix().starts_with("scripts."));
        fields.for_each(|field| self.runs_word(field.word, call));
        self.runs_text(vec![node], given, Runner::Package, call.scope);
    }

    /// Runs all texts that reach a place which runs something. Returns whether there were any that had not run.
    pub(super) fn run_written(&mut self) -> bool {
        let mut has_run = false;
        for at in 0..self.written.runs.len() {
            let run = self.written.runs[at].clone();
            self.flow.walk_up(&run.nodes, &mut self.written.walk);
            if self.written.walk.is_too_long() {
                self.doubt_all();
                return false;
            }
            let reaching = std::mem::take(&mut self.written.walk.reached);
            let texts = reaching.iter().filter_map(|node| Some((node, self.written.texts.get(node)?)));
            // Nobody knows what a program makes of the author's own texts, such as `rev`.
            let is_made_of_texts = texts.clone().any(|(node, _)| self.written.walk.is_changed(*node));
            let texts: Vec<String> = texts.flat_map(|(_, texts)| texts.iter().cloned()).collect();
            if run.by == Runner::Shell && is_made_of_texts && self.written.doubted.insert(at) {
                self.doubt(&run);
            }
            // Of several texts, and of what a program made of one, nobody knows what the file holds.
            let is_whole = texts.len() == 1 && !is_made_of_texts;
            for text in texts {
                if self.written.done.len() >= TEXTS_MAX && !self.written.done.contains(&(at, text.clone())) {
                    self.doubt(&run);
                    break;
                } else if self.written.done.insert((at, text.clone())) {
                    has_run = true;
                    self.run_text(&run, &text, is_whole);
                }
            }
        }
        has_run
    }

    /// Refuses all that reaches code, where texts that run others go on for too long.
    pub(super) fn doubt_all(&mut self) {
        self.written.runs.clone().iter().for_each(|run| self.doubt(run));
    }

    /// Runs a text, which is the whole of what is run or a part of it.
    fn run_text(&mut self, run: &Run, text: &str, is_whole: bool) {
        match (&run.by, by_first_line(text)) {
            (Runner::Shell, None) => self.shell_text(run, text),
            (Runner::Shell, Some(name)) => self.program_of(run, &name, text, is_whole),
            (Runner::Interpreter(name), _) => self.program_of(run, name, text, is_whole),
            (Runner::Make, _) => self.makefile(run, text),
            (Runner::Package, _) => {
                // Each text between quotes may be a script.
                let scripts = text.replace("\\\"", "'");
                scripts
                    .split('"')
                    .skip(1)
                    .step_by(2)
                    .filter(|it| is_command(it))
                    // What stands behind `--` is added to it.
                    .for_each(|it| self.shell_text(run, &format!("{it} \"$@\"")));
            }
        }
    }

    pub(super) fn shell_text(&mut self, run: &Run, text: &str) {
        let symbols: Vec<Symbol> = text.chars().map(Symbol::Char).collect();
        let reading = match read(&symbols) {
            Ok(reading) if self.code_depth < CODE_DEPTH_MAX => reading,
            // Of a makefile and a package's file some lines are no commands.
            Err(_) if run.by != Runner::Shell => return,
            _ => return self.doubt(run),
        };
        let known = self.functions.clone();
        self.foresee(&reading.script);
        self.brought.extend(self.functions.difference(&known).cloned());
        let scope = Scope {
            zero: run.zero,
            arguments: run.arguments,
            stdin: run.stdin,
            out: run.out,
            errors: run.errors,
            documents: &reading.documents,
            is_outermost: false,
            level: 0,
        };
        self.code_depth += 1;
        self.script(&reading.script, scope);
        self.code_depth -= 1;
    }

    /// Refuses all that reaches code which can't be looked at.
    fn doubt(&mut self, run: &Run) {
        // It may also bring functions, which are called by any name.
        let any = [Node::AnyVariable, Node::AnyCommand].map(|node| self.flow.id(node));
        let reached = [run.arguments, run.stdin, any[0], any[1]];
        self.refuse(&reached, "given to code that pipehook can't read");
    }

    /// Refuses what reaches a program, if the program runs texts. What its language has an analysis for, that says.
    fn program_of(&mut self, run: &Run, name: &str, text: &str, is_whole: bool) {
        let files = self.files_in_code(text);
        self.flow.edges(&files, run.out);
        if reads_environment(text) {
            let any = self.flow.id(Node::AnyVariable);
            self.flow.edge(any, run.out);
        }
        let is_own = is_whole && !text.contains(SOMETHING);
        let is_judged = self.judged_text(name, text, &run.words, is_own);
        if by_name::runs_texts(name, text) {
            let mut reaching = [vec![run.stdin], files].concat();
            if !is_judged {
                let is_listed = environment::is_listed(text);
                let variables = self.flow.id(if is_listed { Node::Environment } else { Node::AnyVariable });
                reaching.extend([run.arguments, variables]);
            }
            self.refuse(&reaching, RUN_BY_CODE);
        }
        self.changed_by_file(name, text, run.arguments);
    }
}

/// Returns a word's text, with a word in place of all that is not the author's.
pub(super) fn text_of(word: &Word) -> String {
    let texts = word.parts.iter().map(|part| match part {
        Part::Text { text, .. } => text.as_str(),
        _ => SOMETHING,
    });
    texts.collect()
}

/// Says whether a text is a command that may run something of the script's: it expands a value, or is the path of a
/// file or a program with words behind it, as far as it can be read.
pub(super) fn is_command(text: &str) -> bool {
    let symbols = || text.chars().map(Symbol::Char).collect::<Vec<_>>();
    text.contains(['$', '`']) || text.trim().contains([' ', '/']) && read(&symbols()).is_ok()
}

/// Returns a command that expands a text and does nothing else.
pub(super) fn expanded(text: &str) -> String {
    format!(": {text}")
}

/// Returns the interpreter that a text's first line names, if that is no shell.
fn by_first_line(text: &str) -> Option<String> {
    let line = text.lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace().map(base);
    let name = words.find(|word| *word != "env" && !word.starts_with('-'))?;
    (code_option::is_interpreter(name) || is_powershell(name)).then(|| name.to_owned())
}

/// Returns what `printf` prints: the format with the values in it.
fn formatted(format: &str, values: &[String]) -> String {
    let format = unescaped(format);
    let mut values = values.iter();
    let mut text = String::new();
    loop {
        let before = values.len();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                text.push(letter);
                continue;
            }
            match letters.find(|it| it.is_ascii_alphabetic() || *it == '%') {
                Some('%') => text.push('%'),
                Some(_) => text.push_str(values.next().map_or("", String::as_str)),
                None => text.push('%'),
            }
        }
        if values.len() == 0 || values.len() == before {
            return text;
        }
    }
}

/// Returns a text with the characters that `printf` and `echo -e` make of escapes: `\n`, `\x65`, `\145`.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        plain.push_str(before);
        let letter = behind.chars().next().unwrap_or('\\');
        rest = behind.get(letter.len_utf8()..).unwrap_or_default();
        let (radix, most) = match letter {
            'x' => (16, 2),
            'u' => (16, 4),
            'U' => (16, 8),
            '0'..='7' => (8, 4),
            _ => (0, 0),
        };
        if radix == 0 {
            plain.push(match letter {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            });
            continue;
        }
        let digits = if radix == 8 { behind } else { rest };
        let end = digits.char_indices().take(most).take_while(|(_, it)| it.is_digit(radix)).count();
        let number = u32::from_str_radix(&digits[..end], radix).ok();
        plain.extend(number.and_then(char::from_u32));
        rest = &digits[end..];
    }
    plain + rest
}
