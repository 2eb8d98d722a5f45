//! What is left of a text of which something is known, where a script takes a part of it: in front of a mark or behind
//! it, without some characters in front or at the end.

use super::{Set, Shape};

impl Shape {
    /// Returns the shape of any part of it.
    pub(in crate::shell::bash) fn part(&self) -> Self {
        Self { first: self.all, ..self.beginning() }
    }

    /// Returns the shape of its beginning, of any length.
    pub(in crate::shell::bash) fn beginning(&self) -> Self {
        Self { is_empty: true, last: self.all, certain: Set::NONE, is_listed: false, ..self.clone() }
    }

    pub(in crate::shell::bash) fn may_be_empty(&self) -> bool {
        self.is_empty
    }

    /// Says whether every text has this shape.
    pub(in crate::shell::bash) fn says_nothing(&self) -> bool {
        let is_all = |set: &Set| *set == Set::ALL;
        self.is_empty && [self.first, self.last].iter().chain(self.behind.iter()).all(is_all) && !self.is_listed
    }

    /// Says whether a text may have one of some characters.
    pub(in crate::shell::bash) fn has_any(&self, marks: Set) -> bool {
        self.all.and(marks) != Set::NONE
    }

    pub(in crate::shell::bash) fn may_begin_with(&self, marks: Set) -> bool {
        self.first.and(marks) != Set::NONE
    }

    /// Says whether each text is one of the words that the script's author wrote down.
    pub(in crate::shell::bash) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Says whether each text has at least one of some characters.
    pub(in crate::shell::bash) fn has_some(&self, marks: Set) -> bool {
        self.certain.and(marks) != Set::NONE
    }

    /// Returns the shape of what stands in front of the first of some characters: the whole text, where it has none.
    pub(in crate::shell::bash) fn before_first(&self, marks: Set) -> Self {
        let whole = if self.has_some(marks) { Set::NONE } else { self.last };
        Self { all: self.all.without(marks), last: self.in_front_of(marks).or(whole), ..self.cut_before(marks) }
            .settled()
    }

    /// Returns the shape of what stands in front of the last of some characters, of a text that has one.
    pub(in crate::shell::bash) fn before_last(&self, marks: Set) -> Self {
        let is_empty = self.first.and(marks) != Set::NONE;
        Self { is_empty, last: self.in_front_of(marks), ..self.cut_before(marks) }.settled()
    }

    /// Returns the shape of what stands behind the first of some characters, of a text that has one.
    pub(in crate::shell::bash) fn behind_first(&self, marks: Set) -> Self {
        let is_empty = self.last.and(marks) != Set::NONE;
        let first = self.behind_all(marks.and(self.all));
        Self { is_empty, first, certain: Set::NONE, is_listed: false, ..self.clone() }.settled()
    }

    /// Returns the shape of what stands behind the last of some characters, of a text that has one.
    pub(in crate::shell::bash) fn behind_last(&self, marks: Set) -> Self {
        self.behind_first(marks).free_of(marks)
    }

    /// Returns the shape of a text that has none of some characters.
    pub(in crate::shell::bash) fn free_of(&self, marks: Set) -> Self {
        Self { all: self.all.without(marks), ..self.clone() }.settled()
    }

    /// Returns the shape of a text that doesn't begin with some characters.
    pub(in crate::shell::bash) fn otherwise_begun(&self, marks: Set) -> Self {
        Self { first: self.first.without(marks), ..self.clone() }.settled()
    }

    /// Returns the shape of a text that doesn't end with some characters.
    pub(in crate::shell::bash) fn otherwise_ended(&self, marks: Set) -> Self {
        Self { last: self.last.without(marks), ..self.clone() }.settled()
    }

    /// Returns the shape of what is left without the first character, of a text that begins with one of these.
    pub(in crate::shell::bash) fn without_front(&self, marks: Set) -> Self {
        let front = self.first.and(marks);
        let is_empty = front.and(self.last) != Set::NONE;
        let certain = self.certain.without(front);
        Self { is_empty, first: self.behind_all(front), certain, is_listed: false, ..self.clone() }.settled()
    }

    /// Returns the shape of what is left without the last character, of a text that ends with one of these.
    pub(in crate::shell::bash) fn without_end(&self, marks: Set) -> Self {
        let end = self.last.and(marks);
        let is_empty = end.and(self.first) != Set::NONE;
        let certain = self.certain.without(end);
        Self { is_empty, last: self.in_front_of(end), certain, is_listed: false, ..self.clone() }.settled()
    }

    fn cut_before(&self, marks: Set) -> Self {
        let is_empty = self.is_empty || self.first.and(marks) != Set::NONE;
        Self { is_empty, certain: Set::NONE, is_listed: false, ..self.clone() }
    }

    /// Returns what may stand behind some characters.
    fn behind_all(&self, letters: Set) -> Set {
        letters.members().fold(Set::NONE, |all, letter| all.or(self.behind[letter]))
    }

    /// Returns the characters behind which one of these may stand.
    fn in_front_of(&self, letters: Set) -> Set {
        let may_follow = |letter: &usize| self.behind[*letter].and(letters) != Set::NONE;
        self.all.members().filter(may_follow).fold(Set::NONE, |all, letter| all.or(Set(1 << letter)))
    }

    /// Leaves out the characters to which no way leads from the beginning, or from which none leads to the end.
    fn settled(mut self) -> Self {
        let forward = self.closure(self.first, |shape, set| shape.behind_all(set));
        let back = self.closure(self.last, |shape, set| shape.in_front_of(set));
        self.all = self.all.and(forward).and(back);
        (self.first, self.last) = (self.first.and(self.all), self.last.and(self.all));
        for (letter, behind) in self.behind.iter_mut().enumerate() {
            let is_left = self.all.0 >> letter & 1 == 1;
            *behind = if is_left { behind.and(self.all) } else { Set::NONE };
        }
        self
    }

    /// Returns the characters of the text that are reached from some by a step, as often as one likes.
    fn closure(&self, start: Set, step: impl Fn(&Self, Set) -> Set) -> Set {
        let (mut reached, mut new) = (Set::NONE, start.and(self.all));
        while new != Set::NONE {
            reached = reached.or(new);
            new = step(self, new).and(self.all).without(reached);
        }
        reached
    }
}
