//! Commands, lists and compound commands of bash.
//!
//! The parser copies the author's text as it reads it and writes a reference in place of each
//! hole. Reserved words that only begin or end a group (`if`, `then`, `do`, `{`, …) are read as
//! words after which a command begins; what has a shape of its own (`for`, `case`, `[[`,
//! functions) is read as such.

use super::cursor::{Cursor, Unit};
use super::heredoc::Pending;
use super::requirement::{Judgement, Requirement};
use super::word::Word;
use super::{AnalysedHole, Analysis, Place, sink, variable};
use crate::taint::Text;
use std::collections::HashMap;
use std::marker::PhantomData;

/// The deepest nesting of substitutions and groups that is read.
const DEPTH_MAX: usize = 50;

/// Words after which a command begins.
const LEADING: [&str; 12] = ["if", "then", "elif", "else", "while", "until", "do", "{", "!", "time", "coproc", "-p"];
/// Operators of `[[` and `[` that compare numbers.
const NUMERIC: [&str; 6] = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

/// Something that this parser does not read; told after "payload text can't be".
pub(super) struct Unreadable(pub(super) &'static str);

/// What ends a list of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The end of the script.
    Script,
    /// `)`
    Paren,
    /// `` ` ``
    Backtick,
    /// `;;`, `;&`, or `esac`.
    CaseItem,
}

/// The parser.
pub(super) struct Bash<'s> {
    pub(super) cursor: Cursor,
    pub(super) out: String,
    pub(super) pending: Vec<Pending>,
    /// Parts of `out` to be replaced at the end.
    pub(super) patches: Vec<(std::ops::Range<usize>, String)>,
    pub(super) depth: usize,
    pub(super) saw_backslash: bool,
    holes: Vec<Option<AnalysedHole>>,
    seen: usize,
    /// Shell variables that were given text with holes in it.
    assigned: HashMap<String, Vec<usize>>,
    /// Shell variables whose value is evaluated, and what it must be.
    used: Vec<(String, Requirement, &'static str)>,
    script: PhantomData<&'s Text>,
}

/// A simple command after it was read.
#[derive(Default)]
pub(super) struct Command {
    /// Its words, assignments before them left out.
    pub(super) words: Vec<Word>,
    /// What it reads from here-strings.
    pub(super) input: Vec<usize>,
    /// Shell variables in its here-strings.
    pub(super) input_variables: Vec<String>,
    /// Whether it reads what the command before it prints.
    pub(super) is_piped: bool,
}

pub(super) fn analyse(script: &Text) -> Analysis {
    let cursor = Cursor::new(script);
    let count = cursor.segments.len();
    let mut bash = Bash {
        cursor,
        out: String::with_capacity(script.len() + 32 * count),
        pending: Vec::new(),
        patches: Vec::new(),
        depth: 0,
        saw_backslash: false,
        holes: vec![None; count],
        seen: 0,
        assigned: HashMap::new(),
        used: Vec::new(),
        script: PhantomData,
    };
    match bash.list(End::Script) {
        Ok(()) => bash.follow_variables(),
        Err(unreadable) => bash.refuse_all(&unreadable),
    }
    bash.finish()
}

