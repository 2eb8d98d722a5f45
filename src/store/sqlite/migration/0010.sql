-- Version 10. Which pipelines there were when a delivery was judged.

-- Deliveries name theirs in their entries. One that was not noted for longer than deliveries are kept is
-- in nobody's use.
CREATE TABLE roster (
    fingerprint INTEGER PRIMARY KEY,
    pipelines   TEXT NOT NULL,
    noted_at    INTEGER NOT NULL
) STRICT;
