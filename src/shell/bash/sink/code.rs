//! Code inside code: `eval`, `bash -c`, `trap`, a here-document for a shell.
//!
//! Where the inner text is known, it is read like the script itself; its holes get references of
//! their own, which the inner shell expands.

use super::super::flow::{Id, Node};
use super::super::place::Inherited;
use super::super::read::{Reading, read};
use super::super::requirement::Requirement;
use super::super::symbol::Symbol;
use super::super::syntax::{Part, RedirectKind, Word};
use super::argument::Argument;
use super::file::file_node;
use super::later::Consequence;
use super::simple::{Call, Environment};
use super::spliced::TOGETHER;
use super::written::Runner;
use super::{CODE_DEPTH_MAX, Scope, Walker, spliced};

/// Shells, whose code is read.
const SHELLS: &[&str] = &[
    "bash", "sh", "dash", "ash", "rbash", "ksh", "ksh93", "mksh", "yash", "zsh", "fish", "csh", "tcsh", "nu", "elvish",
    "xonsh",
];

/// Shells that expand and evaluate as this reader knows it; the code of the others takes no value at all.
const KINDRED: &[&str] = &["bash", "sh", "dash", "ash", "rbash"];

/// What a shell runs first that talks with a person, or logs one in.
const START_FILES: &[&str] = &[".bashrc", ".bash_profile", ".bash_login", ".profile", ".bash_history"];

pub(super) const CODE: &str = "code that a shell runs";

/// What stands for the value of a variable in code that is put together.
const SOMETHING: &str = "x";

/// Commands behind which an assignment may stand.
const DECLARING: &[&str] = &["export", "local", "declare", "typeset", "readonly"];

/// How the code's shell gets the variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// From its environment.
    Local,
    /// Not at all: the values stand in the code and must be plain.
    Remote,
}

impl Walker {
    pub(super) fn eval(&mut self, call: Call) {
        let code = joined(call.rest());
        self.nested(&code, &call.sources(), call.scope, Reach::Local);
    }

    pub(super) fn trap(&mut self, call: Call) {
        let skipped = usize::from(call.rest().first().is_some_and(|first| first.has_literal("--")));
        let Some((code, signals)) = call.rest().get(skipped..).and_then(<[Argument]>::split_first) else { return };
        // It runs with the arguments of the script or function where the signal comes.
        let any = self.flow.id(Node::AnyArguments);
        self.flow.edge(call.scope.arguments, any);
        // What it sets or leaves out, the commands behind it have no more; behind the end of the script are none.
        let is_end = |signal: &Argument| signal.has_literal("EXIT") || signal.has_literal("0");
        let mut arguments = any;
        if !signals.is_empty() && signals.iter().all(is_end) {
            arguments = self.flow.stream();
            self.flow.edge(any, arguments);
        }
        self.nested(code.word, &code.sources(), Scope { arguments, ..call.scope }, Reach::Local);
        for signal in signals {
            self.refuse(&signal.sources(), "an argument of `trap`");
        }
    }

    pub(super) fn source(&mut self, call: Call) {
        let Some((file, arguments)) = call.rest().split_first() else { return };
        self.refuse(&self.unchecked_file(file), "a file that a shell runs, or its name");
        self.code_by_descriptor(file, call);
        self.run(file.word);
        let nodes = self.code_in(file, call.scope);
        // Without words of its own it has those of the script.
        self.runs_text(nodes, call.scope.arguments, Runner::Shell, call.scope);
        let sources: Vec<Id> = arguments.iter().flat_map(Argument::sources).collect();
        self.flow.edges(&sources, call.scope.arguments);
        self.all_spelled_at(call.scope.arguments, arguments);
        self.rewritten(call.scope);
    }

