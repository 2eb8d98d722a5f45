//! Commands that start the command among their arguments.

use super::super::requirement::Requirement;
use super::Walker;
use super::code::{Reach, is_shell, joined};
use super::interpreter::is_interpreter;
use super::simple::{Call, Environment};
use crate::shell::special::is_special;

struct Launcher {
    name: &'static str,
    environment: Environment,
    /// How many operands stand in front of the command.
    operands: usize,
    /// The letters of options that take a value.
    values: &'static str,
}

const fn launcher(name: &'static str, environment: Environment, operands: usize, values: &'static str) -> Launcher {
    Launcher { name, environment, operands, values }
}

use Environment::{Kept, Lost};

const LAUNCHERS: &[Launcher] = &[
    launcher("command", Kept, 0, ""),
    launcher("builtin", Kept, 0, ""),
    launcher("exec", Kept, 0, "a"),
    launcher("nohup", Kept, 0, ""),
    launcher("nice", Kept, 0, "n"),
    launcher("ionice", Kept, 0, "cnp"),
    launcher("timeout", Kept, 1, "ks"),
    launcher("stdbuf", Kept, 0, "ioe"),
    launcher("setsid", Kept, 0, ""),
    launcher("taskset", Kept, 1, ""),
    launcher("chrt", Kept, 1, "TPD"),
    launcher("time", Kept, 0, "fo"),
    launcher("busybox", Kept, 0, ""),
    launcher("strace", Kept, 0, "eopsu"),
    launcher("flock", Kept, 1, "wE"),
    launcher("npx", Kept, 0, "p"),
    launcher("xargs", Kept, 0, "aEdILnPs"),
    launcher("sshpass", Kept, 0, "pPfde"),
    launcher("xvfb-run", Kept, 0, "nsefpw"),
    launcher("fakeroot", Kept, 0, "lisb"),
    launcher("unbuffer", Kept, 0, ""),
    launcher("chronic", Kept, 0, ""),
    launcher("proxychains", Kept, 0, "f"),
    launcher("proxychains4", Kept, 0, "f"),
    launcher("torsocks", Kept, 0, "upaP"),
    launcher("faketime", Kept, 1, ""),
    launcher("setpriv", Kept, 0, ""),
    launcher("tini", Kept, 0, "pe"),
    launcher("dumb-init", Kept, 0, ""),
    launcher("ltrace", Kept, 0, "eopsu"),
    launcher("valgrind", Kept, 0, ""),
    launcher("gosu", Lost, 1, ""),
    launcher("su-exec", Lost, 1, ""),
    launcher("env", Lost, 0, "uCS"),
    launcher("sudo", Lost, 0, "ugpChrTUDR"),
    launcher("doas", Lost, 0, "uC"),
    launcher("chroot", Lost, 1, ""),
    launcher("unshare", Lost, 0, "SGRw"),
    launcher("nsenter", Lost, 0, "tSGrw"),
    launcher("systemd-run", Lost, 0, "puHMtE"),
];

/// Programs that run their arguments as code or as commands, in ways that differ too much to tell.
const RUNNING_ANYTHING: &[&str] = &[
    "su",
    "runuser",
    "sg",
    "newgrp",
    "capsh",
    "jshell",
    "autossh",
    "mosh",
    "slogin",
    "rsh",
    "plink",
    "dbclient",
    "salt",
    "salt-call",
    "salt-ssh",
    "lftp",
    "gdb",
    "lldb",
    "pwsh",
    "powershell",
    "pwsh.exe",
    "powershell.exe",
    // Editors: `+…`, `-c …` and `--eval …` are their commands, and a file may say some too.
    "vim",
    "vi",
    "view",
    "vimdiff",
    "gvim",
    "nvim",
    "ex",
    "emacs",
    "emacsclient",
    "nano",
    "watch",
    "parallel",
    "script",
    "socat",
    "tmux",
    "screen",
    "xdotool",
    "expect",
    "entr",
    "watchexec",
    "hyperfine",
    "concurrently",
    "npm-run-all",
    "run-p",
    "run-s",
    "pdsh",
    "pssh",
    "ansible",
];

/// Programs with the words among their arguments by which they run the others.
const RUNNING_BY_WORD: &[(&str, &[&str])] = &[
    ("deno", &["eval"]),
    ("fd", &["-x", "-X", "--exec", "--exec-batch"]),
    ("fdfind", &["-x", "-X", "--exec", "--exec-batch"]),
    ("heroku", &["run", "run:detached", "ps:exec"]),
    ("vagrant", &["ssh", "winrm"]),
    ("fly", &["ssh"]),
    ("flyctl", &["ssh"]),
    ("cf", &["ssh"]),
    ("az", &["run-command"]),
];

/// Options of a launcher behind which code of a shell stands, in front of no command.
const CODE_OPTIONS: &[&str] = &["-c", "--command"];

/// Options of `ssh` that take a value.
const SSH_VALUES: &str = "BbcDEeFIiJLlmOopQRSWw";

impl Walker {
    /// Follows a command that starts another; false if it is none.
    pub(super) fn launcher(&mut self, name: &str, call: Call) -> bool {
        match name {
            "find" => self.find(call),
            "ssh" => self.ssh(call),
            _ if RUNNING_ANYTHING.contains(&name) || runs_by_word(name, call) => self.remote(call),
            _ => match LAUNCHERS.iter().find(|launcher| launcher.name == name) {
                Some(launcher) => self.launch(launcher, call),
                None => return false,
            },
        }
        true
    }

