//! Containers, with a program in place of Docker that notes how it is called and runs what it is
//! asked to run on the machine itself.

use super::fake::Machine;
use super::prints;

/// Notes its arguments, answers as Docker does, and for `exec` runs the program in the folder and
/// with the variables that are named.
const DOCKER: &str = r#"
printf '%s' "$1" >> "$HOME/calls"; printf ' [%s]' "${@:2}" >> "$HOME/calls"; echo >> "$HOME/calls"
case "$1" in
  ps) exit "${DOWN:-0}" ;;
  network) [ "$2" != inspect ] || echo "${DNS:-false}" ;;
  pull) [ "$2" != missing ] || { echo "no such image"; exit 1; } ;;
  image) [ "$3" != missing ] ;;
  create) case "$*" in *--network\ *) ;; *--network-alias*) echo "network-scoped aliases are only supported for user-defined networks"; exit 1 ;; esac
    env | grep '^SECRET_OF_BOX=' >> "$HOME/calls"; echo 0123abcd ;;
  start) ;;
  inspect) case "$3" in *Config.Env*) echo A=1; echo PATH=/box/bin:/usr/bin:/bin ;; *IPAddress*) echo 10.0.0.7; echo ;; *) echo "${STATE:-running} $(head -n 1 "$HOME/health" 2>/dev/null)"; [ "$(cat "$HOME/health" 2>/dev/null | wc -l)" -lt 2 ] || sed -i 1d "$HOME/health" ;; esac ;;
  port) echo "5432/tcp -> 0.0.0.0:49153" ;;
  logs) echo "the log of ${4/run_*_job/job}" ;;
  rm) ;;
  exec)
    shift
    names=()
    while :; do
      case "$1" in
        --user) shift 2 ;;
        --workdir) cd "$2"; shift 2 ;;
        --env) case "$2" in *=*) names+=("$2") ;; *) names+=("$2=${!2}") ;; esac; shift 2 ;;
        *) break ;;
      esac
    done
    container=$1; shift
    exec env -i PATH=/usr/bin:/bin "${names[@]}" CONTAINER="${container/run_*_job/job}" "$@" ;;
esac
"#;

fn machine() -> Machine {
    let machine = Machine::new();
    machine.program("docker", DOCKER);
    machine
}

/// Returns the calls so far, without the id of the run in the names of containers.
fn noted(machine: &Machine) -> String {
    let calls = std::fs::read_to_string(machine.path().join("calls")).unwrap_or_default();
    let mut pieces = calls.split("pipehook_run_");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, piece| match piece.split_once('_') {
        Some((_, rest)) if rest.starts_with("job_") => all + "pipehook_" + rest,
        _ => all + "pipehook_run_" + piece,
    })
}

