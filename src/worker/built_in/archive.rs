//! `ArchiveFiles`: zip, and tar as it is or packed by gzip, bzip2 or xz.

use super::super::job::Execution;
use super::super::workspace::Workspace;
use super::halt::{self, Halt};
use super::input::Inputs;
use super::tree::{told as left_out, tree, with_links};
use super::{Own, Told, Unfinished, place};
use crate::diagnostic::shown;
use crate::files::Tree;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What an archive can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Zip,
    Tar,
    TarGzip,
    TarBzip2,
    TarXz,
}

struct Archive {
    workspace: Workspace,
    root: PathBuf,
    /// What stands in front of all names in the archive.
    prefix: PathBuf,
    to: PathBuf,
    form: Form,
}

pub(super) async fn run(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let job = execution.job;
    let root =
        job.workspace.entry(&inputs.data("rootFolderOrFile")).map_err(|problem| format!("The input {problem}."))?;
    let written = inputs.data("archiveFile");
    let to = place::destination(&job.workspace, &job.workspace.sources, &written)?;
    let form = form(inputs)?;
    if to.is_dir() || (to.exists() && !inputs.flag("replaceExistingArchive")?) {
        let sentence = format!(
            "`{}` is there already, and nothing can be added to it. Help: set `replaceExistingArchive: true`.",
            shown(&written)
        );
        return Err(sentence.into());
    }
    let prefix = root.file_name().filter(|_| inputs.flag("includeRootFolder") == Ok(true) || root.is_file());
    let prefix = prefix.map(PathBuf::from).unwrap_or_default();
    let archive = Archive { workspace: job.workspace.clone(), root, prefix, to, form };
    halt::work(execution, own, move |halt| archive.carry_out(halt)).await
}

fn form(inputs: &Inputs) -> Result<Form, String> {
    match (inputs.choice("archiveType")?.as_str(), inputs.choice("tarCompression")?.as_str()) {
        ("zip" | "default", _) => Ok(Form::Zip),
        ("tar", "gz") => Ok(Form::TarGzip),
        ("tar", "none") => Ok(Form::Tar),
        ("tar", "bz2") => Ok(Form::TarBzip2),
        ("tar", "xz") => Ok(Form::TarXz),
        ("tar", other) => Err(format!("`tarCompression` is `gz`, `bz2`, `xz` or `none`, not `{}`.", shown(other))),
        (other, _) => Err(format!("`archiveType` is `zip` or `tar` here, not `{}`.", shown(other))),
    }
}

impl Archive {
    fn carry_out(&self, halt: &Halt) -> Result<Told, String> {
        let mut tree = match self.root.is_dir() {
            // As the programs do that make these archives.
            true if self.form == Form::Zip => tree(&self.root, &self.workspace, halt)?,
            true => with_links(&self.root, halt)?,
            false => Tree { files: vec![PathBuf::new()], ..Tree::default() },
        };
        tree.files.retain(|path| self.root.join(path) != self.to);
        let failed =
            |error: std::io::Error| format!("`{}` can't be written: {error}.", shown(&self.to.to_string_lossy()));
        let around = self.to.parent().unwrap_or(Path::new("/"));
        let name = self.to.file_name().unwrap_or_default();
        // It has its name once it is whole.
        let part = place::make_room(around, &Path::new(name).with_added_extension("part")).map_err(failed)?;
        let written = self.write(&part, &tree, halt);
        let renamed = written.and_then(|()| std::fs::rename(&part, &self.to).map_err(failed));
        if renamed.is_err() {
            // The failure is told; the part is of no use.
            let _ = std::fs::remove_file(&part);
        }
        renamed?;
        let mut told = Told::line(format!("{} files are in {}.", tree.files.len(), self.to.display()));
        told.warnings.extend(left_out(&tree.left_out));
        Ok(told)
    }

    fn write(&self, part: &Path, tree: &Tree, halt: &Halt) -> Result<(), String> {
        let failed =
            |error: std::io::Error| format!("`{}` can't be written: {error}.", shown(&self.to.to_string_lossy()));
        let file = BufWriter::new(File::create(part).map_err(failed)?);
        match self.form {
            Form::Zip => self.zip(file, tree, halt),
            Form::Tar => self.tar(file, tree, halt).and_then(|mut file| file.flush().map_err(failed)),
            Form::TarGzip => {
                let encoder = self.tar(GzEncoder::new(file, Compression::default()), tree, halt)?;
                encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
            }
            Form::TarBzip2 => {
                let encoder = bzip2::write::BzEncoder::new(file, bzip2::Compression::best());
                let encoder = self.tar(encoder, tree, halt)?;
                encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
            }
            Form::TarXz => {
                let encoder = lzma_rust2::XzWriter::new(file, lzma_rust2::XzOptions::with_preset(6)).map_err(failed)?;
                let encoder = self.tar(encoder, tree, halt)?;
                encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
            }
        }
    }

    fn name(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() { self.prefix.clone() } else { self.prefix.join(path) }
    }

    fn source(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    fn zip(&self, file: BufWriter<File>, tree: &Tree, halt: &Halt) -> Result<(), String> {
        let mut zip = ZipWriter::new(file);
        for path in &tree.folders {
            let options = SimpleFileOptions::default().unix_permissions(0o755);
            zip.add_directory_from_path(self.name(path), options)
                .map_err(|error| self.bad(path, &error.to_string()))?;
        }
        for path in &tree.files {
            halt.check()?;
            let bad = |error: std::io::Error| self.bad(path, &error.to_string());
            let mut from = File::open(self.source(path)).map_err(bad)?;
            let about = from.metadata().map_err(bad)?;
            let options = SimpleFileOptions::default()
                .unix_permissions(about.permissions().mode() & 0o777)
                .large_file(about.len() >= u64::from(u32::MAX));
            zip.start_file_from_path(self.name(path), options).map_err(|error| self.bad(path, &error.to_string()))?;
            std::io::copy(&mut from, &mut zip).map_err(bad)?;
        }
        let mut file = zip.finish().map_err(|error| self.bad(&self.to, &error.to_string()))?;
        file.flush().map_err(|error| self.bad(&self.to, &error.to_string()))
    }

    fn tar<W: Write>(&self, file: W, tree: &Tree, halt: &Halt) -> Result<W, String> {
        let mut tar = tar::Builder::new(file);
        tar.follow_symlinks(false);
        for path in tree.folders.iter().chain(&tree.files).chain(&tree.links) {
            halt.check()?;
            let added = tar.append_path_with_name(self.source(path), self.name(path));
            added.map_err(|error| self.bad(path, &error.to_string()))?;
        }
        tar.into_inner().map_err(|error| self.bad(&self.to, &error.to_string()))
    }

    fn bad(&self, path: &Path, error: &str) -> String {
        format!("`{}` can't be put into the archive: {error}.", shown(&path.to_string_lossy()))
    }
}
