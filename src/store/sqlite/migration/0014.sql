-- Version 14. An event in a group, a pause and a sweep cost the same however many wait.

-- The pipeline and the lane of the run that waits, as with its jobs. A group is looked through by them: a step for
-- each, however many of its runs are paused.
ALTER TABLE turn ADD COLUMN pipeline TEXT NOT NULL DEFAULT '';
ALTER TABLE turn ADD COLUMN lane TEXT NOT NULL DEFAULT '';

UPDATE turn
SET pipeline = run.pipeline, lane = coalesce(run.connection, '')
FROM run
WHERE run.seq = turn.run;

CREATE INDEX turn_waiting ON turn ("group", pipeline, lane, seq) WHERE state = 'waiting';
CREATE INDEX turn_of_pipeline ON turn (pipeline, "group") WHERE state = 'waiting';
CREATE INDEX turn_of_lane ON turn (lane, "group") WHERE state = 'waiting';

-- What was paused or resumed, of whose groups those after one are still to be looked at: who goes on there now.
CREATE TABLE readmission (
    kind  TEXT NOT NULL CHECK (kind IN ('pipeline', 'connection')),
    name  TEXT NOT NULL,
    after TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- What was set aside for a pause, by what may be paused.
DROP INDEX job_aside;
CREATE INDEX job_paused ON job (pipeline, lane, seq) WHERE aside = 'paused';
CREATE INDEX job_paused_of_lane ON job (lane, seq) WHERE aside = 'paused';
