//! A repository's files in the job's folders (reference, section 6.2).
//!
//! ```text
//! git init ─► git fetch <the repository's folder> <commit> ─► git checkout --force <commit>
//! ```
//! `self` is the repository around the pipelines folder, at the commit where it is when the first job
//! of the run begins. A job that says nothing about checkouts begins with it, if there is one. A folder of
//! sources that was given is used as it is.

use super::super::context::JobContext;
use super::super::job::Execution;
use super::super::journal::Broken;
use super::super::step;
use super::super::variables::{Setting, Variables};
use super::call::Shown;
use super::git::{self, Git};
use super::repository::{Found, OWN};
use super::submodule::{self, LargeFiles, Submodules};
use super::{Ending, Own, Told, Unfinished, conclude, halt, place};
use crate::diagnostic::{shown, shown_path};
use crate::files::with_patience;
use crate::pipeline::plan::{Action, Checkout, CheckoutSource};
use crate::taint::Text;
use std::io::Write;
use std::path::{Path, PathBuf};

/// How many commits are fetched where nothing is said.
const DEPTH_DEFAULT: &str = "1";
/// The program that fetches large files.
const LARGE_FILES: &str = "git-lfs";
/// What stands before the name of a branch.
const BRANCHES: &str = "refs/heads/";

