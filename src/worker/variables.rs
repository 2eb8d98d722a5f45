//! The variables of a job while it runs (reference, sections 4.1 to 4.3).
//!
//! A variable has the value that was written and the value with its macros expanded. Macros in
//! values are followed to any variable they name, up to [`MACRO_DEPTH_MAX`]; macros in scripts,
//! names and environments then get the expanded values, and are not looked at again.

use super::replace::{TooLong, replace};
use crate::diagnostic::shown;
use crate::taint::Text;
use std::collections::HashMap;

/// How many variables a macro may be followed through.
pub const MACRO_DEPTH_MAX: usize = 50;
/// The most bytes of a variable's expanded value; one that would be longer stays as written.
pub const VALUE_MAX: usize = 1024 * 1024;

/// Variables by name, ignoring the case of ASCII letters.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// In the order in which the names came first.
    all: Vec<Variable>,
    places: HashMap<String, usize>,
}

#[derive(Debug, Clone)]
struct Variable {
    name: String,
    written: Text,
    value: Text,
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
    /// With how many variables the longest chain of macros below has.
    done: Vec<Option<(Text, usize)>>,
}

impl Variables {
    /// Sets a variable; the last value of a name wins. Its macros are expanded by the next
    /// [`Variables::recalculate`].
    pub fn set(&mut self, name: &str, value: Text) {
        let variable = Variable { name: name.to_owned(), written: value.clone(), value };
        match self.places.get(&name.to_ascii_lowercase()) {
            Some(&place) => self.all[place] = variable,
            None => {
                self.places.insert(name.to_ascii_lowercase(), self.all.len());
                self.all.push(variable);
            }
        }
    }

    /// Returns the value of a variable, expanded as far as that was asked for.
    pub fn value(&self, name: &str) -> Option<&Text> {
        self.place(name).map(|place| &self.all[place].value)
    }

    /// Returns names as they were set last, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.all.iter().map(|variable| (variable.name.as_str(), &variable.value))
    }

    /// Returns the text with the macros of known variables replaced. Values are not looked at
    /// again.
    pub fn expand(&self, text: &Text) -> Result<Text, TooLong> {
        replace(text, |name| Ok(self.value(name).cloned()))
    }

    /// Expands the macros in all values, from what was written. Returns a sentence for each
    /// variable that has to stay as written: it leads in a circle, too far, or gets too long.
    pub fn recalculate(&mut self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut progress = Progress { open: Vec::new(), done: vec![None; self.all.len()] };
        let mut values = Vec::with_capacity(self.all.len());
        for place in 0..self.all.len() {
            values.push(match self.expanded(place, &mut progress) {
                Ok((value, _)) => value,
                Err(reason) => {
                    warnings.push(warning(&self.all[place].name, &reason));
                    self.all[place].written.clone()
                }
            });
            progress.open.clear();
        }
        for (variable, value) in self.all.iter_mut().zip(values) {
            variable.value = value;
        }
        warnings
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.get(&name.to_ascii_lowercase()).copied()
    }

    /// Returns a variable's expanded value and its depth. Only what succeeded is remembered: what
    /// is too deep from one variable may be near enough to another. A failure ends the whole
    /// search, so that it stays short all the same.
    fn expanded(&self, place: usize, progress: &mut Progress) -> Result<(Text, usize), Raw> {
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
        let mut follow = |name: &str| -> Result<Option<Text>, Raw> {
            let Some(named) = self.place(name) else { return Ok(None) };
            let (value, below) = self.expanded(named, progress)?;
            depth = depth.max(below + 1);
            Ok(Some(value))
        };
        let value = replace(&self.all[place].written, &mut follow)?;
        progress.open.pop();
        if depth >= MACRO_DEPTH_MAX {
            return Err(Raw::Depth);
        }
        if value.len() > VALUE_MAX && depth > 0 {
            return Err(Raw::Length);
        }
        progress.done[place] = Some((value.clone(), depth));
        Ok((value, depth))
    }
}

fn warning(name: &str, reason: &Raw) -> String {
    let name = shown(name);
    match reason {
        Raw::Circle => format!("The variable `{name}` stays as written: its macros lead in a circle."),
        Raw::Depth => {
            format!("The variable `{name}` stays as written: its macros lead through more than {MACRO_DEPTH_MAX} variables.")
        }
        Raw::Length => format!("The variable `{name}` stays as written: expanded it would have more than {VALUE_MAX} bytes."),
    }
}
