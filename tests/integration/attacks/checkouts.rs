//! What a repository brings along when it is checked out: hooks, filters, submodules that name an option.

use super::End;
use crate::support::{Folder, Output};
use serde_json::Value;

/// How the repository is made: a link to a commit where the submodule is, a hook and a filter that its own
/// folder has, and the program that each of them would run.
const MADE: &str = "\
printf '#!/bin/sh\\ntouch %s\\n' \"$PWD/canary\" > payload && chmod 755 payload
git init --quiet --initial-branch=main
git config user.name a; git config user.email a@b
git config filter.evil.smudge \"$PWD/payload\"
git add payload pipelines pipehook.yml .gitmodules
git update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,x
git add .gitattributes
git commit --quiet --message first
cp payload .git/hooks/post-checkout; cp payload .git/hooks/post-merge";

pub fn end(case: &Value) -> End {
    let plain = checked_out(case, "false");
    if let Some(fault) = harm(&plain) {
        return fault;
    }
    if plain.1.code != Some(0) || !plain.1.stdout.contains("is here") {
        return End::Fault(format!("it is not checked out: {:?}", plain.1));
    }
    // A submodule whose address is an option can't be had: what counts is that nothing ran.
    let with_submodules = checked_out(case, "recursive");
    harm(&with_submodules).unwrap_or(End::Passed)
}

fn checked_out(case: &Value, submodules: &str) -> (Folder, Output) {
    let folder = Folder::new("");
    for (name, text) in case["repo"].as_object().expect("files") {
        folder.write(name, text.as_str().expect("a text"));
    }
    folder.write(
        "pipelines/attack.yml",
        &format!("steps:\n- checkout: self\n  submodules: {submodules}\n- bash: ls .gitattributes && echo is here\n"),
    );
    let made = folder.shell(MADE);
    assert!(made.status.success(), "{made:?}");
    let output = folder.run(&["run", "pipelines/attack.yml", "--raw"]);
    (folder, output)
}

fn harm((folder, output): &(Folder, Output)) -> Option<End> {
    folder.path().join("canary").exists().then(|| End::Fault(format!("it ran: {output:?}")))
}
