//! Files that a script reads, writes and runs.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Command, Part, Substitution, Word};
use super::argument::Argument;
use super::descriptor::names_descriptor;
use super::packed::GIT;
use super::running::holds_arguments;
use super::{Scope, Walker};
use crate::shell::filename::{base, is_run, written_as};

/// Why text is refused in a file that is run.
pub(super) const RUN: &str = "written to a file that the script then runs";

impl Walker {
    /// Follows `< file` and returns the standard input.
    pub(super) fn reads(&mut self, target: &Word, scope: Scope) -> Id {
        let argument = self.argument(target, scope);
        self.path(&argument);
        let stdin = self.flow.stream();
        self.flow.edges(&argument.sources(), stdin);
        if names_descriptor(target) {
            self.flow.edge(scope.stdin, stdin);
        }
        for file in self.content(target) {
            self.flow.edge(file, stdin);
        }
        stdin
    }

    /// Follows `> file` and returns the standard output.
    pub(super) fn writes(&mut self, target: &Word, scope: Scope) -> Id {
        let argument = self.argument(target, scope);
        self.path(&argument);
        let (names, out) = (self.flow.id(Node::FileNames), self.flow.stream());
        if !target.parts.iter().any(Part::is_process) {
            self.flow.edges(&argument.sources(), names);
        }
        for feed in &argument.feeds {
            self.flow.edge(out, *feed);
        }
        let is_process = target.parts.iter().any(Part::is_process);
        if !argument.has_literal("/dev/null") && !is_process {
            self.written(target, out);
        }
        out
    }

    /// Notes that what reaches `sources` is in a file now.
    pub(super) fn written(&mut self, target: &Word, source: Id) {
        // A name of which only a part is known is settled later, when all its texts are.
        if known_name(target).is_some() {
            let file = self.file(target);
            self.flow.edge(source, file);
        }
        if let Some(name) = name_if_unset(target) {
            let file = self.flow.id(Node::File(name.clone()));
            self.flow.edge(source, file);
            self.writes.insert(name);
        }
        self.writes.extend(known_name(target).filter(|_| !target.prefix().starts_with("/dev/")));
        self.gets_later(target, source);
        let any = self.flow.id(Node::AnyFile);
        self.flow.edge(source, any);
        if known_name(target).is_some_and(|name| name == "package.json") {
            self.later.packages.push(source);
        } else if is_run(&target_text(target)) {
            self.refuse(&[source], &format!("written to `{}`, a file that is run or obeyed", target_text(target)));
        } else if let Some(requirement) = written_as(&target_text(target)) {
            self.require(&[source], requirement);
        }
    }

    /// Notes that what reaches `source` may be in a file now.
    pub(super) fn written_quietly(&mut self, target: &Word, source: Id) {
        let name = target_text(target);
        let name = name.split_once('=').map_or(name.as_str(), |(_, value)| value);
        let file = self.flow.id(file_node(name));
        self.flow.edge(source, file);
    }

    /// Notes that later scripts are to be told of a file, if payload text is in it then.
    pub(super) fn tells(&mut self, name: &str) {
        let name = name.split_once('=').map_or(name, |(_, value)| value);
        let name = base(name);
        if !name.is_empty() && name != "." {
            self.writes.insert(name.to_owned());
        }
    }

    /// Notes that the name of a file is made of these parts: what is not the author's names no folder, and neither begins
    /// the name with a mark nor has one in it that a shell would see if somebody puts the name into a command.
    pub(super) fn path(&mut self, argument: &Argument) {
        let has_process = argument.word.parts.iter().any(Part::is_process);
        if has_process {
            return;
        }
        if argument.word.prefix().starts_with("/dev/") {
            self.refuse(&argument.sources(), "the name of a device or of a network address");
        }
        self.one_word(argument);
        let mut is_behind = false;
        for (part, sources) in argument.parts() {
            if let Part::Text { text, .. } = part {
                // `--output=` and `of=` are no parts of the name.
                let own = text.rsplit(['/', '=']).next().unwrap_or_default();
                is_behind &= own.len() == text.len();
                is_behind |= own.contains(|letter| letter != '.');
            } else {
                self.require(sources, if is_behind { Requirement::FilePart } else { Requirement::FileName });
            }
        }
    }

    /// Notes the name of a file that a program is given, which takes one with a `:` for something else, and perhaps makes
    /// the file.
    pub(super) fn path_for_program(&mut self, argument: &Argument) {
        if argument.word.parts.iter().any(Part::is_process) {
            return;
        }
        self.path(argument);
        let names = self.flow.id(Node::FileNames);
        self.flow.edges(&argument.sources(), names);
        self.require(&argument.sources(), Requirement::OneRef);
    }

