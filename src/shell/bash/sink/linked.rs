//! Programs by other names: `r=sh; "$r" f`, `ln -s /bin/sh s; ./s f`, `hash -p /bin/sh s`, `/proc/self/exe f`.

use super::super::syntax::{Part, Simple, Word};
use super::code::CODE;
use super::simple::Call;
use super::{CODE_DEPTH_MAX, Walker, forward};
use crate::shell::earlier::{INSTALL, LAUNCHERS};
use crate::shell::filename::base;

/// Commands that give a file one more name, or copy it to one.
const LINKING: &[&str] = &["ln", "link", "cp", "mv", "install", "hash"];

/// Where the system names the program of a process: the shell's own, as far as a script has to do with it.
const PROCESSES: &str = "/proc/";

/// The name by which the shell of a script counts there.
pub(super) const SHELL: &str = "bash";

impl Walker {
    /// Notes the names that a command gives to files: what stands in front of the last word gets it for a name.
    pub(super) fn foresee_links(&mut self, simple: &Simple) {
        let is_link = |word: &Word| word.literal().is_some_and(|it| LINKING.contains(&base(&it)));
        let Some(at) = simple.words.iter().position(is_link) else { return };
        // Behind the name of a package manager it is a command of that.
        let is_launcher = |word: &Word| word.literal().is_some_and(|it| LAUNCHERS.contains(&base(&it)));
        if simple.words[at].has_text(INSTALL) && !simple.words[..at].iter().all(is_launcher) {
            return;
        }
        let operands: Vec<&Word> = simple.words[at + 1..].iter().filter(|it| !it.prefix().starts_with('-')).collect();
        let Some((name, files)) = operands.split_last() else { return };
        let Some(name) = last_literal(name).filter(|name| !name.is_empty()) else { return };
        let known = files.iter().map(|file| last_literal(file).filter(|file| !file.is_empty()));
        let others = known.filter(|file| file.as_ref() != Some(&name)).collect::<Vec<_>>();
        self.linked.entry(name).or_default().extend(others);
    }

    /// Follows a command by a name that the script itself gave to a program: as that program, or as any.
    pub(super) fn by_another_name(&mut self, name: &str, call: Call) {
        if self.code_depth >= CODE_DEPTH_MAX {
            return;
        }
        self.code_depth += 1;
        for program in self.linked.get(name).cloned().unwrap_or_default() {
            match program {
                Some(program) => self.named_call(&program, call),
                None => self.as_interpreter(call),
            }
        }
        if is_of_process(call) {
            self.named_call(SHELL, call);
        }
        self.code_depth -= 1;
    }

    /// Follows a program that may be a shell or another interpreter: it runs its input and the files that it is given.
    fn as_interpreter(&mut self, call: Call) {
        self.refuse(&[call.scope.stdin], CODE);
        for argument in call.rest() {
            self.refuse(&argument.sources(), "given to a program that may be a shell");
            self.run(argument.word);
        }
    }

    /// Returns the texts that a command's name may be, as far as they stand in the script.
    pub(super) fn texts_of_command(&self, name: &Word) -> Vec<String> {
        let assigned = forward::alone(name).and_then(|parameter| self.texts.get(&parameter.name));
        let mut texts = assigned.cloned().unwrap_or_default();
        for text in self.known_names(name) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }
}

/// Says whether a command is the program of a process by its name below `/proc`.
pub(super) fn is_of_process(call: Call) -> bool {
    call.words[0].word.prefix().starts_with(PROCESSES)
}

/// Returns the last part of a path, where the author wrote it.
fn last_literal(word: &Word) -> Option<String> {
    match word.literal() {
        Some(path) => Some(base(&path).to_owned()),
        None => {
            let text: &str = word.texts().last()?;
            let is_last = matches!(word.parts.last(), Some(Part::Text { .. }));
            text.rsplit_once('/').filter(|_| is_last).map(|(_, name)| name.to_owned())
        }
    }
}
