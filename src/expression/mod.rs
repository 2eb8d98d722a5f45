//! The expression language of pipelines: what stands in `${{ }}`, `$[ ]` and `condition:`.
//!
//! ```text
//! lexer      characters to tokens
//! parser     tokens to a syntax tree, each node with its bytes
//! check      are all names and functions known where the expression stands?
//! reference  which values does the expression read?
//! carry      can it give a payload's text?
//! evaluate   the tree and named values to a Value
//! macros     `$(name)`, the other way to name a variable
//! ```
//!
//! [`Expression::parse`] finds mistakes of syntax only: they count wherever the expression stands,
//! while unknown names ([`Expression::check`]) do not matter in a branch that is left out. The
//! language has no operators, no groups and no `null`; everything is a function call. Text that
//! came from a payload stays tainted through every function (see [`crate::taint`]), and a payload
//! never decides which of the author's values or formats is used.
//!
//! Everything here is pure, and bounded: the text, its nesting, the steps of an evaluation and the
//! bytes that it makes.

mod budget;
mod carry;
mod check;
mod compare;
mod constant;
mod context;
mod convert;
mod digits;
mod evaluate;
mod function;
mod json;
mod lexer;
mod macros;
mod mistake;
mod number;
mod object;
mod ordinal;
mod parser;
mod reference;
mod rope;
mod scope;
mod status;
mod syntax;
mod time;
mod unknown;
mod value;
mod version;

pub use budget::{BYTES_MAX, COMPARED_MAX, STEPS_MAX, Usage};
pub use context::{Context, Counter, Dialect};
pub use convert::Unconvertible;
pub(crate) use evaluate::PAYLOAD_AS_NAME;
pub(crate) use function::PAYLOAD_AS_FORMAT;
pub use json::{JSON_DEPTH_MAX, JsonError};
pub use macros::{MACRO_NAME_MAX, Macro, Macros};
pub use mistake::Mistake;
pub(crate) use mistake::place_in_payload;
pub use number::Number;
pub(crate) use number::is_plain as is_plain_number;
pub use object::Object;
pub use parser::{NESTING_MAX, TEXT_MAX};
pub use reference::{Reference, Step};
pub(crate) use rope::Rope;
pub use scope::{Beside, Scope};
pub use status::{Dependency, JobStatus, Status};
pub use value::{Array, Places, Value};
pub use version::Version;

use std::sync::Arc;
use syntax::{Literal, Node, NodeKind, Suffix, SuffixKind};

/// Says whether two texts are the same in this language, which ignores case: of all letters, not of ASCII's alone.
pub fn is_same_text(left: &str, right: &str) -> bool {
    ordinal::equal(left, right)
}

/// A parsed expression. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: Arc<str>,
    root: Arc<Node>,
}

impl Expression {
    /// Parses an expression, given without the `${{ }}` or `$[ ]` around it. Blanks around it are
    /// allowed. Names and functions need not be known.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let root = parser::parse(text)?;
        Ok(Self { text: text.into(), root: Arc::new(root) })
    }

    /// Returns the text that was parsed. All byte ranges are ranges of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns every name and function that is not known in the scope, and every wrong number of
    /// arguments, in the order of their places.
    pub fn check(&self, scope: &Scope) -> Vec<Mistake> {
        check::check(&self.root, scope)
    }

    /// Returns what is wrong with the parts that have the same value in every run and are evaluated in each.
    pub fn constant_mistakes(&self) -> Vec<Mistake> {
        constant::mistakes(&self.root)
    }

    /// Returns every chain of members that begins at a named value, as long as its steps are
    /// literal, in the order of their places.
    pub fn references(&self) -> Vec<Reference> {
        reference::references(&self.root)
    }

    /// Returns the first reference, of those that `is_tainted` says of, through which a payload's text
    /// can come into the value.
    pub fn carries(&self, is_tainted: &dyn Fn(&Reference) -> bool) -> Option<Reference> {
        carry::carries(&self.root, is_tainted)
    }

    /// Returns a reference whose payload text is in the value in any case, if one is. `is_tainted` says what a
    /// reference gives.
    pub fn surely_carries(&self, is_tainted: &dyn Fn(&Reference) -> bool) -> Option<Reference> {
        carry::surely_carries(&self.root, is_tainted)
    }

    /// Returns the references of whose values something is made: not those that are only compared, or asked for.
    pub fn needed(&self) -> Vec<Reference> {
        carry::needed(&self.root)
    }

    /// Evaluates the expression. The result does not depend on anything but the context.
    pub fn evaluate(&self, context: &Context<'_>) -> Result<Value, Mistake> {
        self.evaluate_counted(context, &mut Usage::default())
    }

    /// Evaluates the expression, and adds to `usage` what that took, also where it failed.
    pub fn evaluate_counted(&self, context: &Context<'_>, usage: &mut Usage) -> Result<Value, Mistake> {
        evaluate::evaluate(&self.root, context, usage)
    }

    /// Says whether the value is a list, whatever the names in the expression stand for: what `split` and
    /// a `*` at the end give.
    pub fn gives_list(&self) -> bool {
        match &self.root.kind {
            NodeKind::Call(call) => call.name.eq_ignore_ascii_case("split"),
            NodeKind::Chain { suffixes, .. } => matches!(suffixes.last(), Some(Suffix { kind: SuffixKind::All, .. })),
            _ => false,
        }
    }

    /// Returns the value of an expression that is a single text in quotes, such as `'${{'`.
    pub fn literal_text(&self) -> Option<&str> {
        match &self.root.kind {
            NodeKind::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        }
    }
}
