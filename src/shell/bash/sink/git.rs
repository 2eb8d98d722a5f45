//! `git`: commands of it that run programs, names of what it writes to, and what it keeps and prints later.

use super::super::flow::Node;
use super::super::requirement::Requirement;
use super::super::syntax::{Simple, Word};
use super::Walker;
use super::argument::Argument;
use super::file::file_node;
use super::makefile::named_by_option;
use super::packed::GIT;
use super::simple::Call;
use super::tool::takes_value_of_git;
use crate::shell::filename::base;
use crate::shell::git::{is_own_command, is_plain_alias};
use std::collections::HashSet;

/// Commands of `git` that print nothing of what others have given to it.
const SILENT_OF_GIT: &[&str] = &[
    "rev-parse",
    "merge-base",
    "hash-object",
    "write-tree",
    "commit-tree",
    "add",
    "push",
    "fetch",
    "clone",
    "init",
    "rm",
    "mv",
    "tag -d",
    "gc",
    "prune",
    "repack",
    "update-ref",
    "count-objects",
    "version",
];

/// Options whose value is the next word, of the commands of `git` that are told of another repository.
const VALUED: &[&str] = &[
    "-b",
    "--branch",
    "-o",
    "--origin",
    "--push-option",
    "--depth",
    "--deepen",
    "-j",
    "--jobs",
    "-c",
    "-C",
    "--config",
    "--filter",
    "--shallow-since",
    "--shallow-exclude",
    "--reference",
    "--separate-git-dir",
    "--template",
    "-t",
    "-m",
    "--name",
    "--repo",
    "--refmap",
    "--sort",
    "-s",
    "-X",
    "--strategy",
    "--strategy-option",
    "--git-dir",
    "--work-tree",
];

/// Commands of `git` that are told of another repository, and behind how many words.
const REMOTE: &[(&[&str], usize)] = &[
    (&["clone"], 1),
    (&["fetch"], 1),
    (&["pull"], 1),
    (&["push"], 1),
    (&["ls-remote"], 1),
    (&["remote", "add"], 3),
    (&["remote", "set-url"], 3),
    (&["submodule", "add"], 2),
    (&["submodule", "set-url"], 3),
];

/// Options behind which the name of a new branch stands.
const NEW_BRANCH: &[&str] = &["-b", "-B", "--orphan"];

/// The file in which `git` has a message edited.
const MESSAGE: &str = "COMMIT_EDITMSG";

/// Editors that run nothing of what they show, and their options that change nothing in that.
const PLAIN_EDITORS: &[&str] = &["vi", "vim", "nvim", "gvim", "emacs", "emacsclient", "nano", "code", "subl"];
const PLAIN_OPTIONS: &[&str] = &["-f", "--nofork", "-nw", "-t", "-w", "--wait"];

/// Says whether a command of `git` is, or may be, one of some aliases.
fn is_alias_of_shell(command: Option<&Argument>, aliases: &HashSet<String>, may_be_any: bool) -> bool {
    let is_one = |command: &Argument| match command.literal() {
        Some(name) => aliases.contains(&name) || may_be_any && !is_own_command(&name),
        None => may_be_any || !aliases.is_empty(),
    };
    command.is_some_and(is_one)
}

impl Walker {
    /// Follows `git`: its command, what it runs, where it writes, what it keeps.
    pub(super) fn git(&mut self, call: Call) {
        let command = call.operands(takes_value_of_git).next().map(|at| &call.rest()[at]);
        if let Some(command) = command {
            self.refuse(&command.sources(), "the name of a command of `git`");
            self.files_of_git(command, call);
        }
        let is = |words: &[&str]| words.iter().any(|word| command.is_some_and(|command| command.has_literal(word)));
        let has = |word: &str| call.rest().iter().any(|argument| argument.has_literal(word));
        let runs = is(&["filter-branch", "filter-repo"])
            || is(&["submodule"]) && has("foreach")
            || is(&["bisect"]) && has("run")
            || is(&["rebase"]) && (has("-x") || has("--exec"))
            || is(&["difftool", "mergetool", "hook", "p4", "fast-import"])
            || is(&["clone", "fetch", "ls-remote"]) && has("-u");
        if runs {
            self.refuse(&call.sources(), "an argument of a command of `git` that runs a program");
            self.run_by_git(call);
        }
        if is(&["merge", "pull", "rebase", "cherry-pick", "revert"]) {
            self.merge_strategy(call);
        }
        let operands = || call.rest().iter().filter(|it| !it.word.prefix().starts_with('-'));
        if is(&["init"]) || is(&["worktree"]) && has("add") || is(&["bundle"]) && has("create") {
            operands().for_each(|argument| self.inside_path(argument));
        } else if is(&["clone"]) {
            call.rest().last().into_iter().for_each(|folder| self.inside_path(folder));
        } else if is(&["push", "fetch", "pull"]) {
            // Behind the command and the other repository.
            operands().skip(2).for_each(|argument| self.require(&argument.sources(), Requirement::OneRef));
        }
        if is(&["checkout", "restore", "rm", "clean"]) {
            self.paths_of_git(call);
        }
        self.other_repository(call);
        if is(&["commit", "tag", "notes", "merge"]) {
            self.message_of_file(call);
        }
        if is_alias_of_shell(command, &self.aliases_of_git, self.has_any_alias_of_git) {
            self.refuse(&call.sources(), "an argument of an alias of `git` that may run a program");
            self.refuse(&[call.scope.stdin], "the input of an alias of `git` that may run a program");
        }
        let names_branch = call
            .rest()
            .iter()
            .any(|it| it.word.prefix().starts_with("--abbrev-ref") || it.word.prefix().starts_with("--symbolic"));
        let prints = !is(SILENT_OF_GIT) || is(&["rev-parse"]) && names_branch;
        self.kept_by_git(call, prints && !has("--count"));
        self.settings_of_git(call);
        let is_config = command.is_some_and(|command| command.has_literal("config"));
        let sets_user = call.rest().iter().any(|argument| argument.word.prefix().starts_with("user."));
        if is_config {
            call.rest().iter().for_each(|argument| self.runs_word(argument.word, call));
        }
        if is_config && !sets_user {
            self.refuse(&call.sources(), "a setting of `git`");
        }
    }

