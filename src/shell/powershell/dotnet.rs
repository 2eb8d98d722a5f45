//! What methods and types of .NET make of text: some run it, some take it for a path, an address or a format.
//! One that no table knows takes data.

use super::sink::Judge;
use super::token::{Bracket, Piece, Token, parts, trimmed};
use crate::shell::program::Holes;
use crate::shell::requirement::Requirement;

/// Parts of names of types that run, load or look up what they are given.
const RUNNING_TYPES: &[&str] = &[
    "process",
    "processstartinfo",
    "scriptblock",
    "activator",
    "assembly",
    "appdomain",
    "reflection",
    "runspaces",
    "runspace",
    "runspacefactory",
    "automation",
    "powershell",
    "type",
    "csharpcodeprovider",
    "codedom",
    "wmiclass",
    "wmi",
    "wmisearcher",
    "managementclass",
    "managementobject",
    "managementobjectsearcher",
    "interopservices",
    "marshal",
    "xamlreader",
    "binaryformatter",
    "interaction",
    "sqlcommand",
    "dynamicmethod",
    "assemblybuilder",
    "adsi",
    "adsisearcher",
    "ps",
    "initialsessionstate",
    "assemblyloadcontext",
    "nativelibrary",
    "xslcompiledtransform",
];

/// Types among these that hold data.
const DATA_TYPES: &[&str] = &[
    "pscredential",
    "psobject",
    "pscustomobject",
    "wildcardpattern",
    "errorrecord",
    "semanticversion",
    "switchparameter",
];

/// Methods that run their arguments, on whatever they are called.
const RUNNING_METHODS: &[&str] = &[
    "invoke",
    "invokescript",
    "newscriptblock",
    "expandstring",
    "createcommand",
    "addscript",
    "addcommand",
    "addstatement",
    "invokereturnasis",
    "invokewithcontext",
    "invokemember",
    "invokecommand",
    "loadfrom",
    "loadfile",
    "createinstance",
    "gettype",
    "getmethod",
    "shellexecute",
    "exec",
    "run",
    "eval",
    "execute",
    "expandenvironmentvariables",
    "start",
    "executenonquery",
    "executescalar",
    "compileassemblyfromsource",
    "loadwithpartialname",
    "unsafeloadfrom",
    "addtypeaccelerator",
];

/// Types of .NET whose methods are given a path first.
const FILE_TYPES: &[&str] = &[
    "io.file",
    "io.directory",
    "io.fileinfo",
    "io.directoryinfo",
    "io.streamwriter",
    "io.filestream",
    "io.compression.zipfile",
    "io.streamreader",
    "io.filesystem",
];

/// Beginnings of their methods that change nothing.
const LOOKING: &[&str] = &["read", "exists", "get", "open", "enumerate"];

/// Beginnings of methods that are given the text to write after the path.
const WRITING: &[&str] = &["write", "append", "create"];

/// Methods that are given an address first, and those that are given a path behind it.
const ASKING: &[&str] = &[
    "downloadstring",
    "downloaddata",
    "uploadstring",
    "uploaddata",
    "openread",
    "openwrite",
    "getstringasync",
    "getasync",
    "postasync",
    "putasync",
    "sendasync",
    "deleteasync",
    "getbytearrayasync",
    "getstreamasync",
];
const FETCHING: &[&str] = &["downloadfile", "downloadfileasync", "downloadfiletaskasync", "uploadfile"];

/// Methods whose first argument is a format if others follow.
const FORMATTING: &[&str] = &["format", "appendformat", "writeline", "write"];

