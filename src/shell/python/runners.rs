//! Runners of tests and builders that a Python script starts: they run files that nobody names to them, and do what is said
//! in others.

use super::apart::with_own_marks;
use super::sink::Judge;
use super::texts::UNKNOWN;
use super::tree::{Expr, Statement};
use crate::shell::filename::{base, written_as};
use crate::shell::program::Holes;
use crate::shell::runner;

/// Why payload text can't stand in such a file.
const RUN: &str = "written to a file that a program may run";

/// Functions that do what a runner does, by their full names.
const OF_LIBRARIES: &[(&str, &str)] = &[
    ("pytest.main", "pytest"),
    ("pytest.console_main", "pytest"),
    ("robot.run", "robot"),
    ("robot.run_cli", "robot"),
    ("behave.__main__.main", "behave"),
];

impl Judge<'_> {
    /// Judges the files that a program finds by their names, where one of its words is that of a runner.
    pub(super) fn judge_found(&mut self, words: &[String]) {
        for runner in words.iter().filter_map(|word| runner::find(base(word))) {
            // A name of which nothing is known is looked at elsewhere.
            let named = self.held_files().filter(|(file, _)| !base(file).replace(UNKNOWN, "").is_empty());
            let found = named.filter(|(file, _)| runner.may_find(&base(file).replace(UNKNOWN, "*")));
            let found: Holes = found.flat_map(|(_, holes)| holes).copied().collect();
            self.refuse(&found, RUN);
        }
    }

    /// Judges what a library runs of the script's files, and what programs obey that is written to files by their names.
    pub(super) fn judge_runners(&mut self, statements: &[Statement]) {
        let mut started: Vec<Vec<String>> = Vec::new();
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                let names = self.facts.full_names(callee);
                let Some((_, program)) = OF_LIBRARIES.iter().find(|(name, _)| names.contains(*name)) else { return };
                let mut words = vec![(*program).to_owned()];
                arguments.iter().for_each(|argument| match &argument.value {
                    Expr::List(items) => words.extend(items.iter().flat_map(|item| self.texts(item, 0))),
                    value => words.extend(self.texts(value, 0)),
                });
                started.push(words);
            });
        }
        for words in started {
            self.judge_found(&words);
            let is_given = |file: &str| words.iter().any(|word| base(word) == base(file));
            let given = self.held_files().filter(|(file, _)| is_given(file));
            let given: Holes = given.flat_map(|(_, holes)| holes).copied().collect();
            self.refuse(&given, RUN);
        }
        // What a library writes there has a form of its own.
        let obeyed = self.written.iter().filter_map(|(file, holes)| Some((written_as(file)?, holes.clone())));
        let obeyed: Vec<_> = obeyed.collect();
        // Which marks are in it decides what the text is there.
        obeyed.into_iter().for_each(|(requirement, holes)| self.require(&with_own_marks(&holes), requirement));
    }

    /// Returns the files that the script writes payload text to, with that.
    fn held_files(&self) -> impl Iterator<Item = (&str, &Holes)> {
        self.written.iter().chain(&self.moved).map(|(file, holes)| (file.as_str(), holes))
    }
}
