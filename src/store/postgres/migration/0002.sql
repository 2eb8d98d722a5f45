-- Version 2. What is old is forgotten.

-- What reruns have taken is found without a look at all runs.
CREATE INDEX run_again ON run (seq) WHERE rerun_of IS NOT NULL;
