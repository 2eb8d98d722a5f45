-- Version 21. The time of a secret's last use hangs on the secret, and not on its name or its place in a list.

-- By what secrets are marked: a random key, made at the first use. And since when uses are noted by marks, where an
-- earlier version has noted some by names: whose they were is not known.
CREATE TABLE mark_key (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    key   BLOB,
    since INTEGER
) STRICT;

INSERT INTO mark_key (one, since)
SELECT 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
WHERE EXISTS (SELECT 1 FROM secret_use);

DROP TABLE secret_use;

-- When a secret was last used, to the minute, so that a rotation can be finished.
CREATE TABLE secret_use (
    connection TEXT NOT NULL,
    mark       INTEGER NOT NULL,
    last_used  INTEGER NOT NULL,
    PRIMARY KEY (connection, mark)
) STRICT, WITHOUT ROWID;
