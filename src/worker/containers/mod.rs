//! The containers of a job: the one its steps run in, those that single steps name, and its services.
//!
//! ```text
//! pull ─► network create ─► create, start ─► … exec for each step … ─► rm --force ─► network rm
//! ```
//! The job's folders are at the same paths inside as outside, so that every path means the same in
//! both. Steps run as the server's own user. What a step leaves running is ended after it, like
//! on the machine itself. What calls the containers is in [`call`], what is asked of them in [`wish`], and what
//! becomes of those whose worker is gone in [`left`].

mod call;
mod left;
mod wish;

pub(super) use left::clear_up;

use super::built_in::work_until;
use super::context::JobContext;
use super::environment::Environment;
use super::interpreter::Call as Words;
use super::job::Execution;
use super::journal::Broken;
use super::variables::Setting;
use crate::diagnostic::shown;
use crate::pipeline::plan::{Step, TargetPlace};
use crate::process::{self, Command, StandardError};
use call::{Engine, Failed};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use wish::Wish;

/// How long a service may take until it says that it is well.
const HEALTH_MAX: Duration = Duration::from_secs(300);
/// How often it is asked.
const HEALTH_EVERY: Duration = Duration::from_millis(500);
/// What the names of all containers and networks begin with.
const PREFIX: &str = "pipehook_";
/// Variables of the machine that are not those of a container, unless the author sets them.
const OF_MACHINE: [&str; 6] = ["HOME", "LANG", "PATH", "SHELL", "TMPDIR", "USER"];

/// The running containers of a job.
#[derive(Debug, Default)]
pub(super) struct Containers {
    engine: PathBuf,
    running: Vec<Running>,
    network: Option<String>,
}

/// A container that runs.
#[derive(Debug)]
struct Running {
    /// What it is called here.
    name: String,
    role: Role,
    /// Its own path of programs.
    path: String,
}

/// What a container is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    /// The steps of the job that say nothing else.
    Job,
    /// The steps that name this alias.
    Step(String),
    /// A service of this name.
    Service(String),
}

/// The container of a step.
pub(super) struct Container<'c> {
    engine: &'c Path,
    running: &'c Running,
}

impl Containers {
    /// Returns the container that a step runs in, if it runs in one.
    pub(super) fn of(&self, step: &Step) -> Option<Container<'_>> {
        let place = step.target.as_ref().map_or(&TargetPlace::Job, |target| &target.place);
        let running = self.running.iter().find(|running| match (place, &running.role) {
            (TargetPlace::Job, Role::Job) => true,
            (TargetPlace::Container(alias), Role::Step(known)) => alias.eq_ignore_ascii_case(known),
            _ => false,
        })?;
        Some(Container { engine: &self.engine, running })
    }

    /// Ends what a step has left running in its container: these are no processes of ours, so that
    /// they are looked for by the mark in their environment.
    pub(super) async fn end_step(&self, job: &JobContext, step: &Step) {
        if self.of(step).is_some() {
            let marks = [job.mark()];
            let hunting = tokio::task::spawn_blocking(move || process::hunt(&marks));
            if let Err(error) = hunting.await {
                tracing::error!(%error, "what a step left in its container could not be looked for");
            }
        }
    }
}

impl Container<'_> {
    /// Returns what calls a program in the container: as the server's user, in a folder, with the
    /// step's environment by name, so that no value is an argument.
    pub(super) fn command(
        &self,
        execution: &Execution<'_>,
        words: Words,
        environment: &Environment,
        directory: PathBuf,
    ) -> Command {
        let job = execution.job;
        let mut arguments: Vec<OsString> = ["exec", "--user"].map(OsString::from).to_vec();
        arguments.push(user().into());
        arguments.extend(["--workdir".into(), directory.clone().into_os_string()]);
        let is_inherited = |name: &str, value: &str| {
            OF_MACHINE.contains(&name) && job.host.environment.iter().any(|(known, own)| known == name && own == value)
        };
        for (name, value) in environment.pairs() {
            if name != "PATH" && !is_inherited(name, value) {
                arguments.extend(["--env".into(), wish::named(name, value).into()]);
            }
        }
        if !execution.folders.is_empty() {
            let path = format!("{}:{}", execution.folders.join(":"), self.running.path);
            arguments.extend(["--env".into(), format!("PATH={path}").into()]);
        }
        arguments.push(self.running.name.clone().into());
        arguments.extend(words.programs.into_iter().take(1).map(OsString::from));
        arguments.extend(words.arguments);
        let own = environment.pairs().filter(|(name, _)| !wish::is_kept(name));
        let kept = job.host.environment.iter().filter(|(name, _)| wish::is_kept(name));
        let kept = kept.chain(job.host.machine.engine.variables()).map(|(name, value)| (name.as_str(), value.as_str()));
        Command {
            shims: job.host.shims.clone(),
            mark: job.mark(),
            term: job.term.clone(),
            program: self.engine.to_owned(),
            arguments,
            environment: own.chain(kept).map(|(name, value)| (name.into(), value.into())).collect(),
            // The engine itself starts where the job's folders are.
            directory: job.workspace.root.clone(),
            standard_error: StandardError::Joined,
        }
    }
}

