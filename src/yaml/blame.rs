//! Which line is at fault where a text is no YAML.
//!
//! A reader stops at the first character that fits nowhere, and that is often a line below the
//! mistake: the line that was indented wrongly still fitted, or a bracket was still open. This
//! looks at the lines around, and says what a person would.

use super::quoting;
use crate::diagnostic::shown;
use granit_parser::ErrorKind;
use std::ops::Range;

/// A text counts as one with even indentation if at most one line in so many has an odd one.
pub(super) const EVEN_SHARE: usize = 10;

/// The most blanks by which a block is indented, as far as this knows.
const STEP_MAX: usize = 8;

/// How many lines from the place where reading stopped on may have the tab that stopped it.
const TAB_LINES: usize = 2;

/// How many lines above the place where reading stopped a bracket may be open.
const OPEN_LINES_MAX: usize = 4;

/// What mends a tab before a line.
pub const WITHOUT_TABS: &str = "write blanks in place of the tab: in YAML a tab is no indentation";

/// How the help begins where it is known what a line lacks.
pub const WRITE: &str = "write `";

/// A line and what is wrong with it.
pub(super) struct Fault {
    /// Its bytes, without the blanks before and behind it.
    pub(super) place: Range<usize>,
    pub(super) label: String,
    pub(super) help: String,
    /// Another line that may be meant instead, and what it is.
    pub(super) other: Option<(Range<usize>, String)>,
}

/// Returns the line at fault, if it can be told better than by the place where reading stopped.
pub(super) fn find(text: &str, kind: &ErrorKind, stopped: usize) -> Option<Fault> {
    let lines = Lines::new(text);
    let at = lines.at(stopped)?;
    let of_value = || quoting::find(text, kind, stopped);
    if let Some(fault) = lines.out_of_block(text, at) {
        return Some(fault);
    }
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => lines.with_tab(at),
        // A quote above that is still open explains one that ends too early.
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::CommentNotSeparated => lines.unclosed_quote(at).or_else(of_value),
        _ => of_value().or_else(|| of_lines(&lines, kind, at)),
    }
}

/// Returns the line at fault by what stands around it.
fn of_lines(lines: &Lines<'_>, kind: &ErrorKind, at: usize) -> Option<Fault> {
    match kind {
        ErrorKind::MappingValueNotAllowed if let Some(fault) = lines.without_colon(at) => Some(fault),
        ErrorKind::MappingValueNotAllowed if let Some(fault) = lines.without_blank(at) => Some(fault),
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry => {
            lines.unclosed(at).or_else(|| lines.out_of_step(at)).or_else(|| lines.misplaced(at))
        }
        ErrorKind::InvalidColonPlacement
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofImplicitFlowMapping => lines.unclosed(at),
        ErrorKind::SimpleKeyExpected => lines.almost_key(at),
        ErrorKind::ExpectedDocumentStart => lines.first_indented(at),
        _ => None,
    }
}

/// The lines of a text that hold something.
pub(super) struct Lines<'t>(pub(super) Vec<Line<'t>>);

pub(super) struct Line<'t> {
    pub(super) start: usize,
    /// The number of blanks before it.
    pub(super) indentation: usize,
    pub(super) text: &'t str,
}

