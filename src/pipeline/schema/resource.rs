//! Triggers and resources (reference, sections 8.2 and 9.2).

use super::Known::Before;
use super::Type::{self, Anything, Boolean, Branch, Cron, Filled, Mapping, Own, Word};
use super::table::{CONTAINER_COMMON, ENTRIES_MAX, OWN_LIST};
use super::{Either, KIND, Kind, List};

const NONE: Type = Word(&["none"], Before);
/// A trigger of a resource that is only on or off.
const ON_OR_OFF: Type = Word(&["none", "true", "false"], Before);
const BRANCHES: Type = Type::List(List { item: &Branch, least: 0, most: ENTRIES_MAX });

pub(super) const BRANCH_TRIGGER: Type =
    Type::Either(Either { text: Some(&NONE), list: Some(&BRANCHES), mapping: Some(&Mapping(&TRIGGER)) });
pub(super) const PULL_REQUESTS: Type =
    Type::Either(Either { text: Some(&NONE), list: Some(&BRANCHES), mapping: Some(&Mapping(&PULL_REQUEST)) });
pub(super) const SCHEDULES: Type = Type::List(List { item: &Mapping(&SCHEDULE), least: 0, most: ENTRIES_MAX });
/// The list was the form of `resources` before it had kinds.
pub(super) const RESOURCES: Type =
    Type::Either(Either { text: None, list: Some(&Anything), mapping: Some(&Mapping(&RESOURCE_KINDS)) });

static TRIGGER: Kind = Kind {
    name: "`trigger`",
    keys: &[
        ("batch", Boolean(Before)),
        ("branches", Mapping(&CHOSEN_BRANCHES)),
        ("paths", Mapping(&CHOSEN_PATHS)),
        ("tags", Mapping(&CHOSEN_BRANCHES)),
    ],
    ..KIND
};

static PULL_REQUEST: Kind = Kind {
    name: "`pr`",
    keys: &[
        ("autoCancel", Boolean(Before)),
        ("branches", Mapping(&CHOSEN_BRANCHES)),
        ("paths", Mapping(&CHOSEN_PATHS)),
        ("drafts", Boolean(Before)),
    ],
    ..KIND
};

static CHOSEN_BRANCHES: Kind =
    Kind { name: "a choice of branches", keys: &[("include", BRANCHES), ("exclude", BRANCHES)], ..KIND };

static CHOSEN_PATHS: Kind =
    Kind { name: "a choice of paths", keys: &[("include", OWN_LIST), ("exclude", OWN_LIST)], ..KIND };

static SCHEDULE: Kind = Kind {
    name: "a schedule",
    first: Some("cron"),
    required: &["cron"],
    keys: &[
        ("cron", Cron),
        ("displayName", Own),
        ("branches", Mapping(&CHOSEN_BRANCHES)),
        ("batch", Boolean(Before)),
        ("always", Boolean(Before)),
    ],
    ..KIND
};

/// Webhook resources are read before expansion, where their keys are judged.
static RESOURCE_KINDS: Kind = Kind {
    name: "`resources`",
    keys: &[
        ("webhooks", Anything),
        ("repositories", Type::List(List { item: &Mapping(&REPOSITORY), least: 0, most: ENTRIES_MAX })),
        ("containers", Type::List(List { item: &Mapping(&CONTAINER), least: 0, most: ENTRIES_MAX })),
        ("pipelines", Type::List(List { item: &Mapping(&PIPELINE), least: 0, most: ENTRIES_MAX })),
        ("builds", Type::List(List { item: &Mapping(&BUILD), least: 0, most: ENTRIES_MAX })),
        ("packages", Type::List(List { item: &Mapping(&PACKAGE), least: 0, most: ENTRIES_MAX })),
    ],
    ..KIND
};

