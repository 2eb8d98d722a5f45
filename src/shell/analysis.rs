//! The two phases: what a script's holes require, and whether a payload's values meet it.

use super::left::Left;
use super::outline::{FILE, Outline};
use super::requirement::Requirement;
use super::transport::{self, Carried};
use super::{Language, VARIABLE_PREFIX, bash, cmd, command, powershell, python};

/// The most holes of a script: a list of a payload can make as many as it has items.
pub const HOLES_MAX: usize = 1000;

/// The most bytes of a script that payload text comes into: one of that length is analysed in about a second.
pub const SCRIPT_BYTES_MAX: usize = 128 * 1024;

/// What an author can do about a place that takes no payload text.
const HELP: &str = "give the text to a program as an argument in double quotes, or let the payload choose among your own words with `oneOf`";

/// What to do about a text that stands in a script of Python outside of its strings.
const HELP_FOR_PYTHON: &str =
    "put it into a string of its own, such as `x = \"…\"`, and use the variable; a number is `int(x)`";

/// What to do about a text in a raw string of Python.
const HELP_FOR_RAW: &str = "leave out the `r` in front of the string: another takes every text";

/// What to do about a text in a program that a here-document holds.
const HELP_FOR_CODE: &str =
    "pass it in `env:` and let the program read it from there, such as `os.environ['NAME']` or `process.env.NAME`";

/// What to do about a text that a program may take for an option.
const HELP_FOR_OPTION: &str = "put `--` in front of it, where the program takes that for the end of its options, as in `logger -- \"$TITLE\"`; or refuse such payloads with a filter";

/// What to do about a text that is no name of a file.
const HELP_FOR_FILE_NAME: &str =
    "make a name of it first, as in `name=${title//[^A-Za-z0-9]/_}`, or refuse such payloads with a filter";

/// What to do about a text that a program may take for a file's name.
const HELP_FOR_FILE_MARK: &str = "use an option that takes every text, such as `curl --data-raw` or `--form-string`, or give the text on the standard input, as `--body-file -` takes it";

/// What to do about a text that bash would evaluate as a number.
const HELP_FOR_BASH: &str =
    "check it first, as in `n=…; [[ $n =~ ^[0-9]+$ ]] || exit 1`, and use `$n`; or refuse such payloads with a filter";

/// Where a value comes into a script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entrance {
    /// The tainted segment of this index in the script's text.
    Segment(usize),
    /// The environment variable of this name, which the script reads.
    Variable(String),
}

/// Why a hole can't be filled, or not with this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which value it is about.
    pub entrance: Entrance,
    /// The line of the script where the hole stands, or where the variable is named first;
    /// counted from 1.
    pub line: usize,
    /// What the text can't be, to be read after "payload text can't be", and on which line, if that is another.
    pub reason: String,
    /// One action that would mend it.
    pub help: Option<String>,
    /// True if another value would be accepted at this place.
    pub value_dependent: bool,
}

/// A hole, or a variable of the environment that holds payload text, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Which value fills it.
    pub entrance: Entrance,
    /// The variable that carries the value.
    pub variable: String,
    /// Where it stands, to be read after "in"; nothing for a variable of the environment, and for
    /// a hole whose place could not be told.
    pub place: Option<&'static str>,
    /// What its value must look like: all of these; none at the places that take every text.
    pub requirements: Vec<Requirement>,
    /// The line of the script where it stands, or where the variable is named first; counted from 1.
    pub line: usize,
    /// What to do about a value that is not plain, where it is not what helps mostly.
    help: Option<&'static str>,
}

/// A part of a script that was made safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fragment {
    /// Text that is the same for every payload.
    Text(String),
    /// A value inside of a string literal, each of its characters written as an escape.
    Escaped(usize, Escapes),
}

/// How a string literal of Python writes characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// As code points.
    Text,
    /// As bytes of UTF-8.
    Bytes,
    /// As they are: a raw string has no escapes, and its values are plain.
    None,
}

/// What a language's analysis found out: the script written anew, and for each hole, the script's
/// own first and then the environment's, where it stands and what is demanded of it.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) script: Vec<Fragment>,
    pub(super) holes: Vec<Finding>,
    /// What the script leaves that has payload text.
    pub(super) written: Vec<Left>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Finding {
    pub(super) place: Option<&'static str>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) refusal: Option<String>,
    /// The line of the script where the text would become what the refusal says, where the analysis tells it; counted
    /// from 1.
    pub(super) line: Option<usize>,
    /// What to do about the refusal, or about a value that is not plain, where it is not what helps mostly.
    pub(super) help: Option<&'static str>,
}

