-- Version 13. The size of deliveries is that of all that is kept of them.

-- Bodies were counted before, and headers, decisions and what was answered are counted too. Each commit of deliveries adds
-- a row; who forgets some gathers them. (The table has the name that was right before.)
DELETE FROM body_bytes;

INSERT INTO body_bytes (bytes)
SELECT coalesce(sum(octet_length(body) + octet_length(headers) + octet_length(verdicts) + coalesce(octet_length(runs), 0)), 0)
FROM delivery;
