//! What payload text reaches in a PowerShell script: variables, functions, files, the environment, by their
//! names and without regard to the order of statements.
//!
//! Each hole has two numbers: its own, and one for what was made of its text (a part of it, what a pattern
//! left, what a text of JSON holds). Of that other things can be said: a text that doesn't begin with `-` may
//! have a part that does.

use super::cmdlet::{self, Kind};
use super::name::Names;
use super::path::is_reader;
use super::token::{Bracket, Piece, Statement, Token, arguments, every, parts, values};
use crate::shell::git;
use crate::shell::program::Holes;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// The most rounds in which the names of what is tainted are looked for. A script that needs more takes no
/// payload text.
const ROUNDS_MAX: usize = 64;

/// The most tokens that are looked at to find what reaches what, each as often as it is looked at; so many are
/// looked at in less than a second. A script that needs more takes no payload text.
pub(super) const WORK_MAX: usize = 4_000_000;

/// The most tokens of a statement, without those of the statements inside of it.
pub(super) const STATEMENT_TOKENS_MAX: usize = 20_000;

/// The most commands of a pipeline.
pub(super) const PIPELINE_MAX: usize = 200;

/// What goes through pipelines into blocks and functions: `$_`.
pub(super) const PIPED: &str = "<piped>";
/// What functions and blocks are given as arguments.
pub(super) const GIVEN: &str = "<given>";
/// What `-match` found.
pub(super) const MATCHED: &str = "<matched>";
/// What is assigned to variables whose names are not known.
pub(super) const OPEN: &str = "<open>";
/// What git was given, and may print.
pub(super) const GIT: &str = "<git>";
/// Every variable of the environment.
pub(super) const ENVIRONMENT: &str = "<environment>";
/// In front of the name of a file; alone it is one whose name nobody knows.
pub(super) const FILE: &str = "<file>";
/// The names of files that the script makes.
pub(super) const LISTED: &str = "<listed>";
/// In front of the name of a function, for what it returns.
pub(super) const FUNCTION: &str = "<function>";

/// Operators and methods that make other text of a text.
const CHANGING: &[&str] = &[
    "-replace",
    "-creplace",
    "-ireplace",
    "-split",
    "-csplit",
    "-isplit",
    ".substring",
    ".split",
    ".trim",
    ".trimstart",
    ".trimend",
    ".replace",
    ".remove",
    ".tochararray",
    "::unescapedatastring",
    "::urldecode",
    "::frombase64string",
    "::unescape",
];

/// Commands that do.
const TAKING_APART: &[&str] =
    &["convertfrom-json", "convertfrom-csv", "convertfrom-stringdata", "select-string", "import-csv"];

/// What a script made of a payload's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Nothing,
    /// Any part of it, or something else.
    Parts,
    /// Its letters and digits, with `-` for what stood between them.
    Slug,
    /// Any part of those.
    SlugParts,
}

/// What is known of a script's data.
pub(super) struct Taint<'s> {
    pub(super) statements: &'s [Statement],
    environment: &'s [String],
    own: usize,
    /// How many holes there are: those of the environment follow the script's own.
    count: usize,
    tainted: BTreeMap<String, Holes>,
    pub(super) names: Names<'s>,
    /// The variables of the environment that the script sets, as it writes their names.
    pub(super) set: BTreeSet<String>,
    /// How many more tokens are looked at.
    work: Cell<usize>,
}

impl<'s> Taint<'s> {
    /// Follows the holes; those of the environment follow the script's `own`.
    pub(super) fn new(statements: &'s [Statement], environment: &'s [String], own: usize) -> Self {
        let names = Names::new(statements);
        let count = own + environment.len();
        let work = Cell::new(WORK_MAX);
        let mut taint =
            Self { statements, environment, own, count, tainted: BTreeMap::new(), names, set: BTreeSet::new(), work };
        let all: Holes = (own..count).collect();
        taint.add(ENVIRONMENT, &all);
        let is_settled = (0..ROUNDS_MAX).any(|_| !taint.spread_all());
        if !is_settled {
            let every: Holes = (0..count).collect();
            taint.tainted.values_mut().for_each(|holes| holes.extend(&every));
        }
        taint
    }