    /// Follows a shell that is started; false if the command is none.
    pub(super) fn shell(&mut self, name: &str, call: Call) -> bool {
        if !is_shell(name) {
            return false;
        }
        if !KINDRED.contains(&name) {
            self.remote(call);
        }
        let (mut has_code, mut reads_input) = (false, false);
        let mut index = 1;
        while let Some(argument) = call.words.get(index) {
            let prefix = argument.word.prefix();
            if !prefix.starts_with(['-', '+']) {
                break;
            }
            self.refuse(&argument.sources(), "an option of a shell");
            has_code |= !prefix.starts_with("--") && prefix.contains('c');
            reads_input |= !prefix.starts_with("--") && prefix.contains('s');
            let takes_value = matches!(prefix.as_str(), "--rcfile" | "--init-file") || prefix.ends_with(['o', 'O']);
            if takes_value && let Some(value) = call.words.get(index + 1) {
                self.refuse(&value.sources(), "an option of a shell");
                if !prefix.starts_with("--") {
                    self.shell_option(value, call);
                } else {
                    self.code_by_descriptor(value, call);
                    self.run(value.word);
                    self.runs_file(value, &[], Runner::Shell, call.scope);
                }
            }
            index += 1 + usize::from(takes_value);
            if prefix == "--" {
                break;
            }
        }
        self.start_files(&call.words[1..index.min(call.words.len())], call.scope);
        let operands = &call.words[index.min(call.words.len())..];
        if let [option, rest @ ..] = operands
            && !has_code
            && !reads_input
        {
            let takes_code = |text: &str| text.starts_with(['-', '+']) && !text.starts_with("--") && text.contains('c');
            let sources = rest.iter().flat_map(Argument::sources).collect();
            self.option_later(option.word, call.scope, takes_code, Consequence::Refuses(sources, CODE.to_owned()));
        }
        if reads_input && !has_code {
            self.input_with_arguments(call, operands);
        } else {
            self.shell_operands(call, operands, has_code);
        }
        true
    }

    /// Notes the files that a shell runs when it starts, by its options.
    fn start_files(&mut self, options: &[Argument], scope: Scope) {
        let is_one = |option: &Argument, letters: [char; 2]| {
            let prefix = option.word.prefix();
            prefix == "--login" || !prefix.starts_with("--") && prefix.contains(letters)
        };
        if options.iter().any(|option| is_one(option, ['i', 'l'])) {
            let nodes = START_FILES.iter().map(|name| self.flow.id(file_node(name))).collect();
            let given = self.flow.stream();
            self.runs_text(nodes, given, Runner::Shell, scope);
        }
    }

    fn shell_operands(&mut self, call: Call, operands: &[Argument], has_code: bool) {
        let reach = if call.environment == Environment::Kept { Reach::Local } else { Reach::Remote };
        match operands {
            [code, arguments @ ..] if has_code => {
                let inner = self.flow.stream();
                let sources: Vec<Id> = arguments.iter().flat_map(Argument::sources).collect();
                self.flow.edges(&sources, inner);
                self.runs_meanwhile(&sources);
                self.all_spelled_at(inner, arguments);
                let zero = self.flow.stream();
                // A first word that isn't known may vanish, so that a later one becomes `$0`.
                if arguments.first().is_some_and(|first| !first.is_literal()) {
                    self.flow.edges(&sources, zero);
                }
                let scope = Scope { zero, arguments: inner, ..call.scope };
                self.nested(code.word, &code.sources(), scope, reach);
            }
            [] => self.shell_input(call, &[], reach),
            [file, arguments @ ..] => {
                self.refuse(&self.unchecked_file(file), "a file that a shell runs, or its name");
                self.code_by_descriptor(file, call);
                self.run(file.word);
                self.runs_file(file, arguments, Runner::Shell, call.scope);
                for argument in arguments {
                    self.not_an_option(argument);
                }
            }
        }
    }

    /// Follows `bash -s -- arguments`.
    fn input_with_arguments(&mut self, call: Call, arguments: &[Argument]) {
        let reach = if call.environment == Environment::Kept { Reach::Local } else { Reach::Remote };
        arguments.iter().for_each(|argument| self.not_an_option(argument));
        self.shell_input(call, arguments, reach);
    }

