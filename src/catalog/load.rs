//! Reading pipeline files.

use super::{Entry, Listener, Pipeline};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceMap, shown};
use crate::expression::{Reference, Step};
use crate::pipeline::{self, FilterSource, Subject, TestSource, WebhookResource};
use crate::template::{Names, Template};
use crate::webhook::filter::{Filter, Pattern, Test};
use crate::webhook::path::PathStep;
use crate::webhook::select::Wanted;
use crate::yaml;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The most pipeline files that one folder has.
pub const FILES_MAX: usize = 10_000;
/// The most folders, one inside the other, that are searched for pipelines.
const FOLDER_DEPTH_MAX: usize = 20;
/// Folders of this name hold templates, which are no pipelines.
const TEMPLATES: &str = "templates";

/// Why a folder of pipelines can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder, or one below it.
    #[error("the pipelines folder {folder} can't be read: {cause}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        cause: std::io::Error,
    },
    /// More files than [`FILES_MAX`].
    #[error("the pipelines folder {0} has more than {FILES_MAX} pipelines")]
    TooMany(String),
}

/// A pipeline file that was found.
pub(super) struct File {
    /// The pipeline's name.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// Returns the pipeline files below a folder. Links to folders are not followed, so that the
/// search ends and stays inside.
pub(super) fn files(folder: &Path) -> Result<Vec<File>, Error> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((inside, depth)) = open.pop() {
        let failed = |cause| Error::Folder { folder: inside.display().to_string(), cause };
        for item in std::fs::read_dir(&inside).map_err(failed)? {
            let item = item.map_err(failed)?;
            let kind = item.file_type().map_err(failed)?;
            let path = item.path();
            if kind.is_dir() && depth < FOLDER_DEPTH_MAX && item.file_name() != TEMPLATES {
                open.push((path, depth + 1));
            } else if !kind.is_dir() && is_yaml(&path) {
                found.extend(name(folder, &path).map(|name| File { name, path }));
            }
            if found.len() > FILES_MAX {
                return Err(Error::TooMany(folder.display().to_string()));
            }
        }
    }
    Ok(found)
}

fn is_yaml(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml")
}

fn name(folder: &Path, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(folder).ok()?.with_extension("");
    Some(inside.to_str()?.replace(std::path::MAIN_SEPARATOR, "/"))
}

/// Reads one file, or takes over what is known of it if it has not changed.
pub(super) fn entry(file: &File, before: Option<&Entry>) -> Entry {
    let shown_path = shown_path(&file.path);
    let last_good = before.and_then(|entry| entry.serving.clone());
    let text: Arc<str> = match read(&file.path) {
        Ok(text) => text.into(),
        Err(cause) => {
            let title = format!("the pipeline {shown_path} can't be read: {cause}");
            let report = Diagnostic::without_place(Code::UnreadableFile, title).resolve(&SourceMap::default());
            let connections = Vec::new();
            return Entry {
                name: file.name.clone(),
                reports: vec![report],
                serving: last_good,
                connections,
                text: "".into(),
            };
        }
    };
    if let Some(unchanged) = before.filter(|entry| entry.text == text && !text.is_empty()) {
        return unchanged.clone();
    }
    let (pipeline, sources, diagnostics) = compile(&file.name, &shown_path, &text);
    let connections = pipeline.listeners.iter().map(|listener| listener.resource.connection.clone()).collect();
    let serving = if diagnostics.has_errors() { last_good } else { Some(Arc::new(pipeline)) };
    Entry { name: file.name.clone(), reports: diagnostics.resolve(&sources), serving, connections, text }
}

/// Reads one pipeline file by its path, for commands that work on a file outside the folder.
pub fn load_file(path: &Path) -> std::io::Result<(Pipeline, Diagnostics)> {
    let text = read(path)?;
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let (pipeline, _, diagnostics) = compile(&name, &shown_path(path), &text);
    Ok((pipeline, diagnostics))
}

