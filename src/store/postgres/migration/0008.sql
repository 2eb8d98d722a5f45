-- Version 8. What waits for a worker again.

-- Since when, for people, a job is to be done again whose worker gave it back or was lost.
ALTER TABLE job ADD COLUMN again_at timestamptz CHECK (again_at IS NULL OR state <> 'leased');
