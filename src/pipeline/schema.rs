//! Which keys may stand where (reference, section 9): one table, and the mistakes it finds.
//!
//! A key that the language has and this version does not is in the table too, with what to do
//! instead, so that it is called unsupported and not unknown.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use Support::{Ignored, Later, Now, Old};

/// What this version does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    /// It is read.
    Now,
    /// It is accepted and does nothing, which is its meaning here; the reason is in the table.
    Ignored,
    /// The language has it, this version has not; the text says what to do.
    Later(&'static str),
    /// It is an old form; the text says what to write instead.
    Old(&'static str),
}

/// A kind of mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// What it is called in messages, with its article.
    pub(super) name: &'static str,
    /// The key that must come first, if there is one that must be there at all.
    pub(super) first: Option<&'static str>,
    /// Keys that must be there.
    pub(super) required: &'static [&'static str],
    /// Every key that it may have.
    pub(super) keys: &'static [(&'static str, Support)],
    /// Keys that every mapping of a family may have.
    pub(super) common: &'static [(&'static str, Support)],
}

/// A keyword that says what kind of thing a mapping is.
pub(super) type Keyword = (&'static str, Support);

const ONE_BY_ONE: &str = "write each of them as a job of its own";
const ON_THE_WORKER: &str = "remove it: steps run on the worker itself";
const EMPTY_FOLDER: &str = "remove it: each job begins with a folder of its own that is empty";
const NO_FETCHING: &str = "write `checkout: none`, and fetch what you need in a script";
const AS_SCRIPT: &str = "write a `script` or `bash` step that does the same";
const IN_PLACE: &str = "write what the template has in this file";
const ARTIFACTS: &str = "store and fetch files in a script";
const POLICIES: &str = "remove it: templates that look at it are not supported either";
const NO_RUN_LOCK: &str = "remove it: runs of one pipeline do not wait for each other";

/// Triggers by a push, a pull request or the clock are ignored: pipehook starts runs by webhooks
/// and by hand, and a file that is also used elsewhere may have them. Runs have no commit whose
/// message could be appended to their name.
pub(super) const ROOT: Kind = Kind {
    name: "a pipeline",
    first: None,
    required: &[],
    common: &[],
    keys: &[
        ("steps", Now),
        ("jobs", Now),
        ("stages", Now),
        ("name", Now),
        ("variables", Now),
        ("pool", Now),
        ("resources", Now),
        ("parameters", Now),
        ("trigger", Ignored),
        ("pr", Ignored),
        ("schedules", Ignored),
        ("appendCommitMessageToRunName", Ignored),
        ("extends", Later(IN_PLACE)),
        ("lockBehavior", Later(NO_RUN_LOCK)),
        ("concurrency", Later(NO_RUN_LOCK)),
        ("strategy", Later(ONE_BY_ONE)),
        ("continueOnError", Later("write it in a job, below `jobs`")),
        ("container", Later(ON_THE_WORKER)),
        ("services", Later("start what you need in a script")),
        ("workspace", Later(EMPTY_FOLDER)),
        ("phases", Old("write `jobs`, and `job` in place of `phase`")),
        ("queue", Old("write `pool`")),
        ("server", Old("write `jobs` with `pool: server`, which this version does not support either")),
    ],
};

/// Nobody can skip a stage by hand here, so whether somebody may does not matter.
pub(super) const STAGE: Kind = Kind {
    name: "a stage",
    first: Some("stage"),
    required: &["jobs"],
    common: &[],
    keys: &[
        ("stage", Now),
        ("displayName", Now),
        ("dependsOn", Now),
        ("condition", Now),
        ("variables", Now),
        ("pool", Now),
        ("jobs", Now),
        ("isSkippable", Ignored),
        ("group", Later("remove it: stages are shown one by one")),
        ("lockBehavior", Later(NO_RUN_LOCK)),
        ("trigger", Later("remove it: stages start by themselves")),
        ("templateContext", Later(POLICIES)),
        ("checks", Later("check what you need in a job of the stage before")),
    ],
};

pub(super) const JOB: Kind = Kind {
    name: "a job",
    first: Some("job"),
    required: &[],
    common: &[],
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
        ("strategy", Later(ONE_BY_ONE)),
        ("container", Later(ON_THE_WORKER)),
        ("services", Later("start what you need in a script")),
        ("workspace", Later(EMPTY_FOLDER)),
        ("uses", Later("remove it: nothing has to be declared before it is used")),
        ("templateContext", Later(POLICIES)),
    ],
};

