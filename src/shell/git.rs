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
