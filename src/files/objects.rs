//! Named objects in S3 or a folder, as blocking calls.
//!
//! The library is asynchronous, and those who want files are on threads that may wait: so the library
//! works on a thread of its own, whoever calls.

use super::depot::{check, is_halted};
use super::outage::Outage;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, Permissions};
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};
use tokio::runtime::Runtime;

/// How long one request may take, and connecting for it.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// For how long a request is tried again that could not be answered.
const RETRIED_MAX: Duration = Duration::from_secs(20);
/// How often.
const RETRIES_MAX: usize = 5;
/// How often a thread that waits for an answer looks whether somebody still wants it.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The mark of an encoded byte in a part of a path, two hexadecimal digits follow it.
const ESCAPE: char = '=';

/// Where objects are.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder that all machines have mounted.
    Folder(PathBuf),
    /// S3, or what speaks like it.
    S3(S3),
}

impl Place {
    /// Returns what a person knows the place by.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::S3(s3) => {
                let slash = if s3.prefix.is_empty() { "" } else { "/" };
                let at = s3.endpoint.as_ref().map_or(String::new(), |endpoint| format!(" at {endpoint}"));
                format!("s3://{}{slash}{}{at}", s3.bucket, s3.prefix)
            }
        }
    }
}

/// A bucket of S3.
#[derive(Debug, Clone)]
pub struct S3 {
    /// The bucket's name.
    pub bucket: String,
    /// What stands before the name of each object; may be empty.
    pub prefix: String,
    /// The address of what speaks like S3; Amazon's where there is none.
    pub endpoint: Option<String>,
    /// The region; `us-east-1` where nothing is said.
    pub region: String,
    /// Whether the endpoint may be asked without encryption.
    pub encryption: Encryption,
    /// The key's id, its secret, and the session's token, as far as they are known here.
    pub access_key: Option<SecretString>,
    /// See above.
    pub secret_key: Option<SecretString>,
    /// See above.
    pub session_token: Option<SecretString>,
}

/// Whether requests must be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// They must.
    Required,
    /// They need not be: for an endpoint on a network of one's own.
    Optional,
}

/// The objects of a place.
#[derive(Debug)]
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// The same, where it is a folder.
    folder: Option<Arc<LocalFileSystem>>,
    prefix: String,
    outage: Outage,
    /// Whether a request was not answered, and nothing was written since.
    is_away: AtomicBool,
    /// Gone only while this is dropped.
    runtime: Option<Runtime>,
}

/// Makes a folder where it is missing.
fn present(folder: &std::path::Path) -> io::Result<()> {
    if !folder.try_exists()? {
        private(folder)?;
        tracing::warn!(folder = %folder.display(), "the folder that `files` names was not there and was made");
    }
    Ok(())
}

/// Makes a folder for the server's user alone, and those that it stands in.
fn private(folder: &std::path::Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Returns an error with the folder to which it happened.
fn named(folder: &std::path::Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", folder.display()))
}

fn unusable(error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("the object store can't be used: {error}"))
}

/// What stands directly in a folder, in the order of the names.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) folders: Vec<String>,
    /// Names and sizes.
    pub(super) objects: Vec<(String, u64)>,
}

