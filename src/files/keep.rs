//! Files that steps hand over: single ones in `<data>/files/<run>/<job>/`, artifacts in
//! `<data>/artifacts/<run>/<name>/`.
//!
//! They are copies: what a later step does to the original changes nothing here. Where several machines
//! share the work they go on to the depot, under their paths.

use super::copy;
use super::depot::{Depot, check};
use super::ignored::Ignored;
use super::shortage::make_folder;
use super::tree::{LeftOut, Links, Tree, tree_without};
use super::{gather, safe};
use crate::diagnostic::shown;
use crate::id::{JobId, RunId};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes of one file that is not part of an artifact.
pub const FILE_MAX: u64 = 100 * 1024 * 1024;
/// The most bytes of all files of one upload to an artifact, and how many files that may be.
pub const ARTIFACT_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// How many files and folders one upload to an artifact may have.
pub const ENTRIES_MAX: usize = 100_000;
/// The most characters of a name in a path.
const NAME_CHARS_MAX: usize = 100;

/// Files and artifacts of one data folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keep {
    data: PathBuf,
    shared: Option<Shared>,
}

/// What several machines share, and the folder here for what is fetched from there.
#[derive(Debug, Clone)]
struct Shared {
    depot: Arc<dyn Depot>,
    fetched: PathBuf,
}

/// The ending of an artifact that is not whole yet; no name has a `:`.
pub(super) const PART: &str = ":part";

/// An artifact that something was copied into.
#[derive(Debug)]
pub struct Kept {
    /// Its path below the data folder.
    pub below: String,
    /// Links that it did not get.
    pub left_out: Vec<LeftOut>,
    /// How many entries were to be ignored; a folder is one.
    pub ignored: usize,
}

/// How far an upload is.
#[derive(Default)]
struct Load {
    bytes: u64,
    entries: usize,
}

impl Keep {
    /// Returns what is kept below a data folder. Nothing is created yet.
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), shared: None }
    }

    /// Returns what several machines keep together, where there is a depot. What one job fetches of it is
    /// put into a folder of that job.
    pub fn shared(self, depot: Option<Arc<dyn Depot>>, fetched: PathBuf) -> Self {
        Self { shared: depot.map(|depot| Shared { depot, fetched }), ..self }
    }

    /// Gives what was kept here to all machines.
    fn give(&self, below: &str) -> io::Result<()> {
        let Some(shared) = &self.shared else { return Ok(()) };
        gather::give(&*shared.depot, below, &self.data.join(below))
    }

    /// Copies a file under a number that no other of its job has, and a name. Returns its path below the data
    /// folder, and its size.
    pub fn file(
        &self,
        run: &RunId,
        job: &JobId,
        (number, name): (&str, &str),
        from: &Path,
    ) -> io::Result<(String, u64)> {
        let (run, job) = (safe(run.as_str())?, safe(job.as_str())?);
        let below = format!("files/{run}/{job}/{}-{}", safe(number)?, plain(name));
        let to = self.data.join(&below);
        let mut load = Load { bytes: ARTIFACT_MAX - FILE_MAX, entries: 0 };
        make_folder(to.parent().expect("it stands in a folder"))?;
        copy_file(from, &to, &mut load)?;
        let size = fs::metadata(to)?.len();
        self.give(&below)?;
        Ok((below, size))
    }

    /// Copies a file or a folder into a new artifact, which is there as a whole or not at all.
    /// An artifact of that name is an error, or replaced. What a folder says is to be ignored is left out.
    pub fn new_artifact(
        &self,
        run: &RunId,
        name: &str,
        (from, links): (&Path, &Links),
        replaces: bool,
    ) -> io::Result<Kept> {
        let below = format!("artifacts/{}/{}", safe(run.as_str())?, plain(name));
        let (to, part) = (self.data.join(&below), self.data.join(format!("{below}{PART}")));
        let known = self.artifacts(run)?.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(&plain(name)));
        match known {
            Some((known, _)) if replaces => self.remove_artifact(run, &known)?,
            Some(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            None => {}
        }
        remove_part(&part)?;
        make_folder(&part)?;
        let ignored = if from.is_dir() { Ignored::of(from)? } else { Ignored::default() };
        let copied = copy(from, &part, links, &ignored)?;
        keep_for_good(&part)?;
        if self.shared.is_some() {
            // From before the folder's store was moved to where machines share it.
            remove_part(&to)?;
        }
        fs::rename(&part, &to)?;
        self.give_artifact(&below)?;
        Ok(Kept { below, left_out: copied.left_out, ignored: copied.ignored })
    }

    fn give_artifact(&self, below: &str) -> io::Result<()> {
        self.give(below)?;
        self.shared.as_ref().map_or(Ok(()), |shared| gather::complete(&*shared.depot, below))
    }

    fn remove_artifact(&self, run: &RunId, name: &str) -> io::Result<()> {
        let below = format!("artifacts/{}/{name}", safe(run.as_str())?);
        match &self.shared {
            Some(shared) => gather::remove(&*shared.depot, &below),
            None => fs::remove_dir_all(self.data.join(below)),
        }
    }

    /// Returns the artifacts of a run that are whole, in the order of their names: the name, and the
    /// path below the data folder.
    pub fn artifacts(&self, run: &RunId) -> io::Result<Vec<(String, String)>> {
        let below = format!("artifacts/{}", safe(run.as_str())?);
        let names = match &self.shared {
            Some(shared) => gather::whole(&*shared.depot, &below)?,
            None => self.names(&below)?,
        };
        Ok(names.into_iter().map(|name| (name.clone(), format!("{below}/{name}"))).collect())
    }

    fn names(&self, below: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.data.join(below)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.retain(|name| !name.ends_with(PART));
        names.sort();
        Ok(names)
    }

    /// Returns where what has a path below the data folder can be read; what other machines have made is
    /// fetched.
    pub fn open(&self, below: &str) -> io::Result<PathBuf> {
        let Some(shared) = &self.shared else { return Ok(self.data.join(below)) };
        let folder = shared.fetched.join(below);
        gather::fetch(&*shared.depot, below, &folder)?;
        Ok(folder)
    }

    /// Copies a file, or what is in a folder, into an artifact.
    pub fn artifact(&self, run: &RunId, name: &str, (from, links): (&Path, &Links)) -> io::Result<Kept> {
        let below = format!("artifacts/{}/{}", safe(run.as_str())?, plain(name));
        let to = self.data.join(&below);
        make_folder(&to)?;
        let copied = copy(from, &to, links, &Ignored::default())?;
        keep_for_good(&to)?;
        self.give_artifact(&below)?;
        Ok(Kept { below, left_out: copied.left_out, ignored: 0 })
    }
}

