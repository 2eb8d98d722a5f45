//! Pipelines, stages, jobs and all that stands in them (reference, section 9).

use super::Known::{AtJob, Before};
use super::Type::{Anything, Boolean, Condition, Filled, Map, Mapping, Name, Names, Own, Share, Text, Word};
use super::resource::{BRANCH_TRIGGER, PULL_REQUESTS, RESOURCES, SCHEDULES};
use super::step::STEPS;
use super::{Either, KIND, Kind, List, Number, Type, Union};
use crate::pipeline::plan::LEGS_MAX;
use crate::template::{OLD_KEYS, WITH_JOBS};

/// The most stages of a pipeline, and jobs of a stage.
pub(in crate::pipeline) const STAGES_MAX: usize = 256;
pub(in crate::pipeline) const JOBS_MAX: usize = 256;
/// The most steps of a job.
pub(in crate::pipeline) const STEPS_MAX: usize = 500;
/// The most variables of one block.
pub(in crate::pipeline) const VARIABLES_MAX: usize = 1_000;
/// The most entries of a list or a mapping that has no limit of its own.
pub(super) const ENTRIES_MAX: usize = 1_000;
/// The most jobs that one job becomes, and that may run at once.
const PARALLEL_MAX: f64 = LEGS_MAX as f64;
/// The longest time that a timeout may name: a year, so that no sum of times overflows.
const MINUTES_MAX: f64 = 366.0 * 24.0 * 60.0;

/// The most attempts of a job: one that loses its worker this often is itself what ends it.
const ATTEMPTS_MAX: f64 = 10.0;

pub(super) const MINUTES: Number = Number { unit: "minutes", least: 0.0, most: MINUTES_MAX, is_fraction: true };
const AT_ONCE: Number = Number { unit: "", least: 0.0, most: PARALLEL_MAX, is_fraction: false };
const SLICES: Number = Number { unit: "", least: 1.0, most: PARALLEL_MAX, is_fraction: false };
const PERCENT: Number = Number { unit: "percent", least: 0.0, most: 100.0, is_fraction: false };
const ATTEMPTS: Number = Number { unit: "attempts", least: 1.0, most: ATTEMPTS_MAX, is_fraction: false };
const RUNS: Number = Number { unit: "runs", least: 1.0, most: 1_000.0, is_fraction: false };

/// A list of texts that the pipeline's author decides on.
pub(super) const OWN_LIST: Type = Type::List(List { item: &Own, least: 0, most: ENTRIES_MAX });
const POOL: Type = Type::Either(Either { text: Some(&Own), list: None, mapping: Some(&Mapping(&POOL_KEYS)) });
const CONTAINER: Type = Type::Either(Either { text: Some(&Own), list: None, mapping: Some(&Mapping(&CONTAINER_KEYS)) });
const SERVICES: Type = Map(&CONTAINER);
const VARIABLES: Type = Type::Either(Either {
    text: None,
    list: Some(&Type::List(List { item: &Type::Union(&VARIABLE), least: 0, most: VARIABLES_MAX })),
    mapping: Some(&Map(&Text)),
});
const LOCK: Type = Word(&["runLatest", "sequential"], Before);
const JOBS: Type = Type::List(List { item: &Type::Union(&JOB), least: 1, most: JOBS_MAX });
const STRATEGY: Type = Mapping(&STRATEGY_KEYS);
const WORKSPACE: Type = Mapping(&WORKSPACE_KEYS);
/// What templates are told of a stage or job, in words of their own.
const ANY_MAPPING: Type = Type::Either(Either { text: None, list: None, mapping: Some(&Anything) });
/// The keys of a reference to a template; what it brings has replaced it before this is asked.
const TEMPLATE_KEYS: &[(&str, Type)] = &[("template", Own), ("parameters", Anything)];

/// The seven shapes of a pipeline differ in one key, and in what may stand beside `steps`.
pub(in crate::pipeline) static ROOT: Kind = Kind {
    name: "a pipeline",
    exactly_one: &["steps", "jobs", "stages", "extends"],
    only_beside: &[
        ("strategy", "steps"),
        ("continueOnError", "steps"),
        ("container", "steps"),
        ("services", "steps"),
        ("workspace", "steps"),
        ("attempts", "steps"),
    ],
    keys: &[
        ("steps", STEPS),
        ("jobs", JOBS),
        ("stages", Type::List(List { item: &Type::Union(&STAGE), least: 1, most: STAGES_MAX })),
        // What it brings has replaced it, or it has been told why nothing could.
        ("extends", Anything),
        ("name", Text),
        ("variables", VARIABLES),
        ("pool", POOL),
        ("resources", RESOURCES),
        ("parameters", Anything),
        ("trigger", BRANCH_TRIGGER),
        ("pr", PULL_REQUESTS),
        ("schedules", SCHEDULES),
        ("appendCommitMessageToRunName", Boolean(Before)),
        ("lockBehavior", LOCK),
        ("concurrency", Mapping(&CONCURRENCY)),
        ("strategy", STRATEGY),
        ("continueOnError", Boolean(AtJob)),
        ("container", CONTAINER),
        ("services", SERVICES),
        ("workspace", WORKSPACE),
        ("attempts", Type::Number(ATTEMPTS, Before)),
    ],
    old: OLD_KEYS,
    ..KIND
};

