//! Macros in the names that people see of stages and jobs: they are known when the run is queued, with the
//! variables that are known by then (reference, section 4.1).

use crate::expression::Macros;
use crate::pipeline::plan::{Plan, Stage, Variable};
use crate::taint::Text;

/// The most bytes of such a name that are the author's.
const NAME_MAX: usize = 255;
/// How many macros are followed for one name, those in values included.
const MACROS_MAX: usize = 100;
/// How many of them may bring payload text, which can be long.
const TAINTED_MAX: usize = 8;

/// Puts values in the place of macros. One that means nothing yet stays, as do those of steps, which are
/// expanded when they run.
pub fn name_parts(plan: &mut Plan) {
    // Nearly all names have no macro.
    let of_stage =
        |stage: &Stage| has_macro(&stage.display_name) || stage.jobs.iter().any(|it| has_macro(&it.display_name));
    if !plan.stages.iter().any(of_stage) {
        return;
    }
    let of_run = plan.variables.clone();
    for stage in &mut plan.stages {
        let of_stage = stage.variables.clone();
        stage.display_name = expanded(&stage.display_name, &[&of_stage, &of_run]);
        for job in &mut stage.jobs {
            let scopes: [&[Variable]; 3] = [&job.variables, &of_stage, &of_run];
            job.display_name = expanded(&job.display_name, &scopes);
        }
    }
}

fn has_macro(name: &Text) -> bool {
    name.segments().iter().any(|segment| !segment.is_tainted() && segment.text.contains("$("))
}

/// Expands with variables of scopes, the nearest first.
fn expanded(name: &Text, scopes: &[&[Variable]]) -> Text {
    let mut text = Text::default();
    let mut left = Left { macros: MACROS_MAX, tainted: TAINTED_MAX };
    add(name, scopes, &mut left, &mut text);
    // Macros that lead in a circle stay as written.
    if left.macros == 0 { name.clone() } else { text }
}

/// How many macros may still be followed.
struct Left {
    macros: usize,
    tainted: usize,
}

impl Left {
    /// Says whether one more may be, with this value.
    fn takes(&mut self, value: &Text) -> bool {
        let tainted = usize::from(value.is_tainted());
        let takes = self.macros > 0 && self.tainted >= tainted;
        if takes {
            (self.macros, self.tainted) = (self.macros - 1, self.tainted - tainted);
        }
        takes
    }
}

/// Adds a text with its macros replaced, while there is room.
fn add(from: &Text, scopes: &[&[Variable]], left: &mut Left, to: &mut Text) {
    for segment in from.segments() {
        if segment.is_tainted() {
            to.push(segment.clone());
            continue;
        }
        let mut macros = Macros::of(&segment.text);
        while let Some(found) = macros.next() {
            if let Some(value) = value(found.name, scopes).filter(|value| left.takes(value)) {
                push(macros.accept(found), to);
                add(value, scopes, left, to);
            }
        }
        push(macros.rest(), to);
    }
}

/// Adds text of the author's, while there is room.
fn push(text: &str, to: &mut Text) {
    let room = NAME_MAX.saturating_sub(to.authored().map(str::len).sum());
    to.append(&text[..text.floor_char_boundary(room)].into());
}

/// Returns the value of a variable, if it is known before the run.
fn value<'v>(name: &str, scopes: &[&'v [Variable]]) -> Option<&'v Text> {
    let named = |variable: &&Variable| variable.name.eq_ignore_ascii_case(name);
    let value = scopes.iter().find_map(|scope| scope.iter().rev().find(named)).map(|variable| &variable.value)?;
    let is_expression = value.segments().first().is_some_and(|first| first.text.starts_with("$["));
    (!is_expression).then_some(value)
}
