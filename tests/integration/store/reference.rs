//! The queue as it should be, in plain Rust, without a disk: what random histories are compared
//! with. It is written apart from `run::schedule`, for one stage of jobs whose condition is the
//! default one or `always()`, and some of which become several; and apart from `run::turn`, for runs
//! that take turns, are of several connections, or are paused.

use super::world::{self, LEASE};
use jiff::Timestamp;
use pipehook::pipeline::plan::{Concurrency, ConcurrencyPolicy, Count, FanOut, Plan, Strategy};
use pipehook::run::{RunResult, State};
use std::collections::HashMap;

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

/// What a run is queued with.
#[derive(Debug, Clone)]
pub struct Terms {
    pub connection: usize,
    pub pipeline: usize,
    pub pool: usize,
    pub attempts: u32,
    pub concurrency: Option<Concurrency>,
}

/// How urgent the runs of each connection are.
pub const PRIORITIES: [i8; 3] = [0, 0, 1];
/// The names of pipelines.
pub const PIPELINES: [&str; 2] = ["hello", "other"];
/// The names of pools.
pub const POOLS: [&str; 2] = ["default", "gpu"];

#[derive(Debug, Clone)]
pub struct Run {
    pub shape: Shape,
    pub terms: Terms,
    pub state: State,
    pub result: Option<RunResult>,
    /// For each job its legs, one after the other.
    pub jobs: Vec<Progress>,
    /// For each of these, how many attempts were lost that had started a step.
    begun: Vec<u32>,
    /// For each of these, whether it is to be done again.
    again: Vec<bool>,
    /// The tokens of the leases that were held when it was asked to stop.
    asked: Vec<i64>,
    pub turn: Turn,
    /// The places of those that had ended when it was queued.
    pub ended_before: Vec<usize>,
}

/// Whether a run has its turn in its group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Turn {
    /// It needs none, or is completed.
    None,
    Waiting,
    Held,
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
    /// The last token of a claim of each connection and pool.
    served: HashMap<(usize, usize), i64>,
    /// Since when each is paused.
    pub paused_pipelines: [Option<Timestamp>; 2],
    pub paused_connections: [Option<Timestamp>; 3],
}

impl Queue {
    pub fn waiting(&self) -> usize {
        self.runs.iter().filter(|run| run.state == State::Queued).count()
    }

    pub fn waiting_of(&self, connection: usize) -> usize {
        let own = self.runs.iter().filter(|run| run.terms.connection == connection);
        own.filter(|run| run.state == State::Queued).count()
    }

    pub fn accept(&mut self, shape: Shape, terms: Terms, now: Timestamp) {
        let jobs = vec![Progress::Waiting; shape.iter().map(|wish| wish.legs).sum()];
        let turn = if terms.concurrency.is_some() { Turn::Waiting } else { Turn::None };
        let (begun, again) = (vec![0; jobs.len()], vec![false; jobs.len()]);
        let ended = |(at, run): (usize, &Run)| (run.state == State::Completed).then_some(at);
        let ended_before = self.runs.iter().enumerate().filter_map(ended).collect();
        let (state, result, asked) = (State::Queued, None, vec![]);
        let mut run = Run { shape, state, result, jobs, begun, again, asked, turn, ended_before, terms };
        run.advance(now);
        let concurrency = run.terms.concurrency.clone();
        self.runs.push(run);
        if let Some(concurrency) = concurrency {
            self.displace(&concurrency, now);
        }
        self.take_turns();
    }

    /// Cancels those whom the one that came last displaces; one that is paused stops none that goes on.
    fn displace(&mut self, coming: &Concurrency, now: Timestamp) {
        let coming_at = self.runs.len() - 1;
        let of_group = |turn: Turn| -> Vec<usize> {
            let all = self.runs.iter().enumerate();
            all.take(coming_at)
                .filter(|(_, run)| run.turn == turn && run.is_of_group(coming))
                .map(|(at, _)| at)
                .collect()
        };
        let (waiting, mut going_on) = (of_group(Turn::Waiting), of_group(Turn::Held));
        going_on.retain(|&at| self.runs[at].state != State::Canceling);
        let stopped = (going_on.len() + 1).saturating_sub(coming.limit as usize);
        going_on.truncate(stopped);
        let displaced = match coming.policy {
            ConcurrencyPolicy::Queue => vec![],
            ConcurrencyPolicy::Latest => waiting,
            ConcurrencyPolicy::CancelRunning if self.is_paused(coming_at) => waiting,
            ConcurrencyPolicy::CancelRunning => [waiting, going_on].concat(),
        };
        for run in displaced {
            self.runs[run].cancel(now);
        }
    }

