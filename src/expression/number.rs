//! Numbers: decimal, exact, at most 28 digits; those of JSON with as many as they were sent with.
//!
//! A number of an expression prints with at most seven digits after the point and without zeros at
//! its end. A number of a payload is a number as well: `1.50` prints as `1.5` and `1e3` as `1000`, but
//! nothing of its value is lost, however many digits it has. As JSON again it is as it was sent. One that has more
//! digits or a larger exponent than a decimal holds is as it was sent everywhere, and compared by its digits.
//! What an author wrote keeps its characters (reference, section 9.3).

use super::digits::Digits;
use crate::taint::{Mark, Origin, Segment, Text};
use rust_decimal::{Decimal, RoundingStrategy};
use std::cmp::Ordering;
use std::sync::Arc;

/// The most digits of a payload's number behind its point: as many as a decimal has.
const FRACTION_DIGITS_MAX: usize = 28;

/// The most digits in front of it, so that what is there fits the 64 bits of a shell.
const WHOLE_DIGITS_MAX: usize = 18;

/// The most digits after the point that a number prints (section 2.4 of the reference).
const PRINTED_DIGITS_MAX: u32 = 7;

/// A number, the characters it was read from, if it was, and where in a payload it came from.
#[derive(Debug, Clone)]
pub struct Number {
    kind: Kind,
    origin: Option<Arc<Origin>>,
}

/// Two numbers that differ only in where they came from are equal.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Number {}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// One that a decimal holds.
    Decimal { decimal: Decimal, read: Option<Read> },
    /// One of JSON that no decimal holds, as it was sent.
    Digits(Arc<str>),
}

/// Where a number came from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Read {
    /// A payload, as it was sent.
    Sent(Arc<str>),
    /// A file, as its author wrote it.
    Written(Arc<str>),
}

impl Number {
    /// Returns a number as an expression has it.
    pub fn new(decimal: Decimal) -> Self {
        Kind::Decimal { decimal, read: None }.into()
    }

    /// Returns the number that a JSON number stands for (RFC 8259, 6), or `None` if the text is none.
    pub fn from_json(sent: &str) -> Option<Self> {
        let kind = match exact(sent) {
            Some(decimal) => Kind::Decimal { decimal, read: Some(Read::Sent(sent.into())) },
            None => {
                Digits::of(sent)?;
                Kind::Digits(sent.into())
            }
        };
        Some(kind.into())
    }

    /// Returns the number that an author wrote, or `None` if a decimal can't hold it exactly.
    pub fn written(text: &str) -> Option<Self> {
        Some(Kind::Decimal { decimal: exact(text)?, read: Some(Read::Written(text.into())) }.into())
    }

    /// Returns the number that a literal of the expression language stands for: a sign, digits and
    /// one point.
    pub(super) fn from_literal(text: &str) -> Option<Self> {
        decimal(text, "").map(Self::new)
    }

