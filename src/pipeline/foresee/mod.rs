//! The scripts of a pipeline as they stand before any payload.
//!
//! What a script's holes require depends on its author's text alone. So it is worked out when the
//! pipeline is loaded: `pipehook check` tells the author of a place that takes no payload text, and
//! a delivery only tests its values. A script that is put together in a way that can't be foreseen
//! is analysed when it is expanded.
//!
//! A delivery comes by one alias, and what the others would have brought is nothing then. So the scripts are
//! looked at for each alias by itself: what its holes require, and what its connection says of payload text,
//! is asked of its own holes, and of no other's.
//!
//! ```text
//! written  text with the places in it into which payload text comes
//! passed   what is known of a value: the payload's, the author's, or text of both
//! visit    the pipeline's file and the templates, each with what is passed to it
//! find     variables, templates and scripts of one file
//! ```

mod find;
mod passed;
mod visit;
mod written;

use super::check::scripts::{brought, diagnostic, need, raw, strict};
use super::{Machine, ScriptRules};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::shell::{Entrance, Known, Outline, Piece, Substitution};
use crate::taint::Origin;
use crate::template::Template;
use crate::yaml::Node;
use std::sync::Arc;
use written::Place;

/// The scripts of a pipeline into which payload text comes.
#[derive(Debug, Clone, Default)]
pub struct Foreseen {
    scripts: Vec<ForeseenScript>,
    /// Variables that get payload text in one place, and may be something else in another.
    unsure: Vec<String>,
    known: Known,
    machine: Option<Arc<dyn Machine>>,
}

/// A script, and where payload text comes into it.
#[derive(Debug, Clone)]
pub struct ForeseenScript {
    /// The alias of the webhook resource by which the payload comes.
    alias: Arc<str>,
    outline: Outline,
    holes: Vec<Place>,
    /// The variables of the environment, in the outline's order.
    environment: Vec<Place>,
    /// Where it stands.
    span: Span,
}

/// Finds the scripts of a pipeline and of the templates that it names, and analyses them. `webhooks`
/// are the aliases that its document declares.
pub fn foresee(document: &Node, template: &Template, sources: &SourceMap, webhooks: &[String]) -> Foreseen {
    let (scripts, unsure) = visit::scripts(document, template, sources, webhooks);
    let known = Known::new(scripts.iter().map(|script| script.outline.clone()));
    Foreseen { scripts, unsure, known, machine: None }
}

impl Foreseen {
    /// Returns the rules for a run that a delivery of a connection starts.
    pub fn rules(&self, substitution: Substitution) -> ScriptRules {
        let (known, machine) = (self.known.clone(), self.machine.clone());
        ScriptRules { substitution, known, machine, has_values: true, ..ScriptRules::default() }
    }

    /// Returns the rules for a document in which values are missing: what is said of its scripts is said elsewhere.
    pub fn rules_without_values(&self, substitution: Substitution) -> ScriptRules {
        ScriptRules { known: Known::default(), has_values: false, ..self.rules(substitution) }
    }

    /// Returns what was foreseen, for a machine that will execute the runs.
    #[must_use]
    pub fn on(self, machine: Option<Arc<dyn Machine>>) -> Self {
        Self { machine, ..self }
    }

    /// Returns the scripts.
    pub fn scripts(&self) -> &[ForeseenScript] {
        &self.scripts
    }

    /// Reports what is wrong with the scripts for every payload that comes by an alias, given what its
    /// connection says.
    pub fn report(&self, alias: &str, substitution: Substitution, diagnostics: &mut Diagnostics) {
        for script in self.reached_by(alias) {
            match substitution {
                Substitution::Raw => script.holes.iter().for_each(|it| diagnostics.push(it.told(raw))),
                Substitution::Strict if !script.holes.is_empty() => {
                    let sure = script.holes.iter().filter(|it| !self.may_be_another(it));
                    sure.for_each(|it| diagnostics.push(it.told(strict)));
                }
                Substitution::Safe | Substitution::Strict => self.refusals(script, diagnostics),
            }
        }
    }

    /// Notes what payload text must look like where the scripts do not take every text, so that an author
    /// knows it before the first delivery (specification of security, scripts, 5). For a connection that
    /// puts text into scripts as data.
    pub fn report_needs(&self, alias: &str, diagnostics: &mut Diagnostics) {
        for script in self.reached_by(alias) {
            let analysis = self.known.analysis(&script.outline);
            for hole in analysis.requirements() {
                let told = hole.requirements.iter().filter(|it| it.is_worth_telling()).map(|it| it.description());
                let told = told.collect::<Vec<_>>().join(", and ");
                if let Some(place) = script.place(&hole.entrance).filter(|_| !told.is_empty()) {
                    let used = (&hole.entrance, hole.line);
                    diagnostics.push(need(&told, used, place.span, &place.origin, place.through.as_ref()));
                }
            }
        }
    }

    /// Returns the scripts as payloads that come by an alias reach them.
    fn reached_by(&self, alias: &str) -> impl Iterator<Item = &ForeseenScript> {
        self.scripts.iter().filter(move |script| *script.alias == *alias)
    }

    /// Says whether the variable that stands at a place may have a text of the author's there.
    fn may_be_another(&self, place: &Place) -> bool {
        let through = place.through.as_ref();
        through.is_some_and(|it| self.unsure.iter().any(|name| name.eq_ignore_ascii_case(&it.name)))
    }

    fn refusals(&self, script: &ForeseenScript, diagnostics: &mut Diagnostics) {
        for refusal in self.known.analysis(&script.outline).refusals() {
            if let Some(place) = script.place(&refusal.entrance) {
                diagnostics.push(diagnostic(refusal, place.span, Some(&place.origin), place.through.as_ref()));
            }
        }
    }
}

impl Place {
    /// Returns what is told of a place, with the variable that stands there.
    fn told(&self, tell: impl Fn(Span, &Origin) -> Diagnostic) -> Diagnostic {
        self.through.iter().fold(tell(self.span, &self.origin), brought)
    }
}

impl ForeseenScript {
    /// Returns the script without its values.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// Says whether payload text comes into it.
    fn is_tainted(&self) -> bool {
        !self.holes.is_empty() || !self.environment.is_empty()
    }

    fn place(&self, entrance: &Entrance) -> Option<&Place> {
        match entrance {
            Entrance::Segment(segment) => {
                let before = self.outline.pieces.iter().take(*segment);
                self.holes.get(before.filter(|piece| **piece == Piece::Hole).count())
            }
            Entrance::Variable(name) => {
                let at = self.outline.environment.iter().position(|known| known == name)?;
                self.environment.get(at)
            }
        }
    }
}
