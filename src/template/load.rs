//! A pipeline file and all that it may include, read and compiled at one moment.
//!
//! What a run includes is not known before it, but what it may include is: files that are named
//! literally, and, where a name has expressions, the files that the literal part of the name
//! leaves possible. All of them are read when the pipeline is loaded. A delivery finds them in
//! this set and nowhere else, so a run never mixes files of two moments, and expansion touches no
//! disk.
//!
//! A mistake in a file that is certain to be included is the pipeline's mistake. In a file that
//! may be left out it is a warning, and an error in a run that does include it.

use super::compile::{self, Mention, Written};
use super::files::{FileError, Files, Repository};
use super::parameter::{self, Declared};
use super::part::Part;
use super::place::Place;
use super::reference::{self, FileKey, Kind, Unresolved};
use super::repository::repositories;
use super::{FROZEN_BYTES_MAX, FROZEN_MAX};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, SourceId, SourceMap, Span, did_you_mean, shown};
use crate::yaml;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// One file, compiled.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) key: FileKey,
    pub(super) source: SourceId,
    pub(super) declared: Declared,
    pub(super) document: Part,
    /// The literal keys at the top of the file, with their places.
    pub(super) keys: Vec<(Arc<str>, Span)>,
    /// Whether there are no other keys: none has an expression, and the file could be read.
    has_all_keys: bool,
    /// What is wrong with the file by itself.
    pub(super) mistakes: Vec<Diagnostic>,
    mentions: Vec<Mention>,
}

/// All files that a pipeline may use; the first is its own.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) files: Vec<File>,
    pub(super) index: HashMap<FileKey, usize>,
    /// Which file each text is.
    pub(super) by_source: HashMap<SourceId, usize>,
    pub(super) aliases: Vec<Arc<str>>,
}

/// Compiles a pipeline and reads what it may include. `webhooks` are the aliases whose payloads
/// stand beside the declared parameters.
pub(super) fn load(
    document: &yaml::Node,
    webhooks: &[String],
    files: &dyn Files,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Loaded {
    let declared = repositories(document, diagnostics);
    let key = files.pipeline();
    let root = root(document, key.clone(), webhooks, sources, diagnostics);
    let aliases = declared.iter().map(|it| it.alias.clone()).collect();
    let by_source = HashMap::from([(root.source, 0)]);
    let loaded = Loaded { files: vec![root], index: HashMap::from([(key, 0)]), by_source, aliases };
    let mut loader =
        Loader { files, sources, diagnostics, repositories: declared, loaded, bytes: 0, edges: Vec::new() };
    loader.follow();
    loader.loaded
}

/// Compiles the pipeline file itself; its mistakes are reported at once.
fn root(
    document: &yaml::Node,
    key: FileKey,
    webhooks: &[String],
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> File {
    let declared = parameter::read(document, true, diagnostics);
    let names = declared.closed_names().into_iter().flatten().chain(webhooks.iter().map(String::as_str));
    let scope = compile::scope(Some(names));
    check_siblings(document, diagnostics);
    let (part, mentions) = compile::compile(document, Place::Root, scope, sources, diagnostics);
    let source = document.span.source;
    let (keys, has_all_keys) = (keys(document), true);
    File { key, source, declared, document: part, keys, has_all_keys, mistakes: Vec::new(), mentions }
}

/// The keys that may stand beside `extends` (reference, section 2.8), and those of our own.
const BESIDE_EXTENDS: [&str; 12] = [
    "extends",
    "name",
    "trigger",
    "pr",
    "schedules",
    "resources",
    "parameters",
    "variables",
    "pool",
    "lockBehavior",
    "appendCommitMessageToRunName",
    "concurrency",
];

fn check_siblings(document: &yaml::Node, diagnostics: &mut Diagnostics) {
    let Some(extends) = document.entry("extends") else { return };
    for (key, span) in keys(document).into_iter().filter(|(key, _)| !BESIDE_EXTENDS.contains(&&**key)) {
        let title = format!("`{}` can't stand beside `extends`", shown(&key));
        let mistake = Diagnostic::error(Code::InvalidValue, title, span, "the extended pipeline says this");
        let help = "remove it, or pass it to the extended pipeline in `parameters`";
        diagnostics.push(mistake.related(extends.key.span, "the file extends another one").help(help));
    }
}

fn keys(document: &yaml::Node) -> Vec<(Arc<str>, Span)> {
    let entries = document.entries().unwrap_or_default().iter();
    let literal = entries.filter_map(|entry| Some((entry.key.text()?.clone(), entry.key.span)));
    literal.filter(|(key, _)| !super::hole::has_expression(key)).collect()
}

/// How sure it is that a file is included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// In every run.
    Certain,
    /// In some runs.
    Possible,
    /// An expression may come to name it, or may never.
    Candidate,
}

const CERTAINTIES: [Certainty; 3] = [Certainty::Certain, Certainty::Possible, Certainty::Candidate];

struct Loader<'l> {
    files: &'l dyn Files,
    sources: &'l mut SourceMap,
    diagnostics: &'l mut Diagnostics,
    repositories: Vec<Repository>,
    loaded: Loaded,
    bytes: usize,
    /// Which file certainly includes which, and where.
    edges: Vec<(usize, usize, Span)>,
}

