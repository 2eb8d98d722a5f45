//! Bytes to lines: bounded, valid UTF-8, without line breaks.

/// The most bytes of one line; a longer one becomes several. Far above what people read, and small
/// enough that a page or a terminal takes it.
pub const LINE_MAX: usize = 32 * 1024;

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output, and standard error where it is joined to it.
    Output,
    /// Standard error, where it is kept apart.
    Error,
}

/// One line, or a piece of one that is too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it was printed.
    pub stream: Stream,
    /// The text, without its line break; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Whether the line ends here; otherwise the next piece of the same stream goes on with it.
    pub ends: bool,
}

/// What was printed at once on one stream.
#[derive(Debug)]
pub(super) enum Printed {
    /// Lines, and pieces of such.
    Lines(Vec<Line>),
    /// Whole lines as they came: each has an LF at its end, none has a CR, none is longer than
    /// [`LINE_MAX`].
    Block(String),
}

/// Returns the lines of a block.
pub fn lines_of(stream: Stream, block: &str) -> Vec<Line> {
    let line = |text: &str| Line { stream, text: text.to_owned(), ends: true };
    block.split_terminator('\n').map(line).collect()
}

/// Splits what comes from one pipe. A line ends with LF, CR or both, as in the pipeline
/// language's own logs: a progress bar that redraws itself becomes one line a step.
pub(super) struct Splitter {
    stream: Stream,
    /// The beginning of a line whose end was not read yet; shorter than [`LINE_MAX`].
    begun: Vec<u8>,
    /// The last byte was a CR, so that an LF now belongs to it.
    after_return: bool,
}

impl Splitter {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, begun: Vec::new(), after_return: false }
    }

    pub(super) fn stream(&self) -> Stream {
        self.stream
    }

    /// Returns the lines that are complete with these bytes. Nearly all are in the block, copied at
    /// once; only what needs more than that is looked at line by line.
    pub(super) fn split(&mut self, bytes: &[u8]) -> Printed {
        if let Some((block, rest)) = self.block(bytes) {
            self.begun.clear();
            self.begun.extend_from_slice(rest);
            return Printed::Block(block);
        }
        let mut lines = Vec::new();
        self.split_each(bytes, &mut lines);
        Printed::Lines(lines)
    }

    /// Returns what was begun and all whole lines as one text, and what stands behind them; nothing
    /// where a line must be cut, or a byte be replaced or left out.
    fn block<'b>(&self, bytes: &'b [u8]) -> Option<(String, &'b [u8])> {
        let (whole, rest) = bytes.split_at(memchr::memrchr(b'\n', bytes)? + 1);
        if self.after_return || rest.len() >= LINE_MAX || memchr::memchr(b'\r', bytes).is_some() {
            return None;
        }
        let mut text = Vec::with_capacity(self.begun.len() + whole.len());
        text.extend_from_slice(&self.begun);
        text.extend_from_slice(whole);
        let mut at = 0;
        while at < text.len() {
            // Where the last line break in reach is, no line before it is too long.
            let reach = &text[at..text.len().min(at + LINE_MAX + 1)];
            at += memchr::memrchr(b'\n', reach)? + 1;
        }
        Some((String::from_utf8(text).ok()?, rest))
    }

    /// Adds the lines that are complete with these bytes, each by itself.
    fn split_each(&mut self, mut bytes: &[u8], lines: &mut Vec<Line>) {
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            if self.begun.is_empty() && end <= LINE_MAX {
                // Nearly all lines lie in one block, and are copied once.
                lines.push(self.line(&bytes[..end], true));
            } else {
                self.extend(&bytes[..end], lines);
                self.end(lines);
            }
            let after = &bytes[end + 1..];
            self.after_return = bytes[end] == b'\r' && after.is_empty();
            let is_pair = bytes[end] == b'\r' && after.first() == Some(&b'\n');
            bytes = &after[usize::from(is_pair)..];
        }
        self.extend(bytes, lines);
    }

    /// Adds the last line, if it did not end with a line break.
    pub(super) fn finish(&mut self, lines: &mut Vec<Line>) {
        if !self.begun.is_empty() {
            self.end(lines);
        }
    }

    fn extend(&mut self, mut bytes: &[u8], lines: &mut Vec<Line>) {
        while self.begun.len() + bytes.len() > LINE_MAX {
            let (now, later) = bytes.split_at(LINE_MAX - self.begun.len());
            self.begun.extend_from_slice(now);
            let rest = self.begun.split_off(whole_characters(&self.begun));
            self.push(false, lines);
            self.begun = rest;
            bytes = later;
        }
        self.begun.extend_from_slice(bytes);
    }

    fn end(&mut self, lines: &mut Vec<Line>) {
        self.push(true, lines);
    }

    fn line(&self, bytes: &[u8], ends: bool) -> Line {
        Line { stream: self.stream, text: String::from_utf8_lossy(bytes).into_owned(), ends }
    }

    fn push(&mut self, ends: bool, lines: &mut Vec<Line>) {
        lines.push(self.line(&self.begun, ends));
        self.begun.clear();
    }
}

