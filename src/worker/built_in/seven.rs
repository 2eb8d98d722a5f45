//! Archives of 7z, which the program for them makes and unpacks, in folders of our own.
//!
//! What is in an archive is asked for before it is unpacked: how much may come out is bounded.

use super::super::job::Execution;
use super::call::{Said, Shown, call, failure};
use super::halt::{self, Halt};
use super::{Own, Unfinished, place, step};
use crate::diagnostic::shown_path;
use crate::files::copy_file;
use crate::pipeline::task::SEVEN_ZIP;
use crate::process::{self, Command, Exit, StandardError};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What holds for every call: no progress, no questions.
const QUIET: [&str; 2] = ["-bd", "-y"];

/// An archive to be made.
pub(super) struct Archive {
    /// Where names in it begin.
    pub(super) folder: PathBuf,
    /// What of the folder goes into it.
    pub(super) name: PathBuf,
    pub(super) to: PathBuf,
    /// From 0 to 9.
    pub(super) compression: u8,
    /// Whether what is in it already stays there.
    pub(super) adds: bool,
}

/// Makes an archive, in which links stay links. It has its name once it is whole.
pub(super) async fn pack(execution: &mut Execution<'_>, own: Own<'_>, archive: &Archive) -> Result<(), Unfinished> {
    let part = execution.job.workspace.temporary.join(format!("{}.7z", own.place));
    super::checkout::remove(&part).map_err(|error| failed(&archive.to, &error))?;
    if archive.adds && archive.to.exists() {
        let (to, part) = (archive.to.clone(), part.clone());
        halt::work(execution, own, move |_| copy_file(&to, &part).map_err(|error| failed(&to, &error))).await?;
    }
    let level = format!("-mx={}", archive.compression);
    // No name is an option, a list or a pattern.
    let own_options = ["a", "-t7z", "-snl", "-spd", &level, "--"].map(OsString::from);
    let arguments = own_options.into_iter().chain([part.clone().into(), Path::new(".").join(&archive.name).into()]);
    run(execution, own, &archive.folder, arguments.collect(), Shown::Yes).await?;
    let to = archive.to.clone();
    let moving = move |_: &Halt| move_to(&part, &to).map_err(|error| failed(&to, &error));
    halt::work(execution, own, moving).await
}

/// Moves a file, which may stand on another disk, to its place.
fn move_to(part: &Path, to: &Path) -> std::io::Result<()> {
    let around = to.parent().unwrap_or(Path::new("/"));
    let name = Path::new(to.file_name().unwrap_or_default()).with_added_extension("part");
    let whole = place::make_room(around, &name)?;
    copy_file(part, &whole)?;
    std::fs::rename(&whole, to)?;
    std::fs::remove_file(part)
}

fn failed(to: &Path, error: &std::io::Error) -> String {
    format!("`{}` can't be written: {error}.", shown_path(&to.to_string_lossy()))
}

/// Unpacks an archive into a folder, which is made.
pub(super) async fn unpack(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    archive: &Path,
    to: &Path,
) -> Result<(), Unfinished> {
    let mut option = OsString::from("-o");
    option.push(to);
    let arguments = vec!["x".into(), "-spd".into(), option, "--".into(), archive.into()];
    run(execution, own, &execution.job.workspace.temporary.clone(), arguments, Shown::No).await.map(|_| ())
}

/// Returns how many bytes come out of an archive, and how many entries.
pub(super) async fn content(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    archive: &Path,
) -> Result<(u64, usize), Unfinished> {
    let arguments = ["l", "-spd", "--"].map(OsString::from).into_iter().chain([archive.into()]).collect();
    let last = run(execution, own, &execution.job.workspace.temporary.clone(), arguments, Shown::No).await?;
    let unknown = || format!("How much is in `{}` is not known.", shown_path(&archive.to_string_lossy()));
    sums(&last).ok_or_else(|| unknown().into())
}

/// Reads the last line of a list: `<time> <size> <packed> <n> files, <n> folders`.
fn sums(line: &str) -> Option<(u64, usize)> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
    let at = |wanted: &[&str]| words.iter().position(|word| wanted.contains(word));
    let files = at(&["files", "file"])?;
    let count = |place: usize| words.get(place.checked_sub(1)?)?.parse::<usize>().ok();
    let folders = at(&["folders", "folder"]).map_or(Some(0), count)?;
    let size = words.get(files.checked_sub(3)?)?.parse().ok()?;
    Some((size, count(files)?.checked_add(folders)?))
}

/// Calls the program in a folder. Returns the last line that it printed.
async fn run(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    folder: &Path,
    arguments: Vec<OsString>,
    shown: Shown,
) -> Result<String, Unfinished> {
    let host = &execution.job.host;
    let program = SEVEN_ZIP.iter().find_map(|name| host.program(name)).ok_or_else(|| {
        let names = SEVEN_ZIP.map(|name| format!("`{name}`")).join(" or ");
        format!("{names} is not installed on this machine, and archives of 7z need it.")
    })?;
    let called = program.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned();
    let mut words = arguments.into_iter();
    let action = words.next().unwrap_or_default();
    let called = format!("{called} {}", action.to_string_lossy());
    let environment = host.environment.iter().map(|(name, value)| (name.into(), value.into()));
    let own_values = [("LC_ALL", "C.UTF-8".into()), (process::MARK, execution.job.mark().into())];
    let command = Command {
        shims: host.shims.clone(),
        mark: execution.job.mark(),
        term: execution.job.term.clone(),
        program,
        arguments: std::iter::once(action).chain(QUIET.map(OsString::from)).chain(words).collect(),
        environment: environment
            .chain(own_values.map(|(name, value): (&str, OsString)| (name.into(), value)))
            .collect(),
        directory: folder.to_owned(),
        standard_error: StandardError::Joined,
    };
    let Execution { job, desk, watchman, variables, .. } = execution;
    let holds = || step::goes_on(own.step.condition.as_deref(), variables);
    let stop = watchman.interruption(own.end, holds);
    match call(&command, job.host.patience, (desk, Some(own.place)), stop, shown).await? {
        Said { exit: Exit::Code(0), last, .. } => Ok(last),
        Said { exit, last, .. } => Err(format!("{}.", failure(&called, exit, last.trim_end_matches('.'))).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::sums;

    #[test]
    fn the_sums_of_a_list_are_read() {
        for (line, expected) in [
            ("2026-11-26 16:48:13                 19           23  3 files, 1 folders", Some((19, 4))),
            ("                    19           23  1 files", Some((19, 1))),
            ("2026-11-26 16:48:13  4294967296  23  1 file, 2 folders", Some((4_294_967_296, 3))),
            ("Everything is Ok", None),
            ("1 files", None),
            ("", None),
        ] {
            assert_eq!(sums(line), expected, "{line}");
        }
    }
}
