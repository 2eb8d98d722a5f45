//! The folders of one attempt of a job, `<data>/work/<run>/<job>_<token>/`, which are there only while it runs,
//! and the mark by which what it starts is known.
//!
//! Two attempts of a job may be on one machine at once, one of them lost: in the same data folder one after
//! the other, in two of them side by side. Neither has the other's folders or mark.

use super::containers;
use crate::diagnostic::shown_path;
use crate::files::make_folder;
use crate::id::{JobId, RunId};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The folder below the data folder.
const FOLDER: &str = "work";

/// More jobs than end while another one begins.
const JOBS_MAX: usize = 1000;

/// One attempt of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// The job.
    pub job: JobId,
    /// The token of its lease; nothing where there is no store.
    pub token: Option<i64>,
}

impl Attempt {
    /// Returns the part of its paths and its mark that names it.
    fn path(&self) -> io::Result<PathBuf> {
        let job = plain(self.job.as_str())?;
        let name = self.token.map_or_else(|| job.to_owned(), |token| format!("{job}_{token}"));
        Ok(Path::new(plain(self.run.as_str())?).join(name))
    }

    /// Returns what tells its processes from all others of this machine.
    pub(super) fn mark(&self, data: &Path) -> io::Result<String> {
        Ok(format!("{}/{}", mark(data)?, self.path()?.display()))
    }
}

/// Returns what the marks of all attempts in a data folder begin with. A copy of the folder, or of the store
/// in it, has another one: it must not take the original's processes for its own.
pub(super) fn mark(data: &Path) -> io::Result<String> {
    let folder = std::fs::metadata(data)?;
    Ok(format!("{:x}.{:x}", folder.dev(), folder.ino()))
}

/// The folders of one attempt of a job (reference, section 4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// What all processes of the attempt have in their environment.
    pub mark: String,
    /// The data folder's part for all jobs.
    pub work: PathBuf,
    /// The folder around the others.
    pub root: PathBuf,
    /// Where steps start.
    pub sources: PathBuf,
    /// For what is built.
    pub binaries: PathBuf,
    /// For what will be published.
    pub staging: PathBuf,
    /// For what tests report.
    pub test_results: PathBuf,
    /// For what nobody needs after the job; scripts are here.
    pub temporary: PathBuf,
    /// For tools that jobs after this one may use too.
    pub tools: PathBuf,
}

impl Workspace {
    /// Makes the folders of an attempt, empty, for the server's user alone. What was there is removed. With
    /// `sources`, that folder is used as it is instead of an empty one. Waits for room on the disk.
    pub fn create(data: &Path, attempt: &Attempt, sources: Option<&Path>) -> io::Result<Self> {
        let data = std::path::absolute(data)?;
        let work = data.join(FOLDER);
        make_folder(&work)?;
        let root = work.join(attempt.path()?);
        let own = |name: &str| root.join(name);
        let workspace = Self {
            mark: attempt.mark(&data)?,
            sources: sources.map_or_else(|| Ok(own("s")), std::fs::canonicalize)?,
            binaries: own("b"),
            staging: own("a"),
            test_results: own("TestResults"),
            temporary: own("temp"),
            tools: data.join("tools"),
            work,
            root,
        };
        workspace.remove()?;
        create_root(&workspace.root)?;
        let all = [&workspace.sources, &workspace.binaries, &workspace.staging, &workspace.test_results];
        for folder in all.into_iter().chain([&workspace.temporary, &workspace.tools]) {
            make_folder(folder)?;
        }
        Ok(workspace)
    }

    /// Removes the folders and all that is in them; a folder of sources that was given stays.
    pub fn remove(&self) -> io::Result<()> {
        remove(&self.root)
    }

    /// Removes what an attempt may have left in a data folder.
    pub(super) fn leave(data: &Path, attempt: &Attempt) -> io::Result<()> {
        clear(data, &data.join(FOLDER).join(attempt.path()?))
    }

