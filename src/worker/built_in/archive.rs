//! `ArchiveFiles`: zip and tar are made here, 7z by the program for it.

use super::super::job::Execution;
use super::extract::Packing;
use super::halt;
use super::input::Inputs;
use super::pack::{Archive, Form};
use super::{Own, Told, Unfinished, place, seven};
use crate::diagnostic::{shown, shown_path};
use std::path::PathBuf;

/// The type that the program for it makes, and how much work it puts into that.
const SEVEN: &str = "7z";
const COMPRESSIONS: [(&str, u8); 6] =
    [("ultra", 9), ("maximum", 7), ("normal", 5), ("fast", 3), ("fastest", 1), ("none", 0)];

pub(super) async fn run(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let job = execution.job;
    let root = job.workspace.entry(&inputs.data("rootFolderOrFile"));
    let root = root.map_err(|problem| format!("The input `rootFolderOrFile`: {problem}."))?;
    let to = place::destination(&job.workspace, &job.workspace.sources, &inputs.data("archiveFile"))?;
    if to.is_dir() {
        return Err(format!("`{}` is a folder.", shown_path(&to.to_string_lossy())).into());
    }
    let prefix = root.file_name().filter(|_| inputs.flag("includeRootFolder") == Ok(true) || root.is_file());
    let prefix = prefix.map(PathBuf::from).unwrap_or_default();
    let adds = !inputs.flag("replaceExistingArchive")?;
    if inputs.choice("archiveType")? == SEVEN {
        let compression = inputs.choice("sevenZipCompression")?;
        let level = COMPRESSIONS.iter().find(|(name, _)| *name == compression).map(|(_, level)| *level);
        let (folder, name) = match (root.parent(), prefix.as_os_str().is_empty()) {
            (Some(around), false) => (around.to_owned(), prefix),
            _ => (root, prefix),
        };
        let compression = level.ok_or_else(|| {
            let known = COMPRESSIONS.map(|(name, _)| format!("`{name}`")).join(", ");
            format!("`sevenZipCompression` is one of {known}, not `{}`.", shown(&compression))
        })?;
        let line = format!("{} is made.", to.display());
        seven::pack(execution, own, &seven::Archive { folder, name, to, compression, adds }).await?;
        return Ok(Told::line(line));
    }
    let archive = Archive { workspace: job.workspace.clone(), root, prefix, to, form: form(inputs)?, adds };
    halt::work(execution, own, move |halt| archive.carry_out(halt)).await
}

fn form(inputs: &Inputs) -> Result<Form, String> {
    match (inputs.choice("archiveType")?.as_str(), inputs.choice("tarCompression")?.as_str()) {
        ("zip" | "default", _) => Ok(Form::Zip),
        ("tar", "gz") => Ok(Form::Tar(Packing::Gzip)),
        ("tar", "none") => Ok(Form::Tar(Packing::Plain)),
        ("tar", "bz2") => Ok(Form::Tar(Packing::Bzip2)),
        ("tar", "xz") => Ok(Form::Tar(Packing::Xz)),
        ("tar", other) => Err(format!("`tarCompression` is `gz`, `bz2`, `xz` or `none`, not `{}`.", shown(other))),
        (other, _) => Err(format!("`archiveType` is `zip`, `7z` or `tar` here, not `{}`.", shown(other))),
    }
}
