//! A matrix that a run has made: JSON text that becomes legs (reference, section 5.7).

use crate::diagnostic::shown;
use crate::expression::Value;
use crate::pipeline::plan::{LEGS_MAX, MatrixLeg, Variable};
use crate::taint::Text;
use serde_json::{Map, Value as Json};

/// The most variables of a leg.
const VARIABLES_MAX: usize = 1_000;
/// The most characters of a leg's name.
const NAME_MAX: usize = 100;

/// What is wrong with one that payload text may have come to.
const OF_PAYLOAD: &str = "the payload would decide about the legs. Help: the step that makes them gets payload text, perhaps in \
                          a variable: define that one in the jobs that use it, or let the script print the legs word for word";

/// Returns the legs of a matrix: an object of legs, each an object of variables. An error is a
/// sentence. No payload decides which legs there are, since their variables' names would be its too.
pub(super) fn legs(text: &Text) -> Result<Vec<MatrixLeg>, String> {
    if text.is_tainted() {
        return Err(OF_PAYLOAD.to_owned());
    }
    let Json::Object(written) = parse(&text.flatten())? else {
        return Err("it is no JSON object of legs".to_owned());
    };
    if written.len() > LEGS_MAX {
        return Err(format!("it has {} legs, {LEGS_MAX} are allowed", written.len()));
    }
    let mut legs: Vec<MatrixLeg> = Vec::new();
    for (at, (name, variables)) in written.into_iter().enumerate() {
        // The language renames what can't be a name.
        let name = if is_name(&name) { name } else { format!("Job{}", at + 1) };
        if legs.iter().any(|leg| leg.name.eq_ignore_ascii_case(&name)) {
            return Err(format!("two legs are called `{}`", shown(&name)));
        }
        let Json::Object(variables) = variables else {
            return Err(format!("the leg `{}` is no object of variables", shown(&name)));
        };
        let variables = of_leg(&name, &variables)?;
        legs.push(MatrixLeg { name, variables });
    }
    Ok(legs)
}

/// Text in single quotes is taken for JSON too, as long as it has no double ones.
fn parse(text: &str) -> Result<Json, String> {
    match serde_json::from_str(text) {
        Err(_) if text.trim().is_empty() => Err("it is empty".to_owned()),
        Err(_) if !text.contains('"') && text.contains('\'') => parse(&text.replace('\'', "\"")),
        Err(mistake) => Err(format!("it is not JSON: {mistake}")),
        Ok(json) => Ok(json),
    }
}

fn of_leg(leg: &str, written: &Map<String, Json>) -> Result<Vec<Variable>, String> {
    if written.len() > VARIABLES_MAX {
        return Err(format!("the leg `{}` has more than {VARIABLES_MAX} variables", shown(leg)));
    }
    let variable = |(name, value): (&String, &Json)| match value {
        Json::Array(_) | Json::Object(_) => {
            Err(format!("the variable `{}` of the leg `{}` is no text", shown(name), shown(leg)))
        }
        value => {
            let value = Value::from_json(value).to_text().map_err(|mistake| mistake.to_string())?;
            Ok(Variable { name: name.clone(), value, ..Variable::default() })
        }
    };
    written.iter().filter(|(name, _)| !name.is_empty()).map(variable).collect()
}

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(is_part) && (1..=NAME_MAX).contains(&text.len()) && !text.as_bytes()[0].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let told = |leg: MatrixLeg| {
            let variables = leg.variables.iter().map(|it| format!(" {}={}", it.name, it.value.flatten()));
            format!("{}{}", leg.name, variables.collect::<String>())
        };
        let legs = legs(&text.into()).map(|legs| legs.into_iter().map(told).collect::<Vec<_>>().join(", "));
        assert_eq!(legs.unwrap_or_else(|mistake| mistake), expected, "{text}");
    }

    #[test]
    fn json_becomes_legs_or_a_sentence() {
        check(r#"{"b": {"x": "1", "y": 1.50}, "a": {"z": true, "n": null}}"#, "b x=1 y=1.5, a z=True n=");
        check("{'one': {'x': 'y'}}", "one x=y");
        check("{}", "");
        check(r#"{"1st": {}, "no way": {"x": "$(y)"}}"#, "Job1, Job2 x=$(y)");
        check(r#"{"a": {}, "A": {}}"#, "two legs are called `A`");
        check(r#"{"a": 1}"#, "the leg `a` is no object of variables");
        check(r#"{"a": {"x": []}}"#, "the variable `x` of the leg `a` is no text");
        check("[]", "it is no JSON object of legs");
        check(" ", "it is empty");
        check("{", "it is not JSON: EOF while parsing an object at line 1 column 1");
        let many = (0..=LEGS_MAX).map(|leg| format!("\"l{leg}\":{{}}")).collect::<Vec<_>>().join(",");
        check(&format!("{{{many}}}"), "it has 257 legs, 256 are allowed");
    }

    #[test]
    fn a_payload_makes_no_legs() {
        let origin = std::sync::Arc::new(crate::taint::Origin { alias: "hook".into(), path: "m".into() });
        assert_eq!(legs(&Text::tainted("{}", origin)), Err(OF_PAYLOAD.to_owned()));
    }
}
