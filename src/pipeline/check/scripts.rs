//! Payload text in scripts stands only where it can be passed as data.
//!
//! The macros of a script are not expanded yet, so a variable that holds payload text is looked
//! at too: its `$(name)` is a hole like any other, and so is what the script reads of it from its
//! environment.

use super::held::{JobHeld, all_variables};
pub(super) use super::spanned::Spanned;
pub(in crate::pipeline) use super::spanned::{Through, macros};
use super::{called, tools};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::model::{self, Action, Pipeline, Placed, Step, Variable};
use crate::pipeline::plan::Interpreter;
use crate::pipeline::task::call::runs;
use crate::pipeline::{Need, ScriptRules};
use crate::shell::{
    self, Analysis, Background, Earlier, Entrance, Language, Links, Names, Outline, Refusal, Script, Substitution,
    analyse, environment_name,
};
use crate::taint::{Origin, Text};
use crate::template::{self, Scalar};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// The most bytes of a script.
const SCRIPT_MAX: usize = 1024 * 1024;

/// What to do about payload text in a script, mostly.
pub(in crate::pipeline) const SAFE_WAY: &str = "pass it in `env:` and use the variable as an argument in double quotes";

pub(super) fn check(
    pipeline: &Pipeline,
    jobs: &[JobHeld<'_>],
    rules: &ScriptRules,
    diagnostics: &mut Diagnostics,
) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut seen = Seen::default();
    for of in jobs {
        let all: Vec<&Variable> = all_variables(pipeline, of.stage, of.job).collect();
        of.each_leg(diagnostics, |mut held, found| {
            let mut left = Left::default();
            for step in of.job.all_steps() {
                let known = (&*held.variables(), &*all, &mut left);
                check_step(step, known, (rules, &mut seen), &mut needs, found);
                held.pass(step);
            }
        });
    }
    needs
}

/// The analyses of scripts that could not be foreseen: the legs of a job have the same.
#[derive(Default)]
struct Seen(HashMap<Outline, Analysis>);

impl Seen {
    fn analysis<'s>(&'s mut self, rules: &'s ScriptRules, outline: Outline) -> &'s Analysis {
        match rules.known.get(&outline) {
            Some(known) => known,
            None => self.0.entry(outline).or_insert_with_key(analyse),
        }
    }
}

/// What a step has left that has payload text: mostly a file.
struct File {
    left: shell::Left,
    value: Text,
    origin: Arc<Origin>,
    /// Where the text came into the script that wrote it.
    span: Span,
}

/// What the steps of a job have left so far.
#[derive(Default)]
struct Left {
    /// The files that they have written payload text to.
    files: Vec<File>,
    links: Links,
    /// What they have made of the names of programs.
    earlier: Earlier,
}

impl Left {
    /// Notes a file to which payload text was written, by each of its names.
    fn add(&mut self, left: &shell::Left, value: &Text, origin: &Arc<Origin>, span: Span) {
        for name in self.links.names(left.name()) {
            let left = left.named(name);
            if !self.files.iter().any(|known| known.left == left && known.value == *value) {
                self.files.push(File { left, value: value.clone(), origin: origin.clone(), span });
            }
        }
    }

    /// Notes what a script links: files that hold payload text have other names by it.
    fn link(&mut self, script: &Text) {
        script.authored().for_each(|own| self.links.add(own));
        let known: Vec<_> =
            self.files.iter().map(|it| (it.left.clone(), it.value.clone(), it.origin.clone(), it.span)).collect();
        known.iter().for_each(|(left, value, origin, span)| self.add(left, value, origin, *span));
    }

    /// Notes what a script makes of the names of programs, for those behind it.
    fn note(&mut self, script: &Text) {
        script.authored().for_each(|own| self.earlier.add(own));
    }
}

impl File {
    /// Returns the file as a script at `span` has it among its variables, if it may use it.
    fn seed(&self, script: &Text, span: Span) -> Option<Seed> {
        let through = Through { name: Script::name_of_left(self.left.name()).into(), span: self.span };
        Some(Seed { name: Script::left(script, &self.left)?, value: self.value.clone(), span, through: Some(through) })
    }
}

