//! Programs that a PowerShell script starts: the same commands in bash, word by word. What is known of a
//! program there holds here.

use super::path::UNKNOWN;
use super::sink::{HELP_FOR_PROGRAM, Judge};
use super::taint::{Made, Taint};
use super::token::{Bracket, Piece, Token, parameter, trimmed, values};
use crate::shell::filename::base;
use crate::shell::program::{Holes, Part};
use crate::shell::requirement::Requirement;

/// Programs of Windows that run text, and that bash does not know.
const RUNNING: &[&str] = &[
    "cmd",
    "wsl",
    "wscript",
    "cscript",
    "mshta",
    "schtasks",
    "wmic",
    "rundll32",
    "regsvr32",
    "msiexec",
    "forfiles",
    "runas",
    "psexec",
    "winrs",
    "sqlcmd",
    "reg",
    "certutil",
    "bitsadmin",
    "powershell_ise",
    "msdeploy",
    "osascript",
];

/// Programs that fetch what is named behind some of their words, and that bash does not know for it.
const INSTALLERS: &[(&str, &[&str])] = &[
    ("dotnet", &["tool", "add", "new", "workload"]),
    ("choco", &["install", "upgrade"]),
    ("winget", &["install", "upgrade", "import"]),
    ("scoop", &["install", "bucket"]),
    ("nuget", &["install", "sources"]),
    ("vcpkg", &["install"]),
];

/// The interpreters of PowerShell, as programs.
const OWN: &[&str] = &["pwsh", "powershell", "pwsh-preview"];

/// Stands for each file of which the name can't be told.
const UNNAMED: &str = "pipehook-unnamed";

/// The most alternatives of a command that are looked at, where its author's variables have several texts.
const ALTERNATIVES_MAX: usize = 8;

impl<'j> Judge<'j> {
    /// Judges a program that is started with arguments and with what is piped to it.
    pub(super) fn program(&mut self, name: &str, given: &[&'j [Token]], before: &[&'j [Token]]) {
        let path = name.replace('\\', "/");
        let plain = base(&path);
        let plain = [".exe", ".EXE"].iter().find_map(|end| plain.strip_suffix(end)).unwrap_or(plain);
        let lower = plain.to_ascii_lowercase();
        self.run_file(&[Token::Word(name.to_owned())]);
        // A script of PowerShell has its parameters as a function has.
        if lower.ends_with(".ps1") {
            return;
        }
        let given: Vec<&[Token]> = given.iter().copied().filter(|it| !matches!(it, [Token::Mark('>'), ..])).collect();
        let all: Holes = given.iter().chain(before).flat_map(|it| self.taint.sources(it)).collect();
        if OWN.contains(&lower.as_str()) {
            return self.own_program(plain, &given, before);
        }
        if RUNNING.contains(&lower.as_str()) {
            let reason = format!("in a statement with `{plain}`, which runs text");
            self.refuse(&all, &reason, HELP_FOR_PROGRAM);
            given.iter().filter(|it| parameter(it).is_none()).for_each(|argument| self.run_file(argument));
            let expanded = self.expanded_by_cmd(&given);
            self.refuse(
                &expanded,
                &format!("in a statement with `{plain}`, which expands variables to text that it runs"),
                HELP_FOR_PROGRAM,
            );
            return;
        }
        if lower == "dotnet"
            && let Some(first) = given.first()
        {
            let sources = self.taint.sources(first);
            self.refuse(&sources, "what `dotnet` runs", HELP_FOR_PROGRAM);
        }
        if self.installs(&lower, &given) {
            self.refuse(&all, &format!("the name of what `{plain}` fetches"), HELP_FOR_PROGRAM);
        }
        let word = if path.contains('/') { path.clone() } else { plain.to_owned() };
        let count = given.iter().map(|it| self.alternatives(it)).max().unwrap_or(1).clamp(1, ALTERNATIVES_MAX);
        for alternative in 0..count {
            let mut words = vec![vec![Part::Text(word.clone())]];
            for argument in &given {
                self.words(argument, alternative, &mut words);
            }
            let input = self.input(before, alternative);
            let is_direct = is_direct_of(&all, &self.taint);
            self.programs.start(&words, input.as_deref(), is_direct);
        }
        if let Some(words) = self.words_by_paths(&word, &given) {
            self.programs.start(&words, None, is_direct_of(&all, &self.taint));
        }
        self.started.extend(all);
    }

    /// Says whether a program is told to fetch something.
    fn installs(&self, program: &str, given: &[&[Token]]) -> bool {
        let words = INSTALLERS.iter().find(|(name, _)| *name == program).map_or(&[][..], |(_, words)| words);
        let first = given.first().map(|argument| self.taint.names.texts(argument).known).unwrap_or_default();
        first.iter().any(|word| words.contains(&word.as_str()))
    }

