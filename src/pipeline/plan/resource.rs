//! What jobs and steps name by alias (reference, section 9.2).

use crate::taint::Text;
use serde::{Deserialize, Serialize};

/// The resources of a run. Aliases are unique in each list, ignoring case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Repositories beside the pipeline's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<Repository>,
    /// Containers by alias.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<(String, Container)>,
    /// Other pipelines, for their artifacts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<PipelineResource>,
}

impl Resources {
    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The alias.
    pub alias: String,
    /// Where it is hosted: `git`, `github`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What it is called there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The service connection that fetches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The branch, tag or commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Returns the name of a pipeline as it is here; elsewhere folders are before it, with other slashes.
pub fn pipeline_name(written: &str) -> String {
    written.trim().replace('\\', "/").trim_start_matches('/').to_owned()
}

/// Another pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineResource {
    /// The alias.
    pub alias: String,
    /// The pipeline's name; the alias where nothing is said.
    pub source: String,
    /// The project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The name of the run whose artifacts are meant; the latest where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The branch of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Tags that the run must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Which container something runs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerUse {
    /// One of [`Resources::containers`].
    Alias(String),
    /// One that is described on the spot.
    Inline(Container),
    /// The expression, without the `$[ ]` around it, that gives an alias or an image when a leg
    /// of the job begins. An empty text is no container.
    Expression(String),
}

/// A container. Macros are still in the texts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// The image.
    pub image: Text,
    /// The service connection of the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, Text)>,
    /// Further options of `docker create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Text>,
    /// `host:container`, or a port of the container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Text>,
    /// `source:destination`, or a folder of the container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Text>,
    /// Whether the socket of the container service is not there in the container.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hides_docker_socket: bool,
    /// Whether the image lies on the machine and is not fetched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_local: bool,
    /// Folders of the job that can't be written in the container.
    #[serde(default, skip_serializing_if = "ReadOnlyMounts::is_none")]
    pub read_only: ReadOnlyMounts,
}

/// Folders of a job that can't be written in its container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadOnlyMounts {
    /// The work folder.
    pub work: bool,
    /// The programs that tasks need.
    pub externals: bool,
    /// The cache of tools.
    pub tools: bool,
    /// The tasks.
    pub tasks: bool,
}

impl ReadOnlyMounts {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
