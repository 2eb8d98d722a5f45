-- Version 3. What steps tell and hand on.

-- What a step has told about itself so far, as JSON.
CREATE TABLE report (
    job        INTEGER NOT NULL REFERENCES job (seq),
    step_index INTEGER NOT NULL,
    report     TEXT NOT NULL,
    PRIMARY KEY (job, step_index)
) STRICT, WITHOUT ROWID;

-- Output variables of completed jobs. The value is JSON: text that knows which parts came from a
-- payload.
CREATE TABLE output (
    run   INTEGER NOT NULL REFERENCES run (seq),
    job   INTEGER NOT NULL REFERENCES job (seq),
    name  TEXT NOT NULL COLLATE NOCASE,
    value TEXT NOT NULL,
    PRIMARY KEY (run, job, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (
    run INTEGER NOT NULL REFERENCES run (seq),
    tag TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (run, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact (
    run      INTEGER NOT NULL REFERENCES run (seq),
    name     TEXT NOT NULL COLLATE NOCASE,
    kind     TEXT NOT NULL,
    location TEXT NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

-- The latest number of each prefix of a pipeline, and which one a run got at a place of its plan.
CREATE TABLE series (
    pipeline TEXT NOT NULL,
    prefix   TEXT NOT NULL,
    value    INTEGER NOT NULL,
    PRIMARY KEY (pipeline, prefix)
) STRICT, WITHOUT ROWID;

CREATE TABLE series_use (
    run   INTEGER NOT NULL REFERENCES run (seq),
    site  TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (run, site)
) STRICT, WITHOUT ROWID;
