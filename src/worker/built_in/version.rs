//! Versions of tools, and what an author says about one: `3.x`, `>=10.15.0`, `^18`, `1.21 || 1.22`.

use std::cmp::Ordering;
use std::fmt;

/// A version: numbers, and what follows them in one that is not released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    numbers: [u64; 3],
    preview: String,
}

/// What a version must meet: one of several lists, all of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted(Vec<Vec<Range>>);

/// From a version on, up to before another.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    from: [u64; 3],
    before: Option<[u64; 3]>,
    /// What the one version that is meant has behind its numbers.
    preview: Option<String>,
}

impl Version {
    /// Returns the first version in a text: `v20.1.0`, `Python 3.11.7`, `go version go1.21`.
    pub(super) fn find(text: &str) -> Option<Self> {
        let is_start = |at: usize| {
            let before = text[..at].chars().next_back();
            text[at..].starts_with(|it: char| it.is_ascii_digit()) && !before.is_some_and(|it| it.is_ascii_digit())
        };
        let start = text.char_indices().map(|(at, _)| at).find(|at| is_start(*at))?;
        let word = text[start..].split(|it: char| it.is_whitespace() || "\"'(),;_/".contains(it)).next()?;
        let end = word.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(word.len());
        let (numbers, rest) = word.split_at(end);
        let mut read = numbers.split('.').filter(|part| !part.is_empty()).map_while(|part| part.parse().ok());
        let numbers = [read.next()?, read.next().unwrap_or(0), read.next().unwrap_or(0)];
        let preview = rest.trim_start_matches(['-', '+']).to_owned();
        Some(Self { numbers, preview: if rest.starts_with('+') { String::new() } else { preview } })
    }

    pub(super) fn major(&self) -> u64 {
        self.numbers[0]
    }
}

impl Ord for Version {
    /// A preview stands before what it is a preview of.
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |version: &Self| (version.preview.is_empty(), version.preview.clone());
        self.numbers.cmp(&other.numbers).then_with(|| rank(self).cmp(&rank(other)))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        let separator = if self.preview.is_empty() { "" } else { "-" };
        write!(f, "{major}.{minor}.{patch}{separator}{}", self.preview)
    }
}

impl Wanted {
    /// Reads what an author says; nothing for what is no version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lists = text.split("||").map(|list| {
            // A blank may stand behind a sign.
            let list = [">=", "<=", ">", "<", "=", "^", "~"]
                .iter()
                .fold(list.to_owned(), |list, sign| list.replace(&format!("{sign} "), sign));
            list.split_whitespace().map(range).collect::<Option<Vec<_>>>()
        });
        let lists = lists.collect::<Option<Vec<_>>>()?;
        lists.iter().all(|list| !list.is_empty()).then_some(Self(lists))
    }

    /// Says whether a version is meant. Previews are meant only where one is named.
    pub(super) fn holds(&self, version: &Version) -> bool {
        let holds = |range: &Range| {
            let is_inside = version.numbers >= range.from && range.before.is_none_or(|end| version.numbers < end);
            match &range.preview {
                Some(preview) => version.numbers == range.from && version.preview == *preview,
                None => is_inside && version.preview.is_empty(),
            }
        };
        self.0.iter().any(|list| list.iter().all(holds))
    }
}

fn range(word: &str) -> Option<Range> {
    let sign = ["^", "~", ">=", "<=", ">", "<", "="].into_iter().find(|sign| word.starts_with(sign)).unwrap_or("");
    let rest = word[sign.len()..].trim_start_matches(['v', 'V']);
    let (numbers, preview) = rest.split_once('-').map_or((rest, None), |(numbers, it)| (numbers, Some(it.to_owned())));
    let mut known = Vec::new();
    for part in numbers.split('.') {
        match part {
            "x" | "X" | "*" => break,
            part => known.push(part.parse::<u64>().ok()?),
        }
    }
    if known.len() > 3 || preview.as_ref().is_some_and(|it| it.is_empty() || known.len() != 3) {
        return None;
    }
    let from = [0, 1, 2].map(|at| known.get(at).copied().unwrap_or(0));
    let after = |kept: usize| {
        let mut end = from;
        let last = kept.checked_sub(1)?;
        end[last] = end[last].checked_add(1)?;
        end[kept..].fill(0);
        Some(end)
    };
    let whole = after(known.len());
    let (from, before) = match sign {
        "" | "=" => (from, whole),
        "~" => (from, after(known.len().min(2))),
        "^" => (from, after(from.iter().position(|it| *it > 0).map_or(known.len(), |at| at + 1))),
        ">=" => (from, None),
        ">" => (whole?, None),
        "<=" => ([0; 3], whole),
        _ => ([0; 3], Some(from)),
    };
    Some(Range { from, before, preview: preview.filter(|_| matches!(sign, "" | "=")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, version: &str, holds: bool) {
        let found = Version::find(version).unwrap_or_else(|| panic!("{version} is a version"));
        let wanted = Wanted::parse(wanted).unwrap_or_else(|| panic!("{wanted} is something to want"));
        assert_eq!(wanted.holds(&found), holds, "{wanted:?} {found}");
    }

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (text, version) in [
            ("v20.20.2", "20.20.2"),
            ("Python 3.11.7", "3.11.7"),
            ("Python 3.13.0rc1", "3.13.0-rc1"),
            ("go version go1.21 linux/amd64", "1.21.0"),
            ("openjdk version \"17.0.9\" 2023-10-17", "17.0.9"),
            ("8.0.100-preview.1", "8.0.100-preview.1"),
        ] {
            assert_eq!(Version::find(text).map(|it| it.to_string()).as_deref(), Some(version), "{text}");
        }
        assert_eq!(Version::find("none"), None);
    }

    #[test]
    fn what_is_wanted_holds_for_what_it_means() {
        for (wanted, version, holds) in [
            ("3.x", "3.13.1", true),
            ("3.x", "2.7.18", false),
            ("3", "3.1", true),
            ("3.1", "3.11.0", false),
            ("3.11", "3.11.9", true),
            ("3.11.8", "3.11.9", false),
            ("*", "1.0", true),
            (">=10.15.0", "10.15.0", true),
            (">=10.15.0", "10.14.9", false),
            (">= 3.6 < 3.9", "3.8.18", true),
            (">= 3.6 < 3.9", "3.9.0", false),
            (">3", "3.1", false),
            ("<=3.8", "3.8.5", true),
            ("^18.2", "18.9.0", true),
            ("^18.2", "19.0.0", false),
            ("^0.2.3", "0.3.0", false),
            ("~1.21.3", "1.21.9", true),
            ("~1.21.3", "1.22.0", false),
            ("1.20 || 1.22", "1.22.1", true),
            ("3.x", "3.13.0rc1", false),
            ("3.13.0-rc1", "3.13.0rc1", true),
        ] {
            check(wanted, version, holds);
        }
        for text in ["", "latest", "3.x ||", "1.2.3.4", "3.11-"] {
            assert_eq!(Wanted::parse(text), None, "{text}");
        }
    }
}
