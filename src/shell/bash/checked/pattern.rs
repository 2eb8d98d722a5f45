//! Patterns: what a text is that one matches, and what one is that it doesn't.

use super::super::shape::{Set, Shape};
use super::super::syntax::{Part, Word};

/// The most times that a regular expression may ask for: all libraries allow as many.
const TIMES_MAX: u32 = 255;

/// The most groups inside of each other that are looked at.
const DEPTH_MAX: usize = 16;

/// Letters that mean something else behind a backslash, in a regular expression.
const ESCAPES: &str = "wWsSbBdD<>`'0123456789";

/// How letters are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Case {
    #[default]
    Kept,
    /// With `shopt -s nocasematch` a small letter matches the capital one as well.
    Ignored,
}

impl Case {
    /// Returns the characters that a letter of a pattern stands for.
    fn of(self, letter: char) -> Set {
        match self {
            Self::Kept => Set::of(letter),
            Self::Ignored => Set::of(letter).in_both_cases(),
        }
    }
}

/// What a test says of a text where it holds, and where it doesn't.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) yes: Option<Shape>,
    pub(super) no: Option<Shape>,
}

/// A character of a pattern, and whether it was quoted.
pub(super) type Letter = (char, bool);

/// What stands between brackets: every character that may be meant, and those that are meant for certain.
struct Bracket {
    is_negated: bool,
    may: Set,
    must: Set,
}

/// Whether patterns such as `@(a|b)` are extended ones when they are compared. Where they may be none, as with `shopt -u
/// extglob` between the line that bash read and the one that it runs, nothing is said of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Groups {
    #[default]
    Meant,
    MayBeText,
}

/// Returns what a pattern of `case` and of `==` says.
pub(super) fn of_glob(word: &Word, case: Case, groups: Groups) -> Told {
    let Some(letters) = letters(word) else { return Told::default() };
    let reader = Glob { case, groups, depth: 0 };
    reader.alone(&letters).or_else(|| reader.told(&letters)).unwrap_or_default()
}

/// Returns what it says of a text that it is this one.
pub(super) fn of_text(text: &str) -> Told {
    let no = text.is_empty().then(Shape::not_empty);
    Told { yes: Some(Shape::of_text(text)), no }
}

/// Returns what a regular expression of `=~` says. `texts` gives the text of a variable that holds one.
pub(super) fn of_expression(word: &Word, text: impl Fn(&str) -> Option<String>, case: Case) -> Told {
    let letters = match word.parts.as_slice() {
        [Part::Parameter(parameter)] if !parameter.quoted && parameter.is_bare() => {
            text(&parameter.name).map(|text| text.chars().map(|letter| (letter, false)).collect())
        }
        _ => letters(word),
    };
    let Some(letters) = letters else { return Told::default() };
    let mut reader = Expression { letters: &letters, at: 0, depth: 0, case };
    Told { yes: reader.whole(), no: reader.lone_bracket() }
}

/// Returns the characters of a word that its author wrote.
pub(super) fn letters(word: &Word) -> Option<Vec<Letter>> {
    let mut letters = Vec::new();
    for part in &word.parts {
        let Part::Text { text, quoted } = part else { return None };
        letters.extend(text.chars().map(|letter| (letter, *quoted)));
    }
    Some(letters)
}

/// Returns what is left of any text where `${name//[…]/by}` replaces each of some characters by a text of the author's, or
/// leaves it out.
pub(super) fn left_by_replacing(word: &Word) -> Option<Shape> {
    let letters = letters(word)?;
    let [('/', false), ('[', false), ..] = letters.as_slice() else { return None };
    let (bracket, end) = bracket(&letters, 2, &['!', '^'])?;
    let by = match letters.get(end..)? {
        [] => &[],
        [('/', false), by @ ..] => by,
        _ => return None,
    };
    // `&` stands for what was there.
    let is_plain = by.iter().all(|(letter, _)| !"&\\".contains(*letter));
    let kept = bracket.sets().1.complement().in_both_cases();
    // Inside of double quotes others are characters of their own.
    let quotes = if by.iter().any(|(_, is_quoted)| *is_quoted) { Set::of_all("'\"") } else { Set::NONE };
    let put_in = by.iter().fold(quotes, |set, (letter, _)| set.or(Set::of(*letter)));
    is_plain.then(|| Shape::of(kept.or(put_in)).repeated().or_empty())
}

