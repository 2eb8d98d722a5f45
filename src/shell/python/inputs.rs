//! Code of the author's that a Python script hands to a program: on its input, or in a file that it wrote before. It is
//! judged as the same command in bash, with the words behind it and with the environment.

use super::sink::Judge;
use super::tree::{Argument, Expr};
use crate::shell::bash::without_version;
use crate::shell::filename::base;
use crate::shell::outline::names_variable;
use crate::shell::program::{Holes, Part, Program};

/// The most texts of one input that are told apart.
const TEXTS_MAX: usize = 8;

/// Methods and functions that write the texts that they are given.
const WRITING: &[&str] = &["write", "writelines", "write_text", "write_bytes", "print"];

/// Programs that run the file which is one of their words: the option by which they run a text instead, and whether the
/// word behind that is the name of what runs.
const RUNNING: &[(&str, &str, bool)] = &[
    ("sh", "-c", true),
    ("bash", "-c", true),
    ("dash", "-c", true),
    ("zsh", "-c", true),
    ("ksh", "-c", true),
    ("python", "-c", false),
    ("python3", "-c", false),
    ("node", "-e", false),
    ("perl", "-e", false),
    ("ruby", "-e", false),
    ("php", "-r", false),
];

/// Programs whose code reads each variable of the environment by its name, in front of the shell.
const MAKES: &[&str] = &["make", "gmake"];

/// Words by which they read that code on their input.
const FROM_INPUT: &[&str] = &["-", "-f-", "--file=-", "--makefile=-"];

impl Judge<'_> {
    /// Notes the author's text that a call writes to files.
    pub(super) fn learn_contents(&mut self, callee: &Expr, arguments: &[Argument], files: &[String]) {
        if files.is_empty() || !callee.last_name().is_some_and(|name| WRITING.contains(&name)) {
            return;
        }
        let whole = |value: &Expr| self.texts(value, 0).join("\n");
        let given = arguments.iter().filter(|it| it.name.is_none()).flat_map(|it| match &it.value {
            Expr::List(items) => items.iter().map(whole).collect::<Vec<_>>(),
            value => vec![whole(value)],
        });
        let mut text: String = given.collect();
        if callee.last_name() == Some("print") {
            text.push('\n');
        }
        for file in files {
            self.contents.entry(base(file).to_owned()).or_default().push_str(&text);
        }
    }

    /// Returns the author's texts that a program may get on its input. `read` are the files that it reads there.
    pub(super) fn inputs(&self, arguments: &[Argument], read: &[String]) -> Vec<String> {
        let given = arguments.iter().filter(|it| it.name.as_deref() == Some("input"));
        let given = given.flat_map(|it| self.texts(&it.value, 0));
        // What it is given piece by piece is one text.
        let is_fed = arguments.iter().any(|it| it.name.as_deref() == Some("stdin")) && !self.fed_texts.is_empty();
        let fed = is_fed.then(|| self.fed_texts.concat());
        given
            .chain(fed)
            .chain(read.iter().filter_map(|file| self.contents.get(base(file)).cloned()))
            .take(TEXTS_MAX)
            .collect()
    }

    /// Returns a program with what it gets on its input, and as it is with the text of each file of the script's that it
    /// runs.
    pub(super) fn with_code(&self, program: &Program, inputs: &[String]) -> Vec<Program> {
        let with_text = |text: Option<&String>| Program { text: text.cloned(), ..program.clone() };
        let mut all: Vec<Program> = inputs.iter().map(|text| with_text(Some(text))).collect();
        // An interpreter does the same with a text among its words.
        for text in inputs {
            all.extend(as_word(&program.words, text).map(|words| Program { words, ..with_text(None) }));
        }
        if all.is_empty() {
            all.push(with_text(None));
        }
        for at in 0..program.words.len() {
            if let Some(words) = self.with_contents(&program.words, at) {
                all.push(Program { words, ..with_text(None) });
            }
        }
        all
    }

    /// Returns the words of a program with the text of a file of the script's, where the word at a place is such a file
    /// and the program runs it.
    fn with_contents(&self, words: &[Vec<Part>], at: usize) -> Option<Vec<Vec<Part>>> {
        let [Part::Text(file)] = words[at].as_slice() else { return None };
        let contents = self.contents.get(base(file))?;
        // A file that is started itself says in its first line what runs it; a shell where it says nothing.
        let (mut changed, (_, option, is_named)) = match at {
            0 => {
                let first = contents.lines().next().filter(|line| line.starts_with("#!")).unwrap_or_default();
                let program = first.rsplit(['/', ' ']).next().map(text)?;
                let shell = RUNNING.first()?;
                row(&program).map_or_else(|| (vec![text("sh")], shell), |row| (vec![program.clone()], row))
            }
            at => (words[..at].to_vec(), words[..at].iter().rev().find_map(|word| row(word))?),
        };
        changed.extend([text(option), text(contents)]);
        changed.extend(is_named.then(|| text(file)));
        changed.extend(words[at + 1..].iter().cloned());
        Some(changed)
    }

    /// Returns the payload text in variables that the author's code for `make` names, which it reads on its input.
    pub(super) fn named_for_make(&self, program: &Program, inputs: &[String]) -> Holes {
        let is_word = |wanted: &&str| program.words.contains(&vec![Part::Text((*wanted).to_owned())]);
        if !program.name().is_some_and(|name| MAKES.contains(&name)) || !FROM_INPUT.iter().any(is_word) {
            return Holes::new();
        }
        let is_named = |name: &String| inputs.iter().any(|text| names_variable(text, name));
        program.environment.iter().filter(|(name, _)| is_named(name)).flat_map(|(_, holes)| holes).copied().collect()
    }
}

/// Returns a word that is all the author's.
fn text(text: &str) -> Vec<Part> {
    vec![Part::Text(text.to_owned())]
}

/// Returns how a word's program is given a text to run instead of a file.
fn row(word: &[Part]) -> Option<&'static (&'static str, &'static str, bool)> {
    let [Part::Text(name)] = word else { return None };
    RUNNING.iter().find(|(program, ..)| *program == without_version(base(name)))
}

/// Returns the words of an interpreter that reads its code on its input, with the code among them.
fn as_word(words: &[Vec<Part>], code: &str) -> Option<Vec<Vec<Part>>> {
    let (at, (_, option, is_named)) = words.iter().enumerate().rev().find_map(|(at, word)| Some((at, row(word)?)))?;
    let behind = &words[at + 1..];
    let own = behind
        .iter()
        .position(|word| *word == text("-") || !matches!(word.as_slice(), [Part::Text(it)] if it.starts_with('-')));
    let (options, rest) = behind.split_at(own.unwrap_or(behind.len()));
    let is_input = rest.first().is_none_or(|word| *word == text("-"));
    (!is_named && is_input).then(|| {
        let given = rest.iter().skip(1).cloned();
        [&words[..=at], options, &[text(option), text(code)]].concat().into_iter().chain(given).collect()
    })
}
