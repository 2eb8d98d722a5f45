//! Files of a commit of a git checkout, read by the `git` program.
//!
//! The checkout itself is never changed, and nothing of its configuration can start a program:
//! no hooks, no file system monitor, no filters, no fetching. Only files whose mode says that
//! they are files are read, so a link of a commit leads nowhere.

use crate::template::LISTED_MAX;
use crate::yaml;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// The most bytes of the list of a commit's files: some hundred thousand names.
const TREE_MAX: u64 = 64 * 1024 * 1024;
/// The most bytes of the name of a branch, a tag or a commit.
const VERSION_MAX: usize = 256;
/// How long git may take for one answer. It reads local files only; a listing of some hundred
/// thousand names takes seconds, and who asks waits: a reload, or a command.
const TIME_MAX: Duration = Duration::from_secs(30);
/// How often it is looked whether git has ended, once its output has.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// The most files and commits that are remembered, before all of them are forgotten.
const REMEMBERED_MAX: usize = 2_000;

/// What commits hold, which never changes.
#[derive(Debug, Default)]
pub(super) struct Commits {
    trees: Mutex<HashMap<(PathBuf, String), Arc<Tree>>>,
    texts: Mutex<HashMap<(PathBuf, String), Arc<str>>>,
}

/// The files of a commit by their paths.
#[derive(Debug)]
pub(super) struct Tree {
    files: BTreeMap<String, Blob>,
}

#[derive(Debug)]
struct Blob {
    id: String,
    /// `None` for what is no file: a link, or a repository in the repository.
    size: Option<u64>,
}

/// Says whether a folder is a git checkout, or a bare repository.
pub(super) fn is_checkout(folder: &Path) -> bool {
    folder.join(".git").exists() || (folder.join("HEAD").is_file() && folder.join("objects").is_dir())
}

/// Returns the commit that a version names now: a full reference, a branch here or as it was last
/// fetched, a tag, or the beginning of a commit's id.
pub(super) fn commit(folder: &Path, version: &str) -> Result<String, String> {
    if !is_version(version) {
        return Err("its `ref` is no name of a branch, a tag or a commit".to_owned());
    }
    let branch = version.strip_prefix("refs/heads/").unwrap_or(version);
    let mut candidates = Vec::new();
    if version.starts_with("refs/") {
        candidates.push(version.to_owned());
    }
    if !version.starts_with("refs/") || version.starts_with("refs/heads/") {
        candidates.extend([format!("refs/heads/{branch}"), format!("refs/remotes/origin/{branch}")]);
    }
    if !version.starts_with("refs/") {
        candidates.push(format!("refs/tags/{version}"));
    }
    if version.len() >= 7 && version.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        candidates.push(version.to_owned());
    }
    for candidate in candidates {
        let wanted = format!("{candidate}^{{commit}}");
        let found = run(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], 1024)?;
        if let Some(id) = found.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()) {
            return Ok(id);
        }
    }
    Err(format!("it has no branch, tag or commit `{version}`"))
}

/// The rules of `git check-ref-format`, and nothing that could be an option or a range.
fn is_version(version: &str) -> bool {
    let is_plain = |character: char| !character.is_control() && !" ~^:?*[\\".contains(character);
    let parts_are_plain =
        version.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"));
    (1..=VERSION_MAX).contains(&version.len())
        && !version.starts_with('-')
        && !version.ends_with('.')
        && !version.contains("..")
        && !version.contains("@{")
        && version.chars().all(is_plain)
        && parts_are_plain
}

impl Commits {
    /// Returns the files of a commit.
    pub(super) fn tree(&self, folder: &Path, commit: &str) -> Result<Arc<Tree>, String> {
        let key = (folder.to_owned(), commit.to_owned());
        if let Some(known) = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let arguments = ["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", commit];
        let bytes = run(folder, &arguments, TREE_MAX)?.ok_or("git can't list its files")?;
        let tree = Arc::new(read_tree(&bytes));
        remember(&self.trees, key, tree.clone());
        Ok(tree)
    }

    /// Returns the text of a file of a commit; `None` if there is no such file.
    pub(super) fn read(&self, folder: &Path, tree: &Tree, path: &str) -> Result<Option<Arc<str>>, String> {
        let Some(blob) = tree.files.get(path) else { return Ok(None) };
        let size = blob.size.ok_or("it is no file")?;
        if size > yaml::FILE_MAX as u64 {
            return Err(format!("it has more than {} bytes", yaml::FILE_MAX));
        }
        let key = (folder.to_owned(), blob.id.clone());
        if let Some(known) = self.texts.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(known.clone()));
        }
        let bytes = run(folder, &["cat-file", "blob", &blob.id], yaml::FILE_MAX as u64)?;
        let text = String::from_utf8(bytes.ok_or("git can't read it")?).map_err(|_| "it is not UTF-8")?;
        let text: Arc<str> = text.into();
        remember(&self.texts, key, text.clone());
        Ok(Some(text))
    }
}

