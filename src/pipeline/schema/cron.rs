//! The five fields of a time table (reference, section 8.2): which values each may have.

/// What a field is about, its least and its most value, and the words for its values from the least on:
/// each may also be its first three letters.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &MONTHS),
    ("day of the week", 0, 6, &DAYS),
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/// How many letters of a word are enough.
const LETTERS: usize = 3;

/// Returns what is wrong with a time table, as the label of its mistake.
pub(super) fn mistake(text: &str) -> Option<String> {
    let written: Vec<&str> = text.split_whitespace().collect();
    if written.len() != FIELDS.len() {
        return Some("five fields are wanted".to_owned());
    }
    let (field, written) = FIELDS.iter().zip(written).find(|(field, written)| !fits(written, field))?;
    let (name, least, most, words) = field;
    let words = if words.is_empty() { "" } else { ", or names" };
    Some(format!("`{}` is no {name}: {least} to {most}{words}", crate::diagnostic::shown(written)))
}

/// Says whether a field is a list of `*`, values and ranges, each perhaps with a step.
fn fits(written: &str, field: &Field) -> bool {
    written.split(',').all(|item| {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let is_step = step.is_none_or(|step| number(step).is_some_and(|step| step > 0));
        is_step
            && match range.split_once('-') {
                Some((first, last)) => value(first, field).is_some() && value(last, field).is_some(),
                None => range == "*" || value(range, field).is_some(),
            }
    })
}

fn value(written: &str, (_, least, most, words): &Field) -> Option<u32> {
    let is_word = |word: &&str| word.eq_ignore_ascii_case(written) || word[..LETTERS].eq_ignore_ascii_case(written);
    let of_word = words.iter().position(is_word).and_then(|at| u32::try_from(at).ok());
    let found = of_word.map(|at| at + least).or_else(|| number(written))?;
    (*least..=*most).contains(&found).then_some(found)
}

fn number(written: &str) -> Option<u32> {
    written.parse().ok().filter(|_| written.bytes().all(|byte| byte.is_ascii_digit()))
}
