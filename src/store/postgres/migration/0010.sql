-- Version 10. Those whom one that comes to a group displaces are canceled bit by bit.

-- Why one that waits does not go on any more and is about to be canceled: as if it were gone, to all who look who goes on.
ALTER TABLE turn ADD COLUMN displaced text CHECK (displaced IS NULL OR state = 'waiting');

DROP INDEX turn_waiting;
CREATE INDEX turn_waiting ON turn ("group", pipeline, lane, seq)
    WHERE state = 'waiting' AND seq >= 0 AND displaced IS NULL;
CREATE INDEX turn_displaced ON turn (seq) WHERE displaced IS NOT NULL;
