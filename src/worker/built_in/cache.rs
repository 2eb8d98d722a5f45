//! `Cache`: a folder that later runs of the pipeline find again by its key.
//!
//! A key has parts, `npm | "$(Agent.OS)" | package-lock.json`: text, or files whose content counts.
//! The folder is saved at the end of a job that has succeeded so far, unless the key had a cache already.

use super::super::command::Change;
use super::super::job::Execution;
use super::super::stop::Interruption;
use super::super::variables::Setting;
use super::super::workspace::Workspace;
use super::halt::{self, Halt};
use super::input::Inputs;
use super::pattern::found;
use super::{Own, Told, Unfinished, place};
use crate::diagnostic::{shown, shown_path};
use crate::files::{Caches, KEY_MAX};
use crate::shell::{environment_name, is_special_variable};
use crate::taint::Text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What a payload's `|` becomes: parts are the author's alone.
const SEPARATOR: (char, &str) = ('|', "%7C");

/// How many bytes of a file are read at once.
const BUFFER: usize = 64 * 1024;

/// A folder that is saved at the end of the job.
#[derive(Debug)]
pub(in super::super) struct Saving {
    key: String,
    folder: PathBuf,
}

/// A part of a key.
enum Part {
    Text(String),
    Files(Text),
}

pub(super) async fn run(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    changes: &mut Vec<Change>,
) -> Result<Told, Unfinished> {
    let job = execution.job;
    let folder = place::destination(&job.workspace, &job.workspace.sources, &inputs.data("path"))?;
    if place::is_needed(&job.workspace, &folder) || folder.is_file() {
        return Err(format!("The input `path`: `{}` can't be cached.", shown(&inputs.data("path"))).into());
    }
    let variable = variable(execution, inputs)?;
    let workspace = job.workspace.clone();
    let (key, others) = (parts(inputs.text("key"))?, beginnings(inputs.text("restoreKeys"))?);
    let (caches, scope, to) = (job.host.caches.clone(), job.plan.pipeline.clone(), folder.clone());
    let restored = halt::work(execution, own, move |halt| {
        let key = resolved(&key, &workspace, halt)?;
        let others = others.iter().map(|parts| resolved(parts, &workspace, halt)).collect::<Result<Vec<_>, _>>()?;
        let hit = restore(&caches, &scope, &key, &others, &to)?;
        Ok((key, hit))
    });
    let (key, hit) = restored.await?;
    if hit.is_some() {
        execution.reach.take_files(&job.plan);
    }
    let word = match &hit {
        Some(found) if *found == key => "true",
        Some(_) => "inexact",
        None => "false",
    };
    let told = match &hit {
        Some(found) => Told::line(format!("Restored the cache of the key `{}`.", shown(found))),
        None => Told::line(format!("There is no cache of the key `{}`.", shown(&key))),
    };
    changes.extend(variable.map(|name| Change::Set(Setting::plain(&name, word.into()))));
    if word != "true" {
        execution.caches.insert(own.place, Saving { key, folder });
    }
    Ok(told)
}

/// Returns the variable that says whether there was a cache.
fn variable(execution: &Execution<'_>, inputs: &Inputs) -> Result<Option<String>, String> {
    let name = inputs.author("cacheHitVar")?.trim().to_owned();
    if is_special_variable(&environment_name(&name)) || execution.variables.is_read_only(&name) {
        return Err(format!("The variable `{}` can't be set.", shown(&name)));
    }
    Ok((!name.is_empty()).then_some(name))
}

fn restore(caches: &Caches, scope: &str, key: &str, others: &[String], to: &Path) -> Result<Option<String>, String> {
    let failed = |error: std::io::Error| format!("The cache can't be restored: {error}.");
    let Some(cache) = caches.find(scope, key, others).map_err(failed)? else { return Ok(None) };
    caches.restore(&cache, to).map_err(failed)?;
    Ok(Some(cache.key))
}

/// Splits a key at the author's `|`. A part with payload text is text, whatever it looks like.
fn parts(key: &Text) -> Result<Vec<Part>, String> {
    let mut parts = vec![Text::default()];
    for segment in key.segments() {
        if segment.is_tainted() {
            let text = segment.text.replace(SEPARATOR.0, SEPARATOR.1);
            parts.last_mut().expect("there is one").push(segment.with_text(text));
            continue;
        }
        for (at, piece) in segment.text.split(SEPARATOR.0).enumerate() {
            if at > 0 {
                parts.push(Text::default());
            }
            parts.last_mut().expect("there is one").append(&piece.into());
        }
    }
    parts.iter().map(part).collect()
}

