//! Replaces macros `$(name)` in text (reference, section 4.1).
//!
//! One pass from left to right (see [`Macros`]): what replaces a macro is not looked at again.
//! Macros count in the author's segments only, each by itself: payload text holds none, and none
//! is made of two segments.

use crate::expression::Macros;
use crate::taint::{Segment, Text};

/// The most bytes that the expansion of one text may make.
pub const EXPANDED_MAX: usize = 8 * 1024 * 1024;

/// The text would get longer than [`EXPANDED_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("with its macros expanded the text would have more than {EXPANDED_MAX} bytes")]
pub struct TooLong;

/// Returns the text with each macro replaced by what `look_up` knows for its name.
pub(super) fn replace<E: From<TooLong>>(
    text: &Text,
    mut look_up: impl FnMut(&str) -> Result<Option<Text>, E>,
) -> Result<Text, E> {
    let mut made = Made::default();
    for segment in text.segments() {
        if segment.is_tainted() {
            made.add(segment)?;
        } else {
            replace_in(&segment.text, &mut look_up, &mut made)?;
        }
    }
    Ok(made.finish())
}

fn replace_in<E: From<TooLong>>(
    text: &str,
    look_up: &mut impl FnMut(&str) -> Result<Option<Text>, E>,
    made: &mut Made,
) -> Result<(), E> {
    let mut macros = Macros::of(text);
    while let Some(found) = macros.next() {
        if let Some(value) = look_up(found.name)? {
            made.add_author(macros.accept(found))?;
            for segment in value.segments() {
                made.add(segment)?;
            }
        }
    }
    Ok(made.add_author(macros.rest())?)
}

/// The text so far. The author's last segment is kept apart, as joining would copy it each time.
#[derive(Default)]
struct Made {
    text: Text,
    author: String,
    length: usize,
}

impl Made {
    fn add(&mut self, segment: &Segment) -> Result<(), TooLong> {
        if !segment.is_tainted() {
            return self.add_author(&segment.text);
        }
        self.count(&segment.text)?;
        self.end_author();
        self.text.push(segment.clone());
        Ok(())
    }

    fn add_author(&mut self, text: &str) -> Result<(), TooLong> {
        self.count(text)?;
        self.author.push_str(text);
        Ok(())
    }

    fn count(&mut self, text: &str) -> Result<(), TooLong> {
        self.length += text.len();
        if self.length > EXPANDED_MAX { Err(TooLong) } else { Ok(()) }
    }

    fn end_author(&mut self) {
        let text = std::mem::take(&mut self.author);
        self.text.push(Segment::author(text));
    }

    fn finish(mut self) -> Text {
        self.end_author();
        self.text
    }
}
