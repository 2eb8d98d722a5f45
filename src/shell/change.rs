//! What a script makes of a text on its way from one place to another, as far as a requirement is concerned.
//!
//! A requirement is tested on a payload's whole text. Where only a part of it arrives, `${t#v}`, `cut -d: -f2`,
//! `read`, it must hold for every part that may arrive.

use super::requirement::Requirement;

/// Ways in which a text is changed: several may come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Change(u8);

impl Change {
    /// What arrives is the text, or its beginning.
    pub(super) const NONE: Self = Self(0);
    /// A part that begins behind a mark: a blank, a `:`, a quote.
    pub(super) const MARKED: Self = Self(1);
    /// Letters in front are left out, as the `v` of a version.
    pub(super) const CUT: Self = Self(2);
    /// Any part, or characters are left out.
    pub(super) const ANY: Self = Self(4);
    /// It is decoded: nobody knows what comes of it.
    pub(super) const DECODED: Self = Self(8);
    /// No `-` is left in it.
    pub(super) const NO_DASH: Self = Self(16);

    /// How many changes there are, with all that come together.
    pub(super) const COUNT: usize = 32;

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns what the whole text must be, so that what arrives is what is required; nothing where no text can be
    /// known to bring it.
    pub(super) fn before(self, requirement: Requirement) -> Option<Vec<Requirement>> {
        let is_option = matches!(
            requirement,
            Requirement::NotAnOption
                | Requirement::NoOptionInPath
                | Requirement::NoOptions
                | Requirement::NotAnEchoOption
        );
        if self.has(Self::DECODED)
            && !matches!(requirement, Requirement::NotAnEchoOption | Requirement::NotEchoLetters | Requirement::Short)
        {
            return None;
        }
        if is_option && self.has(Self::NO_DASH) {
            return Some(Vec::new());
        }
        if matches!(requirement, Requirement::NotAnEchoOption) {
            return Some(vec![requirement]);
        }
        let is_path = requirement == Requirement::InsidePath;
        let mut all = vec![requirement];
        if (is_option || requirement == Requirement::Plain) && self.has(Self::ANY) {
            all.extend(is_option.then_some(Requirement::NoDash));
        } else if is_option {
            all.extend(self.has(Self::MARKED).then_some(Requirement::NoMarkedOption));
            all.extend(self.has(Self::CUT).then_some(Requirement::NoCutOption));
        }
        if is_path && (self.has(Self::MARKED) || self.has(Self::CUT) || self.has(Self::ANY)) {
            all.push(Requirement::InsideParts);
        }
        Some(all)
    }
}
