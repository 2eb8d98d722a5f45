//! Files of a folder packed into an archive: zip, and tar as it is or packed by gzip, bzip2 or xz. One that is
//! there is replaced, or has its entries before the new ones.
//!
//! An archive has its name once it is whole. Entries have the times of their files.

use super::super::workspace::Workspace;
use super::extract::{Counted, EXTRACTED_MAX, Packing, unpacked};
use super::halt::{Halt, Halting};
use super::place;
use super::tree::{told as left_out, tree, with_links};
use super::{Told, zip_time};
use crate::diagnostic::shown_path;
use crate::files::{PatientFile, Tree};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zip::write::FullFileOptions;
use zip::{ZipArchive, ZipWriter};

/// What an archive can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Zip,
    Tar(Packing),
}

/// An archive to be made.
pub(super) struct Archive {
    /// The job's folders, inside of which links are followed in a zip.
    pub(super) workspace: Workspace,
    /// The folder or file that goes into it.
    pub(super) root: PathBuf,
    /// What stands in front of all names in the archive.
    pub(super) prefix: PathBuf,
    pub(super) to: PathBuf,
    pub(super) form: Form,
    /// Whether what is in it already stays there.
    pub(super) adds: bool,
}

impl Archive {
    /// Makes the archive. On failure, a sentence.
    pub(super) fn carry_out(&self, halt: &Halt) -> Result<Told, String> {
        let mut tree = match self.root.is_dir() {
            // As the programs do that make these archives.
            true if self.form == Form::Zip => tree(&self.root, &self.workspace, halt)?,
            true => with_links(&self.root, halt)?,
            false => Tree { files: vec![PathBuf::new()], ..Tree::default() },
        };
        tree.files.retain(|path| self.root.join(path) != self.to);
        let adds = self.adds && self.to.exists();
        let around = self.to.parent().unwrap_or(Path::new("/"));
        let name = self.to.file_name().unwrap_or_default();
        let part = place::make_room(around, &Path::new(name).with_added_extension("part"));
        let part = part.map_err(|error| self.unwritten(&error))?;
        let written = self.write(&part, &tree, halt);
        let renamed = written.and_then(|()| std::fs::rename(&part, &self.to).map_err(|error| self.unwritten(&error)));
        if renamed.is_err() {
            // The failure is told; the part is of no use.
            let _ = std::fs::remove_file(&part);
        }
        renamed?;
        let word = if adds { "were put into" } else { "are in" };
        let mut told = Told::line(format!("{} files {word} {}.", tree.files.len(), self.to.display()));
        told.warnings.extend(left_out(&tree.left_out));
        Ok(told)
    }

