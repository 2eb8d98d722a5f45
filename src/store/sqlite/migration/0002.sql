-- Version 2. What is known about a delivery beside its headers, and how secrets are used.

-- The event's name, the name of the secret that proved the sender, why no pipeline was asked, and
-- the delivery that this one is a replay of.
ALTER TABLE delivery ADD COLUMN event TEXT;
ALTER TABLE delivery ADD COLUMN secret TEXT;
ALTER TABLE delivery ADD COLUMN reason TEXT;
ALTER TABLE delivery ADD COLUMN replay_of TEXT;

-- When a secret was last used, to the minute, so that a rotation can be finished.
CREATE TABLE secret_use (
    connection TEXT NOT NULL,
    secret     TEXT NOT NULL,
    last_used  INTEGER NOT NULL,
    PRIMARY KEY (connection, secret)
) STRICT, WITHOUT ROWID;
