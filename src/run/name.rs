//! A run's name, from the pattern in the pipeline's `name:` (reference, section 8.1).
//!
//! It is made when the run is queued. Variables whose values are expressions have none by then, since they may
//! count: their macros stay in the name until the first job begins, which gives the run its name anew.

use super::runtime;
use crate::pipeline::plan::{NAME_DEFAULT, NAME_FORBIDDEN, NAME_MAX, Plan, Variable};
use crate::taint::{Origin, Text};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use std::sync::Arc;

/// Where text came from that a step may have found in what another run has left.
pub const OF_OTHERS: &str = "an artifact of another run";
/// Room that is left for the revision in a name of the greatest length.
const REVISION_ROOM: usize = 12;

/// A run's name, ready but for the revision that the store counts: the first run of a pipeline
/// with this prefix and suffix gets revision 1, the next 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunName {
    /// What stands before the revision; the whole name where there is none.
    pub prefix: String,
    /// The least number of digits, for names that count.
    pub revision: Option<usize>,
    /// What stands after the revision.
    pub suffix: String,
}

impl RunName {
    /// Returns the name with a revision in its place.
    pub fn with_revision(&self, revision: u64) -> String {
        match self.revision {
            Some(digits) => format!("{}{revision:0digits$}{}", self.prefix, self.suffix),
            None => format!("{}{}", self.prefix, self.suffix),
        }
    }
}

/// Returns the name of a plan's run that is queued at a moment. Macros are expanded in the
/// author's text only; a macro that means nothing stays as it is.
pub fn resolve(plan: &Plan, at: Timestamp) -> RunName {
    with_variables(plan, &plan.variables, at)
}

/// Returns the name that a run gets when its first job begins, where variables of its pattern have their
/// values only then. `name` is what it is called now: a name that a step gave it stays.
pub fn late_name(plan: &Plan, queued_at: Timestamp, name: &str, variables: &[Variable]) -> Option<String> {
    let queued = resolve(plan, queued_at);
    let revision = name.strip_prefix(&*queued.prefix)?.strip_suffix(&*queued.suffix)?;
    let late = with_variables(plan, variables, queued_at);
    (late != queued).then(|| format!("{}{revision}{}", late.prefix, late.suffix))
}

/// Returns where payload text came from that is in a run's name, if there may be some: the first that its pattern
/// takes in, where the name was made of that, and any that steps get, where a step has given the name. `variables`
/// are those of the run, with their values.
pub fn tainted_by(plan: &Plan, queued_at: Timestamp, name: &str, variables: &[Variable]) -> Option<Arc<Origin>> {
    let made = with_variables(plan, variables, queued_at);
    let revision = name.strip_prefix(&*made.prefix).and_then(|rest| rest.strip_suffix(&*made.suffix));
    let is_made = match made.revision {
        Some(_) => revision.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())),
        None => revision == Some(""),
    };
    if !is_made {
        let origin = plan.payload_texts().find_map(Text::origin).map(|origin| origin.printed());
        let of_others = || Origin { alias: plan.pipeline.as_str().into(), path: OF_OTHERS.into() };
        return origin.or_else(|| plan.takes_of_others().then(of_others)).map(Arc::new);
    }
    let is_named = |variable: &Variable| {
        let mut macros =
            plan.name.authored().flat_map(|own| own.split("$(").skip(1).filter_map(|it| it.split_once(')')));
        macros.any(|(name, _)| name.eq_ignore_ascii_case(&variable.name))
    };
    let named = variables.iter().rev().filter(|variable| is_named(variable)).map(|variable| &variable.value);
    std::iter::once(&plan.name).chain(named).find_map(Text::origin).cloned()
}

/// Says whether variables of a run have their values only when a job begins.
pub fn has_late_variables(plan: &Plan) -> bool {
    plan.variables.iter().any(|variable| runtime::is_late(&variable.value))
}

fn with_variables(plan: &Plan, variables: &[Variable], at: Timestamp) -> RunName {
    let known = Known { pipeline: &plan.pipeline, variables };
    let at = at.to_zoned(TimeZone::UTC);
    let mut name = RunName { prefix: String::new(), revision: None, suffix: String::new() };
    for segment in plan.name.segments() {
        if segment.is_tainted() {
            add(&mut name, &segment.text);
        } else {
            expand(&mut name, &segment.text, &known, &at);
        }
    }
    if name.revision.is_none() && name.prefix.trim().is_empty() {
        // Such as a payload's empty title: a run without a name could not be told from another.
        name.prefix.clear();
        expand(&mut name, NAME_DEFAULT, &known, &at);
    }
    mend_end(&mut name);
    name
}