    /// Takes note that so many tokens are looked at, and says whether any may be still.
    pub(super) fn work(&self, tokens: usize) -> bool {
        let left = self.work.get().saturating_sub(tokens);
        self.work.set(left);
        left > 0
    }

    /// Returns every hole.
    pub(super) fn all(&self) -> Holes {
        (0..self.count).collect()
    }

    fn spread_all(&mut self) -> bool {
        let mut changed = false;
        every(self.statements, &mut |statement| changed |= self.spread(statement));
        changed
    }

    /// Adds what reaches a name, and says whether that was new.
    pub(super) fn add(&mut self, name: &str, holes: &Holes) -> bool {
        if holes.is_empty() {
            return false;
        }
        let known = self.tainted.entry(name.to_owned()).or_default();
        let before = known.len();
        known.extend(holes);
        known.len() > before
    }

    pub(super) fn of(&self, name: &str) -> Holes {
        self.tainted.get(name).cloned().unwrap_or_default()
    }

    /// Returns the numbers that stand for what was made of the holes' texts.
    pub(super) fn changed(&self, holes: Holes) -> Holes {
        let changed = |hole: usize| match hole / self.count {
            0 => hole + self.count,
            2 => hole + self.count,
            _ => hole,
        };
        holes.into_iter().map(changed).collect()
    }

    /// Returns the numbers that stand for what decoding made of the texts.
    fn decoded(&self, holes: Holes) -> Holes {
        holes.into_iter().map(|hole| hole % self.count + self.count).collect()
    }

    /// Returns the numbers that stand for the letters, digits and `-` that were left of the texts.
    fn slugs(&self, holes: Holes) -> Holes {
        holes.into_iter().map(|hole| hole % self.count + 2 * self.count).collect()
    }

    /// Returns a hole's own number, and what was made of its text.
    pub(super) fn own(&self, hole: usize) -> (usize, Made) {
        let made = match hole / self.count {
            0 => Made::Nothing,
            1 => Made::Parts,
            2 => Made::Slug,
            _ => Made::SlugParts,
        };
        (hole % self.count, made)
    }

    /// Returns what a variable may hold.
    pub(super) fn variable(&self, name: &str) -> Holes {
        let name = plain_name(name);
        let mut sources = self.of(&name);
        if let Some(name) = name.strip_prefix("env:") {
            let found = self.environment.iter().position(|known| known.eq_ignore_ascii_case(name));
            sources.extend(found.map(|at| self.own + at));
            return sources;
        }
        match name.as_str() {
            "_" | "psitem" | "input" | "switch" | "foreach" => sources.extend(self.of(PIPED)),
            "args" | "psboundparameters" | "myinvocation" | "this" => sources.extend(self.of(GIVEN)),
            "matches" => sources.extend(self.of(MATCHED)),
            "error" => sources.extend((0..self.count).collect::<Holes>()),
            _ if self.names.is_parameter(&name) => sources.extend(self.of(GIVEN)),
            _ if !self.names.is_assigned(&name) => sources.extend(self.of(OPEN)),
            _ => {}
        }
        sources
    }

    /// Returns the variables of the environment that hold payload text, for what is started.
    pub(super) fn exported(&self) -> Vec<(String, Holes)> {
        let given = self.environment.iter().map(String::as_str);
        let all: BTreeSet<&str> = given.chain(self.set.iter().map(String::as_str)).collect();
        all.into_iter()
            .map(|name| (name.to_owned(), self.variable(&format!("env:{name}"))))
            .filter(|it| !it.1.is_empty())
            .collect()
    }

    /// Returns what is in the file of a name.
    pub(super) fn file(&self, name: &str) -> Holes {
        self.of(&file(name))
    }

