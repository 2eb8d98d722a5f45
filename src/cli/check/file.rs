//! What is wrong with one pipeline.

use super::super::failure::Failure;
use super::foresight::{Foreseen, Given};
use super::{sender, upstream};
use crate::catalog::{self, Library, Pipeline};
use crate::config::Config;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Report, SourceMap, shown};
use crate::shell::Substitution;
use crate::template::TemplateKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What came of checking a pipeline or a template.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) reports: Vec<Report>,
    /// With a payload: what would become of it, for each webhook resource that it may be for.
    pub(super) foreseen: Vec<Foreseen>,
    /// The files that it names as templates.
    pub(super) included: Vec<(PathBuf, TemplateKind)>,
    /// The texts of those of its files of which no tree could be made: they may name others.
    pub(super) unread: Vec<Arc<str>>,
    /// Whether the delivery that was given may be for one of its webhook resources.
    pub(super) takes: bool,
    /// Whether a delivery can start it.
    pub(super) listens: bool,
}

impl Checked {
    pub(super) fn unreadable(what: &str, file: &Path, cause: &std::io::Error) -> Self {
        let title = format!("the {what} {} can't be read: {cause}", file.display());
        let report = Diagnostic::without_place(Code::UnreadableFile, title).resolve(&SourceMap::default());
        Self { reports: vec![report], ..Self::default() }
    }
}

/// Returns everything that is wrong with a pipeline; with a payload, also with its expansion, and
/// with a configuration, also what its connections say of it, and with the names of the pipelines that are
/// served, which of those that it names are none of them.
///
/// # Errors
///
/// The delivery that is given can't be one, such as a header that must be single and is doubled.
pub(super) fn check(
    file: &Path,
    library: &Library,
    given: Option<&Given<'_>>,
    config: Option<&Config>,
    served: &[String],
) -> Result<Checked, Failure> {
    let (pipeline, mut diagnostics) = match catalog::load_file(file, library) {
        Ok(loaded) => loaded,
        Err(cause) => return Ok(Checked::unreadable("pipeline", file, &cause)),
    };
    let given = given.filter(|given| given.is_for(&pipeline));
    let read = diagnostics.clone();
    let unread = catalog::unread(&pipeline.sources, &read);
    if given.is_none() {
        diagnostics = catalog::explained(file, library, &pipeline, diagnostics);
    }
    if let Some(config) = config {
        sender::filters(config, &pipeline, &mut diagnostics);
        sender::conditions(config, &pipeline, &mut diagnostics);
    }
    upstream::unknown(&pipeline, served, &mut diagnostics);
    let substitution = |connection: &str| config.map_or_else(Substitution::default, |it| it.substitution(connection));
    let had_errors = diagnostics.has_errors();
    let mut outcomes = Vec::new();
    // Of a file that can't be used nobody knows what would become of a delivery, but for its mistakes.
    if let Some(given) = given {
        outcomes = given.foresee(&pipeline, config, &mut diagnostics)?;
        diagnostics = if outcomes.iter().any(Foreseen::starts) {
            catalog::explained_of_run(file, library, &pipeline, read, diagnostics)
        } else {
            let beside: Vec<Diagnostic> = diagnostics.into_iter().skip(read.len()).collect();
            catalog::explained(file, library, &pipeline, read).into_iter().chain(beside).collect()
        };
        if had_errors {
            outcomes.iter_mut().for_each(Foreseen::be_unusable);
        }
    }
    foreseen(&pipeline, &substitution, &mut diagnostics);
    Ok(Checked {
        included: pipeline.included().collect(),
        unread,
        takes: given.is_some(),
        listens: !pipeline.listeners.is_empty(),
        reports: diagnostics.resolve(&pipeline.sources),
        foreseen: outcomes,
    })
}

/// Reports the places of scripts that take no payload text, whatever is posted: for each webhook resource its
/// own, by what its connection says.
fn foreseen(pipeline: &Pipeline, substitution: &dyn Fn(&str) -> Substitution, diagnostics: &mut Diagnostics) {
    for listener in &pipeline.listeners {
        let alias = &listener.resource.alias;
        let mut found = Diagnostics::default();
        let substitution = substitution(&listener.resource.connection);
        pipeline.scripts.report(alias, substitution, &mut found);
        if substitution == Substitution::Safe {
            pipeline.scripts.report_needs(alias, &mut found);
        }
        for mut diagnostic in found {
            if pipeline.listeners.len() > 1 {
                diagnostic =
                    diagnostic.note(format!("so it is for payloads that come by the webhook `{}`", shown(alias)));
            }
            if !diagnostics.iter().any(|known| *known == diagnostic) {
                diagnostics.push(diagnostic);
            }
        }
    }
}
