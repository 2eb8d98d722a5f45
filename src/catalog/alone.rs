//! Template files by themselves, for `pipehook check`: a template that no pipeline uses yet can be
//! wrong too, and is best told of in its own words.

use super::disk::{Moment, absolute, known_repository_of};
use super::load::{Instead, read, shown_path};
use super::mend::{self, Changed};
use super::sure::{WITHOUT_TREE, add_sure_mistakes_of_template};
use super::{Library, folder};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span, nearest, shown};
use crate::pipeline;
use crate::template::{Files, Inputs, Template, TemplateKind};
use crate::yaml::{self, Node};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The keys of which a template has one at its top.
const BODIES: [&str; 5] = ["steps", "jobs", "stages", VARIABLES, "extends"];
/// The one that is enough for what no pipeline is.
const VARIABLES: &str = "variables";
/// The key that every template may have beside it.
const PARAMETERS: &str = "parameters";

/// Keys that a pipeline has at its top and a template has not: with one of them, parameters in the old form are a
/// mistake of a pipeline.
const OF_PIPELINES: [&str; 7] = ["trigger", "pr", "schedules", "pool", "resources", "extends", "name"];

/// Says whether a file is a template by where it is or by what it holds: one in a folder of
/// templates, one with parameters in the old form, or one that has variables and nothing else.
/// All others may be pipelines.
pub fn is_template(path: &Path, library: &Library) -> bool {
    let full = absolute(path);
    let root = known_repository_of(path, library);
    if root.as_ref().is_some_and(|root| folder::is_among_templates(full.strip_prefix(root).unwrap_or(&full))) {
        return true;
    }
    let is_near_templates = root.is_none() && is_in_templates_here(&full);
    let Ok(text) = read(path) else { return is_near_templates };
    let mut ignored = Diagnostics::default();
    let Some(document) = yaml::parse(&text, SourceId(0), &mut ignored) else { return is_near_templates };
    if is_near_templates && !keys(&document).any(|key| OF_PIPELINES.contains(&key)) {
        return true;
    }
    let has_old_parameters = document.member(PARAMETERS).is_some_and(|it| it.entries().is_some());
    match TemplateKind::of(keys(&document)) {
        // With anything else beside them it is a pipeline in which what runs is misspelt.
        Some(TemplateKind::Variables) => keys(&document).all(|key| key == PARAMETERS || key == VARIABLES),
        Some(_) => has_old_parameters && !keys(&document).any(|key| OF_PIPELINES.contains(&key)),
        None => false,
    }
}

/// Says whether a file of no known repository is in a folder of templates: its own, or one between it and the folder
/// in which people stand, or that one.
fn is_in_templates_here(path: &Path) -> bool {
    let here = std::env::current_dir().map(|here| absolute(&here)).unwrap_or_default();
    let above = |folder: &Path| folder.parent().unwrap_or(folder).to_owned();
    let inside = path.strip_prefix(above(&here)).ok().filter(|_| path.starts_with(&here));
    let own = || path.strip_prefix(above(&above(path))).unwrap_or(path);
    folder::is_among_templates(inside.unwrap_or_else(own))
}

/// Returns as what a file may be named by files that could not be read, of which `unread` are the texts: one that
/// holds nothing but what templates hold, and whose name stands in one of them. Nobody knows what stands around it.
pub fn named_in_unread(path: &Path, unread: &[Arc<str>]) -> Option<TemplateKind> {
    let name = path.file_name()?.to_str()?;
    if !unread.iter().any(|text| names(text, name)) {
        return None;
    }
    let text = read(path).ok()?;
    let document = yaml::parse(&text, SourceId(0), &mut Diagnostics::default())?;
    let holds_more = keys(&document).any(|key| key != PARAMETERS && !BODIES.contains(&key));
    TemplateKind::of(keys(&document)).filter(|_| !holds_more)
}

/// Says whether the name of a file stands in a text, as a path or the end of one.
fn names(text: &str, name: &str) -> bool {
    let is_of_word = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
    text.match_indices(name).any(|(at, _)| {
        let behind = text[at + name.len()..].chars().next();
        !text[..at].ends_with(is_of_word) && !behind.is_some_and(is_of_word)
    })
}

/// Returns the texts of files of which no tree could be made.
pub fn unread(sources: &SourceMap, diagnostics: &Diagnostics) -> Vec<Arc<str>> {
    let without_tree = diagnostics.iter().filter(|it| WITHOUT_TREE.contains(&it.code));
    let places = without_tree.filter_map(|it| it.primary.as_ref());
    places.filter_map(|label| Some(sources.source(label.span.source)?.text.clone())).collect()
}

