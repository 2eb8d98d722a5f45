//! Commands that start the command among their arguments.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Parameter, Part, Word};
use super::argument::Argument;
use super::builtin::value_of;
use super::code::{Reach, is_shell, joined};
use super::code_option::{has_code_option, is_interpreter};
use super::embedded::is_powershell;
use super::remote::{runs_anything, runs_by_word};
use super::simple::{Call, Environment};
use super::{Walker, collected, file, path};
use crate::shell::change::Change;
use crate::shell::obeyed::is_obeyed;

struct Launcher {
    name: &'static str,
    environment: Environment,
    /// How many operands stand in front of the command.
    operands: usize,
    /// The letters of options that take a value.
    values: &'static str,
}

const fn launcher(name: &'static str, environment: Environment, operands: usize, values: &'static str) -> Launcher {
    Launcher { name, environment, operands, values }
}

use crate::shell::filename::base;
use Environment::{Kept, Lost};

const LAUNCHERS: &[Launcher] = &[
    launcher("command", Kept, 0, ""),
    launcher("builtin", Kept, 0, ""),
    launcher("jobs", Kept, 0, ""),
    launcher("exec", Kept, 0, "a"),
    launcher("nohup", Kept, 0, ""),
    launcher("nice", Kept, 0, "n"),
    launcher("ionice", Kept, 0, "cnp"),
    launcher("timeout", Kept, 1, "ks"),
    launcher("stdbuf", Kept, 0, "ioe"),
    launcher("setsid", Kept, 0, ""),
    launcher("taskset", Kept, 1, ""),
    launcher("chrt", Kept, 1, "TPD"),
    launcher("time", Kept, 0, "fo"),
    launcher("busybox", Kept, 0, ""),
    launcher("strace", Kept, 0, "eopsu"),
    launcher("flock", Kept, 1, "wE"),
    launcher("npx", Kept, 0, "p"),
    launcher("xargs", Kept, 0, "aEdILnPs"),
    launcher("sshpass", Kept, 0, "pPfd"),
    launcher("xvfb-run", Kept, 0, "nsefpw"),
    launcher("fakeroot", Kept, 0, "lisb"),
    launcher("unbuffer", Kept, 0, ""),
    launcher("chronic", Kept, 0, ""),
    launcher("proxychains", Kept, 0, "f"),
    launcher("proxychains4", Kept, 0, "f"),
    launcher("torsocks", Kept, 0, "upaP"),
    launcher("faketime", Kept, 1, ""),
    launcher("setpriv", Kept, 0, ""),
    launcher("tini", Kept, 0, "pe"),
    launcher("dumb-init", Kept, 0, ""),
    launcher("ltrace", Kept, 0, "eopsu"),
    launcher("valgrind", Kept, 0, ""),
    launcher("runuser", Lost, 0, "ugG"),
    launcher("gosu", Lost, 1, ""),
    launcher("su-exec", Lost, 1, ""),
    launcher("env", Lost, 0, "uCS"),
    launcher("sudo", Lost, 0, "ugpChrTUDR"),
    launcher("doas", Lost, 0, "uC"),
    launcher("chroot", Lost, 1, ""),
    launcher("unshare", Lost, 0, "SGRw"),
    launcher("nsenter", Lost, 0, "tSGrw"),
    launcher("systemd-run", Lost, 0, "puHMtE"),
    launcher("pkexec", Lost, 0, ""),
    launcher("bwrap", Lost, 0, ""),
    launcher("cgexec", Kept, 0, "g"),
    launcher("chpst", Kept, 0, "uUbenlLmdoptc/"),
    launcher("envdir", Kept, 1, ""),
    launcher("ssh-agent", Kept, 0, "aEOPt"),
    launcher("choom", Kept, 0, "n"),
    launcher("dbus-run-session", Kept, 0, ""),
    launcher("setlock", Kept, 1, ""),
    launcher("lckdo", Kept, 1, ""),
    launcher("cronic", Kept, 0, ""),
    launcher("ifne", Kept, 0, ""),
    launcher("eatmydata", Kept, 0, ""),
    launcher("catchsegv", Kept, 0, ""),
    launcher("prlimit", Kept, 0, ""),
    launcher("setarch", Kept, 1, ""),
    launcher("linux64", Kept, 0, ""),
    launcher("linux32", Kept, 0, ""),
    launcher("numactl", Kept, 0, "mNCil"),
    launcher("rlwrap", Kept, 0, ""),
    launcher("daemonize", Kept, 0, "ceopulE"),
    launcher("softlimit", Kept, 0, "amdsfrcopltx"),
    launcher("retry", Kept, 0, "td"),
    launcher("cross", Kept, 0, ""),
    launcher("cross-env", Lost, 0, ""),
    launcher("torify", Kept, 0, ""),
    launcher("firejail", Kept, 0, ""),
    launcher("proot", Kept, 0, "rbmqwvkpH0iRS"),
    launcher("qemu-x86_64", Kept, 0, "LEUBRgd0"),
    launcher("qemu-i386", Kept, 0, "LEUBRgd0"),
    launcher("qemu-aarch64", Kept, 0, "LEUBRgd0"),
    launcher("qemu-arm", Kept, 0, "LEUBRgd0"),
    launcher("qemu-riscv64", Kept, 0, "LEUBRgd0"),
    launcher("wine", Kept, 0, ""),
    launcher("wine64", Kept, 0, ""),
    launcher("with-lock-ex", Kept, 1, ""),
];

