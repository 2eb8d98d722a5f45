//! Which holes of a PowerShell script reach something that evaluates them: statement by statement, by what is
//! known of each command, and without regard to their order.

use super::cmdlet::{self, Kind};
use super::path::{UNKNOWN, item, opened};
use super::taint::{Made, PIPELINE_MAX, STATEMENT_TOKENS_MAX, Taint, assigned};
use super::token::{Bracket, Piece, Statement, Token, arguments, every};
use crate::shell::analysis::Finding;
use crate::shell::command;
use crate::shell::filename;
use crate::shell::obeyed::is_obeyed;
use crate::shell::program::{Commands, Holes, Part};
use crate::shell::requirement::Requirement;
use std::collections::BTreeSet;

/// What to do about text that is run.
const HELP_FOR_CODE: &str =
    "write the code without it, and give it to a block as a value: `& { param($text) … } $text`";
/// What to do about text for a program.
pub(super) const HELP_FOR_PROGRAM: &str =
    "give it to the program as an argument of its own, or in `env:` to code that reads it from there";
/// What to do about text that names something.
const HELP_FOR_NAME: &str = "let the payload choose among your own words with `oneOf`";
/// What to do about a format.
const HELP_FOR_FORMAT: &str = "give it to your own format as a value: `'title: {0}' -f $text`";
/// What to do about a file that is run.
const HELP_FOR_FILE: &str = "write it to a file that nobody runs, or put it in `env:` and read `$env:NAME` in the file";

/// Ends of names of files that are run.
const RUN_SUFFIXES: &[&str] = &[".ps1", ".psm1", ".psd1", ".sh", ".bat", ".cmd", ".py", ".js", ".vbs", "profile"];

/// Notes what is demanded of each hole, and says whether all was looked at. Holes of the environment follow those of
/// the script.
pub(super) fn judge(statements: &[Statement], environment: &[String], own: usize, holes: &mut [Finding]) -> bool {
    let mut is_long = false;
    every(statements, &mut |statement| {
        is_long |= statement.tokens.len() > STATEMENT_TOKENS_MAX || statement.elements().len() > PIPELINE_MAX;
    });
    if is_long {
        return false;
    }
    let taint = Taint::new(statements, environment, own);
    let mut judge =
        Judge { taint, holes, programs: Commands::default(), started: Holes::new(), written_files: BTreeSet::new() };
    every(statements, &mut |statement| judge.judge(statement));
    let is_done = judge.taint.work(0);
    if is_done {
        judge.programs();
    }
    is_done
}

pub(super) struct Judge<'j> {
    pub(super) taint: Taint<'j>,
    holes: &'j mut [Finding],
    /// The programs that the script starts.
    pub(super) programs: Commands,
    /// What reaches them.
    pub(super) started: Holes,
    /// The last parts of the names of the files that it writes, as far as its author wrote them.
    pub(super) written_files: BTreeSet<String>,
}

