//! The shell's own commands.

use super::super::flow::Node;
use super::super::requirement::Requirement;
use super::super::syntax::{Assignment, Part, Word};
use super::argument::Argument;
use super::later::{Consequence, Value};
use super::simple::Call;
use super::{Id, Scope, Walker, filter, written};
use crate::shell::change::Change;

const NAME: &str = "the name of a variable";

/// The attributes of a variable that evaluate its value.
const ANY_ATTRIBUTE: &str = "ina";

/// Options of `read` that take a value.
const READ_VALUES: &str = "adinNptu";

/// Options of `mapfile` that take a value.
const MAPFILE_VALUES: &str = "CcdnOsu";

/// Commands that evaluate their arguments, or change what later commands mean.
const EVALUATING: &[&str] = &[
    "alias", "unalias", "compgen", "complete", "compopt", "bind", "enable", "hash", "unset", "wait", "getopts",
    "coproc", "caller", "disown", "shopt", "ulimit", "umask",
];

impl Walker {
    /// Follows a command of the shell; false if it is none.
    pub(super) fn builtin(&mut self, name: &str, call: Call) -> bool {
        let arguments = call.rest();
        match name {
            ":" | "true" | "false" => {}
            "echo" => self.echo(arguments),
            "printf" => self.printf(arguments, call.scope),
            "[" | "test" => self.test_command(arguments),
            "exit" | "return" | "break" | "continue" => self.require_all(arguments, Requirement::Integer),
            "shift" => {
                self.require_all(arguments, Requirement::Integer);
                self.shifted(call.scope, arguments);
            }
            "let" => arguments.iter().for_each(|argument| self.evaluated(argument)),
            "read" | "mapfile" | "readarray" => self.read(name, call),
            "declare" | "typeset" | "local" | "export" | "readonly" => self.declare(arguments, call.scope),
            "set" => self.set(call),
            "eval" => self.eval(call),
            "trap" => self.trap(call),
            "source" | "." => self.source(call),
            "cd" | "pushd" | "popd" => {
                for variable in ["PWD", "OLDPWD", "DIRSTACK"] {
                    self.shell_keeps(variable, &call.sources());
                }
                return false;
            }
            "pwd" | "dirs" => {
                let folder = self.flow.id(Node::Variable("PWD".to_owned()));
                self.flow.edge(folder, call.scope.out);
                return false;
            }
            "fc" | "history" => {
                self.history(name, call);
                self.refuse(&call.sources(), &format!("an argument of `{name}`"));
            }
            _ if EVALUATING.contains(&name) => {
                if matches!(name, "getopts" | "unset") {
                    arguments.iter().filter_map(Argument::literal).for_each(|it| self.gets(&it, Value::Unknown));
                }
                if name == "getopts" {
                    self.shell_keeps("OPTARG", &[call.scope.arguments]);
                }
                if name == "compgen" {
                    self.completed(call);
                }
                let names_any = |it: &Argument| !it.is_literal() && !it.word.prefix().contains('=');
                if name == "alias" && arguments.iter().any(names_any) {
                    let any = self.flow.id(Node::AnyCommand);
                    self.refuse(
                        &[any],
                        "given to a command that an alias may have made another, whose name is not known",
                    );
                }
                arguments.iter().for_each(|argument| self.names_element(argument));
                self.refuse(&call.sources(), &format!("an argument of `{name}`"));
            }
            _ => return false,
        }
        true
    }

    /// Follows the arguments of `echo`: as long as nothing was printed, one could be an option.
    fn echo(&mut self, arguments: &[Argument]) {
        for argument in arguments {
            let prefix = argument.word.prefix();
            let may_be_option = prefix.is_empty() || prefix == "-" || !Requirement::NotAnEchoOption.admits(&prefix);
            if !may_be_option {
                return;
            }
            self.require(&argument.first(), Requirement::NotAnEchoOption);
            if prefix.starts_with('-') {
                self.require(&argument.sources(), Requirement::NotEchoLetters);
            }
        }
    }

