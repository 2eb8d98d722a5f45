//! Simple commands: what they assign, where their output goes, and who treats their arguments how.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Assignment, Descriptor, Part, Redirect, RedirectKind, Simple, Word};
use super::argument::Argument;
use super::embedded;
use super::filter;
use super::later::Value;
use super::linked::{SHELL, is_of_process};
use super::number::prints_number;
use super::written::Runner;
use super::{CODE_DEPTH_MAX, Scope, Walker};
use crate::shell::change::Change;
use crate::shell::filename::base;

/// Commands that print variables.
const PRINTING_VARIABLES: &[&str] =
    &["env", "printenv", "set", "declare", "typeset", "export", "readonly", "envsubst", "compgen"];

/// Commands that print nothing of what is in the files that they are given.
const NOT_PRINTING_FILES: &[&str] = &[
    "echo", "printf", ":", "test", "[", "ls", "du", "tree", "stat", "basename", "dirname", "wc", "rm", "mkdir",
    "touch", "chmod", "chown", "realpath", "readlink",
];

/// Commands that print nothing of their input.
const LEAVING_INPUT: &[&str] =
    &["echo", "printf", "pwd", "basename", "dirname", "hostname", "whoami", "id", "uname", "mktemp", "seq", "nproc"];

/// Commands that print what is in files below a folder.
const SEARCHING: &[&str] = &["grep", "egrep", "fgrep", "rg", "ag", "ack"];

/// Commands that print the names of files.
const PRINTING_NAMES: &[&str] = &[
    "ls",
    "find",
    "fd",
    "du",
    "tree",
    "stat",
    "readlink",
    "realpath",
    "unzip",
    "zip",
    "zipinfo",
    "tar",
    "rsync",
    "git",
    "grep",
    "rg",
    "file",
    "md5sum",
    "sha256sum",
];

/// Programs that take some of their words for code, a path, an address or what they start by where these stand: a word more
/// would be one of those.
const BY_PLACE: &[&str] = &[
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "sed",
    "jq",
    "yq",
    "curl",
    "wget",
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "oc",
    "helm",
    "terraform",
    "tofu",
    "terragrunt",
    "git",
    "scp",
    "rsync",
    "tar",
    "dd",
    "find",
    "aws",
    "gcloud",
    "az",
    "sqlite3",
    "psql",
    "mysql",
    "gh",
    "ansible",
    "ansible-playbook",
    "env",
    "xargs",
];

/// Commands that the shell reads assignments behind, without making words of their values: where their name stands as it is.
const DECLARING: &[&str] = &["declare", "typeset", "local", "export", "readonly"];

/// A command whose arguments were followed.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// The name and the arguments; never empty.
    pub(super) words: &'a [Argument<'a>],
    pub(super) redirects: &'a [Redirect],
    pub(super) scope: Scope<'a>,
    /// Something between the script and the command may have emptied the environment, or the
    /// command runs on another machine.
    pub(super) environment: Environment,
    pub(super) by: By,
}

/// Who starts a command: the functions of the script are known to the shell alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Script,
    Launcher,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Environment {
    Kept,
    Lost,
}

impl<'a> Call<'a> {
    /// Returns the call of the command that begins at the word of this index.
    pub(super) fn from(self, start: usize) -> Option<Self> {
        let words = self.words.get(start..).filter(|words| !words.is_empty())?;
        Some(Self { words, ..self })
    }

    pub(super) fn with_environment_lost(self) -> Self {
        Self { environment: Environment::Lost, ..self }
    }

    pub(super) fn by_launcher(self) -> Self {
        Self { by: By::Launcher, ..self }
    }

    /// Returns what stands behind the name.
    pub(super) fn rest(self) -> &'a [Argument<'a>] {
        &self.words[1..]
    }

    /// Returns the command's name without its folder, if it is known.
    pub(super) fn name(self) -> Option<String> {
        let literal = self.words[0].literal().filter(|_| !self.words[0].word.has_alternatives())?;
        Some(base(&literal).to_owned())
    }

    /// Returns what reaches the arguments.
    pub(super) fn sources(self) -> Vec<Id> {
        self.rest().iter().flat_map(Argument::sources).collect()
    }
}

