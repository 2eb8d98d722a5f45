//! Members of objects that a Python script sets, or that `case` takes out of an object, and what the objects of modules make
//! of them.

use super::known::{QUERYING, STARTING, TOUCHING, TOUCHING_MEMBERS, is_running};
use super::lexer::Token;
use super::modules::{Use, is_value, uses};
use super::scopes::Line;
use super::sink::Judge;
use super::tree::{Argument, Expr, Statement};
use crate::shell::program::{Holes, Part};
use crate::shell::requirement::Requirement;

/// Members that are the address of a request, a part of one, and the name of a file.
const ADDRESSES: &[&str] = &["full_url"];
const SCHEMES: &[&str] = &["type"];
const FILES: &[&str] = &["keylog_filename", "pycache_prefix", "baseFilename"];

/// Functions that put an address together, of which the scheme is the first part.
const JOINING: &[&str] =
    &["urllib.parse.urlunsplit", "urllib.parse.urlunparse", "urllib.parse.SplitResult", "urllib.parse.ParseResult"];

/// Why payload text can't be one.
const SCHEME: &str = "the scheme of an address";

/// What has such an address.
const REQUEST: &str = "urllib.request.Request()";

/// Members beside functions that run texts, by which a script finds such, opens files or sets variables.
const OTHERS: &[&str] = &["open", "environ", "environb", "putenv", "modules", "format", "format_map"];

impl Judge<'_> {
    /// Judges what a statement sets in objects of modules.
    pub(super) fn judge_members(&mut self, statement: &Statement) {
        let Statement::Assign(targets, value) = statement else { return };
        for target in targets {
            let Expr::Member(owner, name) = target else { continue };
            let name = name.as_str();
            let is_request = || {
                let owners = self.facts.full_names(owner);
                owners.is_empty() && self.imported.contains("Request") || owners.iter().any(|it| it == REQUEST)
            };
            if ADDRESSES.contains(&name) {
                self.require(&self.begins_with(value, 0), Requirement::WebAddress);
            } else if SCHEMES.contains(&name) && is_request() {
                self.refuse(&self.reaches(value), SCHEME);
            } else if FILES.contains(&name) {
                self.require(&self.reaches(value), Requirement::InsidePath);
            }
        }
    }

    /// Refuses payload text as the scheme of an address: `urlunsplit((scheme, …))`, `parts._replace(scheme=…)`,
    /// `f'{scheme}://…'`.
    pub(super) fn judge_scheme(&mut self, callee: &Expr, functions: &[String], arguments: &[Argument]) {
        let is_joining = functions.iter().any(|name| JOINING.contains(&name.as_str()));
        let first = arguments.first().filter(|_| is_joining).map(|it| match &it.value {
            Expr::List(items) => items.first().unwrap_or(&it.value),
            value => value,
        });
        let is_replacing = callee.last_name() == Some("_replace");
        let named = arguments.iter().find(|it| it.name.as_deref() == Some("scheme") && (is_replacing || is_joining));
        let is_address = functions.iter().any(|name| uses(name).worst() == Use::Address);
        let mut schemes: Holes =
            first.into_iter().chain(named.map(|it| &it.value)).flat_map(|it| self.reaches(it)).collect();
        for argument in arguments.iter().take(1).filter(|_| is_address) {
            if let [Part::Value(holes), Part::Text(behind), ..] = self.word(&argument.value, 0).as_slice()
                && behind.starts_with(":/")
            {
                schemes.extend(holes);
            }
        }
        self.refuse(&schemes, SCHEME);
    }

    /// Refuses all payload text in a script where `case` gives a name to a function that runs texts, or to anything of a
    /// module: `case object(system=run)`.
    pub(super) fn judge_cases(&mut self, lines: &[Line<'_>]) {
        for line in lines {
            let first = if let Some(Token::Name(first)) = line.tokens.first() { first.as_str() } else { "" };
            let reason = match (first, line.statements.first()) {
                ("match", Some(Statement::Expr(subject))) if self.is_of_functions(subject) => {
                    "in a script where `case` takes what a module has, so that nobody sees what it runs".to_owned()
                }
                ("case", _) => match line.tokens.windows(2).find_map(taken) {
                    Some(name) => format!("in a script where `case` takes `{name}` out of an object"),
                    None => continue,
                },
                _ => continue,
            };
            let all: Holes = lines.iter().flat_map(|line| self.whole_sources(line.tokens)).collect();
            self.line = line.number;
            self.refuse(&all, &reason);
            self.line = None;
        }
    }

    /// Says whether an expression may be a module, or a class or function of one.
    fn is_of_functions(&self, expression: &Expr) -> bool {
        let is_one = |name: &String| {
            let is_made = name.contains(['(', '[']) || name.starts_with("builtins.");
            !is_made && (!name.contains('.') || !is_value(name))
        };
        self.facts.full_names(expression).iter().any(is_one)
    }
}

/// Returns the name of a member in a pattern that finds or runs something: `system=run`.
fn taken(tokens: &[Token]) -> Option<String> {
    let [Token::Name(name), Token::Other('=')] = tokens else { return None };
    let known = [QUERYING, STARTING, TOUCHING, TOUCHING_MEMBERS, OTHERS];
    let is_one = is_running(name) || name.starts_with("__") || known.iter().any(|known| known.contains(&name.as_str()));
    is_one.then(|| name.clone())
}
