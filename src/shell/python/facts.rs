//! What the names of a Python script stand for: values, items of values, parameters with what calls give to them;
//! and the full names of what it has of modules, such as `os.rename` for `mv` after `mv = os.rename`.
//!
//! The order of statements is not looked at: a name stands for all that it gets anywhere.

use super::functions::{Function, Heads, Place};
use super::modules::{Use, is_value, uses};
use super::statement::target_names;
use super::tree::{Argument, Expr, Kind, Statement};
use super::work::Work;
use std::collections::{BTreeMap, BTreeSet};

/// The most full names that one name stands for, and the most parts of one.
const NAMES_MAX: usize = 16;
pub(super) const PARTS_MAX: usize = 8;

/// The most times that names are looked up through each other.
const ROUNDS_MAX: usize = 8;

/// The name of all that the script's functions return.
pub(super) const RETURNED: &str = "<returned>";

/// The full name of a path of files; whatever makes one of another gives this again.
pub(super) const PATH: &str = "pathlib.Path()";

/// What is a path if it is called, and what is one of a path.
const PATH_CLASSES: &[&str] = &["Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath"];
const PATH_METHODS: &[&str] = &[
    "joinpath",
    "with_suffix",
    "with_name",
    "with_stem",
    "resolve",
    "absolute",
    "expanduser",
    "rename",
    "replace",
    "relative_to",
    "cwd",
    "home",
    "glob",
    "rglob",
    "iterdir",
];

/// What a name gets.
#[derive(Debug, Clone)]
pub(super) enum Binding {
    Value(Expr),
    /// An item of a value: what a loop gives.
    Item(Expr),
    Unknown,
}

#[derive(Debug)]
pub(super) struct Facts {
    /// What each name gets; that of a member has a `.` in front.
    pub(super) bindings: BTreeMap<String, Vec<Binding>>,
    /// The script's functions.
    pub(super) functions: BTreeMap<String, Vec<Function>>,
    /// The names of its classes.
    pub(super) classes: BTreeSet<String>,
    /// What its classes are made of.
    bases: Vec<(String, Expr)>,
    /// What names may stand for beside, or be taken out of, of which more is not known.
    pub(super) given: Vec<(String, Expr)>,
    pub(super) taken: Vec<(String, Expr)>,
    /// Names that one statement gives the same.
    pub(super) twins: Vec<(String, String)>,
    /// What is added to a list, by its name: each time some items.
    pub(super) added: BTreeMap<String, Vec<Vec<Expr>>>,
    /// The full names of what a name stands for.
    pub(super) full: BTreeMap<String, BTreeSet<String>>,
    /// The names of which nobody knows what they get beside.
    unknown: BTreeSet<String>,
    /// The functions that may be called with anything.
    pub(super) loose: BTreeSet<String>,
    /// How much more is looked at.
    pub(super) work: Work,
}

impl Facts {
    /// Learns from all statements, as far as there is something left of `work`. `heads` says of each function among them
    /// where it stands.
    pub(super) fn of(statements: &[Statement], heads: Heads, work: Work) -> Self {
        let mut facts = Self {
            bindings: BTreeMap::new(),
            functions: BTreeMap::new(),
            classes: heads.classes,
            bases: heads.bases,
            given: Vec::new(),
            taken: Vec::new(),
            twins: Vec::new(),
            added: BTreeMap::new(),
            full: BTreeMap::new(),
            unknown: BTreeSet::new(),
            loose: BTreeSet::new(),
            work,
        };
        let decorated = heads.decorated;
        let mut places = heads.places.into_iter();
        for statement in statements {
            match statement {
                Statement::Function(name, parameters) => {
                    facts.define(name, parameters, places.next().unwrap_or(Place::Class));
                }
                statement => facts.learn_statement(statement),
            }
        }
        for statement in statements {
            for expression in statement.expressions() {
                let is_named = matches!(statement, Statement::Assign(..)) && matches!(expression, Expr::Lambda(..));
                facts.learn_expression(expression, is_named);
            }
        }
        decorated.iter().for_each(|name| facts.loosen(name));
        facts.learn_changed(statements);
        facts.learn_shared();
        for _ in 0..ROUNDS_MAX {
            if !facts.learn_full_names() {
                break;
            }
        }
        facts
    }

