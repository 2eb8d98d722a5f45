//! Logs as people see them: whole runs, with nothing in them that drives a terminal.

use crate::diagnostic::is_unprintable;
use crate::files::{LogReader, Logs};
use crate::store::{JobDetail, LogEnd, RunDetail};
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use std::borrow::Cow;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// How many pieces of a log wait to be sent; each is at most what a reader reads at once.
const PIECES_WAITING: usize = 2;

/// How many bytes are looked at without a branch.
const LOOKED_AT: usize = 256;

/// Returns one line as it may be shown: colours are kept, every other control character is
/// spelled out. The colours are those of steps that no payload reached: of others the worker has
/// spelled out all escapes.
pub fn harmless(line: &str) -> Cow<'_, str> {
    let is_harmless = |character: char| character == '\t' || !is_unprintable(character);
    if line.chars().all(is_harmless) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        let length = colour(rest).unwrap_or(0);
        if length > 0 {
            shown.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        match is_harmless(character) {
            true => shown.push(character),
            false => shown.extend(character.escape_default()),
        }
        rest = &rest[character.len_utf8()..];
    }
    Cow::Owned(shown)
}

/// Returns whole lines, each with an LF at its end, as [`harmless`] returns each of them. Nearly always
/// all of them are shown as they are, and then none is looked at by itself.
pub fn harmless_lines(lines: &str) -> Cow<'_, str> {
    let is_plain =
        |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & matches!(byte, b'\t' | b'\n' | b' '..=b'~'));
    if lines.as_bytes().chunks(LOOKED_AT).all(is_plain) {
        return Cow::Borrowed(lines);
    }
    Cow::Owned(lines.split_terminator('\n').flat_map(|line| [harmless(line), "\n".into()]).collect())
}

/// Returns the length of the colour sequence that a text begins with (ECMA-48, 8.3.117).
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|it: char| !it.is_ascii_digit() && it != ';' && it != ':')?;
    parameters[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
}

/// The log of a whole run as the body of an answer, read while it is sent.
pub(super) struct LogBody(mpsc::Receiver<io::Result<Bytes>>);

impl LogBody {
    /// Starts reading.
    pub(super) fn new(logs: &Arc<Logs>, run: RunDetail) -> io::Result<Self> {
        let jobs = run.stages.into_iter().flat_map(|stage| stage.jobs);
        let read = jobs.map(|job| Ok((logs.reader(&run.run.id, &job.id)?, job)));
        let all = read.collect::<io::Result<Vec<_>>>()?;
        let (sender, receiver) = mpsc::channel(PIECES_WAITING);
        tokio::task::spawn_blocking(move || send_all(all, &sender));
        Ok(Self(receiver))
    }
}

impl MessageBody for LogBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.0.poll_recv(context)
    }
}

/// Sends what there is, until the reader of the answer has gone.
fn send_all(logs: Vec<(LogReader, JobDetail)>, sender: &mpsc::Sender<io::Result<Bytes>>) {
    for (mut reader, job) in logs {
        let mut end = LogEnd::default();
        loop {
            let piece = match reader.piece() {
                Ok(piece) => {
                    let lines = end.piece(&job, piece);
                    Ok(lines.iter().flat_map(|line| [harmless(&line.text), "\n".into()]).collect::<String>())
                }
                Err(error) => {
                    tracing::error!(%error, "a log could not be read to its end");
                    Err(error)
                }
            };
            if piece.as_ref().is_ok_and(String::is_empty) {
                break;
            }
            let is_failure = piece.is_err();
            if sender.blocking_send(piece.map(Bytes::from)).is_err() || is_failure {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, shown: &str) {
        assert_eq!(harmless(line), shown);
    }

    #[test]
    fn colours_are_kept_and_everything_else_is_spelled_out() {
        check("plain\ttext ü", "plain\ttext ü");
        check("\u{1b}[1;31mred\u{1b}[0m", "\u{1b}[1;31mred\u{1b}[0m");
        check("\u{1b}[2Jcleared", "\\u{1b}[2Jcleared");
        check("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}");
        check("\u{1b}[31", "\\u{1b}[31");
        check("\u{1b}", "\\u{1b}");
        check("a\u{202e}b\rc", "a\\u{202e}b\\rc");
    }

    #[test]
    fn lines_together_are_shown_as_each_of_them() {
        let long = "plain\ttext\n".repeat(100);
        for lines in ["", "\n", "a\n\nb\n", "\u{1b}[1mred\u{1b}[0m\nü\u{7}\n", &long, &format!("{long}\u{9b}\n{long}")]
        {
            let each: String = lines.split_terminator('\n').map(|line| format!("{}\n", harmless(line))).collect();
            assert_eq!(harmless_lines(lines), each);
        }
        assert_eq!(harmless_lines("a\n\u{1b}]0;x\u{7}\n"), "a\n\\u{1b}]0;x\\u{7}\n");
    }
}
