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
//!
//! ```text
//! follow   from the pipeline's file to all others
//! keys     what may stand at the top of a file of each kind, and what is passed to it
//! cycle    files that include themselves
//! members  the names that members have in all files
//! unread   what is said of a reference that leads to no file
//! ```

mod cycle;
mod follow;
mod keys;
mod members;
mod unread;

pub(super) use keys::{check_keys, has_near};
use keys::{check_siblings, has_lost, keys};

use super::compile::{self, Mention, Names};
use super::files::Files;
use super::parameter::{self, Declared, Judge};
use super::part::Part;
use super::place::Place;
use super::reference::{FileKey, Kind};
use super::repository::repositories;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};
use crate::yaml;
use follow::Loader;
use members::Members;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// One file, compiled.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) key: FileKey,
    pub(super) source: SourceId,
    pub(super) declared: Declared,
    /// Where the value of `parameters` stands.
    pub(super) parameters: Option<Span>,
    pub(super) document: Part,
    /// The literal keys at the top of the file, with their places.
    pub(super) keys: Vec<(Arc<str>, Span)>,
    /// Whether there are no other keys: none has an expression, and the file could be read.
    has_all_keys: bool,
    /// Whether the file could be read as YAML.
    pub(super) is_read: bool,
    /// What is wrong with the file by itself.
    pub(super) mistakes: Vec<Diagnostic>,
    /// As what it is named by another file, literally and in a place for templates.
    pub(super) named_as: Option<Kind>,
    mentions: Vec<Mention>,
}

impl File {
    /// Returns a file of which nothing more is wrong than its reader has said, read to the end.
    fn new(key: FileKey, document: &yaml::Node, declared: Declared, (part, mentions): (Part, Vec<Mention>)) -> Self {
        Self {
            key,
            source: document.span.source,
            declared,
            parameters: document.member("parameters").map(|parameters| parameters.span),
            document: part,
            keys: keys(document),
            has_all_keys: true,
            is_read: true,
            mistakes: Vec::new(),
            named_as: None,
            mentions,
        }
    }
}

/// All files that a pipeline may use; the first is its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Loaded {
    pub(super) files: Vec<File>,
    pub(super) index: HashMap<FileKey, usize>,
    /// Which file each text is.
    pub(super) by_source: HashMap<SourceId, usize>,
    pub(super) aliases: Vec<Arc<str>>,
    /// Whether there are repositories whose aliases could not be read, which has been reported.
    pub(super) has_lost_aliases: bool,
    /// Where files include themselves without an end, or a file can't be read in any run, which has been
    /// reported: nobody goes there.
    pub(super) barred: Vec<Span>,
    members: OnceLock<Members>,
}

impl Loaded {
    /// Returns the names that members have in all files.
    pub(super) fn members(&self) -> &Members {
        self.members.get_or_init(|| Members::of(&self.files))
    }
}

/// Compiles a pipeline and reads what it may include. `webhooks` are the aliases whose payloads
/// stand beside the declared parameters.
pub(super) fn load(
    document: &yaml::Node,
    webhooks: &[String],
    files: &dyn Files,
    judge: Judge,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Loaded {
    let declared = repositories(document, diagnostics);
    let key = files.pipeline();
    let root = root(document, key.clone(), webhooks, judge, sources, diagnostics);
    let aliases = declared.iter().map(|it| it.alias.clone()).collect();
    let by_source = HashMap::from([(root.source, 0)]);
    let loaded = Loaded {
        has_lost_aliases: has_lost(document, "repositories", declared.len()),
        files: vec![root],
        index: HashMap::from([(key, 0)]),
        by_source,
        aliases,
        barred: Vec::new(),
        members: OnceLock::new(),
    };
    let own = Own::Pipeline;
    let mut loader =
        Loader { own, files, judge, sources, diagnostics, repositories: declared, loaded, bytes: 0, edges: Vec::new() };
    loader.follow();
    loader.loaded
}

/// What the first file of a set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Pipeline,
    /// A template by itself: nobody has said where repositories are, and which values it gets.
    Template,
}

/// Compiles a template by itself and reads what it may include.
pub(super) fn load_alone(
    document: &yaml::Node,
    kind: Kind,
    files: &dyn Files,
    judge: Judge,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Loaded {
    let key = files.pipeline();
    let source = document.span.source;
    let loaded = Loaded::default();
    let own = Own::Template;
    let repositories = Vec::new();
    let mut loader =
        Loader { own, files, judge, sources, diagnostics, repositories, loaded, bytes: 0, edges: Vec::new() };
    let mut mistakes = Diagnostics::default();
    let file = loader.compile(key.clone(), source, Some(document), kind, &mut mistakes);
    let wrong_keys = check_keys(kind, &file.keys, document.span, None);
    let wrong_keys = wrong_keys.into_iter().filter(|mistake| file.has_all_keys || mistake.code != Code::MissingKey);
    mistakes.into_iter().chain(wrong_keys).for_each(|mistake| loader.diagnostics.push(mistake));
    loader.loaded.index.insert(key, 0);
    loader.loaded.by_source.insert(source, 0);
    loader.loaded.files.push(file);
    loader.follow();
    loader.loaded
}

/// Compiles the pipeline file itself; its mistakes are reported at once.
fn root(
    document: &yaml::Node,
    key: FileKey,
    webhooks: &[String],
    judge: Judge,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> File {
    let declared = parameter::read(document, true, judge, diagnostics);
    let has_lost_alias = has_lost(document, "webhooks", webhooks.len());
    let names = declared.closed_names().filter(|_| !has_lost_alias);
    let scope = compile::scope(names.map(|names| names.chain(webhooks.iter().map(String::as_str))));
    let is_misread = has_lost_alias || declared.closed_names().is_none();
    let typed = declared.typed().unwrap_or_default().iter().map(|it| it.name.to_string());
    let undeclared: Option<Vec<String>> = is_misread.then(|| typed.chain(webhooks.iter().cloned()).collect());
    check_siblings(document, diagnostics);
    let names = Names { undeclared: undeclared.as_deref(), webhooks: Some(webhooks).filter(|_| !has_lost_alias) };
    let compiled = compile::compile(document, Place::Root, scope, names, sources, diagnostics);
    File::new(key, document, declared, compiled)
}
