//! What is tried: one function a subject, which takes any bytes. It panics where a promise is broken
//! that holds for every input, and says otherwise whether the input was taken.
//!
//! The tests run the same functions over the inputs that are kept in `tests/testdata/corpus`.

use pipehook::config::Config;
use pipehook::diagnostic::{Code, Diagnostics, SourceId, SourceMap, Style, render_all};
use pipehook::expression::{Context, Dialect, Expression, JobStatus, Mistake, Object, Scope, Status, Value};
use pipehook::pipeline::{self, ScriptRules};
use pipehook::taint::{Origin, Text};
use pipehook::template::{
    self, Branches, FileError, FileKey, FileText, Files, Inputs, LISTED_MAX, Node, Repository, Template,
};
use pipehook::webhook::payload;
use pipehook::yaml::{self, Content};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// A part of pipehook that reads what strangers or careless authors write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The YAML reader, with the place of every part of every scalar.
    Yaml,
    /// Parsing, checking and evaluating one expression.
    Expression,
    /// A pipeline with templates and a payload: loaded, foreseen, expanded, validated, printed.
    Render,
    /// The configuration file.
    Config,
    /// The JSON of a payload.
    Payload,
}

impl Subject {
    pub const ALL: [Self; 5] = [Self::Yaml, Self::Expression, Self::Render, Self::Config, Self::Payload];

    /// Returns the word for the command line and for the corpus's folders.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Expression => "expression",
            Self::Render => "render",
            Self::Config => "config",
            Self::Payload => "payload",
        }
    }

    /// Tries an input; says whether it was taken without a mistake. `scratch` is a folder for files.
    pub fn attempt(self, input: &[u8], scratch: &Path) -> bool {
        match self {
            Self::Yaml => yaml(&String::from_utf8_lossy(input)),
            Self::Expression => expression(&String::from_utf8_lossy(input)),
            Self::Render => render(&String::from_utf8_lossy(input)),
            Self::Config => config(input, scratch),
            Self::Payload => payload(input),
        }
    }
}

fn yaml(text: &str) -> bool {
    let mut sources = SourceMap::default();
    let id = sources.add("input.yml", text);
    let mut diagnostics = Diagnostics::default();
    let root = yaml::parse(text, id, &mut diagnostics);
    if let Some(root) = &root {
        spans_lie_within(root, text);
    }
    tell(&diagnostics, &sources);
    root.is_some() && diagnostics.is_empty()
}

/// How many parts of a scalar are looked for in the file.
const PARTS_MAX: usize = 16;

fn spans_lie_within(node: &yaml::Node, text: &str) {
    assert!(text.get(node.span.range()).is_some(), "{:?} of a text of {} bytes", node.span, text.len());
    match &node.content {
        Content::Scalar(scalar) => {
            for (offset, _) in scalar.text.char_indices().take(PARTS_MAX) {
                let span = yaml::Locator::default().place(scalar, offset..scalar.text.len(), node.span, text);
                assert!(text.get(span.range()).is_some(), "{span:?} of a text of {} bytes", text.len());
            }
        }
        Content::Sequence(items) => items.iter().for_each(|item| spans_lie_within(item, text)),
        Content::Mapping(entries) => entries.iter().for_each(|entry| {
            spans_lie_within(&entry.key, text);
            spans_lie_within(&entry.value, text);
        }),
    }
}

/// Resolves and renders diagnostics as a user would see them.
fn tell(diagnostics: &Diagnostics, sources: &SourceMap) {
    let text = render_all(&diagnostics.resolve(sources), Style::Plain);
    assert!(diagnostics.is_empty() || !text.is_empty());
}

const ALIAS: &str = "hook";
const HOOK: &str =
    r#"{"a": "é", "b": [1, {"c": "d", "e": [[], {}]}], "n": 1.50, "z": null, "t": true, "l": ["x", "y"]}"#;

fn expression(text: &str) -> bool {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(mistake) => {
            mistake_lies_within(&mistake, text);
            return false;
        }
    };
    let scope = Scope::new(Dialect::Template).with_members("parameters", ["hook", "p"]).with_name("variables");
    let unknown = expression.check(&scope);
    unknown.iter().for_each(|mistake| mistake_lies_within(mistake, text));
    for reference in expression.references() {
        assert!(text.get(reference.range).is_some());
    }
    // Whether a name is the payload's is asked of each; the answer does not matter.
    let _ = expression.carries(&|reference| reference.root.eq_ignore_ascii_case("parameters"));
    let taken =
        [Dialect::Template, Dialect::Condition, Dialect::Runtime].map(|dialect| evaluate(&expression, dialect, text));
    taken.contains(&true)
}

