//! Programs that run a program text: Python, Node, Perl, awk, sed, jq, SQL shells. Which they are, and where
//! they have it, says the table in [`code_option`](super::code_option).

use super::super::flow::{Demand, IN_EDIT, IN_PROGRAM, Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Part, RedirectKind, Word};
use super::argument::Argument;
use super::code_option::{Interpreter, Operand, file_option, find, takes_code};
use super::descriptor::is_descriptor;
use super::edited;
use super::embedded::{Judge, Words};
use super::file::file_node;
use super::later::{Consequence, RUN_BY_CODE};
use super::simple::Call;
use super::written::{Runner, text_of};
use super::{Walker, by_name, environment, packed};

const CODE: &str = IN_PROGRAM;

/// Modules of Python that, by `-m`, run as code what stands in their input or in the files they are given.
const CONSOLES: &[&str] = &["code", "asyncio", "IPython", "ptpython", "pdb", "doctest", "cProfile", "profile", "trace"];

impl Walker {
    /// Follows an interpreter; false if the command is none.
    pub(super) fn interpreter(&mut self, name: &str, call: Call) -> bool {
        let Some(interpreter) = find(name) else { return false };
        if name == "psql"
            && let Some(words) = self.without_settings(call)
        {
            return self.interpreter(name, Call { words: &words, ..call });
        }
        self.package(name, call);
        self.variables_of_file(call);
        self.option_values(name, call);
        self.carried(name, call);
        self.environment_in_code(call);
        self.code_names(interpreter, call);
        let mut has_code = false;
        let mut index = 1;
        while let Some(argument) = call.words.get(index) {
            let literal = argument.literal();
            let prefix = argument.word.prefix();
            if !prefix.starts_with('-') || prefix == "-" {
                break;
            }
            index += 1;
            if is_awk(name) && prefix.starts_with("-v") && prefix.contains('=') {
                self.require(&argument.sources(), Requirement::NoBackslash);
                continue;
            }
            let Some(option) = literal else {
                self.refuse(&argument.sources(), &format!("an option of `{name}`"));
                continue;
            };
            if takes_code(interpreter, &option) {
                has_code = true;
                if let Some(code) = call.words.get(index) {
                    self.program_text(name, code);
                    self.running_text(name, code, call);
                    self.changed_by_code(name, code, call);
                }
                index += 1;
            } else if let Some(file) = file_option(interpreter, &option) {
                has_code = true;
                self.program_file(name, file, call.words.get(index), call);
                index += usize::from(file.is_empty());
            } else if interpreter.values.contains(&option.as_str()) {
                if is_awk(name)
                    && let Some(value) = call.words.get(index)
                {
                    self.require(&value.sources(), Requirement::NoBackslash);
                }
                if option.ends_with("file")
                    && let Some(file) = call.words.get(index + 1)
                {
                    self.path_for_program(file);
                }
                index += if option.starts_with("--arg") || option.ends_with("file") { 2 } else { 1 };
            } else if is_flag(interpreter, &option) {
                continue;
            } else if let Some(value) = call.words.get(index).filter(|value| !value.is_literal()) {
                index += self.unknown_option(name, interpreter, &option, value);
            }
        }
        if let Some((option, rest)) = call.words.get(index..).and_then(<[_]>::split_first) {
            let sources = rest.iter().flat_map(Argument::sources).collect();
            let is_code = move |text: &str| takes_code(interpreter, text);
            self.option_later(option.word, call.scope, is_code, Consequence::Refuses(sources, CODE.to_owned()));
        }
        let module = call.words.iter().position(|word| word.has_literal("-m"));
        if let Some(module) = module.and_then(|at| call.from(at + 1))
            && let Some(name) = module.name()
        {
            self.package(&name, module);
            self.special_program(module, &name);
        }
        self.operands(name, interpreter, call, index, has_code);
        true
    }