/// Returns the server's user and group.
fn user() -> String {
    format!("{}:{}", rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}

/// Starts what a job needs. Otherwise a sentence that says why it can't begin.
pub(super) async fn start(execution: &mut Execution<'_>) -> Result<Option<String>, Broken> {
    let wishes = match wish::all(execution.job, &execution.variables) {
        Ok(wishes) if wishes.is_empty() => return Ok(None),
        Ok(wishes) => wishes,
        Err(sentence) => return Ok(Some(sentence)),
    };
    let machine = execution.job.host.machine.clone();
    let program = tokio::task::spawn_blocking(move || machine.engine.program()).await;
    execution.containers.engine = match program.map_err(|error| error.to_string()).flatten() {
        Ok(program) => program,
        Err(reason) => {
            let help = "Help: install Docker or Podman, or run the job in a pool whose machines have one.";
            return Ok(Some(format!("The job needs containers, and {reason}. {help}")));
        }
    };
    match start_all(execution, wishes).await {
        Ok(()) => Ok(None),
        Err(Failed::Broken(broken)) => Err(broken),
        Err(Failed::Sentence(sentence)) => Ok(Some(sentence)),
    }
}

/// Writes down what is about to be started.
async fn note(execution: &mut Execution<'_>, base: &str, count: usize) -> Result<(), Failed> {
    let (root, mark) = (execution.job.workspace.root.clone(), execution.job.mark());
    let (engine, base) = (execution.containers.engine.clone(), base.to_owned());
    let stop = execution.watchman.interruption(None, || false);
    match work_until(stop, move |_| left::note(&root, (&engine, &mark), &base, count)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failed::Sentence(format!("The containers of the job can't be noted: {error}."))),
        Err(_) => Err(Failed::Sentence("The job was asked to stop before its containers had begun.".to_owned())),
    }
}

async fn start_all(execution: &mut Execution<'_>, wishes: Vec<Wish>) -> Result<(), Failed> {
    // Jobs of two runs in the foreground may have the same id; the folder names the attempt.
    let folder = execution.job.workspace.root.file_name().unwrap_or_default();
    let base = format!("{PREFIX}{}_{}", execution.job.run, folder.display());
    note(execution, &base, wishes.len()).await?;
    // Also a service alone is known by its name in a network of the author's only.
    if wishes.len() > 1 || wishes.iter().any(|wish| matches!(wish.role, Role::Service(_))) {
        Engine::of(execution).call(&["network", "create", &base]).await?;
        execution.containers.network = Some(base.clone());
    }
    let is_nameless = knows_no_names(execution).await?;
    let mut hosts = Vec::new();
    for (at, wish) in wishes.iter().enumerate() {
        let name = format!("{base}_{at}");
        start_one(execution, &name, wish, &hosts).await?;
        if let Role::Service(service) = &wish.role
            && is_nameless
        {
            hosts.extend(address(execution, &name).await?.map(|address| format!("{service}:{address}")));
        }
    }
    for wish in &wishes {
        if let Role::Service(service) = &wish.role {
            wait_until_well(execution, service).await?;
            tell_ports(execution, service).await?;
        }
    }
    Ok(())
}

/// Says whether the containers of the job's network don't find each other by name: Podman has no names where the
/// program for that is not installed. Docker has them always.
async fn knows_no_names(execution: &mut Execution<'_>) -> Result<bool, Failed> {
    let containers = &execution.containers;
    let Some(network) = containers.network.clone().filter(|_| wish::is_podman(&containers.engine)) else {
        return Ok(false);
    };
    let format = "{{.DNSEnabled}}";
    match Engine::of(execution).quietly().call(&["network", "inspect", "--format", format, &network]).await {
        Ok(lines) => Ok(lines.iter().any(|line| line.trim() == "false")),
        // An older one does not say.
        Err(Failed::Sentence(_)) => Ok(false),
        Err(broken) => Err(broken),
    }
}

/// Returns the address of a container in its network, if it has one.
async fn address(execution: &mut Execution<'_>, name: &str) -> Result<Option<String>, Failed> {
    let format = "{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}";
    let lines = Engine::of(execution).quietly().call(&["inspect", "--format", format, name]).await?;
    Ok(lines.into_iter().map(|line| line.trim().to_owned()).find(|line| line.parse::<IpAddr>().is_ok()))
}

