//! `ExtractFiles`: zip, tar, and what gzip, bzip2 and xz have made of a tar or of one file (reference
//! on injection, 5.6).
//!
//! Nothing leaves the destination: names are plain, folders on the way are no links, a link leads
//! to something inside. How much comes out is bounded, also beside what went in.

use super::super::job::Execution;
use super::halt::{self, Halt};
use super::input::Inputs;
use super::pattern::{found, named};
use super::tree::with_links;
use super::{Own, Told, Unfinished, place, seven, zip_time};
use crate::diagnostic::{shown, shown_path};
use crate::files::{ENTRIES_MAX, PatientFile};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};
use tar::EntryType;

/// The most bytes that come out of the archives of one step.
pub const EXTRACTED_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// How many times as large as an archive its content may be, once that is 100 MiB.
pub const RATIO_MAX: u64 = 100;
/// The bytes that any archive may unpack to.
const RATIO_FROM: u64 = 100 * 1024 * 1024;
/// The most bytes of where a link leads.
const LINK_MAX: u64 = 4096;
/// The most kibibytes of memory that an archive of xz may want: what its strongest usual form does.
const XZ_MEMORY_MAX: u32 = 128 * 1024;
/// What is said of an archive that is a trap.
const TOO_LARGE: &str = "what comes out of it is too large for its size, or for all";
/// The bits of a mode that tell a link, among those that tell what a file is.
const KIND_BITS: u32 = 0o170_000;
const LINK_BITS: u32 = 0o120_000;

pub(super) async fn run(execution: &mut Execution<'_>, own: Own<'_>, inputs: &Inputs) -> Result<Told, Unfinished> {
    let job = execution.job;
    let to = place::destination(&job.workspace, &job.workspace.sources, &inputs.data("destinationFolder"))?;
    let cleans = inputs.flag("cleanDestinationFolder")?;
    if cleans && place::is_needed(&job.workspace, &to) {
        let sentence = format!(
            "`{}` can't be cleaned: the job needs what is in it. Help: set `cleanDestinationFolder: false`.",
            shown_path(&to.to_string_lossy())
        );
        return Err(sentence.into());
    }
    let overwrites = inputs.flag("overwriteExistingFiles")?;
    let patterns = inputs.text("archiveFilePatterns").clone();
    let workspace = job.workspace.clone();
    let archives = halt::work(execution, own, move |halt| {
        // What is named without a pattern must be there; a pattern may mean nothing.
        for path in named(&patterns) {
            let archive = workspace.entry(&path).map_err(|problem| format!("The archive {problem}."))?;
            if !archive.is_file() {
                return Err(format!("The archive `{}` is no file.", shown_path(&path)));
            }
        }
        found(&patterns, &workspace, halt)
    });
    let archives = archives.await?;
    let archives = unpack_others(execution, own, archives).await?;
    halt::work(execution, own, move |halt| extract_all(&archives, to, cleans, overwrites, halt)).await
}

/// An archive, and the folder where a program has unpacked it already.
type Found = (PathBuf, Option<PathBuf>);

/// Lets the program for 7z unpack its archives, into folders for what nobody needs after the job.
async fn unpack_others(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    archives: Vec<PathBuf>,
) -> Result<Vec<Found>, Unfinished> {
    let mut found = Vec::new();
    let (mut bytes, mut entries) = (0_u64, 0_usize);
    for (number, archive) in archives.into_iter().enumerate() {
        if !archive.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("7z")) {
            found.push((archive, None));
            continue;
        }
        let named = shown_path(&archive.to_string_lossy());
        let failed = |error: io::Error| format!("`{named}` can't be unpacked: {error}.");
        let size = archive.metadata().map_err(failed)?.len();
        let (out, count) = seven::content(execution, own, &archive).await?;
        (bytes, entries) = (bytes.saturating_add(out), entries.saturating_add(count));
        if out > size.saturating_mul(RATIO_MAX).max(RATIO_FROM) || bytes > EXTRACTED_MAX || entries > ENTRIES_MAX {
            return Err(failed(refused(TOO_LARGE)).into());
        }
        let to = execution.job.workspace.temporary.join(format!("{}_{number}.out", own.place));
        super::checkout::remove(&to).map_err(failed)?;
        seven::unpack(execution, own, &archive, &to).await?;
        found.push((archive, Some(to)));
    }
    Ok(found)
}

