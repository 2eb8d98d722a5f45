//! What `render` and `run` share: a pipeline, a payload and given values, brought together as a
//! delivery would.

use super::failure::Failure;
use super::{Global, input};
use crate::catalog::{self, Library, Listener, Pipeline, Prepared, Trigger, TriggeringWebhook, prepare};
use crate::config::{self, Config};
use crate::diagnostic::{Diagnostics, SourceId, Style, render_all, shown};
use crate::webhook::connection::Connection;
use crate::webhook::delivery::Header;
use crate::webhook::payload::{self, Payload, PayloadMistake};
use crate::webhook::select::{Selected, select};
use crate::webhook::{filter, header};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// The id of a delivery that is none.
pub(super) const DELIVERY: &str = "dlv_00000000000000000000000000000000";
/// The endings that a pipeline's file may have where only its name is given.
const ENDINGS: [&str; 2] = ["yml", "yaml"];

/// The pipeline and what it is expanded with.
#[derive(Debug, Args)]
pub(super) struct Expansion {
    /// The pipeline's file, or its name in the pipelines folder
    pipeline: PathBuf,
    /// The payload of a delivery, as JSON; - for stdin
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// The webhook resource that the payload is for, where there are several
    #[arg(long, value_name = "ALIAS", requires = "payload")]
    webhook: Option<String>,
    /// A header of the delivery; may be given more than once
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = input::header, requires = "payload")]
    headers: Vec<(String, String)>,
    /// The value of a parameter; may be given more than once
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = assignment)]
    parameters: Vec<(String, String)>,
    /// The value of a variable; may be given more than once
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = assignment)]
    variables: Vec<(String, String)>,
}

impl Expansion {
    /// Expands and checks the pipeline. What is wrong, or worth a warning, is printed to stderr;
    /// `None` means that the run would be rejected.
    pub(super) fn prepare(&self, global: &Global) -> Result<Option<Prepared>, Failure> {
        let config = global.config_without_secrets()?;
        let file = self.file(&config)?;
        let library = Library::new(&config);
        let (pipeline, mut diagnostics) = catalog::load_file(&file, &library)
            .with_context(|| format!("the pipeline {} can't be read", file.display()))
            .map_err(Failure::Usage)?;
        let bytes = self.payload.as_deref().map(|file| input::bytes(Some(file))).transpose()?;
        let payload = bytes.as_deref().map(read_payload).transpose()?;
        let listener = payload.as_ref().map(|_| self.listener(&pipeline)).transpose();
        let read = diagnostics.clone();
        let prepared = match listener {
            // Who listens can't be said of a file that is broken.
            Err(_) if diagnostics.has_errors() => {
                catalog::add_sure_mistakes(&pipeline, &mut diagnostics);
                None
            }
            listener => self.expand(&config, &pipeline, payload.as_ref().zip(listener?), &mut diagnostics)?,
        };
        if prepared.is_none() {
            diagnostics = catalog::explained_of_run(&file, &library, &pipeline, read, diagnostics);
        }
        let reports = diagnostics.without_notes().resolve(&pipeline.sources);
        anstream::eprint!("{}", render_all(&reports, Style::Coloured));
        Ok(prepared)
    }