/// Returns how many bytes a script has: payload text stands beside it, unless it becomes a part of it.
fn script_bytes(text: &Text, substitution: Substitution) -> usize {
    match substitution {
        Substitution::Raw => text.len(),
        _ => text.authored().map(str::len).sum(),
    }
}

fn check_step(
    step: &Step,
    (tainted, all, left): (&[&Variable], &[&Variable], &mut Left),
    (rules, seen): (&ScriptRules, &mut Seen),
    needs: &mut Vec<Need>,
    diagnostics: &mut Diagnostics,
) {
    let read = match step.script() {
        Some(own) if script_bytes(&own.text.value.text, rules.substitution) > SCRIPT_MAX => {
            let bytes = script_bytes(&own.text.value.text, rules.substitution);
            let title = format!("the script has {bytes} bytes, {SCRIPT_MAX} are allowed");
            diagnostics.push(Diagnostic::error(Code::ExpansionLimit, title, own.text.span, "this is too long"));
            None
        }
        Some(own) => {
            let read = Read::script(own, tainted);
            read.text.tell_places(rules.substitution, diagnostics);
            Some(read)
        }
        None => {
            check_file(step, &left.files, diagnostics);
            called::read(step, tainted, diagnostics)
        }
    };
    let Some(Read { language, text, written, span, arguments, called }) = read else { return };
    left.link(&written);
    let author: String = written.authored().collect();
    let background = background(language, step, all).after(&left.earlier, language, &author);
    left.note(&written);
    let mut environment = environment(step, tainted, &text.text);
    environment.extend(arguments);
    if language == Language::Bash {
        let read = background.with_startup(&text.text);
        environment.extend(left.files.iter().filter_map(|file| file.seed(&read, span)));
    }
    let script = Script {
        language,
        text: &text.text,
        environment: environment.iter().map(|it| (it.name.clone(), Cow::Borrowed(&it.value))).collect(),
        background,
    };
    // What a task is given is data of a strict connection as well.
    let is_judged = match rules.substitution {
        Substitution::Safe => script.is_tainted(),
        Substitution::Strict => script.is_tainted() && (called.is_some() || !text.text.is_tainted()),
        Substitution::Raw => rules.is_foresight && called.is_some() && script.is_tainted(),
    };
    if !is_judged {
        return;
    }
    let analysis = seen.analysis(rules, script.outline());
    let values = script.values();
    let tell = |refusal: &Refusal, diagnostics: &mut Diagnostics| {
        let (span, origin, through) = place(&refusal.entrance, &text, &environment);
        diagnostics.push(match called {
            Some(program) => tools::refused(refusal, (span, origin, through), program),
            None => diagnostic(refusal, span, origin, through),
        });
    };
    if rules.is_foresight {
        // The texts stand for any other: only what takes none is told.
        return analysis.refusals().iter().for_each(|refusal| tell(refusal, diagnostics));
    }
    match analysis.test(&values) {
        Ok(()) => {
            needs.extend(Need::of(rules, analysis, &values));
            for file in analysis.written() {
                let hole = &analysis.requirements()[file.hole()];
                let (span, origin, _) = place(&hole.entrance, &text, &environment);
                if let (Some(origin), Some(value)) = (origin, values.get(file.hole())) {
                    left.add(file, &Text::tainted(&**value, origin.clone()), origin, span);
                }
            }
        }
        Err(refusals) => refusals.iter().for_each(|refusal| tell(refusal, diagnostics)),
    }
}

/// What a step has a program read.
pub(super) struct Read {
    pub(super) language: Language,
    /// With the macros of variables that hold payload text in place.
    pub(super) text: Spanned,
    /// As it is written.
    pub(super) written: Text,
    pub(super) span: Span,
    /// Payload text in the words behind it.
    pub(super) arguments: Vec<Seed>,
    /// The program that a task calls with it, where it is no script.
    pub(super) called: Option<&'static str>,
}

