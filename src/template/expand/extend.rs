//! A pipeline in the place of `extends`, and its resources among those of the file that extends it.
//!
//! What an extended pipeline declares, its jobs use: containers, repositories, pipelines, builds and
//! packages join those of the extending file, and a resource of that file stands before one of the same
//! alias. Webhooks join nothing: who listens is said by the file that is served, which has been reported.

use super::Expansion;
use crate::diagnostic::{Code, Diagnostic, Span, shown};
use crate::template::reference::Kind as TemplateKind;
use crate::template::{Content, Entry, Kind, Node, Scalar, to_json};

/// The key that holds resources.
const RESOURCES: &str = "resources";
/// The kind of resource that the extending file alone has.
const WEBHOOKS: &str = "webhooks";
/// Keys of an extended pipeline that have been read before.
const READ_BEFORE: [&str; 2] = ["parameters", "trigger"];

impl Expansion<'_> {
    /// Puts what an extended pipeline holds in the place of `extends`; its resources wait for those of the
    /// file. Where nothing can be put there, which has been reported, the key stays: nobody is to miss what
    /// it would have brought.
    pub(super) fn extend(&mut self, extends: Entry, entries: &mut Vec<Entry>) {
        let reference = self.reference(extends.value.clone());
        let Some(brought) = reference.and_then(|reference| self.include(reference, TemplateKind::Extends)) else {
            return entries.push(extends);
        };
        for entry in brought {
            match &*entry.key.flatten() {
                RESOURCES => self.brought = Some(entry),
                key if READ_BEFORE.contains(&key) => {}
                _ => entries.push(entry),
            }
        }
    }

    /// Adds the resources that an extended pipeline brought to those of the file that extends it.
    pub(super) fn join_resources(&mut self, entries: &mut Vec<Entry>) {
        let Some(brought) = self.brought.take() else { return };
        let Content::Mapping(mut kinds) = brought.value.content else { return };
        kinds.retain(|kind| kind.key.flatten() != WEBHOOKS);
        let brought = Entry { value: Node { content: Content::Mapping(kinds), ..brought.value }, ..brought };
        match entries.iter_mut().find(|entry| entry.key.flatten() == RESOURCES) {
            None => entries.push(brought),
            Some(own) if is_nothing(&own.value) => own.value = brought.value,
            Some(Entry { value: Node { content: Content::Mapping(own), .. }, .. }) => self.join_kinds(own, brought),
            Some(own) => self.passed_over(brought.key_span, own.key_span, "`resources` here is no mapping"),
        }
    }

    fn join_kinds(&mut self, own: &mut Vec<Entry>, brought: Entry) {
        let Content::Mapping(kinds) = brought.value.content else { return };
        for kind in kinds {
            let known = own.iter_mut().find(|it| it.key.flatten() == kind.key.flatten());
            match (known, kind.value.content) {
                (None, content) => own.push(Entry { value: Node { content, ..kind.value }, ..kind }),
                (Some(known), content) if is_nothing(&known.value) => {
                    known.value = Node { content, ..kind.value };
                }
                (Some(Entry { value: Node { content: Content::Sequence(own), .. }, .. }), Content::Sequence(items)) => {
                    items.into_iter().for_each(|item| self.join_resource(own, item));
                }
                (Some(known), _) => self.passed_over(kind.key_span, known.key_span, "the resources here are no list"),
            }
        }
    }

    /// Adds a resource, if none has its alias.
    fn join_resource(&mut self, own: &mut Vec<Node>, item: Node) {
        let Some((alias, place)) = alias(&item) else { return own.push(item) };
        let same = own.iter().find_map(|it| {
            let (known, place) = self::alias(it)?;
            known.eq_ignore_ascii_case(&alias).then_some((it, place))
        });
        match same {
            None => own.push(item),
            Some((it, _)) if to_json(it) == to_json(&item) => {}
            Some((_, first)) => self.passed_over(place, first, &format!("this one is `{}`", shown(&alias))),
        }
    }

    fn passed_over(&mut self, place: Span, own: Span, why: &str) {
        let title = "a resource of an extended pipeline is passed over";
        let warning = Diagnostic::warning(Code::NoEffect, title, place, "the file that extends it has another");
        self.report(warning.related(own, why).help("give one of them another alias"));
    }
}

/// Returns the alias of a resource, the value of its first key, and its place.
fn alias(item: &Node) -> Option<(String, Span)> {
    let Content::Mapping(entries) = &item.content else { return None };
    let first = &entries.first()?.value;
    let Content::Scalar(scalar) = &first.content else { return None };
    Some((scalar.text.flatten().into_owned(), first.span))
}

fn is_nothing(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(Scalar { kind: Kind::Null, .. }))
}
