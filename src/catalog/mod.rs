//! The pipelines on disk, as an immutable snapshot that is replaced when a file changes.
//!
//! A [`Catalog`] is made by reading the whole pipelines folder. A broken file does not stop the
//! others: its entry keeps the diagnostics, and the last good version of the same pipeline, if
//! there is one, goes on serving. [`prepare()`] brings a pipeline and a payload together, and a
//! [`Draft`] does the same once for all payloads that differ in texts only. [`Shelf`] holds the snapshot that deliveries are matched with;
//! [`watch()`] renews it.

mod alone;
mod disk;
mod draft;
mod effort;
mod every;
mod folder;
mod git;
mod known;
mod library;
mod load;
mod looked;
mod mend;
mod pass;
mod possible;
mod prepare;
mod sure;
mod text;
mod watch;

pub use alone::{CheckedTemplate, check_template, is_template, looks_like_template, named_in_unread, unread};
pub use draft::Draft;
pub use effort::Effort;
pub use folder::{Error, FILES_MAX, Stray};
pub use library::Library;
pub use load::{explained, explained_of_run, load_file, read};
pub use looked::{Looked, about_delivery};
pub use prepare::{Prepared, Trigger, TriggeringWebhook, expand, expand_told, prepare};
pub use sure::add_sure_mistakes;
pub use watch::{Watcher, watch};

use crate::diagnostic::{Report, Severity, SourceMap};
use crate::pipeline::{Foreseen, Upstream, WebhookResource};
use crate::template::{Groups, Template, TemplateKind};
use crate::webhook::connection::Connection;
use crate::webhook::filter::Filter;
use crate::webhook::path::PathStep;
use crate::webhook::roster::{Listed, Roster};
use crate::webhook::select::Wanted;
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// All pipelines at one moment.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: BTreeMap<String, Entry>,
    /// The files that are served under no name, with what is wrong with theirs.
    strays: Vec<Entry>,
    /// What the entries were read with.
    library: Arc<Library>,
    roster: OnceLock<Arc<Roster>>,
}

/// One pipeline file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The pipeline's name: its path below the folder without the ending, with `/`.
    pub name: String,
    /// What was found wrong in the file as it is now; warnings too.
    pub reports: Vec<Report>,
    /// Whether another state of the file was found before, or none: what is told then is not told again.
    pub is_news: bool,
    /// The version that serves: the file as it is now, or the last good one.
    pub serving: Option<Arc<Pipeline>>,
    /// The connections that the file as it is now names, also where it is broken otherwise.
    connections: Vec<String>,
    /// The files that it names as templates.
    included: Vec<PathBuf>,
    /// The texts of those of its files of which no tree could be made: they may name others.
    unread: Vec<Arc<str>>,
    /// The text that `reports` are about, to see whether the file has changed.
    text: Arc<str>,
    /// What was asked of other files, and the folders in which the answers can change.
    asked: Vec<disk::Asked>,
    folders: BTreeSet<PathBuf>,
}

impl Entry {
    /// Says of the entry whether it is news, given what was found before.
    fn compared(self, before: Option<&Self>) -> Self {
        let is_same = |before: &Self| before.text == self.text && before.reports == self.reports;
        Self { is_news: !before.is_some_and(is_same), ..self }
    }

    /// Says whether the file as it is now can't be used.
    pub fn is_broken(&self) -> bool {
        self.mistakes().next().is_some()
    }

    /// Returns what keeps the file as it is now from being used.
    pub fn mistakes(&self) -> impl Iterator<Item = &Report> {
        self.reports.iter().filter(|report| report.severity == Severity::Error)
    }

    /// Says whether a delivery to a connection concerns this pipeline: the version that serves
    /// listens to it, or, where none does, the file names it.
    pub fn listens_to(&self, connection: &str) -> bool {
        match &self.serving {
            Some(pipeline) => pipeline.listeners_of(connection).next().is_some(),
            None => self.connections.iter().any(|named| named.eq_ignore_ascii_case(connection)),
        }
    }
}

/// A pipeline that can be expanded.
#[derive(Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// The texts that its diagnostics point into.
    pub sources: SourceMap,
    /// The file, and those that it may include, with their expressions parsed.
    pub template: Template,
    /// The variable groups that it may use.
    pub groups: Arc<Groups>,
    /// What it listens to.
    pub listeners: Vec<Listener>,
    /// The other pipelines whose runs it names.
    pub upstreams: Vec<Upstream>,
    /// Its scripts with payload text, analysed.
    pub scripts: Foreseen,
    /// The repository that it is in, where it asks for the branch.
    home: Option<known::Home>,
    /// How much work deliveries are that go the long way.
    pub effort: Effort,
}

