//! Code of other languages that stands word for word in a script, and what it makes of the words behind it and of the
//! variables that the script has.
//!
//! A language that has an analysis of its own is judged by that, with these words and variables: `python3 - <<'EOF'`,
//! `pwsh -c '…'`, a file that the script wrote and runs. Which variables hold payload text is known when the whole
//! script was walked over, so texts are noted and judged then. Of the other languages' code its names say what it does.

use super::super::flow::{Id, Node};
use super::super::requirement::Requirement;
use super::super::syntax::{Part, Word};
use super::argument::Argument;
use super::given::reads_environment;
use super::simple::Call;
use super::written::{Runner, text_of};
use super::{Walker, by_name, changing, environment};
use crate::shell::analysis::Finding;
use crate::shell::outline::names_variable;
use crate::shell::{powershell, python};

/// Why text is refused that code may get which its language's analysis can't follow.
const UNREAD: &str = "in the environment of code that pipehook can't read";

/// What the names of modules of Python end with.
const MODULE_END: &str = ".py";

/// The interpreter of PowerShell.
const POWERSHELL: &str = "pwsh";

/// Its options that have a value, in small letters.
const OPTIONS_WITH_VALUE: &[&str] = &[
    "executionpolicy",
    "inputformat",
    "outputformat",
    "workingdirectory",
    "wd",
    "configurationname",
    "configurationfile",
    "settingsfile",
    "custompipename",
    "version",
    "windowstyle",
    "encodedcommand",
    "ec",
    "ep",
];

/// What is known of a text's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judge {
    Python,
    PowerShell,
    /// It changes files whose names may be in variables.
    Changing,
}

/// The texts of a script that are judged when it was walked over.
#[derive(Debug, Default)]
pub(super) struct Embedded {
    texts: Vec<(Judge, String)>,
    /// Python with the words behind it: a module that the script writes may be given those.
    with_words: Vec<(String, Words)>,
}

/// The words behind a program.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// What reaches each.
    sources: Vec<Vec<Id>>,
    /// How many of them are certain to be one word each. Behind what may be many nobody knows which is which.
    certain: usize,
}

impl Words {
    pub(super) fn of(arguments: &[Argument]) -> Self {
        let certain = arguments.iter().position(|it| it.word.may_be_many()).unwrap_or(arguments.len());
        Self { sources: arguments.iter().map(Argument::sources).collect(), certain }
    }

    /// Returns words of which it is not known which is which.
    pub(super) fn unknown(arguments: Id) -> Self {
        Self { sources: vec![vec![arguments]], certain: 0 }
    }

    /// Returns what reaches the word of a number, counted from 1, or all of them.
    fn at(&self, number: Option<usize>) -> Vec<Id> {
        let at = number.map_or(0, |number| number - 1);
        let given = match number {
            Some(_) if at < self.certain => self.sources.get(at..=at),
            _ => self.sources.get(self.certain.min(at)..),
        };
        given.unwrap_or_default().concat()
    }
}

/// Parts of names of variables that hold an interpreter, and which.
const BY_VARIABLE: &[(&str, &str)] =
    &[("PYTHON", "python3"), ("NODE", "node"), ("RUBY", "ruby"), ("PERL", "perl"), ("PHP", "php")];

/// Returns the interpreter that a command is by the name of the variable which holds it: `"$PYTHON" - <<'EOF'`.
pub(super) fn interpreter_by_variable(word: &Word) -> Option<&'static str> {
    let named = word.parts.iter().find_map(|part| match part {
        Part::Parameter(parameter) => Some(parameter.name.to_ascii_uppercase()),
        _ => None,
    })?;
    BY_VARIABLE.iter().find(|(name, _)| named.contains(name)).map(|(_, interpreter)| *interpreter)
}

/// Says whether a program of this name runs Python.
pub(super) fn is_python(name: &str) -> bool {
    ["python", "pypy", "ipython"].iter().any(|known| name.starts_with(known))
}

/// Says whether a word is the name of a script of PowerShell.
fn is_script(word: &Argument) -> bool {
    let text = text_of(word.word).to_ascii_lowercase();
    text.ends_with(".ps1") && !text.contains([' ', ';', '|', '('])
}