/// What macros of a name stand for.
struct Known<'k> {
    pipeline: &'k str,
    /// Those of the whole run.
    variables: &'k [Variable],
}

/// Returns the name that a step gives its run. On failure, why it can't be one: nothing is replaced in it,
/// because a step goes on with what it has said.
pub fn given_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_forbidden = |it: &char| NAME_FORBIDDEN.contains(*it) || crate::diagnostic::is_unprintable(*it);
    match name.chars().find(is_forbidden) {
        _ if name.is_empty() => Err("a run needs a name".to_owned()),
        _ if name.chars().count() > NAME_MAX => Err(format!("the name of a run has at most {NAME_MAX} characters")),
        Some(other) => Err(format!("the name of a run can't have `{}` in it", other.escape_debug())),
        None if name.ends_with('.') => Err("the name of a run can't end with a full stop".to_owned()),
        None => Ok(name.to_owned()),
    }
}

/// Replaces a full stop at the end, which a name may not have.
fn mend_end(name: &mut RunName) {
    let last = if name.revision.is_some() { &mut name.suffix } else { &mut name.prefix };
    if last.ends_with('.') {
        last.pop();
        last.push('_');
    }
}

fn expand(name: &mut RunName, text: &str, known: &Known<'_>, at: &Zoned) {
    let mut rest = text;
    while let Some(start) = rest.find("$(") {
        add(name, &rest[..start]);
        let Some(end) = rest[start..].find(')') else {
            rest = &rest[start..];
            break;
        };
        let macro_name = &rest[start + 2..start + end];
        match revision_digits(macro_name).filter(|_| name.revision.is_none()) {
            Some(digits) => {
                if macro_name.contains(":.") {
                    add(name, ".");
                }
                name.revision = Some(digits);
            }
            None => match value(macro_name, known, at) {
                Some(value) => add(name, &value),
                None => add(name, &rest[start..=start + end]),
            },
        }
        rest = &rest[start + end + 1..];
    }
    add(name, rest);
}

/// Adds text, with characters replaced that a name may not have, up to the limit.
fn add(name: &mut RunName, text: &str) {
    let used = name.prefix.chars().count() + name.suffix.chars().count();
    let room = (NAME_MAX - REVISION_ROOM).saturating_sub(used);
    let part = if name.revision.is_some() { &mut name.suffix } else { &mut name.prefix };
    let replace = |character: char| {
        if NAME_FORBIDDEN.contains(character) || crate::diagnostic::is_unprintable(character) { '_' } else { character }
    };
    part.extend(text.chars().take(room).map(replace));
}

/// Returns what stands after a prefix that is written in any case, as names of variables are.
fn after<'n>(macro_name: &'n str, prefix: &str) -> Option<&'n str> {
    let (start, rest) = macro_name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Returns the number of digits of `Rev:r`, `Rev:rr` or `Rev:.r`.
fn revision_digits(macro_name: &str) -> Option<usize> {
    let format = after(macro_name, "Rev:")?;
    let digits = format.strip_prefix('.').unwrap_or(format);
    (!digits.is_empty() && digits.chars().all(|digit| digit == 'r')).then_some(digits.len().min(REVISION_ROOM))
}

fn value(macro_name: &str, known: &Known<'_>, at: &Zoned) -> Option<String> {
    let date = |format: &str| at.strftime(format).to_string();
    Some(match macro_name.to_ascii_lowercase().as_str() {
        "date" => compact(at),
        "dayofmonth" => at.day().to_string(),
        "dayofyear" => at.day_of_year().to_string(),
        "hours" => at.hour().to_string(),
        "minutes" => at.minute().to_string(),
        "seconds" => at.second().to_string(),
        "month" => at.month().to_string(),
        "year:yy" => date("%y"),
        "year:yyyy" => date("%Y"),
        "build.definitionname" | "teamproject" => known.pipeline.to_owned(),
        "sourcebranchname" => known.variable("Build.SourceBranchName")?,
        _ => match after(macro_name, "Date:") {
            // Of the default name, so of nearly every run.
            Some("yyyyMMdd") => compact(at),
            Some(format) => dated(format, at)?,
            None => known.variable(macro_name)?,
        },
    })
}