/// Says what is wrong with the name of an artifact, if something is: a sentence without its end.
pub fn check_artifact_name(name: &str) -> Result<(), String> {
    let is_possible = !name.trim_matches(['.', ' ']).is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    if is_possible && !name.contains(|it: char| it.is_control() || "\\/\":<>|*?".contains(it)) {
        return Ok(());
    }
    Err(format!(
        "`{}` can't be the name of an artifact: it has 1 to {NAME_CHARS_MAX} characters, none of `\\ / \" : < > | * ?`",
        shown(name)
    ))
}

/// Returns a name as part of a path: one that stays in its folder.
fn plain(name: &str) -> String {
    let is_plain = |character: char| !character.is_control() && !matches!(character, '/' | '\\' | '\0');
    let name: String = name.chars().take(NAME_CHARS_MAX).map(|it| if is_plain(it) { it } else { '_' }).collect();
    match name.trim_matches('.') {
        "" => "_".to_owned(),
        _ => name,
    }
}

/// Removes what an attempt before has left.
fn remove_part(part: &Path) -> io::Result<()> {
    match fs::remove_dir_all(part) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Returns when all that was written to the disk of a folder is on it.
fn keep_for_good(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(fs::File::open(folder)?)?)
}

/// Copies a file, or all that is in a folder and is not to be ignored, into one. Returns what there was.
fn copy(from: &Path, to: &Path, links: &Links, ignored: &Ignored) -> io::Result<Tree> {
    let mut load = Load::default();
    if !from.is_dir() {
        let name = from.file_name().map_or_else(String::new, |name| plain(&name.to_string_lossy()));
        copy_file(from, &to.join(name), &mut load)?;
        return Ok(Tree::default());
    }
    let tree = tree_without(from, links, check, ignored)?;
    for folder in &tree.folders {
        count(&mut load, 0)?;
        make_folder(&to.join(folder))?;
    }
    for file in &tree.files {
        copy_file(&from.join(file), &to.join(file), &mut load)?;
    }
    Ok(tree)
}

fn copy_file(from: &Path, to: &Path, load: &mut Load) -> io::Result<()> {
    let size = fs::metadata(from)?;
    if !size.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    count(load, size.len())?;
    copy::copy_file(from, to)
}

fn count(load: &mut Load, bytes: u64) -> io::Result<()> {
    load.bytes += bytes;
    load.entries += 1;
    if load.bytes > ARTIFACT_MAX || load.entries > ENTRIES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than what is kept"));
    }
    Ok(())
}