fn read(path: &Path) -> std::io::Result<String> {
    let file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(yaml::FILE_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > yaml::FILE_MAX {
        return Err(std::io::Error::other(format!("it has more than {} bytes", yaml::FILE_MAX)));
    }
    String::from_utf8(bytes).map_err(|error| {
        std::io::Error::other(format!("it is not UTF-8, at byte {}", error.utf8_error().valid_up_to()))
    })
}

/// Returns a path as people know it: relative to where they stand, if it lies below.
fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix("./").unwrap_or(path);
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// Reads a pipeline's text as far as it can be read without a payload.
fn compile(name: &str, shown_path: &str, text: &str) -> (Pipeline, SourceMap, Diagnostics) {
    let mut sources = SourceMap::default();
    let source = sources.add(shown_path, text);
    let mut diagnostics = Diagnostics::default();
    let document = yaml::parse(text, source, &mut diagnostics);
    let (template, parameters, listeners) = match &document {
        Some(document) => parts(document, &sources, &mut diagnostics),
        None => (Template::empty(), Vec::new(), Vec::new()),
    };
    let aliases: Vec<String> = listeners.iter().map(|listener| listener.resource.alias.clone()).collect();
    let scripts = document.map(|document| pipeline::foresee(&document, &sources, &aliases)).unwrap_or_default();
    let sources_of_it = sources.clone();
    let pipeline = Pipeline { name: name.to_owned(), sources: sources_of_it, template, parameters, listeners, scripts };
    (pipeline, sources, diagnostics)
}

fn parts(
    document: &yaml::Node,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> (Template, Vec<pipeline::ParameterDeclaration>, Vec<Listener>) {
    let parameters = pipeline::parameters(document, diagnostics);
    let resources = pipeline::webhooks(document, diagnostics);
    let webhooks: Vec<String> = resources.iter().map(|resource| resource.alias.clone()).collect();
    let names = Names {
        parameters: parameters.iter().map(|parameter| parameter.name.clone()).chain(webhooks.clone()).collect(),
        webhooks,
    };
    let template = Template::compile(document, sources, &names, diagnostics);
    let listeners = resources.into_iter().map(|resource| listener(resource, &template, diagnostics)).collect();
    (template, parameters, listeners)
}

/// Reads a resource's filters and works out which parts of a payload are needed.
fn listener(resource: WebhookResource, template: &Template, diagnostics: &mut Diagnostics) -> Listener {
    let mut wanted = Wanted::default();
    let mut filters = Vec::new();
    for source in &resource.filters {
        match filter(source) {
            Ok(filter) => {
                filter.want(&mut wanted);
                filters.push(filter);
            }
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    let mut reads: Vec<Vec<PathStep>> = Vec::new();
    for reference in template.references() {
        if let Some(path) = payload_path(&reference, &resource.alias) {
            wanted.add(&path);
            if !reads.contains(&path) {
                reads.push(path);
            }
        }
    }
    Listener { resource, filters, wanted, reads, draft: OnceLock::new() }
}

fn filter(source: &FilterSource) -> Result<Filter, Box<Diagnostic>> {
    let test = match &source.test {
        TestSource::AnyOf(texts) => Test::AnyOf(texts.clone()),
        TestSource::Pattern(text, span) => Test::Matches(Pattern::parse(text).map_err(|mistake| {
            let title = format!("the pattern can't be used: {mistake}");
            Box::new(Diagnostic::error(Code::FilterPattern, title, *span, ""))
        })?),
    };
    let filter = match &source.subject {
        Subject::Header(name) => Ok(Filter::of_header(name, test)),
        Subject::Path(text) => Filter::at_path(text, test).map_err(|mistake| {
            let at_fault = text.get(mistake.range.clone()).filter(|part| !part.is_empty());
            let label = at_fault.map_or_else(String::new, |part| format!("at `{}`", shown(part)));
            Box::new(Diagnostic::error(Code::FilterPath, mistake.sentence, source.subject_span, label))
        }),
    };
    filter.map(|filter| Filter { is_negated: source.is_negated, ..filter })
}

/// Returns the path into the payload that an expression reads, if it reads that of an alias.
/// What it reads further by a computed step is below the path.
fn payload_path(reference: &Reference, alias: &str) -> Option<Vec<PathStep>> {
    let (first, rest) = reference.steps.split_first()?;
    let names_alias = matches!(first, Step::Member(name) if name.eq_ignore_ascii_case(alias));
    let is_payload = reference.root.eq_ignore_ascii_case("parameters") && names_alias;
    is_payload.then(|| {
        let step = |step: &Step| match step {
            Step::Member(name) => PathStep::Member(name.clone()),
            Step::Index(index) => PathStep::Index(*index),
        };
        rest.iter().map(step).collect()
    })
}