    fn write(&self, part: &Path, tree: &Tree, halt: &Halt) -> Result<(), String> {
        let failed = |error: io::Error| self.unwritten(&error);
        let file = BufWriter::new(PatientFile::create(part).map_err(failed)?);
        match self.form {
            Form::Zip => self.zip(file, tree, halt),
            Form::Tar(Packing::Plain) => self.tar(file, tree, halt).and_then(|mut file| file.flush().map_err(failed)),
            Form::Tar(Packing::Gzip) => {
                let encoder = self.tar(GzEncoder::new(file, Compression::default()), tree, halt)?;
                encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
            }
            Form::Tar(Packing::Bzip2) => {
                let encoder = bzip2::write::BzEncoder::new(file, bzip2::Compression::best());
                let encoder = self.tar(encoder, tree, halt)?;
                encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
            }
            Form::Tar(Packing::Xz) => {
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

    fn zip(&self, file: BufWriter<PatientFile>, tree: &Tree, halt: &Halt) -> Result<(), String> {
        let mut zip = ZipWriter::new(file);
        if let Some(before) = self.before()? {
            self.keep_zipped(before, &mut zip, tree, halt)?;
        }
        for path in tree.folders.iter().chain(&tree.files) {
            halt.check()?;
            self.zip_one(&mut zip, path, halt).map_err(|error| self.bad(path, &error))?;
        }
        let mut file = zip.finish().map_err(|error| self.unwritten(&error.into()))?;
        file.flush().map_err(|error| self.unwritten(&error))
    }

    fn zip_one(&self, zip: &mut ZipWriter<BufWriter<PatientFile>>, path: &Path, halt: &Halt) -> io::Result<()> {
        let source = self.source(path);
        let about = source.metadata()?;
        let mode = about.permissions().mode() & 0o777;
        let options = FullFileOptions::default().unix_permissions(mode).large_file(about.len() >= u64::from(u32::MAX));
        let options = zip_time::timed(options, about.modified()?)?;
        if about.is_dir() {
            return Ok(zip.add_directory_from_path(self.name(path), options)?);
        }
        zip.start_file_from_path(self.name(path), options)?;
        io::copy(&mut Halting { content: File::open(source)?, halt }, zip).map(|_| ())
    }

    /// Returns the archive that is added to, if there is one.
    fn before(&self) -> Result<Option<BufReader<File>>, String> {
        match self.adds && self.to.exists() {
            true => File::open(&self.to).map(BufReader::new).map(Some).map_err(|error| self.unread(&error)),
            false => Ok(None),
        }
    }

    /// Copies the entries that stay: those of which there is no new one.
    fn keep_zipped(
        &self,
        before: BufReader<File>,
        zip: &mut ZipWriter<BufWriter<PatientFile>>,
        tree: &Tree,
        halt: &Halt,
    ) -> Result<(), String> {
        let name = |path: &PathBuf| self.name(path).to_string_lossy().into_owned();
        let new: HashSet<String> = tree.folders.iter().chain(&tree.files).map(name).collect();
        let keep = || {
            let mut before = ZipArchive::new(before)?;
            for at in 0..before.len() {
                halt.check().map_err(io::Error::other)?;
                let entry = before.by_index_raw(at)?;
                if !new.contains(entry.name()?.trim_end_matches('/')) {
                    zip.raw_copy_file(entry)?;
                }
            }
            Ok::<_, io::Error>(())
        };
        keep().map_err(|error| self.unread(&error))
    }

    fn tar<W: Write>(&self, file: W, tree: &Tree, halt: &Halt) -> Result<W, String> {
        let mut tar = tar::Builder::new(file);
        tar.follow_symlinks(false);
        if let (Some(before), Form::Tar(packing)) = (self.before()?, self.form) {
            keep_tarred(before, packing, &mut tar, halt).map_err(|error| self.unread(&error))?;
        }
        for path in tree.folders.iter().chain(&tree.files).chain(&tree.links) {
            halt.check()?;
            self.tar_one(&mut tar, path, halt).map_err(|error| self.bad(path, &error))?;
        }
        tar.into_inner().map_err(|error| self.unwritten(&error))
    }

    fn tar_one<W: Write>(&self, tar: &mut tar::Builder<W>, path: &Path, halt: &Halt) -> io::Result<()> {
        let (source, name) = (self.source(path), self.name(path));
        let about = source.symlink_metadata()?;
        if !about.is_file() {
            return tar.append_path_with_name(source, name);
        }
        let mut header = tar::Header::new_gnu();
        header.set_metadata(&about);
        // What comes while it is read is none of it: the header says how long it is.
        let content = Halting { content: File::open(source)?.take(about.len()), halt };
        tar.append_data(&mut header, name, content)
    }

    fn bad(&self, path: &Path, error: &io::Error) -> String {
        format!("`{}` can't be put into the archive: {error}.", shown_path(&self.source(path).to_string_lossy()))
    }

    fn unwritten(&self, error: &io::Error) -> String {
        format!("`{}` can't be written: {error}.", shown_path(&self.to.to_string_lossy()))
    }

    fn unread(&self, error: &io::Error) -> String {
        format!("Nothing can be added to `{}`: {error}.", shown_path(&self.to.to_string_lossy()))
    }
}

/// Copies all entries as they are written, those too that belong to the next one. A later entry of the same
/// name is what comes out.
fn keep_tarred<W: Write>(
    before: BufReader<File>,
    packing: Packing,
    tar: &mut tar::Builder<W>,
    halt: &Halt,
) -> io::Result<()> {
    let file = Counted { file: unpacked(packing, before), left: EXTRACTED_MAX, halt };
    for entry in tar::Archive::new(file).entries()?.raw(true) {
        let entry = entry?;
        let header = entry.header().clone();
        tar.append(&header, entry)?;
    }
    Ok(())
}