    /// Returns the files of known names that hold payload text.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Holes)> {
        let known = self.tainted.iter().filter_map(|(name, holes)| Some((name.strip_prefix(FILE)?, holes)));
        known.filter(|(name, _)| !name.is_empty())
    }

    /// Returns what is in files whose names are not known.
    pub(super) fn unnamed_files(&self) -> Holes {
        self.of(FILE)
    }

    /// Returns the holes that a part of a statement holds, names or reads.
    pub(super) fn sources(&self, tokens: &[Token]) -> Holes {
        let mut sources = Holes::new();
        if !self.work(1 + tokens.len()) {
            return sources;
        }
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Text(pieces) => sources.extend(self.sources_of_text(pieces)),
                Token::Variable(name) | Token::Splat(name) => sources.extend(self.variable(name)),
                Token::Group(_, statements) => {
                    sources.extend(statements.iter().flat_map(|statement| self.sources(&statement.tokens)));
                }
                Token::Command(name) => sources.extend(self.output(name, &tokens[at + 1..])),
                Token::Word(word) => sources.extend(self.read_by_method(word, tokens, at)),
                Token::Assign | Token::Mark(_) | Token::Space => {}
            }
        }
        match cleansed(tokens) {
            _ if is_number(tokens) => Holes::new(),
            Some(true) => Holes::new(),
            Some(false) => self.slugs(sources),
            None if decodes(tokens) => self.decoded(sources),
            None if changes(tokens) => match trims(tokens) {
                true => {
                    sources.into_iter().map(|hole| if hole < self.count { hole + self.count } else { hole }).collect()
                }
                false => self.changed(sources),
            },
            None => sources,
        }
    }

    pub(super) fn sources_of_text(&self, pieces: &[Piece]) -> Holes {
        let mut sources = Holes::new();
        for piece in pieces {
            match piece {
                Piece::Text(_) => {}
                Piece::Hole(hole) => drop(sources.insert(*hole)),
                Piece::Variable(name) => sources.extend(self.variable(name)),
                Piece::Code(statements) => {
                    sources.extend(statements.iter().flat_map(|statement| self.sources(&statement.tokens)));
                }
            }
        }
        sources
    }

    /// Returns what a command's output holds beside what it is given.
    pub(super) fn output(&self, name: &str, rest: &[Token]) -> Holes {
        let rest = rest.split(|token| *token == Token::Mark('|')).next().unwrap_or_default();
        let command = cmdlet::canonical(name);
        if self.names.is_function(name) {
            return self.of(&format!("{FUNCTION}{}", name.to_ascii_lowercase()));
        }
        let given = arguments(rest);
        let mut output = Holes::new();
        match command.as_str() {
            "git" => {
                let prints = given.iter().any(|argument| self.is_any_of(argument, git::PRINTING));
                let abbreviates = given.iter().any(|argument| self.is_any_of(argument, &["--abbrev-ref"]));
                if prints || abbreviates {
                    output.extend(self.of(GIT));
                }
            }
            "printenv" | "env" | "set" => output.extend(self.whole_environment()),
            _ => {}
        }
        let makes_reader = command == "new-object"
            && given
                .iter()
                .any(|argument| argument.iter().any(|token| matches!(token, Token::Word(kind) if is_reader(kind))));
        let reads_items = cmdlet::reads_items(&command) || makes_reader;
        for argument in given.iter().flat_map(|argument| values(argument)) {
            let named = self.names.texts(argument);
            for text in &named.known {
                for (drive, name) in self.names.items(text) {
                    match (drive, name.as_str()) {
                        ("env", "" | "*") => output.extend(self.whole_environment()),
                        ("env", name) => output.extend(self.variable(&format!("env:{name}"))),
                        ("variable", name) => output.extend(self.variable(name)),
                        _ => {}
                    }
                }
            }
            if !cmdlet::names_files(&command) {
                output.extend(self.names.files(argument).known.iter().flat_map(|name| self.file(name)));
            }
            let begins = self.names.items(&self.names.beginning(argument));
            if reads_items && !named.is_complete && begins.iter().any(|(drive, _)| *drive == "env") {
                output.extend(self.whole_environment());
            }
        }
        if reads_items {
            output.extend(self.unnamed_files());
        }
        // Which files a pipeline names is not followed.
        if cmdlet::reads_files(&command) && !cmdlet::bind(&command, &given).iter().any(|it| it.0 == Kind::Read) {
            output.extend(self.files().flat_map(|it| it.1.iter().copied()));
        }
        if cmdlet::lists_files(&command) {
            output.extend(self.of(LISTED));
        }
        output
    }

    fn is_any_of(&self, argument: &[Token], words: &[&str]) -> bool {
        self.names.texts(argument).known.iter().any(|text| words.contains(&text.as_str()))
    }

    fn whole_environment(&self) -> Holes {
        let set = self.set.iter().flat_map(|name| self.variable(&format!("env:{name}")));
        self.of(ENVIRONMENT).into_iter().chain(set).collect()
    }

    /// Returns what a method of .NET reads from the environment or a file.
    fn read_by_method(&self, word: &str, tokens: &[Token], at: usize) -> Holes {
        let lower = word.to_ascii_lowercase();
        let Some(Token::Group(Bracket::Round, group)) = tokens.get(at + 1) else { return Holes::new() };
        let first = parts(group).first().map(|part| self.names.texts(part)).unwrap_or_default();
        let kind = at.checked_sub(2).map(|at| &tokens[at]);
        let is_reading = matches!(kind, Some(Token::Word(kind)) if is_reader(kind));
        match lower.as_str() {
            "::getenvironmentvariables" => self.whole_environment(),
            "::getenvironmentvariable" if first.is_complete => {
                first.known.iter().flat_map(|name| self.variable(&format!("env:{name}"))).collect()
            }
            "::getenvironmentvariable" => self.whole_environment(),
            _ if lower.starts_with("::read") || lower.starts_with("::open") || lower == "::new" && is_reading => {
                let files = parts(group).first().map(|part| self.names.files(part)).unwrap_or_default();
                let named = files.known.iter().flat_map(|name| self.file(name));
                named.chain(self.unnamed_files()).collect()
            }
            _ => Holes::new(),
        }
    }
}