    /// Gives every turn that is free to the one that has waited longest and is not paused.
    pub fn take_turns(&mut self) {
        for run in self.runs.iter_mut().filter(|run| run.state == State::Completed) {
            run.turn = Turn::None;
        }
        let mut closed: Vec<String> = vec![];
        for at in 0..self.runs.len() {
            if self.runs[at].turn != Turn::Waiting || self.is_paused(at) {
                continue;
            }
            let concurrency = self.runs[at].terms.concurrency.clone().expect("it waits for a turn");
            let group = concurrency.group.flatten().into_owned();
            let held = self.runs.iter().filter(|run| run.turn == Turn::Held && run.is_of_group(&concurrency)).count();
            if held < concurrency.limit as usize && !closed.contains(&group) {
                self.runs[at].turn = Turn::Held;
            } else {
                closed.push(group);
            }
        }
    }

    /// Returns the number of the latest run of a pipeline that had ended so when another one was queued.
    pub fn latest(&self, seeker: usize, pipeline: usize, results: &[RunResult]) -> Option<u64> {
        let of_pipeline = (0..self.runs.len()).filter(|&run| self.runs[run].terms.pipeline == pipeline);
        let is_meant = |run: usize| {
            let is_so = self.runs[run].result.is_some_and(|result| results.contains(&result));
            is_so && self.runs[seeker].ended_before.contains(&run)
        };
        of_pipeline.zip(1..).filter(|(run, _)| is_meant(*run)).map(|(_, number)| number).last()
    }

    pub fn is_paused(&self, run: usize) -> bool {
        let terms = &self.runs[run].terms;
        self.paused_pipelines[terms.pipeline].is_some() || self.paused_connections[terms.connection].is_some()
    }

    /// Takes the time since the beginning of a pause out of the ages of the runs that are meant.
    pub fn leave_out(&mut self, since: Timestamp, now: Timestamp, is_meant: impl Fn(&Terms) -> bool) {
        for run in self.runs.iter_mut().filter(|run| run.turn != Turn::Waiting && is_meant(&run.terms)) {
            for progress in &mut run.jobs {
                if let Progress::Due(at) = progress {
                    *at += now.duration_since(since.max(*at));
                }
            }
        }
    }

    /// Returns how long the job waits that waits longest and may be claimed.
    pub fn waits_longest(&self, now: Timestamp) -> std::time::Duration {
        let may_go_on = |run: &usize| self.runs[*run].turn != Turn::Waiting && !self.is_paused(*run);
        let jobs = (0..self.runs.len()).filter(may_go_on).flat_map(|run| &self.runs[run].jobs);
        let waits = jobs.filter_map(|job| match job {
            Progress::Due(at) => Some(now.duration_since(*at).unsigned_abs()),
            _ => None,
        });
        waits.max().unwrap_or_default()
    }

