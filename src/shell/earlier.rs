//! What earlier steps of a job have made of the names of programs: `ln -s /bin/sh lint`, `git config alias.run '!sh -c'`,
//! `git config core.editor sh`.
//!
//! Such a step gets no payload text, and its script is in any language. So its text is read word by word, as in `link`: what
//! a name may stand for, it stands for.

use super::filename::base;
use super::git::is_plain_alias;

/// Words that give a file another name, in whose place the last word behind them is the new one.
const NAMING: &[&str] = &["ln", "link", "cp", "mv", "install"];

/// The one of them that package managers have too, and what may stand in front of it.
pub(super) const INSTALL: &str = "install";
pub(super) const LAUNCHERS: &[&str] = &["sudo", "doas", "env", "command", "busybox"];

/// Functions and commands of other languages that do so; which of the names beside one is the new one is not told.
const CALLS: &[&str] = &[
    "symlink",
    "symlink_to",
    "hardlink_to",
    "mklink",
    "SymbolicLink",
    "HardLink",
    "copy",
    "copy2",
    "copyfile",
    "move",
    "rename",
    "replace",
    "Copy-Item",
    "Move-Item",
    "Rename-Item",
];

/// What the names of aliases begin with in the settings of git, and how the section with them begins in a file.
const ALIAS: &str = "alias.";
const SECTION: &str = "[alias";

/// Settings of git that name what messages are edited by.
pub(super) const EDITORS: &[&str] = &["core.editor", "sequence.editor"];

/// The most names and settings of one job. No job of a person's has so many.
const NAMES_MAX: usize = 1000;

/// The most bytes of the value of a setting.
const VALUE_MAX: usize = 1024;

/// What the steps of a job have set up so far.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    /// New names of files, each with another that it has; nothing where that is not known.
    names: Vec<(String, Option<String>)>,
    /// Aliases of git that may run a program.
    aliases: Vec<String>,
    /// Any name may be such an alias.
    has_any_alias: bool,
    /// Commands that git has messages edited by.
    editors: Vec<String>,
}

impl Earlier {
    /// Notes what the author of a script names anew in it.
    pub fn add(&mut self, script: &str) {
        let script = script.replace("\\\n", " ");
        let is_worth_it = |words: &[&str]| words.iter().any(|word| script.contains(word));
        if is_worth_it(NAMING) || is_worth_it(CALLS) {
            let named = script.split(['\n', ';', '|', '&']).flat_map(named);
            let room = NAMES_MAX.saturating_sub(self.names.len());
            self.names.extend(named.take(room));
        }
        self.add_settings(&script);
    }

    fn add_settings(&mut self, script: &str) {
        let lower = script.to_ascii_lowercase();
        if !lower.contains("git") && !lower.contains("config") {
            return;
        }
        self.has_any_alias |= lower.contains(SECTION);
        for (at, _) in lower.match_indices(ALIAS) {
            let rest = &script[at + ALIAS.len()..];
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            self.has_any_alias |= name.is_empty() || behind.starts_with(['$', '{', '%']);
            if !is_plain_alias(&value(behind)) && self.aliases.len() < NAMES_MAX {
                self.aliases.push(name.to_owned());
            }
        }
        for setting in EDITORS {
            for (at, _) in lower.match_indices(setting) {
                if self.editors.len() < NAMES_MAX {
                    self.editors.push(value(&script[at + setting.len()..]));
                }
            }
        }
    }

    /// Returns the names that a script uses of programs, in order, each with those that it may stand for.
    pub(super) fn programs(&self, script: &str) -> Vec<(String, Vec<Option<String>>)> {
        let mut programs: Vec<(String, Vec<Option<String>>)> = Vec::new();
        for (name, _) in self.names.iter().filter(|(name, _)| script.contains(name.as_str())) {
            if !programs.iter().any(|(known, _)| known == name) {
                programs.push((name.clone(), self.others(name)));
            }
        }
        programs.sort();
        programs
    }

    /// Returns what a name may stand for, over other new names.
    fn others(&self, name: &str) -> Vec<Option<String>> {
        let mut others: Vec<Option<String>> = Vec::new();
        let mut open = vec![name];
        while let Some(next) = open.pop() {
            for (_, other) in self.names.iter().filter(|(known, _)| known == next) {
                if !others.contains(other) && other.as_deref() != Some(name) {
                    others.push(other.clone());
                    open.extend(other.as_deref());
                }
            }
        }
        others.sort();
        others
    }

    /// Returns the aliases of git that a script uses, and whether any name may be one.
    pub(super) fn aliases(&self, script: &str) -> (Vec<String>, bool) {
        if !script.contains("git") {
            return (Vec::new(), false);
        }
        let mut aliases: Vec<String> =
            self.aliases.iter().filter(|name| script.contains(name.as_str())).cloned().collect();
        aliases.sort();
        aliases.dedup();
        // A script may write them into a file itself, too.
        (aliases, self.has_any_alias || script.to_ascii_lowercase().contains(SECTION))
    }

    /// Returns what git has messages edited by, for a script that uses git.
    pub(super) fn editors(&self, script: &str) -> &[String] {
        if script.contains("git") { &self.editors } else { &[] }
    }
}

