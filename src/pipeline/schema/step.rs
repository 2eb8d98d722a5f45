//! The kinds of steps (reference, sections 6.1 and 6.2).

use super::Known::{AtStep, Before};
use super::Type::{self, Anything, Boolean, Condition, Filled, Map, Name, Own, Text, Word};
use super::table::{ENTRIES_MAX, MINUTES, STEPS_MAX};
use super::{Either, KIND, Kind, List, Number, Union};

/// How often a step may be tried again.
const RETRIES: Number = Number { unit: "", least: 0.0, most: 10.0, is_fraction: false };
/// How many commits a checkout may fetch; 0 is all.
const COMMITS: Number = Number { unit: "commits", least: 0.0, most: 1e9, is_fraction: false };

pub(super) const STEPS: Type = Type::List(List { item: &Type::Union(&STEP), least: 0, most: STEPS_MAX });

pub(super) static STEP: Union = Union {
    name: "a step",
    kinds: &[
        &SCRIPT,
        &BASH,
        &PWSH,
        &POWERSHELL,
        &TASK,
        &CHECKOUT,
        &PUBLISH,
        &DOWNLOAD,
        &DOWNLOAD_BUILD,
        &GET_PACKAGE,
        &REVIEW_APP,
        &TEMPLATE,
    ],
    old: &[
        ("upload", "write `publish`"),
        ("restoreCache", "write `task: Cache@2`"),
        ("saveCache", "write `task: Cache@2`, which also saves"),
    ],
};

/// Says whether a key begins a step.
pub(super) fn is_step_keyword(key: &str) -> bool {
    STEP.kinds.iter().any(|kind| kind.first == Some(key))
}

/// Keys that every step may have.
pub(super) const COMMON: &[(&str, Type)] = &[
    ("displayName", Text),
    ("name", Name("the name of a step")),
    ("condition", Condition),
    ("continueOnError", Boolean(Before)),
    ("enabled", Boolean(Before)),
    ("env", Map(&Text)),
    ("timeoutInMinutes", Type::Number(MINUTES, Before)),
    ("retryCountOnTaskFailure", Type::Number(RETRIES, Before)),
    ("target", Type::Either(Either { text: Some(&Own), list: None, mapping: Some(&Type::Mapping(&TARGET)) })),
];

static TARGET: Kind = Kind {
    name: "`target`",
    keys: &[
        ("container", Own),
        ("commands", Word(&["any", "restricted"], Before)),
        (
            "settableVariables",
            Type::Either(Either {
                text: Some(&Word(&["none"], Before)),
                list: Some(&Type::List(List { item: &Filled, least: 0, most: ENTRIES_MAX })),
                mapping: None,
            }),
        ),
    ],
    ..KIND
};

pub(super) static SCRIPT: Kind = Kind {
    name: "a `script` step",
    first: Some("script"),
    keys: &[("script", Text), ("workingDirectory", Text), ("failOnStderr", Boolean(AtStep))],
    common: &[COMMON],
    ..KIND
};

static BASH: Kind = Kind {
    name: "a `bash` step",
    first: Some("bash"),
    keys: &[("bash", Text), ("workingDirectory", Text), ("failOnStderr", Boolean(AtStep))],
    common: &[COMMON],
    ..KIND
};

/// What preferences of PowerShell can be.
const PREFERENCE: Type = Word(&["default", "stop", "continue", "silentlyContinue"], AtStep);

/// Keys of both steps of PowerShell.
const POWER_SHELL: &[(&str, Type)] = &[
    ("workingDirectory", Text),
    ("failOnStderr", Boolean(AtStep)),
    ("errorActionPreference", PREFERENCE),
    ("warningPreference", PREFERENCE),
    ("informationPreference", PREFERENCE),
    ("verbosePreference", PREFERENCE),
    ("debugPreference", PREFERENCE),
    ("progressPreference", PREFERENCE),
    ("ignoreLASTEXITCODE", Boolean(AtStep)),
];

static PWSH: Kind = Kind {
    name: "a `pwsh` step",
    first: Some("pwsh"),
    keys: &[("pwsh", Text)],
    common: &[POWER_SHELL, COMMON],
    ..KIND
};

static POWERSHELL: Kind = Kind {
    name: "a `powershell` step",
    first: Some("powershell"),
    keys: &[("powershell", Text)],
    common: &[POWER_SHELL, COMMON],
    ..KIND
};

static TASK: Kind = Kind {
    name: "a `task` step",
    first: Some("task"),
    keys: &[("task", Filled), ("inputs", Map(&Text))],
    common: &[COMMON],
    ..KIND
};

static CHECKOUT: Kind = Kind {
    name: "a `checkout` step",
    first: Some("checkout"),
    keys: &[
        ("checkout", Filled),
        ("clean", Boolean(AtStep)),
        ("fetchDepth", Type::Number(COMMITS, AtStep)),
        ("fetchFilter", Own),
        ("fetchTags", Boolean(AtStep)),
        ("lfs", Boolean(AtStep)),
        ("path", Own),
        ("persistCredentials", Boolean(AtStep)),
        ("submodules", Word(&["true", "false", "recursive"], AtStep)),
        ("sparseCheckoutDirectories", Own),
        ("sparseCheckoutPatterns", Own),
        ("workspaceRepo", Boolean(AtStep)),
    ],
    common: &[COMMON],
    ..KIND
};

static PUBLISH: Kind = Kind {
    name: "a `publish` step",
    first: Some("publish"),
    keys: &[("publish", Text), ("artifact", Text)],
    common: &[COMMON],
    ..KIND
};

static DOWNLOAD: Kind = Kind {
    name: "a `download` step",
    first: Some("download"),
    keys: &[("download", Filled), ("artifact", Text), ("patterns", Text), ("path", Text)],
    common: &[COMMON],
    ..KIND
};

static DOWNLOAD_BUILD: Kind = Kind {
    name: "a `downloadBuild` step",
    first: Some("downloadBuild"),
    keys: &[("downloadBuild", Filled), ("artifact", Text), ("path", Text), ("patterns", Text), ("inputs", Map(&Text))],
    common: &[COMMON],
    ..KIND
};

static GET_PACKAGE: Kind = Kind {
    name: "a `getPackage` step",
    first: Some("getPackage"),
    keys: &[("getPackage", Filled), ("path", Text)],
    common: &[COMMON],
    ..KIND
};

static REVIEW_APP: Kind = Kind {
    name: "a `reviewApp` step",
    first: Some("reviewApp"),
    keys: &[("reviewApp", Filled)],
    common: &[COMMON],
    ..KIND
};

static TEMPLATE: Kind = Kind {
    name: "a reference to a template",
    first: Some("template"),
    keys: &[("template", Own), ("parameters", Anything)],
    ..KIND
};
