//! The queue as it should be, in plain Rust, without a disk: what random histories are compared
//! with. It is written apart from `run::schedule`, for one stage of jobs whose condition is the
//! default one or `always()`, and some of which become several.

use super::world::{self, LEASE};
use jiff::Timestamp;
use pipehook::pipeline::plan::{Count, FanOut, Plan, Strategy};
use pipehook::run::{RunResult, State};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress {
    Waiting,
    Due(Timestamp),
    Leased { token: i64, until: Timestamp, has_started: bool },
    Done(RunResult),
}

/// A job: the places of those that it waits for, whether it always runs, how many equal ones it
/// becomes, and how many of them may run at once.
#[derive(Debug)]
pub struct Wish {
    after: &'static [usize],
    is_always: bool,
    legs: usize,
    at_once: usize,
}

pub type Shape = &'static [Wish];

const fn after(after: &'static [usize]) -> Wish {
    Wish { after, is_always: false, legs: 1, at_once: 1 }
}

const fn always(after: &'static [usize]) -> Wish {
    Wish { after, is_always: true, legs: 1, at_once: 1 }
}

const fn several(after: &'static [usize], is_always: bool, legs: usize, at_once: usize) -> Wish {
    Wish { after, is_always, legs, at_once }
}

/// One job, a fan, a diamond, a chain with a cleanup, legs one at a time, legs before legs.
pub const SHAPES: [Shape; 6] = [
    &[after(&[])],
    &[after(&[]), after(&[]), always(&[])],
    &[after(&[]), after(&[0]), after(&[0]), after(&[1, 2])],
    &[after(&[]), after(&[0]), always(&[1])],
    &[several(&[], false, 3, 1), after(&[0])],
    &[several(&[], false, 2, 2), several(&[0], true, 3, 2), after(&[1])],
];

#[derive(Debug)]
pub struct Run {
    pub shape: Shape,
    pub state: State,
    pub result: Option<RunResult>,
    /// For each job its legs, one after the other.
    pub jobs: Vec<Progress>,
}

/// The right to a job, as the reference sees it.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub run: usize,
    /// The place in [`Run::jobs`].
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
        let jobs = vec![Progress::Waiting; shape.iter().map(|wish| wish.legs).sum()];
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
        // Jobs only wait for jobs before them, and legs have no order, so one pass decides all.
        for (job, wish) in self.shape.iter().enumerate() {
            let is_decidable = wish.after.iter().all(|&other| self.job_result(other).is_some());
            if !is_decidable {
                continue;
            }
            let runs = wish.is_always || (self.state != State::Canceling && self.went_well(wish.after));
            for leg in self.legs(job) {
                let is_busy = |progress: &&Progress| matches!(progress, Progress::Due(_) | Progress::Leased { .. });
                let is_full = self.jobs[self.legs(job)].iter().filter(is_busy).count() >= wish.at_once;
                match self.jobs[leg] {
                    Progress::Waiting if !runs => self.jobs[leg] = Progress::Done(RunResult::Skipped),
                    Progress::Waiting if !is_full => self.jobs[leg] = Progress::Due(now),
                    _ => {}
                }
            }
        }
        let results: Option<Vec<RunResult>> = self.jobs.iter().map(Progress::result).collect();
        if let Some(results) = results {
            self.result = Some(self.ended(&results));
            self.state = State::Completed;
        }
    }

    /// Returns the places of a job's legs.
    fn legs(&self, job: usize) -> std::ops::Range<usize> {
        let before = self.shape[..job].iter().map(|wish| wish.legs).sum();
        before..before + self.shape[job].legs
    }

    /// Returns the job and the leg at a place.
    pub fn leg_at(&self, place: usize) -> (usize, usize) {
        let job = (0..self.shape.len()).find(|&job| self.legs(job).contains(&place)).expect("a job is there");
        (job, place - self.legs(job).start)
    }

    /// Returns the worst of a job's legs, once all have ended.
    fn job_result(&self, job: usize) -> Option<RunResult> {
        let results: Option<Vec<RunResult>> = self.jobs[self.legs(job)].iter().map(Progress::result).collect();
        results.map(|results| worst(&results))
    }

    /// Says whether all of some jobs succeeded, and all that those waited for.
    fn went_well(&self, jobs: &[usize]) -> bool {
        jobs.iter().all(|&job| {
            let result = self.job_result(job);
            matches!(result, Some(RunResult::Succeeded | RunResult::SucceededWithIssues))
                && self.went_well(self.shape[job].after)
        })
    }

    fn ended(&self, results: &[RunResult]) -> RunResult {
        let is_left_out = |result: &RunResult| matches!(result, RunResult::Skipped | RunResult::Canceled);
        if self.state == State::Canceling && results.iter().any(is_left_out) {
            return RunResult::Canceled;
        }
        worst(results)
    }
}

fn worst(results: &[RunResult]) -> RunResult {
    use RunResult::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
    let has = |wanted: &RunResult| results.contains(wanted);
    [Failed, Canceled, SucceededWithIssues, Succeeded].into_iter().find(has).unwrap_or(Skipped)
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
    let count = |number: usize| Count::Known(u32::try_from(number).expect("a small number"));
    let jobs = shape.iter().zip(NAMES).map(|(wish, name)| {
        let mut job = world::job(name, &wish.after.iter().map(|&at| NAMES[at]).collect::<Vec<_>>());
        job.condition = wish.is_always.then(|| "always()".to_owned());
        let fan_out = FanOut::Slices(count(wish.legs));
        job.strategy = (wish.legs > 1).then(|| Strategy { fan_out, max_parallel: Some(count(wish.at_once)) });
        job
    });
    world::plan(jobs.collect())
}
