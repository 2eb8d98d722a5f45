//! What a job asks for: its containers with their macros expanded, as arguments of the engine.

use super::super::context::JobContext;
use super::super::environment;
use super::super::start::contexts;
use super::super::variables::Variables;
use super::Role;
use crate::diagnostic::shown;
use crate::machine::ENGINE_VARIABLES;
use crate::pipeline::plan::{Container, ContainerUse, Target, TargetPlace};
use crate::process::MARK;
use crate::run::{Asker, Sources, late_container};
use crate::shell::words::split;
use crate::taint::Text;
use std::path::Path;

/// The most containers that one job has.
pub(super) const CONTAINERS_MAX: usize = 50;
/// What is there where the machine labels files.
const LABELS: &str = "/sys/fs/selinux/enforce";
/// What people call further words for the engine.
const OPTIONS: &str = "options";
/// How options begin that set a variable, in the same word.
const ENV_OPTIONS: [&str; 2] = ["--env=", "-e"];
/// The socket by which a container can start others, where the engine has one.
const SOCKET: &str = "/var/run/docker.sock";

/// A container that is to be started.
pub(super) struct Wish {
    pub(super) role: Role,
    pub(super) image: String,
    pub(super) is_local: bool,
    pub(super) env: Vec<(String, String)>,
    options: Vec<String>,
    ports: Vec<String>,
    volumes: Vec<String>,
    /// Whether the job's folders can't be written in it, and those of tools.
    is_read_only: (bool, bool),
    has_socket: bool,
}

/// Returns what a job asks for: services first, then the containers of its steps. On failure, a sentence.
pub(super) fn all(job: &JobContext, variables: &Variables) -> Result<Vec<Wish>, String> {
    let own = job.job();
    let mut uses = Vec::new();
    for (name, service) in &own.services {
        uses.extend(known(job, service)?.map(|service| (Role::Service(name.clone()), service)));
    }
    if let Some(container) = &own.container {
        uses.extend(known(job, container)?.map(|container| (Role::Job, container)));
    }
    for step in job.leg().steps() {
        let Some(Target { place: TargetPlace::Container(alias), .. }) = &step.target else { continue };
        let role = Role::Step(alias.to_ascii_lowercase());
        if !uses.iter().any(|(known, _)| *known == role) {
            uses.push((role, Named::Alias(alias.clone())));
        }
    }
    if uses.len() > CONTAINERS_MAX {
        return Err(format!("The job has more than {CONTAINERS_MAX} containers."));
    }
    uses.into_iter().map(|(role, used)| wish(job, variables, role, &used)).collect()
}

/// A container when its leg begins.
enum Named {
    /// A container of the resources, or else an image.
    Alias(String),
    Inline(Container),
}

/// Returns which container is meant, if one is.
fn known(job: &JobContext, used: &ContainerUse) -> Result<Option<Named>, String> {
    Ok(match used {
        ContainerUse::Inline(container) => Some(Named::Inline(container.clone())),
        ContainerUse::Alias(alias) => Some(Named::Alias(alias.clone())),
        ContainerUse::Expression(expression) => {
            let sources = Sources { contexts: contexts(job), counter: None };
            let alias = late_container(expression, &job.plan, Asker::Leg(job.stage, job.job, job.leg), &sources)
                .map_err(|mistake| format!("The container of the job can't be used: {mistake}."))?;
            (!alias.is_empty()).then_some(Named::Alias(alias))
        }
    })
}