/// Says whether `ps` shows the environment of what it lists: by a letter that stands without a dash.
fn shows_environment(call: Call) -> bool {
    let is_letters = |word: &str| word.contains('e') && word.chars().all(char::is_alphabetic);
    let first = call.rest().first().and_then(Argument::literal).is_some_and(|word| is_letters(&word));
    first || call.rest().iter().any(|it| ["e", "eww", "ewww"].iter().any(|word| it.has_literal(word)))
}

impl Walker {
    pub(super) fn simple(&mut self, simple: &Simple, scope: Scope) {
        let inner = self.redirected(&simple.redirects, scope);
        let any_input = self.flow.id(Node::AnyInput);
        self.flow.edge(inner.stdin, any_input);
        for assignment in &simple.assignments {
            self.assignment(assignment, scope);
        }
        for declared in &simple.declared {
            self.assignment(declared, scope);
        }
        let words = self.arguments(&simple.words, inner);
        let mut call = Call {
            words: &words,
            redirects: &simple.redirects,
            scope: inner,
            environment: Environment::Kept,
            by: By::Script,
        };
        if self.counts(call) {
            call.scope.out = self.flow.stream();
            self.flow.edge(call.scope.out, call.scope.errors);
        }
        let change = filter::change_by(call);
        if change != Change::NONE {
            let (changed, out) = (self.flow.stream(), call.scope.out);
            self.flow.changed_edge(changed, out, change);
            call.scope.out = changed;
        }
        for text in filter::put_in(call) {
            self.put_into(call.scope.out, text);
        }
        self.given_words(call);
        self.splits_declared(call);
        if !words.is_empty() {
            self.mention_files(call);
            self.last_argument(call);
            self.redirect_shell(call, scope);
            self.printed_text(call);
            if !self.waits(call) {
                self.call(call);
                self.with_elements(call);
                self.declared_arrays(&simple.declared, call);
            }
            self.with_alternatives(call);
        }
    }

    /// Notes the values behind `declare` and its kin of which the shell makes words all the same: where the command's name or
    /// the variable's is quoted, or another command stands in front.
    fn splits_declared(&mut self, call: Call) {
        let declares = |word: &Argument| DECLARING.iter().any(|name| word.has_literal(name));
        let Some(at) = call.words.iter().position(declares) else { return };
        let is_plain = at == 0 && matches!(call.words[0].word.parts.as_slice(), [Part::Text { quoted: false, .. }]);
        for argument in &call.words[at + 1..] {
            let is_assignment = match argument.word.parts.first() {
                Some(Part::Text { text, quoted: false }) => {
                    let name = text.split(['=', '[', '+']).next().unwrap_or_default();
                    let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') && !name.is_empty();
                    is_name && name.len() < text.len()
                }
                _ => false,
            };
            if !is_plain || !is_assignment {
                self.one_word(argument);
            }
        }
    }

    /// Says whether a command prints numbers whatever it is given.
    fn counts(&self, call: Call) -> bool {
        let name = call.words.first().and_then(|_| call.name());
        name.is_some_and(|name| {
            !self.functions.contains(&name) && !self.aliases.contains_key(&name) && prints_number(&name, call)
        })
    }

    /// Notes that a command may print what it is given, by its words and by its input.
    pub(super) fn given_words(&mut self, call: Call) {
        let printed = self.description(call).unwrap_or(call.scope.out);
        for word in call.words {
            self.flow.edges(&word.sources(), printed);
            for feed in &word.feeds {
                self.flow.edge(call.scope.stdin, *feed);
                let others: Vec<Id> = call.words.iter().flat_map(Argument::first).collect();
                self.flow.edges(&others, *feed);
            }
        }
        if !self.leaves_input(call) {
            self.flow.edge(call.scope.stdin, call.scope.out);
        }
    }

    /// Says whether a command does not read its input.
    pub(super) fn leaves_input(&self, call: Call) -> bool {
        let name = call.words.first().and_then(|_| call.name());
        let reads = |it: &Argument| {
            it.word.may_be_many() || ["-f", "--"].iter().any(|option| it.word.prefix().starts_with(option))
        };
        name.is_some_and(|name| {
            let is_own = !self.functions.contains(&name) && !self.aliases.contains_key(&name);
            let is_one = LEAVING_INPUT.contains(&name.as_str()) || name == "date" && !call.rest().iter().any(reads);
            is_own && is_one
        })
    }

