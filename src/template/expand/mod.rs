//! Evaluating a template for one run.
//!
//! ```text
//! decision   what of a payload decided an `if`, for people who ask
//! scalar     scalars: what expressions give, alone or between text
//! sequence   lists: directives bring items, lists from expressions are flattened one level
//! mapping    keys and values: directives bring keys, variables are defined
//! glue       numbers that the text around them would make part of something else
//! include    other files, with parameters of their own
//! extend     a whole pipeline in the place of `extends`, and its resources
//! gap        what values that are not known yet may bring, for checks
//! names      what the names may be of what such values bring
//! partial    lists of which a part is known
//! variables  what is known as `variables` at the present point
//! missed     members that a value has not, and that have nearly the name of one which it has
//! ways       by which way a part of the document came into it
//! written    values that a loop puts somewhere else stay where their author wrote them
//! spent      the limits of one expansion
//! ```
//!
//! Each file that is entered has a frame: its own parameters and loops. Variables are known
//! through all frames, since a template sees those of its caller.

mod decision;
mod extend;
mod gap;
mod glue;
mod include;
mod mapping;
mod missed;
mod names;
mod partial;
mod scalar;
mod sequence;
mod spent;
mod variables;
mod ways;
mod written;

pub use decision::Decided;
pub use spent::{
    EVALUATED_BYTES_MAX, EVALUATED_COMPARED_MAX, EXPANDED_BYTES_MAX, EXPANDED_DEPTH_MAX, EXPANDED_NODES_MAX, WORK_MAX,
};
pub use written::Gaps;

use super::load::{File, Loaded};
use super::part::Part;
use super::place::Place;
use super::value::Size;
use super::{Branches, Content, Entry, Inputs, Kind, Node, Pattern, Scalar, compile};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::expression::{Context, Dialect, Value};
use crate::taint::{Origin, Text};
use spent::{Loop, Spent};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use variables::Variables;
use ways::Ways;

/// Returns the document, and whether tainted text has decided anything about it.
pub(super) fn expand(loaded: &Loaded, inputs: &Inputs, diagnostics: &mut Diagnostics) -> (Node, bool) {
    let mut expansion = Expansion::new(loaded, inputs, diagnostics);
    let document = expansion.part(&loaded.files[0].document, Place::Root);
    let looked = expansion.frames[0].context.has_looked_at_taint();
    (document, looked || expansion.text_decided)
}

/// Returns the document with gaps for what could not be made, and the places where that was, which has been
/// reported.
pub(super) fn expand_with_gaps(loaded: &Loaded, inputs: &Inputs, diagnostics: &mut Diagnostics) -> (Node, Gaps) {
    let mut expansion = Expansion::new(loaded, inputs, diagnostics);
    expansion.has_gaps = true;
    let document = expansion.part(&loaded.files[0].document, Place::Root);
    expansion.unknown.extend(expansion.open);
    let mixed = expansion.patterns.into_keys().collect();
    (
        document,
        Gaps { places: expansion.unknown, mixed, thinned: expansion.thinned, put: expansion.put, ways: expansion.ways },
    )
}

/// Returns what every run has, with gaps for all that may be another in another run, and the places of these
/// values.
pub(super) fn expand_what_is_sure(loaded: &Loaded, inputs: &Inputs, diagnostics: &mut Diagnostics) -> (Node, Gaps) {
    expand_with_gaps(loaded, &Inputs { branches: Branches::InEveryRun, ..inputs.clone() }, diagnostics)
}

/// Returns the document, and what of a payload decided which branches it has.
pub(super) fn expand_told(loaded: &Loaded, inputs: &Inputs, diagnostics: &mut Diagnostics) -> (Node, Vec<Decided>) {
    let mut expansion = Expansion::new(loaded, inputs, diagnostics);
    expansion.decided = Some(Vec::new());
    let document = expansion.part(&loaded.files[0].document, Place::Root);
    (document, expansion.decided.unwrap_or_default())
}

/// After how many mistakes an expansion is not gone on with.
const MISTAKES_MAX: usize = 100;

