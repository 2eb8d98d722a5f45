//! Which variables a call of a function changes, by itself and by the functions that it calls.

use super::super::syntax::{Command, Simple};
use super::effects::{Bodies, Effects, NAMES_MAX, Survey};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// What a function changes by itself, and the functions that it calls, each with what is local by then.
struct Function {
    own: Effects,
    calls: Vec<(String, Rc<HashSet<String>>)>,
}

/// Returns what the calls of a script's functions change. Each change goes to each caller once.
pub(super) fn effects_of(survey: &Survey, bodies: &Bodies) -> HashMap<String, Effects> {
    let functions: Vec<(&str, Function)> = bodies.iter().map(|(name, body)| (*name, of_body(survey, body))).collect();
    let mut effects: HashMap<String, Effects> = HashMap::new();
    let mut callers: HashMap<&str, Vec<(&str, &HashSet<String>)>> = HashMap::new();
    for (name, function) in &functions {
        effects.entry((*name).to_owned()).or_default().add(&function.own);
        for (called, local) in &function.calls {
            callers.entry(called).or_default().push((name, local));
        }
    }
    let own = |(name, it): (&&str, &Effects)| -> Vec<(String, Option<String>)> {
        let names = it.names.iter().cloned().map(Some).chain(it.all.then_some(None));
        names.map(|change| ((*name).to_owned(), change)).collect()
    };
    let mut open: Vec<(String, Option<String>)> =
        functions.iter().flat_map(|(name, it)| own((name, &it.own))).collect();
    while let Some((called, change)) = open.pop() {
        for (caller, local) in callers.get(called.as_str()).into_iter().flatten() {
            let Some(known) = effects.get_mut(*caller).filter(|known| !known.all) else { continue };
            match &change {
                Some(name) if local.contains(name) || !known.names.insert(name.clone()) => continue,
                Some(_) => known.all = known.names.len() > NAMES_MAX,
                None => known.all = true,
            }
            open.push(((*caller).to_owned(), change.clone().filter(|_| !known.all)));
        }
    }
    effects.values_mut().for_each(|it| it.calls.clear());
    effects
}

/// Returns what a call of a function changes: not what it makes local before it uses it. It has arguments of its own.
fn of_body(survey: &Survey, body: &Command) -> Function {
    let (mut own, mut calls, mut local) = (Effects::default(), Vec::new(), Rc::new(HashSet::new()));
    let compound = match body {
        Command::Compound(compound) if compound.bodies.len() == 1 => compound,
        _ => {
            let own = survey.of(body);
            let calls = own.calls.iter().map(|name| (name.clone(), local.clone())).collect();
            return Function { own, calls };
        }
    };
    for command in &compound.bodies[0].commands {
        let changed = survey.of(command);
        let is_local = |simple: &Simple| simple.words.first().is_some_and(|name| name.has_text("local"));
        match command {
            Command::Simple(simple) if is_local(simple) && !changed.all => {
                Rc::make_mut(&mut local).extend(changed.names)
            }
            _ => {
                calls.extend(changed.calls.iter().map(|name| (name.clone(), local.clone())));
                own.add(&changed.without(&local));
            }
        }
    }
    own.add(&survey.inline(&compound.words));
    own.add(&survey.of_redirects(&compound.redirects));
    own.arguments = false;
    own.all |= own.names.len() > NAMES_MAX;
    Function { own, calls }
}
