-- Version 17. No setting of the time of day answers a question.

-- When it is answered by itself, by the clock of leases; `until` is what people are shown. What an earlier version has asked
-- is answered by the time of day.
ALTER TABLE wait ADD COLUMN over_at INTEGER CHECK (over_at IS NULL OR until IS NOT NULL);
