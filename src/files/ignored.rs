//! What of a folder is not published with it: what its `.artifactignore` says, in the form of git's
//! `.gitignore`, and `.git` where there is none (learn.microsoft.com/azure/devops/artifacts/reference/artifactignore).

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The file that says it; it is published itself.
pub const IGNORE_FILE: &str = ".artifactignore";
/// The most bytes of that file, and how many lines it may have.
const IGNORE_FILE_MAX: u64 = 64 * 1024;
const LINES_MAX: usize = 1_000;
/// What is ignored where nobody says anything.
const USUALLY: &str = ".git";

/// What is to be ignored below a folder. The default is nothing.
#[derive(Debug, Default)]
pub(super) struct Ignored(Option<Gitignore>);

impl Ignored {
    /// Reads what is to be ignored of a folder that is published.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let file = folder.join(IGNORE_FILE);
        match file.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::new([USUALLY]),
            // A link could lead to a file whose lines are nobody's to see.
            Ok(about) if !about.is_file() => return Err(invalid("it is no file")),
            about => about.map(|_| ())?,
        }
        let mut text = Vec::new();
        File::open(file)?.take(IGNORE_FILE_MAX + 1).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        if text.len() as u64 > IGNORE_FILE_MAX || text.lines().count() > LINES_MAX {
            return Err(invalid(&format!("it has more than {IGNORE_FILE_MAX} bytes or {LINES_MAX} lines")));
        }
        Self::new(text.trim_start_matches('\u{feff}').lines())
    }

    fn new<'l>(lines: impl IntoIterator<Item = &'l str>) -> io::Result<Self> {
        // Paths are asked for as they are below the folder.
        let mut rules = GitignoreBuilder::new("");
        for line in lines {
            rules.add_line(None, line).map_err(|error| invalid(&error.to_string()))?;
        }
        Ok(Self(Some(rules.build().map_err(|error| invalid(&error.to_string()))?)))
    }

    /// Says whether an entry is to be ignored, which stands in a folder that is not.
    pub(super) fn holds(&self, path: &Path, is_folder: bool) -> bool {
        self.0.as_ref().is_some_and(|rules| rules.matched(path, is_folder).is_ignore())
    }
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("its `{IGNORE_FILE}` can't be used: {reason}"))
}
