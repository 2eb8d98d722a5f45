//! One mistake, one report: what follows from a mistake is found by mending it.
//!
//! A line at a wrong depth, or a word that is misspelt, makes other places of a file wrong that are none. Where a
//! mistake has a mend, the file is judged again as it would be with that: what is gone then has followed from it,
//! and is not told; what was mended is told, in the place where it is.
//!
//! Two mends are tried. A line near a mistake is moved to the depth of those around it, or given a dash, or rid of
//! one, and a word is written as its report says. A mend counts only if it leaves fewer mistakes and brings no other ones.

use super::possible::REJECTED;
use super::sure::BY_DEFAULT;
use crate::diagnostic::{
    Code, Diagnostic, Diagnostics, Label, Severity, Source, SourceId, SourceMap, Span, nearest, proposed, shown,
};
use crate::yaml::{self, Dash, Shift};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// How often a file is judged again to find what is wrong with it, and how much text is read for that: what a
/// judgement costs grows with all that is judged.
const JUDGED_MAX: usize = 64;
const JUDGED_BYTES_MAX: usize = 512 * 1024;
/// How many moved lines are tried for one that is judged: most make no YAML.
const TRIED_MAX: usize = 4;
/// How many lines of one file are moved, one after the other.
const MOVED_MAX: usize = 4;
/// The most mistakes of a pipeline for which mends are looked for: all of them are compared after each.
const TOLD_MAX: usize = 200;
/// The most bytes of a file in which mends are looked for: what judging it again costs grows with it.
const TEXT_MAX: usize = 128 * 1024;

/// What the reader says of a text that goes on behind its end.
const WITHOUT_BEGINNING: &str = "<document start>";

/// Mistakes in how the parts of a file fit together, which a line at a wrong depth makes.
const OF_STRUCTURE: [Code; 9] = [
    Code::YamlSyntax,
    Code::DuplicateKey,
    Code::Indentation,
    Code::Directive,
    Code::UnknownKey,
    Code::MissingKey,
    Code::WrongType,
    Code::FirstKey,
    Code::UnknownParameter,
];

/// Notes that say which runs have a mistake.
const OF_RUNS: [&str; 2] = [BY_DEFAULT, REJECTED];

/// What machines and the configuration lack is looked for only where the rest is right.
const OF_MACHINES: [Code; 4] = [Code::NoEffect, Code::MissingProgram, Code::UnknownGroup, Code::UnservedPool];

/// Mistakes that a wrong mend makes, and that hide others.
const HIDING: [Code; 2] = [Code::YamlSyntax, Code::DuplicateKey];

/// A file with another text.
pub(super) struct Changed {
    /// The name by which its readers know it.
    pub(super) name: Arc<str>,
    pub(super) text: Arc<str>,
}

/// What is wrong with files, and their texts.
pub(super) type Judged = (SourceMap, Diagnostics);

/// What tells one mistake from another, whatever else is wrong: file, line, code and title.
type Mark = (Arc<str>, usize, Code, String);

/// Returns what is wrong with files without what follows from other mistakes. `judge` says what would be wrong if
/// one of them were changed; `None` where it can't be judged.
pub(super) fn explained(
    sources: &SourceMap,
    diagnostics: Diagnostics,
    judge: &dyn Fn(&Changed) -> Option<Judged>,
) -> Diagnostics {
    // Each judgement would take as long as the limit lets it.
    let count = diagnostics.iter().filter(|it| is_told(it)).count();
    if diagnostics.iter().any(|it| it.code == Code::ExpansionLimit) || !(1..=TOLD_MAX).contains(&count) {
        return diagnostics;
    }
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    let mut mender = Mender { judge, left: (JUDGED_BYTES_MAX / bytes.max(1)).clamp(1, JUDGED_MAX) };
    let mut told = diagnostics;
    let files: BTreeSet<SourceId> = told.iter().filter(|it| is_told(it)).filter_map(source_of).collect();
    for id in files {
        let Some(source) = sources.source(id).filter(|source| source.text.len() <= TEXT_MAX) else { continue };
        told = mender.with_words(source, id, sources, told);
        told = mender.with_lines(source, id, sources, told);
    }
    told
}

struct Mender<'m> {
    judge: &'m dyn Fn(&Changed) -> Option<Judged>,
    /// How often a file may still be judged.
    left: usize,
}