/// Mentions that are still to be followed, by their certainty.
type Queues = [VecDeque<(usize, Mention)>; 3];

impl Loader<'_> {
    /// Follows what is certain first, so that each file is known at its most certain.
    fn follow(&mut self) {
        let mut queues = Queues::default();
        self.enqueue(0, Certainty::Certain, &mut queues);
        while let Some((certainty, from, mention)) = next(&mut queues) {
            for (file, certainty) in self.mentioned(from, &mention, certainty) {
                self.enqueue(file, certainty, &mut queues);
            }
        }
        self.report_cycles();
    }

    fn enqueue(&self, file: usize, certainty: Certainty, queues: &mut Queues) {
        for mention in &self.loaded.files[file].mentions {
            let certainty = match (certainty, &mention.written) {
                _ if mention.is_guessed => Certainty::Candidate,
                (Certainty::Certain, Written::Literally(_)) if !mention.is_certain => Certainty::Possible,
                _ => certainty,
            };
            queues[certainty as usize].push_back((file, mention.clone()));
        }
    }

    /// Reads the files that a mention may mean, and returns those that are new.
    fn mentioned(&mut self, from: usize, mention: &Mention, certainty: Certainty) -> Vec<(usize, Certainty)> {
        match &mention.written {
            Written::Literally(text) => {
                let file = self.literal(from, text, mention, certainty);
                file.into_iter().map(|file| (file, certainty)).collect()
            }
            Written::Computed { before, after } => {
                let candidates = self.candidates(from, before, after);
                let load = |key| self.read(key, mention, Certainty::Candidate).ok();
                candidates.into_iter().filter_map(load).map(|file| (file, Certainty::Candidate)).collect()
            }
        }
    }

    fn literal(&mut self, from: usize, text: &str, mention: &Mention, certainty: Certainty) -> Option<usize> {
        let resolved = reference::resolve(text, &self.loaded.files[from].key, &self.loaded.aliases);
        let key = match resolved {
            Ok(key) => key,
            Err(reason) => {
                let mistake = unresolved(&reason, mention.span, &self.loaded.aliases);
                self.report(mistake, certainty);
                return None;
            }
        };
        if let Some(&known) = self.loaded.index.get(&key) {
            self.include(from, known, mention, certainty);
            return None;
        }
        match self.read(key, mention, certainty) {
            Ok(file) => {
                self.include(from, file, mention, certainty);
                Some(file)
            }
            Err(mistake) => {
                self.report(*mistake, certainty);
                None
            }
        }
    }

    /// Notes that a file is included, and checks that it is of the right kind.
    fn include(&mut self, from: usize, file: usize, mention: &Mention, certainty: Certainty) {
        let included = &self.loaded.files[file];
        self.sources.include(included.source, mention.span);
        if mention.is_guessed {
            return;
        }
        let mut mistakes = check_keys(mention.kind, &included.keys, included.document.span(), mention.span);
        mistakes.retain(|mistake| included.has_all_keys || mistake.code != Code::MissingKey);
        mistakes.extend(check_arguments(&included.declared, mention));
        for mistake in mistakes {
            self.report(mistake, certainty);
        }
        if certainty == Certainty::Certain {
            self.edges.push((from, file, mention.span));
        }
    }

    fn read(&mut self, key: FileKey, mention: &Mention, certainty: Certainty) -> Result<usize, Box<Diagnostic>> {
        let declared = self.repository(&key);
        let text = self.files.read(&key, declared).map_err(|error| Box::new(unread(&error, mention.span)))?;
        self.bytes += text.text.len();
        if self.loaded.files.len() == FROZEN_MAX || self.bytes > FROZEN_BYTES_MAX {
            let title = format!("a pipeline may use at most {FROZEN_MAX} files with {FROZEN_BYTES_MAX} bytes");
            let label = "this template is one too many";
            return Err(Box::new(Diagnostic::error(Code::ExpansionLimit, title, mention.span, label)));
        }
        let source = self.sources.add(text.shown.as_str(), text.text.clone());
        if certainty == Certainty::Candidate {
            self.sources.include(source, mention.span);
        }
        let mut mistakes = Diagnostics::default();
        let document = yaml::parse(&text.text, source, &mut mistakes);
        let file = self.compile(key.clone(), source, document.as_ref(), mention.kind, &mut mistakes);
        let errors = mistakes.iter().filter(|mistake| mistake.severity == Severity::Error).cloned().collect();
        for mistake in mistakes {
            self.report(mistake, certainty);
        }
        let at = self.loaded.files.len();
        self.loaded.index.insert(key, at);
        self.loaded.by_source.insert(source, at);
        self.loaded.files.push(File { mistakes: errors, ..file });
        Ok(at)
    }

    fn compile(
        &mut self,
        key: FileKey,
        source: SourceId,
        document: Option<&yaml::Node>,
        kind: Kind,
        mistakes: &mut Diagnostics,
    ) -> File {
        let nothing = yaml::Node { span: Span::new(source, 0, 0), content: yaml::Content::Mapping(Vec::new()) };
        let is_read = document.is_some();
        let document = document.unwrap_or(&nothing);
        if document.entries().is_none() {
            let title = format!("a template is a mapping, not {}", document.describe());
            let wrong =
                Diagnostic::error(Code::WrongType, title, document.span, format!("this is {}", document.describe()));
            mistakes.push(wrong.help("write `steps:`, `jobs:`, `stages:` or `variables:` at the top"));
        }
        if kind == Kind::Extends {
            self.extended(document, mistakes);
        }
        let declared = parameter::read(document, false, mistakes);
        let scope = compile::scope(declared.closed_names());
        let place = if kind == Kind::Extends { Place::Root } else { Place::File };
        let (part, mentions) = compile::compile(document, place, scope, self.sources, mistakes);
        let keys = keys(document);
        let has_all_keys = document.entries().is_some_and(|entries| is_read && entries.len() == keys.len());
        File { key, source, declared, document: part, keys, has_all_keys, mistakes: Vec::new(), mentions }
    }

    /// Takes the repositories that an extended pipeline declares. What it listens to is not
    /// taken: a pipeline listens by its own file.
    fn extended(&mut self, document: &yaml::Node, mistakes: &mut Diagnostics) {
        for repository in repositories(document, mistakes) {
            if !self.loaded.aliases.iter().any(|known| known.eq_ignore_ascii_case(&repository.alias)) {
                self.loaded.aliases.push(repository.alias.clone());
                self.repositories.push(repository);
            }
        }
        if let Some(entry) = document.member("resources").and_then(|resources| resources.entry("webhooks")) {
            let title = "an extended pipeline can't listen to webhooks";
            let unread = Diagnostic::error(Code::Unsupported, title, entry.key.span, "this would be passed over");
            mistakes.push(unread.help("write `resources` with its `webhooks` in the file that extends this one"));
        }
    }

    fn repository(&self, key: &FileKey) -> Option<&Repository> {
        let alias = key.repository.as_ref()?;
        self.repositories.iter().find(|it| it.alias == *alias)
    }

    /// Returns the files whose names begin and end with literal text around expressions.
    fn candidates(&self, from: usize, before: &str, after: &str) -> Vec<FileKey> {
        let from = &self.loaded.files[from].key;
        let aliases = &self.loaded.aliases;
        let (ending, alias) = after.rsplit_once('@').map_or((after, None), |(ending, alias)| (ending, Some(alias)));
        let in_folder = |alias: Option<&str>| {
            let at = alias.map_or_else(String::new, |alias| format!("@{alias}"));
            // A placeholder in place of the expression gives the folder that the literal part names.
            let resolved = reference::resolve(&format!("{before}x{at}"), from, aliases).ok()?;
            let folder = if before.is_empty() { "" } else { reference::folder(&resolved.path) };
            Some(FileKey { repository: resolved.repository, path: folder.into() })
        };
        let mut folders: Vec<Option<FileKey>> = vec![in_folder(alias)];
        if after.is_empty() {
            folders.push(in_folder(Some("self")));
            folders.extend(aliases.iter().map(|alias| in_folder(Some(alias))));
        }
        let ending = ending.trim().replace('\\', "/");
        let mut found: Vec<FileKey> = Vec::new();
        for folder in folders.into_iter().flatten() {
            let listed = self.files.list(&folder, self.repository(&folder)).into_iter();
            let meant = listed.filter(|path| path.ends_with(&ending));
            found.extend(meant.map(|path| FileKey { repository: folder.repository.clone(), path }));
        }
        found.sort();
        found.dedup();
        found.retain(|key| !self.loaded.index.contains_key(key));
        found
    }

    /// Reports a mistake as bad as it is certain.
    fn report(&mut self, mistake: Diagnostic, certainty: Certainty) {
        match certainty {
            Certainty::Certain => self.diagnostics.push(mistake),
            Certainty::Possible => self.diagnostics.push(Diagnostic { severity: Severity::Warning, ..mistake }),
            Certainty::Candidate => {}
        }
    }

    /// Reports files that certainly include themselves: no run could end with them.
    fn report_cycles(&mut self) {
        let mut next = vec![Vec::new(); self.loaded.files.len()];
        self.edges.iter().for_each(|&(from, to, _)| next[from].push(to));
        for &(from, to, span) in &self.edges {
            if let Some(way) = way(&next, to, from) {
                let shown = |&file: &usize| format!("`{}`", shown(&self.loaded.files[file].key.to_string()));
                let names: Vec<String> = way.iter().chain([&to]).map(shown).collect();
                let title = "a template includes itself without an end";
                let cycle = Diagnostic::error(Code::TemplateCycle, title, span, "this closes the circle");
                let help = "put one of the references into an `${{ if … }}:` that ends it";
                self.diagnostics.push(cycle.note(format!("the way is {}", names.join(" -> "))).help(help));
                return;
            }
        }
    }
}