    /// Notes the files and variables that the code names, wherever it is given.
    fn code_names(&mut self, interpreter: &Interpreter, call: Call) {
        if call.rest().iter().any(|argument| argument.word.prefix().starts_with("-i")) {
            self.named_files(call);
            let files = call.rest().iter().filter_map(Argument::literal).filter(|it| !it.starts_with('-'));
            files.for_each(|file| self.tells(&file));
        }
        let has_code = |argument: &Argument| argument.literal().is_some_and(|it| takes_code(interpreter, &it));
        let is_file = |argument: &Argument| !argument.word.prefix().starts_with('-');
        let reads_input = call.rest().iter().any(|it| it.has_literal("-"));
        let runs_file = interpreter.operand == Operand::File && !reads_input && call.rest().iter().any(is_file);
        let is_inline = call.rest().iter().any(has_code);
        if runs_file && !is_inline || packed::describes_package(call) {
            return;
        }
        let input = Self::stdin_redirect(call).map(|redirect| match redirect.kind {
            RedirectKind::HereDocument(document) => &call.scope.documents[document].body,
            _ => &redirect.target,
        });
        // Of a program's words those are code that look like it; the others are names of files.
        let looks = |argument: &Argument| argument.word.texts().any(|text| text.contains([' ', '{', '>', '(']));
        let is_code = |at: usize| {
            at > 0 && has_code(&call.rest()[at - 1]) || interpreter.operand == Operand::Code && looks(&call.rest()[at])
        };
        let given = call.rest().iter().enumerate().filter(|(at, argument)| {
            is_code(*at) || is_inline && interpreter.operand == Operand::File && argument.is_literal()
        });
        let words = given.map(|(_, argument)| argument.word).chain(input);
        let code: Vec<String> = words.flat_map(Word::texts).map(str::to_owned).collect();
        self.named_in_code(call, &code);
        for file in code.iter().flat_map(|text| by_name::tokens(text)) {
            let file = self.flow.id(file_node(file));
            self.flow.edge(file, call.scope.out);
        }
        if interpreter.names.contains(&"crontab") {
            call.rest().iter().filter(|argument| argument.is_literal()).for_each(|argument| self.run(argument.word));
        }
    }

    /// Follows an option that may take a value: `python -m`, `node -r`, `awk -f`.
    fn unknown_option(&mut self, name: &str, interpreter: &Interpreter, option: &str, value: &Argument) -> usize {
        let loads = matches!(
            option,
            "-m" | "-r" | "--require" | "--import" | "-f" | "--file" | "-I" | "-M" | "-l" | "-L" | "-x"
        );
        let edits_in_place = name.ends_with("sed") && option.starts_with("-i");
        let is_flag =
            edits_in_place || option.trim_start_matches('-').chars().all(|letter| "nErsizqSuBa".contains(letter));
        if loads || !is_flag && interpreter.operand != Operand::File {
            self.refuse(&value.sources(), &format!("the value of the option `{option}` of `{name}`"));
            return 1;
        }
        0
    }

    /// Follows a file with a program's text: its name, or with an empty one the word behind the option.
    fn program_file(&mut self, name: &str, glued: &str, value: Option<&Argument>, call: Call) {
        if !glued.is_empty() {
            if is_descriptor(glued) {
                self.refuse_descriptors(call);
            }
            let mut word = Word::default();
            glued.chars().for_each(|character| word.push_char(character, false));
            self.run(&word);
            let file = Argument { word: &word, parts: vec![Vec::new()], feeds: Vec::new() };
            // What a program is given may stand in front of the file too: `awk -v t=… -f p.awk`.
            self.runs_file(&file, call.rest(), Runner::Interpreter(name.to_owned()), call.scope);
        } else if let Some(value) = value {
            self.refuse(&value.sources(), "a file with a program's code, or its name");
            self.code_by_descriptor(value, call);
            self.run(value.word);
            self.runs_file(value, call.rest(), Runner::Interpreter(name.to_owned()), call.scope);
        }
    }

