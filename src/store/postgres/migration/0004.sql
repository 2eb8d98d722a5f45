-- Version 4. Which pipelines there were when a delivery was judged.

-- One that was not noted for longer than deliveries are kept is in nobody's use.
CREATE TABLE roster (
    fingerprint bigint PRIMARY KEY,
    pipelines   text NOT NULL,
    noted_at    timestamptz NOT NULL
);

ALTER TABLE delivery ADD COLUMN roster bigint;