enum Element {
    /// `*`
    Anything,
    /// One character: the shape of those that may match, and those that do.
    One(Shape, Set),
    /// `@(…)` and its kin: the shape of what may match.
    Group(Shape),
}

/// A pattern of the shell, with the extended ones (manual of bash, "Pattern Matching").
#[derive(Clone, Copy)]
struct Glob {
    case: Case,
    groups: Groups,
    depth: usize,
}

/// `@(…|…)` and its kin: the operator, and the alternatives.
type Group<'l> = (char, Vec<&'l [Letter]>);

impl Glob {
    fn told(self, letters: &[Letter]) -> Option<Told> {
        let elements = self.elements(letters)?;
        Some(Told { yes: Some(matching(&elements)), no: unmatched(&elements) })
    }

    /// Returns what a pattern says that is `@(…)` or `!(…)` alone: a text that one doesn't match matches none of the
    /// alternatives of the first, and one of those of the second.
    fn alone(self, letters: &[Letter]) -> Option<Told> {
        let ((operator, alternatives), end) = self.group(letters)?;
        if end != letters.len() || !"@!".contains(operator) {
            return None;
        }
        let inner = self.deeper()?;
        let told = alternatives.into_iter().map(|it| inner.told(it)).collect::<Option<Vec<Told>>>()?;
        let one = told.iter().filter_map(|it| it.yes.clone()).reduce(|one, other| one.or(&other));
        let none = told.iter().filter_map(|it| it.no.as_ref()).fold(Shape::any(), |all, it| all.and(it));
        let (yes, no) = if operator == '@' { (one, Some(none)) } else { (Some(none), one) };
        Some(Told { yes, no })
    }

    fn deeper(self) -> Option<Self> {
        (self.depth < DEPTH_MAX).then_some(Self { depth: self.depth + 1, ..self })
    }