fn wish(job: &JobContext, variables: &Variables, role: Role, used: &Named) -> Result<Wish, String> {
    let container = match used {
        Named::Inline(container) => container.clone(),
        Named::Alias(alias) => {
            let known = job.plan.resources.containers.iter().find(|(name, _)| name.eq_ignore_ascii_case(alias));
            let image = || Container { image: alias.as_str().into(), ..Container::default() };
            known.map_or_else(image, |(_, container)| container.clone())
        }
    };
    // Its secrets are marked; there are none where nothing is.
    let marked = |what: &str, text: &Text| {
        let expanded =
            variables.expand(text).map_err(|error| format!("The {what} of a container can't be used: {error}."))?;
        match expanded.is_tainted() {
            true => Err(format!("Payload text can't be the {what} of a container.")),
            false => Ok(variables.expand_beside_secrets(text).unwrap_or(expanded)),
        }
    };
    let author = |what: &str, text: &Text| {
        let text = marked(what, text)?;
        if text.is_tainted() { Err(shows_secret(what)) } else { Ok(text.flatten().into_owned()) }
    };
    let each = |what: &str, texts: &[Text]| texts.iter().map(|text| author(what, text)).collect::<Result<Vec<_>, _>>();
    let image = author("image", &container.image)?.trim().to_owned();
    if image.is_empty() || image.starts_with('-') {
        return Err(format!("`{}` is no image of a container.", shown(&image)));
    }
    let options = container.options.as_ref().map(|options| marked(OPTIONS, options)).transpose()?;
    let mut env = Vec::new();
    for (name, value) in &container.env {
        let value = variables.expand(value).map_err(|error| format!("`{}`: {error}.", shown(name)))?;
        environment::check(name, &value)?;
        env.push((name.clone(), value.flatten().into_owned()));
    }
    let options = unseen(&split(&options.unwrap_or_default()), &mut env)?;
    Ok(Wish {
        role,
        image,
        is_local: container.is_local,
        env,
        options,
        ports: each("ports", &container.ports)?,
        volumes: each("volumes", &container.volumes)?,
        is_read_only: (container.read_only.work, container.read_only.tools),
        has_socket: !container.hides_docker_socket,
    })
}

/// Returns the words of options without the secrets that are marked in them: a variable of the container that has one
/// is given by name, as those of `env` are, and its value joins them. On failure, a sentence.
fn unseen(words: &[Text], env: &mut Vec<(String, String)>) -> Result<Vec<String>, String> {
    let mut options: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        let flat = word.flatten();
        if !word.is_tainted() {
            options.push(flat.into_owned());
            continue;
        }
        let before = match options.last().map(String::as_str) {
            Some("-e" | "--env") => "",
            _ => ENV_OPTIONS.iter().find(|it| flat.starts_with(**it)).ok_or_else(|| shows_secret(OPTIONS))?,
        };
        let (name, value) = flat[before.len()..].split_once('=').ok_or_else(|| shows_secret(OPTIONS))?;
        let author = word.segments().first().filter(|first| !first.is_tainted());
        let is_authors = author.is_some_and(|first| first.text.len() > before.len() + name.len());
        if !is_authors || is_kept(name) {
            return Err(shows_secret(OPTIONS));
        }
        options.push(format!("{before}{name}"));
        env.push((name.to_owned(), value.to_owned()));
    }
    Ok(options)
}

fn shows_secret(what: &str) -> String {
    let help = if what == OPTIONS { "pass it in `env:` of the container" } else { "name a variable that is no secret" };
    format!(
        "The {what} of a container would put a secret into a command line, which every user of this machine can read. \
         Help: {help}."
    )
}

/// Whether the machine labels files, so that a container may only use those of its own label (SELinux).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Labels {
    None,
    Enforced,
}

/// Returns what an engine must be told so that the job's folders are the same inside: Podman without the rights of
/// root gives its user another number inside, unless it keeps it; and where files have labels, the folders
/// keep theirs. New ones, as `:z` makes, would stay behind in sources that are somebody's own.
fn own_options(engine: &Path, is_root: bool, labels: Labels) -> &'static [&'static str] {
    const KEPT_USER: [&str; 2] = ["--userns", "keep-id"];
    const NO_LABELS: [&str; 2] = ["--security-opt", "label=disable"];
    const BOTH: [&str; 4] = [KEPT_USER[0], KEPT_USER[1], NO_LABELS[0], NO_LABELS[1]];
    match (is_podman(engine) && !is_root, labels) {
        (true, Labels::Enforced) => &BOTH,
        (true, Labels::None) => &KEPT_USER,
        (false, Labels::Enforced) => &NO_LABELS,
        (false, Labels::None) => &[],
    }
}

