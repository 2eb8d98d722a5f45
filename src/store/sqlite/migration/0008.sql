-- Version 8. Deliveries that are set aside, and what retention needs.

-- Deliveries whose runs could not be filed for a reason of ours: set aside, so that others go on.
CREATE TABLE quarantine (
    place  INTEGER PRIMARY KEY REFERENCES delivery (seq) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    since  INTEGER NOT NULL
) STRICT;

-- What a delivery that was forgotten had started, for repeats of it; and ways to what goes with a run.
ALTER TABLE repeat ADD COLUMN assigned TEXT;
ALTER TABLE repeat ADD COLUMN entry TEXT;
CREATE INDEX repeat_place ON repeat (place);
CREATE INDEX output_of_job ON output (job);
CREATE INDEX artifact_of_job ON artifact (job) WHERE job IS NOT NULL;
CREATE INDEX work_of_form ON work (form);

-- The bytes of all bodies in the log, as far as it is filed.
ALTER TABLE filing ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE filing SET bytes = (SELECT coalesce(sum(length(body)), 0) FROM delivery WHERE seq <= filed);
