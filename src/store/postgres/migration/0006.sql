-- Version 6. Which life of the database this is.

-- One row, which a crash of the database takes away, as it does with all that is in a table without a log. After a
-- crash the numbers of transactions that were not on disk are given again, to others.
CREATE UNLOGGED TABLE life (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id  text NOT NULL
);