impl Objects {
    /// Makes the way to a place. S3 is not asked yet; a folder is made.
    pub(super) fn open(place: &Place) -> io::Result<Self> {
        let (store, folder, prefix): (Arc<dyn ObjectStore>, _, _) = match place {
            Place::Folder(folder) => {
                present(folder).map_err(|error| named(folder, &error))?;
                let store = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?;
                let store = Arc::new(store.with_fsync(true).with_automatic_cleanup(true));
                (store.clone(), Some(store), String::new())
            }
            Place::S3(s3) => (s3.store()?, None, s3.prefix.clone()),
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("files").enable_all().build()?;
        let (outage, is_away) = (Outage::default(), AtomicBool::new(false));
        Ok(Self { store, folder, prefix, outage, is_away, runtime: Some(runtime) })
    }

    /// Says whether nothing could be written, as far as is known.
    pub(super) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Writes an object, in place of one of that name. In a folder it is for the server's user alone.
    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        let (store, path) = (self.store.clone(), self.path(name)?);
        let file = match &self.folder {
            Some(folder) => Some(folder.path_to_filesystem(&path).map_err(io::Error::other)?),
            None => None,
        };
        let put = || {
            if let Some(folder) = file.as_ref().and_then(|file| file.parent()) {
                private(folder).map_err(|error| unusable(&named(folder, &error)))?;
            }
            self.wait(async move { store.put(&path, bytes.into()).await.map(|_| ()) })?;
            match &file {
                Some(file) => std::fs::set_permissions(file, Permissions::from_mode(0o600)),
                None => Ok(()),
            }
        };
        // The place of an object that is not there is no answer: there is no such bucket.
        let done =
            put().map_err(|error| if error.kind() == io::ErrorKind::NotFound { unusable(&error) } else { error });
        match &done {
            Ok(()) => {
                self.is_away.store(false, Ordering::Relaxed);
                self.outage.worked("what `files` names can be used again");
            }
            Err(error) => self.note_failure(error),
        }
        done
    }

    fn note_failure(&self, error: &io::Error) {
        // One that nobody waits for any more says nothing about the place.
        if is_halted() {
            return;
        }
        self.is_away.store(true, Ordering::Relaxed);
        self.outage.failed(error, "what `files` names can't be used: logs stay where they were made until it can");
    }