/// A script that a language's analysis does not understand.
#[derive(Debug)]
pub(super) struct Unread {
    /// The hole that is to blame, if one is.
    pub(super) hole: Option<usize>,
    /// To be read after "payload text can't be".
    pub(super) reason: String,
}

/// What is known of a script before any payload. It depends on the outline alone, so it can be kept
/// for as long as the template: a delivery only tests its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    language: Language,
    script: Vec<Fragment>,
    holes: Vec<Hole>,
    refusals: Vec<Refusal>,
    written: Vec<Left>,
    has_late_values: bool,
}

/// Works out what a script's holes require, without any value.
pub fn analyse(outline: &Outline) -> Analysis {
    let has_holes = outline.holes() > 0;
    if !has_holes && outline.environment.is_empty() {
        return Analysis::untouched(outline);
    }
    if outline.holes() > HOLES_MAX {
        let reason = format!("put into a script at more than {HOLES_MAX} places");
        return Analysis::unread(outline, Unread { hole: None, reason });
    }
    if outline.author_text().len() > SCRIPT_BYTES_MAX {
        let reason =
            format!("put into a script of more than {} KiB: move a part of it into a file", SCRIPT_BYTES_MAX / 1024);
        return Analysis::unread(outline, Unread { hole: None, reason });
    }
    let found = match outline.language {
        Language::Bash => bash::analyse(outline, bash::Given::AsItIs),
        Language::PowerShell => powershell::analyse(outline),
        Language::Python => python::analyse(outline),
        Language::Cmd => cmd::analyse(outline),
    };
    match found {
        Ok(findings) => Analysis::found(outline, findings),
        Err(unread) => Analysis::unread(outline, unread),
    }
}

impl Analysis {
    /// Returns the script with references in place of its holes. For Python, whose literals hold the
    /// values themselves, the values stand as `…`.
    pub fn script(&self) -> String {
        let text = |fragment: &Fragment| match fragment {
            Fragment::Text(text) => text.clone(),
            Fragment::Escaped(..) => "…".to_owned(),
        };
        self.script.iter().map(text).collect()
    }

    /// Returns each hole with what its value must look like: the script's in their order, then the
    /// environment's.
    pub fn requirements(&self) -> &[Hole] {
        &self.holes
    }

    /// Returns the holes that no value can fill. Such a script is rejected whatever is posted.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// Returns what the script leaves that has payload text: files, as far as it says their names, names of files, what
    /// programs keep.
    pub fn written(&self) -> &[Left] {
        &self.written
    }

    /// Tests values, one for each of [`Analysis::requirements`]: whether a run with them is valid.
    pub fn test<V: AsRef<str>>(&self, values: &[V]) -> Result<(), Vec<Refusal>> {
        // A hole that takes no value at all has nothing else to be told; the others have.
        let is_open = |hole: &Hole| self.refusals.iter().all(|refusal| refusal.entrance != hole.entrance);
        let tested = self.holes.iter().zip(values).filter(|(hole, _)| is_open(hole));
        let unmet = tested.filter_map(|(hole, value)| self.refused(hole, value.as_ref()));
        let refusals: Vec<Refusal> = self.refusals.iter().cloned().chain(unmet).collect();
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }

    /// Puts tested values into the script.
    pub(super) fn fill<V: AsRef<str>>(&self, values: &[V]) -> Result<(String, Carried), Vec<Refusal>> {
        self.test(values)?;
        let mut script = String::new();
        for fragment in &self.script {
            match fragment {
                Fragment::Text(text) => script.push_str(text),
                Fragment::Escaped(hole, escapes) => python::escape(values[*hole].as_ref(), *escapes, &mut script),
            }
        }
        let own = self.holes.iter().zip(values).filter(|(hole, _)| matches!(hole.entrance, Entrance::Segment(_)));
        let carried = match self.language {
            Language::Python => Carried::default(),
            _ => transport::carry(own.map(|(hole, value)| (hole.variable.as_str(), value.as_ref()))),
        };
        Ok((format!("{}{script}", self.language.reading(&carried)), carried))
    }

