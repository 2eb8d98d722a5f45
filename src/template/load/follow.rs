//! From the pipeline's file to all others that it may include.

use super::compile::{self, Mention, Names, Written};
use super::keys::{check_arguments, check_keys};
use super::unread::{unread, unread_version};
use super::{File, Loaded, Own};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, SourceId, SourceMap, Span};
use crate::template::files::{Files, Repository};
use crate::template::parameter::{self, Judge};
use crate::template::place::Place;
use crate::template::reference::{self, FileKey, Kind, Unresolved};
use crate::template::repository::repositories;
use crate::template::{FROZEN_BYTES_MAX, FROZEN_MAX};
use crate::yaml;
use std::collections::VecDeque;

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

pub(super) struct Loader<'l> {
    pub(super) own: Own,
    pub(super) files: &'l dyn Files,
    pub(super) judge: Judge,
    pub(super) sources: &'l mut SourceMap,
    pub(super) diagnostics: &'l mut Diagnostics,
    pub(super) repositories: Vec<Repository>,
    pub(super) loaded: Loaded,
    pub(super) bytes: usize,
    /// Which file certainly includes which, and where.
    pub(super) edges: Vec<(usize, usize, Span)>,
}

/// Mentions that are still to be followed, by their certainty.
type Queues = [VecDeque<(usize, Mention)>; 3];

impl Loader<'_> {
    /// Follows what is certain first, so that each file is known at its most certain.
    pub(super) fn follow(&mut self) {
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
            Written::Computed { before, after, parameter } => {
                let mut found = match certainty {
                    Certainty::Candidate => Vec::new(),
                    _ => self.listed(from, before, after, parameter.as_deref(), mention),
                };
                let candidates = self.candidates(from, before, after);
                let load = |key| self.read(key, mention, Certainty::Candidate).ok();
                found.extend(candidates.into_iter().filter_map(load).map(|file| (file, Certainty::Candidate)));
                found
            }
        }
    }

    /// Reads the files that a name can mean whose one unknown part is a parameter with `values`: each
    /// of them is possible, and one for which there is no file is worth a warning.
    fn listed(
        &mut self,
        from: usize,
        before: &str,
        after: &str,
        parameter: Option<&str>,
        mention: &Mention,
    ) -> Vec<(usize, Certainty)> {
        let Some(declared) = self.loaded.files[from].declared.typed() else { return Vec::new() };
        let is_meant = |name: &str| parameter.is_some_and(|parameter| parameter.eq_ignore_ascii_case(name));
        let Some(declared) = declared.iter().find(|it| is_meant(&it.name)) else { return Vec::new() };
        let values = declared.values.clone();
        let named = values.iter().map(|value| format!("{before}{value}{after}"));
        named
            .filter_map(|text| self.literal(from, &text, mention, Certainty::Possible))
            .map(|file| (file, Certainty::Possible))
            .collect()
    }

    fn literal(&mut self, from: usize, text: &str, mention: &Mention, certainty: Certainty) -> Option<usize> {
        let resolved = reference::resolve(text, &self.loaded.files[from].key, &self.loaded.aliases);
        let key = match resolved {
            Ok(key) => key,
            // The pipeline that uses a template declares the repositories.
            Err(Unresolved::Alias(_)) if self.own == Own::Template => return None,
            Err(reason) => {
                let mistake = self.loaded.unresolved(&reason, mention.span)?;
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
                if certainty == Certainty::Certain {
                    self.loaded.barred.push(mention.span);
                }
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
        self.loaded.files[file].named_as.get_or_insert(mention.kind);
        let included = &self.loaded.files[file];
        let mut mistakes = check_keys(mention.kind, &included.keys, included.document.span(), Some(mention.span));
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
        if let Some(open) = declared.and_then(|declared| declared.open_version) {
            return Err(Box::new(unread_version(&key, mention.span, open)));
        }
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

    pub(super) fn compile(
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
        let declared = parameter::read(document, false, self.judge, mistakes);
        let scope = compile::scope(declared.closed_names());
        let place = if kind == Kind::Extends { Place::Root } else { Place::File };
        let known = declared.names_beside_misread();
        let names = Names { undeclared: known.as_deref(), webhooks: None };
        let compiled = compile::compile(document, place, scope, names, self.sources, mistakes);
        let file = File::new(key, document, declared, compiled);
        let has_all_keys = document.entries().is_some_and(|entries| is_read && entries.len() == file.keys.len());
        File { has_all_keys, is_read, ..file }
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
}

/// Returns the most certain mention that is left.
fn next(queues: &mut Queues) -> Option<(Certainty, usize, Mention)> {
    let first = |certainty: Certainty, queue: &mut VecDeque<(usize, Mention)>| {
        queue.pop_front().map(|(from, mention)| (certainty, from, mention))
    };
    CERTAINTIES.into_iter().zip(queues).find_map(|(certainty, queue)| first(certainty, queue))
}
