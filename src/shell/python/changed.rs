//! Lists and dictionaries of a Python script that change by another name than their own, or in a way that nobody follows:
//! of those nobody knows which items they have.
//!
//! `list.append(…)`, `list.extend(…)` and `list += …` are followed where the name is the list's own. `for l in (list,):
//! l.append(…)`, `table['a'][0] = …`, `a = b = []`, `dict.update(table, …)` and `f = list.insert` reach it in other ways: what is
//! changed there may be each object that the expression may stand for, or is taken out of.

use super::facts::{Binding, Facts, RETURNED};
use super::functions::MADE_OF;
use super::shared::{CONTAINERS, NOTHING_KEPT, STORING};
use super::tree::{Argument, Expr, Statement};
use std::collections::BTreeSet;

/// Methods that change which items a list or a dictionary has, or their order.
const CHANGING: &[&str] = &[
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "sort",
    "clear",
    "update",
    "setdefault",
    "move_to_end",
    "appendleft",
    "extendleft",
    "popleft",
    "rotate",
    "add",
    "discard",
    "difference_update",
    "intersection_update",
    "symmetric_difference_update",
    "__init__",
    "__setitem__",
    "__delitem__",
    "__iadd__",
    "__imul__",
    "__ior__",
];

/// Methods that add to a list, which is followed where the list has its own name.
const ADDING: &[&str] = &["append", "extend"];

/// Functions that give a list another order.
const ORDERING: &[&str] = &["shuffle", "heapify"];

/// Functions that make another list of one, with the same items.
const COPYING: &[&str] = &["list", "tuple", "set", "frozenset", "sorted", "dict", "deque", "copy", "chain", "reversed"];

/// What is looked at to find what an expression may stand for: names, each with whether what is in it is meant.
type Met = BTreeSet<(String, Part)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Whole,
    /// What is in it, however deep.
    Inside,
}

impl Facts {
    /// Notes that nobody knows what is in the objects that statements change so.
    pub(super) fn learn_changed(&mut self, statements: &[Statement]) {
        let mut met = Met::new();
        let mut own: BTreeSet<String> = BTreeSet::new();
        for statement in statements {
            match statement {
                Statement::Assign(targets, _) => {
                    targets.iter().for_each(|target| self.meet_owner(target, &mut met));
                }
                Statement::For(target, _) | Statement::With(_, Some(target)) => self.meet_owner(target, &mut met),
                Statement::Augment(target, operator, _) => {
                    if *operator != 'd' && !self.adds_to(target, &mut met) {
                        self.meet(target, Part::Whole, &mut met);
                    }
                    self.meet_owner(target, &mut met);
                }
                _ => {}
            }
            for expression in statement.expressions() {
                self.learn_changes(expression, &mut met, &mut own);
            }
        }
        for (name, _) in met {
            if own.contains(&name) || self.is_object(&name) {
                self.bind(name, Binding::Unknown);
            }
        }
    }

    fn learn_changes(&self, expression: &Expr, met: &mut Met, own: &mut BTreeSet<String>) {
        let mut called: BTreeSet<*const Expr> = BTreeSet::new();
        expression.walk(&mut |inner| match inner {
            Expr::Call(callee, arguments) => {
                called.insert(std::ptr::from_ref(&**callee));
                self.changes(callee, arguments, met, own);
            }
            // `f = list.insert`
            Expr::Member(owner, method)
                if !called.contains(&std::ptr::from_ref(inner))
                    && (CHANGING.contains(&method.as_str()) || ADDING.contains(&method.as_str())) =>
            {
                own.extend(key(owner));
                self.meet(owner, Part::Whole, met);
            }
            _ => {}
        });
    }

    fn changes(&self, callee: &Expr, arguments: &[Argument], met: &mut Met, own: &mut BTreeSet<String>) {
        let name = callee.last_name().unwrap_or_default();
        if STORING.contains(&name) || ORDERING.contains(&name) {
            for argument in arguments {
                own.extend(key(&argument.value));
                self.meet(&argument.value, Part::Whole, met);
            }
        }
        let Expr::Member(owner, _) = callee else { return };
        let is_class = matches!(&**owner, Expr::Name(class) if CONTAINERS.contains(&class.as_str()));
        let changed = if is_class { arguments.first().map(|it| &it.value) } else { Some(&**owner) };
        let Some(changed) = changed else { return };
        if CHANGING.contains(&name) || is_class && ADDING.contains(&name) {
            own.extend(key(changed));
            self.meet(changed, Part::Whole, met);
        } else if ADDING.contains(&name) && !self.adds_to(changed, met) {
            self.meet(changed, Part::Whole, met);
        }
    }

    /// Meets the other names of a list to which something is added by its own, and says whether it has one.
    fn adds_to(&self, list: &Expr, met: &mut Met) -> bool {
        let Some(name) = key(list) else { return false };
        let mut others = Met::new();
        self.meet(list, Part::Whole, &mut others);
        met.extend(others.into_iter().filter(|(other, _)| *other != name));
        true
    }

