//! References to variables in values. Nothing is expanded in the file: `${NAME}` would be taken as these very letters, and
//! a secret that is written so would be one that everybody knows who has seen the file.

use crate::diagnostic::{Code, Diagnostic, Span};

/// A reference in a value that can't be meant as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference<'t> {
    /// The value is a reference to the variable with this name, and nothing else.
    Whole(&'t str),
    /// The value has one in it, or is one in another tool's form. What stands in it may be a part of a secret.
    Other,
}

impl<'t> Reference<'t> {
    /// Returns the reference in a value, if it has one: `${NAME}` anywhere, also with a default behind the name, or
    /// `$NAME`, `$(NAME)` or `${{ … }}` as the whole of it.
    pub fn of(text: &'t str) -> Option<Self> {
        let whole = text.trim();
        let rest = whole.strip_prefix('$');
        let within = |open: &str, close: &str| rest?.strip_prefix(open)?.strip_suffix(close);
        let mut forms = [rest, within("{", "}"), within("(", ")")].into_iter().flatten();
        if let Some(name) = forms.find(|name| name_at(name) == Some(name)) {
            return Some(Self::Whole(name));
        }
        let is_expression = within("{{", "}}").is_some();
        let is_inside = text.split("${").skip(1).any(|part| {
            let after = name_at(part).map(|name| &part[name.len()..]);
            after.is_some_and(|after| after.starts_with(['}', ':', '-', '?']) && after.contains('}'))
        });
        (is_expression || is_inside).then_some(Self::Other)
    }

    /// Returns the mistake of a value that has it. `way_out` says what to write instead, by the variable's name.
    pub fn mistake(self, span: Span, way_out: impl FnOnce(&str) -> String) -> Diagnostic {
        let variable = match self {
            Self::Whole(name) => name,
            Self::Other => "NAME",
        };
        let title = "a reference to a variable, such as `${NAME}`, is not expanded in the configuration";
        Diagnostic::error(Code::InvalidValue, title, span, "it would be taken as these very letters")
            .help(way_out(variable))
    }
}

/// Returns the name of a variable that a text begins with.
fn name_at(text: &str) -> Option<&str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let end = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
    Some(&text[..end]).filter(|name| !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_told_from_what_only_looks_like_one() {
        for (text, expected) in [
            ("${GITHUB_SECRET}", Some(Reference::Whole("GITHUB_SECRET"))),
            (" ${a1}\n", Some(Reference::Whole("a1"))),
            ("$TOKEN", Some(Reference::Whole("TOKEN"))),
            ("$(webhook_secret)", Some(Reference::Whole("webhook_secret"))),
            ("${{ secrets.TOKEN }}", Some(Reference::Other)),
            ("${TOKEN:-none}", Some(Reference::Other)),
            ("${TOKEN?}", Some(Reference::Other)),
            ("postgres://a:${PASSWORD}@host/b", Some(Reference::Other)),
            ("/srv/${NAME}/secret", Some(Reference::Other)),
            ("${A}${B}", Some(Reference::Other)),
            ("$", None),
            ("${", None),
            ("${}", None),
            ("${1}", None),
            ("${not closed", None),
            ("${x y}", None),
            ("$.resource.id", None),
            ("pa$$word", None),
            ("$2y$10$abcdefgh", None),
            ("a $(b) c", None),
            ("{id}.{ts}.{body}", None),
            ("%NAME%", None),
        ] {
            assert_eq!(Reference::of(text), expected, "{text}");
        }
    }
}
