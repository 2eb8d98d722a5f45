//! The expanded document, whose shape has been checked, to the typed model.
//!
//! What is wrong with the shape has been reported and is passed over here, so that the checks see
//! everything else. What is reported here needs a closer look than the tables of the schema have.

mod job;
mod package;
mod pool;
mod resource;
mod step;
mod strategy;
mod task;

use super::check::not_evaluated;
use super::condition;
use super::executable::{Capability, need};
use super::machine::Machine;
use super::model::{Condition, Job, Pipeline, Placed, Pool, Stage, Variable, Variables};
use super::plan::{self, Concurrency, ConcurrencyPolicy, LockBehavior};
use super::schema::{STAGES_MAX, VARIABLES_MAX};
use super::value::{
    author, boolean, count, entries, entry, filled, items, member, names, only_author, own, pairs, placed_text, scalar,
    text,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::taint::Text;
use crate::template::{Content, Entry, Kind, Node, Pattern};

/// The keys of a job that bring steps, or jobs for them.
const STEPS_OF_A_JOB: &[&str] = &["steps", "strategy"];

/// Reads a document as far as it can be read.
pub(super) fn read(document: &Node, machine: Option<&dyn Machine>, diagnostics: &mut Diagnostics) -> Pipeline {
    Reader { diagnostics, machine, known: Vec::new() }.root(document)
}

/// Where mistakes go, and what is known of the pipeline as a whole.
struct Reader<'d> {
    diagnostics: &'d mut Diagnostics,
    /// Who will execute the run, if that is known.
    machine: Option<&'d dyn Machine>,
    /// Variables of the whole run whose values are known before it is queued.
    known: Vec<(String, String)>,
}

