-- Version 18. The runs of one connection that wait are counted without a look at them.

DROP INDEX run_unfinished;
CREATE INDEX run_unfinished ON run (state, connection) WHERE state <> 'completed';
