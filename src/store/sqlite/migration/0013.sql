-- Version 13. How long something waits is counted by a clock that nobody sets.

-- How far that clock is ahead of the machine's own count, in microseconds, and which start of the machine that was.
CREATE TABLE steady (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    era   TEXT NOT NULL,
    ahead INTEGER NOT NULL
) STRICT;

-- How far it is ahead of the time of day, from a place of the log on.
CREATE TABLE time_of_day (
    since INTEGER PRIMARY KEY,
    ahead INTEGER NOT NULL
) STRICT;

-- Since when something is paused by that clock; since is the time of day, for people.
ALTER TABLE pause ADD COLUMN counted_since INTEGER NOT NULL DEFAULT 0;

UPDATE pause
SET counted_since = since;

-- Since when, for people, a job is to be done again whose worker gave it back or was lost.
ALTER TABLE job ADD COLUMN again_at INTEGER CHECK (again_at IS NULL OR state <> 'leased');
