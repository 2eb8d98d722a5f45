//! What an expression sees of other stages and jobs (reference, sections 3.8 and 5.6).

use crate::expression::{Beside, Dialect, Scope};
use crate::pipeline::model::{Job, Pipeline, Placed, Stage};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The pipeline's stages with their names.
pub(super) struct Graph<'p> {
    pub(super) stages: Vec<NamedStage<'p>>,
    names: Arc<[String]>,
    /// Whether a stage could not be read, so that names may be missing.
    has_gaps: bool,
}

pub(super) struct NamedStage<'p> {
    pub(super) name: String,
    pub(super) stage: &'p Stage,
    pub(super) jobs: Vec<NamedJob<'p>>,
    names: Arc<[String]>,
}

pub(super) struct NamedJob<'p> {
    pub(super) name: String,
    pub(super) job: &'p Job,
}

/// What stands in the contexts of one place.
#[derive(Clone)]
pub(super) struct View<'g> {
    pub(super) dependencies: Dependencies<'g>,
    /// The stages in `stageDependencies`; `None` where they depend on who asks.
    pub(super) stages: Option<Vec<&'g NamedStage<'g>>>,
    /// What status functions may name.
    status_names: Option<Vec<&'g str>>,
    /// What there is besides what is in `dependencies`, and in `stageDependencies`.
    beside: [Beside; 2],
}

/// What `dependencies` holds.
#[derive(Clone)]
pub(super) enum Dependencies<'g> {
    /// Jobs of the same stage.
    Jobs(Vec<&'g NamedJob<'g>>),
    /// Stages.
    Stages(Vec<&'g NamedStage<'g>>),
    /// That depends on who asks, or some of it could not be read.
    Anything,
}

impl<'p> Graph<'p> {
    pub(super) fn new(pipeline: &'p Pipeline) -> Self {
        let jobs = |stage: &'p Stage| {
            let named = stage.jobs.iter().zip(stage.job_names());
            named.map(|(job, name)| NamedJob { name, job }).collect()
        };
        let names = pipeline.stage_names();
        let stages = pipeline.stages.iter().zip(&names).map(|(stage, name)| NamedStage {
            name: name.clone(),
            stage,
            jobs: jobs(stage),
            names: stage.job_names().into(),
        });
        Self { stages: stages.collect(), names: names.into(), has_gaps: pipeline.has_gaps }
    }

    /// Returns what the variables of the whole pipeline see: in each job what that one sees.
    pub(super) fn of_pipeline_variables(&self) -> View<'_> {
        if self.has_gaps {
            return self.of_anyone();
        }
        View {
            dependencies: self.jobs_that_any_waits_for(0..self.stages.len()),
            stages: all((0..self.stages.len()).map(|at| self.of_stage(at).stages)),
            status_names: None,
            beside: [
                self.beside_jobs(self.stages.iter().flat_map(|stage| stage.names.iter().cloned()).collect(), None),
                Beside { all: self.names.clone(), own: None, stages: Arc::default() },
            ],
        }
    }

    /// Returns what is seen by someone of whom nothing is known.
    fn of_anyone(&self) -> View<'_> {
        let beside = [Arc::default(), self.names.clone()].map(|all| Beside { all, own: None, stages: Arc::default() });
        View { dependencies: Dependencies::Anything, stages: None, status_names: None, beside }
    }

    fn jobs_that_any_waits_for(&self, stages: Range<usize>) -> Dependencies<'_> {
        if stages.clone().any(|at| self.stages[at].stage.has_gaps) {
            return Dependencies::Anything;
        }
        let of_stage = |at: usize| (0..self.stages[at].jobs.len()).map(move |job| self.jobs_before(at, job));
        all(stages.flat_map(of_stage)).map_or(Dependencies::Anything, Dependencies::Jobs)
    }

    /// Returns what the condition of a stage sees. Where a name in `dependsOn` is none, which has been told,
    /// it may see more.
    pub(super) fn of_stage(&self, at: usize) -> View<'_> {
        let names = self.stages[at].stage.depends_on.as_deref().unwrap_or_default();
        let may_wait = self.has_gaps || self.stages[at].stage.may_wait;
        if may_wait || places(names, self.stages.iter().map(|stage| stage.name.as_str())).len() < names.len() {
            return self.of_anyone();
        }
        let direct: Vec<&NamedStage<'_>> = self.before(at).into_iter().map(|at| &self.stages[at]).collect();
        let all = reachable(at, |at| self.before(at)).into_iter().map(|at| self.stages[at].name.as_str());
        View {
            dependencies: Dependencies::Stages(direct.clone()),
            stages: Some(direct),
            status_names: Some(all.collect()),
            beside: [(); 2].map(|()| self.beside_stage(at)),
        }
    }

    fn beside_stage(&self, at: usize) -> Beside {
        Beside { all: self.names.clone(), own: Some(self.stages[at].name.clone()), stages: Arc::default() }
    }

    fn beside_jobs(&self, all: Arc<[String]>, own: Option<String>) -> Beside {
        Beside { all, own, stages: self.names.clone() }
    }

    /// Returns what the variables of a stage see: in each of its jobs what that one sees.
    pub(super) fn of_stage_variables(&self, at: usize) -> View<'_> {
        let dependencies = self.jobs_that_any_waits_for(at..at + 1);
        let beside = [self.beside_jobs(self.stages[at].names.clone(), None), self.beside_stage(at)];
        View { dependencies, status_names: None, beside, ..self.of_stage(at) }
    }

    /// Returns what a job sees.
    pub(super) fn of_job(&self, at: usize, job: usize) -> View<'_> {
        let stages = self.of_stage(at).stages;
        let NamedStage { jobs, names, .. } = &self.stages[at];
        let beside = [self.beside_jobs(names.clone(), Some(jobs[job].name.clone())), self.beside_stage(at)];
        let Some(direct) = self.jobs_before(at, job) else { return View { stages, beside, ..self.of_anyone() } };
        let before = |at: usize| places(&jobs[at].job.depends_on, jobs.iter().map(|job| job.name.as_str()));
        let all = reachable(job, before).into_iter().map(|at| jobs[at].name.as_str());
        View { dependencies: Dependencies::Jobs(direct), stages, status_names: Some(all.collect()), beside }
    }

    /// Returns the jobs that a job waits for itself, if all are known.
    fn jobs_before(&self, at: usize, job: usize) -> Option<Vec<&NamedJob<'_>>> {
        let NamedStage { stage, jobs, .. } = &self.stages[at];
        let names = &jobs[job].job.depends_on;
        let found = places(names, jobs.iter().map(|job| job.name.as_str()));
        let is_known = !stage.has_gaps && !jobs[job].job.may_wait && found.len() == names.len();
        is_known.then(|| found.into_iter().map(|at| &jobs[at]).collect())
    }

    /// Returns the places of the stages that a stage waits for itself.
    fn before(&self, at: usize) -> Vec<usize> {
        match &self.stages[at].stage.depends_on {
            Some(names) => places(names, self.stages.iter().map(|stage| stage.name.as_str())),
            None => at.checked_sub(1).into_iter().collect(),
        }
    }
}

