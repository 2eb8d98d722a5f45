//! Pipelines with other files beside them, in memory.

use pipehook::diagnostic::{Diagnostics, SourceMap, Style, render_all};
use pipehook::expression::{Object, Value};
use pipehook::pipeline;
use pipehook::taint::{Origin, Text};
use pipehook::template::{
    self, FileError, FileKey, FileText, Files, Group, Groups, Inputs, LISTED_MAX, Node, Repository, Template, to_json,
};
use pipehook::yaml;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The pipeline file's name.
pub const PIPELINE: &str = "ci/main.yml";
/// The one webhook resource's alias.
pub const ALIAS: &str = "hook";

/// Files by name, `path` or `path@alias`; the pipeline is [`PIPELINE`].
#[derive(Debug, Default, Clone)]
pub struct World {
    files: BTreeMap<String, String>,
    payload: Option<String>,
    given: Vec<(String, String)>,
    groups: Groups,
}

/// What came of an expansion.
#[derive(Debug)]
pub struct Outcome {
    pub document: Option<Node>,
    pub report: String,
}

impl World {
    pub fn new(pipeline: &str) -> Self {
        Self::default().file(PIPELINE, pipeline)
    }

    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.insert(name.to_owned(), text.to_owned());
        self
    }

    pub fn payload(mut self, json: &str) -> Self {
        self.payload = Some(json.to_owned());
        self
    }

    pub fn given(mut self, name: &str, value: &str) -> Self {
        self.given.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn group(mut self, name: &str, values: &[(&str, &str)], secrets: &[&str]) -> Self {
        let group = Group {
            name: name.into(),
            values: values.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            secrets: secrets.iter().map(|name| (*name).into()).collect(),
        };
        self.groups = [group].into_iter().collect();
        self
    }

    /// Loads the pipeline and tells what is wrong with it before any run.
    pub fn load(&self) -> (Template, SourceMap, Diagnostics) {
        let text = &self.files[PIPELINE];
        let mut sources = SourceMap::default();
        let source = sources.add(PIPELINE, text.as_str());
        let mut diagnostics = Diagnostics::default();
        let document = yaml::parse(text, source, &mut diagnostics).expect("the pipeline is YAML");
        let template =
            Template::load(&document, &[ALIAS.to_owned()], self, pipeline::judge, &mut sources, &mut diagnostics);
        (template, sources, diagnostics)
    }

    /// Expands the pipeline as a delivery does, if nothing was wrong with it before.
    pub fn expand(&self) -> Outcome {
        let (template, sources, mut diagnostics) = self.load();
        let document = (!diagnostics.has_errors())
            .then(|| template.expand(&self.inputs(&template, &mut diagnostics), &mut diagnostics));
        let report = render_all(&diagnostics.resolve(&sources), Style::Plain);
        Outcome { document: document.filter(|_| !diagnostics.has_errors()), report }
    }

    pub fn inputs(&self, template: &Template, diagnostics: &mut Diagnostics) -> Inputs {
        let origin = Origin { alias: ALIAS.into(), path: "".into() };
        let payload = self
            .payload
            .as_deref()
            .map_or(Value::Null, |json| Value::from_json_text(json, &origin).expect("the payload is JSON"));
        let bound = template::bind(template.parameters(), &self.given, diagnostics);
        let bound = bound.into_iter().chain([(ALIAS.into(), payload)]);
        Inputs {
            parameters: bound.map(|(name, value)| (Text::author(name), value)).collect::<Object>(),
            webhooks: vec![ALIAS.to_owned()],
            groups: Arc::new(self.groups.clone()),
            ..Inputs::default()
        }
    }

    /// Expands without a word of complaint, and returns the document as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let outcome = self.expand();
        assert_eq!(outcome.report, "");
        to_json(&outcome.document.expect("there are no errors"))
    }

    /// Expands to a document that is the YAML `expected`, read by another reader.
    #[track_caller]
    pub fn gives(&self, expected: &str) {
        assert_eq!(self.json(), read(expected), "wanted\n{expected}");
    }

    /// Expands with a mistake of a code at a place `file:line:column`.
    #[track_caller]
    pub fn fails(&self, code: &str, place: &str) -> String {
        let outcome = self.expand();
        assert!(outcome.report.contains(&format!("error[{code}]")), "no {code}:\n{}", outcome.report);
        assert!(outcome.report.contains(&format!("--> {place}\n")), "not at {place}:\n{}", outcome.report);
        outcome.report
    }
}

/// Reads YAML with another reader; every scalar that it types is as our JSON types it.
#[track_caller]
pub fn read(yaml: &str) -> serde_json::Value {
    serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

impl Files for World {
    fn pipeline(&self) -> FileKey {
        FileKey { repository: None, path: PIPELINE.into() }
    }

    fn read(&self, key: &FileKey, declared: Option<&Repository>) -> Result<FileText, FileError> {
        assert_eq!(key.repository.is_some(), declared.is_some(), "an alias is declared");
        let name = key.to_string();
        match self.files.get(&name) {
            Some(text) => Ok(FileText { shown: name, text: text.as_str().into() }),
            None => Err(FileError::Missing(name)),
        }
    }

    fn list(&self, folder: &FileKey, _: Option<&Repository>) -> Vec<Arc<str>> {
        let inside = self.files.keys().filter_map(|name| {
            let (path, alias) = match name.split_once('@') {
                Some((path, alias)) => (path, Some(alias)),
                None => (name.as_str(), None),
            };
            let is_below = folder.path.is_empty() || path.starts_with(&format!("{}/", folder.path));
            (alias == folder.repository.as_deref() && is_below).then(|| path.into())
        });
        inside.take(LISTED_MAX).collect()
    }
}
