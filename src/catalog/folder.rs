//! Which files of a folder are pipelines, which are templates, and which can't be told from others by name.

use super::Library;
use super::disk::absolute;
use super::load::shown_path;
use crate::diagnostic::{Code, Diagnostic, Report, SourceMap, shown};
use std::path::{Component, Path, PathBuf};

/// The most pipeline files, and the most templates, that one folder has.
pub const FILES_MAX: usize = 10_000;
/// The most folders, one inside the other, that are searched.
const FOLDER_DEPTH_MAX: usize = 20;
/// Folders of this name hold templates, which are no pipelines.
const TEMPLATES: &str = "templates";
/// What helps a file that has no name of its own.
const RENAME: &str = "give it another name";

/// Why a folder of pipelines can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder, or one below it.
    #[error("the pipelines folder {folder} can't be read: {cause}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        cause: std::io::Error,
    },
    /// More files than [`FILES_MAX`].
    #[error("the pipelines folder {0} has more than {FILES_MAX} files")]
    TooMany(String),
}

/// A file that was found.
pub(super) struct File {
    /// Its path below the folder without its ending: the name of a pipeline.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// The YAML files below a folder.
#[derive(Default)]
pub(super) struct Files {
    pub(super) pipelines: Vec<File>,
    /// Those below folders of the name `templates`.
    pub(super) templates: Vec<File>,
    /// Those that have no name of their own.
    pub(super) strays: Vec<Stray>,
}

/// A file that is served under no name: its own is no text, another file has the same one, or it is elsewhere.
#[derive(Debug)]
pub struct Stray {
    /// Its path below the folder, with its ending: no pipeline's name.
    pub(super) name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong with its name.
    pub report: Report,
}

/// Returns the files below a folder by their names. Links to folders are not followed, so that the
/// search ends and stays inside, nor are links to files outside; hidden ones are left alone.
///
/// `x.yml` and `x.yaml` would both be the pipeline `x`: the first has the name, whatever the order in which
/// the system lists them. The configuration of the library takes no name from anybody.
pub(super) fn files(folder: &Path, library: &Library) -> Result<Files, Error> {
    let mut found = Files::default();
    let root = absolute(folder);
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((inside, depth)) = open.pop() {
        let failed = |cause| Error::Folder { folder: inside.display().to_string(), cause };
        for item in std::fs::read_dir(&inside).map_err(failed)? {
            let item = item.map_err(failed)?;
            let kind = item.file_type().map_err(failed)?;
            let path = item.path();
            if is_hidden(&path) {
                continue;
            }
            if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
                open.push((path, depth + 1));
            } else if !kind.is_dir() && is_yaml(&path) {
                let leads_out = kind.is_symlink() && path.is_file() && !absolute(&path).starts_with(&root);
                found.add(folder, path, leads_out)?;
            }
        }
    }
    found.take_doubles_out(folder, library);
    found.templates.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

impl Files {
    fn add(&mut self, folder: &Path, path: PathBuf, leads_out: bool) -> Result<(), Error> {
        let Ok(inside) = path.strip_prefix(folder) else { return Ok(()) };
        let is_full = |count: usize| count == FILES_MAX;
        let list = if is_among_templates(inside) { &mut self.templates } else { &mut self.pipelines };
        if is_full(list.len()) || is_full(self.strays.len()) {
            return Err(Error::TooMany(folder.display().to_string()));
        }
        match inside.with_extension("").to_str() {
            _ if leads_out => {
                let title = format!("{} is a link out of the pipelines folder, and is not read", shown_path(&path));
                self.strays.push(Stray::new(folder, path, title, "put the file itself there"));
            }
            Some(name) => list.push(File { name: slashes(name), path }),
            None => {
                let title = format!("the name of the file {} is not UTF-8, so nothing can name it", shown_path(&path));
                self.strays.push(Stray::new(folder, path, title, RENAME));
            }
        }
        Ok(())
    }

    /// Sorts the pipelines by their names, and puts those aside whose name another one has.
    fn take_doubles_out(&mut self, folder: &Path, library: &Library) {
        // Of the two endings the usual one, which is the shorter.
        self.pipelines.sort_by_cached_key(|file| (file.name.clone(), file.path.as_os_str().len()));
        let mut kept: Vec<File> = Vec::with_capacity(self.pipelines.len());
        for file in std::mem::take(&mut self.pipelines) {
            let first = kept.last().filter(|first| first.name == file.name && !library.is_configuration(&first.path));
            match first.map(|first| shown_path(&first.path)) {
                Some(first) if !library.is_configuration(&file.path) => {
                    let (path, name) = (shown_path(&file.path), shown(&file.name));
                    let title = format!("{path} and {first} are both named `{name}`: the second one is served");
                    self.strays.push(Stray::new(folder, file.path, title, RENAME));
                }
                _ => kept.push(file),
            }
        }
        self.pipelines = kept;
    }
}

/// Returns the name of a pipeline: its path below the pipelines folder, or else the name of its file, without
/// the ending.
pub(super) fn name_of(path: &Path, pipelines: &Path) -> String {
    let full = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let is_below = |inside: &Path| inside.components().all(|part| matches!(part, Component::Normal(_)));
    let inside = [full, absolute].iter().find_map(|of| {
        let path = of(path);
        path.strip_prefix(of(pipelines)).ok().filter(|inside| is_below(inside)).map(|inside| inside.with_extension(""))
    });
    let name = inside.or_else(|| path.file_stem().map(PathBuf::from)).unwrap_or_default();
    slashes(&name.to_string_lossy())
}

impl Stray {
    fn new(folder: &Path, path: PathBuf, title: String, help: &str) -> Self {
        let inside = path.strip_prefix(folder).unwrap_or(&path);
        let report = Diagnostic::without_place(Code::PipelineName, title).help(help);
        let name = slashes(&inside.to_string_lossy());
        Self { name, path, report: report.resolve(&SourceMap::default()) }
    }
}

fn slashes(name: &str) -> String {
    name.replace(std::path::MAIN_SEPARATOR, "/")
}

/// Says whether a path leads through a folder of templates.
pub(super) fn is_among_templates(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder.iter().any(|name| name == TEMPLATES))
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml")
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
