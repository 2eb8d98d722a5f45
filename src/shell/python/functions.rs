//! What the calls of a Python script give to the parameters of its functions, which have each a name of its own in all
//! of the script: see `facts`.
//!
//! Which argument a parameter gets depends on where the function stands, and on what it is called: the first parameter
//! of a method is the object, but for one behind `@staticmethod`, and for one that is taken from its class. Where nobody
//! can say, the parameters get what nobody knows.

use super::facts::{Binding, Facts, PARTS_MAX};
use super::line::names;
use super::scopes::{Line, is_harmless};
use super::tree::{Argument, Expr, Kind, Parameter, Piece, Statement};
use std::collections::BTreeSet;

/// The name of all that the script's classes are called with.
pub(super) const MADE_OF: &str = "<made of>";

/// Where a function of the script stands, which says what its first parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In no class.
    Outside,
    /// In a class: the first parameter is the object that the function is called on.
    Class,
    /// In a class, behind `@classmethod`.
    OfClass,
    /// In a class, behind `@staticmethod`.
    Static,
}

/// The classes of a script, and where its functions stand, in their order.
#[derive(Debug, Default)]
pub(super) struct Heads {
    pub(super) classes: BTreeSet<String>,
    pub(super) places: Vec<Place>,
    /// What its classes are made of, each with what stands for one of the others.
    pub(super) bases: Vec<(String, Expr)>,
    /// The functions behind a decorator of which nobody knows what it does.
    pub(super) decorated: BTreeSet<String>,
}

/// A function of the script.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) parameters: Vec<Parameter>,
    pub(super) place: Place,
}

impl Heads {
    /// Finds the heads of classes and functions.
    pub(super) fn of(lines: &[Line<'_>]) -> Self {
        let mut heads = Self::default();
        // The heads that are open, each with its column and whether it is that of a class.
        let mut open: Vec<(usize, bool)> = Vec::new();
        let mut decorated = Place::Class;
        let mut is_open = false;
        for line in lines {
            let column = line.column.unwrap_or_default();
            if line.column.is_some() {
                open.retain(|(head, _)| *head < column);
            }
            let is_method = line.column.is_some() && open.last().is_some_and(|(_, is_class)| *is_class);
            let words: Vec<&str> = names(line.tokens).take(2).collect();
            if let (["class", name], Some(column)) = (words.as_slice(), line.column) {
                heads.classes.insert((*name).to_owned());
                for statement in &line.statements {
                    if let Statement::Expr(base) = statement {
                        heads.bases.push(((*name).to_owned(), base.clone()));
                    }
                }
                open.push((column, true));
            }
            let (mut next, mut is_next_open) = (Place::Class, false);
            for statement in &line.statements {
                match statement {
                    Statement::Function(name, _) => {
                        heads.decorated.extend(is_open.then(|| name.clone()));
                        heads.places.push(if is_method { decorated } else { Place::Outside });
                        open.push((column, false));
                    }
                    Statement::Decorator(decorator) => {
                        is_next_open = is_open || !is_harmless(decorator);
                        next = match decorator.last_name() {
                            Some("staticmethod") => Place::Static,
                            Some("classmethod") => Place::OfClass,
                            _ => decorated,
                        };
                    }
                    _ => {}
                }
            }
            (decorated, is_open) = (next, is_next_open);
        }
        heads
    }
}

impl Facts {
    /// Notes a function and what its parameters get where a call gives them nothing.
    pub(super) fn define(&mut self, name: &str, parameters: &[Parameter], place: Place) {
        for parameter in parameters {
            let default = parameter.default.clone();
            default.into_iter().for_each(|value| self.bind(parameter.name.clone(), Binding::Value(value)));
        }
        let function = Function { parameters: parameters.to_vec(), place };
        // What calls them names them not.
        if name.starts_with("__") && name.ends_with("__") {
            self.loosen_parameters(&function);
        }
        self.functions.entry(name.to_owned()).or_default().push(function);
    }

    /// Notes that a function of the script may be called with anything. What methods are called on is given by itself.
    pub(super) fn loosen(&mut self, function: &str) {
        if self.loose.insert(function.to_owned()) {
            let functions = self.functions.remove(function).unwrap_or_default();
            functions.iter().for_each(|function| self.loosen_parameters(function));
            self.functions.insert(function.to_owned(), functions);
        }
    }

    fn loosen_parameters(&mut self, function: &Function) {
        for parameter in function.parameters.iter().filter(|it| !matches!(it.name.as_str(), "self" | "cls")) {
            self.bind(parameter.name.clone(), Binding::Unknown);
        }
    }