    fn assignment(&mut self, assignment: &Assignment, scope: Scope) {
        for subscript in &assignment.subscripts {
            if self.associative.contains(&assignment.name) {
                let key = self.argument(subscript, scope).sources();
                self.assign(&assignment.name, &key);
            } else {
                self.arithmetic(subscript, scope);
            }
        }
        let values = self.arguments(&assignment.values, scope);
        let sources = match assignment.is_array {
            true => self.as_words(&values),
            false => values.iter().flat_map(Argument::sources).collect(),
        };
        self.assign(&assignment.name, &sources);
        self.begins_shells(&assignment.name, &values, scope);
        for word in &assignment.values {
            let variable = self.flow.id(Node::Variable(assignment.name.clone()));
            match word.literal() {
                Some(text) => self.assign_text(&assignment.name, &text),
                None => self.spelled_at(variable, word),
            }
            if assignment.is_array {
                self.all_written_out_at(variable, std::slice::from_ref(word));
            }
            if assignment.appends {
                self.in_front_of_appended(variable, &word.prefix());
                self.glued_at(variable);
                self.gets(&assignment.name, Value::Unknown);
            } else {
                self.gets_word(&assignment.name, word, scope);
            }
        }
    }

    /// Notes that a command that is given a file's name may print what is in it.
    pub(super) fn mention_files(&mut self, call: Call) {
        let searches = call.name().is_some_and(|name| SEARCHING.contains(&name.as_str()));
        if searches
            && call.rest().iter().any(|it| it.word.prefix().starts_with('-') && it.word.prefix().contains(['r', 'R']))
        {
            let any = self.flow.id(Node::AnyFile);
            self.flow.edge(any, call.scope.out);
        }
        let is_builtin = call.name().is_some_and(|name| NOT_PRINTING_FILES.contains(&name.as_str()));
        for argument in call.rest().iter().filter(|_| !is_builtin) {
            for file in self.content(argument.word) {
                self.flow.edge(file, call.scope.out);
            }
        }
    }

    /// Notes that the next command has the last argument in `$_`.
    fn last_argument(&mut self, call: Call) {
        if let Some(last) = call.words.last() {
            self.shell_keeps("_", &last.sources());
        }
    }

    /// Follows `exec` with redirections alone, which hold for all that comes later, in the whole script.
    fn redirect_shell(&mut self, call: Call, outer: Scope) {
        if call.words[0].has_literal("exec") && call.words.len() == 1 {
            self.flow.edge(call.scope.stdin, outer.stdin);
            self.flow.edge(outer.out, call.scope.out);
            let descriptors = self.flow.id(Node::Descriptors);
            self.flow.edge(descriptors, call.scope.errors);
        }
    }

    /// Treats a command as what its name says.
    pub(super) fn call(&mut self, call: Call) {
        let Some(name) = call.name() else {
            return self.unknown_command(call);
        };
        if call.words[0].literal().is_some_and(|literal| literal.contains('/')) {
            self.run(call.words[0].word);
            self.runs_file(&call.words[0], call.rest(), Runner::Shell, call.scope);
        }
        self.named_call(&name, call);
    }

    pub(super) fn named_call(&mut self, name: &str, call: Call) {
        if self.functions.contains(name) && call.by == By::Script {
            self.function_call(name, call);
            // Another shell knows those functions only that are exported to it.
            if self.code_depth == 0 {
                return;
            }
        }
        if self.brought.contains(name) && call.by == By::Script {
            self.function_call(name, call);
        }
        if self.aliases.contains_key(name) && self.code_depth < CODE_DEPTH_MAX {
            self.alias(name, call);
        }
        self.by_another_name(name, call);
        if PRINTING_VARIABLES.contains(&name) || name == "ps" && shows_environment(call) {
            let all = self.flow.id(Node::Environment);
            self.flow.edge(all, call.scope.out);
        }
        if BY_PLACE.contains(&name) {
            call.rest().iter().for_each(|argument| self.one_word(argument));
        }
        self.shows_arguments(name, call);
        self.kept_elsewhere(name, call);
        if PRINTING_NAMES.contains(&name) {
            let names = self.flow.id(Node::FileNames);
            self.flow.edge(names, call.scope.out);
        }
        if self.builtin(name, call) {
            return;
        }
        if self.beside > 0 {
            self.runs_meanwhile(&call.sources());
        }
        let is_known = self.launcher(name, call) || self.shell(name, call) || self.interpreter(name, call);
        if !is_known {
            self.program(call, name);
        }
    }

