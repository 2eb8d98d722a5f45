//! From a template and a payload to an expanded document.
//!
//! A [`Template`] is a pipeline file with its expressions parsed and their names checked, once
//! when the file is loaded. [`Template::expand`] evaluates them for one delivery. Expansion works
//! on the tree, never on text: a value becomes a node, or a part of one scalar, and nothing is
//! parsed again. So no payload adds a key, an item or a document, and a value that holds `${{`
//! or `$(` stays those characters.
//!
//! | an expression is | and gives | the document gets |
//! |---|---|---|
//! | the whole scalar | object, array | that structure |
//! | the whole scalar | string, number, boolean, null | a scalar that remembers the type |
//! | part of a scalar | string, number, boolean, null | text, tainted where it came from a payload |
//! | part of a scalar | object, array | an error, code `not-a-string` |

mod alone;
mod compile;
mod decision;
mod directive;
mod emit;
mod expand;
mod expanded;
mod files;
mod group;
mod hole;
mod load;
mod old;
mod parameter;
mod part;
mod pattern;
mod place;
mod reference;
mod repository;
mod step;
mod value;
mod written;

pub use compile::half_open_text;
pub use decision::Decision;
pub use emit::{to_json, to_yaml};
pub use expand::{
    Decided, EVALUATED_BYTES_MAX, EVALUATED_COMPARED_MAX, EXPANDED_BYTES_MAX, EXPANDED_DEPTH_MAX, EXPANDED_NODES_MAX,
    Gaps, WORK_MAX,
};
pub use expanded::{Content, Entry, Kind, Node, Scalar};
pub use files::{FileError, FileText, Files, NoFiles, Repository};
pub use group::{Group, Groups};
pub use hole::{Found, find as find_expressions, half_open};
pub use old::{OLD_KEYS, WITH_JOBS, old_form};
pub use parameter::{Form, Judge, PARAMETERS_MAX, ParameterDeclaration, ParameterKind, bind};
pub use pattern::Pattern;
pub use reference::{FileKey, Kind as TemplateKind};
pub use value::{WRITE_OR_CHOOSE, came_from, nothing_at, object_in_text};
pub use written::as_file;

use crate::diagnostic::{Diagnostics, SourceId, SourceMap, Span};
use crate::expression::{Object, Reference};
use crate::yaml;
use load::Loaded;
use std::sync::Arc;

/// The most different templates that one expansion uses, beside the pipeline itself (reference,
/// section 2.6).
pub const FILES_MAX: usize = 100;
/// The most files, one named in the other, that one expansion enters (reference, section 2.6).
pub const DEPTH_MAX: usize = 100;
/// The most files that are read for one pipeline: those that it may come to use.
pub const FROZEN_MAX: usize = 1_000;
/// The most bytes that these files have (reference, section 2.6).
pub const FROZEN_BYTES_MAX: usize = 20 * 1024 * 1024;
/// The most files of a folder that a computed name can mean.
pub const LISTED_MAX: usize = 1_000;

/// The most branches of one `if` that checks look at. What more of them would bring to the mapping around is in
/// doubt, and nothing else.
pub const BRANCHES_MAX: usize = 32;

/// A pipeline file and all that it may include, with their expressions parsed.
#[derive(Debug, Clone)]
pub struct Template {
    loaded: Loaded,
}

/// What expressions are evaluated with, for one run.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The values of parameters, and each webhook alias with its payload.
    pub parameters: Object,
    /// The aliases of webhook resources, again: what is below them came from outside.
    pub webhooks: Vec<String>,
    /// `resources.webhooks.<alias>` with `headers`, `event` and `delivery`.
    pub resources: Object,
    /// Variables that are known before the file's own, such as `Build.Reason`.
    pub variables: Vec<(String, String)>,
    /// The variable groups of the configuration.
    pub groups: Arc<Groups>,
    /// Which branches are taken.
    pub branches: Branches,
    /// What of the parameters another run may have other values of.
    pub varying: Varying,
}

/// Which parameters of the first file have other values in other runs. Variables that no file defines, and
/// what is known of a delivery, always may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Varying {
    /// All: people who start a run, or files that name a template, give them.
    #[default]
    All,
    /// The payloads alone: a delivery gives no parameters, so these have their defaults.
    Payloads,
}

/// Which branches of `if` an expansion takes, and how often it goes through loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Branches {
    /// Those whose conditions hold; a loop has a turn for each of what it goes through.
    #[default]
    Decided,
    /// For checks, those whose conditions hold in every run. A value that may be another in another run is
    /// none, so that what is wrong with the rest is wrong with every run.
    InEveryRun,
    /// For checks, whatever conditions say: of each `if` in a list all branches, and of others the one at a
    /// place, counted from 0, or the last. A loop that would have no turn has one.
    Each(usize),
}

