//! What holds for every text, however strange.

use super::{author, payload};
use pipehook::expression::{Dialect, Expression, Mistake, Scope, Value};
use proptest::prelude::*;

#[track_caller]
fn lies_within(mistake: &Mistake, text: &str) {
    assert!(text.get(mistake.range.clone()).is_some(), "{:?} of {text:?}", mistake.range);
}

/// Parses, checks and evaluates a text; every place that comes up must lie within it.
fn walk(text: &str) {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(mistake) => return lies_within(&mistake, text),
    };
    for mistake in expression.check(&Scope::new(Dialect::Template).with_members("parameters", ["list"])) {
        lies_within(&mistake, text);
    }
    for reference in expression.references() {
        assert!(text.get(reference.range).is_some());
    }
    let context = author().with("hook", payload(r#"{"a": "é", "b": [1, {"c": "d"}], "n": 1.50}"#));
    match expression.evaluate(&context) {
        Ok(value) => drop((value.describe(), value.to_json(), value.to_json_text())),
        Err(mistake) => lies_within(&mistake, text),
    }
}

/// Texts of the tokens of the language, in any order.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "eq",
        "and",
        "format",
        "split",
        "a",
        "parameters",
        "hook",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "*",
        "'x'",
        "'",
        "''",
        "\"",
        "1",
        "-",
        "+",
        ".5",
        "1.2.3",
        "==",
        "&&",
        "é",
        "€",
        " ",
        "\n",
        "true",
        "$",
        "{0}",
        "a-b",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// Expressions that follow the grammar, with arguments of any kind.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "true",
        "FALSE",
        "0",
        "-1.5",
        "79228162514264337593543950335",
        "1.2.3",
        "''",
        "'abc'",
        "'{0}'",
        "'}'",
        "'é€'",
        "','",
        "'1,000'",
        "' 2 '",
        "'-1'",
        "parameters",
        "parameters.list",
        "parameters.rows.*.tags.*",
        "variables.nope",
        "variables['Build.Reason']",
        "hook",
        "hook.a",
        "hook.b",
        "hook.b[1].c",
        "hook.*",
        "hook.n",
        "unknown",
    ]);
    let functions = prop::sample::select(vec![
        "always",
        "and",
        "canceled",
        "coalesce",
        "contains",
        "containsValue",
        "convertToJson",
        "counter",
        "endsWith",
        "eq",
        "failed",
        "format",
        "ge",
        "gt",
        "iif",
        "in",
        "join",
        "le",
        "length",
        "lower",
        "lt",
        "ne",
        "not",
        "notIn",
        "oneOf",
        "or",
        "replace",
        "split",
        "startsWith",
        "substring",
        "succeeded",
        "succeededOrFailed",
        "trim",
        "upper",
        "xor",
    ]);
    let suffixes = prop::sample::select(vec!["", "", "", ".x", "[0]", ".*", "['a']", "[hook.a]", "[hook.n]"]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 3, move |inner| {
        (functions.clone(), prop::collection::vec(inner, 0..4), suffixes.clone())
            .prop_map(|(function, arguments, suffix)| format!("{function}({}){suffix}", arguments.join(", ")))
    })
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_with_a_place(text in "\\PC*") {
        walk(&text);
    }

    #[test]
    fn any_tokens_are_parsed_or_refused_with_a_place(text in tokens()) {
        walk(&text);
    }

    #[test]
    fn any_expression_is_evaluated_or_refused_with_a_place(text in expressions()) {
        walk(&text);
    }

    #[test]
    fn any_text_survives_as_a_literal(text in "\\PC{0,200}") {
        let literal = format!("'{}'", text.replace('\'', "''"));
        let expression = Expression::parse(&literal).expect("a literal parses");
        prop_assert_eq!(expression.literal_text(), Some(&*text));
    }

    #[test]
    fn a_text_replaced_by_itself_stays(text in "[a-cA-CßéÉ]{0,20}", part in "[a-cßé]{1,2}") {
        let parameters = Value::object([("text", Value::text(text.as_str())), ("part", Value::text(part.as_str()))]);
        let context = pipehook::expression::Context::new(Dialect::Template).with("p", parameters);
        let replaced = super::evaluate("lower(replace(p.text, p.part, p.part))", &context).expect("it replaces");
        let lowered = super::evaluate("lower(p.text)", &context).expect("it lowers");
        prop_assert_eq!(replaced, lowered);
    }
}