    /// Returns what a name gets, if the script says so anywhere; nothing known for a parameter that is never given.
    pub(super) fn bindings(&self, name: &str) -> &[Binding] {
        self.bindings.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns what is added to the list of a name.
    pub(super) fn added(&self, name: &str) -> &[Vec<Expr>] {
        self.added.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_function(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    /// Returns the parameter of a function that takes all named arguments which no other has.
    pub(super) fn rest(&self, function: &str) -> Option<&str> {
        let mut parameters = self.functions.get(function)?.iter().flat_map(|it| &it.parameters);
        parameters.find(|it| it.kind == Kind::Named).map(|it| it.name.as_str())
    }

    pub(super) fn bind(&mut self, name: String, binding: Binding) {
        if matches!(binding, Binding::Unknown) && !self.unknown.insert(name.clone()) {
            return;
        }
        self.bindings.entry(name).or_default().push(binding);
    }

    fn assign(&mut self, target: &Expr, value: &Expr) {
        match (target, value) {
            (Expr::Name(name), Expr::Lambda(parameters, _)) => {
                let function = Function { parameters: parameters.clone(), place: Place::Outside };
                self.functions.entry(name.clone()).or_default().push(function);
            }
            // `list = list + more`
            (Expr::Name(name), Expr::Operation('+', one, other)) if **one == Expr::Name(name.clone()) => {
                self.added.entry(name.clone()).or_default().push(vec![Expr::Several(other.clone())]);
            }
            (Expr::Name(name), _) => self.bind(name.clone(), Binding::Value(value.clone())),
            (Expr::Member(owner, name), _) => {
                self.bind(format!(".{name}"), Binding::Value(value.clone()));
                // The module may be the script itself.
                if matches!(&**owner, Expr::Name(owner) if self.full.contains_key(owner)) {
                    self.bind(name.clone(), Binding::Value(value.clone()));
                }
            }
            (Expr::List(targets), Expr::List(values))
                if targets.len() == values.len()
                    && !targets.iter().chain(values).any(|it| matches!(it, Expr::Several(_))) =>
            {
                targets.iter().zip(values).for_each(|(target, value)| self.assign(target, value));
            }
            _ => self.take_out(target, value),
        }
    }

    /// Notes that names get parts of a value, of which nobody knows which.
    fn take_out(&mut self, target: &Expr, value: &Expr) {
        self.taken.extend(target_names(target).into_iter().map(|name| (name.to_owned(), value.clone())));
        self.bind_all(target);
    }

    /// Notes that nobody knows what a target gets, or what the list is of which it is an item.
    fn bind_all(&mut self, target: &Expr) {
        if let Expr::Item(owner, _) = target {
            return self.change(owner);
        }
        for name in target_names(target) {
            self.bind(name.to_owned(), Binding::Unknown);
        }
    }

    /// Notes that nobody knows which items a list has.
    pub(super) fn change(&mut self, list: &Expr) {
        match list {
            Expr::Name(name) => self.bind(name.clone(), Binding::Unknown),
            Expr::Member(_, name) => self.bind(format!(".{name}"), Binding::Unknown),
            _ => {}
        }
    }

    fn each(&mut self, target: &Expr, iterated: &Expr) {
        match target {
            Expr::Name(name) => self.bind(name.clone(), Binding::Item(iterated.clone())),
            // What counts is a number, for which `enumerate()` stands: no script calls that with nothing.
            Expr::List(targets) if is_counted(iterated) => {
                for (at, target) in targets.iter().enumerate() {
                    match target {
                        Expr::Name(name) if at == 0 => {
                            let counter = Expr::Call(Box::new(Expr::Name("enumerate".to_owned())), Vec::new());
                            self.bind(name.clone(), Binding::Value(counter));
                        }
                        target => self.take_out(target, iterated),
                    }
                }
            }
            _ => self.take_out(target, iterated),
        }
    }

    fn learn_statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Import(brought) => {
                for (full, own) in brought {
                    self.full.entry(own.clone()).or_default().insert(full.clone());
                }
            }
            Statement::Assign(targets, value) => {
                targets.iter().for_each(|target| self.assign(target, value));
                for pair in targets.windows(2) {
                    if let [Expr::Name(one), Expr::Name(other)] = pair {
                        self.twins.push((one.clone(), other.clone()));
                    }
                }
            }
            Statement::Augment(Expr::Name(name), '+', value) => {
                self.added.entry(name.clone()).or_default().push(vec![Expr::Several(Box::new(value.clone()))]);
            }
            Statement::Augment(Expr::Name(name), '/', value) => {
                let whole = Expr::Operation('/', Box::new(Expr::Name(name.clone())), Box::new(value.clone()));
                self.bind(name.clone(), Binding::Value(whole));
            }
            Statement::Augment(target, ..) => self.bind_all(target),
            Statement::For(target, value) => self.each(target, value),
            Statement::With(value, Some(target)) => self.assign(target, value),
            // Nobody says of which function: of any.
            Statement::Return(value) => self.bind(RETURNED.to_owned(), Binding::Value(value.clone())),
            Statement::With(_, None) | Statement::Decorator(_) | Statement::Expr(_) | Statement::Function(..) => {}
        }
    }

    /// Learns from an expression; a function that it is itself may have a name, by which it is called.
    fn learn_expression(&mut self, expression: &Expr, is_named: bool) {
        let mut calls = Vec::new();
        let mut passed: Vec<&str> = Vec::new();
        expression.walk(&mut |inner| match inner {
            Expr::Call(callee, arguments) => {
                calls.push((&**callee, arguments));
            }
            Expr::Name(name) | Expr::Member(_, name) => passed.push(name),
            _ => {}
        });
        expression.walk(&mut |inner| match inner {
            Expr::Named(name, value) => self.bind(name.clone(), Binding::Value((**value).clone())),
            Expr::Comprehension(_, loops) => loops.iter().for_each(|(target, iterated)| self.each(target, iterated)),
            Expr::Lambda(parameters, _) if !(is_named && std::ptr::eq(inner, expression)) => {
                parameters.iter().for_each(|parameter| self.bind(parameter.name.clone(), Binding::Unknown));
            }
            _ => {}
        });
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        passed.iter().for_each(|name| counts.entry(name).or_default().0 += 1);
        for (callee, _) in &calls {
            if let Expr::Name(name) | Expr::Member(_, name) = callee {
                counts.entry(name).or_default().1 += 1;
            }
        }
        // A function that is passed on may be called with anything.
        let elsewhere =
            counts.into_iter().filter(|(name, (all, called))| all > called && self.functions.contains_key(*name));
        let elsewhere: Vec<&str> = elsewhere.map(|(name, _)| name).collect();
        elsewhere.into_iter().for_each(|name| self.loosen(name));
        for (callee, arguments) in calls {
            self.learn_call(callee, arguments);
        }
    }

    /// Returns the lists that are changed by another name of theirs: that name, and the list's.
    pub(super) fn shared(&self) -> Vec<(String, String)> {
        let is_changed =
            |name: &String| self.unknown.contains(name) || !self.added(name.trim_start_matches('.')).is_empty();
        let changed = self.bindings.iter().filter(|(name, _)| is_changed(name));
        let lists = changed.flat_map(|(name, bindings)| {
            let values =
                bindings.iter().filter_map(|it| if let Binding::Value(value) = it { Some(value) } else { None });
            let lists = values.filter(|value| matches!(value, Expr::Name(_) | Expr::Member(..)));
            let lists =
                lists.filter_map(|list| Some((name.trim_start_matches('.').to_owned(), list.last_name()?.to_owned())));
            lists.collect::<Vec<_>>()
        });
        lists.collect()
    }

    /// Notes that nobody knows which items a list has that is changed by another of its names.
    fn learn_shared(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let lists = self.shared().into_iter().flat_map(|(_, list)| [format!(".{list}"), list]);
            let known: Vec<String> =
                lists.filter(|list| self.bindings.contains_key(list) && !self.unknown.contains(list)).collect();
            if known.is_empty() {
                return;
            }
            known.into_iter().for_each(|list| self.bind(list, Binding::Unknown));
        }
    }

