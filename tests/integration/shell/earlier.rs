//! What an earlier step of a job has made of the names of programs, against the real shell.

use super::cage::each;
use super::naive;
use super::running::text;
use pipehook::shell::{Background, Earlier, Language, Placed, Refusal, Script, place};
use std::sync::Mutex;

/// An earlier script, one that is taken without it, and a text that runs behind it: `@` is the payload's text.
const BROKEN: &[(&str, &str, &str)] = &[
    ("ln -s /bin/sh ./lint", "./lint <<< @", "canary"),
    ("ln -s \"$(command -v bash)\" lint", "./lint <<< @", "canary"),
    ("cp /bin/bash lint", "./lint <<< @", "canary"),
    ("ln -s /bin/sh z; ln -s z lint", "./lint <<< @", "canary"),
    ("p=/bin/sh; ln -s $p lint", "./lint <<< @", "canary"),
    ("install -m 755 /bin/bash lint", "./lint <<< @", "canary"),
    ("cp /bin/bash z; mv z lint", "./lint <<< @", "canary"),
    ("mkdir t; ln -s /bin/sh t/lint", "PATH=$PWD/t:$PATH; lint <<< @", "canary"),
    ("mkdir t; ln -s \"$(command -v xargs)\" t/each", "echo @ | t/each -n 1 env", "canary"),
    ("ln -s /usr/bin/env lint", "./lint @", "canary"),
    ("python3 -c \"import os; os.symlink('/bin/sh', 'lint')\"", "./lint <<< @", "canary"),
    ("git init -q .; git config alias.x '!sh -c'", "git x @", "canary"),
    ("git init -q .; git config alias.x '!f() { eval \"$1\"; }; f'", "git x @", "canary"),
    ("git init -q .; git config alias.x '!sh'", "git x <<< @", "canary"),
    ("git init -q .; n=x; git config \"alias.$n\" '!sh -c'", "git x @", "canary"),
    ("git init -q .; printf '[alias]\\n\\tx = !sh -c\\n' >> .git/config", "git x @", "canary"),
    (
        "git init -q .; git config core.editor sh",
        "git config user.name a; git config user.email a@b; git commit -q --allow-empty -m @; git commit -q --amend --allow-empty",
        "canary",
    ),
];

/// An earlier script and one that is taken behind it, with any text.
const TAKEN: &[(&str, &str)] = &[
    ("ln -s notes.txt latest", "./lint @"),
    ("ln -s tools/lint lint", "./lint @"),
    ("apt-get install -y bash jq", "jq -n --arg t @ '$t'"),
    ("git config alias.l 'log --oneline'; git config alias.x '!sh -c'", "git l --grep=@"),
    ("git config alias.x '!sh -c'", "git commit -m @"),
    ("printf '[alias]\\n\\tx = !sh -c\\n' >> .git/config", "git commit -m @; git log"),
    ("git config core.editor true", "git commit -m @; git commit --amend"),
    ("git config core.editor 'vim -f'", "git commit -m @; git commit --amend"),
    ("cp -r src/tools build; mv a.txt b.txt", "./build/run @"),
];

fn filled(script: &str) -> String {
    format!("{}\n", script.replace('@', "\"${{ x }}\""))
}

fn placed(before: &str, script: &str, value: &str) -> Result<Placed, Vec<Refusal>> {
    let text = text(&filled(script), |_| value.to_owned());
    let mut earlier = Earlier::default();
    earlier.add(before);
    let background = Background::default().after(&earlier, Language::Bash, script);
    place(&Script { language: Language::Bash, text: &text, environment: Vec::new(), background })
}

#[test]
fn what_an_earlier_step_made_of_a_name_is_known_to_later_ones() {
    let taken: Vec<_> = BROKEN.iter().filter(|(before, script, value)| placed(before, script, value).is_ok()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn without_the_earlier_step_the_same_scripts_are_taken() {
    let refused: Vec<_> = BROKEN.iter().filter(|(_, script, value)| placed("", script, value).is_err()).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn each_of_them_lets_its_payload_run_behind_it() {
    let without = Mutex::new(Vec::new());
    each(
        BROKEN,
        |_| (),
        |cage, (before, script, value)| {
            let written = format!("{before}\n{}", naive::written(&filled(script), value));
            if !cage.runs(&written, &[(naive::VARIABLE.to_owned(), (*value).to_owned())]) {
                without.lock().expect("no holder panics").push((*before, *script));
            }
        },
    );
    let without = without.into_inner().expect("no holder panics");
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn ordinary_earlier_steps_change_nothing() {
    let refused: Vec<_> = TAKEN
        .iter()
        .filter_map(|(before, script)| Some((before, script, placed(before, script, "Fix it; canary").err()?)))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
