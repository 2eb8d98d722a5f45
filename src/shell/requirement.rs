//! What a value must be at a place, for places where not every value is inert.

/// The most characters of a plain word.
const PLAIN_MAX: usize = 255;
/// The most digits of an integer, so that it fits 64 bits.
const DIGITS_MAX: usize = 18;

/// What a value must be. Ordered from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// Any text without a NUL.
    Anything,
    /// Not one of the options of `echo`, which it would obey: `-n`, `-e`, `-E` and these together.
    NotAnEchoOption,
    /// Not an option: `-` followed by something else than a blank.
    NotAnOption,
    /// One word that means nothing to any shell: `[A-Za-z0-9_][A-Za-z0-9_.+-]*`.
    Plain,
    /// An integer without leading zeros.
    Integer,
}

impl Requirement {
    /// Says whether a value is what is required.
    pub fn holds(self, value: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::NotAnEchoOption => !is_echo_option(value),
            Self::NotAnOption => {
                !value.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && !rest.starts_with([' ', '\t']))
            }
            Self::Plain => is_plain(value),
            Self::Integer => is_integer(value),
        }
    }

    /// Returns what is required, for messages: `an integer`.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Anything => "any text",
            Self::NotAnEchoOption => "something else than an option of `echo`",
            Self::NotAnOption => "text that does not begin with `-`",
            Self::Plain => "one plain word of letters, digits, `_`, `.`, `+` and `-`",
            Self::Integer => "an integer",
        }
    }
}

fn is_echo_option(value: &str) -> bool {
    value.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|letter| "neE".contains(letter)))
}

fn is_plain(value: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    value.len() <= PLAIN_MAX
        && value.starts_with(is_word)
        && value.chars().all(|character| is_word(character) || ".+-".contains(character))
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0');
    !digits.is_empty()
        && digits.len() <= DIGITS_MAX
        && !has_leading_zero
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// What is said about a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Allowed for values of a form; the reason is told for others.
    Requires { requirement: Requirement, reason: String },
    /// Never allowed.
    Refused { reason: String, help: Option<String> },
}

impl Judgement {
    pub(super) fn requires(requirement: Requirement, reason: &str) -> Self {
        Self::Requires { requirement, reason: reason.to_owned() }
    }

    pub(super) fn refused(reason: &str) -> Self {
        Self::Refused { reason: reason.to_owned(), help: None }
    }

    /// Keeps the stronger of two judgements.
    pub(super) fn strengthen(&mut self, other: Self) {
        let stronger = match (&*self, &other) {
            (Self::Refused { .. }, _) => false,
            (_, Self::Refused { .. }) => true,
            (Self::Requires { requirement: own, .. }, Self::Requires { requirement, .. }) => requirement > own,
        };
        if stronger {
            *self = other;
        }
    }
}