/// Starts one container, which finds these hosts by their names.
async fn start_one(execution: &mut Execution<'_>, name: &str, wish: &Wish, hosts: &[String]) -> Result<(), Failed> {
    let network = execution.containers.network.clone();
    if !wish.is_local {
        let pulled = Engine::of(execution).call(&["pull", &wish.image]).await;
        if let Err(Failed::Sentence(sentence)) = pulled {
            let there = Engine::of(execution).quietly().call(&["image", "inspect", &wish.image]).await;
            there.map_err(|_| Failed::Sentence(sentence.clone()))?;
            let line = format!("##[warning]{sentence} The image that is on the machine is used.");
            execution.desk.log(None, vec![line]).await?;
        } else {
            pulled?;
        }
    }
    // From here on there is something to remove.
    let running = Running { name: name.to_owned(), role: wish.role.clone(), path: String::new() };
    execution.containers.running.push(running);
    let arguments = wish.arguments(execution.job, &execution.containers.engine, name, (network.as_deref(), hosts));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Engine::of(execution).with(&wish.env).call(&arguments).await?;
    Engine::of(execution).call(&["start", name]).await?;
    if !matches!(wish.role, Role::Service(_)) {
        let format = "{{range .Config.Env}}{{println .}}{{end}}";
        let lines = Engine::of(execution).quietly().call(&["inspect", "--format", format, name]).await?;
        let path = lines.iter().find_map(|line| line.strip_prefix("PATH="));
        let path = path.unwrap_or(crate::machine::PATH_DEFAULT).to_owned();
        if let Some(running) = execution.containers.running.last_mut() {
            running.path = path;
        }
    }
    Ok(())
}

/// Returns the name of the container of a service.
fn container_of(execution: &Execution<'_>, service: &str) -> String {
    let is_it = |running: &&Running| running.role == Role::Service(service.to_owned());
    execution.containers.running.iter().find(is_it).map(|running| running.name.clone()).unwrap_or_default()
}

/// Waits until a service that says how it is says that it is well.
async fn wait_until_well(execution: &mut Execution<'_>, service: &str) -> Result<(), Failed> {
    let name = container_of(execution, service);
    // Podman has the state of a check also where there is none: then it is empty.
    let format = "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}";
    let end = Instant::now() + HEALTH_MAX;
    loop {
        let lines = Engine::of(execution).quietly().call(&["inspect", "--format", format, &name]).await?;
        let line = lines.first().map_or("", |line| line.trim());
        let (state, health) = line.split_once(' ').unwrap_or((line, ""));
        let is_well = state == "running" && matches!(health, "" | "none" | "healthy");
        let may_become_well = matches!((state, health), ("" | "created" | "configured", _) | ("running", "starting"));
        if is_well {
            return Ok(());
        }
        if !may_become_well || Instant::now() >= end {
            let lines = Engine::of(execution).call(&["logs", "--tail", "20", &name]).await;
            // What it has said is in the log, where there is anything.
            drop(lines);
            let how = if state == "running" { health } else { state };
            return Err(Failed::Sentence(format!("The service `{}` does not run well: it is {how}.", shown(service))));
        }
        sleep(HEALTH_EVERY).await;
    }
}

/// Sets the variables that say at which port of the machine a port of a service is.
async fn tell_ports(execution: &mut Execution<'_>, service: &str) -> Result<(), Failed> {
    let name = container_of(execution, service);
    let lines = Engine::of(execution).quietly().call(&["port", &name]).await?;
    for (inside, outside) in lines.iter().filter_map(|line| line.split_once("->")) {
        let inside = inside.trim().split('/').next().unwrap_or_default();
        let Some((_, outside)) = outside.trim().rsplit_once(':') else { continue };
        let variable = format!("Agent.Services.{service}.Ports.{inside}");
        let setting = Setting { is_read_only: true, ..Setting::plain(&variable, outside.to_owned().into()) };
        execution.variables.apply(setting);
    }
    execution.variables.recalculate();
    Ok(())
}

/// Removes what was started. What can't be removed is told, and fails nothing.
pub(super) async fn stop(execution: &mut Execution<'_>) -> Result<(), Broken> {
    let names: Vec<String> = execution.containers.running.drain(..).map(|running| running.name).collect();
    let mut calls = Vec::new();
    if !names.is_empty() {
        calls.push(["rm", "--force", "--volumes"].map(str::to_owned).into_iter().chain(names).collect::<Vec<_>>());
    }
    if let Some(network) = execution.containers.network.take() {
        calls.push(vec!["network".to_owned(), "rm".to_owned(), network]);
    }
    for call in calls {
        let arguments: Vec<&str> = call.iter().map(String::as_str).collect();
        match Engine::of(execution).at_the_end().call(&arguments).await {
            Ok(_) => {}
            Err(Failed::Broken(broken)) => return Err(broken),
            Err(Failed::Sentence(sentence)) => {
                execution.desk.log(None, vec![format!("##[warning]{sentence}")]).await?;
            }
        }
    }
    Ok(())
}
