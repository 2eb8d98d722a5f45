//! The lexical places of a shell script, and how a reference to a variable is written at each.

/// Where in a script a hole stands, as the shell's lexer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A word without quotes, or a part of one; also a pattern or an array's element.
    Word,
    /// Inside `"…"` or `$"…"`.
    DoubleQuotes,
    /// Inside `'…'`.
    SingleQuotes,
    /// Inside `$'…'`.
    AnsiQuotes,
    /// In a here-document whose delimiter has no quotes.
    HereDocument,
    /// In a here-document whose delimiter is quoted.
    QuotedHereDocument,
    /// In a comment.
    Comment,
    /// In an arithmetic expression or a subscript.
    Arithmetic,
}

/// Returns a script whose variables of these names the programs that it starts don't get: its first
/// line makes them the shell's own. `None` where a shell that it starts reads one.
pub fn kept_from_children(script: &str, variables: &[&str]) -> Option<String> {
    let mut kept = String::new();
    for variable in variables {
        if script.contains(&Place::DoubleQuotes.reference(variable, Inherited::ByChild)) {
            return None;
        }
        // What is unset is not exported, when it is set again; no shell of the two has another way.
        kept.push_str(&format!(
            "PIPEHOOK_KEPT=${variable}; unset {variable}; {variable}=$PIPEHOOK_KEPT; unset PIPEHOOK_KEPT; "
        ));
    }
    Some(format!("{kept}{script}"))
}

/// The name of the place where a shell would split a value into words.
pub const UNQUOTED: &str = "a word without quotes";

impl Place {
    /// Returns the place's name for a report, to be read after "in".
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Word => UNQUOTED,
            Self::DoubleQuotes => "double quotes",
            Self::SingleQuotes => "single quotes",
            Self::AnsiQuotes => "`$'…'`",
            Self::HereDocument => "a here-document",
            Self::QuotedHereDocument => "a here-document with a quoted delimiter",
            Self::Comment => "a comment",
            Self::Arithmetic => "an arithmetic expression",
        }
    }

    /// Returns the text that stands for the hole of `variable` at this place. With `?` behind the
    /// name the shell stops when the variable is not set: a shell started by the script's shell
    /// reads it from its environment, which somebody may have emptied.
    pub(super) fn reference(self, variable: &str, inherited: Inherited) -> String {
        let check = match inherited {
            Inherited::Directly => "",
            Inherited::ByChild => "?",
        };
        match self {
            Self::Word => format!("\"${{{variable}{check}}}\""),
            Self::SingleQuotes => format!("'\"${{{variable}{check}}}\"'"),
            Self::AnsiQuotes => format!("'\"${{{variable}{check}}}\"$'"),
            Self::Comment => variable.to_owned(),
            Self::DoubleQuotes | Self::HereDocument | Self::QuotedHereDocument | Self::Arithmetic => {
                format!("${{{variable}{check}}}")
            }
        }
    }

    /// Returns `code` written so that the shell, reading it at this place, makes `code` of it:
    /// code inside code, such as the argument of `bash -c`.
    pub(super) fn encode(self, code: &str) -> String {
        match self {
            Self::Word => format!("'{}'", code.replace('\'', "'\\''")),
            Self::DoubleQuotes => escape(code, "\\$`\""),
            Self::SingleQuotes => code.replace('\'', "'\\''"),
            Self::AnsiQuotes => escape(code, "\\'"),
            Self::HereDocument => escape(code, "\\$`"),
            Self::QuotedHereDocument | Self::Comment | Self::Arithmetic => code.to_owned(),
        }
    }
}

/// Which shell reads a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inherited {
    /// The shell that the step starts.
    Directly,
    /// A shell that the script starts, or the same shell later.
    ByChild,
}

/// Returns `text` with a backslash in front of each of `characters`.
pub(super) fn escape(text: &str, characters: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if characters.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
