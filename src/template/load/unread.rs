//! What is said of a reference that leads to no file.

use super::Loaded;
use crate::diagnostic::{Code, Diagnostic, Span, did_you_mean, shown};
use crate::template::files::FileError;
use crate::template::reference::{FileKey, Unresolved};

/// Returns the diagnostic for a file that can't be read.
pub(super) fn unread(error: &FileError, place: Span) -> Diagnostic {
    match error {
        FileError::Missing(path) => {
            let title = format!("there is no template `{}`", shown(path));
            let missing = Diagnostic::error(Code::UnknownTemplate, title, place, "no such file");
            missing.help(match path.contains("$(") {
                true => "a macro is not known when templates are read: write `${{ variables.name }}`, or a parameter",
                false => {
                    "a path is relative to the file that holds it, or with `/` at its beginning or `@` behind it to the root of the repository"
                }
            })
        }
        FileError::Unreadable(reason) => {
            let title = format!("the template can't be read: {reason}");
            Diagnostic::error(Code::UnreadableFile, title, place, "named here")
        }
    }
}

/// Returns the diagnostic for a file of a repository whose version only a run knows. `open` is where that
/// is written.
pub(super) fn unread_version(key: &FileKey, place: Span, open: Span) -> Diagnostic {
    let title = format!("the template `{}` can't be read before a run", shown(&key.to_string()));
    let label = "templates are read when the pipeline is loaded";
    let unread = Diagnostic::error(Code::Unsupported, title, place, label);
    let unread = unread.related(open, "an expression says which version is meant");
    unread.help("write the branch, tag or commit itself; a repository that is only checked out may have an expression")
}

impl Loaded {
    /// Returns the diagnostic for a reference that names no file; none for one that follows from an alias that
    /// could not be read.
    pub(in crate::template) fn unresolved(&self, reason: &Unresolved, place: Span) -> Option<Diagnostic> {
        let mistake = Diagnostic::error(Code::UnknownTemplate, reason.to_string(), place, "");
        match reason {
            Unresolved::Alias(_) if self.has_lost_aliases => None,
            Unresolved::Alias(alias) => {
                let help = format!("declare it: `resources: {{repositories: [{{repository: {}}}]}}`", shown(alias));
                Some(mistake.help(help).suggest(alias, self.aliases.iter().map(|alias| &**alias).chain(["self"])))
            }
            Unresolved::Outside => {
                Some(mistake.help("begin the path with `/` to write it from the root of the repository"))
            }
            Unresolved::Empty | Unresolved::Character(_) => Some(mistake),
        }
    }

    /// Returns the diagnostic for a computed name that is not in the set.
    pub(in crate::template) fn unknown(&self, key: &FileKey, place: Span) -> Diagnostic {
        let title = format!("there is no template `{}`", shown(&key.to_string()));
        let unknown = Diagnostic::error(Code::UnknownTemplate, title, place, "this came to be the template's name");
        let same = self.files.iter().filter(|file| file.key.repository == key.repository).map(|file| &*file.key.path);
        let unknown = unknown.note("files are read when the pipeline is loaded, not when it runs");
        match did_you_mean(&key.path, same) {
            Some(help) => unknown.help(help),
            None => unknown,
        }
    }
}
