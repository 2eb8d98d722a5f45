//! Are the keys of a mapping those that it may have?

use super::step::{SCRIPT, is_step_keyword};
use super::table::{JOB_KEYS, ROOT, STAGE_KEYS};
use super::{Either, Kind, Type};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, in_other_case, nearest, shown};
use crate::template::old_form;

/// Where a key may have been meant to stand that is written elsewhere.
const USUAL_PLACES: [(&Kind, &str); 4] =
    [(&JOB_KEYS, "a job"), (&STAGE_KEYS, "a stage"), (&SCRIPT, "a step"), (&ROOT, "a pipeline")];
/// The hook of a deployment that most have.
const USUAL_HOOK: &str = "deploy";
/// Keys below which authors choose the keys.
const OF_AUTHORS: [&str; 2] = ["env", "variables"];
/// The most keys that a message lists.
const LISTED_MAX: usize = 24;

impl Kind {
    /// Reports what is wrong with the keys of a mapping, and says for each whether it is read.
    /// While a key is not understood, nothing is said about one that may be missing. `strays` are keys that are
    /// not read around the mapping: they may have been meant to stand here.
    pub(in crate::pipeline) fn judge(
        &self,
        keys: &[(&str, Span)],
        whole: Span,
        strays: &[String],
        diagnostics: &mut Diagnostics,
    ) -> Vec<bool> {
        let read = self.judge_open(keys, diagnostics);
        let is_misread = keys.iter().zip(&read).any(|((key, _), is_read)| !is_read && self.must_be_known(key, keys));
        if !is_misread {
            self.judge_presence(keys, whole, strays, diagnostics);
        }
        self.judge_order(keys, diagnostics);
        self.judge_company(keys, diagnostics);
        read
    }

    /// Reports what is wrong with the keys of a mapping that may have more: any may be there. Says for each
    /// whether it is read.
    pub(in crate::pipeline) fn judge_open(&self, keys: &[(&str, Span)], diagnostics: &mut Diagnostics) -> Vec<bool> {
        keys.iter().map(|&(key, span)| self.is_known(key, span, keys, diagnostics)).collect()
    }

    /// Says whether a key that a mapping has not is a mistake. Where others are allowed it is one if it was meant
    /// to be a key that the mapping needs.
    fn must_be_known(&self, key: &str, keys: &[(&str, Span)]) -> bool {
        let is_here = |wanted: &&&str| keys.iter().any(|(key, _)| key == *wanted);
        let mut missing = self.required.iter().chain(self.any_of).filter(|wanted| !is_here(wanted));
        !self.is_open || missing.any(|wanted| nearest(key, [*wanted]).is_some())
    }

    fn is_known(&self, key: &str, span: Span, keys: &[(&str, Span)], diagnostics: &mut Diagnostics) -> bool {
        if self.type_of(key).is_some() {
            return true;
        }
        match self.old.iter().find(|(old, _)| *old == key) {
            Some((key, help)) => diagnostics.push(old_form(key, span, help)),
            None if self.must_be_known(key, keys) => diagnostics.push(self.unknown(key, span)),
            // Nobody knows what it would be a key of.
            None if self.first.is_some_and(|first| !keys.iter().any(|(key, _)| *key == first)) => {}
            None => diagnostics.push(self.without_effect(key, span)),
        }
        false
    }

    fn judge_presence(&self, keys: &[(&str, Span)], whole: Span, strays: &[String], diagnostics: &mut Diagnostics) {
        let is_stray = |wanted: &str| strays.iter().any(|stray| stray == wanted);
        let is_here = |wanted: &str| keys.iter().any(|(key, _)| *key == wanted) || is_stray(wanted);
        for required in self.required.iter().filter(|required| !is_here(required)) {
            let title = format!("{} needs `{required}`", self.name);
            let label = format!("there is no `{required}` here");
            diagnostics.push(Diagnostic::error(Code::MissingKey, title, whole, label));
        }
        let has_all = self.required.iter().all(|required| is_here(required));
        for choice in [self.exactly_one, self.any_of].into_iter().filter(|_| has_all) {
            if !choice.is_empty() && !choice.iter().any(|key| is_here(key)) {
                let title = format!("{} needs {}", self.name, listed(choice.iter().copied(), "or"));
                diagnostics.push(Diagnostic::error(Code::MissingKey, title, whole, "none of them is here"));
            }
        }
    }

    fn judge_order(&self, keys: &[(&str, Span)], diagnostics: &mut Diagnostics) {
        let place = self.first.and_then(|first| keys.iter().position(|(key, _)| *key == first));
        if let Some(place) = place.filter(|place| *place > 0) {
            let title = format!("`{}` must be the first key of {}", keys[place].0, self.name);
            let late = Diagnostic::error(Code::FirstKey, title, keys[place].1, "move this key up");
            diagnostics.push(late.related(keys[0].1, "this key is the first"));
        }
    }

