//! What the author of a script has set around it, by which the shell makes something else of its commands: variables that
//! bash obeys when it starts (manual of bash, "Bash Variables", "Bash Startup Files", "Shell Functions"), and what earlier
//! steps of the job have set up.
//!
//! None of them holds payload text, `special` sees to that. But a check that a script makes may not be one beside them.
//! Bash takes no `IFS`, `BASH_ALIASES` and `BASH_CMDS` from its environment, and `GLOBIGNORE` changes no test.

use super::Language;
use super::earlier::Earlier;
use crate::taint::Text;
use std::borrow::Cow;

/// How the name of a variable begins that brings a function.
const FUNCTION: &str = "BASH_FUNC_";

/// The variable with the file that bash runs before a script.
const STARTUP: &str = "BASH_ENV";

/// The variable with the options of `set`, and the one that makes variables of all words such as `X=y`.
const OPTIONS: &str = "SHELLOPTS";
const KEYWORD: &str = "keyword";

/// Variables beside which a check may be none.
const MEANINGS: &[&str] = &[STARTUP, OPTIONS, "BASHOPTS", "BASH_COMPAT", "FUNCNEST", "POSIXLY_CORRECT"];

/// Variables that hold what git has messages edited by.
pub(super) const EDITORS: &[&str] = &["EDITOR", "VISUAL", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR"];

/// The most bytes of a value that is looked at.
const VALUE_MAX: usize = 4096;

/// What is set around a script. Equal backgrounds mean the same to every script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Background {
    /// The names of the variables beside which no check is believed, in order.
    meanings: Vec<String>,
    /// The name of a variable that brings a function.
    function: Option<String>,
    /// Words such as `X=y` may be variables of a command wherever they stand.
    takes_keywords: bool,
    /// The file that bash runs first, as its author wrote it.
    startup: Option<String>,
    /// Names that earlier steps gave to programs, with what each may stand for; nothing for any.
    programs: Vec<(String, Vec<Option<String>>)>,
    /// Aliases of git by earlier steps that may run a program, and whether any name may be one.
    aliases: Vec<String>,
    has_any_alias: bool,
    /// What git has messages edited by.
    editors: Vec<String>,
}

impl Background {
    /// Returns the background of a script whose environment has these variables, with their values as far as they are
    /// known: a script of another language than bash has none.
    pub fn of<'v>(language: Language, variables: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        let mut background = Self::default();
        if language != Language::Bash {
            return background;
        }
        for (name, value) in variables {
            if name.starts_with(FUNCTION) && background.function.as_deref().is_none_or(|known| name < known) {
                background.function = Some(name.to_owned());
            }
            if EDITORS.contains(&name) {
                background.editors.push(value.chars().take(VALUE_MAX).collect());
            }
            if name == STARTUP {
                background.startup = Some(value.chars().take(VALUE_MAX).collect());
            }
            // What a macro stands for may be any option.
            background.takes_keywords |= name == OPTIONS && (value.contains(KEYWORD) || value.contains("$("));
            if MEANINGS.contains(&name) {
                background.meanings.push(name.to_owned());
            }
        }
        background.meanings.sort_unstable();
        background.meanings.dedup();
        background
    }

    /// Adds what earlier steps have set up, as far as a script of this text uses it.
    #[must_use]
    pub fn after(mut self, earlier: &Earlier, language: Language, script: &str) -> Self {
        if language == Language::Bash {
            self.programs = earlier.programs(script);
            (self.aliases, self.has_any_alias) = earlier.aliases(script);
            self.editors.extend_from_slice(earlier.editors(script));
        }
        self
    }

    /// Returns the names that earlier steps gave to programs, each with what it may stand for; nothing for any.
    pub(super) fn programs(&self) -> &[(String, Vec<Option<String>>)] {
        &self.programs
    }

    /// Returns the aliases of git that may run a program.
    pub(super) fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Says whether any command of git that is none of its own may be such an alias.
    pub(super) fn has_any_alias(&self) -> bool {
        self.has_any_alias
    }

    /// Returns the commands that git may have messages edited by.
    pub(super) fn editors(&self) -> &[String] {
        &self.editors
    }

    /// Says whether a check that a script makes may be none.
    pub(super) fn changes_meanings(&self) -> bool {
        !self.meanings.is_empty() || self.function.is_some()
    }

    /// Returns why the script takes no payload text at all, to be read after "payload text can't be", if it does not.
    pub(super) fn refusal(&self) -> Option<String> {
        let brought = |name: &String| format!("put into a script whose environment brings a function, `{name}`");
        let keywords = || self.takes_keywords.then(|| KEYWORDS.to_owned());
        self.function.as_ref().map(brought).or_else(keywords)
    }

    /// Returns the name of the file that bash runs before the script.
    pub(super) fn startup(&self) -> Option<&str> {
        self.startup.as_deref()
    }

    /// Returns a script with the name of the file that bash runs before it.
    pub fn with_startup<'t>(&self, script: &'t Text) -> Cow<'t, Text> {
        let Some(startup) = &self.startup else { return Cow::Borrowed(script) };
        let mut all = script.clone();
        all.append(&Text::author(format!("\n. {startup}")));
        Cow::Owned(all)
    }
}

/// Why a script takes none in which words become variables.
pub(super) const KEYWORDS: &str = "put into a script with `set -k`, which makes variables of the words of its commands";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_change_meanings_are_told_from_others() {
        let of = |name, value| Background::of(Language::Bash, [(name, value)]);
        for name in ["IFS", "BASH_ALIASES", "BASH_CMDS", "GLOBIGNORE", "TITLE", "BASH_VERSION"] {
            assert_eq!(of(name, "1"), Background::default(), "{name}");
        }
        for name in ["FUNCNEST", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "BASH_COMPAT", "BASH_ENV", "BASH_FUNC_f%%"]
        {
            assert!(of(name, "").changes_meanings(), "{name}");
        }
        assert!(of("SHELLOPTS", "errexit").refusal().is_none());
        assert!(of("SHELLOPTS", "errexit:keyword").refusal().is_some());
        assert_eq!(of("BASH_ENV", "lib.sh").startup(), Some("lib.sh"));
        assert_eq!(Background::of(Language::Python, [("BASH_ENV", "lib.sh")]), Background::default());
    }
}
