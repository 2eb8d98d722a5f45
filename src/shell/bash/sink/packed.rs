//! What programs keep of a text in another form, and print again as it was: packed files, a repository, a database, the
//! log of the machine.

use super::super::flow::{Id, Node};
use super::super::syntax::{Part, Word};
use super::Walker;
use super::argument::Argument;
use super::file::file_node;
use super::program::DESCRIBING_FIELDS;
use super::simple::Call;

/// Programs that put a packed file beside each that they are given, and what they add to its name.
const PACKING: &[(&str, &[&str])] = &[
    ("gzip", &[".gz"]),
    ("pigz", &[".gz"]),
    ("gunzip", &[".gz"]),
    ("bzip2", &[".bz2"]),
    ("bunzip2", &[".bz2"]),
    ("xz", &[".xz", ".lzma"]),
    ("unxz", &[".xz", ".lzma"]),
    ("lzma", &[".lzma"]),
    ("zstd", &[".zst"]),
    ("unzstd", &[".zst"]),
    ("lz4", &[".lz4"]),
    ("brotli", &[".br"]),
    ("gpg", &[".gpg", ".asc"]),
];

/// Programs that keep what they are given where no file of the script's is, and those that print it.
const KEEPING: &[(&str, &[&str], &[&str])] = &[
    ("the log", &["logger", "systemd-cat"], &["journalctl"]),
    ("the clipboard", &["xclip", "xsel", "pbcopy", "wl-copy"], &["xclip", "xsel", "pbpaste", "wl-paste"]),
    ("a database", SQL, SQL),
    (LINKS, &["ln"], &["readlink", "realpath"]),
];

/// What links are to: a text as good as any, as long as no file of that name must be there.
const LINKS: &str = "a link";

const SQL: &[&str] = &["sqlite3", "psql", "mysql", "mariadb"];

/// Words of SQL by which it gives a number.
const COUNTING: &[&str] = &["count(", "max(", "min(", "sum(", "select id", "returning id"];

/// What `git` keeps: texts such as a commit's message, and what is in files.
pub(super) const GIT: &str = "git";
const FILES_OF_GIT: &str = "files of git";

/// Returns the programs that print what is kept at a place.
pub(in crate::shell) fn printing(place: &str) -> &'static [&'static str] {
    let known = KEEPING.iter().find(|(known, ..)| *known == place);
    known.map_or(&["git"], |(_, _, printing)| printing)
}

/// Returns the node of a place where something is kept.
pub(super) fn kept(place: &str) -> Option<Node> {
    let places = KEEPING.iter().map(|(place, ..)| *place).chain([GIT, FILES_OF_GIT]);
    places.into_iter().find(|known| *known == place).map(Node::Kept)
}

/// Commands of `git` that keep files, and those that print what is in files.
const KEEPING_FILES: &[&str] = &["add", "commit", "stash", "hash-object", "update-index"];
const PRINTING_FILES: &[&str] =
    &["show", "cat-file", "diff", "archive", "blame", "annotate", "grep", "stash", "whatchanged", "format-patch"];

/// Words by which `git` keeps all files that were changed.
const ALL_FILES: &[&str] = &[".", "-A", "--all", "-a", "-am", "-u", "--update", "-qam", "stash"];

/// Words by which it prints of files their names only, or nothing.
const NAMES_ALONE: &[&str] =
    &["--stat", "--shortstat", "--numstat", "--name-only", "--name-status", "--quiet", "-s", "--no-patch", "-l"];

/// Says whether a command is `jq`, and what it is given besides its input only describes a package.
pub(super) fn describes_package(call: Call) -> bool {
    if call.words.first().and_then(|_| call.name()).is_none_or(|name| name != "jq") {
        return false;
    }
    let words = call.rest();
    let Some(at) = words.iter().position(|it| it.literal().is_some_and(|text| describes(&text))) else { return false };
    let is_value = |at: usize| at >= 2 && words[at - 2].has_literal("--arg");
    let is_known = |at: usize| words[at].is_literal() || is_value(at) && !words[at].word.may_be_many();
    (0..at).all(is_known) && words[at..].iter().all(Argument::is_literal)
}

/// Says whether a program of `jq` does nothing but give fields that describe a package a text of its own, or one that it
/// is given.
fn describes(program: &str) -> bool {
    let is_value = |value: &str| match value.strip_prefix('$') {
        Some(name) => name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_'),
        None => value.len() > 1 && value.starts_with('"') && value.ends_with('"') && !value.contains('\\'),
    };
    let is_one = |step: &str| {
        let parts =
            step.split_once('=').and_then(|(field, value)| Some((field.trim().strip_prefix('.')?, value.trim())));
        parts.is_some_and(|(field, value)| DESCRIBING_FIELDS.contains(&field) && is_value(value))
    };
    program.split('|').all(is_one)
}