fn extract_all(archives: &[Found], to: PathBuf, cleans: bool, overwrites: bool, halt: &Halt) -> Result<Told, String> {
    if cleans {
        super::checkout::remove(&to).map_err(|error| format!("The destination can't be cleaned: {error}."))?;
    }
    let mut told = Told::default();
    if archives.is_empty() {
        std::fs::create_dir_all(&to).map_err(|error| format!("The destination can't be made: {error}."))?;
        told.warnings.push("No archive is meant by `archiveFilePatterns`: nothing is unpacked.".to_owned());
    }
    let mut extraction = Extraction { to, overwrites, halt, bytes: 0, entries: 0, bytes_max: 0 };
    for (archive, unpacked) in archives {
        let before = extraction.entries;
        let extracted = match unpacked {
            Some(folder) => extraction.take(folder),
            None => extraction.archive(archive),
        };
        extracted
            .map_err(|error| format!("`{}` can't be unpacked: {error}.", shown_path(&archive.to_string_lossy())))?;
        told.lines.push(format!(
            "{} files and folders came out of {}.",
            extraction.entries - before,
            archive.display()
        ));
    }
    Ok(told)
}

struct Extraction<'h> {
    to: PathBuf,
    overwrites: bool,
    halt: &'h Halt,
    bytes: u64,
    entries: usize,
    /// The limit for the archive at hand.
    bytes_max: u64,
}

impl Extraction<'_> {
    fn archive(&mut self, archive: &Path) -> io::Result<()> {
        let file = File::open(archive)?;
        let size = file.metadata()?.len();
        let by_ratio = self.bytes + size.saturating_mul(RATIO_MAX).max(RATIO_FROM);
        self.bytes_max = by_ratio.min(EXTRACTED_MAX);
        let name = archive.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let file = BufReader::new(file);
        match form(&name) {
            Some((Inner::Zip, _)) => self.zip(file),
            Some((Inner::Tar, packing)) => self.tar(unpacked(packing, file)),
            Some((Inner::File, packing)) => self.single(archive, unpacked(packing, file)),
            None => Err(refused("its name says none of zip, 7z, tar, gz, bz2 and xz")),
        }
    }

    /// Takes what a program has unpacked into a folder, which goes.
    fn take(&mut self, folder: &Path) -> io::Result<()> {
        self.bytes_max = EXTRACTED_MAX;
        let tree = with_links(folder, self.halt).map_err(io::Error::other)?;
        for path in &tree.folders {
            self.count()?;
            self.folder(path)?;
        }
        for path in &tree.files {
            self.count()?;
            let mut file = File::open(folder.join(path))?;
            let about = file.metadata()?;
            self.file(path, about.permissions().mode(), about.modified().ok(), &mut file)?;
        }
        for path in &tree.links {
            self.count()?;
            self.link(path, &std::fs::read_link(folder.join(path))?)?;
        }
        super::checkout::remove(folder)
    }

    /// Unpacks one file, whose name is the archive's without its ending.
    fn single(&mut self, archive: &Path, mut content: impl Read) -> io::Result<()> {
        self.count()?;
        let name = archive.file_stem().unwrap_or_default().to_string_lossy();
        self.file(&plain(&name)?, 0o644, None, &mut content)
    }

    fn zip(&mut self, file: BufReader<File>) -> io::Result<()> {
        let mut zip = zip::ZipArchive::new(file)?;
        for at in 0..zip.len() {
            let mut entry = zip.by_index(at)?;
            let path = plain(&entry.name()?.replace('\\', "/"))?;
            let mode = entry.unix_mode();
            self.count()?;
            if entry.is_dir() {
                self.folder(&path)?;
            } else if mode.is_some_and(|mode| mode & KIND_BITS == LINK_BITS) {
                let mut target = String::new();
                (&mut entry).take(LINK_MAX).read_to_string(&mut target)?;
                self.link(&path, Path::new(&target))?;
            } else {
                let time = zip_time::of(&entry);
                self.file(&path, mode.unwrap_or(0o644), time, &mut entry)?;
            }
        }
        Ok(())
    }

    fn tar(&mut self, file: impl Read) -> io::Result<()> {
        // What is passed over counts too: it has to be unpacked.
        let mut tar =
            tar::Archive::new(Counted { file, left: self.bytes_max.saturating_add(RATIO_FROM), halt: self.halt });
        for entry in tar.entries()? {
            let mut entry = entry?;
            let path = plain(&entry.path()?.to_string_lossy())?;
            self.count()?;
            match entry.header().entry_type() {
                EntryType::Directory => self.folder(&path)?,
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                    let mode = entry.header().mode()?;
                    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.header().mtime()?));
                    self.file(&path, mode, time, &mut entry)?;
                }
                EntryType::Symlink => {
                    let target = entry.link_name()?.ok_or_else(|| refused("a link leads nowhere"))?;
                    self.link(&path, &target)?;
                }
                EntryType::XGlobalHeader => {}
                _ => {
                    return Err(refused(&format!(
                        "`{}` is neither file nor folder nor link",
                        shown_path(&path.to_string_lossy())
                    )));
                }
            }
        }
        Ok(())
    }

    fn count(&mut self) -> io::Result<()> {
        self.halt.check().map_err(io::Error::other)?;
        self.entries += 1;
        if self.entries > ENTRIES_MAX {
            Err(refused(&format!("there are more than {ENTRIES_MAX} files")))
        } else {
            Ok(())
        }
    }

    fn folder(&mut self, path: &Path) -> io::Result<()> {
        // A folder is what stands around something in it.
        place::make_room(&self.to, &path.join("x")).map(|_| ())
    }

    fn file(&mut self, path: &Path, mode: u32, time: Option<SystemTime>, content: &mut impl Read) -> io::Result<()> {
        if path.as_os_str().is_empty() {
            return Err(refused("a file has no name"));
        }
        let to = place::make_room(&self.to, path)?;
        if to.exists() && !self.overwrites {
            let path = shown_path(&path.to_string_lossy());
            return Err(refused(&format!("`{path}` is there already, and `overwriteExistingFiles` is not set")));
        }
        let mut file = PatientFile::create(&to)?;
        let mut bytes = vec![0; 64 * 1024];
        loop {
            self.halt.check().map_err(io::Error::other)?;
            let read = content.read(&mut bytes)?;
            if read == 0 {
                break;
            }
            self.bytes += read as u64;
            if self.bytes > self.bytes_max {
                return Err(refused(TOO_LARGE));
            }
            file.write_all(&bytes[..read])?;
        }
        if let Some(time) = time {
            file.file().set_modified(time)?;
        }
        // Neither setuid nor a file that its owner can't use.
        file.file().set_permissions(std::fs::Permissions::from_mode((mode & 0o777) | 0o600))
    }

    /// Makes a link, which must lead to something inside: first up, from the folder that it is in,
    /// then down.
    fn link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        let depth = path.components().count().saturating_sub(1);
        let up = target.components().take_while(|part| *part == Component::ParentDir).count();
        let is_down = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if target.as_os_str().is_empty() || up > depth || !target.components().skip(up).all(is_down) {
            let (path, target) = (shown_path(&path.to_string_lossy()), shown_path(&target.to_string_lossy()));
            return Err(refused(&format!("the link `{path}` leads out of it, to `{target}`")));
        }
        let to = place::make_room(&self.to, path)?;
        std::os::unix::fs::symlink(target, to)
    }
}