impl Bash<'_> {
    /// Reads commands up to an end, which is read too.
    pub(super) fn list(&mut self, end: End) -> Result<(), Unreadable> {
        self.deeper()?;
        loop {
            self.blanks_and_breaks()?;
            match self.cursor.peek() {
                None if end == End::Script => break,
                None => return Err(Unreadable("in a substitution that is not closed")),
                Some(Unit::Char(')')) if end == End::Paren => {
                    self.take();
                    break;
                }
                Some(Unit::Char('`')) if end == End::Backtick => {
                    self.take();
                    break;
                }
                Some(Unit::Char(';')) if end == End::CaseItem && self.is_case_end() => break,
                Some(Unit::Char(';' | '&' | '|')) => self.take(),
                Some(Unit::Char(')')) => return Err(Unreadable("in a script with an unexpected `)`")),
                Some(_) => {
                    if self.command(end)? {
                        break;
                    }
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads commands nested in a word.
    pub(super) fn nested(&mut self, end: End) -> Result<(), Unreadable> {
        let pending = std::mem::take(&mut self.pending);
        self.list(end)?;
        let unfinished = std::mem::replace(&mut self.pending, pending);
        if unfinished.is_empty() { Ok(()) } else { Err(Unreadable("in a here-document that has no body")) }
    }

    fn is_case_end(&self) -> bool {
        self.cursor.looks_at(";;") || self.cursor.looks_at(";&")
    }

    /// Reads one command. Says whether it was the `esac` that ends a case item.
    fn command(&mut self, end: End) -> Result<bool, Unreadable> {
        let mut command = Command { is_piped: self.follows_pipe(), ..Command::default() };
        let first_pending = self.pending.len();
        if self.cursor.looks_at("((") {
            self.take_all("((");
            self.arithmetic("))")?;
            return self.rest(command, first_pending, end);
        }
        if self.cursor.looks_at("(") {
            self.take();
            self.nested(End::Paren)?;
            return self.rest(command, first_pending, end);
        }
        loop {
            self.blanks()?;
            match self.cursor.peek() {
                Some(Unit::Char('<' | '>')) if !self.is_process_substitution() => self.redirection(&mut command)?,
                Some(Unit::Char('&')) if self.cursor.looks_at("&>") => self.redirection(&mut command)?,
                Some(Unit::Char(letter)) if ends_command(letter) => break,
                Some(Unit::Char('`')) if end == End::Backtick => break,
                None => break,
                Some(_) => {
                    let word = self.word((end == End::Backtick).then_some('`'))?;
                    if let Some(is_esac) = self.compound(&word, &command, end)? {
                        if is_esac {
                            return Ok(true);
                        }
                        return self.rest(Command::default(), first_pending, end);
                    }
                    self.take_word(word, &mut command)?;
                }
            }
            if self.cursor.looks_at("(") {
                self.function(&command)?;
                return Ok(false);
            }
        }
        self.complete(command, first_pending);
        Ok(false)
    }

    /// Reads redirections behind a compound command.
    fn rest(&mut self, mut command: Command, first_pending: usize, end: End) -> Result<bool, Unreadable> {
        loop {
            self.blanks()?;
            match self.cursor.peek() {
                Some(Unit::Char('<' | '>')) => self.redirection(&mut command)?,
                Some(Unit::Char('&')) if self.cursor.looks_at("&>") => self.redirection(&mut command)?,
                Some(Unit::Char('0'..='9')) => self.take(),
                Some(Unit::Char('`')) if end == End::Backtick => break,
                Some(Unit::Char(letter)) if ends_command(letter) => break,
                None => break,
                Some(_) => return self.command(end),
            }
        }
        self.complete(command, first_pending);
        Ok(false)
    }

    /// Reads what begins with a reserved word. `None` for a word of a simple command; otherwise
    /// whether it was `esac` at the end of a case item.
    fn compound(&mut self, word: &Word, command: &Command, end: End) -> Result<Option<bool>, Unreadable> {
        if !command.words.is_empty() || word.is_quoted || !word.is_literal {
            return Ok(None);
        }
        match word.text.as_str() {
            "esac" if end == End::CaseItem => return Ok(Some(true)),
            "for" | "select" => self.for_loop()?,
            "case" => self.case()?,
            "[[" => self.conditional()?,
            "function" => {
                self.blanks()?;
                let name = self.word(None)?;
                self.refuse_holes(&name, "the name of a function");
                self.blanks()?;
                if self.cursor.looks_at("()") {
                    self.take_all("()");
                }
            }
            leading if LEADING.contains(&leading) => {}
            _ => return Ok(None),
        }
        Ok(Some(false))
    }

    fn take_word(&mut self, word: Word, command: &mut Command) -> Result<(), Unreadable> {
        let is_number = word.is_literal && !word.text.is_empty() && word.text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && matches!(self.cursor.peek(), Some(Unit::Char('<' | '>'))) {
            return Ok(());
        }
        let assigned = word.assigned_name().filter(|_| command.words.is_empty()).map(str::to_owned);
        match assigned {
            Some(name) => self.assign(&name, &word),
            None => command.words.push(word),
        }
        Ok(())
    }

    /// Notes that a shell variable was given text with holes, or the text of another one.
    pub(super) fn assign(&mut self, name: &str, word: &Word) {
        let from_variables = word.variables.iter().filter_map(|other| self.assigned.get(other)).flatten();
        let holes: Vec<usize> = word.holes.iter().chain(from_variables).copied().collect();
        if holes.is_empty() {
            return;
        }
        if sink::is_special_variable(name) {
            for &hole in &holes {
                self.judge(hole, Judgement::refused("the value of a variable that programs obey"));
            }
        }
        self.assigned.entry(name.to_owned()).or_default().extend(holes);
    }

    fn function(&mut self, command: &Command) -> Result<(), Unreadable> {
        match command.words.as_slice() {
            [name] if self.cursor.looks_at("()") => {
                self.refuse_holes(name, "the name of a function");
                self.take_all("()");
                Ok(())
            }
            _ => Err(Unreadable("in a command with parentheses")),
        }
    }

    fn for_loop(&mut self) -> Result<(), Unreadable> {
        self.blanks()?;
        if self.cursor.looks_at("((") {
            self.take_all("((");
            return self.arithmetic("))");
        }
        let name = self.word(None)?;
        self.refuse_holes(&name, "the name of a variable");
        self.blanks_and_breaks()?;
        if !self.cursor.looks_at("in") {
            return Ok(());
        }
        self.take_all("in");
        loop {
            self.blanks()?;
            match self.cursor.peek() {
                None => return Ok(()),
                Some(Unit::Char(letter)) if ends_command(letter) => return Ok(()),
                Some(_) => {
                    let item = self.word(None)?;
                    self.assign(&name.text, &item);
                }
            }
        }
    }

    fn case(&mut self) -> Result<(), Unreadable> {
        self.blanks()?;
        self.word(None)?;
        self.blanks_and_breaks()?;
        if !self.cursor.looks_at("in") {
            return Err(Unreadable("in a `case` without `in`"));
        }
        self.take_all("in");
        loop {
            self.blanks_and_breaks()?;
            if self.cursor.looks_at("esac") {
                self.take_all("esac");
                return Ok(());
            }
            if self.cursor.looks_at("(") {
                self.take();
            }
            self.case_pattern()?;
            let before = self.cursor.at;
            self.list(End::CaseItem)?;
            if !self.is_case_end() {
                // The list ended with `esac` itself.
                return Ok(());
            }
            self.take_all(if self.cursor.looks_at(";;&") { ";;&" } else { ";;" });
            if self.cursor.at == before {
                return Err(Unreadable("in a `case`"));
            }
        }
    }

    fn case_pattern(&mut self) -> Result<(), Unreadable> {
        loop {
            self.blanks()?;
            let before = self.cursor.at;
            self.word(None)?;
            self.blanks()?;
            if self.cursor.looks_at(")") {
                self.take();
                return Ok(());
            }
            if !self.cursor.looks_at("|") || self.cursor.at == before {
                return Err(Unreadable("in a pattern of `case`"));
            }
            self.take();
        }
    }

    /// Reads `[[ … ]]` behind its first bracket word.
    fn conditional(&mut self) -> Result<(), Unreadable> {
        let mut words: Vec<Word> = Vec::new();
        loop {
            self.blanks_and_breaks()?;
            match self.cursor.peek() {
                None => return Err(Unreadable("in `[[` that is not closed")),
                Some(Unit::Char('(' | ')' | '<' | '>' | '&' | '|')) => {
                    if words.last().is_some_and(|word| word.is_bare("=~")) {
                        return Err(Unreadable("in a regular expression of this form"));
                    }
                    self.take();
                }
                Some(_) => {
                    let word = self.word(None)?;
                    let is_regex = words.last().is_some_and(|word| word.is_bare("=~"));
                    if is_regex && matches!(self.cursor.peek(), Some(Unit::Char('(' | ')' | '|' | '<' | '>'))) {
                        self.regex_rest()?;
                    }
                    if word.is_bare("]]") {
                        self.judge_test(&words);
                        return Ok(());
                    }
                    if word.is_literal && word.text.is_empty() && !word.is_quoted {
                        return Err(Unreadable("in `[[`"));
                    }
                    words.push(word);
                }
            }
        }
    }

    /// Reads a regular expression on from its first parenthesis or bar.
    fn regex_rest(&mut self) -> Result<(), Unreadable> {
        while let Some(unit) = self.cursor.peek() {
            match unit {
                Unit::Char(' ' | '\t' | '\n') => return Ok(()),
                Unit::Char('(' | ')' | '|' | '<' | '>') => self.take(),
                _ => {
                    let before = self.cursor.at;
                    self.word(None)?;
                    if self.cursor.at == before {
                        return Err(Unreadable("in a regular expression"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Numbers that are compared must be numbers; `-v` evaluates what it is given.
    pub(super) fn judge_test(&mut self, words: &[Word]) {
        for (place, operator) in words.iter().enumerate().filter(|(_, word)| word.is_literal) {
            let neighbours: &[Option<usize>] = match operator.text.as_str() {
                text if NUMERIC.contains(&text) => &[place.checked_sub(1), Some(place + 1)],
                "-v" | "-R" => &[Some(place + 1)],
                _ => continue,
            };
            for word in neighbours.iter().flatten().filter_map(|&at| words.get(at)) {
                self.require_of_word(word, Requirement::Integer, "a number that is compared");
            }
        }
    }

    /// Reads one redirection.
    fn redirection(&mut self, command: &mut Command) -> Result<(), Unreadable> {
        if self.cursor.looks_at("<<<") {
            self.take_all("<<<");
            self.blanks()?;
            let word = self.word(None)?;
            command.input.extend(word.holes);
            command.input_variables.extend(word.variables);
            return Ok(());
        }
        if self.cursor.looks_at("<<") {
            return self.here_document_start();
        }
        while let Some(Unit::Char('<' | '>' | '&' | '|')) = self.cursor.peek() {
            if self.is_process_substitution() {
                break;
            }
            self.take();
        }
        self.blanks()?;
        let target = self.word(None)?;
        self.require_of_word(&target, Requirement::Plain, "the target of a redirection");
        Ok(())
    }

    fn here_document_start(&mut self) -> Result<(), Unreadable> {
        let strips_tabs = self.cursor.looks_at("<<-");
        self.take_all(if strips_tabs { "<<-" } else { "<<" });
        self.blanks()?;
        let start = self.out.len();
        let word = self.word(None)?;
        if !word.is_literal {
            return Err(Unreadable("the delimiter of a here-document"));
        }
        let written = start..self.out.len();
        self.pending.push(Pending {
            delimiter: word.text,
            is_quoted: word.is_quoted,
            strips_tabs,
            is_code: false,
            written,
        });
        Ok(())
    }

    /// Judges a command that was read, and the here-documents that it reads.
    fn complete(&mut self, command: Command, first_pending: usize) {
        let reads_code = sink::judge(self, &command);
        if reads_code {
            let first = first_pending.min(self.pending.len());
            self.pending[first..].iter_mut().for_each(|pending| pending.is_code = true);
            for &hole in &command.input {
                self.judge(hole, Judgement::requires(Requirement::Plain, sink::INPUT));
            }
            for name in command.input_variables {
                self.uses(name, Requirement::Plain, sink::INPUT);
            }
            if command.is_piped {
                (0..self.seen).for_each(|hole| self.judge(hole, Judgement::requires(Requirement::Plain, sink::INPUT)));
            }
        }
    }

    /// Says whether the command that begins here reads what the one before prints.
    fn follows_pipe(&self) -> bool {
        let before = self.out.trim_end();
        (before.ends_with('|') && !before.ends_with("||")) || before.ends_with("|&")
    }

    fn is_process_substitution(&self) -> bool {
        self.cursor.looks_at("<(") || self.cursor.looks_at(">(")
    }

    /// Notes where a hole stands. Without more, any value will do.
    pub(super) fn stands(&mut self, hole: usize, place: Place) {
        self.seen = self.seen.max(hole + 1);
        let judgement = Judgement::requires(Requirement::Anything, "here");
        let segment = self.cursor.segments[hole];
        self.holes[hole] = Some(AnalysedHole { segment, line: self.cursor.line, place, judgement });
    }

    /// Makes a hole's judgement stronger.
    pub(super) fn judge(&mut self, hole: usize, judgement: Judgement) {
        if let Some(known) = &mut self.holes[hole] {
            known.judgement.strengthen(judgement);
        }
    }

    /// Notes that a shell variable's value is evaluated.
    pub(super) fn uses(&mut self, name: String, requirement: Requirement, reason: &'static str) {
        self.used.push((name, requirement, reason));
    }

    /// Requires something of all holes in a word, and of all variables in it.
    pub(super) fn require_of_word(&mut self, word: &Word, requirement: Requirement, reason: &'static str) {
        for &hole in &word.holes {
            self.judge(hole, Judgement::requires(requirement, reason));
        }
        for name in &word.variables {
            self.uses(name.clone(), requirement, reason);
        }
    }

    fn refuse_holes(&mut self, word: &Word, reason: &str) {
        word.holes.iter().for_each(|&hole| self.judge(hole, Judgement::refused(reason)));
    }

    /// Requires of the holes in a variable what its uses require, wherever they stand: a loop or
    /// a function may use it before it is assigned.
    fn follow_variables(&mut self) {
        for (name, requirement, reason) in std::mem::take(&mut self.used) {
            for hole in self.assigned.get(&name).cloned().unwrap_or_default() {
                self.judge(hole, Judgement::requires(requirement, reason));
            }
        }
    }

    /// Refuses every hole: what came before the unreadable place may have been misread, too.
    fn refuse_all(&mut self, unreadable: &Unreadable) {
        let line = self.cursor.line;
        for hole in 0..self.holes.len() {
            let segment = self.cursor.segments[hole];
            let reason = if hole < self.seen {
                format!("in this script: from line {line} on it can't be read, a part stands {}", unreadable.0)
            } else {
                unreadable.0.to_owned()
            };
            let line = self.holes[hole].as_ref().map_or(line, |known| known.line);
            let judgement = Judgement::refused(&reason);
            self.holes[hole] = Some(AnalysedHole { segment, line, place: Place::Word, judgement });
        }
    }

    fn finish(mut self) -> Analysis {
        self.patches.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        for (range, text) in self.patches {
            self.out.replace_range(range, &text);
        }
        let holes = self.holes.into_iter().map(|hole| hole.expect("a script that was read has judged every hole"));
        Analysis { script: self.out, holes: holes.collect() }
    }

    /// Skips blanks and line continuations, copying them.
    pub(super) fn blanks(&mut self) -> Result<(), Unreadable> {
        loop {
            match self.cursor.peek() {
                Some(Unit::Char(' ' | '\t')) => self.take(),
                Some(Unit::Char('\\')) if self.cursor.peek_at(1) == Some(Unit::Char('\n')) => {
                    self.take();
                    self.take();
                }
                _ => return Ok(()),
            }
        }
    }

    /// Skips blanks, line breaks with the here-documents behind them, and comments.
    pub(super) fn blanks_and_breaks(&mut self) -> Result<(), Unreadable> {
        loop {
            self.blanks()?;
            match self.cursor.peek() {
                Some(Unit::Char('\n')) => {
                    self.take();
                    self.here_documents()?;
                }
                Some(Unit::Char('#')) => self.comment(),
                _ => return Ok(()),
            }
        }
    }

    /// Copies a comment; a hole in it becomes its variable's name, which no value can end.
    fn comment(&mut self) {
        while let Some(unit) = self.cursor.peek() {
            match unit {
                Unit::Char('\n') => return,
                Unit::Char(_) => self.take(),
                Unit::Hole(hole) => {
                    self.cursor.next();
                    self.out.push_str(&variable(hole));
                    self.stands(hole, Place::Comment);
                }
            }
        }
    }

    pub(super) fn deeper(&mut self) -> Result<(), Unreadable> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Unreadable("in a script that is nested this deep")) } else { Ok(()) }
    }

    /// Returns how many holes have been read.
    pub(super) fn cursor_holes(&self) -> usize {
        self.seen
    }

    /// Copies one character of the author's.
    pub(super) fn take(&mut self) {
        if let Some(Unit::Char(letter)) = self.cursor.next() {
            self.out.push(letter);
        }
    }

    pub(super) fn take_all(&mut self, text: &str) {
        text.chars().for_each(|_| self.take());
    }
}

fn ends_command(letter: char) -> bool {
    matches!(letter, '\n' | ';' | '&' | '|' | ')')
}
