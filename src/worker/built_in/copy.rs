//! `CopyFiles`.

use super::super::context::JobContext;
use super::super::job::Execution;
use super::super::workspace::Workspace;
use super::halt::{self, Halt};
use super::input::Inputs;
use super::pattern::{Patterns, Points};
use super::tree::{told as left_out, tree};
use super::{Own, Told, Unfinished, place};
use crate::diagnostic::shown_path;
use crate::files::copy_file;
use std::collections::HashSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How many files a log names.
pub(super) const NAMED_MAX: usize = 100;

struct Copy {
    workspace: Workspace,
    from: PathBuf,
    to: PathBuf,
    patterns: Patterns,
    cleans: bool,
    overwrites: bool,
    flattens: bool,
    keeps_time: bool,
}

pub(super) async fn run(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let copy = copy(execution.job, inputs)?;
    halt::work(execution, own, move |halt| copy.carry_out(halt)).await
}

/// Returns a folder that files are taken from; the sources where nothing is said.
pub(super) fn source(job: &JobContext, written: &str) -> Result<PathBuf, String> {
    job.workspace.inside(if written.is_empty() { "." } else { written })
}

fn copy(job: &JobContext, inputs: &Inputs) -> Result<Copy, String> {
    let from = source(job, &inputs.data("SourceFolder"))?;
    let to = place::destination(&job.workspace, &job.workspace.sources, &inputs.data("TargetFolder"))?;
    let cleans = inputs.flag("CleanTargetFolder")?;
    if cleans && (place::is_needed(&job.workspace, &to) || from.starts_with(&to)) {
        return Err(format!("`{}` can't be cleaned: the job needs what is in it.", shown_path(&to.to_string_lossy())));
    }
    Ok(Copy {
        workspace: job.workspace.clone(),
        patterns: Patterns::new(inputs.text("Contents"), &from, Points::Taken)?,
        cleans,
        overwrites: inputs.flag("OverWrite")?,
        flattens: inputs.flag("flattenFolders")?,
        keeps_time: inputs.flag("preserveTimestamp")?,
        from,
        to,
    })
}

impl Copy {
    fn carry_out(&self, halt: &Halt) -> Result<Told, String> {
        let tree = tree(&self.from, &self.workspace, halt)?;
        let is_meant = |path: &&PathBuf| self.patterns.holds(path) && !self.from.join(path).starts_with(&self.to);
        let files: Vec<&PathBuf> = tree.files.iter().filter(is_meant).collect();
        // Where nothing is copied, what is there stays too.
        if self.cleans && !files.is_empty() {
            place::empty(&self.to).map_err(|error| format!("The target can't be cleaned: {error}."))?;
        }
        let mut told = Told::default();
        let (mut copied, mut taken) = (0, HashSet::new());
        for path in &files {
            halt.check()?;
            let to: &Path = if self.flattens { Path::new(path.file_name().unwrap_or(path.as_os_str())) } else { path };
            if !taken.insert(to) {
                told.warnings.push(format!("There are several `{}`.", shown_path(&to.to_string_lossy())));
            }
            let is_copied = self.put(path, to)?;
            copied += usize::from(is_copied);
            let word = if is_copied { "Copied" } else { "It is there already:" };
            told.lines.push(format!("{word} {}", path.display()));
        }
        told.warnings.truncate(NAMED_MAX);
        told.lines.truncate(NAMED_MAX);
        told.lines.push(format!("{copied} of {} files were copied to {}.", files.len(), self.to.display()));
        told.warnings.extend(left_out(tree.left_out.iter().filter(|link| is_meant(&&link.path))));
        if files.is_empty() {
            told.warnings.push(format!("No file below `{}` is meant by `Contents`.", self.from.display()));
        }
        Ok(told)
    }

    /// Copies one file, unless one is there that must stay. Says whether it did.
    fn put(&self, path: &Path, to: &Path) -> Result<bool, String> {
        let from = self.from.join(path);
        let copied = put(&from, (&self.to, to), self.overwrites, self.keeps_time);
        copied.map_err(|error| format!("`{}` can't be copied: {error}.", shown_path(&path.to_string_lossy())))
    }
}

/// Copies a file below a folder. Says whether it did: a file may have to stay that is there.
pub(super) fn put(
    from: &Path,
    (root, path): (&Path, &Path),
    overwrites: bool,
    keeps_time: bool,
) -> std::io::Result<bool> {
    let to = place::make_room(root, path)?;
    if !overwrites && to.exists() {
        return Ok(false);
    }
    let is_same = std::fs::metadata(&to).is_ok_and(|there| is_one(&there, from));
    if is_same {
        return Ok(false);
    }
    copy_file(from, &to)?;
    if keeps_time {
        std::fs::File::options().write(true).open(&to)?.set_modified(std::fs::metadata(from)?.modified()?)?;
    }
    Ok(true)
}

/// Says whether a file is another one of the same place on the disk: a link may lead to where it is copied to.
fn is_one(there: &Metadata, file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|about| (about.dev(), about.ino()) == (there.dev(), there.ino()))
}
