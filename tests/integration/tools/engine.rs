//! Containers of an engine that is really there: an image made of this machine's own programs, a job in
//! it, and a service beside it.

use super::fake::Machine;
use super::prints;
use crate::support::Output;
use std::path::Path;
use std::process::{Command, Stdio};

/// The programs of the image.
const PROGRAMS: &str = "bash sh cat tail sleep env id";
/// What the image is called.
const IMAGE: &str = "localhost/pipehook-tests";
/// Makes a folder of programs with their libraries, and an image of it.
const MAKE: &str = r#"
set -e
mkdir -p root/bin root/tmp root/proc root/dev root/sys root/etc
for program in $PROGRAMS; do
  file=$(command -v "$program")
  cp -L "$file" root/bin/
  for library in $(ldd "$file" | grep -o '/[^ ]*'); do
    mkdir -p "root$(dirname "$library")"
    cp -L "$library" "root$library"
  done
done
printf '#!/bin/sh\nexec sleep 1000\n' > root/bin/serve
chmod +x root/bin/serve
tar --directory=root --create . | "$ENGINE" import - "$IMAGE"
"#;
/// How to get to where an engine works: here, or where there are no control groups of the second
/// version beside those of the first, with which some engines start nothing.
const WAYS: [&str; 2] = [
    r#"exec "$@""#,
    r#"exec unshare --mount --propagation private sh -c 'umount /sys/fs/cgroup/unified && exec "$@"' sh "$@""#,
];
/// Settings of Podman with which it works also without the right to raise limits.
const SETTINGS: &str =
    "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4000:4000\"]\ncgroups = \"disabled\"\n";

/// An engine that works on this machine.
struct Engine {
    name: &'static str,
    way: &'static str,
    machine: Machine,
}

impl Engine {
    /// Returns the first engine that answers, with its image. Where it starts no container nothing can be
    /// tested, which is said.
    fn find() -> Option<Self> {
        let machine = Machine::new();
        machine.file("containers.conf", SETTINGS);
        let mut engine = Self { name: "docker", way: WAYS[0], machine };
        let answers = |engine: &Self| engine.call(&[engine.name, "ps", "--quiet"]).is_ok();
        if !answers(&engine) {
            engine.name = "podman";
        }
        if !answers(&engine) {
            eprintln!("NOT RUN: neither docker nor podman answers on this machine");
            return None;
        }
        engine.call(&["bash", "-c", MAKE]).expect("an image is made");
        for way in WAYS {
            engine.way = way;
            match engine.call(&[engine.name, "run", "--rm", IMAGE, "bash", "-c", ":"]) {
                Ok(_) => return Some(engine),
                Err(why) => eprintln!("{} starts no container: {why}", engine.name),
            }
        }
        eprintln!("NOT RUN: {} answers, and starts no container on this machine", engine.name);
        None
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("bash");
        command.args(["-c", self.way, "way"]).args(words).current_dir(self.machine.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.machine.path());
        command.env("CONTAINERS_CONF", self.machine.path().join("containers.conf"));
        command.envs([("ENGINE", self.name), ("IMAGE", IMAGE), ("PROGRAMS", PROGRAMS)]).stdin(Stdio::null());
        command
    }

    /// Returns what a call prints; where it fails, what it says.
    fn call(&self, words: &[&str]) -> Result<String, String> {
        let output = self.command(words).output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn run(&self, pipeline: &str) -> Output {
        std::fs::write(self.machine.path().join("p.yml"), pipeline).expect("a file");
        let program = Path::new(env!("CARGO_BIN_EXE_pipehook")).to_str().expect("a name");
        let output = self.command(&[program, "run", "p.yml", "--raw"]).output().expect("it ends");
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Where there is none, it was not made.
        let _ = self.call(&[self.name, "rmi", "--force", IMAGE]);
    }
}

#[test]
fn jobs_run_in_a_real_container_beside_a_real_service() {
    let Some(engine) = Engine::find() else { return };
    let pipeline = r#"
resources:
  containers:
  - {container: box, image: IMAGE, localImage: true, env: {COLOR: "it's blue", DOCKER_HOST: none}}
  - {container: db, image: IMAGE, localImage: true, ports: ['5432'], options: --entrypoint /bin/serve}
services: {db: db}
container: box
steps:
- script: |
    echo "in <$COLOR> <$X> <$DOCKER_HOST> $(id -u)"
    echo made > file
    echo '##vso[task.setvariable variable=A;isOutput=true]b'
    sleep 98765431 &
  name: one
  env: {X: "a  'b' $c"}
- script: cat file; echo "<$(one.A)>"; test -e /bin/serve && echo inside
- script: 'cat file; test -e /bin/serve || echo outside; pgrep -f "^sleep 98765431" || echo gone'
  target: host
- script: exit 3
  continueOnError: true
- script: '(: < /dev/tcp/db/9) 2>&1 | cat'
- script: 'echo port $(Agent.Services.db.Ports.5432)'
"#;
    let output = engine.run(&pipeline.replace("IMAGE", IMAGE)).ended_with(0);
    let user = rustix::process::geteuid().as_raw();
    let inside = format!("in <it's blue> <a  'b' $c> <none> {user}");
    prints(&output, &[&inside, "made", "<b>", "inside", "outside", "gone", "##[error]Bash exited with code '3'."]);
    // The service is found by its name, also where the engine has no names; nobody listens there.
    assert!(output.stdout.contains("connect: Connection refused"), "{output:?}");
    let port = output.stdout.lines().find_map(|line| line.strip_prefix("port ")).expect("a port");
    assert!(port.parse::<u16>().is_ok(), "{output:?}");
    let left = engine.call(&[engine.name, "ps", "--all", "--format", "{{.Names}}"]).expect("a list");
    assert!(!left.contains("job_0_0_0"), "{left}");
}
