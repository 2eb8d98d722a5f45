//! Paths that programs change: they stay below the folder where their author put them, and are more than it.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::Part;
use super::Walker;
use super::argument::Argument;
use super::simple::Call;
use crate::shell::filename::is_run;

/// Programs that change files where their arguments say.
const CHANGING: &[&str] = &[
    "rm",
    "mv",
    "cp",
    "chmod",
    "chown",
    "chgrp",
    "ln",
    "rmdir",
    "install",
    "mkdir",
    "touch",
    "truncate",
    "shred",
    "unlink",
    "mkfifo",
    "mknod",
    "mktemp",
    "link",
    "gzip",
    "gunzip",
    "bzip2",
    "bunzip2",
    "xz",
    "unxz",
    "lzma",
    "unlzma",
    "zstd",
    "unzstd",
    "fallocate",
    "chattr",
    "setfacl",
    "dos2unix",
    "unix2dos",
    "sponge",
    "trash",
];

/// Those among them that do something to a whole folder, where no name below it is left.
const EMPTIED_BADLY: &[&str] = &["rm", "mv", "chmod", "chown", "chgrp", "rmdir", "shred"];

impl Walker {
    /// Follows the arguments of a program that changes files.
    pub(super) fn changed_paths(&mut self, name: &str, call: Call) {
        if CHANGING.contains(&name) {
            call.rest().iter().for_each(|argument| self.changed_path(argument));
        }
        let has = |is: &dyn Fn(&str) -> bool| call.rest().iter().filter_map(Argument::literal).any(|it| is(&it));
        let is_cluster = |it: &str| it.starts_with('-') && !it.starts_with("--");
        let moves = match name {
            "zip" => has(&|it| it == "--move" || is_cluster(it) && it.contains('m')),
            "tar" | "bsdtar" => has(&|it| it == "--remove-files"),
            _ => false,
        };
        if moves {
            for argument in call.rest().iter().filter(|it| !it.word.prefix().starts_with('-')) {
                self.inside_path(argument);
                self.not_emptied(argument);
            }
        } else if name == "zip" {
            let archive = call.rest().iter().find(|it| !it.word.prefix().starts_with('-'));
            archive.into_iter().for_each(|archive| self.inside_path(archive));
        }
        if EMPTIED_BADLY.contains(&name) {
            call.rest().iter().for_each(|argument| self.not_emptied(argument));
        }
    }

    /// Notes that a path must stay below where its author put it, and be more than the folder there.
    pub(super) fn inside_path(&mut self, argument: &Argument) {
        self.one_word(argument);
        let mut is_below = false;
        for (part, sources) in argument.parts() {
            match part {
                Part::Text { text, .. } => is_below |= !text.is_empty(),
                _ => {
                    let inside = if is_below { Requirement::BelowFolder } else { Requirement::InsidePath };
                    self.require(sources, inside);
                }
            }
        }
    }

    /// Notes that of what is deleted or changed no folder's whole name may be empty: the one above it would be meant.
    pub(super) fn not_emptied(&mut self, argument: &Argument) {
        let divides = |part: &Part| matches!(part, Part::Text { text, .. } if text.contains('/'));
        let parts: Vec<(&Part, &Vec<Id>)> = argument.parts().collect();
        for (at, (part, sources)) in parts.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| parts[before].0);
            let is_author_s = |near: &Part, is_before: bool| match near {
                Part::Text { text, .. } if is_before => !text.is_empty() && !text.ends_with('/'),
                Part::Text { text, .. } => !text.is_empty() && !text.starts_with('/'),
                _ => !divides(near),
            };
            let is_named = before.is_some_and(|near| is_author_s(near, true))
                || parts.get(at + 1).is_some_and(|(near, _)| is_author_s(near, false));
            let stops = matches!(part, Part::Parameter(parameter) if parameter.stops);
            if !matches!(part, Part::Text { .. }) && !is_named && !stops {
                self.require(sources, Requirement::NotEmpty);
            }
        }
    }

    /// Notes that a path must stay below where its author put it, and that a file may have this name now.
    fn changed_path(&mut self, argument: &Argument) {
        let dots = |text: &str| text.ends_with('.') || text.starts_with('.');
        let is_glued = argument.word.texts().any(dots);
        let values = argument.parts().filter(|(part, _)| !matches!(part, Part::Text { .. }));
        let sources: Vec<Id> = values.flat_map(|(_, sources)| sources).copied().collect();
        let names = self.flow.id(Node::FileNames);
        self.flow.edges(&sources, names);
        if is_glued {
            self.path(argument);
        } else {
            self.inside_path(argument);
        }
        if is_run(&argument.word.prefix()) {
            self.refuse(&sources, "the name of a file that is run or obeyed");
        }
    }
}

/// Says whether a program changes the files that its arguments name.
pub(super) fn changes(name: &str) -> bool {
    CHANGING.contains(&name)
}
