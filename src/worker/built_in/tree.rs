//! What is in a folder of the job, and what is told of links in it that are not followed.

use super::super::workspace::Workspace;
use super::halt::Halt;
use crate::diagnostic::shown_path;
use crate::files::{self, LeftOut, Links, Sought, Tree, Why};
use std::path::{Path, PathBuf};

/// Returns all that is in a folder, with links followed inside of the job's folders. On failure, a sentence.
pub(super) fn tree(root: &Path, workspace: &Workspace, halt: &Halt) -> Result<Tree, String> {
    look(root, &Links::Within(workspace.homes()), halt)
}

/// As [`tree`], with links as they are.
pub(super) fn with_links(root: &Path, halt: &Halt) -> Result<Tree, String> {
    look(root, &Links::Kept, halt)
}

/// Returns the files in a folder that are wanted, with links followed as in [`tree`]. On failure, a sentence.
pub(super) fn search(
    root: &Path,
    workspace: &Workspace,
    halt: &Halt,
    is_wanted: impl Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, String> {
    seek(root, &Links::Within(workspace.homes()), halt, (Sought::Files, is_wanted))
}

/// As [`search`], with folders.
pub(super) fn search_entries(
    root: &Path,
    workspace: &Workspace,
    halt: &Halt,
    is_wanted: impl Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, String> {
    seek(root, &Links::Within(workspace.homes()), halt, (Sought::Entries, is_wanted))
}

/// As [`search`], without what links lead to.
pub(super) fn search_here(root: &Path, halt: &Halt, is_wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, String> {
    seek(root, &Links::Kept, halt, (Sought::Files, is_wanted))
}

fn seek(
    root: &Path,
    links: &Links,
    halt: &Halt,
    wanted: (Sought, impl Fn(&Path) -> bool),
) -> Result<Vec<PathBuf>, String> {
    let found = files::search(root, links, || halt.check().map_err(std::io::Error::other), wanted);
    found.map_err(|error| unread(root, &error))
}

fn unread(root: &Path, error: &std::io::Error) -> String {
    format!("`{}` can't be read: {error}.", shown_path(&root.to_string_lossy()))
}

fn look(root: &Path, links: &Links, halt: &Halt) -> Result<Tree, String> {
    let found = files::tree(root, links, || halt.check().map_err(std::io::Error::other));
    found.map_err(|error| unread(root, &error))
}

/// Returns a sentence for each reason why links were left out, which are sorted by it.
pub(super) fn told<'l>(left_out: impl IntoIterator<Item = &'l LeftOut>) -> Vec<String> {
    let left_out: Vec<&LeftOut> = left_out.into_iter().collect();
    let groups = left_out.chunk_by(|one, other| one.why == other.why);
    let sentence = |group: &[&LeftOut]| {
        let (lead, what) = match group[0].why {
            Why::Dangling => ("lead to nothing", "Help: remove them, or make what they lead to before."),
            Why::Cycle => ("lead to a folder around them", "What is in it is there already."),
            Why::Outside => ("lead out of the job's folders", "Help: let a script copy what they lead to, `cp -rL`."),
        };
        let path = shown_path(&group[0].path.to_string_lossy()).to_string();
        format!("Links that {lead} were left out, such as `{path}` ({} in all). {what}", group.len())
    };
    groups.map(sentence).collect()
}