struct Expansion<'e> {
    loaded: &'e Loaded,
    inputs: &'e Inputs,
    /// The files that are entered, the pipeline's own first.
    frames: Vec<Frame<'e>>,
    variables: Variables,
    diagnostics: &'e mut Diagnostics,
    spent: Spent,
    /// The loops that are gone through at present, the outer first.
    loops: Vec<Loop>,
    /// The templates that have been used, each once; the pipeline's own file is none.
    used: Vec<usize>,
    /// Whether what is put in its place is copied from a file as it is.
    is_copied: bool,
    /// Whether the values are passed to a template, which may look at them: what stands at their places in the
    /// end is put there when it has passed them on.
    is_passed: bool,
    /// Whether tainted text has decided anything, beside what the expressions of the open frames
    /// have looked at.
    text_decided: bool,
    /// What of a payload decided an `if`; `None` where nobody asked.
    decided: Option<Vec<Decided>>,
    /// The places whose values could not be made, which has been reported: what they would have
    /// brought is no second mistake.
    unknown: HashSet<Span>,
    /// Whether there are gaps in the document where values could not be made.
    has_gaps: bool,
    /// Whether there is one.
    has_left_gap: bool,
    /// The places whose values may be others in another run, or of which a part could not be made.
    open: HashSet<Span>,
    /// The places in values that were passed on without their gaps, at which a check would miss something.
    thinned: HashSet<Span>,
    /// For texts of which a part is not settled, what they may come to be.
    patterns: HashMap<Span, Pattern>,
    /// The places of values that a loop put somewhere else, each with the expression that did so.
    put: HashMap<Span, Span>,
    /// By which way each part of the document came into it.
    ways: Ways,
    /// The `resources` of the pipeline that was extended last, until they join those of the file around.
    brought: Option<Entry>,
}

/// A loop that is gone through in a file.
struct Turn {
    /// The name of its value.
    name: Arc<str>,
    /// Where its present value was written, if it is an item of a list that an author wrote.
    place: Option<Span>,
    /// What it goes through.
    collection: Value,
}

/// One use of one file.
struct Frame<'e> {
    file: &'e File,
    context: Context<'static>,
    /// Which state of the variables the context has.
    published: Option<u64>,
    /// Where in a payload the values of parameters and loops came from.
    origins: Vec<(Arc<str>, Arc<Origin>)>,
    /// Parameters and loops with something of a payload anywhere in their values: numbers read from them
    /// may be a payload's.
    touched: Vec<(Arc<str>, Arc<Origin>)>,
    /// The parameters whose values could not be made.
    unknown: Vec<Arc<str>>,
    /// The parameters and loops whose values may be others in another run, or of which a part could not be made.
    open: Vec<Arc<str>>,
    open_loops: Vec<Arc<str>>,
    /// Of those parameters that are lists of which some items are known, for each of these whether a part of it is
    /// not.
    partial: Vec<(Arc<str>, Arc<[bool]>)>,
    /// The loops around.
    turns: Vec<Turn>,
    /// Where the file is named; `None` for the pipeline's own.
    named_at: Option<Span>,
    /// The number of the way that led into the file.
    way: u32,
}

impl<'e> Frame<'e> {
    fn new(
        file: &'e File,
        parameters: Value,
        origins: Vec<(Arc<str>, Arc<Origin>)>,
        inputs: &Inputs,
        named_at: Option<Span>,
    ) -> Self {
        let mut context = Context::new(Dialect::Template);
        context.set("parameters", parameters);
        context.set("variables", Value::object::<Text>([]));
        context.set("resources", inputs.resources.clone().into());
        Self {
            file,
            context,
            published: None,
            origins,
            touched: Vec::new(),
            unknown: Vec::new(),
            open: Vec::new(),
            open_loops: Vec::new(),
            partial: Vec::new(),
            turns: Vec::new(),
            named_at,
            way: 0,
        }
    }
}

