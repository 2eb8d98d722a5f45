//! Members of objects that a Python script sets, or that `case` takes out of an object, and what the objects of modules make
//! of them.

use super::known::{QUERYING, STARTING, TOUCHING, TOUCHING_MEMBERS, is_running};
use super::lexer::Token;
use super::modules::{Use, is_value, uses};
use super::scopes::Line;
use super::sink::Judge;
use super::tree::{Argument, Expr, Piece, Statement};
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

/// Functions and members that give the names of something with what they stand for.
const NAMESPACES: &[&str] =
    &["vars", "globals", "locals", "__dict__", "__builtins__", "getmembers", "getmembers_static", "getattr", "modules"];

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
            } else if FILES.contains(&name) || name == "filename" && self.is_jar(owner) {
                self.require(&self.reaches(value), Requirement::InsidePath);
            }
        }
    }

    /// Says whether an object keeps its contents in the file that its `filename` is.
    fn is_jar(&self, owner: &Expr) -> bool {
        self.facts.full_names(owner).iter().any(|name| name.starts_with("http.cookiejar."))
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
            let added = match &argument.value {
                Expr::Name(name) => self.facts.added(name).iter().flatten().collect(),
                _ => Vec::new(),
            };
            let is_completed = added.into_iter().any(may_follow_scheme);
            for made in self.made_of(&argument.value, 0) {
                match self.word(&made, 0).as_slice() {
                    [Part::Value(holes), Part::Text(behind), ..] if behind.starts_with(':') => schemes.extend(holes),
                    [Part::Value(holes), ..] if is_completed || completes_scheme(&made) => schemes.extend(holes),
                    _ => {}
                }
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

    /// Says whether an expression has a module, a class or function of one, or a dictionary of such: `vars(os)`.
    fn is_of_functions(&self, expression: &Expr) -> bool {
        let is_one = |name: &String| {
            let is_made = name.contains(['(', '[']) || name.starts_with("builtins.");
            !is_made && (!name.contains('.') || !is_value(name))
        };
        let is_namespace = |name: &str| NAMESPACES.contains(&name);
        match expression {
            Expr::Call(callee, arguments) => {
                callee.last_name().is_some_and(is_namespace)
                    || arguments.iter().any(|argument| self.is_of_functions(&argument.value))
            }
            Expr::Name(_) | Expr::Member(..) => {
                let names = self.facts.full_names(expression);
                let is_found = |name: &String| name.split(['.', '(', '[']).any(is_namespace);
                expression.last_name().is_some_and(is_namespace) || names.iter().any(|it| is_one(it) || is_found(it))
            }
            expression => {
                let names = self.facts.full_names(expression);
                names.iter().any(is_one) || expression.parts().into_iter().any(|part| self.is_of_functions(part))
            }
        }
    }
}

/// Says whether an expression may put a `:` of the author's behind a text that it begins with: `'%s:///a' % scheme`.
fn completes_scheme(address: &Expr) -> bool {
    let is_behind = |format: &str| {
        let behind = format.strip_prefix("%s").or_else(|| format.split_once('}').map(|it| it.1));
        behind.is_some_and(|behind| behind.starts_with(':'))
    };
    match address {
        Expr::Operation('%', format, _) => format.text().is_none_or(|format| is_behind(&format)),
        Expr::Call(callee, _) => match &**callee {
            Expr::Member(format, method) if method == "format" || method == "format_map" => {
                format.text().is_none_or(|format| is_behind(&format))
            }
            Expr::Member(between, method) if method == "join" => {
                between.text().is_none_or(|text| text.starts_with(':'))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Says whether what is added to a text may begin with a `:`.
fn may_follow_scheme(added: &Expr) -> bool {
    match added {
        Expr::Several(inner) => may_follow_scheme(inner),
        Expr::Text(pieces) => match pieces.first() {
            Some(Piece::Text(text)) => text.starts_with(':'),
            Some(_) | None => true,
        },
        _ => true,
    }
}

/// Returns the name of a member in a pattern that finds or runs something: `system=run`.
fn taken(tokens: &[Token]) -> Option<String> {
    let [Token::Name(name), Token::Other('=')] = tokens else { return None };
    let known = [QUERYING, STARTING, TOUCHING, TOUCHING_MEMBERS, OTHERS];
    let is_one = is_running(name) || name.starts_with("__") || known.iter().any(|known| known.contains(&name.as_str()));
    is_one.then(|| name.clone())
}
