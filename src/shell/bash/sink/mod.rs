//! What the commands of a script do with the text that reaches them.
//!
//! [`judge`] walks over a script's syntax once. Values flow on through assignments, pipes, files,
//! functions; where something evaluates one, it notes a demand.

pub(in crate::shell) use code_option::without_version;
pub(in crate::shell) use given::{DOCUMENT_ENDS, SETTING_UP, is_folder_of_documents};
pub(in crate::shell) use packed::printing;

mod address;
mod argument;
mod braces;
mod builtin;
mod by_name;
mod changing;
mod code;
mod code_option;
pub(super) mod collected;
mod container;
mod copied;
mod descriptor;
mod edited;
mod embedded;
mod environment;
mod file;
mod filter;
mod foreseen;
mod forward;
mod git;
mod given;
mod held;
mod history;
mod interpreter;
mod language;
mod later;
mod launcher;
mod linked;
mod mail;
mod makefile;
mod name;
mod number;
mod operands;
mod option;
mod package;
mod packed;
mod path;
mod program;
mod quoted;
mod redirect;
mod running;
mod remote;
mod simple;
mod spelled;
mod spliced;
mod split;
mod sql;
mod test;
mod tool;
mod transfer;
mod written;

use super::Given;
use super::flow::{Demand, Flow, Id, Node, Verdict};
use super::read::Reading;
use super::syntax::{Command, Compound, Form, HereDocument, Part, Script, Word};
use crate::shell::Background;
use crate::shell::change::Change;
use crate::shell::left::{self, Left};
use crate::shell::obeyed::is_obeyed;
use crate::shell::outline::{FILE, KEPT, LISTED, NAMES};
use crate::shell::requirement::Requirement;
use crate::shell::special::names_run_file;
use embedded::Embedded;
use forward::Forwards;
use later::{Later, Value};
use name::Names;
use spelled::Spelled;
use std::collections::{HashMap, HashSet};
use written::Written;

/// The most levels of code inside code, such as `bash -c "bash -c …"`, and of commands whose names
/// variables hold.
const CODE_DEPTH_MAX: usize = 4;

/// What the reason begins with where a variable's name is to blame.
pub(super) const SPECIAL: &str = "the value of the special variable";

/// What is known of a script's holes.
pub(super) struct Judgement {
    pub(super) verdicts: Vec<Verdict>,
    /// Holes in code for another shell: what is written in their place.
    pub(super) code: HashMap<usize, String>,
    /// Here-documents with a quoted delimiter that keep it: their body is code for another shell.
    pub(super) kept: HashSet<usize>,
    /// What it leaves that has payload text: files, and what programs keep.
    pub(super) written: Vec<Left>,
}

/// Judges a script with `holes` holes, named as `variable` says, and with payload text in the
/// variables of `environment`, which count as holes behind those; it also says what they are. `keys` says whether no array
/// of the script is associative, and which are so for certain. `background` is what is set around the script.
pub(super) fn judge(
    reading: &Reading,
    holes: usize,
    variable: fn(usize) -> String,
    environment: (&[String], Given),
    keys: (bool, HashSet<String>),
    background: &Background,
) -> Judgement {
    let judge = |brought| judge_with(reading, holes, variable, environment, keys.clone(), (background, brought));
    match judge(HashSet::new()) {
        // Code that the script writes brings functions: now it is known which words are calls of them.
        (_, brought) if !brought.is_empty() => judge(brought).0,
        (judgement, _) => judgement,
    }
}