    /// Notes what a call gives to parameters, and adds to a list.
    pub(super) fn learn_call(&mut self, callee: &Expr, arguments: &[Argument]) {
        if let (Expr::Member(owner, method), [first, ..]) = (callee, arguments)
            && let Some(name) = owner.last_name()
        {
            let added = match method.as_str() {
                "append" => Some(first.value.clone()),
                "extend" => Some(Expr::Several(Box::new(first.value.clone()))),
                _ => None,
            };
            self.added.entry(name.to_owned()).or_default().extend(added.map(|item| vec![item]));
        }
        if let Expr::Name(class) = callee
            && self.classes.contains(class)
        {
            let made = ["__init__", "__new__"].iter().filter_map(|it| self.functions.get(*it)).flatten();
            let parameters = made.flat_map(|it| &it.parameters).map(|it| it.name.clone());
            let parameters: Vec<String> = parameters.chain([MADE_OF.to_owned()]).collect();
            for argument in arguments.iter().filter(|_| self.work.take(parameters.len())) {
                let given = parameters.iter().map(|it| (it.clone(), argument.value.clone()));
                self.given.extend(given);
            }
        }
        if let (Expr::Name(finding), [_, name, ..]) = (callee, arguments)
            && finding == "getattr"
        {
            let found = name.value.text();
            let all: Vec<String> =
                self.functions.keys().filter(|it| found.as_ref().is_none_or(|name| name == *it)).cloned().collect();
            all.iter().for_each(|name| self.loosen(name));
        }
        // A function of a module may have the name of one of the script's.
        let is_of_module = matches!(callee, Expr::Member(owner, _) if matches!(&**owner, Expr::Name(name) if self.full.contains_key(name)));
        let Some(name) = callee.last_name().filter(|_| !is_of_module) else { return };
        let Some(functions) = self.functions.get(name) else { return };
        let is_known =
            arguments.iter().all(|it| it.name.as_deref() != Some("**") && !matches!(it.value, Expr::Several(_)));
        let places: Option<Vec<usize>> = functions.iter().map(|it| self.own_parameters(it.place, callee)).collect();
        let Some(places) = places.filter(|_| is_known) else { return self.loosen(name) };
        let mut given: Vec<(String, Expr)> = Vec::new();
        for (function, skipped) in functions.iter().zip(places) {
            if !self.work.take(arguments.len() + function.parameters.len()) {
                break;
            }
            let parameters = function.parameters.iter().skip(skipped);
            given.extend(given_to(parameters, arguments));
        }
        given.into_iter().for_each(|(name, value)| self.bind(name, Binding::Value(value)));
    }

    /// Returns how many parameters of a function get something by themselves where it is called so; nothing where
    /// nobody knows.
    fn own_parameters(&self, place: Place, callee: &Expr) -> Option<usize> {
        let Expr::Member(owner, _) = callee else { return Some(0) };
        match place {
            Place::Static => Some(0),
            Place::OfClass => Some(1),
            Place::Class if matches!(&**owner, Expr::Name(name) if self.classes.contains(name)) => Some(0),
            Place::Class => (!self.may_be_class(owner, 0)).then_some(1),
            // A function that is put into an object.
            Place::Outside => None,
        }
    }

    /// Says whether an expression may be one of the script's classes, and not an object of one.
    fn may_be_class(&self, expression: &Expr, depth: usize) -> bool {
        let next = |inner: &Expr| self.may_be_class(inner, depth + 1);
        match expression {
            _ if depth > PARTS_MAX => true,
            Expr::Name(name) if self.classes.contains(name) => true,
            Expr::Name(name) => self.bindings(name).iter().any(|it| match it {
                Binding::Value(value) | Binding::Item(value) => next(value),
                Binding::Unknown => true,
            }),
            Expr::Call(callee, _) => {
                !matches!(&**callee, Expr::Name(name) if name == "super" || self.classes.contains(name))
            }
            Expr::Text(_) | Expr::Constant => false,
            Expr::Member(_, name) if name == "__class__" => true,
            Expr::Member(_, name) => {
                let bindings = self.bindings(&format!(".{name}")).iter();
                bindings.into_iter().any(|it| matches!(it, Binding::Value(value) if next(value)))
            }
            _ => expression.parts().into_iter().any(next),
        }
    }
}

/// Returns what arguments give to parameters. One that takes all named arguments which no other has is a dictionary.
fn given_to<'p>(parameters: impl Iterator<Item = &'p Parameter>, arguments: &[Argument]) -> Vec<(String, Expr)> {
    let parameters: Vec<&Parameter> = parameters.collect();
    let (named, placed): (Vec<&Argument>, Vec<&Argument>) = arguments.iter().partition(|it| it.name.is_some());
    let mut given: Vec<(String, Expr)> = Vec::new();
    let mut others: Vec<(Option<Expr>, Expr)> = Vec::new();
    for argument in named {
        let name = argument.name.clone().unwrap_or_default();
        if !parameters.iter().any(|it| it.kind == Kind::One && it.name == name) {
            others.push((Some(Expr::Text(vec![Piece::Text(name.clone())])), argument.value.clone()));
        }
        given.push((name, argument.value.clone()));
    }
    let mut placed = placed.into_iter();
    for parameter in parameters {
        let value = match parameter.kind {
            Kind::One => placed.next().map(|it| it.value.clone()),
            Kind::Rest => Some(Expr::List(placed.by_ref().map(|it| it.value.clone()).collect())),
            Kind::Named => Some(Expr::Dict(std::mem::take(&mut others))),
        };
        given.extend(value.map(|value| (parameter.name.clone(), value)));
    }
    given
}
