//! From YAML text to the spanned tree.
//!
//! The reader gives events with byte offsets; this file builds nodes of them with a stack of its
//! own, so that depth costs no stack of the machine, and adds the rules of the dialect. It stops
//! at the reader's first error, since what follows one is guesswork.

use super::{Content, DEPTH_MAX, Entry, FILE_MAX, NODES_MAX, Node, Scalar, Style, blame};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Label, SourceId, Span, shown, shown_sentence};
use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError};
use std::collections::HashMap;
use std::ops::Range;

/// The key by which YAML puts one mapping into another.
const MERGE: &str = "<<";
/// A value has an anchor and a tag, in either order.
const PROPERTIES_MAX: usize = 2;

/// Returns the tree of the one document in `text`, and reports what is wrong with it. `None`
/// means that there is no tree; an empty text is an empty plain scalar.
///
/// A tree can come with errors (a duplicate key, an anchor): it serves to find more mistakes, and
/// must not be used otherwise.
pub fn parse(text: &str, source: SourceId, diagnostics: &mut Diagnostics) -> Option<Node> {
    if text.len() > FILE_MAX {
        let title = format!("the file has {} bytes, {FILE_MAX} are allowed", text.len());
        diagnostics.push(Diagnostic::error(Code::YamlLimit, title, Span::new(source, 0, 0), ""));
        return None;
    }
    let byte_order_mark = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let builder =
        Builder { source, shift: byte_order_mark, text, diagnostics, stack: Vec::new(), root: None, nodes: 0 };
    builder.build(&text[byte_order_mark..])
}

/// A list or mapping whose end has not come yet.
enum Open {
    Sequence { span: Span, items: Vec<Node> },
    Mapping { span: Span, entries: Vec<Entry>, key: Option<Node>, seen: HashMap<String, Span> },
}

struct Builder<'d> {
    source: SourceId,
    /// What lies before the reader's first byte.
    shift: usize,
    /// The whole text.
    text: &'d str,
    diagnostics: &'d mut Diagnostics,
    stack: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

/// Reading can't go on; the reason has been reported.
struct Stop;

