//! Programs that run or fetch code by its name: `npm run`, `pip install`, `go run`.

use super::super::requirement::Requirement;
use super::Walker;
use super::simple::Call;

/// Programs with the words behind which they run what is named next.
const RUNNERS: &[(&str, &[&str])] = &[
    ("bundle", &["exec"]),
    ("poetry", &["run"]),
    ("pipenv", &["run"]),
    ("pipx", &["run", "install"]),
    ("uv", &["run", "tool"]),
    ("uvx", &[]),
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
];

/// Programs with the words behind which they fetch packages, whose code they or later steps run.
const INSTALLERS: &[(&str, &[&str])] = &[
    ("pip", &["install", "download"]),
    ("pip3", &["install", "download"]),
    ("uv", &["add", "pip"]),
    ("poetry", &["add"]),
    ("pipenv", &["install"]),
    ("npm", &["install", "i", "add", "init", "create"]),
    ("pnpm", &["install", "add", "create"]),
    ("yarn", &["add", "create"]),
    ("bun", &["add", "install"]),
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
];

impl Walker {
    /// Notes that payload text must not choose what is run or fetched: not its whole name, and only
    /// plainly a part of it, such as a version.
    pub(super) fn package(&mut self, name: &str, call: Call) {
        let verb = call.rest().iter().position(|argument| !argument.word.prefix().starts_with('-'));
        let Some(verb) = verb else { return };
        let is_known = |table: &[(&str, &[&str])]| {
            let verbs = table.iter().find(|(program, _)| *program == name).map(|(_, verbs)| *verbs);
            verbs.is_some_and(|verbs| verbs.iter().any(|known| call.rest()[verb].has_literal(known)))
        };
        let named = call.rest()[verb + 1..].iter().filter(|argument| !argument.word.prefix().starts_with('-'));
        let named: Vec<_> = if is_known(INSTALLERS) {
            named.collect()
        } else if is_known(RUNNERS) {
            named.take(1).collect()
        } else {
            return;
        };
        for argument in named {
            self.refuse(&argument.first(), &format!("the name of what `{name}` runs or fetches"));
            self.require(&argument.sources(), Requirement::Plain);
        }
    }
}