/// Says whether a program of this name runs PowerShell.
pub(super) fn is_powershell(name: &str) -> bool {
    matches!(name, "pwsh" | "powershell" | "pwsh-preview" | "pwsh.exe" | "powershell.exe")
}

impl Walker {
    /// Notes a text that is judged by what is known of its language.
    pub(super) fn embeds(&mut self, judge: Judge, text: String) {
        if !self.embedded.texts.iter().any(|known| known.0 == judge && known.1 == text) {
            self.embedded.texts.push((judge, text));
        }
    }

    /// Demands of the words behind a program and of the script's variables what the analysis of its language says of
    /// each. Returns whether that is all there is to demand of them.
    pub(super) fn judged_by_language(&mut self, name: &str, code: &Argument, call: Call) -> bool {
        if !is_python(name) {
            return false;
        }
        self.embeds(Judge::Python, text_of(code.word));
        let is_code = |it: &Argument| std::ptr::eq(it.word, code.word) || it.has_literal("-");
        let behind = call.words.iter().position(is_code).map(|at| &call.words[at + 1..]);
        let (Some(words), Some(text)) = (behind, code.literal()) else { return false };
        self.demands_of_python(&text, &Words::of(words))
    }

    /// As [`Self::judged_by_language`], of a text in a file or on the input of a program, which may be a part of what is
    /// there: `is_whole` says whether it is all of it.
    pub(super) fn judged_text(&mut self, name: &str, text: &str, words: &Words, is_whole: bool) -> bool {
        let (judge, is_read) = match () {
            () if is_python(name) => (Judge::Python, self.demands_of_python(text, words)),
            () if is_powershell(name) => (Judge::PowerShell, self.demands_of_powershell(text, words)),
            () => return false,
        };
        if is_read || is_whole {
            self.embeds(judge, text.to_owned());
        }
        is_read && is_whole
    }

    /// Follows PowerShell that is started: behind `-File`, and in the first place, is a file and its arguments, elsewhere
    /// and on its input is code.
    pub(super) fn powershell(&mut self, call: Call) {
        let mut at = 1;
        let mut takes_code = false;
        while let Some(option) =
            call.words.get(at).and_then(Argument::literal).filter(|it| it.starts_with('-') && it.len() > 1)
        {
            let name = option.trim_start_matches('-').to_ascii_lowercase();
            at += 1;
            takes_code = matches!(name.as_str(), "c" | "cwa" | "commandwithargs") || "command".starts_with(&name);
            if takes_code || "file".starts_with(&name) {
                break;
            }
            at += usize::from(OPTIONS_WITH_VALUE.iter().any(|known| known.starts_with(&name)));
        }
        let rest = call.words.get(at..).unwrap_or_default();
        match rest.split_first().filter(|(first, _)| !takes_code && is_script(first)) {
            Some((file, arguments)) => {
                let own: Vec<Id> = call.words[1..at].iter().flat_map(Argument::sources).collect();
                self.refuse(&own, "an option of PowerShell");
                let name = self.unchecked_file(file);
                self.refuse(&name, "a file that PowerShell runs, or its name");
                self.run(file.word);
                self.runs_file(file, arguments, Runner::Interpreter(POWERSHELL.to_owned()), call.scope);
                arguments.iter().for_each(|argument| self.not_an_option(argument));
            }
            None => {
                let words: Vec<String> = rest.iter().map(|word| text_of(word.word)).collect();
                let code: Vec<String> = [words.join(" ")].into_iter().chain(Self::input_text(call)).collect();
                if code.iter().any(|text| reads_environment(text)) {
                    let any = self.flow.id(Node::AnyVariable);
                    self.flow.edge(any, call.scope.out);
                }
                self.named_in_code(call, &code);
                code.into_iter().for_each(|code| self.embeds(Judge::PowerShell, code));
                self.runs_text(
                    vec![call.scope.stdin],
                    call.scope.arguments,
                    Runner::Interpreter(POWERSHELL.to_owned()),
                    call.scope,
                );
                self.remote(call);
            }
        }
    }