/// Programs with the word behind which the command stands that they start.
const STARTING_BY_WORD: &[(&str, &str)] = &[
    ("bundle", "exec"),
    ("poetry", "run"),
    ("pipenv", "run"),
    ("uv", "run"),
    ("hatch", "run"),
    ("pdm", "run"),
    ("rye", "run"),
    ("doppler", "run"),
    ("op", "run"),
    ("aws-vault", "exec"),
    ("chamber", "exec"),
    ("mise", "exec"),
    ("rbenv", "exec"),
    ("pyenv", "exec"),
    ("flox", "activate"),
];

/// What runs a program that `uv run` is given.
const PYTHON: &str = "python3";

/// Options of a launcher behind which code of a shell stands, in front of no command.
const CODE_OPTIONS: &[&str] = &["-c", "--command"];

/// Programs that `xargs` gives words to as to any other, and that do nothing else with them than to print them.
const PRINTING: &[&str] = &["echo", "printf", "basename", "dirname"];

/// Says whether each line, each text up to a NUL or up to a character of the author's is one word of its input for
/// `xargs`, whatever else is in it.
fn is_divided_as_it_is(call: Call) -> bool {
    let own = call.rest().iter().take_while(|it| it.word.prefix().starts_with('-') || it.is_literal());
    let has = |it: &Argument| {
        let letters = it.literal().unwrap_or_default();
        let is_long = letters == "--null" || letters.starts_with("--delimiter") || letters.starts_with("-d");
        is_long || letters.starts_with('-') && !letters.starts_with("--") && letters.contains('0')
    };
    own.into_iter().any(has) && call.rest().iter().all(|it| !it.word.may_be_many())
}

/// Returns the index of the command that stands behind a word by which a program starts it.
fn started(name: &str, call: Call) -> Option<usize> {
    let (_, word) = STARTING_BY_WORD.iter().find(|(program, _)| *program == name)?;
    let at = call.words.iter().position(|it| it.has_literal(word))?;
    let behind = call.words.iter().position(|it| it.has_literal("--")).filter(|end| *end > at).unwrap_or(at);
    let is_operand = |it: &Argument| it.has_literal("-") || !it.word.prefix().starts_with('-');
    (behind + 1..call.words.len()).find(|at| is_operand(&call.words[*at]))
}

