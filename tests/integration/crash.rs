//! `kill -9` of the server at random moments under load: nothing acknowledged is lost, every run
//! ends, none runs twice at once.
//!
//! Each step appends a line when it begins and one when it ends to a file of effects, which
//! outlives the server, and holds a lock file meanwhile. After the last kill the server starts
//! once more and gets the time to finish what is left; then the file, the answers that clients
//! got, and the store are compared.

use crate::support::{Deadline, Server, post, sign_sha1};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often the server is killed. The whole plan asks for 200; `PIPEHOOK_KILLS` sets another
/// number, for a quick look or a night.
const KILLS: u64 = 200;
/// Connections that post meanwhile.
const SENDERS: usize = 4;
