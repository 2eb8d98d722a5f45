//! Steps as tasks, and back.
//!
//! `script:`, `bash:` and their like are short forms of tasks. A parameter of a type such as
//! `stepList` shows expressions the task (reference, section 2.7), so that a template which wraps
//! or refuses the steps of others sees one form. What such a step becomes again when it is put
//! into `steps` is the short form, which later stations of the road know and people read.

use super::{Content, Entry, Kind, Node, Scalar};
use crate::expression::{Array, Object, Places, Value};
use crate::taint::Text;

/// A short form of a task.
struct Short {
    keyword: &'static str,
    task: &'static str,
    /// The input that holds the keyword's value.
    input: &'static str,
    /// Inputs that tell this short form from others of the task.
    fixed: &'static [(&'static str, &'static str)],
    /// Keys of the step that are inputs of the task.
    keys: &'static [&'static str],
}

const SCRIPT_KEYS: &[&str] = &["workingDirectory", "failOnStderr"];
const POWERSHELL_KEYS: &[&str] = &[
    "errorActionPreference",
    "failOnStderr",
    "ignoreLASTEXITCODE",
    "informationPreference",
    "verbosePreference",
    "warningPreference",
    "debugPreference",
    "progressPreference",
    "workingDirectory",
];
/// The key whose value is for the templates around a job or a stage to read.
const TEMPLATE_CONTEXT: &str = "templateContext";
const INLINE: &[(&str, &str)] = &[("targetType", "inline")];

/// The short forms (reference, sections 2.7 and 6.2). A form with more fixed inputs stands before
/// one of the same task with fewer.
const SHORTS: &[Short] = &[
    Short { keyword: "script", task: "CmdLine@2", input: "script", fixed: &[], keys: SCRIPT_KEYS },
    Short { keyword: "bash", task: "Bash@3", input: "script", fixed: INLINE, keys: SCRIPT_KEYS },
    Short {
        keyword: "pwsh",
        task: "PowerShell@2",
        input: "script",
        fixed: &[("targetType", "inline"), ("pwsh", "true")],
        keys: POWERSHELL_KEYS,
    },
    Short { keyword: "powershell", task: "PowerShell@2", input: "script", fixed: INLINE, keys: POWERSHELL_KEYS },
    Short { keyword: "publish", task: "PublishPipelineArtifact@1", input: "path", fixed: &[], keys: &["artifact"] },
    Short {
        keyword: "download",
        task: "DownloadPipelineArtifact@2",
        input: "alias",
        fixed: &[],
        keys: &["artifact", "patterns"],
    },
    Short { keyword: "getPackage", task: "DownloadPackage@1", input: "alias", fixed: &[], keys: &["path"] },
    Short { keyword: "reviewApp", task: "ReviewApp@0", input: "resourceName", fixed: &[], keys: &[] },
    Short {
        keyword: "checkout",
        task: "6d15af64-176c-496d-b583-fd2ae21d4df4@1",
        input: "repository",
        fixed: &[],
        keys: &[
            "clean",
            "fetchDepth",
            "fetchFilter",
            "fetchTags",
            "lfs",
            "path",
            "persistCredentials",
            "submodules",
            "sparseCheckoutDirectories",
            "sparseCheckoutPatterns",
            "workspaceRepo",
        ],
    },
];

/// Returns a step with its task written out, and its variables and inputs as text; anything else as it is.
pub(super) fn normalise(step: &Value) -> Value {
    let step = &["env", "inputs"].iter().fold(step.clone(), |step, name| change_member(&step, name, texts));
    let Value::Object(object) = step else { return step.clone() };
    let first = object.iter().next().map(|(key, _)| key.flatten());
    let Some(short) = SHORTS.iter().find(|short| first.as_deref() == Some(short.keyword)) else {
        return step.clone();
    };
    let mut inputs = Members::default();
    let mut members = Members::default();
    for (at, (key, value)) in object.iter().enumerate() {
        let places = object.places().and_then(|places| Some((*places.keys.get(at)?, *places.values.get(at)?)));
        let name = key.flatten();
        if name == short.keyword {
            members.push("task".into(), Value::text(short.task), places);
            inputs.push(short.input.into(), text(value), places);
        } else if short.keys.contains(&&*name) {
            inputs.push(key.clone(), text(value), places);
        } else {
            members.push(key.clone(), value.clone(), places);
        }
    }
    let place = members.places.first().copied();
    for (name, value) in short.fixed {
        inputs.push((*name).into(), Value::text(*value), place);
    }
    members.push("inputs".into(), inputs.object().into(), place);
    let written = members.object();
    match object.origin() {
        Some(origin) => written.with_origin(origin.clone()).into(),
        None => written.into(),
    }
}

