//! Names of files and of items of drives, as far as the author wrote them: `"$env:TEMP/run.ps1"` is a file
//! `run.ps1`, wherever it is, and `Function::go` the same as `function:go`.

use super::cmdlet;
use super::name::{FOLLOWED_MAX, Names, TEXTS_MAX, Texts};
use super::taint::plain_name;
use super::token::{Bracket, Piece, Token, arguments, parameter, parts, trimmed, values};

/// Stands for what is not known of a path.
pub(super) const UNKNOWN: char = '\0';

/// The providers whose items are no files, by the names of their drives and by their own.
const PROVIDERS: &[(&str, &str)] =
    &[("env", "env"), ("environment", "env"), ("variable", "variable"), ("function", "function"), ("alias", "alias")];

/// Members of a file that name it as it is named.
const NAMING: &[&str] = &[".fullname", ".name", ".path", ".pspath", ".providerpath", ".value", ".definition"];

/// Methods that do.
const NAMING_METHODS: &[&str] = &[".tostring", ".trim", ".tolower"];

/// Types whose methods make what writes to the file that they are given first, by the last part of their name.
const WRITERS: &[&str] =
    &["streamwriter", "filestream", "file", "fileinfo", "binarywriter", "xmlwriter", "xmltextwriter"];

/// Those methods.
const OPENING: &[&str] = &["::new", "::create", "::createtext", "::appendtext", "::open", "::openwrite"];

/// Those of an object that stands for a file.
const OPENING_METHODS: &[&str] = &[".createtext", ".appendtext", ".openwrite"];

/// Returns the drive of an item that is no file, and the item's name: of `env:PATH`, `Environment::PATH` and
/// `Microsoft.PowerShell.Core\Environment::PATH` the same.
pub(super) fn item(path: &str) -> Option<(&'static str, &str)> {
    let (before, name) = path.split_once(':')?;
    let (provider, name) = match name.strip_prefix(':') {
        Some(name) => (before.rsplit('\\').next().unwrap_or(before), name),
        None => (before, name),
    };
    let drive = provider_drive(provider)?;
    Some((drive, name.trim_start_matches(['/', '\\'])))
}

/// Returns the drive of a provider that is named.
pub(super) fn provider_drive(provider: &str) -> Option<&'static str> {
    let plain = provider.rsplit('\\').next().unwrap_or(provider);
    PROVIDERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(plain)).map(|(_, drive)| *drive)
}

impl<'s> Names<'s> {
    /// Returns the items of drives that a path may name, each with its drive: `env`, `variable`, `function`, `alias`.
    pub(super) fn items(&self, path: &str) -> Vec<(&'static str, String)> {
        if let Some((drive, name)) = item(path) {
            return vec![(drive, name.to_owned())];
        }
        let within = match path.split_once(':') {
            Some((own, name)) => self.drives.get(&own.to_ascii_lowercase()).map(|drive| (vec![*drive], name)),
            None => Some((self.locations.iter().copied().collect(), path.trim_start_matches(['.', '/', '\\']))),
        };
        let (drives, name) = within.unwrap_or_default();
        drives.into_iter().map(|drive| (drive, name.trim_start_matches(['/', '\\']).to_owned())).collect()
    }

    /// Returns the files that an argument may name: those of which the last part of the path is known, and whether
    /// there is no other.
    pub(super) fn files(&self, tokens: &[Token]) -> Texts {
        let mut files = Texts { known: Vec::new(), is_complete: true };
        for path in self.paths(tokens) {
            let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
            files.is_complete &= !last.contains([UNKNOWN, '*', '?']);
            if !last.contains(UNKNOWN) {
                files.known.push(path);
            }
        }
        files
    }

    /// Returns the paths that an argument may be, each with [`UNKNOWN`] for a part that is not known.
    pub(super) fn paths(&self, tokens: &[Token]) -> Vec<String> {
        self.paths_at(tokens, 0)
    }

