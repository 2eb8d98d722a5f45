//! What is known of a text that a script has checked: which characters stand in it, and which of them may stand in
//! front, at the end and behind each other.
//!
//! A shape is made of a pattern, and always allows all that the pattern allows. Which requirements every text of a
//! shape meets is seen from pairs of characters, so that no text has to be tried.

mod part;

use crate::shell::requirement::{NAME_MARKS, Requirement};

/// Characters: a bit for each of ASCII. [`OTHERS`] and [`LETTERS_ELSEWHERE`] stand for all that has no bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set(u128);

/// Characters outside of ASCII that are no letters, and those that no pattern names.
const OTHERS: Set = Set(1);

/// Letters of other alphabets. A shell takes them for parts of words, as it takes those of ASCII.
const LETTERS_ELSEWHERE: Set = Set(2);

impl Set {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(u128::MAX);

    pub(super) fn of(letter: char) -> Self {
        match letter {
            '\0' | '\x01' => OTHERS,
            letter if letter.is_ascii() => Self(1 << (letter as u32)),
            letter if letter.is_alphabetic() => LETTERS_ELSEWHERE,
            _ => OTHERS,
        }
    }

    pub(super) fn of_all(letters: &str) -> Self {
        letters.chars().fold(Self::NONE, |set, letter| set.or(Self::of(letter)))
    }

    /// Returns the characters from one to another, which are letters or digits both.
    pub(super) fn range(first: char, last: char) -> Self {
        (first..=last).fold(Self::NONE, |set, letter| set.or(Self::of(letter)))
    }

    pub(super) fn letters() -> Self {
        Self::range('a', 'z').or(Self::range('A', 'Z'))
    }

    pub(super) fn digits() -> Self {
        Self::range('0', '9')
    }

    pub(super) fn blanks() -> Self {
        Self::of_all(" \t\n\r\x0b\x0c")
    }

    pub(super) fn letters_elsewhere() -> Self {
        LETTERS_ELSEWHERE
    }

    fn words() -> Self {
        Self::letters().or(Self::digits()).or(LETTERS_ELSEWHERE)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns all other characters.
    pub(super) fn complement(self) -> Self {
        Self(!self.0)
    }

    /// Returns this set with small letters for capital ones, and the other way round.
    pub(super) fn in_both_cases(self) -> Self {
        let capitals = self.and(Self::range('A', 'Z'));
        let small = self.and(Self::range('a', 'z'));
        Self(self.0 | capitals.0 << 32 | small.0 >> 32)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn is_in(self, other: Self) -> bool {
        self.without(other) == Self::NONE
    }

    fn has(self, letters: &str) -> bool {
        self.and(Self::of_all(letters)) != Self::NONE
    }

    fn members(self) -> impl Iterator<Item = usize> {
        (0..128).filter(move |bit| self.0 >> bit & 1 == 1)
    }
}

/// What is known of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// The text may be empty.
    is_empty: bool,
    all: Set,
    first: Set,
    last: Set,
    /// What may stand behind each character.
    behind: Box<[Set; 128]>,
    /// Characters that each text has.
    certain: Set,
    /// It is one of the words that the author wrote down.
    is_listed: bool,
}

impl Shape {
    /// Returns the shape of every text.
    pub(super) fn any() -> Self {
        Self::of(Set::ALL).repeated().or_empty()
    }

    /// Returns the shape of the empty text.
    pub(super) fn empty() -> Self {
        Self { is_empty: true, is_listed: true, ..Self::of(Set::NONE) }
    }

    /// Returns the shape of one character.
    pub(super) fn of(set: Set) -> Self {
        let is_one = set.0.is_power_of_two() && !set.is_in(OTHERS.or(LETTERS_ELSEWHERE));
        let certain = if is_one { set } else { Set::NONE };
        let behind = Box::new([Set::NONE; 128]);
        Self { is_empty: false, all: set, first: set, last: set, behind, certain, is_listed: false }
    }

    /// Returns the shape of a character that the author wrote, which these stand for.
    pub(super) fn of_letter(set: Set) -> Self {
        Self { is_listed: true, ..Self::of(set) }
    }

    /// Returns the shape of a text of the author's, in small or capital letters.
    pub(super) fn of_text(text: &str) -> Self {
        let letters = text.chars().map(|letter| Self::of_letter(Set::of(letter).in_both_cases()));
        letters.fold(Self::empty(), |shape, letter| shape.then(&letter))
    }

