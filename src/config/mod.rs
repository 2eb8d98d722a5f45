//! The configuration: `pipehook.yml` and the environment, read into one checked [`Config`].
//!
//! This is the only module that reads the environment. All mistakes of a file are found at once,
//! each with its place. The values of secrets appear in none of them: the excerpts are cut from a
//! copy of the file in which they are blanked.

mod challenge;
mod connection;
mod database;
mod file;
mod files;
mod group;
mod key;
mod limits;
mod mask;
mod reference;
mod retention;
mod scheme;
mod secret;
mod section;
mod value;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Style, render_all};
use crate::files::Place;
use crate::run::Retention;
use crate::shell::Substitution;
use crate::webhook::connection::{Connection, Limits};
use crate::yaml;
pub use database::Database;
use file::Unreadable;
pub use group::VariableGroup;
pub use secret::without_newline;
use section::Section;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use value::{Address, FilePath, HostName, Jobs, Name, VariableName};

/// The file that is read where none is named.
pub const FILE_DEFAULT: &str = "pipehook.yml";
/// The most bytes of the file.
pub const FILE_MAX: u64 = yaml::FILE_MAX as u64;
/// The most jobs that one process executes at once; each is several processes and threads.
pub const JOBS_MAX: usize = 1_000;

/// All that can be configured, checked, with defaults filled in and paths resolved.
#[derive(Debug)]
pub struct Config {
    /// The file that was read; `None` for the defaults.
    pub file: Option<PathBuf>,
    /// Where deliveries are received, `host:port`.
    pub listen: String,
    /// Where the API is served, `host:port`.
    pub admin_listen: String,
    /// By which names the API is asked for beside addresses, the name of this machine and `localhost`. With the
    /// first one answers say where a run can be looked at.
    pub admin_hosts: Vec<String>,
    /// The folder of the pipelines.
    pub pipelines: PathBuf,
    /// The folder of the store, logs, artifacts and workspaces.
    pub data: PathBuf,
    /// The database that machines share; without one the store is a file in the data folder.
    pub database: Option<Database>,
    /// Where logs and artifacts are that machines share; without one in the database, or in the data folder.
    pub files: Option<Place>,
    /// What this process executes.
    pub workers: Workers,
    /// What is kept how long.
    pub retention: Retention,
    /// What connections may send that have no limits of their own.
    pub limits: Limits,
    /// The connections in the order of the file.
    pub connections: Vec<Arc<Connection>>,
    /// Names of environment variables that steps get from the server.
    pub environment: Vec<String>,
    /// Where repositories that pipelines name are, by alias or name.
    pub repositories: Vec<(String, PathBuf)>,
    /// The folder of task packages.
    pub tasks: Option<PathBuf>,
    /// The variable groups in the order of the file.
    pub variable_groups: Vec<VariableGroup>,
    /// The files in which its secrets are.
    pub secret_files: Vec<PathBuf>,
}

