//! Which holes reach which variable, stream and file of a script, and what is demanded of them.
//!
//! The order of the commands is not looked at: whatever is assigned to a variable anywhere can be
//! its value anywhere. That demands too much now and then, never too little.

use super::requirement::Requirement;
use super::shape::Shape;
use crate::shell::change::Change;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// Something that holds a value while a script runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Hole(usize),
    /// A variable in code that the script puts together.
    Spliced(usize),
    Variable(String),
    /// Every variable: read by a name that is known only when the script runs.
    AnyVariable,
    /// All that the environment holds, as `env` prints it: also the variables that carry the script's own holes.
    Environment,
    /// The variables that get a value by a name that is known only when the script runs.
    Named,
    /// A file, by the text of its name in the script.
    File(String),
    /// A file whose name is known only when the script runs.
    UnknownFile,
    /// Every file that the script writes.
    AnyFile,
    /// The names of files that the script makes, as patterns and `ls` give them.
    FileNames,
    /// What a program of this name keeps where no file of the script's is.
    Kept(&'static str),
    /// The arguments, standard input and output of a function.
    Arguments(String),
    /// One argument of the function with this node of its arguments, counted from 0.
    Argument(Id, usize),
    /// The arguments of every function, and of the script.
    AnyArguments,
    /// The arguments of every command that is none of the script's functions.
    AnyCommand,
    Input(String),
    /// The arguments of programs that may run at the same time as others.
    Running,
    /// The standard input of any command.
    AnyInput,
    Output(String),
    /// What a function writes to other descriptors than its standard output.
    Errors(String),
    /// What the script writes to other descriptors than the standard output.
    Descriptors,
    /// A pipe, a substitution's output, the arguments of a nested script.
    Stream(usize),
}

/// The number of a node.
pub(super) type Id = usize;

/// What a place demands of the text that reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    Refuse,
    /// It must be plain, and arrive as it is: the reason says why it is refused otherwise.
    PlainAsIs,
    Require(Requirement),
}

/// The reason of a demand on what stands in the code of another program.
pub(super) const IN_PROGRAM: &str = "a part of a program's code";

/// Why, in a program that edits text.
pub(super) const IN_EDIT: &str = "a part of a program that edits text";

/// The demands on one hole: the first reason to refuse it, and its requirements.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) refusal: Option<String>,
    pub(super) requirements: Vec<Requirement>,
    /// Why it is refused that is not known to meet its requirements when it arrives in another form.
    pub(super) changed: Option<&'static str>,
    /// It arrives in another form where a number must be.
    pub(super) is_counted: bool,
    /// It becomes a part of code that the script puts together.
    pub(super) is_in_code: bool,
    /// It stands in a program that edits text.
    pub(super) is_in_edit: bool,
    /// It stands in the code of another program.
    pub(super) is_in_program: bool,
}

/// The most steps that one kind of demand is followed back, far above what a person's script takes: above it,
/// everything is refused.
const STEPS_MAX: usize = 2_000_000;

/// The most steps that are followed back from one file that a script leaves: above it, nobody knows what is in it.
const LEFT_STEPS_MAX: usize = 20_000;

/// A search for what reaches some nodes, and what it has found. Many searches share what it needs.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The turn in which each node was last seen: as it is, and in another form.
    seen: Vec<[usize; 2]>,
    turn: usize,
    open: Vec<(Id, bool)>,
    /// The nodes whose text reaches those that were asked for, and these themselves.
    pub(super) reached: Vec<Id>,
    steps: usize,
}

impl Walk {
    /// Says whether a node's text arrives in another form only.
    pub(super) fn is_changed(&self, node: Id) -> bool {
        self.seen[node][0] != self.turn && self.seen[node][1] == self.turn
    }

    /// Says whether all searches together took too many steps.
    pub(super) fn is_too_long(&self) -> bool {
        self.steps > STEPS_MAX
    }
}

#[derive(Debug, Default)]
pub(super) struct Flow {
    ids: HashMap<Node, Id>,
    nodes: Vec<Node>,
    holes: HashMap<Id, usize>,
    /// What reaches each node, and how it is changed on the way.
    incoming: Vec<Vec<(Id, Change)>>,
    demands: BTreeMap<Demand, Vec<(Id, String)>>,
    /// The nodes that hold nothing but what has a shape.
    shapes: HashMap<Id, Rc<Shape>>,
    streams: usize,
}

