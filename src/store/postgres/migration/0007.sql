-- Version 7. Turns between connections, decided when a job is claimed.

-- The lane of a job is the connection of its run, empty for one that was started by hand; pipeline is its
-- run's. Both are here for the indexes of claims. A rank that was given when the run was queued is no more.
DROP INDEX job_due;
ALTER TABLE job DROP COLUMN rank;
ALTER TABLE job ADD COLUMN lane text NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN pipeline text NOT NULL DEFAULT '';

UPDATE job
SET lane = coalesce(run.connection, ''), pipeline = run.pipeline
FROM run
WHERE run.seq = job.run AND job.state <> 'completed';

-- The first due job of each pipeline, and the one that is due longest. A backlog comes and goes faster than the
-- planner learns of it, and for a table that it believes to be almost empty either of these indexes is as good as
-- the other, with a sort behind it. So each has a condition that only its own query says.
DROP INDEX job_oldest;
CREATE INDEX job_of_pipeline ON job (pool, urgency, pipeline, run, seq)
    WHERE state = 'due' AND aside IS NULL AND pipeline >= '';
CREATE INDEX job_oldest ON job (due_at)
    WHERE state = 'due' AND aside IS NULL AND due_at IS NOT NULL;

-- When each lane was served last in each pool: the fencing token that was made then.
CREATE TABLE lane (
    pool   text NOT NULL,
    name   text NOT NULL,
    served bigint NOT NULL,
    PRIMARY KEY (pool, name)
);

DELETE FROM counter WHERE scope IN ('lane', 'rank', 'clock');