/// See [`Config::fixed`].
pub type Fixed = [(&'static str, String); 3];

/// What one process executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workers {
    /// How many jobs at once.
    pub jobs: NonZeroUsize,
    /// The pools whose jobs it claims; never empty.
    pub pools: Vec<String>,
}

impl Default for Workers {
    fn default() -> Self {
        Self { jobs: NonZeroUsize::new(2).expect("two is not zero"), pools: vec!["default".to_owned()] }
    }
}

/// Returns an environment variable of the process as [`Config::load`] wants it; `None` also for a
/// value that is not UTF-8.
pub fn environment_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns an address to listen at, `host:port`, or a sentence that says what is wanted.
pub fn listen_address(text: &str) -> Result<String, String> {
    let address = value::address(text).map(|address| address.0);
    address.ok_or_else(|| "an address with a port is wanted, such as 127.0.0.1:8080".to_owned())
}

/// Looks up an environment variable.
pub type Environment<'e> = dyn Fn(&str) -> Option<String> + 'e;

/// Says whether a configuration file holds nothing but blanks.
pub fn is_blank(file: &Path) -> bool {
    file::read_bytes(file, FILE_MAX).is_ok_and(|bytes| bytes.trim_ascii().is_empty())
}

impl Config {
    /// Returns the configuration without a file, for a server that stands in `folder`.
    pub fn defaults(folder: &Path) -> Self {
        Self {
            file: None,
            listen: "127.0.0.1:8080".to_owned(),
            admin_listen: "127.0.0.1:8081".to_owned(),
            admin_hosts: Vec::new(),
            pipelines: folder.join("pipelines"),
            data: folder.join("data"),
            database: None,
            files: None,
            workers: Workers::default(),
            retention: Retention::default(),
            limits: Limits::default(),
            connections: Vec::new(),
            environment: Vec::new(),
            repositories: Vec::new(),
            tasks: None,
            variable_groups: Vec::new(),
            secret_files: Vec::new(),
        }
    }

    /// Reads a file, or without one [`FILE_DEFAULT`] in the current folder if it is there, with
    /// all secrets that it names.
    pub fn load(path: Option<&Path>, environment: &Environment<'_>) -> Result<Self, Mistakes> {
        Self::open(path, Some(environment))
    }

    /// Reads a file as [`Config::load`] does, but for the secrets: its connections know nobody.
    /// For commands that need none, on machines that have none.
    pub fn load_without_secrets(path: Option<&Path>) -> Result<Self, Mistakes> {
        Self::open(path, None)
    }

    /// Returns what becomes of the payload text of a connection in scripts; for one that is not
    /// configured, the default.
    pub fn substitution(&self, connection: &str) -> Substitution {
        let named = self.connections.iter().find(|it| it.name.eq_ignore_ascii_case(connection));
        named.map_or_else(Substitution::default, |connection| connection.substitution)
    }

    /// Returns the enabled connection with a name in the URL.
    pub fn by_webhook(&self, webhook: &str) -> Option<&Arc<Connection>> {
        let mut enabled = self.connections.iter().filter(|it| it.enabled);
        enabled.find(|connection| connection.webhook == webhook)
    }

    /// Returns the connection that pipelines name so.
    pub fn connection(&self, name: &str) -> Option<&Arc<Connection>> {
        self.connections.iter().find(|it| it.name == name)
    }

    /// Returns what is decided at the start of a process, by its keys: what it has open.
    /// The values are to be compared and not to be shown. All other keys can change while serving.
    pub fn fixed(&self) -> Fixed {
        [
            ("data", self.data.display().to_string()),
            ("database", self.database.as_ref().map(Database::digest).unwrap_or_default()),
            ("files", format!("{:?}", self.files)),
        ]
    }

    fn open(path: Option<&Path>, environment: Option<&Environment<'_>>) -> Result<Self, Mistakes> {
        let chosen = path.unwrap_or(Path::new(FILE_DEFAULT));
        let text = match file::read_text(chosen, FILE_MAX) {
            Ok(text) => text,
            Err(Unreadable::Missing) if path.is_none() => {
                return Ok(Self::defaults(Path::new(".")));
            }
            Err(reason) => return Err(Mistakes::unreadable(chosen, &reason)),
        };
        Self::parse(chosen, &text, environment)
    }

    fn parse(path: &Path, text: &str, environment: Option<&Environment<'_>>) -> Result<Self, Mistakes> {
        let mut diagnostics = Diagnostics::default();
        let root = yaml::parse(text, SOURCE, &mut diagnostics);
        // Only a tree without aliases may reach the YAML library, which would unfold them.
        let sound = root.as_ref().filter(|_| diagnostics.is_empty());
        let mut config = Self::defaults(path.parent().unwrap_or(Path::new(".")));
        config.file = Some(path.to_owned());
        if let Some(root) = sound.filter(|root| !root.is_empty_plain())
            && let Some(section) = Section::open(root, text, "", &mut diagnostics)
        {
            config.read(section, environment);
            config.secret_files = secret::files(root, path.parent().unwrap_or(Path::new(".")));
        }
        if diagnostics.is_empty() {
            return Ok(config);
        }
        let mut sources = SourceMap::default();
        sources.add(path.display().to_string(), mask::blanked(text, root.as_ref()));
        Err(Mistakes { diagnostics, sources })
    }

    /// Reads the top of the file into the defaults.
    fn read(&mut self, mut file: Section<'_>, environment: Option<&Environment<'_>>) {
        file.known(&key::names(key::OF_FILE));
        let folder = self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(".")).to_owned();
        file.set(&mut self.listen, "listen", |address: Address| address.0);
        if let Some(mut admin) = file.section("admin") {
            admin.known(&["listen", "hosts"]);
            admin.set(&mut self.admin_listen, "listen", |address: Address| address.0);
            if let Some(hosts) = admin.list::<HostName>("hosts") {
                self.admin_hosts = hosts.into_iter().map(|host| host.0).collect();
            }
        }
        file.set(&mut self.pipelines, "pipelines", |path: FilePath| resolved(&folder, &path.0));
        file.set(&mut self.data, "data", |path: FilePath| resolved(&folder, &path.0));
        self.database = database::read(&mut file, &folder);
        self.files = files::read(&mut file, &folder, environment.unwrap_or(&environment_variable));
        if let Some(workers) = file.section("workers") {
            read_workers(workers, &mut self.workers);
        }
        if let Some(section) = file.section("retention") {
            retention::read(section, &mut self.retention);
        }
        if let Some(mut limits) = file.section("limits") {
            self.limits = limits::read(&mut limits, self.limits);
        }
        if let Some(names) = file.list::<VariableName>("environment") {
            self.environment = names.into_iter().map(|name| name.0).collect();
        }
        if let Some(mut repositories) = file.section("repositories") {
            self.repositories = repositories.paths(|path| absolute(&resolved(&folder, path)));
        }
        file.set(&mut self.tasks, "tasks", |path: FilePath| Some(resolved(&folder, &path.0)));
        if let Some(groups) = file.section("variable-groups") {
            self.variable_groups = group::read_all(groups, &folder, environment);
        }
        if let Some(connections) = file.section("connections") {
            let read = connection::read_all(connections, self.limits, &folder, environment);
            self.connections = read.into_iter().map(Arc::new).collect();
        }
    }
}

