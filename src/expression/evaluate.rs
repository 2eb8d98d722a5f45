//! Walks the syntax tree with the values of a context.

use super::budget::{Budget, Usage};
use super::function::Invocation;
use super::syntax::{Call, Literal, Node, NodeKind, Suffix, SuffixKind};
use super::{Array, Context, Mistake, Object, Scope, Value, convert, unknown};
use crate::diagnostic::Code;
use crate::taint::{Origin, Text};
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

pub(super) fn evaluate(root: &Node, context: &Context<'_>, usage: &mut Usage) -> Result<Value, Mistake> {
    let evaluator = Evaluator { context, scope: OnceCell::new(), budget: Budget::default() };
    let value = evaluator.value(root);
    evaluator.budget.add_to(usage);
    value
}

pub(super) struct Evaluator<'c> {
    pub(super) context: &'c Context<'c>,
    pub(super) budget: Budget,
    /// Made when it is asked for: most expressions only name a value.
    scope: OnceCell<Scope>,
}

/// What a chain has come to.
enum Reached {
    One(Value),
    /// After a `.*`: the next step is taken from each of these.
    Many(Vec<Value>, Option<Arc<Origin>>),
}

impl Evaluator<'_> {
    fn scope(&self) -> &Scope {
        self.scope.get_or_init(|| self.context.scope())
    }

    pub(super) fn value(&self, node: &Node) -> Result<Value, Mistake> {
        self.budget.step(&node.range)?;
        match &node.kind {
            NodeKind::Literal(literal) => Ok(literal_value(literal)),
            NodeKind::Name(name) => self.named(name, &node.range),
            NodeKind::Call(call) => self.call(call, &node.range),
            NodeKind::Chain { base, suffixes } => self.chain(base, suffixes),
        }
    }

    fn named(&self, name: &str, range: &Range<usize>) -> Result<Value, Mistake> {
        let value = self.context.value(name).cloned();
        value.ok_or_else(|| unknown::unknown_name(name, range.clone(), self.scope(), false))
    }

    fn call(&self, call: &Call, range: &Range<usize>) -> Result<Value, Mistake> {
        let function = unknown::function(call, self.scope())?;
        match unknown::wrong_count(call, function) {
            Some(mistake) => Err(mistake),
            None => (function.run)(&Invocation { evaluator: self, call, range }),
        }
    }

    fn chain(&self, base: &Node, suffixes: &[Suffix]) -> Result<Value, Mistake> {
        let mut reached = Reached::One(self.value(base)?);
        for suffix in suffixes {
            self.budget.step(&suffix.range)?;
            reached = self.follow(reached, suffix)?;
        }
        Ok(match reached {
            Reached::One(value) => value,
            Reached::Many(items, origin) => array(items, origin),
        })
    }

    fn follow(&self, reached: Reached, suffix: &Suffix) -> Result<Reached, Mistake> {
        let key = match &suffix.kind {
            SuffixKind::All => return self.all(reached, &suffix.range),
            SuffixKind::Member(name) => Value::text(name.as_str()),
            SuffixKind::Index(node) => self.value(node)?,
        };
        self.context.look_at(&key);
        match reached {
            Reached::One(value) => {
                refuse_choice(&value, &key, &suffix.range)?;
                Ok(Reached::One(step(&value, &key).unwrap_or_else(|| missing(&value, &key))))
            }
            Reached::Many(items, origin) => {
                self.budget.items(items.len(), &suffix.range)?;
                items.iter().try_for_each(|item| refuse_choice(item, &key, &suffix.range))?;
                Ok(Reached::Many(items.iter().filter_map(|item| step(item, &key)).collect(), origin))
            }
        }
    }

    fn all(&self, reached: Reached, range: &Range<usize>) -> Result<Reached, Mistake> {
        match reached {
            Reached::One(value) => {
                self.context.look_at(&value);
                self.budget.items(elements_len(&value), range)?;
                Ok(Reached::Many(elements(&value).collect(), value.origin().cloned()))
            }
            Reached::Many(items, origin) => {
                self.budget.items(items.iter().map(elements_len).sum(), range)?;
                Ok(Reached::Many(items.iter().flat_map(elements).collect(), origin))
            }
        }
    }
}

