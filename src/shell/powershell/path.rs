//! Files and folders that a PowerShell script makes, changes or takes away: payload text that names one
//! stays in its folder.

use super::lexer::Token;
use super::sink::{Holes, Judge};
use crate::shell::requirement::Requirement;

/// Commands all of whose arguments are names of files.
const NAMING_FILES: &[&str] = &[
    "remove-item",
    "ri",
    "rm",
    "del",
    "rd",
    "rmdir",
    "erase",
    "copy-item",
    "copy",
    "cp",
    "cpi",
    "move-item",
    "move",
    "mv",
    "mi",
    "rename-item",
    "ren",
    "rni",
    "mkdir",
    "md",
    "clear-content",
    "clc",
    "expand-archive",
    "compress-archive",
];

/// Commands that are given one first, and what is written there then.
const WRITING: &[&str] = &[
    "set-content",
    "sc",
    "add-content",
    "ac",
    "out-file",
    "tee-object",
    "tee",
    "new-item",
    "ni",
    "export-csv",
    "epcsv",
    "export-clixml",
    "start-transcript",
];

/// Commands that put what they fetch into one.
const FETCHING: &[&str] = &["invoke-webrequest", "iwr", "invoke-restmethod", "irm", "curl", "wget"];

/// The parameters that name one.
const PARAMETERS: &[&str] = &["-path", "-literalpath", "-lp", "-filepath", "-destination", "-outfile", "-newname"];

/// Types of .NET whose methods are given one first.
const TYPES: &[&str] = &["io.file", "io.directory", "io.fileinfo", "io.directoryinfo", "io.streamwriter"];

/// Beginnings of methods that change nothing.
const LOOKING: &[&str] = &["read", "exists", "get", "open", "enumerate"];

/// Beginnings of methods that are given the text to write after the name.
const WRITING_METHODS: &[&str] = &["write", "append", "create"];

impl Judge<'_> {
    /// Asks for a path that stays in its folder wherever a statement names a file by payload text.
    pub(super) fn paths(&mut self, tokens: &[Token]) {
        let mut named = self.of_methods(tokens);
        for command in tokens.split(|token| *token == Token::Mark('|')) {
            named.extend(self.of_command(command));
        }
        named.iter().for_each(|hole| self.require(*hole, Requirement::InsidePath));
    }

    /// Returns what names files in one command of a pipeline.
    fn of_command(&self, tokens: &[Token]) -> Holes {
        let Some(Token::Command(name)) = tokens.first() else { return Holes::new() };
        let name = name.to_ascii_lowercase();
        if NAMING_FILES.contains(&name.as_str()) {
            return self.sources(tokens);
        }
        if !WRITING.contains(&name.as_str()) && !FETCHING.contains(&name.as_str()) {
            return Holes::new();
        }
        // The members of a variable may name it as parameters do.
        let splatted = tokens.windows(2).filter(|pair| matches!(pair, [Token::Mark('@'), Token::Word(_)]));
        let mut named: Holes = splatted.flat_map(|pair| self.sources(pair)).collect();
        let places: Vec<usize> = (1..tokens.len()).filter(|at| is_parameter(&tokens[*at])).collect();
        for at in &places {
            named.extend(self.sources(argument(&tokens[at + 1..])));
        }
        if places.is_empty() && WRITING.contains(&name.as_str()) {
            named.extend(self.sources(argument(&tokens[1..])));
        }
        named
    }

    /// Returns what names files in calls such as `[IO.File]::Delete(…)`.
    fn of_methods(&self, tokens: &[Token]) -> Holes {
        let mut named = Holes::new();
        for (at, token) in tokens.iter().enumerate() {
            let Token::Word(word) = token else { continue };
            let word = word.to_ascii_lowercase();
            if !TYPES.contains(&word.strip_prefix("system.").unwrap_or(&word)) {
                continue;
            }
            let [Token::Mark(']'), Token::Word(method), Token::Mark('('), arguments @ ..] = &tokens[at + 1..] else {
                continue;
            };
            let method = method.trim_start_matches(':').to_ascii_lowercase();
            let begins = |words: &[&str]| words.iter().any(|word| method.starts_with(word));
            let first = arguments.split(|token| *token == Token::Mark(',')).next().unwrap_or_default();
            if begins(WRITING_METHODS) || method == "new" {
                named.extend(self.sources(first));
            } else if !begins(LOOKING) {
                named.extend(self.sources(arguments));
            }
        }
        named
    }
}

/// Returns the tokens of the first argument. One in quotes ends with its text; of several others in a row
/// nobody knows where the first ends.
fn argument(tokens: &[Token]) -> &[Token] {
    let is_part = |token: &&Token| matches!(token, Token::Text(_) | Token::Hole(_) | Token::Variable(_));
    let length = tokens.iter().take_while(is_part).count();
    let text = tokens[..length].iter().position(|token| matches!(token, Token::Text(_)));
    &tokens[..text.map_or(length, |at| at + 1)]
}

fn is_parameter(token: &Token) -> bool {
    matches!(token, Token::Word(word) if PARAMETERS.contains(&word.to_ascii_lowercase().trim_end_matches(':')))
}
