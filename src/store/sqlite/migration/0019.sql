-- Version 19. The size of deliveries is that of all that is kept of them.

-- The bytes of all that is kept of deliveries, as far as the log is filed: bodies were counted before, and headers,
-- decisions and the texts of runs are counted too.
UPDATE filing
SET bytes = (SELECT coalesce(sum(length(body) + octet_length(entry) + coalesce(octet_length(assigned), 0)), 0)
             FROM delivery
             WHERE seq <= filed);
