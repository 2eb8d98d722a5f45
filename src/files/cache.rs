//! Caches of folders that later runs of the same pipeline find again, `<data>/caches/<scope>/<name>`.
//!
//! ```text
//! <name>.tar.gz   the folder as it was
//! <name>.key      the key, whole; it is written last, so that what has one is whole
//! ```
//! Names and scopes are hashes. A cache that is found is marked as used; the least used go when all
//! of them together get too large, and those that nobody used for a week.

use super::copy::Halting;
use super::depot::check;
use super::shortage::{PatientFile, make_folder, with_patience, write_anew};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};
use tar::EntryType;

/// The most bytes of one cache, packed.
pub const CACHE_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// The most bytes of all caches: about what the runs of a busy machine need, and no disk of one is
/// too small for.
pub const CACHES_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// How long a cache is kept that nobody uses, as in the pipeline language.
pub const CACHE_UNUSED_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The most bytes of a key.
pub const KEY_MAX: usize = 4 * 1024;
/// The folder below the data folder.
const FOLDER: &str = "caches";
const PACKED: &str = "tar.gz";
const KEY: &str = "key";

/// The caches of one data folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caches {
    folder: PathBuf,
    /// The most bytes of all of them.
    limit: u64,
}

/// A cache that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// Its key.
    pub key: String,
    packed: PathBuf,
    used: SystemTime,
    size: u64,
}

impl Caches {
    /// Returns the caches below a data folder, at most [`CACHES_MAX`] bytes. Nothing is created yet.
    pub fn new(data: &Path) -> Self {
        Self::with_limit(data, CACHES_MAX)
    }

    /// Returns the caches below a data folder with another limit in bytes.
    pub fn with_limit(data: &Path, limit: u64) -> Self {
        Self { folder: data.join(FOLDER), limit }
    }

    /// Returns the cache of a key, or else of the first beginning that a key has, the latest of
    /// several. Parts of keys are separated by `|`, and a beginning is of whole parts.
    pub fn find(&self, scope: &str, key: &str, beginnings: &[String]) -> io::Result<Option<Cache>> {
        let mut all = list(&self.scope(scope))?;
        all.sort_by_key(|cache| std::cmp::Reverse(cache.used));
        let begins = |cache: &Cache, beginning: &String| {
            cache.key == *beginning || cache.key.strip_prefix(beginning.as_str()).is_some_and(|it| it.starts_with('|'))
        };
        let exact = all.iter().find(|cache| cache.key == key);
        let near = || beginnings.iter().find_map(|beginning| all.iter().find(|cache| begins(cache, beginning)));
        Ok(exact.or_else(near).cloned())
    }

    /// Unpacks a cache into a folder, which is made, and marks it as used. Nothing is written
    /// outside of that folder.
    pub fn restore(&self, cache: &Cache, to: &Path) -> io::Result<()> {
        let file = File::open(&cache.packed)?;
        file.set_modified(SystemTime::now())?;
        with_patience(to, || fs::create_dir_all(to))?;
        unpack(GzDecoder::new(Halting(BufReader::new(file))), &to.canonicalize()?)
    }

    /// Packs a folder under a key, unless there is one already, and removes what there is no room
    /// for any more. Returns the bytes that it takes.
    pub fn save(&self, scope: &str, key: &str, from: &Path) -> io::Result<u64> {
        let folder = self.scope(scope);
        make_folder(&folder)?;
        let name = hash(key);
        let (packed, named) = (folder.join(&name).with_extension(PACKED), folder.join(&name).with_extension(KEY));
        if named.exists() {
            return Ok(packed.metadata()?.len());
        }
        // Two jobs may save the same at once: each writes a file of its own.
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let part = folder.join(format!("{name}.{}", hex::encode(random)));
        let saved = pack(from, &part).and_then(|size| {
            fs::rename(&part, &packed)?;
            write_anew(&part, key)?;
            fs::rename(&part, &named)?;
            Ok(size)
        });
        if saved.is_err() {
            // The failure is told; the part is of no use.
            let _ = fs::remove_file(&part);
        }
        let size = saved?;
        self.tidy(&packed)?;
        Ok(size)
    }