    fn paths_at(&self, tokens: &[Token], depth: usize) -> Vec<String> {
        let tokens = trimmed(tokens);
        let tokens = if let [Token::Mark('>'), rest @ ..] = tokens { trimmed(rest) } else { tokens };
        let texts = self.texts(tokens);
        if texts.is_complete && !texts.known.is_empty() {
            return texts.known;
        }
        if depth == FOLLOWED_MAX || tokens.contains(&Token::Mark('|')) {
            return unknown();
        }
        let depth = depth + 1;
        match tokens {
            [Token::Text(pieces)] => self.paths_of_pieces(pieces, depth),
            [Token::Variable(name)] => self.paths_of_variable(name),
            [Token::Group(Bracket::Round, inner)] => match inner.as_slice() {
                [statement] => self.paths_at(&statement.tokens, depth),
                _ => unknown(),
            },
            [Token::Command(name), rest @ ..] => self.paths_of_command(name, rest, depth),
            [Token::Variable(_), Token::Assign, value @ ..] => self.paths_at(value, depth),
            _ if tokens.contains(&Token::Mark(',')) && !is_filled(tokens) => {
                limited(values(tokens).into_iter().flat_map(|value| self.paths_at(value, depth)))
            }
            _ if tokens.contains(&Token::Mark('+')) => {
                self.joined(tokens.split(|token| *token == Token::Mark('+')), "", depth)
            }
            [Token::Text(pieces), Token::Word(_), ..] if is_filled(tokens) => {
                filled(&self.paths_of_pieces(pieces, depth))
            }
            [Token::Mark('['), Token::Word(kind), Token::Mark(']'), Token::Word(method), Token::Group(_, group)] => {
                self.paths_of_method(kind, method, &parts(group), depth)
            }
            [Token::Mark('['), Token::Word(_), Token::Mark(']'), value @ ..]
                if !matches!(value, [Token::Word(_), ..]) =>
            {
                self.paths_at(value, depth)
            }
            [owner @ .., Token::Word(member)]
                if !owner.is_empty() && NAMING.contains(&member.to_ascii_lowercase().as_str()) =>
            {
                self.paths_at(owner, depth)
            }
            [owner @ .., Token::Word(method), Token::Group(Bracket::Round, _)]
                if !owner.is_empty() && NAMING_METHODS.contains(&method.to_ascii_lowercase().as_str()) =>
            {
                self.paths_at(owner, depth)
            }
            // What is glued together.
            [_, _, ..] if tokens.iter().all(is_glued) => self.joined(tokens.chunks(1), "", depth),
            _ => unknown(),
        }
    }

    /// Returns each path of the first part with each of the next behind it, and so on.
    fn joined<'t>(&self, parts: impl Iterator<Item = &'t [Token]>, between: &str, depth: usize) -> Vec<String> {
        let all = parts.map(|part| self.paths_at(part, depth));
        all.reduce(|first, second| product(&first, &second, between)).unwrap_or_else(unknown)
    }

    fn paths_of_pieces(&self, pieces: &[Piece], depth: usize) -> Vec<String> {
        let mut paths = vec![String::new()];
        for piece in pieces {
            let next = match piece {
                Piece::Text(text) => vec![text.clone()],
                Piece::Variable(name) => self.paths_of_variable(name),
                Piece::Code(inner) => match inner.as_slice() {
                    [statement] => self.paths_at(&statement.tokens, depth),
                    _ => unknown(),
                },
                Piece::Hole(_) => unknown(),
            };
            paths = product(&paths, &next, "");
        }
        paths
    }

    /// Returns the paths that a variable may hold by what it is assigned, as far as those of others are known.
    pub(super) fn paths_held(&self, values: &[&[Token]]) -> Vec<String> {
        limited(values.iter().flat_map(|value| self.paths_at(value, 0)))
    }

    fn paths_of_variable(&self, name: &str) -> Vec<String> {
        let plain = plain_name(name);
        if matches!(plain.as_str(), "pwd" | "psscriptroot") {
            return vec![".".to_owned()];
        }
        let own = self.paths.get(&plain).cloned().unwrap_or_else(unknown);
        limited(own.into_iter().chain(self.is_set_elsewhere(name).then(|| UNKNOWN.to_string())))
    }

    fn paths_of_command(&self, name: &str, rest: &[Token], depth: usize) -> Vec<String> {
        let command = cmdlet::canonical(name);
        let given = arguments(rest);
        let mut path: Option<&[Token]> = None;
        let (mut others, mut is_leaf, mut at) = (Vec::new(), false, 0);
        while let Some(argument) = given.get(at) {
            at += 1;
            let Some(named) = parameter(argument) else {
                match path {
                    None => path = Some(argument),
                    Some(_) => others.push(*argument),
                }
                continue;
            };
            is_leaf |= named.starts_with("-leaf");
            let is_path = named.starts_with("-pat") || named.starts_with("-lit");
            let is_child = ["-chi", "-add", "-nam"].iter().any(|begin| named.starts_with(begin));
            if !is_path && !is_child && !named.starts_with("-ite") {
                continue;
            }
            let glued = &argument[1..];
            let value = if glued.is_empty() { given.get(at).copied().unwrap_or_default() } else { glued };
            at += usize::from(glued.is_empty());
            match (is_path, is_child) {
                (true, _) => path = Some(value),
                (_, true) => others.push(value),
                _ => {}
            }
        }
        let path = path.unwrap_or_default();
        match command.as_str() {
            "join-path" | "new-item" | "mkdir" => {
                self.joined(std::iter::once(path).chain(others.into_iter().flat_map(values)), "/", depth)
            }
            "get-item" | "resolve-path" | "convert-path" | "get-command" | "write-output" => self.paths_at(path, depth),
            "split-path" if is_leaf => self.paths_at(path, depth),
            "new-object" => others.first().map_or_else(unknown, |value| self.paths_at(value, depth)),
            _ => unknown(),
        }
    }

    fn paths_of_method(&self, kind: &str, method: &str, given: &[&[Token]], depth: usize) -> Vec<String> {
        let kind = kind.to_ascii_lowercase();
        let first = || given.first().map_or_else(unknown, |value| self.paths_at(value, depth));
        match (kind.rsplit('.').next().unwrap_or_default(), method.to_ascii_lowercase().as_str()) {
            ("path", "::combine" | "::join") => self.joined(given.iter().copied(), "/", depth),
            ("path", "::getfullpath" | "::getfilename") | ("fileinfo", "::new") => first(),
            ("path", "::changeextension") => match given {
                [_, extension] => product(&unknown(), &self.paths_at(extension, depth), "."),
                _ => unknown(),
            },
            ("string", "::format") => filled(&first()),
            ("string", "::concat") => self.joined(given.iter().copied(), "", depth),
            _ => unknown(),
        }
    }
}