impl Flow {
    pub(super) fn id(&mut self, node: Node) -> Id {
        let next = self.incoming.len();
        let id = *self.ids.entry(node.clone()).or_insert(next);
        if id == next {
            self.incoming.push(Vec::new());
            if let Node::Hole(hole) = node {
                self.holes.insert(id, hole);
            }
            self.nodes.push(node);
        }
        id
    }

    /// Returns the number of a node, if something is known of it.
    pub(super) fn known(&self, node: &Node) -> Option<Id> {
        self.ids.get(node).copied()
    }

    /// Returns the variables whose names meet a test.
    pub(super) fn variables(&self, is_one: impl Fn(&str) -> bool) -> Vec<Id> {
        let is_it = |id: &Id| matches!(&self.nodes[*id], Node::Variable(name) if is_one(name));
        (0..self.nodes.len()).filter(is_it).collect()
    }

    /// Returns the nodes of which something is demanded.
    pub(super) fn demanded(&self, demand: Demand) -> Vec<Id> {
        self.demands.get(&demand).into_iter().flatten().map(|(node, _)| *node).collect()
    }

    /// Returns the nodes whose text reaches some of `nodes`, and those themselves.
    pub(super) fn upstream(&self, nodes: &[Id]) -> Vec<Id> {
        self.upstream_beside(nodes, &[])
    }

    /// Returns the nodes whose text reaches some of `nodes`, but for what a script has made sure to be a number.
    pub(super) fn upstream_of_numbers(&self, nodes: &[Id]) -> Vec<Id> {
        let is_number = |(_, shape): &(&Id, &Rc<Shape>)| shape.meets(Requirement::Integer);
        let numbers: Vec<Id> = self.shapes.iter().filter(is_number).map(|(node, _)| *node).collect();
        self.upstream_beside(nodes, &numbers)
    }

    /// Returns the name of the variable that a node is.
    pub(super) fn name_of(&self, id: Id) -> Option<&str> {
        match &self.nodes[id] {
            Node::Variable(name) => Some(name),
            _ => None,
        }
    }

    /// Returns the holes whose text reaches some of `nodes` on a way on which none of some others is.
    pub(super) fn holes_beside(&self, nodes: &[Id], others: &[Id]) -> Vec<Id> {
        let all = self.upstream_beside(nodes, others);
        all.into_iter().filter(|node| self.holes.contains_key(node)).collect()
    }

