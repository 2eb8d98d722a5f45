//! A template file by itself, which no pipeline has named: what can be said of it whatever its
//! parameters will be.

use super::parameter::Declared;
use super::{Content, Entry, Files, Gaps, Inputs, Judge, Kind, Node, Scalar, Template, TemplateKind, load};
use crate::diagnostic::{Diagnostics, SourceMap, Span};
use crate::expression::{Object, Value};
use crate::taint::Text;
use crate::yaml;

impl Template {
    /// Compiles a template file by itself, and reads and compiles the files that it may include.
    /// Repositories that it does not declare are left alone: who uses it declares them.
    pub fn load_alone(
        document: &yaml::Node,
        kind: TemplateKind,
        files: &dyn Files,
        judge: Judge,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        Self { loaded: load::load_alone(document, kind, files, judge, sources, diagnostics) }
    }

    /// Expands a template of a kind with the defaults of its parameters, and nothing for those that
    /// have none, into a pipeline that has only what the template brings.
    pub fn expand_alone(&self, kind: TemplateKind, inputs: Inputs, diagnostics: &mut Diagnostics) -> (Node, Gaps) {
        let inputs = Inputs { parameters: self.defaults(), ..inputs };
        let (document, gaps) = self.expand_with_gaps(&inputs, diagnostics);
        (whole(document, kind), gaps)
    }

    /// As [`Self::expand_alone`], of what every use of the template has, whatever its parameters are.
    pub fn expand_alone_what_is_sure(
        &self,
        kind: TemplateKind,
        inputs: &Inputs,
        diagnostics: &mut Diagnostics,
    ) -> (Node, Gaps) {
        let inputs = Inputs { parameters: self.defaults(), ..inputs.clone() };
        let (document, gaps) = self.expand_what_is_sure(&inputs, diagnostics);
        (whole(document, kind), gaps)
    }

    fn defaults(&self) -> Object {
        let named = |name: &str, value: Value| (Text::author(name), value);
        match &self.loaded.files[0].declared {
            Declared::Typed(declarations) | Declared::Misread(declarations) => {
                let known = declarations.iter().filter(|it| !it.is_misread);
                known.map(|it| named(&it.name, it.default.clone().unwrap_or(Value::Null))).collect()
            }
            Declared::Untyped(defaults) => defaults.iter().map(|(name, value)| named(name, value.clone())).collect(),
            Declared::Nothing => Object::default(),
        }
    }
}

/// Returns what a template brings as a pipeline.
fn whole(mut document: Node, kind: TemplateKind) -> Node {
    if let Content::Mapping(entries) = &mut document.content {
        entries.retain(|entry| entry.key.flatten() != "parameters");
        if kind == TemplateKind::Variables {
            entries.push(without_steps(document.span));
        }
    }
    document
}

/// Returns `steps:` without any: variables alone are no pipeline.
fn without_steps(span: Span) -> Entry {
    let nothing = Scalar::without_text(Kind::Null);
    Entry {
        key: Text::author("steps"),
        key_span: span,
        value: Node { span, origin: None, content: Content::Scalar(nothing) },
    }
}