    /// Returns the number that a text converts to. Blanks around it and commas between its digits
    /// are allowed, an exponent is not. An empty text is 0.
    pub fn from_text(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::new(Decimal::ZERO));
        }
        let blank = |character| matches!(character, ' ' | '\t'..='\r');
        decimal(text.trim_matches(blank), ",").map(Self::new)
    }

    /// Returns the number as one that came from a payload, at a place; without a place it stays as it is.
    #[must_use]
    pub fn with_origin(mut self, origin: Option<Arc<Origin>>) -> Self {
        self.origin = origin.or(self.origin);
        self
    }

    /// Returns the number as one that came from nowhere.
    pub(super) fn without_origin(self) -> Self {
        Self { origin: None, ..self }
    }

    /// Returns where in a payload the number came from.
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        self.origin.as_ref()
    }

    /// Returns the number as a text that still knows where it came from, and, unless it has more digits than shells
    /// and programs read, that it is a number.
    pub(super) fn to_text(&self) -> Text {
        let text = self.text();
        let Some(origin) = &self.origin else { return Text::author(text) };
        let mark = is_plain(&text).then_some(Mark::Number);
        let mut marked = Text::default();
        marked.push(Segment { text, origin: Some(origin.clone()), mark });
        marked
    }

    /// Returns the value, if a decimal holds it.
    pub fn decimal(&self) -> Option<Decimal> {
        match self.kind {
            Kind::Decimal { decimal, .. } => Some(decimal),
            Kind::Digits(_) => None,
        }
    }

    /// Says whether it is 0, however that was written.
    pub(super) fn is_zero(&self) -> bool {
        self.order(&Self::from(0)) == Ordering::Equal
    }

    /// Returns how the number stands to another, exactly.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self.decimal(), other.decimal()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => self.digits().cmp(&other.digits()),
        }
    }

    fn digits(&self) -> Digits {
        let digits = match &self.kind {
            Kind::Decimal { decimal, .. } => Digits::of(&decimal.to_string()),
            Kind::Digits(sent) => Digits::of(sent),
        };
        digits.expect("a number has digits")
    }

    /// Returns the number as text.
    pub fn text(&self) -> Arc<str> {
        match &self.kind {
            Kind::Digits(sent) => sent.clone(),
            Kind::Decimal { decimal, read } => match read {
                Some(Read::Written(text)) => text.clone(),
                Some(Read::Sent(sent)) if is_whole(sent) => sent.clone(),
                Some(Read::Sent(_)) => shortest(*decimal).into(),
                None => printed(*decimal).into(),
            },
        }
    }

    /// Returns the number as JSON has it: one of a payload as it was sent, one of an author as it was
    /// written, or without the sign and the zeros that JSON does not know: `+5` and `007` are `5` and `7`.
    pub(super) fn json(&self) -> Arc<str> {
        match &self.kind {
            Kind::Decimal { read: Some(Read::Sent(sent)), .. } => sent.clone(),
            Kind::Decimal { read: Some(Read::Written(text)), decimal } if !is_json(text) => shortest(*decimal).into(),
            _ => self.text(),
        }
    }

    /// Returns the number as the place of an item, if it is a whole number from 0 on.
    pub(super) fn index(&self) -> Option<usize> {
        let decimal = self.decimal().filter(Decimal::is_integer)?;
        usize::try_from(decimal).ok()
    }
}

impl From<Kind> for Number {
    fn from(kind: Kind) -> Self {
        Self { kind, origin: None }
    }
}

/// Says whether a number is an integer, or one with digits behind a point, and not longer than a shell's.
pub(crate) fn is_plain(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_fraction = !fraction.is_empty() && fraction.len() <= FRACTION_DIGITS_MAX;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let has_zero = digits.len() > 1 && digits.starts_with('0');
    let is_whole = (1..=WHOLE_DIGITS_MAX).contains(&digits.len()) && !has_zero && text != "-0";
    is_whole && is_fraction && digits.chars().chain(fraction.chars()).all(|it| it.is_ascii_digit())
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::new(number.into())
    }
}

fn printed(decimal: Decimal) -> String {
    shortest(decimal.round_dp_with_strategy(PRINTED_DIGITS_MAX, RoundingStrategy::MidpointAwayFromZero))
}

/// Returns all digits of a number, without zeros at its end.
fn shortest(decimal: Decimal) -> String {
    let decimal = decimal.normalize();
    if decimal.is_zero() { "0".to_owned() } else { decimal.to_string() }
}

/// Says whether a JSON number is its own shortest form: an integer that is not `-0`.
fn is_whole(sent: &str) -> bool {
    sent != "-0" && !sent.contains(['.', 'e', 'E'])
}

/// Says whether the digits of an author begin as those of JSON do: no plus, no zero before another digit,
/// and one digit at least before the point.
fn is_json(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_digit_at = |at: usize| unsigned.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    is_digit_at(0) && !unsigned.ends_with('.') && !(unsigned.starts_with('0') && is_digit_at(1))
}

/// Reads a number as JSON has it, if a decimal holds it exactly.
fn exact(text: &str) -> Option<Decimal> {
    match text.contains(['e', 'E']) {
        true => exact_scientific(text),
        false => Decimal::from_str_exact(text).ok(),
    }
}

/// Reads a sign, digits with the separators, and at most one point with digits after it.
fn decimal(text: &str, separators: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_digit = |character: char| character.is_ascii_digit();
    let whole_is_good = whole.is_empty()
        || whole.starts_with(is_digit)
            && whole.chars().all(|character| is_digit(character) || separators.contains(character));
    if !whole_is_good || !fraction.chars().all(is_digit) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole: String = whole.chars().filter(|&character| is_digit(character)).collect();
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}0{whole}{point}{fraction}").parse().ok()
}

