//! The keys of the file's mappings, in the order in which messages name them, and what an excerpt
//! may show of their values.

use crate::diagnostic::nearest;

/// What an excerpt may show of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excerpt {
    /// All of it: it is no secret.
    Whole,
    /// Nothing of it.
    Nothing,
    /// What a secret, or each of a list of them, says beside its value.
    Secrets,
    /// What a challenge says beside its secret.
    Challenge,
    /// Connections by their names.
    Connections,
    /// The plain variables of groups by their names.
    Groups,
}

use Excerpt::{Challenge, Connections, Groups, Nothing, Secrets, Whole};

/// Keys with what may be shown of their values.
pub type Keys = [(&'static str, Excerpt)];

/// The top of the file. URLs of databases and of stores of files hold passwords.
pub const OF_FILE: &Keys = &[
    ("listen", Whole),
    ("admin", Whole),
    ("pipelines", Whole),
    ("repositories", Whole),
    ("variable-groups", Groups),
    ("tasks", Whole),
    ("data", Whole),
    ("database", Nothing),
    ("files", Nothing),
    ("workers", Whole),
    ("limits", Whole),
    ("retention", Whole),
    ("connections", Connections),
    ("environment", Whole),
];

/// A connection.
pub const OF_CONNECTION: &Keys = &[
    ("secret", Secrets),
    ("auth", Whole),
    ("scheme", Whole),
    ("header", Whole),
    ("webhook", Whole),
    ("enabled", Whole),
    ("repeat", Whole),
    ("rejected", Whole),
    ("substitution", Whole),
    ("priority", Whole),
    ("limits", Whole),
    ("challenge", Challenge),
    ("url", Whole),
    ("topics", Whole),
];

/// A secret: all but `value` say where it is, and not what.
pub const OF_SECRET: &Keys = &[("env", Whole), ("file", Whole), ("value", Nothing), ("name", Whole), ("until", Whole)];

/// A challenge.
pub const OF_CHALLENGE: &Keys = &[("kind", Whole), ("verify_token", Secrets), ("origins", Whole), ("rate", Whole)];

/// Returns the keys alone.
pub fn names(keys: &Keys) -> Vec<&'static str> {
    keys.iter().map(|(name, _)| *name).collect()
}

/// Returns what may be shown of a key's value. One that is written wrongly counts as the one that
/// was meant; of a key that is like none, nothing is shown.
pub fn excerpt(keys: &Keys, written: &str) -> Excerpt {
    let of = |name: &str| keys.iter().find(|(known, _)| *known == name).map(|(_, excerpt)| *excerpt);
    of(written).or_else(|| of(nearest(written, names(keys))?)).unwrap_or(Nothing)
}
