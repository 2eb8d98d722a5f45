//! What an author is told, and where it points.

use super::{author, failure_in};
use pipehook::diagnostic::Code;
use pipehook::expression::{Dialect, Expression, Mistake, Scope};

/// Checks the mistake of an expression that does not parse: what it points at, and the help.
#[track_caller]
fn check_syntax(text: &str, pointed_at: &str, title: &str, help: Option<&str>) {
    let mistake = Expression::parse(text).expect_err("it must not parse");
    assert_eq!(mistake.title, title, "{text}");
    assert_eq!(&text[mistake.range.clone()], pointed_at, "the place in {text}");
    assert_eq!(mistake.help.as_deref(), help, "{text}");
    assert_eq!(mistake.code, Code::ExpressionSyntax);
}

#[test]
fn what_other_languages_write_is_answered_with_what_to_write_here() {
    let not_part = |operator: &str| format!("`{operator}` is not part of the expression language");
    for (text, operator, help) in [
        ("a == b", "==", "write `eq(a, b)`"),
        ("a==b", "==", "write `eq(a, b)`"),
        ("a != b", "!=", "write `ne(a, b)`"),
        ("a && b", "&&", "write `and(a, b)`"),
        ("a || b", "||", "write `or(a, b)`"),
        ("!a", "!", "write `not(a)`"),
        ("a >= 1", ">=", "write `ge(a, b)`"),
        ("a ? b", "?", "write `iif(condition, a, b)`"),
        ("'a' + 'b'", "+", "write `format('{0}{1}', a, b)` to join texts; there is no arithmetic"),
        ("a * b", "*", "there is no arithmetic"),
    ] {
        check_syntax(text, operator, &not_part(operator), Some(help));
    }
    check_syntax("x[\"a b\"]", "\"a b\"", "text stands in single quotes, not in double quotes", Some("write `'a b'`"));
    check_syntax(
        "parameters.hook.a-b",
        "a-b",
        "a name with a hyphen, `a-b`, can't be written plainly",
        Some("write `['a-b']` instead of `.a-b`"),
    );
    check_syntax(
        "eq($(Build.Reason), 'x')",
        "$",
        "a macro can't stand inside an expression",
        Some("write `variables['name']` for the variable's value"),
    );
    check_syntax("not (eq(1, 2)", "", "an expression ends where `,` or `)` is missing", None);
    check_syntax(
        "eq(${{ a }}, b)",
        "${{",
        "an expression can't stand inside an expression",
        Some("write what is inside without `${{ }}`"),
    );
    check_syntax(
        "and((a), b)",
        "(",
        "parentheses only follow the name of a function",
        Some("write the function: `and(a, b)`, `or(a, b)`, `not(a)`"),
    );
}

#[test]
fn a_mistake_of_syntax_points_at_its_bytes() {
    check_syntax("", "", "an expression is missing", None);
    check_syntax("  ", "  ", "an expression is missing", None);
    check_syntax("'it", "'it", "a text in quotes is not closed", Some("write `''` for a quote inside the text"));
    check_syntax("eq(a, )", ")", "a value is missing", Some("write `''` for no text"));
    check_syntax("eq(a b)", "b", "`,` or `)` is missing", None);
    check_syntax("a)", ")", "a `)` has no `(`", None);
    check_syntax("a[0", "", "an expression ends where `]` is missing", None);
    check_syntax("true.x", ".", "a literal has no members", None);
    check_syntax(
        "a.1",
        "1",
        "a name is missing after `.`",
        Some("write `['name']` for a name with other characters, `[0]` for an item"),
    );
    check_syntax(
        "3.4a",
        "3.4a",
        "`3.4a` is neither a number nor a version",
        Some("put text in single quotes: `'3.4a'`"),
    );
    check_syntax(
        "1.2.3.4.5",
        "1.2.3.4.5",
        "`1.2.3.4.5` is neither a number nor a version",
        Some("put text in single quotes: `'1.2.3.4.5'`"),
    );
    check_syntax("foo'bar'", "foo'bar'", "`foo'bar'` is not a name", Some("put text in single quotes: `'text'`"));
    check_syntax("größe", "größe", "`größe` is not a name", Some("put text in single quotes: `'text'`"));
    check_syntax("a, b", ",", "an expression goes on after its end", None);
}

#[test]
fn text_and_nesting_have_limits() {
    let nested = |depth: usize| format!("{}true{}", "not(".repeat(depth), ")".repeat(depth));
    assert!(Expression::parse(&nested(49)).is_ok());
    assert_eq!(Expression::parse(&nested(50)).expect_err("too deep").code, Code::ExpressionLimit);
    let brackets = |depth: usize| format!("{}0{}", "a[".repeat(depth), "]".repeat(depth));
    assert!(Expression::parse(&brackets(49)).is_ok());
    assert_eq!(Expression::parse(&brackets(5_000)).expect_err("too deep").code, Code::ExpressionLimit);
    let quoted = |length: usize| format!("'{}'", "ä".repeat(length));
    assert!(Expression::parse(&quoted(20_998)).is_ok());
    assert_eq!(Expression::parse(&quoted(20_999)).expect_err("too long").code, Code::ExpressionLimit);
    assert!(Expression::parse(&format!("a{}", ".a".repeat(10_000))).is_ok());
}

