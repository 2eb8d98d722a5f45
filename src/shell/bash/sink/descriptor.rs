//! Code that is read from a descriptor: from the standard input, or from what a redirection or `exec` opened, by a name
//! such as `/dev/stdin`, `/dev/fd/$n` or `/proc/self/fd/3`. Which descriptor a name means is not told apart: it is any
//! that the command has.

use super::super::flow::{Id, Node};
use super::super::syntax::{RedirectKind, Word};
use super::argument::Argument;
use super::code::CODE;
use super::later::Consequence;
use super::simple::Call;
use super::written::Runner;
use super::{Scope, Walker};
use crate::shell::special::names_run_file;

/// Variables whose value is the name of a file with commands: shells begin with them, or have them in their history.
const BEGINNING: &[&str] = &["BASH_ENV", "ENV", "HISTFILE"];

/// Says whether a file's name means the standard input or another descriptor.
pub(super) fn is_descriptor(file: &str) -> bool {
    file == "-" || is_below(file)
}

/// Says whether a word is the name of a descriptor, whatever stands behind its beginning.
pub(super) fn names_descriptor(word: &Word) -> bool {
    word.literal().is_some_and(|name| name == "-") || is_below(&word.prefix())
}

fn is_below(file: &str) -> bool {
    file != "/dev/null" && ["/dev/", "/proc/"].iter().any(|folder| file.starts_with(folder))
}

/// Says whether a text may be the beginning of such a name.
fn begins_one(text: &str) -> bool {
    text != "/dev/null" && (text.starts_with("/dev") || text.starts_with("/proc"))
}

impl Walker {
    /// Follows the name of a file with code: if it means a descriptor, or becomes the name of one, then whatever the
    /// command can read from a descriptor is code.
    pub(super) fn code_by_descriptor(&mut self, file: &Argument, call: Call) {
        let descriptors = self.descriptors(call);
        if names_descriptor(file.word) {
            self.refuse(&descriptors, CODE);
        } else {
            self.runs_descriptor_later(file.word, call.scope, descriptors);
        }
    }

    fn runs_descriptor_later(&mut self, name: &Word, scope: Scope, descriptors: Vec<Id>) {
        let consequence = Consequence::Refuses(descriptors, CODE.to_owned());
        if name.literal().is_none() && name.prefix().is_empty() {
            self.text_later(name, scope, begins_one, consequence);
        }
    }

    /// Refuses whatever a command can read from a descriptor as its code.
    pub(super) fn refuse_descriptors(&mut self, call: Call) {
        let descriptors = self.descriptors(call);
        self.refuse(&descriptors, CODE);
    }

    /// Returns what a command can read from its descriptors.
    fn descriptors(&mut self, call: Call) -> Vec<Id> {
        let mut descriptors = vec![call.scope.stdin];
        for redirect in call.redirects {
            let word = match redirect.kind {
                RedirectKind::HereString => &redirect.target,
                RedirectKind::HereDocument(document) => &call.scope.documents[document].body,
                RedirectKind::Read => {
                    descriptors.push(self.reads(&redirect.target, call.scope));
                    continue;
                }
                _ => continue,
            };
            descriptors.extend(self.sources_again(word, call.scope));
        }
        descriptors
    }

    /// Notes that shells begin with the file that a variable names. Where the name is put together, it is any; where
    /// it is a descriptor's, any command's input may be that of a shell.
    pub(super) fn begins_shells(&mut self, variable: &str, values: &[Argument], scope: Scope) {
        if !BEGINNING.contains(&variable) {
            // The file's name is put together: one that is literal is known where the text is.
            for value in values.iter().filter(|it| names_run_file(variable) && !it.is_literal()) {
                let content = self.content(value.word);
                self.refuse(&content, &format!("written to a file that `{variable}` names, which is run"));
            }
            return;
        }
        let inputs = self.flow.id(Node::AnyInput);
        for value in values {
            self.runs_file(value, &[], Runner::Shell, scope);
            if names_descriptor(value.word) || variable == "BASH_ENV" && !value.is_literal() {
                self.refuse(&[inputs], CODE);
            } else {
                self.runs_descriptor_later(value.word, scope, vec![inputs]);
            }
            if variable != "ENV" && !value.is_literal() {
                let any = self.flow.id(Node::AnyFile);
                self.refuse(&[any], CODE);
            }
        }
    }
}