static REPOSITORY: Kind = Kind {
    name: "a repository",
    first: Some("repository"),
    required: &["repository"],
    keys: &[
        ("repository", Filled),
        ("type", Word(&["git", "github", "githubenterprise", "bitbucket"], Before)),
        ("name", Own),
        ("ref", Own),
        ("endpoint", Own),
        ("trigger", BRANCH_TRIGGER),
        ("checkoutOptions", Anything),
    ],
    is_open: true,
    ..KIND
};

/// With `type: ACR` the image has no name of its own.
static CONTAINER: Kind = Kind {
    name: "a container",
    first: Some("container"),
    required: &["container"],
    any_of: &["image", "registry"],
    keys: &[
        ("container", Filled),
        ("type", Own),
        ("azureSubscription", Own),
        ("resourceGroup", Own),
        ("registry", Own),
        ("repository", Own),
        ("localImage", Boolean(Before)),
        (
            "trigger",
            Type::Either(Either { text: Some(&ON_OR_OFF), list: None, mapping: Some(&Mapping(&CONTAINER_TRIGGER)) }),
        ),
    ],
    common: &[CONTAINER_COMMON],
    is_open: true,
    ..KIND
};

static CONTAINER_TRIGGER: Kind = Kind {
    name: "the trigger of a container",
    keys: &[
        ("enabled", Boolean(Before)),
        ("tags", Type::Either(Either { text: None, list: Some(&OWN_LIST), mapping: Some(&Mapping(&CHOSEN_PATHS)) })),
    ],
    ..KIND
};

static PIPELINE: Kind = Kind {
    name: "a pipeline resource",
    first: Some("pipeline"),
    required: &["pipeline"],
    keys: &[
        ("pipeline", Filled),
        ("project", Own),
        ("source", Own),
        ("version", Own),
        ("branch", Own),
        ("tags", OWN_LIST),
        (
            "trigger",
            Type::Either(Either { text: Some(&ON_OR_OFF), list: None, mapping: Some(&Mapping(&PIPELINE_TRIGGER)) }),
        ),
    ],
    ..KIND
};

static PIPELINE_TRIGGER: Kind = Kind {
    name: "the trigger of a pipeline resource",
    keys: &[
        ("enabled", Boolean(Before)),
        (
            "branches",
            Type::Either(Either { text: None, list: Some(&BRANCHES), mapping: Some(&Mapping(&CHOSEN_BRANCHES)) }),
        ),
        ("stages", OWN_LIST),
        ("tags", OWN_LIST),
    ],
    ..KIND
};

static BUILD: Kind = Kind {
    name: "a build resource",
    first: Some("build"),
    required: &["build", "type", "connection", "source"],
    keys: &[
        ("build", Filled),
        ("type", Filled),
        ("connection", Filled),
        ("source", Filled),
        ("version", Own),
        ("branch", Own),
        ("trigger", ON_OR_OFF),
    ],
    ..KIND
};

static PACKAGE: Kind = Kind {
    name: "a package resource",
    first: Some("package"),
    required: &["package", "type", "connection", "name"],
    keys: &[
        ("package", Filled),
        ("type", Filled),
        ("connection", Filled),
        ("name", Filled),
        ("version", Own),
        ("tag", Own),
        ("trigger", ON_OR_OFF),
    ],
    ..KIND
};

/// `type` names an extension of a marketplace; a generic webhook has none.
pub(in crate::pipeline) static WEBHOOK: Kind = Kind {
    name: "a webhook resource",
    first: Some("webhook"),
    required: &["webhook", "connection"],
    keys: &[("webhook", Filled), ("connection", Filled), ("type", Own), ("filters", Anything)],
    ..KIND
};

/// What stands beside `path` and `value` goes beyond the documented language.
pub(in crate::pipeline) static FILTER: Kind = Kind {
    name: "a filter",
    keys: &[("path", Own), ("header", Own), ("value", Own), ("not", Boolean(Before)), ("pattern", Own)],
    ..KIND
};
