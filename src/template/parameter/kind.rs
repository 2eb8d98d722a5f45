//! The types of parameters.

use super::super::reference::Kind as TemplateKind;
use super::super::{Content, Kind, Node, place::Place, step, value};
use super::{Form, Judge};
use crate::diagnostic::Diagnostics;
use crate::expression::{Number, Value};
use crate::taint::Text;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterKind(&'static Row);

/// One row of the table of types.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    word: &'static str,
    shape: Shape,
    /// What is wanted, for messages.
    wanted: &'static str,
}

/// How a value of a type looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) enum Shape {
    Text,
    Number,
    Boolean,
    Any,
    /// Any structure, all scalars text.
    AnyText,
    TextList,
    /// A part of a pipeline.
    One(Form),
    /// A list of such parts.
    List(Form),
    /// A mapping or text.
    MappingOrText,
    MappingList,
}

/// The types (reference, section 2.7). Those that a page of Azure DevOps would let a person pick
/// from a list are names, so they are text here.
const KINDS: &[Row] = &[
    Row { word: "string", shape: Shape::Text, wanted: "text" },
    Row { word: "number", shape: Shape::Number, wanted: "a number" },
    Row { word: "boolean", shape: Shape::Boolean, wanted: "`true` or `false`" },
    Row { word: "object", shape: Shape::Any, wanted: "any value" },
    Row { word: "stringList", shape: Shape::TextList, wanted: "a list of texts" },
    Row { word: "step", shape: Shape::One(Form::Step), wanted: "a step" },
    Row { word: "stepList", shape: Shape::List(Form::Step), wanted: "a list of steps" },
    Row { word: "job", shape: Shape::One(Form::Job), wanted: "a job" },
    Row { word: "jobList", shape: Shape::List(Form::Job), wanted: "a list of jobs" },
    Row { word: "deployment", shape: Shape::One(Form::Deployment), wanted: "a deployment job" },
    Row { word: "deploymentList", shape: Shape::List(Form::Deployment), wanted: "a list of deployment jobs" },
    Row { word: "stage", shape: Shape::One(Form::Stage), wanted: "a stage" },
    Row { word: "stageList", shape: Shape::List(Form::Stage), wanted: "a list of stages" },
    Row { word: "container", shape: Shape::MappingOrText, wanted: "a container" },
    Row { word: "containerList", shape: Shape::MappingList, wanted: "a list of containers" },
    Row { word: "environment", shape: Shape::Text, wanted: "the name of an environment" },
    Row { word: "filePath", shape: Shape::Text, wanted: "a path" },
    Row { word: "pool", shape: Shape::MappingOrText, wanted: "a pool" },
    Row { word: "secureFile", shape: Shape::Text, wanted: "the name of a file" },
    Row { word: "serviceConnection", shape: Shape::Text, wanted: "the name of a connection" },
    Row { word: "legacyObject", shape: Shape::AnyText, wanted: "any value" },
];

