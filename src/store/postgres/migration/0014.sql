-- Version 14. Which runs had ended when another was queued is a matter of their order, and not of any clock.

-- As which of all runs it ended, and how many had ended when it was queued.
ALTER TABLE run ADD COLUMN ended_as bigint CHECK (ended_as IS NULL OR state = 'completed');
ALTER TABLE run ADD COLUMN ended_before bigint NOT NULL DEFAULT 0;

-- Counts the runs that end. A number may be left out.
CREATE SEQUENCE run_end;

-- What an earlier version has written has the order of the times.
UPDATE run
SET ended_as = known.place
FROM (SELECT seq, row_number() OVER (ORDER BY finished_at, seq) AS place FROM run WHERE state = 'completed') AS known
WHERE run.seq = known.seq;

UPDATE run
SET ended_before = known.ends
FROM (SELECT seq, is_end, sum(is_end) OVER (ORDER BY at, is_end DESC ROWS UNBOUNDED PRECEDING) AS ends
      FROM (SELECT seq, finished_at AS at, 1 AS is_end FROM run WHERE state = 'completed'
            UNION ALL
            SELECT seq, queued_at, 0 FROM run WHERE state <> 'completed') AS times) AS known
WHERE run.seq = known.seq AND known.is_end = 0;

SELECT setval('run_end', count(*)) FROM run WHERE state = 'completed' HAVING count(*) > 0;