    /// Reports keys that exclude each other, and keys that need another one.
    fn judge_company(&self, keys: &[(&str, Span)], diagnostics: &mut Diagnostics) {
        let mut alternatives = keys.iter().filter(|(key, _)| self.exactly_one.contains(key));
        let first = alternatives.next();
        for (second, span) in alternatives {
            let (first, first_span) = first.expect("a second comes after a first");
            // The same key twice is told as such already, and so is one beside an `extends` that brings the other.
            if first == second || first_span.source != span.source {
                continue;
            }
            let title = format!("{} has `{first}` or `{second}`, not both", self.name);
            let both = Diagnostic::error(Code::InvalidValue, title, *span, "the second");
            diagnostics.push(both.related(*first_span, "the first"));
        }
        let is_here = |wanted: &str| keys.iter().any(|(key, _)| *key == wanted);
        // That one of these is missing has been told, or a key that was meant to be one is.
        let is_told = |wanted: &str| {
            let is_alternative = self.exactly_one.contains(&wanted) && first.is_none();
            is_alternative
                || keys.iter().any(|(key, _)| self.type_of(key).is_none() && nearest(key, [wanted]).is_some())
        };
        for (key, beside) in self.only_beside.iter().filter(|(_, beside)| !is_here(beside) && !is_told(beside)) {
            let Some((_, span)) = keys.iter().find(|(written, _)| written == key) else { continue };
            let title = format!("`{key}` stands only beside `{beside}`");
            let alone = Diagnostic::error(Code::InvalidValue, title, *span, format!("there is no `{beside}` here"));
            let holds_others = |body: &str| !self.all().any(|(key, ty)| *key == body && matches!(ty, Type::Number(..)));
            diagnostics.push(match first {
                Some((body, _)) if holds_others(body) => alone.help(format!("write it inside of `{body}`")),
                Some((body, _)) => alone.help(format!("remove it: `{body}` is all there is to say")),
                None => alone,
            });
        }
    }

    fn unknown(&self, key: &str, span: Span) -> Diagnostic {
        let title = format!("{} has no key `{}`", self.name, shown(key));
        let unknown = Diagnostic::error(Code::UnknownKey, title, span, "this key is not known here");
        unknown.help(self.what_was_meant(key))
    }

    /// Such a key is allowed and read by nobody.
    fn without_effect(&self, key: &str, span: Span) -> Diagnostic {
        let title = format!("{} has no key `{}`", self.name, shown(key));
        Diagnostic::warning(Code::UnknownKey, title, span, "this has no effect").help(self.what_was_meant(key))
    }

    /// Returns the key in whose mapping a key was meant to stand: one that may also be text, if no other part of a
    /// pipeline has the key, or one whose keys the author chooses, if it looks like such a key.
    fn place_of_other(&self, key: &str) -> Option<&'static str> {
        let is_elsewhere = USUAL_PLACES.iter().any(|(kind, _)| kind.type_of(key).is_some());
        let may_hold = |wanted: &Type| match wanted {
            Type::Either(Either { mapping: Some(Type::Mapping(kind)), .. }) => kind.type_of(key).is_some(),
            _ => false,
        };
        let inside = self.all().find(|(_, wanted)| !is_elsewhere && may_hold(wanted));
        let of_author = || {
            let names = OF_AUTHORS.iter().filter(|_| is_like_variable(key));
            names.copied().find(|name| self.type_of(name).is_some())
        };
        inside.map(|(name, _)| *name).or_else(of_author)
    }

    /// The same word in other letters, a word that is near, a place where the key is known, or
    /// all keys.
    fn what_was_meant(&self, key: &str) -> String {
        let known = || self.all().map(|(known, _)| *known);
        if let Some(known) = known().find(|known| known.eq_ignore_ascii_case(key)) {
            return in_other_case(known);
        }
        if let Some(meant) = nearest(key, known()) {
            return format!("did you mean `{meant}`?");
        }
        let inside = self.all().filter(|(_, it)| matches!(it, Type::Mapping(kind) if kind.type_of(key).is_some()));
        let inside: Vec<&str> = inside.map(|(name, _)| *name).collect();
        if let [_, ..] = inside.as_slice() {
            let usual = inside.iter().find(|name| **name == USUAL_HOOK);
            return match usual.map_or(inside.as_slice(), std::slice::from_ref) {
                [only] => format!("write it inside of `{only}`"),
                several => format!("write it inside of {}", listed(several.iter().copied(), "or")),
            };
        }
        if is_step_keyword(key) {
            return format!("write it as a step of its own: `- {key}: …`");
        }
        if let Some(place) = self.place_of_other(key) {
            return format!("write it inside of `{place}`");
        }
        if let Some((_, place)) = USUAL_PLACES.iter().find(|(kind, _)| kind.type_of(key).is_some()) {
            return format!("`{key}` is a key of {place}: is the indentation right?");
        }
        if self.first == Some("task") {
            return "write it inside of `inputs`".to_owned();
        }
        let known: Vec<&str> = known().take(LISTED_MAX).collect();
        format!("the keys here are {}", listed(known.into_iter(), "and"))
    }
}

/// Says whether a key is written as variables mostly are: `MY_NAME`, `my.name`.
fn is_like_variable(key: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    key.len() > 1 && (key.bytes().all(is_part) || key.contains('.')) && !key.contains(' ')
}

/// Returns words in backticks, with `last` before the last one.
pub(in crate::pipeline) fn listed<'w>(words: impl Iterator<Item = &'w str>, last: &str) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [before @ .., end] if !before.is_empty() => format!("{} {last} {end}", before.join(", ")),
        words => words.concat(),
    }
}
