//! Which files of a folder are pipelines, and which are templates.

use std::path::{Path, PathBuf};

/// The most pipeline files, and the most templates, that one folder has.
pub const FILES_MAX: usize = 10_000;
/// The most folders, one inside the other, that are searched.
const FOLDER_DEPTH_MAX: usize = 20;
/// Folders of this name hold templates, which are no pipelines.
const TEMPLATES: &str = "templates";

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
}

/// Returns the files below a folder by their names. Links to folders are not followed, so that the
/// search ends and stays inside, and hidden ones are left alone.
pub(super) fn files(folder: &Path) -> Result<Files, Error> {
    let mut found = Files::default();
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
                found.add(folder, path)?;
            }
        }
    }
    found.pipelines.sort_by(|one, other| one.name.cmp(&other.name));
    found.templates.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

impl Files {
    fn add(&mut self, folder: &Path, path: PathBuf) -> Result<(), Error> {
        let Ok(inside) = path.strip_prefix(folder) else { return Ok(()) };
        let list = if is_among_templates(inside) { &mut self.templates } else { &mut self.pipelines };
        let Some(name) = inside.with_extension("").to_str().map(|name| name.replace(std::path::MAIN_SEPARATOR, "/"))
        else {
            return Ok(());
        };
        if list.len() == FILES_MAX {
            return Err(Error::TooMany(folder.display().to_string()));
        }
        list.push(File { name, path });
        Ok(())
    }
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
