//! Keys of old forms of the language, which stand at the top of a pipeline and of the templates that
//! bring its jobs: what to write instead.

use crate::diagnostic::{Code, Diagnostic, Span};

/// What to write in place of `phases`.
pub const WITH_JOBS: &str = "write `jobs`, and `job` in place of `phase`";

/// Old keys at the top of a file, each with what to write instead.
pub const OLD_KEYS: &[(&str, &str)] =
    &[("phases", WITH_JOBS), ("queue", "write `pool`"), ("server", "write `jobs` with a job that has `pool: server`")];

/// Returns the diagnostic for an old form.
pub fn old_form(key: &str, span: Span, help: &str) -> Diagnostic {
    let title = format!("`{key}` is an old form");
    Diagnostic::error(Code::OldForm, title, span, "this is not read any more").help(help)
}