    /// Notes that a file is run, sourced or made executable.
    pub(super) fn run(&mut self, target: &Word) {
        let file = self.file(target);
        let unknown = self.flow.id(Node::UnknownFile);
        self.refuse(&[file, unknown], RUN);
        if is_any(target) {
            match self.meant_by_pattern(target) {
                Some(files) => self.refuse(&[files], RUN),
                None => self.run_later(target),
            }
        }
        if is_environment(target) {
            let all = self.flow.id(Node::Environment);
            self.refuse(&[all], "a part of the environment, which the script runs as a file");
        }
        if holds_arguments(target) {
            let running = self.flow.id(Node::Running);
            self.refuse(&[running], "an argument of a program, all of which the script runs as a file");
        }
    }

    /// Notes that a file is run whose name is known only when the script runs.
    pub(super) fn run_any(&mut self) {
        let any = self.flow.id(Node::AnyFile);
        self.refuse(&[any], RUN);
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
        if target.parts.iter().any(|part| matches!(part, Part::Hole { .. })) {
            content.push(self.flow.id(Node::UnknownFile));
        }
        if is_environment(target) {
            content.push(self.flow.id(Node::Environment));
        }
        if holds_arguments(target) {
            content.push(self.flow.id(Node::Running));
        }
        if target.texts().any(|text| text.contains(".git/")) {
            content.push(self.flow.id(Node::Kept(GIT)));
        }
        content
    }

    /// Returns what is in a file that a word names, also where a command prints it: `<(echo "$text")`.
    pub(super) fn content_of(&mut self, argument: &Argument) -> Vec<Id> {
        let mut content = self.content(argument.word);
        content.extend(argument.parts().filter(|(part, _)| part.is_process()).flat_map(|(_, sources)| sources));
        content
    }

    /// Returns the node of a file by its name's text. Two names that end the same are the same
    /// file: the script may change its folder.
    pub(super) fn file(&mut self, target: &Word) -> Id {
        match known_name(target) {
            _ if target.parts.iter().any(Part::is_process) => self.flow.stream(),
            Some(name) => self.flow.id(Node::File(name)),
            None => self.flow.id(Node::UnknownFile),
        }
    }
}

/// Says whether a name can mean any file: its last part is not known, or it is a pattern, or `find` gives it.
fn is_any(target: &Word) -> bool {
    let last = last_part(target);
    last.literal().is_none_or(|name| name.contains("{}") || name.is_empty())
        || target.is_pattern()
        || target.parts.iter().any(|part| is_split(part) && !names_macro(part))
}

/// Says whether the shell makes words of what commands print there.
fn is_split(part: &Part) -> bool {
    matches!(part, Part::Substitution { kind: Substitution::Unquoted, .. })
}

/// Says whether a substitution has the form of a macro, such as `$(Build.SourcesDirectory)`, whose value is put in its
/// place before a shell sees it.
fn names_macro(part: &Part) -> bool {
    let Part::Substitution { script, .. } = part else { return false };
    let [Command::Simple(simple)] = script.commands.as_slice() else { return false };
    let [name] = simple.words.as_slice() else { return false };
    simple.redirects.is_empty() && name.literal().is_some_and(|it| it.contains('.') && !it.contains('/'))
}

/// Says whether a file holds the environment of a process.
fn is_environment(target: &Word) -> bool {
    target.prefix().starts_with("/proc/") && target.texts().any(|text| text.ends_with("environ"))
}

pub(super) fn file_node(name: &str) -> Node {
    Node::File(base(name).to_owned())
}

/// Returns the last part of a path as its author wrote it, if nothing but variables stands in it.
fn known_name(target: &Word) -> Option<String> {
    let is_known = |part: &Part| match part {
        // Of payload text in a name is demanded that it names no folder.
        Part::Text { .. } | Part::Hole { .. } => true,
        Part::Parameter(parameter) => parameter.operands.is_empty() && parameter.arithmetic.is_empty(),
        _ => false,
    };
    let last = last_part(target);
    let name = target_text(&last);
    if last.literal().is_none() && name.chars().all(|it| it == '*') {
        return None;
    }
    (last.parts.iter().all(is_known) && (!name.is_empty() || target.literal().is_some())).then_some(name)
}

/// Returns the last part of a path if the variables in it are empty, as those are that nobody has set.
fn name_if_unset(target: &Word) -> Option<String> {
    let last = last_part(target);
    let is_variable = |part: &Part| matches!(part, Part::Parameter(_));
    let is_known = |part: &Part| matches!(part, Part::Text { .. } | Part::Parameter(_));
    let name: String = last.texts().collect();
    (last.parts.iter().any(is_variable) && last.parts.iter().all(is_known) && !name.is_empty()).then_some(name)
}

/// Returns what stands behind the last `/` of a path.
fn last_part(target: &Word) -> Word {
    let is_path = |part: &Part| matches!(part, Part::Text { text, .. } if text.contains('/'));
    let start = target.parts.iter().rposition(is_path).unwrap_or_default();
    let mut parts = target.parts[start..].to_vec();
    if let Some(Part::Text { text, .. }) = parts.first_mut() {
        *text = base(text).to_owned();
    }
    Word { parts }
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
