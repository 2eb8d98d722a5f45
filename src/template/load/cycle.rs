//! Files that include themselves.

use super::follow::Loader;
use crate::diagnostic::{Code, Diagnostic, shown};
use std::collections::{HashMap, VecDeque};

impl Loader<'_> {
    /// Reports files that certainly include themselves: no run could end with them.
    pub(super) fn report_cycles(&mut self) {
        let mut next = vec![Vec::new(); self.loaded.files.len()];
        self.edges.iter().for_each(|&(from, to, _)| next[from].push(to));
        let mut is_told = false;
        for &(from, to, span) in &self.edges {
            if let Some(way) = way(&next, to, from) {
                self.loaded.barred.push(span);
                if std::mem::replace(&mut is_told, true) {
                    continue;
                }
                let shown = |&file: &usize| format!("`{}`", shown(&self.loaded.files[file].key.to_string()));
                let names: Vec<String> = way.iter().chain([&to]).map(shown).collect();
                let title = "a template includes itself without an end";
                let cycle = Diagnostic::error(Code::TemplateCycle, title, span, "this closes the circle");
                let help = "put one of the references into an `${{ if … }}:` that ends it";
                self.diagnostics.push(cycle.note(format!("the way is {}", names.join(" -> "))).help(help));
            }
        }
    }
}

/// Returns the files on a way from one file to another, where each goes on to the next.
fn way(next: &[Vec<usize>], start: usize, goal: usize) -> Option<Vec<usize>> {
    let mut before: HashMap<usize, usize> = HashMap::from([(start, start)]);
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        if at == goal {
            let mut way = vec![at];
            while way[way.len() - 1] != start {
                way.push(before[&way[way.len() - 1]]);
            }
            way.reverse();
            return Some(way);
        }
        for &to in &next[at] {
            if let std::collections::hash_map::Entry::Vacant(free) = before.entry(to) {
                free.insert(at);
                open.push_back(to);
            }
        }
    }
    None
}
