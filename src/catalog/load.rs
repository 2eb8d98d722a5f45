//! Reading pipeline files.

use super::alone::unread;
use super::disk::Moment;
use super::folder::{self, File};
use super::known::Home;
use super::looked;
use super::mend::{self, Changed, Judged};
use super::sure::add_sure_mistakes;
use super::{Effort, Entry, Library, Listener, Pipeline};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Report, SourceMap, Span, shown};
use crate::expression::{Reference, Step};
use crate::pipeline::{self, FilterSource, Subject, TestSource, WebhookResource};
use crate::template::{FileError, FileKey, FileText, Files, Repository, Template};
use crate::webhook::filter::{Filter, Pattern, Test};
use crate::webhook::header;
use crate::webhook::path::PathStep;
use crate::webhook::select::Wanted;
use crate::yaml;
use std::collections::BTreeSet;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// What is known of a file from an earlier load.
pub(super) struct Before<'b> {
    pub(super) entry: &'b Entry,
    /// Whether the library has been the same.
    pub(super) is_same: bool,
}

/// Reads one file, or takes over what is known of it if neither it nor a file that it asked for
/// has changed.
pub(super) fn entry(file: &File, moment: &Moment<'_>, before: Option<Before<'_>>) -> Entry {
    let shown_path = shown_path(&file.path);
    let last_good = before.as_ref().and_then(|before| before.entry.serving.clone());
    let unreadable = |text: &Arc<str>, cause: &std::io::Error| {
        let title = format!("the pipeline {shown_path} can't be read: {cause}");
        let report = Diagnostic::without_place(Code::UnreadableFile, title).resolve(&SourceMap::default());
        Entry { serving: last_good.clone(), text: text.clone(), ..without_text(&file.name, report) }
    };
    let text: Arc<str> = match read(&file.path) {
        Ok(text) => text.into(),
        Err(cause) => return unreadable(&"".into(), &cause),
    };
    let files = moment.files(&file.path);
    let is_unchanged = |before: &Before<'_>| {
        before.is_same && before.entry.text == text && !text.is_empty() && files.is_unchanged(&before.entry.asked)
    };
    if let Some(before) = before.filter(is_unchanged) {
        return before.entry.clone();
    }
    let home = moment.library().pipelines();
    let judged = guarded(|| {
        let (pipeline, mut diagnostics) = compile(&file.name, &shown_path, &text, &files, (home, moment.library()));
        let unread = unread(&pipeline.sources, &diagnostics);
        add_sure_mistakes(&pipeline, &mut diagnostics);
        let judge = |changed: &Changed| judged_again(&pipeline, changed, &files, (home, moment.library()));
        let diagnostics = mend::explained(&pipeline.sources, diagnostics, &judge);
        (pipeline, diagnostics, unread)
    });
    let (pipeline, diagnostics, unread) = match judged {
        Ok(judged) => judged,
        Err(cause) => return unreadable(&text, &cause),
    };
    let diagnostics = diagnostics.without_notes();
    let connections = pipeline.listeners.iter().map(|listener| listener.resource.connection.clone()).collect();
    let reports = diagnostics.resolve(&pipeline.sources);
    let included = pipeline.included().map(|(path, _)| path).collect();
    let serving = if diagnostics.has_errors() { last_good } else { Some(Arc::new(pipeline)) };
    let (asked, folders) = files.into_asked();
    let name = file.name.clone();
    Entry { name, reports, is_news: true, serving, connections, included, unread, text, asked, folders }
}

/// Returns the entry of a file that was not read, with what is wrong with it.
pub(super) fn without_text(name: &str, report: Report) -> Entry {
    Entry {
        name: name.to_owned(),
        reports: vec![report],
        is_news: true,
        serving: None,
        connections: Vec::new(),
        included: Vec::new(),
        unread: Vec::new(),
        text: "".into(),
        asked: Vec::new(),
        folders: BTreeSet::new(),
    }
}

