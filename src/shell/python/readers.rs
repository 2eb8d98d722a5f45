//! Payload text that a module of Python reads in a way of its own: annotations as code, words of a command line as
//! names of files, settings with references to others.

use super::known::{TEMPLATES, is_running};
use super::learn::ARGUMENT_NAMES;
use super::lexer::Token;
use super::line::{arguments, closing, names, split};
use super::sink::Judge;
use super::texts::UNKNOWN;
use super::tree::{Argument, Expr, Statement};
use crate::shell::filename::base;
use crate::shell::program::Holes;
use crate::shell::requirement::Requirement;
use std::collections::BTreeSet;

/// Functions that evaluate annotations, and the argument that has others do so.
const EVALUATING: &[&str] = &["get_type_hints", "get_annotations", "eval_str"];

/// What has annotations as a dictionary.
const ANNOTATIONS: &[&str] = &["__annotations__", "__annotate__"];

/// Why payload text can't stand in one: whoever asks for it may have it evaluated, as `dataclass` and `singledispatch` do.
const ANNOTATION: &str = "an annotation, which is code";

/// What has examples besides the descriptions of functions.
const EXAMPLES: &[&str] = &["__test__", "__doc__"];

/// The method by which a class of the script's own loads templates, and those that return one by its file.
const LOADER: &str = "get_source";
const GETTING_TEMPLATES: &[&str] =
    &["get_template", "select_template", "get_or_select_template", "render_template", "render_to_string"];

/// Why payload text can't be one.
const TEMPLATE: &str = "the text of a template, which is code";

/// What opens an archive that a script gives it the bytes of, at which place, and what unpacks one.
const ARCHIVES: &[&str] = &["tarfile.open", "tarfile.TarFile", "tarfile.TarFile.open"];
const ARCHIVE_PLACE: usize = 2;
const UNPACKING: &[&str] = &["extractall", "extract"];

/// What a `ConfigParser` is called.
const SETTINGS: &str = "configparser.ConfigParser()";

/// Functions that run a text as code which sees the variables of the script.
const EVALUATORS: &[&str] =
    &["eval", "exec", "execfile", "runsource", "runcode", "runeval", "runctx", "timeit", "Timer", "compile"];

/// Functions that do so by a name that others have too, and the modules that have them.
const PROFILERS: &[&str] = &["cProfile", "profile", "pdb", "bdb", "trace", "timeit", "code"];

