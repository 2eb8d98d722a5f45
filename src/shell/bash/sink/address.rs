//! Addresses that programs fetch from, one rule for scripts of all languages.
//!
//! A payload may choose an address, as a webhook brings that of a repository or of an answer. It must not choose what
//! the program does with it: what begins an address is one of the web ([`Requirement::WebAddress`]) for a program that
//! knows other schemes too, such as `file:`, and what names a repository is no command and no folder
//! ([`Requirement::Repository`]) for `git`, which runs what stands behind `ext::`. No address is an option. Of a host
//! that the author began to write, payload text must not make another one.
//!
//! Where all of an address is the payload's, so is the host: what the author sends along, also a token, goes to whom
//! the payload names. Nobody can tell a token from other text, so that is the author's to decide, who writes the host
//! or lets the payload choose among known ones by `oneOf`. Only commands that add the author's rights by themselves,
//! such as `az rest`, take no host.

use super::super::flow::Id;
use super::super::requirement::Requirement;
use super::super::syntax::Part;
use super::argument::Argument;
use super::later::Value;
use super::{Scope, Walker, forward};

/// The most variables that get their text from each other in front of an address.
const DEPTH_MAX: usize = 4;

/// What stands for a value in an address.
const VALUE: char = '\0';

impl Walker {
    /// Follows an address of `curl`, which knows more schemes than those of the web, and makes several addresses of one with
    /// brackets or braces, if `makes_several` says so.
    pub(super) fn address(&mut self, argument: &Argument, makes_several: bool, scope: Scope) {
        self.address_of(argument, (Requirement::WebAddress, makes_several), scope, 0);
    }

    /// Follows the name or address of another repository, as `git` is told of it.
    pub(super) fn repository(&mut self, argument: &Argument, scope: Scope) {
        self.address_of(argument, (Requirement::Repository, false), scope, 0);
    }

    /// Follows an address of which what begins it must be what the requirement says.
    fn address_of(&mut self, argument: &Argument, kind: (Requirement, bool), scope: Scope, depth: usize) {
        let (requirement, makes_several) = kind;
        let prefix = argument.word.prefix();
        let is_url = prefix.is_empty() || prefix == "--url=";
        let first = argument.parts().find(|(_, sources)| !sources.is_empty()).map(|(_, sources)| sources.clone());
        let first = first.unwrap_or_default();
        if !first.is_empty() && is_url && !self.begins_as_address(argument, kind, scope, depth) {
            self.require(&first, requirement);
            if is_continued(argument) {
                // `file` and `:///…` are an address that neither of them is.
                self.require(&first, Requirement::WithScheme);
            }
        }
        if makes_several && !prefix.is_empty() {
            // Who chooses all of an address may as well choose several.
            self.require(&argument.sources(), Requirement::OneAddress);
        }
        // In `git@host:path` is no port.
        if requirement == Requirement::WebAddress || argument.word.texts().any(|text| text.contains("://")) {
            self.authority(argument);
        }
    }

    /// Says whether an address begins with a variable that gets nothing but addresses of which the author wrote the
    /// scheme; those are followed as well.
    fn begins_as_address(
        &mut self,
        argument: &Argument,
        kind: (Requirement, bool),
        scope: Scope,
        depth: usize,
    ) -> bool {
        let (requirement, _) = kind;
        let is_empty = |part: &&Part| matches!(part, Part::Text { text, .. } if text.is_empty());
        let Some(Part::Parameter(parameter)) = argument.word.parts.iter().find(|part| !is_empty(part)) else {
            return false;
        };
        let values = self.later.values_of(&parameter.name).unwrap_or_default().to_vec();
        // `git@host:`
        let is_host = |text: &str| requirement == Requirement::Repository && text.contains('@') && text.contains(':');
        let begins = |text: &str| text.contains("://") || is_host(text);
        let has_scheme = |value: &Value| match value {
            Value::Text(text) => begins(text),
            // What a command prints begins with nothing of the author's.
            Value::Word(word, _) => {
                let is_printed =
                    matches!(word.parts.iter().find(|part| !is_empty(part)), Some(Part::Substitution { .. }));
                begins(&word.prefix()) || word.prefix().is_empty() && !is_printed && depth < DEPTH_MAX
            }
            Value::Argument(..) | Value::Unknown => false,
        };
        let is_plain = parameter.operands.is_empty() && parameter.arithmetic.is_empty() && !parameter.evaluates;
        if !is_plain || values.is_empty() || !values.iter().all(has_scheme) {
            return false;
        }
        for value in values {
            if let Value::Word(word, _) = value {
                let word = forward::without_commands(word);
                let inner = self.argument(&word, scope);
                self.address_of(&inner, kind, scope, depth + 1);
            }
        }
        true
    }

    /// Follows what stands between the `//` of an address and the next `/`: the host, its port, a user.
    pub(super) fn authority(&mut self, argument: &Argument) {
        let text: String = argument.parts().map(|(part, _)| text_of(part)).collect();
        let mut before = String::new();
        let mut at = 0;
        for (part, sources) in argument.parts() {
            at += text_of(part).len();
            if !matches!(part, Part::Text { .. }) && !sources.is_empty() {
                self.part_of_host(sources, &before, &text[at..]);
            }
            before.push_str(&text_of(part));
        }
    }

    /// Judges a value by what stands in front of it and behind it in an address.
    fn part_of_host(&mut self, sources: &[Id], before: &str, behind: &str) {
        let before = before.strip_prefix("--url=").unwrap_or(before);
        if behind.starts_with("://") {
            return self.refuse(sources, "the scheme of an address");
        }
        let host = before.split_once("://").map_or(before, |(_, host)| host);
        let is_begun = host.is_empty() && !before.is_empty() || !host.is_empty() && !host.chars().all(|it| it == VALUE);
        if !is_begun || host.contains(['/', '?', '#']) {
            return;
        }
        let rest = behind.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let is_whole = host.is_empty() || host.ends_with('@');
        if host.ends_with(':') {
            self.require(sources, Requirement::Integer);
        } else if is_whole || rest.trim_start_matches(VALUE).contains('.') {
            self.require(sources, Requirement::Plain);
        } else if host.contains('.') {
            self.refuse(sources, "the end of a host's name");
        } else {
            self.require(sources, Requirement::Label);
        }
    }
}

/// Says whether another value stands directly behind the one that an address begins with.
fn is_continued(argument: &Argument) -> bool {
    let is_empty = |part: &&Part| matches!(part, Part::Text { text, .. } if text.is_empty());
    let mut parts = argument.word.parts.iter().filter(|part| !is_empty(part));
    parts.by_ref().any(|part| !matches!(part, Part::Text { .. }))
        && parts.next().is_some_and(|part| !matches!(part, Part::Text { .. }))
}

fn text_of(part: &Part) -> String {
    if let Part::Text { text, .. } = part { text.clone() } else { VALUE.to_string() }
}
