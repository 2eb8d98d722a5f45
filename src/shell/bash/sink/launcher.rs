//! Commands that start the command among their arguments.

use super::super::flow::Node;
use super::super::read::read;
use super::super::requirement::Requirement;
use super::super::symbol::Symbol;
use super::super::syntax::{Command, Word};
use super::code::{Reach, is_shell, joined};
use super::code_option::{has_code_option, is_interpreter};
use super::forward::without_commands;
use super::simple::{Call, Environment};
use super::{CODE_DEPTH_MAX, Walker, file};
use crate::shell::special::is_obeyed;

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
    launcher("pkexec", Lost, 0, ""),
    launcher("bwrap", Lost, 0, ""),
    launcher("cgexec", Kept, 0, "g"),
    launcher("chpst", Kept, 0, "uUbenlLmdoptc/"),
    launcher("envdir", Kept, 1, ""),
    launcher("setlock", Kept, 1, ""),
    launcher("lckdo", Kept, 1, ""),
    launcher("cronic", Kept, 0, ""),
    launcher("ifne", Kept, 0, ""),
    launcher("eatmydata", Kept, 0, ""),
    launcher("catchsegv", Kept, 0, ""),
    launcher("prlimit", Kept, 0, ""),
    launcher("setarch", Kept, 1, ""),
    launcher("linux64", Kept, 0, ""),
    launcher("linux32", Kept, 0, ""),
    launcher("numactl", Kept, 0, "mNCil"),
    launcher("rlwrap", Kept, 0, ""),
    launcher("daemonize", Kept, 0, "ceopulE"),
    launcher("softlimit", Kept, 0, "amdsfrcopltx"),
    launcher("retry", Kept, 0, "td"),
    launcher("cross", Kept, 0, ""),
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
    "clush",
    "fab",
    "pee",
    "mispipe",
    "zrun",
    "vipe",
    "rename",
    "prename",
    "perl-rename",
    "gomplate",
    "duckdb",
    "swipl",
    "gap",
    "sage",
    "maxima",
    "irb",
    "csi",
    "dotnet-script",
    "fsi",
    "fsharpi",
    "ocaml",
    "utop",
    "ghci",
    "runghc",
    "runhaskell",
    "iex",
    "guile",
    "racket",
    "clojure",
    "clj",
    "bb",
    "raku",
    "perl6",
    "coffee",
    "ts-node",
    "tsx",
    "ipython",
    "sbcl",
    "clisp",
    "nodemon",
    "pm2",
    "forever",
    "nix-shell",
    "run-parts",
    "bats",
    "cmd",
    "cmd.exe",
    "parallel-ssh",
    "xterm",
    "konsole",
    "gnome-terminal",
    "exim",
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
    ("gcloud", &["ssh"]),
    ("oc", &["rsh"]),
    ("crictl", &["exec"]),
    ("ctr", &["exec"]),
    ("aws", &["send-command", "execute-command", "start-session"]),
    ("lxc", &["exec"]),
    ("incus", &["exec"]),
    ("multipass", &["exec"]),
    ("direnv", &["exec"]),
    ("perf", &["stat", "record", "trace"]),
    ("ip", &["exec"]),
    ("nix", &["eval", "--expr"]),
    ("machinectl", &["shell"]),
    ("flatpak-spawn", &["--host"]),
    ("start-stop-daemon", &["-x", "-a", "--exec", "--startas"]),
    ("dotnet", &["fsi"]),
    ("stack", &["ghci", "exec", "runghc", "script"]),
    ("crystal", &["eval"]),
    ("wp", &["eval", "eval-file", "shell"]),
    ("drush", &["php:eval", "ev", "eval"]),
    ("artisan", &["tinker"]),
    ("php", &["tinker"]),
    ("rails", &["runner", "r", "console"]),
    ("mix", &["run", "eval"]),
    ("manage.py", &["shell"]),
    ("cmake", &["-E", "-P"]),
    ("ninja", &["-t"]),
    ("bundle", &["console"]),
    ("terraform", &["console"]),
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
        if launcher.name == "env" && self.split_string(call) {
            return;
        }
        let start = self.skip_options(launcher, call);
        for operand in call.words.iter().skip(start).take(launcher.operands) {
            self.require(&operand.sources(), Requirement::Plain);
        }
        let inner = match launcher.environment {
            Kept => call,
            Lost => call.with_environment_lost(),
        };
        let own = call.words.get(1..start + launcher.operands).unwrap_or_default();
        if own.iter().any(|argument| argument.word.may_be_many()) {
            // Any of them may be the command then.
            self.require_all(call.rest(), Requirement::Plain);
        }
        let inner = inner.from(start + launcher.operands).map(Call::by_launcher);
        if launcher.name == "xargs" {
            self.given_by_xargs(call, inner);
        }
        if let Some(inner) = inner {
            self.launched(inner);
        }
    }

    /// Follows `env -S 'command and arguments'`, of which `env` makes the words itself; false if it has no such option.
    fn split_string(&mut self, call: Call) -> bool {
        let glued = |argument: &super::Argument| {
            let prefix = argument.word.prefix();
            let long = prefix.strip_prefix("--split-string").map(|rest| rest.strip_prefix('=').unwrap_or(rest).len());
            let letters = prefix.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
            let behind = long.or_else(|| {
                letters?
                    .split_once('S')
                    .filter(|(flags, _)| flags.chars().all(|it| "iv0".contains(it)))
                    .map(|(_, rest)| rest.len())
            });
            behind.map(|behind| prefix.len() - behind)
        };
        let is_own = |argument: &&super::Argument| {
            argument.word.prefix().starts_with('-') || argument.word.prefix().contains('=')
        };
        let Some((at, text_at)) =
            call.rest().iter().take_while(is_own).enumerate().find_map(|(at, argument)| Some((at, glued(argument)?)))
        else {
            return false;
        };
        let is_alone = call.rest()[at].word.prefix().len() == text_at && call.rest()[at].is_literal();
        let mut symbols: Vec<Symbol> = "env ".chars().map(Symbol::Char).collect();
        let text = call.rest().get(at + usize::from(is_alone));
        let skipped = if is_alone { 0 } else { call.rest()[at].word.prefix()[..text_at].chars().count() };
        symbols.extend(text.iter().flat_map(|text| text.word.symbols()).skip(skipped));
        self.require_all(call.rest(), Requirement::Plain);
        let reading = read(&symbols).ok().filter(|_| !symbols.contains(&Symbol::Opaque));
        let Some(Command::Simple(simple)) = reading.as_ref().and_then(|it| it.script.commands.first()) else {
            let any = self.flow.id(Node::AnyVariable);
            self.refuse(
                &[call.sources(), vec![any, call.scope.stdin]].concat(),
                "a command that `env` makes of a text",
            );
            return true;
        };
        let further = call.rest().get(at + 1 + usize::from(is_alone)..).unwrap_or_default();
        let words: Vec<Word> =
            simple.words.iter().cloned().chain(further.iter().map(|it| without_commands(it.word.clone()))).collect();
        let arguments = self.arguments(&words, call.scope);
        if self.code_depth < CODE_DEPTH_MAX {
            self.code_depth += 1;
            self.call(Call { words: &arguments, ..call });
            self.code_depth -= 1;
        }
        true
    }

    /// Follows the words that `xargs` reads and gives to a command.
    fn given_by_xargs(&mut self, call: Call, inner: Option<Call>) {
        let mut input = vec![call.scope.stdin];
        for (at, argument) in call.rest().iter().enumerate() {
            let is_file = |it: &&super::Argument| it.has_literal("-a") || it.has_literal("--arg-file");
            if at.checked_sub(1).and_then(|before| call.rest().get(before)).filter(is_file).is_some() {
                input.extend(self.content(argument.word).into_iter().chain(argument.sources()));
            }
            if let Some(name) = argument.literal().and_then(|it| Some(it.strip_prefix("--arg-file=")?.to_owned())) {
                input.push(self.flow.id(file::file_node(&name)));
            }
        }
        self.require(&input, Requirement::Plain);
        // What it prints may be what is in the files that its input names.
        let any = self.flow.id(Node::AnyFile);
        self.flow.edge(any, call.scope.out);
        let name = inner.and_then(Call::name).unwrap_or_default();
        let last = call.words.last().and_then(super::Argument::literal).unwrap_or_default();
        let launches = |name: &str| LAUNCHERS.iter().any(|it| it.name == name && it.name != "xargs");
        let is_named_by_input = launches(&name) || launches(&last) || name == "find" || name.contains("{}");
        if !is_shell(&name) && !is_interpreter(&name) && !is_named_by_input {
            return;
        }
        self.refuse(&input, "an argument that `xargs` gives to a program that runs it");
        let has_code = |argument: &super::Argument| {
            let option = argument.literal().unwrap_or_default();
            has_code_option(&name, &option) || option == "-m" || option.starts_with('-') && option.contains('c')
        };
        if !inner.is_some_and(|inner| inner.rest().iter().any(has_code)) {
            self.run_any();
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
                let has_name =
                    |argument: &super::Argument| argument.literal().is_some_and(|it| it != "{}" && it.contains("{}"));
                let runs_text = |argument: &super::Argument| {
                    argument.literal().is_some_and(|it| is_shell(&it) || is_interpreter(&it))
                };
                if inner.words.iter().any(runs_text) && inner.rest().iter().any(has_name) {
                    let names = self.flow.id(Node::FileNames);
                    self.refuse(&[names], "the name of a file that `find` puts into other text");
                }
                self.call(inner.by_launcher());
            }
        }
        self.many_words(call.rest());
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
        self.many_words(call.words.get(1..=index).unwrap_or_default());
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
        call.rest().iter().for_each(|argument| self.runs_word(argument.word, call));
        if name == "run-parts" {
            self.run_any();
        }
        // A file behind an option, or alone, may be what is run.
        let is_alone = call.rest().len() == 1;
        for (at, argument) in call.rest().iter().enumerate().filter(|(_, argument)| argument.is_literal()) {
            let before = at.checked_sub(1).and_then(|before| call.rest()[before].literal()).unwrap_or_default();
            if is_alone || before.starts_with('-') || before == "::::" {
                self.run(argument.word);
            }
        }
    }

    /// Notes the arguments `NAME=value` of a program: some names choose what it runs.
    pub(super) fn argument_assigns(&mut self, argument: &super::Argument) {
        let prefix = argument.word.prefix();
        if let Some((variable, _)) = prefix.split_once('=')
            && is_obeyed(variable)
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
