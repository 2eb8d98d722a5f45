//! `DeleteFiles`.

use super::super::job::Execution;
use super::copy::{NAMED_MAX, source};
use super::halt::{self, Halt};
use super::input::Inputs;
use super::pattern::{Patterns, Points};
use super::tree::with_links;
use super::{Own, Told, Unfinished, place};
use crate::diagnostic::{shown, shown_path};
use std::collections::HashSet;
use std::path::Path;

pub(super) async fn run(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let job = execution.job;
    let written = inputs.data("SourceFolder");
    let place = place::destination(&job.workspace, &job.workspace.sources, &written)?;
    if place.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        // Steps that tidy up come first, also on a machine that has nothing yet.
        let line = format!("There is no folder `{}`: nothing is to be removed.", shown_path(&written));
        return Ok(Told::line(line));
    }
    let folder = source(job, &written)?;
    let points = if inputs.flag("RemoveDotFiles")? { Points::Taken } else { Points::LeftOut };
    let patterns = Patterns::new(inputs.text("Contents"), &folder, points)?;
    let all = inputs.flag("RemoveSourceFolder")?;
    if all && place::is_needed(&job.workspace, &folder) {
        let sentence = format!("`{}` can't be removed: the job needs it.", shown(&folder.to_string_lossy()));
        return Err(sentence.into());
    }
    halt::work(execution, own, move |halt| delete(&folder, &patterns, all, halt)).await
}

fn delete(folder: &Path, patterns: &Patterns, all: bool, halt: &Halt) -> Result<Told, String> {
    let tree = with_links(folder, halt)?;
    let meant = tree.folders.iter().chain(&tree.files).chain(&tree.links).filter(|path| patterns.holds(path));
    let mut told = Told::default();
    let mut removed: HashSet<&Path> = HashSet::new();
    for path in meant {
        halt.check()?;
        // What stood in a folder has gone with it.
        if path.ancestors().skip(1).any(|around| removed.contains(around)) {
            continue;
        }
        remove(&folder.join(path))?;
        removed.insert(path);
        if told.lines.len() < NAMED_MAX {
            told.lines.push(format!("Removed {}", path.display()));
        }
    }
    if all {
        remove(folder)?;
        told.lines.push(format!("Removed {}", folder.display()));
    }
    if told.lines.is_empty() {
        told.lines.push(format!("Nothing in {} was to be removed.", folder.display()));
    }
    Ok(told)
}

fn remove(path: &Path) -> Result<(), String> {
    let removed = super::checkout::remove(path);
    removed.map_err(|error| format!("`{}` can't be removed: {error}.", shown(&path.to_string_lossy())))
}
