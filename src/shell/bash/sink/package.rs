//! Programs that run or fetch code by its name: `npm run`, `pip install`, `go run`.

use super::super::requirement::Requirement;
use super::Walker;
use super::argument::Argument;
use super::simple::Call;
use super::tool::takes_text;

/// Programs with the words behind which they run what is named next.
const RUNNERS: &[(&str, &[&str])] = &[
    ("bundle", &["exec"]),
    ("poetry", &["run"]),
    ("pipenv", &["run"]),
    ("pipx", &["run", "install"]),
    ("uv", &["run", "tool"]),
    ("uvx", &[]),
    ("bunx", &[]),
    ("java", &[]),
    ("ansible-playbook", &[]),
    ("toybox", &[]),
    ("conda", &["run"]),
    ("npm", &["exec", "x", "run", "run-script"]),
    ("pnpm", &["exec", "dlx", "run"]),
    ("yarn", &["exec", "dlx", "run"]),
    ("bun", &["run", "x"]),
    ("deno", &["run"]),
    ("go", &["run", "generate"]),
    ("dotnet", &["run", "exec", "fsi"]),
    ("cargo", &["script"]),
    ("mise", &["exec", "run"]),
    ("rbenv", &["exec"]),
    ("pyenv", &["exec"]),
    ("nix", &["run", "develop", "shell"]),
    ("flox", &["activate"]),
];

/// Words behind which programs in general start the command that is named next.
const RUNNING_VERBS: &[&str] = &["run", "exec", "shell", "do", "enter", "spawn", "x"];

/// Programs in which such a word means something else.
const OTHERWISE: &[&str] = &[
    "mail",
    "mailx",
    "s-nail",
    "mutt",
    "logger",
    "notify-send",
    "jq",
    "yq",
    "awk",
    "gawk",
    "sed",
    "psql",
    "mysql",
    "gh",
    "glab",
    "kubectl",
    "oc",
    "gcloud",
    "az",
    "aws",
    "helm",
    "argo",
    "tkn",
    "git",
    "terraform",
    "docker",
    "podman",
    "nerdctl",
    "docker-compose",
    "podman-compose",
];

/// Programs in which the first word may name a command of somebody else's: a plugin, an alias, a script.
const EXTENSIBLE: &[&str] = &["cargo", "kubectl", "gh", "helm", "npm", "pnpm", "yarn", "bun", "deno", "rustup", "krew"];

/// Options that may stand in front of such a word, and have a value.
const VALUED: &[(&str, &[&str])] = &[
    ("kubectl", &["-n", "--namespace", "--context", "--cluster"]),
    ("helm", &["-n", "--namespace", "--kube-context"]),
    ("gh", &["-R", "--repo"]),
    ("npm", &["--prefix", "-C", "-w", "--workspace"]),
    ("pnpm", &["--prefix", "-C", "--dir", "-F", "--filter"]),
    ("yarn", &["--cwd"]),
    ("bun", &["--cwd"]),
];

/// Programs that take a name or a version in front of the command.
const BEHIND_NAMES: &[&str] = &["conda", "mamba", "micromamba", "rvm", "nvm", "rustup", "pyenv", "rbenv", "asdf"];

/// Programs that give what stands behind `--` to a program of the author's own.
const FOR_OWN_PROGRAM: &[&str] = &[
    "cargo", "dotnet", "swift", "bazel", "buck", "cabal", "npm", "pnpm", "yarn", "bun", "deno", "go", "gradle", "zig",
];