/// What is to be done, macros expanded.
struct Request {
    found: Found,
    target: PathBuf,
    cleans: bool,
    /// How many commits; nothing for all.
    depth: Option<String>,
    tags: bool,
    submodules: Submodules,
    large_files: LargeFiles,
    /// Folders or patterns, and the option for them.
    sparse: Option<(&'static str, Vec<String>)>,
    notes: Vec<String>,
}

/// Returns the job as its steps see it: a single checkout with a `path` makes that folder the
/// sources. On failure, a sentence.
pub(in super::super) fn context(job: &JobContext, variables: &Variables) -> Result<Option<JobContext>, String> {
    let mut checkouts = checkouts(job);
    let (Some(only), None) = (checkouts.next(), checkouts.next()) else { return Ok(None) };
    let Some(path) = only.path.as_ref().filter(|_| !has_given_sources(job)) else { return Ok(None) };
    let mut moved = job.clone();
    moved.workspace.sources = target_at(job, path, variables)?;
    Ok(Some(moved))
}

/// Makes the sources that [`context`] has moved, before anything uses them. On failure, a sentence.
pub(in super::super) async fn make_sources(execution: &mut Execution<'_>) -> Result<Option<String>, Broken> {
    let sources = execution.job.workspace.sources.clone();
    let made = halt::until(execution.watchman.interruption(None, || false), move |_| make(&sources)).await;
    // One who asked the job to stop is told by the steps.
    let failed = made.ok().and_then(Result::err);
    Ok(failed.map(|error| format!("The folder of the checkout can't be made: {error}.")))
}

/// Makes a folder that other users may look into, and waits for room.
fn make(folder: &Path) -> std::io::Result<()> {
    with_patience(folder, || std::fs::create_dir_all(folder))
}

/// Tells the job's variables what `self` is, and checks it out if the job says nothing about
/// checkouts. On failure, a sentence.
pub(in super::super) async fn begin(execution: &mut Execution<'_>) -> Result<Option<String>, Broken> {
    let job = execution.job;
    let Some(own) = job.host.repositories.own() else { return Ok(None) };
    let is_wanted = !job.job().says_checkout && job.job().deployment.is_none() && !has_given_sources(job);
    let needs = is_wanted || checkouts(job).next().is_some();
    if !needs && job.host.program("git").is_none() {
        return Ok(None);
    }
    let Execution { desk, watchman, variables, .. } = execution;
    let begun = async {
        let folders = [own, &job.workspace.sources];
        let mut git = Git::new(job, desk, watchman, None, None, &|| false, &folders).await?;
        let commit = head(&mut git, own, variables).await?;
        if commit.is_none() && needs {
            let line = format!("##[warning]{} has no commit yet: nothing is checked out.", own.display());
            git.desk.log(None, vec![line]).await?;
        }
        let Some(commit) = commit.filter(|_| is_wanted) else { return Ok(None) };
        let found = job.host.repositories.find(&CheckoutSource::OwnRepository, &job.plan.resources)?;
        let request = Request {
            found: Found { reference: Some(commit), ..found },
            target: job.workspace.sources.clone(),
            cleans: false,
            depth: Some(DEPTH_DEFAULT.to_owned()),
            tags: false,
            submodules: Submodules::None,
            large_files: LargeFiles::Left,
            sparse: None,
            notes: Vec::new(),
        };
        fetch(&mut git, &request, Shown::No).await.map(Some)
    };
    match begun.await {
        Ok(commit) => {
            let line = commit.map(|commit| format!("Checked out {} at {commit}.", own.display()));
            desk.log(None, line.into_iter().collect()).await?;
            Ok(None)
        }
        Err(Unfinished::Failed(sentence)) => Ok(Some(sentence)),
        // The steps are told by the watchman.
        Err(Unfinished::Interrupted(_)) => Ok(None),
        Err(Unfinished::Broken(broken)) => Err(broken),
    }
}

/// Runs a step.
pub(in super::super) async fn run(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    checkout: &Checkout,
) -> Result<Ending, Broken> {
    let job = execution.job;
    if has_given_sources(job) {
        let line = "The folder of sources that was given is used as it is: nothing is checked out.".to_owned();
        execution.desk.log(Some(own.place), vec![line]).await?;
        return Ok(Ending::Done(Vec::new()));
    }
    let mut request = match request(job, checkout, &execution.variables) {
        Ok(request) => request,
        Err(sentence) => return Ok(Ending::Failed(vec![sentence])),
    };
    let notes = std::mem::take(&mut request.notes);
    execution.desk.log(Some(own.place), notes).await?;
    let Execution { desk, watchman, variables, .. } = execution;
    let condition = own.step.condition.as_deref();
    let goes_on = || step::goes_on(condition, variables);
    let known = job.host.repositories.folders();
    let mut folders = vec![request.found.folder.as_path(), &request.target];
    if request.submodules != Submodules::None {
        folders.extend(known.iter().map(PathBuf::as_path));
    }
    let done = match Git::new(job, desk, watchman, Some(own.place), own.end, &goes_on, &folders).await {
        Ok(mut git) => fetch(&mut git, &request, Shown::Yes).await,
        Err(unfinished) => Err(unfinished),
    };
    let told = done.map(|commit| Told::line(format!("The files are those of commit {commit}.")));
    conclude(execution, own, told).await
}

fn checkouts(job: &JobContext) -> impl Iterator<Item = &Checkout> {
    job.leg().steps().iter().filter_map(|step| match &step.action {
        Action::Checkout(checkout) => Some(&**checkout),
        _ => None,
    })
}

fn has_given_sources(job: &JobContext) -> bool {
    !job.workspace.sources.starts_with(&job.workspace.root)
}

/// Finds out where the repository is, and sets the variables that tell it. All jobs of a run take
/// it to be where the first of them found it. Nothing if it has no commit yet.
async fn head(git: &mut Git<'_, '_>, own: &Path, variables: &mut Variables) -> Result<Option<String>, Unfinished> {
    let agreed = match git.desk.agree(OWN, None).await? {
        Some(agreed) => Some(agreed),
        None => match found_head(git, own).await? {
            Some(found) => git.desk.agree(OWN, Some(&found)).await?,
            None => None,
        },
    };
    let Some(agreed) = agreed else { return Ok(None) };
    let (commit, branch) = agreed.split_once(' ').unwrap_or((&agreed, ""));
    for (name, value) in own_variables(own, commit, branch) {
        variables.apply(Setting { is_read_only: true, ..Setting::plain(name, value.into()) });
    }
    Ok(Some(commit.to_owned()))
}

/// Returns the commit and the branch where the repository is now, with a blank between them.
async fn found_head(git: &mut Git<'_, '_>, own: &Path) -> Result<Option<String>, Unfinished> {
    let arguments = ["rev-parse", "--verify", "--quiet", "HEAD"];
    let commit = match git.call(own, git::LOCAL, &arguments, Shown::No).await {
        Ok(lines) => lines.into_iter().next(),
        Err(Unfinished::Failed(sentence)) if git.job.host.program("git").is_none() => return Err(sentence.into()),
        Err(Unfinished::Failed(_)) if is_unborn(git, own).await? => None,
        Err(Unfinished::Failed(_)) => {
            // It says why where it is not told to be quiet.
            let why = git.call(own, git::LOCAL, &["rev-parse", "--verify", "HEAD"], Shown::No).await;
            let folder = shown_path(&own.to_string_lossy());
            return Err(match why {
                Err(Unfinished::Failed(why)) => format!("The repository `{folder}` can't be read: {why}").into(),
                Err(other) => other,
                Ok(_) => format!("The repository `{folder}` could not be read.").into(),
            });
        }
        Err(other) => return Err(other),
    };
    let Some(commit) = commit else { return Ok(None) };
    let name = std::fs::read_to_string(own.join(".git/HEAD")).unwrap_or_default();
    let branch = name.strip_prefix("ref: ").map(|name| name.trim().to_owned());
    let branch = match branch {
        Some(branch) => branch,
        None => branch_by_git(git, own).await?,
    };
    Ok(Some(format!("{commit} {branch}")))
}

/// Says whether a repository is one without a commit yet: it can be read, its `HEAD` names a branch, and there is
/// neither that one nor any other. All else is a repository in which something is wrong.
async fn is_unborn(git: &mut Git<'_, '_>, own: &Path) -> Result<bool, Unfinished> {
    for (arguments, has_lines) in
        [(["symbolic-ref", "--quiet", "HEAD"].as_slice(), true), (&["for-each-ref", "--count=1"], false)]
    {
        match git.call(own, git::LOCAL, arguments, Shown::No).await {
            Ok(lines) if lines.is_empty() != has_lines => {}
            Ok(_) | Err(Unfinished::Failed(_)) => return Ok(false),
            Err(other) => return Err(other),
        }
    }
    Ok(true)
}

/// Returns the branch of a further working tree; `HEAD` where there is none.
async fn branch_by_git(git: &mut Git<'_, '_>, own: &Path) -> Result<String, Unfinished> {
    let lines = git.call(own, git::LOCAL, &["rev-parse", "--symbolic-full-name", "HEAD"], Shown::No).await?;
    Ok(lines.into_iter().next().unwrap_or_default())
}

fn own_variables(own: &Path, commit: &str, branch: &str) -> [(&'static str, String); 9] {
    let folder = own.to_string_lossy().into_owned();
    let short = branch.strip_prefix(BRANCHES).unwrap_or(branch);
    let short = short.rsplit('/').next().unwrap_or(short).to_owned();
    let name = own.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    [
        ("Build.SourceVersion", commit.to_owned()),
        ("Build.SourceBranch", branch.to_owned()),
        ("Build.SourceBranchName", short),
        ("Build.Repository.ID", folder.clone()),
        ("Build.Repository.Name", name),
        ("Build.Repository.Provider", "Git".to_owned()),
        ("Build.Repository.Uri", folder),
        ("Build.Repository.Clean", "False".to_owned()),
        ("Build.Repository.Git.SubmoduleCheckout", "False".to_owned()),
    ]
}

fn request(job: &JobContext, checkout: &Checkout, variables: &Variables) -> Result<Request, String> {
    let found = job.host.repositories.find(&checkout.source, &job.plan.resources)?;
    let read = |name: &str, text: &Option<Text>| text.as_ref().map(|text| author(name, text, variables)).transpose();
    let flag = |name: &str, text: &Option<Text>| match read(name, text)?.as_deref().map(str::trim) {
        None | Some("") => Ok(false),
        Some(word) if word.eq_ignore_ascii_case("true") => Ok(true),
        Some(word) if word.eq_ignore_ascii_case("false") => Ok(false),
        Some(word) => Err(format!("`{name}` of a checkout is `true` or `false`, not `{}`.", shown(word))),
    };
    let mut notes = Vec::new();
    let large_files = if flag("lfs", &checkout.lfs)? { LargeFiles::Fetched } else { LargeFiles::Left };
    if large_files == LargeFiles::Fetched && job.host.program(LARGE_FILES).is_none() {
        return Err(format!("`{LARGE_FILES}` is not installed on this machine, and `lfs: true` needs it."));
    }
    if flag("persistCredentials", &checkout.persist_credentials)? {
        notes.push("`persistCredentials` has no effect: a folder of this machine needs no credentials.".to_owned());
    }
    if checkout.fetch_filter.is_some() {
        notes.push("`fetchFilter` has no effect: the repository is a folder of this machine.".to_owned());
    }
    let folders = read("sparseCheckoutDirectories", &checkout.sparse_directories)?;
    let patterns = read("sparseCheckoutPatterns", &checkout.sparse_patterns)?;
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let sparse = folders.map(|text| ("--cone", words(text))).or(patterns.map(|text| ("--no-cone", words(text))));
    let target = match &checkout.path {
        Some(path) => target_at(job, path, variables)?,
        None if checkouts(job).count() > 1 => job.workspace.sources.join(&found.name),
        None => job.workspace.sources.clone(),
    };
    Ok(Request {
        target,
        cleans: flag("clean", &checkout.clean)?,
        depth: depth(read("fetchDepth", &checkout.fetch_depth)?)?,
        tags: flag("fetchTags", &checkout.fetch_tags)?,
        submodules: match read("submodules", &checkout.submodules)?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" => Submodules::Own,
            "recursive" => Submodules::All,
            "" | "false" => Submodules::None,
            word => return Err(format!("`submodules` is `true`, `false` or `recursive`, not `{}`.", shown(word))),
        },
        large_files,
        sparse,
        notes,
        found,
    })
}

/// Returns a setting with its macros expanded: a payload does not decide what is checked out.
fn author(name: &str, text: &Text, variables: &Variables) -> Result<String, String> {
    let text = variables.expand(text).map_err(|error| format!("`{name}` can't be used: {error}."))?;
    match text.is_tainted() {
        true => Err(format!("Payload text can't be `{name}` of a checkout.")),
        false => Ok(text.flatten().into_owned()),
    }
}

fn depth(written: Option<String>) -> Result<Option<String>, String> {
    let written = written.unwrap_or_else(|| DEPTH_DEFAULT.to_owned());
    match written.trim().parse::<u32>() {
        Ok(0) => Ok(None),
        Ok(depth) => Ok(Some(depth.to_string())),
        Err(_) => Err(format!("`fetchDepth` is a number of commits, or 0 for all, not `{}`.", shown(&written))),
    }
}

/// Returns the folder of a `path`, which is relative to the job's own.
fn target_at(job: &JobContext, path: &Text, variables: &Variables) -> Result<PathBuf, String> {
    let path = author("path", path, variables)?;
    let root = std::fs::canonicalize(&job.workspace.root).map_err(|error| format!("`path`: {error}."))?;
    let target = place::destination(&job.workspace, &root, &path)?;
    match target.starts_with(&root) && target != root {
        true => Ok(target),
        false => Err(format!("`path` of a checkout is a folder inside of the job's, not `{}`.", shown(&path))),
    }
}

/// Brings a repository's files to where they belong, and returns their commit.
async fn fetch(git: &mut Git<'_, '_>, request: &Request, shown: Shown) -> Result<String, Unfinished> {
    let Request { found, target, .. } = request;
    let commit = commit(git, found).await?;
    let (folder, cleans) = (target.clone(), request.cleans);
    git.write("The folder of the checkout can't be made", move || prepare(&folder, cleans)).await?;
    git.call(target, git::LOCAL, &["init", "--quiet", "--template="], shown).await?;
    let (folder, from) = (target.clone(), found.folder.clone());
    git.write("The new repository can't be set up", move || remember(&folder, &from)).await?;
    let depth = request.depth.as_ref().map(|depth| format!("--depth={depth}"));
    let tags = if request.tags { "--tags" } else { "--no-tags" };
    let mut arguments = vec!["fetch", "--quiet", "--no-recurse-submodules", tags];
    arguments.extend(depth.as_deref());
    arguments.extend(["--end-of-options", "origin", &commit]);
    git.call(target, git::LOCAL, &arguments, shown).await?;
    if let Some((kind, parts)) = &request.sparse {
        let parts = parts.iter().map(String::as_str);
        let arguments: Vec<&str> =
            ["sparse-checkout", "set", kind, "--end-of-options"].into_iter().chain(parts).collect();
        git.call(target, git::LOCAL, &arguments, shown).await?;
    }
    if request.large_files == LargeFiles::Fetched {
        submodule::set_up(git, target, shown).await?;
        git.call(target, git::LOCAL, &["lfs", "fetch", "origin", &commit], shown).await?;
    }
    git.call(target, git::LOCAL, &["checkout", "--quiet", "--force", "--detach", &commit], shown).await?;
    submodule::bring(git, target, (request.submodules, request.large_files), depth.as_deref(), shown).await?;
    Ok(commit)
}

/// Returns the commit that a branch, tag or commit is: the same one for all jobs of a run, whatever
/// happens to the repository meanwhile.
async fn commit(git: &mut Git<'_, '_>, found: &Found) -> Result<String, Unfinished> {
    let reference = found.reference.as_deref().unwrap_or("HEAD");
    if is_commit(reference) {
        return Ok(reference.to_owned());
    }
    if let Some(agreed) = git.desk.agree(&found.agreement, None).await? {
        return Ok(agreed.split(' ').next().unwrap_or_default().to_owned());
    }
    let commit = commit_now(git, found, reference).await?;
    Ok(git.desk.agree(&found.agreement, Some(&commit)).await?.unwrap_or(commit))
}

async fn commit_now(git: &mut Git<'_, '_>, found: &Found, reference: &str) -> Result<String, Unfinished> {
    let wanted = format!("{reference}^{{commit}}");
    let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted];
    let lines = match git.call(&found.folder, git::LOCAL, &arguments, Shown::No).await {
        Err(Unfinished::Failed(_)) => Vec::new(),
        answer => answer?,
    };
    let commit = lines.into_iter().find(|line| is_commit(line));
    commit.ok_or_else(|| {
        let place = found.folder.display();
        Unfinished::Failed(format!("`{}` is no branch, tag or commit of {place}.", shown(reference)))
    })
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Makes the folder, empty if it is to be clean, and without a repository of an earlier attempt.
fn prepare(target: &Path, cleans: bool) -> std::io::Result<()> {
    make(target)?;
    if cleans {
        for entry in std::fs::read_dir(target)? {
            remove(&entry?.path())?;
        }
    }
    remove(&target.join(".git"))
}

/// Removes a file, a link or a folder that may not be there.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(kind) if kind.is_dir() => std::fs::remove_dir_all(path),
        _ => std::fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Writes down where the files came from, so that steps can fetch more of it.
fn remember(target: &Path, folder: &Path) -> std::io::Result<()> {
    let address = git::quoted(&folder.to_string_lossy());
    let remote = format!("[remote \"origin\"]\n\turl = {address}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n");
    let path = target.join(".git/config");
    with_patience(&path, || {
        let mut file = std::fs::OpenOptions::new().append(true).open(&path)?;
        let length = file.metadata()?.len();
        // A part of it would be there twice.
        file.write_all(remote.as_bytes()).inspect_err(|_| drop(file.set_len(length)))
    })
}
