//! The expanded document to the typed model.

use super::condition;
use super::model::{Condition, Job, Pipeline, Placed, Stage, Step, Variable};
use super::plan::Interpreter;
use super::schema::{
    self, BASH_STEP, CHECKOUT_HELP, CHECKOUT_STEP, JOB, JOB_KEYWORDS, Keyword, POOL, ROOT, SCRIPT_STEP, STAGE,
    STAGE_KEYWORDS, STEP_KEYWORDS, Support, VARIABLE, VARIABLE_KEYWORDS,
};
use super::value::{Reader, author};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, shown};
use crate::taint::Text;
use crate::template::{Content, Entry, Kind, Node, Scalar};

/// The pool of a job that names none, and of one that only asks for an image of a cloud.
const POOL_DEFAULT: &str = "default";
/// The pool of a cloud's machines in files that were written for it; here it is the default pool.
const CLOUD: &str = "Azure Pipelines";
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
                let items = if author(&body.key) == "stages" { count(&body.value) } else { 1 };
                pipeline.has_gaps = pipeline.stages.len() < items;
                for other in others {
                    let title = format!("a pipeline has `{}` or `{}`, not both", author(&body.key), author(&other.key));
                    let second = Diagnostic::error(Code::InvalidValue, title, other.key_span, "the second");
                    self.diagnostics.push(second.related(body.key_span, "the first"));
                }
            }
        }
        pipeline
    }

    fn without_body(&mut self, document: &Node) {
        if !self.diagnostics.has_errors() {
            let first = match &document.content {
                Content::Mapping(entries) => entries.first().map(|entry| entry.key_span),
                _ => None,
            };
            let title = "a pipeline needs `steps`, `jobs` or `stages`";
            self.error(Code::MissingKey, title, first.unwrap_or(document.span), "none of them is in the file");
        }
    }

    fn body(&mut self, body: &Entry, pool: &str) -> Vec<Stage> {
        match author(&body.key) {
            "stages" => {
                let items = self.items(&body.value, "`stages`", STAGES_MAX);
                if items.is_empty() {
                    self.empty(body);
                }
                items.iter().filter_map(|item| self.stage(item, pool)).collect()
            }
            "jobs" => {
                let mut stage = around();
                self.jobs(&mut stage, body, pool);
                vec![stage]
            }
            _ => vec![Stage { jobs: vec![Job { steps: self.steps(body), ..job(pool) }], ..around() }],
        }
    }

    /// Reports a list without items, if that it is no list has not been reported.
    fn empty(&mut self, body: &Entry) {
        if !is_nothing(&body.value) && !matches!(&body.value.content, Content::Sequence(items) if items.is_empty()) {
            return;
        }
        let title = format!("`{}` has no entries", author(&body.key));
        self.error(Code::MissingKey, title, body.key_span, "at least one must be here");
    }

    fn stage(&mut self, node: &Node, pool: &str) -> Option<Stage> {
        self.keyword(node, STAGE_KEYWORDS, "a stage")?;
        let mut stage = Stage { is_written: true, ..around() };
        let own_pool = node.member("pool").and_then(|node| self.pool(node));
        let pool = own_pool.as_deref().unwrap_or(pool);
        let keys = self.keys(node, STAGE);
        for (key, entry) in keys {
            let value = &entry.value;
            match key {
                "stage" => stage.name = self.name(value, "the name of a stage"),
                "displayName" => stage.display_name = self.text(value, "`displayName`"),
                "dependsOn" => stage.depends_on = Some(self.names(value, "`dependsOn`")),
                "condition" => stage.condition = self.condition(value),
                "variables" => stage.variables = self.variables(value),
                "jobs" => self.jobs(&mut stage, entry, pool),
                _ => {}
            }
        }
        Some(stage)
    }

    fn jobs(&mut self, stage: &mut Stage, body: &Entry, pool: &str) {
        let items = self.items(&body.value, "`jobs`", JOBS_MAX);
        if items.is_empty() {
            self.empty(body);
        }
        stage.jobs = items.iter().filter_map(|item| self.job(item, pool)).collect();
        stage.has_gaps = stage.jobs.len() < count(&body.value);
    }

    fn job(&mut self, node: &Node, pool: &str) -> Option<Job> {
        self.keyword(node, JOB_KEYWORDS, "a job")?;
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
        let kind = self.keyword(node, STEP_KEYWORDS, "a step")?;
        if kind == "checkout" {
            self.checkout(node);
            return None;
        }
        let mut step = Step {
            interpreter: if kind == "bash" { Interpreter::Bash } else { Interpreter::CommandLine },
            script: self.script(node, kind),
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
        let kind = if kind == "bash" { BASH_STEP } else { SCRIPT_STEP };
        for (key, entry) in self.keys(node, kind) {
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

    /// Returns the script; an empty one in place of what is no text.
    fn script(&mut self, node: &Node, kind: &str) -> Placed<Scalar> {
        let value = node.member(kind).expect("the keyword was found in the mapping");
        let empty = || Scalar { text: Text::default(), segment_spans: Vec::new(), kind: Kind::Text };
        let scalar = self.scalar(value, &format!("`{kind}`")).cloned();
        Placed { value: scalar.unwrap_or_else(empty), span: value.span }
    }

    /// `checkout: none` does nothing, which is what a file without any checkout does here too.
    fn checkout(&mut self, node: &Node) {
        for (key, entry) in self.keys(node, CHECKOUT_STEP) {
            if key != "checkout" {
                continue;
            }
            if let Some(which) = self.own_text(&entry.value, "`checkout`").filter(|which| which.value != "none") {
                let what = format!("checkout: {}", which.value);
                self.diagnostics.push(schema::unsupported(&what, entry.value.span, CHECKOUT_HELP));
            }
        }
    }

    /// Returns the keyword that says what kind of thing a mapping is, if this version reads that
    /// kind. Usually it is the first key; that it must be is said where the keys are read.
    fn keyword(&mut self, node: &Node, keywords: &[Keyword], what: &str) -> Option<&'static str> {
        let entries = self.entries(node, what)?;
        let find = |entry: &Entry| keywords.iter().find(|(keyword, _)| *keyword == author(&entry.key));
        let Some((entry, (keyword, support))) = entries.iter().find_map(|entry| Some((entry, *find(entry)?))) else {
            self.unknown_keyword(node, entries, keywords, what);
            return None;
        };
        match support {
            Support::Now | Support::Ignored => return Some(keyword),
            Support::Later(help) => self.diagnostics.push(schema::unsupported(keyword, entry.key_span, help)),
            Support::Old(help) => self.diagnostics.push(schema::old(keyword, entry.key_span, help)),
        }
        None
    }

    fn unknown_keyword(&mut self, node: &Node, entries: &[Entry], keywords: &[Keyword], what: &str) {
        let usual = keywords.iter().filter(|(_, support)| *support == Support::Now);
        let usual: Vec<String> = usual.map(|(keyword, _)| format!("`{keyword}`")).collect();
        let title = match usual.as_slice() {
            [others @ .., last] if !others.is_empty() => format!("{what} begins with {} or {last}", others.join(", ")),
            one => format!("{what} begins with {}", one.concat()),
        };
        let Some(first) = entries.first() else {
            self.error(Code::MissingKey, title, node.span, "nothing is here");
            return;
        };
        let written = author(&first.key);
        let label = format!("this begins with `{}`", shown(written));
        let unknown = Diagnostic::error(Code::UnknownKey, title, first.key_span, label);
        self.diagnostics.push(unknown.suggest(written, keywords.iter().map(|(keyword, _)| *keyword)));
    }

    fn condition(&mut self, node: &Node) -> Option<Condition> {
        let scalar = self.scalar(node, "`condition`")?;
        let text = condition::splice(&scalar.text, &scalar.segment_spans, self.diagnostics)?;
        let is_verbatim = scalar.kind == Kind::Plain && text.len() == node.span.range().len();
        (!text.trim().is_empty()).then_some(Condition { text, span: node.span, is_verbatim })
    }

    /// Returns the pool's name. A pool that only asks for an image of a cloud is the default
    /// pool, so that a file that was written for such images works as it is.
    fn pool(&mut self, node: &Node) -> Option<String> {
        match node.content {
            Content::Scalar(_) => return self.pool_name(node),
            Content::Mapping(_) => {}
            Content::Sequence(_) => {
                self.wrong(node, "a pool is text or a mapping");
                return None;
            }
        }
        let mut name = None;
        for (key, entry) in self.keys(node, POOL) {
            match key {
                "name" => name = self.pool_name(&entry.value),
                _ => self.demands(entry),
            }
        }
        Some(name.unwrap_or_else(|| POOL_DEFAULT.to_owned()))
    }

    fn pool_name(&mut self, node: &Node) -> Option<String> {
        let name = self.own_name(node, "a pool")?;
        match name.value.as_str() {
            "" => None,
            "server" => {
                let help = "write `script` or `bash` steps in a job that a worker runs";
                self.diagnostics.push(schema::unsupported("pool: server", name.span, help));
                None
            }
            CLOUD => Some(POOL_DEFAULT.to_owned()),
            other if other.eq_ignore_ascii_case(POOL_DEFAULT) => Some(POOL_DEFAULT.to_owned()),
            _ if self.is_runtime(&name) => None,
            _ => Some(name.value),
        }
    }

    /// Workers say by their pools what they can do, so demands are not compared with anything.
    fn demands(&mut self, entry: &Entry) {
        let title = "demands are not looked at: the pool's name alone decides which worker runs a job";
        let label = "this has no effect";
        let help = "give the workers that meet them a pool of their own, and name that";
        self.diagnostics.push(Diagnostic::warning(Code::Unsupported, title, entry.key_span, label).help(help));
    }

    fn env(&mut self, node: &Node) -> Vec<(Placed<String>, Text)> {
        if is_nothing(node) {
            return Vec::new();
        }
        let entries = self.entries(node, "`env`").unwrap_or_default();
        entries.iter().filter_map(|entry| self.pair(entry, "the value of an environment variable")).collect()
    }

    fn variables(&mut self, node: &Node) -> Vec<Variable> {
        if matches!(node.content, Content::Mapping(_)) {
            let entries = self.entries(node, "`variables`").unwrap_or_default();
            return entries.iter().filter_map(|entry| self.variable_entry(entry)).collect();
        }
        if !matches!(node.content, Content::Sequence(_)) && !is_nothing(node) {
            self.wrong(node, "`variables` is a mapping or a list");
            return Vec::new();
        }
        let items = self.items(node, "`variables`", VARIABLES_MAX);
        items.iter().filter_map(|item| self.variable_item(item)).collect()
    }

    fn variable_entry(&mut self, entry: &Entry) -> Option<Variable> {
        let (name, value) = self.pair(entry, "the value of a variable")?;
        Some(Variable { name, value, value_span: entry.value.span, read_only: false })
    }

    fn pair(&mut self, entry: &Entry, what: &str) -> Option<(Placed<String>, Text)> {
        let value = self.text(&entry.value, what)?;
        Some((Placed { value: author(&entry.key).to_owned(), span: entry.key_span }, value))
    }

    fn variable_item(&mut self, node: &Node) -> Option<Variable> {
        self.keyword(node, VARIABLE_KEYWORDS, "a variable")?;
        let mut name = None;
        let mut value = Text::default();
        let mut value_span = node.span;
        let mut read_only = false;
        for (key, entry) in self.keys(node, VARIABLE) {
            match key {
                "name" => name = self.own_name(&entry.value, "the name of a variable"),
                "value" => {
                    value_span = entry.value.span;
                    value = self.text(&entry.value, "the value of a variable")?;
                }
                _ => read_only = self.boolean(&entry.value, "`readonly`") == Some(true),
            }
        }
        Some(Variable { name: name?, value, value_span, read_only })
    }
}

/// Returns how many items a list has.
fn count(node: &Node) -> usize {
    match &node.content {
        Content::Sequence(items) => items.len(),
        _ => 0,
    }
}

/// Says whether a key has no value.
fn is_nothing(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(scalar) if scalar.text.is_empty())
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
        has_gaps: false,
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
