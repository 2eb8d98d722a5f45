-- Version 1. The tables are those of the other store, side by side in `sqlite/migration`, but for
-- these: a delivery's runs are filed in the same commit, so there is no log to be filed from; times
-- have a type of their own; ids compare by their bytes in every database's language; texts that an
-- index holds are short (see `row.rs`). A row that the state machine does not know can't be stored.

-- Verified deliveries. `runs` is what was answered, for repeats.
CREATE TABLE delivery (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          text COLLATE "C" NOT NULL UNIQUE,
    connection  text NOT NULL,
    received_at timestamptz NOT NULL,
    outcome     text NOT NULL CHECK (outcome IN ('queued', 'rejected', 'nothing', 'repeat')),
    repeat_of   text CHECK ((repeat_of IS NOT NULL) = (outcome = 'repeat')),
    runs        text CHECK ((runs IS NOT NULL) = (outcome = 'queued')),
    headers     text NOT NULL,
    verdicts    text NOT NULL,
    body        bytea NOT NULL,
    size        bigint NOT NULL,
    event       text,
    secret      text,
    reason      text,
    replay_of   text
);

-- By which key a delivery would be known again, and until when.
CREATE TABLE repeat (
    connection text NOT NULL,
    key        text NOT NULL,
    delivery   text NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (connection, key)
);

CREATE INDEX repeat_over ON repeat (until);

-- Refused deliveries in brief; only the latest of each connection are kept.
CREATE TABLE refusal (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          text COLLATE "C" NOT NULL UNIQUE,
    connection  text NOT NULL,
    received_at timestamptz NOT NULL,
    size        bigint NOT NULL,
    reason      text NOT NULL
);

CREATE INDEX refusal_of_connection ON refusal (connection, seq);

-- What was seen of each connection, complete although refusals are dropped.
CREATE TABLE connection (
    name          text PRIMARY KEY,
    deliveries    bigint NOT NULL DEFAULT 0,
    refusals      bigint NOT NULL DEFAULT 0,
    last_delivery timestamptz,
    last_refusal  timestamptz,
    last_reason   text
);

-- When a secret was last used, to the minute, so that a rotation can be finished.
CREATE TABLE secret_use (
    connection text NOT NULL,
    secret     text NOT NULL,
    last_used  timestamptz NOT NULL,
    PRIMARY KEY (connection, secret)
);

-- Numbers that only go up, without gaps: of runs in a pipeline, of revisions in a name. Whoever
-- counts holds the row until its commit.
CREATE TABLE counter (
    scope text NOT NULL,
    key   text NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (scope, key)
) WITH (fillfactor = 50);

-- Fencing tokens only have to go up; gaps do no harm.
CREATE SEQUENCE token;

CREATE SEQUENCE run_seq;

CREATE TABLE run (
    seq         bigint PRIMARY KEY,
    id          text COLLATE "C" NOT NULL UNIQUE,
    pipeline    text NOT NULL,
    number      bigint NOT NULL CHECK (number > 0),
    name        text NOT NULL,
    state       text NOT NULL CHECK (state IN ('queued', 'running', 'canceling', 'completed')),
    result      text CHECK (result IN ('succeeded', 'succeededWithIssues', 'failed', 'canceled', 'skipped')),
    connection  text,
    delivery    text COLLATE "C",
    rerun_of    text COLLATE "C",
    -- Why it was asked to stop, where no person asked.
    reason      text,
    -- Whether its plan needs turns in groups: who does anything about such a run has the lock of all turns.
    has_turns   boolean NOT NULL DEFAULT false,
    queued_at   timestamptz NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz,
    CHECK ((state = 'completed') = (result IS NOT NULL)),
    CHECK ((state = 'completed') = (finished_at IS NOT NULL)),
    CHECK (state <> 'running' OR started_at IS NOT NULL),
    CHECK (state <> 'queued' OR started_at IS NULL),
    CHECK ((connection IS NULL) = (delivery IS NULL)),
    UNIQUE (pipeline, number)
);

CREATE INDEX run_unfinished ON run (state) WHERE state <> 'completed';
CREATE INDEX run_of_delivery ON run (delivery) WHERE delivery IS NOT NULL;

-- Plans and expanded documents with blanks where payload text goes, each once however many runs
-- are made from it.
CREATE TABLE form (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest   bytea NOT NULL UNIQUE,
    plan     text NOT NULL,
    document text NOT NULL
);

