//! Counts what statements cost, in steps of SQLite's own machine: the same on every computer, however busy it is.
//!
//! SQLite calls a function of ours for each connection that is opened in this process, and that asks to be told of each
//! statement that ends.
#![allow(unsafe_code, reason = "no library asks this of connections that others have opened")]

use rusqlite::ffi;
use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_uint, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

/// Steps by statement.
type Counts = Mutex<BTreeMap<String, u64>>;

/// The folders whose connections are counted. Connections may live until the end of the process, so their counts do.
static COUNTED: Mutex<Vec<(PathBuf, &'static Counts)>> = Mutex::new(Vec::new());

/// What is counted in a folder.
pub struct Steps(&'static Counts);

impl Steps {
    /// Counts from now on what the connections do that are opened to databases in a folder.
    pub fn of(folder: &Path) -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: the function has the type that is asked for, and is there for as long as the process is.
            let registered = unsafe { ffi::sqlite3_auto_extension(Some(opened)) };
            assert_eq!(registered, ffi::SQLITE_OK);
        });
        let folder = folder.canonicalize().expect("the folder is there");
        let counts: &'static Counts = Box::leak(Box::default());
        COUNTED.lock().expect("no holder panics").push((folder, counts));
        Self(counts)
    }

    /// Returns the steps since the last call, by statement.
    pub fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.0.lock().expect("no holder panics"))
    }
}

/// Is called for each connection that is opened.
unsafe extern "C" fn opened(
    connection: *mut ffi::sqlite3,
    _: *mut *mut c_char,
    _: *const ffi::sqlite3_api_routines,
) -> c_int {
    // SAFETY: the connection is open; the name that it gives ends with a zero, and is there until it is closed.
    let name = unsafe { ffi::sqlite3_db_filename(connection, c"main".as_ptr()) };
    if name.is_null() {
        return ffi::SQLITE_OK;
    }
    // SAFETY: as above.
    let file = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()));
    let Ok(counted) = COUNTED.lock() else { return ffi::SQLITE_OK };
    match counted.iter().find(|(folder, _)| file.starts_with(folder)) {
        // SAFETY: the counts are never dropped, and `ended` changes them under their lock only.
        Some((_, counts)) => unsafe {
            let counts = std::ptr::from_ref::<Counts>(counts).cast_mut().cast::<c_void>();
            ffi::sqlite3_trace_v2(connection, ffi::SQLITE_TRACE_PROFILE, Some(ended), counts)
        },
        None => ffi::SQLITE_OK,
    }
}

/// Is called for each statement that has ended.
unsafe extern "C" fn ended(_: c_uint, counts: *mut c_void, statement: *mut c_void, _: *mut c_void) -> c_int {
    let statement = statement.cast::<ffi::sqlite3_stmt>();
    // SAFETY: the first is what was given with this function; the second is a statement, whose text ends with a zero.
    let (counts, steps, text) = unsafe {
        let steps = ffi::sqlite3_stmt_status(statement, ffi::SQLITE_STMTSTATUS_VM_STEP, 1);
        (&*counts.cast::<Counts>(), steps, CStr::from_ptr(ffi::sqlite3_sql(statement)))
    };
    if let Ok(mut counts) = counts.lock() {
        *counts.entry(text.to_string_lossy().into_owned()).or_default() += u64::try_from(steps).unwrap_or(0);
    }
    0
}