fn evaluate(expression: &Expression, dialect: Dialect, text: &str) -> bool {
    let origin = Origin { alias: ALIAS.into(), path: "".into() };
    let hook = Value::from_json_text(HOOK, &origin).expect("it is JSON");
    let counter = |_: &str, seed: i64| seed;
    let context = Context::new(dialect)
        .with("parameters", Value::object([("hook", hook), ("p", Value::text("text"))]))
        .with("variables", Value::object([("v", Value::text("1.2"))]))
        .with_status(Status::Step(JobStatus::Failed))
        .with_counter(&counter);
    match expression.evaluate(&context) {
        Ok(value) => {
            let shown = (value.describe(), value.to_json(), value.to_json_text(), value.to_text().is_ok());
            drop(shown);
            true
        }
        Err(mistake) => {
            mistake_lies_within(&mistake, text);
            false
        }
    }
}

fn mistake_lies_within(mistake: &Mistake, text: &str) {
    assert!(text.get(mistake.range.clone()).is_some(), "{:?} of {text:?}", mistake.range);
}

/// What stands between the parts of an input: `=== name` begins a file, `=== payload` the payload.
pub const MARK: &str = "=== ";
/// The pipeline's own file.
pub const PIPELINE: &str = "ci/main.yml";
/// How many branches of each `if` are looked at, as `pipehook check` does.
const BRANCHES: usize = 2;
/// The payload among the parts.
pub const PAYLOAD: &str = "payload";

/// Files by name, `path` or `path@alias`.
struct World(BTreeMap<String, Arc<str>>);

impl World {
    fn new(input: &str) -> Self {
        let mut parts = BTreeMap::new();
        let mut name = PIPELINE.to_owned();
        let mut text = String::new();
        for line in input.split_inclusive('\n') {
            match line.strip_prefix(MARK) {
                Some(next) => {
                    parts
                        .insert(std::mem::replace(&mut name, next.trim().to_owned()), std::mem::take(&mut text).into());
                }
                None => text.push_str(line),
            }
        }
        parts.insert(name, text.into());
        Self(parts)
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text)
    }
}

impl Files for World {
    fn pipeline(&self) -> FileKey {
        FileKey { repository: None, path: PIPELINE.into() }
    }

    fn read(&self, key: &FileKey, _: Option<&Repository>) -> Result<FileText, FileError> {
        let name = key.to_string();
        match self.0.get(&name) {
            Some(text) => Ok(FileText { shown: name, text: text.clone() }),
            None => Err(FileError::Missing(name)),
        }
    }

    fn list(&self, folder: &FileKey, _: Option<&Repository>) -> Vec<Arc<str>> {
        let at = folder.repository.as_ref().map_or_else(String::new, |alias| format!("@{alias}"));
        let inside = self.0.keys().filter_map(|name| name.strip_suffix(&at)).filter(|path| !path.contains('@'));
        inside.filter(|path| path.starts_with(&*folder.path)).take(LISTED_MAX).map(Into::into).collect()
    }
}

/// What a delivery does with a pipeline, but for the disk and the store.
fn render(input: &str) -> bool {
    let world = World::new(input);
    let text = world.text(PIPELINE);
    let mut sources = SourceMap::default();
    let source = sources.add(PIPELINE, text);
    let mut diagnostics = Diagnostics::default();
    let Some(document) = yaml::parse(text, source, &mut diagnostics) else {
        tell(&diagnostics, &sources);
        return false;
    };
    let aliases: Vec<String> = pipeline::webhooks(&document, &mut diagnostics).into_iter().map(|it| it.alias).collect();
    let template = Template::load(&document, &aliases, &world, pipeline::judge, &mut sources, &mut diagnostics);
    let foreseen = pipeline::foresee(&document, &template, &sources, &aliases);
    let rules = foreseen.rules(Default::default());
    aliases.iter().for_each(|alias| foreseen.report(alias, Default::default(), &mut diagnostics));
    let inputs = inputs(&template, &aliases, world.text(PAYLOAD), &mut diagnostics);
    let expanded = template.expand(&inputs, &mut diagnostics);
    let had_errors = diagnostics.has_errors();
    pipeline::examine(&expanded, "input", &rules, &mut diagnostics);
    for at in 0..template.branches().min(BRANCHES) {
        let inputs = Inputs { branches: Branches::Each(at), ..inputs.clone() };
        let mut possible = Diagnostics::default();
        let looked_at = template.expand(&inputs, &mut possible);
        pipeline::examine(&looked_at, "input", &rules, &mut possible);
        tell(&possible, &sources);
    }
    tell(&diagnostics, &sources);
    if !had_errors {
        printed_is_what_was_expanded(&expanded, &rules);
    }
    !diagnostics.has_errors()
}

