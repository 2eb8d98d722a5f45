-- Version 11. Who serves which pool.

-- A row for each machine and pool: several workers of one machine are not told apart. Names of pools are in
-- small letters, here and with jobs.
CREATE TABLE attendance (
    pool    TEXT NOT NULL,
    host    TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (pool, host)
) STRICT, WITHOUT ROWID;

CREATE INDEX attendance_seen ON attendance (seen_at);

UPDATE job
SET pool = lower(pool)
WHERE state <> 'completed' AND pool <> lower(pool);
