-- Version 15. The time of a secret's last use hangs on the secret, and not on its name or its place in a list.

-- By what secrets are marked: a random key, made at the first use. And since when uses are noted by marks, where an
-- earlier version has noted some by names: whose they were is not known.
CREATE TABLE mark_key (
    one   bigint PRIMARY KEY CHECK (one = 1),
    key   bytea,
    since timestamptz
);

INSERT INTO mark_key (one, since)
SELECT 1, clock_timestamp()
WHERE EXISTS (SELECT 1 FROM secret_use);

-- The column's primary key goes with it.
DELETE FROM secret_use;
ALTER TABLE secret_use DROP COLUMN secret;
ALTER TABLE secret_use ADD COLUMN mark bigint NOT NULL;
ALTER TABLE secret_use ADD PRIMARY KEY (connection, mark);
