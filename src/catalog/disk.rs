//! The files that templates may come from, at one moment.
//!
//! A [`Moment`] reads each file once, so that all pipelines that are loaded in it see the same
//! text. For one pipeline it is seen through [`Disk`], which also notes what was asked: by asking
//! again in a later moment it is known whether the pipeline has to be loaded again.

use super::Library;
use super::git;
use super::load::{read, shown_path};
use crate::pipeline::WITHOUT_REPOSITORY;
use crate::template::{FileError, FileKey, FileText, Files, LISTED_MAX, Repository};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most folders, one inside the other, that are searched for templates, and the most that are
/// searched for one question.
const DEPTH_MAX: usize = 20;
const FOLDERS_MAX: usize = 2_000;

/// What was read at one moment.
pub(super) struct Moment<'l> {
    library: &'l Library,
    texts: RefCell<HashMap<PathBuf, Result<Arc<str>, Unread>>>,
    lists: RefCell<HashMap<(PathBuf, String), List>>,
    commits: RefCell<HashMap<(PathBuf, String), Result<String, String>>>,
}

/// The paths of files, from the root of their repository.
type List = Vec<Arc<str>>;

/// Why a file of a folder was not read.
#[derive(Debug, Clone)]
enum Unread {
    Missing,
    Failed(String),
}

impl<'l> Moment<'l> {
    pub(super) fn new(library: &'l Library) -> Self {
        Self { library, texts: RefCell::default(), lists: RefCell::default(), commits: RefCell::default() }
    }

    pub(super) fn library(&self) -> &'l Library {
        self.library
    }

    /// Returns the files as a pipeline at a path sees them.
    pub(super) fn files(&self, pipeline: &Path) -> Disk<'_> {
        let root = repository_of(pipeline, self.library);
        let inside = absolute(pipeline).strip_prefix(&root).map(Path::to_owned).unwrap_or_default();
        Disk { moment: self, root, pipeline: slashes(&inside), asked: RefCell::default() }
    }

    /// Reads a file that stays inside of a folder, also through links.
    fn text(&self, root: &Path, path: &str) -> Result<Arc<str>, Unread> {
        let full = root.join(path);
        if let Some(known) = self.texts.borrow().get(&full) {
            return known.clone();
        }
        let text = text_inside(root, &full);
        self.texts.borrow_mut().insert(full, text.clone());
        text
    }

    fn list(&self, root: &Path, folder: &str) -> Vec<Arc<str>> {
        let key = (root.to_owned(), folder.to_owned());
        if let Some(known) = self.lists.borrow().get(&key) {
            return known.clone();
        }
        let found = yaml_files(root, folder);
        self.lists.borrow_mut().insert(key, found.clone());
        found
    }

    fn commit(&self, folder: &Path, version: &str) -> Result<String, String> {
        let key = (folder.to_owned(), version.to_owned());
        if let Some(known) = self.commits.borrow().get(&key) {
            return known.clone();
        }
        let commit = git::commit(folder, version);
        self.commits.borrow_mut().insert(key, commit.clone());
        commit
    }
}

fn text_inside(root: &Path, full: &Path) -> Result<Arc<str>, Unread> {
    let failed = |cause: std::io::Error| match cause.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Unread::Missing,
        _ => Unread::Failed(cause.to_string()),
    };
    let root = root.canonicalize().map_err(failed)?;
    let real = full.canonicalize().map_err(failed)?;
    if !real.starts_with(&root) {
        return Err(Unread::Failed("a link leads out of its repository".to_owned()));
    }
    read(&real).map(Into::into).map_err(failed)
}

/// Returns the YAML files below a folder, by their paths from the root. Links to folders are not
/// followed, and hidden folders left alone.
fn yaml_files(root: &Path, folder: &str) -> Vec<Arc<str>> {
    let mut found = BTreeSet::new();
    let mut open = vec![(root.join(folder), 0)];
    let mut folders = 0;
    while let Some((inside, depth)) = open.pop() {
        folders += 1;
        if folders > FOLDERS_MAX {
            break;
        }
        let Ok(items) = std::fs::read_dir(&inside) else { continue };
        for item in items.flatten() {
            let Ok(kind) = item.file_type() else { continue };
            let is_hidden = item.file_name().to_string_lossy().starts_with('.');
            let path = item.path();
            if kind.is_dir() && !is_hidden && depth < DEPTH_MAX {
                open.push((path, depth + 1));
            } else if !kind.is_dir() && path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml") {
                found.extend(path.strip_prefix(root).ok().map(slashes));
            }
        }
    }
    found.into_iter().take(LISTED_MAX).map(Into::into).collect()
}

/// Returns a path with `/` between its names.
fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

pub(super) fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// Returns the root of the repository that a file is in, or else its own folder.
pub(super) fn repository_of(file: &Path, library: &Library) -> PathBuf {
    let own = || absolute(file).parent().unwrap_or(Path::new("/")).to_owned();
    known_repository_of(file, library).unwrap_or_else(own)
}

/// Returns the root of the repository that a file is in: the nearest folder above it that has a `.git` or that
/// the configuration calls a repository, else the pipelines folder if it is in there.
pub(super) fn known_repository_of(file: &Path, library: &Library) -> Option<PathBuf> {
    let pipeline = absolute(file);
    let own = pipeline.parent().unwrap_or(Path::new("/"));
    let configured: Vec<PathBuf> = library.folders().map(absolute).collect();
    let is_root = |folder: &&Path| folder.join(".git").exists() || configured.iter().any(|known| known == *folder);
    if let Some(root) = own.ancestors().find(is_root) {
        return Some(root.to_owned());
    }
    let pipelines = absolute(library.pipelines());
    let is_inside = pipelines.is_absolute() && pipeline.starts_with(&pipelines);
    is_inside.then_some(pipelines)
}

