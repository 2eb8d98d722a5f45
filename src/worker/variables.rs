//! The variables of a job while it runs (reference, sections 4.1 to 4.3).
//!
//! A variable has the value that was written and the value with its macros expanded. Macros in
//! values are followed to any variable they name, up to [`MACRO_DEPTH_MAX`]; macros in scripts,
//! names and environments then get the expanded values, and are not looked at again.

use super::replace::{TooLong, replace};
use crate::diagnostic::shown;
use crate::expression::Macros;
use crate::pipeline::plan::{MACRO_DEPTH_MAX, VALUE_MAX};
use crate::taint::{Origin, Segment, Text};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Variables by name, ignoring the case of ASCII letters.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// In the order in which the names came first.
    all: Vec<Variable>,
    places: HashMap<String, usize>,
    /// What macros may name beside variables, by the exact name: the environment of the machine.
    environment: HashMap<String, String>,
}

#[derive(Debug, Clone)]
struct Variable {
    setting: Setting,
    value: Text,
    /// Whether the value is a secret, or has one in it.
    is_secret: bool,
}

/// What the alias of an origin is that marks a secret. No webhook resource is called so.
const SECRET: &str = "(secret)";

/// A variable as it is set.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The name.
    pub name: String,
    /// The value; macros may be in it.
    pub value: Text,
    /// Whether the value must not be shown, and is not exported.
    pub is_secret: bool,
    /// Whether a logging command may not set it again.
    pub is_read_only: bool,
    /// Whether it is exported with the letters as they are, not in upper case.
    pub keeps_case: bool,
    /// Whether the value is a number that the pipeline's author wrote.
    pub is_own_number: bool,
}

impl Setting {
    /// Returns a variable that is nothing special.
    pub fn plain(name: &str, value: Text) -> Self {
        Self {
            name: name.to_owned(),
            value,
            is_secret: false,
            is_read_only: false,
            keeps_case: false,
            is_own_number: false,
        }
    }
}

/// Why a value stays as written.
enum Raw {
    Circle,
    Depth,
    Length,
}

impl From<TooLong> for Raw {
    fn from(_: TooLong) -> Self {
        Self::Length
    }
}

/// Which variables are being expanded, and the values of those that are done.
struct Progress {
    open: Vec<usize>,
    done: Vec<Option<Expanded>>,
}

/// A value with its macros expanded.
#[derive(Clone)]
struct Expanded {
    value: Text,
    /// How many variables the longest chain of macros below has.
    depth: usize,
    is_secret: bool,
}

impl Variables {
    /// Sets a variable that is nothing special.
    pub fn set(&mut self, name: &str, value: Text) {
        self.apply(Setting::plain(name, value));
    }

    /// Sets a variable; the last value of a name wins, but what was a secret stays one. Its macros
    /// are expanded by the next [`Variables::recalculate`].
    pub fn apply(&mut self, mut setting: Setting) {
        setting.is_secret |= self.place(&setting.name).is_some_and(|place| self.all[place].setting.is_secret);
        let is_secret = setting.is_secret;
        let variable = Variable { value: setting.value.clone(), is_secret, setting };
        match self.place(&variable.setting.name) {
            Some(place) => self.all[place] = variable,
            None => {
                self.places.insert(variable.setting.name.to_ascii_lowercase(), self.all.len());
                self.all.push(variable);
            }
        }
    }

    /// Makes the environment known to macros that name no variable.
    pub fn set_environment(&mut self, environment: impl Iterator<Item = (String, String)>) {
        self.environment = environment.collect();
    }

    /// Says whether a variable is a secret, or has one in its value.
    pub fn is_secret(&self, name: &str) -> bool {
        self.place(name).is_some_and(|place| self.all[place].is_secret)
    }

    /// Says whether there is a secret among them.
    pub(super) fn has_secrets(&self) -> bool {
        self.all.iter().any(|variable| variable.is_secret)
    }

    /// Says whether a logging command may not set a variable.
    pub fn is_read_only(&self, name: &str) -> bool {
        self.place(name).is_some_and(|place| self.all[place].setting.is_read_only)
    }

    /// Returns the value of a variable, expanded as far as that was asked for.
    pub fn value(&self, name: &str) -> Option<&Text> {
        self.place(name).map(|place| &self.all[place].value)
    }