/// A text in which lines were moved, and what is wrong with it then.
struct State {
    text: Arc<str>,
    judged: Judged,
}

impl Mender<'_> {
    fn judged(&mut self, source: &Source, text: &Arc<str>) -> Option<Judged> {
        self.left = self.left.checked_sub(1)?;
        (self.judge)(&Changed { name: source.name.clone(), text: text.clone() })
    }

    /// Drops what is gone when a word is written as its report says.
    fn with_words(&mut self, source: &Source, id: SourceId, sources: &SourceMap, told: Diagnostics) -> Diagnostics {
        let mut told: Vec<Diagnostic> = told.into_iter().collect();
        let mut at = 0;
        while at < told.len() {
            let others = told.iter().filter(|it| is_told(it)).count() > 1;
            if let Some(text) =
                Some(&told[at]).filter(|it| others && source_of(it) == Some(id)).and_then(|it| respelt(it, source))
            {
                let own = told[at].clone();
                let before = marks(told.iter(), sources);
                let after = self.judged(source, &text.into()).map(|(sources, found)| marks(found.iter(), &sources));
                // What the mistake has hidden may come out: the report has said itself what mends it.
                let is_mended = |after: &HashSet<Mark>| {
                    let is_gone = mark(&own, sources).is_some_and(|own| !after.contains(&own));
                    is_gone && !after.iter().any(|it| HIDING.contains(&it.2) && !before.contains(it))
                };
                if let Some(after) = after.filter(is_mended) {
                    let stays = |it: &Diagnostic| {
                        *it == own || !is_told(it) || mark(it, sources).is_none_or(|mark| after.contains(&mark))
                    };
                    let (kept, followed): (Vec<_>, Vec<_>) = told.into_iter().partition(stays);
                    told = kept;
                    at = told.iter().position(|it| *it == own).unwrap_or(at);
                    weigh(&mut told[at], &followed);
                }
            }
            at += 1;
        }
        told.into_iter().collect()
    }

    /// Tells lines at wrong depths in place of what follows from them.
    fn with_lines(&mut self, source: &Source, id: SourceId, sources: &SourceMap, mut told: Diagnostics) -> Diagnostics {
        let mut state = State { text: source.text.clone(), judged: (sources.clone(), told.clone()) };
        for _ in 0..MOVED_MAX {
            let Some((shift, next)) = self.moved(source, &state) else { break };
            let before = marks(state.judged.1.iter(), &state.judged.0);
            let after = marks(next.judged.1.iter(), &next.judged.0);
            // Lines that were moved before have made the text longer or shorter, and no line of it another one.
            let line = line_at(&state.text, shift.place.start);
            let Some(place) = text_of_line(&source.text, line) else { break };
            let shift = shift.at(place);
            told = moved_instead(told, &before.difference(&after).cloned().collect(), &shift, id, sources);
            // What is behind a place where reading stopped was not known before; with another list or mapping than
            // before, lines that were right may be moved out of sight.
            if shift.dash() != Dash::Kept || before.iter().any(|(.., code, _)| *code == Code::YamlSyntax) {
                break;
            }
            state = next;
        }
        told
    }

    /// Returns the line to move after which the fewest mistakes are left, and what is left.
    fn moved(&mut self, source: &Source, state: &State) -> Option<(Shift, State)> {
        let (sources, found) = &state.judged;
        let own: Vec<&Diagnostic> =
            found.iter().filter(|it| is_told(it) && name_of(it, sources) == Some(&source.name)).collect();
        let may_be_depth = |it: &&&Diagnostic| OF_STRUCTURE.contains(&it.code) || it.code == Code::UnknownName;
        if !own.iter().any(|it| may_be_depth(&it)) || own.iter().all(|it| has_other_mend(it)) {
            return None;
        }
        let before = marks(found.iter(), sources);
        let is_read = !own.iter().any(|it| it.code == Code::YamlSyntax);
        let places = own.iter().flat_map(|it| it.primary.iter().chain(&it.related)).map(|label| label.span);
        let places = places.filter(|span| sources.source(span.source).is_some_and(|it| it.name == source.name));
        let mut shifts = yaml::shifts(&state.text, places.map(|span| span.range().start));
        shifts.sort_by_key(|shift| (!shift.is_usual, shift.distance));
        shifts.truncate(self.left * TRIED_MAX);
        let mut candidates: Vec<(usize, Shift, Arc<str>)> = shifts
            .into_iter()
            .filter_map(|shift| Some((shift.apply(&state.text)?, shift)))
            .map(|(text, shift)| (yaml::irregularity(&text), shift, text.into()))
            .collect();
        // What has been said of a line's depth goes before a guess.
        let said = own.iter().filter(|it| it.code == Code::Indentation).filter_map(|it| mark(it, sources));
        let said: HashSet<usize> = said.map(|(_, line, ..)| line).collect();
        // A key that is there twice begins another item.
        let twice = own.iter().filter(|it| it.code == Code::DuplicateKey).filter_map(|it| mark(it, sources));
        let twice: HashSet<usize> = twice.map(|(_, line, ..)| line).collect();
        let is_said = |shift: &Shift| {
            let line = line_at(&state.text, shift.place.start);
            said.contains(&line) || shift.dash() == Dash::Added && twice.contains(&line)
        };
        candidates.sort_by_key(|(irregularity, shift, _)| {
            (!is_said(shift), !shift.is_usual, shift.dash(), shift.is_of_block(), *irregularity, shift.distance)
        });
        let has_other_mend: HashSet<Mark> =
            own.iter().filter(|it| has_other_mend(it)).filter_map(|it| mark(it, sources)).collect();
        let mut best: Option<(usize, Shift, State)> = None;
        for (_, shift, text) in candidates {
            let Some(judged) = self.judged(source, &text) else { break };
            let after = marks(judged.1.iter(), &judged.0);
            let line = line_at(&state.text, shift.place.start);
            let is_of_file = |(name, _, code, _): &Mark| *name == source.name && OF_STRUCTURE.contains(code);
            let fits = match is_read {
                true => {
                    let of_language = |it: &&Mark| !OF_MACHINES.contains(&it.2);
                    let count = |marks: &HashSet<Mark>| marks.iter().filter(of_language).count();
                    let is_better = after.iter().filter(of_language).all(|it| before.contains(it))
                        && count(&after) < count(&before);
                    let is_still_wrong = after.iter().any(|it| is_of_file(it) && it.1 == line);
                    let within = Within::new(source, &state.text, &shift);
                    let is_other =
                        before.iter().any(|it| it.0 == source.name && it.1 == line && it.2 == Code::ExpressionSyntax);
                    let is_cause = |gone: &Mark| !has_other_mend.contains(gone) && within.may_depend_on_depth(gone);
                    let has_cause = before.difference(&after).any(is_cause);
                    // Below a key that is not known nothing is looked at: what goes there is hidden.
                    let parent = line_around(&state.text, line, shift.to);
                    let is_below = |it: &Mark| it.2 == Code::UnknownKey && it.0 == source.name && Some(it.1) == parent;
                    let hides = after.iter().any(|it| has_other_mend.contains(it) || is_below(it));
                    is_better && !is_still_wrong && !is_other && has_cause && !hides
                }
                false => !after.iter().any(is_of_file),
            };
            if fits && best.as_ref().is_none_or(|(count, ..)| after.len() < *count) {
                best = Some((after.len(), shift, State { text, judged }));
            }
            // Nothing is left to mend.
            let is_clean = best.as_ref().is_some_and(|(.., state)| {
                let (sources, found) = &state.judged;
                !found.iter().any(|it| it.severity == Severity::Error && name_of(it, sources) == Some(&source.name))
            });
            if is_clean {
                break;
            }
        }
        best.map(|(_, shift, state)| (shift, state))
    }
}

