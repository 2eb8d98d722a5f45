//! A folder in which scripts run that may do something: what they reach by a name is stood in for, and a
//! file tells whether a payload was run.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use tempfile::TempDir;

/// How many scripts run at a time: most of them wait for programs to start.
const THREADS: usize = 4;
/// After how many seconds a script is killed.
const SECONDS_MAX: u32 = 10;
/// The exit code of `timeout` for a script that it killed: 128 and the signal.
const KILLED: i32 = 137;

/// What writes the canary: beside the folder of programs, or of the script.
const CANARY: &str = "#!/bin/sh\n: > \"${0%/bin/*}/canary\"\n";
const EVIL: &str = "#!/bin/sh\n: > ../canary\n";

/// Makes the folder of a script a repository with two commits, and a folder `d` with one.
const REPOSITORY: &str = "git init -q . && git config user.name a && git config user.email a@b && git add f && \
    git commit -qm a && git branch -q main; git add a && git commit -qm b && mkdir d && git init -q d";

/// Stands in for programs that start the command among their words: the first word that is a program.
const LAUNCHER: &str = "#!/bin/bash\n\
    while [ $# -gt 0 ]; do\n\
    case $1 in -c) shift; exec sh -c \"$*\";; --entrypoint) shift; exec \"$1\";; exec|run|-*|*=*) shift; continue;; esac\n\
    if type -P -- \"$1\" > /dev/null; then exec \"$@\"; fi\n\
    shift\n\
    done\n";
/// Stands in for `ssh`: the words behind the host are one command for a shell, or it reads what it is to do.
const SSH: &str = "#!/bin/bash\n\
    [ \"$1\" = -p ] && shift 2; [ \"$1\" = ssh ] && shift\n\
    while [ $# -gt 0 ]; do\n\
    case $1 in -o) shift; sh -c \"${1#ProxyCommand?}\"; shift;; -oProxyCommand=*) sh -c \"${1#*=}\"; shift;; \
    -[pilF]) shift 2;; -*) shift;; *) break;; esac\n\
    done\n\
    shift\n\
    if [ $# -gt 0 ]; then exec sh -c \"$*\"; else exec sh; fi\n";
/// Stands in for what must not be reached from a test.
const NOTHING: &str = "#!/bin/sh\nexit 0\n";
/// Stands in for any other program: it prints its name and its arguments.
pub const PRINTING: &str = "#!/bin/bash\nprintf '[%s]' \"${0##*/}\" \"$@\"; echo\n";

pub const LAUNCHERS: &[&str] = &[
    "sudo",
    "doas",
    "su",
    "runuser",
    "docker",
    "podman",
    "kubectl",
    "ip",
    "perf",
    "valgrind",
    "machinectl",
    "npx",
    "poetry",
    "pipenv",
    "bundle",
    "uv",
    "uvx",
    "nix-shell",
    "conda",
    "micromamba",
    "pixi",
    "rye",
    "hatch",
    "pdm",
    "asdf",
    "volta",
    "fnm",
    "nvm",
    "rustup",
    "op",
    "doppler",
    "chamber",
    "aws-vault",
    "envdir",
    "chpst",
    "softlimit",
    "setlock",
    "lckdo",
    "cronic",
    "chronic",
    "ifne",
    "zrun",
    "faketime",
    "eatmydata",
    "catchsegv",
    "numactl",
    "cgexec",
    "rlwrap",
    "daemonize",
    "start-stop-daemon",
    "flatpak-spawn",
    "distrobox",
    "toolbox",
    "guix",
    "chroot",
    "nsenter",
    "systemd-run",
    "lerna",
];
const KEPT_AWAY: &[&str] =
    &["crontab", "at", "batch", "reboot", "shutdown", "systemctl", "mail", "sendmail", "wall", "apt", "dpkg", "pip"];

/// What came of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    Canary,
    /// It was not done in time.
    Killed,
    Nothing,
}

/// A folder in which scripts run: `work` for the script, `bin` in front of all programs, `home`.
pub struct Cage {
    folder: TempDir,
}

