//! Payload text in the inputs of tasks that call a tool: a worker makes a line of bash of such a call, and judges it
//! as it judges any script. What it would refuse then is told before the run begins (security, scripts, 5).
//!
//! The line that is looked at here has the author's macros in it, and no files in the places of patterns. It has
//! the same words as the worker's otherwise.

use super::scripts::{Spanned, place};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::model::{Action, Pipeline, Task};
use crate::pipeline::task::Definition;
use crate::pipeline::task::call::{Each, Part, Program, tool};
use crate::pipeline::{Need, ScriptRules};
use crate::shell::words::{quoted, split};
use crate::shell::{Language, Refusal, Script, Substitution};
use crate::taint::{Segment, Text};
use crate::template;

/// What stands for a file that a pattern finds, and for a line of an input that has none.
const FILE: &str = "file";

pub(super) fn check(pipeline: &Pipeline, rules: &ScriptRules, diagnostics: &mut Diagnostics) -> Vec<Need> {
    let mut needs = Vec::new();
    if rules.substitution != Substitution::Safe && !rules.is_foresight {
        return needs;
    }
    for step in pipeline.jobs().flat_map(|job| job.all_steps()) {
        let Action::Task(task) = &step.action else { continue };
        let Some(definition) = task.definition.filter(|_| task.inputs.iter().any(|(_, value)| value.is_tainted()))
        else {
            continue;
        };
        Inputs { task, definition }.check(rules, &mut needs, diagnostics);
    }
    needs
}

/// What a task is given.
struct Inputs<'p> {
    task: &'p Task,
    definition: &'static Definition,
}

/// A word of a call, with the place of the input that it comes from.
type Word = (Text, Span);

