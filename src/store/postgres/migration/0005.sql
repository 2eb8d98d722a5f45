-- Version 5. Who serves which pool.

-- A row for each machine and pool: several workers of one machine are not told apart. Names of pools are in
-- small letters, here and with jobs.
CREATE TABLE attendance (
    pool    text NOT NULL,
    host    text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (pool, host)
);

CREATE INDEX attendance_seen ON attendance (seen_at);

UPDATE job
SET pool = translate(pool, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
WHERE state <> 'completed' AND pool ~ '[A-Z]';