impl Judge<'_> {
    /// Returns the payload text that code may name which the function at an index runs: what the names in it
    /// have, or any where the code is not written there.
    pub(super) fn evaluated(&self, name: &str, statement: &[Token], at: usize) -> Holes {
        let Some(given) = arguments(statement, at + 1).filter(|_| EVALUATORS.contains(&name)) else {
            return Holes::new();
        };
        let all = || self.tainted.values().flatten().copied().collect();
        match split(given)[0] {
            [Token::Text(text, _)] => self.named_by(text).unwrap_or_else(all),
            _ => all(),
        }
    }

    /// Returns the payload text that the names in a text of code have, or nothing where it may be any.
    fn named_by(&self, code: &str) -> Option<Holes> {
        let words = code.split(|it: char| !(it.is_alphanumeric() || it == '_'));
        let is_any = words.clone().any(|word| {
            is_running(word) && word != "system" && word != "popen"
                || self.anywhere.contains(word)
                || word == "__main__"
        });
        (!is_any).then(|| words.filter_map(|word| self.tainted.get(word)).flatten().copied().collect())
    }

    /// Refuses payload text that code names which a profiler or a debugger runs.
    fn judge_profiled(&mut self, statement: &[Token]) {
        for (at, token) in statement.iter().enumerate() {
            let (Token::Name(name), Some(given)) = (token, arguments(statement, at + 1)) else { continue };
            let is_run = name.starts_with("run") || name == "repeat";
            let is_one = is_run && names(&statement[..at]).any(|it| PROFILERS.contains(&it));
            if let (true, [Token::Text(text, _)]) = (is_one, split(given)[0]) {
                let all = || self.tainted.values().flatten().copied().collect();
                let holes: Holes = self.named_by(text).unwrap_or_else(all);
                self.refuse(&holes, "named by code that is run");
            }
        }
    }

    /// Judges what such modules read of the script.
    pub(super) fn judge_readers(&mut self, statements: &[&[Token]]) {
        let evaluates = EVALUATING.iter().any(|name| self.named.contains(*name));
        let opens = self.named.contains("FileType") || statements.iter().any(|statement| opens_words(statement));
        let includes = self.named.contains("fromfile_prefix_chars");
        let examines = self.imported.contains("doctest");
        for statement in statements {
            self.judge_profiled(statement);
            if examines && (matches!(statement, [Token::Text(..)]) || names(statement).any(|it| EXAMPLES.contains(&it)))
            {
                self.refuse(&self.sources(statement), "the examples of a description, which `doctest` runs");
            }
            let annotations = annotations(statement);
            let are_named = |token: &Token| matches!(token, Token::Name(name) | Token::Text(name, _) if ANNOTATIONS.contains(&name.as_str()));
            if evaluates && !annotations.is_empty() || statement.iter().any(are_named) {
                self.refuse(&self.sources(statement), ANNOTATION);
            }
            for annotation in annotations {
                self.refuse(&self.annotated(annotation), ANNOTATION);
            }
            if (opens || includes) && names(statement).any(|name| ARGUMENT_NAMES.contains(&name)) {
                let sources = self.sources(statement);
                if includes {
                    self.refuse(&sources, "a word of a command line that may name a file of more words");
                }
                self.require(&sources, Requirement::InsidePath);
            }
        }
    }

    /// Refuses payload text as a template: what a loader of the script's own returns, and what it writes to a file that a
    /// template is read from by that name.
    pub(super) fn judge_templates(&mut self, statements: &[Statement]) {
        if !TEMPLATES.iter().any(|library| self.imported.contains(*library)) {
            return;
        }
        let mut named: BTreeSet<String> = BTreeSet::new();
        for statement in statements {
            if let (Statement::Return(value), true) = (statement, self.functions.contains_key(LOADER)) {
                self.refuse(&self.reaches(value), TEMPLATE);
            }
            for expression in statement.expressions() {
                expression.walk(&mut |inner| {
                    let Expr::Call(callee, arguments) = inner else { return };
                    if callee.last_name().is_some_and(|name| GETTING_TEMPLATES.contains(&name)) {
                        for argument in arguments {
                            argument.value.walk(&mut |part| named.extend(self.texts(part, 0)));
                        }
                    }
                });
            }
        }
        // `{% include 'head.html' %}`
        for token in self.lines.iter().flat_map(|line| line.tokens) {
            if let Token::Text(text, _) = token
                && text.contains("{%")
            {
                named.extend(text.split(['\'', '"']).map(str::to_owned));
            }
        }
        let is_one = |file: &str| !file.contains(UNKNOWN) && named.iter().any(|name| base(name) == base(file));
        let written = self.written.iter().chain(&self.moved).filter(|(file, _)| is_one(file));
        let held: Holes = written.flat_map(|(_, holes)| holes).copied().collect();
        self.refuse(&held, TEMPLATE);
    }

    /// Refuses payload text as an archive that the script unpacks: names in it may lead out of the folder.
    pub(super) fn judge_archive(&mut self, functions: &[String], arguments: &[Argument]) {
        let unpacks = UNPACKING.iter().any(|name| self.named.contains(*name));
        if !unpacks || !functions.iter().any(|name| ARCHIVES.contains(&name.as_str())) {
            return;
        }
        let placed = arguments.get(ARCHIVE_PLACE).filter(|it| it.name.is_none());
        let named = arguments.iter().find(|it| it.name.as_deref() == Some("fileobj"));
        let held: Holes = placed.or(named).map(|it| self.reaches(&it.value)).unwrap_or_default();
        self.refuse(&held, "an archive that is unpacked");
    }

    /// Returns the payload text in an annotation. What the script's functions and classes are called is its own, and
    /// so is what it gives nothing to.
    fn annotated(&self, annotation: &[Token]) -> Holes {
        let is_own = |name: &String| {
            self.functions.contains_key(name) || self.classes.contains(name) || self.facts.bindings(name).is_empty()
        };
        let tokens = annotation.iter().filter(|token| !matches!(token, Token::Name(name) if is_own(name)));
        self.sources(&tokens.cloned().collect::<Vec<_>>())
    }

    /// Refuses payload text as a type of `typing`, which is an annotation that has yet to be evaluated.
    pub(super) fn judge_type(&mut self, expression: &Expr) {
        let Expr::Item(owner, key) = expression else { return };
        let is_type =
            |name: &String| name.starts_with("typing.") && !name.ends_with("Literal") && !name.contains(['(', '[']);
        if self.facts.full_names(owner).iter().any(is_type) {
            let mut holes = Holes::new();
            key.walk(&mut |inner| {
                if let Expr::Text(_) = inner {
                    holes.extend(self.reaches(inner));
                }
            });
            self.refuse(&holes, ANNOTATION);
        }
    }

    /// Judges an entry of settings, in which `%(name)s` stands for another.
    pub(super) fn judge_entry(&mut self, statement: &Statement) {
        let Statement::Assign(targets, value) = statement else { return };
        let is_one = |target: &Expr| {
            let mut owner = target;
            while let Expr::Item(inner, _) = owner {
                owner = inner;
            }
            matches!(target, Expr::Item(..)) && self.facts.full_names(owner).iter().any(|it| it.starts_with(SETTINGS))
        };
        if targets.iter().any(is_one) {
            let sources = self.reaches(value);
            self.interpolated(&sources);
        }
    }

    /// Demands that a text refers to no other setting.
    pub(super) fn interpolated(&mut self, sources: &Holes) {
        if !self.named.contains("interpolation") {
            self.require(sources, Requirement::NoFormat);
        }
    }
}

