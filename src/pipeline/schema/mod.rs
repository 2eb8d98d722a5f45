//! Which keys may stand where, and what their values are (reference, section 9): the language as
//! data, and the mistakes that follow from it.
//!
//! ```text
//! mod       what a table is made of
//! table     pipelines, stages, jobs and all that stands in them
//! step      the kinds of steps
//! resource  triggers and resources
//! key       are the keys of a mapping those that it may have?
//! cron      the fields of a time table
//! shape     are the values of a document what the tables say?
//! word      texts of which only some are right
//! ```
//! The tables say what the language has. What this version can't execute is another question, see
//! [`executable`](super::executable).

mod cron;
mod key;
mod resource;
mod shape;
mod step;
mod table;
mod word;

pub(super) use key::listed;
pub(super) use resource::{FILTER, WEBHOOK};
pub(super) use shape::{NAME_MAX, check};
pub use shape::{WHATEVER_COMES, judge};
pub(super) use table::{JOBS_MAX, STAGES_MAX, STEPS_MAX, VARIABLES_MAX};

/// What a value may be.
#[derive(Debug)]
pub(super) enum Type {
    /// Text; it may hold text of a payload.
    Text,
    /// Text that decides what the pipeline does: nothing of it comes from a payload.
    Own,
    /// The same, and not empty.
    Filled,
    /// A name that other parts of the file or scripts use; the text says of what.
    Name(&'static str),
    /// A word for true or false.
    Boolean(Known),
    /// A number.
    Number(Number, Known),
    /// A number, or a percentage.
    Share,
    /// One of these words, in any case.
    Word(&'static [&'static str], Known),
    /// An expression without `$[ ]` around it.
    Condition,
    /// A pattern for branches and tags.
    Branch,
    /// Five fields of a time table.
    Cron,
    /// One text, or a list of them.
    Names,
    /// A mapping of which the author chooses the keys.
    Map(&'static Type),
    /// A mapping with the keys of a table.
    Mapping(&'static Kind),
    /// A list.
    List(List),
    /// A mapping that its keyword tells apart.
    Union(&'static Union),
    /// Text, a list or a mapping, each of a type of its own.
    Either(Either),
    /// Anything. It is read elsewhere, or by nobody.
    Anything,
}

/// When a value must be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Before the run is queued.
    Before,
    /// When the job is due: it may be a whole `$[ ]`, or a whole macro.
    AtJob,
    /// When the step begins: it may have macros in it.
    AtStep,
}

/// What a number may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    /// What is counted, such as `minutes`; empty where the key says it.
    pub(super) unit: &'static str,
    pub(super) least: f64,
    pub(super) most: f64,
    /// Whether it may be a fraction.
    pub(super) is_fraction: bool,
}

/// What a list may be.
#[derive(Debug)]
pub(super) struct List {
    pub(super) item: &'static Type,
    pub(super) least: usize,
    pub(super) most: usize,
}

/// What a value may be by its form. Nothing written counts as text where that is allowed, and as
/// empty otherwise.
#[derive(Debug)]
pub(super) struct Either {
    pub(super) text: Option<&'static Type>,
    pub(super) list: Option<&'static Type>,
    pub(super) mapping: Option<&'static Type>,
}

/// Mappings that are told apart by a keyword.
#[derive(Debug)]
pub(super) struct Union {
    /// What all of them are called in messages, with an article.
    pub(super) name: &'static str,
    /// Each with its keyword as [`Kind::first`].
    pub(super) kinds: &'static [&'static Kind],
    /// Old keywords, and what to write instead.
    pub(super) old: &'static [(&'static str, &'static str)],
}

/// A kind of mapping.
#[derive(Debug)]
pub(super) struct Kind {
    /// What it is called in messages, with its article.
    pub(super) name: &'static str,
    /// The key that must come first, if there is one.
    pub(super) first: Option<&'static str>,
    /// Keys that must be there.
    pub(super) required: &'static [&'static str],
    /// Keys of which one and only one must be there.
    pub(super) exactly_one: &'static [&'static str],
    /// Keys of which at least one must be there.
    pub(super) any_of: &'static [&'static str],
    /// Keys that may stand only beside another key.
    pub(super) only_beside: &'static [(&'static str, &'static str)],
    /// Every key that it may have.
    pub(super) keys: &'static [(&'static str, Type)],
    /// Keys that every mapping of a family may have, for each of its families.
    pub(super) common: &'static [&'static [(&'static str, Type)]],
    /// Old keys, and what to write instead.
    pub(super) old: &'static [(&'static str, &'static str)],
    /// Whether other keys are allowed, and do nothing.
    pub(super) is_open: bool,
}

/// A kind of which nothing is said.
const KIND: Kind = Kind {
    name: "",
    first: None,
    required: &[],
    exactly_one: &[],
    any_of: &[],
    only_beside: &[],
    keys: &[],
    common: &[],
    old: &[],
    is_open: false,
};

impl Kind {
    /// Returns the type of a key, if it may stand here.
    fn type_of(&self, key: &str) -> Option<&'static Type> {
        self.all().find(|(known, _)| *known == key).map(|(_, wanted)| wanted)
    }

    fn all(&self) -> impl Iterator<Item = &'static (&'static str, Type)> {
        self.keys.iter().chain(self.common.iter().copied().flatten())
    }
}
