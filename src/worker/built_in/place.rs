//! Paths that stay in the job's folders, also those of what is not there yet.

use super::super::workspace::Workspace;
use crate::diagnostic::shown;
use crate::files::with_patience;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Returns where a file or folder is to be made. What is relative begins at `base`; `..` may lead
/// about inside of the job's folders, and no link out of them. On failure, a sentence.
pub(super) fn destination(workspace: &Workspace, base: &Path, path: &str) -> Result<PathBuf, String> {
    let outside = || {
        let shown = shown(path);
        format!("`{shown}` is outside of the job's folders. Help: a script step can write elsewhere.")
    };
    if path.contains('\0') {
        return Err(outside());
    }
    let plain = plain(&base.join(path)).ok_or_else(outside)?;
    let there = plain.ancestors().find(|it| it.symlink_metadata().is_ok()).ok_or_else(outside)?;
    let rest = plain.strip_prefix(there).map_err(|_| outside())?;
    let found = std::fs::canonicalize(there).map_err(|_| outside())?;
    let found = if rest.as_os_str().is_empty() { found } else { found.join(rest) };
    if workspace.homes().iter().any(|home| found.starts_with(home)) { Ok(found) } else { Err(outside()) }
}

/// Returns the path without `.` and `..`, as far as the names alone say it.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            part => plain.push(part),
        }
    }
    Some(plain)
}

/// Returns a path below a folder that an archive or a repository names: plain names only.
pub(super) fn below(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) if name != OsStr::new("") => plain.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(plain)
}

/// Says whether a folder is one that the job needs as it is, so that it must not be removed.
pub(super) fn is_needed(workspace: &Workspace, folder: &Path) -> bool {
    let needed = [&workspace.root, &workspace.sources, &workspace.temporary];
    needed.into_iter().filter_map(|it| std::fs::canonicalize(it).ok()).any(|it| it.starts_with(folder))
}

/// Removes all that is in a folder; a file that stands in its place goes as a whole. What is not there is empty.
pub(super) fn empty(folder: &Path) -> std::io::Result<()> {
    if !folder.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
        return super::checkout::remove(folder);
    }
    for entry in std::fs::read_dir(folder)? {
        super::checkout::remove(&entry?.path())?;
    }
    Ok(())
}

/// Makes the folders around a file below `root`, none of them a link, and returns where the file
/// belongs; a link there is removed, not followed. `path` has plain names only.
pub(super) fn make_room(root: &Path, path: &Path) -> std::io::Result<PathBuf> {
    with_patience(root, || std::fs::create_dir_all(root))?;
    let mut folder = root.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        folder.push(part);
        match folder.symlink_metadata() {
            Ok(kind) if kind.is_dir() => {}
            Ok(_) => {
                let sentence = format!("`{}` is no folder", shown(&folder.to_string_lossy()));
                return Err(std::io::Error::new(std::io::ErrorKind::NotADirectory, sentence));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                with_patience(&folder, || std::fs::create_dir(&folder))?;
            }
            Err(error) => return Err(error),
        }
    }
    let file = root.join(path);
    if file.symlink_metadata().is_ok_and(|kind| kind.is_symlink()) {
        std::fs::remove_file(&file)?;
    }
    Ok(file)
}
