//! Are all names and functions known where the expression stands?
//!
//! Evaluation asks the same questions through the same functions, but stops at the first mistake,
//! and does not look at arguments that it leaves out.

use super::function::{FUNCTIONS, Function};
use super::status::no_names_in_steps;
use super::syntax::{Call, Literal, Node, NodeKind, Suffix, SuffixKind};
use super::{Dialect, Mistake};
use crate::diagnostic::{Code, did_you_mean, shown};
use std::ops::Range;

/// The names and functions that are known where an expression stands.
#[derive(Debug, Clone)]
pub struct Scope {
    dialect: Dialect,
    names: Vec<Name>,
    in_step: bool,
    in_variable: bool,
}

#[derive(Debug, Clone)]
struct Name {
    name: String,
    /// All members there are, if no other can come to be.
    members: Option<Vec<String>>,
}

impl Scope {
    /// Returns a scope in which no name is known.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            names: Vec::new(),
            in_step: false,
            in_variable: false,
        }
    }

    /// Adds a name; any member of it may be asked for.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.names.push(Name {
            name: name.into(),
            members: None,
        });
        self
    }

    /// Adds a name that has exactly these members.
    #[must_use]
    pub fn with_members<M: Into<String>>(
        mut self,
        name: impl Into<String>,
        members: impl IntoIterator<Item = M>,
    ) -> Self {
        let members = Some(members.into_iter().map(Into::into).collect());
        self.names.push(Name {
            name: name.into(),
            members,
        });
        self
    }

    /// Makes the status functions take no arguments, as in the condition of a step.
    #[must_use]
    pub fn in_step(mut self) -> Self {
        self.in_step = true;
        self
    }

    /// Makes `counter` known, as in the value of a variable.
    #[must_use]
    pub fn in_variable(mut self) -> Self {
        self.in_variable = true;
        self
    }

    /// The name that was added last counts, so that a loop's variable may hide another one.
    fn name(&self, written: &str) -> Option<&Name> {
        self.names
            .iter()
            .rev()
            .find(|known| known.name.eq_ignore_ascii_case(written))
    }
}

pub(super) fn check(root: &Node, scope: &Scope) -> Vec<Mistake> {
    let mut checker = Checker {
        scope,
        mistakes: Vec::new(),
    };
    checker.node(root);
    checker.mistakes
}

struct Checker<'s> {
    scope: &'s Scope,
    mistakes: Vec<Mistake>,
}

impl Checker<'_> {
    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Literal(_) => {}
            NodeKind::Name(name) => self.name(name, &node.range, None),
            NodeKind::Call(call) => self.call(call),
            NodeKind::Chain { base, suffixes } => self.chain(base, suffixes),
        }
    }

    fn chain(&mut self, base: &Node, suffixes: &[Suffix]) {
        match &base.kind {
            NodeKind::Name(name) => self.name(name, &base.range, suffixes.first()),
            _ => self.node(base),
        }
        for suffix in suffixes {
            if let SuffixKind::Index(index) = &suffix.kind {
                self.node(index);
            }
        }
    }

    fn name(&mut self, written: &str, range: &Range<usize>, first: Option<&Suffix>) {
        let Some(name) = self.scope.name(written) else {
            self.mistakes
                .push(unknown_name(written, range.clone(), self.scope));
            return;
        };
        let (Some(members), Some(suffix)) = (&name.members, first) else {
            return;
        };
        let Some(member) = literal_member(suffix) else {
            return;
        };
        if !members
            .iter()
            .any(|known| known.eq_ignore_ascii_case(member))
        {
            self.mistakes.push(unknown_member(
                &name.name,
                member,
                suffix.range.clone(),
                members,
            ));
        }
    }

    fn call(&mut self, call: &Call) {
        match function(call, self.scope) {
            Ok(function) => {
                let in_step = self.scope.in_step && function.is_status();
                match call.arguments.first() {
                    Some(argument) if in_step => self
                        .mistakes
                        .push(no_names_in_steps(argument.range.clone())),
                    _ => self.mistakes.extend(wrong_count(call, function)),
                }
            }
            Err(mistake) => self.mistakes.push(mistake),
        }
        for argument in &call.arguments {
            self.node(argument);
        }
    }
}

fn literal_member(suffix: &Suffix) -> Option<&str> {
    match &suffix.kind {
        SuffixKind::Member(name) => Some(name),
        SuffixKind::Index(Node {
            kind: NodeKind::Literal(Literal::Text(name)),
            ..
        }) => Some(name),
        _ => None,
    }
}

