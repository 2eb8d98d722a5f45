//! What the names in a PowerShell script stand for: texts that its author wrote into variables, lists,
//! functions, parameters, types.

use super::block::{given_blocks, stores_block};
use super::cmdlet::{self, Kind};
use super::path::{item, provider_drive};
use super::taint::{assigned, plain_name};
use super::token::{Bracket, Piece, Statement, Token, arguments, every, parameter, trimmed, values};
use std::collections::{BTreeMap, BTreeSet};

/// The most texts that are kept of one variable or argument: of more, the rest counts as not known.
pub(super) const TEXTS_MAX: usize = 32;
/// How far variables are followed that consist of others.
pub(super) const FOLLOWED_MAX: usize = 8;

/// Keywords behind which brackets hold a condition and no parameters.
const CONDITIONS: &[&str] = &["if", "elseif", "while", "until", "for", "foreach", "switch"];

/// Variables that PowerShell itself sets, to nothing that a payload brings.
const OWN: &[&str] = &[
    "true",
    "false",
    "null",
    "psscriptroot",
    "pwd",
    "home",
    "lastexitcode",
    "?",
    "pid",
    "host",
    "pshome",
    "psversiontable",
    "iswindows",
    "islinux",
    "ismacos",
    "iscoreclr",
    "erroractionpreference",
    "progresspreference",
    "verbosepreference",
    "warningpreference",
    "informationpreference",
    "debugpreference",
    "ofs",
    "psculture",
    "profile",
    "executioncontext",
    "pscommandpath",
    "psedition",
    "psnativecommanduseerroractionpreference",
];

/// The texts that something may be.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) known: Vec<String>,
    /// Whether it is one of these, and nothing else.
    pub(super) is_complete: bool,
}

impl Texts {
    fn one(text: &str) -> Self {
        Self { known: vec![text.to_owned()], is_complete: true }
    }

    fn unknown() -> Self {
        Self::default()
    }

    /// Returns each of these with each of others behind it.
    fn followed_by(&self, other: &Self) -> Self {
        let pairs =
            self.known.iter().flat_map(|first| other.known.iter().map(move |second| format!("{first}{second}")));
        let known: Vec<String> = pairs.take(TEXTS_MAX + 1).collect();
        let is_complete = self.is_complete && other.is_complete && known.len() <= TEXTS_MAX;
        Self { known, is_complete }
    }

    fn or(mut self, other: Self) -> Self {
        self.known.extend(other.known);
        self.is_complete &= other.is_complete && self.known.len() <= TEXTS_MAX;
        self.known.truncate(TEXTS_MAX);
        self
    }
}

/// What the script declares.
#[derive(Debug, Default)]
pub(super) struct Names<'s> {
    /// What each variable is assigned, by its name in small letters.
    assigned: BTreeMap<String, Vec<&'s [Token]>>,
    /// Variables that get a value in some other way.
    set: BTreeSet<String>,
    parameters: BTreeSet<String>,
    functions: BTreeSet<String>,
    has_classes: bool,
    /// The texts that each variable may hold.
    texts: BTreeMap<String, Texts>,
    /// The paths that each may hold, by what it is assigned: see [`path`](super::path).
    pub(super) paths: BTreeMap<String, Vec<String>>,
    /// Names that the script gives to commands, in small letters.
    aliases: BTreeMap<String, BTreeSet<String>>,
    /// Those that it gives to commands which can't be told.
    open_aliases: BTreeSet<String>,
    /// Drives that the script makes, in small letters, with those that they are the same as.
    pub(super) drives: BTreeMap<String, &'static str>,
    /// Drives without files that the script goes to.
    pub(super) locations: BTreeSet<&'static str>,
    /// Variables that may hold blocks of the script.
    pub(super) blocks: BTreeSet<String>,
    /// Variables of which something else is given a reference: `[ref]$name`.
    pub(super) references: BTreeSet<String>,
}