/// Returns a call without the words of a command that it starts, which are looked at as those of that command.
pub(super) fn own_words<'a>(name: &str, call: Call<'a>) -> Call<'a> {
    let known = started(name, call).filter(|start| call.from(*start).and_then(Call::name).is_some());
    Call { words: &call.words[..known.unwrap_or(call.words.len())], ..call }
}

/// Says whether a command of `xargs` is one of which it is known what a word is to it.
fn takes_words(inner: Call) -> bool {
    inner.name().is_some_and(|name| PRINTING.contains(&name.as_str()))
}

/// Says whether a command of `xargs` prints the words of its input behind its own, and does nothing else with them.
fn prints_words(inner: Call) -> bool {
    let is_format = |it: &Argument| it.literal().is_some_and(|it| it.contains('%') && !it.starts_with('-'));
    match inner.name().as_deref() {
        Some("echo") => inner.rest().iter().all(Argument::is_literal),
        Some("printf") => inner.rest().first().is_some_and(is_format),
        _ => false,
    }
}

/// Returns what `xargs` replaces by a word of its input: the value of `-I`.
fn replaced_by_xargs(call: Call) -> Option<String> {
    let words: Vec<String> = call.rest().iter().map(|it| it.word.prefix()).collect();
    let at = words.iter().position(|it| it.starts_with("-I") || it == "-i" || it.starts_with("--replace"))?;
    let glued = words[at].trim_start_matches("--replace").trim_start_matches("-I").trim_start_matches(['=', '-', 'i']);
    match glued {
        "" if words[at] == "-I" => words.get(at + 1).cloned(),
        "" => Some("{}".to_owned()),
        glued => Some(glued.to_owned()),
    }
}

/// Returns a literal word with a value in place of a text.
fn with_value(word: &Word, replaced: &str, value: &Parameter) -> Word {
    let Some(text) = word.literal().filter(|text| !replaced.is_empty() && text.contains(replaced)) else {
        return word.clone();
    };
    let mut parts = Vec::new();
    for (at, piece) in text.split(replaced).enumerate() {
        if at > 0 {
            parts.push(Part::Parameter(value.clone()));
        }
        if !piece.is_empty() {
            parts.push(Part::Text { text: piece.to_owned(), quoted: true });
        }
    }
    Word { parts }
}

/// Options of `ssh` that take a value.
const SSH_VALUES: &str = "BbcDEeFIiJLlmOopQRSWw";

/// The variable of options by which makefiles build documentation: behind the name of a setting stands a value.
const OPTIONS_OF_DOCS: &str = "SPHINXOPTS";

impl Walker {
    /// Follows a command that starts another; false if it is none.
    pub(super) fn launcher(&mut self, name: &str, call: Call) -> bool {
        match name {
            "find" => self.find(call),
            "ssh" => self.ssh(call),
            "su" | "runuser" => self.as_another(name, call),
            _ if is_powershell(name) => self.powershell(call),
            _ if runs_anything(name) || runs_by_word(name, call) => self.remote(call),
            _ => match LAUNCHERS.iter().find(|launcher| launcher.name == name) {
                Some(launcher) => self.launch(launcher, call),
                None => return false,
            },
        }
        true
    }

    /// Follows `bundle exec command`: what stands behind the word, and behind `--` if there is one, but for shells and
    /// code behind an interpreter's option, which are looked for anywhere.
    pub(super) fn started_by_word(&mut self, name: &str, call: Call) {
        let Some(start) = started(name, call) else { return };
        let Some(inner) = call.from(start) else { return };
        let has_code = |name: &str| {
            let mut options = inner.rest().iter().filter_map(Argument::literal);
            is_interpreter(name) && options.any(|option| has_code_option(name, &option))
        };
        let is_program = |argument: &Argument| argument.has_literal("-") || argument.word.prefix().ends_with(".py");
        if name == "uv" && is_program(&inner.words[0]) {
            // It runs a program in Python by itself.
            call.from(start - 1).into_iter().for_each(|python| {
                self.interpreter(PYTHON, python);
            });
        } else if inner.name().is_some_and(|name| !is_shell(&name) && !has_code(&name) && !runs_by_word(&name, inner)) {
            self.call(inner.by_launcher());
        }
    }