/// Returns the variables that a statement assigns to, and what it assigns.
pub(super) fn assigned(tokens: &[Token]) -> Option<(Vec<&str>, &[Token])> {
    let at = match tokens {
        [Token::Variable(_), Token::Word(word), ..] if word.eq_ignore_ascii_case("in") => 1,
        _ => tokens.iter().position(|token| *token == Token::Assign)?,
    };
    let targets = tokens[..at]
        .iter()
        .filter_map(|token| if let Token::Variable(name) = token { Some(name.as_str()) } else { None });
    Some((targets.collect(), &tokens[at + 1..]))
}

/// Returns a variable's name in small letters, without its scope.
pub(super) fn plain_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let scopes = ["global:", "script:", "local:", "private:", "using:", "variable:"];
    scopes.iter().find_map(|scope| lower.strip_prefix(scope)).unwrap_or(&lower).to_owned()
}

/// Says whether PowerShell itself sets a variable, by what the script does.
pub(super) fn is_automatic(name: &str) -> bool {
    [
        "_",
        "psitem",
        "input",
        "args",
        "matches",
        "this",
        "error",
        "switch",
        "foreach",
        "psboundparameters",
        "myinvocation",
    ]
    .contains(&plain_name(name).as_str())
}

/// Two names that end the same are the same file: the script may change its folder.
pub(super) fn file(name: &str) -> String {
    format!("{FILE}{}", name.rsplit(['/', '\\']).next().unwrap_or_default())
}

/// Says whether tokens make another text of what is in them.
fn changes(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| match token {
        Token::Word(word) => CHANGING.contains(&word.to_ascii_lowercase().as_str()),
        Token::Command(name) => TAKING_APART.contains(&cmdlet::canonical(name).as_str()),
        _ => false,
    })
}

