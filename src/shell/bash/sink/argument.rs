//! What reaches a word.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Parameter, Part, Substitution, Word};
use super::{Scope, Walker, test};
use crate::shell::change::Change;
use crate::shell::{VARIABLE_PREFIX, command};

/// A word with what reaches each of its parts.
#[derive(Clone)]
pub(super) struct Argument<'a> {
    pub(super) word: &'a Word,
    pub(super) parts: Vec<Vec<Id>>,
    /// The standard inputs of `>( )`.
    pub(super) feeds: Vec<Id>,
}

/// A word that is the end of another, with what reaches each of its parts.
pub(super) struct End {
    word: Word,
    parts: Vec<Vec<Id>>,
}

impl End {
    pub(super) fn argument(&self) -> Argument<'_> {
        Argument { word: &self.word, parts: self.parts.clone(), feeds: Vec::new() }
    }
}

impl<'a> Argument<'a> {
    /// Returns the word without so many bytes of the text in front, which must be the author's.
    pub(super) fn behind(&self, bytes: usize) -> End {
        let mut left = bytes;
        let mut end = End { word: Word::default(), parts: Vec::new() };
        for (part, sources) in self.word.parts.iter().zip(&self.parts) {
            let part = match part {
                Part::Text { text, quoted } if left > 0 => {
                    let cut = left.min(text.len());
                    left -= cut;
                    Part::Text { text: text[cut..].to_owned(), quoted: *quoted }
                }
                part => part.clone(),
            };
            end.word.parts.push(part);
            end.parts.push(sources.clone());
        }
        end
    }

    /// Returns the same word, for another command that gets it too.
    pub(super) fn again(&self) -> Self {
        Self { word: self.word, parts: self.parts.clone(), feeds: self.feeds.clone() }
    }

    pub(super) fn sources(&self) -> Vec<Id> {
        self.parts.iter().flatten().copied().collect()
    }

    pub(super) fn is_literal(&self) -> bool {
        self.literal().is_some()
    }

    pub(super) fn literal(&self) -> Option<String> {
        self.word.literal()
    }

    pub(super) fn has_literal(&self, text: &str) -> bool {
        self.literal().is_some_and(|literal| literal == text)
    }

    /// Returns what decides on the word's first character.
    pub(super) fn first(&self) -> Vec<Id> {
        let mut first = Vec::new();
        for (part, sources) in self.word.parts.iter().zip(&self.parts) {
            match part {
                Part::Text { text, .. } if text.is_empty() => {}
                Part::Text { .. } => break,
                _ => first.extend(sources),
            }
        }
        first
    }

    /// Says whether the shell makes names of files of the word, of which nothing in front is the author's.
    pub(super) fn begins_as_pattern(&self) -> bool {
        let is_empty = |part: &&Part| matches!(part, Part::Text { text, .. } if text.is_empty());
        let first = self.word.parts.iter().find(|part| !is_empty(part));
        first.is_some_and(|part| {
            part.is_pattern() && matches!(part, Part::Text { text, .. } if text.starts_with(['*', '?', '[']))
        })
    }

    /// Returns what the shell splits into words before the command sees it.
    pub(super) fn split(&self) -> Vec<Id> {
        let parts = self.word.parts.iter().zip(&self.parts);
        let split = parts.filter(|(part, _)| match part {
            Part::Parameter(parameter) => !parameter.quoted,
            Part::Substitution { kind, .. } => *kind == Substitution::Unquoted,
            _ => false,
        });
        split.flat_map(|(_, sources)| sources).copied().collect()
    }

    /// Returns the parts, each with what reaches it.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&'a Part, &Vec<Id>)> {
        self.word.parts.iter().zip(&self.parts)
    }
}

