-- Version 4. Runs that were started again, and steps that wait for a person or a time.

ALTER TABLE run ADD COLUMN rerun_of TEXT;

-- Which job published it last: a run that is repeated in part takes what its succeeded jobs made.
ALTER TABLE artifact ADD COLUMN job INTEGER REFERENCES job (seq);

CREATE TABLE wait (
    job          INTEGER NOT NULL REFERENCES job (seq),
    step_index   INTEGER NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('approval', 'delay')),
    instructions TEXT NOT NULL,
    asked_at     INTEGER NOT NULL,
    until        INTEGER,
    on_timeout   TEXT NOT NULL CHECK (on_timeout IN ('approved', 'rejected')),
    verdict      TEXT CHECK (verdict IN ('approved', 'rejected')),
    answered_by  TEXT,
    answered_at  INTEGER,
    comment      TEXT,
    PRIMARY KEY (job, step_index),
    CHECK ((verdict IS NULL) = (answered_by IS NULL)),
    CHECK ((verdict IS NULL) = (answered_at IS NULL)),
    CHECK (verdict IS NOT NULL OR comment IS NULL)
) STRICT, WITHOUT ROWID;
