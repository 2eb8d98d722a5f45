//! Where pipelines and what they use are found.

use super::git::Commits;
use crate::config::{self, Config};
use crate::machine::{Elsewhere, Machine};
use crate::template::{Groups, Repository};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folders of pipelines and of the repositories that they name, and the variable groups.
#[derive(Debug, Default)]
pub struct Library {
    /// The folder of the pipelines.
    pub(super) pipelines: PathBuf,
    /// The configuration's own file, which is no pipeline wherever it lies.
    configuration: Option<PathBuf>,
    repositories: Vec<(String, PathBuf)>,
    pub(super) groups: Arc<Groups>,
    /// Who executes the runs.
    pub(super) machine: Arc<Machine>,
    /// What was read of commits; they do not change.
    pub(super) commits: Commits,
}

impl Library {
    /// Returns the library of a configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            pipelines: config.pipelines.clone(),
            configuration: config.file.as_ref().and_then(|file| file.canonicalize().ok()),
            repositories: config.repositories.clone(),
            groups: Arc::new(config.variable_groups.iter().map(|group| group.group.clone()).collect()),
            machine: Arc::new(
                Machine::new(config.workers.pools.clone(), config::environment_variable("PATH"), config.tasks.clone())
                    .with_repositories(config.repositories.iter().map(|(name, _)| name.clone())),
            ),
            commits: Commits::default(),
        }
    }

    /// Returns the library with what is known of the workers of other machines.
    #[must_use]
    pub fn knowing(self, elsewhere: Elsewhere) -> Self {
        let machine = Arc::into_inner(self.machine).expect("nobody else has it yet");
        Self { machine: Arc::new(Machine { elsewhere, ..machine }), ..self }
    }

    /// Returns the library with another folder of pipelines.
    #[must_use]
    pub fn with_pipelines(self, pipelines: &Path) -> Self {
        Self { pipelines: pipelines.to_owned(), ..self }
    }

    /// Returns the folder of the pipelines.
    pub fn pipelines(&self) -> &Path {
        &self.pipelines
    }

    /// Says whether a file is the configuration.
    pub fn is_configuration(&self, path: &Path) -> bool {
        let Some(configuration) = &self.configuration else { return false };
        path.file_name() == configuration.file_name() && path.canonicalize().is_ok_and(|path| path == *configuration)
    }

    /// Returns the folders of the repositories that pipelines name.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.repositories.iter().map(|(_, path)| path.as_path())
    }

    /// Returns the folder of a declared repository: the one configured for its alias, else for its
    /// name.
    pub(super) fn repository(&self, declared: &Repository) -> Option<&Path> {
        let configured = |wanted: &str| {
            let mut all = self.repositories.iter();
            all.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, path)| path.as_path())
        };
        configured(&declared.alias).or_else(|| configured(declared.name.as_deref()?))
    }
}
