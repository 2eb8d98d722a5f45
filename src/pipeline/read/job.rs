//! Jobs and deployment jobs.

use super::{Reader, STEPS_OF_A_JOB, has_unread_name, missing_names};
use crate::diagnostic::{Code, Diagnostic};
use crate::pipeline::model::{Condition, Job, Placed, Pool, Stage};
use crate::pipeline::plan::{self, AGENTLESS_POOL, ContainerUse};
use crate::pipeline::schema::{JOBS_MAX, STEPS_MAX};
use crate::pipeline::value::{author, boolean, count, entries, entry, filled, items, late, member, names, number, own};
use crate::template::{Entry, Node};

impl Reader<'_> {
    pub(super) fn jobs(&mut self, stage: &mut Stage, body: &Entry, pool: &Pool) {
        let written = items(&body.value, JOBS_MAX);
        stage.jobs = written.iter().filter_map(|item| self.job(item, pool)).collect();
        let is_unnamed = |job: &Node| has_unread_name(job, "job") || has_unread_name(job, "deployment");
        // What is beyond the limit, which is told, was not read: others may mean it.
        let is_whole = !written.iter().any(is_unnamed) && written.len() == items(&body.value, usize::MAX).len();
        stage.has_gaps = stage.jobs.len() < written.len() || !is_whole;
        stage.missing = missing_names(written, stage.jobs.len()).filter(|_| is_whole);
    }

    fn job(&mut self, node: &Node, pool: &Pool) -> Option<Job> {
        let keyword = if entry(node, "deployment").is_some() { "deployment" } else { "job" };
        self.is_kind(node, keyword)?;
        let own = member(node, "pool").and_then(|node| self.pool(node));
        // The old form of `pool: server`, which has been told.
        let old = || entry(node, "server").map(|_| Pool { name: AGENTLESS_POOL.to_owned(), ..Pool::default() });
        let pool = own.or_else(old).unwrap_or_else(|| pool.clone());
        let mut job = Job {
            name: member(node, keyword).and_then(filled),
            display_name: self.display_name(node),
            depends_on: member(node, "dependsOn").map(names).unwrap_or_default(),
            condition: member(node, "condition").and_then(|node| self.condition(node)),
            timeout_minutes: member(node, "timeoutInMinutes").and_then(number),
            cancel_timeout_minutes: member(node, "cancelTimeoutInMinutes").and_then(number),
            pool,
            variables: self.variables(node),
            uses: uses(node),
            may_wait: self.may_wait(node),
            is_written: true,
            ..Job::default()
        };
        job.late.timeout_minutes = member(node, "timeoutInMinutes").and_then(late);
        job.late.cancel_timeout_minutes = member(node, "cancelTimeoutInMinutes").and_then(late);
        if keyword == "deployment" {
            job.deployment = self.deployment(node, &job.pool);
            job.has_gaps = member(node, "strategy").is_some_and(has_gap_inside);
        }
        self.body_of_job(&mut job, node);
        job.has_gaps |= self.may_have_meant(node, STEPS_OF_A_JOB);
        Some(job)
    }

    /// Reads what a job has, and a pipeline with `steps` at its root too.
    pub(super) fn body_of_job(&mut self, job: &mut Job, node: &Node) {
        job.continue_on_error = member(node, "continueOnError").and_then(boolean) == Some(true);
        job.late.continue_on_error = member(node, "continueOnError").and_then(late);
        if job.deployment.is_none() {
            job.strategy = self.strategy(node, &mut job.late.others);
            (job.steps, job.says_checkout) = self.steps(node);
            let steps = member(node, "steps");
            let is_no_task = |task: &Node| {
                [Code::UnknownTask, Code::WrongType].iter().any(|code| self.diagnostics.tells(*code, task.span))
            };
            let is_lost = |step: &Node| member(step, "name").is_some() && member(step, "task").is_some_and(is_no_task);
            let is_unknown = |step: &Node| has_unread_name(step, "name") || self.is_misread(step) || is_lost(step);
            let is_misread = |steps: &Node| items(steps, usize::MAX).iter().any(is_unknown);
            let is_cut = |steps: &Node| items(steps, usize::MAX).len() > STEPS_MAX;
            job.has_gaps = steps.is_some_and(|steps| steps.has_gap() || is_misread(steps) || is_cut(steps));
            // There is no folder to check anything out to.
            job.says_checkout |= job.pool.name == AGENTLESS_POOL;
        }
        if let Some(entry) = entry(node, "container") {
            job.container = self.container_use(&entry.value, &mut job.late.others);
        }
        if let Some(entry) = entry(node, "services") {
            for service in entries(&entry.value) {
                let name = Placed { value: author(&service.key).to_owned(), span: service.key_span };
                let container = self.container_use(&service.value, &mut job.late.others);
                job.services.extend(container.map(|container| (name, container)));
            }
        }
        job.clean = member(node, "workspace").and_then(clean);
        job.attempts = member(node, "attempts").and_then(count);
    }

    fn container_use(&mut self, node: &Node, others: &mut Vec<Condition>) -> Option<Placed<ContainerUse>> {
        if !entries(node).is_empty() {
            let value = match member(node, "alias").and_then(filled) {
                Some(alias) => ContainerUse::Alias(alias.value),
                None => ContainerUse::Inline(self.container(node)),
            };
            return Some(Placed { value, span: node.span });
        }
        if let Some(expression) = late(node) {
            let value = ContainerUse::Expression(expression.text.clone());
            others.push(expression);
            return Some(Placed { value, span: node.span });
        }
        let Some(named) = filled(node) else {
            // An expression that names what is not there comes to nothing.
            if own(node).is_some() {
                let title = "no container is named: the steps run on the machine itself";
                let warning = Diagnostic::warning(Code::NoEffect, title, node.span, "this is empty");
                self.diagnostics.push(warning.help("name an image or a container of `resources`, or remove the key"));
            }
            return None;
        };
        Some(Placed { value: ContainerUse::Alias(named.value), span: named.span })
    }
}

/// Says whether values that are not known yet may bring more steps to a hook, or more hooks.
fn has_gap_inside(strategy: &Node) -> bool {
    strategy.has_gap() || entries(strategy).iter().any(|entry| has_gap_inside(&entry.value))
}

fn uses(node: &Node) -> Vec<Placed<String>> {
    let repositories = member(node, "uses").and_then(|uses| member(uses, "repositories"));
    repositories.map(names).unwrap_or_default()
}

fn clean(workspace: &Node) -> Option<plan::Clean> {
    match own(member(workspace, "clean")?)?.value.to_ascii_lowercase().as_str() {
        "outputs" => Some(plan::Clean::Outputs),
        "resources" => Some(plan::Clean::Resources),
        "all" => Some(plan::Clean::All),
        _ => None,
    }
}
