//! What a Python script starts, and with which words, input and environment.

use super::known::{INTERPRETERS, OPTIONED, SHELLS};
use super::lexer::{FIELD, HOLE, Token};
use super::sink::{FILES, Judge, names, split};
use crate::shell::analysis::Unread;
use crate::shell::bash::without_version;
use crate::shell::program::{Demand, Holes, Part, Program, demands_of_shell_text};
use crate::shell::requirement::Requirement;
use crate::shell::special::is_obeyed;

/// What stands for a word of the author's that is known only when the script runs.
const UNKNOWN: &str = "value";

/// What `sys.executable` is.
const PYTHON: &str = "python3";

/// A call that starts a program.
struct Started {
    program: Program,
    /// Whether the author wrote every word that is not a value.
    is_whole: bool,
    /// The folder in which it starts.
    folder: Holes,
}

impl Judge<'_> {
    /// Judges a program that is started: a list of words is the same command in bash. Of what else is given
    /// to it nobody knows which program it is.
    pub(super) fn start(&mut self, name: &str, statement: &[Token], arguments: &[Token]) {
        let sources = self.sources(statement);
        let is_given = |pair: &[Token]| matches!(pair, [Token::Name(name), Token::Other('=')] if name == "executable");
        let names_shell =
            names(statement).any(|name| matches!(name, "shell" | "preexec_fn")) || statement.windows(2).any(is_given);
        let files = self.tainted.get(FILES).cloned().unwrap_or_default();
        let started = self.started(arguments).filter(|_| !names_shell);
        let program = started.as_ref().and_then(|started| Some((started, without_version(started.program.name()?))));
        let Some((started, program)) = program else {
            self.refuse(&files, "written to a file that a program may run");
            return self.refuse(&sources, &format!("a program that `{name}` starts, or code for one"));
        };
        if INTERPRETERS.contains(&program) {
            self.refuse(&files, "written to a file that a program may run");
        }
        if !started.is_whole && (INTERPRETERS.contains(&program) || OPTIONED.contains(&program)) {
            return self.refuse(&sources, &format!("a word of `{program}`, whose other words are not known"));
        }
        for (variable, holes) in &started.program.environment {
            if is_obeyed(variable) {
                self.refuse(holes, "the environment that programs obey, or its name");
            }
        }
        let demands = started.program.demands();
        let (own, folder) = (started.program.sources(), started.folder.clone());
        self.apply(demands, &sources);
        self.require(&folder, Requirement::InsidePath);
        let others: Holes = sources.difference(&own).copied().filter(|hole| !folder.contains(hole)).collect();
        self.require(&others, Requirement::NotAnOption);
    }

    /// Judges what texts for a shell do with variables of the environment.
    pub(super) fn shell_texts(&mut self, statements: &[&[Token]]) {
        let variables = self.variables();
        let gives = |statement: &[Token]| names(statement).any(|name| SHELLS.contains(&name) || name == "shell");
        if variables.is_empty() || !statements.iter().any(|statement| gives(statement)) {
            return;
        }
        // A text may be given to the shell by another name.
        let assigns = |statement: &[Token]| statement.contains(&Token::Other('='));
        for token in statements.iter().filter(|it| gives(it) || assigns(it)).flat_map(|statement| statement.iter()) {
            let Token::Text(literal) = token else { continue };
            let text = literal.text.replace([HOLE, FIELD], UNKNOWN);
            let is_named = |name: &str| [format!("${name}"), format!("${{{name}")].iter().any(|it| text.contains(it));
            let named: Vec<_> = variables.iter().filter(|(name, _)| is_named(name)).cloned().collect();
            if !named.is_empty() {
                let all = named.iter().flat_map(|(_, holes)| holes.iter().copied()).collect();
                self.apply(demands_of_shell_text(&text, &named), &all);
            }
        }
    }

    /// Notes the variables that a statement puts into the environment.
    pub(super) fn learn_environment(&mut self, statement: &[Token]) {
        if names(statement).any(|name| name == "environ" || name == "putenv") {
            let sources = self.sources(statement);
            self.set.extend(keys(statement).map(|key| (key.to_owned(), sources.clone())).filter(|it| !it.1.is_empty()));
        }
    }

    fn apply(&mut self, demands: Result<Vec<Demand>, Unread>, all: &Holes) {
        let Ok(demands) = demands else {
            return self.refuse(all, "a word of a command that pipehook can't read");
        };
        for (holes, finding) in demands {
            if let Some(reason) = &finding.refusal {
                self.refuse(&holes, reason);
            }
            finding.requirements.iter().for_each(|requirement| self.require(&holes, *requirement));
        }
    }

    /// Returns the variables of the environment that hold payload text.
    fn variables(&self) -> Vec<(String, Holes)> {
        let given = self.environment.iter().enumerate();
        let given = given.map(|(at, name)| (name.clone(), Holes::from([self.own + at])));
        given.chain(self.set.iter().cloned()).collect()
    }

    /// Returns what a call starts, if its first argument is a list that begins with a known word.
    fn started(&self, arguments: &[Token]) -> Option<Started> {
        let arguments = split(arguments);
        let (list, others) = arguments.split_first()?;
        let [Token::Other('[' | '('), inside @ ..] = list else { return None };
        let items = split(inside);
        let length = items.iter().map(|item| item.len() + 1).sum::<usize>().max(1);
        let behind = inside.get(length..).unwrap_or_default();
        let mut started = Started { program: Program::default(), is_whole: behind.is_empty(), folder: Holes::new() };
        for item in items.into_iter().filter(|item| !item.is_empty()) {
            let is_several = item[0] == Token::Other('*');
            let word = self.word(item).filter(|_| !is_several);
            if started.program.words.is_empty() && word.is_none() {
                // Nobody knows which program it is, and where its arguments begin.
                return None;
            }
            started.is_whole &= word.is_some();
            started.program.words.push(word.unwrap_or_else(|| self.unknown(item)));
        }
        if !self.sources(behind).is_empty() {
            started.program.words.push(self.unknown(behind));
        }
        started.program.environment = self.variables();
        for other in others {
            let [Token::Name(name), Token::Other('='), value @ ..] = other else { continue };
            let sources = self.sources(value);
            match name.as_str() {
                "input" | "stdin" => started.program.input.extend(sources),
                "cwd" => started.folder.extend(sources),
                "env" if !sources.is_empty() => {
                    let set = keys(value).map(|key| (key.to_owned(), sources.clone()));
                    started.program.environment.extend(set);
                }
                _ => {}
            }
        }
        let mut known: Vec<String> = Vec::new();
        started.program.environment.retain(|(name, _)| {
            let is_new = !known.contains(name);
            known.push(name.clone());
            is_new
        });
        Some(started)
    }

    /// Returns a word whose text is known but for its values.
    fn word(&self, item: &[Token]) -> Option<Vec<Part>> {
        let all = self.sources(item);
        match item {
            [Token::Text(literal)]
                if literal.code.is_empty() && all.iter().all(|hole| literal.holes.contains(hole)) =>
            {
                let mut values = literal.holes.iter();
                let mut parts = Vec::new();
                for (at, text) in literal.text.split(HOLE).enumerate() {
                    let value = if at > 0 { values.next() } else { None };
                    parts.extend(value.map(|hole| Part::Value(Holes::from([*hole]))));
                    parts.extend((!text.is_empty()).then(|| Part::Text(text.to_owned())));
                }
                Some(parts)
            }
            [Token::Text(literal), ..] if !all.is_empty() => {
                let prefix = literal.text.split([HOLE, FIELD, '{', '%']).next().unwrap_or_default();
                let prefix = (!prefix.is_empty()).then(|| Part::Text(prefix.to_owned()));
                Some(prefix.into_iter().chain([Part::Value(all)]).collect())
            }
            _ if !all.is_empty() => Some(vec![Part::Value(all)]),
            [Token::Name(module), Token::Other('.'), Token::Name(name)] if module == "sys" && name == "executable" => {
                Some(vec![Part::Text(PYTHON.to_owned())])
            }
            _ => None,
        }
    }

    fn unknown(&self, item: &[Token]) -> Vec<Part> {
        let sources = self.sources(item);
        vec![if sources.is_empty() { Part::Text(UNKNOWN.to_owned()) } else { Part::Value(sources) }]
    }
}

/// Returns what may be names of variables in a part of a statement: texts, and names in front of an `=`.
fn keys(tokens: &[Token]) -> impl Iterator<Item = &str> {
    let is_name = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
    };
    tokens.iter().enumerate().filter_map(move |(at, token)| match token {
        Token::Text(literal) if is_name(&literal.text) => Some(literal.text.as_str()),
        Token::Name(name) if tokens.get(at + 1) == Some(&Token::Other('=')) => Some(name.as_str()),
        _ => None,
    })
}