/// Programs with the words behind which they fetch packages, whose code they or later steps run.
const INSTALLERS: &[(&str, &[&str])] = &[
    ("pip", &["install", "download"]),
    ("pip3", &["install", "download"]),
    ("uv", &["add", "pip"]),
    ("poetry", &["add"]),
    ("pipenv", &["install"]),
    ("npm", &["install", "i", "ci", "add", "init", "create", "pack", "link", "update"]),
    ("pnpm", &["install", "i", "add", "create", "pack", "link", "update"]),
    ("yarn", &["add", "global", "create", "link", "up", "upgrade"]),
    ("bun", &["add", "install", "create"]),
    ("gem", &["install"]),
    ("cargo", &["install", "add"]),
    ("go", &["install", "get"]),
    ("apt", &["install"]),
    ("apt-get", &["install"]),
    ("apk", &["add"]),
    ("yum", &["install"]),
    ("dnf", &["install"]),
    ("brew", &["install"]),
    ("snap", &["install"]),
    ("conda", &["install"]),
    ("composer", &["require"]),
    ("dpkg", &[]),
    ("cpanm", &[]),
    ("cpan", &[]),
    ("luarocks", &["install"]),
    ("rpm", &[]),
    ("pacman", &[]),
    ("choco", &["install"]),
    ("helm", &["plugin"]),
    ("gh", &["extension"]),
    ("krew", &["install"]),
    ("asdf", &["plugin"]),
];

impl Walker {
    /// Notes that payload text must not choose what is run or fetched: not its whole name, and only
    /// plainly a part of it, such as a version.
    pub(super) fn package(&mut self, name: &str, call: Call) {
        let options = VALUED.iter().find(|(program, _)| *program == name).map_or(&[][..], |(_, options)| *options);
        let is_option = |it: &Argument| options.iter().any(|option| it.has_literal(option));
        let is_value = |at: usize| {
            let before = call.before(at);
            let is_text = before.and_then(Argument::literal).is_some_and(|option| takes_text(name, call, &option));
            (is_text || before.is_some_and(is_option)) && !call.rest()[at].word.may_be_many()
        };
        let is_verb = |at: &usize| !call.rest()[*at].word.prefix().starts_with('-') && !is_value(*at);
        let Some(verb) = (0..call.rest().len()).find(is_verb) else { return };
        if EXTENSIBLE.contains(&name) {
            self.refuse(&call.rest()[verb].sources(), &format!("the name of a command of `{name}`"));
        }
        let is_known = |table: &[(&str, &[&str])]| {
            let verbs = table.iter().find(|(program, _)| *program == name).map(|(_, verbs)| *verbs);
            verbs.is_some_and(|verbs| verbs.iter().any(|known| call.rest()[verb].has_literal(known)))
        };
        // Where no word stands between, the first one is named itself.
        let is_direct =
            |table: &[(&str, &[&str])]| table.iter().any(|(program, verbs)| *program == name && verbs.is_empty());
        let verb_or_before = if is_direct(INSTALLERS) || is_direct(RUNNERS) { verb } else { verb + 1 };
        let ends = |argument: &&Argument| FOR_OWN_PROGRAM.contains(&name) && argument.has_literal("--");
        let behind = call.rest()[verb_or_before..].iter().take_while(|argument| !ends(argument));
        let named = behind.filter(|argument| !argument.word.prefix().starts_with('-'));
        let is_verb = RUNNING_VERBS.iter().any(|known| call.rest()[verb].has_literal(known));
        let named: Vec<_> = if is_known(INSTALLERS) || is_direct(INSTALLERS) {
            named.collect()
        } else if is_known(RUNNERS) || is_direct(RUNNERS) || is_verb && !OTHERWISE.contains(&name) {
            let command = call.rest().iter().skip_while(|argument| !argument.has_literal("--")).nth(1);
            let command = command.filter(|_| !FOR_OWN_PROGRAM.contains(&name));
            named.take(if BEHIND_NAMES.contains(&name) { 3 } else { 1 }).chain(command).collect()
        } else {
            return;
        };
        for argument in named {
            // A program may write what it is given, but not into what it runs.
            if call.sources().is_empty() {
                self.run(argument.word);
            }
            self.refuse(&argument.first(), &format!("the name of what `{name}` runs or fetches"));
            self.require(&argument.sources(), Requirement::Plain);
        }
    }
}
