//! What a value must look like to stand where an author put it.
//!
//! A requirement is a property of the place and is known before any payload; a delivery only tests
//! its values against it.

use super::filename::is_taken_up;
use super::transport::VALUE_BYTES_MAX;
use std::fmt;

/// The most characters of a plain value: the longest file name of the usual file systems.
pub const PLAIN_CHARS_MAX: usize = 255;

/// The most digits of an integer, so that it fits the shell's 64 bits.
pub const INTEGER_DIGITS_MAX: usize = 18;

/// Marks that may stand in the name of a file, beside letters, digits and `_`.
pub(super) const NAME_MARKS: &str = " .,+-@=:#%()";

/// What a path begins with that is not below the folder where it stands.
const LEADING: [char; 3] = ['/', '~', '\\'];

/// What programs take a value for the name of a file by.
const FILE_MARKS: &[&str] = &["@", "<", "file:", "fileb:"];

/// A form that a value must have. A hole without any takes every value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requirement {
    /// None of the options of `echo`, which would not be printed: `-n`, `-e`, `-E` and mixtures.
    NotAnEchoOption,
    /// Not the letters of options of `echo` alone, behind a `-` that the author wrote.
    NotEchoLetters,
    /// Does not begin with `-`, unless a blank follows. Also `-` alone does: another text may stand behind it.
    NotAnOption,
    /// No part of a path begins with `-`: a pattern may give the part alone to a program.
    NoOptionInPath,
    /// No word of it begins with `-`: the shell splits it before a program sees it.
    NoOptions,
    /// Each `-` stands behind a letter or digit: no part behind a mark is an option.
    NoMarkedOption,
    /// No `-` in front, and none behind the letters in front.
    NoCutOption,
    /// Begins with a letter or a digit: what is left of it when all else becomes `-` or nothing is not empty, and no
    /// option.
    LetterFirst,
    /// A letter or digit stands in front, and also where the letters in front are left out, unless nothing does.
    CutAsWord,
    /// No `-`.
    NoDash,
    /// No escape of JSON or YAML by a character's number, such as `\u002d`.
    NoEscape,
    /// Letters and digits.
    OnlyLetters,
    /// No mark that is not ASCII, such as a `/` of full width: a script makes ASCII of it.
    NoForeignMark,
    /// A letter or digit of ASCII is in it, which is left when all else is left out.
    HasWord,
    /// Begins with a letter or digit.
    BeginsAsWord,
    /// Begins with a small letter or a digit.
    BeginsSmall,
    /// Ends with a letter or digit, so that something is left behind its last mark.
    EndsAsWord,
    /// No mark stands in front, or behind another one.
    WordsApart,
    /// More than one character.
    MoreThanOne,
    /// At least one character.
    NotEmpty,
    /// No two `.` with nothing but marks between them, and each `/`, `~` and `\` stands behind a letter or digit: no
    /// part behind a mark leads out of a folder.
    InsideParts,
    /// No `/`, `~` and `\`, also behind the letters in front.
    NoCutPath,
    /// No `/`, `~` and `\`.
    NoSlash,
    /// At most one `.`.
    OneDot,
    /// Between two `.` stands a digit.
    DigitsBetweenDots,
    /// Each `@` and `<` stands behind a letter or digit, and no `file:`.
    NoFileMark,
    /// No `@`, no `<` and no `file:`.
    NoFileAtAll,
    /// No `;` in front of what gives a field of a form another name, type or header.
    OneField,
    /// Each `:` behind a scheme's name is that of `http` or `https`.
    NoOtherScheme,
    /// `-` stands between letters or digits only, so that no part of it begins so: a script takes it apart.
    InnerHyphens,
    /// No `:`, `*`, `?` and brackets, by which PowerShell would take it for a drive or a pattern.
    OneItem,
    /// No `%` and no `\`, which `printf` gives a meaning.
    NoFormat,
    /// No `\`, which `awk -v` gives a meaning.
    NoBackslash,
    /// Neither begins with `@` or `<` nor with `file:` or `fileb:`, which make programs read a file.
    NotAFile,
    /// Does not begin with `file:` or `fileb:`, by which `aws` reads a file.
    NoFileAddress,
    /// No blank, and none of `*`, `?`, `[` and `(`: the shell makes one word of it, and no names of files.
    OneWord,
    /// None of the marks of a regular expression: it stands for itself in one.
    NoPattern,
    /// No `*`, `?`, `[`, `:` and `\`, by which `git` makes several paths of one.
    OnePath,
    /// No brackets and braces, by which `curl` makes several addresses of one.
    OneAddress,
    /// No line break: a second line would be a header or a setting of its own.
    OneLine,
    /// Letters, digits, blanks and marks that a command `s` of `sed` takes for themselves, whatever it divides by.
    EditText,
    /// As [`Self::EditText`], without `/`.
    EditName,
    /// No quote, `\` and line break, by which a text between quotes would end or go on as another.
    Quoted,
    /// At most [`VALUE_BYTES_MAX`] bytes, because it is read from the environment by another program
    /// than the script's own.
    Short,
    /// Neither absolute nor with `..` among its parts, and not the folder itself in front of which it stands.
    InsidePath,
    /// As [`Self::InsidePath`], behind the name of a folder that the author wrote.
    BelowFolder,
    /// No mark by which a list of settings would get another: `,`, `;`, braces, `\`, quotes, a line break.
    OneSetting,
    /// No `:`, and no `+` in front: `git` would write to another name, delete it or force it.
    OneRef,
    /// An address that begins with `http://` or `https://`, or a host's name: no other scheme, such as `file:`.
    WebAddress,
    /// An address with its scheme, one of the web or `ssh`: what stands behind it can't make it another one.
    WithScheme,
    /// Another repository as `git` is told of it: one on a host, by `https`, `http` or `ssh`, or a plain name. So no
    /// `ext::…`, which runs a command, and no folder of this machine.
    Repository,
    /// A part of a host's name: letters, digits, `-` and `_`, not empty.
    Label,
    /// As [`Self::Plain`], and inside also `/`, `@`, `,` and `=`, without `..` among its parts: a path
    /// that another machine's shell may read.
    PlainPath,
    /// As [`Self::Plain`], with `/` between several of them.
    PlainParts,
    /// The name of a file: a letter, a digit or a mark of another alphabet, then these, blanks and marks that neither a
    /// path nor a shell gives a meaning. None of a file that programs run or look for.
    FileName,
    /// A part of such a name, behind a text of the author's.
    FilePart,
    /// As [`Self::FilePart`], of which the script makes something else of each `/`.
    SlashedPart,
    /// A letter, digit or `_`, then letters, digits and `_ . + -`, at most [`PLAIN_CHARS_MAX`].
    Plain,
    /// A decimal integer of at most [`INTEGER_DIGITS_MAX`] digits without leading zeros.
    Integer,
    /// Integers with `.` between them, as a version has them: whatever part of it arrives in arithmetic is no name.
    Digits,
    /// A number, true or false of the payload itself, which is put into a script as it is. So no text is one.
    Number,
}

