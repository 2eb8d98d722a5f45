//! The variables of `psql`, `-v name=value`: what the SQL makes of them says the SQL.
//!
//! In it `:'name'` is a string, whatever the value is; `:name` is a part of the code, and `:"name"` a name. Where the
//! SQL stands in the script, it is looked at; that of a file is not known, and there a value must be plain.

use super::super::requirement::Requirement;
use super::super::syntax::RedirectKind;
use super::argument::Argument;
use super::later::RUN_BY_CODE;
use super::simple::Call;
use super::{Walker, by_name};

/// Options that give a variable its value.
const SETTING: &[&str] = &["-v", "--set", "--variable"];

/// Options that name a file with SQL.
const FILES: &[&str] = &["-f", "--file"];

/// Options that give SQL, in which no variables are looked up unless it is a command of `psql` itself.
const COMMANDS: &[&str] = &["-c", "--command"];

impl Walker {
    /// Follows the variables of `psql`, and returns the call without them; nothing if it has none.
    pub(super) fn without_settings<'a>(&mut self, call: Call<'a>) -> Option<Vec<Argument<'a>>> {
        let mut kept: Vec<&Argument> = Vec::new();
        let mut settings: Vec<&Argument> = Vec::new();
        let mut words = call.words.iter();
        while let Some(word) = words.next() {
            if SETTING.iter().any(|option| word.has_literal(option)) {
                settings.extend(words.next());
            } else if is_glued(word) {
                settings.push(word);
            } else {
                kept.push(word);
            }
        }
        if settings.iter().all(|it| it.is_literal()) {
            return None;
        }
        let code = code(call);
        for setting in settings.into_iter().filter(|it| !it.is_literal()) {
            let prefix = setting.word.prefix();
            let name = without_option(&prefix).split_once('=').map(|(name, _)| name);
            match (name.filter(|name| is_own(name)), &code) {
                (None, _) => self.refuse(&setting.sources(), "a variable of `psql` that it obeys, or its name"),
                (_, Some(code)) if code.iter().any(|it| by_name::runs("psql", &it.to_lowercase())) => {
                    self.refuse(&setting.sources(), RUN_BY_CODE);
                }
                (Some(name), Some(code)) if code.iter().all(|it| takes_as_text(it, name)) => {}
                (Some(_), _) => self.require(&setting.sources(), Requirement::Plain),
            }
        }
        Some(kept.into_iter().cloned().collect())
    }
}

/// Returns the SQL that a call gets in the script; nothing where it gets other.
fn code(call: Call) -> Option<Vec<String>> {
    let mut code = Vec::new();
    let mut words = call.rest().iter();
    let mut has_own = false;
    while let Some(word) = words.next() {
        let prefix = word.word.prefix();
        let option = prefix.split_once('=').map_or(prefix.as_str(), |(option, _)| option);
        if FILES.contains(&option) || prefix.starts_with("-f") {
            return None;
        }
        if COMMANDS.contains(&option) {
            has_own = true;
            let text = if prefix.contains('=') { word.literal() } else { words.next().and_then(Argument::literal) };
            code.push(text.filter(|text| !text.trim_start().starts_with('\\'))?);
        }
    }
    if has_own {
        // None of these looks a variable up.
        return Some(Vec::new());
    }
    let text = match Walker::stdin_redirect(call).map(|redirect| (redirect.kind, &redirect.target)) {
        Some((RedirectKind::HereString, word)) => word.literal(),
        Some((RedirectKind::HereDocument(document), _)) => call.scope.documents[document].body.literal(),
        _ => None,
    };
    code.push(text?);
    Some(code)
}

/// Says whether SQL has a variable nowhere but as a string. `\set` and its kin may give its value to another.
fn takes_as_text(code: &str, name: &str) -> bool {
    let is_text = |at: usize| code[at + 1..].starts_with(&format!("'{name}'")) && !code[..at].ends_with(':');
    let is_test = |at: usize| code[at + 1..].starts_with("{?");
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    let is_used = |at: usize| {
        let rest = code[at + 1..].trim_start_matches(['\'', '"', '{', '?']);
        rest.starts_with(name) && !rest[name.len()..].starts_with(is_part)
    };
    !code.contains(['\\', '`']) && code.match_indices(':').all(|(at, _)| !is_used(at) || is_text(at) || is_test(at))
}

/// Says whether a name is that of a variable that `psql` does not obey.
fn is_own(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
}

fn is_glued(word: &Argument) -> bool {
    let prefix = word.word.prefix();
    without_option(&prefix) != prefix && prefix.contains('=')
}

/// Returns a setting without the option that is glued to it.
fn without_option(word: &str) -> &str {
    let glued = ["--set=", "--variable=", "-v"].iter().find_map(|option| word.strip_prefix(option));
    glued.unwrap_or(word)
}
