//! Any other program: its arguments are data, as long as they are no options.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::Walker;
use super::argument::Argument;
use super::code::is_shell;
use super::code_option::{has_code_option, is_interpreter};
use super::descriptor::names_descriptor;
use super::file::file_node;
use super::option::{has_strong_options, is_running, names_place, names_settings};
use super::remote::runs_by_word;
use super::simple::Call;
use super::tool::takes_text;
use super::written::Runner;
use super::{collected, container, launcher, transfer};

/// Letters of `tar` that take the next word.
const LETTERS_WITH_WORD: &str = "bCfFgHIKLNTVX";

/// Those of them whose word is a program.
const LETTERS_WITH_PROGRAM: &str = "FI";

/// Programs that tell somebody what they are given, and write no files.
const TELLING: &[&str] = &["logger", "notify-send"];

/// The function that the shell calls with the words of a command that it does not find.
const NOT_FOUND: &str = "command_not_found_handle";

/// Programs that take a word with `=` for a variable of their own.
const MAKES: &[&str] = &["make", "gmake"];

/// Options of `helm` without a value.
const HELM_FLAGS: &[&str] = &[
    "--install",
    "-i",
    "--atomic",
    "--wait",
    "--wait-for-jobs",
    "--dry-run",
    "--debug",
    "--create-namespace",
    "--force",
    "--reuse-values",
    "--reset-values",
    "--cleanup-on-fail",
    "--devel",
    "--skip-crds",
    "--dependency-update",
];

/// Fields of `package.json` that only describe the package.
pub(super) const DESCRIBING_FIELDS: &[&str] =
    &["version", "name", "description", "author", "license", "homepage", "keywords", "private", "type"];

