//! What goes wrong between here and the database.

use crate::store::Error;
use std::error::Error as _;
use tokio_postgres::error::SqlState;

/// Why a piece of work did not happen.
#[derive(Debug)]
pub(super) enum Fault {
    /// What the caller is told as it is.
    Told(Error),
    /// What the database or the way to it said.
    Database(tokio_postgres::Error),
}

impl Fault {
    /// Says whether the same work may succeed when it is begun again: others were in its way.
    pub(super) fn is_passing(&self) -> bool {
        let passing =
            [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::LOCK_NOT_AVAILABLE];
        self.state().is_some_and(|state| passing.contains(state))
    }

    /// Says whether a row was refused, so that others might not be: a value, a constraint, a limit, or a
    /// trigger of the database's owner.
    pub(super) fn is_about_rows(&self) -> bool {
        self.state().is_some_and(|state| ["22", "23", "54", "P0"].contains(&&state.code()[..2]))
    }

    /// Says whether a connection on which this was told is as good as a new one. What is wrong with the world may be wrong
    /// with the connection alone: it keeps settings that it began with, such as that nothing may be written (25006).
    pub(super) fn leaves_sound(&self) -> bool {
        matches!(self, Self::Told(_)) || self.is_passing() || self.is_about_rows()
    }

    /// Says whether what was remembered of the database is not so any more.
    pub(super) fn is_stale(&self) -> bool {
        self.state() == Some(&SqlState::FOREIGN_KEY_VIOLATION)
    }

    /// Says whether a transaction was asked about that there never was.
    pub(super) fn is_no_transaction(&self) -> bool {
        self.state() == Some(&SqlState::INVALID_PARAMETER_VALUE)
    }

    /// Says whether the way to the database is gone, so that nobody knows how far it got.
    pub(super) fn is_cut(&self) -> bool {
        match self {
            Self::Told(_) => false,
            // Class 57 is an operator's: the server is shut down, or ended this connection.
            Self::Database(error) => error.code().is_none_or(|code| code.code().starts_with("57P")),
        }
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Told(_) => None,
            Self::Database(error) => error.code(),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Told(error) => error,
            // What a constraint refuses, what is no value of its type and what is no statement is ours; all
            // else is a failure of the world.
            Fault::Database(error) => match error.code().map(|code| &code.code()[..2]) {
                Some("22" | "23" | "42") => Error::Broken(sentence(&error)),
                _ => Error::Unavailable(sentence(&error)),
            },
        }
    }
}

/// What the words of the library of TLS about a certificate mean, and what to do.
const CERTIFICATES: [(&str, &str); 2] = [
    (
        "CaUsedAsEndEntity",
        "The server's certificate is that of an authority (`CA:TRUE`, as `openssl req -x509` makes it): give the server \
         one that an authority has signed, and name the authority's by `sslrootcert`",
    ),
    ("UnknownIssuer", "Name the certificate of the authority that has signed the server's by `sslrootcert`"),
];

/// Says what the database said, or why it could not be asked. The details that a database adds are
/// left out: they quote rows.
pub(super) fn sentence(error: &tokio_postgres::Error) -> String {
    if let Some(told) = error.as_db_error() {
        return format!("the database says: {} ({})", told.message(), told.code().code());
    }
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let told = inner.to_string();
        if !sentence.contains(&told) {
            sentence.push_str(": ");
            sentence.push_str(&told);
        }
        cause = inner.source();
    }
    if let Some((_, help)) = CERTIFICATES.iter().find(|(word, _)| sentence.contains(word)) {
        sentence.push_str(&format!(". {help}"));
    }
    sentence
}