    /// Removes what any attempt may have left in a data folder. What can't be removed keeps nothing else back.
    pub(super) fn leave_all(data: &Path) -> io::Result<()> {
        let mut cleared = Ok(());
        for run in names(&data.join(FOLDER), RunId::PREFIX)? {
            let run = data.join(FOLDER).join(run);
            for job in names(&run, JobId::PREFIX)? {
                cleared = clear(data, &run.join(job)).and(cleared);
            }
        }
        cleared
    }

    /// Returns a folder that steps may start in: inside the job's folders or the sources, with
    /// links followed. On failure, a sentence.
    pub fn inside(&self, folder: &str) -> Result<PathBuf, String> {
        as_folder(folder, self.entry(folder))
    }

    /// Returns a folder wherever it is, with links followed; what is relative begins at the sources. On failure,
    /// a sentence.
    pub fn folder(&self, folder: &str) -> Result<PathBuf, String> {
        as_folder(folder, self.found(folder))
    }

    /// Returns a file or folder inside the job's folders or the sources, with links followed; what
    /// is relative begins at the sources. On failure, what is wrong with it.
    pub fn entry(&self, path: &str) -> Result<PathBuf, String> {
        let found = self.found(path)?;
        let is_inside = self.homes().iter().any(|home| found.starts_with(home));
        if is_inside { Ok(found) } else { Err(format!("`{}` is outside of the job's folders", shown_path(path))) }
    }

    /// Returns a path as people call it: from the sources, or from the job's folder.
    pub(super) fn named<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.sources).or_else(|_| path.strip_prefix(&self.root)).unwrap_or(path)
    }

    /// Returns the job's folders, with links in their paths followed.
    pub(super) fn homes(&self) -> Vec<PathBuf> {
        [&self.root, &self.sources].into_iter().filter_map(|home| std::fs::canonicalize(home).ok()).collect()
    }

    fn found(&self, path: &str) -> Result<PathBuf, String> {
        let found = std::fs::canonicalize(self.sources.join(path));
        found.map_err(|error| format!("`{}` can't be used: {error}", shown_path(path)))
    }
}

/// Returns what was found where it is a folder. On failure, a sentence.
fn as_folder(written: &str, found: Result<PathBuf, String>) -> Result<PathBuf, String> {
    let found = found.map_err(|problem| format!("The folder {problem}."))?;
    if found.is_dir() { Ok(found) } else { Err(format!("`{}` is no folder.", shown_path(written))) }
}

/// Removes the containers of an attempt that is over, and then its folders, which name them.
fn clear(data: &Path, root: &Path) -> io::Result<()> {
    if root.is_dir() {
        containers::clear_up(root, &mark(data)?)?;
    }
    remove(root)
}

/// Returns the names in a folder that begin with a prefix; none where there is no folder.
fn names(folder: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.filter(|name: &io::Result<String>| name.as_ref().map_or(true, |name| name.starts_with(prefix))).collect()
}

/// Makes the folder around the others. A job of the same run that ends meanwhile removes the run's folder
/// if it sees it empty: each try that fails for that is one such job, of which a run has fewer.
fn create_root(root: &Path) -> io::Result<()> {
    let is_gone = |made: &io::Result<()>| matches!(made, Err(error) if error.kind() == io::ErrorKind::NotFound);
    (0..JOBS_MAX).map(|_| make_folder(root)).find(|made| !is_gone(made)).unwrap_or_else(|| make_folder(root))
}

fn remove(root: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(root) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(root)?;
            std::fs::remove_dir_all(root)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    // The run's own folder goes with the last of its jobs.
    let _ = root.parent().map(std::fs::remove_dir);
    Ok(())
}

/// Returns the id if it is a plain name, for a path.
fn plain(id: &str) -> io::Result<&str> {
    let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain { Ok(id) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no id")) }
}

/// Makes folders writable that a step has protected, as caches of modules are. Links are not
/// followed, and the depth is that of the paths the system takes.
fn make_writable(root: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            }
        }
    }
    Ok(())
}