    /// Looks up what names get, and says whether a full name was new.
    fn learn_full_names(&mut self) -> bool {
        let mut is_new = false;
        // A class that is made of one that takes the name of a file takes it too.
        for (class, base) in self.bases.clone() {
            let takes_names = |full: &String| uses(full).worst() == Use::Path;
            for full in self.full_names(&base).into_iter().filter(takes_names) {
                let known = self.full.entry(class.clone()).or_default();
                is_new |= known.len() < NAMES_MAX && known.insert(full);
            }
        }
        for (name, bindings) in self.bindings.clone() {
            for binding in bindings {
                let found = match &binding {
                    Binding::Value(value) => self.full_names(value),
                    Binding::Item(value) => self.item_names(value),
                    Binding::Unknown => BTreeSet::new(),
                };
                let known = self.full.entry(name.clone()).or_default();
                let is_harmful = |full: &String| name != RETURNED || !is_value(full) && uses(full).worst() != Use::Data;
                for full in found.into_iter().filter(is_harmful) {
                    is_new |= known.len() < NAMES_MAX && known.insert(full);
                }
            }
        }
        is_new
    }

    /// Returns the full names of what an expression stands for: `()` follows what was called, `[]` what was looked
    /// into.
    pub(super) fn full_names(&self, expression: &Expr) -> BTreeSet<String> {
        if !self.work.take(1) {
            return BTreeSet::new();
        }
        let several = |items: &[&Expr]| items.iter().flat_map(|item| self.full_names(item)).collect();
        match expression {
            Expr::Name(name) => self.names_of(name),
            Expr::Member(owner, name) => {
                let owners = self.full_names(owner);
                if let (true, Some(class)) = (name == "__class__", class_of(&owners)) {
                    return BTreeSet::from([class]);
                }
                let class = if let Expr::Call(callee, _) = &**owner { callee } else { owner };
                let is_own = matches!(&**class, Expr::Name(name) if self.classes.contains(name));
                if owners.is_empty() || is_own {
                    let known = |name: &str| self.full.get(name).cloned().unwrap_or_default();
                    let of_class = if is_own { known(name) } else { BTreeSet::new() };
                    return known(&format!(".{name}")).union(&of_class).cloned().collect();
                }
                owners.iter().map(|owner| longer(owner, &format!(".{name}"))).collect()
            }
            Expr::Call(callee, arguments) => {
                let names = self.full_names(callee);
                // What makes a method of a function.
                if let (Some("builtins.staticmethod"), [only]) =
                    (names.first().map(String::as_str), arguments.as_slice())
                {
                    return self.full_names(&only.value);
                }
                let made = names.iter().map(|name| self.result(name, arguments));
                // A function of the script may return one that does harm.
                let is_own = callee.last_name().is_some_and(|name| self.functions.contains_key(name));
                let returned = self.full.get(RETURNED).into_iter().flatten().filter(|_| is_own).cloned();
                made.chain(returned).collect()
            }
            Expr::Item(owner, _) => self.item_names(owner),
            Expr::Any(items) => several(&items.iter().collect::<Vec<_>>()),
            Expr::Named(_, value) => self.full_names(value),
            Expr::Operation('/', one, other) => {
                let found: BTreeSet<String> = several(&[one, other]);
                found.into_iter().filter(|name| name == PATH).collect()
            }
            _ => BTreeSet::new(),
        }
    }