impl<'e> Expansion<'e> {
    fn new(loaded: &'e Loaded, inputs: &'e Inputs, diagnostics: &'e mut Diagnostics) -> Self {
        let origins = inputs.webhooks.iter().map(|alias: &String| {
            let whole = Origin { alias: alias.as_str().into(), path: "".into() };
            (Arc::from(alias.as_str()), Arc::new(whole))
        });
        let mut frame = Frame::new(&loaded.files[0], inputs.parameters.clone().into(), origins.collect(), inputs, None);
        if !matches!(inputs.branches, Branches::Each(_)) {
            let declared = loaded.files[0].declared.closed_names().into_iter().flatten();
            let absent = declared.filter(|name| inputs.parameters.member(name).is_none());
            frame.unknown = absent.map(Arc::from).collect();
        }
        Self {
            loaded,
            inputs,
            frames: vec![frame],
            variables: Variables::new(&inputs.variables),
            diagnostics,
            spent: Spent::default(),
            loops: Vec::new(),
            used: Vec::new(),
            is_copied: false,
            is_passed: false,
            text_decided: false,
            decided: None,
            unknown: HashSet::new(),
            has_gaps: false,
            has_left_gap: false,
            open: HashSet::new(),
            thinned: HashSet::new(),
            patterns: HashMap::new(),
            put: HashMap::new(),
            ways: Ways::new(&loaded.files[0], inputs),
            brought: None,
        }
    }

    fn frame(&mut self) -> &mut Frame<'e> {
        self.frames.last_mut().expect("the pipeline's own frame is never left")
    }

    /// Reports a mistake, with the way that led into the present file.
    ///
    /// A loop makes the same mistake in each turn, and a file that is used twice in each use: it is
    /// told once, and after many that differ nothing more is made.
    fn report(&mut self, mut diagnostic: Diagnostic) {
        if diagnostic.ways.is_empty() && self.frames.len() > 1 {
            diagnostic.ways = vec![self.frames.iter().rev().filter_map(|frame| frame.named_at).collect()];
        }
        let is_same = |it: &Diagnostic| it.severity >= diagnostic.severity && it.identity() == diagnostic.identity();
        let known = self.diagnostics.iter().position(is_same);
        if let Some(at) = known {
            return self.diagnostics.join_ways(at, &diagnostic.ways);
        }
        self.diagnostics.push(diagnostic);
        if self.diagnostics.len() >= MISTAKES_MAX {
            self.spent.end();
        }
    }

    /// Notes that something is decided by a value.
    fn look_at(&mut self, value: &Value) {
        self.text_decided = self.text_decided || value.has_taint();
    }

    /// Notes that something is decided by how many parts a value has, and not by what they are.
    fn look_at_shape(&mut self, value: &Value) {
        self.text_decided |= value.origin().is_some();
    }

    /// Expands a value to one node.
    fn part(&mut self, part: &Part, place: Place) -> Node {
        if self.spent.is_over() {
            return null(part.span());
        }
        match part {
            Part::Fixed { node, size } => {
                self.count(*size, node.span);
                self.fixed(node, place)
            }
            Part::Whole(hole) => self.whole(hole, place),
            Part::Mixed { span, pieces } => {
                Node { span: *span, origin: None, content: Content::Scalar(self.mixed(*span, pieces)) }
            }
            Part::Sequence { span, items } => {
                let items = self.items(items, place);
                self.count_one(*span);
                Node { span: *span, origin: None, content: Content::Sequence(items) }
            }
            Part::Mapping { span, entries } => self.mapping(*span, entries, place),
            Part::Unknown { span } => self.unknown(*span),
        }
    }

    /// Returns what stands for a value that could not be made.
    fn unknown(&mut self, span: Span) -> Node {
        self.unknown.insert(span);
        null(span)
    }

    /// Says whether the value of a node could not be made.
    fn is_unknown(&self, node: &Node) -> bool {
        !self.unknown.is_empty() && self.unknown.contains(&node.span)
    }

    fn count_one(&mut self, place: Span) {
        self.count(Size { nodes: 1, bytes: 0, depth: 0 }, place);
    }

    /// Counts what was made.
    fn count(&mut self, size: Size, place: Span) {
        self.spent.add(size);
        self.check_spent(place);
    }

    /// Reports the first limit that was passed; from then on nothing more is made.
    fn check_spent(&mut self, place: Span) {
        if let Some(limit) = self.spent.exceeded() {
            let met = spent::over(limit, place, &self.loops);
            self.report(met);
        }
    }
}

fn null(span: Span) -> Node {
    Node { span, origin: None, content: Content::Scalar(Scalar::without_text(Kind::Null)) }
}
