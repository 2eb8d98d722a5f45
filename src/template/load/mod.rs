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
//! unread   what is said of a reference that leads to no file
//! ```

mod cycle;
mod follow;
mod keys;
mod unread;

pub(super) use keys::check_keys;
pub(super) use unread::unresolved;

use super::compile::{self, Mention};
use super::files::Files;
use super::parameter::{self, Declared};
use super::part::Part;
use super::place::Place;
use super::reference::FileKey;
use super::repository::repositories;
use crate::diagnostic::{Diagnostic, Diagnostics, SourceId, SourceMap, Span};
use crate::yaml;
use follow::Loader;
use keys::{check_siblings, keys};
use std::collections::HashMap;
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
