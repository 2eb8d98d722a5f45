-- Version 15. Those whom one that comes to a group displaces are canceled bit by bit.

-- Why one that waits does not go on any more and is about to be canceled: as if it were gone, to all who look who goes on.
ALTER TABLE turn ADD COLUMN displaced TEXT CHECK (displaced IS NULL OR state = 'waiting');

DROP INDEX turn_of_group;
CREATE INDEX turn_of_group ON turn ("group", state, seq) WHERE displaced IS NULL;
DROP INDEX turn_waiting;
CREATE INDEX turn_waiting ON turn ("group", pipeline, lane, seq) WHERE state = 'waiting' AND displaced IS NULL;
CREATE INDEX turn_displaced ON turn (seq) WHERE displaced IS NOT NULL;