fn scope() -> Scope {
    Scope::new(Dialect::Template).with_members("parameters", ["WebHook", "environment"]).with_name("variables")
}

fn told(mistake: &Mistake, text: &str) -> (Code, String, String, Option<String>) {
    (mistake.code, text[mistake.range.clone()].to_owned(), mistake.title.clone(), mistake.help.clone())
}

#[track_caller]
fn check_scope(text: &str, scope: &Scope, expected: &[(Code, &str, &str, Option<&str>)]) {
    let mistakes = Expression::parse(text).expect("it parses").check(scope);
    let found: Vec<_> = mistakes.iter().map(|mistake| told(mistake, text)).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(code, at, title, help)| (*code, (*at).to_owned(), (*title).to_owned(), help.map(str::to_owned)))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn every_unknown_name_and_wrong_call_is_found_at_once() {
    check_scope(
        "and(eqq(a, 1), eq(1), paramters.x, parameters.webhok.y, not(1, 2, 3))",
        &scope(),
        &[
            (Code::UnknownFunction, "eqq", "there is no function `eqq`", Some("did you mean `eq`?")),
            (Code::UnknownName, "a", "the name `a` is not known here", Some("put text in single quotes: `'a'`")),
            (Code::ArgumentCount, ")", "`eq` takes 2 arguments, not 1", None),
            (
                Code::UnknownName,
                "paramters",
                "the name `paramters` is not known here",
                Some("did you mean `parameters`?"),
            ),
            (Code::UnknownName, ".webhok", "the parameter `webhok` is not declared", Some("did you mean `WebHook`?")),
            (Code::ArgumentCount, "2, 3", "`not` takes 1 argument, not 3", None),
        ],
    );
}

#[test]
fn names_are_known_in_any_case_and_members_only_where_they_are_closed() {
    check_scope("AND(Parameters['webhook'].x, VARIABLES.anything)", &scope(), &[]);
    check_scope(
        "parameters['x y']",
        &scope(),
        &[(Code::UnknownName, "['x y']", "the parameter `x y` is not declared", None)],
    );
    check_scope(
        "null",
        &scope(),
        &[(
            Code::UnknownName,
            "null",
            "the name `null` is not known here",
            Some("compare with an empty text: `eq(x, '')`"),
        )],
    );
    check_scope(
        "webHook.resource",
        &scope(),
        &[(
            Code::UnknownName,
            "webHook",
            "the name `webHook` is not known here",
            Some("did you mean `parameters.WebHook`?"),
        )],
    );
    check_scope(
        "and(1, always)",
        &scope(),
        &[(
            Code::UnknownName,
            "always",
            "the name `always` is not known here",
            Some("write `always(…)` to call the function"),
        )],
    );
}

#[test]
fn some_functions_exist_only_where_they_have_a_meaning() {
    check_scope(
        "succeeded()",
        &scope(),
        &[(
            Code::UnknownFunction,
            "succeeded",
            "the function `succeeded` does not exist here",
            Some("use it in a `condition:`"),
        )],
    );
    check_scope(
        "toJSON(variables)",
        &scope(),
        &[(Code::UnknownFunction, "toJSON", "there is no function `toJSON`", Some("write `convertToJson(x)`"))],
    );
    let runtime = Scope::new(Dialect::Runtime).in_variable();
    check_scope("counter('a', 1)", &runtime, &[]);
    let step = Scope::new(Dialect::Condition).in_step();
    check_scope(
        "succeeded('A')",
        &step,
        &[(Code::ArgumentCount, "'A'", "a status function takes no arguments in the condition of a step", None)],
    );
}

#[test]
fn a_failed_conversion_says_what_stands_there() {
    let check = |text: &str, at: &str, title: &str, label: &str| {
        let mistake = failure_in(&author(), text);
        assert_eq!((mistake.code, &text[mistake.range.clone()]), (Code::Conversion, at), "{text}");
        assert_eq!((mistake.title.as_str(), mistake.label.as_str()), (title, label), "{text}");
    };
    check("lt(1, 'abc')", "'abc'", "the text `abc` can't be used as a number", "this is the text `abc`");
    check(
        "upper(parameters.object)",
        "parameters.object",
        "an object can't be used as text",
        "this is an object with 2 keys: `Key`, `nested`",
    );
    check(
        "contains(parameters.list, 'a')",
        "parameters.list",
        "a list can't be used as text",
        "this is a list with 3 items",
    );
    check(
        "gt(parameters.list, 1)",
        "parameters.list",
        "a list can't be used as a number",
        "this is a list with 3 items",
    );
    check(
        "length(true)",
        "true",
        "the boolean `True` can't be used as something that has a length",
        "this is the boolean `True`",
    );
}
