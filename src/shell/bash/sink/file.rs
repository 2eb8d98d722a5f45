//! Files that a script reads, writes and runs.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Part, Word};
use super::argument::Argument;
use super::{Scope, Walker};
use crate::shell::filename::is_run;

impl Walker {
    /// Follows `< file` and returns the standard input.
    pub(super) fn reads(&mut self, target: &Word, scope: Scope) -> Id {
        let argument = self.argument(target, scope);
        self.path(&argument);
        let stdin = self.flow.stream();
        self.flow.edges(&argument.sources(), stdin);
        for file in self.content(target) {
            self.flow.edge(file, stdin);
        }
        stdin
    }

    /// Follows `> file` and returns the standard output.
    pub(super) fn writes(&mut self, target: &Word, scope: Scope) -> Id {
        let argument = self.argument(target, scope);
        self.path(&argument);
        let out = self.flow.stream();
        for feed in &argument.feeds {
            self.flow.edge(out, *feed);
        }
        self.written(target, out);
        out
    }

    /// Notes that what reaches `sources` is in a file now.
    pub(super) fn written(&mut self, target: &Word, source: Id) {
        let file = self.file(target);
        self.flow.edge(source, file);
        if let Some(literal) = target.literal().filter(|name| !name.is_empty() && !name.starts_with("/dev/"))
            && let Node::File(name) = file_node(&literal)
        {
            self.writes.insert(name);
        }
        self.gets_later(target, source);
        let any = self.flow.id(Node::AnyFile);
        self.flow.edge(source, any);
        if is_run(&target_text(target)) {
            self.refuse(&[source], &format!("written to `{}`, a file that is run or obeyed", target_text(target)));
        }
    }

    /// Notes that what reaches `source` may be in a file now.
    pub(super) fn written_quietly(&mut self, target: &Word, source: Id) {
        let name = target_text(target);
        let name = name.split_once('=').map_or(name.as_str(), |(_, value)| value);
        let file = self.flow.id(file_node(name));
        self.flow.edge(source, file);
    }

    /// Notes that the name of a file is made of these parts.
    pub(super) fn path(&mut self, argument: &Argument) {
        let has_process = argument.word.parts.iter().any(Part::is_process);
        if has_process {
            return;
        }
        if argument.word.prefix().starts_with("/dev/") {
            self.refuse(&argument.sources(), "the name of a device or of a network address");
        }
        let holes = argument.parts().filter(|(part, _)| !matches!(part, Part::Text { .. }));
        let sources: Vec<Id> = holes.flat_map(|(_, sources)| sources).copied().collect();
        self.require(&sources, Requirement::FileName);
    }

    /// Notes that a file is run, sourced or made executable.
    pub(super) fn run(&mut self, target: &Word) {
        let reason = "written to a file that the script then runs";
        let file = self.file(target);
        let unknown = self.flow.id(Node::UnknownFile);
        self.refuse(&[file, unknown], reason);
        if is_any(target) {
            self.run_any();
        }
    }

    /// Notes that a file is run whose name is known only when the script runs.
    pub(super) fn run_any(&mut self) {
        let any = self.flow.id(Node::AnyFile);
        self.refuse(&[any], "written to a file that the script then runs");
    }

    /// Returns what is in a file that is read: in all of them, where a pattern or `find` gives the name.
    pub(super) fn content(&mut self, target: &Word) -> Vec<Id> {
        let mut content = vec![self.file(target)];
        content.extend(self.gives_later(target));
        let is_listed = target.is_pattern()
            || target.texts().any(|text| text.contains("{}"))
            || target.parts.iter().any(|part| matches!(part, Part::Substitution { .. }) && !part.is_process());
        if is_listed {
            content.push(self.flow.id(Node::AnyFile));
        }
        if target.literal().is_some_and(|name| name.starts_with("/proc/") && name.ends_with("environ"))
            || target.prefix().starts_with("/proc/") && target.texts().any(|text| text.ends_with("environ"))
        {
            content.push(self.flow.id(Node::Environment));
        }
        if target.texts().any(|text| text.contains(".git/")) {
            content.push(self.flow.id(Node::Kept("git")));
        }
        content
    }

    /// Returns the node of a file by its name's text. Two names that end the same are the same
    /// file: the script may change its folder.
    pub(super) fn file(&mut self, target: &Word) -> Id {
        let is_known = target.parts.iter().all(|part| match part {
            Part::Text { .. } => true,
            Part::Parameter(parameter) => parameter.operands.is_empty() && parameter.arithmetic.is_empty(),
            _ => false,
        });
        if !is_known {
            return self.flow.id(Node::UnknownFile);
        }
        self.flow.id(file_node(&target_text(target)))
    }
}

/// Says whether a name can mean any file: it is not known, or a pattern, or `find` gives it.
fn is_any(target: &Word) -> bool {
    target.literal().is_none_or(|name| name.contains("{}")) || target.is_pattern()
}

pub(super) fn file_node(name: &str) -> Node {
    Node::File(name.rsplit('/').next().unwrap_or_default().to_owned())
}

/// Returns a name as its author wrote it, as far as it is known.
fn target_text(target: &Word) -> String {
    let texts = target.parts.iter().map(|part| match part {
        Part::Text { text, .. } => text.clone(),
        Part::Parameter(parameter) => format!("${{{}}}", parameter.name),
        _ => "*".to_owned(),
    });
    texts.collect()
}
