//! What the calls of a Python script give to the parameters of its functions, and which functions are called by what
//! nobody sees.

use super::scopes::{Scope, Scopes};
use super::spread::ASKING;
use super::tree::{Argument, Expr, Kind, Parameter};

/// Functions and methods that call what they are given with what else they are given, or with items of it.
pub(super) const HANDING: &[&str] = &[
    "map",
    "imap",
    "imap_unordered",
    "starmap",
    "filter",
    "reduce",
    "sorted",
    "sort",
    "min",
    "max",
    "groupby",
    "submit",
    "apply",
    "apply_async",
    "Thread",
    "Process",
    "partial",
    "to_thread",
    "run_in_executor",
    "call_later",
    "call_soon",
    "register",
];

impl<'s> Scopes<'s> {
    /// Learns from what stands in a target: `a[f()]`.
    pub(super) fn visit_target(&mut self, target: &'s Expr, scope: Scope) {
        match target {
            Expr::Member(owner, _) => self.visit(owner, scope),
            _ => target
                .parts()
                .into_iter()
                .filter(|it| !matches!(it, Expr::Name(_)))
                .for_each(|it| self.visit(it, scope)),
        }
    }

    /// Learns from what an expression calls and binds.
    pub(super) fn visit(&mut self, expression: &'s Expr, scope: Scope) {
        match expression {
            Expr::Call(callee, arguments) => self.visit_call(callee, arguments, scope),
            Expr::Name(name) => self.hand_on(name),
            Expr::Member(owner, name) => {
                self.hand_on(name);
                self.visit(owner, scope);
            }
            Expr::Lambda(parameters, body) => {
                parameters.iter().for_each(|parameter| self.loosen(scope, &parameter.name));
                self.visit(body, scope);
            }
            Expr::Named(name, value) => {
                self.gets[scope].entry(name).or_default().push((value, scope));
                self.visit(value, scope);
            }
            Expr::Comprehension(_, loops) => {
                loops.iter().for_each(|(target, iterated)| self.give(target, iterated, scope));
                expression.parts().into_iter().for_each(|part| self.visit(part, scope));
            }
            _ => expression.parts().into_iter().for_each(|part| self.visit(part, scope)),
        }
    }

    pub(super) fn visit_call(&mut self, callee: &'s Expr, arguments: &'s [Argument], scope: Scope) {
        match callee {
            Expr::Name(_) => {}
            Expr::Member(owner, method) => {
                self.visit(owner, scope);
                if !ASKING.contains(&method.as_str()) && self.definitions(method).is_empty() {
                    arguments.iter().for_each(|argument| self.put(owner, &argument.value, scope));
                }
            }
            _ => self.visit(callee, scope),
        }
        self.fill(callee, arguments);
        let hands = callee.last_name().is_some_and(|name| HANDING.contains(&name));
        // A module gives nothing.
        let is_object = |owner: &Expr| !matches!(owner, Expr::Name(name) if self.home(name, scope).is_none());
        let owner = if let Expr::Member(owner, _) = callee { Some(&**owner).filter(|it| is_object(it)) } else { None };
        for (at, argument) in arguments.iter().enumerate() {
            let others = arguments.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, it)| &it.value);
            let others = others.chain(owner);
            match &argument.value {
                Expr::Name(name) | Expr::Member(_, name) if hands && !self.definitions(name).is_empty() => {
                    let taken: Vec<(Scope, &'s str)> = self.taken(name);
                    if !self.count(taken.len() * (arguments.len() + 1)) {
                        return;
                    }
                    for (inner, parameter) in taken {
                        let given = others.clone().map(|other| (other, scope));
                        self.gets[inner].entry(parameter).or_default().extend(given);
                    }
                }
                Expr::Lambda(parameters, body) if hands => {
                    if !self.count(parameters.len() * (arguments.len() + 1)) {
                        return;
                    }
                    for parameter in parameters {
                        let given = others.clone().map(|other| (other, scope));
                        self.gets[scope].entry(&parameter.name).or_default().extend(given);
                    }
                    self.visit(body, scope);
                }
                value => self.visit(value, scope),
            }
        }
        match callee.last_name() {
            Some(name) if self.classes.contains_key(name) => {
                ["__init__", "__new__"].iter().for_each(|made| self.call(made, arguments, scope));
            }
            Some(name) => self.call(name, arguments, scope),
            None => {}
        }
    }

    /// Returns the parameters of all functions of a name, but for what methods are called on.
    pub(super) fn taken(&self, name: &str) -> Vec<(Scope, &'s str)> {
        let all = self.definitions(name).iter();
        let all = all.flat_map(|it| it.parameters.iter().map(|parameter| (it.scope, parameter.name.as_str())));
        all.filter(|it| !self.selves.contains(it)).collect()
    }

    /// Notes that nobody sees what the functions of a name are called with.
    pub(super) fn hand_on(&mut self, name: &'s str) {
        if self.definitions(name).is_empty() || !self.handed_on.insert(name) {
            return;
        }
        let taken = self.taken(name);
        if self.count(taken.len()) {
            self.loose.extend(taken);
        }
    }

    /// Gives arguments to the parameters of the functions of a name.
    pub(super) fn call(&mut self, name: &str, arguments: &'s [Argument], scope: Scope) {
        let count: usize = self.definitions(name).iter().map(|it| it.parameters.len().max(1)).sum();
        if !self.count(count * arguments.len()) {
            return;
        }
        let mut given: Vec<(Scope, &'s str, &'s Expr)> = Vec::new();
        for definition in self.definitions(name) {
            let is_self = |parameter: &&Parameter| self.selves.contains(&(definition.scope, parameter.name.as_str()));
            let parameters: Vec<&'s Parameter> = definition.parameters.iter().filter(|it| !is_self(it)).collect();
            let mut at = 0;
            let mut is_exact = true;
            for argument in arguments {
                let known = parameters.iter().find(|it| argument.name.as_deref() == Some(it.name.as_str()));
                let takers: Vec<&'s Parameter> = match argument.name.as_deref() {
                    Some("**") => parameters.clone(),
                    Some(_) => match known {
                        Some(one) => vec![*one],
                        None => parameters.iter().filter(|it| it.kind == Kind::Named).copied().collect(),
                    },
                    None => {
                        is_exact &= !matches!(argument.value, Expr::Several(_));
                        let placed = parameters.iter().enumerate().filter(|(_, it)| it.kind != Kind::Named);
                        let rest = parameters.iter().position(|it| it.kind == Kind::Rest).unwrap_or(usize::MAX);
                        let place = at.min(rest);
                        at += 1;
                        placed
                            .filter(|(index, _)| *index == place || !is_exact && *index >= place)
                            .map(|it| *it.1)
                            .collect()
                    }
                };
                given.extend(takers.into_iter().map(|it| (definition.scope, it.name.as_str(), &argument.value)));
            }
        }
        for (inner, parameter, value) in given {
            self.gets[inner].entry(parameter).or_default().push((value, scope));
        }
    }
}
