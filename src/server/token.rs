//! The admin token: made at the first start, kept in a file that only its owner reads.

use secrecy::SecretString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use subtle::ConstantTimeEq;

/// The file's name in the data folder.
pub const FILE: &str = "admin-token";
/// How many random bytes a token has.
const BYTES: usize = 32;
/// The fewest characters of a token that somebody wrote into the file.
const LENGTH_MIN: usize = 32;
/// The most bytes of the file.
const LENGTH_MAX: u64 = 1_024;
/// Who may read the file: its owner.
const MODE: u32 = 0o600;

/// What a request to the admin listener must show. It prints as nothing.
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// Reads the token of a data folder, or makes one where there is none.
    pub fn open(data: &Path) -> io::Result<Self> {
        let path = data.join(FILE);
        match File::open(&path) {
            Ok(file) => read(file, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path),
            Err(error) => Err(about(&path, &error)),
        }
    }

    /// Returns the token that a data folder holds, if it holds one, to be hidden wherever it is printed.
    pub fn written(data: &Path) -> Option<SecretString> {
        let path = data.join(FILE);
        let Self(token) = read(File::open(&path).ok()?, &path).ok()?;
        Some(token.into())
    }

    /// Returns the token itself, to make other secrets from it.
    pub(super) fn secret(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Says whether a request showed this token, in a time that does not tell how much of it.
    pub fn is(&self, shown: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(shown).into()
    }
}

fn read(file: File, path: &Path) -> io::Result<Token> {
    let mut text = String::new();
    file.take(LENGTH_MAX).read_to_string(&mut text).map_err(|error| about(path, &error))?;
    let token = text.trim();
    if token.len() < LENGTH_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = format!(
            "{} holds no token of at least {LENGTH_MIN} characters; remove it, and a new one is made",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    Ok(Token(token.to_owned()))
}

fn make(path: &Path) -> io::Result<Token> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    let token = hex::encode(bytes);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(MODE).open(path).map_err(|it| about(path, &it))?;
    file.write_all(format!("{token}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(|it| about(path, &it))?;
    Ok(Token(token))
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