    /// Removes what nobody used for long, and the least used until all fit; what was just saved stays.
    fn tidy(&self, kept: &Path) -> io::Result<()> {
        let mut all = Vec::new();
        for scope in entries(&self.folder)? {
            all.extend(list(&scope)?);
        }
        all.sort_by_key(|cache| cache.used);
        let mut size: u64 = all.iter().map(|cache| cache.size).sum();
        for cache in all.iter().filter(|cache| cache.packed != kept) {
            let is_old = cache.used.elapsed().is_ok_and(|unused| unused > CACHE_UNUSED_MAX);
            if is_old || size > self.limit {
                fs::remove_file(cache.packed.with_extension("").with_extension(KEY))?;
                fs::remove_file(&cache.packed)?;
                size -= cache.size;
            }
        }
        Ok(())
    }

    fn scope(&self, scope: &str) -> PathBuf {
        self.folder.join(hash(scope))
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

/// Returns the whole caches of a scope. One that another process removes meanwhile is left out.
fn list(folder: &Path) -> io::Result<Vec<Cache>> {
    let keys = entries(folder)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == KEY));
    let cache = |named: PathBuf| {
        let packed = named.with_extension(PACKED);
        let about = packed.metadata().ok()?;
        Some(Cache { key: fs::read_to_string(named).ok()?, used: about.modified().ok()?, size: about.len(), packed })
    };
    Ok(keys.filter_map(cache).collect())
}

/// A file that takes no more than [`CACHE_MAX`] bytes.
struct Limited {
    file: BufWriter<PatientFile>,
    written: u64,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        check()?;
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        match self.written > CACHE_MAX {
            true => {
                Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {CACHE_MAX} bytes, packed")))
            }
            false => Ok(written),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Unpacks into a folder, whose path has no links, and waits for room. What stands there already is replaced.
fn unpack(packed: impl Read, to: &Path) -> io::Result<()> {
    let outside = || io::Error::new(io::ErrorKind::InvalidData, "the cache has a file that is not below its folder");
    let mut archive = tar::Archive::new(packed);
    archive.set_preserve_permissions(true);
    archive.set_overwrite(true);
    let mut folders = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = to.join(entry.path()?);
        match entry.header().entry_type() {
            // With its permissions nothing may come into it any more.
            EntryType::Directory => {
                with_patience(&path, || fs::create_dir_all(&path))?;
                folders.push(entry);
                continue;
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {}
            _ => {
                with_patience(&path, || entry.unpack_in(to))?;
                continue;
            }
        }
        let is_plain = entry.path()?.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let folder = path.parent().filter(|_| is_plain).ok_or_else(outside)?;
        with_patience(folder, || fs::create_dir_all(folder))?;
        if !folder.canonicalize()?.starts_with(to) {
            return Err(outside());
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = PatientFile::create(&path)?;
        io::copy(&mut entry, &mut file)?;
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(entry.header().mtime()?);
        file.file().set_modified(changed)?;
        file.file().set_permissions(Permissions::from_mode(entry.header().mode()? & 0o7777))?;
    }
    // The innermost first, as tar itself does.
    folders.sort_by(|one, other| other.path_bytes().cmp(&one.path_bytes()));
    folders.into_iter().try_for_each(|mut folder| folder.unpack_in(to).map(|_| ()))
}

fn pack(from: &Path, to: &Path) -> io::Result<u64> {
    let file = BufWriter::new(PatientFile::create(to)?);
    let mut tar = tar::Builder::new(GzEncoder::new(Limited { file, written: 0 }, Compression::fast()));
    tar.follow_symlinks(false);
    tar.append_dir_all("", from)?;
    let mut limited = tar.into_inner()?.finish()?;
    limited.flush()?;
    limited.file.get_ref().file().sync_all()?;
    Ok(limited.written)
}
