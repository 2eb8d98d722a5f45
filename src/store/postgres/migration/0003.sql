-- Version 3. What is old is forgotten.

-- What a repeat is answered with once its first delivery is forgotten.
ALTER TABLE repeat ADD COLUMN runs text;

CREATE INDEX repeat_of_delivery ON repeat (delivery);

-- How many bytes all bodies have: the sum of the rows. Each commit of deliveries adds one, so that
-- receivers don't wait for each other; who forgets some gathers them.
CREATE TABLE body_bytes (bytes bigint NOT NULL CHECK (bytes >= 0));

INSERT INTO body_bytes (bytes)
SELECT coalesce(sum(octet_length(body)), 0)
FROM delivery;

-- What refers to a row is found without a look at all rows, when that one is to go.
CREATE INDEX work_of_form ON work (form);
CREATE INDEX output_of_job ON output (job);
CREATE INDEX artifact_of_job ON artifact (job);

-- When a piece of a file was written.
ALTER TABLE file_piece ADD COLUMN written_at timestamptz NOT NULL DEFAULT now();