    fn operands(&mut self, name: &str, interpreter: &Interpreter, call: Call, index: usize, has_code: bool) {
        let operands = &call.words[index.min(call.words.len())..];
        let rest = match (interpreter.operand, operands) {
            (_, rest) if has_code => rest,
            // A module of Python that takes code as its arguments.
            (Operand::File, [module, code @ ..])
                if module.has_literal("timeit") && call.words[index - 1].has_literal("-m") =>
            {
                code.iter().for_each(|code| {
                    self.refuse(&code.sources(), CODE);
                    self.embeds(Judge::Python, text_of(code.word));
                });
                code
            }
            // Modules that run their input, or the files that they are given.
            (Operand::File, [module, files @ ..])
                if CONSOLES.iter().any(|it| module.has_literal(it)) && call.words[index - 1].has_literal("-m") =>
            {
                self.refuse(&[call.scope.stdin], CODE);
                for file in files {
                    let written = self.code_in(file, call.scope);
                    self.refuse(&written, CODE);
                }
                files
            }
            (Operand::File, [first, rest @ ..]) if !first.has_literal("-") => {
                self.refuse(&first.sources(), &format!("a file that `{name}` runs, or its name"));
                self.run(first.word);
                self.runs_file(first, rest, Runner::Interpreter(name.to_owned()), call.scope);
                self.code_by_descriptor(first, call);
                call.from(index).into_iter().for_each(|program| self.collected_by_file(program));
                rest
            }
            (Operand::Code, [verb, rest @ ..])
                if name == "mlr"
                    || name == "yq" && ["e", "eval", "ea", "eval-all"].iter().any(|it| verb.has_literal(it)) =>
            {
                // Options may stand behind the verb: any word may be the program then.
                let files = rest.iter().filter(|it| !it.is_literal()).collect::<Vec<_>>();
                files.iter().for_each(|word| self.program_text(name, word));
                rest
            }
            (Operand::Code, [first, rest @ ..]) => {
                self.program_text(name, first);
                self.running_text(name, first, call);
                rest
            }
            (Operand::Data, rest) => {
                let mut words = rest.iter();
                let mut has_code = false;
                while let Some(argument) = words.next() {
                    let literal = argument.literal().unwrap_or_default();
                    // Options may stand behind operands: `psql "$DB" -c '…'`.
                    if takes_code(interpreter, &literal) && literal.starts_with('-') {
                        has_code = true;
                        if let Some(code) = words.next() {
                            self.program_text(name, code);
                            self.running_text(name, code, call);
                        }
                        continue;
                    }
                    // `sqlite3 a.db '.read q.sql'`
                    if let Some(file) = literal.strip_prefix(".read ").filter(|_| name == "sqlite3") {
                        let file = self.flow.id(file_node(file.trim_matches([' ', '"', '\''])));
                        self.refuse(&[file], "written to a file of commands that `sqlite3` reads");
                    }
                    let written = [".output ", ".once "].iter().find_map(|command| literal.strip_prefix(command));
                    if let Some(file) = written.filter(|_| name == "sqlite3") {
                        let file = self.flow.id(file_node(file.trim_matches([' ', '"', '\''])));
                        self.flow.edges(&call.sources(), file);
                        self.flow.edge(call.scope.out, file);
                    }
                    if name == "sqlite3" && literal_begins(argument) {
                        self.program_text(name, argument);
                    } else {
                        // A number is one in every program's language.
                        let sources = self.unchecked(argument.sources(), Requirement::Integer);
                        self.refuse(&sources, &format!("an argument of `{name}`"));
                    }
                    self.running_text(name, argument, call);
                }
                if !has_code {
                    self.input_code(name, call);
                }
                rest
            }
            (_, rest) => {
                self.input_code(name, call);
                rest
            }
        };
        let edits_files =
            call.rest().iter().any(|it| it.word.prefix().starts_with("-i") || it.has_literal("--in-place"));
        for argument in rest {
            self.not_an_option(argument);
            if name.ends_with("sed") && edits_files {
                self.inside_path(argument);
            }
            if matches!(name, "perl" | "ruby") && by_name::opens_operands(call.rest()) {
                self.refuse(&argument.sources(), &format!("a file that `{name}` opens, whose name may be a command"));
            }
            if is_awk(name) {
                self.require(&argument.sources(), Requirement::NoBackslash);
            }
        }
    }

