//! The program that runs containers: `docker`, or `podman` which takes the same arguments.

use super::find_program;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The programs, the first that answers.
const PROGRAMS: [&str; 2] = ["docker", "podman"];
/// Variables of the server's environment by which an engine finds its service, its settings and its
/// credentials.
pub const ENGINE_VARIABLES: [&str; 10] = [
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINER_HOST",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "XDG_RUNTIME_DIR",
];
/// What each is asked, which wants all of it to work.
const QUESTION: [&str; 2] = ["ps", "--quiet"];
/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How often an answer is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long an answer holds: a service that was down may be up again.
const HOLDS: Duration = Duration::from_secs(30);

/// The program that runs containers, looked for when it is needed.
#[derive(Debug, Default)]
pub struct Engine {
    path: String,
    variables: Vec<(String, String)>,
    answer: Mutex<Option<(Instant, Result<PathBuf, String>)>>,
}

impl Engine {
    /// Returns the engine that is found in a path.
    pub(super) fn new(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// Returns the values of [`ENGINE_VARIABLES`] that every call has.
    pub fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// Returns the engine that is called with the values of [`ENGINE_VARIABLES`] that are known.
    pub(super) fn with(self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let known = ENGINE_VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), variable(name)?)));
        Self { variables: known.collect(), ..self }
    }

    /// Returns the program. It may take a while to answer; on failure, why there is none.
    pub fn program(&self) -> Result<PathBuf, String> {
        let mut answer = self.answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, known)) = answer.as_ref().filter(|(at, _)| at.elapsed() < HOLDS) {
            return known.clone();
        }
        let found = find(&self.path);
        *answer = Some((Instant::now(), found.clone()));
        found
    }
}

fn find(path: &str) -> Result<PathBuf, String> {
    let there: Vec<PathBuf> = PROGRAMS.iter().filter_map(|name| find_program(path, name)).collect();
    if there.is_empty() {
        return Err("neither `docker` nor `podman` is installed".to_owned());
    }
    let mut reasons = Vec::new();
    for program in there {
        match ask(&program, path) {
            Ok(()) => return Ok(program),
            Err(reason) => reasons.push(format!("`{}` {reason}", program.display())),
        }
    }
    Err(reasons.join(", "))
}

/// Asks a program whether it works.
fn ask(program: &Path, path: &str) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(QUESTION).env("PATH", path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("can't be started: {error}"))?;
    let end = Instant::now() + ANSWER_MAX;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => return Err("does not answer: is its service running?".to_owned()),
            Ok(None) if Instant::now() < end => std::thread::sleep(LOOK_EVERY),
            Ok(None) | Err(_) => {
                // It is of no use any more, and whether it ends changes nothing.
                let _ = child.kill();
                let _ = child.wait();
                return Err("does not answer in time".to_owned());
            }
        }
    }
}