impl ParameterKind {
    /// Returns the type that a word names, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.word.eq_ignore_ascii_case(word)).map(Self)
    }

    /// Returns the type that takes any value.
    pub(in crate::template) fn any() -> Self {
        Self::from_word("object").expect("it is a type")
    }

    /// Returns the words of all types.
    pub fn words() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|row| row.word)
    }

    /// Returns the word that names the type.
    pub fn word(self) -> &'static str {
        self.0.word
    }

    /// Returns the words that a value of the type may be, where there are few.
    pub fn only(self) -> Vec<&'static str> {
        if self.shape() == Shape::Boolean { vec!["true", "false"] } else { Vec::new() }
    }

    /// Returns what is wanted, for messages: `a number`.
    pub fn wanted(self) -> &'static str {
        self.0.wanted
    }

    pub(in crate::template) fn shape(self) -> Shape {
        self.0.shape
    }

    /// Returns a value of the document as one of the type, or `None` if it is none. Where values
    /// are listed, a text that is one of them becomes the author's own, whoever it came from.
    pub(in crate::template) fn value_of(self, node: &Node, allowed: &[String]) -> Option<Value> {
        match self.0.shape {
            Shape::Text => text_of(node, allowed).map(Value::String),
            Shape::Number => {
                let number = Number::from_text(&scalar(node)?.flatten())?;
                let is_allowed =
                    |allowed: &String| Number::from_text(allowed).is_some_and(|it| it.order(&number).is_eq());
                let is_number = !scalar(node)?.is_empty() && (allowed.is_empty() || allowed.iter().any(is_allowed));
                let origin = scalar(node)?.origin().filter(|_| allowed.is_empty()).cloned();
                let decimal = number.decimal().expect("a text becomes a decimal");
                is_number.then(|| Value::Number(Number::new(decimal).with_origin(origin)))
            }
            Shape::Boolean => scalar(node)?.flatten().to_ascii_lowercase().parse().ok().map(Value::Boolean),
            Shape::Any => Some(value::from_node(node)),
            Shape::AnyText => Some(value::as_text(node)),
            Shape::TextList => {
                let Content::Sequence(items) = &node.content else { return None };
                let items: Option<Vec<Value>> =
                    items.iter().map(|item| text_of(item, allowed).map(Value::String)).collect();
                items.map(|items| Value::Array(items.into()))
            }
            Shape::MappingOrText => (!matches!(node.content, Content::Sequence(_))).then(|| value::from_node(node)),
            Shape::MappingList => {
                let Content::Sequence(items) = &node.content else { return None };
                items.iter().all(is_mapping).then(|| value::from_node(node))
            }
            Shape::One(form) => is_mapping(node).then(|| normalised(&value::from_node(node), form)),
            Shape::List(form) => {
                let items = match &node.content {
                    Content::Sequence(items) => items.as_slice(),
                    Content::Scalar(scalar) if scalar.kind == Kind::Null => &[],
                    _ => return None,
                };
                if items.is_empty() {
                    return Some(Value::array([]));
                }
                items
                    .iter()
                    .all(is_mapping)
                    .then(|| step::map_items(&value::from_node(node), |item| normalised(item, form)))
            }
        }
    }

    /// Returns the place of a pipeline that the value is for: templates named in it are put in
    /// their place before the value is looked at.
    pub(in crate::template) fn place(self) -> Option<(Place, TemplateKind)> {
        match self.0.shape {
            Shape::List(form) => Some((form.place(), form.place().kind()?)),
            _ => None,
        }
    }

    /// Returns the first entry of a list that is no part of a pipeline, where the type is a list of
    /// them, and what it should be.
    pub(in crate::template) fn wrong_entry(self, node: &Node) -> Option<(&Node, &'static str)> {
        let (Shape::List(form), Content::Sequence(items)) = (self.0.shape, &node.content) else { return None };
        Some((items.iter().find(|item| !is_mapping(item))?, form.wanted()))
    }

    /// Reports what is wrong with the parts of a pipeline in a value that is of the type, or would be
    /// without entries that are no parts.
    pub(in crate::template) fn judge(self, node: &Node, judge: Judge, mistakes: &mut Diagnostics) {
        match (self.0.shape, &node.content) {
            (Shape::One(form), _) => judge(node, form, mistakes),
            (Shape::List(form), Content::Sequence(items)) => {
                for item in items.iter().filter(|item| is_mapping(item)) {
                    if mistakes.len() >= JUDGED_MAX {
                        break;
                    }
                    judge(item, form, mistakes);
                }
            }
            _ => {}
        }
    }
}

/// After how many mistakes the rest of a list is not looked at.
const JUDGED_MAX: usize = 100;

fn scalar(node: &Node) -> Option<&Text> {
    match &node.content {
        Content::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

fn is_mapping(node: &Node) -> bool {
    matches!(node.content, Content::Mapping(_))
}

/// Returns the text of a scalar: where values are listed, the listed one.
fn text_of(node: &Node, allowed: &[String]) -> Option<Text> {
    let text = scalar(node)?;
    if allowed.is_empty() {
        return Some(text.clone());
    }
    let found = text.flatten();
    allowed.iter().find(|allowed| **allowed == found).map(|allowed| Text::author(allowed.as_str()))
}

fn normalised(value: &Value, form: Form) -> Value {
    match form {
        Form::Step => step::normalise(value),
        Form::Job | Form::Deployment => step::normalise_job(value),
        Form::Stage => step::normalise_stage(value),
    }
}