fn inputs(template: &Template, aliases: &[String], json: &str, diagnostics: &mut Diagnostics) -> Inputs {
    let value = |alias: &str| {
        let origin = Origin { alias: alias.into(), path: "".into() };
        let payload = payload::check(json.as_bytes()).ok()?;
        Some(Value::from_json_text(payload.json(), &origin).expect("a checked payload is JSON"))
    };
    let bound = template::bind(template.parameters(), &[], diagnostics).into_iter();
    let payloads = aliases.iter().map(|alias| (alias.as_str().into(), value(alias).unwrap_or(Value::Null)));
    let parameters = bound.chain(payloads).map(|(name, value)| (Text::author(name), value));
    Inputs { parameters: parameters.collect::<Object>(), webhooks: aliases.to_vec(), ..Inputs::default() }
}

/// The printed document is YAML, and reads as what was printed.
fn printed_is_what_was_expanded(expanded: &Node, rules: &ScriptRules) {
    for document in [expanded.clone(), pipeline::rewritten(expanded, rules.substitution)] {
        let (printed, json) = (template::to_yaml(&document), template::to_json(&document));
        let mut mistakes = Diagnostics::default();
        let read = yaml::parse(&printed, SourceId(0), &mut mistakes);
        // What was printed may be larger and deeper than a file that somebody writes.
        if mistakes.iter().any(|mistake| mistake.code == Code::YamlLimit) {
            continue;
        }
        assert!(mistakes.is_empty(), "{mistakes:?} in\n{printed}");
        assert_eq!(count(&read.expect("it is YAML")), count_json(&json), "{printed}");
    }
}

/// Counts keys and items. Keys that are written twice are one: in what is passed over (`resources` of the older
/// form) a directive stays as it is, may stand twice as everywhere, and JSON has the last of them.
fn count(node: &yaml::Node) -> usize {
    match &node.content {
        Content::Scalar(_) => 0,
        Content::Sequence(items) => items.iter().map(|item| 1 + count(item)).sum(),
        Content::Mapping(entries) => {
            let last: HashMap<&str, &yaml::Node> =
                entries.iter().map(|entry| (entry.key.text().map_or("", |text| &**text), &entry.value)).collect();
            last.values().map(|value| 1 + count(value)).sum()
        }
    }
}

fn count_json(json: &serde_json::Value) -> usize {
    match json {
        serde_json::Value::Array(items) => items.iter().map(|item| 1 + count_json(item)).sum(),
        serde_json::Value::Object(members) => members.iter().map(|(_, value)| 1 + count_json(value)).sum(),
        _ => 0,
    }
}

fn config(input: &[u8], scratch: &Path) -> bool {
    let file = scratch.join("pipehook.yml");
    std::fs::write(&file, input).expect("the scratch folder can be written");
    match Config::load(Some(&file), &|_| Some("secret".to_owned())) {
        Ok(_) => true,
        Err(mistakes) => {
            assert!(!mistakes.to_string().is_empty());
            false
        }
    }
}

fn payload(input: &[u8]) -> bool {
    let Ok(payload) = payload::check(input) else { return false };
    let origin = Origin { alias: ALIAS.into(), path: "".into() };
    let value = Value::from_json_text(payload.json(), &origin).expect("the check refuses more than reading does");
    assert!(serde_json::from_str::<serde_json::Value>(&value.to_json_text()).is_ok(), "{}", value.to_json_text());
    true
}
