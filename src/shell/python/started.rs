//! What a Python script starts, and with which words, input and environment.

use super::known::{INTERPRETERS, OPTIONED, SHELLS, STARTING};
use super::lexer::{FIELD, HOLE, Token};
use super::sink::{FILES, Judge, assignments, names, split};
use crate::shell::analysis::Unread;
use crate::shell::bash::without_version;
use crate::shell::outline::ARGUMENTS;
use crate::shell::program::{Demand, Holes, Part, Program, demands_of_shell_text};
use crate::shell::requirement::Requirement;

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
        let program = started.as_ref().and_then(|started| Some(without_version(started.program.name()?).to_owned()));
        let Some((started, program)) = started.zip(program) else {
            self.refuse(&files, "written to a file that a program may run");
            return self.refuse(&sources, &format!("a program that `{name}` starts, or code for one"));
        };
        if INTERPRETERS.contains(&program.as_str()) {
            self.refuse(&files, "written to a file that a program may run");
        }
        if !started.is_whole && (INTERPRETERS.contains(&program.as_str()) || OPTIONED.contains(&program.as_str())) {
            return self.refuse(&sources, &format!("a word of `{program}`, whose other words are not known"));
        }
        // What is given to a program that a variable holds comes later: `p.communicate(text)`.
        let mut started = started;
        let held = assignments(statement).into_iter().flat_map(|at| names(&statement[..at]));
        started.program.input.extend(held.filter_map(|name| self.tainted.get(name)).flatten());
        let demands = started.program.demands();
        let (own, folder) = (started.program.sources(), started.folder.clone());
        self.apply(demands, &sources);
        self.require(&folder, Requirement::InsidePath);
        // What is in its environment was judged there.
        let set: Holes = self.set.iter().flat_map(|(_, holes)| holes).copied().collect();
        let others: Holes =
            sources.difference(&own).copied().filter(|hole| !folder.contains(hole) && !set.contains(hole)).collect();
        self.require(&others, Requirement::NotAnOption);
    }

    /// Judges what texts for a shell do with variables of the environment.
    pub(super) fn shell_texts(&mut self, statements: &[&[Token]]) {
        let variables = self.variables();
        let names_shell = |statement: &[Token]| names(statement).any(|name| SHELLS.contains(&name) || name == "shell");
        let gives = |it: &&&[Token]| names_shell(it) || self.starts_unknown(it);
        let giving: Vec<&[Token]> = statements.iter().filter(gives).copied().collect();
        if variables.is_empty() || giving.is_empty() {
            return;
        }
        // A text may be given to the shell by another name.
        let assigns = |statement: &[Token]| statement.contains(&Token::Other('='));
        let assigning = statements.iter().filter(|it| assigns(it)).copied();
        for token in giving.into_iter().chain(assigning).flatten() {
            let Token::Text(text, _) = token else { continue };
            let is_named = |name: &str| [format!("${name}"), format!("${{{name}")].iter().any(|it| text.contains(it));
            let named: Vec<_> = variables.iter().filter(|(name, _)| is_named(name)).cloned().collect();
            if !named.is_empty() {
                let all = named.iter().flat_map(|(_, holes)| holes.iter().copied()).collect();
                self.apply(demands_of_shell_text(&text.replace(HOLE, UNKNOWN), &named), &all);
            }
        }
    }

    /// Says whether a statement starts a program whose words stand elsewhere.
    fn starts_unknown(&self, statement: &[Token]) -> bool {
        statement.iter().enumerate().any(|(at, token)| {
            let is_one =
                matches!(token, Token::Name(name) if STARTING.contains(&name.as_str()) || self.starting.contains(name));
            let is_list = matches!(statement.get(at + 1..at + 3), Some([Token::Other('('), Token::Other('[' | '(')]));
            is_one && !is_list
        })
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
        let given = self.environment.iter().enumerate().filter(|(_, name)| *name != ARGUMENTS);
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
            [Token::Text(text, holes)] if all.iter().all(|hole| holes.contains(hole)) => {
                let mut values = holes.iter();
                let mut parts = Vec::new();
                for (at, text) in text.split(HOLE).enumerate() {
                    let value = if at > 0 { values.next() } else { None };
                    parts.extend(value.map(|hole| Part::Value(Holes::from([*hole]))));
                    parts.extend((!text.is_empty()).then(|| Part::Text(text.to_owned())));
                }
                Some(parts)
            }
            [Token::Text(text, _), ..] if !all.is_empty() => {
                let prefix = text.split([HOLE, FIELD]).next().unwrap_or_default();
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
