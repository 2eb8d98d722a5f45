//! Groups in which only so many may go on at once: a pipeline's `concurrency`, and the exclusive
//! locks of `lockBehavior`.
//!
//! A run or a stage that is in a group takes a [`Turn`]. Turns wait in the order in which they came,
//! and are given up when the run or stage is completed. The stores keep the turns and ask here what
//! becomes of them, in the same transaction as what happened:
//!
//! ```text
//! a run is queued, a stage begins ──► arrive   who is canceled for the one that comes
//! a turn is taken or given up     ──► admits   whether the one that has waited longest goes on
//! ```
//! A run, or a stage when its run goes on, enters all its groups in one step, and leaves them likewise: it goes on once it
//! is the first in each and each has room, and has none of their turns before. So who has a turn waits for no other, and
//! of two that wait for each other's groups the same one is first in all, also where one was paused for a while and passed
//! over: nobody waits for who waits for it.
//!
//! # Locks
//! An environment has no checks here that could ask for its exclusive lock, so `lockBehavior` itself
//! does: a stage that has it, or whose pipeline has it, holds each environment that its deployment
//! jobs name, over all pipelines. A stage that says it and names no environment excludes itself in
//! other runs; a pipeline that says it and names none at all excludes its other runs.

use crate::pipeline::plan::{ConcurrencyPolicy, LockBehavior, Plan, Stage};
use crate::taint::Text;
use sha1::{Digest as _, Sha1};

/// The most characters of a group that are kept as they are; a payload may bring more.
pub const GROUP_CHARS_MAX: usize = 256;

/// A place in a group that a run or one of its stages needs to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The stage's place in the plan; `None` for the run as a whole.
    pub stage: Option<usize>,
    /// The group's key: the same text is the same group, in all pipelines.
    pub group: String,
    /// How many may go on at once.
    pub limit: u32,
    /// What becomes of the others.
    pub policy: ConcurrencyPolicy,
}

impl Turn {
    /// Returns what becomes of the others when the one that comes is paused: it can't go on, so it stops
    /// none that does.
    pub fn policy_while_paused(&self) -> ConcurrencyPolicy {
        match self.policy {
            ConcurrencyPolicy::CancelRunning => ConcurrencyPolicy::Latest,
            policy => policy,
        }
    }
}

/// Returns the turns that a run needs, those of the run as a whole first.
pub fn turns(plan: &Plan) -> Vec<Turn> {
    let mut turns = Vec::new();
    turns.extend(plan.concurrency.as_ref().map(|it| Turn {
        stage: None,
        group: key(Kind::Text, &it.group.flatten()),
        limit: it.limit.max(1),
        policy: it.policy,
    }));
    let names_environments = plan.stages.iter().any(|stage| environments(stage).next().is_some());
    if let Some(behavior) = plan.lock_behavior.filter(|_| !names_environments) {
        turns.push(lock(None, key(Kind::Pipeline, &plan.pipeline), behavior));
    }
    for (at, stage) in plan.stages.iter().enumerate() {
        stage_locks(plan, at, stage, &mut turns);
    }
    turns
}

fn stage_locks(plan: &Plan, at: usize, stage: &Stage, turns: &mut Vec<Turn>) {
    let Some(behavior) = stage.lock_behavior.or(plan.lock_behavior) else { return };
    let mut groups: Vec<String> = environments(stage).map(|name| key(Kind::Environment, &name.flatten())).collect();
    if groups.is_empty() && stage.lock_behavior.is_some() {
        groups.push(key(Kind::Stage, &format!("{}/{}", plan.pipeline, stage.name)));
    }
    groups.sort();
    groups.dedup();
    turns.extend(groups.into_iter().map(|group| lock(Some(at), group, behavior)));
}

fn lock(stage: Option<usize>, group: String, behavior: LockBehavior) -> Turn {
    let policy = match behavior {
        LockBehavior::Sequential => ConcurrencyPolicy::Queue,
        LockBehavior::RunLatest => ConcurrencyPolicy::Latest,
    };
    Turn { stage, group, limit: 1, policy }
}

fn environments(stage: &Stage) -> impl Iterator<Item = &Text> {
    stage.jobs.iter().filter_map(|job| job.deployment.as_ref()?.environment.as_ref()).map(|it| &it.name)
}

/// What a group is made of: groups of different kinds never meet, whatever their text.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Environment,
    Stage,
    Pipeline,
}

/// The kinds with what stands before the text in a key, and what people read.
const KINDS: [(Kind, &str, &str); 4] = [
    (Kind::Text, "group:", "the concurrency group"),
    (Kind::Environment, "environment:", "the lock of the environment"),
    (Kind::Stage, "stage:", "the lock of the stage"),
    (Kind::Pipeline, "pipeline:", "the lock of the pipeline"),
];

/// Returns a group's key. Names of environments and pipelines are compared ignoring case, text is
/// not. A long text is told from others by its digest.
fn key(kind: Kind, text: &str) -> String {
    let text = if matches!(kind, Kind::Text) { text.to_owned() } else { text.to_lowercase() };
    let prefix = KINDS[kind as usize].1;
    match text.char_indices().nth(GROUP_CHARS_MAX) {
        None => format!("{prefix}{text}"),
        Some((end, _)) => format!("{prefix}{}…{}", &text[..end], hex::encode(Sha1::digest(&text))),
    }
}

