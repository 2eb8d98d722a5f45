-- Version 12. The runs of one connection that wait are counted without a look at those of others.

DROP INDEX run_unfinished;
CREATE INDEX run_unfinished ON run (state, connection) WHERE state <> 'completed';