impl Requirement {
    /// Says whether a value has the form.
    pub fn admits(self, value: &str) -> bool {
        match self {
            Self::NotAnEchoOption => !is_echo_option(value),
            Self::NotEchoLetters => value.is_empty() || !value.chars().all(is_echo_letter),
            Self::NotAnOption => !is_option(value),
            Self::NoOptionInPath => !value.split('/').any(is_option),
            Self::NoOptions => !value.split_whitespace().any(|word| word.starts_with('-')),
            Self::NoMarkedOption => !has_marked_option(value),
            Self::NoCutOption => !is_option(value) && !is_option(value.trim_start_matches(char::is_alphabetic)),
            Self::LetterFirst | Self::BeginsAsWord => begins_as_word(value),
            Self::CutAsWord => {
                let rest = value.trim_start_matches(char::is_alphabetic);
                begins_as_word(value) && (rest.is_empty() || begins_as_word(rest))
            }
            Self::NoDash => !value.contains('-'),
            Self::NoEscape => !["\\u", "\\U", "\\x"].iter().any(|escape| value.contains(escape)),
            Self::OnlyLetters => value.chars().all(char::is_alphanumeric),
            Self::NoForeignMark => value.chars().all(|it| it.is_ascii() || it.is_alphanumeric()),
            Self::HasWord => value.contains(|it: char| it.is_ascii_alphanumeric()),
            Self::BeginsSmall => value.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit()),
            Self::EndsAsWord => value.ends_with(char::is_alphanumeric),
            Self::WordsApart => are_words_apart(value),
            Self::MoreThanOne => value.chars().nth(1).is_some(),
            Self::NotEmpty => !value.is_empty(),
            Self::NoCutPath => !value.trim_start_matches(char::is_alphabetic).starts_with(LEADING),
            Self::NoSlash => !value.contains(LEADING),
            Self::OneDot => value.matches('.').count() < 2,
            Self::DigitsBetweenDots => !of(value, |it| it.is_ascii_digit() || it == '.').contains(".."),
            Self::NoFileMark => !has_file_mark(value),
            Self::NoFileAtAll => !value.contains(['@', '<']) && !has_file_mark(value),
            Self::OneField => !has_field_setting(value),
            Self::NoOtherScheme => !has_other_scheme(value),
            Self::InsideParts => are_parts_inside(value),
            Self::InnerHyphens => has_inner_hyphens(value),
            Self::OneItem => !value.contains([':', '*', '?', '[', ']', '`']),
            Self::NoFormat => !value.contains(['%', '\\']),
            Self::NoBackslash => !value.contains('\\'),
            Self::NoFileAddress => !["file:", "fileb:"].iter().any(|mark| value.starts_with(mark)),
            Self::NotAFile => !FILE_MARKS.iter().any(|mark| value.starts_with(mark)),
            Self::OneWord => !value.contains(|it: char| it.is_ascii_whitespace() || "*?[(".contains(it)),
            Self::NoPattern => !value.contains(|it: char| ".*+?|^$()[]{}\\".contains(it)),
            Self::OnePath => !value.contains(['*', '?', '[', ':', '\\']) && value != ".",
            Self::OneAddress => !value.contains(['[', ']', '{', '}']),
            Self::OneLine => !value.contains(['\n', '\r']),
            Self::Quoted => !value.contains(['"', '\'', '\\', '\n', '\r']),
            Self::Short => value.len() <= VALUE_BYTES_MAX,
            Self::InsidePath | Self::BelowFolder => is_inside_path(value),
            Self::OneSetting => !value.contains([',', ';', '{', '}', '[', ']', '\\', '"', '\'', '\n', '\r']),
            Self::OneRef => !value.contains(':') && !value.starts_with('+'),
            Self::WebAddress => is_web_address(value),
            Self::WithScheme => has_known_scheme(value),
            Self::Repository => is_plain(value) || is_repository(value),
            Self::Label => !value.is_empty() && value.chars().all(|it| it.is_ascii_alphanumeric() || "-_".contains(it)),
            Self::PlainPath => is_plain_path(value),
            Self::PlainParts => is_plain_path(value) && !value.contains(['@', ',', '=']),
            Self::FileName => {
                let begins = |first: char| first.is_ascii_alphanumeric() || first == '_' || !first.is_ascii();
                value.starts_with(begins) && is_part_of_name(value) && !is_taken_up(value)
            }
            Self::FilePart => is_part_of_name(value),
            // An empty pattern is the last one that there was.
            Self::EditName => !value.is_empty() && is_part_of_name(value),
            Self::EditText => !value.is_empty() && is_part_of_name(&value.replace('/', "")),
            Self::SlashedPart => is_part_of_name(&value.replace('/', "")),
            Self::Plain => is_plain(value),
            Self::Integer => is_integer(value),
            Self::Digits => are_digits(value),
            Self::Number => false,
        }
    }

    /// Says whether an author should know of the form before the first delivery. Of text that is an option of
    /// `echo` and nothing else, or longer than a payload mostly is, he would only be told everywhere.
    pub fn is_worth_telling(self) -> bool {
        !matches!(self, Self::NotAnEchoOption | Self::NotEchoLetters | Self::Short)
    }

    /// Returns what a value of this form is, to be read after "must be".
    pub fn description(self) -> &'static str {
        match self {
            Self::NotAnEchoOption => "something else than an option of `echo`, such as `-n`",
            Self::NotEchoLetters => "something else than letters of options of `echo`, such as `n`",
            Self::NotAnOption => "text that doesn't begin with `-`",
            Self::NoOptionInPath => "a name that doesn't begin with `-`, nor does a folder in it",
            Self::NoOptions => "text without a word that begins with `-`",
            Self::NoMarkedOption => "text in which `-` stands behind letters and digits only",
            Self::NoCutOption => "text that doesn't begin with `-`, nor does what is left without its first letters",
            Self::LetterFirst => "text that begins with a letter or a digit",
            Self::CutAsWord => "text that begins with a letter or digit, and has a digit behind its first letters",
            Self::NoDash => "text without `-`",
            Self::NoEscape => "text without escapes such as `\\u002d`",
            Self::OnlyLetters => "letters and digits",
            Self::NoForeignMark => "text without marks that are not ASCII, such as `／`",
            Self::HasWord => "text with a letter or digit in it",
            Self::BeginsAsWord => "text that begins with a letter or digit",
            Self::BeginsSmall => "text that begins with a small letter or digit",
            Self::EndsAsWord => "text that ends with a letter or digit",
            Self::WordsApart => "text that begins with a letter or digit, and in which no mark stands behind another",
            Self::MoreThanOne => "text of more than one character",
            Self::NotEmpty => "text that is not empty",
            Self::NoCutPath => "text that is no absolute path without its first letters",
            Self::NoSlash => "a name without `/`, `\\` and `~`",
            Self::OneDot => "text with one `.` at most",
            Self::DigitsBetweenDots => "text in which a digit stands between two `.`",
            Self::NoFileMark => "text in which `@` and `<` stand behind letters and digits only, without `file:`",
            Self::NoFileAtAll => "text without `@`, `<` and `file:`",
            Self::OneField => "text without `;type=` and its kin",
            Self::NoOtherScheme => "an address of `http` or `https`, without another one in it",
            Self::InsideParts => "text of which no part is an absolute path or has `..`",
            Self::InnerHyphens => "text in which `-` stands between letters or digits only",
            Self::OneItem => "a name without `:`, `*`, `?` and brackets",
            Self::NoFormat => "text without `%` and `\\`",
            Self::NoBackslash => "text without `\\`",
            Self::NoFileAddress => "text that doesn't begin with `file:` or `fileb:`",
            Self::NotAFile => "text that doesn't begin with `@`, `<` or `file:`",
            Self::OneWord => "text without blanks, `*`, `?`, `[` and `(`, or put into double quotes",
            Self::NoPattern => {
                "text without `.`, `*`, `+`, `?`, `|`, `^`, `$`, `\\` and brackets, or put into double quotes"
            }
            Self::OnePath => "a name without `*`, `?`, `[`, `:` and `\\`, and not `.`",
            Self::OneAddress => "text without brackets and braces, or `curl` is given `--globoff`",
            Self::OneLine => "one line of text",
            Self::EditText => "text of letters, digits, blanks and `_ . , + - @ = : # % ( ) /`",
            Self::EditName => "text of letters, digits, blanks and `_ . , + - @ = : # % ( )`",
            Self::Quoted => "text without quotes, `\\` and line breaks",
            Self::Short => "shorter than 64 KiB",
            Self::InsidePath | Self::BelowFolder => "a relative path without `..`, not empty",
            Self::OneSetting => "text without `,`, `;`, brackets, quotes and `\\`",
            Self::OneRef => "a name without `:`, and that doesn't begin with `+`",
            Self::WebAddress => "an address that begins with `http://` or `https://`",
            Self::WithScheme => "an address that begins with `http://`, `https://` or `ssh://`, as more follows it",
            Self::Repository => "the address of a repository by `https`, `http` or `ssh`, or one plain word",
            Self::Label => "a part of a host's name: letters, digits, `-`",
            Self::PlainPath => "a path of letters, digits and `_ . + - / @ , =`, without `..`",
            Self::PlainParts => "plain words with `/` between them: letters, digits and `_ . + -`, without `..`",
            Self::FileName => {
                "a name of a file: letters, digits, blanks and `_ . , + - @ = : # % ( )`, with a letter or digit in front; and no file that programs look for, such as `Makefile`"
            }
            Self::FilePart => "a part of a file's name: letters, digits, blanks and `_ . , + - @ = : # % ( )`",
            Self::SlashedPart => "a part of a file's name: letters, digits, blanks and `_ . , + - @ = : # % ( ) /`",
            Self::Plain => "one plain word: letters, digits, `_`, and inside also `.`, `+`, `-`",
            Self::Integer => "an integer",
            Self::Digits => "an integer, or several with `.` between them",
            Self::Number => "a number, true or false in the payload, and no text",
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.description())
    }
}

