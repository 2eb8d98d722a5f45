//! Scalars with expressions, each parsed and its names checked.

use super::Compiler;
use crate::diagnostic::{Code, Diagnostic, Severity, Span, did_you_mean, shown};
use crate::expression::{Expression, Mistake, Reference, Step};
use crate::template::directive;
use crate::template::hole::{self, Found};
use crate::template::part::{Chain, Hole, Part, Piece};
use crate::yaml;
use std::ops::Range;

/// What is known of a delivery beside its payload.
const OF_DELIVERIES: [&str; 3] = ["headers", "event", "delivery"];

/// Keys whose text is a script, and keys beside them that no script has for a command.
const SCRIPTS: [&str; 4] = ["script", "bash", "pwsh", "powershell"];
const OF_STEPS: [&str; 9] = [
    "displayName",
    "condition",
    "continueOnError",
    "workingDirectory",
    "failOnStderr",
    "timeoutInMinutes",
    "retryCountOnTaskFailure",
    "errorActionPreference",
    "env",
];

impl Compiler<'_> {
    pub(super) fn scalar(&mut self, scalar: &yaml::Scalar, span: Span) -> Part {
        let mut pieces = Vec::new();
        let mut is_known = true;
        for found in hole::find(&scalar.text) {
            match found {
                Found::Text(range) => pieces.push(Piece::Text(scalar.text[range].into())),
                Found::Expression { whole, inner } => {
                    let place = self.place(scalar, span, whole);
                    if let Some(word) = directive::word(&scalar.text[inner.clone()]) {
                        self.inline_directive(word, place);
                        // What follows may be meant to stand below it, and knows the value of a loop.
                        return Part::Unknown { span };
                    } else if let Some(hole) = self.hole(scalar, span, inner, place) {
                        pieces.push(Piece::Hole(hole));
                    } else {
                        is_known = false;
                    }
                }
                Found::Unclosed(range) => {
                    let place = self.place(scalar, span, range.clone());
                    let close = if scalar.text[range].starts_with("${{") { "}}" } else { ">>" };
                    let title = format!("the expression is not closed by `{close}`");
                    self.diagnostics.push(Diagnostic::error(Code::ExpressionSyntax, title, place, "it begins here"));
                    is_known = false;
                }
            }
        }
        if !is_known {
            return Part::Unknown { span };
        }
        match <[Piece; 1]>::try_from(pieces) {
            Ok([Piece::Hole(hole)]) => Part::Whole(hole),
            Ok([text]) => Part::Mixed { span, pieces: vec![text] },
            Err(pieces) => Part::Mixed { span, pieces },
        }
    }

    /// Warns of text that was meant as an expression.
    pub(super) fn half_open(&mut self, scalar: &yaml::Scalar, span: Span) {
        let Some(range) = hole::half_open(&scalar.text) else { return };
        let place = self.place(scalar, span, range);
        self.diagnostics.push(half_open_text(place));
    }

    fn inline_directive(&mut self, word: &str, place: Span) {
        let title = format!("the directive `{word}` can't stand here");
        let label = "a directive is the whole key of a mapping";
        let rest = if matches!(word, "else" | "insert") { "" } else { " …" };
        let help = format!("write it as a key, with a colon behind it: `${{{{ {word}{rest} }}}}:`");
        self.diagnostics.push(Diagnostic::error(Code::Directive, title, place, label).help(help));
    }

    /// Parses one expression. `place` is what it stands for as a whole.
    pub(super) fn hole(&mut self, scalar: &yaml::Scalar, span: Span, inner: Range<usize>, place: Span) -> Option<Hole> {
        let text = &scalar.text[inner.clone()];
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            Err(mistake) => {
                self.mistake(mistake, scalar, span, inner.start, Severity::Error);
                return None;
            }
        };
        let mut mistakes = expression.check(&self.scope);
        if mistakes.is_empty() {
            mistakes.extend(expression.references().iter().filter_map(|it| self.unknown_of_delivery(it)));
        }
        // Azure's parser counts arguments, so that a wrong number is a mistake of syntax, which is one everywhere
        // (reference, sections 2.3 and 3.1).
        let is_certain = self.is_certain;
        let is_fatal = |mistake: &Mistake| is_certain || mistake.code == Code::ArgumentCount;
        let is_wrong = mistakes.iter().any(is_fatal);
        for mistake in mistakes {
            let severity = if is_fatal(&mistake) { Severity::Error } else { Severity::Warning };
            self.mistake(mistake, scalar, span, inner.start, severity);
        }
        let references = expression.references();
        let is_lost_in_loop = self.reads_hollow(&references);
        let is_wrong = is_wrong
            || is_lost_in_loop
            || self.names.undeclared.is_some_and(|known| references.iter().any(|it| is_lost(it, known)));
        let reads_variables = references.iter().any(|it| it.root.eq_ignore_ascii_case("variables"));
        let chain = match references.as_slice() {
            [only] if !only.open && text[only.range.clone()].len() == text.trim().len() => {
                Some(Chain { root: only.root.as_str().into(), steps: only.steps.clone() })
            }
            _ => None,
        };
        let text_span = self.place(scalar, span, inner);
        let members = self.members(&expression);
        Some(Hole { span: place, text_span, expression, chain, reads_variables, members, is_wrong })
    }

    /// Returns the members of loops' values and of parameters of whose values an expression makes something.
    fn members(&self, expression: &Expression) -> Box<[Reference]> {
        let is_loop = |name: &str| self.loop_names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let is_member = |it: &Reference| match it.root.eq_ignore_ascii_case("parameters") {
            true => it.steps.len() > 1,
            false => !it.steps.is_empty() && is_loop(&it.root),
        };
        expression.needed().into_iter().filter(is_member).collect()
    }

    /// Says whether the value of a loop is read below which nothing stands. What may have been nothing to worry
    /// about is a mistake then.
    fn reads_hollow(&mut self, references: &[Reference]) -> bool {
        let is_read = |name: &str| references.iter().any(|it| it.root.eq_ignore_ascii_case(name));
        let mut hollow = self.hollow_loops.iter_mut();
        let Some((_, report)) = hollow.find(|(name, _)| is_read(name) && !self.loop_names.contains(name)) else {
            return false;
        };
        report.severity = Severity::Error;
        true
    }

    /// Warns of a line in the text of a script that was meant as a key of its step.
    pub(super) fn swallowed(&mut self, entry: &yaml::Entry) {
        let is_script = entry.key.text().is_some_and(|key| SCRIPTS.contains(&&**key));
        let yaml::Content::Scalar(scalar) = &entry.value.content else { return };
        if !is_script || !matches!(scalar.style, yaml::Style::Literal | yaml::Style::Folded) {
            return;
        }
        let mut start = 0;
        for line in scalar.text.split_inclusive('\n') {
            let key = line.split_once(':').map(|(key, _)| key).filter(|key| OF_STEPS.contains(key));
            if let Some(key) = key {
                let place = self.place(scalar, entry.value.span, start..start + line.trim_end().len());
                let title = format!("`{key}` is part of the script's text here, and no key of the step");
                let swallowed =
                    Diagnostic::warning(Code::Indentation, title, place, "this stands as deep as the script");
                self.diagnostics.push(swallowed.help("move it to the left, to the depth of the other keys"));
            }
            start += line.len();
        }
    }

    /// Returns the mistake of a reference to what no delivery has: an alias that no webhook resource has, or a
    /// member that none of them has.
    fn unknown_of_delivery(&self, reference: &Reference) -> Option<Mistake> {
        let steps = reference.steps.iter().map_while(|step| match step {
            Step::Member(name) => Some(name.as_str()),
            Step::Index(_) => None,
        });
        let steps: Vec<&str> = steps.collect();
        let is_here = |known: &[&str], name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
        let [kind, alias, rest @ ..] = steps.as_slice() else { return None };
        let is_of_webhooks = reference.root.eq_ignore_ascii_case("resources") && kind.eq_ignore_ascii_case("webhooks");
        let aliases = self.names.webhooks.map(|known| known.iter().map(String::as_str).collect::<Vec<_>>());
        let (title, label, help) = match (aliases, rest) {
            _ if !is_of_webhooks => return None,
            (Some(known), _) if !is_here(&known, alias) => {
                let title = format!("no webhook resource has the alias `{}`", shown(alias));
                let help =
                    did_you_mean(alias, known).unwrap_or_else(|| "declare it in `resources.webhooks`".to_owned());
                (title, "no such alias", help)
            }
            (_, [member, ..]) if !is_here(&OF_DELIVERIES, member) => {
                let title = format!("`resources.webhooks.{}` has no member `{}`", shown(alias), shown(member));
                let payload = || format!("the payload is `parameters.{}`", shown(alias));
                (title, "no such member", did_you_mean(member, OF_DELIVERIES).unwrap_or_else(payload))
            }
            _ => return None,
        };
        Some(Mistake::new(Code::UnknownName, reference.range.clone(), title, label).help(help))
    }

    /// Reports a mistake of an expression whose text begins at `base` in the scalar.
    fn mistake(&mut self, mistake: Mistake, scalar: &yaml::Scalar, span: Span, base: usize, severity: Severity) {
        let range = base + mistake.range.start..base + mistake.range.end;
        let place = self.place(scalar, span, range);
        self.diagnostics.push(Diagnostic { severity, ..diagnostic(mistake, place) });
    }

    pub(super) fn place(&self, scalar: &yaml::Scalar, own: Span, range: Range<usize>) -> Span {
        let source = self.sources.source(own.source).expect("a node's span is of the map it was parsed with");
        self.locator.place(scalar, range, own, &source.text)
    }
}

/// Says whether a reference reads a parameter that is not among those that are known.
fn is_lost(reference: &Reference, known: &[String]) -> bool {
    let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    let first = reference.steps.first();
    reference.root.eq_ignore_ascii_case("parameters") && !matches!(first, Some(Step::Member(name)) if is_known(name))
}

/// Returns the diagnostic for text that was meant as an expression and has a brace too few.
pub fn half_open_text(place: Span) -> Diagnostic {
    let title = "this is text and no expression: a `{` is missing";
    let half = Diagnostic::warning(Code::ExpressionSyntax, title, place, "this is not evaluated");
    half.help("begin the expression with `${{`")
}

/// Returns the diagnostic for an expression's mistake, at its place.
pub(in crate::template) fn diagnostic(mistake: Mistake, place: Span) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(mistake.code, mistake.title, place, mistake.label);
    diagnostic.notes.extend(mistake.note);
    diagnostic.help = mistake.help;
    diagnostic
}