impl Read {
    fn script(own: &model::Script, tainted: &[&Variable]) -> Self {
        Self {
            language: language(own.interpreter),
            text: with_variables(&own.text, tainted),
            written: own.text.value.text.clone(),
            span: own.text.span,
            arguments: arguments(own, tainted),
            called: None,
        }
    }
}

/// Returns what is set around the script of a step.
fn background(language: Language, step: &Step, variables: &[&Variable]) -> Background {
    let exported = variables.iter().map(|it| (environment_name(&it.name.value), it.value.flatten()));
    let own = step.env.iter().map(|(name, value)| (name.value.clone(), value.flatten()));
    let all: Vec<_> = exported.chain(own).collect();
    Background::of(language, all.iter().map(|(name, value)| (name.as_str(), &**value)))
}

/// Reports a task that runs a file to which an earlier step has written payload text.
fn check_file(step: &Step, files: &[File], diagnostics: &mut Diagnostics) {
    let Action::Task(task) = &step.action else { return };
    let Some(runs) = runs(&task.name) else { return };
    let Some((input, path)) = task.inputs.iter().find(|(name, _)| name.value == runs.file) else { return };
    let path = path.flatten();
    let name = path.trim().rsplit(['/', '\\']).next().unwrap_or_default();
    for file in files.iter().filter(|file| file.left.name() == name) {
        let title = format!("payload text can't be written to a file that the task `{}` runs", task.name);
        let label = format!("`{}` holds what an earlier step wrote", shown(name));
        let refused = Diagnostic::error(Code::TaintedInScript, title, input.span, label);
        let through = Through { name: file.left.name().into(), span: file.span };
        let refused = brought(refused, &through).note(template::came_from(&file.origin));
        diagnostics.push(refused.help("run a file of your own, and give it the text as an argument or in `env:`"));
    }
}

/// Returns the language that an interpreter reads.
pub(in crate::pipeline) fn language(interpreter: Interpreter) -> Language {
    match interpreter {
        Interpreter::CommandLine | Interpreter::Bash => Language::Bash,
        Interpreter::PowerShellCore | Interpreter::WindowsPowerShell => Language::PowerShell,
        Interpreter::Python => Language::Python,
    }
}

/// Returns the script with the macros of tainted variables in place.
fn with_variables(script: &Placed<Scalar>, tainted: &[&Variable]) -> Spanned {
    let scalar = &script.value;
    let mut text = Spanned::default();
    for (place, segment) in scalar.text.segments().iter().enumerate() {
        let span = scalar.segment_spans.get(place).copied().unwrap_or(script.span);
        if segment.is_tainted() || tainted.is_empty() {
            text.push(segment.clone(), span);
        } else {
            text.push_with_macros(&segment.text, span, tainted);
        }
    }
    text
}

/// A variable of a step's environment that holds payload text.
pub(super) struct Seed {
    name: String,
    value: Text,
    span: Span,
    through: Option<Through>,
}

/// Returns the variables with payload text that a script names. The step's own come last and win.
fn environment(step: &Step, tainted: &[&Variable], script: &Text) -> Vec<Seed> {
    if tainted.is_empty() && step.env.is_empty() {
        return Vec::new();
    }
    let mut seeds: Vec<Seed> = Vec::new();
    let names = Names::of(script.authored());
    let exported = tainted.iter().map(|it| (environment_name(&it.name.value), it)).filter(|(name, _)| names.has(name));
    let exported =
        exported.map(|(name, it)| Seed { name, value: it.value.clone(), span: it.value_span, through: None });
    let own = step.env.iter().filter(|(name, _)| names.has(&name.value)).map(|(name, value)| {
        let expanded = Spanned::with_macros(value, name.span, tainted);
        let through = expanded.first_through();
        Seed { name: name.value.clone(), value: expanded.text, span: name.span, through }
    });
    for seed in exported.chain(own) {
        seeds.retain(|earlier| earlier.name != seed.name);
        if seed.value.is_tainted() {
            seeds.push(seed);
        }
    }
    seeds.sort_by(|one, other| one.name.cmp(&other.name));
    seeds
}

