//! What the execution of one job needs to know.

use super::built_in::Repositories;
use super::mask::Masker;
use super::workspace::Workspace;
use crate::clock::Clock;
use crate::files::{Caches, Keep};
use crate::id::{DeliveryId, JobId, RunId};
use crate::machine::{Machine, PATH_DEFAULT, find_program};
use crate::pipeline::plan::{Job, Leg, Plan, Stage};
use crate::process::{Patience, Shims, Term};
use crate::run::Board;
use crate::store::Artifact;
use arc_swap::ArcSwap;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Names of the server's environment that steps get, beside those that the configuration lists.
pub const INHERITED: [&str; 6] = ["PATH", "HOME", "LANG", "USER", "SHELL", "TMPDIR"];

/// The machine that executes jobs, the same for all of them.
#[derive(Clone)]
pub struct Host {
    /// What it is called in `Agent.Name`.
    pub name: String,
    /// What steps get of the server's environment: values of [`INHERITED`] and of the names that
    /// the configuration lists. Nothing else of it reaches a step.
    pub environment: Vec<(String, String)>,
    /// What keeps each step's processes together.
    pub shims: Shims,
    /// How long signals have to work.
    pub patience: Patience,
    /// How long one second lasts of those that a step waits before it is tried again; shorter only
    /// in tests.
    pub retry_second: Duration,
    /// The values of secret variables.
    pub secrets: Arc<Secrets>,
    /// Which folders of it are checked out.
    pub repositories: Arc<Repositories>,
    /// What it has for jobs beside their files.
    pub machine: Arc<Machine>,
    /// What jobs find again that earlier ones left.
    pub caches: Caches,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Host {
    /// Returns the program that reads scripts.
    pub(super) fn bash(&self) -> PathBuf {
        self.program("bash").unwrap_or_else(|| "/bin/bash".into())
    }

    /// Returns the path of steps, where nothing was put in front of it.
    pub(super) fn path(&self) -> &str {
        self.environment.iter().find(|(name, _)| name == "PATH").map_or(PATH_DEFAULT, |(_, value)| value)
    }

    /// Returns a program that is in the path of steps.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        find_program(self.path(), name)
    }
}

/// The secrets of variable groups, by the group's name. They are neither in a plan nor in the
/// store: a worker has them from its own configuration, and others when that changes. A job has
/// those that were there when it began.
#[derive(Default)]
pub struct Secrets {
    groups: ArcSwap<HashMap<String, Group>>,
    /// Knows them all, and those of the server that no job is given.
    masker: ArcSwap<Masker>,
}

/// The names and values of a group's secrets.
pub(super) type Group = Arc<[(String, SecretString)]>;

impl Secrets {
    /// Returns the secrets: of each its group, its name and its value. Names ignore case.
    pub fn new(secrets: impl IntoIterator<Item = (String, String, SecretString)>) -> Self {
        let all = Self::default();
        all.replace(secrets, []);
        all
    }

    /// Puts others in their place, for the jobs that begin from now on. Beside those of the groups there are
    /// the server's own, which no job is given: both are hidden in the output of every job.
    pub fn replace(
        &self,
        secrets: impl IntoIterator<Item = (String, String, SecretString)>,
        own: impl IntoIterator<Item = SecretString>,
    ) {
        let mut groups: HashMap<String, Vec<(String, SecretString)>> = HashMap::new();
        for (group, name, value) in secrets {
            groups.entry(group.to_ascii_lowercase()).or_default().push((name, value));
        }
        let own: Vec<SecretString> = own.into_iter().collect();
        let of_groups = groups.values().flatten().map(|(_, value)| value);
        let masker = Masker::of_server(own.iter().chain(of_groups).map(ExposeSecret::expose_secret));
        self.masker.store(Arc::new(masker));
        self.groups.store(Arc::new(groups.into_iter().map(|(name, group)| (name, group.into())).collect()));
    }

    /// Returns what masks the output of a job that begins now.
    pub(super) fn masker(&self) -> Masker {
        Masker::above(self.masker.load_full())
    }

    /// Returns a group's secrets; nothing where it has none here.
    pub(super) fn group(&self, name: &str) -> Option<Group> {
        self.groups.load().get(&name.to_ascii_lowercase()).cloned()
    }
}

/// One job to execute.
#[derive(Clone)]
pub struct JobContext {
    /// The run.
    pub run: RunId,
    /// The job.
    pub id: JobId,
    /// The run's number in its pipeline.
    pub number: u64,
    /// The run's name.
    pub name: String,
    /// When the run was queued.
    pub queued_at: Timestamp,
    /// Which webhook started it, if one did.
    pub delivery: Option<DeliveryId>,
    /// Which try of the job this is, from 1.
    pub attempt: u32,
    /// How long ago the job first asked something, in whichever attempt, as the store counts: its time counts from there.
    pub waited: Option<Duration>,
    /// The frozen work of the whole run.
    pub plan: Arc<Plan>,
    /// How far the run is, as far as the job's dependencies go.
    pub board: Board,
    /// The stage's place in the plan.
    pub stage: usize,
    /// The job's place in the stage.
    pub job: usize,
    /// The leg's place in the job.
    pub leg: usize,
    /// Its folders.
    pub workspace: Workspace,
    /// How long its programs may live: for as long as it is ours to execute.
    pub term: Term,
    /// Where files go that its steps hand over.
    pub keep: Keep,
    /// Artifacts that the run has taken from the one that it repeats.
    pub taken: Vec<Artifact>,
    /// The machine.
    pub host: Host,
}

impl JobContext {
    /// Returns the stage.
    pub fn stage(&self) -> &Stage {
        &self.plan.stages[self.stage]
    }

    /// Returns what tells the attempt's processes from all others of this machine, also after the
    /// worker that started them is gone.
    pub fn mark(&self) -> String {
        self.workspace.mark.clone()
    }

    /// Returns the job.
    pub fn job(&self) -> &Job {
        &self.stage().jobs[self.job]
    }

    /// Returns the leg of the job that is executed.
    pub fn leg(&self) -> Leg<'_> {
        self.job().leg(self.leg)
    }
}