/// Returns a path of the file as seen from the current folder, without `.` inside it.
fn resolved(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path).components().collect()
}

/// Returns a path that means the same in whichever folder a job starts git.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn read_workers(mut section: Section<'_>, workers: &mut Workers) {
    section.known(&["jobs", "pools"]);
    section.set(&mut workers.jobs, "jobs", |jobs: Jobs| jobs.0);
    if let Some(pools) = section.list::<Name>("pools") {
        workers.pools = pools.into_iter().map(|name| name.0).collect();
    }
    if workers.pools.is_empty() {
        section.mistake("pools", "a worker needs at least one pool");
    }
}

/// The one source of a configuration's diagnostics.
const SOURCE: SourceId = SourceId(0);

/// Why there is no configuration.
#[derive(Debug)]
pub struct Mistakes {
    /// All mistakes that were found.
    pub diagnostics: Diagnostics,
    /// The file, secrets blanked.
    pub sources: SourceMap,
}

impl Mistakes {
    fn unreadable(path: &Path, reason: &Unreadable) -> Self {
        let title = format!("the configuration `{}` {reason}", path.display());
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(Diagnostic::without_place(Code::UnreadableFile, title));
        Self { diagnostics, sources: SourceMap::default() }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reports = self.diagnostics.resolve(&self.sources);
        f.write_str(render_all(&reports, Style::Plain).trim_end())
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `cli::reload` puts in force while serving.
    const TAKEN_UP: [&str; 11] = [
        "listen",
        "admin",
        "pipelines",
        "repositories",
        "variable-groups",
        "tasks",
        "workers",
        "limits",
        "retention",
        "connections",
        "environment",
    ];

    #[test]
    fn every_key_of_the_file_is_decided_at_the_start_or_changes_while_serving() {
        let fixed = Config::defaults(Path::new(".")).fixed().map(|(key, _)| key);
        let mut known: Vec<&str> = fixed.into_iter().chain(TAKEN_UP).collect();
        let mut all = key::names(key::OF_FILE);
        known.sort_unstable();
        all.sort_unstable();
        assert_eq!(known, all);
    }
}
