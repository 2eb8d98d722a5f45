//! The expanded document to the typed model.

use super::condition;
use super::model::{Job, Pipeline, Placed, Stage, Step, Variable};
use super::plan::Interpreter;
use super::schema::{
    CHECKOUT_STEP, JOB, JOB_KINDS, POOL, ROOT, SCRIPT_STEP, STAGE, STAGE_KINDS, STEP_KINDS, Support, VARIABLE,
};
use super::value::Reader;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, shown};
use crate::taint::Text;
use crate::template::{Content, Entry, Node};

/// The pool of a job that names none, and of one that only asks for an image of a cloud.
const POOL_DEFAULT: &str = "default";
/// The most stages of a pipeline, and jobs of a stage.
const STAGES_MAX: usize = 256;
const JOBS_MAX: usize = 256;
/// The most steps of a job.
const STEPS_MAX: usize = 500;
/// The most variables of one block.
const VARIABLES_MAX: usize = 1_000;

/// Reads a document as far as it can be read.
pub(super) fn read(document: &Node, diagnostics: &mut Diagnostics) -> Pipeline {
    let mut reader = Reader { diagnostics };
    reader.root(document)
}

impl Reader<'_> {
    fn root(&mut self, document: &Node) -> Pipeline {
        let mut pipeline = Pipeline::default();
        let mut bodies: Vec<&Entry> = Vec::new();
        let mut pool = None;
        for (key, entry) in self.keys(document, ROOT) {
            match key {
                "name" => pipeline.name = self.text(&entry.value, "the name of runs"),
                "variables" => pipeline.variables = self.variables(&entry.value),
                "pool" => pool = self.pool(&entry.value),
                "steps" | "jobs" | "stages" => bodies.push(entry),
                // `resources` and `parameters` are read before expansion.
                _ => {}
            }
        }
        let pool = pool.unwrap_or_else(|| POOL_DEFAULT.to_owned());
        match bodies.as_slice() {
            [] => self.without_body(document),
            [body, others @ ..] => {
                pipeline.stages = self.body(body, &pool);
                for other in others {
                    let title = format!("a pipeline has `{}` or `{}`, not both", key(body), key(other));
                    let second = Diagnostic::error(Code::UnknownKey, title, other.key_span, "the second");
                    self.diagnostics.push(second.related(body.key_span, "the first"));
                }
            }
        }
        pipeline
    }

    fn without_body(&mut self, document: &Node) {
        let reported = self.diagnostics.has_errors() || !matches!(document.content, Content::Mapping(_));
        if !reported {
            let title = "a pipeline needs `steps`, `jobs` or `stages`";
            self.error(Code::MissingKey, title, document.span, "none of them is here");
        }
    }

    fn body(&mut self, body: &Entry, pool: &str) -> Vec<Stage> {
        match &*key(body) {
            "stages" => {
                let items = self.items(&body.value, "`stages`", STAGES_MAX);
                if items.is_empty() {
                    self.empty(body);
                }
                items.iter().filter_map(|item| self.stage(item, pool)).collect()
            }
            "jobs" => vec![Stage { jobs: self.jobs(body, pool), ..around() }],
            _ => vec![Stage { jobs: vec![Job { steps: self.steps(body), ..job(pool) }], ..around() }],
        }
    }

    fn empty(&mut self, body: &Entry) {
        let title = format!("`{}` has no entries", key(body));
        self.error(Code::MissingKey, title, body.key_span, "");
    }

    fn stage(&mut self, node: &Node, pool: &str) -> Option<Stage> {
        self.kind(node, &STAGE_KINDS, "a stage")?;
        let mut stage = Stage { is_written: true, ..around() };
        let keys = self.keys(node, STAGE);
        let own_pool = keys.iter().find(|(key, _)| *key == "pool").and_then(|(_, entry)| self.pool(&entry.value));
        let pool = own_pool.as_deref().unwrap_or(pool);
        for (key, entry) in keys {
            let value = &entry.value;
            match key {
                "stage" => stage.name = self.name(value, "the name of a stage"),
                "displayName" => stage.display_name = self.text(value, "`displayName`"),
                "dependsOn" => stage.depends_on = Some(self.names(value, "`dependsOn`")),
                "condition" => stage.condition = self.condition(value),
                "variables" => stage.variables = self.variables(value),
                "jobs" => stage.jobs = self.jobs(entry, pool),
                _ => {}
            }
        }
        Some(stage)
    }

    fn jobs(&mut self, body: &Entry, pool: &str) -> Vec<Job> {
        let items = self.items(&body.value, "`jobs`", JOBS_MAX);
        if items.is_empty() {
            self.empty(body);
        }
        items.iter().filter_map(|item| self.job(item, pool)).collect()
    }

    fn job(&mut self, node: &Node, pool: &str) -> Option<Job> {
        self.kind(node, &JOB_KINDS, "a job")?;
        let mut job = Job { is_written: true, ..job(pool) };
        for (key, entry) in self.keys(node, JOB) {
            let value = &entry.value;
            match key {
                "job" => job.name = self.name(value, "the name of a job"),
                "displayName" => job.display_name = self.text(value, "`displayName`"),
                "dependsOn" => job.depends_on = self.names(value, "`dependsOn`"),
                "condition" => job.condition = self.condition(value),
                "continueOnError" => job.continue_on_error = self.boolean(value, "`continueOnError`") == Some(true),
                "timeoutInMinutes" => job.timeout_minutes = self.minutes(value, "`timeoutInMinutes`"),
                "cancelTimeoutInMinutes" => {
                    job.cancel_timeout_minutes = self.minutes(value, "`cancelTimeoutInMinutes`");
                }
                "variables" => job.variables = self.variables(value),
                "pool" => job.pool = self.pool(value).unwrap_or_else(|| pool.to_owned()),
                "steps" => job.steps = self.steps(entry),
                _ => {}
            }
        }
        Some(job)
    }

    fn steps(&mut self, body: &Entry) -> Vec<Step> {
        let items = self.items(&body.value, "`steps`", STEPS_MAX);
        items.iter().filter_map(|item| self.step(item)).collect()
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        let kind = self.kind(node, &STEP_KINDS, "a step")?;
        if kind == "checkout" {
            self.checkout(node);
            return None;
        }
        let mut step = Step {
            interpreter: if kind == "bash" { Interpreter::Bash } else { Interpreter::CommandLine },
            script: self.script(node, kind)?,
            name: None,
            display_name: None,
            condition: None,
            continue_on_error: false,
            enabled: true,
            timeout_minutes: 0.0,
            env: Vec::new(),
            working_directory: None,
            fail_on_stderr: false,
        };
        for (key, entry) in self.keys(node, SCRIPT_STEP) {
            let value = &entry.value;
            match key {
                "name" => step.name = self.name(value, "the name of a step"),
                "displayName" => step.display_name = self.text(value, "`displayName`"),
                "condition" => step.condition = self.condition(value),
                "continueOnError" => step.continue_on_error = self.boolean(value, "`continueOnError`") == Some(true),
                "enabled" => step.enabled = self.boolean(value, "`enabled`") != Some(false),
                "timeoutInMinutes" => {
                    step.timeout_minutes = self.minutes(value, "`timeoutInMinutes`").unwrap_or_default();
                }
                "env" => step.env = self.env(value),
                "workingDirectory" => step.working_directory = self.text(value, "`workingDirectory`"),
                "failOnStderr" => step.fail_on_stderr = self.boolean(value, "`failOnStderr`") == Some(true),
                _ => {}
            }
        }
        Some(step)
    }

    fn script(&mut self, node: &Node, kind: &str) -> Option<Placed<crate::template::Scalar>> {
        let value = node.member(kind)?;
        let scalar = self.scalar(value, &format!("`{kind}`"))?;
        Some(Placed { value: scalar.clone(), span: value.span })
    }

    /// `checkout: none` does nothing, which is what a file without any checkout does here too.
    fn checkout(&mut self, node: &Node) {
        for (key, entry) in self.keys(node, CHECKOUT_STEP) {
            if key != "checkout" {
                continue;
            }
            if let Some(which) = self.own_text(&entry.value, "`checkout`").filter(|which| which.value != "none") {
                self.unsupported(&format!("checkout: {}", shown(&which.value)), entry.value.span);
            }
        }
    }

    /// Returns the key that says what kind of thing a mapping is; it must be the first.
    fn kind<'k>(&mut self, node: &Node, kinds: &'k [(&'k str, Support)], what: &str) -> Option<&'k str> {
        let Content::Mapping(entries) = &node.content else {
            self.wrong(node, &format!("{what} is a mapping"));
            return None;
        };
        let known = |entry: &Entry| {
            let key = key(entry);
            kinds.iter().find(|(kind, _)| !entry.key.is_tainted() && *kind == key)
        };
        let Some(place) = entries.iter().position(|entry| known(entry).is_some()) else {
            self.unknown_kind(node, entries, kinds, what);
            return None;
        };
        let (kind, support) = *known(&entries[place])?;
        let key_span = entries[place].key_span;
        match support {
            Support::Later => self.unsupported(kind, key_span),
            Support::Old(help) => {
                let title = format!("`{kind}` is an old form");
                self.diagnostics.push(Diagnostic::error(Code::Unsupported, title, key_span, "").help(help));
            }
            Support::Now | Support::Ignored => {
                if place > 0 {
                    let title = format!("`{kind}` must be the first key of {what}");
                    let late = Diagnostic::error(Code::InvalidValue, title, key_span, "move this key up");
                    self.diagnostics.push(late.related(entries[0].key_span, "this key is the first"));
                }
                return Some(kind);
            }
        }
        None
    }

    fn unknown_kind(&mut self, node: &Node, entries: &[Entry], kinds: &[(&str, Support)], what: &str) {
        let usual = kinds.iter().filter(|(_, support)| *support == Support::Now);
        let usual: Vec<String> = usual.map(|(kind, _)| format!("`{kind}`")).collect();
        let title = format!("{what} begins with {}", usual.join(" or "));
        let Some(first) = entries.first() else {
            self.error(Code::MissingKey, title, node.span, "nothing is here");
            return;
        };
        let written = key(first);
        let label = format!("this begins with `{}`", shown(&written));
        let unknown = Diagnostic::error(Code::UnknownKey, title, first.key_span, label);
        self.diagnostics.push(unknown.suggest(&written, kinds.iter().map(|(kind, _)| *kind)));
    }

    fn condition(&mut self, node: &Node) -> Option<Placed<String>> {
        let scalar = self.scalar(node, "`condition`")?;
        let text = condition::splice(&scalar.text, &scalar.segment_spans, self.diagnostics)?;
        (!text.trim().is_empty()).then_some(Placed { value: text, span: node.span })
    }

    /// Returns the pool's name. A pool that only asks for an image is the default pool.
    fn pool(&mut self, node: &Node) -> Option<String> {
        if !matches!(node.content, Content::Mapping(_)) {
            return self.own_text(node, "a pool").map(|name| name.value).filter(|name| !name.is_empty());
        }
        let keys = self.keys(node, POOL);
        let name = keys.into_iter().find(|(key, _)| *key == "name");
        name.and_then(|(_, entry)| self.own_text(&entry.value, "a pool")).map(|name| name.value)
    }

    fn env(&mut self, node: &Node) -> Vec<(Placed<String>, Text)> {
        match &node.content {
            Content::Mapping(entries) => entries.iter().filter_map(|entry| self.env_entry(entry)).collect(),
            Content::Scalar(scalar) if scalar.text.is_empty() => Vec::new(),
            _ => {
                self.wrong(node, "`env` is a mapping");
                Vec::new()
            }
        }
    }

    fn env_entry(&mut self, entry: &Entry) -> Option<(Placed<String>, Text)> {
        if self.is_tainted(&entry.key, entry.key_span, "the name of an environment variable") {
            return None;
        }
        let value = self.text(&entry.value, "the value of an environment variable")?;
        Some((Placed { value: key(entry).into_owned(), span: entry.key_span }, value))
    }

    fn variables(&mut self, node: &Node) -> Vec<Variable> {
        match &node.content {
            Content::Mapping(entries) => entries.iter().filter_map(|entry| self.variable_entry(entry)).collect(),
            _ => {
                let items = self.items(node, "`variables`", VARIABLES_MAX);
                items.iter().filter_map(|item| self.variable_item(item)).collect()
            }
        }
    }

    fn variable_entry(&mut self, entry: &Entry) -> Option<Variable> {
        if self.is_tainted(&entry.key, entry.key_span, "the name of a variable") {
            return None;
        }
        let value = self.text(&entry.value, "the value of a variable")?;
        let name = Placed { value: key(entry).into_owned(), span: entry.key_span };
        Some(Variable { name, value, read_only: false })
    }

    fn variable_item(&mut self, node: &Node) -> Option<Variable> {
        let mut variable = Variable {
            name: Placed { value: String::new(), span: node.span },
            value: Text::default(),
            read_only: false,
        };
        let mut named = false;
        for (key, entry) in self.keys(node, VARIABLE) {
            match key {
                "name" => {
                    variable.name = self.own_text(&entry.value, "the name of a variable")?;
                    named = true;
                }
                "value" => variable.value = self.text(&entry.value, "the value of a variable")?,
                "readonly" => variable.read_only = self.boolean(&entry.value, "`readonly`") == Some(true),
                _ => {}
            }
        }
        let is_other_form = node.member("group").is_some() || node.member("template").is_some();
        if !named && !is_other_form && matches!(node.content, Content::Mapping(_)) {
            self.error(Code::MissingKey, "a variable needs a `name`", node.span, "");
        }
        named.then_some(variable)
    }
}

fn key(entry: &Entry) -> std::borrow::Cow<'_, str> {
    entry.key.flatten()
}

/// Returns the stage around jobs or steps that stand in none.
fn around() -> Stage {
    Stage {
        name: None,
        display_name: None,
        depends_on: None,
        condition: None,
        variables: Vec::new(),
        jobs: Vec::new(),
        is_written: false,
    }
}

/// Returns a job of which nothing is said but its pool.
fn job(pool: &str) -> Job {
    Job {
        name: None,
        display_name: None,
        depends_on: Vec::new(),
        condition: None,
        continue_on_error: false,
        timeout_minutes: None,
        cancel_timeout_minutes: None,
        pool: pool.to_owned(),
        variables: Vec::new(),
        steps: Vec::new(),
        is_written: false,
    }
}