    fn upstream_beside(&self, nodes: &[Id], others: &[Id]) -> Vec<Id> {
        let mut seen = vec![false; self.incoming.len()];
        others.iter().for_each(|node| seen[*node] = true);
        let mut open = nodes.to_vec();
        let mut upstream = Vec::new();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                upstream.push(node);
                open.extend(self.incoming[node].iter().map(|(from, _)| *from));
            }
        }
        upstream
    }

    /// Returns what reaches some of `nodes` directly, but for one that does.
    pub(super) fn reaching_beside(&self, nodes: &[Id], one: Option<Id>) -> Vec<Id> {
        let all = nodes.iter().flat_map(|node| &self.incoming[*node]);
        all.map(|(from, _)| *from).filter(|from| Some(*from) != one).collect()
    }

    /// Looks for all that reaches some of `nodes`, and adds the steps that it takes to those of `walk`.
    pub(super) fn walk_up(&self, nodes: &[Id], walk: &mut Walk) {
        walk.turn += 1;
        walk.seen.resize(self.incoming.len(), [0; 2]);
        (walk.reached, walk.open) = (Vec::new(), nodes.iter().map(|node| (*node, false)).collect());
        while let Some((node, is_changed)) = walk.open.pop().filter(|_| walk.steps <= STEPS_MAX) {
            if walk.seen[node].iter().all(|seen| *seen != walk.turn) {
                walk.reached.push(node);
            }
            if std::mem::replace(&mut walk.seen[node][usize::from(is_changed)], walk.turn) != walk.turn {
                walk.steps += self.incoming[node].len() + 1;
                let further = self.incoming[node].iter();
                walk.open.extend(further.map(|(from, change)| (*from, is_changed || change.makes_another())));
            }
        }
    }

    /// Returns how many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the files whose names meet a test.
    pub(super) fn files(&self, is_one: impl Fn(&str) -> bool) -> Vec<Id> {
        let is_it = |id: &Id| matches!(&self.nodes[*id], Node::File(name) if is_one(name));
        (0..self.nodes.len()).filter(is_it).collect()
    }

    /// Returns the name of the file that a node is.
    pub(super) fn file_name(&self, id: Id) -> Option<&str> {
        match &self.nodes[id] {
            Node::File(name) => Some(name),
            _ => None,
        }
    }

    /// Returns the holes whose text reaches a node, each with what is made of it on all ways together.
    pub(super) fn brought_to(&self, to: Id) -> BTreeMap<usize, Change> {
        let mut brought: BTreeMap<usize, Change> = BTreeMap::new();
        let (mut seen, mut open) = (HashSet::new(), vec![(to, Change::NONE)]);
        while let Some((node, change)) = open.pop() {
            if seen.len() > LEFT_STEPS_MAX {
                let all = self.holes_beside(&[to], &[]);
                return all.into_iter().map(|hole| (self.holes[&hole], Change::FREE)).collect();
            }
            if !seen.insert((node, change)) {
                continue;
            }
            if let Some(hole) = self.holes.get(&node) {
                let known = brought.entry(*hole).or_insert(change);
                *known = known.or(change);
            }
            open.extend(self.incoming[node].iter().map(|(from, by)| (*from, change.with(*by))));
        }
        brought
    }

    /// Returns the nodes that payload text reaches, each with a hole that brings some.
    pub(super) fn with_text(&self) -> impl Iterator<Item = (&Node, usize)> {
        let mut outgoing: Vec<Vec<Id>> = vec![Vec::new(); self.incoming.len()];
        for (to, incoming) in self.incoming.iter().enumerate() {
            incoming.iter().for_each(|(from, _)| outgoing[*from].push(to));
        }
        let mut brought: Vec<Option<usize>> = vec![None; self.incoming.len()];
        let mut open: Vec<(Id, usize)> = self.holes.iter().map(|(node, hole)| (*node, *hole)).collect();
        open.sort_unstable_by_key(|(_, hole)| std::cmp::Reverse(*hole));
        while let Some((node, hole)) = open.pop() {
            if brought[node].is_none() {
                brought[node] = Some(hole);
                open.extend(outgoing[node].iter().map(|to| (*to, hole)));
            }
        }
        self.nodes.iter().zip(brought).filter_map(|(node, hole)| Some((node, hole?)))
    }

    /// Says whether a node is the arguments of a function.
    pub(super) fn is_arguments(&self, id: Id) -> bool {
        matches!(self.nodes[id], Node::Arguments(_))
    }

    pub(super) fn stream(&mut self) -> Id {
        self.streams += 1;
        self.id(Node::Stream(self.streams))
    }

    /// Notes that what `from` holds reaches `to`.
    pub(super) fn edge(&mut self, from: Id, to: Id) {
        self.changed_edge(from, to, Change::NONE);
    }

    /// Notes that what `from` holds reaches `to` in another form.
    pub(super) fn changed_edge(&mut self, from: Id, to: Id, change: Change) {
        if from != to {
            self.incoming[to].push((from, change));
        }
    }

    /// Returns a node for what reaches some others in another form.
    pub(super) fn changed(&mut self, from: &[Id], change: Change) -> Id {
        let changed = self.stream();
        from.iter().for_each(|from| self.changed_edge(*from, changed, change));
        changed
    }

    pub(super) fn edges(&mut self, from: &[Id], to: Id) {
        from.iter().for_each(|from| self.edge(*from, to));
    }

    /// Returns a node for what reaches some others where the script has made sure that it has a shape.
    pub(super) fn checked(&mut self, from: &[Id], shape: &Rc<Shape>) -> Id {
        let checked = self.stream();
        self.edges(from, checked);
        self.shapes.insert(checked, shape.clone());
        checked
    }

    /// Says whether the script has made sure that what a node holds meets a requirement.
    pub(super) fn is_checked(&self, node: Id, requirement: Requirement) -> bool {
        self.shapes.get(&node).is_some_and(|shape| shape.meets(requirement))
    }

    /// Says whether what a node holds is one of the plain words that the script's author wrote down.
    pub(super) fn is_listed(&self, node: Id) -> bool {
        self.shapes.get(&node).is_some_and(|shape| shape.is_listed() && shape.meets(Requirement::Plain))
    }

    /// Says whether all that a node holds meets a demand, when it is changed on the way to where something is demanded.
    fn meets(&self, node: Id, demand: Demand, change: Change) -> bool {
        let requirement = match demand {
            Demand::Refuse => return false,
            Demand::PlainAsIs => Requirement::Plain,
            Demand::Require(requirement) => requirement,
        };
        let all_met =
            |shape: &Rc<Shape>| change.before(requirement).is_some_and(|all| all.into_iter().all(|it| shape.meets(it)));
        self.shapes.get(&node).is_some_and(all_met)
    }

    /// Notes what is demanded of all text that reaches `nodes`; `reason` is read after "payload
    /// text can't be".
    pub(super) fn demand(&mut self, nodes: &[Id], demand: Demand, reason: &str) {
        let demands = self.demands.entry(demand).or_default();
        demands.extend(nodes.iter().map(|node| (*node, reason.to_owned())));
    }

    /// Follows each demand back to the holes. Each kind of demand looks at each edge once for each change.
    pub(super) fn verdicts(&self, holes: usize) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = (0..holes).map(|_| Verdict::default()).collect();
        for (demand, places) in &self.demands {
            let mut seen = HashSet::new();
            for (node, reason) in places {
                for (hole, change) in self.reaching(*node, *demand, &mut seen) {
                    verdicts[hole].add(*demand, change, reason);
                }
            }
            if seen.len() > STEPS_MAX {
                verdicts.iter_mut().for_each(|verdict| verdict.refused("put into a script that is too intricate"));
            }
        }
        for verdict in &mut verdicts {
            verdict.requirements.sort_unstable();
            verdict.requirements.dedup();
        }
        verdicts
    }

    /// Returns the holes that reach `node` over nodes not seen before, each with how it is changed on the way.
    fn reaching(&self, node: Id, demand: Demand, seen: &mut HashSet<(Id, Change)>) -> Vec<(usize, Change)> {
        let mut holes = Vec::new();
        let mut open = vec![(node, Change::NONE)];
        while let Some((node, change)) = open.pop().filter(|_| seen.len() <= STEPS_MAX) {
            if !seen.insert((node, change)) || self.meets(node, demand, change) {
                continue;
            }
            holes.extend(self.holes.get(&node).map(|hole| (*hole, change)));
            // What is refused is so in every form.
            let is_same = demand == Demand::Refuse;
            let further = |further: Change| if is_same { change } else { change.with(further) };
            open.extend(self.incoming[node].iter().map(|(from, by)| (*from, further(*by))));
        }
        holes
    }
}

impl Verdict {
    /// Adds a demand on what the text is when it arrives.
    fn add(&mut self, demand: Demand, change: Change, reason: &str) {
        match demand {
            Demand::Refuse => {
                self.is_in_program |= reason == IN_PROGRAM;
                self.refusal = Some(reason.to_owned());
            }
            Demand::PlainAsIs if change.is_none() => {
                self.requirements.push(Requirement::Plain);
                self.is_in_code = true;
            }
            Demand::PlainAsIs => self.refused(reason),
            Demand::Require(requirement) => {
                self.is_in_edit |= reason == IN_EDIT;
                self.is_in_program |= reason == IN_PROGRAM;
                match change.before(requirement) {
                    Some(all) => self.requirements.extend(all),
                    None => {
                        self.changed.get_or_insert(Change::refusal(requirement));
                        self.is_counted |= matches!(requirement, Requirement::Integer | Requirement::Digits);
                    }
                }
            }
        }
    }

    fn refused(&mut self, reason: &str) {
        self.refusal.get_or_insert_with(|| reason.to_owned());
    }
}
