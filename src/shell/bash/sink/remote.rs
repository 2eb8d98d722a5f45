//! Programs that run their arguments as commands or code in ways that differ too much to tell: they take no value.

use super::super::flow::Node;
use super::Walker;
use super::argument::Argument;
use super::code::is_shell;
use super::code_option::is_interpreter;
use super::embedded::is_powershell;
use super::simple::Call;

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
    "sem",
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
    "bsub",
    "cross-env-shell",
    "srun",
];

/// Editors among them, in whose commands `$NAME` is a variable of the environment.
const EDITORS: &[&str] = &["vim", "vi", "view", "vimdiff", "gvim", "nvim", "ex"];

/// Words by which code of the others reads its environment.
const READING: &[&str] = &["getenv", "get_env", "os.environ", "process.env", "ENV[", "Deno.env", "%*ENV", "environ("];

/// Programs with the words among their arguments by which they run the others.
const RUNNING_BY_WORD: &[(&str, &[&str])] = &[
    ("minikube", &["ssh"]),
    ("docker-machine", &["ssh"]),
    ("tsh", &["ssh"]),
    ("gh", &["ssh"]),
    ("ray", &["exec", "submit"]),
    ("sbatch", &["--wrap"]),
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

impl Walker {
    /// Follows a command that runs its arguments in ways that differ too much to tell.
    pub(super) fn remote(&mut self, call: Call) {
        let name = call.name().unwrap_or_default();
        self.refuse(&call.sources(), &format!("an argument of `{name}`"));
        self.refuse(&[call.scope.stdin], &format!("the standard input of `{name}`"));
        call.rest().iter().for_each(|argument| self.runs_word(argument.word, call));
        if !is_powershell(&name) {
            self.commands_on_input(call);
        }
        let reads = |text: &str| {
            READING.iter().any(|word| text.contains(word)) || EDITORS.contains(&name.as_str()) && text.contains('$')
        };
        if call.rest().iter().flat_map(|it| it.word.texts()).any(reads)
            || Self::input_text(call).is_some_and(|it| reads(&it))
        {
            let any = self.flow.id(Node::AnyVariable);
            self.refuse(&[any], &format!("in the environment of `{name}`, whose code reads it"));
        }
        self.copied(&name, call);
        // `parallel sh ::: *`
        if call.rest().iter().any(|it| it.literal().is_some_and(|it| is_shell(&it) || is_interpreter(&it))) {
            call.rest().iter().filter(|it| it.word.is_pattern()).for_each(|argument| self.run(argument.word));
        }
        if name == "run-parts" {
            self.run_any();
        }
        // A file behind an option, or alone, may be what is run.
        let is_alone = call.rest().len() == 1;
        let is_name = |it: &Argument| it.is_literal() && !it.has_literal("-");
        for (at, argument) in call.rest().iter().enumerate().filter(|(_, argument)| is_name(argument)) {
            let before = call.text_before(at);
            if is_alone || before.starts_with('-') || before == "::::" {
                self.run(argument.word);
            }
        }
    }
}

/// Says whether a program runs whatever it is given.
pub(super) fn runs_anything(name: &str) -> bool {
    RUNNING_ANYTHING.contains(&name)
}

/// Says whether one of a program's words makes it run the others.
pub(super) fn runs_by_word(name: &str, call: Call) -> bool {
    let words = RUNNING_BY_WORD.iter().find(|(program, _)| *program == name).map(|(_, words)| *words);
    words.is_some_and(|words| call.rest().iter().any(|it| words.iter().any(|word| it.has_literal(word))))
}