impl Reader<'_> {
    fn error(&mut self, code: Code, title: impl Into<String>, span: Span, label: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, title, span, label));
    }

    fn need(&mut self, capability: Capability, span: Span) {
        need(capability, span, self.diagnostics);
    }

    /// Says whether a key of a mapping is not known, which has been told: what it was meant to be may be missing.
    fn is_misread(&self, node: &Node) -> bool {
        let is_unknown = |entry: &Entry| self.diagnostics.tells(Code::UnknownKey, entry.key_span);
        !self.diagnostics.is_empty() && entries(node).iter().any(is_unknown)
    }

    /// Says whether a key of a mapping that is not known, which has been told, was meant to be one of some words.
    fn may_have_meant(&self, node: &Node, words: &[&str]) -> bool {
        let is_near = |entry: &&Entry| nearest(author(&entry.key), words.iter().copied()).is_some();
        let is_unknown = |entry: &Entry| self.diagnostics.tells(Code::UnknownKey, entry.key_span);
        !self.diagnostics.is_empty() && entries(node).iter().filter(is_near).any(is_unknown)
    }

    fn root(&mut self, document: &Node) -> Pipeline {
        let mut pipeline = Pipeline { variables: self.variables(document), ..Pipeline::default() };
        self.known = known(&pipeline.variables);
        pipeline.name = member(document, "name").and_then(|node| Some(Placed { value: text(node)?, span: node.span }));
        pipeline.lock_behavior = lock_behavior(document);
        pipeline.concurrency = self.concurrency(document);
        pipeline.resources = self.resources(document);
        let pool = member(document, "pool").and_then(|node| self.pool(node)).unwrap_or_default();
        if let Some(stages) = entry(document, "stages") {
            let written = items(&stages.value, STAGES_MAX);
            pipeline.stages = written.iter().filter_map(|item| self.stage(item, &pool)).collect();
            let is_unnamed = |stage: &Node| has_unread_name(stage, "stage");
            // What is beyond the limit, which is told, was not read: others may mean it.
            let is_whole = !written.iter().any(is_unnamed) && written.len() == items(&stages.value, usize::MAX).len();
            pipeline.has_gaps = pipeline.stages.len() < written.len() || !is_whole;
            pipeline.missing = missing_names(written, pipeline.stages.len()).filter(|_| is_whole);
        } else if let Some(jobs) = entry(document, "jobs") {
            let mut stage = Stage::default();
            self.jobs(&mut stage, jobs, &pool);
            pipeline.stages = vec![stage];
        } else if entry(document, "steps").is_some() {
            let mut job = Job { pool, ..Job::default() };
            self.body_of_job(&mut job, document);
            pipeline.stages = vec![Stage { jobs: vec![job], ..Stage::default() }];
        }
        pipeline
    }

    fn concurrency(&mut self, document: &Node) -> Option<Concurrency> {
        let entry = entry(document, "concurrency")?;
        let policy = member(&entry.value, "policy").and_then(own).map(|policy| policy.value.to_ascii_lowercase());
        Some(Concurrency {
            group: self.group(member(&entry.value, "group")?)?,
            limit: member(&entry.value, "limit").and_then(count).unwrap_or(1),
            policy: match policy.as_deref() {
                Some("latest") => ConcurrencyPolicy::Latest,
                Some("cancel-running") => ConcurrencyPolicy::CancelRunning,
                _ => ConcurrencyPolicy::Queue,
            },
        })
    }

    /// Returns the text of a group: macros in what the author wrote are replaced, payload text stays.
    fn group(&mut self, node: &Node) -> Option<Text> {
        let mut group = Text::default();
        for segment in text(node)?.segments() {
            let mut segment = segment.clone();
            if !segment.is_tainted() {
                let written = Placed { value: segment.text.to_string(), span: node.span };
                segment.text = self.with_known_macros(written, "the group of `concurrency`")?.value.into();
            }
            group.push(segment);
        }
        Some(group)
    }

    /// Returns what people call a stage, job or step. An expression `$[ ]` is not evaluated in it.
    fn display_name(&mut self, node: &Node) -> Option<Text> {
        let name = member(node, "displayName").and_then(placed_text)?;
        if let Some(warning) = not_evaluated("displayName", &name.value, name.span) {
            self.diagnostics.push(warning);
        }
        Some(name.value)
    }

    fn stage(&mut self, node: &Node, pool: &Pool) -> Option<Stage> {
        self.is_kind(node, "stage")?;
        self.skippable(node);
        let own_pool = member(node, "pool").and_then(|node| self.pool(node));
        let pool = own_pool.as_ref().unwrap_or(pool);
        let mut stage = Stage {
            name: member(node, "stage").and_then(filled),
            display_name: self.display_name(node),
            depends_on: member(node, "dependsOn").map(names),
            condition: member(node, "condition").and_then(|node| self.condition(node)),
            variables: self.variables(node),
            lock_behavior: lock_behavior(node),
            is_mandatory: member(node, "isSkippable").and_then(boolean) == Some(false),
            is_written: true,
            ..Stage::default()
        };
        if let Some(trigger) = member(node, "trigger").and_then(own) {
            stage.is_manual = trigger.value.eq_ignore_ascii_case("manual");
            if stage.is_manual {
                self.need(Capability::ManualStage, trigger.span);
            }
        }
        if let Some(checks) = entry(node, "checks") {
            self.need(Capability::Checks, checks.key_span);
        }
        match entry(node, "jobs") {
            Some(jobs) => self.jobs(&mut stage, jobs, pool),
            None => stage.has_gaps = true,
        }
        stage.may_wait = self.may_wait(node);
        if self.may_have_meant(node, STEPS_OF_A_JOB) {
            stage.jobs.iter_mut().for_each(|job| job.has_gaps = true);
        }
        Some(stage)
    }

    /// Says whether a stage or job may wait for what nobody can tell.
    fn may_wait(&self, node: &Node) -> bool {
        let is_text = |node: &Node| matches!(node.content, Content::Scalar(_)) && !node.is_gap();
        let is_unread = |names: &Node| match &names.content {
            Content::Sequence(names) => !names.iter().all(is_text),
            _ => !is_text(names),
        };
        member(node, "dependsOn").is_some_and(is_unread) || self.may_have_meant(node, &["dependsOn"])
    }

    /// Says whether a mapping begins with a keyword; a reference to a template that is left is
    /// reported.
    fn is_kind(&mut self, node: &Node, keyword: &str) -> Option<()> {
        if entry(node, keyword).is_some() {
            return Some(());
        }
        let template = entry(node, "template")?;
        self.need(Capability::Templates, template.key_span);
        None
    }

    /// Nobody can leave a stage out here, so whether one may is no question.
    fn skippable(&mut self, stage: &Node) {
        let Some(entry) = entry(stage, "isSkippable").filter(|entry| boolean(&entry.value).is_some()) else { return };
        let title = "`isSkippable` does nothing: a run leaves no stage out that its conditions don't";
        self.diagnostics.push(Diagnostic::note_at(Code::NoEffect, title, entry.key_span, "this is passed over"));
    }

    fn condition(&mut self, node: &Node) -> Option<Condition> {
        let scalar = scalar(node)?;
        let text = condition::splice(&scalar.text, &scalar.segment_spans, self.diagnostics)?;
        let is_verbatim = scalar.kind == Kind::Plain && text.len() == node.span.range().len();
        let within = only_author(&scalar.text).map(|whole| (whole, 0));
        (!text.trim().is_empty()).then_some(Condition { text, span: node.span, is_verbatim, within })
    }

    /// Returns the variables of a scope.
    fn variables(&mut self, scope: &Node) -> Variables {
        let mut variables = Variables::default();
        let Some(node) = member(scope, "variables") else { return variables };
        variables.has_gaps = node.has_gap();
        match &node.content {
            Content::Sequence(_) => {
                for item in items(node, VARIABLES_MAX) {
                    self.variable_item(item, &mut variables);
                }
            }
            _ => {
                let known = entries(node).iter().filter(|entry| !entry.is_gap());
                variables.own = known.filter_map(variable).collect();
            }
        }
        variables
    }

    fn variable_item(&mut self, node: &Node, variables: &mut Variables) {
        if let Some(group) = entry(node, "group") {
            let after = variables.own.len();
            let name = filled(&group.value).map(|name| name.value);
            variables.groups.extend(name.map(|name| plan::VariableGroup { name, after }));
        } else if self.is_kind(node, "name").is_some() {
            let Some(name) = member(node, "name").and_then(own) else { return };
            let value = member(node, "value");
            variables.own.push(Variable {
                name,
                value: value.and_then(text).unwrap_or_default(),
                value_span: value.map_or(node.span, |value| value.span),
                read_only: super::value::is_true(node, "readonly"),
                own_number: value.is_some_and(is_own_number),
            });
        }
    }

    /// Returns text with the macros of known variables replaced; one that is not known is
    /// reported.
    fn with_known_macros(&mut self, written: Placed<String>, what: &str) -> Option<Placed<String>> {
        let mut value = String::new();
        let mut rest = written.value.as_str();
        while let Some(start) = rest.find("$(") {
            let end = rest[start..].find(')').map_or(rest.len(), |end| start + end);
            let name = &rest[start + 2..end];
            let known = self.known.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let Some((_, known)) = known else {
                let title = format!("{what} must be known before the run");
                let unknown = Diagnostic::error(Code::InvalidValue, title, written.span, "this is known only later");
                let help = "write the value, or a variable of the whole pipeline that has one";
                self.diagnostics.push(unknown.help(help));
                return None;
            };
            value.push_str(&rest[..start]);
            value.push_str(known);
            rest = &rest[(end + 1).min(rest.len())..];
        }
        value.push_str(rest);
        Some(Placed { value, span: written.span })
    }
}