    fn printf(&mut self, arguments: &[Argument], scope: Scope) {
        let mut arguments = arguments.iter();
        let mut format = arguments.next();
        let mut stored = None;
        if format.is_some_and(|format| format.has_literal("-v")) {
            stored = arguments.next();
            format = arguments.next();
        } else if let Some(glued) = format.filter(|format| format.word.prefix().starts_with("-v")) {
            self.refuse(&glued.sources(), NAME);
            stored = Some(glued).filter(|glued| glued.is_literal());
            format = arguments.next();
        }
        if format.is_some_and(|format| format.has_literal("--")) {
            format = arguments.next();
        } else if let Some(glued) = format.filter(|format| format.word.prefix().starts_with('-')) {
            // `-` and a value that begins with `v` would be the option that stores.
            self.refuse(&glued.sources(), "an option of `printf`");
        }
        let rest: Vec<&Argument> = arguments.collect();
        let values: Vec<Id> = format.into_iter().chain(rest.iter().copied()).flat_map(Argument::sources).collect();
        if let Some(format) = format {
            let stores = |text: &str| text.starts_with("-v");
            self.option_later(format.word, scope, stores, Consequence::Stores(values.clone()));
            if let Some(next) = rest.first() {
                let names_next = |text: &str| text == "-v";
                let consequence = Consequence::Refuses(next.sources(), NAME.to_owned());
                self.option_later(format.word, scope, names_next, consequence);
            }
            self.not_an_option(format);
            self.require(&format.sources(), Requirement::NoFormat);
        }
        let values = match format.map(|format| filter::changed_by_format(&format.word.prefix())) {
            Some(change) if change != Change::NONE => vec![self.flow.changed(&values, change)],
            _ => values,
        };
        if let Some(stored) = stored {
            let literal = stored.literal().unwrap_or_default();
            let name = literal.strip_prefix("-v").unwrap_or(&literal);
            match name.len() < literal.len() {
                true => self.stored(name, &values),
                false => self.named(stored, &values, scope),
            }
            let printed = format.into_iter().chain(rest.iter().copied());
            printed.filter_map(|it| it.literal()).for_each(|text| self.assign_text(name, &text));
        }
    }

    /// Notes that a command stores what reaches `values` in the variable that `argument` names.
    fn named(&mut self, argument: &Argument, values: &[Id], scope: Scope) {
        self.refuse(&argument.sources(), NAME);
        self.names_element(argument);
        let prefix = argument.word.prefix();
        if argument.is_literal() || prefix.contains('[') {
            self.stored(&prefix, values);
        } else {
            self.named_later(argument.word, values, scope);
        }
    }

    /// Notes that the variable of this name, or the element of an array, gets what reaches `values`.
    pub(super) fn stored(&mut self, name: &str, values: &[Id]) {
        self.assign(name, values);
        self.gets(name, Value::Unknown);
        if let Some((array, _)) = name.split_once('[') {
            self.assign(array, values);
            self.gets(array, Value::Unknown);
            self.subscript(name);
        }
    }

    /// Follows `compgen`, which expands the words behind `-W` and runs the command behind `-C`.
    fn completed(&mut self, call: Call) {
        for pair in call.rest().windows(2) {
            let text = written::text_of(pair[1].word);
            match pair[0].literal().as_deref() {
                Some("-W") => self.runs_command(&written::expanded(&text), call),
                Some("-C") => self.runs_command(&text, call),
                _ => {}
            }
        }
    }

    fn read(&mut self, name: &str, mut call: Call) {
        // Each variable gets a part of a line.
        let parts = self.flow.stream();
        self.flow.changed_edge(call.scope.stdin, parts, self.split.with(Change::EMPTIED));
        call.scope.stdin = parts;
        let valued = if name == "read" { READ_VALUES } else { MAPFILE_VALUES };
        let mut names = 0;
        let mut arguments = call.rest().iter();
        while let Some(argument) = arguments.next() {
            let Some(option) = argument.literal().filter(|literal| literal.starts_with('-')) else {
                self.named(argument, &[call.scope.stdin], call.scope);
                names += 1;
                continue;
            };
            let last = option.char_indices().next_back().map_or("", |(at, _)| &option[at..]);
            let takes_value = option.len() > 1 && valued.contains(last);
            let Some(value) = takes_value.then(|| arguments.next()).flatten() else { continue };
            if option.ends_with('C') {
                self.refuse(&[call.scope.stdin], &format!("a line that `{name}` gives to a command"));
                self.runs_word(value.word, call);
            }
            if option.ends_with('a') {
                self.named(value, &[call.scope.stdin], call.scope);
                names += 1;
            } else {
                self.refuse(&value.sources(), &format!("an option of `{name}`"));
            }
        }
        if names == 0 {
            self.assign(if name == "read" { "REPLY" } else { "MAPFILE" }, &[call.scope.stdin]);
        }
    }

    /// Follows `declare` and its kin: `name=value` in one word, and attributes that evaluate.
    fn declare(&mut self, arguments: &[Argument], scope: Scope) {
        let mut flags = String::new();
        for argument in arguments {
            let prefix = argument.word.prefix();
            if prefix.starts_with('-') || prefix.starts_with('+') {
                self.refuse(&argument.sources(), "an option of a declaration");
                flags.push_str(&prefix);
            } else if let Some((name, _)) = prefix.split_once('=') {
                self.declared_value(name.trim_end_matches('+'), argument, &flags, scope);
            } else {
                self.refuse(&argument.sources(), NAME);
                self.declared_value(&prefix, argument, &flags, scope);
            }
            let evaluates = flags.trim_end_matches(ANY_ATTRIBUTE).contains(['i', 'n']);
            let is_option = prefix.starts_with(['-', '+']);
            let name = name_of(argument.word);
            if evaluates && !is_option && (name.literal().is_none() || name.has_alternatives()) {
                self.attributes_later(name, &flags, scope);
            }
            let is_known = argument.is_literal() || prefix.contains('=');
            let is_variable = || matches!(argument.word.parts.last(), Some(Part::Parameter(_)));
            if !is_known && (prefix.is_empty() || prefix.starts_with(['-', '+'])) && is_variable() {
                flags.push_str(ANY_ATTRIBUTE);
            }
        }
    }

