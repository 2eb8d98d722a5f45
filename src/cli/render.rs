//! `pipehook render`: the document that a run would be made from.

use super::expansion::Expansion;
use super::failure::{Ending, Failure};
use super::{Global, output};
use crate::{pipeline, template};
use clap::{Args, ValueEnum};

/// Expands a pipeline with a payload and given values, and prints the document that a run would
/// be made from. Works for pipelines with and without webhooks.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook render pipelines/hello.yml --payload payload.json
  pipehook render hello --parameter environment=test --format json")]
pub(super) struct Render {
    #[command(flatten)]
    expansion: Expansion,
    /// Leave scripts as the file has them, with payload text in place, instead of as they will run; as YAML
    /// this is a file that renders to itself
    #[arg(long)]
    as_written: bool,
    /// How to print the document
    #[arg(long, value_enum, default_value_t = DocumentFormat::Yaml)]
    format: DocumentFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DocumentFormat {
    Yaml,
    Json,
}

impl Render {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let Some(prepared) = self.expansion.prepare(global)? else { return Ok(Ending::Mistakes) };
        let document = pipeline::with_literals(match self.as_written {
            true => prepared.document,
            false => pipeline::rewritten(&prepared.document, prepared.plan.substitution),
        });
        match self.format {
            DocumentFormat::Yaml if self.as_written => output::text(&template::to_yaml(&template::as_file(document)))?,
            DocumentFormat::Yaml => output::text(&template::to_yaml(&document))?,
            DocumentFormat::Json => output::json(&template::to_json(&document))?,
        }
        Ok(Ending::Done)
    }
}