    /// Judges `pwsh` as a program: behind `-File` are arguments, elsewhere is code.
    fn own_program(&mut self, name: &str, given: &[&'j [Token]], before: &[&'j [Token]]) {
        let is_file = |it: &&[Token]| parameter(it).is_some_and(|name| name.len() > 1 && "-file".starts_with(&name));
        let at = given.iter().position(is_file).map_or(given.len(), |at| (at + 2).min(given.len()));
        let (code, data) = given.split_at(at);
        let code: Holes = code.iter().chain(before).flat_map(|it| self.taint.sources(it)).collect();
        self.refuse_code(&code, &format!("in a statement with `{name}`, which runs text"));
        let data: Holes = data.iter().flat_map(|it| self.taint.sources(it)).collect();
        self.require(&data, Requirement::NotAnOption);
        let (code, data) = given.split_at(at);
        code.iter().filter(|it| parameter(it).is_none()).for_each(|argument| self.run_file(argument));
        data.iter().for_each(|argument| self.run_known_file(argument));
    }

    /// Judges all programs together: what one writes, another may run.
    pub(super) fn programs(&mut self) {
        self.write_texts();
        let files: Vec<(String, Holes)> =
            self.taint.files().map(|(name, holes)| (name.to_owned(), holes.clone())).collect();
        let mut programs = std::mem::take(&mut self.programs);
        let unnamed = (UNNAMED.to_owned(), self.taint.unnamed_files());
        for (name, holes) in files.into_iter().chain((!unnamed.1.is_empty()).then_some(unnamed)) {
            self.started.extend(&holes);
            programs.write(&name, &holes);
        }
        let environment = self.taint.exported();
        self.started.extend(environment.iter().flat_map(|(_, holes)| holes));
        let started = std::mem::take(&mut self.started);
        let Ok(demands) = programs.demands(&environment) else {
            return self.refuse(&started, "a word of a command that pipehook can't read", HELP_FOR_PROGRAM);
        };
        for (holes, finding) in demands {
            if let Some(reason) = &finding.refusal {
                self.refuse(&holes, reason, HELP_FOR_PROGRAM);
            }
            finding.requirements.iter().for_each(|requirement| self.require(&holes, *requirement));
        }
    }

    /// Returns what reaches the variables of the environment that a text for `cmd` names: `%NAME%`, `!NAME!`.
    fn expanded_by_cmd(&self, given: &[&[Token]]) -> Holes {
        let texts = given.iter().copied().flatten().flat_map(|token| match token {
            Token::Word(text) => vec![text.as_str()],
            Token::Text(pieces) => pieces
                .iter()
                .filter_map(|it| if let Piece::Text(text) = it { Some(text.as_str()) } else { None })
                .collect(),
            _ => Vec::new(),
        });
        // Between two marks is a name, or behind one with what `cmd` takes of its value: `%NAME:~0,3%`.
        let names = texts.flat_map(|text| text.split(['%', '!'])).map(|name| name.split(':').next().unwrap_or(name));
        names.flat_map(|name| self.taint.variable(&format!("env:{name}"))).collect()
    }

