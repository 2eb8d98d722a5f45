//! What only shows where pipelines and connections are known together: decisions that rest on
//! something a sender does not prove.

use super::super::expansion::connection_of;
use crate::catalog::{Looked, Pipeline, about_delivery};
use crate::config::Config;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Report, SourceMap, Span, shown, shown_sentence};
use crate::pipeline::{Subject, WebhookResource};
use crate::template::Decision;
use crate::webhook::connection::{Authentication, Connection};
use crate::webhook::header;
use crate::webhook::scheme::Kind;
use crate::webhook::source::Source;
use jiff::Timestamp;

/// Warns of filters that look at headers which the connection's checksum does not cover, and of
/// resources without a connection.
pub(super) fn filters(config: &Config, pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for listener in &pipeline.listeners {
        let Some(connection) = connection_of(Some(config), listener) else {
            unknown(config, &listener.resource, diagnostics);
            continue;
        };
        for filter in &listener.resource.filters {
            let Subject::Header(header) = &filter.subject else { continue };
            if !header::is_kept(connection, header) {
                let warning = never_kept(header, connection, filter.subject_span);
                diagnostics.push(warning.note("the filter never holds, so that nothing starts the pipeline by it"));
            } else if !is_proved(header, connection) {
                let help = "filter by a `path` of the payload instead, or as well";
                diagnostics.push(unsigned(header, connection, filter.subject_span).help(help));
            }
        }
    }
}

/// Warns of what decides by headers which the connection's checksum does not cover, or by an event that stands in such a
/// one, also where a variable, a parameter or a loop brings it.
pub(super) fn conditions(config: &Config, pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for Decision { reference, span, through } in pipeline.template.decisions() {
        let Some((alias, subject)) = about_delivery(&reference) else { continue };
        let listener = pipeline.listeners.iter().find(|it| it.resource.alias.eq_ignore_ascii_case(alias));
        let Some(connection) = listener.and_then(|listener| connection_of(Some(config), listener)) else { continue };
        let header = match subject {
            Looked::Header(name) => Some(name),
            Looked::Event => event_header(connection),
        };
        let Some(header) = header else { continue };
        let warning = if !header::is_kept(connection, header) {
            never_kept(header, connection, span).note("it is empty here, whatever was sent")
        } else if !is_proved(header, connection) {
            let help = "decide by a member of the payload instead, or as well";
            unsigned(header, connection, span).help(help)
        } else {
            continue;
        };
        let brought = |it: Diagnostic, (name, at): &(String, Span)| {
            it.related(*at, format!("it comes through `{}`", shown(name)))
        };
        diagnostics.push(through.iter().fold(warning, brought));
    }
}

/// Says whether a header is covered, or a connection asks for no proof at all.
fn is_proved(header: &str, connection: &Connection) -> bool {
    matches!(connection.authentication, Authentication::None) || connection.scheme.covers_header(header)
}

fn never_kept(header: &str, connection: &Connection, span: Span) -> Diagnostic {
    let title = format!("the header `{}` is never kept", shown(header));
    let label = match connection.carrier.is_header(header) {
        true => "the checksum of its connection stands in it",
        false => "by its name it proves who the sender is",
    };
    let warning = Diagnostic::warning(Code::UnsignedFilter, title, span, label);
    warning.help("look at a `path` of the payload, or at another header")
}

fn unsigned(header: &str, connection: &Connection, span: Span) -> Diagnostic {
    let title = format!("the header `{}` is not signed", shown(header));
    let label = format!("the scheme `{}` does not cover it", connection.scheme.name);
    let warning = Diagnostic::warning(Code::UnsignedFilter, title, span, label);
    warning.note("whoever has seen a delivery can post its body again with another value here")
}

/// Returns the header that names the event, if one does.
fn event_header(connection: &Connection) -> Option<&str> {
    let sources = &connection.scheme.event.as_ref()?.sources;
    sources.iter().find_map(|source| if let Source::Header(name) = source { Some(name.as_str()) } else { None })
}

/// Warns of a resource whose connection nobody configured, where connections are configured at all.
fn unknown(config: &Config, resource: &WebhookResource, diagnostics: &mut Diagnostics) {
    if config.connections.is_empty() {
        return;
    }
    let title = format!("no connection `{}` is configured", shown(&resource.connection));
    let warning =
        Diagnostic::warning(Code::UnknownConnection, title, resource.connection_span, "nothing can start the pipeline");
    let names = config.connections.iter().map(|it| it.name.as_str());
    diagnostics.push(warning.suggest(&resource.connection, names));
}

/// Warns of connections whose sender proves less than one may think.
pub(super) fn connections(config: &Config, now: Timestamp) -> Vec<Report> {
    let mut diagnostics = Diagnostics::default();
    for connection in config.connections.iter().filter(|connection| connection.enabled) {
        let name = shown(&connection.name);
        if connection.has_outlived_its_secrets(now) {
            let title = format!("every secret of connection `{name}` has ended: nobody can post to it");
            let warning = Diagnostic::warning_without_place(Code::Configuration, title);
            diagnostics.push(warning.help("add the secret that its sender has now, or say `enabled: false`"));
        }
        for weakness in connection.weaknesses(now) {
            let title = format!("connection `{name}`: {}", shown_sentence(&weakness));
            let warning = Diagnostic::warning_without_place(Code::Configuration, title);
            diagnostics.push(warning.help("make each of 32 random bytes of its own: `openssl rand -hex 32`"));
        }
        if connection.scheme.kind == Kind::Sns && connection.topics.is_empty() {
            let title = format!("connection `{name}` takes notifications of any topic, of anybody's");
            let warning = Diagnostic::warning_without_place(Code::OpenTopics, title);
            diagnostics.push(warning.help("name those that may post: `topics: [arn:aws:sns:...]`"));
        }
        if connection.scheme.signed.has_id() && connection.repeat.is_none() {
            let title = format!("connection `{name}` takes the same delivery again while its timestamp is near");
            let warning = Diagnostic::warning_without_place(Code::ReplayProtection, title);
            diagnostics.push(warning.help("remove `repeat: none`: the id that the sender signs then tells repeats"));
        }
    }
    diagnostics.resolve(&SourceMap::default())
}