    fn names_of(&self, name: &str) -> BTreeSet<String> {
        let known = self.full.get(name).cloned().unwrap_or_default();
        if !known.is_empty() || self.bindings.contains_key(name) || self.functions.contains_key(name) {
            return known;
        }
        let all = self.full.get("*").into_iter().flatten();
        let brought = all.filter_map(|full| Some(format!("{}{name}", full.strip_suffix('*')?)));
        brought.chain([format!("builtins.{name}")]).collect()
    }

    /// Returns the full names of what stands in a list, a dictionary, or comes out of what is looked into.
    fn item_names(&self, owner: &Expr) -> BTreeSet<String> {
        let inside = |expression: &Expr| -> Option<BTreeSet<String>> {
            match expression {
                Expr::List(items) => Some(items.iter().flat_map(|item| self.full_names(item)).collect()),
                Expr::Dict(entries) => Some(entries.iter().flat_map(|(_, value)| self.full_names(value)).collect()),
                _ => None,
            }
        };
        if let Some(found) = inside(owner) {
            return found;
        }
        let bound = if let Expr::Name(name) = owner { self.bindings(name) } else { &[] };
        let displays = bound.iter().filter_map(|it| if let Binding::Value(value) = it { inside(value) } else { None });
        let found: BTreeSet<String> = displays.flatten().collect();
        let named = self.full_names(owner);
        let looked = named.iter().map(|name| if name == PATH { name.clone() } else { longer(name, "[]") });
        found.iter().cloned().chain(looked).collect()
    }