impl Pipeline {
    /// Returns the webhook resources that listen to a connection, in the order of the file.
    /// Names of connections are compared ignoring case, as the language compares names.
    pub fn listeners_of<'p>(&'p self, connection: &str) -> impl Iterator<Item = &'p Listener> {
        self.listeners.iter().filter(move |listener| listener.resource.connection.eq_ignore_ascii_case(connection))
    }

    /// Returns the files that it names as templates, with what each is named as.
    pub fn included(&self) -> impl Iterator<Item = (PathBuf, TemplateKind)> {
        alone::included(&self.template, &self.sources)
    }
}

/// A webhook resource of a pipeline with its filters read.
#[derive(Debug)]
pub struct Listener {
    /// The resource.
    pub resource: WebhookResource,
    /// Its filters, in the order of the file.
    pub filters: Vec<Filter>,
    /// The parts of a payload that its filters and the pipeline's expressions read.
    pub wanted: Wanted,
    /// The places in a payload that the pipeline's expressions read.
    pub reads: Vec<Vec<PathStep>>,
    /// The headers that its filters and the pipeline's expressions name, in lower case.
    pub headers: Vec<String>,
    draft: OnceLock<Option<Draft>>,
}

impl Pipeline {
    /// Returns what deliveries to a listener of this pipeline have in common, if they have. It is
    /// worked out for the first of them.
    pub fn draft<'l>(&self, listener: &'l Listener) -> Option<&'l Draft> {
        listener.draft.get_or_init(|| Draft::new(self, listener)).as_ref()
    }

    /// Says whether nobody has asked for the draft of a listener yet: to make it is work.
    pub fn has_no_draft_yet(&self, listener: &Listener) -> bool {
        listener.draft.get().is_none()
    }
}

impl Catalog {
    /// Says whether a pipeline that listens to a connection names a header, given in lower case.
    pub fn names_header(&self, connection: &Connection, name: &str) -> bool {
        let pipelines = self.entries.values().filter_map(|entry| entry.serving.as_ref());
        let mut listeners = pipelines.flat_map(|pipeline| pipeline.listeners_of(&connection.name));
        listeners.any(|listener| listener.headers.iter().any(|header| header == name))
    }

    /// Reads every pipeline below a folder. `before` gives the last good versions of files that
    /// are broken now, and saves the work for those that have not changed.
    ///
    /// Templates are read at the same moment: all pipelines see the same text of a file. Left out are files
    /// that are no good pipelines because they are templates, which lie among the pipelines: those that others
    /// name, and those that look so by what they hold. `check` says the same.
    pub fn load(library: Arc<Library>, before: &Catalog) -> Result<Self, Error> {
        let is_same = Arc::ptr_eq(&library, &before.library);
        let mut entries = BTreeMap::new();
        let moment = disk::Moment::new(&library);
        let found = folder::files(&library.pipelines, &library)?;
        for file in found.pipelines {
            if library.is_configuration(&file.path) {
                continue;
            }
            let before = before.entries.get(&file.name).map(|entry| load::Before { entry, is_same });
            let entry = load::entry(&file, &moment, before);
            entries.insert(file.name, (file.path, entry));
        }
        drop(moment);
        let named: BTreeSet<PathBuf> = entries.values().flat_map(|(_, entry)| entry.included.iter().cloned()).collect();
        let unread: Vec<Arc<str>> = entries.values().flat_map(|(_, entry)| entry.unread.iter().cloned()).collect();
        let is_named = |path: &Path| {
            path.canonicalize().is_ok_and(|path| named.contains(&path)) || named_in_unread(path, &unread).is_some()
        };
        let is_template = |path: &Path| is_named(path) || is_template(path, &library);
        entries.retain(|_, (path, entry)| !entry.is_broken() || !entry.connections.is_empty() || !is_template(path));
        let strays = found.strays.into_iter().filter(|stray| !is_template(&stray.path));
        let former_stray = |entry: &Entry| before.strays.iter().find(|former| former.name == entry.name);
        let stray = |stray: Stray| {
            let entry = load::without_text(&stray.name, stray.report);
            let former = former_stray(&entry);
            entry.compared(former)
        };
        let entry = |(name, (_, entry)): (String, (PathBuf, Entry))| {
            let entry = entry.compared(before.entries.get(&name));
            (name, entry)
        };
        Ok(Self {
            strays: strays.map(stray).collect(),
            entries: entries.into_iter().map(entry).collect(),
            library,
            roster: OnceLock::new(),
        })
    }

