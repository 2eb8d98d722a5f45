//! What steps hand on to other jobs: output variables (reference, section 5.6).

use crate::expression::Value;
use crate::taint::Text;
use serde::{Deserialize, Serialize};

/// What stands in place of a secret, in logs and wherever else it may not be shown.
pub const MASK: &str = "***";

/// An output variable of a job that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The step's name and the variable's, `step.variable`.
    pub name: String,
    /// The value, which still knows whether it came of a payload; [`MASK`] for a secret, which
    /// stays in its own job.
    pub value: Text,
}

/// Returns outputs as expressions see them, by the names that they have there.
pub(super) fn object<'o>(outputs: impl IntoIterator<Item = (String, &'o Output)>) -> Value {
    Value::object(outputs.into_iter().map(|(name, output)| (name, Value::String(output.value.clone()))))
}
