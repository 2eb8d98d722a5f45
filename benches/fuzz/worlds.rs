//! Whole inputs that are taken: a pipeline that somebody wrote, the files that it names, and a payload.
//! Changes of a few places begin here, so that they come as far as what checks and prints runs.

use crate::random::Random;
use crate::subject::{MARK, PAYLOAD, Subject};
use std::path::{Path, PathBuf};

/// The most inputs that are kept to change them further.
const KEPT_MAX: usize = 4096;
/// The most bytes of an input that is kept.
const BYTES_MAX: usize = 16 * 1024;
/// One with two templates, one of them in another repository, as no file of ours has it alone.
const OWN: &str = include_str!("own.txt");

/// Inputs that were taken without a mistake.
#[derive(Debug, Default)]
pub struct Worlds(Vec<String>);

impl Worlds {
    /// Returns those of the files that are taken, each with its templates and its payload.
    pub fn of(files: &[(PathBuf, String)], scratch: &Path) -> Self {
        let is_taken = |input: &String| Subject::Render.attempt(input.as_bytes(), scratch);
        let own = OWN.to_owned();
        assert!(is_taken(&own), "the own input has mistakes");
        let written = files.iter().map(|(path, text)| with_parts(path, text, files));
        Self(std::iter::once(own).chain(written.filter(is_taken)).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn any(&self, random: &mut Random) -> &str {
        &self.0[random.below(self.0.len())]
    }

    /// Keeps some of those that were taken, so that changes add up.
    pub fn keep(&mut self, input: &[u8], random: &mut Random) {
        let Ok(text) = std::str::from_utf8(input) else { return };
        if text.len() > BYTES_MAX || !random.once_in(8) {
            return;
        }
        if self.0.len() < KEPT_MAX {
            self.0.push(text.to_owned());
        } else {
            let at = random.below(KEPT_MAX);
            self.0[at] = text.to_owned();
        }
    }
}

/// Returns an input with the files that a pipeline, or one of those files, has the name of.
fn with_parts(path: &Path, text: &str, files: &[(PathBuf, String)]) -> String {
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside: Vec<(&str, &str)> = files
        .iter()
        .filter_map(|(other, text)| Some((other.strip_prefix(folder).ok()?.to_str()?, text.as_str())))
        .collect();
    let mut input = text.trim_end().to_owned();
    input.push('\n');
    let mut left = beside;
    while let Some(at) = left.iter().position(|(name, _)| input.contains(&format!("template: {name}"))) {
        let (name, text) = left.remove(at);
        input.push_str(&format!("{MARK}ci/{name}\n{}\n", text.trim_end()));
    }
    let payload = payload(path).unwrap_or_else(|| "{}".to_owned());
    format!("{input}{MARK}{PAYLOAD}\n{payload}")
}

/// Returns the payload that lies beside a pipeline, or beside its folder.
fn payload(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let places = [path.with_extension("json"), folder.join("payload.json"), folder.parent()?.join("payload.json")];
    places.iter().find_map(|place| std::fs::read_to_string(place).ok())
}