    /// Returns why a value can't fill its hole.
    fn refused(&self, hole: &Hole, value: &str) -> Option<Refusal> {
        let refusal = |reason: String, help: &str| Refusal {
            entrance: hole.entrance.clone(),
            line: hole.line,
            reason,
            help: Some(help.to_owned()),
            value_dependent: true,
        };
        if value.contains('\0') {
            let help = "test for it in a filter, or leave it to a program that reads the payload itself";
            return Some(refusal("put into a script if it holds a NUL character".into(), help));
        }
        let late = self.has_late_values.then_some(Requirement::Short);
        let all = hole.requirements.iter().copied().chain(late);
        let unmet = all.into_iter().find(|requirement| !requirement.admits(value))?;
        let is_code = matches!(unmet, Requirement::Plain | Requirement::Integer);
        let stands_in = |part: &str| hole.place.is_some_and(|place| place.contains(part));
        let help = match unmet {
            Requirement::Number => HELP_FOR_PYTHON,
            Requirement::FileName | Requirement::FilePart | Requirement::SlashedPart => HELP_FOR_FILE_NAME,
            Requirement::NotAFile | Requirement::NoFileAddress => HELP_FOR_FILE_MARK,
            Requirement::Plain if stands_in("a raw string") => HELP_FOR_RAW,
            Requirement::Plain if stands_in("of an f-string") => HELP_FOR_PYTHON,
            Requirement::NotAnOption | Requirement::NoOptions if self.language == Language::Bash => HELP_FOR_OPTION,
            Requirement::Plain | Requirement::PlainPath | Requirement::EditText | Requirement::EditName
                if hole.help.is_some() =>
            {
                hole.help.unwrap_or(HELP)
            }
            Requirement::Integer | Requirement::Digits if self.language == Language::Bash => HELP_FOR_BASH,
            _ if is_code && stands_in("here-document") => HELP_FOR_CODE,
            _ => "refuse such payloads with a filter, or let the payload choose among your own words with `oneOf`",
        };
        let refused = refusal(format!("used here unless it is {unmet}"), help);
        Some(Refusal { value_dependent: unmet != Requirement::Number, ..refused })
    }

    /// Returns the analysis of a script into which no payload text comes.
    fn untouched(outline: &Outline) -> Self {
        let script = vec![Fragment::Text(outline.author_text())];
        let (holes, refusals, written) = (Vec::new(), Vec::new(), Vec::new());
        Self { language: outline.language, script, holes, refusals, written, has_late_values: false }
    }

    fn found(outline: &Outline, findings: Findings) -> Self {
        let mut analysis = Self { script: findings.script, written: findings.written, ..Self::untouched(outline) };
        let in_command = command::holes_in_brackets(outline);
        let entrances = outline.entrances();
        for (index, (mut finding, (entrance, line))) in findings.holes.into_iter().zip(entrances).enumerate() {
            if let Some(reason) = finding.refusal {
                let help = Some(finding.help.unwrap_or(HELP).to_owned());
                let entrance = entrance.clone();
                let reason = match finding.line.filter(|at| *at != line) {
                    Some(at) => format!("{reason}, on line {at}"),
                    None => reason,
                };
                analysis.refusals.push(Refusal { entrance, line, reason, help, value_dependent: false });
            }
            finding.requirements.extend(in_command.contains(&index).then_some(Requirement::Plain));
            finding.requirements.sort_unstable();
            finding.requirements.dedup();
            let variable = match &entrance {
                Entrance::Segment(_) => variable(index),
                Entrance::Variable(name) => name.clone(),
            };
            let requirements = finding.requirements;
            let (place, help) = (finding.place, finding.help);
            analysis.holes.push(Hole { entrance, variable, place, requirements, line, help });
        }
        analysis.has_late_values = outline.language == Language::PowerShell && powershell::has_own_first_line(outline);
        analysis
    }

    /// Returns the analysis of a script that could not be read. All its holes are refused, by one
    /// refusal: at the hole that is to blame, or at the first. Without holes it is refused only if it
    /// names a variable that holds payload text: no other reaches it.
    fn unread(outline: &Outline, unread: Unread) -> Self {
        let mut analysis = Self::untouched(outline);
        let own = outline.holes();
        let is_named = |name: &String| !name.starts_with(FILE) && outline.mention(name).is_some();
        let named = outline.environment.iter().position(is_named);
        let blamed = unread.hole.or((own > 0).then_some(0)).or(named.map(|at| own + at));
        if let Some((entrance, line)) = blamed.and_then(|index| outline.entrances().into_iter().nth(index)) {
            let help = if outline.language == Language::Python { HELP_FOR_PYTHON } else { HELP };
            let (reason, help) = (unread.reason, Some(help.to_owned()));
            analysis.refusals.push(Refusal { entrance, line, reason, help, value_dependent: false });
        }
        analysis
    }
}

/// Returns the name of a hole's variable.
pub(super) fn variable(hole: usize) -> String {
    format!("{VARIABLE_PREFIX}{}", hole + 1)
}