    /// Follows `su - app -c code` and `runuser -u app -- command`.
    fn as_another(&mut self, name: &str, call: Call) {
        let gives_code = |argument: &Argument| CODE_OPTIONS.iter().any(|option| argument.has_literal(option));
        let at = call.rest().iter().position(gives_code);
        match (at, LAUNCHERS.iter().find(|launcher| launcher.name == name)) {
            (Some(at), _) if call.rest().get(at + 1).is_some() => {
                let code = &call.rest()[at + 1];
                let others = call.rest()[..at].iter().chain(&call.rest()[at + 2..]);
                let others: Vec<_> = others.flat_map(Argument::sources).collect();
                self.refuse(&others, &format!("an argument of `{name}`"));
                self.nested(code.word, &code.sources(), call.scope, Reach::Remote);
            }
            (None, Some(launcher)) if call.rest().iter().any(|it| it.has_literal("-u")) => self.launch(launcher, call),
            _ => self.remote(call),
        }
    }

    fn launch(&mut self, launcher: &Launcher, call: Call) {
        if launcher.name == "env" && self.split_string(call) {
            return;
        }
        let start = self.skip_options(launcher, call);
        for operand in call.words.iter().skip(start).take(launcher.operands) {
            self.require(&operand.sources(), Requirement::Plain);
        }
        let inner = match launcher.environment {
            Kept => call,
            Lost => call.with_environment_lost(),
        };
        let own = call.words.get(1..start + launcher.operands).unwrap_or_default();
        if own.iter().any(|argument| argument.word.may_be_many()) {
            // Any of them may be the command then.
            self.require_all(call.rest(), Requirement::Plain);
        }
        let inner = inner.from(start + launcher.operands).map(Call::by_launcher);
        if launcher.name == "xargs" && self.given_by_xargs(call, inner) {
            return;
        }
        if let Some(inner) = inner {
            self.launched(inner);
        }
    }

    /// Follows the words that `xargs` reads and gives to a command. Returns whether the command was followed with them.
    fn given_by_xargs(&mut self, call: Call, inner: Option<Call>) -> bool {
        let mut input = vec![call.scope.stdin];
        for (at, argument) in call.rest().iter().enumerate() {
            let is_file = |it: &&Argument| it.has_literal("-a") || it.has_literal("--arg-file");
            if call.before(at).filter(is_file).is_some() {
                input.extend(self.content(argument.word).into_iter().chain(argument.sources()));
            }
            if let Some(name) = argument.literal().and_then(|it| Some(it.strip_prefix("--arg-file=")?.to_owned())) {
                input.push(self.flow.id(file::file_node(&name)));
            }
        }
        if let Some(inner) = inner.filter(|inner| is_divided_as_it_is(call) && takes_words(*inner)) {
            self.with_words_of_input(inner, &input, replaced_by_xargs(call));
            return true;
        }
        if let Some(inner) = inner.filter(|inner| replaced_by_xargs(call).is_none() && prints_words(*inner)) {
            // It takes quotes and backslashes out of its input, so that any word may come of it.
            self.require(&input, Requirement::NoOptions);
            let (any, out) = (self.flow.id(Node::AnyFile), inner.scope.out);
            self.flow.edge(any, out);
            input.iter().for_each(|source| self.flow.changed_edge(*source, out, Change::DECODED));
            return true;
        }
        // Below the folder where it is, a path is as good as a word to a program that only reads what it names.
        let changes = call.rest().iter().any(|it| it.literal().is_some_and(|it| path::changes(&it)));
        self.require(&input, if changes { Requirement::Plain } else { Requirement::PlainPath });
        // What it prints may be what is in the files that its input names.
        let any = self.flow.id(Node::AnyFile);
        self.flow.edge(any, call.scope.out);
        let name = inner.and_then(Call::name).unwrap_or_default();
        let last = call.words.last().and_then(Argument::literal).unwrap_or_default();
        let launches = |name: &str| LAUNCHERS.iter().any(|it| it.name == name && it.name != "xargs");
        let is_named_by_input = launches(&name) || launches(&last) || name == "find" || name.contains("{}");
        // The name may be a variable's value: `r=sh; xargs "$r"`.
        let texts = inner.map(|inner| self.texts_of_command(inner.words[0].word)).unwrap_or_default();
        let bases = texts.iter().map(|text| base(text));
        let runs = |name: &str| is_shell(name) || is_interpreter(name) || collected::runs_operands(name);
        let runs_files = bases.chain([name.as_str()]).any(runs);
        if !runs_files && !is_named_by_input {
            return false;
        }
        self.refuse(&input, "an argument that `xargs` gives to a program that runs it");
        let has_code = |argument: &Argument| {
            let option = argument.literal().unwrap_or_default();
            has_code_option(&name, &option) || option == "-m" || option.starts_with('-') && option.contains('c')
        };
        if !inner.is_some_and(|inner| inner.rest().iter().any(has_code)) {
            self.run_any();
        }
        false
    }

