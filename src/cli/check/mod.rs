//! `pipehook check`: mistakes in pipelines and the configuration, before a delivery finds them.

mod file;
mod parallel;
mod sarif;
mod sender;

use super::failure::{Ending, Failure};
use super::{Global, input, output};
use crate::catalog::{self, Library};
use crate::config::Config;
use crate::diagnostic::{Report, Severity, Style, render_all};
use crate::webhook::payload;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

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
    /// Also expand each pipeline that listens to a webhook with this payload, and say where its text goes
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
        let check = |path: &PathBuf| file::check(path, &library, payload.as_ref(), config.as_ref());
        let mut trails = String::new();
        for of_file in parallel::map(&files, check) {
            reports.extend(of_file.reports);
            trails.push_str(&of_file.trail);
        }
        if self.format == ReportFormat::Text {
            output::text(&trails)?;
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
                anstream::eprintln!(
                    "checked {}: {}, {}",
                    counted(files, "pipeline"),
                    counted(count(Severity::Error), "error"),
                    counted(count(Severity::Warning), "warning")
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
    if path.is_dir() {
        files.extend(catalog::paths(path).map_err(|error| Failure::Usage(error.into()))?);
    } else if path.exists() {
        files.push(path.to_owned());
    } else {
        return Err(Failure::usage(format!("there is no pipeline {}", path.display())));
    }
    Ok(())
}
