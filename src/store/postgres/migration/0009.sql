-- Version 9. An event in a group, a pause and a sweep cost the same however many wait.

-- The pipeline and the lane of the run that waits, as with its jobs. A group is looked through by them: a step for
-- each, however many of its runs are paused. Each index has a condition that only its own query says, as those of
-- jobs have: a group fills faster than the planner learns of it, and an index that has all of a group is as good to it
-- as one that has them in order.
ALTER TABLE turn ADD COLUMN pipeline text NOT NULL DEFAULT '';
ALTER TABLE turn ADD COLUMN lane text NOT NULL DEFAULT '';

UPDATE turn
SET pipeline = run.pipeline, lane = coalesce(run.connection, '')
FROM run
WHERE run.seq = turn.run;

DROP INDEX turn_of_group;
CREATE INDEX turn_held ON turn ("group", seq) WHERE state = 'held';
CREATE INDEX turn_waiting ON turn ("group", pipeline, lane, seq) WHERE state = 'waiting' AND seq >= 0;
CREATE INDEX turn_of_pipeline ON turn (pipeline, "group") WHERE state = 'waiting' AND pipeline >= '';
CREATE INDEX turn_of_lane ON turn (lane, "group") WHERE state = 'waiting' AND lane >= '';

-- What was paused or resumed, of whose groups those after one are still to be looked at: who goes on there now.
CREATE TABLE readmission (
    kind  text NOT NULL CHECK (kind IN ('pipeline', 'connection')),
    name  text NOT NULL,
    after text NOT NULL,
    PRIMARY KEY (kind, name)
);

-- What was set aside for a pause, by what may be paused.
DROP INDEX job_aside;
CREATE INDEX job_paused ON job (pipeline, lane, seq) WHERE aside = 'paused' AND pipeline >= '';
CREATE INDEX job_paused_of_lane ON job (lane, seq) WHERE aside = 'paused' AND lane >= '';