#[test]
fn steps_of_a_job_run_in_its_container() {
    let machine = machine();
    let pipeline = "\
resources:
  containers:
  - container: box
    image: shop/box:$(Build.BuildId)
    env: {SECRET_OF_BOX: value}
    options: --cpus 1 --hostname \"a b\"
    volumes: ['/srv/data:/data']
    mapDockerSocket: false
variables: {COLOR: blue}
container: box
steps:
- script: echo \"in <$CONTAINER> $COLOR $X <$HOME>\"; pwd; mkdir -p bin; printf '#!/bin/sh\\necho mine' > bin/mine; chmod +x bin/mine; echo '##vso[task.prependpath]'$PWD/bin
  env: {X: it's \"x\"}
- bash: mine; echo $PATH
- script: echo \"out <$CONTAINER>\"
  target: host
- script: exit 3
";
    let output = machine.run(pipeline).ended_with(1);
    assert!(output.stdout.contains("in <pipehook_job_0_0_0_0> blue it's \"x\" <>"), "{output:?}");
    assert!(output.stdout.contains("/bin:/box/bin:/usr/bin:/bin"), "{output:?}");
    prints(&output, &["mine", "out <>", "##[error]Bash exited with code '3'."]);
    let calls = noted(&machine);
    let lines: Vec<&str> = calls.lines().collect();
    assert!(lines.contains(&"pull [shop/box:1]") && lines.contains(&"SECRET_OF_BOX=value"), "{calls}");
    let create = lines.iter().find(|line| line.starts_with("create ")).expect("a container");
    for part in [
        "[--name] [pipehook_job_0_0_0_0]",
        "[--env] [SECRET_OF_BOX]",
        "[--volume] [/srv/data:/data]",
        "[--cpus] [1] [--hostname] [a b] [--entrypoint] [tail] [shop/box:1] [-f] [/dev/null]",
    ] {
        assert!(create.contains(part), "{part} in {create}");
    }
    assert!(!create.contains("network") && !create.contains("docker.sock") && !calls.contains("it's"), "{calls}");
    assert!(calls.contains("exec [--user] ["), "{calls}");
    assert_eq!(lines.last(), Some(&"rm [--force] [--volumes] [pipehook_job_0_0_0_0]"), "{calls}");
}

#[test]
fn services_are_started_first_and_their_ports_are_told() {
    let machine = machine();
    let pipeline = "\
services:
  db: {image: 'postgres:17', ports: ['5432'], env: {POSTGRES_PASSWORD: x}}
steps:
- script: echo port $(Agent.Services.db.Ports.5432) <$CONTAINER>
- script: echo one <$CONTAINER>
  target: alpine
- script: echo two <$CONTAINER>
  target: {container: Alpine, commands: restricted}
resources:
  containers: [{container: alpine, image: 'alpine:3', localImage: true}]
";
    let output = machine.run(&pipeline.replace('<', "\\<").replace('>', "\\>")).ended_with(0);
    prints(&output, &["port 49153 <>", "one <pipehook_job_0_0_0_1>", "two <pipehook_job_0_0_0_1>"]);
    let calls = noted(&machine);
    let service = "create [--name] [pipehook_job_0_0_0_0] [--label] [";
    assert!(
        calls.contains(service)
            && calls.contains("[--network-alias] [db] [--env] [POSTGRES_PASSWORD] [--publish] [5432] [postgres:17]"),
        "{calls}"
    );
    assert!(!calls.contains("pull [alpine:3]"), "{calls}");
    let end =
        "rm [--force] [--volumes] [pipehook_job_0_0_0_0] [pipehook_job_0_0_0_1]\nnetwork [rm] [pipehook_job_0_0_0]\n";
    assert!(calls.ends_with(end), "{calls}");
}

#[test]
fn one_service_beside_steps_of_the_machine_has_a_network() {
    let machine = machine();
    let pipeline = "services: {db: {image: 'postgres:17', ports: ['5432']}}\nsteps:\n- script: echo port $(Agent.Services.db.Ports.5432)\n";
    prints(&machine.run(pipeline).ended_with(0), &["port 49153"]);
    let calls = noted(&machine);
    assert!(calls.contains("network [create] [pipehook_job_0_0_0]\n"), "{calls}");
    let end = "rm [--force] [--volumes] [pipehook_job_0_0_0_0]\nnetwork [rm] [pipehook_job_0_0_0]\n";
    assert!(calls.ends_with(end), "{calls}");
}

#[test]
fn what_an_engine_remarks_is_no_answer() {
    let machine = Machine::new();
    machine.program("docker", &format!("echo 'level=warning msg=\"-> a:1 PATH=/none\"' >&2\n{DOCKER}"));
    let pipeline = "\
services: {db: {image: 'postgres:17', ports: ['5432']}}
container: box
steps:
- script: echo port $(Agent.Services.db.Ports.5432)
- script: echo '##vso[task.prependpath]/own'
- bash: echo \"path $PATH\"
";
    prints(&machine.run(pipeline).ended_with(0), &["port 49153", "path /own:/box/bin:/usr/bin:/bin"]);
}

#[test]
fn services_are_hosts_of_the_containers_where_podman_has_no_names() {
    let pipeline = "\
services: {db: {image: 'postgres:17'}, cache: {image: 'redis:8'}}
container: box
steps:
- script: echo here
";
    let hosts = |programs: &[(&str, &str)]| {
        let machine = Machine::new();
        for (name, script) in programs {
            machine.program(name, script);
        }
        prints(&machine.run(pipeline).ended_with(0), &["here"]);
        let calls = noted(&machine);
        let created = calls.lines().filter(|line| line.starts_with("create "));
        created.map(|line| line.matches("[--add-host] [").count()).collect::<Vec<_>>()
    };
    let named = format!("DNS=true\n{DOCKER}");
    assert_eq!(hosts(&[("docker", "exit 1\n"), ("podman", DOCKER)]), [0, 1, 2]);
    assert_eq!(hosts(&[("docker", "exit 1\n"), ("podman", &named)]), [0, 0, 0]);
    assert_eq!(hosts(&[("docker", DOCKER)]), [0, 0, 0]);
}

#[test]
fn each_leg_runs_in_the_container_that_an_expression_names_for_it() {
    let machine = machine();
    let pipeline = "\
resources: {containers: [{container: box, image: 'shop/box:1'}]}
jobs:
- job: first
  steps:
  - bash: echo '##vso[task.setvariable variable=image;isOutput=true]redis:8'
    name: choose
- job: second
  dependsOn: first
  variables: {TAG: '3'}
  strategy:
    maxParallel: 1
    matrix:
      alias: {IMAGE: box}
      image: {IMAGE: 'alpine:$(TAG)'}
      none: {IMAGE: ''}
  container: $[ variables['IMAGE'] ]
  services:
    cache: $[ dependencies.first.outputs['choose.image'] ]
    other: $[ variables.nothing ]
  steps:
  - script: echo \"in <$CONTAINER>\"
";
    let output = machine.run(pipeline).ended_with(0);
    prints(&output, &["in <pipehook_job_0_1_0_1>", "in <pipehook_job_0_1_1_1>", "in <>"]);
    let calls = noted(&machine);
    for image in ["shop/box:1", "alpine:3"] {
        assert!(calls.contains(&format!("[--entrypoint] [tail] [{image}]")), "{image}: {calls}");
    }
    assert_eq!(calls.matches("[--network-alias] [cache] [redis:8]").count(), 3, "{calls}");
    assert!(!calls.contains("[other]"), "{calls}");
}

#[test]
fn a_payload_names_no_container() {
    let machine = machine();
    machine.configure("connections: {open: {auth: none}}");
    let pipeline = |container: &str| {
        format!(
            "variables: {{IMAGE: '${{{{ parameters.hook.image }}}}'}}\ncontainer: {container}\nsteps:\n- script: echo ran\n"
        )
    };
    let run = |container| machine.run_with(&pipeline(container), "{\"image\": \"evil\"}").ended_with(1);
    let rejected = run("$[ variables.IMAGE ]");
    assert!(rejected.stderr.contains("a payload would decide about its `container`"), "{rejected:?}");
    let output = run("$[ iif(eq(1, 1), variables.IMAGE, 'box') ]");
    let sentence = "The container of the job can't be used: the payload would decide about it.";
    assert!(output.stdout.contains(sentence) && !noted(&machine).contains("evil"), "{output:?}");
}

#[test]
fn a_service_is_waited_for_and_steps_are_the_user_of_the_server() {
    let machine = machine();
    machine.file("health", "starting\nstarting\nhealthy\n");
    let pipeline = "\
container: {image: box, mountReadOnly: {work: true, tools: true}}
services: {db: postgres}
steps:
- script: echo ran
";
    prints(&machine.run(pipeline).ended_with(0), &["ran"]);
    let calls = noted(&machine);
    assert_eq!(calls.matches("inspect [--format] [{{.State.Status}}").count(), 3, "{calls}");
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    assert!(calls.contains(&format!("exec [--user] [{user}:{group}] [--workdir] [")), "{calls}");
    let create = calls.lines().filter(|line| line.starts_with("create ")).find(|line| line.contains("[tail]"));
    let create = create.expect("the job's own container");
    for (folder, mode) in [("job_0_0_0", ":ro"), ("tools", ":ro"), ("job_0_0_0/temp", "")] {
        assert!(create.contains(&format!("/{folder}{mode}]")), "{folder} in {create}");
    }
    assert!(create.contains("[--network] [pipehook_job_0_0_0]"), "{create}");
}

#[test]
fn a_service_that_is_not_well_or_an_image_that_is_missing_fails_the_job() {
    let machine = machine();
    machine.file("health", "unhealthy\n");
    let output = machine.run("services: {db: postgres}\nsteps:\n- script: echo ran\n").ended_with(1);
    assert!(output.stdout.contains("##[error]The service `db` does not run well: it is unhealthy."), "{output:?}");
    assert!(
        output.stdout.contains("the log of pipehook_job_0_0_0_0") && !output.stdout.contains("ran\n"),
        "{output:?}"
    );
    assert!(noted(&machine).contains("rm [--force]"));
    let output = machine.run("container: missing\nsteps:\n- script: echo ran\n").ended_with(1);
    assert!(output.stdout.contains("##[error]`docker pull` exited with code '1': no such image."), "{output:?}");
}

#[test]
fn what_a_step_leaves_running_in_its_container_is_ended() {
    let machine = machine();
    // As in a container, the process is no child of what called it.
    let pipeline = "container: box\nsteps:\n- script: setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $! > $PWD/pid\n- script: kill -0 $(cat pid) 2>/dev/null && echo alive || echo gone\n";
    prints(&machine.run(pipeline).ended_with(0), &["gone"]);
}

#[test]
fn payload_text_reaches_a_script_in_a_container_as_data() {
    let machine = machine();
    let pipeline = "container: box\nsteps:\n- script: echo ${{ parameters.hook.title }}\n";
    let output = machine.run_with(pipeline, r#"{"title":"a  $(touch x) \"b\""}"#).ended_with(0);
    prints(&output, &["a  $(touch x) \"b\""]);
    assert!(!noted(&machine).contains("touch x"));
    let output =
        machine.run_with("container: '${{ parameters.hook.title }}'\nsteps:\n- script: x\n", r#"{"title":"box"}"#);
    assert!(output.ended_with(1).stderr.contains("error[tainted-structure]"));
}

#[test]
fn without_an_engine_that_answers_a_run_with_containers_is_rejected() {
    let without = Machine::new().without_system();
    let pipeline = "container: box\nsteps:\n- script: x\n";
    let output = without.run(pipeline).ended_with(1);
    assert!(output.stderr.contains("error[missing-program]: no container can be run on this machine"), "{output:?}");
    assert!(output.stderr.contains("neither `docker` nor `podman` is installed"), "{output:?}");
    without.program("docker", "exit 1\n");
    let output = without.run(pipeline).ended_with(1);
    assert!(output.stderr.contains("does not answer: is its service running?"), "{output:?}");
    // What machines of another pool have is not known here; this one is asked to run it all the same.
    let output = without.run("pool: other\ncontainer: box\nsteps:\n- script: x\n").ended_with(1);
    assert!(output.stdout.contains("##[error]The job needs containers, and "), "{output:?}");
}