impl Walker {
    pub(super) fn arguments<'a>(&mut self, words: &'a [Word], scope: Scope) -> Vec<Argument<'a>> {
        words.iter().map(|word| self.argument(word, scope)).collect()
    }

    /// Returns what reaches some words where each of them is one: of what the shell splits, parts arrive.
    pub(super) fn as_words(&mut self, arguments: &[Argument]) -> Vec<Id> {
        let mut sources = Vec::new();
        for argument in arguments {
            let split = argument.split();
            sources.extend(argument.sources().into_iter().filter(|source| !split.contains(source)));
            if !split.is_empty() {
                // Between two commas of `IFS=,` stands an empty word.
                let emptied = if self.splits_oddly { Change::EMPTIED } else { Change::NONE };
                let change = self.split.with(emptied);
                sources.push(self.flow.changed(&split, change));
            }
        }
        sources
    }

    /// Follows what happens inside a word. To be called once for each word.
    pub(super) fn argument<'a>(&mut self, word: &'a Word, scope: Scope) -> Argument<'a> {
        let mut feeds = Vec::new();
        let parts: Vec<Vec<Id>> = word.parts.iter().map(|part| self.part(part, scope, &mut feeds)).collect();
        let mut argument = Argument { word, parts, feeds };
        self.in_front_of_marks(&mut argument);
        self.only_groups(&mut argument);
        self.command_properties(&argument);
        argument
    }

    /// Notes which values stand in front of a mark of the author's: where they are empty, the mark begins the word, or
    /// what a line of it is.
    fn in_front_of_marks(&mut self, argument: &mut Argument) {
        let mut in_front: Vec<usize> = Vec::new();
        let mut is_front = true;
        for (at, part) in argument.word.parts.iter().enumerate() {
            let Part::Text { text, .. } = part else {
                in_front.extend((is_front && !is_never_empty(part)).then_some(at));
                continue;
            };
            if text.is_empty() {
                continue;
            }
            is_front = text.ends_with(char::is_whitespace);
            let change = change_before(text);
            for at in in_front.drain(..).filter(|_| change != Change::NONE) {
                if !argument.parts[at].is_empty() {
                    argument.parts[at] = vec![self.flow.changed(&argument.parts[at], change)];
                }
            }
        }
    }

    /// Notes that a text of the author's is put behind what a variable holds: `name+="-$version"`.
    pub(super) fn in_front_of_appended(&mut self, variable: Id, text: &str) {
        let change = change_before(text);
        if change != Change::NONE {
            let marked = self.flow.changed(&[variable], change);
            self.flow.edge(marked, variable);
        }
    }

    /// Leaves out the whole match where arithmetic reads a group of one: `BASH_REMATCH[1]`.
    fn only_groups(&mut self, argument: &mut Argument) {
        let whole = self.flow.known(&Node::Variable(test::MATCH.to_owned()));
        for (at, pair) in argument.word.parts.windows(2).enumerate() {
            if let [Part::Parameter(parameter), Part::Text { text, .. }] = pair
                && parameter.name == test::GROUPS
                && parameter.is_bare()
                && test::is_group(text)
            {
                argument.parts[at].retain(|source| Some(*source) != whole);
            }
        }
    }

    /// Notes what stands inside the brackets of a logging command, where it could add properties.
    fn command_properties(&mut self, argument: &Argument) {
        let mut is_inside = false;
        for (part, sources) in argument.parts() {
            match part {
                Part::Text { text, .. } => is_inside = command::ends_inside(text, is_inside),
                _ if is_inside => self.require(sources, Requirement::Plain),
                _ => {}
            }
        }
    }

    fn part(&mut self, part: &Part, scope: Scope, feeds: &mut Vec<Id>) -> Vec<Id> {
        match part {
            Part::Text { .. } if part.is_pattern() => vec![self.flow.id(Node::FileNames)],
            // The author names a variable that carries payload text.
            Part::Text { text, .. } if text.contains(VARIABLE_PREFIX) => vec![self.flow.id(Node::Environment)],
            Part::Text { .. } | Part::Opaque => Vec::new(),
            Part::Hole { hole, .. } => vec![self.hole(*hole)],
            Part::Parameter(parameter) => self.parameter(parameter, scope),
            Part::Arithmetic(word) => {
                self.arithmetic(word, scope);
                Vec::new()
            }
            Part::Substitution { script, kind, printed } => {
                let out = self.flow.stream();
                let mut stdin = scope.stdin;
                let beside = usize::from(*kind == Substitution::Process);
                if *kind == Substitution::Process {
                    stdin = self.flow.stream();
                    feeds.push(stdin);
                }
                self.beside += beside;
                self.script(script, Scope { out, stdin, ..scope });
                self.beside -= beside;
                vec![printed.as_ref().map_or(out, |shape| self.flow.checked(&[out], shape))]
            }
        }
    }

    fn parameter(&mut self, parameter: &Parameter, scope: Scope) -> Vec<Id> {
        if parameter.names {
            return self.names_of_variables(&parameter.name);
        }
        let mut sources = self.value_of(&parameter.name, scope);
        let subscript = parameter.arithmetic.first().and_then(Word::literal).filter(|_| parameter.has_subscript);
        if parameter.name == test::GROUPS && !subscript.is_some_and(|it| test::is_group(&format!("[{it}]"))) {
            sources.push(self.flow.id(Node::Variable(test::MATCH.to_owned())));
        }
        if let Some(shape) = &parameter.checked {
            sources = vec![self.flow.checked(&sources, shape)];
        }
        if parameter.evaluates || parameter.prompts {
            self.refuse(&sources, "the name of a variable, or text that an expansion evaluates");
        }
        if parameter.evaluates {
            let any = self.flow.id(Node::AnyVariable);
            if parameter.prompts {
                self.refuse(&[any], "the value of a variable that an expansion evaluates");
            }
            // A number, such as that of `${!#}`, is the name of an argument.
            sources.extend([any, scope.arguments, scope.zero]);
        }
        let has_key = parameter.has_subscript && !parameter.evaluates && self.associative.contains(&parameter.name);
        for (at, word) in parameter.arithmetic.iter().enumerate() {
            if has_key && at == 0 {
                self.argument(word, scope);
            } else {
                self.arithmetic(word, scope);
            }
        }
        for word in &parameter.operands {
            let operand = self.argument(word, scope).sources();
            if parameter.assigns && parameter.evaluates {
                self.named_later(&Word::default(), &operand, scope);
            } else if parameter.assigns {
                self.assign(&parameter.name, &operand);
                self.gets_word(&parameter.name, word, scope);
            }
            // A pattern says what is left out, and is no part of what is left.
            if parameter.cuts.is_some() {
                continue;
            }
            sources.extend(operand);
            if parameter.replaces {
                let replaced = self.replaced(&sources, word);
                sources.push(replaced);
            } else if let Some(text) = word.literal().filter(|_| parameter.falls_back) {
                let spelled = self.flow.stream();
                self.spelled_at(spelled, word);
                // It may be run: `trap "${ON_ERROR:-shift}" ERR`.
                self.text_at(spelled, text);
                sources.push(spelled);
            } else if word.literal().is_none_or(|text| !text.is_empty() && text.chars().all(test::is_name)) {
                let spelled = self.flow.stream();
                self.spelled_at(spelled, word);
                sources.push(spelled);
            }
        }
        if parameter.length || parameter.keys && self.keys_are_numbers {
            sources.clear();
        }
        // `IFS=-; "${parts[*]}"`
        let joins = !parameter.list && (parameter.has_elements || parameter.name == "*");
        if joins && self.splits_oddly && !sources.is_empty() {
            sources = vec![self.flow.changed(&sources, Change::BEFORE_DASH.with(Change::BEFORE_MARK))];
        }
        if parameter.change != Change::NONE && !sources.is_empty() {
            let changed = self.flow.changed(&sources, parameter.change);
            let left = parameter.left.as_ref().map_or(changed, |shape| self.flow.checked(&[changed], shape));
            return vec![left];
        }
        sources
    }

    /// Returns what reaches the names of all variables that begin so: with such a name a script gets the value.
    fn names_of_variables(&mut self, beginning: &str) -> Vec<Id> {
        let is_own = VARIABLE_PREFIX.starts_with(beginning) || beginning.starts_with(VARIABLE_PREFIX);
        vec![self.flow.id(if is_own { Node::Environment } else { Node::AnyVariable })]
    }

    fn value_of(&mut self, name: &str, scope: Scope) -> Vec<Id> {
        match name {
            "#" | "?" | "$" | "!" | "-" => Vec::new(),
            "0" | "BASH_ARGV0" => vec![scope.zero],
            "@" | "*" | "BASH_ARGV" => vec![scope.arguments],
            digits if digits.starts_with(|first: char| first.is_ascii_digit()) => {
                let position = digits.parse().ok().and_then(|number| self.position(number, scope));
                vec![position.unwrap_or(scope.arguments)]
            }
            _ => vec![self.flow.id(Node::Variable(name.to_owned()))],
        }
    }

    /// Returns those of some sources that the script has not made sure to meet a requirement.
    pub(super) fn unchecked(&self, mut sources: Vec<Id>, requirement: Requirement) -> Vec<Id> {
        sources.retain(|source| !self.flow.is_checked(*source, requirement));
        sources
    }

    /// Returns what reaches the name of a program, but for what the script has made sure to be one plain word and what
    /// stands behind a folder of the author's.
    pub(super) fn unchecked_name(&self, name: &Argument) -> Vec<Id> {
        self.unchecked_behind(name, |text| text.contains('/'))
    }

    /// Returns what reaches the name of a file that a shell runs, but for what the script has made sure to be one plain
    /// word and what stands behind text of the author's, which may be a folder or the beginning of a name; one of the
    /// author's own words may stand anywhere.
    pub(super) fn unchecked_file(&self, name: &Argument) -> Vec<Id> {
        let mut unchecked = self.unchecked_behind(name, |text| !text.is_empty());
        unchecked.retain(|source| !self.flow.is_listed(*source));
        unchecked
    }

    /// Returns what reaches a name, but for plain words behind a text of the author's that meets a test.
    fn unchecked_behind(&self, name: &Argument, holds: impl Fn(&str) -> bool) -> Vec<Id> {
        let mut is_behind = false;
        let mut unchecked = Vec::new();
        for (part, sources) in name.parts() {
            is_behind |= matches!(part, Part::Text { text, .. } if holds(text));
            let open = match is_behind {
                true => self.unchecked(sources.clone(), Requirement::Plain),
                false => sources.clone(),
            };
            unchecked.extend(open);
        }
        unchecked
    }

    /// Notes that a program runs some of its words by where they stand: payload text that the shell may make
    /// several words of could bring one there.
    pub(super) fn many_words(&mut self, arguments: &[Argument]) {
        let is_open = |argument: &&Argument| argument.word.may_be_many() && !self.has_elements(argument);
        let many: Vec<&Argument> = arguments.iter().filter(is_open).collect();
        for argument in many {
            self.require(&argument.sources(), Requirement::Plain);
        }
    }

    /// Notes that a command takes a word by where it stands, or for a path: the shell must not make several of it.
    pub(super) fn one_word(&mut self, argument: &Argument) {
        let one = if self.splits_oddly { Requirement::Plain } else { Requirement::OneWord };
        self.require(&argument.split(), one);
    }

    /// Notes that a program takes a word as an argument: it must not become an option.
    pub(super) fn not_an_option(&mut self, argument: &Argument) {
        self.require(&argument.first(), Requirement::NotAnOption);
        if argument.begins_as_pattern() {
            let names = self.flow.id(Node::FileNames);
            self.require(&[names], Requirement::NoOptionInPath);
        }
        let split = if self.splits_oddly { Requirement::Plain } else { Requirement::NoOptions };
        self.require(&argument.split(), split);
    }
}

/// Says whether the author wrote down what stands there when there is nothing: `${name:-none}`.
fn is_never_empty(part: &Part) -> bool {
    let is_text = |word: &Word| word.literal().is_some_and(|text| !text.is_empty());
    matches!(part, Part::Parameter(parameter) if parameter.falls_back && parameter.operands.iter().all(is_text))
}

/// Returns what it means to a value that this text of the author's stands directly behind it.
pub(super) fn change_before(text: &str) -> Change {
    let mut letters = text.chars();
    match letters.next() {
        Some('-') if !letters.next().is_some_and(char::is_whitespace) => Change::BEFORE_DASH,
        Some('@' | '<' | ':' | '+') => Change::BEFORE_MARK,
        _ => Change::NONE,
    }
}