/// Returns what the names of stages or jobs may be that stand behind the gaps of a list, if all else in it was read.
fn missing_names(written: &[Node], read: usize) -> Option<Vec<Pattern>> {
    let gaps: Vec<&Node> = written.iter().filter(|item| item.is_gap()).collect();
    if read + gaps.len() < written.len() {
        return None;
    }
    let patterns = gaps.iter().map(|gap| scalar(gap)?.patterns.as_deref());
    Some(patterns.collect::<Option<Vec<_>>>()?.concat())
}

/// Says whether what stands where the name of a stage, job or step should is none, so that others may mean it.
fn has_unread_name(node: &Node, key: &str) -> bool {
    member(node, key).is_some_and(|name| !matches!(name.content, Content::Scalar(_)) || name.is_gap())
}

fn variable(entry: &Entry) -> Option<Variable> {
    let name = Placed { value: author(&entry.key).to_owned(), span: entry.key_span };
    let (value, own_number) = (text(&entry.value)?, is_own_number(&entry.value));
    Some(Variable { name, value, value_span: entry.value.span, read_only: false, own_number })
}

/// Says whether a value is a number that the author wrote, and none of a payload.
fn is_own_number(value: &Node) -> bool {
    let Some(scalar) = scalar(value) else { return false };
    let text = scalar.text.flatten();
    let is_own = value.origin.is_none() && scalar.number_from.is_none() && !scalar.text.is_tainted();
    is_own && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns which run goes on when a lock is free.
fn lock_behavior(node: &Node) -> Option<LockBehavior> {
    let word = own(&entry(node, "lockBehavior")?.value)?.value;
    Some(if word.eq_ignore_ascii_case("sequential") { LockBehavior::Sequential } else { LockBehavior::RunLatest })
}

/// Returns the variables of a mapping of text.
fn variables_of(node: &Node) -> Vec<Variable> {
    entries(node).iter().filter_map(variable).collect()
}

/// Returns the variables that have a value of the author's that nothing can change before the run.
fn known(variables: &Variables) -> Vec<(String, String)> {
    let is_plain = |variable: &&Variable| {
        let flat = variable.value.flatten();
        !variable.value.is_tainted() && !flat.contains("$(") && !flat.contains("$[")
    };
    let pair = |variable: &Variable| (variable.name.value.clone(), variable.value.flatten().into_owned());
    variables.own.iter().filter(is_plain).map(pair).collect()
}

/// Returns the environment of a step or container.
fn environment(node: &Node) -> Vec<(Placed<String>, Text)> {
    member(node, "env").map(pairs).unwrap_or_default()
}
