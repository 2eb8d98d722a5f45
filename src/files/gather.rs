//! What steps hand over where several machines share it: brought from this machine's disk to the depot,
//! and back for who wants it.

use super::depot::{Depot, get_file, patiently, put_file};
use super::shortage::make_folder;
use std::fs;
use std::io;
use std::path::{Component, Path};

/// The ending of a name that says that an artifact is whole; no name of a file has a `:`.
pub(super) const WHOLE: &str = ":whole";

/// Moves a file or all files of a folder into a depot, below a name.
pub(super) fn give(depot: &dyn Depot, name: &str, from: &Path) -> io::Result<()> {
    let size = size(from)?;
    let most = depot.upload_max();
    if size > most {
        let reason = format!("it has {size} bytes, and at most {most} are shared between machines");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    for (path, file) in files(from)? {
        let name = if path.is_empty() { name.to_owned() } else { format!("{name}/{path}") };
        put_file(depot, &name, &file)?;
    }
    if from.is_dir() { fs::remove_dir_all(from) } else { fs::remove_file(from) }
}

/// Says that an artifact is whole.
pub(super) fn complete(depot: &dyn Depot, artifact: &str) -> io::Result<()> {
    patiently(|| depot.put(&format!("{artifact}{WHOLE}"), 0, b"", None))
}

/// Returns the artifacts below a name that are whole.
pub(super) fn whole(depot: &dyn Depot, below: &str) -> io::Result<Vec<String>> {
    let prefix = format!("{below}/");
    let names = patiently(|| depot.names(&prefix))?;
    let whole = names.iter().filter_map(|name| name.strip_prefix(&prefix)?.strip_suffix(WHOLE));
    Ok(whole.filter(|name| !name.contains('/')).map(str::to_owned).collect())
}

/// Removes an artifact.
pub(super) fn remove(depot: &dyn Depot, artifact: &str) -> io::Result<()> {
    patiently(|| depot.remove(&format!("{artifact}{WHOLE}")))?;
    patiently(|| depot.remove(artifact))
}

/// Brings the files of an artifact into a folder, which is made.
pub(super) fn fetch(depot: &dyn Depot, artifact: &str, to: &Path) -> io::Result<()> {
    make_folder(to)?;
    let prefix = format!("{artifact}/");
    for name in patiently(|| depot.names(&prefix))? {
        let path = Path::new(&name[prefix.len()..]);
        // What was put there by us is below the folder; what somebody else has put there stays out.
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            continue;
        }
        let to = to.join(path);
        make_folder(to.parent().expect("it stands in the folder"))?;
        get_file(depot, &name, &to)?;
    }
    Ok(())
}

fn size(from: &Path) -> io::Result<u64> {
    files(from)?.iter().try_fold(0, |size, (_, file)| Ok(size + fs::symlink_metadata(file)?.len()))
}

/// Returns the files of a folder with their paths in it; a file is itself, with no path.
fn files(from: &Path) -> io::Result<Vec<(String, std::path::PathBuf)>> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), from.to_owned())];
    while let Some((path, place)) = open.pop() {
        if !place.is_dir() {
            found.push((path, place));
            continue;
        }
        for entry in fs::read_dir(&place)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidFilename, format!("the name {name:?} is not UTF-8"))
            })?;
            open.push((if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}