    /// Follows a command of `xargs` with a word of its input behind its words, or in place of `replaced` in them.
    fn with_words_of_input(&mut self, call: Call, input: &[Id], replaced: Option<String>) {
        let any = self.flow.id(Node::AnyFile);
        self.flow.edge(any, call.scope.out);
        self.flow.edges(input, call.scope.out);
        let given = Parameter { name: "@".to_owned(), quoted: true, list: replaced.is_none(), ..Parameter::default() };
        let mut words: Vec<Word> = call.words.iter().map(|argument| argument.word.clone()).collect();
        match &replaced {
            Some(replaced) => words.iter_mut().for_each(|word| *word = with_value(word, replaced, &given)),
            None => words.push(Word { parts: vec![Part::Parameter(given)] }),
        }
        let sources = |at: usize, word: &Word| match call.words.get(at) {
            Some(own) if own.word.literal().is_none() => own.parts.clone(),
            _ => {
                let sources =
                    |part: &Part| if matches!(part, Part::Parameter(_)) { input.to_vec() } else { Vec::new() };
                word.parts.iter().map(sources).collect()
            }
        };
        let arguments: Vec<Argument> = words
            .iter()
            .enumerate()
            .map(|(at, word)| Argument { word, parts: sources(at, word), feeds: Vec::new() })
            .collect();
        self.call(Call { words: &arguments, ..call });
    }

    /// Follows what a launcher starts: a command, or the code of `flock file -c code`.
    fn launched(&mut self, call: Call) {
        if !call.words[0].word.prefix().starts_with('-') {
            return self.call(call);
        }
        match call.rest() {
            [code] if CODE_OPTIONS.iter().any(|option| call.words[0].has_literal(option)) => {
                let reach = if call.environment == Kept { Reach::Local } else { Reach::Remote };
                self.nested(code.word, &code.sources(), call.scope, reach);
            }
            _ => {
                self.refuse(&call.words[0].sources(), "an option of a command that starts another");
                self.refuse(&call.sources(), "an argument of a command that starts another");
            }
        }
    }

