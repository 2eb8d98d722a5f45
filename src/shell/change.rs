//! What a script makes of a text on its way from one place to another, as far as a requirement is concerned.
//!
//! A requirement is tested on a payload's whole text. Where only a part of it arrives, `${t#v}`, `cut -d: -f2`,
//! `read`, or where it arrives with other marks, `tr / -`, it must hold for everything that may arrive.

use super::requirement::Requirement;

/// Why a text is refused that may be emptied on its way.
pub(super) const EMPTIED: &str =
    "all of a name that is deleted or changed, because what the script makes of it may be empty";

const UNKNOWN: &str = "decoded to text of which nobody knows what it is";

/// Ways in which a text is changed: several may come together, in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Change(u32);

impl Change {
    /// What arrives is the text.
    pub(super) const NONE: Self = Self(0);
    /// A part that begins behind a mark, a blank, a `:`, a quote; or marks are left out.
    pub(super) const MARKED: Self = Self(1);
    /// Letters in front are left out, as the `v` of a version.
    pub(super) const CUT: Self = Self(2);
    /// A part that may begin anywhere, or characters in front are left out.
    pub(super) const ANY: Self = Self(4);
    /// It is decoded: nobody knows what comes of it.
    pub(super) const DECODED: Self = Self(8);
    /// No `-` is left in it.
    pub(super) const NO_DASH: Self = Self(16);
    /// Nothing may be left of it, whatever it was.
    pub(super) const EMPTIED: Self = Self(32);
    /// Letters inside are left out: what they divided comes together.
    pub(super) const JOINED: Self = Self(64);
    /// Digits inside are left out as well.
    pub(super) const NO_DIGITS: Self = Self(128);
    /// Marks become `-`.
    pub(super) const DASHED: Self = Self(256);
    /// Marks become `.`, `/` or other marks of a path.
    pub(super) const DOTTED: Self = Self(512);
    /// Capital letters become marks too.
    pub(super) const NO_CAPITALS: Self = Self(1024);
    /// Its letters become small ones.
    pub(super) const SMALL: Self = Self(2048);
    /// Only letters, digits, `_` and `-` are left.
    pub(super) const WORDS: Self = Self(4096);
    /// Only digits are left.
    pub(super) const DIGITS: Self = Self(8192);
    /// It begins with a character of the author's, or with none that means something.
    pub(super) const LED: Self = Self(16_384);
    /// It is taken out of JSON or YAML, where `\u002d` is a `-`.
    pub(super) const JSON: Self = Self(32_768);
    /// Its beginning, up to a mark or a number of characters.
    pub(super) const ENDED: Self = Self(65_536);

    /// Each `/` becomes a `-` or `_`.
    pub(super) const NO_SLASH: Self = Self(131_072);

    /// Blanks are left out, or become other characters.
    pub(super) const GLUED: Self = Self(262_144);

    /// Nobody knows what comes of it, unless it is letters and digits.
    pub(super) const FREE: Self = Self(524_288);

    /// It has no `-` in front.
    pub(super) const FRONTED: Self = Self(1_048_576);

    /// What is not ASCII is left out, or becomes other characters.
    pub(super) const FOREIGN: Self = Self(2_097_152);

    /// No mark of a path is left, whatever was made of it before: no `/`, `.`, `~` and `\`.
    pub(super) const CLEAN: Self = Self(4_194_304);

    /// It is taken out of an address, where `%2d` is a `-`.
    pub(super) const QUOTED: Self = Self(8_388_608);

    /// A `-` of the author's stands behind it, which is in front where it is empty: `"$name-$version"`.
    pub(super) const BEFORE_DASH: Self = Self(1 << 29);

    /// Another mark of the author's stands behind it that means something in front: `"$user@$host"`, `"$from:$to"`.
    pub(super) const BEFORE_MARK: Self = Self(1 << 30);

    /// What a program that nobody looks into may make of it.
    pub(super) const BY_PROGRAM: Self = Self(4 | 32 | 64);

    /// Returns this change behind another one: what begins with a character of the author's does so no longer once a
    /// part of it is taken.
    pub(super) const fn with(self, earlier: Self) -> Self {
        let takes_part = self.0 & (Self::MARKED.0 | Self::CUT.0 | Self::ANY.0) != 0;
        let lost = if takes_part { Self::LED.0 } else { 0 };
        Self(self.0 | earlier.0 & !lost)
    }

