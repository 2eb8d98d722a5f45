-- Version 7. What all jobs of a run agree on, and what was deployed to.

-- Facts that the first job of a run found out and the others take from it, such as the commit of a
-- checkout.
CREATE TABLE agreement (
    run   INTEGER NOT NULL REFERENCES run (seq),
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

-- Each deployment to an environment, or to a resource of one (an empty text is none).
CREATE TABLE deployment (
    seq         INTEGER PRIMARY KEY,
    environment TEXT NOT NULL COLLATE NOCASE,
    resource    TEXT NOT NULL COLLATE NOCASE,
    job         INTEGER NOT NULL UNIQUE REFERENCES job (seq),
    job_name    TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

CREATE INDEX deployment_of_resource ON deployment (environment, resource, seq);