    fn launch(&mut self, launcher: &Launcher, call: Call) {
        let start = self.skip_options(launcher, call);
        for operand in call.words.iter().skip(start).take(launcher.operands) {
            self.require(&operand.sources(), Requirement::Plain);
        }
        let inner = match launcher.environment {
            Kept => call,
            Lost => call.with_environment_lost(),
        };
        let inner = inner.from(start + launcher.operands);
        if launcher.name == "xargs" {
            self.require(&[call.scope.stdin], Requirement::Plain);
            let name = inner.and_then(Call::name).unwrap_or_default();
            let last = call.words.last().and_then(super::Argument::literal).unwrap_or_default();
            let is_named_by_input = LAUNCHERS.iter().any(|it| it.name == last && it.name != "xargs");
            if is_shell(&name) || is_interpreter(&name) || is_named_by_input {
                self.refuse(&[call.scope.stdin], "an argument that `xargs` gives to a program that runs it");
            }
        }
        if let Some(inner) = inner {
            self.launched(inner);
        }
    }

    /// Follows what a launcher starts: a command, or the code of `flock file -c code`.
    fn launched(&mut self, call: Call) {
        if !call.words[0].word.prefix().starts_with('-') {
            return self.call(call);
        }
        match call.rest() {
            [code] if CODE_OPTIONS.iter().any(|option| call.words[0].has_literal(option)) => {
                let reach = if call.environment == Kept { Reach::Local } else { Reach::Remote };
                self.nested(code.word, &code.sources(), call.scope, reach);
            }
            _ => {
                self.refuse(&call.words[0].sources(), "an option of a command that starts another");
                self.refuse(&call.sources(), "an argument of a command that starts another");
            }
        }
    }

    /// Steps over a launcher's own options and returns the index of what follows.
    fn skip_options(&mut self, launcher: &Launcher, call: Call) -> usize {
        let mut index = 1;
        while let Some(argument) = call.words.get(index) {
            let prefix = argument.word.prefix();
            let assigned = prefix.split_once('=').map(|(name, _)| name);
            if launcher.environment == Lost
                && let Some(variable) = assigned.filter(|name| !name.starts_with('-'))
            {
                self.assign(variable, &argument.sources());
                if let Some(literal) = argument.literal() {
                    self.assign_text(variable, literal.split_once('=').map_or("", |(_, value)| value));
                }
            } else if prefix.starts_with('-') {
                self.refuse(&argument.sources(), &format!("an option of `{}`", launcher.name));
            } else {
                break;
            }
            index += 1;
            if prefix == "--" {
                break;
            }
            let takes_value = prefix.len() == 2 && launcher.values.contains(&prefix[1..]);
            if takes_value && let Some(value) = call.words.get(index) {
                self.refuse(&value.sources(), &format!("an option of `{}`", launcher.name));
                index += 1;
            }
        }
        index
    }

    fn find(&mut self, call: Call) {
        let is_exec = |index: &usize| {
            let word = call.words[*index].literal().unwrap_or_default();
            matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir")
        };
        let starts = (1..call.words.len()).filter(is_exec);
        for start in starts {
            if let Some(inner) = call.from(start + 1) {
                self.call(inner);
            }
        }
        self.program(call, "find");
    }

    fn ssh(&mut self, call: Call) {
        let mut index = 1;
        while let Some(argument) = call.words.get(index) {
            let prefix = argument.word.prefix();
            if !prefix.starts_with('-') {
                break;
            }
            self.refuse(&argument.sources(), "an option of `ssh`");
            index += 1;
            if prefix.len() == 2 && SSH_VALUES.contains(&prefix[1..]) {
                if let Some(value) = call.words.get(index) {
                    self.refuse(&value.sources(), "an option of `ssh`");
                }
                index += 1;
            }
        }
        let Some((host, code)) = call.words.get(index..).and_then(<[_]>::split_first) else { return };
        self.not_an_option(host);
        let sources: Vec<_> = code.iter().flat_map(super::Argument::sources).collect();
        if code.is_empty() {
            self.refuse(&[call.scope.stdin], "code that another machine runs");
        } else {
            self.nested(&joined(code), &sources, call.scope, Reach::Remote);
        }
    }

    /// Follows a command that runs its arguments in ways that differ too much to tell.
    pub(super) fn remote(&mut self, call: Call) {
        let name = call.name().unwrap_or_default();
        self.refuse(&call.sources(), &format!("an argument of `{name}`"));
        self.refuse(&[call.scope.stdin], &format!("the standard input of `{name}`"));
    }

    /// Notes the arguments `NAME=value` of a program: some names choose what it runs.
    pub(super) fn argument_assigns(&mut self, argument: &super::Argument) {
        let prefix = argument.word.prefix();
        if let Some((variable, _)) = prefix.split_once('=')
            && is_special(variable)
        {
            self.refuse(&argument.sources(), &format!("the value of the special variable `{variable}`"));
        }
    }
}

/// Says whether one of a program's words makes it run the others.
fn runs_by_word(name: &str, call: Call) -> bool {
    let words = RUNNING_BY_WORD.iter().find(|(program, _)| *program == name).map(|(_, words)| *words);
    words.is_some_and(|words| call.rest().iter().any(|it| words.iter().any(|word| it.has_literal(word))))
}