    /// Follows a shell that reads its code from its standard input.
    pub(super) fn shell_input(&mut self, call: Call, arguments: &[Argument], reach: Reach) {
        let redirect = Self::stdin_redirect(call);
        let inner = self.flow.stream();
        arguments.iter().for_each(|argument| self.flow.edges(&argument.sources(), inner));
        self.runs_meanwhile(&[inner]);
        self.all_spelled_at(inner, arguments);
        let scope = Scope { arguments: inner, ..call.scope };
        match redirect.map(|redirect| (redirect.kind, &redirect.target)) {
            Some((RedirectKind::HereString, word)) => {
                let sources = self.sources_again(word, call.scope);
                self.nested(word, &sources, scope, reach);
            }
            Some((RedirectKind::HereDocument(document), _)) => {
                let body = &call.scope.documents[document].body;
                let sources = self.sources_again(body, call.scope);
                self.nested(body, &sources, scope, reach);
                if call.scope.is_outermost && reach == Reach::Local {
                    self.kept.insert(document);
                }
            }
            _ => {
                self.refuse(&[call.scope.stdin], CODE);
                self.runs_text(vec![call.scope.stdin], inner, Runner::Shell, call.scope);
            }
        }
    }

    /// Returns what reaches a redirection's word, which was followed when the redirection was.
    pub(super) fn sources_again(&mut self, word: &Word, scope: Scope) -> Vec<Id> {
        self.argument(word, scope).sources()
    }

    /// Follows code that a shell runs. `sources` is all that reaches it.
    pub(super) fn nested(&mut self, code: &Word, sources: &[Id], scope: Scope, reach: Reach) {
        let symbols = code.symbols();
        let has_holes = symbols.iter().any(|symbol| matches!(symbol, Symbol::Hole(_)));
        let is_made_later = symbols.contains(&Symbol::Opaque);
        let mut with_words = None;
        if is_made_later {
            self.assigned_by_name(code, scope);
            self.runs_text(sources.to_vec(), scope.arguments, Runner::Shell, scope);
            with_words = self.with_words(code, sources, scope);
        }
        if self.code_depth == CODE_DEPTH_MAX {
            let any = self.flow.id(Node::AnyVariable);
            self.refuse(&[scope.arguments, scope.stdin, any], "given to code inside of too much other code");
        }
        if is_made_later && with_words.is_none() || self.code_depth == CODE_DEPTH_MAX {
            return self.refuse(sources, TOGETHER);
        }
        let code = with_words.as_ref().unwrap_or(code);
        match read(&code.symbols()) {
            Err(_) if is_made_later => self.refuse(sources, TOGETHER),
            Err(_) => {
                let any = self.flow.id(Node::AnyVariable);
                let reached = [sources, &[scope.arguments, scope.stdin, any]].concat();
                self.refuse(&reached, "a part of code that pipehook can't read, or given to such code");
            }
            Ok(reading) => {
                self.code_depth += 1;
                self.foresee(&reading.script);
                let inner = Scope { documents: &reading.documents, is_outermost: false, ..scope };
                let outside = self.arguments_here;
                self.script(&reading.script, inner);
                self.arguments_here = outside;
                self.code_depth -= 1;
                if has_holes {
                    self.write_code(code, &reading, reach);
                }
            }
        }
    }

    /// Follows code such as `eval "$1=\$2"`: what it names is given to a variable whose name is known later. Where
    /// code is put together in another way, what it names may be evaluated.
    fn assigned_by_name(&mut self, code: &Word, scope: Scope) {
        let mut named: Vec<Id> = Vec::new();
        for (at, part) in code.parts.iter().enumerate() {
            let Part::Text { text, .. } = part else { continue };
            for (dollar, _) in text.match_indices('$') {
                let rest = text[dollar + 1..].trim_start_matches(['{', '!']);
                let name: String = rest.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
                match name.parse() {
                    // The name goes on with what a variable holds: `\$$v`, `\${x_$v}`, `\$$#`.
                    _ if name.len() == rest.len() && at + 1 < code.parts.len() => {
                        let any = self.flow.id(Node::AnyVariable);
                        named.extend([any, scope.arguments, scope.zero]);
                    }
                    Ok(number) => named.push(self.position(number, scope).unwrap_or(scope.arguments)),
                    Err(_) if name.is_empty() && rest.starts_with(['@', '*']) => named.push(scope.arguments),
                    Err(_) => named.push(self.flow.id(Node::Variable(name))),
                }
            }
        }
        if named.is_empty() {
            return;
        }
        let own = code.prefix();
        match own.split_once('=') {
            _ if !is_assignment(code) => self.refuse(&named, TOGETHER),
            Some((name, _)) => self.stored(last_word(name), &named),
            None => self.named_later(&Word { parts: code.parts.iter().take(2).cloned().collect() }, &named, scope),
        }
    }