/// Says whether an engine is Podman.
pub(super) fn is_podman(engine: &Path) -> bool {
    engine.file_name().is_some_and(|name| name == "podman")
}

/// Says whether a variable is the engine's own in every call.
pub(super) fn is_kept(name: &str) -> bool {
    matches!(name, "PATH" | "HOME") || ENGINE_VARIABLES.contains(&name)
}

/// Returns a variable of a container as an argument: by name, so that no value is an argument, but for
/// what the engine itself needs.
pub(super) fn named(name: &str, value: &str) -> String {
    if is_kept(name) { format!("{name}={value}") } else { name.to_owned() }
}

impl Wish {
    /// Returns the arguments that create the container. Values of its environment are not among them.
    pub(super) fn arguments(
        &self,
        job: &JobContext,
        engine: &Path,
        name: &str,
        (network, hosts): (Option<&str>, &[String]),
    ) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| all.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["create", "--name", name, "--label", &format!("{MARK}={}", job.mark())]);
        // Docker kills what it removes by force; Podman asks first, and waits.
        add(&["--stop-timeout", "0"]);
        let is_root = rustix::process::geteuid().is_root();
        let labels = if Path::new(LABELS).exists() { Labels::Enforced } else { Labels::None };
        add(own_options(engine, is_root, labels));
        if let Some(network) = network {
            add(&["--network", network]);
        }
        for host in hosts {
            add(&["--add-host", host]);
        }
        if let Role::Service(service) = &self.role {
            add(&["--network-alias", service]);
        }
        for (name, value) in &self.env {
            add(&["--env", &named(name, value)]);
        }
        for port in &self.ports {
            add(&["--publish", port]);
        }
        for volume in &self.volumes {
            add(&["--volume", volume]);
        }
        let is_service = matches!(self.role, Role::Service(_));
        if !is_service {
            for mount in self.mounts(job) {
                add(&["--volume", &mount]);
            }
        }
        for option in &self.options {
            add(&[option]);
        }
        match is_service {
            true => add(&[&self.image]),
            // Whatever the image would do, it waits for steps.
            false => add(&["--entrypoint", "tail", &self.image, "-f", "/dev/null"]),
        }
        all
    }

    /// Returns the folders that are the same inside and outside.
    fn mounts(&self, job: &JobContext) -> Vec<String> {
        let (work, tools) = self.is_read_only;
        let workspace = &job.workspace;
        let mount = |folder: &Path, is_read_only: bool| {
            let folder = folder.display();
            format!("{folder}:{folder}{}", if is_read_only { ":ro" } else { "" })
        };
        let mut mounts = vec![mount(&workspace.root, work), mount(&workspace.tools, tools)];
        if work {
            // Scripts and what they hand over are there.
            mounts.push(mount(&workspace.temporary, false));
        }
        if !workspace.sources.starts_with(&workspace.root) {
            mounts.push(mount(&workspace.sources, work));
        }
        let tasks = job.host.machine.tasks.as_deref().and_then(|tasks| std::path::absolute(tasks).ok());
        mounts.extend(tasks.filter(|tasks| tasks.is_dir()).map(|tasks| mount(&tasks, true)));
        if self.has_socket && Path::new(SOCKET).exists() {
            mounts.push(mount(Path::new(SOCKET), false));
        }
        mounts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_told_what_it_would_do_otherwise() {
        let told = |engine: &str, is_root, labels| own_options(Path::new(engine), is_root, labels).join(" ");
        assert_eq!(told("/usr/bin/docker", false, Labels::None), "");
        assert_eq!(told("/usr/bin/podman", true, Labels::None), "");
        assert_eq!(told("/usr/bin/podman", false, Labels::None), "--userns keep-id");
        assert_eq!(told("/usr/bin/docker", true, Labels::Enforced), "--security-opt label=disable");
        assert_eq!(told("podman", false, Labels::Enforced), "--userns keep-id --security-opt label=disable");
    }
}