    /// Returns this change behind another one, in a language in which both were made one after the other: what the
    /// earlier one promised holds as long as the later one leaves it alone.
    pub(super) const fn behind(self, earlier: Self) -> Self {
        let is_front_left = self.0 & !(Self::ENDED.0 | Self::SMALL.0) == 0;
        let front = if is_front_left { 0 } else { Self::FRONTED.0 };
        let marks = Self::DOTTED.0 | Self::DECODED.0 | Self::FREE.0 | Self::FOREIGN.0 | Self::JSON.0 | Self::QUOTED.0;
        let clean = if self.0 & marks == 0 { 0 } else { Self::CLEAN.0 };
        // Capital letters that became marks are none that could become small ones.
        let is_late = earlier.0 & Self::NO_CAPITALS.0 != 0 && earlier.0 & Self::SMALL.0 == 0;
        let small = if is_late { Self::SMALL.0 } else { 0 };
        Self(self.0 & !small | earlier.0 & !(front | clean))
    }

    /// Returns what holds of a text of which one of two changes was made.
    pub(super) const fn or(self, other: Self) -> Self {
        let promised = Self::FRONTED.0 | Self::CLEAN.0 | Self::SMALL.0;
        Self((self.0 | other.0) & !promised | self.0 & other.0 & promised)
    }