/// Says whether a statement has words of a command line opened as files: `type=open`.
fn opens_words(statement: &[Token]) -> bool {
    let is_name = |token: &Token, name: &str| matches!(token, Token::Name(known) if known == name);
    statement.windows(3).any(|it| is_name(&it[0], "type") && it[1] == Token::Other('=') && is_name(&it[2], "open"))
}

/// Returns the annotations in a statement: of parameters, of what a function returns, of what is assigned.
fn annotations(statement: &[Token]) -> Vec<&[Token]> {
    let is_word = |token: Option<&Token>, word: &str| matches!(token, Some(Token::Name(name)) if name == word);
    let head = if is_word(statement.first(), "async") { &statement[1..] } else { statement };
    if !is_word(head.first(), "def") {
        let Some(colon) = outside(head, ':') else { return Vec::new() };
        let is_target = |token: &Token| matches!(token, Token::Name(_) | Token::Other('.' | '[' | ']'));
        let names_two = head[..colon].windows(2).any(|it| matches!(it, [Token::Name(_), Token::Name(_)]));
        let is_one = colon > 0 && head[..colon].iter().all(is_target) && !names_two;
        return if is_one { vec![annotation(&head[colon + 1..])] } else { Vec::new() };
    }
    let Some(open) = head.iter().position(|token| *token == Token::Other('(')) else { return Vec::new() };
    let parameters = split(&head[open + 1..]);
    let mut found: Vec<&[Token]> = parameters
        .into_iter()
        .filter_map(|parameter| Some(annotation(&parameter[outside(parameter, ':')? + 1..])))
        .filter(|annotation| !annotation.is_empty())
        .collect();
    let behind = &head[closing(head, open)..];
    found.extend(behind.strip_prefix(&[Token::Other('-'), Token::Other('>')]).filter(|it| !it.is_empty()));
    found
}

/// Returns what stands in front of the `=` of a value.
fn annotation(behind: &[Token]) -> &[Token] {
    &behind[..outside(behind, '=').unwrap_or(behind.len())]
}

/// Returns where a character stands outside of brackets.
fn outside(tokens: &[Token], character: char) -> Option<usize> {
    let mut open = 0_usize;
    tokens.iter().position(|token| {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0 && *token == Token::Other(character)
    })
}