    pub(super) fn then(mut self, next: &Self) -> Self {
        for letter in self.last.members() {
            self.behind[letter] = self.behind[letter].or(next.first);
        }
        self.join_behind(next);
        Self {
            is_empty: self.is_empty && next.is_empty,
            all: self.all.or(next.all),
            first: if self.is_empty { self.first.or(next.first) } else { self.first },
            last: if next.is_empty { self.last.or(next.last) } else { next.last },
            behind: self.behind,
            certain: self.certain.or(next.certain),
            is_listed: self.is_listed && next.is_listed,
        }
    }

    pub(super) fn repeated(mut self) -> Self {
        for letter in self.last.members() {
            self.behind[letter] = self.behind[letter].or(self.first);
        }
        Self { is_listed: false, ..self }
    }

    pub(super) fn or_empty(self) -> Self {
        Self { is_empty: true, certain: Set::NONE, ..self }
    }

    /// Returns the shape of what has one of two shapes.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.join_behind(other);
        Self {
            is_empty: self.is_empty || other.is_empty,
            all: self.all.or(other.all),
            first: self.first.or(other.first),
            last: self.last.or(other.last),
            behind: self.behind,
            certain: self.certain.and(other.certain),
            is_listed: self.is_listed && other.is_listed,
        }
    }