fn compact(at: &Zoned) -> String {
    format!("{:04}{:02}{:02}", at.year(), at.month(), at.day())
}

/// Returns a date in a format of letters that repeat: `yyyy`, `MM`, `dd`, `HH`, `mm`, `ss`.
fn dated(format: &str, at: &Zoned) -> Option<String> {
    let mut text = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let length = rest.len() - rest.trim_start_matches(letter).len();
        let directive = match &rest[..length] {
            "yyyy" => "%Y",
            "yy" => "%y",
            "MMM" => "%b",
            "MM" => "%m",
            "M" => "%-m",
            "dd" => "%d",
            "d" => "%-d",
            "HH" => "%H",
            "H" => "%-H",
            "hh" => "%I",
            "mm" => "%M",
            "m" => "%-M",
            "ss" => "%S",
            "s" => "%-S",
            other if !letter.is_ascii_alphabetic() => {
                text.push_str(other);
                rest = &rest[length..];
                continue;
            }
            _ => return None,
        };
        text.push_str(&at.strftime(directive).to_string());
        rest = &rest[length..];
    }
    Some(text)
}

impl Known<'_> {
    /// Returns the value of a variable, if it has one by now. Its own macros are not expanded here.
    fn variable(&self, name: &str) -> Option<String> {
        let found = self.variables.iter().rev().find(|variable| variable.name.eq_ignore_ascii_case(name))?;
        (!runtime::is_late(&found.value)).then(|| Text::flatten(&found.value).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(name: &str) -> Plan {
        let variable =
            Variable { name: "env".to_owned(), value: "prod".into(), read_only: false, own_number: false, group: None };
        Plan {
            substitution: Default::default(),
            version: 1,
            pipeline: "shop".to_owned(),
            name: name.into(),
            variables: vec![variable],
            ..Plan::default()
        }
    }

    #[track_caller]
    fn check(pattern: &str, expected: &str) {
        let at = "2026-03-09T05:07:08Z".parse().expect("a time");
        assert_eq!(resolve(&plan(pattern), at).with_revision(2), expected);
    }

    #[test]
    fn patterns_give_the_names_of_the_reference() {
        check(NAME_DEFAULT, "20260309.2");
        check("$(Date:yyyy-MM-dd)_$(Rev:rr)", "2026-03-09_02");
        check("v$(Rev:.r)", "v.2");
        check("$(DayOfMonth) $(DayOfYear) $(Hours) $(Minutes) $(Seconds) $(Month)", "9 68 5 7 8 3");
        check("$(Year:yy)/$(Year:yyyy)", "26_2026");
        check("$(Build.DefinitionName) to $(ENV) $(nothing)", "shop to prod $(nothing)");
        check("$(date:yyyyMMdd)$(rev:.r)", "20260309.2");
        check("to be done.", "to be done_");
        check("", "20260309.2");
        check("$(open", "$(open");
        check("$(Date:qq)", "$(Date_qq)");
    }

    #[test]
    fn a_variable_that_is_an_expression_is_in_the_name_when_it_has_a_value() {
        let at = "2026-03-09T05:07:08Z".parse().expect("a time");
        let mut plan = plan("$(env)-$(Rev:r)-$(count)");
        plan.variables.push(Variable {
            name: "count".to_owned(),
            value: "$[counter('x', 7)]".into(),
            ..Variable::default()
        });
        let queued = resolve(&plan, at).with_revision(3);
        assert_eq!(queued, "prod-3-$(count)");
        let mut variables = plan.variables.clone();
        assert_eq!(late_name(&plan, at, &queued, &variables), None);
        variables[1].value = "7/8".into();
        assert_eq!(late_name(&plan, at, &queued, &variables).as_deref(), Some("prod-3-7_8"));
        assert_eq!(late_name(&plan, at, "a step's own", &variables), None);
    }

    #[test]
    fn payload_text_in_a_name_is_data() {
        let mut plan = plan("title ");
        let origin = Arc::new(Origin { alias: "hook".into(), path: "title".into() });
        plan.name.append(&Text::tainted("$(env)/\n", origin));
        let at = "2026-03-09T05:07:08Z".parse().expect("a time");
        assert_eq!(resolve(&plan, at).with_revision(1), "title $(env)__");
    }
}
