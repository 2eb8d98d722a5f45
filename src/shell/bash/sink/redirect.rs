//! Redirections: where a command's input comes from, and where its output goes.
//!
//! Which text a command writes to which of its descriptors is not told apart: all that it prints may go to its standard
//! output and to every other descriptor, such as the standard error. So behind `2>&1 >file` it counts as going to both.

use super::super::flow::{Id, Node};
use super::super::syntax::{Descriptor, Redirect, RedirectKind, Word};
use super::{Scope, Walker, written};

/// Names of files by which a descriptor is meant.
const DESCRIPTORS: &[&str] = &["/dev/fd/", "/dev/std", "/proc/"];

impl Walker {
    /// Follows a command's redirections and returns what surrounds it then.
    pub(super) fn redirected<'a>(&mut self, redirects: &[Redirect], scope: Scope<'a>) -> Scope<'a> {
        let mut inner = scope;
        for redirect in redirects {
            match redirect.kind {
                RedirectKind::Read | RedirectKind::HereString | RedirectKind::HereDocument(_) => {
                    let read = self.input_by(redirect, scope);
                    inner.stdin = match redirect.descriptor {
                        Descriptor::Usual => read,
                        _ => self.gathered(&[inner.stdin, read]),
                    };
                }
                RedirectKind::Open => {
                    let read = self.reads(&redirect.target, scope);
                    inner.stdin = self.gathered(&[inner.stdin, read]);
                    self.beside(redirect, &mut inner, scope);
                }
                RedirectKind::Write if names_descriptor(&redirect.target) => {
                    self.beside(redirect, &mut inner, scope);
                }
                RedirectKind::Write => match redirect.descriptor {
                    Descriptor::Usual => inner.out = self.writes(&redirect.target, scope),
                    Descriptor::Both => {
                        inner.out = self.writes(&redirect.target, scope);
                        inner.errors = self.spread(&[inner.out, inner.errors]);
                    }
                    Descriptor::Other => self.beside(redirect, &mut inner, scope),
                },
                RedirectKind::WriteOrDuplicate => {
                    self.beside(redirect, &mut inner, scope);
                    // Where it is a descriptor, any file may be behind it.
                    let unknown = self.flow.id(Node::UnknownFile);
                    self.flow.edge(inner.out, unknown);
                    let target = self.argument(&redirect.target, scope);
                    self.refuse(&target.sources(), "the descriptor of a redirection");
                }
                RedirectKind::Duplicate => {
                    let target = self.argument(&redirect.target, scope);
                    self.refuse(&target.sources(), "the descriptor of a redirection");
                    inner.errors = self.spread(&[inner.out, inner.errors]);
                }
            }
        }
        self.flow.edge(inner.out, inner.errors);
        inner
    }

    /// Follows a redirection of output beside which the standard output may stay what it was.
    fn beside(&mut self, redirect: &Redirect, inner: &mut Scope, scope: Scope) {
        let file = self.writes(&redirect.target, scope);
        inner.errors = self.spread(&[file, inner.out, inner.errors]);
        inner.out = self.spread(&[file, inner.out]);
    }

    fn input_by(&mut self, redirect: &Redirect, scope: Scope) -> Id {
        match redirect.kind {
            RedirectKind::HereString => self.here(&redirect.target, scope),
            RedirectKind::HereDocument(document) => self.here(&scope.documents[document].body, scope),
            _ => self.reads(&redirect.target, scope),
        }
    }

    fn here(&mut self, word: &Word, scope: Scope) -> Id {
        let stdin = self.flow.stream();
        let argument = self.argument(word, scope);
        self.flow.edges(&argument.sources(), stdin);
        self.text_at(stdin, written::text_of(word));
        self.spelled_at(stdin, word);
        stdin
    }

    /// Returns a node that gets what is at all of these.
    fn gathered(&mut self, nodes: &[Id]) -> Id {
        let stream = self.flow.stream();
        self.flow.edges(nodes, stream);
        stream
    }

    /// Returns a node whose text goes to all of these.
    fn spread(&mut self, nodes: &[Id]) -> Id {
        let stream = self.flow.stream();
        nodes.iter().for_each(|node| self.flow.edge(stream, *node));
        stream
    }
}

/// Says whether a file's name means a descriptor of the command.
fn names_descriptor(target: &Word) -> bool {
    let prefix = target.prefix();
    DESCRIPTORS.iter().any(|folder| prefix.starts_with(folder))
}