/// What moves with a line: what is wrong within it is as wrong at another depth, unless nothing looks at it there.
struct Within<'s> {
    source: &'s Source,
    line: usize,
    end: usize,
    is_directive: bool,
}

impl<'s> Within<'s> {
    fn new(source: &'s Source, text: &str, shift: &Shift) -> Self {
        // Whether a directive is an item decides what its branches may bring.
        let is_moved = shift.dash() == Dash::Kept;
        let is_directive = is_moved && text[shift.place.clone()].trim_start_matches(['-', ' ']).starts_with("${{");
        Self { source, line: line_at(text, shift.place.start), end: line_at(text, shift.end()), is_directive }
    }

    /// Says whether the depth of what moves may be why a mistake was told. What a branch brings is judged by where it
    /// goes, so of a directive that is its own line.
    fn may_depend_on_depth(&self, (name, line, code, _): &Mark) -> bool {
        let is_of_place = matches!(code, Code::UnknownName | Code::Directive | Code::DuplicateKey | Code::Indentation);
        let is_own = *name == self.source.name && *line == self.line;
        let is_below = *name == self.source.name && (self.line + 1..=self.end).contains(line);
        is_of_place || is_own || !self.is_directive && !is_below
    }
}

/// Returns what is told where a line is to be moved: what is gone then gives way to one report on that line.
fn moved_instead(
    told: Diagnostics,
    gone: &HashSet<Mark>,
    shift: &Shift,
    id: SourceId,
    sources: &SourceMap,
) -> Diagnostics {
    let is_gone = |it: &Diagnostic| is_told(it) && mark(it, sources).is_some_and(|mark| gone.contains(&mark));
    let (followed, mut kept): (Vec<Diagnostic>, Vec<Diagnostic>) = told.into_iter().partition(is_gone);
    let line = Span::new(id, shift.place.start, shift.place.end);
    let is_there = |it: &&Diagnostic| {
        it.primary.as_ref().is_some_and(|label| label.span.source == id && starts_on(label.span, line, sources))
    };
    let by_weight = |it: &&Diagnostic| {
        (Reverse(it.severity), !OF_STRUCTURE.contains(&it.code), it.primary.as_ref().map(|label| label.span))
    };
    let severity = followed.iter().map(|it| it.severity).max().unwrap_or(Severity::Error);
    let own = followed.iter().filter(is_there).min_by_key(by_weight).cloned();
    let report =
        own.or_else(|| followed.iter().min_by_key(by_weight).map(|first| misplaced(first, shift, line, sources)));
    // When a run has the mistake is as true of the line.
    let when = followed.iter().filter(|it| it.severity == severity).flat_map(|it| &it.notes);
    let when = when.filter(|note| OF_RUNS.contains(&note.as_str()));
    kept.extend(report.map(|mut report| {
        for note in when {
            if !report.notes.contains(note) {
                report.notes.push(note.clone());
            }
        }
        Diagnostic { severity, help: report.help.or(Some(help(shift))), ..report }
    }));
    kept.into_iter().collect()
}