/// Keys and values with their places, if all have one.
#[derive(Default)]
struct Members {
    pairs: Vec<(Text, Value)>,
    places: Vec<(crate::diagnostic::Span, crate::diagnostic::Span)>,
}

impl Members {
    fn push(&mut self, key: Text, value: Value, place: Option<(crate::diagnostic::Span, crate::diagnostic::Span)>) {
        self.pairs.push((key, value));
        self.places.extend(place);
    }

    fn object(self) -> Object {
        let are_complete = self.places.len() == self.pairs.len();
        let object: Object = self.pairs.into_iter().collect();
        if !are_complete {
            return object;
        }
        let (keys, values) = self.places.into_iter().unzip();
        object.with_places(Places { keys, values })
    }
}

/// Inputs of tasks are text, as it was written: a boolean is one only in these letters.
fn text(value: &Value) -> Value {
    match value {
        Value::Boolean(true) => Value::text("true"),
        Value::Boolean(false) => Value::text("false"),
        value => value.to_text().map_or_else(|_| value.clone(), Value::String),
    }
}

/// Returns a mapping whose values are text, if it is another one than it was.
fn texts(mapping: &Value) -> Option<Value> {
    let Value::Object(object) = mapping else { return None };
    let is_boolean = |value: &Value| matches!(value, Value::Boolean(_));
    let change = |value: &Value| if is_boolean(value) { text(value) } else { value.clone() };
    object.iter().any(|(_, value)| is_boolean(value)).then(|| map_members(object, |_, value| change(value)))
}

/// Returns a value all of whose scalars are text: what `templateContext` carries (reference, section 2.8).
fn all_texts(value: &Value) -> Value {
    match value {
        Value::Object(object) => map_members(object, |_, value| all_texts(value)),
        Value::Array(_) => map_items(value, all_texts),
        scalar => text(scalar),
    }
}

/// Returns a list with each item changed, its places and its origin kept.
pub(super) fn map_items(list: &Value, change: impl Fn(&Value) -> Value) -> Value {
    let Value::Array(array) = list else { return list.clone() };
    let mut changed: Array = array.items().iter().map(change).collect();
    if let Some(places) = array.places() {
        changed = changed.with_places((**places).clone());
    }
    if let Some(origin) = array.origin() {
        changed = changed.with_origin(origin.clone());
    }
    Value::Array(changed)
}

/// Returns a mapping with the value of one key changed, its places and its origin kept.
fn map_member(mapping: &Value, name: &str, change: impl Fn(&Value) -> Value) -> Value {
    change_member(mapping, name, |value| Some(change(value)))
}

/// Returns a mapping with the value of one key changed, if the mapping has it and it changes.
fn change_member(mapping: &Value, name: &str, change: impl Fn(&Value) -> Option<Value>) -> Value {
    let Value::Object(object) = mapping else { return mapping.clone() };
    let member = object.iter().find(|(key, _)| key.flatten() == name);
    match member.and_then(|(_, value)| change(value)) {
        Some(changed) => {
            map_members(object, |key, value| if key.flatten() == name { changed.clone() } else { value.clone() })
        }
        None => mapping.clone(),
    }
}

/// Returns a mapping with its values changed, its places and its origin kept.
fn map_members(object: &Object, change: impl Fn(&Text, &Value) -> Value) -> Value {
    let mut changed: Object = object.iter().map(|(key, value)| (key.clone(), change(key, value))).collect();
    if let Some(places) = object.places() {
        changed = changed.with_places((**places).clone());
    }
    if let Some(origin) = object.origin() {
        changed = changed.with_origin(origin.clone());
    }
    changed.into()
}

