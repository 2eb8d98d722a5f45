//! What is wrong with a template or a configuration by itself.

use super::file::Checked;
use super::sender;
use crate::catalog::{self, Library};
use crate::config::{Config, Environment};
use crate::diagnostic::{Code, Diagnostic, Report, SourceMap};
use crate::template::TemplateKind;
use jiff::Timestamp;
use std::path::Path;

/// Returns what is wrong with a template whoever uses it, and the files that it names as templates.
pub(super) fn template(file: &Path, kind: Option<TemplateKind>, library: &Library) -> Checked {
    match catalog::check_template(file, kind, library) {
        Ok(checked) => Checked {
            reports: checked.diagnostics.without_notes().resolve(&checked.sources),
            included: checked.included,
            unread: checked.unread,
            ..Checked::default()
        },
        Err(cause) => Checked::unreadable("template", file, &cause),
    }
}

/// Returns what is wrong with a configuration. Without an environment its secrets are left where they are.
pub(super) fn configuration(file: &Path, environment: Option<&Environment<'_>>) -> Vec<Report> {
    let read = match environment {
        Some(environment) => Config::load(Some(file), environment),
        None => Config::load_without_secrets(Some(file)),
    };
    let (config, mut reports) = match read {
        Ok(config) => (Some(config), Vec::new()),
        // Where secrets alone are missing there is more to say.
        Err(mistakes) => {
            (Config::load_without_secrets(Some(file)).ok(), mistakes.diagnostics.resolve(&mistakes.sources))
        }
    };
    reports.extend(
        config
            .iter()
            .flat_map(|config| folder(config).into_iter().chain(sender::connections(config, Timestamp::now()))),
    );
    reports
}

/// Returns what is wrong with the pipelines folder itself, without which no server starts.
fn folder(config: &Config) -> Option<Report> {
    let error = catalog::paths(&config.pipelines, &Library::new(config)).err()?;
    Some(Diagnostic::without_place(Code::UnreadableFile, error.to_string()).resolve(&SourceMap::default()))
}
