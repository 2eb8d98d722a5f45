//! What all deliveries to one listener have in common, worked out once.
//!
//! Most pipelines only pass texts of a payload on. Such a pipeline is expanded and validated once,
//! with a blank in the place of each text, and a delivery then only has its texts tested against
//! what their places need. A delivery for which that is not enough (a number where others had
//! text, a text that its place does not take) goes the long way through [`super::prepare()`], which
//! also finds the words for what is wrong.
//!
//! A pipeline has a draft only if nothing but texts in places of texts can differ: no expression
//! looks at a payload's text ([`Template::expand_for_any_text`]), every check passes with the
//! blanks, and each blank comes out whole ([`Form::with_blanks`]).
//!
//! [`Template::expand_for_any_text`]: crate::template::Template::expand_for_any_text

use super::prepare::inputs;
use super::{Listener, Pipeline, Trigger, TriggeringWebhook, known};
use crate::diagnostic::{Diagnostics, Report};
use crate::pipeline::form::{Form, blank};
use crate::pipeline::plan::{NAME_DEFAULT, Plan};
use crate::pipeline::{Need, validate_with_needs};
use crate::run::{self, RunName};
use crate::shell::Requirement;
use crate::webhook::path::PathStep;
use crate::webhook::select::Selected;
use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use std::borrow::Cow;
use std::sync::Arc;

/// The most blanks of a draft.
const BLANKS_MAX: usize = 100;
/// The most bytes of all texts of a delivery that are put into blanks. Longer ones go the long
/// way, where every limit is looked at.
const TEXTS_MAX: usize = 32 * 1024;

/// A pipeline's work with blanks for a payload's texts.
#[derive(Debug)]
pub struct Draft {
    /// The work.
    pub form: Arc<Form>,
    /// The plan with the blanks in it, for what does not depend on them.
    plan: Plan,
    /// What `check` would say all the same: warnings.
    pub reports: Vec<Report>,
    /// For each blank, the place in the payload.
    places: Vec<Vec<PathStep>>,
    /// What the text in a blank must look like.
    needs: Vec<(usize, Requirement)>,
    /// The name of runs and the second of which it is.
    named: ArcSwapOption<(i64, RunName)>,
}

impl Draft {
    pub(super) fn new(pipeline: &Pipeline, listener: &Listener) -> Option<Self> {
        let places = listener.reads.clone();
        // The branch is looked up for each run anew.
        if pipeline.home.is_some() {
            return None;
        }
        if places.len() > BLANKS_MAX || !are_apart(&places) || pipeline.template.reads_resources() {
            return None;
        }
        let blanks: Vec<String> = (0..places.len()).map(|place| format!("\"{}\"", blank(place))).collect();
        let webhook = TriggeringWebhook {
            alias: &listener.resource.alias,
            payload: blank_payload(&places, &blanks),
            headers: &[],
            event: None,
            delivery: "",
        };
        let trigger = Trigger { webhook: Some(webhook), ..Trigger::default() };
        let mut diagnostics = Diagnostics::default();
        let inputs = inputs(pipeline, &trigger, &mut diagnostics);
        let document = pipeline.template.expand_for_any_text(&inputs, &mut diagnostics)?;
        let (mut plan, needs) = validate_with_needs(
            &document,
            &pipeline.name,
            &pipeline.scripts.rules(trigger.substitution),
            &mut diagnostics,
        )?;
        known::complete(&mut plan, &trigger, inputs.variables);
        if !has_fixed_name(&plan) {
            return None;
        }
        let needs = needs.iter().map(need).collect::<Option<Vec<_>>>()?;
        let form = Arc::new(Form::with_blanks(&plan, &document)?);
        Some(Self {
            form,
            plan,
            reports: diagnostics.without_notes().resolve(&pipeline.sources),
            places,
            needs,
            named: ArcSwapOption::empty(),
        })
    }

    /// Returns the name of a run that is queued at a moment. All of one second have the same but for
    /// the revision.
    pub fn name(&self, at: Timestamp) -> RunName {
        let second = at.as_second();
        if let Some(named) = self.named.load().as_ref().filter(|named| named.0 == second) {
            return named.1.clone();
        }
        let name = run::resolve(&self.plan, at);
        self.named.store(Some(Arc::new((second, name.clone()))));
        name
    }