fn is_echo_option(value: &str) -> bool {
    value.strip_prefix('-').is_some_and(|letters| !letters.is_empty() && letters.chars().all(is_echo_letter))
}

fn is_echo_letter(letter: char) -> bool {
    "neE".contains(letter)
}

fn is_option(value: &str) -> bool {
    value.strip_prefix('-').is_some_and(|rest| !rest.starts_with(char::is_whitespace))
}

fn has_marked_option(value: &str) -> bool {
    let mut letters = value.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        let ends = letters.peek().is_none_or(|next| next.is_whitespace());
        if letter == '-' && !ends && !before.is_some_and(char::is_alphanumeric) {
            return true;
        }
        before = Some(letter);
    }
    false
}

/// Returns those letters of a text that a test holds for.
fn of(value: &str, is_one: impl Fn(char) -> bool) -> String {
    value.chars().filter(|it| is_one(*it)).collect()
}

/// Says whether a letter that a test holds for stands in front, or behind something else than a letter or digit.
fn has_marked(value: &str, is_one: impl Fn(char) -> bool) -> bool {
    let mut before = None;
    value.chars().any(|letter| {
        let is_marked = is_one(letter) && !before.is_some_and(char::is_alphanumeric);
        before = Some(letter);
        is_marked
    })
}