    /// Returns what a program reads from the pipeline.
    fn input(&self, before: &[&'j [Token]], alternative: usize) -> Option<Vec<Part>> {
        let last = before.last()?;
        let is_text = before.len() == 1 && matches!(trimmed(last), [Token::Text(_)] | [Token::Variable(_)]);
        if is_text {
            return Some(self.parts(last, alternative));
        }
        let sources = before.iter().flat_map(|element| self.taint.sources(element)).collect();
        Some(vec![Part::Value(sources)])
    }

    /// Adds the words that an argument becomes: a list becomes several.
    fn words(&self, argument: &'j [Token], alternative: usize, words: &mut Vec<Vec<Part>>) {
        if let [Token::Splat(name)] | [Token::Variable(name)] = argument
            && let Some(items) = self.taint.names.list(name)
        {
            words.extend(items.into_iter().map(|item| self.parts(item, alternative)));
            return;
        }
        if let [Token::Group(Bracket::Round, inner)] = argument
            && let [statement] = inner.as_slice()
        {
            let items = values(&statement.tokens);
            if items.len() > 1
                && items.iter().all(|it| matches!(it, [Token::Text(_) | Token::Word(_) | Token::Variable(_)]))
            {
                words.extend(items.into_iter().map(|item| self.parts(item, alternative)));
                return;
            }
        }
        for value in values(argument) {
            // Behind a string or brackets in front, what is glued to them is an argument of its own.
            let is_divided = matches!(value, [Token::Text(_) | Token::Group(..), next, ..] if !is_member(next));
            let (first, rest) = value.split_at(usize::from(is_divided));
            words.extend(is_divided.then(|| self.parts(first, alternative)));
            words.push(self.parts(rest, alternative));
        }
    }

    /// Returns the words of a program with paths for those that are not known as a whole, if there are any and the
    /// script writes to files: what it was given may be one of them.
    fn words_by_paths(&self, program: &str, given: &[&'j [Token]]) -> Option<Vec<Vec<Part>>> {
        let names = &self.taint.names;
        if self.taint.files().next().is_none() && self.taint.unnamed_files().is_empty() {
            return None;
        }
        let mut words = vec![vec![Part::Text(program.to_owned())]];
        let mut is_other = false;
        for argument in given {
            let is_known = names.texts(argument).is_complete;
            if is_known || parameter(argument).is_some() || !self.taint.sources(argument).is_empty() {
                self.words(argument, 0, &mut words);
                continue;
            }
            is_other = true;
            let files = names.files(argument);
            let known = files.known.iter().map(|path| path.replace(UNKNOWN, UNNAMED));
            let unnamed = (!files.is_complete).then(|| UNNAMED.to_owned());
            words.extend(known.chain(unnamed).map(|path| vec![Part::Text(path)]));
        }
        is_other.then_some(words)
    }

    /// Returns how many texts the author gave to a variable of an argument, at the most.
    fn alternatives(&self, argument: &[Token]) -> usize {
        let of = |name: &String| self.taint.names.texts(&[Token::Variable(name.clone())]).known.len();
        let count = |token: &Token| match token {
            Token::Variable(name) => of(name),
            Token::Text(pieces) => {
                pieces.iter().map(|it| if let Piece::Variable(name) = it { of(name) } else { 1 }).max().unwrap_or(1)
            }
            _ => 1,
        };
        argument.iter().map(count).max().unwrap_or(1)
    }

    /// Returns a word as its author's text and values.
    pub(super) fn parts(&self, tokens: &[Token], alternative: usize) -> Vec<Part> {
        let is_owner = |token: &Token| matches!(token, Token::Variable(_) | Token::Group(..) | Token::Text(_));
        let is_expression = tokens.windows(2).any(|pair| is_owner(&pair[0]) && is_member(&pair[1]));
        if is_expression || tokens.iter().any(|token| matches!(token, Token::Command(_) | Token::Assign)) {
            return vec![Part::Value(self.taint.sources(tokens))];
        }
        let mut word = Vec::new();
        for token in tokens {
            match token {
                Token::Word(text) | Token::Command(text) => word.push(Part::Text(text.clone())),
                Token::Text(pieces) => word.extend(pieces.iter().map(|piece| self.part(piece, alternative))),
                Token::Variable(name) | Token::Splat(name) => {
                    word.push(self.part(&Piece::Variable(name.clone()), alternative))
                }
                Token::Group(Bracket::Round, inner) => word.push(match inner.as_slice() {
                    [statement] if matches!(statement.tokens.as_slice(), [Token::Text(_)]) => {
                        let parts = self.parts(&statement.tokens, alternative);
                        word.extend(parts);
                        continue;
                    }
                    _ => self
                        .one_text(token)
                        .unwrap_or_else(|| Part::Value(self.taint.sources(std::slice::from_ref(token)))),
                }),
                Token::Group(..) => word.push(Part::Value(self.taint.sources(std::slice::from_ref(token)))),
                Token::Mark(mark) => word.push(Part::Text(mark.to_string())),
                Token::Assign => word.push(Part::Text("=".to_owned())),
                Token::Space => {}
            }
        }
        word
    }

    fn one_text(&self, token: &Token) -> Option<Part> {
        let texts = self.taint.names.texts(std::slice::from_ref(token));
        (texts.is_complete && texts.known.len() == 1).then(|| Part::Text(texts.known[0].clone()))
    }

    fn part(&self, piece: &Piece, alternative: usize) -> Part {
        let sources = self.taint.sources_of_text(std::slice::from_ref(piece));
        match piece {
            Piece::Text(text) => Part::Text(text.clone()),
            Piece::Variable(name) if sources.is_empty() => {
                let texts = self.taint.names.texts(&[Token::Variable(name.clone())]).known;
                let text = (!texts.is_empty()).then(|| &texts[alternative % texts.len()]);
                text.map_or(Part::Value(sources), |text| Part::Text(text.clone()))
            }
            _ => Part::Value(sources),
        }
    }
}

/// Says whether nothing was made of the texts.
fn is_direct_of(holes: &Holes, taint: &Taint<'_>) -> bool {
    holes.iter().all(|hole| taint.own(*hole).1 == Made::Nothing)
}

/// Says whether a token is a member, or an index, of what stands in front of it.
fn is_member(token: &Token) -> bool {
    matches!(token, Token::Mark('[')) || matches!(token, Token::Word(word) if word.starts_with(['.', ':']))
}
