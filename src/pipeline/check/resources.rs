//! Aliases of resources are unique, and what jobs and steps name by alias is there (reference,
//! sections 5.8 and 6.2).

use super::names::unique;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::pipeline::model::{Action, Job, Pipeline, Placed, ResourceKind, Resources, Step};
use crate::pipeline::plan::{CheckoutSource, ContainerUse, TargetPlace};

/// What an image has in its name and an alias has not.
const OF_IMAGES: [char; 4] = ['/', ':', '.', '@'];

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let resources = &pipeline.resources;
    for (kind, names) in kinds(resources) {
        unique(names.iter(), kind, diagnostics);
    }
    for job in pipeline.jobs() {
        of_job(job, resources, diagnostics);
    }
}

/// Returns the aliases of each kind, with what the kind is called. Those of repositories were
/// compared when the pipeline was loaded, since templates are found by them.
fn kinds(resources: &Resources) -> [(&'static str, Vec<Placed<String>>); 4] {
    let placed = |value: &str, span| Placed { value: value.to_owned(), span };
    [
        ("containers", resources.containers.iter().map(|it| placed(&it.value.0, it.span)).collect()),
        ("pipeline resources", resources.pipelines.iter().map(|it| placed(&it.value.alias, it.span)).collect()),
        ("build resources", resources.builds.clone()),
        ("package resources", resources.packages.clone()),
    ]
}

fn of_job(job: &Job, resources: &Resources, diagnostics: &mut Diagnostics) {
    if resources.has_gaps {
        return;
    }
    let repositories: Vec<&str> = resources.repositories.iter().map(|it| it.value.alias.as_str()).collect();
    let containers: Vec<&str> = resources.containers.iter().map(|it| it.value.0.as_str()).collect();
    for container in job.container.iter().chain(job.services.iter().map(|(_, service)| service)) {
        // A name that no alias has is an image.
        if let ContainerUse::Alias(alias) = &container.value
            && !alias.contains(OF_IMAGES)
            && let Some(near) = crate::diagnostic::nearest(alias, containers.iter().copied())
            && !near.eq_ignore_ascii_case(alias)
        {
            let title = format!("`{}` is no container of `resources.containers`", crate::diagnostic::shown(alias));
            let image = Diagnostic::warning(Code::UnknownResource, title, container.span, "this is taken for an image");
            diagnostics.push(image.help(format!("did you mean `{near}`?")));
        }
    }
    for name in &job.uses {
        exists(name, "repository", "repositories", &repositories, diagnostics);
    }
    for step in job.all_steps() {
        of_step(step, &repositories, &containers, resources, diagnostics);
    }
}

fn of_step(
    step: &Step,
    repositories: &[&str],
    containers: &[&str],
    resources: &Resources,
    diagnostics: &mut Diagnostics,
) {
    if let Some(Placed { value, span }) = &step.target
        && let TargetPlace::Container(alias) = &value.place
    {
        let name = Placed { value: alias.clone(), span: *span };
        exists(&name, "container", "containers", containers, diagnostics);
    }
    match &step.action {
        Action::Checkout(checkout) => {
            if let CheckoutSource::Alias(alias) = &checkout.value.source {
                let name = Placed { value: alias.clone(), span: checkout.span };
                exists(&name, "repository", "repositories", repositories, diagnostics);
            }
        }
        Action::Task(task) => {
            let Some((kind, name)) = &task.resource else { return };
            let (what, list, known): (_, _, Vec<&str>) = match kind {
                ResourceKind::Pipeline => {
                    let aliases = resources.pipelines.iter().map(|it| it.value.alias.as_str());
                    ("pipeline resource", "pipelines", aliases.collect())
                }
                ResourceKind::Build => {
                    ("build resource", "builds", resources.builds.iter().map(|it| it.value.as_str()).collect())
                }
                ResourceKind::Package => {
                    ("package resource", "packages", resources.packages.iter().map(|it| it.value.as_str()).collect())
                }
            };
            exists(name, what, list, &known, diagnostics);
        }
        Action::Script(_) => {}
    }
}

fn exists(name: &Placed<String>, what: &str, list: &str, known: &[&str], diagnostics: &mut Diagnostics) {
    let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(&name.value));
    if is_known || name.value.contains("$(") || name.value.eq_ignore_ascii_case("self") {
        return;
    }
    let title = format!("there is no {what} `{}`", crate::diagnostic::shown(&name.value));
    let unknown = Diagnostic::error(Code::UnknownResource, title, name.span, "no resource has this alias");
    let unknown = unknown.help(format!("declare it in `resources.{list}`"));
    diagnostics.push(unknown.suggest(&name.value, known.iter().copied()));
}