/// Says whether tokens are cast to a number: `[int]$x`.
pub(super) fn is_number(tokens: &[Token]) -> bool {
    const NUMBERS: &[&str] = &[
        "int", "long", "int32", "int64", "double", "decimal", "float", "uint32", "bool", "datetime", "guid", "version",
        "semver",
    ];
    let [Token::Mark('['), Token::Word(kind), Token::Mark(']'), rest @ ..] = tokens else { return false };
    // What stands behind an operator is cast no more.
    let is_one = !rest.iter().any(|token| matches!(token, Token::Mark(_) | Token::Command(_) | Token::Assign))
        && !rest
            .iter()
            .any(|token| matches!(token, Token::Word(word) if word.starts_with('-') || word.starts_with("::")));
    is_one && NUMBERS.contains(&kind.to_ascii_lowercase().trim_start_matches("system."))
}

/// Says of tokens that end with an operator which leaves nothing but letters, digits, `_` and `.`, such as
/// `-replace '[^a-z0-9]', '_'`, whether that is all; otherwise `-` takes the place of the others.
fn cleansed(tokens: &[Token]) -> Option<bool> {
    let [.., Token::Word(operator), Token::Text(pattern), Token::Mark(','), Token::Text(other)] = tokens else {
        return None;
    };
    let is_replacing = operator.eq_ignore_ascii_case("-replace") || operator.eq_ignore_ascii_case("-creplace");
    let ([Piece::Text(pattern)], [] | [Piece::Text(_)]) = (pattern.as_slice(), other.as_slice()) else { return None };
    let other = if let [Piece::Text(text)] = other.as_slice() { text.as_str() } else { "" };
    let set = pattern.strip_prefix("[^").and_then(|it| it.trim_end_matches('+').strip_suffix(']'))?;
    let set = set.replace("a-z", "").replace("A-Z", "").replace("0-9", "").replace("\\w", "").replace("\\d", "");
    let is_inert = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let is_clean = is_replacing && set.chars().all(|it| is_inert(it) || it == '.') && !set.contains("..");
    match other {
        _ if !is_clean => None,
        "-" if !set.contains(['.', '_']) => Some(false),
        _ => other.chars().all(is_inert).then_some(true),
    }
}

/// Says whether tokens make a text of what stands in a coding.
fn decodes(tokens: &[Token]) -> bool {
    const DECODING: &[&str] = &["::unescapedatastring", "::urldecode", "::frombase64string", "::unescape"];
    tokens.iter().any(|token| matches!(token, Token::Word(word) if DECODING.contains(&&*word.to_ascii_lowercase())))
}

/// Says whether tokens do no more than to take away what stands at the ends of a text.
fn trims(tokens: &[Token]) -> bool {
    let is_text = |token: Option<&Token>, is_one: &dyn Fn(&str) -> bool| match token {
        Some(Token::Text(pieces)) => matches!(pieces.as_slice(), [Piece::Text(text)] if is_one(text)),
        _ => false,
    };
    let begins_at_first = |group: &Token| {
        let Token::Group(Bracket::Round, inner) = group else { return false };
        matches!(parts(inner).first(), Some([Token::Word(first)]) if first == "0")
    };
    tokens.iter().enumerate().all(|(at, token)| match token {
        Token::Command(name) => !TAKING_APART.contains(&cmdlet::canonical(name).as_str()),
        Token::Word(word) => match word.to_ascii_lowercase().as_str() {
            ".trim" | ".trimstart" | ".trimend" => true,
            ".substring" => tokens.get(at + 1).is_some_and(begins_at_first),
            "-replace" | "-creplace" | "-ireplace" => {
                let pattern = tokens[at + 1..].iter().find(|token| **token != Token::Space);
                is_text(pattern, &|text| text.chars().all(|it| "^-+$|".contains(it)))
            }
            other => !CHANGING.contains(&other),
        },
        _ => true,
    })
}