/// Returns the most certain mention that is left.
fn next(queues: &mut Queues) -> Option<(Certainty, usize, Mention)> {
    let first = |certainty: Certainty, queue: &mut VecDeque<(usize, Mention)>| {
        queue.pop_front().map(|(from, mention)| (certainty, from, mention))
    };
    CERTAINTIES.into_iter().zip(queues).find_map(|(certainty, queue)| first(certainty, queue))
}

/// Returns the files on a way from one file to another, where each goes on to the next.
fn way(next: &[Vec<usize>], start: usize, goal: usize) -> Option<Vec<usize>> {
    let mut before: HashMap<usize, usize> = HashMap::from([(start, start)]);
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        if at == goal {
            let mut way = vec![at];
            while way[way.len() - 1] != start {
                way.push(before[&way[way.len() - 1]]);
            }
            way.reverse();
            return Some(way);
        }
        for &to in &next[at] {
            if let std::collections::hash_map::Entry::Vacant(free) = before.entry(to) {
                free.insert(at);
                open.push_back(to);
            }
        }
    }
    None
}

/// Returns what is wrong with the names of the parameters that are passed to a file.
fn check_arguments(declared: &Declared, mention: &Mention) -> Vec<Diagnostic> {
    let (Declared::Typed(declarations), Some(arguments)) = (declared, &mention.arguments) else { return Vec::new() };
    let is_declared = |name: &str| declarations.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    let is_given = |name: &str| arguments.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    let unknown = arguments.iter().filter(|(name, _)| !is_declared(name));
    let unknown = unknown.map(|(name, span)| parameter::undeclared(name, *span, declarations));
    let absent = declarations.iter().filter(|it| it.default.is_none() && !is_given(&it.name));
    unknown.chain(absent.map(|it| parameter::missing(it, mention.span))).collect()
}