    /// Follows code that an interpreter reads from its standard input.
    fn input_code(&mut self, name: &str, call: Call) {
        let redirect = Self::stdin_redirect(call);
        let word = match redirect.map(|redirect| (redirect.kind, &redirect.target)) {
            Some((RedirectKind::HereString, word)) => word,
            Some((RedirectKind::HereDocument(document), _)) => &call.scope.documents[document].body,
            _ => {
                let arguments = self.flow.stream();
                self.flow.edges(&call.sources(), arguments);
                let by = Runner::Interpreter(name.to_owned());
                let behind = call.words.iter().position(|it| it.has_literal("-")).map(|at| &call.words[at + 1..]);
                let words = behind.map_or_else(|| Words::unknown(arguments), Words::of);
                self.runs_text_with(vec![call.scope.stdin], arguments, words, by, call.scope);
                return self.refuse(&[call.scope.stdin], CODE);
            }
        };
        let argument = self.argument(word, call.scope);
        self.program_text(name, &argument);
        self.running_text(name, &argument, call);
    }

    /// Refuses all that reaches a program which runs texts: its arguments, its input, the variables that
    /// it can read. What its language has an analysis for, that says.
    fn running_text(&mut self, name: &str, code: &Argument, call: Call) {
        let is_judged = self.judged_by_language(name, code, call);
        let loads = name == "perl" && call.rest().iter().any(|it| by_name::loads_running_module(&it.word.prefix()));
        if loads || code.word.texts().any(|text| by_name::runs_texts(name, text)) {
            let files: Vec<Id> = call.rest().iter().flat_map(|it| self.content(it.word)).collect();
            let named: Vec<Id> = code.word.texts().flat_map(|text| self.files_in_code(text)).collect();
            let files = [files, named].concat();
            let mut reaching = vec![call.scope.stdin];
            if is_judged {
                // What it does with files that it writes itself, its own analysis says.
                self.later.files_of_code.push((files, self.later.written_by_code));
                // A text behind it may be what it runs, and name variables.
                let others = call.words.iter().filter(|it| !std::ptr::eq(it.word, code.word));
                if others.flat_map(|it| it.word.texts()).any(by_name::names_environment) {
                    reaching.push(self.flow.id(Node::AnyVariable));
                }
            } else {
                reaching.extend(files);
                reaching.push(self.flow.id(Node::AnyVariable));
                reaching.extend(call.sources());
                if code.word.texts().any(environment::is_listed) {
                    reaching.push(self.flow.id(Node::Environment));
                }
            }
            self.refuse(&reaching, RUN_BY_CODE);
        }
        self.evaluated_files(code, call);
    }

    /// Refuses text in files that a program's code names and runs as code. A program that is given text may write
    /// it into the files that it names, but not into what it runs.
    fn evaluated_files(&mut self, code: &Argument, call: Call) {
        let texts = code.word.texts().filter(|text| by_name::evaluates(text) && !by_name::reads(text));
        for file in texts.flat_map(by_name::files).filter(|_| call.sources().is_empty()) {
            let file = self.flow.id(file_node(file));
            self.refuse(&[file], "written to a file that a program runs as code");
        }
    }

    /// Notes that a word is a program: inside its string literals a plain value is text, elsewhere
    /// nothing but a number is.
    pub(super) fn program_text(&mut self, name: &str, code: &Argument) {
        if matches!(name, "crontab" | "at" | "batch" | "ed") {
            return self.refuse(&code.sources(), CODE);
        }
        let is_edit = name == "perl" && edited::delimiters(&with_values(code)).is_some();
        if name.ends_with("sed") || is_edit {
            return self.sed_text(code, !is_edit);
        }
        if is_awk(name) && edited::has_values_in_literals(&with_values(code)) {
            return self.require(&code.sources(), Requirement::Plain);
        }
        let mut scan = Scan::default();
        for (part, sources) in code.parts() {
            match part {
                Part::Text { text, .. } => scan.read(text),
                _ => self.value_in_code(&scan, sources),
            }
        }
    }