/// Returns how many of the bytes are whole characters, so that a cut splits none. Bytes that are no
/// UTF-8 count as whole.
fn whole_characters(bytes: &[u8]) -> usize {
    let is_start = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    let last = bytes.len() - bytes.iter().rev().take(4).position(is_start).map_or(0, |back| back + 1);
    match std::str::from_utf8(&bytes[last..]) {
        Err(error) if error.error_len().is_none() && last > 0 => last,
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits blocks and returns the texts of the lines.
    fn split(blocks: &[&[u8]]) -> Vec<String> {
        let mut splitter = Splitter::new(Stream::Output);
        let mut lines = Vec::new();
        for block in blocks {
            match splitter.split(block) {
                Printed::Lines(single) => lines.extend(single),
                Printed::Block(block) => lines.extend(lines_of(Stream::Output, &block)),
            }
        }
        splitter.finish(&mut lines);
        lines.into_iter().map(|line| line.text).collect()
    }

    #[track_caller]
    fn check(blocks: &[&str], expected: &[&str]) {
        let blocks: Vec<&[u8]> = blocks.iter().map(|block| block.as_bytes()).collect();
        assert_eq!(split(&blocks), expected, "{blocks:?}");
    }

    #[test]
    fn every_kind_of_line_break_ends_a_line_once() {
        check(&["a\nb\r\nc\rd"], &["a", "b", "c", "d"]);
        check(&["a\r", "\nb"], &["a", "b"]);
        check(&["a\r", "", "\n\nb\n"], &["a", "", "b"]);
        check(&["a\r", "b\n"], &["a", "b"]);
        check(&["", "\n"], &[""]);
        check(&[], &[]);
    }

    #[test]
    fn characters_survive_blocks_and_cuts() {
        check(&["ein w\u{fc}"], &["ein wü"]);
        assert_eq!(split(&[b"w\xc3", b"\xbc\n"]), ["wü"]);
        assert_eq!(split(&[b"w\xc3", b"\xbc\nb\n\nc", b"d\n"]), ["wü", "b", "", "cd"]);
        let long = "ü".repeat(LINE_MAX) + "end";
        let pieces = split(&[b"x", long.as_bytes()]);
        assert!(pieces.iter().all(|piece| piece.len() <= LINE_MAX && !piece.contains('\u{fffd}')));
        assert_eq!(pieces.concat(), format!("x{long}"));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_bounded() {
        assert_eq!(split(&[b"a\xffb\n"]), ["a\u{fffd}b"]);
        let pieces = split(&[&vec![0x80; 3 * LINE_MAX], &vec![0xf0; LINE_MAX]]);
        assert_eq!(pieces.iter().map(|piece| piece.chars().count()).sum::<usize>(), 4 * LINE_MAX);
    }
}