impl Line<'_> {
    pub(super) fn place(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    fn key(&self) -> &str {
        let text = self.content();
        text.split_once(':').map_or(text, |(key, _)| key)
    }

    /// Returns its text without the dash of an item.
    fn content(&self) -> &str {
        self.text.strip_prefix("- ").unwrap_or(self.text)
    }

    /// Says whether a block of text begins below it.
    fn begins_block_of_text(&self) -> bool {
        let style = self.text.rsplit(' ').next().unwrap_or_default();
        self.text.contains(": ") && style.starts_with(['|', '>']) && style[1..].trim_matches(['-', '+']).len() <= 1
    }

    /// Says whether it looks like a key, an item or a directive, and not like a line of a script.
    fn is_of_mapping(&self) -> bool {
        let key = self.content().split_once(':').filter(|(_, value)| value.is_empty() || value.starts_with(' '));
        self.text.starts_with("- ") || is_directive(self.content()) || key.is_some_and(|(key, _)| is_word(key))
    }

    /// Returns where its key stands, behind the dash of an item.
    pub(super) fn key_column(&self) -> usize {
        self.indentation + if self.text.starts_with("- ") { 2 } else { 0 }
    }
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut start = 0;
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim_start_matches(' ');
            let indentation = line.len() - trimmed.len();
            let text = trimmed.trim_end();
            if !text.is_empty() && !text.starts_with('#') {
                lines.push(Line { start: start + indentation, indentation, text });
            }
            start += line.len();
        }
        Self(lines)
    }

    /// Returns the line that holds a byte, or the last one before it.
    pub(super) fn at(&self, byte: usize) -> Option<usize> {
        self.0.iter().rposition(|line| line.start - line.indentation <= byte)
    }

    /// Returns the line that begins with a tab, where reading stopped or below that.
    fn with_tab(&self, at: usize) -> Option<Fault> {
        let line = self.0[at..].iter().take(TAB_LINES).find(|line| line.text.starts_with('\t'))?;
        let tabs = line.text.len() - line.text.trim_start().len();
        let place = line.start - line.indentation..line.start + tabs;
        Some(Fault { place, label: "this has a tab".to_owned(), help: WITHOUT_TABS.to_owned(), other: None })
    }

    /// Returns the line that was meant for a block of text and stands too far to the left for it, of those up to the
    /// one where reading stopped: it has ended the block, and what comes behind it is no YAML.
    fn out_of_block(&self, text: &str, at: usize) -> Option<Fault> {
        let head = self.0[..at].iter().rposition(Line::begins_block_of_text)?;
        let depth =
            self.0.get(head + 1).map(|first| first.indentation).filter(|depth| *depth > self.0[head].indentation)?;
        let left = head + 1 + self.0[head + 1..].iter().take_while(|line| line.indentation >= depth).count();
        let line = self.0.get(left).filter(|_| left <= at && left > head + 1)?;
        let returns = self.0.get(left + 1).is_some_and(|next| next.indentation >= depth);
        let is_between = line.indentation > self.0[head].key_column();
        if line.is_of_mapping() || !returns && !is_between {
            return None;
        }
        let number = |line: &Line<'_>| text[..line.start].matches('\n').count() + 1;
        let began =
            format!("the text that began at line {}, `{}`", number(&self.0[head]), shown(self.0[head].content()));
        Some(Fault {
            place: line.place(),
            label: format!("this is indented by {} and has left {began}", line.indentation),
            help: format!("indent it by {depth}, as the lines of that text above it"),
            other: None,
        })
    }

    /// Returns the line, from the one where reading stopped upwards, that opens a bracket and does
    /// not close it.
    fn unclosed(&self, at: usize) -> Option<Fault> {
        let near = at.saturating_sub(OPEN_LINES_MAX)..=at;
        let at = near.rev().find(|&at| open_bracket(self.0[at].text).is_some())?;
        let (offset, bracket) = open_bracket(self.0[at].text)?;
        let line = &self.0[at];
        let close = if bracket == '[' { ']' } else { '}' };
        let place = line.start + offset..line.start + line.text.len();
        let label = format!("`{bracket}` is not closed");
        Some(Fault { place, label, help: format!("write `{close}` at its end"), other: None })
    }

    /// Returns the line above if it would be a key but for its colon, or for the blank behind that: read as
    /// text, it goes on in the next line, and no key can stand there.
    fn without_colon(&self, at: usize) -> Option<Fault> {
        let (above, here) = (&self.0[at.checked_sub(1)?], &self.0[at]);
        let is_item = here.text.starts_with("- ");
        let is_beside = above.key_column() == here.indentation
            || is_item && above.indentation <= here.indentation
            || is_directive(above.content()) && above.indentation < here.indentation
            || !above.text.contains([' ', ':']) && above.indentation < here.indentation;
        let begins = above.text.starts_with("- ") || self.begins(at - 1);
        if is_beside && begins { self.almost_key(at - 1) } else { None }
    }

    /// Returns a line if it would be a key but for its colon, or for the blank behind that.
    fn almost_key(&self, at: usize) -> Option<Fault> {
        let line = &self.0[at];
        let text = line.content();
        if is_directive(text) {
            let help = format!("{WRITE}{}:`", shown(text));
            let label = "a colon is missing behind the directive".to_owned();
            return Some(Fault { place: line.place(), label, help, other: None });
        }
        let word = &text[..text.bytes().take_while(u8::is_ascii_alphabetic).count()];
        let rest = &text[word.len()..];
        if word.is_empty() || text.contains(": ") || text.ends_with(':') {
            return None;
        }
        let (label, value) = match rest.strip_prefix(':') {
            Some(value) => ("a blank is missing behind the colon", value),
            None if rest.is_empty() || rest.starts_with(' ') => {
                ("a colon is missing behind the key", rest.trim_start())
            }
            None => ("a key is followed by a colon, not by `=`", rest.strip_prefix('=')?.trim_start()),
        };
        let help =
            if value.is_empty() { format!("{WRITE}{word}:`") } else { format!("{WRITE}{word}: {}`", shown(value)) };
        Some(Fault { place: line.place(), label: label.to_owned(), help, other: None })
    }

    /// Returns the first line of a text if only that and what belongs to it is indented.
    fn first_indented(&self, at: usize) -> Option<Fault> {
        (self.0[0].indentation > 0 && self.0[at].indentation == 0).then(|| self.moved(0, 0))
    }

    /// Returns the line above whose value begins with a quote that the line where reading stopped closed.
    fn unclosed_quote(&self, at: usize) -> Option<Fault> {
        let opened = |line: &Line<'_>| {
            let value = line.text.find(": ").map_or(line.key_column() - line.indentation, |colon| colon + 2);
            let quote = line.text[value..].chars().next().filter(|first| ['\'', '"'].contains(first))?;
            (line.text.matches(quote).count() % 2 == 1).then_some((value, quote))
        };
        let (line, (offset, quote)) = self.0[..at].iter().rev().find_map(|line| Some((line, opened(line)?)))?;
        Some(Fault {
            place: line.start + offset..line.start + line.text.len(),
            label: format!("`{quote}` is not closed"),
            help: format!("write `{quote}` at its end"),
            other: None,
        })
    }

    /// Returns the line that should begin a block of text and lacks the blank before `|` or `>`.
    fn without_blank(&self, at: usize) -> Option<Fault> {
        let is_it = |line: &&Line<'_>| {
            let (word, style) = line.content().split_once(':').unwrap_or_default();
            is_word(word) && style.starts_with(['|', '>']) && style.len() <= 3
        };
        let line = self.0[..at].iter().rev().find(|line| line.indentation < self.0[at].indentation).filter(is_it)?;
        let help = format!("{WRITE}{}`", shown(&line.text.replacen(':', ": ", 1)));
        Some(Fault { place: line.place(), label: "a blank is missing behind the colon".to_owned(), help, other: None })
    }

    /// Says whether a line begins something of its own and is not more of the text above it.
    fn begins(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|before| &self.0[before]) else { return true };
        before.text.ends_with(':') || before.key_column() >= self.0[at].indentation
    }

    /// Returns the one line near the place whose indentation is odd in a text that has even ones.
    fn out_of_step(&self, at: usize) -> Option<Fault> {
        let is_odd = |line: &Line<'_>| line.indentation % 2 == 1;
        let odd_lines = self.0.iter().filter(|line| is_odd(line)).count();
        let around = self.0[..at].iter().rposition(|line| line.indentation < self.0[at].indentation);
        let near = around.unwrap_or(0)..=(at + 1).min(self.0.len() - 1);
        let mut odd = near.filter(|&at| is_odd(&self.0[at]));
        let (at, others) = (odd.next()?, odd.next());
        if others.is_some() || odd_lines * EVEN_SHARE > self.0.len() {
            return None;
        }
        let own = self.0[at].indentation;
        let around = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|at| self.0.get(at));
        let wanted = around.map(Line::key_column).find(|column| column.abs_diff(own) == 1)?;
        Some(self.moved(at, wanted))
    }

    /// Returns the line that is indented otherwise than its neighbours, or has both a value and
    /// lines below it.
    fn misplaced(&self, at: usize) -> Option<Fault> {
        let here = &self.0[at];
        let above = self.0.get(at.checked_sub(1)?)?;
        let is_item = here.text.starts_with("- ");
        if here.indentation > above.key_column() || is_item && here.indentation == above.indentation {
            return (!above.text.ends_with(':')).then(|| self.below_value(at));
        }
        if is_item && let Some(fault) = self.before_item(at) {
            return Some(fault);
        }
        self.too_far_right(at).or_else(|| self.too_far_left(at)).or_else(|| self.odd_one_of_block(at))
    }

    /// A line stands below one that has a value: the line above stands too far to the left, or should
    /// have no value, or this line stands too far to the right.
    fn below_value(&self, at: usize) -> Fault {
        let (above, here) = (at - 1, &self.0[at]);
        if here.text.starts_with("- ") {
            return self.with_value(above);
        }
        if let Some(wanted) = self.left_of_its_block(at) {
            return self.moved(above, wanted);
        }
        if self.begins_block_elsewhere(above) || self.begins_block(at) {
            return self.with_value(above);
        }
        let wanted = self.0[above].key_column();
        let other = Some((self.0[above].place(), "or this has no value".to_owned()));
        Fault { other, ..self.moved(at, wanted) }
    }

    /// Returns the indentation that the line above should have if it belongs to the block before it.
    fn left_of_its_block(&self, at: usize) -> Option<usize> {
        let (above, here) = (&self.0[at - 1], &self.0[at]);
        if above.text.starts_with("- ") {
            return None;
        }
        if let Some(item) = self.item_around(at - 1) {
            return Some(item.key_column());
        }
        let before = self.0.get(at.checked_sub(2)?)?;
        let is_first = before.text.ends_with(':') && before.key_column() == above.indentation;
        let is_sibling = before.key_column() == here.indentation && !self.begins_block_elsewhere(at - 1);
        (is_first || is_sibling).then_some(here.indentation)
    }

    /// Returns the item of a list whose mark has the column of a key behind it: no key can stand there.
    fn item_around(&self, at: usize) -> Option<&Line<'t>> {
        let line = &self.0[at];
        let around = self.0[..at].iter().rfind(|other| other.indentation <= line.indentation)?;
        let is_item = around.indentation == line.indentation && around.text.starts_with("- ");
        (is_item && !line.text.starts_with("- ")).then_some(around)
    }

    /// Says whether the key of a line has a block below it at another place of the text.
    fn begins_block_elsewhere(&self, at: usize) -> bool {
        let key = self.0[at].key();
        self.0.iter().enumerate().any(|(other, line)| other != at && line.key() == key && line.text.ends_with(':'))
    }

    /// Says whether lines at the place of this one make a block: this one with what is below it, or
    /// others beside it.
    fn begins_block(&self, at: usize) -> bool {
        let here = &self.0[at];
        let Some(next) = self.0.get(at + 1) else { return false };
        if here.text.ends_with(':') {
            return Some(next.indentation) == self.step().map(|step| here.indentation + step);
        }
        let follows = self.0[at + 1..].iter().find(|line| line.indentation <= here.indentation);
        follows.is_some_and(|line| line.indentation == here.indentation)
    }

    /// Returns the key before an item of a list that separates it from its list: the key is indented
    /// further than the list that it begins, or as little as the items before.
    fn before_item(&self, at: usize) -> Option<Fault> {
        let wanted = self.0[at].indentation;
        let above = self.0.get(at.checked_sub(1)?)?;
        if above.text.ends_with(':') && above.key_column() > wanted {
            return Some(self.moved(at - 1, wanted));
        }
        let between = self.0[..at].iter().rposition(|line| line.indentation <= wanted)?;
        let list = self.0[..between].iter().rposition(|line| line.indentation <= wanted)?;
        let is_item = |line: &Line<'_>| line.indentation == wanted && line.text.starts_with("- ");
        let is_key = self.0[between].indentation == wanted && !is_item(&self.0[between]);
        (is_key && is_item(&self.0[list])).then(|| self.moved(between, self.0[list].key_column()))
    }

    /// Returns the first line of a block if it alone stands further to the right than blocks of this
    /// text do, or the line around the block if that stands where no key can.
    fn too_far_right(&self, at: usize) -> Option<Fault> {
        let here = self.0[at].indentation;
        let around = self.0[..at].iter().rposition(|line| line.indentation < here)?;
        if let Some(item) = self.item_around(around) {
            return Some(self.moved(around, item.key_column()));
        }
        let usual = self.0[around].key_column() + self.step()?;
        let (first, others) = self.0[around + 1..at].split_first()?;
        let is_alone = others.iter().all(|line| line.indentation != first.indentation)
            && others.first().is_none_or(|line| line.indentation < first.indentation);
        (here == usual && first.indentation > here && is_alone).then(|| self.moved(around + 1, usual))
    }

    /// Returns by how much most blocks of the text are indented.
    pub(super) fn step(&self) -> Option<usize> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1)).filter(|(line, _)| line.text.ends_with(':'));
        let steps = pairs.filter_map(|(line, next)| next.indentation.checked_sub(line.key_column()));
        let mut counts = [0_usize; STEP_MAX + 1];
        steps.filter(|step| (1..=STEP_MAX).contains(step)).for_each(|step| counts[step] += 1);
        (1..=STEP_MAX).filter(|step| counts[*step] > 0).max_by_key(|step| counts[*step])
    }

    /// Returns the line around a block if it stands too far to the left: what is before it and what
    /// comes after its block have one indentation.
    fn too_far_left(&self, at: usize) -> Option<Fault> {
        let wanted = self.0[at].indentation;
        let around = self.0[..at].iter().rposition(|line| line.indentation < wanted)?;
        let before = self.0.get(around.checked_sub(1)?)?;
        let holds_block = self.0[around + 1].indentation > wanted;
        let is_alone = !self.0[around].text.starts_with("- ") && before.key_column() >= wanted;
        (holds_block && is_alone).then(|| self.moved(around, wanted))
    }

    /// The block above ended by going to the left, but not as far as the one around it: its first
    /// line stands too far to the right, or the last one too far to the left.
    fn odd_one_of_block(&self, at: usize) -> Option<Fault> {
        let here = self.0[at].indentation;
        let block = self.0[..at].iter().rposition(|line| line.indentation <= here).map_or(0, |around| around + 1);
        let first = self.0[block].indentation;
        if first <= here {
            return None;
        }
        let siblings = self.0[block..at].iter().filter(|line| line.indentation == first).count();
        let next = self.0[at + 1..].iter().map(|line| line.indentation).find(|next| *next == first || *next <= here);
        let is_first_odd = siblings == 1 && next != Some(first);
        Some(if is_first_odd { self.moved(block, here) } else { self.moved(at, first) })
    }

    fn moved(&self, at: usize, wanted: usize) -> Fault {
        let line = &self.0[at];
        Fault {
            place: line.place(),
            label: format!("this is indented by {}, the lines around it by {wanted}", line.indentation),
            help: "give all keys of a mapping the same indentation".to_owned(),
            other: None,
        }
    }

    fn with_value(&self, at: usize) -> Fault {
        let line = &self.0[at];
        Fault {
            place: line.place(),
            label: "this has a value, so nothing can stand below it".to_owned(),
            help: "remove the value, or give the next line the indentation of this one".to_owned(),
            other: None,
        }
    }
}

/// Says whether a text is a directive of a template, without the colon that makes it a key.
fn is_directive(text: &str) -> bool {
    let inside = text.strip_prefix("${{").and_then(|text| text.strip_suffix("}}")).map(str::trim_start);
    let word = inside.and_then(|inside| inside.split_whitespace().next());
    word.is_some_and(|word| ["if", "elseif", "else", "each", "insert"].contains(&word))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Returns the first bracket of a line's value that is not closed on it.
fn open_bracket(line: &str) -> Option<(usize, char)> {
    let value = line.find(": ").map_or_else(|| usize::from(line.starts_with("- ")) * 2, |colon| colon + 2);
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut quote = None;
    if !line[value..].trim_start().starts_with(['[', '{']) {
        return None;
    }
    for (offset, character) in line.char_indices().skip_while(|(offset, _)| *offset < value) {
        match (quote, character) {
            (Some(closing), _) if character == closing => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[' | '{') => open.push((offset, character)),
            (None, ']' | '}') => drop(open.pop()),
            _ => {}
        }
    }
    open.first().copied()
}
