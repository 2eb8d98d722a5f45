//! The jobs that one job becomes: legs of a matrix, slices, hooks of a deployment (reference,
//! section 5.7). A job without a strategy is the only leg of itself, so that everything that
//! executes or shows jobs knows legs only.

use super::{Count, FanOut, HookPoint, Job, MatrixLeg, Rollout, Step, Turn, Variable};
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
    /// A turn of the deployment.
    Turn(Turn<'p>),
}

impl Job {
    /// Returns how many legs the job has; at least one.
    pub fn width(&self) -> usize {
        if let Some(deployment) = &self.deployment {
            return deployment.turns().count().max(1);
        }
        match self.strategy.as_ref().map(|strategy| &strategy.fan_out) {
            Some(FanOut::Matrix(legs)) => legs.len().max(1),
            Some(FanOut::Slices(Count::Known(count))) => usize::try_from(*count).unwrap_or(usize::MAX).max(1),
            Some(FanOut::Slices(Count::Expression(_)) | FanOut::MatrixExpression(_)) | None => 1,
        }
    }

    /// Returns the leg at a place, which is below [`Job::width`].
    pub fn leg(&self, place: usize) -> Leg<'_> {
        let turn = self.deployment.as_ref().and_then(|deployment| deployment.turns().nth(place));
        let kind = match (turn, self.strategy.as_ref().map(|strategy| &strategy.fan_out)) {
            (Some(turn), _) => Kind::Turn(turn),
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

    /// Returns the resource that a deployment names, where its name can be part of others.
    fn resource(&self) -> Option<&str> {
        let environment = self.deployment.as_ref()?.environment.as_ref()?;
        let name = environment.resource_name.as_ref()?.segments().first()?;
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
        (!name.is_tainted() && name.text.chars().all(is_plain)).then_some(&*name.text)
    }

    /// Returns the resource by which turns of a rolling deployment are called.
    fn rolled_over(&self) -> Option<&str> {
        let deployment = self.deployment.as_ref()?;
        if matches!(deployment.rollout, Rollout::Rolling { .. }) { self.resource() } else { None }
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
            Kind::Turn(turn) => Some(turn.name(self.job.rolled_over())),
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
            Kind::Matrix(_) | Kind::Turn(_) => {
                name.append(&format!(" {}", self.name().unwrap_or_default()).into());
            }
        }
        name
    }

    /// Returns which workers may claim it.
    pub fn pool(&self) -> &'p str {
        match self.kind {
            Kind::Turn(turn) => &turn.hook.pool,
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
            Kind::Turn(turn) => &turn.hook.steps,
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
            Kind::Turn(turn) => self.prefixes_of(turn),
        }
    }

    /// A rollout in one go goes by its job's name too, and a hook by the resource that it deployed to.
    fn prefixes_of(&self, turn: Turn<'_>) -> Vec<String> {
        let key = turn.hook.point.key();
        let deployment = self.job.deployment.as_ref();
        let is_one_go = deployment.is_some_and(|deployment| deployment.rollout == Rollout::RunOnce);
        let mut names: Vec<String> = is_one_go.then(|| self.job.name.clone()).into_iter().collect();
        names.push(turn.name(self.job.resource()).into_owned());
        if turn.increment.is_none() && names.iter().all(|name| name != key) {
            names.push(key.to_owned());
        }
        names.into_iter().map(|name| format!("{name}.")).collect()
    }

    /// Returns the turn of a deployment that it is.
    pub fn turn(&self) -> Option<Turn<'p>> {
        match self.kind {
            Kind::Turn(turn) => Some(turn),
            _ => None,
        }
    }

    /// Says whether it begins with the artifacts of its run (reference, section 5.7).
    pub fn fetches_artifacts(&self) -> bool {
        self.turn().is_some_and(|turn| turn.hook.point == HookPoint::Deploy && !turn.hook.says_download)
    }
}