/// Judges a script to which other texts bring functions, and returns also all such functions.
fn judge_with(
    reading: &Reading,
    holes: usize,
    variable: fn(usize) -> String,
    environment: (&[String], Given),
    (keys_are_numbers, associative): (bool, HashSet<String>),
    (background, brought): (&Background, HashSet<String>),
) -> (Judgement, HashSet<String>) {
    let (environment, given) = environment;
    let own = environment.iter().filter(|_| given == Given::AsItIs).cloned();
    let mut walker = Walker {
        flow: Flow::default(),
        seeded: (0..holes).map(variable).chain(own).collect(),
        functions: HashSet::new(),
        mail: None,
        brought,
        texts: HashMap::new(),
        lists: HashMap::new(),
        unlisted: HashSet::new(),
        arrays: HashSet::new(),
        associative,
        outermost: 0,
        aliases: HashMap::new(),
        linked: background.programs().iter().cloned().collect(),
        aliases_of_git: background.aliases().iter().cloned().collect(),
        has_any_alias_of_git: background.has_any_alias(),
        forwards: Forwards::default(),
        later: Later::default(),
        names: Names::default(),
        spelled: Spelled::default(),
        embedded: Embedded::default(),
        arguments_here: 0,
        written: Written::default(),
        writes: HashSet::new(),
        left: HashSet::new(),
        splits_oddly: false,
        split: Change::MARKED,
        beside: 0,
        code: HashMap::new(),
        kept: HashSet::new(),
        code_depth: 0,
        keys_are_numbers,
        variable,
    };
    let (arguments, stdin, out) = (walker.flow.stream(), walker.flow.stream(), walker.flow.stream());
    walker.outermost = arguments;
    for hole in 0..holes {
        let (hole_id, name) = (walker.flow.id(Node::Hole(hole)), walker.flow.id(Node::Variable(variable(hole))));
        walker.flow.edge(hole_id, name);
        let all = walker.flow.id(Node::Environment);
        walker.flow.edge(hole_id, all);
    }
    let (any, all) = (walker.flow.id(Node::AnyVariable), walker.flow.id(Node::Environment));
    walker.flow.edge(any, all);
    for (index, name) in environment.iter().enumerate() {
        if let Some(file) = name.strip_prefix(FILE) {
            let (hole, any) = (walker.flow.id(Node::Hole(holes + index)), walker.flow.id(Node::AnyFile));
            walker.left.insert(hole);
            if file.starts_with(LISTED) {
                walker.names.listed.insert(hole);
            }
            let (file, change) = left::parted(file);
            let file = walker.flow.id(file::file_node(file));
            walker.flow.changed_edge(hole, file, change);
            walker.flow.changed_edge(hole, any, change);
            continue;
        }
        if let Some(place) = name.strip_prefix(KEPT) {
            let hole = walker.flow.id(Node::Hole(holes + index));
            let kept = if name == NAMES { Some(Node::FileNames) } else { packed::kept(place) };
            kept.map(|node| walker.flow.id(node)).into_iter().for_each(|kept| walker.flow.edge(hole, kept));
            continue;
        }
        let (hole_id, name) = (walker.flow.id(Node::Hole(holes + index)), walker.flow.id(Node::Variable(name.clone())));
        walker.flow.edge(hole_id, name);
        let any = walker.flow.id(Node::AnyVariable);
        walker.flow.edge(hole_id, any);
    }
    walker.foresee(&reading.script);
    let scope = Scope {
        zero: walker.flow.stream(),
        arguments,
        stdin,
        out,
        errors: walker.flow.id(Node::Descriptors),
        documents: &reading.documents,
        is_outermost: true,
        level: 0,
    };
    background.editors().iter().for_each(|editor| walker.edits_messages(editor));
    walker.script(&reading.script, scope);
    walker.forward_all();
    walker.settle_names();
    let mut rounds = 0;
    while walker.run_written() {
        walker.forward_all();
        walker.settle_names();
        rounds += 1;
        if rounds == CODE_DEPTH_MAX {
            walker.doubt_all();
            break;
        }
    }
    walker.settle_later();
    walker.settle_embedded();
    walker.settle_runs();
    walker.settle_found();
    walker.settle_obeyed();
    walker.settle_numbers();
    let verdicts = walker.flow.verdicts(holes + environment.len());
    let name_of = |node: &Node| match node {
        Node::File(name) => Some(name.clone()).filter(|name| !name.is_empty() && walker.writes.contains(name)),
        Node::FileNames => Some(NAMES.to_owned()),
        Node::Kept(place) => Some(format!("{KEPT}{place}")),
        _ => None,
    };
    let mut written = Vec::new();
    for (node, hole) in walker.flow.with_text() {
        let Some(name) = name_of(node) else { continue };
        match walker.flow.known(node).filter(|_| matches!(node, Node::File(_))) {
            Some(file) => {
                let brought = walker.flow.brought_to(file);
                written.extend(brought.into_iter().map(|(hole, change)| Left::new(name.clone(), hole, change)));
            }
            None => written.push(Left::new(name, hole, Change::NONE)),
        }
    }
    (Judgement { verdicts, code: walker.code, kept: walker.kept, written }, walker.brought)
}