/// Keys that every step may have (reference, section 6.1).
const STEP: &[(&str, Support)] = &[
    ("displayName", Now),
    ("name", Now),
    ("condition", Now),
    ("continueOnError", Now),
    ("enabled", Now),
    ("env", Now),
    ("timeoutInMinutes", Now),
    ("retryCountOnTaskFailure", Later("try again in the script itself")),
    ("target", Later(ON_THE_WORKER)),
];

pub(super) const SCRIPT_STEP: Kind = Kind {
    name: "a `script` step",
    first: Some("script"),
    required: &[],
    common: STEP,
    keys: &[("script", Now), ("workingDirectory", Now), ("failOnStderr", Now)],
};

pub(super) const BASH_STEP: Kind = Kind {
    name: "a `bash` step",
    first: Some("bash"),
    required: &[],
    common: STEP,
    keys: &[("bash", Now), ("workingDirectory", Now), ("failOnStderr", Now)],
};

/// Of these steps only `checkout: none` is supported: there is no repository that a pipeline
/// belongs to, so a checkout that did nothing would leave a script without its files.
pub(super) const CHECKOUT_STEP: Kind = Kind {
    name: "a `checkout` step",
    first: Some("checkout"),
    required: &[],
    common: STEP,
    keys: &[
        ("checkout", Now),
        ("clean", Later(NO_FETCHING)),
        ("fetchDepth", Later(NO_FETCHING)),
        ("fetchFilter", Later(NO_FETCHING)),
        ("fetchTags", Later(NO_FETCHING)),
        ("lfs", Later(NO_FETCHING)),
        ("path", Later(NO_FETCHING)),
        ("persistCredentials", Later(NO_FETCHING)),
        ("submodules", Later(NO_FETCHING)),
        ("sparseCheckoutDirectories", Later(NO_FETCHING)),
        ("sparseCheckoutPatterns", Later(NO_FETCHING)),
        ("workspaceRepo", Later(NO_FETCHING)),
    ],
};

/// What to do instead of a checkout that fetches something.
pub(super) const CHECKOUT_HELP: &str = NO_FETCHING;

/// Keywords that begin a step (reference, section 6.2).
pub(super) const STEP_KEYWORDS: &[Keyword] = &[
    ("script", Now),
    ("bash", Now),
    ("checkout", Now),
    ("pwsh", Later(AS_SCRIPT)),
    ("powershell", Later(AS_SCRIPT)),
    ("task", Later(AS_SCRIPT)),
    ("template", Later(IN_PLACE)),
    ("publish", Later(ARTIFACTS)),
    ("upload", Old("write `publish`, which this version does not support either")),
    ("download", Later(ARTIFACTS)),
    ("downloadBuild", Later(ARTIFACTS)),
    ("getPackage", Later(AS_SCRIPT)),
    ("reviewApp", Later(AS_SCRIPT)),
    ("restoreCache", Later(AS_SCRIPT)),
];

/// Keywords that begin a job.
pub(super) const JOB_KEYWORDS: &[Keyword] = &[
    ("job", Now),
    ("deployment", Later("write a `job` with the steps of its `deploy`")),
    ("template", Later(IN_PLACE)),
    ("phase", Old("write `job`")),
];

/// Keywords that begin a stage.
pub(super) const STAGE_KEYWORDS: &[Keyword] = &[("stage", Now), ("template", Later(IN_PLACE))];

/// Keywords that begin an item of a list of variables.
pub(super) const VARIABLE_KEYWORDS: &[Keyword] = &[
    ("name", Now),
    ("group", Later("write the variables in the file, and secrets in the configuration's `environment`")),
    ("template", Later(IN_PLACE)),
];

pub(super) const VARIABLE: Kind = Kind {
    name: "a variable",
    first: Some("name"),
    required: &["name"],
    common: &[],
    keys: &[("name", Now), ("value", Now), ("readonly", Now)],
};

/// `vmImage` chooses among images of a cloud; a pool that says nothing else is the default pool.
/// Here the pool's name alone decides which worker runs a job, and `demands` get a warning.
pub(super) const POOL: Kind = Kind {
    name: "a pool",
    first: None,
    required: &[],
    common: &[],
    keys: &[("name", Now), ("vmImage", Ignored), ("demands", Now)],
};