    /// Meets what an assignment to an item of an object changes.
    fn meet_owner(&self, target: &Expr, met: &mut Met) {
        match target {
            Expr::Item(owner, _) => self.meet(owner, Part::Whole, met),
            Expr::List(items) => items.iter().for_each(|item| self.meet_owner(item, met)),
            Expr::Several(inner) => self.meet_owner(inner, met),
            _ => {}
        }
    }

    /// Meets all names whose object an expression may stand for, or out of whose object it may be taken.
    fn meet(&self, expression: &Expr, part: Part, met: &mut Met) {
        if !self.work.take(1) {
            return;
        }
        match expression {
            Expr::Name(_) | Expr::Member(..) => {
                key(expression).into_iter().for_each(|it| self.meet_name(it, part, met))
            }
            Expr::List(items) if part == Part::Inside => items.iter().for_each(|item| self.meet_item(item, met)),
            Expr::Dict(entries) if part == Part::Inside => {
                entries.iter().for_each(|(_, value)| self.meet_item(value, met));
            }
            Expr::Several(inner) | Expr::Item(inner, _) => self.meet(inner, Part::Inside, met),
            Expr::Operation(_, one, other) if part == Part::Inside => {
                [one, other].into_iter().for_each(|it| self.meet(it, part, met));
            }
            Expr::Comprehension(made, _) if part == Part::Inside => made.iter().for_each(|it| self.meet_item(it, met)),
            Expr::Any(items) => items.iter().for_each(|item| self.meet(item, part, met)),
            Expr::Named(name, value) => {
                self.meet_name(name.clone(), part, met);
                self.meet(value, part, met);
            }
            Expr::Call(callee, arguments) => self.meet_returned(callee, arguments, part, met),
            _ => {}
        }
    }

    fn meet_item(&self, item: &Expr, met: &mut Met) {
        self.meet(item, Part::Whole, met);
        self.meet(item, Part::Inside, met);
    }

    fn meet_name(&self, name: String, part: Part, met: &mut Met) {
        if !met.insert((name.clone(), part)) {
            return;
        }
        for binding in self.bindings(&name) {
            match binding {
                Binding::Value(value) => self.meet(value, part, met),
                Binding::Item(value) => self.meet(value, Part::Inside, met),
                Binding::Unknown => {}
            }
        }
        if part == Part::Inside {
            self.added(name.trim_start_matches('.')).iter().flatten().for_each(|item| self.meet_item(item, met));
        }
        for (_, value) in self.given.iter().filter(|(own, _)| *own == name) {
            self.meet(value, part, met);
        }
        for (_, value) in self.taken.iter().filter(|(own, _)| *own == name) {
            self.meet(value, Part::Inside, met);
        }
        // A member of an object that a library makes of what its class is called with.
        if name.starts_with('.') && self.bindings(&name).is_empty() {
            self.meet_name(MADE_OF.to_owned(), part, met);
        }
        for (one, other) in &self.twins {
            for (own, twin) in [(one, other), (other, one)] {
                if *own == name {
                    self.meet_name(twin.clone(), part, met);
                }
            }
        }
    }

    /// Meets what a call may return.
    fn meet_returned(&self, callee: &Expr, arguments: &[Argument], part: Part, met: &mut Met) {
        let name = callee.last_name().unwrap_or_default();
        if self.is_function(name) {
            return self.meet_name(RETURNED.to_owned(), part, met);
        }
        if NOTHING_KEPT.contains(&name) {
            return;
        }
        let owner = if let Expr::Member(owner, _) = callee { Some(&**owner) } else { None };
        for given in owner.into_iter().chain(arguments.iter().map(|it| &it.value)) {
            if !COPYING.contains(&name) {
                self.meet(given, Part::Whole, met);
            } else if part == Part::Whole {
                continue;
            }
            self.meet(given, Part::Inside, met);
        }
    }

    /// Says whether a name gets more than texts, numbers and what other names stand for.
    fn is_object(&self, name: &str) -> bool {
        fn is_one(value: &Expr) -> bool {
            match value {
                Expr::Text(_) | Expr::Constant | Expr::Name(_) | Expr::Member(..) | Expr::Lambda(..) => false,
                Expr::Any(items) => items.iter().any(is_one),
                Expr::Named(_, value) => is_one(value),
                Expr::Operation('%' | '/' | '-', ..) => false,
                Expr::Operation(_, one, other) => is_one(one) || is_one(other),
                Expr::Call(callee, _) => !callee.last_name().is_some_and(|name| NOTHING_KEPT.contains(&name)),
                _ => true,
            }
        }
        self.bindings(name).iter().any(|it| matches!(it, Binding::Value(value) | Binding::Item(value) if is_one(value)))
    }
}

/// Returns the name by which what an expression names is kept among the facts.
fn key(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.clone()),
        Expr::Member(_, name) => Some(format!(".{name}")),
        _ => None,
    }
}