/// Says whether a file in a folder of templates looks like one of ours: other programs have
/// templates in folders of that name too.
pub fn looks_like_template(path: &Path) -> bool {
    let Ok(text) = read(path) else { return true };
    // It need not be YAML to be recognised.
    text.lines().any(|line| {
        let key = line.split_once(':').map(|(key, _)| key.trim_end());
        key.is_some_and(|key| key == PARAMETERS || BODIES.contains(&key))
    })
}

/// A template file that was read by itself.
#[derive(Debug)]
pub struct CheckedTemplate {
    /// The texts in which the diagnostics have their places.
    pub sources: SourceMap,
    /// What is wrong with it whoever uses it.
    pub diagnostics: Diagnostics,
    /// The files that it names as templates, with what each is named as.
    pub included: Vec<(PathBuf, TemplateKind)>,
    /// The texts of the files of which no tree could be made, it or some of those.
    pub unread: Vec<Arc<str>>,
}

/// Reads a template file by itself. `kind` is what it is named as, where a file names it; else what it
/// holds decides.
pub fn check_template(path: &Path, kind: Option<TemplateKind>, library: &Library) -> std::io::Result<CheckedTemplate> {
    let text: Arc<str> = read(path)?.into();
    let moment = Moment::new(library);
    let files = moment.files(path);
    let name: Arc<str> = shown_path(path).into();
    let CheckedTemplate { sources, diagnostics, included, .. } = judged(&name, &text, kind, &files, library);
    let judge = |changed: &Changed| {
        let text = if changed.name == name { &changed.text } else { &text };
        let judged = judged(&name, text, kind, &Instead { files: &files, changed }, library);
        Some((judged.sources, judged.diagnostics))
    };
    let unread = unread(&sources, &diagnostics);
    let diagnostics = mend::explained(&sources, diagnostics, &judge);
    Ok(CheckedTemplate { sources, diagnostics, included, unread })
}

/// Returns what is wrong with the text of a template.
fn judged(
    name: &Arc<str>,
    text: &Arc<str>,
    kind: Option<TemplateKind>,
    files: &dyn Files,
    library: &Library,
) -> CheckedTemplate {
    let mut sources = SourceMap::default();
    let source = sources.add(name.clone(), text.clone());
    let mut diagnostics = Diagnostics::default();
    let Some(document) = yaml::parse(text, source, &mut diagnostics) else {
        return CheckedTemplate { sources, diagnostics, included: Vec::new(), unread: Vec::new() };
    };
    let Some(kind) = kind.or_else(|| TemplateKind::of(keys(&document))) else {
        diagnostics.push(without_body(&document));
        return CheckedTemplate { sources, diagnostics, included: Vec::new(), unread: Vec::new() };
    };
    let template = Template::load_alone(&document, kind, files, pipeline::judge, &mut sources, &mut diagnostics);
    let inputs = Inputs { groups: library.groups.clone(), ..Inputs::default() };
    add_sure_mistakes_of_template(&template, kind, inputs, &sources, &mut diagnostics);
    let included = included(&template, &sources).collect();
    CheckedTemplate { sources, diagnostics, included, unread: Vec::new() }
}

/// Returns the files that a template or a pipeline names as templates, with what each is named as.
pub(super) fn included<'t>(
    template: &'t Template,
    sources: &'t SourceMap,
) -> impl Iterator<Item = (PathBuf, TemplateKind)> + 't {
    let path = |source| Path::new(&*sources.source(source)?.name).canonicalize().ok();
    template.included().filter_map(move |(source, kind)| Some((path(source)?, kind)))
}

fn keys(document: &Node) -> impl Iterator<Item = &str> + Clone {
    document.entries().unwrap_or_default().iter().filter_map(|entry| entry.key.text().map(|key| &**key))
}

/// Returns the diagnostic for a file that has none of the bodies: one that is written wrongly, or
/// none at all.
fn without_body(document: &Node) -> Diagnostic {
    let entries = document.entries().unwrap_or_default();
    let written = entries.iter().filter_map(|entry| Some((entry.key.text()?, entry.key.span)));
    for (key, place) in written {
        if nearest(key, BODIES).is_some() {
            let title = format!("a template has no key `{}`", shown(key));
            let unknown = Diagnostic::error(Code::UnknownKey, title, place, "this key is not known here");
            return unknown.suggest(key, BODIES);
        }
    }
    let whole = document.span;
    let place = entries.first().map_or(Span { end: whole.start, ..whole }, |entry| entry.key.span);
    let title = format!("a template needs one of `{}`", BODIES.join("`, `"));
    Diagnostic::error(Code::MissingKey, title, place, "none of them is in the file")
}