/// Returns the payload text in the words behind a script, each piece of it by itself.
fn arguments(script: &model::Script, tainted: &[&Variable]) -> Vec<Seed> {
    let span = script.text.span;
    let words = Spanned::with_macros(&script.arguments, span, tainted);
    let pieces = Script::arguments([&words.text]);
    pieces.map(|(name, value)| Seed { name, value: value.into_owned(), span, through: None }).collect()
}

/// Returns where payload text comes into a script, where in a payload it was, and the variable that brought it.
pub(super) fn place<'t>(
    entrance: &Entrance,
    text: &'t Spanned,
    environment: &'t [Seed],
) -> (Span, Option<&'t Arc<Origin>>, Option<&'t Through>) {
    match entrance {
        Entrance::Segment(segment) => {
            let origin = text.text.segments().get(*segment).and_then(|segment| segment.origin.as_ref());
            let through = text.through.get(*segment).and_then(Option::as_ref);
            (text.spans.get(*segment).copied().unwrap_or(Span::NONE), origin, through)
        }
        Entrance::Variable(name) => {
            let seed = environment.iter().find(|seed| seed.name == *name);
            let through = seed.and_then(|seed| seed.through.as_ref());
            (seed.map_or(Span::NONE, |seed| seed.span), seed.and_then(|seed| seed.value.origin()), through)
        }
    }
}

/// Returns the diagnostic of a refusal, at the place where the payload's text comes in.
pub(in crate::pipeline) fn diagnostic(
    refusal: &Refusal,
    span: Span,
    origin: Option<&Arc<Origin>>,
    through: Option<&Through>,
) -> Diagnostic {
    let title = format!("payload text can't be {}", refusal.reason);
    let label = where_used(&refusal.entrance, refusal.line);
    let diagnostic = Diagnostic::error(Code::TaintedInScript, title, span, label);
    let diagnostic = through.into_iter().fold(diagnostic, brought);
    let diagnostic = origin.into_iter().fold(diagnostic, |it, origin| it.note(template::came_from(origin)));
    diagnostic.help(refusal.help.as_deref().unwrap_or(SAFE_WAY))
}

/// Returns which line of a script payload text comes to.
fn where_used(entrance: &Entrance, line: usize) -> String {
    match entrance {
        Entrance::Segment(_) => format!("line {line} of the script"),
        Entrance::Variable(name) => {
            format!("`{}` is used on line {line} of the script", shown(Script::name_of_left(name)))
        }
    }
}

/// Adds the variable that brought payload text.
pub(in crate::pipeline) fn brought(diagnostic: Diagnostic, by: &Through) -> Diagnostic {
    let way = format!("it comes through `{}`", shown(&by.name));
    if by.span == Span::NONE { diagnostic.note(way) } else { diagnostic.related(by.span, way) }
}

/// Returns the note about what payload text must be at a place of a script, on a line of it.
pub(in crate::pipeline) fn need(
    what: &str,
    (entrance, line): (&Entrance, usize),
    span: Span,
    origin: &Origin,
    through: Option<&Through>,
) -> Diagnostic {
    let title = format!("payload text must be {what} here");
    let label = format!("{}: a delivery with another value is rejected", where_used(entrance, line));
    let note = Diagnostic::note_at(Code::TaintedInScript, title, span, label);
    through.into_iter().fold(note, brought).note(template::came_from(origin))
}

/// Returns the error about payload text in a script of a run that wants none in any.
pub(in crate::pipeline) fn strict(span: Span, origin: &Origin) -> Diagnostic {
    let title = "payload text can't be put into a script: the connection says `substitution: strict`";
    let refused = Diagnostic::error(Code::TaintedInScript, title, span, "this is a place in a script");
    refused.note(template::came_from(origin)).help(SAFE_WAY)
}

/// Returns the warning about payload text that becomes code.
pub(in crate::pipeline) fn raw(span: Span, origin: &Origin) -> Diagnostic {
    let title = "payload text becomes part of this script: the connection says `substitution: raw`";
    let warned = Diagnostic::warning(Code::TaintedInScript, title, span, "whoever may post can run commands here");
    warned.note(template::came_from(origin)).help("leave `substitution` out, so that the text stays data")
}
