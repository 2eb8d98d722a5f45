//! `pipehook check`: mistakes in pipelines, templates and the configuration, before a delivery finds them.

mod file;
mod foresight;
mod other;
mod parallel;
mod pool;
mod sarif;
mod sender;
mod subject;
mod upstream;

use super::failure::{Ending, Failure};
use super::{Global, input, output};
use crate::catalog::{self, Library};
use crate::config::{Config, Environment, environment_variable};
use crate::diagnostic::{Code, Report, Severity, Style, render_by_file, shown};
use crate::pipeline::WITHOUT_REPOSITORY;
use crate::template::TemplateKind;
use crate::webhook::payload;
use clap::{Args, ValueEnum};
use file::Checked;
use foresight::{Foreseen, Given};
use serde::Serialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use subject::{Subjects, counted};

/// Diagnoses pipelines, templates and the configuration. The exit code is 1 if there are errors.
///
/// A file is a template if it is in a folder `templates`, if another checked file names it, or if it
/// has `variables` and nothing that runs; its mistakes are those that it has whoever uses it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook check
  pipehook check pipelines/hello.yml --payload payload.json
  pipehook check --payload payload.json --header 'X-GitHub-Event: push' --format json
  pipehook check --format sarif > pipehook.sarif")]
pub(super) struct Check {
    /// Pipelines, templates, configurations, or folders of them; without any, the configuration and
    /// its pipelines folder
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Also expand each pipeline that listens to a webhook with this payload, and say where its text goes
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// The webhook resources that the payload is for, by their alias; otherwise all
    #[arg(long, value_name = "ALIAS", requires = "payload")]
    webhook: Option<String>,
    /// A header of the delivery; may be given more than once
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = input::header, requires = "payload")]
    headers: Vec<(String, String)>,
    /// Leave the secrets of a configuration where they are, for machines that have none; otherwise one
    /// that is not there is a mistake, as it is for `serve`
    #[arg(long)]
    without_secrets: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people, on stderr
    Text,
    /// One JSON document on stdout: the reports, and with a payload also what would become of it
    Json,
    /// For code review tools, on stdout
    Sarif,
}

/// What is printed as JSON where a payload was given.
#[derive(Debug, Serialize)]
struct WithPayload<'c> {
    reports: &'c [Report],
    pipelines: &'c [Foreseen],
}