fn part(written: &Text) -> Result<Part, String> {
    let flat = written.flatten();
    let text = flat.trim();
    match text {
        "" => return Err("The key of the cache has an empty part.".to_owned()),
        "*" | "**" => return Err(format!("`{text}` is no part of a key. Help: write `./{text}` for files.")),
        _ => {}
    }
    let is_quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    let is_path = text.contains(['.', '/']) && !text.ends_with('.');
    Ok(match is_path && !is_quoted && !written.is_tainted() {
        true => Part::Files(text.split(',').map(str::trim).collect::<Vec<_>>().join("\n").into()),
        false => Part::Text(text.to_owned()),
    })
}

/// Returns one beginning of a key a line; `**` at its end says no more than that it is one.
fn beginnings(text: &Text) -> Result<Vec<Vec<Part>>, String> {
    let mut lines = vec![Text::default()];
    for segment in text.segments() {
        let pieces: Vec<&str> =
            if segment.is_tainted() { vec![&*segment.text] } else { segment.text.lines().collect() };
        for (at, piece) in pieces.into_iter().enumerate() {
            if at > 0 {
                lines.push(Text::default());
            }
            let line = lines.last_mut().expect("there is one");
            line.push(segment.with_text(piece));
        }
    }
    lines.retain(|line| line.is_tainted() || !line.flatten().trim().is_empty());
    let without_end = |line: &Text| match line.segments().last() {
        Some(last) if !last.is_tainted() && last.text.trim_end().ends_with("**") => {
            let mut kept = Text::default();
            let (_, before) = line.segments().split_last().expect("there is one");
            before.iter().for_each(|segment| kept.push(segment.clone()));
            let own = last.text.trim_end().trim_end_matches("**").trim_end().trim_end_matches(SEPARATOR.0);
            kept.append(&own.into());
            kept
        }
        _ => line.clone(),
    };
    lines.iter().map(|line| parts(&without_end(line))).collect()
}

/// Returns a key with the content of its files in it.
fn resolved(parts: &[Part], workspace: &Workspace, halt: &Halt) -> Result<String, String> {
    let parts = parts.iter().map(|part| match part {
        Part::Text(text) => Ok(text.clone()),
        Part::Files(patterns) => content(patterns, workspace, halt),
    });
    let key = parts.collect::<Result<Vec<_>, _>>()?.join("|");
    match key.len() > KEY_MAX {
        true => Err(format!("The key of the cache has more than {KEY_MAX} bytes.")),
        false => Ok(key),
    }
}

/// Returns a hash of the files that are meant, with their paths and lengths.
fn content(patterns: &Text, workspace: &Workspace, halt: &Halt) -> Result<String, String> {
    let mut all = Sha256::new();
    let mut count = 0;
    for path in found(patterns, workspace, halt)? {
        halt.check()?;
        let failed = |error: std::io::Error| format!("`{}` can't be read: {error}.", shown(&path.to_string_lossy()));
        let (hash, length) = hash(&path, halt).map_err(failed)?;
        all.update(format!("\nSHA256({})=[{length}]{hash}", workspace.named(&path).display()));
        count += 1;
    }
    match count {
        0 => Err(format!(
            "No file is meant by `{}`, a part of the key.",
            shown_path(&patterns.flatten().replace('\n', ", "))
        )),
        _ => Ok(BASE64.encode(all.finalize())),
    }
}

/// Returns the hash of a file's content, and its length.
fn hash(file: &Path, halt: &Halt) -> std::io::Result<(String, u64)> {
    let mut file = File::open(file)?;
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER];
    loop {
        halt.check().map_err(std::io::Error::other)?;
        match file.read(&mut buffer)? {
            0 => return Ok((hex::encode(hash.finalize()), length)),
            count => {
                hash.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}

/// Saves a folder, and returns a line for the log: what can't be saved is told, and fails nothing.
pub(in super::super) async fn save(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    Saving { key, folder }: Saving,
) -> Result<String, Interruption> {
    let (caches, scope, named) = (execution.job.host.caches.clone(), execution.job.plan.pipeline.clone(), shown(&key));
    let saving = halt::work(execution, own, move |_| match folder.is_dir() {
        true => caches.save(&scope, &key, &folder).map(Some).map_err(|error| error.to_string()),
        false => Ok(None),
    });
    match saving.await {
        Ok(Some(bytes)) => Ok(format!("Saved the cache of the key `{named}`: {bytes} bytes.")),
        Ok(None) => Ok(format!("##[warning]The cache of the key `{named}` is not saved: its folder is not there.")),
        Err(Unfinished::Interrupted(interruption)) => Err(interruption),
        Err(Unfinished::Failed(error)) => {
            Ok(format!("##[warning]The cache of the key `{named}` can't be saved: {error}."))
        }
        Err(Unfinished::Broken(_)) => unreachable!("work with files tells the journal nothing"),
    }
}
