//! `pipehook eval`: one expression, its value as JSON.

use super::failure::{Ending, Failure};
use super::{input, output};
use crate::diagnostic::{Code, Diagnostic, SourceId, SourceMap, Span, Style, render_all};
use crate::expression::{Context, Dialect, Expression, JobStatus, Mistake, Scope, Status, Value};
use crate::taint::Text;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What an expression in the arguments is called in diagnostics.
const SOURCE: &str = "expression";

/// Evaluates one expression, written without `${{ }}` around it, and prints its value as JSON.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook eval \"format('{0}-{1}', 'a', 5)\"
  pipehook eval \"eq(variables['Build.Reason'], 'Manual')\" --context context.json
  pipehook eval \"and(succeeded(), eq(1, 1))\" --status succeeded

A context file, with what the expression needs of it:
  {\"parameters\": {\"environment\": \"test\", \"hook\": {\"resource\": {\"id\": 7}}},
   \"variables\": {\"Build.Reason\": \"Manual\"},
   \"dependencies\": {\"A\": {\"result\": \"Succeeded\", \"outputs\": {\"step.name\": \"x\"}}}}")]
pub(super) struct Eval {
    /// The expression
    #[arg(allow_hyphen_values = true)]
    expression: String,
    /// A JSON object whose members are the names that the expression may use: `parameters` (also a
    /// payload, below the webhook's alias), `variables`, `dependencies`, `stageDependencies`,
    /// `resources`, `pipeline`, the name of a loop; `-` is stdin
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    /// How the job stands, for always(), succeeded(), failed(), canceled() and succeededOrFailed(),
    /// as in the condition of a step; without it these functions do not exist
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Option<StatusWord>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StatusWord {
    /// All steps so far have succeeded
    Succeeded,
    /// A step has failed
    Failed,
    /// The run was canceled
    Canceled,
}

impl Eval {
    pub(super) fn carry_out(self) -> Result<Ending, Failure> {
        let context = self.read_context()?;
        match evaluate(&self.expression, &context) {
            Ok(value) => {
                output::text(&format!("{}\n", output::harmless_json(&value.to_json_text())))?;
                Ok(Ending::Done)
            }
            Err(mistakes) => {
                complain(&self.expression, &mistakes);
                Ok(Ending::Mistakes)
            }
        }
    }

    fn read_context(&self) -> Result<Context<'static>, Failure> {
        let dialect = if self.status.is_some() { Dialect::Condition } else { Dialect::Template };
        // A variable that nobody has set is nothing, so that the name is always known.
        let mut context = Context::new(dialect).with("variables", Value::object::<Text>([]));
        if let Some(file) = &self.context {
            let text = input::text(file)?;
            let json = Value::from_author_json_text(&text)
                .map_err(|error| Failure::usage(format!("{} is not JSON: {error}", file.display())))?;
            let Value::Object(members) = json else {
                return Err(Failure::usage(format!("{} does not hold a JSON object", file.display())));
            };
            for (name, value) in members.iter() {
                let name = name.flatten().into_owned();
                let value = if name.eq_ignore_ascii_case("pipeline") { with_time(value) } else { value.clone() };
                context.set(name, value);
            }
        }
        if let Some(status) = self.status {
            context = context.with_status(Status::Step(status.into()));
        }
        Ok(context)
    }
}

/// Returns `pipeline` as a run has it: its `startTime` is a time, which JSON has not.
fn with_time(pipeline: &Value) -> Value {
    let Value::Object(members) = pipeline else { return pipeline.clone() };
    let member = |(name, value): (&Text, &Value)| {
        let time = match value {
            Value::String(text) if name.flatten().eq_ignore_ascii_case("startTime") => {
                Value::time_from_text(&text.flatten())
            }
            _ => None,
        };
        (name.clone(), time.unwrap_or_else(|| value.clone()))
    };
    Value::object(members.iter().map(member))
}

impl From<StatusWord> for JobStatus {
    fn from(word: StatusWord) -> Self {
        match word {
            StatusWord::Succeeded => Self::Succeeded,
            StatusWord::Failed => Self::Failed,
            StatusWord::Canceled => Self::Canceled,
        }
    }
}

fn evaluate(text: &str, context: &Context<'_>) -> Result<Value, Vec<Mistake>> {
    let expression = Expression::parse(text).map_err(|mistake| vec![mistake])?;
    let unknown = expression.check(&context.scope());
    if !unknown.is_empty() {
        let elsewhere = expression.check(&Scope::new(Dialect::Condition));
        return Err(unknown.into_iter().map(|mistake| with_way(mistake, &elsewhere)).collect());
    }
    expression.evaluate(context).map_err(|mistake| vec![mistake])
}

/// Adds how to make known what is not: a name by the file of contexts, a function that asks for the
/// status of a job by that status. `elsewhere` are the mistakes that it would have in a condition.
fn with_way(mistake: Mistake, elsewhere: &[Mistake]) -> Mistake {
    let help = match mistake.code {
        Code::UnknownName if mistake.help.is_none() => "give it a value in the file of `--context`",
        Code::UnknownFunction if !elsewhere.iter().any(|it| it.range == mistake.range) => {
            "say how the job stands: `--status succeeded`"
        }
        _ => return mistake,
    };
    Mistake { help: Some(help.to_owned()), ..mistake }
}

fn complain(text: &str, mistakes: &[Mistake]) {
    let mut sources = SourceMap::default();
    let source = sources.add(SOURCE, text);
    let reports: Vec<_> = mistakes.iter().map(|mistake| diagnostic(mistake, source).resolve(&sources)).collect();
    anstream::eprint!("{}", render_all(&reports, Style::Coloured));
}

fn diagnostic(mistake: &Mistake, source: SourceId) -> Diagnostic {
    let span = Span::new(source, mistake.range.start, mistake.range.end);
    let diagnostic = Diagnostic::error(mistake.code, mistake.title.as_str(), span, mistake.label.as_str());
    let notes = mistake.note.clone().into_iter().collect();
    Diagnostic { notes, help: mistake.help.clone(), ..diagnostic }
}