impl Check {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let bytes = self.payload.as_deref().map(|file| input::bytes(Some(file))).transpose()?;
        let payload = bytes.as_deref().map(payload::check).transpose();
        let payload = payload.map_err(|mistake| Failure::mistake(format!("the payload can't be used: {mistake}")))?;
        let given = payload.map(|payload| Given { payload, headers: &self.headers, webhook: self.webhook.as_deref() });
        let mut subjects = Subjects::default();
        let (config, mistakes) = match Config::load_without_secrets(global.config.as_deref()) {
            Ok(config) => (Some(config), Vec::new()),
            Err(mistakes) => (None, mistakes.diagnostics.resolve(&mistakes.sources)),
        };
        let library = config
            .as_ref()
            .map_or_else(Library::default, |config| Library::new(config).knowing(pool::elsewhere(config)));
        if self.paths.is_empty() {
            subjects.add_configured(global.config.as_deref(), config.as_ref(), &library)?;
        }
        for path in &self.paths {
            subjects.add(path, &library)?;
        }
        // A folder that can't be read is told with the configuration.
        let served = config.as_ref().and_then(|config| catalog::names(&config.pipelines, &library).ok());
        let served = served.unwrap_or_default();
        let pipelines = parallel::map(&subjects.pipelines, |path: &PathBuf| {
            file::check(path, &library, given.as_ref(), config.as_ref(), &served)
        });
        let mut pipelines = pipelines.into_iter().collect::<Result<Vec<Checked>, Failure>>()?;
        if let Some(alias) = self.webhook.as_deref().filter(|_| !pipelines.iter().any(|it| it.takes)) {
            return Err(Failure::usage(format!("no webhook of these pipelines has the alias `{}`", shown(alias))));
        }
        let foreseen: Vec<Foreseen> = pipelines.iter_mut().flat_map(|it| std::mem::take(&mut it.foreseen)).collect();
        if self.format == ReportFormat::Text {
            output::text(&foreseen.iter().map(Foreseen::text).collect::<String>())?;
        }
        let mut kinds: HashMap<PathBuf, TemplateKind> =
            pipelines.iter().flat_map(|checked| checked.included.iter().cloned()).collect();
        let template = |path: &PathBuf| other::template(path, kind_of(path, &kinds), &library);
        let mut templates = parallel::map(&subjects.templates, template);
        // A template may be named by templates only.
        let named = templates.iter_mut().flat_map(|it| std::mem::take(&mut it.included)).collect::<Vec<_>>();
        // What a file names that could not be read is seen in its text alone.
        let unread: Vec<Arc<str>> =
            pipelines.iter().chain(&templates).flat_map(|it| it.unread.iter().cloned()).collect();
        let may_be_named = |path: &PathBuf| Some((path.canonicalize().ok()?, catalog::named_in_unread(path, &unread)?));
        for (path, kind) in named.into_iter().chain(subjects.pipelines.iter().filter_map(may_be_named)) {
            kinds.entry(path).or_insert(kind);
        }
        let environment: Option<&Environment<'_>> = (!self.without_secrets).then_some(&environment_variable);
        let mut reports: Vec<Report> =
            subjects.configurations.iter().flat_map(|path| other::configuration(path, environment)).collect();
        let known = subjects.templates.len();
        reports.extend(subjects.sort_out(pipelines, &kinds));
        reports.extend(subjects.names().cloned());
        let template = |path: &PathBuf| other::template(path, kind_of(path, &kinds), &library);
        templates.extend(parallel::map(&subjects.templates[known..], template));
        reports.extend(templates.into_iter().flat_map(|it| it.reports));
        // What a configuration would say that can't be read is not missing.
        reports.retain(|report| mistakes.is_empty() || !follows_from_configuration(report));
        reports.extend(mistakes);
        let reports = without_repeats(reports);
        self.print(&reports, &foreseen, &subjects)?;
        let has_errors = reports.iter().any(|report| report.severity == Severity::Error);
        Ok(if has_errors { Ending::Mistakes } else { Ending::Done })
    }

    fn print(&self, reports: &[Report], foreseen: &[Foreseen], subjects: &Subjects) -> Result<(), Failure> {
        match self.format {
            ReportFormat::Json if self.payload.is_some() => {
                output::json(&WithPayload { reports, pipelines: foreseen })?
            }
            ReportFormat::Json => output::json(&reports)?,
            ReportFormat::Sarif => output::json(&sarif::document(reports))?,
            ReportFormat::Text => {
                anstream::eprint!("{}", render_by_file(reports, Style::Coloured));
                let count = |severity| reports.iter().filter(|report| report.severity == severity).count();
                anstream::eprintln!(
                    "checked {}: {}, {}",
                    subjects.counted(),
                    counted(count(Severity::Error), "error"),
                    counted(count(Severity::Warning), "warning")
                );
            }
        }
        Ok(())
    }
}

fn kind_of(path: &Path, kinds: &HashMap<PathBuf, TemplateKind>) -> Option<TemplateKind> {
    kinds.get(&path.canonicalize().ok()?).copied()
}

impl Subjects {
    /// Returns what is wrong with the pipelines. One that no delivery starts and another file names
    /// is a template: it joins those.
    fn sort_out(&mut self, checked: Vec<Checked>, kinds: &HashMap<PathBuf, TemplateKind>) -> Vec<Report> {
        let mut reports = Vec::new();
        for (path, checked) in std::mem::take(&mut self.pipelines).into_iter().zip(checked) {
            if !checked.listens && kind_of(&path, kinds).is_some() {
                self.templates.push(path);
            } else {
                reports.extend(checked.reports);
                self.pipelines.push(path);
            }
        }
        reports
    }
}

/// Says whether a mistake is that the configuration does not define what a pipeline names.
fn follows_from_configuration(report: &Report) -> bool {
    report.code == Code::UnknownGroup || report.title.contains(WITHOUT_REPOSITORY)
}

/// Returns each report once, as bad as it was told: a mistake in a template is found with every
/// pipeline that uses it, by whichever way the file is named.
fn without_repeats(reports: Vec<Report>) -> Vec<Report> {
    let mut kept: Vec<Report> = Vec::new();
    let mut known = HashMap::new();
    for report in reports {
        let file = |name: &str| Path::new(name).canonicalize().unwrap_or_else(|_| name.into());
        let place = report.place.as_ref().map(|place| (file(&place.file), place.line, place.column));
        let at = *known.entry((report.code, report.likeness().into_owned(), place)).or_insert(kept.len());
        match kept.get_mut(at) {
            Some(same) => {
                let is_whole =
                    |report: &Report| report.place.as_ref().is_some_and(|it| Path::new(&it.file).is_absolute());
                let mut other = report;
                if is_whole(same) && !is_whole(&other) {
                    std::mem::swap(same, &mut other);
                }
                same.join(&other);
            }
            None => kept.push(report),
        }
    }
    kept
}
