//! Which variables a call of a function changes, by itself and by the functions that it calls.

use super::super::read::is_variable_name;
use super::super::syntax::{Behind, Command, Simple, Word};
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
    let script = &compound.bodies[0];
    for (at, command) in script.commands.iter().enumerate() {
        let changed = survey.of(command);
        // Behind `&&` and `||` it may not run.
        let is_first = at
            .checked_sub(1)
            .is_none_or(|before| matches!(script.joints[before].behind, Behind::End | Behind::Background))
            && !script.is_in_background(at);
        match command {
            Command::Simple(simple) if is_first && !changed.all && is_local(simple) => {
                let made: HashSet<String> = made_local(simple).into_iter().collect();
                // What is unset somewhere may be the caller's again.
                Rc::make_mut(&mut local).extend(made.iter().filter(|name| !survey.unset.changes(name)).cloned());
                calls.extend(changed.calls.iter().map(|name| (name.clone(), local.clone())));
                own.add(&changed.without(&made));
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

/// Says whether a command makes variables local whatever happens.
fn is_local(simple: &Simple) -> bool {
    let is_plain = simple.redirects.is_empty() && simple.assignments.is_empty();
    is_plain && simple.words.first().is_some_and(|name| name.has_text("local"))
}

/// Returns the variables that `local` names: nothing if it is told to do something else than to make them.
fn made_local(simple: &Simple) -> Vec<String> {
    let words = simple.words.get(1..).unwrap_or_default();
    let is_option = |word: &&Word| word.prefix().starts_with(['-', '+']);
    let makes = |word: &Word| word.literal().is_some_and(|it| it[1..].chars().all(|letter| "aAilrux".contains(letter)));
    if !words.iter().filter(is_option).all(makes) || words.iter().any(|word| word.has_alternatives()) {
        return Vec::new();
    }
    let name = |word: &Word| {
        let prefix = word.prefix();
        let (name, is_whole) = match prefix.split_once('=') {
            Some((name, _)) => (name.to_owned(), true),
            None => (prefix.clone(), word.literal().is_some()),
        };
        (is_whole && is_variable_name(&name)).then_some(name)
    };
    words.iter().filter_map(name).chain(simple.declared.iter().map(|it| it.name.clone())).collect()
}
