//! What is in a folder, for whoever copies, keeps or looks through it. Links are kept as they are, or
//! followed as the pipeline language's own tasks follow them.

use super::ignored::Ignored;
use super::keep::ENTRIES_MAX;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The most entries of a folder that is searched.
pub const SEARCHED_MAX: usize = 1_000_000;

/// What is in a folder, as paths relative to it and in their order.
#[derive(Debug, Default)]
pub struct Tree {
    /// Files, also those that links lead to which were followed.
    pub files: Vec<PathBuf>,
    /// Folders, likewise.
    pub folders: Vec<PathBuf>,
    /// Links that stay links.
    pub links: Vec<PathBuf>,
    /// Links that were to be followed and can't be.
    pub left_out: Vec<LeftOut>,
    /// How many entries were to be ignored; a folder is one, with all that is in it.
    pub ignored: usize,
}

/// What becomes of links.
#[derive(Debug, Clone)]
pub enum Links {
    /// They stay links.
    Kept,
    /// They are what they lead to, as long as that is inside of one of these folders, whose paths have no
    /// links in them. What is outside is not the job's: whoever commits to a repository that is checked out,
    /// or works in a container, can make a link to it, and must not get it for that.
    Within(Vec<PathBuf>),
}

/// A link that was not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it stands in the folder.
    pub path: PathBuf,
    /// Why.
    pub why: Why,
}

/// Why a link was not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It leads to nothing.
    Dangling,
    /// It leads to a folder around it.
    Cycle,
    /// It leads out of the folders that it may lead to.
    Outside,
}

/// A folder that is looked through, and those on the way to it, each by its device and number.
struct Way {
    folder: (u64, u64),
    before: Option<Rc<Way>>,
}

impl Way {
    fn to(about: &Metadata, before: Option<Rc<Self>>) -> Rc<Self> {
        Rc::new(Self { folder: (about.dev(), about.ino()), before })
    }

    fn has(&self, about: &Metadata) -> bool {
        let folder = (about.dev(), about.ino());
        std::iter::successors(Some(self), |way| way.before.as_deref()).any(|way| way.folder == folder)
    }
}

/// What an entry turned out to be.
enum Kind {
    Folder(Metadata),
    File,
    Link,
    LeftOut(Why),
    Other,
}

/// Returns all that is in a folder; `goes_on` is asked before each folder. A folder that links lead to several
/// times is there as often, with all of it at most [`ENTRIES_MAX`] entries.
pub fn tree(root: &Path, links: &Links, goes_on: impl FnMut() -> io::Result<()>) -> io::Result<Tree> {
    tree_without(root, links, goes_on, &Ignored::default())
}

/// As [`tree`], without what is to be ignored; what is in a folder that is, is not looked at.
pub(super) fn tree_without(
    root: &Path,
    links: &Links,
    goes_on: impl FnMut() -> io::Result<()>,
    ignored: &Ignored,
) -> io::Result<Tree> {
    let mut tree = Tree::default();
    let mut count = 0;
    let is_ignored = |path: &Path, kind: &Kind| {
        let is_it = ignored.holds(path, matches!(kind, Kind::Folder(_)));
        count += usize::from(is_it);
        is_it
    };
    let walked = walk(root, links, ENTRIES_MAX, (goes_on, is_ignored), |path, kind| match kind {
        Kind::Folder(_) => tree.folders.push(path),
        Kind::File => tree.files.push(path),
        Kind::Link => tree.links.push(path),
        Kind::LeftOut(why) => tree.left_out.push(LeftOut { path, why }),
        Kind::Other => {}
    });
    walked?;
    tree.ignored = count;
    tree.files.sort();
    tree.folders.sort();
    tree.links.sort();
    tree.left_out.sort_by(|one, other| (one.why, &one.path).cmp(&(other.why, &other.path)));
    Ok(tree)
}

/// What is looked for in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// Files alone.
    Files,
    /// Folders too.
    Entries,
}

/// Returns the files, or also the folders, in a folder that are wanted, in their order: of at most [`SEARCHED_MAX`] entries, since
/// folders of dependencies have more than what is copied from them.
pub fn search(
    root: &Path,
    links: &Links,
    goes_on: impl FnMut() -> io::Result<()>,
    (sought, is_wanted): (Sought, impl Fn(&Path) -> bool),
) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let is_sought = |kind: &Kind| match kind {
        Kind::File => true,
        Kind::Folder(_) => sought == Sought::Entries,
        Kind::Link | Kind::LeftOut(_) | Kind::Other => false,
    };
    let walked = walk(root, links, SEARCHED_MAX, (goes_on, |_: &Path, _: &Kind| false), |path, kind| {
        found.extend(Some(path).filter(|path| is_sought(&kind) && is_wanted(path)));
    });
    walked?;
    found.sort();
    Ok(found)
}

fn walk(
    root: &Path,
    links: &Links,
    most: usize,
    (mut goes_on, mut is_ignored): (impl FnMut() -> io::Result<()>, impl FnMut(&Path, &Kind) -> bool),
    mut visit: impl FnMut(PathBuf, Kind),
) -> io::Result<()> {
    let mut open = vec![(PathBuf::new(), Way::to(&fs::metadata(root)?, None))];
    let mut entries = 0;
    while let Some((folder, way)) = open.pop() {
        goes_on()?;
        for entry in fs::read_dir(root.join(&folder)).map_err(|error| at(&folder, &error))? {
            let entry = entry.map_err(|error| at(&folder, &error))?;
            let path = folder.join(entry.file_name());
            let kind = kind(&entry, links, &way).map_err(|error| at(&path, &error))?;
            if is_ignored(&path, &kind) {
                continue;
            }
            entries += 1;
            if entries > most {
                let reason = format!("it has more than {most} files, those included that links lead to");
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
            }
            if let Kind::Folder(about) = &kind {
                open.push((path.clone(), Way::to(about, Some(way.clone()))));
            }
            visit(path, kind);
        }
    }
    Ok(())
}

fn kind(entry: &fs::DirEntry, links: &Links, way: &Way) -> io::Result<Kind> {
    let about = entry.metadata()?;
    if !about.is_symlink() {
        return Ok(plain(about));
    }
    let Links::Within(homes) = links else { return Ok(Kind::Link) };
    let Ok(target) = fs::canonicalize(entry.path()) else { return Ok(Kind::LeftOut(Why::Dangling)) };
    if !homes.iter().any(|home| target.starts_with(home)) {
        return Ok(Kind::LeftOut(Why::Outside));
    }
    let about = fs::metadata(target)?;
    Ok(if about.is_dir() && way.has(&about) { Kind::LeftOut(Why::Cycle) } else { plain(about) })
}

fn plain(about: Metadata) -> Kind {
    match about.file_type() {
        kind if kind.is_dir() => Kind::Folder(about),
        kind if kind.is_file() => Kind::File,
        _ => Kind::Other,
    }
}

/// Says where something failed.
fn at(path: &Path, error: &io::Error) -> io::Error {
    match path.as_os_str().is_empty() {
        true => io::Error::new(error.kind(), error.to_string()),
        false => io::Error::new(error.kind(), format!("`{}` in it: {error}", path.display())),
    }
}