    fn demands_of_python(&mut self, text: &str, words: &Words) -> bool {
        if text.contains("import") {
            self.embedded.with_words.push((text.to_owned(), words.clone()));
        }
        self.demands_of_words(text, words)
    }

    fn demands_of_words(&mut self, text: &str, words: &Words) -> bool {
        let Some(demands) = python::demands_of_words(text) else { return false };
        for (number, finding) in demands {
            self.demanded(&words.at(number), &finding);
        }
        true
    }

    /// Judges the modules that the script writes: by themselves, and as a part of each program that imports them.
    fn judge_modules(&mut self) {
        let modules = self.texts_in_files(|name| name.ends_with(MODULE_END));
        let imported = |text: &str| -> String {
            let name = |file: &str| file.strip_suffix(MODULE_END).unwrap_or_default().to_owned();
            let imports = |file: &str| names_variable(text, &name(file)) && text.contains("import");
            modules
                .iter()
                .filter(|(file, own)| own != text && imports(file))
                .map(|(_, own)| format!("{own}\n"))
                .collect()
        };
        let with = |text: &str| Some(imported(text)).filter(|own| !own.is_empty()).map(|own| own + text);
        for (text, words) in std::mem::take(&mut self.embedded.with_words) {
            if let Some(text) = with(&text) {
                self.demands_of_words(&text, &words);
            }
        }
        let python = self.embedded.texts.iter().filter(|(judge, _)| *judge == Judge::Python);
        let whole: Vec<String> = python.filter_map(|(_, text)| with(text)).collect();
        let own = modules.iter().map(|(_, text)| text).filter(|text| python::demands_of_variables(text, &[]).is_some());
        let all: Vec<String> = own.cloned().chain(whole).collect();
        all.into_iter().for_each(|text| self.embeds(Judge::Python, text));
    }

    fn demands_of_powershell(&mut self, text: &str, words: &Words) -> bool {
        let Some(demands) = powershell::demands_of_words(text) else { return false };
        demands.iter().for_each(|finding| self.demanded(&words.at(None), finding));
        true
    }

    fn demanded(&mut self, nodes: &[Id], finding: &Finding) {
        if let Some(reason) = &finding.refusal {
            self.refuse(nodes, reason);
        }
        finding.requirements.iter().for_each(|requirement| self.require(nodes, *requirement));
    }

    /// Notes that code changes files by names which it may take from the environment.
    pub(super) fn changes_by_variables(&mut self, name: &str, text: &str) {
        if by_name::names_environment(text) && changing::changes_by_code(name, text) {
            self.embeds(Judge::Changing, text.to_owned());
        }
    }

    /// Judges the texts, when nothing more will become known of the variables.
    pub(super) fn settle_embedded(&mut self) {
        self.judge_modules();
        let mut texts = std::mem::take(&mut self.embedded.texts);
        texts.retain(|(_, text)| by_name::names_environment(text));
        if texts.is_empty() {
            return;
        }
        let variable = |(node, _): (&Node, usize)| match node {
            Node::Variable(name) => Some(name.clone()),
            _ => None,
        };
        let mut variables: Vec<String> = self.flow.with_text().filter_map(variable).collect();
        variables.sort();
        for (judge, text) in texts {
            let found = match judge {
                Judge::Python => python::demands_of_variables(&text, &variables),
                Judge::PowerShell => powershell::demands_of_variables(&text, &variables),
                Judge::Changing => {
                    let all = environment::is_listed(&text);
                    let named = variables.iter().filter(|name| all || names_variable(&text, name));
                    let named: Vec<Id> = named.map(|name| self.flow.id(Node::Variable(name.clone()))).collect();
                    self.require(&named, Requirement::InsidePath);
                    self.require(&named, Requirement::NotEmpty);
                    continue;
                }
            };
            for (at, name) in variables.iter().enumerate() {
                let variable = [self.flow.id(Node::Variable(name.clone()))];
                match &found {
                    Some(found) => found.get(at).into_iter().for_each(|finding| self.demanded(&variable, finding)),
                    None => self.refuse(&variable, UNREAD),
                }
            }
        }
    }
}
