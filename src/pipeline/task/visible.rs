//! `visibleRule` of an input of a task package: whether the input means anything for the values that others have.
//!
//! ```text
//! command = push                           =, == and !=, all in any case
//! command = push && feed != internal       of several, joined by && or by ||
//! ```
//! Rules with other operators are not known here: what hangs on them is left to the task itself.

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    joint: Joint,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    All,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    input: String,
    test: Test,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Is,
    IsNot,
}

impl Rule {
    /// Reads a rule; nothing where it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let (joint, parts): (_, Vec<&str>) = match text.contains("&&") {
            true => (Joint::All, text.split("&&").collect()),
            false => (Joint::Any, text.split("||").collect()),
        };
        let terms = parts.into_iter().map(Term::parse).collect::<Option<_>>()?;
        Some(Self { joint, terms })
    }

    /// Says whether the rule holds for the values that `value` gives: nothing where one that matters is not known.
    pub fn holds(&self, value: impl Fn(&str) -> Option<String>) -> Option<bool> {
        let found: Vec<Option<bool>> = self.terms.iter().map(|term| term.holds(&value)).collect();
        // One term that is so decides, whatever the others are.
        let deciding = self.joint == Joint::Any;
        if found.contains(&Some(deciding)) {
            return Some(deciding);
        }
        (!found.contains(&None)).then_some(!deciding)
    }
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        let (input, test, value) = [("!=", Test::IsNot), ("==", Test::Is), ("=", Test::Is)]
            .into_iter()
            .find_map(|(sign, test)| text.split_once(sign).map(|(input, value)| (input.trim(), test, value.trim())))?;
        let is_name =
            !input.is_empty() && input.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let is_value = !value.contains(['=', '&', '|', '!', '(', ')']);
        (is_name && is_value).then(|| Self {
            input: input.to_owned(),
            test,
            value: value.trim_matches(['\'', '"']).to_owned(),
        })
    }

    fn holds(&self, value: &impl Fn(&str) -> Option<String>) -> Option<bool> {
        let is_it = value(&self.input)?.trim().eq_ignore_ascii_case(&self.value);
        Some(is_it == (self.test == Test::Is))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &str, expected: Option<bool>) {
        let value = |name: &str| match name {
            "command" => Some("Push".to_owned()),
            "empty" => Some(String::new()),
            _ => None,
        };
        assert_eq!(Rule::parse(rule).and_then(|rule| rule.holds(value)), expected, "{rule}");
    }

    #[test]
    fn a_rule_holds_for_values_in_any_case() {
        check("command = push", Some(true));
        check("command==push", Some(true));
        check("command != push", Some(false));
        check("command = pull", Some(false));
        check("empty = ", Some(true));
        check("command = push && empty != x", Some(true));
        check("command = pull || command = push", Some(true));
        check("command = pull && unknown = x", Some(false));
        check("unknown = x && command = pull", Some(false));
        check("command = push && unknown = x", None);
        check("unknown = x || command = push", Some(true));
        check("unknown = x || command = pull", None);
    }

    #[test]
    fn a_rule_of_another_form_is_not_known() {
        for rule in ["", "command", "command contains x", "a = b && c = d || e = f", "(a = b) && c = d", "= x"] {
            check(rule, None);
        }
    }
}
