-- Version 6. The log of deliveries in fewer columns: what only a reader of one delivery wants is one
-- JSON text, made before the writer's turn (see `entry.rs`). No IN in the checks: for it the database
-- makes a table for itself at every insert, which cost more than the insert.

CREATE TABLE log (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL,
    connection  TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    outcome     TEXT NOT NULL
                CHECK (outcome = 'queued' OR outcome = 'nothing' OR outcome = 'repeat' OR outcome = 'rejected'),
    repeat_of   TEXT CHECK ((repeat_of IS NOT NULL) = (outcome = 'repeat')),
    -- For each run of the entry its number, the revision in its name and its form's place.
    assigned    TEXT CHECK ((assigned IS NOT NULL) = (outcome = 'queued')),
    entry       TEXT NOT NULL,
    body        BLOB NOT NULL
) STRICT;

INSERT INTO log (seq, id, connection, received_at, outcome, repeat_of, assigned, entry, body)
SELECT seq, id, connection, received_at, outcome, repeat_of,
       CASE WHEN runs IS NOT NULL THEN
           (SELECT json_group_array(json_array(value ->> 'number', 0, value ->> 'form')) FROM json_each(runs))
       END,
       json_object('headers', json(headers), 'event', event, 'secret', secret, 'reason', reason,
                   'replay_of', replay_of, 'verdicts', json(verdicts), 'runs',
                   json((SELECT json_group_array(json_object('id', value ->> 'id', 'pipeline', value ->> 'pipeline',
                                                             'prefix', value ->> 'name',
                                                             'priority', coalesce(value ->> 'priority', 0), 'values', json(value -> 'values')))
                         FROM json_each(coalesce(runs, '[]'))))),
       body
FROM delivery;

DROP TABLE delivery;
ALTER TABLE log RENAME TO delivery;