fn literal_value(literal: &Literal) -> Value {
    match literal {
        Literal::Boolean(boolean) => Value::Boolean(*boolean),
        Literal::Number(number) => Value::Number(number.clone()),
        Literal::Version(version) => Value::Version(*version),
        Literal::Text(text) => Value::String(Text::author(text.as_str())),
    }
}

fn array(items: Vec<Value>, origin: Option<Arc<Origin>>) -> Value {
    let array = Array::from(items);
    Value::Array(match origin {
        Some(origin) => array.with_origin(origin),
        None => array,
    })
}

/// Takes one member or item; `None` where there is none.
fn step(value: &Value, key: &Value) -> Option<Value> {
    match value {
        Value::Object(object) => object.member(&convert::to_text(key)?.flatten()).cloned(),
        Value::Array(array) => array.items().get(item_index(key)?).cloned(),
        _ => None,
    }
}

/// Returns what stands for a member that is not there. Of a payload's value it is the payload's: leaving it out
/// is as sending an empty text. So it is of a boolean, which has no members and does not say where it came from.
fn missing(value: &Value, key: &Value) -> Value {
    let origin = match (value, value.origin()) {
        (_, Some(origin)) => origin.clone(),
        (Value::Boolean(_), None) => Arc::new(Origin { alias: "parameters".into(), path: "".into() }),
        _ => return Value::Null,
    };
    match key {
        Value::Number(number) => match number.index() {
            Some(index) => Value::absent(origin.item(index)),
            None => Value::Absent(origin),
        },
        key => Value::absent(origin.member(&convert::to_text(key).unwrap_or_default().flatten())),
    }
}

fn item_index(key: &Value) -> Option<usize> {
    match key {
        Value::Number(number) => number.index(),
        Value::String(text) if !text.is_empty() => convert::to_number(key)?.index(),
        _ => None,
    }
}

/// What is wrong with payload text as the name of a value.
pub(crate) const PAYLOAD_AS_NAME: &str = "a payload can't choose which value is read";
/// What is wrong with it as the place in a list. A number of a payload may stand there.
const PAYLOAD_AS_PLACE: &str = "a payload's text can't choose which item is read";

/// Refuses a text of a payload as the key of the author's object or list: the payload would choose
/// among the author's values, and so might read a secret.
fn refuse_choice(value: &Value, key: &Value, range: &Range<usize>) -> Result<(), Mistake> {
    let is_authors = match value {
        Value::Object(_) => value.origin().is_none(),
        Value::Array(_) => value.origin().is_none() && !matches!(key, Value::Number(_)),
        _ => false,
    };
    let Some(origin) = key.origin().filter(|_| is_authors) else {
        return Ok(());
    };
    let title = if matches!(value, Value::Object(_)) { PAYLOAD_AS_NAME } else { PAYLOAD_AS_PLACE };
    let label = format!("this is {}", key.describe());
    Err(Mistake::new(Code::TaintedChoice, range.clone(), title, label)
        .came_from(Some(origin))
        .help("let it choose among texts of yours: `oneOf(x, 'a', 'b')`"))
}

fn elements(value: &Value) -> Box<dyn Iterator<Item = Value> + '_> {
    match value {
        Value::Array(array) => Box::new(array.items().iter().cloned()),
        Value::Object(object) => Box::new(object_values(object)),
        _ => Box::new(std::iter::empty()),
    }
}

fn object_values(object: &Object) -> impl Iterator<Item = Value> + '_ {
    object.iter().map(|(_, value)| value.clone())
}

fn elements_len(value: &Value) -> usize {
    match value {
        Value::Array(array) => array.items().len(),
        Value::Object(object) => object.len(),
        _ => 0,
    }
}
