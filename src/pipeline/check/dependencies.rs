//! `dependsOn` names stages, or jobs of the same stage, and leads to no circle (reference,
//! sections 5.1 and 5.2).

use crate::diagnostic::{Code, Diagnostic, Diagnostics, shown};
use crate::pipeline::model::{Pipeline, Placed};

/// Something that may depend on its siblings.
struct Node<'p> {
    name: &'p str,
    depends_on: &'p [Placed<String>],
}

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let stages = pipeline.stages.iter().filter_map(|stage| {
        let name = stage.name.as_ref()?;
        Some(Node { name: &name.value, depends_on: stage.depends_on.as_deref().unwrap_or_default() })
    });
    graph(&stages.collect::<Vec<_>>(), "stage", diagnostics);
    for stage in &pipeline.stages {
        let jobs = stage
            .jobs
            .iter()
            .map(|job| Node { name: job.name.as_ref().map_or("", |name| &name.value), depends_on: &job.depends_on });
        graph(&jobs.collect::<Vec<_>>(), "job", diagnostics);
    }
}

fn graph(nodes: &[Node<'_>], what: &str, diagnostics: &mut Diagnostics) {
    let find = |name: &str| nodes.iter().position(|node| !node.name.is_empty() && node.name.eq_ignore_ascii_case(name));
    for node in nodes {
        for name in node.depends_on.iter().filter(|name| find(&name.value).is_none()) {
            let title = format!("there is no {what} `{}` to depend on", shown(&name.value));
            let unknown = Diagnostic::error(Code::UnknownDependency, title, name.span, "");
            diagnostics.push(unknown.suggest(&name.value, nodes.iter().map(|node| node.name)));
        }
    }
    let next = |at: usize| nodes[at].depends_on.iter().filter_map(|name| find(&name.value)).collect::<Vec<_>>();
    if let Some(circle) = circle(nodes.len(), next) {
        let names = circle.iter().chain(circle.first()).map(|&at| format!("`{}`", nodes[at].name));
        let path = names.collect::<Vec<_>>().join(" → ");
        let first = &nodes[circle[0]].depends_on;
        let place = first.iter().find(|name| find(&name.value) == Some(circle[(1) % circle.len()]));
        if let Some(place) = place {
            let title = format!("these {what}s wait for each other: {path}");
            diagnostics.push(Diagnostic::error(Code::DependencyCycle, title, place.span, "the circle begins here"));
        }
    }
}

/// Returns the members of one circle in order, if there is one. Depth is bounded by the number
/// of nodes, and the search keeps its own stack.
fn circle(count: usize, next: impl Fn(usize) -> Vec<usize>) -> Option<Vec<usize>> {
    let mut done = vec![false; count];
    for start in 0..count {
        let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
        if !done[start] {
            path.push((start, next(start)));
        }
        while let Some((at, open)) = path.last_mut() {
            let at = *at;
            let Some(following) = open.pop() else {
                done[at] = true;
                path.pop();
                continue;
            };
            if let Some(begin) = path.iter().position(|(known, _)| *known == following) {
                return Some(path[begin..].iter().map(|(known, _)| *known).collect());
            }
            if !done[following] {
                path.push((following, next(following)));
            }
        }
    }
    None
}
