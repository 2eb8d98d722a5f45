//! Jobs that become several (reference, section 5.7).

use super::{Reader, variables_of};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::pipeline::model::{Condition, Deployment, FanOut, Hook, Leg, Placed, Pool, Strategy};
use crate::pipeline::plan::{Count, Environment, HookPoint, Rollout};
use crate::pipeline::schema::NAME_MAX;
use crate::pipeline::value::{author, count, entries, entry, is_name, items, late, member, own, text};
use crate::template::{Entry, Node};

/// The most increments of a canary.
const INCREMENTS_MAX: usize = 1_000;
/// The keys of hooks in the order in which they run; those of `on` come after them.
const HOOKS: [(&str, HookPoint); 4] = [
    ("preDeploy", HookPoint::PreDeploy),
    ("deploy", HookPoint::Deploy),
    ("routeTraffic", HookPoint::RouteTraffic),
    ("postRouteTraffic", HookPoint::PostRouteTraffic),
];
const ENDS: [(&str, HookPoint); 2] = [("success", HookPoint::Success), ("failure", HookPoint::Failure)];

impl Reader<'_> {
    pub(super) fn strategy(&mut self, node: &Node, others: &mut Vec<Condition>) -> Option<Strategy> {
        let strategy = member(node, "strategy")?;
        let max_parallel = member(strategy, "maxParallel").and_then(|node| late_count(node, others));
        let (span, fan_out) = if let Some(matrix) = entry(strategy, "matrix") {
            (matrix.key_span, self.matrix(matrix, others)?)
        } else {
            let parallel = entry(strategy, "parallel")?;
            (parallel.key_span, FanOut::Slices(late_count(&parallel.value, others)?))
        };
        Some(Strategy { span, fan_out, max_parallel })
    }

    fn matrix(&mut self, matrix: &Entry, others: &mut Vec<Condition>) -> Option<FanOut> {
        let node = &matrix.value;
        if let Some(expression) = late(node) {
            let text = expression.text.clone();
            others.push(expression);
            return Some(FanOut::Expression(text));
        }
        if let Some(text) = own(node).filter(|text| !text.value.is_empty()) {
            let title = "a matrix is a mapping of legs, or one whole `$[ ]`";
            let wrong = Diagnostic::error(Code::WrongType, title, text.span, "this is neither of them");
            self.diagnostics.push(wrong.help("give each leg a name, and its variables below it"));
            return None;
        }
        let legs: Vec<Leg> = entries(node).iter().enumerate().map(|(at, entry)| self.leg(at, entry)).collect();
        self.tell_legs_of_one_name(node, &legs);
        Some(FanOut::Matrix(legs))
    }

    /// Tells legs that share a name, ignoring case, because one of them goes by its place. What is written twice is
    /// told as a key that is there twice.
    fn tell_legs_of_one_name(&mut self, node: &Node, legs: &[Leg]) {
        let is_renamed = |at: usize| author(&entries(node)[at].key) != legs[at].name.value;
        for (at, leg) in legs.iter().enumerate() {
            let is_same = |before: &usize| legs[*before].name.value.eq_ignore_ascii_case(&leg.name.value);
            let Some(before) = (0..at).find(is_same).filter(|before| is_renamed(*before) || is_renamed(at)) else {
                continue;
            };
            let title = format!("two legs are called `{}`", shown(&leg.name.value));
            let twice = Diagnostic::error(Code::DuplicateName, title, leg.name.span, "this is the second one");
            let twice = twice.related(legs[before].name.span, "this is the first one");
            self.diagnostics.push(twice.help("give both names that can be those of jobs"));
        }
    }

    /// Names of legs become parts of jobs' names and of the keys of their outputs. A leg whose name can't be one
    /// goes by its place in the matrix (reference, section 5.7).
    fn leg(&mut self, at: usize, entry: &Entry) -> Leg {
        let written = author(&entry.key);
        let is_good = is_name(written) && written.len() <= NAME_MAX;
        let value = if is_good { written.to_owned() } else { format!("Job{}", at + 1) };
        if !is_good && !written.is_empty() {
            let title =
                format!("the leg `{}` is called `{value}`: its own name can't be that of a job", shown(written));
            let renamed = Diagnostic::warning(Code::InvalidValue, title, entry.key_span, "this is no well-formed name");
            let help = format!("use letters, digits and `_`, a letter or `_` first, at most {NAME_MAX} characters");
            self.diagnostics.push(renamed.help(help));
        }
        Leg { name: Placed { value, span: entry.key_span }, variables: variables_of(&entry.value) }
    }

    pub(super) fn deployment(&mut self, node: &Node, pool: &Pool) -> Option<Deployment> {
        let strategy = member(node, "strategy")?;
        let (rollout, body) = if let Some(body) = member(strategy, "runOnce") {
            (Rollout::RunOnce, body)
        } else if let Some(body) = member(strategy, "rolling") {
            if let Some(share) = entry(body, "maxParallel") {
                let title = "`maxParallel` has no effect: there is one machine to deploy to";
                let label = "the worker that runs the hooks";
                self.diagnostics.push(Diagnostic::note_at(Code::NoEffect, title, share.key_span, label));
            }
            let max_parallel = member(body, "maxParallel").and_then(own).map(|share| share.value);
            (Rollout::Rolling { max_parallel }, body)
        } else {
            let body = member(strategy, "canary")?;
            let increments = member(body, "increments").map(|node| items(node, INCREMENTS_MAX)).unwrap_or_default();
            (Rollout::Canary { increments: increments.iter().filter_map(count).collect() }, body)
        };
        if let Some(tags) = member(node, "environment").and_then(|node| entry(node, "tags")) {
            let title = "`tags` of an environment choose nothing: hooks run on a worker of their pool";
            let label = "there are no resources with tags here";
            self.diagnostics.push(Diagnostic::note_at(Code::NoEffect, title, tags.key_span, label));
        }
        let environment = member(node, "environment").and_then(environment);
        Some(Deployment { environment, rollout, hooks: self.hooks(body, pool) })
    }

    fn hooks(&mut self, body: &Node, pool: &Pool) -> Vec<Hook> {
        let on = member(body, "on");
        let own = HOOKS.iter().filter_map(|(key, point)| Some((member(body, key)?, *point)));
        let ends = ENDS.iter().filter_map(|(key, point)| Some((member(on?, key)?, *point)));
        let written: Vec<(&Node, HookPoint)> = own.chain(ends).collect();
        written.into_iter().map(|(node, point)| self.hook(node, point, pool)).collect()
    }

    fn hook(&mut self, node: &Node, point: HookPoint, pool: &Pool) -> Hook {
        let pool = member(node, "pool").and_then(|node| self.pool(node)).unwrap_or_else(|| pool.clone());
        let (steps, _) = self.steps(node);
        let says_download = member(node, "steps")
            .is_some_and(|steps| items(steps, usize::MAX).iter().any(|step| entry(step, "download").is_some()));
        Hook { point, pool, says_download, steps }
    }
}

/// Returns a number, or the expression that gives it when the job is due.
fn late_count(node: &Node, others: &mut Vec<Condition>) -> Option<Count> {
    let Some(expression) = late(node) else { return count(node).map(Count::Known) };
    let text = expression.text.clone();
    others.push(expression);
    Some(Count::Expression(text))
}

/// `environment`, `environment.resource`, or a mapping.
fn environment(node: &Node) -> Option<Environment> {
    if !entries(node).is_empty() {
        let of = |key: &str| member(node, key).and_then(text).filter(|text| !text.is_empty());
        let tags = member(node, "tags").map(crate::pipeline::value::names).unwrap_or_default();
        return Some(Environment {
            name: of("name")?,
            resource_name: of("resourceName"),
            resource_id: of("resourceId"),
            resource_type: of("resourceType"),
            tags: tags.into_iter().map(|tag| tag.value.into()).collect(),
        });
    }
    let written = own(node).filter(|text| !text.value.is_empty())?.value;
    let (name, resource) = match written.split_once('.').filter(|_| !written.contains("$(")) {
        Some((name, resource)) => (name, Some(resource.into())),
        None => (written.as_str(), None),
    };
    Some(Environment { name: name.into(), resource_name: resource, ..Environment::default() })
}