/// pipehook's own.
static CONCURRENCY: Kind = Kind {
    name: "`concurrency`",
    required: &["group"],
    keys: &[
        ("group", Text),
        ("limit", Type::Number(RUNS, Before)),
        ("policy", Word(&["queue", "latest", "cancel-running"], Before)),
    ],
    ..KIND
};

pub(super) static STAGE: Union = Union { name: "a stage", kinds: &[&STAGE_KEYS, &STAGE_TEMPLATE], old: &[] };

static STAGE_TEMPLATE: Kind =
    Kind { name: "a reference to a template", first: Some("template"), keys: TEMPLATE_KEYS, ..KIND };

/// A stage needs a job that waits for nothing, and so a job (reference, section 5.1).
pub(super) static STAGE_KEYS: Kind = Kind {
    name: "a stage",
    first: Some("stage"),
    required: &["jobs"],
    keys: &[
        ("stage", Name("the name of a stage")),
        ("displayName", Text),
        ("dependsOn", Names),
        ("condition", Condition),
        ("variables", VARIABLES),
        ("pool", POOL),
        ("jobs", JOBS),
        ("group", Text),
        ("lockBehavior", LOCK),
        ("trigger", Word(&["automatic", "manual"], Before)),
        ("isSkippable", Boolean(Before)),
        ("templateContext", ANY_MAPPING),
        ("checks", Anything),
    ],
    old: &[("phases", WITH_JOBS)],
    ..KIND
};

pub(super) static JOB: Union = Union {
    name: "a job",
    kinds: &[&JOB_KEYS, &DEPLOYMENT_KEYS, &JOB_TEMPLATE],
    old: &[("phase", "write `job`, and `pool` in place of `queue`")],
};

/// What a parameter of type `deployment` takes.
pub(super) static DEPLOYMENT: Union =
    Union { name: "a deployment job", kinds: &[&DEPLOYMENT_KEYS, &JOB_TEMPLATE], old: &[] };

static JOB_TEMPLATE: Kind =
    Kind { name: "a reference to a template", first: Some("template"), keys: TEMPLATE_KEYS, ..KIND };

/// What jobs and deployment jobs have in common.
const ANY_JOB: &[(&str, Type)] = &[
    ("displayName", Text),
    ("dependsOn", Names),
    ("condition", Condition),
    ("continueOnError", Boolean(AtJob)),
    ("timeoutInMinutes", Type::Number(MINUTES, AtJob)),
    ("cancelTimeoutInMinutes", Type::Number(MINUTES, AtJob)),
    ("variables", VARIABLES),
    ("pool", POOL),
    ("container", CONTAINER),
    ("services", SERVICES),
    ("workspace", WORKSPACE),
    ("attempts", Type::Number(ATTEMPTS, Before)),
    ("uses", Mapping(&USES)),
    ("templateContext", ANY_MAPPING),
];
const OLD_POOLS: &[(&str, &str)] = &[("queue", "write `pool`"), ("server", "write `pool: server`")];

pub(super) static JOB_KEYS: Kind = Kind {
    name: "a job",
    first: Some("job"),
    keys: &[("job", Name("the name of a job")), ("steps", STEPS), ("strategy", STRATEGY)],
    common: &[ANY_JOB],
    old: OLD_POOLS,
    ..KIND
};

static DEPLOYMENT_KEYS: Kind = Kind {
    name: "a deployment job",
    first: Some("deployment"),
    required: &["strategy"],
    keys: &[
        ("deployment", Name("the name of a deployment job")),
        ("environment", ENVIRONMENT),
        ("strategy", Mapping(&ROLLOUT)),
    ],
    common: &[ANY_JOB],
    old: OLD_POOLS,
    ..KIND
};