impl View<'_> {
    /// Returns the names that a condition may use here.
    pub(super) fn condition(&self) -> Scope {
        let scope = self.contexts(Scope::new(Dialect::Condition));
        match &self.status_names {
            Some(names) => scope.with_status_names(names.iter().copied()),
            None => scope,
        }
    }

    /// Returns the names that a `$[ ]` may use here.
    pub(super) fn runtime(&self) -> Scope {
        self.contexts(Scope::new(Dialect::Runtime)).with_name("resources")
    }

    fn contexts(&self, scope: Scope) -> Scope {
        let scope = scope.with_name("variables").with_members("pipeline", ["startTime"]);
        let [beside, beside_stages] = self.beside.clone();
        let of_stages = |stages: &[&NamedStage<'_>]| stages.iter().map(|stage| stage.name.clone()).collect::<Vec<_>>();
        let scope = match &self.dependencies {
            Dependencies::Jobs(jobs) => {
                scope.with_waited_for("dependencies", jobs.iter().map(|job| job.name.as_str()), beside)
            }
            Dependencies::Stages(stages) => scope.with_waited_for("dependencies", of_stages(stages), beside),
            Dependencies::Anything => scope.with_name("dependencies"),
        };
        match &self.stages {
            Some(stages) => scope.with_waited_for("stageDependencies", of_stages(stages), beside_stages),
            None => scope.with_name("stageDependencies"),
        }
    }
}

/// Returns what is in any of some lists, each once, if each of these is known.
fn all<'g, T>(lists: impl Iterator<Item = Option<Vec<&'g T>>>) -> Option<Vec<&'g T>> {
    let mut seen = HashSet::new();
    let lists = lists.collect::<Option<Vec<_>>>()?;
    Some(lists.concat().into_iter().filter(|it| seen.insert(std::ptr::from_ref(*it))).collect())
}

/// Returns the places of the siblings that are named.
fn places<'n>(names: &[Placed<String>], siblings: impl Iterator<Item = &'n str> + Clone) -> Vec<usize> {
    let find = |name: &Placed<String>| siblings.clone().position(|known| known.eq_ignore_ascii_case(&name.value));
    names.iter().filter_map(find).collect()
}

/// Returns everything that one waits for, also through others.
fn reachable(from: usize, before: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut open = before(from);
    while let Some(at) = open.pop() {
        if !found.contains(&at) {
            found.push(at);
            open.extend(before(at));
        }
    }
    found
}