    /// Of the first runs of all pipelines that one is next whose connection was served longest ago in the pools.
    pub fn claim(&mut self, pools: &[usize], now: Timestamp) -> Option<Held> {
        let may_go_on = |run: &usize| self.runs[*run].turn != Turn::Waiting && !self.is_paused(*run);
        let is_due = |progress: &Progress| matches!(progress, Progress::Due(_));
        let first_due = |run: usize| Some((run, self.runs[run].jobs.iter().position(is_due)?));
        let due = (0..self.runs.len()).filter(may_go_on).filter_map(first_due);
        let due: Vec<(usize, usize)> = due.filter(|(run, _)| pools.contains(&self.runs[*run].terms.pool)).collect();
        let served = |run: usize| {
            let of = |pool: &usize| self.served.get(&(*pool, self.runs[run].terms.connection)).copied();
            pools.iter().filter_map(of).max().unwrap_or(0)
        };
        let urgency = |run: usize| -self.runs[run].priority();
        let of = |run: usize| (urgency(run), self.runs[run].terms.pipeline, self.runs[run].terms.pool);
        let is_first = |run: usize| due.iter().find(|(other, _)| of(*other) == of(run)).map(|it| it.0) == Some(run);
        let heads = due.iter().filter(|(run, _)| is_first(*run));
        let (run, job) = heads.min_by_key(|(run, _)| (urgency(*run), served(*run), *run)).copied()?;
        let lane = (self.runs[run].terms.pool, self.runs[run].terms.connection);
        self.tokens += 1;
        self.served.insert(lane, self.tokens);
        self.runs[run].again[job] = false;
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
        Some(run.asked.contains(&held.token))
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
            self.take_turns();
        }
        holds
    }

    /// Returns whether the job is to be done again, or nothing for a lost lease.
    pub fn hand_back(&mut self, held: Held, now: Timestamp) -> Option<bool> {
        if !self.holds(held, now) {
            return None;
        }
        let run = &mut self.runs[held.run];
        let is_again = !run.asked.contains(&held.token);
        run.jobs[held.job] = if is_again { Progress::Waiting } else { Progress::Done(RunResult::Canceled) };
        run.again[held.job] = is_again;
        run.advance(now);
        self.take_turns();
        Some(is_again)
    }

    pub fn cancel(&mut self, run: usize, now: Timestamp) -> State {
        let state = self.runs[run].cancel(now);
        self.take_turns();
        state
    }

    /// Returns the jobs whose leases ended, and whether each is to be done again.
    pub fn sweep(&mut self, everyone: bool, now: Timestamp) -> Vec<(usize, usize, bool)> {
        let mut swept = Vec::new();
        for (at, run) in self.runs.iter_mut().enumerate() {
            for job in 0..run.jobs.len() {
                let Progress::Leased { until, has_started, .. } = run.jobs[job] else { continue };
                if everyone || until <= now {
                    run.begun[job] += u32::from(has_started);
                    let is_allowed = run.begun[job] < run.terms.attempts && run.begins_again(job, now);
                    let is_again = !has_started || is_allowed;
                    run.jobs[job] = if is_again { Progress::Waiting } else { Progress::Done(RunResult::Failed) };
                    run.again[job] = is_again;
                    run.advance(now);
                    swept.push((at, job, is_again));
                }
            }
        }
        self.take_turns();
        swept
    }
}

impl Run {
    /// Says whether no worker has a job of it, and one is to be done again.
    pub fn waits_again(&self) -> bool {
        let mut due = self.jobs.iter().zip(&self.again).filter(|(job, _)| matches!(job, Progress::Due(_)));
        let is_leased = self.jobs.iter().any(|job| matches!(job, Progress::Leased { .. }));
        !is_leased && due.any(|(_, again)| *again)
    }

    fn priority(&self) -> i8 {
        PRIORITIES[self.terms.connection]
    }

    /// What a canceled run would skip does not begin again.
    fn begins_again(&self, job: usize, now: Timestamp) -> bool {
        let mut anew = self.clone();
        anew.jobs[job] = Progress::Waiting;
        anew.advance(now);
        self.state != State::Canceling || anew.jobs[job].result().is_none()
    }

    fn is_of_group(&self, concurrency: &Concurrency) -> bool {
        self.terms.concurrency.as_ref().is_some_and(|own| own.group == concurrency.group)
    }

    fn cancel(&mut self, now: Timestamp) -> State {
        match self.state {
            State::Completed => return self.state,
            State::Queued => self.jobs.fill(Progress::Done(RunResult::Canceled)),
            State::Running | State::Canceling => {
                let due = self.jobs.iter_mut().filter(|progress| matches!(progress, Progress::Due(_)));
                due.for_each(|progress| *progress = Progress::Waiting);
            }
        }
        let token =
            |progress: &Progress| if let Progress::Leased { token, .. } = progress { Some(*token) } else { None };
        self.asked = self.jobs.iter().filter_map(token).collect();
        self.state = State::Canceling;
        self.advance(now);
        self.state
    }

    fn advance(&mut self, now: Timestamp) {
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
pub fn plan(shape: Shape, terms: &Terms) -> Plan {
    const NAMES: [&str; 4] = ["a", "b", "c", "d"];
    let count = |number: usize| Count::Known(u32::try_from(number).expect("a small number"));
    let jobs = shape.iter().zip(NAMES).map(|(wish, name)| {
        let mut job = world::job(name, &wish.after.iter().map(|&at| NAMES[at]).collect::<Vec<_>>());
        job.condition = wish.is_always.then(|| "always()".to_owned());
        let fan_out = FanOut::Slices(count(wish.legs));
        job.strategy = (wish.legs > 1).then(|| Strategy { fan_out, max_parallel: Some(count(wish.at_once)) });
        job.attempts = Some(terms.attempts);
        job.pool = POOLS[terms.pool].to_owned();
        job
    });
    let pipeline = PIPELINES[terms.pipeline].to_owned();
    Plan { pipeline, concurrency: terms.concurrency.clone(), ..world::plan(jobs.collect()) }
}
