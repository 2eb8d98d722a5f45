//! A JSON number of any length by its digits, to compare what no decimal holds.

use std::cmp::Ordering;

/// The value of a number: its sign, its digits without zeros around them, and where its point stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Digits {
    sign: Sign,
    /// The power of ten of the place before the first digit: 12.5 is 0.125 of 10 to the power 2.
    exponent: i64,
    digits: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Negative,
    Zero,
    Positive,
}

impl Digits {
    /// Reads a number as JSON has it (RFC 8259, 6), or returns `None`. An exponent beyond 64 bits is the largest there is.
    pub(super) fn of(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, exponent(power)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !(whole.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let all = [whole, fraction].concat();
        let significant = all.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self { sign: Sign::Zero, exponent: 0, digits: String::new() });
        }
        let before_point = i64::try_from(whole.len()).ok()? - i64::try_from(all.len() - significant.len()).ok()?;
        Some(Self {
            sign: if text.starts_with('-') { Sign::Negative } else { Sign::Positive },
            exponent: power.saturating_add(before_point),
            digits: significant.trim_end_matches('0').to_owned(),
        })
    }

    /// Compares without the sign. Digits of fractions compare as texts do.
    fn size(&self, other: &Self) -> Ordering {
        self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits))
    }
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sign.cmp(&other.sign).then_with(|| match self.sign {
            Sign::Negative => other.size(self),
            Sign::Zero => Ordering::Equal,
            Sign::Positive => self.size(other),
        })
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let most = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.parse().unwrap_or(most))
}