    /// Returns this change as a number, which [`Self::of_number`] reads.
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    pub(super) const fn of_number(number: u32) -> Self {
        Self(number)
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Says whether marks become those of a path.
    pub(super) fn is_dotted(self) -> bool {
        self.has(Self::DOTTED)
    }

    /// Says whether no mark of a path is left.
    pub(super) fn is_clean(self) -> bool {
        self.has(Self::CLEAN)
    }

    /// Says whether the text arrives as it is, whatever stands behind it there.
    pub(super) fn is_none(self) -> bool {
        self.without_neighbours() == Self::NONE
    }

    /// Returns what is made of the text itself.
    const fn without_neighbours(self) -> Self {
        Self(self.0 & !(Self::BEFORE_DASH.0 | Self::BEFORE_MARK.0))
    }

    /// Says whether marks may arrive that are not in the text.
    pub(super) fn brings_marks(self) -> bool {
        self.has(Self(Self::DECODED.0 | Self::JSON.0 | Self::FOREIGN.0 | Self::QUOTED.0 | Self::DOTTED.0))
    }

    /// Says whether another text may come of it than a part of it.
    pub(super) fn makes_another(self) -> bool {
        self.has(Self::DECODED.with(Self::JOINED).with(Self::DASHED).with(Self::DOTTED))
    }

    /// Says whether nothing but letters, digits, `_` and `-` can arrive.
    fn leaves_words(self) -> bool {
        self.has(Self::WORDS.with(Self::DIGITS)) && !self.has(Self::ANY.with(Self::DOTTED))
    }

    /// Says whether what arrives may begin with another character than the text.
    fn has_another_front(self) -> bool {
        self.has(Self::MARKED.with(Self::CUT).with(Self::ANY))
    }

    /// Returns what the whole text must be, so that what arrives is what is required; nothing where no text can be
    /// known to bring it.
    pub(super) fn before(self, requirement: Requirement) -> Option<Vec<Requirement>> {
        if self.has(Self::DECODED)
            && !matches!(requirement, Requirement::NotAnEchoOption | Requirement::NotEchoLetters | Requirement::Short)
        {
            return None;
        }
        let is_told = !matches!(
            requirement,
            Requirement::NotAnEchoOption | Requirement::NotEchoLetters | Requirement::Short | Requirement::Integer
        );
        let is_path = matches!(requirement, Requirement::InsidePath | Requirement::BelowFolder);
        if is_path && self.has(Self::CLEAN) {
            let may_be_emptied = self.has(Self::FOREIGN.with(Self::EMPTIED).with(Self::MARKED).with(Self::ANY));
            return Some(vec![if may_be_emptied { Requirement::HasWord } else { Requirement::NotEmpty }]);
        }
        if is_told && self.has(Self::FREE) {
            let is_empty = requirement == Requirement::NotEmpty;
            return (!is_empty).then(|| vec![requirement, Requirement::OnlyLetters]);
        }
        let mut before = self.without_neighbours().before_known(requirement)?;
        let is_option =
            matches!(requirement, Requirement::NotAnOption | Requirement::NoOptionInPath | Requirement::NoOptions);
        before.extend((is_told && !is_option && self.has(Self::FOREIGN)).then_some(Requirement::NoForeignMark));
        before.extend((is_told && self.has(Self::QUOTED)).then_some(Requirement::NoFormat));
        let is_mark = matches!(requirement, Requirement::NotAFile | Requirement::NoFileAddress | Requirement::OneRef);
        if is_option && self.has(Self::BEFORE_DASH) || is_mark && self.has(Self::BEFORE_MARK) {
            before.extend(self.without_neighbours().not_empty().unwrap_or_else(|| vec![Requirement::HasWord]));
        }
        Some(before)
    }

    fn before_known(self, requirement: Requirement) -> Option<Vec<Requirement>> {
        match requirement {
            Requirement::NotAnOption | Requirement::NoOptionInPath | Requirement::NoOptions => {
                Some(self.no_option(requirement))
            }
            Requirement::Plain
                if self.has(Self::NO_SLASH)
                    && !self.has_another_front()
                    && !self.has(Self::DOTTED)
                    && !self.leaves_words() =>
            {
                Some(vec![Requirement::PlainParts])
            }
            Requirement::Plain => Some(self.plain(requirement)),
            Requirement::FileName => Some(self.file_name()),
            Requirement::FilePart => Some(self.part_of_name()),
            Requirement::Integer if self.has(Self::DIGITS) => Some(Vec::new()),
            // What is no number then is a mistake of arithmetic, and no name of a variable.
            Requirement::Integer if self != Self::NONE => Some(vec![Requirement::Digits]),
            Requirement::InsidePath | Requirement::BelowFolder => Some(self.inside(requirement)),
            Requirement::NotEmpty => self.not_empty(),
            Requirement::Repository if self.has_another_front() => Some(self.plain(Requirement::Plain)),
            Requirement::WebAddress if self.has_another_front() => Some(vec![Requirement::NoOtherScheme]),
            Requirement::NotAFile | Requirement::NoFileAddress if self.has(Self::LED) => Some(Vec::new()),
            Requirement::NotAFile | Requirement::NoFileAddress if self.has(Self::CUT.with(Self::ANY)) => {
                Some(vec![requirement, Requirement::NoFileAtAll])
            }
            Requirement::NotAFile | Requirement::NoFileAddress if self.has(Self::MARKED) => {
                Some(vec![requirement, Requirement::NoFileMark])
            }
            Requirement::OneWord if self != Self::NONE => Some(self.plain(Requirement::Plain)),
            Requirement::NoPattern | Requirement::OnePath | Requirement::OneAddress if self.leaves_words() => {
                Some(Vec::new())
            }
            // Of an object that brings the address, brackets and braces are no part of it.
            Requirement::OneAddress if self.has(Self::JSON) => Some(Vec::new()),
            Requirement::OneLine if self.has(Self::JSON) => Some(vec![Requirement::NoBackslash]),
            _ => Some(vec![requirement]),
        }
    }

    /// Returns why no text can be known to bring what is required, to be read after "payload text can't be".
    pub(super) fn refusal(requirement: Requirement) -> &'static str {
        if requirement == Requirement::NotEmpty { EMPTIED } else { UNKNOWN }
    }

    fn no_option(self, requirement: Requirement) -> Vec<Requirement> {
        let is_dashed = self.has(Self::DASHED);
        // Of words that the shell makes of it, others than the first may begin so.
        let is_led = self.has(Self::LED) && requirement != Requirement::NoOptions;
        if is_led || self.has(Self::DIGITS) || self.has(Self::NO_DASH) && !is_dashed {
            return Vec::new();
        }
        let is_first = requirement == Requirement::NotAnOption;
        if is_first && self.has(Self::FRONTED) {
            return Vec::new();
        }
        let mut all = vec![requirement];
        if self.has(Self::FOREIGN) {
            if is_first && !self.has_another_front() {
                all.push(Requirement::BeginsAsWord);
            } else {
                all.extend([Requirement::NoDash, Requirement::NoForeignMark]);
            }
        }
        all.extend((is_dashed && self.has(Self::CUT)).then_some(Requirement::CutAsWord));
        if is_dashed && self.has(Self::ANY.with(Self::JOINED)) {
            all.push(Requirement::OnlyLetters);
        } else if is_dashed {
            all.push(if self.has_another_front() { Requirement::WordsApart } else { Requirement::BeginsAsWord });
            all.extend((self.has(Self::NO_CAPITALS) && !self.has(Self::SMALL)).then_some(Requirement::BeginsSmall));
        }
        if self.has(Self::ANY) {
            all.push(Requirement::NoDash);
        } else {
            all.extend(self.has(Self::MARKED).then_some(Requirement::NoMarkedOption));
            all.extend(self.has(Self::CUT).then_some(Requirement::NoCutOption));
        }
        all.extend(self.has(Self::GLUED).then_some(Requirement::InnerHyphens));
        all.extend(self.has(Self::JSON).then_some(Requirement::NoEscape));
        all
    }