    /// Follows the arrays that `declare` and its kin are given with their elements, `declare -ai list=(…)`:
    /// they have the attributes of its options.
    pub(super) fn declared_arrays(&mut self, declared: &[Assignment], call: Call) {
        let options = call.rest().iter().map(|argument| argument.word.prefix());
        let flags: String = options.filter(|prefix| prefix.starts_with('-')).collect();
        for array in declared {
            self.attributes(&array.name, &flags);
        }
    }

    /// Notes what the attributes of a variable evaluate.
    pub(super) fn attributes(&mut self, name: &str, flags: &str) {
        let variable = self.flow.id(Node::Variable(name.to_owned()));
        if flags.contains('i') {
            self.require(&[variable], Requirement::Integer);
        }
        if flags.contains('n') {
            self.refuse(&[variable], NAME);
            let any = self.flow.id(Node::AnyVariable);
            self.flow.edge(any, variable);
        }
    }

    fn declared_value(&mut self, name: &str, argument: &Argument, flags: &str, scope: Scope) {
        let name = match name.split_once('[') {
            Some((array, _)) => {
                self.evaluated(argument);
                array
            }
            None => name,
        };
        self.assign(name, &argument.sources());
        if let Some(literal) = argument.literal() {
            self.assign_text(name, literal.split_once('=').map_or("", |(_, value)| value));
        }
        if argument.word.prefix().contains('=') {
            let value = value_of(argument.word);
            self.gets_word(name, &value, scope);
            let value = self.argument(&value, scope);
            self.begins_shells(name, &[value], scope);
        }
        self.attributes(name, flags);
        // Of an array, `(…)` in the value are elements, which the shell reads as it reads a script.
        if flags.contains(['a', 'A']) || self.arrays.contains(name) {
            self.require(&argument.sources(), Requirement::Plain);
        }
    }

    /// Follows `set -- values`, which become the arguments of the script or function.
    fn set(&mut self, call: Call) {
        let any = self.flow.id(Node::AnyArguments);
        let sources = self.as_words(call.rest());
        for arguments in [call.scope.arguments, any] {
            self.flow.edges(&sources, arguments);
            self.all_spelled_at(arguments, call.rest());
        }
        self.gives(call.rest());
        if sets_arguments(call.rest()) {
            self.rewritten(call.scope);
        }
        for argument in call.rest().iter().take_while(|argument| !argument.has_literal("--")) {
            self.not_an_option(argument);
            // A `+` takes an option back.
            self.require(&argument.first(), Requirement::OneRef);
            if argument.word.prefix().starts_with(['-', '+']) {
                self.refuse(&argument.sources(), "an option of the shell");
            }
        }
        for pair in call.rest().windows(2).filter(|pair| names_option(&pair[0])) {
            self.refuse(&pair[1].sources(), "an option of the shell");
            self.shell_option(&pair[1], call);
        }
    }
}

/// Says whether the name of an option of the shell is the next word: `set -o name`.
fn names_option(word: &Argument) -> bool {
    let prefix = word.word.prefix();
    word.is_literal() && prefix.starts_with(['-', '+']) && prefix.ends_with('o')
}

/// Returns what stands in front of the `=` of a word.
fn name_of(word: &Word) -> Word {
    let mut name = Vec::new();
    for part in &word.parts {
        if let Part::Text { text, quoted } = part
            && let Some((before, _)) = text.split_once('=')
        {
            name.push(Part::Text { text: before.to_owned(), quoted: *quoted });
            break;
        }
        name.push(part.clone());
    }
    Word { parts: name }
}

/// Returns what stands behind the `=` of a word.
pub(super) fn value_of(word: &Word) -> Word {
    let mut parts = word.parts.iter().cloned();
    let mut behind = Vec::new();
    for part in parts.by_ref() {
        if let Part::Text { text, quoted } = &part
            && let Some((_, rest)) = text.split_once('=')
        {
            behind.push(Part::Text { text: rest.to_owned(), quoted: *quoted });
            break;
        }
    }
    behind.extend(parts);
    Word { parts: behind }
}

/// Says whether `set` is given arguments, and not only options.
fn sets_arguments(words: &[Argument]) -> bool {
    let is_option = |at: usize| words[at].is_literal() && words[at].word.prefix().starts_with(['-', '+']);
    let is_argument =
        |at: usize| !is_option(at) && !at.checked_sub(1).is_some_and(|before| names_option(&words[before]));
    (0..words.len()).any(|at| is_argument(at) || words[at].has_literal("--") || words[at].has_literal("-"))
}
