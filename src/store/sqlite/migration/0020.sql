-- Version 20. Which runs had ended when another was queued is a matter of their order, and not of the time of day.

-- As which of all runs it ended, and how many had ended when it was queued.
ALTER TABLE run ADD COLUMN ended_as INTEGER CHECK (ended_as IS NULL OR state = 'completed');
ALTER TABLE run ADD COLUMN ended_before INTEGER NOT NULL DEFAULT 0;

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
            SELECT seq, queued_at, 0 FROM run WHERE state <> 'completed')) AS known
WHERE run.seq = known.seq AND known.is_end = 0;

INSERT INTO counter (scope, key, value)
SELECT 'store', 'ended runs', count(*) FROM run WHERE state = 'completed' HAVING count(*) > 0;