/// Returns the report of a line at a wrong depth, given what follows from it.
fn misplaced(first: &Diagnostic, shift: &Shift, line: Span, sources: &SourceMap) -> Diagnostic {
    let label = match shift.dash() {
        Dash::Kept => format!("this is indented by {}, {} would fit", shift.from, shift.to),
        Dash::Added => "this is no item of a list: it has no dash".to_owned(),
        Dash::Removed => "the dash makes this an item of a list".to_owned(),
    };
    let there = first.primary.as_ref().map(|label| label.span);
    if first.code == Code::YamlSyntax {
        let report = Diagnostic { help: Some(help(shift)), related: Vec::new(), ..first.clone() };
        let report = Diagnostic { primary: Some(Label { span: line, text: label }), ..report };
        return there.into_iter().fold(report, |report, there| report.related(there, "reading stopped here"));
    }
    let text = sources.source(line.source).and_then(|source| source.text.get(line.range())).unwrap_or_default();
    let key = text.trim_start_matches("- ").split(": ").next().unwrap_or_default().trim_end_matches(':');
    let key = shown(key);
    let title = match shift.dash() {
        Dash::Kept if shift.to > shift.from => format!("`{key}` stands too far to the left"),
        Dash::Kept => format!("`{key}` stands too far to the right"),
        Dash::Added => format!("a dash is missing before `{key}`"),
        Dash::Removed => format!("no dash can stand before `{key}`"),
    };
    let report = Diagnostic::error(Code::Indentation, title, line, label).help(help(shift));
    let report = there.into_iter().fold(report, |report, there| report.related(there, first.title.clone()));
    Diagnostic { ways: first.ways.clone(), ..report }
}

