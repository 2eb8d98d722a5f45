//! What this machine has for jobs beside their own files: programs, task packages, containers.
//!
//! ```text
//! packages  the folder of task packages
//! engine    the program that runs containers
//! ```
//! The catalog asks before a run is queued, the worker when it is executed.

mod engine;
mod packages;

pub use engine::{ENGINE_VARIABLES, Engine};
pub use packages::{DEFINITION_MAX, PACKAGES_MAX};

use crate::pipeline::task::package::Package;
use crate::pipeline::{self};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where programs are looked for when the environment has no `PATH`.
pub const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";

/// What is known of the workers of other machines.
#[derive(Debug, Default, Clone)]
pub enum Elsewhere {
    /// Nothing.
    #[default]
    Unknown,
    /// That there are none.
    Nobody,
    /// Which pools were ever seen to be served, in small letters; with each that nobody serves now, what became of
    /// its workers.
    Seen(BTreeMap<String, Option<String>>),
}

/// This machine.
#[derive(Debug, Default)]
pub struct Machine {
    /// The pools whose jobs are executed here.
    pub pools: Vec<String>,
    /// The path of steps.
    pub path: String,
    /// The folder of task packages, if there is one.
    pub tasks: Option<PathBuf>,
    /// The program that runs containers.
    pub engine: Engine,
    /// The repositories that jobs can check out, by the names that pipelines give them.
    pub repositories: Vec<String>,
    /// Other machines that share the work.
    pub elsewhere: Elsewhere,
}

impl Machine {
    /// Returns a machine that executes the jobs of some pools, with the path that its steps have and
    /// its folder of task packages.
    pub fn new(pools: Vec<String>, path: Option<String>, tasks: Option<PathBuf>) -> Self {
        let path = path.unwrap_or_else(|| PATH_DEFAULT.to_owned());
        Self {
            pools,
            engine: Engine::new(&path),
            path,
            tasks,
            repositories: Vec::new(),
            elsewhere: Elsewhere::default(),
        }
    }
}

impl Machine {
    /// Returns the machine whose engine of containers is called with what it needs of an environment.
    pub fn with_environment(self, variable: impl Fn(&str) -> Option<String>) -> Self {
        Self { engine: self.engine.with(variable), ..self }
    }

    /// Returns the machine with repositories that its jobs can check out.
    pub fn with_repositories(self, names: impl Iterator<Item = String>) -> Self {
        Self { repositories: names.collect(), ..self }
    }
}

impl pipeline::Machine for Machine {
    fn serves(&self, pool: &str) -> bool {
        self.pools.iter().any(|own| own.eq_ignore_ascii_case(pool))
    }

    fn absence(&self, pool: &str) -> Option<String> {
        match &self.elsewhere {
            Elsewhere::Unknown => None,
            _ if self.serves(pool) => None,
            Elsewhere::Nobody => {
                let own = self.pools.iter().map(|own| format!("`{own}`")).collect::<Vec<_>>().join(", ");
                Some(format!("without a `database` the server's own worker is the only one: it serves {own}"))
            }
            Elsewhere::Seen(pools) => match pools.get(&pool.to_ascii_lowercase()) {
                Some(absence) => absence.clone(),
                None => Some("none was ever seen".to_owned()),
            },
        }
    }

    fn packages(&self) -> (Vec<Arc<Package>>, Vec<String>) {
        self.tasks.as_deref().map(packages::read).unwrap_or_default()
    }

    fn has_program(&self, name: &str) -> bool {
        find_program(&self.path, name).is_some()
    }

    fn has_repository(&self, name: &str) -> bool {
        self.repositories.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    fn has_containers(&self) -> Result<(), String> {
        self.engine.program().map(|_| ())
    }
}

/// Returns the file of a program that is in one of the folders of a path and can be executed.
pub fn find_program(path: &str, name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let is_program = |file: &Path| file.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    let mut found = path.split(':').map(|folder| Path::new(folder).join(name));
    found.find(|file| file.is_absolute() && is_program(file))
}
