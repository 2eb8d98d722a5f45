//! `dependsOn` names stages, or jobs of the same stage, and leads to no circle (reference,
//! sections 5.1 and 5.2). Without a circle there is always one that waits for nothing.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::model::{Pipeline, Placed};
use crate::template::Pattern;
use std::collections::HashMap;

/// The most circles that are told of one list of stages or jobs.
const CIRCLES_MAX: usize = 20;

/// All stages, or the jobs of one stage.
struct Siblings<'p> {
    what: &'static str,
    /// Whether some could not be read, so that an unknown name may be one of theirs.
    has_gaps: bool,
    /// What their names may be; `None` for any.
    missing: Option<&'p [Pattern]>,
    nodes: Vec<Node<'p>>,
}

impl Siblings<'_> {
    /// Says whether one that could not be read may have a name.
    fn may_have(&self, name: &str) -> bool {
        self.has_gaps && self.missing.is_none_or(|missing| missing.iter().any(|pattern| pattern.may_be(name)))
    }
}

/// Something that may wait for its siblings.
struct Node<'p> {
    name: &'p str,
    depends_on: &'p [Placed<String>],
    /// The stage before, for which a stage waits that says nothing.
    before: Option<usize>,
}

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let names = pipeline.stage_names();
    let stages = pipeline.stages.iter().zip(&names).enumerate().map(|(place, (stage, name))| Node {
        name,
        depends_on: stage.depends_on.as_deref().unwrap_or_default(),
        before: place.checked_sub(1).filter(|_| stage.depends_on.is_none()),
    });
    let (has_gaps, missing) = (pipeline.has_gaps, pipeline.missing.as_deref());
    graph(&Siblings { what: "stage", has_gaps, missing, nodes: stages.collect() }, diagnostics);
    for stage in &pipeline.stages {
        let names = stage.job_names();
        let jobs = stage.jobs.iter().zip(&names);
        let jobs = jobs.map(|(job, name)| Node { name, depends_on: &job.depends_on, before: None });
        let (has_gaps, missing) = (stage.has_gaps, stage.missing.as_deref());
        graph(&Siblings { what: "job", has_gaps, missing, nodes: jobs.collect() }, diagnostics);
    }
}

/// Which siblings one waits for, each with the place that says so.
type Edges = Vec<(usize, Option<Span>)>;

fn graph(siblings: &Siblings<'_>, diagnostics: &mut Diagnostics) {
    let Siblings { what, nodes, .. } = siblings;
    if nodes.iter().all(|node| node.depends_on.is_empty()) {
        return;
    }
    let places: HashMap<String, usize> =
        nodes.iter().enumerate().map(|(place, node)| (node.name.to_ascii_lowercase(), place)).collect();
    // Which of two with one name is meant nobody knows: that there are two has been told.
    let is_double = |name: &str| nodes.iter().filter(|node| node.name.eq_ignore_ascii_case(name)).count() > 1;
    let mut edges: Vec<Edges> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let mut own: Edges = node.before.into_iter().map(|before| (before, None)).collect();
        for name in node.depends_on {
            match places.get(&name.value.to_ascii_lowercase()) {
                Some(&place) if own.iter().any(|(known, _)| *known == place) => {}
                Some(_) if places.len() < nodes.len() && is_double(&name.value) => {}
                Some(&place) => own.push((place, Some(name.span))),
                None if siblings.may_have(&name.value) => {}
                None => diagnostics.push(unknown(name, nodes, what)),
            }
        }
        edges.push(own);
    }
    for circle in circles(&edges) {
        diagnostics.push(cycle(&circle, nodes, &edges, what));
    }
}

fn unknown(name: &Placed<String>, nodes: &[Node<'_>], what: &str) -> Diagnostic {
    let title = format!("there is no {what} `{}` to depend on", shown(&name.value));
    let label = if what == "job" { "no job of this stage is called so" } else { "no stage is called so" };
    let unknown = Diagnostic::error(Code::UnknownDependency, title, name.span, label);
    unknown.suggest(&name.value, nodes.iter().map(|node| node.name))
}

/// The place is a `dependsOn` of the circle: one of them is written, as the stage before is
/// always an earlier one.
fn cycle(circle: &[usize], nodes: &[Node<'_>], edges: &[Edges], what: &str) -> Diagnostic {
    let next = |at: usize| circle[(at + 1) % circle.len()];
    let written =
        |at: usize| edges[circle[at]].iter().find_map(|(to, span)| (*to == next(at)).then_some(*span).flatten());
    let (first, span) = (0..circle.len())
        .find_map(|at| Some((at, written(at)?)))
        .expect("a circle leads forward somewhere, and only a written name does");
    let path: Vec<String> =
        (0..=circle.len()).map(|step| format!("`{}`", nodes[circle[(first + step) % circle.len()]].name)).collect();
    let title = format!("{what}s wait for each other: {}", path.join(" → "));
    let cycle = Diagnostic::error(Code::DependencyCycle, title, span, "this closes the circle");
    let implicit = circle.iter().find(|&&at| nodes[at].before.is_some());
    match implicit {
        Some(&at) => cycle
            .note(format!("`{}` waits for the stage before it, as it has no `dependsOn`", nodes[at].name))
            .help(format!("write `dependsOn: []` in `{}` if it waits for nothing", nodes[at].name)),
        None => cycle.help("remove one of these dependencies"),
    }
}

/// Returns the members of circles in order, each circle once, at most [`CIRCLES_MAX`]. Where each of them is
/// opened there is no other. The search keeps its own stack, and looks at each edge once.
fn circles(edges: &[Edges]) -> Vec<Vec<usize>> {
    let mut circles = Vec::new();
    let mut done = vec![false; edges.len()];
    let mut place_on_path: Vec<Option<usize>> = vec![None; edges.len()];
    for start in 0..edges.len() {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if !done[start] {
            place_on_path[start] = Some(0);
            path.push((start, 0));
        }
        while let Some((at, looked_at)) = path.last_mut() {
            let Some(&(to, _)) = edges[*at].get(*looked_at) else {
                done[*at] = true;
                place_on_path[*at] = None;
                path.pop();
                continue;
            };
            *looked_at += 1;
            if let Some(begin) = place_on_path[to] {
                circles.push(path[begin..].iter().map(|(member, _)| *member).collect());
                if circles.len() == CIRCLES_MAX {
                    return circles;
                }
            } else if !done[to] {
                place_on_path[to] = Some(path.len());
                path.push((to, 0));
            }
        }
    }
    circles
}