    /// Returns the texts for the blanks, if a payload has a text for each and all of them may stand
    /// where they would.
    pub fn texts(&self, payload: &Selected<'_>) -> Option<Vec<String>> {
        let mut texts = Vec::with_capacity(self.places.len());
        let mut bytes = 0;
        for place in &self.places {
            let text: String = payload.json(place).filter(|json| json.starts_with('"')).and_then(|json| {
                // Without escapes the text stands between the quotes as it is.
                let inside = &json[1..json.len() - 1];
                if inside.contains('\\') { serde_json::from_str(json).ok() } else { Some(inside.to_owned()) }
            })?;
            bytes += text.len();
            if bytes > TEXTS_MAX || text.contains('\0') {
                return None;
            }
            texts.push(text);
        }
        self.needs.iter().all(|(place, requirement)| requirement.admits(&texts[*place])).then_some(texts)
    }
}

/// Returns a payload that has values at places: JSON texts, one for each. Places of items, and those inside
/// of which others lie, are left out.
pub(super) fn blank_payload<'p>(places: &'p [Vec<PathStep>], values: &'p [String]) -> Selected<'p> {
    let mut payload = Vec::new();
    let is_around = |place: &[PathStep], other: &Vec<PathStep>| other.len() > place.len() && begins_with(other, place);
    for (place, value) in places.iter().zip(values) {
        if !places.iter().any(|other| is_around(place, other)) {
            put(&mut payload, place, value);
        }
    }
    Selected::Object(payload)
}

/// Says whether each place is that of a member, and none lies inside another.
fn are_apart(places: &[Vec<PathStep>]) -> bool {
    let is_plain =
        |place: &[PathStep]| !place.is_empty() && place.iter().all(|step| matches!(step, PathStep::Member(_)));
    let is_inside = |(at, place): (usize, &Vec<PathStep>)| {
        places.iter().enumerate().any(|(other, outer)| other != at && begins_with(place, outer))
    };
    places.iter().all(|place| is_plain(place)) && !places.iter().enumerate().any(is_inside)
}

/// Names are compared as a payload's members are found: ignoring ASCII case.
fn begins_with(place: &[PathStep], outer: &[PathStep]) -> bool {
    let is_same = |(one, other): (&PathStep, &PathStep)| match (one, other) {
        (PathStep::Member(one), PathStep::Member(other)) => one.eq_ignore_ascii_case(other),
        _ => one == other,
    };
    place.len() >= outer.len() && place.iter().zip(outer).all(is_same)
}

/// Puts a JSON text at a place of a payload that is being made; nothing at the place of an item.
fn put<'p>(members: &mut Vec<(Cow<'p, str>, Selected<'p>)>, place: &'p [PathStep], value: &'p str) {
    let [PathStep::Member(name), rest @ ..] = place else { return };
    if rest.is_empty() {
        members.push((name.as_str().into(), Selected::Raw(value)));
        return;
    }
    let known = members.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
    let at = known.unwrap_or_else(|| {
        members.push((name.as_str().into(), Selected::Object(Vec::new())));
        members.len() - 1
    });
    if let Selected::Object(inside) = &mut members[at].1 {
        put(inside, rest, value);
    }
}

/// Says whether runs get their names without a look at a payload.
fn has_fixed_name(plan: &Plan) -> bool {
    let has_macros = plan.name.flatten() != NAME_DEFAULT && plan.name.flatten().contains("$(");
    let is_variable_tainted = plan.variables.iter().any(|variable| variable.value.is_tainted());
    !(plan.name.is_tainted() || has_macros && is_variable_tainted)
}

/// Returns the blank that a need is about. `None` where its text is not a whole blank.
fn need(need: &Need) -> Option<(usize, Requirement)> {
    let place = (0..BLANKS_MAX).find(|&place| *blank(place) == *need.text)?;
    Some((place, need.requirement))
}