-- What a run has that never changes: its form, and the texts for the blanks as a JSON list.
CREATE TABLE work (
    run      bigint PRIMARY KEY REFERENCES run (seq),
    form     bigint NOT NULL REFERENCES form (seq),
    "values" text NOT NULL
);

-- One row for each leg of a job. waiting: others must end first. due: a worker may take it. leased:
-- a worker has it. Urgency is minus the priority, so that the index has the first job first. A rank is
-- given once, when the run is filed. aside: due, but not to be claimed, because its run or stage waits for
-- its turn, or because it was found paused. begun: attempts that had started a step and lost their worker.
CREATE TABLE job (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           text COLLATE "C" NOT NULL UNIQUE,
    run          bigint NOT NULL REFERENCES run (seq),
    stage_index  bigint NOT NULL,
    job_index    bigint NOT NULL,
    leg_index    bigint NOT NULL,
    pool         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('waiting', 'due', 'leased', 'completed')),
    due_at       timestamptz,
    result       text CHECK (result IN ('succeeded', 'succeededWithIssues', 'failed', 'canceled', 'skipped')),
    reason       text,
    attempt      bigint NOT NULL DEFAULT 0,
    worker       text,
    token        bigint,
    lease_until  timestamptz,
    started_step boolean NOT NULL DEFAULT false,
    started_at   timestamptz,
    finished_at  timestamptz,
    urgency      bigint NOT NULL DEFAULT 0,
    rank         bigint NOT NULL DEFAULT 0,
    aside        text CHECK (aside IN ('turn', 'paused')),
    attempts     bigint NOT NULL DEFAULT 1 CHECK (attempts > 0),
    begun        bigint NOT NULL DEFAULT 0 CHECK (begun >= 0),
    CHECK (aside IS NULL OR state = 'due'),
    CHECK ((state = 'completed') = (result IS NOT NULL)),
    CHECK ((state = 'completed') = (finished_at IS NOT NULL)),
    CHECK ((state = 'due') = (due_at IS NOT NULL)),
    CHECK ((state = 'leased') = (worker IS NOT NULL)),
    CHECK ((state = 'leased') = (token IS NOT NULL)),
    CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
    CHECK (state <> 'leased' OR (started_at IS NOT NULL AND attempt > 0)),
    CHECK (state IN ('leased', 'completed') OR (started_at IS NULL AND NOT started_step)),
    UNIQUE (run, stage_index, job_index, leg_index)
);

CREATE INDEX job_due ON job (pool, urgency, rank, seq) WHERE state = 'due' AND aside IS NULL;
CREATE INDEX job_oldest ON job (due_at) WHERE state = 'due' AND aside IS NULL;
CREATE INDEX job_aside ON job (aside) WHERE aside IS NOT NULL;
CREATE INDEX job_leased ON job (lease_until) WHERE state = 'leased';

-- Places in groups, of runs that are not completed: as a whole (stage_index -1), or of one stage. Each
-- is deleted when the run or stage ends. The order of seq is that in which they came.
CREATE TABLE turn (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "group"     text NOT NULL,
    run         bigint NOT NULL REFERENCES run (seq),
    stage_index bigint NOT NULL CHECK (stage_index >= -1),
    "limit"     bigint NOT NULL CHECK ("limit" > 0),
    state       text NOT NULL CHECK (state IN ('waiting', 'held')),
    UNIQUE (run, stage_index, "group")
);

CREATE INDEX turn_of_group ON turn ("group", state, seq);

-- Pipelines and connections whose due jobs are not claimed.
CREATE TABLE pause (
    kind  text NOT NULL CHECK (kind IN ('pipeline', 'connection')),
    name  text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (kind, name)
);

-- Legs of a job that became known only when it was due, as JSON: they stand in place of the
-- expression in the plan.
CREATE TABLE matrix (
    run         bigint NOT NULL REFERENCES run (seq),
    stage_index bigint NOT NULL,
    job_index   bigint NOT NULL,
    legs        text NOT NULL,
    PRIMARY KEY (run, stage_index, job_index)
);

