//! Programs that make files of files: what is in one that they are given may be in any other that they are given, and
//! commands in their words run files that the script wrote.

use super::Walker;
use super::argument::Argument;
use super::by_name::tokens;
use super::collected::writes_operand;
use super::file::file_node;
use super::simple::Call;
use crate::shell::earlier::EDITORS;

/// Programs that change none of the files that they are given by what is in others, but read, send, check or run them.
const READING: &[&str] = &[
    "ag",
    "ansible",
    "ansible-playbook",
    "aws",
    "az",
    "b2sum",
    "black",
    "brew",
    "buildah",
    "bundle",
    "cargo",
    "cat",
    "chgrp",
    "chmod",
    "chown",
    "cksum",
    "cmake",
    "cmp",
    "codecov",
    "column",
    "comm",
    "composer",
    "curl",
    "cut",
    "dart",
    "df",
    "diff",
    "docker",
    "docker-compose",
    "dotnet",
    "du",
    "egrep",
    "eslint",
    "fgrep",
    "file",
    "flake8",
    "flutter",
    "fmt",
    "fold",
    "fzf",
    "gcloud",
    "gh",
    "git",
    "glab",
    "go",
    "gofmt",
    "golangci-lint",
    "gradle",
    "gradlew",
    "grep",
    "gsutil",
    "hadolint",
    "head",
    "helm",
    "isort",
    "jest",
    "jq",
    "kubectl",
    "less",
    "logger",
    "ls",
    "mail",
    "mailx",
    "make",
    "markdownlint",
    "md5sum",
    "mkdir",
    "mocha",
    "more",
    "mvn",
    "mvnw",
    "mypy",
    "nl",
    "notify-send",
    "npm",
    "npx",
    "oc",
    "od",
    "paste",
    "php",
    "pip",
    "pip3",
    "playwright",
    "pnpm",
    "podman",
    "poetry",
    "prettier",
    "pylint",
    "pytest",
    "readlink",
    "realpath",
    "rev",
    "rg",
    "rm",
    "rspec",
    "rubocop",
    "ruff",
    "scp",
    "sendmail",
    "sentry-cli",
    "sftp",
    "sha1sum",
    "sha256sum",
    "sha512sum",
    "shasum",
    "shellcheck",
    "shfmt",
    "skopeo",
    "ssh",
    "stat",
    "strings",
    "stylelint",
    "svn",
    "tac",
    "tail",
    "terraform",
    "test",
    "tflint",
    "touch",
    "tox",
    "tr",
    "tree",
    "trivy",
    "twine",
    "vercel",
    "wc",
    "wget",
    "which",
    "xmllint",
    "yamllint",
    "yarn",
    "yq",
];

/// Files that `git` runs by their names.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-merge",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

impl Walker {
    /// Notes that a program may copy what is in some of its files to others. An address such as `file:///…` is a file.
    pub(super) fn copied(&mut self, name: &str, call: Call) {
        let moves = name == "git" && call.rest().iter().any(|it| it.has_literal("mv"));
        let copies = moves || !READING.contains(&name);
        let copied = self.flow.stream();
        for argument in call.rest() {
            if copies || argument.word.prefix().starts_with("file:") {
                let content = self.content(argument.word);
                self.flow.edges(&content, copied);
            }
        }
        let is_own = writes_operand(call);
        for (_, argument) in call.rest().iter().enumerate().filter(|(at, _)| is_own(*at)) {
            let literal = argument.literal().filter(|text| !text.starts_with('-') || text.contains('='));
            let Some(text) = literal else { continue };
            self.written_quietly(argument.word, copied);
            // A command of an editor, such as `w file`.
            if copies && text.contains(' ') {
                let named: Vec<_> = tokens(&text).map(|token| self.flow.id(file_node(token))).collect();
                named.into_iter().for_each(|file| self.flow.edge(copied, file));
            }
        }
    }

    /// Follows what `git` is told to run, or to read its settings from, by words of its own.
    pub(super) fn settings_of_git(&mut self, call: Call) {
        for (at, argument) in call.rest().iter().enumerate() {
            let prefix = argument.word.prefix();
            let lower = prefix.to_lowercase();
            if lower.starts_with("include.path") || lower.starts_with("includeif.") {
                let named = if prefix.contains('=') { Some(argument) } else { call.rest().get(at + 1) };
                let content = named.map(|named| self.content(named.word)).unwrap_or_default();
                self.refuse(&content, "written to a file with settings of `git`");
            }
            if let Some(behind) = EDITORS.iter().find_map(|setting| lower.strip_prefix(setting)) {
                let is_next = behind.is_empty() && !prefix.contains('=');
                let editor = if is_next { call.rest().get(at + 1) } else { Some(argument) };
                let text = editor.map(|editor| super::written::text_of(editor.word)).unwrap_or_default();
                let glued = text.split_once('=').filter(|_| !is_next).map(|(_, value)| value.to_owned());
                self.edits_messages(&glued.unwrap_or(text));
            }
            if lower.starts_with("core.hookspath") {
                let hooks: Vec<_> = HOOKS.iter().map(|hook| self.flow.id(file_node(hook))).collect();
                self.refuse(&hooks, "written to a file that `git` runs");
                let given = self.flow.stream();
                self.runs_text(hooks, given, super::written::Runner::Shell, call.scope);
            }
        }
    }

    /// Follows the command that a command of `git` runs: `rebase -x 'sh f'`, `bisect run sh f`.
    pub(super) fn run_by_git(&mut self, call: Call) {
        call.rest().iter().for_each(|argument| self.runs_word(argument.word, call));
        let is_start = |it: &Argument| it.has_literal("run") || it.has_literal("foreach") || it.has_literal("-x");
        if let Some(at) = call.rest().iter().position(is_start) {
            let words: Vec<String> = call.rest()[at + 1..].iter().map(|it| super::written::text_of(it.word)).collect();
            self.runs_command(&words.join(" "), call);
        }
    }
}