    fn value_in_code(&mut self, scan: &Scan, sources: &[Id]) {
        if scan.is_lost || scan.escapes {
            self.refuse(sources, CODE);
        } else if scan.quote.is_some() && scan.last != Some('{') {
            self.flow.demand(sources, Demand::Require(Requirement::Plain), IN_PROGRAM);
        } else {
            self.flow.demand(sources, Demand::Require(Requirement::Integer), IN_PROGRAM);
        }
    }

    /// Follows a program of `sed`: in its patterns and in what it puts in their place a value without marks of `sed` is text,
    /// in one of another program, such as `perl`, a plain one.
    fn sed_text(&mut self, code: &Argument, is_sed: bool) {
        let text = with_values(code);
        let sources = code.sources();
        let is_of = |delimiters: &str, known: &str| delimiters.chars().all(|it| known.contains(it));
        match edited::delimiters(&text) {
            Some(delimiters) if is_sed && is_of(&delimiters, "|~;^/") => {
                let edit = if delimiters.contains('/') { Requirement::EditName } else { Requirement::EditText };
                self.flow.demand(&sources, Demand::Require(edit), IN_EDIT);
            }
            Some(delimiters) if !delimiters.contains(['/', '@', ',', '=']) => {
                self.flow.demand(&sources, Demand::Require(Requirement::PlainPath), IN_EDIT);
            }
            Some(_) => self.flow.demand(&sources, Demand::Require(Requirement::Plain), IN_EDIT),
            None => self.refuse(&sources, CODE),
        }
    }
}

/// Says whether a word begins with words of the author's, as a statement of SQL does.
fn literal_begins(argument: &Argument) -> bool {
    argument.word.prefix().contains(' ')
}

/// Returns a program's text with NUL in place of its values.
fn with_values(code: &Argument) -> String {
    code.parts().map(|(part, _)| if let Part::Text { text, .. } = part { text.as_str() } else { "\u{0}" }).collect()
}

/// Where in a program text one is: in a string literal or not.
#[derive(Debug, Default)]
struct Scan {
    quote: Option<char>,
    escapes: bool,
    last: Option<char>,
    /// A comment or another kind of literal began: one can't tell any more.
    is_lost: bool,
}

impl Scan {
    fn read(&mut self, text: &str) {
        for character in text.chars() {
            let is_escaped = std::mem::take(&mut self.escapes);
            match self.quote {
                Some(_) if is_escaped => {}
                Some(_) if character == '\\' => self.escapes = true,
                Some(quote) if character == quote => self.quote = None,
                Some(_) => {}
                None if matches!(character, '"' | '\'') => self.quote = Some(character),
                None => {
                    self.is_lost |= character == '`' || character == '#' || character == '/' && self.last == Some('/')
                }
            }
            self.last = Some(character);
        }
    }
}

/// Says whether an option of `jq` or `awk` has no value behind it.
fn is_flag(interpreter: &Interpreter, option: &str) -> bool {
    const OF_JQ: &[&str] = &[
        "--raw-output",
        "--compact-output",
        "--null-input",
        "--exit-status",
        "--slurp",
        "--sort-keys",
        "--raw-input",
        "--join-output",
        "--inplace",
    ];
    let is_jq = interpreter.names.contains(&"jq");
    let is_letters = |letters: &str| {
        option.len() > 1 && option[1..].chars().all(|it| letters.contains(it)) && !option.starts_with("--")
    };
    let is_separator = interpreter.names.contains(&"awk") && option.starts_with("-F") && option.len() > 2;
    is_jq && (OF_JQ.contains(&option) || is_letters("rcensSRjaiMC")) || is_separator
}

fn is_awk(name: &str) -> bool {
    name.ends_with("awk")
}