/// Reads a number with an exponent, if nothing of it is lost.
fn exact_scientific(sent: &str) -> Option<Decimal> {
    let (mantissa, _) = sent.split_once(['e', 'E'])?;
    Decimal::from_str_exact(mantissa).ok()?;
    let decimal = Decimal::from_scientific(sent).ok()?;
    let mantissa_is_zero = mantissa.chars().all(|character| matches!(character, '-' | '0' | '.'));
    (mantissa_is_zero || !decimal.is_zero()).then_some(decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(literal: &str, text: Option<&str>) {
        assert_eq!(Number::from_literal(literal).map(|number| number.text().to_string()).as_deref(), text);
    }

    #[test]
    fn a_literal_prints_with_seven_digits_and_no_zeros_at_its_end() {
        check("1.50", Some("1.5"));
        check("-0.0", Some("0"));
        check(".5", Some("0.5"));
        check("0.12345675", Some("0.1234568"));
        check("-0.00000001", Some("0"));
        check("79228162514264337593543950335", Some("79228162514264337593543950335"));
        check("79228162514264337593543950336", None);
        check("1e5", None);
        check("1,000", None);
        check("-", None);
        check(".", None);
    }

    #[test]
    fn a_json_number_that_a_decimal_cannot_hold_stays_as_it_was_sent() {
        for sent in
            ["1e29", "1E-50", "1e400", "-123456789012345678901234567890123", "0.1111111111111111111111111111111111"]
        {
            let number = Number::from_json(sent).expect("a number");
            assert_eq!((&*number.text(), &*number.json(), number.decimal()), (sent, sent, None));
        }
        assert_eq!(Number::from_json("1e3").and_then(|number| number.decimal()), Some(Decimal::from(1000)));
        assert!(Number::from_json("1e").is_none() && Number::from_json("x").is_none());
    }

    #[test]
    fn numbers_are_ordered_however_many_digits_they_have() {
        let ascending = [
            "-1e400",
            "-1e29",
            "-79228162514264337593543950335",
            "-1",
            "-1e-50",
            "0e999",
            "1e-50",
            "2e-50",
            "1",
            "5",
            "79228162514264337593543950335",
            "1e29",
            "1.00000000000000000000000000000000001e29",
            "1e40",
            "10000000000000000000000000000000000000001",
            "1e41",
            "1e400",
        ];
        let number = |sent: &str| Number::from_json(sent).expect("a number");
        for (left, one) in ascending.iter().enumerate() {
            for (right, other) in ascending.iter().enumerate() {
                assert_eq!(number(one).order(&number(other)), left.cmp(&right), "{one} and {other}");
            }
        }
        assert_eq!(number("1e40").order(&number("10000000000000000000000000000000000000000.0")), Ordering::Equal);
        assert!(number("0.0000000000000000000000000000000000000e5").is_zero() && !number("1e-400").is_zero());
    }

    #[test]
    fn a_number_of_a_payload_prints_shortest_and_loses_nothing() {
        for (sent, text) in [
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("1.0", "1"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("0.1234567890123", "0.1234567890123"),
            ("25E-10", "0.0000000025"),
            ("12345678901234567890123456", "12345678901234567890123456"),
        ] {
            let number = Number::from_json(sent).expect("a decimal holds it");
            assert_eq!((&*number.text(), &*number.json()), (text, sent));
            assert_eq!(Number::written(sent).map(|number| number.text().to_string()).as_deref(), Some(sent));
        }
    }

    #[test]
    fn a_number_of_an_author_is_a_number_of_json() {
        let numbers = [
            ("007", "7"),
            ("+5", "5"),
            ("-01", "-1"),
            ("00.50", "0.5"),
            ("1.10", "1.10"),
            ("0", "0"),
            ("-0.5", "-0.5"),
        ];
        for (written, json) in numbers {
            assert_eq!(Number::written(written).map(|number| number.json().to_string()).as_deref(), Some(json));
        }
    }
}
