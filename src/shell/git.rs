//! What git keeps of what it is given and prints later: a script in Python or PowerShell that stores payload text in a
//! repository has it again in what git tells.

/// Commands that keep what they are given.
pub(super) const STORING: &[&str] = &[
    "commit",
    "tag",
    "branch",
    "checkout",
    "switch",
    "config",
    "notes",
    "merge",
    "update-ref",
    "stash",
    "remote",
    "symbolic-ref",
];

/// Commands that print what the repository holds.
pub(super) const PRINTING: &[&str] = &[
    "log",
    "show",
    "branch",
    "describe",
    "status",
    "symbolic-ref",
    "tag",
    "for-each-ref",
    "config",
    "reflog",
    "shortlog",
    "notes",
    "diff",
    "blame",
    "grep",
    "cat-file",
    "name-rev",
    "ls-files",
    "stash",
    "remote",
];

/// Commands of which an alias needs no look: what they are given they store, print or look for.
const PLAIN: &[&str] = &[
    "add",
    "blame",
    "branch",
    "cat-file",
    "checkout",
    "commit",
    "describe",
    "diff",
    "for-each-ref",
    "grep",
    "log",
    "ls-files",
    "reflog",
    "reset",
    "restore",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "stash",
    "status",
    "switch",
    "tag",
];

/// Other commands that people call: where a name may be any alias, these are none.
const OTHERS: &[&str] = &[
    "am",
    "apply",
    "archive",
    "bisect",
    "bundle",
    "check-ignore",
    "check-ref-format",
    "cherry",
    "cherry-pick",
    "clean",
    "clone",
    "config",
    "fetch",
    "filter-branch",
    "format-patch",
    "fsck",
    "gc",
    "hash-object",
    "help",
    "init",
    "interpret-trailers",
    "ls-remote",
    "ls-tree",
    "merge",
    "merge-base",
    "mv",
    "name-rev",
    "notes",
    "prune",
    "pull",
    "push",
    "range-diff",
    "read-tree",
    "rebase",
    "remote",
    "repack",
    "revert",
    "rm",
    "show-ref",
    "sparse-checkout",
    "submodule",
    "symbolic-ref",
    "update-index",
    "update-ref",
    "var",
    "verify-commit",
    "verify-tag",
    "version",
    "whatchanged",
    "worktree",
    "write-tree",
];

/// Options with which one of those writes to a file that it is given, runs a program, or reads a file.
const STRONG: &[&str] = &["--output", "--open", "--exec", "--ext", "--file", "-O", "-F"];

/// Says whether an alias with this text stands for a command of which it needs no look.
pub(super) fn is_plain_alias(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_plain = words.next().is_some_and(|command| PLAIN.contains(&command));
    is_plain && !words.any(|word| STRONG.iter().any(|option| word.starts_with(option)))
}

/// Says whether a command is one of git's own, of which there is no alias.
pub(super) fn is_own_command(name: &str) -> bool {
    PLAIN.contains(&name) || OTHERS.contains(&name)
}
