//! The folder of task packages: one folder a package, unpacked, with its `task.json`; or one folder a
//! task and in it one a version, as agents of the pipeline language keep them.

use crate::diagnostic::shown;
use crate::pipeline::task::package::Package;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes of a `task.json`.
pub const DEFINITION_MAX: u64 = 1024 * 1024;
/// The most packages of one folder.
pub const PACKAGES_MAX: usize = 1_000;
/// What says that a folder is a package.
const DEFINITION: &str = "task.json";
/// How many folders a package lies below that of all.
const DEPTH_MAX: usize = 2;

/// Returns the packages below a folder in the order of their paths, and what is wrong with others.
pub(super) fn read(folder: &Path) -> (Vec<Arc<Package>>, Vec<String>) {
    let (mut packages, mut problems) = (Vec::new(), Vec::new());
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        if folder.join(DEFINITION).is_file() && depth > 0 {
            match package(&folder) {
                Ok(package) => packages.push(Arc::new(package)),
                Err(reason) => problems.push(problem(&folder.join(DEFINITION), &reason)),
            }
        } else if depth < DEPTH_MAX {
            match folders(&folder) {
                Ok(folders) => open.extend(folders.into_iter().rev().map(|folder| (folder, depth + 1))),
                Err(error) => problems.push(problem(&folder, &error.to_string())),
            }
        }
        if packages.len() >= PACKAGES_MAX {
            problems.push(format!("there are more than {PACKAGES_MAX} task packages"));
            break;
        }
    }
    (packages, problems)
}

fn problem(path: &Path, reason: &str) -> String {
    format!("`{}` can't be used: {reason}", shown(&path.to_string_lossy()))
}

fn folders(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| path.is_dir());
    paths.sort();
    Ok(paths)
}

fn package(folder: &Path) -> Result<Package, String> {
    let definition = folder.join(DEFINITION);
    // Looked at before it is opened: opening a pipe waits for who writes into it.
    if !std::fs::metadata(&definition).map_err(|error| error.to_string())?.is_file() {
        return Err("it is not a file".to_owned());
    }
    let file = std::fs::File::open(definition).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(DEFINITION_MAX + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > DEFINITION_MAX {
        return Err(format!("it has more than {DEFINITION_MAX} bytes"));
    }
    let folder = std::path::absolute(folder).map_err(|error| error.to_string())?;
    let package = Package::parse(&text, folder)?;
    if let Some(script) = package.scripts().find(|script| !package.folder.join(script).is_file()) {
        return Err(format!("its handler is not there: `{}`", shown(script)));
    }
    Ok(package)
}