    /// Notes what is changed, or thrown away, in the folder of a repository: one path, and not all of it.
    fn paths_of_git(&mut self, call: Call) {
        let names_branch = |it: &Argument| NEW_BRANCH.iter().any(|option| it.has_literal(option));
        for (at, argument) in call.rest().iter().enumerate() {
            let is_new = at > 0 && names_branch(&call.rest()[at - 1]);
            if !is_new && !argument.word.prefix().starts_with('-') {
                self.inside_path(argument);
                self.require(&argument.sources(), Requirement::OnePath);
            }
        }
    }

    /// Follows the other repository that a command of `git` is told of: payload text must not make it run a program.
    fn other_repository(&mut self, call: Call) {
        let is_value = |at: usize| at > 0 && VALUED.iter().any(|option| call.rest()[at - 1].has_literal(option));
        let words: Vec<&Argument> = (0..call.rest().len())
            .filter(|at| !is_value(*at) && !call.rest()[*at].word.prefix().starts_with('-'))
            .map(|at| &call.rest()[at])
            .collect();
        let is = |names: &[&str]| {
            names.iter().enumerate().all(|(at, name)| words.get(at).is_some_and(|it| it.has_literal(name)))
        };
        let place = REMOTE.iter().find(|(names, _)| is(names)).map(|(_, place)| *place);
        if let Some(other) = place.and_then(|place| words.get(place)) {
            self.repository(other, call.scope);
        }
    }

    /// Notes that git keeps what it is given, such as the message of a commit, and may print it later.
    fn kept_by_git(&mut self, call: Call, prints: bool) {
        let kept = self.flow.id(Node::Kept(GIT));
        self.flow.edges(&call.sources(), kept);
        self.flow.edge(call.scope.stdin, kept);
        if prints {
            self.flow.edge(kept, call.scope.out);
        }
    }

    /// Notes that git keeps what is in a file that it takes for a message: `-F file`, `--template=file`.
    fn message_of_file(&mut self, call: Call) {
        let kept = self.flow.id(Node::Kept(GIT));
        let mut files = named_by_option(call.rest(), &["--file"], 'F');
        files.extend(named_by_option(call.rest(), &["--template"], 't'));
        for file in &files {
            let content = self.content(file);
            self.flow.edges(&content, kept);
        }
    }

    /// Notes that `git` has messages edited by a command, which is given the file with the message.
    pub(super) fn edits_messages(&mut self, editor: &str) {
        let mut words = editor.split_whitespace();
        let name = words.next().map(base).unwrap_or_default();
        if name.is_empty() || PLAIN_EDITORS.contains(&name) && words.all(|word| PLAIN_OPTIONS.contains(&word)) {
            return;
        }
        let (kept, message) = (self.flow.id(Node::Kept(GIT)), self.flow.id(file_node(MESSAGE)));
        self.flow.edge(kept, message);
        self.runs_apart(format!("{editor} .git/{MESSAGE}"));
    }

    /// Notes the aliases of git that a command sets, by `-c` or `config`, and which a shell runs.
    pub(super) fn foresee_aliases_of_git(&mut self, simple: &Simple) {
        for (at, word) in simple.words.iter().enumerate() {
            let prefix = word.prefix();
            let Some(("alias", rest)) = prefix.split_once('.') else { continue };
            let (name, glued) =
                rest.split_once('=').map_or((rest, None), |(name, value)| (name, Some(value.to_owned())));
            let value = glued.or_else(|| simple.words.get(at + 1).map(Word::prefix));
            // A value that is not known may be any.
            if value.is_some_and(|value| !is_plain_alias(&value)) {
                self.aliases_of_git.insert(name.to_owned());
            }
        }
    }

    /// Notes the name of a merge strategy: `git merge -s x` runs `git-merge-x`.
    fn merge_strategy(&mut self, call: Call) {
        let is_option = |argument: &Argument| argument.has_literal("-s") || argument.has_literal("--strategy");
        for (at, argument) in call.rest().iter().enumerate() {
            let prefix = argument.word.prefix();
            let is_glued = prefix.starts_with("-s") || prefix.starts_with("--strategy=");
            if is_glued || call.before(at).is_some_and(is_option) {
                self.refuse(&argument.sources(), "the name of a merge strategy, which is a program");
            }
        }
    }
}