impl Walker {
    pub(super) fn program(&mut self, call: Call, name: &str) {
        self.nested_program(call);
        self.started_by_word(name, call);
        let any = self.flow.id(Node::AnyCommand);
        self.flow.edges(&call.sources(), any);
        if self.functions.contains(NOT_FOUND) {
            let all: Vec<Id> = call.words.iter().flat_map(Argument::sources).collect();
            let arguments = self.flow.id(Node::Arguments(NOT_FOUND.to_owned()));
            self.flow.edges(&all, arguments);
            self.called_with(arguments, call.words);
        }
        self.special_program(call, name);
        self.transfer(name, call);
        self.tool(name, call);
        self.package(name, call);
        self.named_files(container::own_words(name, call));
        self.copied(name, call);
        self.given(name, launcher::own_words(name, call));
        if let Some(written) = self.flow.known(&file_node(name)) {
            let arguments = self.flow.stream();
            self.flow.edges(&call.sources(), arguments);
            self.runs_text(vec![written], arguments, Runner::Shell, call.scope);
        }
        let mut option: Option<String> = None;
        let (mut options_ended, mut makes_branch) = (false, false);
        for argument in call.rest() {
            makes_branch |= name == "git" && argument.has_literal("switch");
            let is_branch = makes_branch && option.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("-c"));
            let names_person = option.as_deref() == Some("-c") && argument.word.prefix().starts_with("user.");
            if name == "git" && names_person {
                self.require(&argument.sources(), Requirement::OneLine);
            } else if !is_branch && option.as_deref().is_some_and(|option| names_place(name, option)) {
                self.place(name, argument, argument.first());
            } else if option.as_deref().is_some_and(|option| transfer::names_file(name, option)) {
                self.path_for_program(argument);
                argument.literal().into_iter().for_each(|file| self.tells(&file));
            } else if option.as_deref().is_some_and(|option| transfer::names_folder(name, option)) {
                self.inside_path(argument);
            } else if is_running(name, option.as_deref()) && !is_branch {
                self.runs_word(argument.word, call);
                if option.as_deref().is_some_and(|option| names_settings(name, option)) {
                    argument.literal().into_iter().for_each(|file| self.obeys_file(&file));
                }
                self.refuse(&argument.sources(), &format!("the value of the option `{}`", option.unwrap_or_default()));
            } else if option.as_deref().is_some_and(|it| takes_text(name, call, it)) && argument.split().is_empty() {
                self.argument_assigns(argument);
            } else if !options_ended {
                let glued = argument.word.prefix();
                let option = glued.split_once('=').map_or(glued.as_str(), |(option, _)| option);
                if option.starts_with('-') && is_running(name, Some(option)) {
                    self.runs_word(argument.word, call);
                } else if let Some((option, program)) = glued.split_at_checked(2)
                    && option.starts_with('-')
                    && option != "--"
                    && is_running(name, Some(option))
                {
                    self.runs_command(program, call);
                }
                if let Some((option, file)) = glued.split_once('=')
                    && names_settings(name, option)
                {
                    self.obeys_file(file);
                }
                self.program_argument(name, argument);
            }
            options_ended |= argument.has_literal("--");
            option = argument.literal().filter(|literal| literal.starts_with('-'));
        }
    }

    /// Notes the folder in which a program does what it is told, as it would behind `cd`: below one of the author's, or one
    /// that the script has checked.
    fn place(&mut self, name: &str, argument: &Argument, first: Vec<Id>) {
        let first = self.unchecked(first, Requirement::Plain);
        self.refuse(&first, &format!("the folder in which `{name}` does what is said there"));
        self.inside_path(argument);
    }

    fn program_argument(&mut self, name: &str, argument: &Argument) {
        self.not_an_option(argument);
        self.argument_assigns(argument);
        let prefix = argument.word.prefix();
        if MAKES.contains(&name) && prefix.is_empty() && argument.word.texts().any(|text| text.contains('=')) {
            self.refuse(&argument.first(), "the name of a variable of `make`, of which some say what it runs");
        }
        // What is glued to an option of `curl` was looked at as its value.
        let is_value = name == "curl" && transfer::glued_to_option(argument).is_some();
        if !prefix.starts_with('-') || is_value {
            return;
        }
        if matches!(prefix.as_str(), "-" | "--") && has_strong_options(name) {
            // `git log -${{ count }}` is one by a number.
            return self.require(&argument.sources(), Requirement::Integer);
        }
        match prefix.split_once('=') {
            Some((option, folder)) if names_place(name, option) => {
                let first = if folder.is_empty() { argument.sources() } else { Vec::new() };
                self.place(name, argument, first);
            }
            None if prefix.get(..2).is_some_and(|option| names_place(name, option)) => {
                let first = if prefix.len() == 2 { argument.sources() } else { Vec::new() };
                self.place(name, argument, first);
            }
            Some((option, _)) if transfer::names_file(name, option) => self.path_for_program(argument),
            Some((option, _)) if !is_running(name, Some(option)) => {}
            Some((option, _)) => self.refuse(&argument.sources(), &format!("the value of the option `{option}`")),
            None if is_running(name, prefix.get(..2)) => {
                self.refuse(&argument.sources(), "the value of an option that runs it")
            }
            None => self.require(&argument.sources(), Requirement::Plain),
        }
    }

    /// Notes that a program may write what it gets into the files that its arguments name.
    pub(super) fn named_files(&mut self, call: Call) {
        if call.name().is_some_and(|name| TELLING.contains(&name.as_str())) {
            return;
        }
        let written = self.flow.stream();
        self.flow.edges(&call.sources(), written);
        if !self.leaves_input(call) {
            self.flow.edge(call.scope.stdin, written);
        }
        let is_own = collected::writes_operand(call);
        for (at, argument) in call.rest().iter().enumerate() {
            let name = argument.literal().filter(|name| !name.starts_with('-'));
            if name.is_some() && is_own(at) {
                self.written_quietly(argument.word, written);
            }
        }
    }

    /// Follows `poetry run sh -c '…'`: a shell or an interpreter among the arguments of a program, with code
    /// behind it or in the standard input.
    fn nested_program(&mut self, call: Call) {
        for index in 1..call.words.len() {
            let Some(inner) = call.from(index) else { return };
            let Some(name) = inner.name() else { continue };
            let options: Vec<String> = inner.rest().iter().filter_map(Argument::literal).collect();
            if is_shell(&name) {
                let is_code =
                    |option: &String| option.starts_with('-') && !option.starts_with("--") && option.contains('c');
                if options.iter().any(is_code) {
                    self.shell(&name, inner.with_environment_lost());
                } else if inner.rest().iter().all(|argument| argument.word.prefix().starts_with('-')) {
                    self.refuse(&[call.scope.stdin], "code that a shell runs");
                }
                return;
            }
            // `bundle exec rails runner '…'`
            if runs_by_word(&name, inner) {
                return self.remote(inner);
            }
            // `docker run -i image python -`
            let has_input = Self::input_word(call).is_some();
            let reads_input = match inner.rest().first() {
                Some(first) => first.has_literal("-"),
                None => has_input,
            };
            let has_code = options.iter().any(|option| has_code_option(&name, option));
            if is_interpreter(&name) && (has_code || reads_input) {
                self.interpreter(&name, inner.with_environment_lost());
                return;
            }
        }
    }

    pub(super) fn special_program(&mut self, call: Call, name: &str) {
        match name {
            "git" => self.git(call),
            "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => {
                self.container(call);
                self.build_context(call);
                self.files_of_compose(name, call);
            }
            "kubectl" | "oc" => {
                self.pod(call);
                self.image_named(call);
            }
            "gcloud" | "az" => self.image_named(call),
            "aws" => {
                self.image_named(call);
                let removes =
                    call.rest().iter().take(2).any(|it| ["rm", "mv", "sync"].iter().any(|word| it.has_literal(word)));
                let objects = call.rest().iter().filter(|it| removes && it.word.prefix().starts_with("s3://"));
                objects.for_each(|argument| {
                    self.inside_path(argument);
                    self.not_emptied(argument);
                });
            }
            "make" | "gmake" => {
                self.require_all(call.rest(), Requirement::Plain);
                let is_input = |it: &str| matches!(it, "-" | "-f-" | "--file=-" | "--makefile=-");
                let reads_input =
                    |argument: &Argument| argument.literal().is_some_and(|it| is_input(&it) || it.contains("/dev/"));
                if call.rest().iter().any(reads_input) {
                    self.refuse(&[call.scope.stdin], "the text of a makefile");
                }
                self.runs_makefile(call);
            }
            "just" | "task" | "rake" | "invoke" | "inv" | "nox" | "tox" | "nx" | "turbo" | "act" | "less" | "more"
            | "most" | "ant" => self.require_all(call.rest(), Requirement::Plain),
            "mvn" | "mvnw" | "gradle" | "gradlew" | "lein" | "mill" | "configure" => self.goals(call),
            // Each word is a line of its own language.
            "sbt" | "sbtn" | "amm" => self.require_all(call.rest(), Requirement::Plain),
            "mail" | "mailx" | "s-nail" | "sendmail" => self.recipients(call),
            "npm" | "pnpm" | "yarn" => {
                self.settings(call);
                self.runs_package(call);
            }
            "pkill" | "killall" | "killall5" | "skill" => {
                self.refuse(&call.sources(), "what chooses the processes that are ended");
            }
            "date" => self.clock(call),
            "helm" => self.chart(call),
            "gh" if call.rest().first().is_some_and(|it| it.has_literal("alias")) => {
                self.refuse(&call.sources(), "a command that `gh` runs by another name");
            }
            "tar" => self.tar(call),
            "tee" => self.tee(call),
            "uniq" | "xxd" | "split" => self.second_operand(call),
            "cd" | "pushd" => call.rest().iter().for_each(|argument| self.inside_path(argument)),
            "find" if call.rest().iter().any(|it| changes_found(it)) => {
                let is_path = |it: &&Argument| !it.word.prefix().starts_with(['-', '(', '!']);
                call.rest().iter().take_while(is_path).for_each(|argument| {
                    self.inside_path(argument);
                    self.not_emptied(argument);
                    // `!` and `(` are no folders.
                    self.require(&argument.first(), Requirement::BeginsAsWord);
                });
                // What a pattern chooses is the author's choice.
                let is_pattern =
                    |it: &Argument| it.literal().is_some_and(|it| it.ends_with("name") || it.ends_with("path"));
                for pair in call.rest().windows(2).filter(|pair| is_pattern(&pair[0])) {
                    self.require(&pair[1].sources(), Requirement::Plain);
                }
            }
            "dd" => call.rest().iter().for_each(|argument| self.refuse(&argument.first(), "an operand of `dd`")),
            "cp" | "mv" | "install" | "ln" => self.copy(call),
            "chmod" => call.rest().iter().for_each(|argument| self.run(argument.word)),
            _ => {}
        }
        self.changed_paths(name, call);
        self.collected(name, call);
    }

    /// Notes the time that `date` sets the clock to.
    fn clock(&mut self, call: Call) {
        for (at, argument) in call.rest().iter().enumerate() {
            let prefix = argument.word.prefix();
            let before = call.text_before(at);
            let sets = |option: &str| option == "-s" || option.starts_with("--set") || option == "-us";
            if sets(&before) || sets(&prefix) || prefix.starts_with("-s") {
                self.refuse(&argument.sources(), "the time that a clock is set to");
            }
        }
    }

    /// Notes whose chart is installed, and from where.
    fn chart(&mut self, call: Call) {
        let takes_value = |option: &Argument| {
            option.word.prefix().starts_with('-') && !HELM_FLAGS.iter().any(|flag| option.has_literal(flag))
        };
        let operands: Vec<&Argument> = call.operands(takes_value).map(|at| &call.rest()[at]).collect();
        let begins = |words: &[&str]| {
            words.iter().enumerate().all(|(at, word)| operands.get(at).is_some_and(|it| it.has_literal(word)))
        };
        let chart = match () {
            () if begins(&["upgrade"]) || begins(&["install"]) => operands.get(2),
            () if begins(&["pull"]) || begins(&["template"]) => operands.get(1),
            () if begins(&["repo", "add"]) => operands.get(3),
            () => None,
        };
        if let Some(chart) = chart {
            self.refuse(&chart.first(), "the chart that is installed");
        }
    }

    /// Notes the operands of a program that are names of what it does: goals, tasks, variables that name tools.
    fn goals(&mut self, call: Call) {
        for argument in call.rest().iter().filter(|argument| !argument.word.prefix().starts_with('-')) {
            self.require(&argument.first(), Requirement::Plain);
        }
    }

    /// Notes to whom a mail goes: a recipient that begins with `|` is a command for some of these programs, and
    /// one with a `/` a file.
    fn recipients(&mut self, call: Call) {
        for at in call.operands(|option| option.word.prefix().starts_with('-')) {
            self.require(&call.rest()[at].first(), Requirement::PlainPath);
        }
    }

    /// Notes a setting of a package manager by its name, which may be that of the shell that runs its scripts.
    fn settings(&mut self, call: Call) {
        let is_set = |argument: &Argument| argument.has_literal("set");
        if call.rest().first().is_some_and(|it| it.has_literal("pkg")) && call.rest().get(1).is_some_and(is_set) {
            return call.rest()[2..].iter().for_each(|field| self.field_of_package(field));
        }
        if let Some(at) = call.rest().iter().take(2).position(is_set)
            && let Some(setting) = call.rest().get(at + 1)
        {
            let name = call.name().unwrap_or_default();
            self.refuse(&setting.first(), &format!("the name of a setting of `{name}`"));
        }
    }

    /// Notes a field of `package.json` that gets a value: others than these are scripts, or choose what is fetched.
    fn field_of_package(&mut self, field: &Argument) {
        let prefix = field.word.prefix();
        let name = prefix.split_once('=').map_or("", |(name, _)| name);
        if !DESCRIBING_FIELDS.contains(&name) {
            self.refuse(&field.sources(), "a field of `package.json` that chooses what runs or is fetched");
        }
    }

    /// Follows `tar cfI archive program`: letters of options without a dash, whose values come later.
    fn tar(&mut self, call: Call) {
        let first = call.rest().first().map(|first| first.word.prefix()).unwrap_or_default();
        let is_cluster =
            !first.starts_with("--") && first.chars().all(|letter| letter == '-' || letter.is_alphabetic());
        if let Some(options) = call.rest().first().filter(|first| !first.word.prefix().starts_with('-')) {
            self.refuse(&options.first(), "the options of `tar`");
        }
        if is_cluster && first.contains(['I', 'F']) {
            self.refuse(&call.sources(), "the value of an option of `tar` that runs a program");
        }
        if is_cluster && !first.starts_with('-') {
            let with_word = first.chars().filter(|letter| LETTERS_WITH_WORD.contains(*letter));
            let words = with_word.zip(call.rest().iter().skip(1));
            let programs = words.filter(|(letter, _)| LETTERS_WITH_PROGRAM.contains(*letter));
            programs.for_each(|(_, program)| self.runs_word(program.word, call));
        }
        self.archive(call, is_cluster);
    }

    /// Notes that a program does what a file says.
    pub(super) fn obeys_file(&mut self, file: &str) {
        let file = self.flow.id(file_node(file));
        self.refuse(&[file], "written to a file of settings that a program obeys");
    }

    /// Notes the name of the archive: one with a colon is on another machine, which a program is run for.
    fn archive(&mut self, call: Call, begins_with_letters: bool) {
        for (at, argument) in call.rest().iter().enumerate() {
            let letters = argument.word.prefix();
            let is_letters = letters.starts_with('-') && !letters.starts_with("--") || at == 0 && begins_with_letters;
            let is_name = |it: &&Argument| is_letters && letters.contains('f') && !it.word.prefix().starts_with('-');
            if let Some(named) = call.rest().get(at + 1).filter(is_name) {
                self.archive_name(named, named.first(), &named.word.prefix());
            }
            if let Some(before) = letters.strip_prefix("--file=") {
                let first = if before.is_empty() { argument.sources() } else { Vec::new() };
                self.archive_name(argument, first, before);
            }
        }
    }

    /// Notes what the name of an archive begins with, and what it goes on with: behind a `/` a colon names no machine.
    fn archive_name(&mut self, named: &Argument, first: Vec<Id>, before: &str) {
        self.require(&first, Requirement::PlainPath);
        self.inside_path(named);
        if !before.contains('/') {
            self.require(&named.sources(), Requirement::OneRef);
        }
    }

    /// Notes the file that a program writes to if it is given two.
    fn second_operand(&mut self, call: Call) {
        let operands = call.rest().iter().filter(|argument| !argument.word.prefix().starts_with('-'));
        operands.skip(1).for_each(|argument| self.path_for_program(argument));
    }

    fn tee(&mut self, call: Call) {
        for argument in call.rest().iter().filter(|argument| !argument.word.prefix().starts_with('-')) {
            self.path(argument);
            let names = self.flow.id(Node::FileNames);
            self.flow.edges(&argument.sources(), names);
            for feed in &argument.feeds {
                self.flow.edge(call.scope.stdin, *feed);
            }
            if argument.feeds.is_empty() {
                self.written(argument.word, call.scope.stdin);
            }
        }
    }

    fn copy(&mut self, call: Call) {
        let Some((target, sources)) = call.rest().split_last() else { return };
        let copied = self.flow.stream();
        // `cp a{,.bak}` is one word for both.
        let both = target.word.has_alternatives().then_some(target);
        for source in sources.iter().chain(both) {
            let content = self.content(source.word);
            self.flow.edges(&content, copied);
            if names_descriptor(source.word) {
                self.flow.edge(call.scope.stdin, copied);
            }
        }
        self.written(target.word, copied);
    }
}

/// Says whether a word of `find` does something to what is found.
fn changes_found(argument: &Argument) -> bool {
    ["-delete", "-exec", "-execdir", "-ok", "-okdir"].iter().any(|word| argument.has_literal(word))
}
