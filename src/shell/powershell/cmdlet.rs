//! Commands of PowerShell itself: what each of their arguments is. One that no table knows takes data, but for
//! parameters that have the same meaning everywhere.

use super::table::{ROWS, Row};
use super::token::{Bracket, Token, parameter, values};
use super::word::{ALIASES, ALSO_PROGRAMS, EVERYWHERE, FILES, LOOKING, PLAIN_VERBS, SWITCHES, VALUED, VERBS};
use Kind::{Code, Data, Name, Path, Read, Target, Word};

/// What an argument is for a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    /// Text that is run.
    Code,
    /// The name of something that is loaded, fetched or looked up.
    Name,
    /// The name of a variable that is set.
    VariableName,
    /// The path of what is written.
    Target,
    /// The path of what is copied or moved, and to where.
    Origin,
    Destination,
    /// The path of what is changed, taken away or gone to.
    Path,
    /// The path of what is read.
    Read,
    /// An address that is asked.
    Address,
    /// A word that chooses what happens, such as the name of a process that is ended.
    Word,
}

/// Returns the name of a command in small letters, without its module, and the command itself for another name of it.
pub(super) fn canonical(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    // A file has a folder in front of it, and mostly a dot in its name.
    let plain = match lower.rsplit_once('\\') {
        Some((module, plain)) if module.starts_with("microsoft.powershell.") || row(plain).is_some() => plain,
        _ => &lower,
    };
    ALIASES.iter().find(|(alias, _)| *alias == plain).map_or(plain, |(_, command)| command).to_owned()
}

/// Says whether a name is one of a command of PowerShell, by what is known or by its form.
pub(super) fn is_cmdlet(name: &str) -> bool {
    let command = canonical(name);
    if row(&command).is_some() || command != name.to_ascii_lowercase() {
        return true;
    }
    let Some((verb, noun)) = command.split_once('-') else { return false };
    let is_form = VERBS.contains(&verb) && !noun.is_empty() && noun.chars().all(char::is_alphanumeric);
    is_form && (name.contains(char::is_uppercase) || PLAIN_VERBS.contains(&verb))
}

/// Says whether a name may be one of a program as well.
pub(super) fn is_also_program(name: &str) -> bool {
    ALSO_PROGRAMS.contains(&name.to_ascii_lowercase().as_str())
}

pub(super) fn is_aliasing(command: &str) -> bool {
    matches!(command, "set-alias" | "new-alias")
}

/// Says whether a command prints what is in files, or what is listed in drives.
pub(super) fn reads_items(command: &str) -> bool {
    matches!(
        command,
        "get-content"
            | "get-item"
            | "get-childitem"
            | "import-csv"
            | "import-clixml"
            | "get-itemproperty"
            | "select-string"
    )
}

/// Says whether a command prints what is in files that it is given by name.
pub(super) fn reads_files(command: &str) -> bool {
    matches!(command, "get-content" | "import-csv" | "import-clixml")
}

/// Says whether a command makes paths of what it is given, and reads no file.
pub(super) fn names_files(command: &str) -> bool {
    matches!(command, "join-path" | "split-path" | "test-path")
}

/// Says whether a command lists files, with their names.
pub(super) fn lists_files(command: &str) -> bool {
    matches!(command, "get-item" | "get-childitem" | "resolve-path" | "convert-path")
}

/// Says whether what a command is given may be a block, which is no name of a file.
pub(super) fn takes_blocks(command: &str) -> bool {
    matches!(command, "foreach-object" | "where-object" | "invoke-command" | "start-job" | "start-threadjob")
}

/// Returns what comes through a pipeline to a command.
pub(super) fn input(command: &str) -> Kind {
    row(command).map_or(Data, |row| row.input)
}

fn row(command: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.names.contains(&command))
}

/// Returns the values among a command's arguments, each with what it is.
pub(super) fn bind<'t>(command: &str, arguments: &[&'t [Token]]) -> Vec<(Kind, &'t [Token])> {
    let row = row(command);
    let positions = row.map_or(&[Data][..], |row| row.positions);
    let mut bound = Vec::new();
    let (mut position, mut is_certain, mut at) = (0, true, 0);
    while let Some(argument) = arguments.get(at) {
        at += 1;
        if let Some(name) = parameter(argument) {
            let kind = kind(command, row, &name);
            let glued = &argument[1..];
            if !glued.is_empty() {
                bound.extend(values(glued).into_iter().map(|value| (kind, value)));
            } else if !SWITCHES.contains(&name.as_str()) {
                let value = arguments.get(at).filter(|value| parameter(value).is_none());
                bound.extend(value.into_iter().flat_map(|value| values(value)).map(|value| (kind, value)));
                // Of a parameter that nobody knows it is not known whether it takes the next argument.
                let is_known = kind != Data || VALUED.contains(&name.as_str());
                at += usize::from(is_known && value.is_some());
                is_certain &= is_known;
            }
            continue;
        }
        match argument {
            [Token::Mark('>'), ..] | [Token::Group(Bracket::Block, _)] => {}
            // The members of a variable may be any of its arguments.
            [Token::Splat(_)] => {
                let named = row.map_or(&[][..], |row| row.parameters).iter().map(|(_, kind)| *kind);
                bound.extend(positions.iter().copied().chain(named).map(|kind| (kind, *argument)));
                is_certain = false;
            }
            _ => {
                let last = positions.len() - 1;
                let kinds = if is_certain { &positions[position.min(last)..=position.min(last)] } else { positions };
                for value in values(argument) {
                    bound.extend(kinds.iter().map(|kind| (*kind, value)));
                }
                position += 1;
            }
        }
    }
    bound
}

/// Returns what the value of a parameter is. Its name may be cut short.
fn kind(command: &str, row: Option<&Row>, name: &str) -> Kind {
    let is_it = |known: &str| known == name || name.len() > 2 && known.starts_with(name);
    let own = row.map_or(&[][..], |row| row.parameters);
    if let Some((_, kind)) = own.iter().find(|(known, _)| *known == name).or(own.iter().find(|(known, _)| is_it(known)))
    {
        return *kind;
    }
    // All that such a command is told is of the kind of its arguments.
    if let Some(Row { positions: [kind @ (Code | Name | Word)], parameters: [], .. }) = row {
        return *kind;
    }
    if let Some((_, kind)) =
        EVERYWHERE.iter().find(|(known, _)| *known == name || name.len() > 4 && known.starts_with(name))
    {
        return *kind;
    }
    if !FILES.iter().any(|known| is_it(known)) {
        return Data;
    }
    let verb = command.split('-').next().unwrap_or_default();
    match row.map(|row| row.positions[0]) {
        Some(kind @ (Target | Path | Read | Code)) => kind,
        _ if LOOKING.contains(&verb) => Read,
        _ => Path,
    }
}