impl<'s> Names<'s> {
    pub(super) fn new(statements: &'s [Statement]) -> Self {
        let mut names = Self::default();
        every(statements, &mut |statement| names.learn(statement));
        for _ in 0..FOLLOWED_MAX {
            names.texts = names.assigned.iter().map(|(name, values)| (name.clone(), names.held(values))).collect();
        }
        every(statements, &mut |statement| names.learn_places(statement));
        every(statements, &mut |statement| names.learn_commands(statement));
        names.learn_assigned_aliases();
        names.learn_blocks(statements);
        for name in &names.set {
            names.texts.entry(name.clone()).or_default().is_complete = false;
        }
        for _ in 0..FOLLOWED_MAX {
            let paths = names.assigned.iter().map(|(name, values)| (name.clone(), names.paths_held(values))).collect();
            if paths == names.paths {
                break;
            }
            names.paths = paths;
        }
        names
    }

    /// Returns the texts that a variable may hold by what it is assigned.
    fn held(&self, values: &[&[Token]]) -> Texts {
        values.iter().map(|value| self.texts(value)).reduce(Texts::or).unwrap_or_default()
    }

    fn learn(&mut self, statement: &'s Statement) {
        let tokens = &statement.tokens;
        if let Some((targets, value)) = assigned(tokens) {
            for target in targets {
                if let Some(("function", name)) = item(target) {
                    self.functions.insert(name.to_ascii_lowercase());
                }
                self.assigned.entry(plain_name(target)).or_default().push(value);
            }
        }
        if let [Token::Word(keyword), Token::Word(name), ..] = tokens.as_slice() {
            match keyword.to_ascii_lowercase().as_str() {
                "function" | "filter" => drop(self.functions.insert(plain_name(name))),
                "class" => self.has_classes = true,
                _ => {}
            }
        }
        for window in tokens.windows(4) {
            if let [Token::Mark('['), Token::Word(word), Token::Mark(']'), Token::Variable(name)] = window
                && word.eq_ignore_ascii_case("ref")
            {
                self.references.insert(plain_name(name));
            }
        }
        for (at, token) in tokens.iter().enumerate() {
            let Token::Group(Bracket::Round, group) = token else { continue };
            let before = at.checked_sub(1).map(|at| &tokens[at]);
            let is_condition =
                matches!(before, Some(Token::Word(word)) if CONDITIONS.contains(&word.to_ascii_lowercase().as_str()));
            let is_declared = matches!(before, Some(Token::Word(word)) if word.eq_ignore_ascii_case("param"));
            let is_followed = matches!(trimmed(&tokens[at + 1..]), [Token::Group(Bracket::Block, _), ..]);
            let is_named = matches!(before, Some(Token::Word(_) | Token::Command(_)));
            if is_declared || is_followed && is_named && !is_condition {
                let all = group.iter().flat_map(|statement| &statement.tokens);
                self.parameters.extend(
                    all.filter_map(|it| if let Token::Variable(name) = it { Some(plain_name(name)) } else { None }),
                );
            }
        }
    }

    /// Notes the drives that commands make and go to.
    fn learn_places(&mut self, statement: &'s Statement) {
        for element in statement.elements() {
            let Some(at) = element.iter().position(|token| matches!(token, Token::Command(_))) else { continue };
            let Token::Command(name) = &element[at] else { continue };
            let given = arguments(&element[at + 1..]);
            let texts = || given.iter().flat_map(|argument| self.texts(argument).known);
            match cmdlet::canonical(name).as_str() {
                "set-location" | "push-location" => {
                    let drives: Vec<&'static str> = texts().filter_map(|text| Some(item(&text)?.0)).collect();
                    self.locations.extend(drives);
                }
                "new-psdrive" => {
                    let all: Vec<String> = texts().map(|text| text.to_ascii_lowercase()).collect();
                    let drive = all.iter().find_map(|text| provider_drive(text).or(item(text).map(|it| it.0)));
                    self.drives
                        .extend(drive.into_iter().flat_map(|drive| all.iter().map(move |it| (it.clone(), drive))));
                }
                _ => {}
            }
        }
    }