    fn plain(self, requirement: Requirement) -> Vec<Requirement> {
        let has_no_dash = self.has(Self::NO_DASH) && !self.has(Self::DASHED);
        match () {
            () if self.has(Self::DIGITS) => Vec::new(),
            () if self.leaves_words() && (has_no_dash || self.has(Self::LED)) => Vec::new(),
            () if self.leaves_words() && !self.has_another_front() && !self.has(Self::NO_CAPITALS) => {
                vec![Requirement::BeginsAsWord]
            }
            () if self.leaves_words() && !self.has_another_front() && self.has(Self::SMALL) => {
                vec![Requirement::BeginsAsWord]
            }
            () => vec![requirement],
        }
    }

    /// Returns what a text must be that becomes the name of a file.
    fn file_name(self) -> Vec<Requirement> {
        let is_front_left = !self.has_another_front() && !self.makes_another();
        match () {
            () if self.has(Self::DIGITS) || self.leaves_words() => self.plain(Requirement::Plain),
            () if self.has(Self::NO_SLASH) && !self.has_another_front() && !self.has(Self::DOTTED) => {
                vec![Requirement::SlashedPart, Requirement::BeginsAsWord]
            }
            () if is_front_left => vec![Requirement::FileName],
            () => vec![Requirement::Plain],
        }
    }

    /// Returns what a text must be that becomes a part of such a name, behind a text of the author's.
    fn part_of_name(self) -> Vec<Requirement> {
        match () {
            () if self.has(Self::DIGITS) || self.leaves_words() => Vec::new(),
            () if self.has(Self::DOTTED) => vec![Requirement::Plain],
            () if self.has(Self::NO_SLASH) => vec![Requirement::SlashedPart],
            () => vec![Requirement::FilePart],
        }
    }

    fn inside(self, requirement: Requirement) -> Vec<Requirement> {
        if self.leaves_words() {
            return Vec::new();
        }
        let mut all = vec![requirement];
        let is_part = self.has_another_front() || self.has(Self::ENDED);
        all.extend(is_part.then_some(Requirement::InsideParts));
        all.extend(self.has(Self::DOTTED).then_some(Requirement::WordsApart));
        let is_any = self.has(Self::ANY.with(Self::JOINED).with(Self::CUT));
        all.extend((self.has(Self::DOTTED) && is_any).then_some(Requirement::OnlyLetters));
        all.extend(self.has(Self::FOREIGN).then_some(Requirement::NoSlash));
        all.extend(self.has(Self::JSON).then_some(Requirement::NoEscape));
        all.extend(self.has(Self::JOINED).then_some(Requirement::DigitsBetweenDots));
        all.extend(self.has(Self::NO_DIGITS).then_some(Requirement::OneDot));
        if requirement == Requirement::InsidePath {
            all.extend(self.has(Self::ANY).then_some(Requirement::NoSlash));
            all.extend(self.has(Self::CUT).then_some(Requirement::NoCutPath));
        }
        all
    }

    fn not_empty(self) -> Option<Vec<Requirement>> {
        let (is_marked, is_cut, is_ended) = (self.has(Self::MARKED), self.has(Self::CUT), self.has(Self::ENDED));
        if self.has(Self::EMPTIED.with(Self::ANY)) || [is_marked, is_cut, is_ended].iter().filter(|it| **it).count() > 1
        {
            return None;
        }
        let mut all = vec![Requirement::NotEmpty];
        all.extend(is_marked.then_some(Requirement::EndsAsWord));
        all.extend(is_cut.then_some(Requirement::MoreThanOne));
        all.extend(is_cut.then_some(Requirement::EndsAsWord));
        all.extend(is_ended.then_some(Requirement::BeginsAsWord));
        Some(all)
    }
}