fn are_parts_inside(value: &str) -> bool {
    let bare = of(value, |it| it.is_alphanumeric() || it == '.');
    !has_marked(value, |it| LEADING.contains(&it)) && !bare.contains("..")
}

fn are_words_apart(value: &str) -> bool {
    !has_marked(value, |it| !it.is_alphanumeric()) && !value.is_empty()
}

fn begins_as_word(value: &str) -> bool {
    value.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn has_file_mark(value: &str) -> bool {
    has_marked(value, |it| matches!(it, '@' | '<')) || value.contains("file:") || value.contains("fileb:")
}

fn has_field_setting(value: &str) -> bool {
    let settings = value.split(';').skip(1).map(str::trim_start);
    settings
        .into_iter()
        .any(|it| ["type=", "filename=", "headers=", "encoder="].iter().any(|name| it.starts_with(name)))
}

/// Says whether a `:` stands behind the name of a scheme that is not one of the web, and not in front of a port.
fn has_other_scheme(value: &str) -> bool {
    value.match_indices(':').any(|(at, _)| {
        let is_of_name = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
        let before = &value[..at];
        let name = before
            .rfind(|it| !is_of_name(it))
            .map_or(before, |mark| before[mark..].trim_start_matches(|it| !is_of_name(it)));
        let is_web = ["http", "https"].iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
        let behind = &value[at + 1..];
        let is_port = behind.starts_with(|it: char| it.is_ascii_digit());
        let is_known = is_port || is_web && behind.starts_with("//");
        !name.is_empty() && !is_known
    })
}

fn has_inner_hyphens(value: &str) -> bool {
    let characters: Vec<char> = value.chars().collect();
    let is_word = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(|it| it.is_alphanumeric());
    let is_inner = |at: usize| is_word(at.checked_sub(1)) && is_word(Some(at + 1));
    (0..characters.len()).all(|at| characters[at] != '-' || is_inner(at))
}

fn is_plain(value: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    value.len() <= PLAIN_CHARS_MAX
        && value.starts_with(word)
        && value.chars().all(|c| word(c) || matches!(c, '.' | '+' | '-'))
}

/// Says whether no character divides a path, is a control character, or means something to a shell outside of quotes
/// other than that a word or a list ends.
fn is_part_of_name(value: &str) -> bool {
    let is_mark = |it: char| it == '_' || NAME_MARKS.contains(it);
    let is_inert = |it: char| match it.is_ascii() {
        true => it.is_ascii_alphanumeric() || is_mark(it),
        false => !it.is_control() && !it.is_whitespace(),
    };
    value.len() <= PLAIN_CHARS_MAX && value.chars().all(is_inert)
}

fn is_plain_path(value: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "_.+-/@,=".contains(c);
    value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && value.chars().all(inside)
        && !value.split('/').any(|part| part == ".." || part.len() > PLAIN_CHARS_MAX)
}

fn is_inside_path(value: &str) -> bool {
    // For PowerShell both marks divide a path, on every system.
    let leads_out = value.starts_with(['/', '~', '\\']) || value.split(['/', '\\']).any(|part| part == "..");
    let names_something = value.split('/').any(|part| !matches!(part, "" | "."));
    // `cd -` is another folder, and `:/` is the top one to git.
    names_something && !leads_out && value != "-" && !value.starts_with(':')
}

fn is_web_address(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return true;
    }
    let host = lower.split('/').next().unwrap_or_default();
    let is_port = |port: &str| !port.is_empty() && port.chars().all(|it| it.is_ascii_digit());
    let name = host.split_once(':').map_or(Some(host), |(name, port)| is_port(port).then_some(name));
    name.is_some_and(|name| !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || "-.".contains(it)))
}

