-- Version 1. Times are microseconds since 1970, UTC. Words for states and results are those of
-- the command line. A row that the state machine does not know can't be stored.

-- The log of verified deliveries, in the order of their commits. Accepting one is one row at the
-- end of this table and nothing else: what the row says about runs is filed later, in order, before
-- anything else is written and before anybody reads (see `filing.rs`). The writer counts seq itself.
CREATE TABLE delivery (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL,
    connection  TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    outcome     TEXT NOT NULL CHECK (outcome IN ('queued', 'rejected', 'nothing', 'repeat')),
    repeat_of   TEXT CHECK ((repeat_of IS NOT NULL) = (outcome = 'repeat')),
    runs        TEXT CHECK ((runs IS NOT NULL) = (outcome = 'queued')),
    headers     TEXT NOT NULL,
    verdicts    TEXT NOT NULL,
    body        BLOB NOT NULL
) STRICT;

-- How far the log is filed: one row.
CREATE TABLE filing (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    filed INTEGER NOT NULL
) STRICT;

INSERT INTO filing (one, filed) VALUES (1, 0);

-- Where in the log a delivery stands, once it is filed.
CREATE TABLE delivery_place (
    id  TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- By which key a delivery would be known again, and until when.
CREATE TABLE repeat (
    connection TEXT NOT NULL,
    key        TEXT NOT NULL,
    delivery   TEXT NOT NULL,
    place      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    PRIMARY KEY (connection, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX repeat_over ON repeat (until);

-- Refused deliveries in brief; only the latest of each connection are kept.
CREATE TABLE refusal (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    connection  TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    reason      TEXT NOT NULL
) STRICT;

CREATE INDEX refusal_of_connection ON refusal (connection, seq);

-- What was seen of each connection, complete although refusals are dropped.
CREATE TABLE connection (
    name          TEXT PRIMARY KEY,
    deliveries    INTEGER NOT NULL DEFAULT 0,
    refusals      INTEGER NOT NULL DEFAULT 0,
    last_delivery INTEGER,
    last_refusal  INTEGER,
    last_reason   TEXT
) STRICT, WITHOUT ROWID;

-- Numbers that only go up: of runs in a pipeline, of revisions in a name, and fencing tokens.
CREATE TABLE counter (
    scope TEXT NOT NULL,
    key   TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    pipeline    TEXT NOT NULL,
    number      INTEGER NOT NULL CHECK (number > 0),
    name        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'running', 'canceling', 'completed')),
    result      TEXT CHECK (result IN ('succeeded', 'succeededWithIssues', 'failed', 'canceled', 'skipped')),
    connection  TEXT,
    delivery    TEXT,
    queued_at   INTEGER NOT NULL,
    started_at  INTEGER,
    finished_at INTEGER,
    CHECK ((state = 'completed') = (result IS NOT NULL)),
    CHECK ((state = 'completed') = (finished_at IS NOT NULL)),
    CHECK (state <> 'running' OR started_at IS NOT NULL),
    CHECK (state <> 'queued' OR started_at IS NULL),
    CHECK ((connection IS NULL) = (delivery IS NULL)),
    UNIQUE (pipeline, number)
) STRICT;

-- A query that means this index repeats its condition: it is not inferred from state = 'queued'.
CREATE INDEX run_unfinished ON run (state) WHERE state <> 'completed';
CREATE INDEX run_of_delivery ON run (delivery) WHERE delivery IS NOT NULL;

-- Plans and expanded documents with blanks where payload text goes, each once however many runs
-- are made from it. A run whose shape a payload decided has a form of its own, without blanks.
CREATE TABLE form (
    seq      INTEGER PRIMARY KEY,
    digest   BLOB NOT NULL UNIQUE,
    plan     TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;

-- What a run has that never changes: its form, and the texts for the blanks as a JSON list.
CREATE TABLE work (
    run      INTEGER PRIMARY KEY REFERENCES run (seq),
    form     INTEGER NOT NULL REFERENCES form (seq),
    "values" TEXT NOT NULL
) STRICT;

-- One row for each leg of a job; most jobs have one. waiting: others must end first. due: a worker may take it. leased: a worker has it.
CREATE TABLE job (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    run          INTEGER NOT NULL REFERENCES run (seq),
    stage_index  INTEGER NOT NULL,
    job_index    INTEGER NOT NULL,
    leg_index    INTEGER NOT NULL,
    pool         TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'due', 'leased', 'completed')),
    due_at       INTEGER,
    result       TEXT CHECK (result IN ('succeeded', 'succeededWithIssues', 'failed', 'canceled', 'skipped')),
    reason       TEXT,
    attempt      INTEGER NOT NULL DEFAULT 0,
    worker       TEXT,
    token        INTEGER,
    lease_until  INTEGER,
    started_step INTEGER NOT NULL DEFAULT 0 CHECK (started_step IN (0, 1)),
    started_at   INTEGER,
    finished_at  INTEGER,
    CHECK ((state = 'completed') = (result IS NOT NULL)),
    CHECK ((state = 'completed') = (finished_at IS NOT NULL)),
    CHECK ((state = 'due') = (due_at IS NOT NULL)),
    CHECK ((state = 'leased') = (worker IS NOT NULL)),
    CHECK ((state = 'leased') = (token IS NOT NULL)),
    CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
    CHECK (state <> 'leased' OR (started_at IS NOT NULL AND attempt > 0)),
    CHECK (state IN ('leased', 'completed') OR (started_at IS NULL AND started_step = 0)),
    UNIQUE (run, stage_index, job_index, leg_index)
) STRICT;

-- Legs of a job that became known only when it was due, as JSON: they stand in place of the
-- expression in the plan.
CREATE TABLE matrix (
    run         INTEGER NOT NULL REFERENCES run (seq),
    stage_index INTEGER NOT NULL,
    job_index   INTEGER NOT NULL,
    legs        TEXT NOT NULL,
    PRIMARY KEY (run, stage_index, job_index)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_due ON job (due_at) WHERE state = 'due';
CREATE INDEX job_leased ON job (lease_until) WHERE state = 'leased';

-- A step has a row from its start on; before, the plan says all there is to know.
CREATE TABLE step (
    job          INTEGER NOT NULL REFERENCES job (seq),
    step_index   INTEGER NOT NULL,
    display_name TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('running', 'completed')),
    result       TEXT CHECK (result IN ('succeeded', 'succeededWithIssues', 'failed', 'canceled', 'skipped')),
    exit_code    INTEGER,
    attempt      INTEGER NOT NULL,
    started_at   INTEGER,
    finished_at  INTEGER,
    PRIMARY KEY (job, step_index),
    CHECK ((state = 'completed') = (result IS NOT NULL)),
    CHECK ((state = 'completed') = (finished_at IS NOT NULL)),
    CHECK (state <> 'running' OR started_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