/// Reads one pipeline file by its path, for commands that work on a file outside the folder.
pub fn load_file(path: &Path, library: &Library) -> std::io::Result<(Pipeline, Diagnostics)> {
    let text = read(path)?;
    let name = folder::name_of(path, library.pipelines());
    let moment = Moment::new(library);
    let home = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    guarded(|| compile(&name, &shown_path(path), &text, &moment.files(path), (home, library)))
}

/// Returns everything that is wrong with a pipeline's files whatever it is started with, without what follows
/// from other mistakes. `diagnostics` is what was found when it was loaded.
pub fn explained(path: &Path, library: &Library, pipeline: &Pipeline, mut diagnostics: Diagnostics) -> Diagnostics {
    add_sure_mistakes(pipeline, &mut diagnostics);
    mended(path, library, pipeline, diagnostics)
}

/// Returns mistakes of a pipeline's files without what follows from other ones.
fn mended(path: &Path, library: &Library, pipeline: &Pipeline, diagnostics: Diagnostics) -> Diagnostics {
    let moment = Moment::new(library);
    let files = moment.files(path);
    let home = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let judge = |changed: &Changed| judged_again(pipeline, changed, &files, (home, library));
    mend::explained(&pipeline.sources, diagnostics, &judge)
}

/// Returns what is wrong with a run of a pipeline as [`explained`] tells what is wrong with its file. `read` is what
/// was wrong when the file was read, and `found` all that is wrong with the run: what of that is wrong with every
/// run is told as it is without values.
pub fn explained_of_run(
    path: &Path,
    library: &Library,
    pipeline: &Pipeline,
    read: Diagnostics,
    found: Diagnostics,
) -> Diagnostics {
    let mut of_file = read;
    add_sure_mistakes(pipeline, &mut of_file);
    if !of_file.has_errors() {
        return found;
    }
    let mut told = mended(path, library, pipeline, of_file.clone());
    // What the file warns of may be why this run is rejected.
    let is_known = |it: &Diagnostic| {
        of_file.iter().any(|known| known.severity >= it.severity && known.identity() == it.identity())
    };
    found.into_iter().filter(|it| !is_known(it)).for_each(|mistake| told.push(mistake));
    told
}

/// Returns what would be wrong with a pipeline if one of its files had another text.
fn judged_again(
    pipeline: &Pipeline,
    changed: &Changed,
    files: &dyn Files,
    home_and_library: (&Path, &Library),
) -> Option<Judged> {
    let own = pipeline.sources.iter().next()?;
    let text = if own.name == changed.name { &changed.text } else { &own.text };
    let files = Instead { files, changed };
    let judge = || {
        let (pipeline, mut diagnostics) = compile(&pipeline.name, &own.name, text, &files, home_and_library);
        add_sure_mistakes(&pipeline, &mut diagnostics);
        (pipeline.sources, diagnostics)
    };
    guarded(judge).ok()
}

/// Files of which one has another text.
pub(super) struct Instead<'f> {
    pub(super) files: &'f dyn Files,
    pub(super) changed: &'f Changed,
}

impl Files for Instead<'_> {
    fn pipeline(&self) -> FileKey {
        self.files.pipeline()
    }

    fn read(&self, key: &FileKey, declared: Option<&Repository>) -> Result<FileText, FileError> {
        let file = self.files.read(key, declared)?;
        let is_it = *file.shown == *self.changed.name;
        Ok(if is_it { FileText { text: self.changed.text.clone(), ..file } } else { file })
    }

    fn list(&self, folder: &FileKey, declared: Option<&Repository>) -> Vec<Arc<str>> {
        self.files.list(folder, declared)
    }
}

/// Judges one file so that a mistake of ours in doing so is an error of that file alone: the others are
/// served and reported as if it were not there.
fn guarded<T>(judge: impl FnOnce() -> T) -> std::io::Result<T> {
    catch_unwind(AssertUnwindSafe(judge))
        .map_err(|_| std::io::Error::other("pipehook made a mistake in reading it, please report this with the file"))
}