struct Walker {
    flow: Flow,
    /// The variables that hold a payload's own text from the beginning.
    seeded: HashSet<String>,
    functions: HashSet<String>,
    /// The mail that the command in front of `|` prints.
    mail: Option<mail::Mail>,
    /// Functions of the texts that the script writes and runs.
    brought: HashSet<String>,
    /// The texts that variables get as they stand in the script.
    texts: HashMap<String, Vec<String>>,
    /// The elements that arrays get as they stand in the script, those together that they get at once, whatever the order
    /// in which they get them.
    lists: HashMap<String, Vec<Vec<Word>>>,
    /// The arrays that get elements in another way as well.
    unlisted: HashSet<String>,
    /// The variables that are arrays somewhere in the script.
    arrays: HashSet<String>,
    /// The arrays that are associative wherever the script names them.
    associative: HashSet<String>,
    /// The node of the arguments of the script itself.
    outermost: Id,
    /// What `alias` makes of names, as far as it is known.
    aliases: HashMap<String, Vec<Option<String>>>,
    /// The names that the script gives to programs by `ln` or `cp`, and what they are names of.
    linked: HashMap<String, Vec<Option<String>>>,
    /// The aliases of `git` that it sets which are commands of a shell.
    aliases_of_git: HashSet<String>,
    /// Any command of `git` that is none of its own may be such an alias.
    has_any_alias_of_git: bool,
    forwards: Forwards,
    later: Later,
    names: Names,
    spelled: Spelled,
    embedded: Embedded,
    /// The node of the arguments where the walk is.
    arguments_here: Id,
    written: Written,
    /// The names of the files that it writes.
    writes: HashSet<String>,
    /// The holes of what earlier scripts left in files.
    left: HashSet<Id>,
    /// The script sets `IFS`, so that no one knows where an unquoted value is split.
    splits_oddly: bool,
    /// What is left of a text that the shell splits.
    split: Change,
    /// How many pipelines and commands in the background are around where the walk is.
    beside: usize,
    code: HashMap<usize, String>,
    kept: HashSet<usize>,
    code_depth: usize,
    /// The keys of arrays are numbers whatever their values are.
    keys_are_numbers: bool,
    variable: fn(usize) -> String,
}

/// What surrounds a command.
#[derive(Clone, Copy)]
struct Scope<'a> {
    /// What reaches `$0`.
    zero: Id,
    arguments: Id,
    stdin: Id,
    out: Id,
    /// Where may go what is written to another descriptor than the standard output.
    errors: Id,
    documents: &'a [HereDocument],
    is_outermost: bool,
    /// How many compound commands are around it in its function.
    level: usize,
}

impl Walker {
    fn refuse(&mut self, nodes: &[Id], reason: &str) {
        self.flow.demand(nodes, Demand::Refuse, reason);
    }

    fn require(&mut self, nodes: &[Id], requirement: Requirement) {
        self.flow.demand(nodes, Demand::Require(requirement), "");
    }

    fn script(&mut self, script: &Script, scope: Scope) {
        for (at, command) in script.commands.iter().enumerate() {
            let beside = usize::from(script.is_in_background(at));
            self.beside += beside;
            self.command(command, scope);
            self.beside -= beside;
        }
    }

    fn command(&mut self, command: &Command, scope: Scope) {
        self.is_at(scope);
        match command {
            Command::Simple(simple) => self.simple(simple, scope),
            Command::Pipeline(commands) => self.pipeline(commands, scope),
            Command::Compound(compound) => self.compound(compound, scope),
            Command::Function { name, body } => {
                let arguments = self.flow.id(Node::Arguments(name.clone()));
                let stdin = self.flow.id(Node::Input(name.clone()));
                let out = self.flow.id(Node::Output(name.clone()));
                let errors = self.flow.id(Node::Errors(name.clone()));
                self.flow.edge(errors, scope.errors);
                self.command(body, Scope { arguments, stdin, out, errors, level: 0, ..scope });
            }
        }
    }