-- A step has a row from its start on; before, the plan says all there is to know.
CREATE TABLE step (
    job          bigint NOT NULL REFERENCES job (seq),
    step_index   bigint NOT NULL,
    display_name text NOT NULL,
    state        text NOT NULL CHECK (state IN ('running', 'completed')),
    result       text CHECK (result IN ('succeeded', 'succeededWithIssues', 'failed', 'canceled', 'skipped')),
    exit_code    bigint,
    attempt      bigint NOT NULL,
    started_at   timestamptz,
    finished_at  timestamptz,
    PRIMARY KEY (job, step_index),
    CHECK ((state = 'completed') = (result IS NOT NULL)),
    CHECK ((state = 'completed') = (finished_at IS NOT NULL)),
    CHECK (state <> 'running' OR started_at IS NOT NULL)
);

-- What a step has told about itself so far, as JSON.
CREATE TABLE report (
    job        bigint NOT NULL REFERENCES job (seq),
    step_index bigint NOT NULL,
    report     text NOT NULL,
    PRIMARY KEY (job, step_index)
);

-- Output variables of completed jobs. The value is JSON: text that knows which parts came from a
-- payload. Names are the same in any letter case, which `fold` decides, as in the tables below.
CREATE TABLE output (
    run   bigint NOT NULL REFERENCES run (seq),
    job   bigint NOT NULL REFERENCES job (seq),
    fold  text COLLATE "C" NOT NULL,
    name  text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (run, job, fold)
);

CREATE TABLE tag (
    run  bigint NOT NULL REFERENCES run (seq),
    fold text COLLATE "C" NOT NULL,
    tag  text NOT NULL,
    PRIMARY KEY (run, fold)
);

CREATE TABLE artifact (
    run      bigint NOT NULL REFERENCES run (seq),
    fold     text COLLATE "C" NOT NULL,
    name     text NOT NULL,
    kind     text NOT NULL,
    location text NOT NULL,
    -- Which job published it last: a run that is repeated in part takes what its succeeded jobs made.
    job      bigint REFERENCES job (seq),
    PRIMARY KEY (run, fold)
);

-- What steps wait for, a person or a time: asked once, answered once.
CREATE TABLE wait (
    job          bigint NOT NULL REFERENCES job (seq),
    step_index   bigint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('approval', 'delay')),
    instructions text NOT NULL,
    asked_at     timestamptz NOT NULL,
    until        timestamptz,
    on_timeout   text NOT NULL CHECK (on_timeout IN ('approved', 'rejected')),
    verdict      text CHECK (verdict IN ('approved', 'rejected')),
    answered_by  text,
    answered_at  timestamptz,
    comment      text,
    PRIMARY KEY (job, step_index),
    CHECK ((verdict IS NULL) = (answered_by IS NULL)),
    CHECK ((verdict IS NULL) = (answered_at IS NULL)),
    CHECK (verdict IS NOT NULL OR comment IS NULL)
);

-- Facts that the first job of a run found out and the others take from it, such as the commit of a
-- checkout.
CREATE TABLE agreement (
    run   bigint NOT NULL REFERENCES run (seq),
    name  text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (run, name)
);

-- Each deployment to an environment, or to a resource of one (an empty text is none). The two folds are
-- the names in which letter cases are not told apart.
CREATE TABLE deployment (
    seq              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment_fold text COLLATE "C" NOT NULL,
    resource_fold    text COLLATE "C" NOT NULL,
    environment      text NOT NULL,
    resource         text NOT NULL,
    job              bigint NOT NULL UNIQUE REFERENCES job (seq),
    job_name         text NOT NULL,
    at               timestamptz NOT NULL
);

CREATE INDEX deployment_of_resource ON deployment (environment_fold, resource_fold, seq);

-- The latest number of each prefix of a pipeline, and which one a run got at a place of its plan.
CREATE TABLE series (
    pipeline text NOT NULL,
    prefix   text NOT NULL,
    value    bigint NOT NULL,
    PRIMARY KEY (pipeline, prefix)
);

CREATE TABLE series_use (
    run   bigint NOT NULL REFERENCES run (seq),
    site  text NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (run, site)
);

-- Logs and what steps hand over, in pieces, each at the place where it stands in its file.
CREATE TABLE file_piece (
    name  text COLLATE "C" NOT NULL,
    at    bigint NOT NULL CHECK (at >= 0),
    piece bytea NOT NULL,
    PRIMARY KEY (name, at)
);
