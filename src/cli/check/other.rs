//! What is wrong with a template or a configuration by itself.

use super::file::Checked;
use super::sender;
use crate::catalog::{self, Library};
use crate::config::{Config, Environment};
use crate::diagnostic::Report;
use crate::template::TemplateKind;
use std::path::Path;

/// Returns what is wrong with a template whoever uses it.
pub(super) fn template(file: &Path, kind: Option<TemplateKind>, library: &Library) -> Vec<Report> {
    match catalog::check_template(file, kind, library) {
        Ok((sources, diagnostics)) => diagnostics.without_notes().resolve(&sources),
        Err(cause) => Checked::unreadable("template", file, &cause).reports,
    }
}

/// Returns what is wrong with a configuration. Without an environment its secrets are left where they are.
pub(super) fn configuration(file: &Path, environment: Option<&Environment<'_>>) -> Vec<Report> {
    let read = match environment {
        Some(environment) => Config::load(Some(file), environment),
        None => Config::load_without_secrets(Some(file)),
    };
    match read {
        Ok(config) => sender::connections(&config),
        Err(mistakes) => {
            let mut reports = mistakes.diagnostics.resolve(&mistakes.sources);
            // Where secrets alone are missing there is more to say.
            let sound = Config::load_without_secrets(Some(file));
            reports.extend(sound.iter().flat_map(sender::connections));
            reports
        }
    }
}