    /// Follows a command whose name is known only when the script runs: it could be a shell.
    fn unknown_command(&mut self, call: Call) {
        let name = self.unchecked_name(&call.words[0]);
        self.refuse(&name, "the name of a command");
        self.run(call.words[0].word);
        self.refuse(&[call.scope.stdin], "the standard input of a command that the script chooses when it runs");
        let takes_code = |option: String| matches!(option.as_str(), "-c" | "-e" | "--eval" | "--command" | "-m");
        if call.rest().iter().filter_map(Argument::literal).any(takes_code) {
            self.refuse(&call.sources(), "code for a command that the script chooses when it runs");
        }
        self.require_all(call.rest(), Requirement::Plain);
        if let Some(interpreter) = embedded::interpreter_by_variable(call.words[0].word) {
            self.interpreter(interpreter, call);
        }
        for function in self.functions.clone() {
            self.function_call(&function, call);
        }
        if self.code_depth < CODE_DEPTH_MAX {
            self.code_depth += 1;
            for text in self.texts_of_command(call.words[0].word) {
                self.runs_command(&text, call);
                self.call_of_text(&text, call);
            }
            if is_of_process(call) {
                self.named_call(SHELL, call);
            }
            self.code_depth -= 1;
        }
    }

    /// Follows a command whose name, with words behind it or none, is a text of the author's.
    fn call_of_text(&mut self, text: &str, call: Call) {
        let literal = |text: &str| Word { parts: vec![Part::Text { text: text.to_owned(), quoted: true }] };
        let words: Vec<Word> = text.split_whitespace().map(literal).collect();
        let Some(name) = words.first().and_then(Word::literal) else { return };
        let own = words.iter().map(|word| Argument { word, parts: vec![Vec::new()], feeds: Vec::new() });
        let all: Vec<Argument> = own.chain(call.rest().iter().map(Argument::again)).collect();
        self.named_call(base(&name), Call { words: &all, ..call });
    }

    /// Follows a name that `alias` may have given another meaning.
    fn alias(&mut self, name: &str, call: Call) {
        self.require_all(call.rest(), Requirement::Plain);
        self.code_depth += 1;
        for text in self.aliases.get(name).cloned().unwrap_or_default() {
            let Some(text) = text else {
                self.refuse(&call.sources(), "an argument of an alias");
                continue;
            };
            self.runs_command(&text, call);
            let is_read =
                |word: &&str| !word.contains('=') && word.chars().all(|it| it.is_alphanumeric() || "_-./".contains(it));
            match text.split_whitespace().next().filter(is_read) {
                Some(first) => self.named_call(base(first), call),
                None => self.refuse(&call.sources(), "an argument of an alias"),
            }
        }
        self.code_depth -= 1;
    }

    fn function_call(&mut self, name: &str, call: Call) {
        let arguments = self.flow.id(Node::Arguments(name.to_owned()));
        let sources = self.as_words(call.rest());
        self.flow.edges(&sources, arguments);
        let any = self.flow.id(Node::AnyArguments);
        self.flow.edges(&sources, any);
        self.all_spelled_at(arguments, call.rest());
        self.all_spelled_at(any, call.rest());
        self.called_with(arguments, call.rest());
        self.gives(call.rest());
        let input = self.flow.id(Node::Input(name.to_owned()));
        self.flow.edge(call.scope.stdin, input);
        let output = self.flow.id(Node::Output(name.to_owned()));
        self.flow.edge(output, call.scope.out);
        let errors = self.flow.id(Node::Errors(name.to_owned()));
        self.flow.edge(errors, call.scope.errors);
    }

    /// Returns the redirection that is a command's standard input.
    pub(super) fn stdin_redirect<'a>(call: Call<'a>) -> Option<&'a Redirect> {
        let is_input = |redirect: &&Redirect| {
            matches!(redirect.kind, RedirectKind::Read | RedirectKind::HereString | RedirectKind::HereDocument(_))
        };
        call.redirects.iter().rev().filter(|it| it.descriptor == Descriptor::Usual).find(is_input)
    }

    /// Requires of all arguments what `requirement` says.
    pub(super) fn require_all(&mut self, arguments: &[Argument], requirement: Requirement) {
        for argument in arguments {
            self.require(&argument.sources(), requirement);
        }
    }
}
