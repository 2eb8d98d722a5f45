//! What commands make of a text of which something is known: `read` with `IFS=.`, `$(echo "$tag" | cut -d. -f3)`.

use super::super::read::is_variable_name;
use super::super::shape::{Set, Shape};
use super::super::syntax::{Command, Descriptor, RedirectKind, Script, Simple, Word};
use super::cut::or_free;
use super::effects::{DIVIDERS, Survey};
use super::words::shape_of;

/// The most fields of a text that are told apart.
const FIELDS_MAX: usize = 32;

/// Characters at which `awk -F` divides a line without taking them for more than they are.
const DIVIDING: &str = ".-/:_,@=";

/// Returns what `read` gives to its variables, if it is given a word on one line.
pub(super) fn read(simple: &Simple, survey: &Survey) -> Option<Vec<(String, Shape)>> {
    let [name, words @ ..] = simple.words.as_slice() else { return None };
    if !name.has_text("read") || survey.defined.contains_key("read") {
        return None;
    }
    let names = match words {
        [option, names @ ..] if option.has_text("-r") => names,
        names => names,
    };
    let name = |word: &Word| word.literal().filter(|name| is_variable_name(name));
    let names: Vec<String> = names.iter().map(name).collect::<Option<_>>()?;
    if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
        return None;
    }
    let given = given(simple)?;
    let marks = dividers(simple, survey)?;
    let (last, first) = names.split_last()?;
    let (mut fields, mut rest) = (Vec::new(), given);
    for name in first.iter().take(FIELDS_MAX) {
        fields.push((name.clone(), rest.before_first(marks)));
        rest = rest.behind_first(marks).or_empty();
    }
    // At the end one of them may be left out.
    let rest = if rest.has_any(marks) { rest.part() } else { rest };
    fields.push((last.clone(), rest));
    (first.len() <= FIELDS_MAX).then_some(fields)
}

/// Returns where `read` divides a line: at characters that are no blanks, or at blanks.
fn dividers(simple: &Simple, survey: &Survey) -> Option<Set> {
    let text = match simple.assignments.as_slice() {
        [] if !survey.divides_oddly => return Some(Set::blanks()),
        [own] if own.name == DIVIDERS && !own.is_array && !own.appends => own.values.first()?.literal()?,
        _ => return None,
    };
    let is_mark = |it: char| it.is_ascii_punctuation() && it != '\\';
    (!text.is_empty() && text.chars().all(is_mark)).then(|| Set::of_all(&text))
}

/// Returns what a command gets by `<<<`, if that is one line that no program takes for more than it is.
fn given(simple: &Simple) -> Option<Shape> {
    let [redirect] = simple.redirects.as_slice() else { return None };
    let is_here = redirect.kind == RedirectKind::HereString && redirect.descriptor == Descriptor::Usual;
    shape_of(&redirect.target).filter(|shape| is_here && is_line(shape))
}

/// Says whether it is a line in which nothing stands for something else, and without blanks around words.
fn is_line(shape: &Shape) -> bool {
    !shape.has_any(Set::blanks().or(Set::of('\\')))
}

/// Returns the shape of what a script prints that stands in `$( )`, if all of it is what it gets or a field of that.
pub(super) fn printed(script: &Script, survey: &Survey) -> Option<Shape> {
    let [command] = script.commands.as_slice() else { return None };
    if script.joints.first().is_some_and(|joint| joint.is_negated) {
        return None;
    }
    match command {
        Command::Simple(simple) => match echoed(simple, survey) {
            Some(shape) => Some(shape),
            None => field_of(simple, &given(simple)?, survey),
        },
        Command::Pipeline(commands) => match commands.as_slice() {
            [Command::Simple(first), Command::Simple(second)] if second.redirects.is_empty() => {
                field_of(second, &echoed(first, survey)?, survey)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Returns what `echo` prints of one word, or `printf '%s'`.
fn echoed(simple: &Simple, survey: &Survey) -> Option<Shape> {
    let word = match plain_words(simple, survey)? {
        [name, word] if name.has_text("echo") => word,
        [name, format, word] if name.has_text("printf") && is_text_format(format) => word,
        _ => return None,
    };
    let is_other =
        word.has_alternatives() || survey.divides_oddly && word.may_be_many() || !simple.redirects.is_empty();
    let is_one =
        |shape: &Shape| is_line(shape) && !shape.has_any(Set::of_all("*?[")) && !shape.may_begin_with(Set::of('-'));
    shape_of(word).filter(|shape| is_one(shape) && !is_other)
}

fn is_text_format(format: &Word) -> bool {
    ["%s", "%s\n", "%s\\n"].iter().any(|text| format.has_text(text))
}

/// Returns a command's words, if it is no function of the script and has no variables of its own.
fn plain_words<'a>(simple: &'a Simple, survey: &Survey) -> Option<&'a [Word]> {
    let name = simple.words.first().and_then(Word::literal)?;
    (simple.assignments.is_empty() && !survey.defined.contains_key(&name)).then_some(simple.words.as_slice())
}

/// Returns the field that `cut -d. -f3` or `awk -F. '{print $3}'` prints of a line.
fn field_of(simple: &Simple, line: &Shape, survey: &Survey) -> Option<Shape> {
    let words: Vec<String> = plain_words(simple, survey)?.iter().map(Word::literal).collect::<Option<_>>()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (name, options) = words.split_first()?;
    let options = options.join(" ");
    match *name {
        "cut" => {
            let (mark, rest) = divider(options.strip_prefix("-d")?)?;
            let marks = Set::of(mark);
            // A line without the divider is printed as it is.
            let field = field(line, marks, rest.trim_start().strip_prefix("-f")?)?;
            Some(or_free(field, marks, line))
        }
        "awk" | "gawk" | "mawk" => {
            let (mark, program) = divider(options.strip_prefix("-F")?)?;
            let inner = program.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
            let number = inner.strip_prefix("print")?.trim_start().strip_prefix('$')?;
            field(line, Set::of(mark), number.trim_end_matches(';'))
        }
        _ => None,
    }
}

/// Returns the character at which lines are divided, and what stands behind it.
fn divider(options: &str) -> Option<(char, &str)> {
    let options = options.trim_start();
    let mark = options.chars().next().filter(|mark| DIVIDING.contains(*mark))?;
    options[1..].strip_prefix(' ').map(|rest| (mark, rest))
}

/// Returns the field of a number: nothing, where there are fewer.
fn field(line: &Shape, marks: Set, number: &str) -> Option<Shape> {
    let number = number.trim().parse::<usize>().ok().filter(|number| (1..=FIELDS_MAX).contains(number))?;
    let rest = (1..number).fold(line.clone(), |rest, _| rest.behind_first(marks).or_empty());
    Some(rest.before_first(marks))
}