/// Returns a job, or a deployment job, with the tasks of its steps written out.
pub(super) fn normalise_job(job: &Value) -> Value {
    let job = map_member(job, "steps", |steps| map_items(steps, normalise));
    let job = change_member(&job, "variables", texts);
    let job = map_member(&job, TEMPLATE_CONTEXT, all_texts);
    map_member(&job, "strategy", |strategy| {
        ["runOnce", "rolling", "canary"]
            .into_iter()
            .fold(strategy.clone(), |strategy, kind| map_member(&strategy, kind, normalise_hooks))
    })
}

fn normalise_hooks(lifecycle: &Value) -> Value {
    let hook = |hook: &Value| map_member(hook, "steps", |steps| map_items(steps, normalise));
    let hooks = ["preDeploy", "deploy", "routeTraffic", "postRouteTraffic"];
    let lifecycle = hooks.into_iter().fold(lifecycle.clone(), |changed, name| map_member(&changed, name, hook));
    map_member(&lifecycle, "on", |on| {
        ["failure", "success"].into_iter().fold(on.clone(), |changed, name| map_member(&changed, name, hook))
    })
}

/// Returns a stage with the tasks of its jobs' steps written out.
pub(super) fn normalise_stage(stage: &Value) -> Value {
    let stage = change_member(stage, "variables", texts);
    let stage = map_member(&stage, TEMPLATE_CONTEXT, all_texts);
    map_member(&stage, "jobs", |jobs| map_items(jobs, normalise_job))
}

/// Returns a step whose task has a short form that says all of it, in that form.
pub(super) fn restore(step: Node) -> Node {
    let Some(short) = short_of(&step) else { return step };
    let Content::Mapping(entries) = step.content else { return step };
    let (mut written, mut inputs) = (Vec::with_capacity(entries.len()), Vec::new());
    for entry in entries {
        match (&*entry.key.flatten(), entry.value.content) {
            ("task", _) => {}
            ("inputs", Content::Mapping(members)) => inputs = members,
            (_, content) => written.push(Entry { value: Node { content, ..entry.value }, ..entry }),
        }
    }
    inputs.retain(|input| !short.fixed.iter().any(|(name, _)| input.key.flatten() == *name));
    if let Some(main) = inputs.iter().position(|input| input.key.flatten() == short.input) {
        let main = inputs.remove(main);
        written.insert(0, Entry { key: short.keyword.into(), ..main });
    }
    written.extend(inputs);
    Node { content: Content::Mapping(written), ..step }
}

/// Returns the short form that says all that a task's step says.
fn short_of(step: &Node) -> Option<&'static Short> {
    let Content::Mapping(entries) = &step.content else { return None };
    let first = entries.first().filter(|entry| entry.key.flatten() == "task")?;
    let task = own_text(&first.value)?;
    let Content::Mapping(inputs) = &step.member("inputs")?.content else { return None };
    let says_all = |short: &&Short| {
        let is_known = |input: &Entry| {
            let name = input.key.flatten();
            let is_fixed = |(fixed, value): &(&str, &str)| *fixed == name && own_text(&input.value) == Some(*value);
            name == short.input || short.keys.contains(&&*name) || short.fixed.iter().any(is_fixed)
        };
        let has = |name: &str| inputs.iter().any(|input| input.key.flatten() == name);
        let has_all = has(short.input) && short.fixed.iter().all(|(name, _)| has(name));
        short.task.eq_ignore_ascii_case(task) && has_all && inputs.iter().all(is_known)
    };
    SHORTS.iter().find(says_all)
}

/// Returns the text of a scalar, if all of it is the author's.
fn own_text(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Scalar(Scalar { text, kind: Kind::Plain | Kind::Text, .. }) => match text.segments() {
            [segment] if !segment.is_tainted() => Some(&segment.text),
            _ => None,
        },
        _ => None,
    }
}
