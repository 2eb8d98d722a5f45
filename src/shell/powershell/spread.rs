//! How payload text spreads in a PowerShell script: by assignments, containers, pipelines, calls, files and
//! drives.

use super::cmdlet::{self, Kind};
use super::name::Texts;
use super::path::opened;
use super::taint::{
    ENVIRONMENT, FILE, FUNCTION, GIT, GIVEN, LISTED, MATCHED, OPEN, PIPED, Taint, assigned, file, is_number, plain_name,
};
use super::token::{Bracket, Statement, Token, arguments, parts};
use crate::shell::program::Holes;

impl Taint<'_> {
    /// Taints what a statement gives text to, and says whether that was new.
    pub(super) fn spread(&mut self, statement: &Statement) -> bool {
        let mut changed = self.spread_assigned(&statement.tokens);
        changed |= self.spread_methods(&statement.tokens);
        changed |= self.spread_keywords(&statement.tokens);
        changed |= self.spread_blocks(statement);
        changed |= self.spread_opened(&statement.tokens);
        let elements = statement.elements();
        for (at, element) in elements.iter().enumerate() {
            let before: Holes = elements[..at].iter().flat_map(|element| self.sources(element)).collect();
            if at > 0 && self.runs_for_each(element) {
                changed |= self.add(PIPED, &before);
            }
            for (start, token) in element.iter().enumerate() {
                match token {
                    Token::Command(name) => {
                        changed |= self.spread_command(name, &element[start + 1..], &before, &elements[..at])
                    }
                    Token::Mark('&') if !matches!(element.get(start + 1), Some(Token::Command(_))) => {
                        let mut given = self.sources(&element[start + 1..]);
                        given.extend(&before);
                        changed |= self.add(GIVEN, &given);
                    }
                    Token::Mark('>') => {
                        let content = self.sources(element).into_iter().chain(before.iter().copied()).collect();
                        changed |= self.write(&self.names.files(&element[start + 1..]), &content);
                    }
                    _ => {}
                }
            }
        }
        changed
    }

    /// Says whether a command of a pipeline runs the script's own code for what comes.
    fn runs_for_each(&self, element: &[Token]) -> bool {
        element.iter().any(|token| match token {
            Token::Group(Bracket::Block, _) | Token::Mark('&') => true,
            Token::Command(name) => self.names.is_function(name),
            _ => false,
        })
    }

    fn spread_assigned(&mut self, tokens: &[Token]) -> bool {
        let Some((targets, value)) = assigned(tokens) else { return false };
        if matches!(value, [Token::Group(Bracket::Block, _), ..]) {
            return false;
        }
        // `[int]$n = …` holds a number.
        let before = &tokens[..tokens.len() - value.len() - 1];
        let sources = if is_number(before) { Holes::new() } else { self.sources(value) };
        let mut changed = false;
        for target in targets {
            if let Some(name) = target.get(..4).filter(|drive| drive.eq_ignore_ascii_case("env:")).map(|_| &target[4..])
            {
                changed |= self.set.insert(name.to_owned());
            }
            changed |= self.add(&plain_name(target), &sources);
        }
        // What a parameter refers to: `$r.Value = …`.
        let is_reference =
            before.iter().any(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(".value")));
        if is_reference {
            for name in self.names.references.clone() {
                changed |= self.add(&name, &sources);
            }
        }
        changed
    }

    /// Taints the files that are written to by what a statement makes, such as a `StreamWriter`.
    fn spread_opened(&mut self, tokens: &[Token]) -> bool {
        let paths = opened(tokens, &self.names);
        if paths.is_empty() {
            return false;
        }
        let content = self.content_of_opened(tokens);
        let mut changed = false;
        for path in paths {
            if let [Token::Variable(inner)] = path {
                changed |= self.add(&plain_name(inner), &content);
            }
            changed |= self.write(&self.names.files(path), &content);
        }
        changed
    }

    /// Returns what is written by what a statement makes.
    pub(super) fn content_of_opened(&self, tokens: &[Token]) -> Holes {
        let targets = assigned(tokens).map(|(targets, _)| targets).unwrap_or_default();
        let written = targets.iter().flat_map(|target| self.variable(target));
        written.chain(self.sources(tokens)).collect()
    }

    /// Taints containers whose methods are given text, and what such methods write.
    fn spread_methods(&mut self, tokens: &[Token]) -> bool {
        let mut changed = false;
        for (at, token) in tokens.iter().enumerate() {
            let (Token::Word(word), Some(Token::Group(Bracket::Round, group))) = (token, tokens.get(at + 1)) else {
                continue;
            };
            let lower = word.to_ascii_lowercase();
            let given = parts(group);
            let sources: Holes = given.iter().flat_map(|part| self.sources(part)).collect();
            if lower.starts_with('.') {
                let start =
                    tokens[..at].iter().rposition(|it| matches!(it, Token::Assign | Token::Space | Token::Mark(',')));
                let owner = &tokens[start.map_or(0, |it| it + 1)..at];
                let owners: Vec<String> = owner
                    .iter()
                    .filter_map(|it| if let Token::Variable(name) = it { Some(plain_name(name)) } else { None })
                    .collect();
                for owner in owners {
                    changed |= self.add(&owner, &sources);
                }
                if matches!(lower.as_str(), ".foreach" | ".where") {
                    let piped = self.sources(owner);
                    changed |= self.add(PIPED, &piped);
                }
            }
            if lower.contains("invoke") || self.names.has_classes() {
                changed |= self.add(GIVEN, &sources);
            }
            if lower == "::setenvironmentvariable" && given.len() >= 2 {
                let value = self.sources(&given[1..].concat());
                changed |= self.set_variable(&self.names.texts(given[0]), "env:", &value);
            }
            if (lower.starts_with("::write") || lower.starts_with("::append"))
                && let Some((path, others)) = given.split_first()
            {
                let value = others.iter().flat_map(|part| self.sources(part)).collect();
                changed |= self.write(&self.names.files(path), &value);
            }
            if matches!(lower.as_str(), "::copy" | "::move") && given.len() >= 2 {
                let content = self.content(&self.names.files(given[0]));
                changed |= self.write(&self.names.files(given[1]), &content);
            }
            let owned = self.sources(&tokens[..at]);
            changed |= self.spread_references(group, &sources.union(&owned).copied().collect());
        }
        changed
    }

    /// Taints the variables that a method is given to put something into.
    fn spread_references(&mut self, group: &[Statement], sources: &Holes) -> bool {
        let mut changed = false;
        for tokens in group.iter().map(|statement| &statement.tokens) {
            for window in tokens.windows(4) {
                if let [Token::Mark('['), Token::Word(reference), Token::Mark(']'), Token::Variable(name)] = window
                    && reference.eq_ignore_ascii_case("ref")
                {
                    changed |= self.add(&plain_name(name), sources);
                }
            }
        }
        changed
    }

    /// Taints what `switch`, `-match`, `throw` and functions give to other places.
    fn spread_keywords(&mut self, tokens: &[Token]) -> bool {
        let mut changed = false;
        let has = |words: &[&str]| {
            tokens
                .iter()
                .any(|token| matches!(token, Token::Word(word) if words.contains(&word.to_ascii_lowercase().as_str())))
        };
        if has(&["switch", "throw", "catch", "trap"]) {
            // Of a block only what is in front of it goes there.
            let outside: Vec<Token> = tokens
                .iter()
                .filter(|token| !matches!(token, Token::Group(Bracket::Block, _)) || has(&["catch", "trap"]))
                .cloned()
                .collect();
            let sources = self.sources(&outside);
            changed |= self.add(PIPED, &sources);
        }
        if has(&["-match", "-cmatch", "-imatch", "-notmatch", "switch"]) {
            let sources = self.changed(self.sources(tokens));
            changed |= self.add(MATCHED, &sources);
        }
        if let [Token::Word(keyword), Token::Word(name), rest @ ..] = tokens
            && matches!(keyword.to_ascii_lowercase().as_str(), "function" | "filter")
        {
            let returned = self.sources(rest);
            changed |= self.add(&format!("{FUNCTION}{}", name.to_ascii_lowercase()), &returned);
        }
        changed
    }

    fn spread_command(&mut self, name: &str, rest: &[Token], before: &Holes, pipeline: &[&[Token]]) -> bool {
        let command = cmdlet::canonical(name);
        let rest = rest.split(|token| matches!(token, Token::Mark('&'))).next().unwrap_or_default();
        let all: Holes = self.sources(rest).into_iter().chain(before.iter().copied()).collect();
        let mut changed = false;
        if self.names.is_function(name) {
            changed |= self.add(GIVEN, &all);
        }
        if command == "git" {
            changed |= self.add(GIT, &all);
        }
        let runs_blocks = matches!(
            command.as_str(),
            "foreach-object" | "where-object" | "invoke-command" | "start-job" | "start-threadjob"
        );
        if runs_blocks || rest.iter().any(|token| matches!(token, Token::Group(Bracket::Block, _))) {
            let given = arguments(rest)
                .into_iter()
                .filter(|it| !matches!(it, [Token::Group(Bracket::Block, _)]))
                .flat_map(|it| self.sources(it))
                .collect();
            changed |= self.add(PIPED, &given);
            changed |= self.add(GIVEN, &given);
        }
        if command == "add-member" {
            let piped = pipeline.iter().flat_map(|element| element.iter()).chain(rest);
            let variables: Vec<String> = piped
                .filter_map(|it| if let Token::Variable(name) = it { Some(plain_name(name)) } else { None })
                .collect();
            for variable in variables {
                changed |= self.add(&variable, &all);
            }
        }
        let given = cmdlet::bind(&command, &arguments(rest));
        if command == "start-transcript" {
            let printed = self.all();
            for (_, argument) in &given {
                changed |= self.write(&self.names.files(argument), &printed);
            }
        }
        let makes_files = |kind: &Kind| matches!(kind, Kind::Target | Kind::Destination);
        if given.iter().any(|(kind, _)| makes_files(kind)) || command == "mkdir" {
            let named = given.iter().filter(|(kind, _)| makes_files(kind) || command == "mkdir");
            let names = named.flat_map(|(_, argument)| self.sources(argument)).collect();
            let names = self.changed(names);
            changed |= self.add(LISTED, &names);
        }
        for (kind, argument) in &given {
            match kind {
                Kind::VariableName => changed |= self.set_variable(&self.names.texts(argument), "", &all),
                Kind::Target => {
                    let content = given.iter().filter(|it| it.1 != *argument).flat_map(|it| self.sources(it.1));
                    let content: Holes = content.chain(before.iter().copied()).collect();
                    changed |= self.set_item(argument, &content);
                }
                Kind::Destination => {
                    let origins = || given.iter().filter(|it| it.0 == Kind::Origin).map(|it| it.1);
                    let files = origins().flat_map(|origin| self.content(&self.names.files(origin)));
                    let items = origins().flat_map(|origin| self.output("get-content", origin));
                    let content = files.chain(items).collect();
                    changed |= self.set_item(argument, &content);
                }
                _ => {}
            }
        }
        changed
    }

    /// Returns what is in files of such names.
    fn content(&self, named: &Texts) -> Holes {
        let mut content: Holes = named.known.iter().flat_map(|name| self.file(name)).collect();
        if !named.is_complete {
            content.extend(self.files().flat_map(|it| it.1.iter().copied()));
            content.extend(self.unnamed_files());
        }
        content
    }

    fn write(&mut self, named: &Texts, content: &Holes) -> bool {
        let mut changed = false;
        for name in &named.known {
            changed |= self.add(&file(name), content);
        }
        if !named.is_complete {
            changed |= self.add(FILE, content);
        }
        changed
    }

    /// Taints what is written to a path: a variable, or a file.
    fn set_item(&mut self, path: &[Token], content: &Holes) -> bool {
        let named = self.names.texts(path);
        let mut changed = false;
        let mut is_item = false;
        for (drive, _) in self.names.items(&self.names.beginning(path)) {
            is_item = true;
            let items = named.known.iter().flat_map(|text| self.names.items(text));
            let known = items.filter(|(own, _)| *own == drive).map(|(_, name)| name).collect();
            let named = Texts { known, is_complete: named.is_complete };
            match drive {
                "env" => changed |= self.set_variable(&named, "env:", content),
                "variable" => changed |= self.set_variable(&named, "", content),
                _ => {}
            }
        }
        if is_item && self.names.locations.is_empty() {
            return changed;
        }
        changed | self.write(&self.names.files(path), content)
    }

    fn set_variable(&mut self, named: &Texts, drive: &str, content: &Holes) -> bool {
        let mut changed = false;
        for name in &named.known {
            if drive == "env:" {
                changed |= self.set.insert(name.clone());
            }
            changed |= self.add(&plain_name(&format!("{drive}{name}")), content);
        }
        if !named.is_complete {
            changed |= self.add(if drive == "env:" { ENVIRONMENT } else { OPEN }, content);
        }
        changed
    }
}
