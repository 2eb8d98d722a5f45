//! Submodules of a checkout: those of the repository, or those of these too.
//!
//! Their addresses stand in the repository. Over https and ssh they may be any; a folder of this machine only
//! if the configuration names it as a repository: others are not meant for whoever commits.

use super::call::Shown;
use super::git::{self, Git};
use super::{Unfinished, place};
use std::path::Path;

/// How deep submodules may stand in others.
const DEPTH_MAX: usize = 16;

/// Which submodules are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Submodules {
    None,
    Own,
    All,
}

/// Whether files are fetched of which a repository has pointers only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LargeFiles {
    Left,
    Fetched,
}

/// Brings the submodules of a checkout, `depth` commits of each; nothing for all. Large files are those that a
/// machine of the pipeline language's own brings on which the program for them is set up for all.
pub(super) async fn bring(
    git: &mut Git<'_, '_>,
    target: &Path,
    (wanted, large_files): (Submodules, LargeFiles),
    depth: Option<&str>,
    shown: Shown,
) -> Result<(), Unfinished> {
    let home = std::fs::canonicalize(target).map_err(|error| format!("The checkout can't be used: {error}."))?;
    let mut open = if wanted == Submodules::None { Vec::new() } else { vec![(home.clone(), 0)] };
    while let Some((folder, level)) = open.pop() {
        if !folder.join(".gitmodules").is_file() {
            continue;
        }
        if level > DEPTH_MAX {
            return Err(format!("Submodules stand more than {DEPTH_MAX} deep in others.").into());
        }
        git.call(&folder, git::LOCAL, &["submodule", "init"], shown).await?;
        let transports = transports(git, &folder).await?;
        let mut arguments = vec!["submodule", "update", "--force"];
        arguments.extend(depth);
        git.call(&folder, transports, &arguments, shown).await?;
        if wanted != Submodules::All && large_files == LargeFiles::Left {
            continue;
        }
        let paths = values(git, &folder, &["--file", ".gitmodules"], r"^submodule\..*\.path$").await?;
        let inner = paths.iter().filter_map(|path| place::below(Path::new(path)));
        let inner = inner.filter_map(|path| std::fs::canonicalize(folder.join(path)).ok());
        for inner in inner.filter(|it| it.starts_with(&home) && *it != folder) {
            if large_files == LargeFiles::Fetched {
                set_up(git, &inner, shown).await?;
                git.call(&inner, transports, &["lfs", "pull"], shown).await?;
            }
            if wanted == Submodules::All {
                open.push((inner, level + 1));
            }
        }
    }
    Ok(())
}

/// Makes a repository know the program for large files. Hooks are not made: none of a repository's run here.
pub(super) async fn set_up(git: &mut Git<'_, '_>, folder: &Path, shown: Shown) -> Result<(), Unfinished> {
    git.call(folder, git::LOCAL, &["lfs", "install", "--local", "--skip-repo"], shown).await.map(|_| ())
}

/// Returns the transports that the submodules of a folder may use.
async fn transports(git: &mut Git<'_, '_>, folder: &Path) -> Result<&'static str, Unfinished> {
    let known = git.job.host.repositories.folders();
    let addresses = values(git, folder, &["--local"], r"^submodule\..*\.url$").await?;
    let mut local = addresses.iter().filter(|address| !is_remote(address)).peekable();
    let is_known = |address: &String| {
        let path = address.strip_prefix("file://").unwrap_or(address);
        std::fs::canonicalize(path).is_ok_and(|path| known.iter().any(|it| path == *it || path == it.join(".git")))
    };
    // Others fail with what git says of it.
    Ok(if local.peek().is_some() && local.all(is_known) { git::ALL } else { git::REMOTE })
}

/// Says whether an address is one of another machine: with a scheme, or `user@host:path`.
fn is_remote(address: &str) -> bool {
    match address.split_once("://") {
        Some((scheme, _)) => !scheme.eq_ignore_ascii_case("file"),
        None => address.split('/').next().is_some_and(|host| host.contains(':')),
    }
}

/// Returns the values of a configuration whose names match, each asked for by its name.
async fn values(git: &mut Git<'_, '_>, folder: &Path, of: &[&str], names: &str) -> Result<Vec<String>, Unfinished> {
    let listed = [&["config"], of, &["--name-only", "--get-regexp", names]].concat();
    let names = match git.call(folder, git::LOCAL, &listed, Shown::No).await {
        // There is none.
        Err(Unfinished::Failed(_)) => Vec::new(),
        names => names?,
    };
    let mut values = Vec::new();
    for name in names {
        let value = [&["config"], of, &["--get", &name]].concat();
        values.extend(git.call(folder, git::LOCAL, &value, Shown::No).await?);
    }
    Ok(values)
}
