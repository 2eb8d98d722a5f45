//! The jobs that one job becomes: legs of a matrix, slices, hooks of a deployment (reference,
//! section 5.7). A job without a strategy is the only leg of itself, so that everything that
//! executes or shows jobs knows legs only.

use super::{Count, FanOut, Hook, Job, MatrixLeg, Plan, Step, Strategy, Variable};
use crate::taint::Text;
use std::borrow::Cow;

/// The most legs of a job.
pub const LEGS_MAX: usize = 256;
/// The most jobs of a run, legs counted: each is a row of the store, and none is forgotten.
pub const JOBS_OF_RUN_MAX: usize = 10_000;

/// One of the jobs that a job becomes.
#[derive(Debug, Clone, Copy)]
pub struct Leg<'p> {
    job: &'p Job,
    kind: Kind<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Kind<'p> {
    /// The job itself.
    Whole,
    /// A leg of its matrix.
    Matrix(&'p MatrixLeg),
    /// One of several equal ones, counted from 1.
    Slice(usize),
    /// A hook of the deployment.
    Hook(&'p Hook),
}

impl Plan {
    /// Says whether the legs of some job become known only when it is due.
    pub fn has_late_matrix(&self) -> bool {
        self.stages.iter().flat_map(|stage| &stage.jobs).any(|job| job.late_matrix().is_some())
    }

    /// Puts legs that have become known in the place of the expression that gave them.
    pub fn set_legs(&mut self, stage: usize, job: usize, legs: Vec<MatrixLeg>) {
        let job = self.stages.get_mut(stage).and_then(|stage| stage.jobs.get_mut(job));
        if let Some(strategy) = job.and_then(|job| job.strategy.as_mut()) {
            strategy.fan_out = FanOut::Matrix(legs);
        }
    }
}

impl Job {
    /// Returns the expression that gives the legs, while they are not known.
    pub fn late_matrix(&self) -> Option<&str> {
        match &self.strategy {
            Some(Strategy { fan_out: FanOut::MatrixExpression(text), .. }) => Some(text),
            _ => None,
        }
    }

    /// Returns how many legs the job has; at least one.
    pub fn width(&self) -> usize {
        if let Some(deployment) = &self.deployment {
            return deployment.hooks.len().max(1);
        }
        match self.strategy.as_ref().map(|strategy| &strategy.fan_out) {
            Some(FanOut::Matrix(legs)) => legs.len().max(1),
            Some(FanOut::Slices(Count::Known(count))) => usize::try_from(*count).unwrap_or(usize::MAX).max(1),
            Some(FanOut::Slices(Count::Expression(_)) | FanOut::MatrixExpression(_)) | None => 1,
        }
    }

    /// Returns the leg at a place, which is below [`Job::width`].
    pub fn leg(&self, place: usize) -> Leg<'_> {
        let hook = self.deployment.as_ref().and_then(|deployment| deployment.hooks.get(place));
        let kind = match (hook, self.strategy.as_ref().map(|strategy| &strategy.fan_out)) {
            (Some(hook), _) => Kind::Hook(hook),
            (None, Some(FanOut::Matrix(legs))) => legs.get(place).map_or(Kind::Whole, Kind::Matrix),
            (None, Some(FanOut::Slices(_))) => Kind::Slice(place + 1),
            (None, Some(FanOut::MatrixExpression(_)) | None) => Kind::Whole,
        };
        Leg { job: self, kind }
    }

    /// Returns the legs in order.
    pub fn legs(&self) -> impl Iterator<Item = Leg<'_>> {
        (0..self.width()).map(|place| self.leg(place))
    }

    /// Returns how many legs may run at once; `None` for any number.
    pub fn max_parallel(&self) -> Option<usize> {
        match self.strategy.as_ref()?.max_parallel {
            Some(Count::Known(count)) if count > 0 => usize::try_from(count).ok(),
            _ => None,
        }
    }
}

impl<'p> Leg<'p> {
    /// Returns what tells the leg from the others of its job; nothing for a job that is one.
    pub fn name(&self) -> Option<Cow<'p, str>> {
        match self.kind {
            Kind::Whole => None,
            Kind::Matrix(leg) => Some(leg.name.as_str().into()),
            Kind::Slice(number) => Some(format!("Job{number}").into()),
            Kind::Hook(hook) => Some(hook.point.key().into()),
        }
    }

    /// Returns the job's name and the leg's, `job.leg`.
    pub fn full_name(&self) -> String {
        self.name().map_or_else(|| self.job.name.clone(), |leg| format!("{}.{leg}", self.job.name))
    }

    /// Returns what people see: the job's display name and what tells the leg from the others.
    pub fn display_name(&self) -> Text {
        let mut name = self.job.display_name.clone();
        match self.kind {
            Kind::Whole => {}
            Kind::Slice(number) => name.append(&format!(" {number}").into()),
            Kind::Matrix(_) | Kind::Hook(_) => {
                name.append(&format!(" {}", self.name().unwrap_or_default()).into());
            }
        }
        name
    }

    /// Returns which workers may claim it.
    pub fn pool(&self) -> &'p str {
        match self.kind {
            Kind::Hook(hook) => &hook.pool,
            _ => &self.job.pool,
        }
    }

    /// Returns the variables that it has beside the job's; they win.
    pub fn variables(&self) -> &'p [Variable] {
        match self.kind {
            Kind::Matrix(leg) => &leg.variables,
            _ => &[],
        }
    }

    /// Returns its steps.
    pub fn steps(&self) -> &'p [Step] {
        match self.kind {
            Kind::Hook(hook) => &hook.steps,
            _ => &self.job.steps,
        }
    }

    /// Returns what stands before the names of its outputs, where others read them. Where there are
    /// several they mean the same (reference, section 5.6).
    pub fn output_prefixes(&self) -> Vec<String> {
        match self.kind {
            Kind::Whole => vec![String::new()],
            Kind::Matrix(leg) => vec![format!("{}.", leg.name)],
            Kind::Slice(number) => vec![format!("Job{number}."), String::new()],
            Kind::Hook(hook) => vec![format!("{}.", self.job.name), format!("{}.", hook.point.key())],
        }
    }
}
