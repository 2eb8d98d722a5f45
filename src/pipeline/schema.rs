//! Which keys may stand where (reference, section 9): one table.
//!
//! A key that the language has and this version does not is in the table too, so that it is
//! called unsupported and not unknown.

use Support::{Ignored, Later, Now};

/// What this version does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    /// It is read.
    Now,
    /// It is accepted and does nothing, which is its meaning here; the reason is in the table.
    Ignored,
    /// The language has it, this version has not.
    Later,
    /// It is an old form; the text says what to write instead.
    Old(&'static str),
}

/// A kind of mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// What it is called in messages, with its article.
    pub(super) name: &'static str,
    /// Every key that it may have.
    pub(super) keys: &'static [(&'static str, Support)],
}

impl Kind {
    pub(super) fn support(&self, key: &str) -> Option<Support> {
        self.keys.iter().find(|(known, _)| *known == key).map(|(_, support)| *support)
    }
}

/// Triggers by a push, a pull request or the clock are ignored: pipehook starts runs by webhooks
/// and by hand, and a file that is also used elsewhere may have them.
pub(super) const ROOT: Kind = Kind {
    name: "a pipeline",
    keys: &[
        ("name", Now),
        ("steps", Now),
        ("jobs", Now),
        ("stages", Now),
        ("variables", Now),
        ("pool", Now),
        ("resources", Now),
        ("parameters", Now),
        ("trigger", Ignored),
        ("pr", Ignored),
        ("schedules", Ignored),
        ("appendCommitMessageToRunName", Ignored),
        ("extends", Later),
        ("lockBehavior", Later),
        ("strategy", Later),
        ("continueOnError", Later),
        ("container", Later),
        ("services", Later),
        ("workspace", Later),
        ("concurrency", Later),
        ("phases", Support::Old("write `jobs` with `job` entries")),
        ("queue", Support::Old("write `pool`")),
        ("server", Support::Old("write `pool: server`")),
    ],
};

pub(super) const STAGE: Kind = Kind {
    name: "a stage",
    keys: &[
        ("stage", Now),
        ("displayName", Now),
        ("dependsOn", Now),
        ("condition", Now),
        ("variables", Now),
        ("jobs", Now),
        ("pool", Now),
        ("group", Later),
        ("lockBehavior", Later),
        ("trigger", Later),
        ("isSkippable", Ignored),
        ("templateContext", Later),
        ("checks", Later),
    ],
};

pub(super) const JOB: Kind = Kind {
    name: "a job",
    keys: &[
        ("job", Now),
        ("displayName", Now),
        ("dependsOn", Now),
        ("condition", Now),
        ("continueOnError", Now),
        ("timeoutInMinutes", Now),
        ("cancelTimeoutInMinutes", Now),
        ("variables", Now),
        ("pool", Now),
        ("steps", Now),
        ("strategy", Later),
        ("container", Later),
        ("services", Later),
        ("workspace", Later),
        ("uses", Later),
        ("templateContext", Later),
        ("environment", Later),
    ],
};

/// Keys that every step may have.
const STEP_KEYS: [(&str, Support); 9] = [
    ("name", Now),
    ("displayName", Now),
    ("condition", Now),
    ("continueOnError", Now),
    ("enabled", Now),
    ("env", Now),
    ("timeoutInMinutes", Now),
    ("retryCountOnTaskFailure", Later),
    ("target", Later),
];

/// The keys of a step that runs an inline script.
pub(super) const SCRIPT_STEP: Kind = Kind {
    name: "a script step",
    keys: &[
        ("script", Now),
        ("bash", Now),
        ("workingDirectory", Now),
        ("failOnStderr", Now),
        STEP_KEYS[0],
        STEP_KEYS[1],
        STEP_KEYS[2],
        STEP_KEYS[3],
        STEP_KEYS[4],
        STEP_KEYS[5],
        STEP_KEYS[6],
        STEP_KEYS[7],
        STEP_KEYS[8],
    ],
};

/// The keys of `checkout: none`, which does nothing.
pub(super) const CHECKOUT_STEP: Kind = Kind {
    name: "a checkout step",
    keys: &[
        ("checkout", Now),
        STEP_KEYS[0],
        STEP_KEYS[1],
        STEP_KEYS[2],
        STEP_KEYS[3],
        STEP_KEYS[4],
        STEP_KEYS[5],
        STEP_KEYS[6],
        ("clean", Later),
        ("fetchDepth", Later),
        ("fetchFilter", Later),
        ("fetchTags", Later),
        ("lfs", Later),
        ("path", Later),
        ("persistCredentials", Later),
        ("submodules", Later),
        ("sparseCheckoutDirectories", Later),
        ("sparseCheckoutPatterns", Later),
        ("workspaceRepo", Later),
    ],
};

/// Keys that begin a step, a job or a stage of a kind.
pub(super) const STEP_KINDS: [(&str, Support); 14] = [
    ("script", Now),
    ("bash", Now),
    ("checkout", Now),
    ("pwsh", Later),
    ("powershell", Later),
    ("download", Later),
    ("downloadBuild", Later),
    ("publish", Later),
    ("upload", Later),
    ("getPackage", Later),
    ("reviewApp", Later),
    ("task", Later),
    ("template", Later),
    ("restoreCache", Later),
];
pub(super) const JOB_KINDS: [(&str, Support); 4] =
    [("job", Now), ("deployment", Later), ("template", Later), ("phase", Support::Old("write `job`"))];
pub(super) const STAGE_KINDS: [(&str, Support); 2] = [("stage", Now), ("template", Later)];

pub(super) const VARIABLE: Kind = Kind {
    name: "a variable",
    keys: &[("name", Now), ("value", Now), ("readonly", Now), ("group", Later), ("template", Later)],
};

/// `vmImage` and `demands` choose among machines of a cloud; here the pool's name alone decides.
pub(super) const POOL: Kind =
    Kind { name: "a pool", keys: &[("name", Now), ("vmImage", Ignored), ("demands", Ignored)] };

pub(super) const RESOURCES: Kind = Kind {
    name: "the resources",
    keys: &[
        ("webhooks", Now),
        ("builds", Later),
        ("containers", Later),
        ("pipelines", Later),
        ("repositories", Later),
        ("packages", Later),
    ],
};

/// `type` names an extension of a marketplace; a generic webhook has none.
pub(super) const WEBHOOK: Kind = Kind {
    name: "a webhook resource",
    keys: &[("webhook", Now), ("connection", Now), ("type", Ignored), ("filters", Now)],
};

pub(super) const FILTER: Kind = Kind {
    name: "a filter",
    keys: &[("path", Now), ("header", Now), ("value", Now), ("not", Later), ("pattern", Later)],
};

pub(super) const PARAMETER: Kind = Kind {
    name: "a parameter",
    keys: &[("name", Now), ("displayName", Ignored), ("type", Now), ("default", Now), ("values", Now)],
};