pub(super) const RESOURCES: Kind = Kind {
    name: "`resources`",
    first: None,
    required: &[],
    common: &[],
    keys: &[
        ("webhooks", Now),
        ("repositories", Now),
        ("builds", Later(ARTIFACTS)),
        ("pipelines", Later("let the other pipeline post to a connection of this one")),
        ("containers", Later(ON_THE_WORKER)),
        ("packages", Later(AS_SCRIPT)),
    ],
};

/// `type` names an extension of a marketplace; a generic webhook has none.
pub(super) const WEBHOOK: Kind = Kind {
    name: "a webhook resource",
    first: Some("webhook"),
    required: &["webhook", "connection"],
    common: &[],
    keys: &[("webhook", Now), ("connection", Now), ("type", Ignored), ("filters", Now)],
};

/// What stands beside `path` and `value` goes beyond the documented language.
pub(super) const FILTER: Kind = Kind {
    name: "a filter",
    first: None,
    required: &[],
    common: &[],
    keys: &[("path", Now), ("header", Now), ("value", Now), ("not", Now), ("pattern", Now)],
};

impl Kind {
    /// Reports what is wrong with the keys of a mapping, and says for each whether it is read.
    /// While a key is not understood, nothing is said about one that may be missing.
    pub(super) fn judge(&self, keys: &[(&str, Span)], whole: Span, diagnostics: &mut Diagnostics) -> Vec<bool> {
        let before = diagnostics.len();
        let read = keys.iter().map(|&(key, span)| self.is_read(key, span, diagnostics)).collect();
        if diagnostics.len() == before {
            self.judge_order(keys, whole, diagnostics);
        }
        read
    }

    fn is_read(&self, key: &str, span: Span, diagnostics: &mut Diagnostics) -> bool {
        match self.support(key) {
            Some(Now) => return true,
            Some(Ignored) => {}
            Some(Later(help)) => diagnostics.push(unsupported(key, span, help)),
            Some(Old(help)) => diagnostics.push(old(key, span, help)),
            None => diagnostics.push(self.unknown(key, span)),
        }
        false
    }

    fn judge_order(&self, keys: &[(&str, Span)], whole: Span, diagnostics: &mut Diagnostics) {
        for required in self.required.iter().filter(|required| keys.iter().all(|(key, _)| key != *required)) {
            let title = format!("{} needs `{required}`", self.name);
            let label = format!("there is no `{required}` here");
            diagnostics.push(Diagnostic::error(Code::MissingKey, title, whole, label));
        }
        let place = self.first.and_then(|first| keys.iter().position(|(key, _)| *key == first));
        if let Some(place) = place.filter(|place| *place > 0) {
            diagnostics.push(late(keys[place].0, self.name, keys[place].1, keys[0].1));
        }
    }

    fn support(&self, key: &str) -> Option<Support> {
        self.all().find(|(known, _)| *known == key).map(|(_, support)| support)
    }

    fn all(&self) -> impl Iterator<Item = Keyword> {
        self.keys.iter().chain(self.common).copied()
    }

    fn unknown(&self, key: &str, span: Span) -> Diagnostic {
        let title = format!("{} has no key `{}`", self.name, shown(key));
        let unknown = Diagnostic::error(Code::UnknownKey, title, span, "this key is not known here");
        let usual: Vec<&str> = self.all().filter(|(_, support)| *support == Now).map(|(known, _)| known).collect();
        let unknown = unknown.help(format!("the keys here are `{}`", usual.join("`, `")));
        unknown.suggest(key, self.all().map(|(known, _)| known))
    }
}

/// Returns the diagnostic for what the language has and this version has not.
pub(super) fn unsupported(what: &str, span: Span, help: &str) -> Diagnostic {
    let title = format!("`{}` is not supported by this version", shown(what));
    Diagnostic::error(Code::Unsupported, title, span, "this would be passed over").help(help)
}

/// Returns the diagnostic for an old form.
pub(super) fn old(key: &str, span: Span, help: &str) -> Diagnostic {
    let title = format!("`{key}` is an old form");
    Diagnostic::error(Code::Unsupported, title, span, "this is not read any more").help(help)
}

/// Returns the diagnostic for a key that must be the first of its mapping and is not.
fn late(key: &str, what: &str, span: Span, first: Span) -> Diagnostic {
    let title = format!("`{key}` must be the first key of {what}");
    Diagnostic::error(Code::InvalidValue, title, span, "move this key up").related(first, "this key is the first")
}