impl Template {
    /// Compiles a pipeline, and reads and compiles the files that it may include. `webhooks` are
    /// the aliases of its webhook resources. What is wrong is reported; the template can be
    /// expanded only if nothing was an error. The texts of the files join `sources`. `judge` says
    /// what is wrong with steps, jobs and stages that are passed to parameters.
    pub fn load(
        document: &yaml::Node,
        webhooks: &[String],
        files: &dyn Files,
        judge: Judge,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        Self { loaded: load::load(document, webhooks, files, judge, sources, diagnostics) }
    }

    /// Returns the parameters that the pipeline declares.
    pub fn parameters(&self) -> &[ParameterDeclaration] {
        self.loaded.files[0].declared.typed().unwrap_or_default()
    }

    /// Returns where the pipeline declares its parameters: their defaults stand there.
    pub fn parameters_place(&self) -> Option<Span> {
        self.loaded.files[0].parameters
    }

    /// Evaluates all expressions. Every mistake is reported; the document is there as far as it
    /// could be made, and must not be used if there are errors.
    pub fn expand(&self, inputs: &Inputs, diagnostics: &mut Diagnostics) -> Node {
        expand::expand(&self.loaded, inputs, diagnostics).0
    }

    /// As [`Self::expand`], and tells the places whose values could not be made. If there are any, the document
    /// has gaps for what they would have brought ([`Node::is_gap`]).
    pub fn expand_with_gaps(&self, inputs: &Inputs, diagnostics: &mut Diagnostics) -> (Node, Gaps) {
        expand::expand_with_gaps(&self.loaded, inputs, diagnostics)
    }

    /// As [`Self::expand_with_gaps`], of what every run has: values that may be others in another run are gaps.
    pub fn expand_what_is_sure(&self, inputs: &Inputs, diagnostics: &mut Diagnostics) -> (Node, Gaps) {
        expand::expand_what_is_sure(&self.loaded, inputs, diagnostics)
    }

    /// As [`Self::expand`], and tells which values of a payload decided an `if` or `elseif`.
    pub fn expand_told(&self, inputs: &Inputs, diagnostics: &mut Diagnostics) -> (Node, Vec<Decided>) {
        expand::expand_told(&self.loaded, inputs, diagnostics)
    }

    /// As [`Self::expand`], for inputs whose tainted texts stand for any other text. `None` where
    /// other text might have given another document than this one with that text in its places.
    pub fn expand_for_any_text(&self, inputs: &Inputs, diagnostics: &mut Diagnostics) -> Option<Node> {
        let (document, text_decided) = expand::expand(&self.loaded, inputs, diagnostics);
        (!text_decided).then_some(document)
    }

    /// Returns for how many places [`Branches::Each`] gives other documents: the branches of the `if` that has
    /// most of those that bring keys, at most [`BRANCHES_MAX`], 1 where there are only lists and loops, and 0 where the document is the
    /// same for all values but in what expressions give.
    pub fn branches(&self) -> usize {
        self.loaded.files.iter().map(|file| file.document.branches()).max().unwrap_or(0).min(BRANCHES_MAX)
    }

    /// Returns every name that an expression of the pipeline file reads, with the members that
    /// follow it: which parts of a payload expansion will need. Payloads are known in this file
    /// only, and what it passes on to others is named here.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        self.loaded.files[0].document.visit(&mut |expression| references.extend(expression.references()));
        references
    }

    /// Returns the text of the file that a file names literally, if it was read. `from` is the text in
    /// which the name stands.
    pub fn named(&self, from: SourceId, written: &str) -> Option<SourceId> {
        let from = &self.loaded.files[*self.loaded.by_source.get(&from)?].key;
        let key = reference::resolve(written, from, &self.loaded.aliases).ok()?;
        self.loaded.index.get(&key).map(|&at| self.loaded.files[at].source)
    }

    /// Returns the texts of the files that others name, literally and in a place for templates, with
    /// what each is named as.
    pub fn included(&self) -> impl Iterator<Item = (SourceId, TemplateKind)> {
        self.loaded.files.iter().filter_map(|file| Some((file.source, file.named_as?)))
    }

    /// Returns what the expressions of all files read that decide what runs: those of `if` and `elseif`, and in the
    /// values of `condition` and `enabled`, also by variables, parameters of templates and loops.
    pub fn decisions(&self) -> Vec<Decision> {
        decision::decisions(&self.loaded, &|from, written| self.named(from, written))
    }

    /// Returns every reference in the expressions of all files.
    pub fn all_references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        for file in &self.loaded.files {
            file.document.visit(&mut |expression| references.extend(expression.references()));
        }
        references
    }

    /// Says whether an expression of any file looks at what is known of a delivery beside its
    /// payload.
    pub fn reads_resources(&self) -> bool {
        self.all_references().iter().any(|it| it.root.eq_ignore_ascii_case("resources"))
    }
}