/// Says whether a word is the name of the script itself: `$0`, `${BASH_SOURCE[0]}`.
fn is_own_name(word: &Word) -> bool {
    let is_own = |part: &Part| match part {
        Part::Parameter(parameter) => matches!(parameter.name.as_str(), "0" | "BASH_SOURCE"),
        _ => false,
    };
    word.parts.iter().any(is_own)
}

impl Walker {
    /// Notes the files that a program makes of those that it packs, and the other way round.
    pub(super) fn packed(&mut self, name: &str, call: Call) {
        let Some((_, endings)) = PACKING.iter().find(|(program, _)| *program == name) else { return };
        for argument in call.rest().iter().filter(|it| !it.word.prefix().starts_with('-')) {
            let copied = self.flow.stream();
            let content = self.content(argument.word);
            self.flow.edges(&content, copied);
            let literal = argument.literal();
            for ending in *endings {
                match literal.as_deref().map(|name| (name, name.strip_suffix(ending))) {
                    Some((_, Some(plain))) => {
                        self.tells(plain);
                        let file = self.flow.id(file_node(plain));
                        self.flow.edge(copied, file);
                    }
                    Some((name, None)) => {
                        let packed = format!("{name}{ending}");
                        self.tells(&packed);
                        let file = self.flow.id(file_node(&packed));
                        self.flow.edge(copied, file);
                    }
                    None => {
                        let mut word: Word = argument.word.clone();
                        word.parts.push(Part::Text { text: (*ending).to_owned(), quoted: true });
                        self.gets_later(&word, copied);
                    }
                }
            }
        }
    }

    /// Notes what a program keeps of what it is given, and what it prints again.
    pub(super) fn kept_elsewhere(&mut self, name: &str, call: Call) {
        for (place, keeping, printing) in KEEPING {
            let kept = self.flow.id(Node::Kept(place));
            if keeping.contains(&name) {
                self.flow.edges(&call.sources(), kept);
                self.flow.edge(call.scope.stdin, kept);
            }
            let counts = |text: &str| COUNTING.iter().any(|word| text.to_lowercase().contains(word));
            let is_number = || call.rest().iter().any(|argument| argument.word.texts().any(counts));
            let finds_itself = place == &LINKS && call.rest().iter().any(|it| is_own_name(it.word));
            if printing.contains(&name) && !is_number() && !finds_itself {
                self.flow.edge(kept, call.scope.out);
            }
        }
    }

    /// Returns a node for what `jq` is given besides its input, if it can only become the text of fields that describe a
    /// package: `jq --arg v "$V" '.version = $v' package.json`.
    pub(super) fn description(&mut self, call: Call) -> Option<Id> {
        if !describes_package(call) {
            return None;
        }
        let described = self.flow.stream();
        self.flow.edge(described, call.scope.out);
        self.later.descriptions.push(described);
        Some(described)
    }

    /// Returns what `git` keeps and prints by one of its commands or another.
    pub(super) fn places_of_git(&mut self) -> Vec<Id> {
        [GIT, FILES_OF_GIT].into_iter().map(|place| self.flow.id(Node::Kept(place))).collect()
    }

    /// Notes the files that `git` keeps, and which of its commands print what is in them.
    pub(super) fn files_of_git(&mut self, command: &Argument, call: Call) {
        let is = |words: &[&str]| words.iter().any(|word| command.has_literal(word));
        let has = |words: &[&str]| call.rest().iter().any(|it| words.iter().any(|word| it.has_literal(word)));
        let kept = self.flow.id(Node::Kept(FILES_OF_GIT));
        if is(KEEPING_FILES) {
            let operands = call.rest().iter().filter(|it| !it.word.prefix().starts_with('-'));
            let mut content: Vec<_> = operands.flat_map(|it| self.content(it.word)).collect();
            content.extend(has(ALL_FILES).then(|| self.flow.id(Node::AnyFile)));
            self.flow.edges(&content, kept);
        }
        let prints = is(PRINTING_FILES) || is(&["log"]) && has(&["-p", "--patch", "-u"]);
        if prints && !has(NAMES_ALONE) {
            self.flow.edge(kept, call.scope.out);
        }
    }
}