    fn expand(
        &self,
        config: &Config,
        pipeline: &Pipeline,
        with: Option<(&Payload<'_>, &Listener)>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Prepared>, Failure> {
        let read = with.map(|(payload, listener)| used(Some(config), listener, payload)).transpose()?;
        let with = read.as_ref().zip(with.map(|(_, listener)| listener));
        let mut trigger = Trigger { parameters: &self.parameters, variables: &self.variables, ..Trigger::default() };
        let (kept, event) = match with {
            Some((payload, listener)) => kept(Some(config), listener, payload, &self.headers)?,
            None => (Vec::new(), None),
        };
        if let Some((payload, listener)) = with {
            let selected = select(payload, &listener.wanted);
            warn_of_filters(listener, &selected, &kept, connection_of(Some(config), listener));
            trigger.substitution = config.substitution(&listener.resource.connection);
            trigger.webhook = Some(TriggeringWebhook {
                alias: &listener.resource.alias,
                payload: selected,
                headers: &kept,
                event: event.as_deref(),
                delivery: DELIVERY,
            });
        }
        Ok(prepare(pipeline, &trigger, diagnostics))
    }

    /// Returns the names and texts of all files that a run is made from, as they are now: the
    /// pipeline with its templates, the payload, the configuration. One that can't be read has the
    /// reason for its text.
    pub(super) fn texts(&self, global: &Global) -> Vec<(String, String)> {
        let mut texts: Vec<(String, String)> = Vec::new();
        let mut add = |file: &Path| {
            let text = std::fs::read_to_string(file).unwrap_or_else(|error| error.to_string());
            texts.push((file.display().to_string(), text));
        };
        if let Some(payload) = &self.payload {
            add(payload);
        }
        if let Some(config) =
            global.config.as_deref().or_else(|| Some(Path::new(config::FILE_DEFAULT)).filter(|it| it.exists()))
        {
            add(config);
        }
        let Ok(config) = global.config_without_secrets() else { return texts };
        let Ok(file) = self.file(&config) else { return texts };
        add(&file);
        if let Ok((pipeline, _)) = catalog::load_file(&file, &Library::new(&config)) {
            let sources = (0..).map_while(|id| pipeline.sources.source(SourceId(id)));
            texts.extend(sources.map(|source| (source.name.to_string(), source.text.to_string())));
        }
        texts
    }

    /// Says whether the payload comes from stdin, which can be read once only.
    pub(super) fn reads_stdin(&self) -> bool {
        self.payload.as_deref() == Some(Path::new("-"))
    }

    /// Returns the pipeline's file.
    pub(super) fn file(&self, config: &Config) -> Result<PathBuf, Failure> {
        if self.pipeline.is_file() {
            return Ok(self.pipeline.clone());
        }
        let inside = config.pipelines.join(&self.pipeline);
        let mut candidates = ENDINGS.iter().map(|ending| add_ending(&inside, ending));
        candidates.find(|candidate| candidate.is_file()).ok_or_else(|| {
            let named = shown(&self.pipeline.to_string_lossy());
            Failure::usage(format!("there is no pipeline `{named}`, as a file or in {}", config.pipelines.display()))
        })
    }

    /// Returns the webhook resource that the payload is for.
    fn listener<'p>(&self, pipeline: &'p Pipeline) -> Result<&'p Listener, Failure> {
        let aliases = || pipeline.listeners.iter().map(|it| it.resource.alias.as_str()).collect::<Vec<_>>().join(", ");
        match (&self.webhook, pipeline.listeners.as_slice()) {
            (_, []) => Err(Failure::usage("the pipeline has no webhook resource that could take a payload")),
            (None, [only]) => Ok(only),
            (None, _) => Err(Failure::usage(format!("say which webhook the payload is for: --webhook {}", aliases()))),
            (Some(alias), listeners) => {
                listeners.iter().find(|it| it.resource.alias.eq_ignore_ascii_case(alias)).ok_or_else(|| {
                    let there = format!("no webhook has the alias `{}`, there are: {}", shown(alias), aliases());
                    Failure::usage(there)
                })
            }
        }
    }
}

/// Returns the headers that would be kept of a delivery and the event's name, by the rules of the
/// configured connection if there is one.
pub(super) fn kept(
    config: Option<&Config>,
    listener: &Listener,
    payload: &Payload<'_>,
    headers: &[Header],
) -> Result<(Vec<Header>, Option<String>), Failure> {
    let Some(connection) = connection_of(config, listener) else {
        let lower = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        return Ok((lower.collect(), None));
    };
    let raw: Vec<header::RawHeader<'_>> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let about = select(payload, &connection.wanted());
    let event = header::event(connection, &raw, &about).map_err(|doubled| Failure::usage(doubled.to_string()))?;
    Ok((header::kept_headers(connection, &raw, |name| listener.headers.iter().any(|it| it == name)), event))
}

/// Returns the configured connection that a webhook resource listens to, if there is one.
pub(super) fn connection_of<'c>(config: Option<&'c Config>, listener: &Listener) -> Option<&'c Connection> {
    let named = |name: &str| name.eq_ignore_ascii_case(&listener.resource.connection);
    config?.connections.iter().find(|it| named(&it.name)).map(|it| &**it)
}

fn add_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

fn read_payload(bytes: &[u8]) -> Result<Payload<'_>, Failure> {
    payload::check(bytes).map_err(unusable)
}

/// Returns what the connection of a webhook resource uses of a payload: of a message that carries its
/// signature the signed members, of every other one all.
pub(super) fn used<'p>(
    config: Option<&Config>,
    listener: &Listener,
    payload: &'p Payload<'_>,
) -> Result<Payload<'p>, Failure> {
    match connection_of(config, listener).filter(|connection| connection.signs_in_body()) {
        Some(connection) => payload::read(connection.body(None, payload.json().as_bytes())).map_err(unusable),
        None => Ok(payload.clone()),
    }
}

fn unusable(mistake: PayloadMistake) -> Failure {
    Failure::mistake(format!("the payload can't be used: {mistake}"))
}

/// Says which filters would have kept the pipeline from starting; what is asked for is shown all
/// the same.
fn warn_of_filters(listener: &Listener, payload: &Selected<'_>, headers: &[Header], connection: Option<&Connection>) {
    let (_, verdicts) = filter::evaluate(&listener.filters, payload, headers, connection);
    for verdict in verdicts.iter().filter(|verdict| !verdict.holds) {
        let found = match (&verdict.found, &verdict.reason) {
            (_, Some(reason)) => reason.clone(),
            (Some(found), None) => format!("found `{}`", shown(found)),
            (None, None) => "found no text".to_owned(),
        };
        anstream::eprintln!(
            "note: with this payload the pipeline would not start: `{}` should be `{}`, {found}",
            shown(&verdict.path),
            shown(&verdict.wanted)
        );
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