/// Returns what is wrong with the keys at the top of a template file of a kind.
pub(super) fn check_keys(kind: Kind, keys: &[(Arc<str>, Span)], whole: Span, mention: Span) -> Vec<Diagnostic> {
    let is_body = |key: &str| kind.bodies().contains(&key);
    let is_known = |key: &str| is_body(key) || kind.others().contains(&key);
    let mut mistakes = Vec::new();
    for (key, span) in keys.iter().filter(|(key, _)| !is_known(key)) {
        let title = format!("{} has no key `{}`", kind.name(), shown(key));
        let unknown = Diagnostic::error(Code::UnknownKey, title, *span, "this key is not known here");
        let known = [kind.others(), kind.bodies()].concat();
        let unknown = unknown
            .related(mention, "the file is named here")
            .help(format!("the keys here are `{}`", known.join("`, `")));
        mistakes.push(unknown.suggest(key, known.iter().copied()));
    }
    let bodies: Vec<&(Arc<str>, Span)> = keys.iter().filter(|(key, _)| is_body(key)).collect();
    match bodies.as_slice() {
        [first, second, ..] => {
            let title = format!("{} has `{}` or `{}`, not both", kind.name(), first.0, second.0);
            let double = Diagnostic::error(Code::InvalidValue, title, second.1, "the second");
            mistakes.push(double.related(first.1, "the first"));
        }
        [] if mistakes.is_empty() => {
            let place = keys.first().map_or(Span { end: whole.start, ..whole }, |(_, span)| *span);
            let title = format!("{} needs `{}`", kind.name(), kind.bodies().join("` or `"));
            let missing = Diagnostic::error(Code::MissingKey, title, place, "it is not in the file");
            mistakes.push(missing.related(mention, "the file is named here"));
        }
        _ => {}
    }
    mistakes
}