    /// Returns the folders outside of the pipelines folder in which a change can matter, and those
    /// of templates inside.
    fn folders(&self) -> BTreeSet<&Path> {
        self.entries.values().flat_map(|entry| &entry.folders).map(PathBuf::as_path).collect()
    }

    /// Returns the names of all pipelines, with the mistakes of those whose files are broken. It is made
    /// when it is first asked for.
    pub fn roster(&self) -> &Arc<Roster> {
        let listed = |entry: &Entry| Listed::new(&entry.name, entry.mistakes().cloned());
        self.roster.get_or_init(|| Arc::new(Roster::new(&self.entries().map(listed).collect::<Vec<_>>())))
    }

    /// Returns all pipelines, by name, and after them the files that are served under none.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().chain(&self.strays)
    }

    /// Returns the pipeline of a name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }
}

/// The YAML files below a folder, by their names.
#[derive(Debug)]
pub struct Paths {
    /// Those that are served as pipelines.
    pub pipelines: Vec<PathBuf>,
    /// Those in folders of templates.
    pub templates: Vec<PathBuf>,
    /// Those that are served under no name.
    pub strays: Vec<Stray>,
}

/// Returns the paths of all files below a folder.
pub fn paths(folder: &Path, library: &Library) -> Result<Paths, Error> {
    let files = folder::files(folder, library)?;
    let paths = |files: Vec<folder::File>| files.into_iter().map(|file| file.path).collect();
    Ok(Paths { pipelines: paths(files.pipelines), templates: paths(files.templates), strays: files.strays })
}

/// Returns the names of the pipelines in a folder, in their order.
pub fn names(folder: &Path, library: &Library) -> Result<Vec<String>, Error> {
    Ok(folder::files(folder, library)?.pipelines.into_iter().map(|file| file.name).collect())
}

/// Where the present snapshot lies.
#[derive(Debug)]
pub struct Shelf {
    library: ArcSwap<Library>,
    present: ArcSwap<Catalog>,
    /// Held by who reads: what was read earlier never comes in place of what was read later.
    reading: Mutex<()>,
}

impl Shelf {
    /// Reads a folder for the first time.
    pub fn open(library: Library) -> Result<Self, Error> {
        let library = Arc::new(library);
        let catalog = Catalog::load(library.clone(), &Catalog::default())?;
        Ok(Self { library: ArcSwap::new(library), present: ArcSwap::from_pointee(catalog), reading: Mutex::default() })
    }

    /// Says where pipelines and what they use are from now on. The next reload reads all of it. A pipelines folder
    /// that can't be read is told, and the one before stays.
    pub fn set_library(&self, library: Library) {
        let present = self.folder();
        let library = match std::fs::read_dir(&library.pipelines) {
            Err(error) if library.pipelines != present => {
                let (folder, present) = (library.pipelines.display(), present.display());
                tracing::error!(%folder, %error, %present, "the new pipelines folder can't be read, the one before stays");
                library.with_pipelines(&self.folder())
            }
            _ => library,
        };
        self.library.store(Arc::new(library));
    }

    /// Returns the present snapshot; it does not change while it is held.
    pub fn catalog(&self) -> arc_swap::Guard<Arc<Catalog>> {
        self.present.load()
    }

    /// Returns the folder that is read.
    pub fn folder(&self) -> PathBuf {
        self.library.load().pipelines.clone()
    }

    /// Reads the folder again. If it can't be read, the present snapshot stays.
    pub fn reload(&self) -> Result<Arc<Catalog>, Error> {
        let _one = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let (library, present) = (self.library.load_full(), self.present.load());
        // The last good version of a file is not that of another folder's.
        let is_elsewhere = library.pipelines != present.library.pipelines;
        let nothing = is_elsewhere.then(Catalog::default);
        let catalog = Arc::new(Catalog::load(library, nothing.as_ref().unwrap_or(&present))?);
        self.present.store(catalog.clone());
        Ok(catalog)
    }
}
