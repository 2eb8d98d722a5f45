//! How a template sees other files. It reads none itself: the catalog does, and gives it these.

use super::reference::FileKey;
use crate::diagnostic::Span;
use std::sync::Arc;

/// A repository that a pipeline declares below `resources.repositories`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The name after `@` in references.
    pub alias: Arc<str>,
    /// Where the alias stands.
    pub alias_span: Span,
    /// The repository's name, by which the configuration may know it too.
    pub name: Option<String>,
    /// The branch, tag or commit, for a git checkout.
    pub version: Option<String>,
    /// Where an expression says the branch, tag or commit, whose value is known only to a run.
    pub open_version: Option<Span>,
}

/// A file's text and the name under which people know the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileText {
    /// A path that a person can go to, or `path@alias`.
    pub shown: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// Why a file can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("there is no file `{0}`")]
    Missing(String),
    /// It is there, or its repository is, and can't be used; a sentence without its beginning.
    #[error("{0}")]
    Unreadable(String),
}

/// The files of the repository that a pipeline is in, and of those that it declares.
///
/// Everything is asked for while a pipeline is loaded, and never again while it is expanded: what
/// a delivery may include is frozen with the pipeline. Two questions with the same arguments get
/// the same answer.
pub trait Files {
    /// Returns the place of the pipeline file in its repository.
    fn pipeline(&self) -> FileKey;

    /// Reads a file. `declared` is the resource that the key's alias names; `None` for the
    /// pipeline's own repository. Paths never leave their repository, whatever links there are.
    fn read(&self, key: &FileKey, declared: Option<&Repository>) -> Result<FileText, FileError>;

    /// Returns the paths of the YAML files below a folder of a repository (`""` for its root), in
    /// order, at most [`LISTED_MAX`](super::LISTED_MAX); none where the folder can't be read.
    fn list(&self, folder: &FileKey, declared: Option<&Repository>) -> Vec<Arc<str>>;
}

/// A pipeline on its own: it has no other files.
#[derive(Debug, Clone, Copy)]
pub struct NoFiles;

impl Files for NoFiles {
    fn pipeline(&self) -> FileKey {
        FileKey { repository: None, path: "pipeline.yml".into() }
    }

    fn read(&self, key: &FileKey, _: Option<&Repository>) -> Result<FileText, FileError> {
        Err(FileError::Missing(key.path.to_string()))
    }

    fn list(&self, _: &FileKey, _: Option<&Repository>) -> Vec<Arc<str>> {
        Vec::new()
    }
}
