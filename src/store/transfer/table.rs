//! What there is to be moved: the tables of a store with their columns, as the database has them, and
//! where each column comes from. What both stores keep in the same way is said here once.

/// A table.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) columns: &'static [Column],
}

/// A column, with the one of the other store that it is made of.
#[derive(Debug)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) from: &'static str,
    pub(in crate::store) kind: Kind,
}

/// In which shape a column travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    /// A number.
    Number,
    /// 0 or 1.
    Flag,
    /// Microseconds since 1970.
    Moment,
    /// A text, or a JSON text.
    Text,
    /// A text that an index holds.
    Key,
    /// As a key, in which letter cases are not told apart.
    Fold,
    /// Bytes.
    Bytes,
    /// Made of more than one column.
    Made,
}

use Kind::{Bytes, Flag, Fold, Key, Made, Moment, Number, Text};

const fn own(name: &'static str, kind: Kind) -> Column {
    Column { name, from: name, kind }
}

const fn of(name: &'static str, from: &'static str, kind: Kind) -> Column {
    Column { name, from, kind }
}

/// All tables but that of files, those first that others refer to.
pub(in crate::store) const TABLES: [Table; 27] = [
    Table {
        name: DELIVERY,
        columns: &[
            own("seq", Made),
            own("id", Made),
            own("connection", Made),
            own("received_at", Made),
            own("outcome", Made),
            own("repeat_of", Made),
            own("runs", Made),
            own("headers", Made),
            own("verdicts", Made),
            own("body", Made),
            own("size", Made),
            own("event", Made),
            own("secret", Made),
            own("reason", Made),
            own("replay_of", Made),
            own("roster", Made),
        ],
    },
    Table {
        name: REPEAT,
        columns: &[
            own("connection", Made),
            own("key", Made),
            own("delivery", Made),
            own("until", Made),
            own("runs", Made),
        ],
    },
    Table {
        name: "refusal",
        columns: &[
            own("seq", Number),
            own("id", Text),
            own("connection", Text),
            own("received_at", Moment),
            own("size", Number),
            own("reason", Text),
        ],
    },
    Table {
        name: "connection",
        columns: &[
            own("name", Text),
            own("deliveries", Number),
            own("refusals", Number),
            own("last_delivery", Moment),
            own("last_refusal", Moment),
            own("last_reason", Text),
        ],
    },
    Table { name: "roster", columns: &[own("fingerprint", Number), own("pipelines", Text), own("noted_at", Moment)] },
    Table { name: "mark_key", columns: &[own("one", Number), own("key", Bytes), own("since", Moment)] },
    Table { name: "secret_use", columns: &[own("connection", Text), own("mark", Number), own("last_used", Moment)] },
    Table { name: "counter", columns: &[own("scope", Text), own("key", Key), own("value", Number)] },
    Table {
        name: "form",
        columns: &[own("seq", Number), own("digest", Bytes), own("plan", Text), own("document", Text)],
    },
    Table {
        name: RUN,
        columns: &[
            own("seq", Number),
            own("id", Text),
            own("pipeline", Text),
            own("number", Number),
            own("name", Text),
            own("state", Text),
            own("result", Text),
            own("connection", Text),
            own("delivery", Text),
            own("rerun_of", Text),
            own("reason", Text),
            own("has_turns", Made),
            own("queued_at", Moment),
            own("started_at", Moment),
            own("finished_at", Moment),
            own("ended_as", Number),
            own("ended_before", Number),
        ],
    },
    Table { name: "work", columns: &[own("run", Number), own("form", Number), own("values", Text)] },
    Table {
        name: "job",
        columns: &[
            own("seq", Number),
            own("id", Text),
            own("run", Number),
            own("stage_index", Number),
            own("job_index", Number),
            own("leg_index", Number),
            own("pool", Text),
            own("state", Text),
            own("due_at", Moment),
            own("result", Text),
            own("reason", Text),
            own("attempt", Number),
            own("worker", Text),
            own("token", Number),
            // No lease is moved: whoever had one is gone.
            own("lease_until", Moment),
            own("started_step", Flag),
            own("started_at", Moment),
            own("finished_at", Moment),
            own("urgency", Number),
            own("lane", Key),
            own("pipeline", Key),
            own("aside", Text),
            own("attempts", Number),
            own("begun", Number),
            own("again_at", Moment),
        ],
    },
    Table {
        name: "turn",
        columns: &[
            own("seq", Number),
            own("group", Key),
            own("run", Number),
            own("stage_index", Number),
            own("limit", Number),
            own("state", Text),
            own("pipeline", Key),
            own("lane", Key),
            own("displaced", Text),
            own("stopped", Text),
        ],
    },
    Table { name: "lane", columns: &[own("pool", Key), own("name", Key), own("served", Number)] },
    Table { name: "pause", columns: &[own("kind", Text), own("name", Text), own("since", Moment)] },
    Table { name: "readmission", columns: &[own("kind", Text), own("name", Text), own("after", Key)] },
    Table {
        name: "matrix",
        columns: &[own("run", Number), own("stage_index", Number), own("job_index", Number), own("legs", Text)],
    },
    Table {
        name: "step",
        columns: &[
            own("job", Number),
            own("step_index", Number),
            own("display_name", Text),
            own("state", Text),
            own("result", Text),
            own("exit_code", Number),
            own("attempt", Number),
            own("started_at", Moment),
            own("finished_at", Moment),
        ],
    },
    Table { name: "report", columns: &[own("job", Number), own("step_index", Number), own("report", Text)] },
    Table {
        name: "output",
        columns: &[
            own("run", Number),
            own("job", Number),
            of("fold", "name", Fold),
            own("name", Text),
            own("value", Text),
        ],
    },
    Table { name: "tag", columns: &[own("run", Number), of("fold", "tag", Fold), own("tag", Text)] },
    Table {
        name: "artifact",
        columns: &[
            own("run", Number),
            of("fold", "name", Fold),
            own("name", Text),
            own("kind", Text),
            own("location", Text),
            own("job", Number),
        ],
    },
    Table {
        name: "wait",
        columns: &[
            own("job", Number),
            own("step_index", Number),
            own("kind", Text),
            own("instructions", Text),
            own("asked_at", Moment),
            own("until", Moment),
            own("on_timeout", Text),
            own("verdict", Text),
            own("answered_by", Text),
            own("answered_at", Moment),
            own("comment", Text),
        ],
    },
    Table { name: "agreement", columns: &[own("run", Number), own("name", Key), own("value", Text)] },
    Table {
        name: "deployment",
        columns: &[
            own("seq", Number),
            of("environment_fold", "environment", Fold),
            of("resource_fold", "resource", Fold),
            own("environment", Text),
            own("resource", Text),
            own("job", Number),
            own("job_name", Text),
            own("at", Moment),
        ],
    },
    Table { name: "series", columns: &[own("pipeline", Text), own("prefix", Key), own("value", Number)] },
    Table { name: "series_use", columns: &[own("run", Number), own("site", Key), own("value", Number)] },
];

/// The tables of which some columns are [`Kind::Made`].
pub(in crate::store) const DELIVERY: &str = "delivery";
pub(in crate::store) const REPEAT: &str = "repeat";
pub(in crate::store) const RUN: &str = "run";

/// Files in pieces, which the other store has in its folder.
pub(in crate::store) const FILES: Table = Table {
    name: "file_piece",
    columns: &[own("name", Made), own("at", Made), own("piece", Made), own("written_at", Made)],
};

impl Table {
    /// Returns the columns as a statement lists them.
    pub(in crate::store) fn list(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        names.join(", ")
    }
}
