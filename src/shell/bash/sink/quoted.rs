//! Texts with a grammar in which an author puts a value between quotes or brackets: documents for `kubectl` in JSON or in
//! the flow style of YAML, queries of GraphQL. There the value must not end what it stands in.

use super::super::requirement::Requirement;
use super::super::syntax::{Part, Redirect, RedirectKind, Simple, Word};
use super::argument::Argument;
use super::simple::Call;
use super::{Scope, Walker};

/// Programs that read a document of the author's on their input.
const READING_DOCUMENTS: &[&str] = &["kubectl", "oc"];

/// Where in such a text one is.
#[derive(Debug, Default)]
struct Place {
    quote: Option<char>,
    /// How many brackets and braces are open.
    depth: usize,
}

impl Place {
    /// Reads on. In a document quotes and brackets of one line mean nothing on the next, unless that is a part of them.
    fn read(&mut self, text: &str, ends_with_line: bool) {
        let mut is_escaped = false;
        let mut before = ' ';
        for letter in text.chars() {
            match (self.quote, letter) {
                _ if is_escaped => is_escaped = false,
                (Some('"'), '\\') => is_escaped = true,
                (Some(quote), _) if letter == quote => self.quote = None,
                (_, '\n') if ends_with_line && self.depth == 0 => self.quote = None,
                (Some(_), _) => {}
                // It is an apostrophe inside of a word: `don't`.
                (None, '"' | '\'') if !before.is_alphanumeric() => self.quote = Some(letter),
                (None, '{' | '[') => self.depth += 1,
                (None, '}' | ']') => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            before = letter;
        }
    }
}

impl Walker {
    /// Follows the texts of a grammar that a program is given.
    pub(super) fn quoted_texts(&mut self, name: &str, call: Call) {
        if READING_DOCUMENTS.contains(&name) {
            let word = Self::stdin_redirect(call).and_then(|redirect| here(redirect, call.scope));
            word.into_iter().for_each(|word| self.document(word, call.scope));
        }
        let is_graphql = call.rest().iter().take(2).any(|it| it.has_literal("graphql"));
        if name == "gh" && is_graphql {
            let is_query = |it: &&Argument| it.word.prefix().trim_start_matches("--raw-field=").starts_with("query=");
            for query in call.rest().iter().filter(is_query) {
                self.in_grammar(query, false, Requirement::Plain);
            }
        }
    }

    /// Follows a document that a command in front of `|` prints to one of these programs: `cat <<EOF | kubectl apply -f -`.
    pub(super) fn piped_document(&mut self, from: &Simple, to: &Simple, scope: Scope) {
        let is = |simple: &Simple, names: &[&str]| {
            simple.words.first().and_then(Word::literal).is_some_and(|name| names.contains(&name.as_str()))
        };
        if !is(to, READING_DOCUMENTS) {
            return;
        }
        match (is(from, &["cat"]), from.redirects.as_slice()) {
            (true, [redirect]) => here(redirect, scope).into_iter().for_each(|word| self.document(word, scope)),
            _ if is(from, &["echo"]) => from.words[1..].iter().for_each(|word| self.document(word, scope)),
            _ => {}
        }
    }

    fn document(&mut self, word: &Word, scope: Scope) {
        let document = self.argument(word, scope);
        self.in_grammar(&document, true, Requirement::OneLine);
    }

    /// Notes the values in a text: what they must be by the quotes or the brackets around them, and `otherwise`.
    fn in_grammar(&mut self, text: &Argument, is_document: bool, otherwise: Requirement) {
        let mut place = Place::default();
        for (part, sources) in text.parts() {
            let requirement = match part {
                Part::Text { text, .. } => {
                    place.read(text, is_document);
                    continue;
                }
                _ if place.quote.is_some() => Requirement::Quoted,
                _ if is_document && place.depth > 0 => Requirement::OneSetting,
                _ => otherwise,
            };
            self.require(sources, requirement);
        }
    }
}

/// Returns what a redirection gives that stands in the script.
fn here<'a>(redirect: &'a Redirect, scope: Scope<'a>) -> Option<&'a Word> {
    match redirect.kind {
        RedirectKind::HereString => Some(&redirect.target),
        RedirectKind::HereDocument(document) => Some(&scope.documents[document].body),
        _ => None,
    }
}