/// Reads the text of a file, if it is one and not too large.
pub fn read(path: &Path) -> std::io::Result<String> {
    // Looked at before it is opened: opening a pipe waits for who writes into it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let file = std::fs::File::open(path)?;
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
pub(super) fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix("./").unwrap_or(path);
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// Reads a pipeline's text, and the files that it may include, as far as they can be read without
/// a payload. `home` is the folder whose repository is the pipeline's own.
fn compile(
    name: &str,
    shown_path: &str,
    text: &str,
    files: &dyn Files,
    (home, library): (&Path, &Library),
) -> (Pipeline, Diagnostics) {
    let mut sources = SourceMap::default();
    let source = sources.add(shown_path, text);
    let mut diagnostics = Diagnostics::default();
    let nothing = yaml::Node { span: Span::new(source, 0, 0), content: yaml::Content::Mapping(Vec::new()) };
    let document = yaml::parse(text, source, &mut diagnostics).unwrap_or(nothing);
    let resources = pipeline::webhooks(&document, &mut diagnostics);
    let aliases: Vec<String> = resources.iter().map(|resource| resource.alias.clone()).collect();
    let template = Template::load(&document, &aliases, files, pipeline::judge, &mut sources, &mut diagnostics);
    let listeners = resources.into_iter().map(|resource| listener(resource, &template, &mut diagnostics)).collect();
    let machine: Arc<dyn pipeline::Machine> = library.machine.clone();
    let scripts = pipeline::foresee(&document, &template, &sources, &aliases).on(Some(machine));
    let upstreams = pipeline::upstreams(&document);
    let home = Home::of(home, sources.iter().map(|source| &*source.text));
    let groups = library.groups.clone();
    let name = name.to_owned();
    let effort = Effort::default();
    let pipeline = Pipeline { name, sources, template, groups, listeners, upstreams, scripts, home, effort };
    (pipeline, diagnostics)
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
    let of_filter = |filter: &Filter| filter.header().map(str::to_ascii_lowercase);
    let told = template.all_references();
    let told = told.iter().filter_map(|reference| looked::header(reference, &resource.alias));
    let headers: BTreeSet<String> = filters.iter().filter_map(of_filter).chain(told).collect();
    let headers = headers.into_iter().collect();
    Listener { resource, filters, wanted, reads, headers, draft: OnceLock::new() }
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
        Subject::Header(name) if header::is_name(name) => Ok(Filter::of_header(name, test)),
        Subject::Header(name) => {
            let title = format!("`{}` can't be the name of a header", shown(name));
            Err(Box::new(Diagnostic::error(Code::InvalidValue, title, source.subject_span, "no delivery has one")))
        }
        Subject::Path(text) => Filter::at_path(text, test).map_err(|mistake| {
            let at_fault = text.get(mistake.range.clone()).filter(|part| !part.is_empty());
            let label = at_fault.map_or_else(String::new, |part| format!("at `{}`", shown(part)));
            Box::new(Diagnostic::error(Code::FilterPath, mistake.sentence, source.subject_span, label))
        }),
    };
    filter.map(|filter| Filter { is_negated: source.is_negated, ..filter })
}

/// Returns the path into the payload that an expression reads, if it reads that of an alias.
/// What it reads further by a computed step is below the path; who looks at all parameters, or at
/// one with a computed name, may look at the whole payload.
fn payload_path(reference: &Reference, alias: &str) -> Option<Vec<PathStep>> {
    if !reference.root.eq_ignore_ascii_case("parameters") {
        return None;
    }
    let Some((first, rest)) = reference.steps.split_first() else { return Some(Vec::new()) };
    let names_alias = matches!(first, Step::Member(name) if name.eq_ignore_ascii_case(alias));
    names_alias.then(|| {
        let step = |step: &Step| match step {
            Step::Member(name) => PathStep::Member(name.clone()),
            Step::Index(index) => PathStep::Index(*index),
        };
        rest.iter().map(step).collect()
    })
}