fn has_known_scheme(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    ["http://", "https://", "ssh://"].iter().any(|scheme| lower.starts_with(scheme))
}

fn is_repository(value: &str) -> bool {
    let begins_as_host = |rest: &str| {
        let host = rest.split_once('@').map_or(rest, |(_, host)| host);
        [rest, host].iter().all(|it| it.starts_with(|first: char| first.is_ascii_alphanumeric()))
    };
    if let Some((scheme, rest)) = value.split_once("://") {
        return ["https", "http", "ssh"].contains(&scheme.to_ascii_lowercase().as_str()) && begins_as_host(rest);
    }
    // `user@host:path`
    let is_name = |it: char| it.is_ascii_alphanumeric() || "-._@".contains(it);
    value.split_once(':').is_some_and(|(host, path)| {
        begins_as_host(host) && host.chars().all(is_name) && !path.is_empty() && !path.starts_with([':', '-'])
    })
}

fn are_digits(value: &str) -> bool {
    let mut parts = value.strip_prefix('-').unwrap_or(value).split('.');
    value.len() <= PLAIN_CHARS_MAX && parts.all(|part| !part.starts_with('-') && is_integer(part))
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    !digits.is_empty()
        && digits.len() <= INTEGER_DIGITS_MAX
        && !leading_zero
        && digits.chars().all(|c| c.is_ascii_digit())
}
