//! Resources, and triggers that start nothing here (reference, sections 8.2 and 9.2).

use super::task::NO_BRANCH;
use super::{Reader, environment};
use crate::diagnostic::{Code, Diagnostic, Span, shown};
use crate::pipeline::model::{Placed, Resources};
use crate::pipeline::plan::{Container, PipelineResource, ReadOnlyMounts, Repository};
use crate::pipeline::schema::listed;
use crate::pipeline::value::{
    boolean, entries, entry, filled, filled_member, is_true, items, member, names, own, text,
};
use crate::template::old_form;
use crate::template::{Content, Node};

/// The most resources of one kind.
const RESOURCES_MAX: usize = 1_000;
/// The kinds of resources that can have a trigger, beside webhooks.
const STARTING: [&str; 5] = ["pipelines", "builds", "repositories", "containers", "packages"];
/// Where an image of a registry of Azure lies.
const AZURE_REGISTRY: &str = "azurecr.io";

impl Reader<'_> {
    /// Looks at an entry of the list that `resources` was before it had kinds. The pipeline's own repository
    /// is in many a file that was made by a wizard, and is there anyway.
    fn listed_resource(&mut self, item: &Node) {
        let is_own = member(item, "repo").and_then(filled).is_some_and(|repo| repo.value.eq_ignore_ascii_case("self"));
        if !is_own {
            self.diagnostics.push(old_form("resources", item.span, "write a mapping: `repositories` for repositories"));
            return;
        }
        for entry in entries(item).iter().filter(|entry| entry.key.flatten() != "repo") {
            let title = format!("`{}` has no effect in `resources`", shown(&entry.key.flatten()));
            let warning = Diagnostic::warning(Code::NoEffect, title, entry.key_span, "this is passed over");
            self.diagnostics.push(warning.help("write it at the step `checkout: self`"));
        }
    }

    /// Reads resources, and tells once which triggers of the file start nothing.
    pub(super) fn resources(&mut self, document: &Node) -> Resources {
        self.triggers(document);
        self.triggers_of_resources(document);
        self.branches_of_pipelines(document);
        let mut resources =
            Resources { has_gaps: self.may_have_meant(document, &["resources"]), ..Resources::default() };
        let Some(node) = member(document, "resources") else { return resources };
        if let Content::Sequence(items) = &node.content {
            items.iter().take(RESOURCES_MAX).for_each(|item| self.listed_resource(item));
            return resources;
        }
        let of = |kind: &str| member(node, kind).map(|list| items(list, RESOURCES_MAX)).unwrap_or_default();
        resources.repositories = of("repositories").iter().filter_map(repository).collect();
        resources.pipelines = of("pipelines").iter().filter_map(pipeline).collect();
        resources.builds = of("builds").iter().filter_map(|node| filled(member(node, "build")?)).collect();
        resources.packages = of("packages").iter().filter_map(|node| filled(member(node, "package")?)).collect();
        for node in of("containers") {
            resources.containers.extend(self.container_resource(node));
        }
        let read = [
            ("repositories", resources.repositories.len()),
            ("containers", resources.containers.len()),
            ("pipelines", resources.pipelines.len()),
            ("builds", resources.builds.len()),
            ("packages", resources.packages.len()),
        ];
        let has_others = read.iter().any(|(kind, read)| of(kind).len() > *read);
        resources.has_gaps |= node.has_gap() || self.is_misread(node) || has_others;
        resources
    }

    fn container_resource(&mut self, node: &Node) -> Option<Placed<(String, Container)>> {
        let alias = filled(member(node, "container")?)?;
        let mut container = self.container(node);
        if container.image.is_empty() {
            match azure_image(node) {
                Some(image) => container.image = image.into(),
                None => self.without_repository(node),
            }
        }
        Some(Placed { value: (alias.value, container), span: alias.span })
    }

    /// Reports a registry of which nobody says what is taken from it.
    fn without_repository(&mut self, node: &Node) {
        let is_here = |key: &str| entry(node, key).is_some();
        if let Some(registry) = entry(node, "registry").filter(|_| !is_here("image") && !is_here("repository"))
            && !node.has_gap()
        {
            let title = "a container of a `registry` needs `repository`";
            self.error(Code::MissingKey, title, registry.key_span, "there is no `repository` here");
        }
    }

    pub(super) fn container(&mut self, node: &Node) -> Container {
        let list = |key: &str| member(node, key).map(names).unwrap_or_default();
        let texts = |key: &str| list(key).into_iter().map(|text| text.value.into()).collect();
        Container {
            image: member(node, "image").and_then(text).unwrap_or_default(),
            endpoint: filled_member(node, "endpoint"),
            env: environment(node).into_iter().map(|(name, value)| (name.value, value)).collect(),
            options: member(node, "options").and_then(text).filter(|options| !options.is_empty()),
            ports: texts("ports"),
            volumes: texts("volumes"),
            hides_docker_socket: member(node, "mapDockerSocket").and_then(boolean) == Some(false),
            is_local: is_true(node, "localImage"),
            read_only: member(node, "mountReadOnly").map(mounts).unwrap_or_default(),
        }
    }

    /// Pushes, pull requests and the clock start nothing here. A file that says `none`, or nothing
    /// of it, need not be told so.
    fn triggers(&mut self, document: &Node) {
        let found: Vec<(&str, Span)> = ["trigger", "pr", "schedules"]
            .into_iter()
            .filter_map(|key| entry(document, key))
            .filter(|entry| is_wanted(&entry.value))
            .map(|entry| (super::author(&entry.key), entry.key_span))
            .collect();
        let Some((_, first)) = found.first().copied() else { return };
        let words: Vec<&str> = found.iter().map(|(key, _)| *key).collect();
        let title = format!("pipehook starts no runs by {}", listed(words.iter().copied(), "and"));
        let note = Diagnostic::note_at(Code::NoEffect, title, first, "webhooks and people start them");
        let note = found[1..].iter().fold(note, |note, (_, span)| note.related(*span, "this neither"));
        let help = if words.contains(&"schedules") {
            "let a timer of the machine run `pipehook send`"
        } else {
            "let the repository's webhook post to a connection that `resources.webhooks` names, or write `none`"
        };
        self.diagnostics.push(note.help(help));
    }

    /// Runs are started by webhooks and people, of no branch.
    fn branches_of_pipelines(&mut self, document: &Node) {
        let pipelines = member(document, "resources").and_then(|resources| member(resources, "pipelines"));
        let pipelines = pipelines.map(|list| items(list, RESOURCES_MAX)).unwrap_or_default();
        for branch in pipelines.iter().filter_map(|item| entry(item, "branch")) {
            let title = "`branch` has no effect in a pipeline resource";
            let warning = Diagnostic::warning(Code::NoEffect, title, branch.key_span, "this is passed over");
            self.diagnostics.push(warning.help(NO_BRANCH));
        }
    }

    /// Neither does what happens to a resource. One note names them all.
    fn triggers_of_resources(&mut self, document: &Node) {
        let Some(resources) = member(document, "resources") else { return };
        let of_kind = |kind| member(resources, kind).map(|list| items(list, RESOURCES_MAX)).unwrap_or_default();
        let found = STARTING.iter().flat_map(|kind| of_kind(kind)).filter_map(|item| entry(item, "trigger"));
        let places: Vec<Span> = found.filter(|it| is_wanted_of_resource(&it.value)).map(|it| it.key_span).collect();
        let Some((first, others)) = places.split_first() else { return };
        let title = "pipehook starts no runs by the triggers of resources";
        let note = Diagnostic::note_at(Code::NoEffect, title, *first, "webhooks and people start them");
        let note = others.iter().fold(note, |note, span| note.related(*span, "this neither"));
        let is_pipeline = of_kind("pipelines").iter().filter_map(|item| entry(item, "trigger"));
        let has_pipeline = is_pipeline.map(|it| it.key_span).any(|span| places.contains(&span));
        let help =
            "let what changes the resource post to a connection that `resources.webhooks` names, or write `none`";
        let note = match has_pipeline {
            true => note.note("the last step of another pipeline posts by `pipehook send NAME`"),
            false => note,
        };
        self.diagnostics.push(note.help(help));
    }
}

