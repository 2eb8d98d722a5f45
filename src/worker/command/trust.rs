//! Whose commands count (security, "The run").
//!
//! A step that a payload reached may print the payload's text, and that text may look like a
//! command. So its author's own commands carry a word that no payload can know, and only these
//! are obeyed. It does not matter on which way the payload came: in the script, in `env:`, or in a
//! variable that every step has in its environment.
//!
//! A later step of the same job may print what such a step has left in a file. Programs that it calls
//! still give commands, unless payload text looked like one, but nothing that other programs obey;
//! and what the step sets is payload text. A step of a job that no payload reached is its author's
//! alone, and so is one whose author says `target: {commands: any}`.

use super::PREFIX;
use crate::pipeline::plan::Step;
use crate::shell::command;
use crate::worker::reach::Reach;
use std::borrow::Cow;

/// What all sequences begin with that a terminal obeys.
const ESCAPE: char = '\u{1b}';
/// The random bytes of a word: more than can be guessed.
const WORD_BYTES: usize = 16;

/// Whose commands a step's output may have.
#[derive(Debug, Clone)]
pub(in super::super) enum Trust {
    /// Everybody's.
    All,
    /// Only those with the word, [`command::marked`].
    Word(String),
    /// Those with the word, and those of programs, which may do less.
    Both(String),
}

/// Who gave a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Voice {
    /// The author of the script, or nobody else could.
    Author,
    /// A program, in a step after one that payload text reached.
    Program,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Found<'l> {
    /// Text for the log.
    Text(Cow<'l, str>),
    /// A command, from behind its prefix.
    Command(&'l str, Voice),
}

impl Trust {
    /// Returns whose commands count in a step that got some payload text, in a job that got some
    /// before.
    pub(in super::super) fn of(step: &Step, own: &Reach, before: &Reach) -> Self {
        let is_reached = own.origin().or(before.origin()).is_some();
        if !is_reached || step.takes_all_commands() {
            return Self::All;
        }
        let looks = own.looks_like_command() || before.looks_like_command();
        if own.own().is_some() || looks { Self::Word(word()) } else { Self::Both(word()) }
    }

    /// Returns whose commands count where payload text looks like one, and no word can be given.
    pub(in super::super) fn nobody() -> Self {
        Self::Word(word())
    }

    /// Says what a line is.
    pub(in super::super) fn look<'l>(&self, line: &'l str) -> Found<'l> {
        match self {
            Self::All => match line.split_once(PREFIX) {
                Some((_, command)) => Found::Command(command, Voice::Author),
                None => Found::Text(Cow::Borrowed(line)),
            },
            Self::Word(word) => match line.split_once(&command::marked(word)) {
                Some((_, command)) => Found::Command(command, Voice::Author),
                None => Found::Text(command::shown(line, word)),
            },
            Self::Both(word) => match (line.split_once(&command::marked(word)), line.split_once(PREFIX)) {
                (Some((_, command)), _) => Found::Command(command, Voice::Author),
                (None, Some((_, command))) => Found::Command(command, Voice::Program),
                (None, None) => Found::Text(Cow::Owned(command::plain(line, word))),
            },
        }
    }

    /// Says whether a line has anything that is looked at: most have not.
    pub(in super::super) fn concerns(&self, line: &str) -> bool {
        // Most lines have no `#` at all, and to look for one byte takes no preparation.
        let rest = memchr::memchr(b'#', line.as_bytes()).map(|at| &line.as_bytes()[at..]);
        let has = |looked_for: &[u8]| rest.is_some_and(|rest| memchr::memmem::find(rest, looked_for).is_some());
        match self {
            Self::All => has(b"##vso"),
            Self::Both(_) => has(b"##"),
            Self::Word(_) => has(b"##") || line.contains(ESCAPE),
        }
    }

    /// Returns masked text as the log keeps it. What a step prints that a payload reached may be the
    /// payload's text, so not even its colours are left to a terminal: escapes are spelled out.
    pub(in super::super) fn spelled(&self, text: String) -> String {
        match self {
            Self::Word(_) if text.contains(ESCAPE) => text.replace(ESCAPE, &ESCAPE.escape_default().to_string()),
            _ => text,
        }
    }

    /// Says whether a piece of a line may be the beginning of a command.
    pub(in super::super) fn may_begin(&self, piece: &str) -> bool {
        match self {
            Self::All => piece.contains(PREFIX),
            Self::Word(word) => piece.contains(&command::marked(word)),
            Self::Both(word) => piece.contains(PREFIX) || piece.contains(&command::marked(word)),
        }
    }

    /// Returns a line without the word, which nobody needs to see.
    pub(in super::super) fn without_word(&self, line: &str) -> String {
        match self {
            Self::All => line.to_owned(),
            Self::Word(word) | Self::Both(word) => command::plain(line, word),
        }
    }

    /// Returns the author's script with the word in each of its commands.
    pub(in super::super) fn written<'s>(&self, script: &'s str) -> Cow<'s, str> {
        match self {
            Self::Word(word) | Self::Both(word) => Cow::Owned(command::mark(script, word)),
            Self::All => Cow::Borrowed(script),
        }
    }
}

/// Returns a new word that nobody knows.
fn word() -> String {
    let mut word = [0; WORD_BYTES];
    getrandom::fill(&mut word).expect("the system gives random bytes");
    hex::encode(word)
}