    /// Steps over a launcher's own options and returns the index of what follows.
    fn skip_options(&mut self, launcher: &Launcher, call: Call) -> usize {
        let mut index = 1;
        while let Some(argument) = call.words.get(index) {
            let prefix = argument.word.prefix();
            let assigned = prefix.split_once('=').map(|(name, _)| name);
            if launcher.environment == Lost
                && let Some(variable) = assigned.filter(|name| !name.starts_with('-'))
            {
                self.assign(variable, &argument.sources());
                let value = value_of(argument.word);
                let value = Argument { word: &value, parts: vec![argument.sources()], feeds: Vec::new() };
                self.begins_shells(variable, &[value], call.scope);
                if let Some(literal) = argument.literal() {
                    self.assign_text(variable, literal.split_once('=').map_or("", |(_, value)| value));
                }
            } else if prefix.starts_with('-') {
                self.refuse(&argument.sources(), &format!("an option of `{}`", launcher.name));
            } else {
                break;
            }
            index += 1;
            if prefix == "--" {
                break;
            }
            let takes_value = prefix.len() == 2 && launcher.values.contains(&prefix[1..]);
            if takes_value && let Some(value) = call.words.get(index) {
                self.refuse(&value.sources(), &format!("an option of `{}`", launcher.name));
                index += 1;
            }
        }
        index
    }

    fn find(&mut self, call: Call) {
        let is_exec = |index: &usize| {
            let word = call.words[*index].literal().unwrap_or_default();
            matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir")
        };
        let starts = (1..call.words.len()).filter(is_exec);
        for start in starts {
            if let Some(inner) = call.from(start + 1) {
                let has_name =
                    |argument: &Argument| argument.literal().is_some_and(|it| it != "{}" && it.contains("{}"));
                let runs_text =
                    |argument: &Argument| argument.literal().is_some_and(|it| is_shell(&it) || is_interpreter(&it));
                if inner.words.iter().any(runs_text) && inner.rest().iter().any(has_name) {
                    let names = self.flow.id(Node::FileNames);
                    self.refuse(&[names], "the name of a file that `find` puts into other text");
                }
                self.call(inner.by_launcher());
            }
        }
        self.many_words(call.rest());
        self.program(call, "find");
    }

    fn ssh(&mut self, call: Call) {
        let mut index = 1;
        while let Some(argument) = call.words.get(index) {
            let prefix = argument.word.prefix();
            if !prefix.starts_with('-') {
                break;
            }
            if let Some(file) = prefix.strip_prefix("-F").filter(|file| !file.is_empty()) {
                self.obeys_file(file);
            }
            self.refuse(&argument.sources(), "an option of `ssh`");
            index += 1;
            if prefix.len() == 2 && SSH_VALUES.contains(&prefix[1..]) {
                if let Some(value) = call.words.get(index) {
                    self.refuse(&value.sources(), "an option of `ssh`");
                    if prefix == "-F" {
                        let settings = self.content_of(value);
                        self.refuse(&settings, "the settings of `ssh`");
                    }
                }
                index += 1;
            }
        }
        self.many_words(call.words.get(1..=index).unwrap_or_default());
        let Some((host, code)) = call.words.get(index..).and_then(<[_]>::split_first) else { return };
        self.not_an_option(host);
        let sources: Vec<_> = code.iter().flat_map(Argument::sources).collect();
        if code.is_empty() {
            self.shell_input(call, &[], Reach::Remote);
        } else {
            self.nested(&joined(code), &sources, call.scope, Reach::Remote);
        }
    }

    /// Notes the arguments `NAME=value` of a program: some names choose what it runs.
    pub(super) fn argument_assigns(&mut self, argument: &Argument) {
        let prefix = argument.word.prefix();
        let Some((variable, value)) = prefix.split_once('=').filter(|(variable, _)| is_obeyed(variable)) else {
            return;
        };
        // `make html SPHINXOPTS="-D release=$version"`
        if variable == OPTIONS_OF_DOCS && value.ends_with('=') {
            return self.require(&argument.sources(), Requirement::Plain);
        }
        self.refuse(&argument.sources(), &format!("the value of the special variable `{variable}`"));
    }
}