impl<'j> Judge<'j> {
    /// Judges the calls, casts and formats of an expression.
    pub(super) fn expression(&mut self, tokens: &'j [Token]) {
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Mark('[') => self.typed(&tokens[at..]),
                Token::Variable(name) => self.typed_by_variable(name, &tokens[at + 1..]),
                Token::Word(word) => self.member(word, tokens, at),
                Token::Mark('.') => self.named_member(tokens, at),
                _ => {}
            }
        }
    }

    /// Judges `[type]::method(…)` and `[type]…`.
    fn typed(&mut self, tokens: &'j [Token]) {
        let [Token::Mark('['), Token::Word(kind), Token::Mark(']'), rest @ ..] = tokens else { return };
        match rest {
            [Token::Word(member), Token::Group(Bracket::Round, group), ..] if member.starts_with("::") => {
                self.called_of(kind, member.trim_start_matches(':'), &parts(group));
            }
            _ if runs(kind) => {
                let end =
                    rest.iter().position(|token| matches!(token, Token::Mark(',') | Token::Space | Token::Assign));
                let sources = self.taint.sources(&rest[..end.unwrap_or(rest.len())]);
                self.refuse_code(&sources, &format!("made a `[{kind}]`, which runs or looks up text"));
            }
            _ => {}
        }
    }

    /// Judges `$type::method(…)`.
    fn typed_by_variable(&mut self, name: &str, rest: &'j [Token]) {
        let [Token::Word(member), Token::Group(Bracket::Round, group), ..] = rest else { return };
        let Some(method) = member.strip_prefix("::") else { return };
        let kinds = self.taint.names.types(name);
        let given = parts(group);
        if kinds.is_empty() {
            let sources: Holes = given.iter().flat_map(|part| self.taint.sources(part)).collect();
            self.refuse_code(&sources, &format!("an argument of `{method}` of a type that is not known"));
        }
        kinds.iter().for_each(|kind| self.called_of(kind, method, &given));
    }

    /// Judges a method of a type.
    fn called_of(&mut self, kind: &str, method: &str, given: &[&[Token]]) {
        let kind = plain_type(kind);
        let method = method.to_ascii_lowercase();
        let all: Holes = given.iter().flat_map(|part| self.taint.sources(part)).collect();
        let first = given.first().copied().unwrap_or_default();
        if method == "new" {
            return self.made(&kind, given);
        }
        if kind == "diagnostics.process" && method == "start" {
            self.command_line(given);
        }
        if runs(&kind) {
            return self.refuse_code(&all, &format!("an argument of `[{kind}]`, which runs or looks up text"));
        }
        if is_file_type(&kind) {
            self.file_method(&method, given);
        }
        if kind == "environment" && method == "setenvironmentvariable" {
            self.set_environment(given);
        }
        if kind == "environment" && method == "getenvironmentvariable" {
            let named = self.taint.sources(first);
            self.refuse_code(&named, "the name of a variable");
        }
        if method == "create" && kind.ends_with("webrequest") {
            let sources = self.taint.sources(first);
            self.address(first, &sources);
        }
    }

    /// Judges an object that is made of arguments.
    pub(super) fn made(&mut self, kind: &str, given: &[&[Token]]) {
        let kind = plain_type(kind);
        let all: Holes = given.iter().flat_map(|part| self.taint.sources(part)).collect();
        if kind == "diagnostics.processstartinfo" {
            self.command_line(given);
        }
        if runs(&kind) {
            return self.refuse_code(&all, &format!("what a `[{kind}]` is made of, which runs or looks up text"));
        }
        if is_file_type(&kind) {
            let named = given.first().map(|part| self.taint.sources(part)).unwrap_or_default();
            self.require(&named, Requirement::InsidePath);
        }
    }

    fn file_method(&mut self, method: &str, given: &[&[Token]]) {
        let begins = |words: &[&str]| words.iter().any(|word| method.starts_with(word));
        let Some((first, others)) = given.split_first() else { return };
        let named = self.taint.sources(first);
        let content: Holes = others.iter().flat_map(|part| self.taint.sources(part)).collect();
        if begins(WRITING) {
            self.require(&named, Requirement::InsidePath);
            self.written(first, &content);
        } else if !begins(LOOKING) {
            self.require(&named, Requirement::InsidePath);
            self.require(&content, Requirement::InsidePath);
            if let Some(target) = others.first() {
                let copied: Holes =
                    self.taint.names.files(first).known.iter().flat_map(|name| self.taint.file(name)).collect();
                self.written(target, &copied);
            }
        }
    }

    fn set_environment(&mut self, given: &[&[Token]]) {
        let [name, value, ..] = given else { return };
        let named = self.taint.sources(name);
        self.refuse_code(&named, "the name of a variable");
        let sources = self.taint.sources(value);
        let texts = self.taint.names.texts(name);
        texts.known.iter().for_each(|name| self.obeyed(name, &sources));
        if !texts.is_complete {
            self.refuse_code(&sources, "the value of a variable whose name is not known");
        }
    }

    /// Judges an operator, or a method by its name alone.
    fn member(&mut self, word: &str, tokens: &'j [Token], at: usize) {
        let lower = word.to_ascii_lowercase();
        let is_expression = !tokens[..at].iter().any(|token| matches!(token, Token::Command(_)));
        if lower == "-f" && is_expression {
            let start = tokens[..at].iter().rposition(|token| *token == Token::Assign).map_or(0, |at| at + 1);
            return self.format(&tokens[start..at]);
        }
        // `$text -as [type]` looks up the type that the text names.
        if lower == "-as" && is_expression {
            let looks_up = match trimmed(&tokens[at + 1..]) {
                [Token::Mark('['), Token::Word(kind), Token::Mark(']'), ..] => runs(kind),
                [Token::Text(pieces), ..] => {
                    pieces.iter().all(|piece| matches!(piece, Piece::Text(kind) if runs(kind.trim_matches(['[', ']']))))
                }
                _ => true,
            };
            let sources = if looks_up { self.taint.sources(&tokens[..at]) } else { Holes::new() };
            return self.refuse_code(&sources, "made a type or a block by `-as`, which looks up or runs text");
        }
        // `$o.psobject.methods[$name]` is the method of that name.
        if [".methods", ".members", ".properties"].iter().any(|end| lower.ends_with(end))
            && let Some([Token::Mark('['), index @ ..]) = tokens.get(at + 1..)
        {
            let end = index.iter().position(|token| *token == Token::Mark(']')).unwrap_or(index.len());
            let sources = self.taint.sources(&index[..end]);
            self.refuse_code(&sources, "the name of a member");
        }
        // `$o.$name` and `$o."name"`.
        if matches!(word, "::") {
            return self.named_member(tokens, at);
        }
        let Some(method) = lower.strip_prefix("::").or(lower.strip_prefix('.')) else { return };
        let method = method.rsplit('.').next().unwrap_or_default();
        let Some(Token::Group(Bracket::Round, group)) = tokens.get(at + 1) else { return };
        let given = parts(group);
        let all: Holes = given.iter().flat_map(|part| self.taint.sources(part)).collect();
        let first = given.first().copied().unwrap_or_default();
        let named = self.taint.sources(first);
        if method == "start" {
            // A process whose program and words were given to its members before.
            let begin = tokens[..at].iter().rposition(|it| matches!(it, Token::Assign | Token::Space | Token::Mark(_)));
            let owner = self.taint.sources(&tokens[begin.map_or(0, |it| it + 1)..at]);
            self.refuse_code(&owner, "a program that is started, or a word for it");
        }
        if RUNNING_METHODS.contains(&method) {
            self.refuse_code(&all, &format!("an argument of `{method}`, which runs or looks up text"));
        } else if ASKING.contains(&method) {
            self.address(first, &named);
        } else if FETCHING.contains(&method) {
            self.address(first, &named);
            let behind: Holes = given.iter().skip(1).flat_map(|part| self.taint.sources(part)).collect();
            self.require(&behind, Requirement::InsidePath);
        } else if FORMATTING.contains(&method) && given.len() > 1 {
            self.format(first);
        }
    }

    /// Refuses payload text as the name of a member: `$o.$name`.
    fn named_member(&mut self, tokens: &'j [Token], at: usize) {
        let is_behind = at > 0 && !matches!(tokens[at - 1], Token::Space | Token::Assign | Token::Mark(_));
        let Some(named @ (Token::Text(_) | Token::Variable(_) | Token::Group(Bracket::Round, _))) = tokens.get(at + 1)
        else {
            return;
        };
        if is_behind || matches!(tokens.get(at.wrapping_sub(1)), Some(Token::Mark(']'))) {
            let sources = self.taint.sources(std::slice::from_ref(named));
            self.refuse_code(&sources, "the name of a member");
        }
    }
}

/// Returns the name of a type in small letters, without `System.`.
fn plain_type(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    lower.strip_prefix("system.").unwrap_or(&lower).to_owned()
}

/// Says whether the first argument of a type's methods is a path; the name may be without its namespace.
fn is_file_type(kind: &str) -> bool {
    FILE_TYPES.iter().any(|known| *known == kind || !kind.contains('.') && known.rsplit('.').next() == Some(kind))
}

/// Says whether a type runs or looks up what it is given.
fn runs(kind: &str) -> bool {
    let kind = plain_type(kind);
    let last = kind.rsplit('.').next().unwrap_or_default();
    !DATA_TYPES.contains(&last) && kind.split('.').any(|part| RUNNING_TYPES.contains(&part))
}