/// The files as one pipeline sees them.
pub(super) struct Disk<'m> {
    moment: &'m Moment<'m>,
    root: PathBuf,
    pipeline: String,
    asked: RefCell<Vec<Asked>>,
}

/// A question and its answer.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    key: FileKey,
    declared: Option<Repository>,
    answer: Answer,
}

#[derive(Debug, Clone, PartialEq)]
enum Answer {
    Text(Result<FileText, FileError>),
    List(Vec<Arc<str>>),
}

/// Where the files of a repository are.
enum Source {
    Folder(PathBuf),
    Commit { folder: PathBuf, commit: String },
}

impl Disk<'_> {
    /// Returns what was asked, and the folders in which the answers can change.
    pub(super) fn into_asked(self) -> (Vec<Asked>, BTreeSet<PathBuf>) {
        let asked = self.asked.take();
        let mut folders = BTreeSet::new();
        for question in &asked {
            if let Ok(Source::Folder(root)) = self.source(question.declared.as_ref()) {
                let path = root.join(&*question.key.path);
                let folder = match question.answer {
                    Answer::Text(_) => path.parent().unwrap_or(&root).to_owned(),
                    Answer::List(_) => path,
                };
                folders.extend(folder.is_dir().then_some(folder));
            }
        }
        (asked, folders)
    }

    /// Says whether the same questions get the same answers.
    pub(super) fn is_unchanged(&self, asked: &[Asked]) -> bool {
        asked.iter().all(|question| {
            let declared = question.declared.as_ref();
            match &question.answer {
                Answer::Text(text) => self.read_now(&question.key, declared) == *text,
                Answer::List(list) => self.list_now(&question.key, declared) == *list,
            }
        })
    }

    fn source(&self, declared: Option<&Repository>) -> Result<Source, String> {
        let Some(declared) = declared else { return Ok(Source::Folder(self.root.clone())) };
        let folder = self.moment.library.repository(declared).ok_or_else(|| {
            let alias = &declared.alias;
            format!("{WITHOUT_REPOSITORY} `{alias}` is: `repositories: {{{alias}: PATH}}`")
        })?;
        if !folder.is_dir() {
            return Err(format!("the repository `{}` is no folder: {}", declared.alias, folder.display()));
        }
        let folder = absolute(folder);
        let Some(version) = &declared.version else { return Ok(Source::Folder(folder)) };
        let of = |reason: String| format!("the repository `{}` at {}: {reason}", declared.alias, shown_path(&folder));
        if !git::is_checkout(&folder) {
            return Err(of(format!("it is no git checkout, so its `ref: {version}` can't be read")));
        }
        let commit = self.moment.commit(&folder, version).map_err(of)?;
        Ok(Source::Commit { folder, commit })
    }

    fn read_now(&self, key: &FileKey, declared: Option<&Repository>) -> Result<FileText, FileError> {
        let unreadable = |reason: String| FileError::Unreadable(format!("{}: {reason}", key.path));
        match self.source(declared).map_err(FileError::Unreadable)? {
            Source::Folder(root) => match self.moment.text(&root, &key.path) {
                Ok(text) => Ok(FileText { shown: shown_path(&root.join(&*key.path)), text }),
                Err(Unread::Missing) => Err(FileError::Missing(key.to_string())),
                Err(Unread::Failed(reason)) => Err(unreadable(reason)),
            },
            Source::Commit { folder, commit } => {
                let commits = &self.moment.library.commits;
                let tree = commits.tree(&folder, &commit).map_err(unreadable)?;
                match commits.read(&folder, &tree, &key.path).map_err(unreadable)? {
                    Some(text) => Ok(FileText { shown: key.to_string(), text }),
                    None => Err(FileError::Missing(key.to_string())),
                }
            }
        }
    }

    fn list_now(&self, folder: &FileKey, declared: Option<&Repository>) -> Vec<Arc<str>> {
        match self.source(declared) {
            Ok(Source::Folder(root)) => self.moment.list(&root, &folder.path),
            Ok(Source::Commit { folder: root, commit }) => {
                let tree = self.moment.library.commits.tree(&root, &commit);
                tree.map(|tree| tree.below(&folder.path)).unwrap_or_default()
            }
            Err(_) => Vec::new(),
        }
    }
}

impl Files for Disk<'_> {
    fn pipeline(&self) -> FileKey {
        FileKey { repository: None, path: self.pipeline.as_str().into() }
    }

    fn read(&self, key: &FileKey, declared: Option<&Repository>) -> Result<FileText, FileError> {
        let text = self.read_now(key, declared);
        let answer = Answer::Text(text.clone());
        self.asked.borrow_mut().push(Asked { key: key.clone(), declared: declared.cloned(), answer });
        text
    }

    fn list(&self, folder: &FileKey, declared: Option<&Repository>) -> Vec<Arc<str>> {
        let list = self.list_now(folder, declared);
        let answer = Answer::List(list.clone());
        self.asked.borrow_mut().push(Asked { key: folder.clone(), declared: declared.cloned(), answer });
        list
    }
}