const RESOURCE: Type = Word(&["VirtualMachine", "Kubernetes"], Before);
const ENVIRONMENT: Type =
    Type::Either(Either { text: Some(&Own), list: None, mapping: Some(&Mapping(&ENVIRONMENT_KEYS)) });

static ENVIRONMENT_KEYS: Kind = Kind {
    name: "an environment",
    required: &["name"],
    keys: &[("name", Filled), ("resourceName", Own), ("resourceId", Own), ("resourceType", RESOURCE), ("tags", Names)],
    ..KIND
};

static ROLLOUT: Kind = Kind {
    name: "the strategy of a deployment job",
    exactly_one: &["runOnce", "rolling", "canary"],
    keys: &[("runOnce", Mapping(&RUN_ONCE)), ("rolling", Mapping(&ROLLING)), ("canary", Mapping(&CANARY))],
    ..KIND
};

const HOOKS: &[(&str, Type)] = &[
    ("preDeploy", Mapping(&HOOK)),
    ("deploy", Mapping(&HOOK)),
    ("routeTraffic", Mapping(&HOOK)),
    ("postRouteTraffic", Mapping(&HOOK)),
    ("on", Mapping(&ON)),
];

static RUN_ONCE: Kind = Kind { name: "`runOnce`", common: &[HOOKS], ..KIND };

static ROLLING: Kind = Kind { name: "`rolling`", keys: &[("maxParallel", Share)], common: &[HOOKS], ..KIND };

static CANARY: Kind = Kind {
    name: "`canary`",
    keys: &[("increments", Type::List(List { item: &Type::Number(PERCENT, Before), least: 0, most: ENTRIES_MAX }))],
    common: &[HOOKS],
    ..KIND
};

static HOOK: Kind = Kind { name: "a hook", keys: &[("steps", STEPS), ("pool", POOL)], ..KIND };

static ON: Kind = Kind { name: "`on`", keys: &[("success", Mapping(&HOOK)), ("failure", Mapping(&HOOK))], ..KIND };

static STRATEGY_KEYS: Kind = Kind {
    name: "`strategy`",
    exactly_one: &["matrix", "parallel"],
    only_beside: &[("maxParallel", "matrix")],
    keys: &[
        ("matrix", Type::Either(Either { text: Some(&Own), list: None, mapping: Some(&Map(&Map(&Text))) })),
        ("parallel", Type::Number(SLICES, AtJob)),
        ("maxParallel", Type::Number(AT_ONCE, AtJob)),
    ],
    ..KIND
};

static POOL_KEYS: Kind =
    Kind { name: "a pool", keys: &[("name", Own), ("vmImage", Own), ("demands", Names)], is_open: true, ..KIND };

static CONTAINER_KEYS: Kind = Kind {
    name: "a container",
    exactly_one: &["image", "alias"],
    keys: &[("alias", Filled)],
    common: &[CONTAINER_COMMON],
    ..KIND
};

/// What a container of a job and one of `resources.containers` have in common.
pub(super) const CONTAINER_COMMON: &[(&str, Type)] = &[
    ("image", Filled),
    ("endpoint", Own),
    ("env", Map(&Text)),
    ("options", Own),
    ("ports", OWN_LIST),
    ("volumes", OWN_LIST),
    ("mapDockerSocket", Boolean(Before)),
    ("mountReadOnly", Mapping(&MOUNTS)),
];

static MOUNTS: Kind = Kind {
    name: "`mountReadOnly`",
    keys: &[
        ("work", Boolean(Before)),
        ("externals", Boolean(Before)),
        ("tools", Boolean(Before)),
        ("tasks", Boolean(Before)),
    ],
    ..KIND
};

static WORKSPACE_KEYS: Kind =
    Kind { name: "`workspace`", keys: &[("clean", Word(&["outputs", "resources", "all"], Before))], ..KIND };

static USES: Kind = Kind { name: "`uses`", keys: &[("repositories", OWN_LIST), ("pools", OWN_LIST)], ..KIND };

static VARIABLE: Union = Union { name: "a variable", kinds: &[&VARIABLE_KEYS, &GROUP, &VARIABLE_TEMPLATE], old: &[] };

static VARIABLE_KEYS: Kind = Kind {
    name: "a variable",
    first: Some("name"),
    keys: &[("name", Own), ("value", Text), ("readonly", Boolean(Before))],
    ..KIND
};

static GROUP: Kind = Kind { name: "a variable group", first: Some("group"), keys: &[("group", Filled)], ..KIND };

static VARIABLE_TEMPLATE: Kind =
    Kind { name: "a reference to a template", first: Some("template"), keys: TEMPLATE_KEYS, ..KIND };
