//! The queue as it should be, in plain Rust, without a disk: what random histories are compared
//! with. It is written apart from `run::schedule`, for one stage of jobs whose condition is the
//! default one or `always()`.

use super::world::{self, LEASE};
use jiff::Timestamp;
use pipehook::pipeline::plan::Plan;
use pipehook::run::{RunResult, State};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress {
    Waiting,
    Due(Timestamp),
    Leased { token: i64, until: Timestamp, has_started: bool },
    Done(RunResult),
}

/// For each job: the places of those that it waits for, and whether it always runs.
pub type Shape = &'static [(&'static [usize], bool)];

/// One job, a fan, a diamond, a chain with a cleanup.
pub const SHAPES: [Shape; 4] = [
    &[(&[], false)],
    &[(&[], false), (&[], false), (&[], true)],
    &[(&[], false), (&[0], false), (&[0], false), (&[1, 2], false)],
    &[(&[], false), (&[0], false), (&[1], true)],
];

#[derive(Debug)]
pub struct Run {
    pub shape: Shape,
    pub state: State,
    pub result: Option<RunResult>,
    pub jobs: Vec<Progress>,
}

/// The right to a job, as the reference sees it.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub run: usize,
    pub job: usize,
    pub token: i64,
}

#[derive(Debug, Default)]
pub struct Queue {
    pub runs: Vec<Run>,
    tokens: i64,
}

impl Queue {
    pub fn waiting(&self) -> usize {
        self.runs.iter().filter(|run| run.state == State::Queued).count()
    }

    pub fn accept(&mut self, shape: Shape, now: Timestamp) {
        let jobs = vec![Progress::Waiting; shape.len()];
        let mut run = Run { shape, state: State::Queued, result: None, jobs };
        run.advance(now);
        self.runs.push(run);
    }

    pub fn claim(&mut self, now: Timestamp) -> Option<Held> {
        let due = self.runs.iter().enumerate().flat_map(|(run, it)| {
            it.jobs.iter().enumerate().filter_map(move |(job, progress)| match progress {
                Progress::Due(since) => Some((*since, run, job)),
                _ => None,
            })
        });
        let (_, run, job) = due.min()?;
        self.tokens += 1;
        self.runs[run].jobs[job] = Progress::Leased { token: self.tokens, until: now + LEASE, has_started: false };
        if self.runs[run].state == State::Queued {
            self.runs[run].state = State::Running;
        }
        Some(Held { run, job, token: self.tokens })
    }

    fn holds(&self, held: Held, now: Timestamp) -> bool {
        matches!(self.runs[held.run].jobs[held.job],
            Progress::Leased { token, until, .. } if token == held.token && until > now)
    }

    /// Returns whether a stop was asked for, or nothing for a lost lease.
    pub fn renew(&mut self, held: Held, now: Timestamp) -> Option<bool> {
        if !self.holds(held, now) {
            return None;
        }
        let run = &mut self.runs[held.run];
        if let Progress::Leased { until, .. } = &mut run.jobs[held.job] {
            *until = now + LEASE;
        }
        Some(run.state == State::Canceling)
    }

    pub fn start_step(&mut self, held: Held, now: Timestamp) -> bool {
        let holds = self.holds(held, now);
        if let (true, Progress::Leased { has_started, .. }) = (holds, &mut self.runs[held.run].jobs[held.job]) {
            *has_started = true;
        }
        holds
    }

    pub fn finish(&mut self, held: Held, result: RunResult, now: Timestamp) -> bool {
        let holds = self.holds(held, now);
        if holds {
            self.runs[held.run].jobs[held.job] = Progress::Done(result);
            self.runs[held.run].advance(now);
        }
        holds
    }

    pub fn cancel(&mut self, run: usize, now: Timestamp) -> State {
        let run = &mut self.runs[run];
        match run.state {
            State::Completed => return run.state,
            State::Queued => run.jobs.fill(Progress::Done(RunResult::Canceled)),
            State::Running | State::Canceling => {
                let due = run.jobs.iter_mut().filter(|progress| matches!(progress, Progress::Due(_)));
                due.for_each(|progress| *progress = Progress::Waiting);
            }
        }
        run.state = State::Canceling;
        run.advance(now);
        run.state
    }

    /// Returns the jobs whose leases ended, and whether each is to be done again.
    pub fn sweep(&mut self, everyone: bool, now: Timestamp) -> Vec<(usize, usize, bool)> {
        let mut swept = Vec::new();
        for (at, run) in self.runs.iter_mut().enumerate() {
            for job in 0..run.jobs.len() {
                let Progress::Leased { until, has_started, .. } = run.jobs[job] else { continue };
                if everyone || until <= now {
                    run.jobs[job] = if has_started { Progress::Done(RunResult::Failed) } else { Progress::Waiting };
                    run.advance(now);
                    swept.push((at, job, !has_started));
                }
            }
        }
        swept
    }
}

impl Run {
    fn advance(&mut self, now: Timestamp) {
        // A canceled stage of which nothing has begun is skipped as a whole: its own condition is the
        // default one, and what always runs can't revive it (language reference, sections 5.3, 5.5).
        if self.state == State::Canceling && self.jobs.iter().all(|progress| *progress == Progress::Waiting) {
            self.jobs.fill(Progress::Done(RunResult::Skipped));
        }
        // Jobs only wait for jobs before them, so one pass in order decides all.
        for job in 0..self.jobs.len() {
            let (depends_on, is_always) = self.shape[job];
            let is_decidable = depends_on.iter().all(|&other| matches!(self.jobs[other], Progress::Done(_)));
            if self.jobs[job] == Progress::Waiting && is_decidable {
                let runs = is_always || (self.state != State::Canceling && self.went_well(depends_on));
                self.jobs[job] = if runs { Progress::Due(now) } else { Progress::Done(RunResult::Skipped) };
            }
        }
        let results: Option<Vec<RunResult>> = self.jobs.iter().map(Progress::result).collect();
        if let Some(results) = results {
            self.result = Some(self.ended(&results));
            self.state = State::Completed;
        }
    }

    /// Says whether all of some jobs succeeded, and all that those waited for.
    fn went_well(&self, jobs: &[usize]) -> bool {
        jobs.iter().all(|&job| {
            let result = self.jobs[job].result();
            matches!(result, Some(RunResult::Succeeded | RunResult::SucceededWithIssues))
                && self.went_well(self.shape[job].0)
        })
    }

    fn ended(&self, results: &[RunResult]) -> RunResult {
        use RunResult::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
        let has = |wanted: RunResult| results.contains(&wanted);
        if self.state == State::Canceling && (has(Skipped) || has(Canceled)) {
            return Canceled;
        }
        [Failed, Canceled, SucceededWithIssues, Succeeded].into_iter().find(|&it| has(it)).unwrap_or(Skipped)
    }
}

impl Progress {
    pub fn result(&self) -> Option<RunResult> {
        match self {
            Self::Done(result) => Some(*result),
            _ => None,
        }
    }
}

/// Returns the plan that has a shape.
pub fn plan(shape: Shape) -> Plan {
    const NAMES: [&str; 4] = ["a", "b", "c", "d"];
    let jobs = shape.iter().zip(NAMES).map(|((depends_on, is_always), name)| {
        let mut job = world::job(name, &depends_on.iter().map(|&at| NAMES[at]).collect::<Vec<_>>());
        job.condition = is_always.then(|| "always()".to_owned());
        job
    });
    world::plan(jobs.collect())
}