    /// Returns the shape of what has two shapes.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.is_empty &= other.is_empty;
        self.all = self.all.and(other.all);
        self.first = self.first.and(other.first).and(self.all);
        self.last = self.last.and(other.last).and(self.all);
        for (letter, behind) in self.behind.iter_mut().enumerate() {
            *behind = behind.and(other.behind[letter]).and(self.all);
        }
        self.certain = self.certain.or(other.certain);
        self.is_listed |= other.is_listed;
        self
    }

    /// Returns the shape of what is not empty.
    pub(super) fn not_empty() -> Self {
        Self { is_empty: false, ..Self::any() }
    }

    /// Returns the shape of a text without some characters.
    pub(super) fn without(set: Set) -> Self {
        Self::of(set.complement()).repeated().or_empty()
    }

    /// Returns the shape of a text that doesn't begin with some characters.
    pub(super) fn not_in_front(set: Set) -> Self {
        Self { first: set.complement(), ..Self::any() }
    }

    /// Returns the shape of a text that doesn't end with some characters.
    pub(super) fn not_at_end(set: Set) -> Self {
        Self { last: set.complement(), ..Self::any() }
    }

    /// Returns the shape of a text in which no character of one set is followed by one of another.
    pub(super) fn not_behind(set: Set, behind: Set) -> Self {
        let mut shape = Self::any();
        for letter in set.members() {
            shape.behind[letter] = behind.complement();
        }
        shape
    }

    fn join_behind(&mut self, other: &Self) {
        for (letter, behind) in self.behind.iter_mut().enumerate() {
            *behind = behind.or(other.behind[letter]);
        }
    }

    /// Says whether a character of the second set may stand behind one of the first.
    fn has_pair(&self, set: Set, behind: Set) -> bool {
        set.and(self.all).members().any(|letter| self.behind[letter].and(behind) != Set::NONE)
    }

    /// Says whether some characters stand behind letters and digits only.
    fn are_behind_words(&self, letters: &str) -> bool {
        let marks = Set::of_all(letters);
        self.first.and(marks) == Set::NONE && !self.has_pair(Set::words().complement(), marks)
    }

    /// Says whether every text of this shape meets a requirement, as far as a shell or a program could be misled by
    /// one that doesn't: a text may have more characters than the requirement admits, and a number zeros in front.
    pub(super) fn meets(&self, requirement: Requirement) -> bool {
        let (begins, has) = (|letters: &str| self.first.has(letters), |letters: &str| self.all.has(letters));
        let (words, digits) = (Set::words(), Set::digits());
        let word = words.or(Set::of('_'));
        let begins_as = |set: Set| !self.is_empty && self.first.is_in(set);
        let only = |marks: &str| self.all.is_in(word.or(Set::of_all(marks)));
        let dots = |set: Set| self.has_pair(set, Set::of('.'));
        match requirement {
            Requirement::NotAnEchoOption | Requirement::NotAnOption => !begins("-"),
            Requirement::NotEchoLetters => !begins("neE"),
            Requirement::NoOptionInPath => !begins("-") && !self.has_pair(Set::of('/'), Set::of('-')),
            Requirement::NoOptions => !begins("-") && !self.has_pair(Set::blanks().or(OTHERS), Set::of('-')),
            Requirement::NoMarkedOption => self.are_behind_words("-"),
            Requirement::NoCutOption => !begins("-") && !self.has_pair(words, Set::of('-')),
            Requirement::LetterFirst | Requirement::BeginsAsWord => begins_as(words.without(LETTERS_ELSEWHERE)),
            Requirement::BeginsSmall => begins_as(digits),
            Requirement::HasWord => begins_as(words.without(LETTERS_ELSEWHERE)),
            Requirement::CutAsWord => begins_as(words.without(LETTERS_ELSEWHERE)) && self.all.is_in(words),
            Requirement::NoForeignMark => self.all.and(OTHERS) == Set::NONE,
            Requirement::NoDash => !has("-"),
            Requirement::NoEscape | Requirement::NoBackslash => !has("\\"),
            Requirement::NoFormat => !has("%\\"),
            Requirement::OnlyLetters => self.all.is_in(words),
            Requirement::EndsAsWord => !self.is_empty && self.last.is_in(words),
            Requirement::WordsApart => {
                let marks = words.complement();
                begins_as(words) && !self.has_pair(marks, marks)
            }
            Requirement::NotEmpty => !self.is_empty,
            Requirement::NoCutPath => !begins("/~\\") && !self.has_pair(words, Set::of_all("/~\\")),
            Requirement::NoSlash => !has("/~\\"),
            Requirement::OneDot => !has("."),
            Requirement::DigitsBetweenDots => !has(".") || !dots(digits.complement()),
            Requirement::NoFileMark => self.are_behind_words("@<") && !has(":"),
            Requirement::NoFileAtAll => !has("@<:"),
            Requirement::OneField => !has(";"),
            Requirement::NoOtherScheme => !has(":"),
            Requirement::InsideParts => self.are_behind_words("/~\\") && !dots(words.complement()),
            Requirement::InnerHyphens => {
                let ends = self.last.has("-") || self.has_pair(Set::of('-'), words.complement());
                self.are_behind_words("-") && !ends
            }
            Requirement::OneItem => !has(":*?[]`"),
            Requirement::NotAFile => !begins("@<") && !has(":"),
            Requirement::NoFileAddress => !has(":"),
            Requirement::OneWord => !has(" \t\n*?[("),
            Requirement::NoPattern => !has(".*+?|^$()[]{}\\"),
            Requirement::OnePath => !has("*?[:\\") && !begins("."),
            Requirement::OneAddress => !has("[]{}"),
            Requirement::OneLine => !has("\n\r"),
            Requirement::Quoted => !has("\"'\\\n\r"),
            Requirement::InsidePath | Requirement::BelowFolder => begins_as(word) && !has("\\") && !dots(Set::of('.')),
            Requirement::OneSetting => !has(",;{}[]\\\"'\n\r"),
            Requirement::OneRef => !has(":") && !begins("+"),
            Requirement::WebAddress => {
                let host = words.without(LETTERS_ELSEWHERE).or(Set::of_all("-."));
                !self.is_empty && self.all.is_in(host)
            }
            Requirement::Label => !self.is_empty && only("-"),
            Requirement::PlainParts => begins_as(word) && only(".+-/") && !dots(Set::of('.')),
            Requirement::PlainPath => begins_as(word) && only(".+-/@,=") && !dots(Set::of('.')),
            Requirement::FileName => begins_as(word) && only(NAME_MARKS),
            Requirement::FilePart => only(NAME_MARKS),
            Requirement::EditName => !self.is_empty && only(NAME_MARKS),
            Requirement::EditText if self.is_empty => false,
            Requirement::SlashedPart | Requirement::EditText => {
                self.all.is_in(word.or(Set::of_all(NAME_MARKS)).or(Set::of('/')))
            }
            Requirement::Plain | Requirement::Repository => begins_as(word) && only(".+-"),
            Requirement::Integer => {
                // With a `.` in it arithmetic fails.
                let sign = Set::of('-');
                self.all.is_in(digits.or(sign).or(Set::of('.'))) && !self.has_pair(Set::ALL, sign)
            }
            Requirement::Digits => self.all.is_in(digits.or(Set::of_all(".-"))),
            Requirement::MoreThanOne | Requirement::Short | Requirement::Number | Requirement::WithScheme => false,
        }
    }
}