    /// Returns names as they were set last, and values, secrets included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.all.iter().map(|variable| (variable.setting.name.as_str(), &variable.value))
    }

    /// Returns what may be seen by everybody: how a variable was set, and its value.
    pub fn public(&self) -> impl Iterator<Item = (&Setting, &Text)> {
        self.all.iter().filter(|variable| !variable.is_secret).map(|variable| (&variable.setting, &variable.value))
    }

    /// Returns the text with the macros of known variables replaced. Values are not looked at
    /// again.
    pub fn expand(&self, text: &Text) -> Result<Text, TooLong> {
        replace(text, |name| Ok(self.meant(name)))
    }

    /// Returns the variables whose macros bring payload text into an author's text, each with where the first of it
    /// came from.
    pub(super) fn tainted_macros(&self, text: &str) -> Vec<(String, Arc<Origin>)> {
        let mut found = Vec::new();
        // What it would expand to is no matter here.
        let _ = replace(&text.into(), |name| -> Result<Option<Text>, TooLong> {
            let value = self.meant(name);
            if let Some(origin) = value.as_ref().and_then(Text::origin) {
                found.push((name.to_owned(), origin.clone()));
            }
            // What is no macro stays, and the search goes on behind its beginning.
            Ok(value.map(|_| Text::default()))
        });
        found
    }

    /// Returns what a macro of a name stands for.
    fn meant(&self, name: &str) -> Option<Text> {
        let of_environment = || self.environment.get(name).map(|value| Text::from(value.as_str()));
        self.value(name).cloned().or_else(of_environment)
    }

    /// As [`Self::expand`], with secrets as text of their own, so that they can be put beside the
    /// script as payload text is. `None` where no secret is named, or one has payload text in it.
    pub(super) fn expand_beside_secrets(&self, text: &Text) -> Option<Text> {
        if !self.has_secrets() {
            return None;
        }
        let mut has_secret = false;
        let mut is_mixed = false;
        let expanded = replace(text, |name| -> Result<Option<Text>, TooLong> {
            let Some(value) = self.value(name).filter(|_| self.is_secret(name)) else { return Ok(self.meant(name)) };
            has_secret = true;
            is_mixed |= value.is_tainted();
            let origin = Origin { alias: SECRET.into(), path: name.into() };
            Ok(Some(Text::tainted(value.flatten().into_owned(), Arc::new(origin))))
        });
        expanded.ok().filter(|_| has_secret && !is_mixed)
    }

    /// Says whether a part of what [`Self::expand_beside_secrets`] returns is a secret.
    pub(super) fn marks_secret(segment: &Segment) -> bool {
        segment.origin.as_ref().is_some_and(|origin| &*origin.alias == SECRET)
    }

    /// Returns a script with numbers in place of those macros that stand in front of a redirection, as text
    /// of their own: `echo $(n)>file` prints a number, and does not send errors to a file. A number that the
    /// author wrote is a descriptor there, if that is what the author says.
    pub(super) fn numbers_apart(&self, script: &Text) -> Text {
        let mut apart = Text::default();
        for segment in script.segments() {
            if segment.is_tainted() {
                apart.push(segment.clone());
            } else {
                self.keep_numbers_apart(&segment.text, &mut apart);
            }
        }
        apart
    }

    fn keep_numbers_apart(&self, text: &str, apart: &mut Text) {
        let author = |text: &str| Segment::author(text);
        let mut macros = Macros::of(text);
        while let Some(found) = macros.next() {
            let is_redirected = text[found.end..].starts_with(['<', '>']);
            let Some(number) = is_redirected.then(|| self.others_number(found.name)).flatten() else { continue };
            apart.push(author(macros.accept(found)));
            let origin = Origin { alias: "variables".into(), path: found.name.into() };
            apart.append(&Text::tainted(number.as_ref(), Arc::new(origin)));
        }
        apart.push(author(macros.rest()));
    }

    /// Returns the number that a variable has, where it is none that the author wrote and no payload text.
    fn others_number(&self, name: &str) -> Option<Cow<'_, str>> {
        let variable = &self.all[self.place(name)?];
        let is_own = variable.setting.is_own_number || variable.value.is_tainted();
        let number = (!is_own).then(|| variable.value.flatten())?;
        (!number.is_empty() && number.bytes().all(|it| it.is_ascii_digit())).then_some(number)
    }

    /// Expands the macros in all values, from what was written. Returns a sentence for each
    /// variable that has to stay as written: it leads in a circle, too far, or gets too long.
    pub fn recalculate(&mut self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut progress = Progress { open: Vec::new(), done: vec![None; self.all.len()] };
        let mut values = Vec::with_capacity(self.all.len());
        for place in 0..self.all.len() {
            let Setting { name, value, is_secret, .. } = &self.all[place].setting;
            values.push(match self.expanded(place, &mut progress) {
                Ok(Expanded { value, is_secret, .. }) => (value, is_secret),
                Err(reason) => {
                    warnings.push(warning(name, &reason));
                    (value.clone(), *is_secret)
                }
            });
            progress.open.clear();
        }
        for (variable, (value, is_secret)) in self.all.iter_mut().zip(values) {
            variable.value = value;
            variable.is_secret = is_secret;
        }
        warnings
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.get(&name.to_ascii_lowercase()).copied()
    }

    /// Returns a variable's expanded value. Only what succeeded is remembered: what
    /// is too deep from one variable may be near enough to another. A failure ends the whole
    /// search, so that it stays short all the same.
    fn expanded(&self, place: usize, progress: &mut Progress) -> Result<Expanded, Raw> {
        if let Some(done) = &progress.done[place] {
            return Ok(done.clone());
        }
        if progress.open.contains(&place) {
            return Err(Raw::Circle);
        }
        if progress.open.len() >= MACRO_DEPTH_MAX {
            return Err(Raw::Depth);
        }
        progress.open.push(place);
        let mut depth = 0;
        let Setting { value: written, mut is_secret, .. } = self.all[place].setting.clone();
        let mut follow = |name: &str| -> Result<Option<Text>, Raw> {
            let Some(named) = self.place(name) else { return Ok(None) };
            let below = self.expanded(named, progress)?;
            depth = depth.max(below.depth + 1);
            is_secret |= below.is_secret;
            Ok(Some(below.value))
        };
        let value = replace(&written, &mut follow)?;
        progress.open.pop();
        if depth >= MACRO_DEPTH_MAX {
            return Err(Raw::Depth);
        }
        if value.len() > VALUE_MAX && depth > 0 {
            return Err(Raw::Length);
        }
        let expanded = Expanded { value, depth, is_secret };
        progress.done[place] = Some(expanded.clone());
        Ok(expanded)
    }
}

fn warning(name: &str, reason: &Raw) -> String {
    let name = shown(name);
    match reason {
        Raw::Circle => format!("The variable `{name}` stays as written: its macros lead in a circle."),
        Raw::Depth => {
            format!(
                "The variable `{name}` stays as written: its macros lead through more than {MACRO_DEPTH_MAX} variables."
            )
        }
        Raw::Length => {
            format!("The variable `{name}` stays as written: expanded it would have more than {VALUE_MAX} bytes.")
        }
    }
}
