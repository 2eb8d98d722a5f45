//! References to other files: `template: path@alias` (reference, section 2.8).

use super::old::OLD_KEYS;
use std::fmt;
use std::sync::Arc;

/// What a template file must hold, by the place that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Steps of a job.
    Steps,
    /// Jobs of a stage.
    Jobs,
    /// Stages of a pipeline.
    Stages,
    /// Variables of any scope.
    Variables,
    /// A whole pipeline that others extend.
    Extends,
}

/// The keys by which a file that nobody has named is known for its kind; the first that it has
/// decides.
const BY_BODY: [(&str, Kind); 5] = [
    ("extends", Kind::Extends),
    ("stages", Kind::Stages),
    ("jobs", Kind::Jobs),
    ("steps", Kind::Steps),
    ("variables", Kind::Variables),
];
/// Keys beside a body that only a pipeline has, also one that others extend.
const OF_PIPELINES: [&str; 3] = ["resources", "trigger", "variables"];

impl Kind {
    /// Returns the kind of a file by the keys at its top; `None` if it has none of the bodies.
    pub fn of<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> Option<Self> {
        let has = |wanted: &str| keys.clone().any(|key| key == wanted);
        let kind = BY_BODY.iter().find(|(body, _)| has(body)).map(|(_, kind)| *kind)?;
        let is_pipeline = kind != Self::Variables && OF_PIPELINES.iter().any(|key| has(key));
        Some(if is_pipeline { Self::Extends } else { kind })
    }

    /// Returns what such a file is called, with its article.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Steps => "a steps template",
            Self::Jobs => "a jobs template",
            Self::Stages => "a stages template",
            Self::Variables => "a variables template",
            Self::Extends => "an extended pipeline",
        }
    }

    /// Returns the keys of which such a file has exactly one.
    pub(super) fn bodies(self) -> &'static [&'static str] {
        match self {
            Self::Steps => &["steps"],
            Self::Jobs => &["jobs"],
            Self::Stages => &["stages"],
            Self::Variables => &["variables"],
            Self::Extends => &["stages", "jobs", "steps", "extends"],
        }
    }

    /// Returns the keys that such a file may have beside its body.
    pub(super) fn others(self) -> &'static [&'static str] {
        match self {
            Self::Extends => &["parameters", "pool", "resources", "trigger", "variables"],
            _ => &["parameters"],
        }
    }

    /// Returns the old keys that such a file may have had, each with what to write instead.
    pub(super) fn old(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Jobs | Self::Extends => OLD_KEYS,
            Self::Steps | Self::Stages | Self::Variables => &[],
        }
    }
}

/// A file of a repository: what a reference comes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey {
    /// The alias of the repository resource; `None` for the repository of the pipeline file.
    pub repository: Option<Arc<str>>,
    /// The path from the repository's root: names between `/`, none of them `.` or `..`.
    pub path: Arc<str>,
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.repository {
            Some(alias) => write!(f, "{}@{alias}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// Why a reference names no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unresolved {
    #[error("the path of a template is empty")]
    Empty,
    #[error("the path leaves its repository")]
    Outside,
    #[error("no repository resource has the alias `{0}`")]
    Alias(String),
    #[error("a path has no character `{0}`")]
    Character(String),
}

/// Returns the file that a reference in another file means. A path is relative to the file that
/// holds it, and from the root of the repository after a leading `/` or `\`, and where the
/// repository changes.
pub(super) fn resolve(written: &str, from: &FileKey, aliases: &[Arc<str>]) -> Result<FileKey, Unresolved> {
    let (path, alias) = match written.rsplit_once('@') {
        Some((path, alias)) => (path, Some(alias.trim())),
        None => (written, None),
    };
    let repository = match alias {
        None => from.repository.clone(),
        Some(own) if own.eq_ignore_ascii_case("self") => None,
        Some(alias) => {
            let known = aliases.iter().find(|known| known.eq_ignore_ascii_case(alias));
            Some(known.ok_or_else(|| Unresolved::Alias(alias.to_owned()))?.clone())
        }
    };
    let path = path.trim();
    if let Some(control) = path.chars().find(|character| character.is_control() || *character == ':') {
        return Err(Unresolved::Character(control.escape_default().to_string()));
    }
    let from_root = path.starts_with(['/', '\\']) || repository != from.repository;
    let mut names: Vec<&str> = if from_root { Vec::new() } else { folder(&from.path).split('/').collect() };
    names.retain(|name| !name.is_empty());
    for name in path.split(['/', '\\']) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop().ok_or(Unresolved::Outside)?),
            name => names.push(name),
        }
    }
    match path.trim_matches(['/', '\\', '.']) {
        "" => Err(Unresolved::Empty),
        _ => Ok(FileKey { repository, path: names.join("/").into() }),
    }
}

/// Returns the folder of a path, without a `/` at its end.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, written: &str, expected: &str) {
        let (path, repository) = match from.split_once('@') {
            Some((path, alias)) => (path, Some(alias.into())),
            None => (from, None),
        };
        let from = FileKey { repository, path: path.into() };
        let found = match resolve(written, &from, &["shared".into(), "tools".into()]) {
            Ok(key) => key.to_string(),
            Err(reason) => format!("! {reason}"),
        };
        assert_eq!(found, expected, "{written}");
    }

    #[test]
    fn paths_are_relative_to_the_file_or_from_the_root() {
        check("ci/main.yml", "a/b.yml", "ci/a/b.yml");
        check("ci/main.yml", "./b.yml", "ci/b.yml");
        check("ci/x/main.yml", "../b.yml", "ci/b.yml");
        check("main.yml", "b.yml", "b.yml");
        check("ci/main.yml", "/b.yml", "b.yml");
        check("ci/main.yml", "\\a\\b.yml", "a/b.yml");
        check("ci/main.yml", "a\\..\\b.yml", "ci/b.yml");
        check("ci/main.yml", "b.yml@shared", "b.yml@shared");
        check("ci/main.yml", "b.yml@Shared", "b.yml@shared");
        check("ci/main.yml@shared", "b.yml", "ci/b.yml@shared");
        check("ci/main.yml@shared", "b.yml@shared", "ci/b.yml@shared");
        check("ci/main.yml@shared", "b.yml@self", "b.yml");
        check("ci/main.yml", "b.yml@self", "ci/b.yml");
        check("ci/main.yml@shared", "b.yml@tools", "b.yml@tools");
    }

    #[test]
    fn what_names_no_file_of_a_known_repository_is_refused() {
        check("ci/main.yml", "../../b.yml", "! the path leaves its repository");
        check("main.yml", "a/../../b.yml", "! the path leaves its repository");
        check("main.yml", "/../b.yml", "! the path leaves its repository");
        check("main.yml", "b.yml@other", "! no repository resource has the alias `other`");
        check("main.yml", " ", "! the path of a template is empty");
        check("main.yml", "/", "! the path of a template is empty");
        check("main.yml", "a\nb.yml", "! a path has no character `\\n`");
        check("main.yml", "C:/b.yml", "! a path has no character `:`");
    }
}