impl Cage {
    pub fn new() -> Self {
        let cage = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for folder in ["bin", "home"] {
            std::fs::create_dir(cage.path(folder)).expect("a folder");
        }
        for (script, names) in
            [(LAUNCHER, LAUNCHERS), (SSH, &["ssh", "sshpass"]), (NOTHING, KEPT_AWAY), (CANARY, &["canary"])]
        {
            cage.programs(script, names);
        }
        cage.program("evil", EVIL);
        // Beside the script, where Python looks for modules.
        std::fs::write(cage.path("evil.py"), "open('../canary', 'w')\n").expect("a module");
        cage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a program by another process: one that this process wrote may be open for writing in a child
    /// of another test, and then can't be run.
    fn program(&self, name: &str, script: &str) {
        let write = "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let wrote =
            Command::new("sh").args(["-c", write, "_", script]).arg(self.path(name)).status().expect("sh starts");
        assert!(wrote.success(), "a program is written");
    }

    /// Puts one script in the way of several programs.
    pub fn programs(&self, script: &str, names: &[&str]) {
        let file = format!("program-{}", names[0]);
        self.program(&file, script);
        for name in names {
            let link = self.path("bin").join(name);
            let _ = std::fs::remove_file(&link);
            symlink(self.path(&file), link).expect("a link");
        }
    }

    /// Runs a script of bash in a fresh folder and says whether the canary is there.
    pub fn runs(&self, script: &str, variables: &[(String, String)]) -> bool {
        self.runs_by("bash", script, variables)
    }

    /// As [`Self::runs`], by another interpreter.
    pub fn runs_by(&self, interpreter: &str, script: &str, variables: &[(String, String)]) -> bool {
        self.runs_within(SECONDS_MAX, interpreter, script, variables) == Ran::Canary
    }

    /// Runs a script that is killed after some seconds, and says what came of it.
    pub fn runs_within(&self, seconds: u32, interpreter: &str, script: &str, variables: &[(String, String)]) -> Ran {
        let (work, canary) = (self.path("work"), self.path("canary"));
        let _ = std::fs::remove_dir_all(&work);
        let _ = std::fs::remove_file(&canary);
        std::fs::create_dir(&work).expect("a folder");
        for (name, text) in [("f", "a\nx\n"), ("a", "a\n"), ("list", "a\n"), ("tpl", "$T\n"), ("tpl.sh", "$T\n")] {
            std::fs::write(work.join(name), text).expect("a file");
        }
        std::fs::write(self.path("script"), script).expect("a script");
        symlink(self.path("evil"), work.join("evil")).expect("a link");
        if script.contains("cd ") || script.contains("pushd ") {
            for (_, value) in variables {
                // Not every payload can be the name of a folder.
                let _ = std::fs::create_dir(work.join(value));
            }
        }
        if script.contains("git ") {
            let mut made = Command::new("sh");
            made.args(["-c", REPOSITORY]).current_dir(&work).env("HOME", self.path("home"));
            let _ = made.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("sh starts");
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let mut timeout = Command::new("timeout");
        timeout.args(["-s", "KILL", &seconds.to_string(), interpreter]).arg(self.path("script"));
        timeout.env_clear().env("PATH", format!("{}:{path}", self.path("bin").display()));
        timeout.env("HOME", self.path("home")).env("TERM", "dumb").env("GIT_CONFIG_NOSYSTEM", "1");
        timeout.envs(variables.iter().cloned()).current_dir(&work);
        timeout.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = timeout.status().expect("the shell starts");
        match status.code() {
            _ if canary.exists() => Ran::Canary,
            // `timeout` is killed by the signal that it sends to its group.
            None | Some(KILLED) => Ran::Killed,
            Some(_) => Ran::Nothing,
        }
    }
}

/// Runs something for each of many on several threads, each with a folder of its own.
pub fn each<T: Sync>(all: &[T], prepare: impl Fn(&Cage) + Sync, one: impl Fn(&Cage, &T) + Sync) {
    let next = Mutex::new(all.iter());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let cage = Cage::new();
                prepare(&cage);
                loop {
                    let Some(it) = next.lock().expect("no holder panics").next() else { return };
                    one(&cage, it);
                }
            });
        }
    });
}