    fn pipeline(&mut self, commands: &[Command], scope: Scope) {
        let mut stdin = scope.stdin;
        self.beside += 1;
        for (index, command) in commands.iter().enumerate() {
            let is_last = index + 1 == commands.len();
            let out = if is_last { scope.out } else { self.flow.stream() };
            let inner = Scope { stdin, out, ..scope };
            match commands.get(index + 1).and_then(|to| self.mail(command, to, out, inner)) {
                Some(mail) => self.mail = Some(mail),
                None => self.command(command, inner),
            }
            if let (Command::Simple(from), Some(Command::Simple(to))) = (command, commands.get(index + 1)) {
                self.piped_document(from, to, scope);
            }
            stdin = out;
        }
        self.beside -= 1;
    }

    fn compound(&mut self, compound: &Compound, scope: Scope) {
        let scope = Scope { level: scope.level.saturating_add(1), ..scope };
        let inner = self.redirected(&compound.redirects, scope);
        let words = self.arguments(&compound.words, inner);
        if matches!(compound.form, Form::Case(_)) {
            // Without quotes a value is a pattern.
            words.iter().skip(1).for_each(|pattern| self.pattern(pattern));
        }
        for word in &words {
            self.flow.edges(&word.sources(), inner.out);
        }
        if let Some(name) = &compound.variable {
            let variable = self.flow.id(Node::Variable(name.clone()));
            for word in &compound.words {
                self.gets_word(name, word, inner);
                self.spelled_at(variable, word);
            }
            self.all_written_out_at(variable, &compound.words);
            if compound.words.is_empty() {
                self.gets(name, Value::Unknown);
            }
            let mut sources = self.as_words(&words);
            if words.is_empty() {
                sources.push(inner.arguments);
            }
            self.assign(name, &sources);
            if compound.asks {
                self.assign(name, &[inner.stdin]);
                self.shell_keeps("REPLY", &[inner.stdin]);
            }
        }
        for word in &compound.arithmetic {
            self.arithmetic(word, inner);
        }
        let test = self.arguments(&compound.test, inner);
        self.conditional(&test);
        for body in &compound.bodies {
            self.script(body, inner);
        }
    }

    /// Notes that a variable gets what reaches `sources`.
    fn assign(&mut self, name: &str, sources: &[Id]) {
        if is_obeyed(name) {
            self.refuse(sources, &format!("{SPECIAL} `{name}`"));
        }
        let variable = self.flow.id(Node::Variable(name.to_owned()));
        self.flow.edges(sources, variable);
        let any = self.flow.id(Node::AnyVariable);
        self.flow.edges(sources, any);
    }

    /// Notes that the shell itself keeps what reaches `sources` in a variable: `$_`, `$PWD`.
    fn shell_keeps(&mut self, name: &str, sources: &[Id]) {
        let variable = self.flow.id(Node::Variable(name.to_owned()));
        self.flow.edges(sources, variable);
    }

    /// Notes that a variable gets a text of the author's: it may name other variables, or a file that
    /// every shell runs.
    fn assign_text(&mut self, name: &str, text: &str) {
        self.holds_command(name, text);
        let variable = self.flow.id(Node::Variable(name.to_owned()));
        self.text_at(variable, text.to_owned());
        if names_run_file(name) {
            let file = self.flow.id(file::file_node(text));
            self.refuse(&[file], &format!("written to a file that `{name}` names, which is run"));
            if descriptor::is_descriptor(text) {
                let inputs = self.flow.id(Node::AnyInput);
                self.refuse(&[inputs], code::CODE);
            }
        }
    }

    /// Notes that a text is evaluated as arithmetic.
    fn arithmetic(&mut self, word: &Word, scope: Scope) {
        let argument = self.argument(word, scope);
        let is_value = |part: &Part| !matches!(part, Part::Text { .. });
        let joins = word.parts.windows(2).any(|pair| pair.iter().all(is_value));
        let value = if joins { self.glued(&argument) } else { argument.sources() };
        self.require(&value, Requirement::Integer);
        self.joins_names(word);
        self.counted(&argument);
    }
}
