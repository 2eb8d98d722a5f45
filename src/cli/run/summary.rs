//! The table at the end of a run: what became of each stage, job and step, and how long it took.

use crate::cli::moment::took;
use crate::cli::output;
use crate::cli::output::Column::Text;
use crate::worker::{Part, Summary};

/// Returns the table of a run.
pub(super) fn text(summary: &Summary) -> String {
    let mut rows = Vec::new();
    for stage in &summary.stages {
        add(stage, 0, &mut rows);
    }
    output::table(&[Text("STAGE, JOB, STEP"), Text("RESULT"), Text("TIME")], rows)
}

fn add(part: &Part, depth: usize, rows: &mut Vec<Vec<String>>) {
    // Those that had ended have a time; what the time is now makes no difference.
    let time = part.finished_at.map_or_else(String::new, |end| took(part.started_at, Some(end), end));
    rows.push(vec![format!("{:1$}{2}", "", depth * 2, called(part)), part.result.word().to_owned(), time]);
    // Of what never began there is nothing more to say.
    for inner in part.parts.iter().filter(|_| part.started_at.is_some()) {
        add(inner, depth + 1, rows);
    }
}

/// Returns the name, and what people see where that says more.
fn called(part: &Part) -> String {
    let is_said = part.display_name.is_empty() || part.display_name.replace(' ', ".") == part.name;
    if is_said {
        return part.name.clone();
    }
    format!("{}: {}", part.name, part.display_name)
}