    /// Returns bytes of an object.
    pub(super) fn get(&self, name: &str, range: Range<u64>) -> io::Result<Vec<u8>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let (store, path) = (self.store.clone(), self.path(name)?);
        self.ask(async move { store.get_range(&path, range).await.map(Vec::from) })
    }

    /// Removes an object; one that is not there is no mistake.
    pub(super) fn delete(&self, name: &str) -> io::Result<()> {
        let (store, path) = (self.store.clone(), self.path(name)?);
        match self.ask(async move { store.delete(&path).await }) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            deleted => deleted,
        }
    }

    /// Returns what stands directly in a folder; nothing where there is no such one.
    pub(super) fn list(&self, folder: &str) -> io::Result<Listed> {
        let (store, path) = (self.store.clone(), self.path(folder)?);
        let found = match self.ask(async move { store.list_with_delimiter(Some(&path)).await }) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listed::default()),
            found => found?,
        };
        let name = |path: &Path| path.filename().map(decoded);
        let mut listed = Listed {
            folders: found.common_prefixes.iter().filter_map(name).collect(),
            objects: found.objects.iter().filter_map(|it| Some((name(&it.location)?, it.size))).collect(),
        };
        listed.folders.sort();
        listed.objects.sort();
        Ok(listed)
    }

    /// Returns by the names directly in a folder how many bytes all objects below have, and when the latest was
    /// written. One request brings many objects, however deep they stand.
    pub(super) fn held(&self, folder: &str) -> io::Result<BTreeMap<String, (u64, SystemTime)>> {
        let (store, path) = (self.store.clone(), self.path(folder)?);
        let held = self.ask(async move {
            let mut held = BTreeMap::new();
            let mut objects = store.list(Some(&path));
            while let Some(object) = poll_fn(|context| objects.as_mut().poll_next(context)).await {
                let object = object?;
                let name = object.location.prefix_match(&path).and_then(|mut parts| parts.next());
                let Some(name) = name.map(|name| decoded(name.as_ref())) else { continue };
                let (bytes, written) = held.entry(name).or_insert((0, SystemTime::UNIX_EPOCH));
                *bytes += object.size;
                *written = SystemTime::from(object.last_modified).max(*written);
            }
            Ok(held)
        });
        match held {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            held => held,
        }
    }

    fn path(&self, name: &str) -> io::Result<Path> {
        let parts = self.prefix.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
        let own = name.split('/').filter(|part| !part.is_empty()).map(encoded);
        let text = parts.chain(own).collect::<Vec<String>>().join("/");
        Path::parse(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidFilename, error))
    }

    /// As [`Self::wait`], and notes where there was no answer. What says that something is not there is one; and who
    /// can read can't write for that.
    fn ask<T: Send + 'static>(
        &self,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let done = self.wait(work);
        if let Err(error) = &done
            && error.kind() != io::ErrorKind::NotFound
        {
            self.note_failure(error);
        }
        done
    }

    /// Lets the library's thread work and waits for what comes of it.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let (tell, told) = mpsc::channel();
        let runtime = self.runtime.as_ref().expect("only dropping takes the runtime");
        runtime.spawn(async move {
            // Whoever waits is there until it is told.
            let _ = tell.send(work.await);
        });
        let done = loop {
            match told.recv_timeout(LOOK_EVERY) {
                Ok(done) => break done,
                // What was asked for goes on by itself; nobody needs its answer.
                Err(mpsc::RecvTimeoutError::Timeout) => check()?,
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(io::Error::other("the request broke off")),
            }
        };
        done.map_err(|error| match error {
            object_store::Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, error),
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                let sentence = format!("the object store does not let us: {error}");
                io::Error::new(io::ErrorKind::InvalidInput, sentence)
            }
            error => unusable(&error),
        })
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It may be dropped where waiting is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl S3 {
    fn store(&self) -> io::Result<Arc<dyn ObjectStore>> {
        let key = |what: &str, variable: &str, key: &Option<SecretString>| {
            key.as_ref().map(|key| key.expose_secret().to_owned()).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!(
                        "`files` is in S3 and its {what} is not known here: give it in {variable}, or where `{what}` of \
                         `files` says"
                    ),
                )
            })
        };
        let options = ClientOptions::new().with_timeout(REQUEST_TIME_MAX).with_connect_timeout(CONNECT_TIME_MAX);
        let retry =
            RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES_MAX, retry_timeout: RETRIED_MAX };
        let mut builder = AmazonS3Builder::new()
            .with_client_options(options)
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_allow_http(self.encryption == Encryption::Optional)
            .with_retry(retry)
            .with_access_key_id(key("access_key", "AWS_ACCESS_KEY_ID", &self.access_key)?)
            .with_secret_access_key(key("secret_key", "AWS_SECRET_ACCESS_KEY", &self.secret_key)?);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(token) = &self.session_token {
            builder = builder.with_token(token.expose_secret());
        }
        let store = builder.build().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Arc::new(store))
    }
}

/// Returns a part of a name so that every store takes it as it is, and people can read it: letters,
/// digits, `.`, `-`, `_`, `@`; of other bytes the digits.
fn encoded(part: &str) -> String {
    let is_only_dots = part.bytes().all(|byte| byte == b'.');
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        match char::from(byte) {
            plain if plain.is_ascii_alphanumeric() || "-_@".contains(plain) => text.push(plain),
            '.' if !is_only_dots => text.push('.'),
            _ => text.push_str(&format!("{ESCAPE}{byte:02X}")),
        }
    }
    text
}

fn decoded(part: &str) -> String {
    let mut pieces = part.split(ESCAPE);
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        // What we have not written stays as it is.
        match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&piece.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(format!("{ESCAPE}{piece}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(part: &str, expected: &str) {
        assert_eq!(encoded(part), expected);
        assert_eq!(decoded(expected), part);
    }

    #[test]
    fn every_name_has_a_form_that_every_store_takes() {
        check("plain-1_2.log", "plain-1_2.log");
        check("a b%c=d~", "a=20b=25c=3Dd=7E");
        check("ü", "=C3=BC");
        check("..", "=2E=2E");
        check(".", "=2E");
        check("..a", "..a");
        check("a:whole", "a=3Awhole");
    }
}
