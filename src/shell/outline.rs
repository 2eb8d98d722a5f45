//! A script without its values: all that an analysis depends on.

use super::left::{self, Left};
use super::listing::find_listing;
use super::{Background, Entrance, Language, bash, parts};
use crate::taint::Text;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// What stands among the variables of a script's environment for the words behind the script: one for each
/// place of payload text in them. No variable has a `.` in its name.
pub const ARGUMENTS: &str = "sys.argv";

/// What the names of files begin with that stand among the variables of a script's environment: files to which an
/// earlier script of the same job has written payload text. Of a script that reads one by its name the same is demanded
/// as of one that has the text itself, changed as the earlier script changed it; of one that comes by it in a list
/// nothing is, as nobody knows what it takes. One that runs it is refused. No variable has a `:` in its name.
pub const FILE: &str = "file:";

/// What stands in front of what else earlier scripts of the same job have left that has payload text: names of files, what
/// `git` and other programs keep. As with [`FILE`], what it holds is not known.
pub const KEPT: &str = "kept:";

/// The names of the files that earlier scripts made.
pub(super) const NAMES: &str = "kept:names of files";

/// What stands between [`FILE`] and the name of a file that a script does not name, but may come by through a pattern or a
/// list.
pub(super) const LISTED: &str = "*/";

/// Says whether a name among the variables of a script is that of something which an earlier script left.
pub(super) fn is_left(name: &str) -> bool {
    name.starts_with(FILE) || name.starts_with(KEPT)
}

/// A piece of a script as the analysis sees it: without the payload's text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// What the author wrote.
    Author(Arc<str>),
    /// A place that some payload's text will fill.
    Hole,
}

/// A script without values. Equal outlines have equal analyses, for every payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Outline {
    /// What reads the script.
    pub language: Language,
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
    /// For each piece the segment of the script's text that it is, or is of; nothing where each segment is a piece.
    pub segments: Vec<usize>,
    /// The environment variables that hold payload text, by name, each once, [`ARGUMENTS`], and files, by
    /// [`FILE`].
    pub environment: Vec<String>,
    /// What else is set around it.
    pub background: Background,
}

/// A script with the payload's text in it, and the environment that it will have.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    /// What reads the script.
    pub language: Language,
    /// Its text, tainted where it came from a payload.
    pub text: &'a Text,
    /// The environment variables that hold payload text, and the [`arguments`](Script::arguments).
    pub environment: Vec<(String, Cow<'a, Text>)>,
    /// What else is set around it.
    pub background: Background,
}

impl<'a> Script<'a> {
    /// Returns a script that has nothing around it.
    pub fn alone(language: Language, text: &'a Text) -> Self {
        Self { language, text, environment: Vec::new(), background: Background::default() }
    }

    /// Returns the payload text in the words behind a script, as it stands beside the environment. Only a
    /// script in Python gets such words.
    pub fn arguments(words: impl IntoIterator<Item = &'a Text>) -> impl Iterator<Item = (String, Cow<'a, Text>)> {
        let texts = words.into_iter().flat_map(|word| word.segments()).filter(|segment| segment.is_tainted());
        texts.map(|segment| {
            let mut text = Text::default();
            text.push(segment.clone());
            (ARGUMENTS.to_owned(), Cow::Owned(text))
        })
    }
}

impl Script<'_> {
    /// Returns the script without its values.
    pub fn outline(&self) -> Outline {
        parts::outline_of(self, &parts::parts(self))
    }

    /// Returns the values in the order of an analysis: those of the text, then the environment's.
    pub fn values(&self) -> Vec<Cow<'_, str>> {
        let own = parts::parts(self).into_iter().filter(|part| part.is_hole).map(|part| Cow::Borrowed(part.text));
        own.chain(self.environment.iter().map(|(_, value)| value.flatten())).collect()
    }

    /// Returns how something that an earlier script left, as [`Analysis::written`](super::Analysis::written) says it,
    /// stands among the variables of a script that may use it: its author names the file, or has a pattern or a list that
    /// can give it, or a program that prints what was kept.
    pub fn left(text: &Text, left: &Left) -> Option<String> {
        let written = left.name();
        let is_used = text.authored().any(|own| find_left(own, written).is_some());
        let is_named = text.authored().any(|own| find_file(own, written).is_some());
        is_used.then(|| match written.starts_with(KEPT) {
            true => written.to_owned(),
            false if is_named => format!("{FILE}{}", left.spelled()),
            false => format!("{FILE}{LISTED}{}", left.spelled()),
        })
    }

    /// Returns the name of what an earlier script left, as its author may read it; of a variable, its own.
    pub fn name_of_left(name: &str) -> &str {
        let file = name.strip_prefix(FILE).map(|file| left::parted(file.strip_prefix(LISTED).unwrap_or(file)).0);
        file.or(name.strip_prefix(KEPT)).unwrap_or(name)
    }

    /// Says whether any payload text comes into the script.
    pub fn is_tainted(&self) -> bool {
        self.text.is_tainted() || !self.environment.is_empty()
    }
}

/// The names that a script's author writes, to be asked for any number of variables.
#[derive(Debug)]
pub struct Names<'t> {
    pieces: Vec<&'t str>,
    words: HashSet<&'t str>,
    /// Whether the script gets all variables without their names.
    has_all: bool,
}