/// Returns the names of the files for which tokens make something that writes to them, such as
/// `[IO.StreamWriter]::new('a.txt')`.
pub(super) fn opened<'t>(tokens: &'t [Token], names: &Names<'_>) -> Vec<&'t [Token]> {
    let mut found = Vec::new();
    let is_writer = |kind: &str| {
        let lower = kind.to_ascii_lowercase();
        WRITERS.contains(&lower.rsplit('.').next().unwrap_or_default())
    };
    for (at, token) in tokens.iter().enumerate() {
        match (token, &tokens[at + 1..]) {
            (
                Token::Mark('['),
                [Token::Word(kind), Token::Mark(']'), Token::Word(method), Token::Group(Bracket::Round, group), ..],
            ) if is_writer(kind) && OPENING.contains(&method.to_ascii_lowercase().as_str()) => {
                found.extend(parts(group).first())
            }
            (Token::Mark('['), [Token::Word(kind), Token::Mark(']'), value, ..])
                if is_writer(kind) && !matches!(value, Token::Word(_) | Token::Space) =>
            {
                found.push(std::slice::from_ref(value));
            }
            (Token::Word(method), [Token::Group(Bracket::Round, _), ..])
                if at > 0 && OPENING_METHODS.contains(&method.to_ascii_lowercase().as_str()) =>
            {
                let begin = tokens[..at].iter().rposition(|it| matches!(it, Token::Assign | Token::Space));
                found.push(&tokens[begin.map_or(0, |it| it + 1)..at]);
            }
            (Token::Command(name), rest) if cmdlet::canonical(name) == "new-object" => {
                let given: Vec<&[Token]> = arguments(rest).into_iter().filter(|it| parameter(it).is_none()).collect();
                let Some((kind, others)) = given.split_first() else { continue };
                // `New-Object IO.StreamWriter('a.txt')` glues the brackets to the type.
                let (kind, glued) = kind.split_at(1.min(kind.len()));
                if names.texts(kind).known.iter().any(|kind| is_writer(kind)) {
                    for argument in others.iter().copied().chain((!glued.is_empty()).then_some(glued)) {
                        match argument {
                            [Token::Group(Bracket::Round, group)] => found.extend(parts(group).first()),
                            _ => found.extend(values(argument).first()),
                        }
                    }
                }
            }
            (Token::Group(Bracket::Round, inner), _) => {
                found.extend(inner.iter().flat_map(|statement| opened(&statement.tokens, names)));
            }
            _ => {}
        }
    }
    found
}

/// Says whether an object of a type reads the file that it is made of.
pub(super) fn is_reader(kind: &str) -> bool {
    let lower = kind.to_ascii_lowercase();
    ["streamreader", "filestream", "binaryreader"].contains(&lower.rsplit('.').next().unwrap_or_default())
}

fn unknown() -> Vec<String> {
    vec![UNKNOWN.to_string()]
}

/// Returns paths without repeats; of too many, the rest is one that is not known.
fn limited(paths: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for path in paths {
        if found.len() == TEXTS_MAX {
            found.push(UNKNOWN.to_string());
            break;
        }
        if !found.contains(&path) {
            found.push(path);
        }
    }
    if found.is_empty() { unknown() } else { found }
}

fn product(first: &[String], second: &[String], between: &str) -> Vec<String> {
    limited(first.iter().flat_map(|begin| second.iter().map(move |end| format!("{begin}{between}{end}"))))
}

/// Says whether tokens are a format with its values: `'{0}.ps1' -f $name`.
fn is_filled(tokens: &[Token]) -> bool {
    matches!(tokens, [Token::Text(_), Token::Word(operator), ..] if operator.eq_ignore_ascii_case("-f"))
}

/// Returns what formats become: what stands for their values is not known.
fn filled(formats: &[String]) -> Vec<String> {
    let fill = |format: &String| {
        let mut text = String::new();
        let mut rest = format.as_str();
        while let Some((before, behind)) = rest.split_once('{') {
            text.push_str(before);
            text.push(UNKNOWN);
            rest = behind.split_once('}').map_or("", |(_, behind)| behind);
        }
        text + rest
    };
    limited(formats.iter().map(fill))
}

fn is_glued(token: &Token) -> bool {
    match token {
        Token::Word(word) => !word.starts_with(['-', '.', ':']) || word.starts_with("./") || word.starts_with(".\\"),
        Token::Text(_) | Token::Variable(_) | Token::Group(Bracket::Round, _) => true,
        _ => false,
    }
}