/// Words of other languages, and what stands for them here.
const FOREIGN_NAMES: &[(&str, &str)] = &[
    ("null", "compare with an empty text: `eq(x, '')`"),
    (
        "env",
        "write `variables['name']`, or use the variable in the script",
    ),
    (
        "matrix",
        "write `variables['name']`: the values of a matrix are variables",
    ),
    ("strategy", "write `variables['strategy.name']`"),
];

/// Functions of other languages, and what stands for them here.
const FOREIGN_FUNCTIONS: &[(&str, &str)] = &[
    ("toJson", "write `convertToJson(x)`"),
    ("success", "write `succeeded()`"),
    ("failure", "write `failed()`"),
    ("equals", "write `eq(a, b)`"),
    ("if", "write `iif(condition, a, b)`"),
    ("concat", "write `format('{0}{1}', a, b)`"),
    ("neq", "write `ne(a, b)`"),
    (
        "indexOf",
        "write `contains(a, b)` to learn whether a text holds another",
    ),
];

fn foreign(table: &[(&str, &str)], written: &str) -> Option<String> {
    table
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(written))
        .map(|(_, help)| (*help).to_owned())
}

pub(super) fn unknown_name(written: &str, range: Range<usize>, scope: &Scope) -> Mistake {
    let help = foreign(FOREIGN_NAMES, written)
        .or_else(|| function_without_call(written))
        .or_else(|| member_of_another(written, scope))
        .or_else(|| did_you_mean(written, scope.names.iter().map(|known| known.name.as_str())));
    let known = scope
        .names
        .iter()
        .map(|known| format!("`{}`", known.name))
        .collect::<Vec<_>>();
    let note = (!known.is_empty()).then(|| format!("known here: {}", known.join(", ")));
    let title = format!("the name `{}` is not known here", shown(written));
    Mistake::new(Code::UnknownName, range, title, "no such name")
        .maybe_help(help)
        .maybe_note(note)
}

fn function_without_call(written: &str) -> Option<String> {
    Function::find(written)
        .map(|function| format!("write `{}(…)` to call the function", function.name))
}

fn member_of_another(written: &str, scope: &Scope) -> Option<String> {
    scope.names.iter().find_map(|known| {
        let members = known.members.as_ref()?;
        let member = members
            .iter()
            .find(|member| member.eq_ignore_ascii_case(written))?;
        Some(format!("did you mean `{}.{member}`?", known.name))
    })
}

fn unknown_member(name: &str, member: &str, range: Range<usize>, members: &[String]) -> Mistake {
    let shown = shown(member);
    let (title, label) = match name.eq_ignore_ascii_case("parameters") {
        true => (
            format!("the parameter `{shown}` is not declared"),
            "no such parameter".to_owned(),
        ),
        false => (
            format!("`{name}` has no member `{shown}`"),
            "no such member".to_owned(),
        ),
    };
    Mistake::new(Code::UnknownName, range, title, label)
        .maybe_help(did_you_mean(member, members.iter().map(String::as_str)))
}

/// Returns the function that a call names, if it exists in the scope.
pub(super) fn function(call: &Call, scope: &Scope) -> Result<&'static Function, Mistake> {
    let range = call.name_range.clone();
    let written = shown(&call.name);
    let is_here = |function: &&Function| function.exists_in(scope.dialect, scope.in_variable);
    match Function::find(&call.name) {
        Some(function) if is_here(&function) => Ok(function),
        Some(function) => {
            let title = format!("the function `{}` does not exist here", function.name);
            Err(
                Mistake::new(Code::UnknownFunction, range, title, "not here")
                    .help(function.place_help()),
            )
        }
        None => {
            let help = foreign(FOREIGN_FUNCTIONS, &call.name).or_else(|| {
                did_you_mean(
                    &call.name,
                    FUNCTIONS
                        .iter()
                        .filter(is_here)
                        .map(|function| function.name),
                )
            });
            let title = format!("there is no function `{written}`");
            Err(
                Mistake::new(Code::UnknownFunction, range, title, "no such function")
                    .maybe_help(help),
            )
        }
    }
}

/// Returns the mistake of a call with too few or too many arguments.
pub(super) fn wrong_count(call: &Call, function: &Function) -> Option<Mistake> {
    let given = call.arguments.len();
    let (range, label) = if given < function.least {
        (call.close.clone(), "an argument is missing here")
    } else if given > function.most {
        let last = call
            .arguments
            .last()
            .map_or(call.close.start, |argument| argument.range.end);
        (
            call.arguments[function.most].range.start..last,
            "not expected",
        )
    } else {
        return None;
    };
    let title = format!(
        "`{}` takes {}, not {given}",
        function.name,
        function.count_phrase()
    );
    Some(Mistake::new(Code::ArgumentCount, range, title, label))
}