/// Says whether the trigger of a resource asks for something.
fn is_wanted_of_resource(node: &Node) -> bool {
    match &node.content {
        Content::Scalar(_) => boolean(node) == Some(true),
        _ => is_wanted(node) && member(node, "enabled").and_then(boolean) != Some(false),
    }
}

/// Says whether a trigger asks for something.
fn is_wanted(node: &Node) -> bool {
    match &node.content {
        Content::Scalar(_) => false,
        Content::Sequence(items) => !items.is_empty(),
        Content::Mapping(_) => true,
    }
}

fn repository(node: &Node) -> Option<Placed<Repository>> {
    let alias = filled(member(node, "repository")?)?;
    let repository = Repository {
        alias: alias.value,
        kind: filled_member(node, "type"),
        name: filled_member(node, "name"),
        endpoint: filled_member(node, "endpoint"),
        reference: filled_member(node, "ref"),
    };
    Some(Placed { value: repository, span: alias.span })
}

fn pipeline(node: &Node) -> Option<Placed<PipelineResource>> {
    let alias = filled(member(node, "pipeline")?)?;
    let resource = PipelineResource {
        source: filled_member(node, "source").unwrap_or_else(|| alias.value.clone()),
        alias: alias.value,
        project: filled_member(node, "project"),
        version: filled_member(node, "version"),
        branch: filled_member(node, "branch"),
        tags: member(node, "tags").map(names).unwrap_or_default().into_iter().map(|tag| tag.value).collect(),
    };
    Some(Placed { value: resource, span: alias.span })
}

fn azure_image(node: &Node) -> Option<String> {
    let registry = own(member(node, "registry")?)?.value;
    let repository = own(member(node, "repository")?)?.value;
    Some(format!("{registry}.{AZURE_REGISTRY}/{repository}"))
}

fn mounts(node: &Node) -> ReadOnlyMounts {
    ReadOnlyMounts {
        work: is_true(node, "work"),
        externals: is_true(node, "externals"),
        tools: is_true(node, "tools"),
        tasks: is_true(node, "tasks"),
    }
}