    /// Notes names of commands that are set as variables are: `$alias:name = 'command'`.
    fn learn_assigned_aliases(&mut self) {
        for (target, values) in &self.assigned {
            let Some(("alias", name)) = item(target) else { continue };
            let texts = self.held(values);
            if !texts.is_complete {
                self.open_aliases.insert(name.to_owned());
            }
            self.aliases
                .entry(name.to_owned())
                .or_default()
                .extend(texts.known.iter().map(|text| text.to_ascii_lowercase()));
        }
    }

    /// Notes the variables that may hold blocks.
    fn learn_blocks(&mut self, statements: &[Statement]) {
        let mut given = BTreeSet::new();
        every(statements, &mut |statement| given.extend(given_blocks(&statement.tokens)));
        for _ in 0..FOLLOWED_MAX {
            let holding =
                self.assigned.iter().filter(|(_, values)| values.iter().any(|value| stores_block(value, self)));
            let found: BTreeSet<String> = holding.map(|(name, _)| name.clone()).chain(given.iter().cloned()).collect();
            if found == self.blocks {
                break;
            }
            self.blocks = found;
        }
    }

    /// Notes the variables and names of commands that commands set.
    fn learn_commands(&mut self, statement: &'s Statement) {
        for element in statement.elements() {
            let Some(at) = element.iter().position(|token| matches!(token, Token::Command(_))) else { continue };
            let Token::Command(name) = &element[at] else { continue };
            let (command, given) = (cmdlet::canonical(name), arguments(&element[at + 1..]));
            for (kind, argument) in cmdlet::bind(&command, &given) {
                if kind == Kind::VariableName {
                    self.set.extend(self.texts(argument).known.iter().map(|name| plain_name(name)));
                }
            }
            let texts: Vec<String> = given.iter().flat_map(|argument| self.texts(argument).known).collect();
            let changes =
                matches!(command.as_str(), "set-item" | "new-item" | "set-content" | "copy-item" | "rename-item");
            let items: Vec<(&str, String)> =
                texts.iter().filter(|_| changes).flat_map(|text| self.items(text)).collect();
            let functions = items.iter().filter(|(drive, _)| *drive == "function");
            self.functions.extend(functions.map(|(_, name)| name.to_ascii_lowercase()));
            if cmdlet::is_aliasing(&command) || items.iter().any(|(drive, _)| *drive == "alias") {
                let plain = |text: &String| match item(text) {
                    Some(("alias", name)) => name.to_ascii_lowercase(),
                    _ => text.to_ascii_lowercase(),
                };
                if given.iter().any(|it| parameter(it).is_none() && !self.texts(it).is_complete) {
                    self.open_aliases.extend(texts.iter().map(plain));
                }
                for text in &texts {
                    let others = texts.iter().filter(|other| *other != text).map(plain);
                    self.aliases.entry(plain(text)).or_default().extend(others);
                }
            }
        }
    }

    /// Returns the commands that a name may stand for, itself among them.
    pub(super) fn commands(&self, name: &str) -> Vec<String> {
        let lower = name.to_ascii_lowercase();
        let others = self.aliases.get(&lower).into_iter().flatten().filter(|other| **other != lower);
        std::iter::once(name.to_owned()).chain(others.cloned()).collect()
    }

    /// Says whether nobody knows which command the script gives a name to.
    pub(super) fn is_open_alias(&self, name: &str) -> bool {
        self.open_aliases.contains(&name.to_ascii_lowercase())
    }

    /// Says whether a variable may hold a block of the script.
    pub(super) fn holds_block(&self, name: &str) -> bool {
        let name = plain_name(name);
        name.starts_with("function:") || self.blocks.contains(&name)
    }

    /// Says whether a variable is a parameter of a function or a block.
    pub(super) fn is_parameter(&self, name: &str) -> bool {
        self.parameters.contains(name)
    }