impl Builder<'_> {
    fn build(mut self, text: &str) -> Option<Node> {
        let mut options = Options::default();
        options.set_emit_comments(false);
        // No alias is part of the language, so that one without an anchor hides nothing behind it.
        options.emit_unresolved_aliases = true;
        for next in Parser::new_from_str_with_options(text, options) {
            let step = match next {
                Ok((event, span)) => self.event(event, self.span(span)),
                Err(error) => {
                    self.unreadable(&error);
                    Err(Stop)
                }
            };
            if step.is_err() {
                return None;
            }
        }
        let nothing = Span::new(self.source, self.shift, self.shift);
        Some(self.root.unwrap_or_else(|| plain("", nothing)))
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.error(Code::YamlSyntax, "a file holds one document, a second one begins here", span);
                Err(Stop)
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) if self.is_merging() => self.value(plain("", span)),
            Event::Alias(_) => {
                self.unknown(Code::YamlAnchor, "aliases are not part of the pipeline language", span);
                self.value(plain("", span))
            }
            Event::UnresolvedAlias(name) => {
                self.without_anchor(&name, span);
                self.value(plain("", span))
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.properties(anchor, tag.is_some(), span);
                // The reader writes `~` where nothing was written.
                let text = if span.start == span.end && style == ScalarStyle::Plain { "".into() } else { text };
                let scalar = Scalar { text: text.into(), style: self::style(style) };
                self.joined_item(&scalar, span);
                self.value(Node { span, content: Content::Scalar(scalar) })
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.properties(anchor, tag.is_some(), span);
                self.open(Open::Sequence { span, items: Vec::new() }, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.properties(anchor, tag.is_some(), span);
                let mapping = Open::Mapping { span, entries: Vec::new(), key: None, seen: HashMap::new() };
                self.open(mapping, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open, span: Span) -> Result<(), Stop> {
        if self.stack.len() == DEPTH_MAX {
            self.too_deep(span);
            return Err(Stop);
        }
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Stop> {
        let node = match self.stack.pop().expect("the reader closes only what it opened") {
            Open::Sequence { span, items } => {
                let last = items.last().map(|item| item.span.end);
                Node { span: self.until(span, end, last), content: Content::Sequence(items) }
            }
            Open::Mapping { span, entries, .. } => {
                let last = entries.last().map(|entry| entry.value.span.end.max(entry.key.span.end));
                Node { span: self.until(span, end, last), content: Content::Mapping(entries) }
            }
        };
        self.value(node)
    }

    /// The place of a collection ends with its closing bracket, or with its last item.
    fn until(&self, start: Span, end: Span, last: Option<u32>) -> Span {
        let end = if end.end > end.start { end.end } else { last.unwrap_or(start.end) };
        Span { end: end.max(start.start), ..start }
    }

    fn value(&mut self, node: Node) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            self.error(Code::YamlLimit, &format!("more than {NODES_MAX} keys and values"), node.span);
            return Err(Stop);
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { key: key @ None, .. }) => {
                *key = Some(node);
                self.check_key();
            }
            Some(Open::Mapping { entries, key, .. }) => {
                let key = key.take().expect("a value follows its key");
                entries.push(Entry { key, value: node });
            }
        }
        Ok(())
    }

    /// Reports a key that is no text, a merge key, and a key that was there before. Keys with
    /// expressions in them are compared after expansion.
    fn check_key(&mut self) {
        let Some(Open::Mapping { key: Some(key), seen, .. }) = self.stack.last_mut() else {
            return;
        };
        let span = key.span;
        let Content::Scalar(scalar) = &key.content else {
            // Braces in braces are one mistake, told of the inner ones.
            let is_told = key.entries().is_some_and(|it| it.iter().any(|entry| entry.key.is_unread_key()));
            *key = plain("", span);
            if is_told {
                return;
            }
            let wrong = Diagnostic::error(Code::WrongType, "a key must be text", span, "");
            let (before, written) = (self.text.get(..span.range().start), self.text.get(span.range()));
            // Braces in braces: an expression whose first character was forgotten.
            let inner = written.and_then(|it| it.strip_prefix('{')?.strip_suffix('}'));
            self.diagnostics.push(match (before, inner) {
                (Some(before), Some(inner)) if before.trim_end().ends_with('{') => {
                    let help = format!("begin an expression with `$`: `${{{{ {} }}}}`", shown(inner.trim()));
                    Diagnostic { primary: Some(Label { span, text: "this is a mapping".to_owned() }), ..wrong }
                        .help(help)
                }
                _ => wrong,
            });
            return;
        };
        if &*scalar.text == MERGE && scalar.style == Style::Plain {
            *key = plain("", span);
            self.error(Code::YamlAnchor, "merge keys are not part of the pipeline language", span);
            return;
        }
        if scalar.text.contains("${{") || scalar.text.contains("$<<") {
            return;
        }
        if let Some(first) = seen.insert(scalar.text.to_lowercase(), span) {
            let title = format!("the key `{}` is here twice", shown(&scalar.text));
            let duplicate = Diagnostic::error(Code::DuplicateKey, title, span, "the second time");
            self.diagnostics.push(duplicate.related(first, "the first time"));
        }
    }

    /// Warns of an item of a list that is read as more of the text above it, since it stands deeper than that.
    fn joined_item(&mut self, scalar: &Scalar, span: Span) {
        let is_item = matches!(self.stack.last(), Some(Open::Sequence { .. }));
        // An expression that items follow lacks the colon of a directive.
        if !is_item || scalar.text.starts_with("${{") || scalar.style != Style::Plain || !scalar.text.contains(" - ") {
            return;
        }
        let written = self.text.get(span.range()).unwrap_or_default();
        let mut start = span.range().start;
        for line in written.split_inclusive('\n') {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            if start > span.range().start && line[blanks..].starts_with("- ") {
                let place = Span::new(self.source, start + blanks, start + line.trim_end().len());
                let title = "an item of a list stands deeper than the one above, and is read as more of its text";
                let joined = Diagnostic::warning(Code::Indentation, title, place, "this is no item of its own");
                self.diagnostics.push(joined.help("give all items of a list the same depth"));
            }
            start += line.len();
        }
    }

    /// Says whether a value belongs to a merge key, which has been reported.
    fn is_merging(&self) -> bool {
        let Some(Open::Mapping { key: Some(key), .. }) = self.stack.last() else { return false };
        self.text.get(key.span.range()) == Some(MERGE)
    }

    fn properties(&mut self, anchor: usize, tagged: bool, span: Span) {
        if anchor != 0 {
            let place = self.property('&', span);
            self.unknown(Code::YamlAnchor, "anchors are not part of the pipeline language", place);
        }
        if tagged {
            let place = self.property('!', span);
            self.unknown(Code::YamlTag, "tags are not part of the pipeline language", place);
        }
    }

    /// Returns where the anchor or the tag of a value stands: before it, perhaps on another line.
    fn property(&self, mark: char, value: Span) -> Span {
        let mut before = without_comments(self.text.get(..value.range().start).unwrap_or_default());
        for _ in 0..PROPERTIES_MAX {
            let ends = |it: char| it.is_whitespace() || "[{,".contains(it);
            let start = before.rmatch_indices(ends).next().map_or(0, |(at, end)| at + end.len());
            let word = &before[start..];
            if word.starts_with(mark) {
                return Span::new(self.source, start, before.len());
            }
            if !word.starts_with(['&', '!']) {
                break;
            }
            before = without_comments(&before[..start]);
        }
        value
    }

    fn error(&mut self, code: Code, title: &str, span: Span) {
        self.diagnostics.push(Diagnostic::error(code, title, span, ""));
    }

    /// Reports what YAML has and the language has not.
    fn unknown(&mut self, code: Code, title: &str, span: Span) {
        let help = match code {
            Code::YamlTag => "remove it: what a value is follows from where it stands",
            _ => "write the value where it is used, or pass it to a template",
        };
        self.diagnostics.push(Diagnostic::error(code, title, span, "").help(help));
    }

    /// Reports an alias that no anchor has: a pattern of files or branches without its quotes, if it looks so.
    fn without_anchor(&mut self, name: &str, span: Span) {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.bytes().all(is_word) {
            return self.unknown(Code::YamlAnchor, "aliases are not part of the pipeline language", span);
        }
        let title = format!("a text that begins with `*` stands in quotes: `*{}`", shown(name));
        let bare = Diagnostic::error(Code::YamlAnchor, title, span, "YAML takes this for an alias");
        self.diagnostics.push(bare.help(format!("write `'*{}'`", shown(name))));
    }

    /// Reports the reader's error with its own words, at the line at fault if that can be told,
    /// else at one character. The reader looks ahead,
    /// so it meets its own limit of depth before this file meets [`DEPTH_MAX`].
    fn unreadable(&mut self, error: &ScanError) {
        let start = (self.shift + error.marker().byte_offset().unwrap_or(0)).min(self.text.len());
        let span = Span::new(self.source, start, (start + 1).min(self.text.len()));
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            self.too_deep(span);
            return;
        }
        let title = format!("this is not YAML: {}", shown_sentence(&error.info()));
        let stopped = "reading stopped here";
        let fault = blame::find(self.text, error.kind(), start);
        self.forget_duplicates(self.line(fault.as_ref().map_or(start, |fault| fault.place.start)));
        self.diagnostics.push(match fault {
            Some(fault) => {
                let place = Span::new(self.source, fault.place.start, fault.place.end);
                let mut wrong = Diagnostic::error(Code::YamlSyntax, title, place, fault.label).help(fault.help);
                if let Some((other, label)) = fault.other {
                    wrong = wrong.related(Span::new(self.source, other.start, other.end), label);
                }
                if place.start <= span.start && span.start <= place.end { wrong } else { wrong.related(span, stopped) }
            }
            None => Diagnostic::error(Code::YamlSyntax, title, span, stopped),
        });
    }

    /// Returns the line around a place.
    fn line(&self, at: usize) -> Range<usize> {
        let (before, after) = self.text.split_at_checked(at).unwrap_or((self.text, ""));
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        start..before.len() + after.find('\n').unwrap_or(after.len())
    }

    /// Takes back that keys of a line are there twice, and what was said of depths: the text was meant in
    /// another way.
    fn forget_duplicates(&mut self, line: Range<usize>) {
        let own = std::mem::take(self.diagnostics);
        let is_here = |it: &Diagnostic| it.primary.as_ref().is_some_and(|label| label.span.source == self.source);
        let is_on = |it: &Diagnostic| it.primary.as_ref().is_some_and(|it| line.contains(&it.span.range().start));
        let follows = |it: &Diagnostic| match it.code {
            Code::DuplicateKey => is_here(it) && is_on(it),
            Code::Indentation => is_here(it),
            _ => false,
        };
        *self.diagnostics = own.into_iter().filter(|it| !follows(it)).collect();
    }

    fn too_deep(&mut self, span: Span) {
        self.error(Code::YamlLimit, &format!("more than {DEPTH_MAX} levels of lists and mappings"), span);
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let byte = |marker: granit_parser::Marker| self.shift + marker.byte_offset().unwrap_or(0);
        Span::new(self.source, byte(span.start), byte(span.end).max(byte(span.start)))
    }
}

/// Returns a text that ends with an anchor or a tag up to its end: without the blanks, the lines of
/// comments and the comment behind it.
fn without_comments(text: &str) -> &str {
    let mut text = text.trim_end();
    loop {
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        let is_property = |before: &str| {
            let word = before.rsplit(|it: char| it.is_whitespace() || "[{,".contains(it)).next();
            word.is_some_and(|word| word.starts_with(['&', '!']))
        };
        if line > 0 && text[line..].trim_start().starts_with('#') {
            text = text[..line].trim_end();
            continue;
        }
        let mut comments = text[line..].match_indices('#').map(|(at, _)| &text[..line + at]);
        let behind_property = |it: &&str| it.ends_with([' ', '\t']) && is_property(it[line..].trim_end());
        return comments.find(behind_property).map_or(text, str::trim_end);
    }
}

fn plain(text: &str, span: Span) -> Node {
    Node { span, content: Content::Scalar(Scalar { text: text.into(), style: Style::Plain }) }
}

fn style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}