/// Returns what people read of a group: `the concurrency group \`deploy\``.
pub fn group_name(key: &str) -> String {
    let named = KINDS.iter().find_map(|(_, prefix, name)| Some((name, key.strip_prefix(prefix)?)));
    let (name, text) = named.unwrap_or((&"the group", key));
    format!("{name} `{}`", crate::diagnostic::shown(text))
}

/// Returns what people read of one who waits: for which group, and who has it.
pub fn wait_sentence(key: &str, holders: &[String]) -> String {
    match holders {
        [] => group_name(key),
        [only] => format!("{}, which {only} has", group_name(key)),
        [first, others @ ..] => format!("{}, which {first} and {} more have", group_name(key), others.len()),
    }
}

/// One who has a turn, as one who comes sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Whether it is of the run that comes: a run does not cancel itself.
    pub is_same_run: bool,
    /// Whether it was asked to stop already.
    pub is_canceling: bool,
}

/// Who is canceled for one that comes: places in the lists that [`arrive`] got.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Of those that wait.
    pub dropped: Vec<usize>,
    /// Of those that go on.
    pub stopped: Vec<usize>,
}

/// Decides who is canceled for one that comes to a group. `waiting` says of each that waits already
/// whether it is of the same run; both lists have the longest there first.
pub fn arrive(policy: ConcurrencyPolicy, limit: u32, holding: &[Holder], waiting: &[bool]) -> Arrival {
    if policy == ConcurrencyPolicy::Queue {
        return Arrival::default();
    }
    let dropped = (0..waiting.len()).filter(|&at| !waiting[at]).collect();
    let mut stopped = Vec::new();
    if policy == ConcurrencyPolicy::CancelRunning {
        let going_on = holding.iter().filter(|holder| !holder.is_canceling).count();
        let over = (going_on + 1).saturating_sub(limit as usize);
        let others = (0..holding.len()).filter(|&at| !holding[at].is_canceling && !holding[at].is_same_run);
        stopped = others.take(over).collect();
    }
    Arrival { dropped, stopped }
}

/// Says whether one that waits for a group goes on, where so many do already. Only the one that has
/// waited longest is asked about: nobody overtakes it.
pub fn admits(limit: u32, holding: usize) -> bool {
    holding < limit as usize
}

/// Returns the sentence for a run or stage that was canceled for a later one of its group.
pub fn displaced(key: &str, by: &str) -> String {
    format!("{by} took its turn in {}", group_name(key))
}

/// Returns what people read of one that is about to be canceled, with the sentence of [`displaced`].
pub fn cancellation_sentence(displaced: &str) -> String {
    format!("its cancellation: {displaced}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConcurrencyPolicy::{CancelRunning, Latest, Queue};

    const GOES_ON: Holder = Holder { is_same_run: false, is_canceling: false };
    const STOPS: Holder = Holder { is_same_run: false, is_canceling: true };
    const OWN: Holder = Holder { is_same_run: true, is_canceling: false };

    #[track_caller]
    fn check(
        policy: ConcurrencyPolicy,
        limit: u32,
        holding: &[Holder],
        waiting: &[bool],
        dropped: &[usize],
        stopped: &[usize],
    ) {
        let expected = Arrival { dropped: dropped.to_vec(), stopped: stopped.to_vec() };
        assert_eq!(arrive(policy, limit, holding, waiting), expected);
    }

    #[test]
    fn who_comes_displaces_those_whom_its_policy_names() {
        check(Queue, 1, &[GOES_ON], &[false, false], &[], &[]);
        check(Latest, 1, &[GOES_ON], &[false, false], &[0, 1], &[]);
        check(Latest, 1, &[GOES_ON], &[true, false], &[1], &[]);
        check(CancelRunning, 1, &[GOES_ON], &[false], &[0], &[0]);
        check(CancelRunning, 2, &[GOES_ON], &[], &[], &[]);
        check(CancelRunning, 2, &[STOPS, GOES_ON, GOES_ON], &[], &[], &[1]);
        check(CancelRunning, 1, &[OWN, GOES_ON], &[], &[], &[1]);
    }

    #[test]
    fn groups_of_different_kinds_and_long_texts_stay_apart() {
        let long = "x".repeat(GROUP_CHARS_MAX);
        let keys = [
            key(Kind::Text, "prod"),
            key(Kind::Environment, "prod"),
            key(Kind::Text, "environment:prod"),
            key(Kind::Text, &format!("{long}a")),
            key(Kind::Text, &format!("{long}b")),
            key(Kind::Text, &long),
        ];
        for (at, one) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(one), "{one}");
            assert!(one.chars().count() < GROUP_CHARS_MAX + 60, "{one}");
        }
        assert_eq!(key(Kind::Environment, "Prod"), keys[1], "environments have no case");
        assert_eq!(group_name(&keys[1]), "the lock of the environment `prod`");
    }
}