impl Inputs<'_> {
    fn check(&self, rules: &ScriptRules, needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
        let Some(tool) = tool(self.definition.name) else { return };
        let is = |name: &str, value: &str| self.flat(name).eq_ignore_ascii_case(value);
        for call in tool.calls_for(is) {
            let (name, file) = match call.program {
                Program::Named(names) => (names[0], names[0].to_owned()),
                Program::File(input) => (input, format!("./{FILE}")),
            };
            let subject = match call.each {
                Each::Once => Subject::None,
                Each::Line(input) => Subject::Line(self.line(input)),
                _ => Subject::File,
            };
            let mut words = vec![(file.into(), self.task.span)];
            self.add(call.parts, &subject, &mut words);
            let mut line = Spanned::default();
            for (at, (word, span)) in words.iter().enumerate() {
                if at > 0 {
                    line.push(Segment { text: " ".into(), origin: None }, *span);
                }
                quoted(word).segments().iter().for_each(|segment| line.push(segment.clone(), *span));
            }
            judge(&line, name, rules, needs, diagnostics);
        }
    }

    fn add(&self, parts: &[Part], subject: &Subject, words: &mut Vec<Word>) {
        for part in parts {
            let own = |word: &str| (Text::author(word), self.task.span);
            let file = matches!(subject, Subject::File).then(|| own(FILE));
            match part {
                Part::Word(word) | Part::Macro(word) => words.push(own(word)),
                Part::Value(name) => words.extend(self.given(name)),
                Part::Words(name) | Part::Published(name, _) => {
                    let all = self.given(name).into_iter();
                    words.extend(all.flat_map(|(text, span)| split(&text).into_iter().map(move |word| (word, span))));
                }
                Part::Option(word, name) | Part::Path(word, name) => {
                    words.extend(self.given(name).into_iter().flat_map(|value| [own(word), value]));
                }
                Part::Joined(beginning, name) => words.extend(self.behind(beginning, name)),
                Part::Properties(configuration, name) => {
                    words.extend(self.behind("/p:Configuration=", configuration));
                    words.extend(self.behind("/p:", name));
                }
                Part::Switch(name, value, parts) if self.flat(name).eq_ignore_ascii_case(value) => {
                    self.add(parts, subject, words);
                }
                // A version has nothing in it but letters, digits and points.
                Part::Switch(..) | Part::Around(..) | Part::Version(_) => {}
                Part::File | Part::Package => words.extend(file),
                Part::FileOption(word) => words.extend(file.into_iter().flat_map(|file| [own(word), file])),
                Part::Tagged(name) => {
                    let line = if let Subject::Line((line, _)) = subject { line.clone() } else { FILE.into() };
                    let image = self.given(name);
                    words.extend(image.map(|(image, span)| (joined(&[image, ":".into(), line.clone()]), span)));
                }
                Part::Tags(word, name, tags) => {
                    let (tag, _) = self.line(tags);
                    let image = self.given(name);
                    let tagged = image.map(|(image, span)| (joined(&[image, ":".into(), tag.clone()]), span));
                    words.extend(tagged.into_iter().flat_map(|tagged| [own(word), tagged]));
                }
            }
        }
    }

    /// Returns a beginning and the value of an input that has one in one word.
    fn behind(&self, beginning: &str, name: &str) -> Option<Word> {
        self.given(name).map(|(value, span)| (joined(&[Text::author(beginning), value]), span))
    }

    /// Returns the value of an input that has one.
    fn given(&self, name: &str) -> Option<Word> {
        let is_it = |written: &str| self.definition.input(written).is_some_and(|input| input.name == name);
        let written = self.task.inputs.iter().rev().find(|(written, _)| is_it(&written.value));
        match written {
            Some((written, value)) => Some((value.clone(), written.span)),
            None => {
                let default = self.definition.input(name).map_or("", |input| input.default);
                Some((default.into(), self.task.span))
            }
        }
        .filter(|(value, _)| value.is_tainted() || !value.is_empty())
    }

    /// Returns an input as an author's word; one of a payload is none.
    fn flat(&self, name: &str) -> String {
        let given = self.given(name).filter(|(value, _)| !value.is_tainted());
        given.map(|(value, _)| value.flatten().trim().to_owned()).unwrap_or_default()
    }

    /// Returns an input for what is done once for each of its lines.
    fn line(&self, name: &str) -> Word {
        self.given(name).unwrap_or((FILE.into(), self.task.span))
    }
}

/// What a call is made for.
enum Subject {
    None,
    File,
    Line(Word),
}

fn joined(parts: &[Text]) -> Text {
    let mut joined = Text::default();
    parts.iter().for_each(|part| joined.append(part));
    joined
}

/// Judges one call as a script, and tells what is refused at the input that brings it.
fn judge(line: &Spanned, program: &str, rules: &ScriptRules, needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    let script = Script { language: Language::Bash, text: &line.text, environment: Vec::new() };
    if !script.is_tainted() {
        return;
    }
    let analysis = rules.known.analysis(&script.outline());
    let mut tell = |refusal: &Refusal| diagnostics.push(refused(refusal, line, program));
    if rules.is_foresight {
        // The texts stand for any other: only what takes none is told.
        return analysis.refusals().iter().for_each(tell);
    }
    let values = script.values();
    match analysis.test(&values) {
        Ok(()) => needs.extend(Need::of(&analysis, &values)),
        Err(refusals) => refusals.iter().for_each(&mut tell),
    }
}

fn refused(refusal: &Refusal, line: &Spanned, program: &str) -> Diagnostic {
    let (span, origin, _) = place(&refusal.entrance, line, &[]);
    let title = format!("payload text can't be {}", refusal.reason);
    let label = format!("the task calls `{}` with this", shown(program));
    let refused = Diagnostic::error(Code::TaintedInScript, title, span, label);
    let refused = origin.into_iter().fold(refused, |it, origin| it.note(template::came_from(origin)));
    refused.help("write what you mean in the file, or choose it with `oneOf(…)`, which gives only what you listed")
}