fn help(shift: &Shift) -> String {
    match shift.dash() {
        Dash::Kept => {}
        Dash::Added if shift.to < shift.from => return "write `- ` in place of the two blanks before it".to_owned(),
        Dash::Added => return "write `- ` before it".to_owned(),
        Dash::Removed => return "remove the `- ` before it".to_owned(),
    }
    let what = if shift.is_of_block() { "this line, with what stands below it," } else { "this line" };
    let (count, side) = (shift.to.abs_diff(shift.from), if shift.to > shift.from { "right" } else { "left" });
    format!("move {what} {count} to the {side}")
}

/// Says whether a mistake is told, and is no fact for who asks.
fn is_told(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity > Severity::Note
}

/// Says whether it is known what would mend a mistake, and that is no other depth.
fn has_other_mend(diagnostic: &Diagnostic) -> bool {
    // All that is known of a text that begins and ends too early is that its first line is at fault.
    let is_of_beginning = diagnostic.code == Code::YamlSyntax && diagnostic.title.contains(WITHOUT_BEGINNING);
    let is_of_tab = diagnostic.help.as_deref() == Some(yaml::WITHOUT_TABS);
    // What is missing in a line is written there.
    let is_of_mark = diagnostic.code == Code::YamlSyntax
        && diagnostic.help.as_deref().is_some_and(|help| help.starts_with(yaml::WRITE));
    is_of_beginning || is_of_tab || is_of_mark || diagnostic.help.as_deref().and_then(proposed).is_some()
}

/// Makes a report as grave as what has followed from its mistake: a key that has no effect is an error where
/// another one is missing for it.
fn weigh(report: &mut Diagnostic, followed: &[Diagnostic]) {
    let graver = followed.iter().filter(|it| it.severity > report.severity).max_by_key(|it| it.severity);
    if let Some(graver) = graver {
        report.severity = graver.severity;
        report.notes.push(graver.title.clone());
    }
}

/// Returns a text in which a word is written as the report about it says.
fn respelt(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    let meant = proposed(diagnostic.help.as_deref()?)?;
    let place = diagnostic.primary.as_ref()?.span.range();
    // A place that is more than the word can't be written over.
    nearest(source.text.get(place.clone())?, [meant])?;
    let (before, after) = (source.text.get(..place.start)?, source.text.get(place.end..)?);
    Some([before, meant, after].concat())
}

fn source_of(diagnostic: &Diagnostic) -> Option<SourceId> {
    diagnostic.primary.as_ref().map(|label| label.span.source)
}

fn name_of<'s>(diagnostic: &Diagnostic, sources: &'s SourceMap) -> Option<&'s Arc<str>> {
    Some(&sources.source(source_of(diagnostic)?)?.name)
}

/// Says whether a place begins on the line of another one.
fn starts_on(span: Span, line: Span, sources: &SourceMap) -> bool {
    let Some(source) = sources.source(line.source) else { return false };
    line_of(&source.text, span) == line_of(&source.text, line)
}

fn line_of(text: &str, span: Span) -> usize {
    line_at(text, span.range().start)
}

/// Returns the number of the line that holds a byte, from 0.
fn line_at(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// Returns the number of the line that one would stand below at a depth.
fn line_around(text: &str, number: usize, depth: usize) -> Option<usize> {
    let is_around = |line: &str| {
        let own = line.trim_start_matches(' ');
        !own.trim().is_empty() && !own.starts_with('#') && line.len() - own.trim_start_matches(['-', ' ']).len() < depth
    };
    let before: Vec<&str> = text.lines().take(number).collect();
    before.iter().rposition(|line| is_around(line))
}

/// Returns the bytes of a line without the blanks around them.
fn text_of_line(text: &str, number: usize) -> Option<Range<usize>> {
    let line = text.split_inclusive('\n').nth(number)?;
    let start = line.as_ptr() as usize - text.as_ptr() as usize + line.len() - line.trim_start_matches(' ').len();
    Some(start..start + line.trim().len())
}

fn mark(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<Mark> {
    let span = diagnostic.primary.as_ref()?.span;
    let source = sources.source(span.source)?;
    Some((source.name.clone(), line_of(&source.text, span), diagnostic.code, diagnostic.title.clone()))
}

fn marks<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic>, sources: &SourceMap) -> HashSet<Mark> {
    diagnostics.into_iter().filter(|it| is_told(it)).filter_map(|it| mark(it, sources)).collect()
}