impl<'j> Judge<'j> {
    fn judge(&mut self, statement: &'j Statement) {
        let mut is_inside = false;
        self.properties(&statement.tokens, &mut is_inside);
        self.assigned(&statement.tokens);
        self.opened(&statement.tokens);
        let elements = statement.elements();
        for (at, element) in elements.iter().enumerate() {
            self.expression(element);
            for (start, token) in element.iter().enumerate() {
                let rest = || {
                    element[start + 1..]
                        .split(|token| matches!(token, Token::Command(_) | Token::Mark('&')))
                        .next()
                        .unwrap_or_default()
                };
                match token {
                    Token::Command(name) => self.command(name, rest(), &elements[..at]),
                    Token::Mark('&') if !matches!(element.get(start + 1), Some(Token::Command(_))) => {
                        self.called(rest(), &elements[..at]);
                    }
                    Token::Mark('>') => {
                        let target = arguments(&element[start + 1..]).first().copied().unwrap_or_default();
                        let content: Holes =
                            elements[..=at].iter().flat_map(|element| self.taint.sources(element)).collect();
                        let named = self.taint.sources(target);
                        self.require(&named, Requirement::Plain);
                        self.written(target, &content);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Judges a command by its name, with what is piped to it.
    fn command(&mut self, name: &str, rest: &'j [Token], before: &[&'j [Token]]) {
        let given = arguments(rest);
        for name in self.taint.names.commands(name) {
            if self.taint.names.is_function(&name) {
                continue;
            }
            if cmdlet::is_cmdlet(&name) {
                self.cmdlet(&name, &given, before);
            }
            if !cmdlet::is_cmdlet(&name) || cmdlet::is_also_program(&name) {
                self.program(&name, &given, before);
            }
        }
        if self.taint.names.is_open_alias(name) {
            self.unknown_command(&given, before);
        }
    }

    /// Judges what a command is given of which nobody knows which one it is, and what it makes of its arguments.
    fn unknown_command(&mut self, given: &[&[Token]], before: &[&[Token]]) {
        let all: Holes =
            given.iter().copied().chain(before.iter().copied()).flat_map(|it| self.taint.sources(it)).collect();
        self.require(&all, Requirement::Plain);
    }

    /// Judges `& …` and `. …`, whose name is not a bare word.
    fn called(&mut self, rest: &'j [Token], before: &[&'j [Token]]) {
        let given = arguments(rest);
        let Some((name, given)) = given.split_first() else { return };
        let is_block = match name {
            [Token::Group(Bracket::Block, _)] => true,
            [Token::Variable(name)] => self.taint.names.is_block(name),
            _ => false,
        };
        if is_block {
            return;
        }
        let sources = self.taint.sources(name);
        self.refuse(&sources, "the name of a command", HELP_FOR_NAME);
        let texts = self.taint.names.texts(name);
        for text in &texts.known {
            let command: Vec<String> = self.taint.names.commands(text);
            for name in command {
                if cmdlet::is_cmdlet(&name) {
                    self.cmdlet(&name, given, before);
                }
                if !cmdlet::is_cmdlet(&name) || cmdlet::is_also_program(&name) {
                    self.program(&name, given, before);
                }
            }
        }
        if !texts.is_complete {
            self.unknown_command(given, before);
            self.run_file(name);
        }
    }

    fn cmdlet(&mut self, name: &str, given: &[&'j [Token]], before: &[&'j [Token]]) {
        let command = cmdlet::canonical(name);
        let bound = cmdlet::bind(&command, given);
        let piped: Holes = before.iter().flat_map(|element| self.taint.sources(element)).collect();
        let arguments: Holes = bound.iter().flat_map(|(_, argument)| self.taint.sources(argument)).collect();
        let mut content: Holes = arguments.union(&piped).copied().collect();
        if bound.iter().any(|(kind, _)| *kind == Kind::Destination) {
            let origins = bound.iter().filter(|(kind, _)| *kind == Kind::Origin);
            content.extend(origins.flat_map(|(_, origin)| self.taint.output("get-content", origin)));
        }
        for (kind, argument) in &bound {
            self.drive(*kind, argument, &content);
            // The statements of a block are judged by themselves.
            if !matches!(argument, [Token::Group(Bracket::Block, _)]) {
                let sources = self.taint.sources(argument);
                self.argument(name, *kind, argument, &sources);
            }
            if matches!(kind, Kind::Target | Kind::Destination) {
                let others = bound
                    .iter()
                    .filter(|(_, other)| other != argument)
                    .flat_map(|(_, other)| self.taint.sources(other));
                let mut content: Holes = others.chain(piped.iter().copied()).collect();
                if *kind == Kind::Destination {
                    let copied = bound.iter().filter(|(kind, _)| *kind == Kind::Origin);
                    content.extend(
                        copied
                            .flat_map(|(_, origin)| self.taint.names.files(origin).known)
                            .flat_map(|name| self.taint.file(&name)),
                    );
                }
                if command == "start-transcript" {
                    content.extend(self.taint.all());
                }
                self.written(argument, &content);
            }
            if *kind == Kind::Code || command == "import-module" {
                match cmdlet::takes_blocks(&command) {
                    true => self.run_known_file(argument),
                    false => self.run_file(argument),
                }
            }
        }
        if cmdlet::input(&command) != Kind::Data {
            self.argument(name, cmdlet::input(&command), &[], &piped);
        }
        if command == "start-process"
            && let Some((_, program)) = bound.iter().find(|(kind, _)| *kind == Kind::Code)
        {
            let words: Vec<&[Token]> = bound.iter().filter(|it| it.0 == Kind::Word).map(|it| it.1).collect();
            for program in self.taint.names.texts(program).known {
                self.program(&program, &words, &[]);
            }
        }
        if command == "new-object"
            && let Some((_, kind)) = bound.first()
        {
            let kinds = self.taint.names.texts(kind).known;
            let arguments: Vec<&[Token]> = bound[1..].iter().map(|(_, argument)| *argument).collect();
            kinds.iter().for_each(|kind| self.made(kind, &arguments));
        }
    }

    /// Judges one argument of a command.
    fn argument(&mut self, name: &str, kind: Kind, argument: &[Token], sources: &Holes) {
        match kind {
            Kind::Data => {}
            Kind::Code => {
                self.refuse(sources, &format!("in a statement with `{name}`, which runs text"), HELP_FOR_CODE);
                self.unknown(name, argument);
            }
            Kind::Name | Kind::VariableName => {
                self.refuse(sources, &format!("a name that `{name}` is given"), HELP_FOR_NAME)
            }
            Kind::Target | Kind::Origin | Kind::Destination | Kind::Path => {
                self.require(sources, Requirement::InsidePath);
                self.require(sources, Requirement::OneItem);
            }
            Kind::Read => self.require(sources, Requirement::OneItem),
            Kind::Address => self.address(argument, sources),
            Kind::Word => self.require(sources, Requirement::Plain),
        }
    }

    /// Refuses all in a script that has text run of which nobody knows where it comes from.
    fn unknown(&mut self, name: &str, argument: &[Token]) {
        let names = &self.taint.names;
        let is_open =
            |name: &String| !names.is_assigned(&super::taint::plain_name(name)) && !super::taint::is_automatic(name);
        let is_unknown = argument.iter().any(|token| match token {
            Token::Variable(name) => is_open(name),
            Token::Text(pieces) => pieces.iter().any(|piece| matches!(piece, Piece::Variable(name) if is_open(name))),
            _ => false,
        });
        if is_unknown {
            let all = self.taint.all();
            self.refuse(
                &all,
                &format!("in a script that gives `{name}` what it does not know beforehand"),
                HELP_FOR_CODE,
            );
        }
    }

    /// Judges an address as `curl` is given it.
    pub(super) fn address(&mut self, argument: &[Token], sources: &Holes) {
        if argument.is_empty() || sources.is_empty() {
            return;
        }
        // Where the author wrote the scheme and the host, the rest is a part of the address.
        let begins = self.taint.names.beginning(argument);
        let is_whole = begins.split_once("://").is_some_and(|(_, host)| host.contains(['/', '?']));
        let word = match is_whole {
            true => vec![Part::Text(begins), Part::Value(sources.clone())],
            false => self.parts(argument, 0),
        };
        self.started.extend(sources);
        let command = ["curl", "--globoff"].map(|it| vec![Part::Text(it.to_owned())]);
        self.programs.start(&[command.as_slice(), &[word]].concat(), None, false);
    }

    /// Judges the item of a drive that is no folder of files, such as `env:NAME`.
    fn drive(&mut self, kind: Kind, argument: &[Token], content: &Holes) {
        let is_path =
            matches!(kind, Kind::Target | Kind::Origin | Kind::Destination | Kind::Path | Kind::Read | Kind::Name);
        let beginning = self.taint.names.beginning(argument);
        let is_explicit = item(&beginning).is_some();
        for (drive, beginning) in self.taint.names.items(&beginning) {
            if is_path || is_explicit {
                self.item(drive, &beginning, kind, argument, content);
            }
        }
    }

    fn item(&mut self, drive: &str, beginning: &str, kind: Kind, argument: &[Token], content: &Holes) {
        let named = self.taint.sources(argument);
        self.refuse(&named, "the name of a variable or a command", HELP_FOR_NAME);
        let texts = self.taint.names.texts(argument);
        let others: Holes = content.difference(&named).copied().collect();
        for (_, name) in texts.known.iter().flat_map(|text| self.taint.names.items(text)).collect::<Vec<_>>() {
            self.obeyed(&name, &others);
        }
        let sets = matches!(kind, Kind::Target | Kind::Destination);
        if matches!(drive, "function" | "alias") {
            self.refuse(&others, "the text of a function, or what a command's name stands for", HELP_FOR_CODE);
        } else if sets && (!texts.is_complete || matches!(beginning, "" | "*")) {
            self.refuse(&others, "the value of a variable whose name is not known", HELP_FOR_NAME);
        }
    }

    /// Refuses text as the value of a variable that programs or PowerShell obey.
    pub(super) fn obeyed(&mut self, name: &str, sources: &Holes) {
        let is_preference = name.eq_ignore_ascii_case("PSDefaultParameterValues");
        if is_preference || is_obeyed(&name.to_ascii_uppercase()) || is_obeyed(name) {
            self.refuse(
                sources,
                &format!("the value of `{name}`, which programs obey"),
                "give the variable another name",
            );
        }
    }

    /// Judges what a statement assigns to: variables of the environment, functions.
    fn assigned(&mut self, tokens: &[Token]) {
        let Some((targets, value)) = assigned(tokens) else { return };
        let sources = self.taint.sources(value);
        for target in targets {
            match item(target) {
                Some(("env", name)) => self.obeyed(name, &sources),
                Some(("function" | "alias", _)) => {
                    self.refuse(&sources, "the text of a function, or what a command's name stands for", HELP_FOR_CODE);
                }
                _ if target.eq_ignore_ascii_case("PSDefaultParameterValues") => self.obeyed(target, &sources),
                _ => {}
            }
        }
    }

    /// Refuses text that is written to a file which is run.
    pub(super) fn written(&mut self, path: &[Token], content: &Holes) {
        self.makes(path);
        let texts = self.taint.names.texts(path);
        let ends_so = |text: &str| {
            let lower = text.trim_end().to_ascii_lowercase();
            RUN_SUFFIXES.iter().any(|suffix| lower.ends_with(suffix)) || filename::is_run(text.trim_end())
        };
        let own = path.iter().flat_map(|token| match token {
            Token::Word(text) => vec![text.as_str()],
            Token::Text(pieces) => pieces
                .iter()
                .filter_map(|it| if let Piece::Text(text) = it { Some(text.as_str()) } else { None })
                .collect(),
            Token::Variable(name) if name.eq_ignore_ascii_case("profile") => vec!["profile"],
            _ => Vec::new(),
        });
        let paths = self.taint.names.paths(path).into_iter().map(|path| path.replace(UNKNOWN, ""));
        if own.map(str::to_owned).chain(texts.known).chain(paths).any(|text| ends_so(&text)) {
            self.refuse(content, "written to a file that is run", HELP_FOR_FILE);
        }
    }

    /// Refuses what the script wrote to a file that it runs.
    pub(super) fn run_file(&mut self, argument: &[Token]) {
        self.run_known_file(argument);
        let is_block = matches!(argument, [Token::Variable(name)] if self.taint.names.holds_block(name));
        if !is_block && !self.taint.names.files(argument).is_complete {
            let written = self.taint.unnamed_files();
            self.refuse(
                &written,
                "written to a file of which the name can't be told, in a script that runs such a file",
                HELP_FOR_FILE,
            );
        }
    }

    /// Refuses what the script wrote to a file that it runs by a name which its author wrote.
    pub(super) fn run_known_file(&mut self, argument: &[Token]) {
        for name in self.taint.names.files(argument).known {
            let written = self.taint.file(&name);
            self.refuse(&written, "written to a file that the script then runs", HELP_FOR_FILE);
        }
    }

    /// Judges what a statement makes that writes to a file, such as a `StreamWriter`.
    fn opened(&mut self, tokens: &'j [Token]) {
        let paths = opened(tokens, &self.taint.names);
        let content = if paths.is_empty() { Holes::new() } else { self.taint.content_of_opened(tokens) };
        paths.into_iter().for_each(|path| self.written(path, &content));
    }

    /// Asks for plain values inside the brackets of a logging command.
    fn properties(&mut self, tokens: &[Token], is_inside: &mut bool) {
        let fills = tokens.iter().any(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("-f") || word.eq_ignore_ascii_case("::format")));
        for token in tokens {
            match token {
                Token::Word(text) | Token::Command(text) => *is_inside = command::ends_inside(text, *is_inside),
                Token::Text(pieces) => {
                    for piece in pieces {
                        self.property(piece, is_inside, fills, tokens);
                    }
                }
                Token::Variable(name) => self.property(&Piece::Variable(name.clone()), is_inside, false, tokens),
                Token::Group(Bracket::Round, inner) => {
                    inner.iter().for_each(|statement| self.properties(&statement.tokens, is_inside))
                }
                _ => {}
            }
        }
    }

    fn property(&mut self, piece: &Piece, is_inside: &mut bool, fills: bool, statement: &[Token]) {
        let text = match piece {
            Piece::Text(text) => Some(text.clone()),
            Piece::Variable(name) => {
                let texts = self.taint.names.texts(&[Token::Variable(name.clone())]);
                (texts.is_complete && texts.known.len() == 1).then(|| texts.known[0].clone())
            }
            _ => None,
        };
        let Some(text) = text else {
            if *is_inside {
                let sources = self.taint.sources_of_text(std::slice::from_ref(piece));
                self.require(&sources, Requirement::Plain);
            }
            return;
        };
        // Where the values of a format come is told by their numbers.
        let gaps = text.match_indices('{').any(|(at, _)| command::ends_inside(&text[..at], *is_inside));
        if fills && gaps {
            let sources = self.taint.sources(statement);
            self.require(&sources, Requirement::Plain);
        }
        *is_inside = command::ends_inside(&text, *is_inside);
    }

    /// Refuses a format that a payload brings, which may print what it is not given.
    pub(super) fn format(&mut self, tokens: &[Token]) {
        let sources = self.taint.sources(tokens);
        self.refuse(&sources, "a part of a format", HELP_FOR_FORMAT);
    }

    pub(super) fn require(&mut self, holes: &Holes, requirement: Requirement) {
        for hole in holes {
            let (hole, made) = self.taint.own(*hole);
            let requirements = match made {
                Made::Nothing => vec![requirement],
                Made::Parts => vec![of_parts(requirement)],
                Made::Slug => of_slug(requirement, true),
                Made::SlugParts => of_slug(requirement, false),
            };
            self.holes[hole].requirements.extend(requirements);
        }
    }

    pub(super) fn refuse(&mut self, holes: &Holes, reason: &str, help: &'static str) {
        for hole in holes {
            let (hole, _) = self.taint.own(*hole);
            if self.holes[hole].refusal.is_none() {
                self.holes[hole].refusal = Some(reason.to_owned());
                self.holes[hole].help = Some(help);
            }
        }
    }

    pub(super) fn refuse_code(&mut self, holes: &Holes, reason: &str) {
        self.refuse(holes, reason, HELP_FOR_CODE);
    }
}

/// Returns what must hold of a text so that a form holds of every part of it.
fn of_parts(requirement: Requirement) -> Requirement {
    match requirement {
        Requirement::NotAnOption | Requirement::NoOptions | Requirement::NoOptionInPath => Requirement::InnerHyphens,
        Requirement::InsidePath | Requirement::WebAddress | Requirement::NotAFile => Requirement::Plain,
        other => other,
    }
}

/// Returns what must hold of a text so that a form holds of its letters and digits with `-` between them.
/// Where not all of them arrive, any `-` in it may come first: only of digits there is none.
fn of_slug(requirement: Requirement, is_whole: bool) -> Vec<Requirement> {
    match requirement {
        Requirement::OneItem | Requirement::NoFormat | Requirement::NoBackslash | Requirement::OneLine => Vec::new(),
        Requirement::Integer | Requirement::Number => vec![requirement],
        Requirement::Short | Requirement::WebAddress => vec![of_parts(requirement)],
        _ if !is_whole => vec![Requirement::LetterFirst, Requirement::Integer],
        Requirement::NoDash | Requirement::NoCutOption | Requirement::NoMarkedOption | Requirement::InnerHyphens => {
            vec![Requirement::LetterFirst, Requirement::Integer]
        }
        _ => vec![Requirement::LetterFirst],
    }
}
