-- Version 16. Those that go on in a group and whom one that comes stops are canceled bit by bit too.

-- Why one that has a turn is about to be canceled. It has its turn until it has ended, and no job of it begins any more.
ALTER TABLE turn ADD COLUMN stopped TEXT CHECK (stopped IS NULL OR state = 'held');
CREATE INDEX turn_stopped ON turn (seq) WHERE stopped IS NOT NULL;