impl<'t> Names<'t> {
    /// Returns those of a script, of which these are the pieces that its author wrote.
    pub fn of(pieces: impl Iterator<Item = &'t str>) -> Self {
        let pieces: Vec<&str> = pieces.collect();
        let words = pieces.iter().flat_map(|own| own.split(|it: char| !is_part_of_name(it))).collect();
        Self { words, has_all: pieces.iter().any(|own| prints_environment(own)), pieces }
    }

    /// Says whether a script's author names a variable: no other variable of the environment can reach
    /// what the script evaluates.
    pub fn has(&self, variable: &str) -> bool {
        let is_word = variable.chars().all(is_part_of_name);
        let is_named = || match is_word {
            true => self.words.contains(variable),
            false => self.pieces.iter().any(|own| find_name(own, variable).is_some()),
        };
        self.has_all || is_named()
    }
}

impl Outline {
    /// Returns how many holes the text has.
    pub(super) fn holes(&self) -> usize {
        self.pieces.iter().filter(|piece| **piece == Piece::Hole).count()
    }

    /// Returns where the value of each hole comes in, and on which line: those of the text first, then
    /// those of the environment.
    pub(super) fn entrances(&self) -> Vec<(Entrance, usize)> {
        let mut entrances = Vec::new();
        let mut line = 1;
        for (at, piece) in self.pieces.iter().enumerate() {
            let segment = self.segments.get(at).copied().unwrap_or(at);
            match piece {
                Piece::Author(text) => line += text.matches('\n').count(),
                Piece::Hole => entrances.push((Entrance::Segment(segment), line)),
            }
        }
        let seed = |name: &String| (Entrance::Variable(name.clone()), self.mention(name).unwrap_or(1));
        entrances.extend(self.environment.iter().map(seed));
        entrances
    }

    /// Returns the author's text alone, as a text.
    pub fn author(&self) -> Text {
        Text::author(self.author_text())
    }

    /// Returns the author's text alone.
    pub(super) fn author_text(&self) -> String {
        let texts = self.pieces.iter().map(|piece| if let Piece::Author(text) = piece { text } else { "" });
        texts.collect()
    }

    /// Returns the line of the script that names a variable or a file first, counted from 1.
    pub(super) fn mention(&self, name: &str) -> Option<usize> {
        let text = self.author_text();
        let found = match is_left(name) {
            true if name.starts_with(KEPT) => find_left(&text, name),
            true => find_left(&text, Script::name_of_left(name)),
            false => find_name(&text, name),
        };
        found.map(|at| 1 + text[..at].matches('\n').count())
    }
}

/// Words by which a script gets the whole environment.
const WHOLE_ENVIRONMENT: &[&str] =
    &["env", "printenv", "envsubst", "environ", "environb", "getenvs", "ENV", "ENVIRON", "compgen"];

/// Commands of the shell that print all variables, if they are given no other words.
const PRINTING: &[&str] = &["set", "export", "declare", "typeset", "readonly"];

/// Says whether a script may print or read its whole environment, without a look at names.
pub(super) fn prints_environment(text: &str) -> bool {
    let prints = |name: &str| {
        let found = text
            .match_indices(name)
            .map(|(at, _)| (&text[..at], text[at + name.len()..].trim_start_matches([' ', '\t'])));
        let is_word = |before: &str| {
            before.is_empty() || before.ends_with(|it: char| it.is_whitespace() || "(;|&`{".contains(it))
        };
        let is_alone = |rest: &str| {
            rest.is_empty()
                || rest.starts_with(['|', ';', '&', '>', ')', '\n', '`'])
                || rest.starts_with("-p")
                || rest.starts_with("-x")
        };
        found.into_iter().any(|(before, rest)| is_word(before) && is_alone(rest))
    };
    WHOLE_ENVIRONMENT.iter().any(|word| find_name(text, word).is_some()) || PRINTING.iter().any(|name| prints(name))
}

/// Says whether a text names a variable.
pub(super) fn names_variable(text: &str, name: &str) -> bool {
    find_name(text, name).is_some()
}

/// Finds where a script may use what an earlier one left.
fn find_left(text: &str, left: &str) -> Option<usize> {
    match left.strip_prefix(KEPT) {
        Some(_) if left == NAMES => find_listing(text, None),
        Some(place) => bash::printing(place).iter().find_map(|program| find_name(text, program)),
        None => find_file(text, left).or_else(|| find_listing(text, Some(left))),
    }
}

/// Finds the name of a file, in which `${name}` stands for a variable however that is written.
fn find_file(text: &str, file: &str) -> Option<usize> {
    if file.contains('*') {
        return None;
    }
    let mut parts = file.split(['$', '{', '}']).filter(|part| !part.is_empty());
    let first = parts.next().and_then(|part| if part == file { find_name(text, part) } else { text.find(part) })?;
    parts.all(|part| text.contains(part)).then_some(first)
}

/// Finds a name that is not part of a longer one.
fn find_name(text: &str, name: &str) -> Option<usize> {
    let mut found = text.match_indices(name).map(|(at, _)| at);
    found.find(|at| !text[..*at].ends_with(is_part_of_name) && !text[at + name.len()..].starts_with(is_part_of_name))
}

fn is_part_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_what_stands_in_it_alone_and_all_where_it_gets_all() {
        let text: Text = "echo $ONE \"${TWO}x\" THREES a.b ü".into();
        let names = Names::of(text.authored());
        for (name, is_named) in
            [("ONE", true), ("TWO", true), ("THREE", false), ("one", false), ("a.b", true), ("a.c", false), ("ü", true)]
        {
            assert_eq!(names.has(name), is_named, "{name}");
        }
        assert!(Names::of(["env | sort"].into_iter()).has("ANY"));
    }
}
