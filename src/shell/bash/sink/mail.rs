//! Mail that a script sends with its headers: these stand in front of the first empty line, and a line break in one would
//! add another. What stands behind is the body.

use super::super::flow::Id;
use super::super::requirement::Requirement;
use super::super::syntax::{Behind, Command, Form, Script, Simple, Word};
use super::{Scope, Walker};

/// Programs that send the mail on their input with its headers.
pub(super) const SENDING: &[&str] = &["sendmail", "msmtp", "ssmtp"];

/// The headers of a mail that is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mail {
    /// The input of the program that sends it.
    pub(super) stdin: Id,
    /// What of it are headers.
    pub(super) headers: Id,
}

impl Walker {
    /// Follows a command that prints a mail to `|`, and returns which of it are headers; nothing for a command of which it
    /// isn't known where the headers end. Then it wasn't followed.
    pub(super) fn mail(&mut self, command: &Command, to: &Command, stdin: Id, scope: Scope) -> Option<Mail> {
        let Command::Simple(to) = to else { return None };
        let program = to.words.first().and_then(Word::literal)?;
        if !SENDING.contains(&program.as_str()) || ["echo", "printf"].iter().any(|it| self.functions.contains(*it)) {
            return None;
        }
        let headers = self.flow.stream();
        match command {
            Command::Simple(simple) => {
                let values = values_of_headers(simple)?;
                self.command(command, Scope { out: stdin, ..scope });
                for word in &simple.words[2..2 + values] {
                    let sources = self.argument(word, scope).sources();
                    self.flow.edges(&sources, headers);
                }
            }
            Command::Compound(compound) if compound.form == Form::Group && compound.redirects.is_empty() => {
                let [group] = compound.bodies.as_slice() else { return None };
                let end = end_of_headers(group)?;
                self.flow.edge(headers, stdin);
                let scope = Scope { level: scope.level.saturating_add(1), ..scope };
                for (at, command) in group.commands.iter().enumerate() {
                    self.command(command, Scope { out: if at < end { headers } else { stdin }, ..scope });
                }
            }
            _ => return None,
        }
        Some(Mail { stdin, headers })
    }

    /// Notes the headers of the mail on a program's input, if a command in front of it prints it and they are known.
    pub(super) fn headers_of_mail(&mut self, stdin: Id) -> bool {
        let Some(mail) = self.mail.filter(|mail| mail.stdin == stdin) else { return false };
        self.require(&[mail.headers], Requirement::OneLine);
        true
    }
}

/// Returns how many values of `printf` stand in the headers: `printf 'Subject: %s\n\n%s\n' "$title" "$text"`.
fn values_of_headers(simple: &Simple) -> Option<usize> {
    let [name, format, values @ ..] = simple.words.as_slice() else { return None };
    let format =
        format.literal().filter(|format| name.literal().is_some_and(|it| it == "printf") && !format.contains('*'))?;
    let (headers, _) = format.split_once("\\n\\n")?;
    let directives = headers.replace("%%", "").matches('%').count();
    let is_known = !format.starts_with('-') && simple.redirects.is_empty() && !headers.contains("%b");
    let are_words = values.iter().all(|word| !word.may_be_many());
    (is_known && are_words && directives <= values.len()).then_some(directives)
}

/// Returns the index of the first command of a group that prints a part of the body: what stands in front prints lines, of
/// which the last one is empty.
fn end_of_headers(group: &Script) -> Option<usize> {
    if group.joints.iter().any(|joint| joint.behind != Behind::End || joint.is_negated) {
        return None;
    }
    let mut ends_line = true;
    for (at, command) in group.commands.iter().enumerate() {
        let Command::Simple(simple) = command else { return None };
        let words: Vec<Option<String>> = simple.words.iter().map(Word::literal).collect();
        let printed = match words.iter().map(Option::as_deref).collect::<Vec<_>>().as_slice() {
            _ if !simple.redirects.is_empty() || !simple.assignments.is_empty() => return None,
            [Some("echo")] | [Some("echo"), Some("")] => "\\n",
            [Some("printf"), Some(format), ..] => *format,
            [Some("echo"), first, ..] if first.is_none_or(|first| !first.starts_with('-')) => "text\\n",
            _ => return None,
        };
        if ends_line && printed == "\\n" || printed.contains("\\n\\n") {
            return Some(at + 1);
        }
        ends_line = printed.ends_with("\\n") && !printed.ends_with("\\\\n");
    }
    None
}