    /// Says whether it is known where a variable has its value from.
    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.assigned.contains_key(name)
            || self.set.contains(name)
            || self.parameters.contains(name)
            || OWN.contains(&name)
            || name.starts_with("env:")
    }

    pub(super) fn is_function(&self, name: &str) -> bool {
        self.functions.contains(&plain_name(name))
    }

    pub(super) fn has_classes(&self) -> bool {
        self.has_classes
    }

    /// Says whether a variable holds nothing but a block of the script's own.
    pub(super) fn is_block(&self, name: &str) -> bool {
        let is_block = |value: &&[Token]| matches!(value, [Token::Group(Bracket::Block, _)]);
        !self.is_parameter(&plain_name(name)) && self.values_of(name).is_some_and(|values| values.iter().all(is_block))
    }

    /// Returns the names of types that a variable may hold.
    pub(super) fn types(&self, name: &str) -> Vec<String> {
        let kind = |value: &&[Token]| match value {
            [Token::Mark('['), Token::Word(name), Token::Mark(']')] => Some(name.to_ascii_lowercase()),
            _ => None,
        };
        self.values_of(name).unwrap_or_default().iter().filter_map(kind).collect()
    }

    /// Returns the items of a list that a variable holds, if it is assigned nothing else.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&'s [Token]>> {
        let [value] = self.values_of(name)? else { return None };
        let items = match value {
            [Token::Group(Bracket::Round, inner)] => match inner.as_slice() {
                [statement] => values(&statement.tokens),
                [] => Vec::new(),
                _ => inner.iter().map(|statement| statement.tokens.as_slice()).collect(),
            },
            _ => values(value),
        };
        // What is put together in an expression is no item that can be told.
        let is_item = |item: &&[Token]| matches!(item, [Token::Text(_) | Token::Word(_) | Token::Variable(_)]);
        (items.len() > 1 || matches!(value, [Token::Group(..)]))
            .then_some(items)
            .filter(|items| items.iter().all(is_item))
    }

    pub(super) fn is_set_elsewhere(&self, name: &str) -> bool {
        let name = plain_name(name);
        self.parameters.contains(&name) || self.set.contains(&name) || super::taint::is_automatic(&name)
    }

    pub(super) fn values_of(&self, name: &str) -> Option<&[&'s [Token]]> {
        self.assigned.get(&plain_name(name)).map(Vec::as_slice)
    }

    /// Returns the texts that an argument may be, as far as its author wrote them.
    pub(super) fn texts(&self, tokens: &[Token]) -> Texts {
        let tokens = trimmed(tokens);
        let tokens = if let [Token::Mark('>'), rest @ ..] = tokens { rest } else { tokens };
        match tokens {
            [] => Texts::unknown(),
            [Token::Word(text) | Token::Command(text)] => Texts::one(text),
            [Token::Command(_), ..] => self.texts_of_inner(tokens),
            // What operators and members make of a text is not worked out.
            [_, rest @ ..] if rest.iter().any(is_operator) => Texts::unknown(),
            [Token::Text(pieces)] => self.texts_of_pieces(pieces),
            [Token::Variable(name)] => self.texts_of_variable(name),
            [Token::Group(Bracket::Round, inner)] => match inner.as_slice() {
                [statement] => self.texts_of_inner(&statement.tokens),
                _ => Texts::unknown(),
            },
            _ if tokens.contains(&Token::Mark(',')) => {
                let all = values(tokens).into_iter().map(|value| self.texts(value));
                all.reduce(Texts::or).unwrap_or_default()
            }
            // What is glued together, or put together by `+`.
            _ if tokens.iter().all(is_glued) => {
                let glued = tokens.iter().filter(|token| **token != Token::Mark('+'));
                let all = glued.map(|token| self.texts(std::slice::from_ref(token)));
                all.reduce(|first, second| first.followed_by(&second)).unwrap_or_default()
            }
            _ => Texts::unknown(),
        }
    }

    fn texts_of_pieces(&self, pieces: &[Piece]) -> Texts {
        let mut texts = Texts::one("");
        for piece in pieces {
            let next = match piece {
                Piece::Text(text) => Texts::one(text),
                Piece::Variable(name) => self.texts_of_variable(name),
                Piece::Code(inner) => match inner.as_slice() {
                    [statement] => self.texts(&statement.tokens),
                    _ => Texts::unknown(),
                },
                Piece::Hole(_) => Texts::unknown(),
            };
            texts = texts.followed_by(&next);
        }
        texts
    }

    fn texts_of_variable(&self, name: &str) -> Texts {
        let name = plain_name(name);
        if matches!(name.as_str(), "pwd" | "psscriptroot") {
            return Texts::one(".");
        }
        let mut texts = self.texts.get(&name).cloned().unwrap_or_default();
        texts.is_complete &= !self.parameters.contains(&name);
        texts
    }

    /// Returns what stands in brackets: `(Join-Path a b)`, `(Get-Command bash)`.
    fn texts_of_inner(&self, tokens: &[Token]) -> Texts {
        let [Token::Command(name), rest @ ..] = tokens else {
            // `(-join $list)` is no text that begins with `-`.
            let is_operation = matches!(tokens, [first, _, ..] if is_operator(first));
            return if is_operation { Texts::unknown() } else { self.texts(tokens) };
        };
        let given = arguments(rest);
        let given: Vec<&[Token]> = given.into_iter().filter(|it| parameter(it).is_none()).collect();
        match (cmdlet::canonical(name).as_str(), given.as_slice()) {
            ("get-command" | "resolve-path" | "convert-path" | "get-item" | "write-output", [one, ..]) => {
                let mut texts = self.texts(one);
                // A pattern stands for whatever it fits.
                texts.is_complete &= !texts.known.iter().any(|text| text.contains(['*', '?', '[']));
                texts
            }
            ("join-path", [first, rest @ ..]) => {
                let slash = Texts::one("/");
                let rest = rest.iter().map(|it| self.texts(it));
                rest.fold(self.texts(first), |path, next| path.followed_by(&slash).followed_by(&next))
            }
            _ => Texts::unknown(),
        }
    }

    /// Returns the text with which an argument begins for certain.
    pub(super) fn beginning(&self, tokens: &[Token]) -> String {
        self.begins(tokens, 0)
    }

    fn begins(&self, tokens: &[Token], depth: usize) -> String {
        let texts = self.texts(tokens);
        if texts.is_complete && texts.known.len() == 1 {
            return texts.known[0].clone();
        }
        match trimmed(tokens) {
            [Token::Word(word), ..] => word.clone(),
            [Token::Text(pieces), ..] => {
                let mut beginning = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => beginning.push_str(text),
                        Piece::Variable(name) => {
                            let texts = self.texts_of_variable(name);
                            match texts.known.as_slice() {
                                [text] if texts.is_complete => beginning.push_str(text),
                                _ if beginning.is_empty() => {
                                    return self.begins(&[Token::Variable(name.clone())], depth + 1);
                                }
                                _ => break,
                            }
                        }
                        Piece::Hole(_) | Piece::Code(_) => break,
                    }
                }
                beginning
            }
            // What is assigned to it nowhere else, and as it is.
            [Token::Variable(name)] if depth < FOLLOWED_MAX && !self.is_set_elsewhere(name) => {
                match self.values_of(name) {
                    Some([value]) if !value.iter().any(is_operator) => self.begins(value, depth + 1),
                    _ => String::new(),
                }
            }
            _ => String::new(),
        }
    }
}

fn is_operator(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.starts_with(['-', '.', ':']))
}

fn is_glued(token: &Token) -> bool {
    matches!(
        token,
        Token::Word(_) | Token::Text(_) | Token::Variable(_) | Token::Mark('+') | Token::Group(Bracket::Round, _)
    )
}
