//! Which folders of this machine are checked out.

use crate::diagnostic::shown;
use crate::pipeline::plan::{CheckoutSource, Resources};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What a folder has in it that is a repository; a file in a further working tree.
const MARK: &str = ".git";

/// Under which name the jobs of a run agree on the commit and the branch of `self`.
pub(super) const OWN: &str = "commit of self";

/// The repositories of this machine: the one that holds the pipelines, and others by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repositories {
    own: Option<PathBuf>,
    by_name: HashMap<String, PathBuf>,
}

/// A repository as a job checks it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// What its folder below the sources is called, where there are several.
    pub(super) name: String,
    pub(super) folder: PathBuf,
    /// The branch, tag or commit; nothing for what the folder is at.
    pub(super) reference: Option<String>,
    /// Under which name the jobs of a run agree on the commit.
    pub(super) agreement: String,
}

impl Repositories {
    /// Returns the repositories: the one around the pipelines' folder, if it is in one, and others
    /// by the names that pipelines give them, which ignore case.
    pub fn new(pipelines: &Path, others: impl IntoIterator<Item = (String, PathBuf)>) -> Self {
        let by_name = others.into_iter().map(|(name, folder)| (name.to_ascii_lowercase(), folder)).collect();
        Self { own: around(pipelines), by_name }
    }

    /// Returns the folder of `self`, if there is one.
    pub(super) fn own(&self) -> Option<&Path> {
        self.own.as_deref()
    }

    /// Returns the folders of all, with links in their paths followed.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let all = self.own.iter().chain(self.by_name.values());
        all.filter_map(|folder| std::fs::canonicalize(folder).ok()).collect()
    }

    /// Returns the repository that a step means. On failure, a sentence.
    pub(super) fn find(&self, source: &CheckoutSource, resources: &Resources) -> Result<Found, String> {
        let named = |name: &str| self.by_name.get(&name.to_ascii_lowercase()).cloned();
        match source {
            CheckoutSource::OwnRepository => {
                let folder = self.own.clone().ok_or(
                    "There is no repository to check out: the pipelines folder is in none. \
                     Help: put it into a git repository, or write `checkout: none`.",
                )?;
                Ok(Found { name: last_name(&folder), folder, reference: None, agreement: OWN.to_owned() })
            }
            CheckoutSource::Alias(alias) => {
                let resource = resources.repositories.iter().find(|it| it.alias.eq_ignore_ascii_case(alias));
                let name = resource.and_then(|it| it.name.as_deref());
                let folder = named(alias).or_else(|| named(name?));
                let folder = folder.ok_or_else(|| missing(name.unwrap_or(alias)))?;
                let reference = resource.and_then(|it| it.reference.clone());
                Ok(Found {
                    name: last_name(Path::new(name.unwrap_or(alias))),
                    folder,
                    reference,
                    agreement: format!("commit of the repository {}", alias.to_ascii_lowercase()),
                })
            }
            CheckoutSource::Named(address) => {
                let (address, reference) =
                    address.split_once('@').map_or((address.as_str(), None), |(a, r)| (a, Some(r)));
                let name = address.split_once("://").map_or(address, |(_, name)| name);
                let folder = named(name).ok_or_else(|| missing(name))?;
                Ok(Found {
                    name: last_name(Path::new(name)),
                    folder,
                    reference: reference.map(str::to_owned),
                    agreement: format!("commit of {} at {}", name.to_ascii_lowercase(), reference.unwrap_or("HEAD")),
                })
            }
        }
    }
}

fn missing(name: &str) -> String {
    let name = shown(name);
    format!(
        "The configuration does not say where the repository `{name}` is. Help: write `repositories: {{{name}: PATH}}` there."
    )
}

fn last_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "self".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Returns the nearest folder, from this one upwards, that is a repository.
fn around(folder: &Path) -> Option<PathBuf> {
    let folder = std::fs::canonicalize(folder).ok()?;
    folder.ancestors().find(|it| it.join(MARK).exists()).map(Path::to_owned)
}