/// Returns the new names in a command, each with another that the file has.
fn named(command: &str) -> Vec<(String, Option<String>)> {
    let words: Vec<&str> = command
        .split(|it: char| it.is_whitespace() || "'\"`()[]{},=".contains(it))
        .filter(|word| !word.is_empty())
        .collect();
    let known = |word: &&str| {
        let name = base(word);
        let is_open = name.contains(['$', '*', '?', '%']);
        (!is_open).then(|| name.to_owned())
    };
    let is_operand = |word: &&&str| !word.starts_with('-') && !base(word).is_empty();
    let names = |at: &usize| {
        let name = base(words[*at]);
        let is_launched = words[..*at].iter().all(|word| LAUNCHERS.contains(word));
        NAMING.contains(&name) && (name != INSTALL || is_launched)
    };
    if let Some(at) = (0..words.len()).find(names) {
        let operands: Vec<&&str> = words[at + 1..].iter().filter(is_operand).collect();
        let Some((last, files)) = operands.split_last() else { return Vec::new() };
        let Some(name) = known(last) else { return Vec::new() };
        let others = files.iter().map(|file| known(file)).filter(|other| other.as_ref() != Some(&name));
        return others.map(|other| (name.clone(), other)).collect();
    }
    let calls = |word: &&str| CALLS.contains(&word.rsplit(['.', '/']).next().unwrap_or_default());
    if !words.iter().any(calls) {
        return Vec::new();
    }
    let operands: Vec<Option<String>> = words.iter().filter(|it| is_operand(it) && !calls(it)).map(known).collect();
    let others = |name: &String| {
        let own = name.clone();
        let is_other = move |other: &&Option<String>| other.as_ref() != Some(&own);
        operands.iter().filter(is_other).map(|other| (name.clone(), other.clone())).collect::<Vec<_>>()
    };
    operands.iter().flatten().flat_map(others).collect()
}

/// Returns the value behind the name of a setting: what stands between quotes, or up to a blank.
fn value(behind: &str) -> String {
    let separators = |letter: char| letter.is_whitespace() && letter != '\n' || "'\"=,\\".contains(letter);
    let start = behind.find(|letter: char| !separators(letter)).unwrap_or(behind.len());
    let quote = behind[..start].chars().next_back().filter(|it| "'\"".contains(*it));
    let rest = &behind[start..];
    // `git config "alias.x" y`: a quote that closes opens none.
    let is_open = quote.is_some_and(|quote| {
        behind[..start].matches(quote).count() % 2 == 1 || behind[..start].contains([' ', ',', '='])
    });
    let ends = |letter: char| match quote.filter(|_| is_open) {
        Some(quote) => letter == quote,
        None => letter.is_whitespace() || ";|&)".contains(letter),
    };
    rest.split(ends).next().unwrap_or_default().chars().take(VALUE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(script: &str) -> Earlier {
        let mut earlier = Earlier::default();
        earlier.add(script);
        earlier
    }

    #[track_caller]
    fn check(script: &str, name: &str, wanted: &[Option<&str>]) {
        let others = after(script).others(name);
        let others: Vec<Option<&str>> = others.iter().map(Option::as_deref).collect();
        assert_eq!(others, wanted, "{script}");
    }

    #[test]
    fn a_new_name_stands_for_the_program_that_got_it() {
        check("ln -s /bin/sh ./lint", "lint", &[Some("sh")]);
        check("cd d; sudo ln -sf \\\n \"/bin/sh\" '/usr/local/bin/lint'", "lint", &[Some("sh")]);
        check("cp \"$(command -v bash)\" lint", "lint", &[None, Some("bash"), Some("command")]);
        check("ln -s $p lint", "lint", &[None]);
        check("ln -s /bin/sh a\nln -s a lint", "lint", &[Some("a"), Some("sh")]);
        check("install -m 755 /bin/sh lint", "lint", &[Some("755"), Some("sh")]);
        check("os.symlink('/bin/sh', 'lint')", "lint", &[Some("sh")]);
        check("shutil.copy('/bin/sh', 'lint')", "lint", &[Some("sh")]);
        check("subprocess.run(['ln', '-s', '/bin/sh', 'lint'])", "lint", &[Some("sh")]);
        check("New-Item -ItemType SymbolicLink -Path lint -Target /bin/sh", "lint", &[Some("New-Item"), Some("sh")]);
    }

    #[test]
    fn what_names_nothing_anew_gives_no_names() {
        check("apt-get install -y bash lint", "lint", &[]);
        check("echo ln -s", "lint", &[]);
        check("cp -r tools bin/", "tools", &[]);
        check("cp tools/lint bin/lint", "lint", &[]);
    }

    #[test]
    fn aliases_and_editors_of_git_are_found_in_any_language() {
        for script in [
            "git config alias.run '!sh -c'",
            "git config --global \"alias.run\" \"!sh -c\"",
            "git config alias.run 'clone --bare'",
            "git config alias.run \"$c\"",
            "subprocess.run(['git', 'config', 'alias.run', '!sh -c'])",
            "git config alias.run -- x",
            "export GIT_CONFIG_KEY_0=alias.run GIT_CONFIG_VALUE_0='!sh'",
        ] {
            assert_eq!(after(script).aliases("git run").0, ["run"], "{script}");
        }
        for script in
            ["git config alias.run log", "git config alias.run 'log --oneline'", "git config alias.other '!sh'"]
        {
            assert!(after(script).aliases("git run").0.is_empty(), "{script}");
        }
        assert!(after("git config \"alias.$n\" '!sh'").has_any_alias);
        assert!(after("printf '[alias]\\n run = !sh\\n' >> .git/config").has_any_alias);
        assert_eq!(after("git config core.editor 'sh -e'").editors("git"), ["sh -e"]);
        assert_eq!(after("git config --global core.editor sh; x").editors("git"), ["sh"]);
        assert_eq!(after("git config \"core.editor\" \"bash\"").editors("git"), ["bash"]);
    }
}
