//! Files with several names: what a step links, a later one writes by one name, and a third runs by another.
//!
//! A step that links files may get no payload text, and its script is in any language. So its text is read word by word:
//! the names beside a word that links are taken for names of one file, whichever of them is the link.

use super::filename::base;
use super::outline::KEPT;

/// Words that give a file one more name.
const LINKING: &[&str] =
    &["ln", "link", "symlink", "symlink_to", "hardlink_to", "mklink", "SymbolicLink", "HardLink", "Junction"];

/// The option of `cp` that links, in full, and the letters of the same.
const COPY_LINKS: &[&str] = &["--link", "--symbolic-link"];
const COPY_LETTERS: [char; 2] = ['l', 's'];

/// The most groups of names of one job. No job of a person's links so much.
const GROUPS_MAX: usize = 1000;

/// What the scripts of a job have linked so far.
#[derive(Debug, Clone, Default)]
pub struct Links {
    groups: Vec<Group>,
}

/// Names that may be of one file.
#[derive(Debug, Clone)]
struct Group {
    names: Vec<String>,
    /// One of its names is known only when the script runs, and may be any.
    is_open: bool,
}

impl Links {
    /// Notes what the author of a script links in it.
    pub fn add(&mut self, script: &str) {
        if !LINKING.iter().any(|word| script.contains(word)) && !script.contains("cp") {
            return;
        }
        let script = script.replace("\\\n", " ");
        let groups = script.split(['\n', ';', '|', '&']).filter_map(group);
        let room = GROUPS_MAX.saturating_sub(self.groups.len());
        self.groups.extend(groups.take(room));
    }

    /// Returns the names that a file may have: its own, and others without their folders.
    pub fn names(&self, file: &str) -> Vec<String> {
        let mut names = self.others(file);
        names.insert(0, file.to_owned());
        names
    }

    fn others(&self, file: &str) -> Vec<String> {
        if file.starts_with(KEPT) {
            return Vec::new();
        }
        let mut names = vec![base(file).to_owned()];
        let mut at = 0;
        while at < names.len() {
            let is_in = |group: &&Group| group.is_open || group.names.contains(&names[at]);
            let more: Vec<String> = self.groups.iter().filter(is_in).flat_map(|group| group.names.clone()).collect();
            for name in more {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            at += 1;
        }
        names.retain(|name| name != file);
        names
    }
}

/// Returns the names in a command, if it links.
fn group(command: &str) -> Option<Group> {
    let words: Vec<&str> = command
        .split(|it: char| it.is_whitespace() || "'\"`()[]{},=".contains(it))
        .filter(|word| !word.is_empty())
        .collect();
    let links = |word: &&str| LINKING.contains(&base(word).rsplit('.').next().unwrap_or_default());
    let is_option = |word: &&str| {
        let has_letter = word.starts_with('-') && !word.starts_with("--") && word.contains(COPY_LETTERS);
        COPY_LINKS.contains(word) || has_letter
    };
    let copies = words.iter().any(|word| base(word) == "cp") && words.iter().any(is_option);
    if !copies && !words.iter().any(links) {
        return None;
    }
    let names = words.iter().filter(|word| !word.starts_with('-') && !links(word)).map(|word| base(word));
    let (open, known): (Vec<&str>, Vec<&str>) = names.partition(|name| name.contains(['$', '*', '?', '%']));
    let known = known.into_iter().filter(|name| !name.is_empty() && !matches!(*name, "." | ".." | "cp"));
    Some(Group { names: known.map(str::to_owned).collect(), is_open: !open.is_empty() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, file: &str, wanted: &[&str]) {
        let mut links = Links::default();
        links.add(script);
        assert_eq!(links.others(file), wanted, "{script}");
    }

    #[test]
    fn names_beside_a_word_that_links_are_of_one_file() {
        check("ln -s notes.txt run", "notes.txt", &["run"]);
        check("ln -s notes.txt run", "run", &["notes.txt"]);
        check("cd d; sudo ln -sf \\\n ../notes.txt \"$PWD/run\"", "notes.txt", &["sudo", "run"]);
        check("ln -s a b\nln -s b c", "a", &["b", "c"]);
        check("n=notes; ln -s $n run", "notes", &["run"]);
        check("cp -al notes run", "notes", &["run"]);
        check("cp --symbolic-link notes run", "notes", &["run"]);
        check("os.symlink('notes', 'd/run')", "notes", &["run"]);
        check("Path('run').symlink_to('notes')", "notes", &["Path", "run"]);
    }

    #[test]
    fn what_links_nothing_gives_no_names() {
        check("cp notes run", "notes", &[]);
        check("cp -r a b && ln -s c d", "a", &[]);
        check("echo linked notes to run", "notes", &[]);
    }
}
