//! What must hold in every store: the rules that both databases spell the same.

/// A rule: what breaks it in words, and a query that returns the names of what does.
pub(super) type Invariant = (&'static str, &'static str);

/// How many of those that break a rule are named.
pub(super) const NAMED_MAX: usize = 5;

/// Returns what is told about a rule, by the names of what breaks it: of up to one more than are told.
pub(super) fn broken(what: &str, names: &[String]) -> Option<String> {
    let more = if names.len() > NAMED_MAX { ", and more" } else { "" };
    let told = &names[..names.len().min(NAMED_MAX)];
    (!names.is_empty()).then(|| format!("a {what}: {}{more}", told.join(", ")))
}

/// What must hold of runs and their jobs.
pub(super) const OF_RUNS: [Invariant; 6] = [
    ("run without work", "SELECT id FROM run WHERE NOT EXISTS (SELECT 1 FROM work WHERE work.run = run.seq)"),
    ("run without jobs", "SELECT id FROM run WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.run = run.seq)"),
    (
        "completed run with a job that is not",
        "SELECT run.id FROM run JOIN job ON job.run = run.seq WHERE run.state = 'completed' AND job.state <> 'completed'",
    ),
    (
        "run that is not completed although all its jobs are",
        "SELECT id FROM run
         WHERE state <> 'completed'
           AND NOT EXISTS (SELECT 1 FROM job WHERE job.run = run.seq AND job.state <> 'completed')",
    ),
    (
        "run that waits for nothing and for nobody",
        "SELECT id FROM run
         WHERE state <> 'completed'
           AND NOT EXISTS (SELECT 1 FROM job WHERE job.run = run.seq AND job.state IN ('due', 'leased'))",
    ),
    (
        "queued run with a job that was claimed",
        "SELECT run.id FROM run JOIN job ON job.run = run.seq WHERE run.state = 'queued' AND job.state = 'leased'",
    ),
];