/// What is in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    Zip,
    Tar,
    /// One file without a name of its own.
    File,
}

/// How it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Bzip2,
    Xz,
}

/// Endings of names, longer ones first.
const FORMS: [(&str, Inner, Packing); 20] = [
    (".tar.gz", Inner::Tar, Packing::Gzip),
    (".tgz", Inner::Tar, Packing::Gzip),
    (".taz", Inner::Tar, Packing::Gzip),
    (".tar.bz2", Inner::Tar, Packing::Bzip2),
    (".tbz2", Inner::Tar, Packing::Bzip2),
    (".tbz", Inner::Tar, Packing::Bzip2),
    (".tb2", Inner::Tar, Packing::Bzip2),
    (".tar.xz", Inner::Tar, Packing::Xz),
    (".txz", Inner::Tar, Packing::Xz),
    (".tar", Inner::Tar, Packing::Plain),
    (".zip", Inner::Zip, Packing::Plain),
    (".jar", Inner::Zip, Packing::Plain),
    (".war", Inner::Zip, Packing::Plain),
    (".ear", Inner::Zip, Packing::Plain),
    (".nupkg", Inner::Zip, Packing::Plain),
    (".whl", Inner::Zip, Packing::Plain),
    (".vsix", Inner::Zip, Packing::Plain),
    (".gz", Inner::File, Packing::Gzip),
    (".bz2", Inner::File, Packing::Bzip2),
    (".xz", Inner::File, Packing::Xz),
];

/// Returns what a name in lower case says of an archive.
fn form(name: &str) -> Option<(Inner, Packing)> {
    FORMS.iter().find(|(ending, ..)| name.ends_with(ending)).map(|(_, inner, packing)| (*inner, *packing))
}

pub(super) fn unpacked<'f>(packing: Packing, file: impl Read + 'f) -> Box<dyn Read + 'f> {
    match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Packing::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(file)),
        Packing::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(file, true, XZ_MEMORY_MAX)),
    }
}

/// Ends an archive that unpacks to more than is read of it.
pub(super) struct Counted<'h, R> {
    pub(super) file: R,
    pub(super) left: u64,
    pub(super) halt: &'h Halt,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.halt.check().map_err(io::Error::other)?;
        let read = self.file.read(bytes)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| refused(TOO_LARGE))?;
        Ok(read)
    }
}

fn plain(name: &str) -> io::Result<PathBuf> {
    let plain = place::below(Path::new(name)).filter(|_| !name.contains('\0'));
    plain.ok_or_else(|| refused(&format!("`{}` would leave the destination", shown(name))))
}

fn refused(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