    /// Reads a group from its operator, and returns it with where it ends.
    fn group<'l>(self, letters: &'l [Letter]) -> Option<(Group<'l>, usize)> {
        let [(operator @ ('?' | '*' | '+' | '@' | '!'), false), ('(', false), ..] = letters else { return None };
        if self.groups == Groups::MayBeText {
            return None;
        }
        let (mut at, mut start, mut open, mut alternatives) = (2, 2, 0_usize, Vec::new());
        loop {
            match letters.get(at)? {
                ('[', false) => {
                    // The shell looks for the end of the group before it looks at brackets.
                    let (_, end) = bracket(letters, at + 1, &['!', '^'])?;
                    if letters[at..end].iter().any(|it| matches!(it, ('(' | ')' | '|', false))) {
                        return None;
                    }
                    at = end;
                    continue;
                }
                ('(', false) => open += 1,
                (')', false) if open > 0 => open -= 1,
                (mark @ (')' | '|'), false) if open == 0 => {
                    alternatives.push(&letters[start..at]);
                    start = at + 1;
                    if *mark == ')' {
                        return Some(((*operator, alternatives), start));
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Returns the shape of what a group matches.
    fn shape(self, (operator, alternatives): Group<'_>) -> Option<Shape> {
        let inner = self.deeper()?;
        let shapes = alternatives.into_iter().map(|it| Some(matching(&inner.elements(it)?)));
        let one = shapes.collect::<Option<Vec<Shape>>>()?.into_iter().reduce(|one, other| one.or(&other))?;
        Some(match operator {
            '?' => one.or_empty(),
            '+' => one.repeated(),
            '*' => one.repeated().or_empty(),
            '!' => Shape::any(),
            _ => one,
        })
    }

    fn elements(self, letters: &[Letter]) -> Option<Vec<Element>> {
        let (mut elements, mut at) = (Vec::new(), 0);
        while let Some((letter, quoted)) = letters.get(at) {
            if let Some((group, length)) = self.group(&letters[at..]) {
                elements.push(Element::Group(self.shape(group)?));
                at += length;
                continue;
            }
            at += 1;
            elements.push(match letter {
                '*' if !quoted => Element::Anything,
                '?' if !quoted => Element::One(Shape::of(Set::ALL), Set::ALL),
                '[' if !quoted => {
                    let (bracket, end) = bracket(letters, at, &['!', '^'])?;
                    at = end;
                    let (may, must) = bracket.sets();
                    Element::One(Shape::of(may), must)
                }
                '(' | ')' | '|' | '\\' if !quoted => return None,
                letter => Element::One(Shape::of_letter(self.case.of(*letter)), exactly(*letter)),
            });
        }
        Some(elements)
    }
}

/// Returns a character that has a bit of its own.
fn exactly(letter: char) -> Set {
    if letter.is_ascii() && letter > '\x01' { Set::of(letter) } else { Set::NONE }
}

fn matching(elements: &[Element]) -> Shape {
    elements.iter().fold(Shape::empty(), |shape, element| match element {
        Element::Anything => shape.then(&Shape::any()),
        Element::One(may, _) | Element::Group(may) => shape.then(may),
    })
}

/// Returns what a text is that a pattern of one of these forms doesn't match: empty, `c*`, `*c`, `*c*`, `*cd*`.
fn unmatched(elements: &[Element]) -> Option<Shape> {
    match elements {
        [] => Some(Shape::not_empty()),
        [Element::One(_, set), Element::Anything] => Some(Shape::not_in_front(*set)),
        [Element::Anything, Element::One(_, set)] => Some(Shape::not_at_end(*set)),
        [Element::Anything, Element::One(_, set), Element::Anything] => Some(Shape::without(*set)),
        [Element::Anything, Element::One(_, set), Element::One(_, behind), Element::Anything] => {
            Some(Shape::not_behind(*set, *behind))
        }
        _ => None,
    }
}

impl Bracket {
    /// Returns the characters that it may match, and those that it matches for certain.
    fn sets(&self) -> (Set, Set) {
        if self.is_negated { (self.must.complement(), self.may.complement()) } else { (self.may, self.must) }
    }
}

/// Reads what stands between brackets from behind the `[`, and returns it with where it ends.
fn bracket(letters: &[Letter], start: usize, negations: &[char]) -> Option<(Bracket, usize)> {
    let is = |at: usize, letter: char| letters.get(at) == Some(&(letter, false));
    let is_negated = negations.iter().any(|mark| is(start, *mark));
    let first = start + usize::from(is_negated);
    let (mut may, mut must, mut at) = (Set::NONE, Set::NONE, first);
    loop {
        let (letter, quoted) = *letters.get(at)?;
        if letter == ']' && !quoted && at > first {
            return Some((Bracket { is_negated, may, must }, at + 1));
        }
        if letter == '[' && !quoted && letters.get(at + 1).is_some_and(|next| ":.=".contains(next.0)) {
            let (set, sure, end) = class(letters, at + 1)?;
            (may, must, at) = (may.or(set), must.or(sure), end);
            continue;
        }
        if is(at + 1, '-') && letters.get(at + 2).is_some_and(|last| *last != (']', false)) {
            let (set, sure) = range((letter, quoted), letters[at + 2])?;
            (may, must, at) = (may.or(set), must.or(sure), at + 3);
            continue;
        }
        // A backslash in front of it may be a character of its own, or none: then a range or the end of it is another.
        if quoted && (letter == ']' || letter == '-' && !is(at + 1, ']')) {
            return None;
        }
        may = may.or(Set::of(letter).in_both_cases());
        if letter == '\\' || quoted && !letter.is_alphanumeric() {
            may = may.or(Set::of('\\'));
        }
        must = must.or(if letter == '\\' { Set::NONE } else { exactly(letter) });
        at += 1;
    }
}

/// Reads a range. What lies between two letters is another thing in another language's order.
fn range(first: Letter, last: Letter) -> Option<(Set, Set)> {
    let both = |is: fn(&char) -> bool| is(&first.0) && is(&last.0) && !first.1 && !last.1 && first.0 <= last.0;
    let exact = Set::range(first.0, last.0);
    if both(char::is_ascii_digit) {
        return Some((exact, exact));
    }
    let letters = both(char::is_ascii_lowercase) || both(char::is_ascii_uppercase);
    letters.then(|| (Set::letters().or(Set::letters_elsewhere()), exact))
}

/// Reads `[:class:]` from behind its `[`.
fn class(letters: &[Letter], start: usize) -> Option<(Set, Set, usize)> {
    let rest: String = letters[start..].iter().take(9).map(|(letter, _)| *letter).collect();
    let name = rest.strip_prefix(':')?.split_once(":]")?.0;
    let elsewhere = Set::letters_elsewhere();
    let (may, must) = match name {
        "digit" => (Set::digits(), Set::digits()),
        "alpha" | "lower" | "upper" => (Set::letters().or(elsewhere), Set::NONE),
        "alnum" => (Set::letters().or(Set::digits()).or(elsewhere), Set::digits()),
        "xdigit" => (Set::letters().or(Set::digits()), Set::digits()),
        "space" => (Set::of('\0').or(Set::blanks()), Set::blanks()),
        "blank" => (Set::of('\0').or(Set::blanks()), Set::of_all(" \t")),
        _ => return None,
    };
    Some((may, must, start + name.len() + 3))
}

/// An extended regular expression, read as far as all libraries agree on it: one that a library doesn't take matches
/// nothing, and a test of it is false for every text.
struct Expression<'a> {
    letters: &'a [Letter],
    at: usize,
    depth: usize,
    case: Case,
}

impl Expression<'_> {
    fn takes(&mut self, letter: char) -> bool {
        let is_next = self.letters.get(self.at) == Some(&(letter, false));
        self.at += usize::from(is_next);
        is_next
    }

    /// Returns the shape of what `^…$` matches.
    fn whole(&mut self) -> Option<Shape> {
        if !self.takes('^') {
            return None;
        }
        let shape = self.branch()?;
        (self.takes('$') && self.at == self.letters.len()).then_some(shape)
    }

    /// Returns the shape of a text in which nothing matches, if the expression is `[…]` alone.
    fn lone_bracket(&mut self) -> Option<Shape> {
        self.at = 0;
        if !self.takes('[') {
            return None;
        }
        let (bracket, end) = bracket(self.letters, self.at, &['^'])?;
        (end == self.letters.len()).then(|| Shape::without(bracket.sets().1))
    }

    fn branch(&mut self) -> Option<Shape> {
        let mut shape: Option<Shape> = None;
        while let Some(letter) = self.letters.get(self.at) {
            if matches!(letter, ('|' | ')' | '$', false)) {
                break;
            }
            let atom = self.atom()?;
            let atom = self.times(atom)?;
            shape = Some(match shape {
                Some(shape) => shape.then(&atom),
                None => atom,
            });
        }
        shape
    }

    fn atom(&mut self) -> Option<Shape> {
        let (letter, quoted) = *self.letters.get(self.at)?;
        self.at += 1;
        if quoted {
            return (!ESCAPES.contains(letter)).then(|| Shape::of_letter(self.case.of(letter)));
        }
        match letter {
            '.' => Some(Shape::of(Set::ALL)),
            '[' => {
                let (bracket, end) = bracket(self.letters, self.at, &['^'])?;
                self.at = end;
                Some(Shape::of(bracket.sets().0))
            }
            '(' => self.group(),
            '\\' => {
                let (letter, _) = *self.letters.get(self.at)?;
                self.at += 1;
                (letter.is_ascii_punctuation() && !ESCAPES.contains(letter)).then(|| Shape::of_letter(Set::of(letter)))
            }
            '*' | '+' | '?' | '{' | '}' | '^' | ']' => None,
            letter => Some(Shape::of_letter(self.case.of(letter))),
        }
    }

    fn group(&mut self) -> Option<Shape> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let mut shape = self.branch()?;
        while self.takes('|') {
            shape = shape.or(&self.branch()?);
        }
        self.depth -= 1;
        self.takes(')').then_some(shape)
    }

    /// Reads how often something stands, if it is said; twice is too often for some libraries.
    fn times(&mut self, atom: Shape) -> Option<Shape> {
        let shape = match self.letters.get(self.at) {
            Some(('*', false)) => atom.repeated().or_empty(),
            Some(('+', false)) => atom.repeated(),
            Some(('?', false)) => atom.or_empty(),
            Some(('{', false)) => return self.counted(atom),
            _ => return Some(atom),
        };
        self.at += 1;
        self.is_followed_well().then_some(shape)
    }

    /// Reads `{2}`, `{2,}` and `{2,4}`.
    fn counted(&mut self, atom: Shape) -> Option<Shape> {
        let rest = &self.letters[self.at + 1..];
        let length = rest.iter().position(|letter| *letter == ('}', false))?;
        let text: String = rest[..length].iter().map(|(letter, _)| *letter).collect();
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= TIMES_MAX);
        let (least, most) = match text.split_once(',') {
            Some((least, "")) => (number(least)?, TIMES_MAX),
            Some((least, most)) => (number(least)?, number(most)?),
            None => (number(&text)?, number(&text)?),
        };
        self.at += length + 2;
        if least > most || !self.is_followed_well() {
            return None;
        }
        let shape = if most > 1 { atom.repeated() } else { atom };
        Some(if least == 0 { shape.or_empty() } else { shape })
    }

    fn is_followed_well(&self) -> bool {
        !matches!(self.letters.get(self.at), Some(('*' | '+' | '?' | '{', false)))
    }
}