impl Tree {
    /// Returns the YAML files below a folder.
    pub(super) fn below(&self, folder: &str) -> Vec<Arc<str>> {
        let is_below = |path: &&String| match folder {
            "" => true,
            folder => path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
        };
        let files = self.files.iter().filter(|(_, blob)| blob.size.is_some()).map(|(path, _)| path);
        let files = files.filter(|path| path.ends_with(".yml") || path.ends_with(".yaml"));
        files.filter(is_below).take(LISTED_MAX).map(|path| path.as_str().into()).collect()
    }
}

/// Reads records of the form `mode type id size<TAB>path<NUL>`.
fn read_tree(bytes: &[u8]) -> Tree {
    let record = |record: &[u8]| {
        let record = std::str::from_utf8(record).ok()?;
        let (about, path) = record.split_once('\t')?;
        let mut about = about.split_ascii_whitespace();
        let is_file = about.next()?.starts_with("100");
        let (_, id, size) = (about.next()?, about.next()?, about.next()?);
        let blob = Blob { id: id.to_owned(), size: size.parse().ok().filter(|_| is_file) };
        Some((path.to_owned(), blob))
    };
    Tree { files: bytes.split(|byte| *byte == 0).filter_map(record).collect() }
}

fn remember<T>(known: &Mutex<HashMap<(PathBuf, String), T>>, key: (PathBuf, String), value: T) {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= REMEMBERED_MAX {
        known.clear();
    }
    known.insert(key, value);
}

/// Runs git in a folder and returns what it printed, `None` if it failed. An error is the sentence
/// that says why there is no answer.
fn run(folder: &Path, arguments: &[&str], limit: u64) -> Result<Option<Vec<u8>>, String> {
    let mut safe = std::ffi::OsString::from("safe.directory=");
    safe.push(folder.as_os_str());
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_ALLOW_PROTOCOL", ""),
    ] {
        command.env(name, value);
    }
    let settings = ["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.pager=cat"].map(OsStr::new);
    for setting in settings.into_iter().chain([safe.as_os_str()]) {
        command.arg("-c").arg(setting);
    }
    command.arg("-C").arg(folder).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    answer(&mut command, limit, TIME_MAX)
}

/// Runs a program to its end and returns what it printed, `None` if it failed. One that prints too
/// much or takes too long is killed.
fn answer(command: &mut Command, limit: u64, time: Duration) -> Result<Option<Vec<u8>>, String> {
    let end = Instant::now() + time;
    let mut child = command.spawn().map_err(|cause| format!("git can't be started: {cause}"))?;
    let out = child.stdout.take().expect("it is a pipe");
    let (done, printed) = mpsc::channel();
    // The thread ends with the pipe, which ends with the program.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = out.take(limit + 1).read_to_end(&mut bytes);
        // Nobody listens any more when the time is over.
        let _ = done.send(read.map(|_| bytes));
    });
    let printed = printed.recv_timeout(time);
    let outcome = match printed {
        Ok(Ok(bytes)) if bytes.len() as u64 > limit => Err(format!("git prints more than {limit} bytes")),
        Ok(Ok(bytes)) => match exit(&mut child, end) {
            Ok(Some(status)) => return Ok(status.success().then_some(bytes)),
            Ok(None) => Err(too_long(time)),
            Err(cause) => Err(format!("git was lost: {cause}")),
        },
        Ok(Err(cause)) => Err(format!("what git prints can't be read: {cause}")),
        Err(_) => Err(too_long(time)),
    };
    // It may have ended already. Who waits for a file system that does not answer ends late, even
    // when killed: nobody waits for that here.
    let _ = child.kill();
    std::thread::spawn(move || child.wait());
    outcome
}

fn too_long(time: Duration) -> String {
    format!("git took more than {} seconds", time.as_secs())
}

/// Returns how a program whose output has ended ended itself; `None` if it goes on until `end`.
fn exit(child: &mut Child, end: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, time: Duration) -> Result<Option<Vec<u8>>, String> {
        let mut command = Command::new("sh");
        answer(command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()), 10, time)
    }

    #[test]
    fn a_program_that_does_not_end_is_not_waited_for() {
        let long = Duration::from_secs(60);
        assert_eq!(run("printf ok", long), Ok(Some(b"ok".to_vec())));
        assert_eq!(run("exit 1", long), Ok(None));
        assert_eq!(run("printf 12345678901", long), Err("git prints more than 10 bytes".to_owned()));
        let begin = Instant::now();
        let short = Duration::from_millis(50);
        assert_eq!(run("exec sleep 60", short), Err(too_long(short)));
        assert_eq!(run("exec >&-; exec sleep 60", short), Err(too_long(short)));
        assert!(begin.elapsed() < long / 2, "{:?}", begin.elapsed());
    }
}