    /// Returns the full name of what a function returns.
    fn result(&self, function: &str, arguments: &[Argument]) -> String {
        let text = |at: usize| arguments.get(at).and_then(|it| it.value.text());
        let last = function.rsplit('.').next().unwrap_or_default();
        let is_path = function.starts_with("pathlib.")
            && (PATH_CLASSES.contains(&last) || PATH_METHODS.contains(&last) && function != "pathlib.Path().rename");
        match (function, text(0)) {
            _ if is_path => PATH.to_owned(),
            ("builtins.__import__" | "importlib.import_module", Some(module)) => module,
            ("builtins.type", _) if arguments.len() == 1 => {
                let class = class_of(&self.full_names(&arguments[0].value));
                class.unwrap_or_else(|| longer(function, "()"))
            }
            ("builtins.getattr", _) => match (arguments.first(), text(1)) {
                (Some(owner), Some(name)) => {
                    let owners = self.full_names(&owner.value);
                    owners
                        .first()
                        .map_or_else(|| "builtins.getattr()".to_owned(), |owner| longer(owner, &format!(".{name}")))
                }
                _ => "builtins.getattr()".to_owned(),
            },
            _ => longer(function, "()"),
        }
    }
}

/// Returns the class of which an object is that a call of it made.
fn class_of(objects: &BTreeSet<String>) -> Option<String> {
    objects.iter().find_map(|name| name.strip_suffix("()")).filter(|class| class.contains('.')).map(str::to_owned)
}

/// Returns a full name with a part more, unless it is long enough.
fn longer(name: &str, part: &str) -> String {
    let is_parent = name == PATH && matches!(part, ".parent" | ".parents");
    let parts = name.matches(['.', '(', '[']).count();
    if is_parent || parts >= PARTS_MAX { name.to_owned() } else { format!("{name}{part}") }
}

/// Says whether a loop over something counts it: `enumerate(it)`.
fn is_counted(iterated: &Expr) -> bool {
    matches!(iterated, Expr::Call(callee, given) if **callee == Expr::Name("enumerate".to_owned()) && !given.is_empty())
}
