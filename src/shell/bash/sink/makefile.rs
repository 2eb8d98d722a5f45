//! Makefiles: the commands in them, and the variables and files that become parts of those.

use super::super::flow::{Id, Node};
use super::super::syntax::{Part, Word};
use super::Walker;
use super::argument::Argument;
use super::file::file_node;
use super::simple::Call;
use super::written::{Run, Runner, SOMETHING};

/// What `make` reads if it is told nothing else.
const MAKEFILES: &[&str] = &["Makefile", "makefile", "GNUmakefile"];

impl Walker {
    /// Notes that `make` runs what its makefiles say.
    pub(super) fn runs_makefile(&mut self, call: Call) {
        let named = makefiles(call.rest());
        named.iter().for_each(|file| self.run(file));
        let mut nodes: Vec<Id> = named.iter().flat_map(|file| self.content(file)).collect();
        nodes.push(call.scope.stdin);
        // `make CMD='…'`
        let assigned = call.rest().iter().filter_map(Argument::literal);
        let assigned = assigned.filter_map(|it| Some(it.split_once('=').filter(|_| it.contains('$'))?.1.to_owned()));
        for command in assigned.collect::<Vec<_>>() {
            let (node, given) = (self.flow.stream(), self.flow.stream());
            self.text_at(node, recipe(&command));
            self.runs_text(vec![node], given, Runner::Shell, call.scope);
        }
        for text in call.rest().iter().filter_map(|it| it.literal()?.strip_prefix("--eval=").map(str::to_owned)) {
            let node = self.flow.stream();
            self.text_at(node, text);
            nodes.push(node);
        }
        nodes.extend(MAKEFILES.iter().map(|name| self.flow.id(file_node(name))));
        let given = self.flow.stream();
        self.runs_text(nodes, given, Runner::Make, call.scope);
    }

    /// Follows the commands that `make` runs while it reads a makefile: what they print becomes a part of others.
    fn started_by_make(&mut self, run: &Run, text: &str) {
        for command in shell_calls(text) {
            let out = self.flow.stream();
            let mut inner = run.clone();
            inner.out = out;
            self.shell_text(&inner, &recipe(command.trim()));
            self.refuse(&[out], "printed by a command of a makefile, which makes it a part of others");
        }
    }

    /// Follows a makefile: a variable in it becomes a part of commands, and it may read files.
    pub(super) fn makefile(&mut self, run: &Run, text: &str) {
        let is_name = |it: char| it.is_alphanumeric() || it == '_';
        let own = text.replace("$$", "");
        for (at, _) in own.match_indices('$') {
            let rest = own[at + 1..].trim_start_matches(['(', '{']);
            let name: String = rest.chars().take_while(|it| is_name(*it)).collect();
            let variable = self.flow.id(Node::Variable(name.clone()));
            self.refuse(&[variable], &format!("the value of `{name}`, which a makefile makes a part of its commands"));
        }
        if ["include", "$(shell", "$(file", "${shell"].iter().any(|word| text.contains(word)) {
            for token in text.split(|it: char| !(is_name(it) || "-./".contains(it))).filter(|it| !it.is_empty()) {
                let file = self.flow.id(file_node(token));
                self.refuse(&[file], &format!("written to `{token}`, which a makefile reads"));
            }
        }
        self.started_by_make(run, text);
        let names = self.flow.id(Node::FileNames);
        if text.contains("$(wildcard") || text.contains("${wildcard") {
            self.refuse(&[names], "the name of a file that a makefile makes a part of its commands");
        }
        let is_other = text.contains(".RECIPEPREFIX");
        let joined = text.replace("\\\n", " ");
        for line in joined.lines() {
            // Behind a rule's `;`, and in a variable, a command may stand as well.
            let command = match line.strip_prefix('\t') {
                Some(command) => Some(command),
                None if is_other => line.get(1..),
                None if line.contains("$$") => {
                    line.split_once([';', '=']).map_or(Some(line), |(_, command)| Some(command))
                }
                None => None,
            };
            let Some(command) = command else { continue };
            self.shell_text(run, &recipe(command.trim_start_matches(['@', '-', '+', ' '])));
        }
    }
}

/// Returns the names of the makefiles that options of `make` give: `-f m`, `-fm`, `--file=m`.
fn makefiles(arguments: &[Argument]) -> Vec<Word> {
    named_by_option(arguments, &["--file", "--makefile"], 'f')
}

/// Returns the names of the files that an option gives, which has long names and a letter: `-f m`, `-fm`, `--file=m`.
pub(super) fn named_by_option(arguments: &[Argument], long_names: &[&str], letter: char) -> Vec<Word> {
    let mut files = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let prefix = argument.word.prefix();
        let long = long_names.iter().find_map(|option| prefix.strip_prefix(option));
        let is_short = prefix.starts_with('-') && !prefix.starts_with("--");
        let short = is_short.then(|| prefix.split_once(letter).map(|(_, rest)| rest)).flatten();
        let Some(glued) = long.or(short) else { continue };
        let glued = glued.strip_prefix('=').unwrap_or(glued);
        if glued.is_empty() && argument.is_literal() {
            files.extend(arguments.get(at + 1).map(|next| next.word.clone()));
        } else {
            let mut file = Word::default();
            glued.chars().for_each(|letter| file.push_char(letter, false));
            let behind = argument.word.parts.iter().skip_while(|part| matches!(part, Part::Text { .. }));
            file.parts.extend(behind.cloned());
            files.push(file);
        }
    }
    files
}

/// Returns the commands of `$(shell …)` in a makefile, and of `name != …`.
fn shell_calls(text: &str) -> Vec<String> {
    let mut calls = Vec::new();
    for open in ["$(shell ", "${shell "] {
        for (at, _) in text.match_indices(open) {
            let rest = &text[at + open.len()..];
            let mut depth = 1_usize;
            let end = rest.find(|it: char| {
                match it {
                    '(' | '{' => depth += 1,
                    ')' | '}' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            calls.push(rest[..end.unwrap_or(rest.len())].to_owned());
        }
    }
    let assigned = text.lines().filter_map(|line| Some(line.split_once("!=")?.1.to_owned()));
    calls.into_iter().chain(assigned).collect()
}

/// Returns what a shell gets of a line of a recipe: a word in place of the variables of `make`.
fn recipe(line: &str) -> String {
    let mut command = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('$') {
        command.push_str(before);
        let (value, behind) = match after.chars().next() {
            Some('$') => ("$", &after[1..]),
            Some('(' | '{') => (SOMETHING, after.find([')', '}']).map_or("", |end| &after[end + 1..])),
            Some(other) => (SOMETHING, &after[other.len_utf8()..]),
            None => ("", after),
        };
        command.push_str(value);
        rest = behind;
    }
    command + rest
}
