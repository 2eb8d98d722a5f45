//! What becomes known of a job only when it is due: its late values, put in the place of the
//! expressions that gave them (reference, section 4.2).

use super::{Count, FanOut, Job, Late, MatrixLeg, Plan, Strategy};
use serde::{Deserialize, Serialize};

/// The values of a job that were expressions. What the job does not leave open is nothing here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settled {
    /// The legs of its matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legs: Option<Vec<MatrixLeg>>,
    /// How many slices it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slices: Option<u32>,
    /// How many legs may run at once; 0 for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// For [`Job::continue_on_error`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_on_error: Option<bool>,
    /// For [`Job::timeout_minutes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<f64>,
    /// For [`Job::cancel_timeout_minutes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_timeout_minutes: Option<f64>,
}

impl Plan {
    /// Says whether something of some job becomes known only when it is due.
    pub fn has_late_values(&self) -> bool {
        self.stages.iter().flat_map(|stage| &stage.jobs).any(Job::has_late_values)
    }

    /// Puts values that have become known in the place of the expressions that gave them. A job
    /// that is not there is passed over.
    pub fn settle(&mut self, stage: usize, job: usize, settled: Settled) {
        if let Some(job) = self.stages.get_mut(stage).and_then(|stage| stage.jobs.get_mut(job)) {
            job.settle(settled);
        }
    }
}

impl Job {
    /// Says whether some value of the job becomes known only when it is due.
    pub fn has_late_values(&self) -> bool {
        !self.late.is_empty()
            || self.late_matrix().is_some()
            || self.late_slices().is_some()
            || self.late_limit().is_some()
    }

    /// Returns the expression that gives the legs, while they are not known.
    pub fn late_matrix(&self) -> Option<&str> {
        match &self.strategy {
            Some(Strategy { fan_out: FanOut::MatrixExpression(text), .. }) => Some(text),
            _ => None,
        }
    }

    /// Returns the expression that gives the number of slices, while it is not known.
    pub fn late_slices(&self) -> Option<&str> {
        match &self.strategy {
            Some(Strategy { fan_out: FanOut::Slices(Count::Expression(text)), .. }) => Some(text),
            _ => None,
        }
    }

    /// Returns the expression that gives how many legs may run at once, while it is not known.
    pub fn late_limit(&self) -> Option<&str> {
        match &self.strategy {
            Some(Strategy { max_parallel: Some(Count::Expression(text)), .. }) => Some(text),
            _ => None,
        }
    }

    fn settle(&mut self, settled: Settled) {
        let Settled { legs, slices, max_parallel, continue_on_error, timeout_minutes, cancel_timeout_minutes } =
            settled;
        if let Some(strategy) = &mut self.strategy {
            if let Some(legs) = legs {
                strategy.fan_out = FanOut::Matrix(legs);
            }
            if let Some(slices) = slices {
                strategy.fan_out = FanOut::Slices(Count::Known(slices));
            }
            if let Some(most) = max_parallel {
                strategy.max_parallel = Some(Count::Known(most));
            }
        }
        self.continue_on_error = continue_on_error.unwrap_or(self.continue_on_error);
        self.timeout_minutes = timeout_minutes.unwrap_or(self.timeout_minutes);
        self.cancel_timeout_minutes = cancel_timeout_minutes.unwrap_or(self.cancel_timeout_minutes);
        self.late = Late::default();
    }
}
