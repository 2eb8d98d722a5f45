//! Files that a database in a file is told of by other ways than the name in `connect`: SQLite attaches, copies and loads
//! them by values of a statement, and reads a whole address where it is asked to.

use super::known::QUERYING;
use super::sink::Judge;
use super::tree::{Argument, Expr};
use crate::shell::program::Holes;
use crate::shell::requirement::Requirement;

/// The functions that open a database of SQLite.
const CONNECT: &[&str] =
    &["sqlite3.connect", "sqlite3.Connection", "sqlite3.dbapi2.connect", "sqlite3.dbapi2.Connection"];

/// What an address begins with that it may be told instead of a file's name.
const ADDRESS: &str = "file:";

/// Words of statements whose values are names of files.
const NAMING: &[&str] = &["vacuum", "attach"];

/// Words of statements whose values are files of code.
const LOADING: &[&str] = &["load_extension"];

impl Judge<'_> {
    /// Judges the values that a call gives to a database.
    pub(super) fn judge_database(&mut self, callee: &Expr, functions: &[String], arguments: &[Argument]) {
        if functions.iter().any(|name| CONNECT.contains(&name.as_str())) {
            self.judge_address(arguments);
        }
        let is_query = callee.last_name().is_some_and(|name| QUERYING.contains(&name)) || self.is_query(callee);
        let (true, Some((statement, values))) = (is_query, arguments.split_first()) else { return };
        let texts: Vec<String> = self.texts(&statement.value, 0).iter().map(|text| text.to_lowercase()).collect();
        let has = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| text.contains(word)));
        let given: Holes = values.iter().flat_map(|value| self.reaches(&value.value)).collect();
        if has(NAMING) {
            self.require(&given, Requirement::InsidePath);
        }
        if has(LOADING) {
            self.refuse(&given, "the name of a file of code that a database loads");
        }
    }

    /// Demands that a value in an address of a database is one part of its name: there `%2e` is a `.`, and `?` begins
    /// settings.
    fn judge_address(&mut self, arguments: &[Argument]) {
        let named = |wanted: &str| arguments.iter().find(|it| it.name.as_deref() == Some(wanted)).map(|it| &it.value);
        let first = arguments.first().filter(|it| it.name.is_none()).map(|it| &it.value).or_else(|| named("database"));
        let Some(first) = first else { return };
        let is_told = named("uri").is_some_and(|value| *value != Expr::Name("False".to_owned()))
            || arguments.iter().any(|it| it.name.as_deref() == Some("**"));
        if is_told || self.texts(first, 0).iter().any(|text| text.starts_with(ADDRESS)) {
            self.require(&self.reaches(first), Requirement::Plain);
        }
    }
}