/// Returns the diagnostic for a reference that names no file.
pub(super) fn unresolved(reason: &Unresolved, place: Span, aliases: &[Arc<str>]) -> Diagnostic {
    let mistake = Diagnostic::error(Code::UnknownTemplate, reason.to_string(), place, "");
    match reason {
        Unresolved::Alias(alias) => {
            let help = format!("declare it: `resources: {{repositories: [{{repository: {}}}]}}`", shown(alias));
            mistake.help(help).suggest(alias, aliases.iter().map(|alias| &**alias).chain(["self"]))
        }
        Unresolved::Outside => mistake.help("begin the path with `/` to write it from the root of the repository"),
        Unresolved::Empty | Unresolved::Character(_) => mistake,
    }
}

/// Returns the diagnostic for a file that can't be read.
fn unread(error: &FileError, place: Span) -> Diagnostic {
    match error {
        FileError::Missing(path) => {
            let title = format!("there is no template `{}`", shown(path));
            let missing = Diagnostic::error(Code::UnknownTemplate, title, place, "no such file");
            missing.help(
                "a path is relative to the file that holds it; `/` at its beginning is the root of the repository",
            )
        }
        FileError::Unreadable(reason) => {
            let title = format!("the template can't be read: {reason}");
            Diagnostic::error(Code::UnreadableFile, title, place, "named here")
        }
    }
}

impl Loaded {
    /// Returns the diagnostic for a computed name that is not in the set.
    pub(super) fn unknown(&self, key: &FileKey, place: Span) -> Diagnostic {
        let title = format!("there is no template `{}`", shown(&key.to_string()));
        let unknown = Diagnostic::error(Code::UnknownTemplate, title, place, "this came to be the template's name");
        let same = self.files.iter().filter(|file| file.key.repository == key.repository).map(|file| &*file.key.path);
        let unknown = unknown.note("files are read when the pipeline is loaded, not when it runs");
        match did_you_mean(&key.path, same) {
            Some(help) => unknown.help(help),
            None => unknown,
        }
    }
}
