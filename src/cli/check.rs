//! `pipehook check`: mistakes in pipelines and the configuration, before a delivery finds them.

mod sarif;
mod sender;

use super::failure::{Ending, Failure};
use super::{Global, input, output};
use crate::catalog::{self, Library, Pipeline, Trigger, TriggeringWebhook, prepare};
use crate::config::Config;
use crate::diagnostic::{Code, Diagnostics, Report, Severity, Style, render_all};
use crate::webhook::payload::{self, Payload};
use crate::webhook::select::select;
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// The id of a delivery that is none.
const DELIVERY: &str = "dlv_00000000000000000000000000000000";

/// Mistakes that do not depend on what a payload holds: without one, only these are sure.
const SURE: [Code; 3] = [Code::UnknownKey, Code::Unsupported, Code::DuplicateKey];

/// Diagnoses pipelines and the configuration. The exit code is 1 if there are errors.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook check
  pipehook check pipelines/hello.yml --payload payload.json
  pipehook check --format sarif > pipehook.sarif")]
pub(super) struct Check {
    /// Pipelines, or folders of them; without any, the configuration and its pipelines folder
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Also expand each pipeline that listens to a webhook with this payload
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people, on stderr
    Text,
    /// One JSON document on stdout
    Json,
    /// For code review tools, on stdout
    Sarif,
}

impl Check {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let bytes = self.payload.as_deref().map(|file| input::bytes(Some(file))).transpose()?;
        let payload = bytes.as_deref().map(payload::check).transpose();
        let payload = payload.map_err(|mistake| Failure::usage(format!("the payload can't be used: {mistake}")))?;
        let mut reports = Vec::new();
        let mut files = Vec::new();
        let config = match Config::load_without_secrets(global.config.as_deref()) {
            Ok(config) => Some(config),
            // Who names pipelines asks about them only.
            Err(_) if !self.paths.is_empty() => None,
            Err(mistakes) => {
                reports.extend(mistakes.diagnostics.resolve(&mistakes.sources));
                None
            }
        };
        if let Some(config) = config.as_ref().filter(|_| self.paths.is_empty()) {
            reports.extend(sender::connections(config));
            add_files(&config.pipelines, &mut files)?;
        }
        let library = config.as_ref().map_or_else(Library::default, Library::new);
        for path in &self.paths {
            add_files(path, &mut files)?;
        }
        for file in &files {
            reports.extend(pipeline(file, &library, payload.as_ref(), config.as_ref())?);
        }
        self.print(&reports, files.len())?;
        let has_errors = reports.iter().any(|report| report.severity == Severity::Error);
        Ok(if has_errors { Ending::Mistakes } else { Ending::Done })
    }

    fn print(&self, reports: &[Report], files: usize) -> Result<(), Failure> {
        match self.format {
            ReportFormat::Json => output::json(&reports)?,
            ReportFormat::Sarif => output::json(&sarif::document(reports))?,
            ReportFormat::Text => {
                anstream::eprint!("{}", render_all(reports, Style::Coloured));
                let count = |severity| reports.iter().filter(|report| report.severity == severity).count();
                let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
                anstream::eprintln!(
                    "checked {}: {}, {}",
                    counted(files, "pipeline"),
                    counted(errors, "error"),
                    counted(warnings, "warning")
                );
            }
        }
        Ok(())
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Adds a file, or all pipelines of a folder by name.
fn add_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    files.extend(catalog::pipeline_files(path).map_err(|error| Failure::Usage(error.into()))?);
    Ok(())
}

/// Returns what is wrong with one pipeline.
fn pipeline(
    file: &Path,
    library: &Library,
    payload: Option<&Payload<'_>>,
    config: Option<&Config>,
) -> Result<Vec<Report>, Failure> {
    let (pipeline, mut diagnostics) = catalog::load_file(file, library)
        .with_context(|| format!("the pipeline {} can't be read", file.display()))
        .map_err(Failure::Usage)?;
    if let Some(config) = config {
        sender::filters(config, &pipeline, &mut diagnostics);
    }
    if !diagnostics.has_errors() {
        match payload.filter(|_| !pipeline.listeners.is_empty()) {
            Some(payload) => with_payload(&pipeline, payload, &mut diagnostics),
            None => without_payload(&pipeline, &mut diagnostics),
        }
    }
    Ok(diagnostics.resolve(&pipeline.sources))
}

/// Expands with a payload for each webhook resource.
fn with_payload(pipeline: &Pipeline, payload: &Payload<'_>, diagnostics: &mut Diagnostics) {
    for listener in &pipeline.listeners {
        let webhook = TriggeringWebhook {
            alias: &listener.resource.alias,
            payload: select(payload, &listener.wanted),
            headers: &[],
            event: None,
            delivery: DELIVERY,
        };
        prepare(pipeline, &Trigger { webhook: Some(webhook), ..Trigger::default() }, diagnostics);
    }
}

/// Expands with nothing. A pipeline that wants no values is checked whole; of others, what does
/// not depend on the values.
fn without_payload(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let mut found = Diagnostics::default();
    prepare(pipeline, &Trigger::default(), &mut found);
    let wants_values = !pipeline.listeners.is_empty() || !pipeline.template.parameters().is_empty();
    for diagnostic in found {
        if !wants_values || SURE.contains(&diagnostic.code) {
            diagnostics.push(diagnostic);
        }
    }
}