    /// Writes references for the holes of code that was read.
    fn write_code(&mut self, code: &Word, reading: &Reading, reach: Reach) {
        let is_rewritten = reading.documents.iter().any(|document| document.quoted && document.has_hole());
        for spot in reading.spots.iter().filter(|spot| !spliced::is_variable(spot.hole)) {
            let hole = self.flow.id(Node::Hole(spot.hole));
            if reach == Reach::Remote {
                self.code.remove(&spot.hole);
                self.require(&[hole], Requirement::Plain);
                continue;
            }
            self.require(&[hole], Requirement::Short);
            let inner = self.code.remove(&spot.hole);
            let inner = inner.unwrap_or_else(|| spot.place.reference(&(self.variable)(spot.hole), Inherited::ByChild));
            if is_rewritten || spot.in_backticks && inner.contains('\\') {
                self.refuse(&[hole], "put into a here-document or backticks inside of other code");
            }
            if let Some(place) = place_of(code, spot.hole) {
                self.code.insert(spot.hole, place.encode(&inner));
            }
        }
    }
}

/// Says whether code that is put together assigns one value to one variable and does nothing else.
fn is_assignment(code: &Word) -> bool {
    let text = |part: &Part| if let Part::Text { text, .. } = part { text.clone() } else { SOMETHING.to_owned() };
    let text: String = code.parts.iter().map(text).collect();
    let Some((left, value)) = text.split_once('=') else { return false };
    let name = last_word(left);
    let is_declaring = |word: &str| DECLARING.contains(&word) || word.starts_with('-');
    let is_name = name.chars().all(|it| it.is_alphanumeric() || it == '_');
    let words = left.trim_end_matches('+').strip_suffix(name).unwrap_or_default();
    is_name && words.split_whitespace().all(is_declaring) && is_one_value(value.trim())
}

/// Returns the name in front of the `=` or `+=` of an assignment, which may stand behind `export` and its kin.
fn last_word(left: &str) -> &str {
    left.trim_end_matches('+').rsplit(char::is_whitespace).next().unwrap_or_default()
}

/// Says whether a text is one word: nothing in it is a command or another word.
fn is_one_value(value: &str) -> bool {
    let inside = |quote: char| value.strip_prefix(quote).and_then(|it| it.strip_suffix(quote));
    match (inside('"'), inside('\'')) {
        (Some(inner), _) => !inner.contains(['"', '`']) && !inner.contains("$("),
        (None, Some(inner)) => !inner.contains('\''),
        (None, None) => !value.contains(|it: char| it.is_whitespace() || ";&|()<>`\"'".contains(it)),
    }
}

fn place_of(code: &Word, hole: usize) -> Option<super::super::place::Place> {
    code.parts.iter().find_map(|part| match part {
        Part::Hole { hole: number, place } if *number == hole => Some(*place),
        _ => None,
    })
}

pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

/// Returns arguments as the one text that `eval` and `ssh` make of them.
pub(super) fn joined(arguments: &[Argument]) -> Word {
    let mut word = Word::default();
    for (index, argument) in arguments.iter().enumerate() {
        if index > 0 {
            word.push_char(' ', false);
        }
        word.parts.extend(argument.word.parts.iter().cloned());
    }
    word
}
