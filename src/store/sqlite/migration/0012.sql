-- Version 12. Turns between connections, decided when a job is claimed.

-- The lane of a job is the connection of its run, empty for one that was started by hand; pipeline is its
-- run's. Both are here for the indexes of claims. A rank that was given when the run was queued is no more.
DROP INDEX job_due;
ALTER TABLE job DROP COLUMN rank;
ALTER TABLE job ADD COLUMN lane TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN pipeline TEXT NOT NULL DEFAULT '';

UPDATE job
SET lane = coalesce(run.connection, ''), pipeline = run.pipeline
FROM run
WHERE run.seq = job.run AND job.state <> 'completed';

-- The first due job of each pipeline.
CREATE INDEX job_of_pipeline ON job (pool, urgency, pipeline, run, seq) WHERE state = 'due' AND aside IS NULL;

-- When each lane was served last in each pool: the fencing token that was made then.
CREATE TABLE lane (
    pool   TEXT NOT NULL,
    name   TEXT NOT NULL,
    served INTEGER NOT NULL,
    PRIMARY KEY (pool, name)
) STRICT, WITHOUT ROWID;

DELETE FROM counter WHERE scope IN ('lane', 'rank', 'clock');
