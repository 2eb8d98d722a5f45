//! Macros `$(name)` in an author's text: how they are found (reference, section 4.1).
//!
//! From left to right a name goes from `$(` to the nearest `)`. What is no known name stays, and the search goes on one
//! character later: `$(a$(b))` has the macro `$(b)` in it. Payload text holds none; it is for the caller to look at the
//! author's segments alone, each by itself.

/// The most bytes of a name in a macro; what is longer names nothing, and is not looked through for each `$(` in it.
pub const MACRO_NAME_MAX: usize = 256;

/// What begins a macro, and what ends it.
const BEGIN: &str = "$(";
const END: u8 = b')';

/// Goes through all that may be a macro in a text.
#[derive(Debug, Clone)]
pub struct Macros<'t> {
    text: &'t str,
    /// Up to where the text was taken.
    taken: usize,
    /// From where it is looked at.
    at: usize,
}

/// Something that is a macro if its name is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Macro<'t> {
    /// The name.
    pub name: &'t str,
    /// Where it begins in the text, and where what stands behind it does, in bytes.
    pub start: usize,
    /// See `start`.
    pub end: usize,
}

impl<'t> Macros<'t> {
    /// Begins with a text.
    pub fn of(text: &'t str) -> Self {
        Self { text, taken: 0, at: 0 }
    }

    /// Accepts what was found last as a macro: the search goes on behind it. Returns the text in front of it, from the end
    /// of the one that was accepted before.
    pub fn accept(&mut self, found: Macro<'_>) -> &'t str {
        let before = &self.text[self.taken..found.start];
        (self.taken, self.at) = (found.end, found.end);
        before
    }

    /// Returns the text behind the macro that was accepted last.
    pub fn rest(&self) -> &'t str {
        &self.text[self.taken..]
    }
}

impl<'t> Iterator for Macros<'t> {
    type Item = Macro<'t>;

    fn next(&mut self) -> Option<Macro<'t>> {
        loop {
            let start = self.at + memchr::memmem::find(&self.text.as_bytes()[self.at..], BEGIN.as_bytes())?;
            self.at = start + 1;
            let begin = start + BEGIN.len();
            let near = &self.text.as_bytes()[begin..self.text.len().min(begin + MACRO_NAME_MAX + 1)];
            if let Some(length) = memchr::memchr(END, near) {
                let end = begin + length;
                return Some(Macro { name: &self.text[begin..end], start, end: end + 1 });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, known: &[&str], expected: &str) {
        let mut macros = Macros::of(text);
        let mut made = String::new();
        while let Some(found) = macros.next() {
            if known.contains(&found.name) {
                made.push_str(macros.accept(found));
                made.push_str(&format!("<{}>", found.name));
            }
        }
        made.push_str(macros.rest());
        assert_eq!(made, expected, "{text}");
    }

    #[test]
    fn the_nearest_end_ends_a_name_and_what_is_unknown_hides_nothing() {
        check("", &[], "");
        check("a $(b) c$(d)", &["b", "d"], "a <b> c<d>");
        check("$(a$(b))", &["b"], "$(a<b>)");
        check("$(a$(b))", &["a$(b"], "<a$(b>)");
        check("$(x)$(b$(", &["b"], "$(x)$(b$(");
        check("$$(b)(b) $()", &["b", ""], "$<b>(b) <>");
        check("ü$(ä)ö", &["ä"], "ü<ä>ö");
    }

    #[test]
    fn a_name_has_a_length_and_many_that_do_not_end_are_soon_looked_through() {
        let long = "n".repeat(MACRO_NAME_MAX);
        check(&format!("$({long})$(n{long})"), &[&long], &format!("<{long}>$(n{long})"));
        let open = "$(".repeat(1_000_000);
        assert_eq!(Macros::of(&open).count(), 0);
    }
}
