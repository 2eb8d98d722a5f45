-- Version 5. In which order due jobs are claimed, turns in groups, what is held back, attempts.

-- Urgency is minus the priority, so that the index has the first job first. A rank is given once, when
-- the run is filed. aside: due, but not to be claimed, because its run or stage waits for its turn, or
-- because it was found paused. begun: attempts that had started a step and lost their worker.
ALTER TABLE job ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN aside TEXT CHECK (aside IS NULL OR (aside IN ('turn', 'paused') AND state = 'due'));
ALTER TABLE job ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1 CHECK (attempts > 0);
ALTER TABLE job ADD COLUMN begun INTEGER NOT NULL DEFAULT 0 CHECK (begun >= 0);

DROP INDEX job_due;
CREATE INDEX job_due ON job (pool, urgency, rank, seq) WHERE state = 'due' AND aside IS NULL;
CREATE INDEX job_oldest ON job (due_at) WHERE state = 'due' AND aside IS NULL;
CREATE INDEX job_aside ON job (aside) WHERE aside IS NOT NULL;

-- Why a run was asked to stop, where no person asked.
ALTER TABLE run ADD COLUMN reason TEXT;

-- Places in groups, of runs that are not completed: as a whole (stage_index -1), or of one stage. Each
-- is deleted when the run or stage ends. The order of seq is that in which they came.
CREATE TABLE turn (
    seq         INTEGER PRIMARY KEY,
    "group"     TEXT NOT NULL,
    run         INTEGER NOT NULL REFERENCES run (seq),
    stage_index INTEGER NOT NULL CHECK (stage_index >= -1),
    "limit"     INTEGER NOT NULL CHECK ("limit" > 0),
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'held')),
    UNIQUE (run, stage_index, "group")
) STRICT;

CREATE INDEX turn_of_group ON turn ("group", state, seq);

-- Pipelines and connections whose due jobs are not claimed.
CREATE TABLE pause (
    kind  TEXT NOT NULL CHECK (kind IN ('pipeline', 'connection')),
    name  TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
