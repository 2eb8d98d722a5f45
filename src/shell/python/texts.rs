//! What the texts of a Python script are, as far as its author wrote them: the words of a program, the names of
//! files, the beginnings of addresses.

use super::apart::changed;
use super::facts::Binding;
use super::files::without_fields;
use super::sink::Judge;
use super::tree::{Expr, Piece};
use crate::shell::program::{Holes, Part};

/// How far names are followed.
pub(super) const DEPTH_MAX: usize = 8;

/// The most lists of words that one list may be, and texts that one text may be.
pub(super) const CHOICES_MAX: usize = 64;

/// What stands for a part of the author's that is known only when the script runs.
pub(super) const UNKNOWN: &str = "value";

/// Methods that give a text again that begins as the text does.
const SAME: &[&str] = &["strip", "rstrip", "encode", "decode", "lower", "upper", "format", "absolute", "resolve"];

/// Functions that give their first argument again, as a text or a path.
const TEXTUAL: &[&str] =
    &["str", "fspath", "Path", "PurePath", "PosixPath", "join", "repr", "Request", "normpath", "abspath", "realpath"];

/// An item of a list of words.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Word(Expr),
    /// Nobody knows how many words.
    Several(Expr),
}

impl Judge<'_> {
    /// Takes a step of looking up what names stand for, and says whether there was one left.
    pub(super) fn goes_on(&self) -> bool {
        let left = self.steps.get().saturating_sub(1);
        self.steps.set(left);
        left > 0
    }

    /// Returns the payload text that reaches an expression.
    pub(super) fn reaches(&self, expression: &Expr) -> Holes {
        let mut holes = Holes::new();
        self.reach(expression, &mut holes);
        holes
    }

    fn reach(&self, expression: &Expr, holes: &mut Holes) {
        if !self.work(1) {
            return;
        }
        holes.extend(self.read_by(expression));
        if let Some(otherwise) = self.chosen(expression) {
            return otherwise.iter().for_each(|argument| self.reach(&argument.value, holes));
        }
        if let Some(alternatives) = self.alternatives(expression) {
            return alternatives.into_iter().for_each(|it| self.reach(it, holes));
        }
        match expression {
            Expr::Call(callee, _) if matches!(&**callee, Expr::Name(name) if self.makes_number(name)) => return,
            Expr::Call(callee, _) if self.is_checksum(callee) => return,
            Expr::Call(callee, arguments) if self.is_plain_call(callee, arguments) => return,
            // What is written to such a file is not its name.
            Expr::Member(owner, name) if name == "name" && self.is_temporary(owner) => return,
            Expr::Name(name) | Expr::Member(_, name) => holes.extend(self.tainted.get(name).into_iter().flatten()),
            Expr::Text(pieces) => {
                holes
                    .extend(pieces.iter().filter_map(|it| if let Piece::Hole(hole) = it { Some(*hole) } else { None }));
                holes.extend(expression.text().and_then(|text| self.variable(&text)));
            }
            _ => {}
        }
        let mut inside = Holes::new();
        expression.parts().into_iter().for_each(|part| self.reach(part, &mut inside));
        if !inside.is_empty() {
            holes.extend(changed(inside, self.own_change(expression)));
        }
    }

    /// Says whether an expression is a file whose name nobody chose.
    fn is_temporary(&self, file: &Expr) -> bool {
        let names = self.facts.full_names(file);
        !names.is_empty() && names.iter().all(|name| name.starts_with("tempfile.") && name.ends_with("()"))
    }

    /// Returns the holes of all parts that a text may begin with; nothing where the author wrote its beginning.
    pub(super) fn begins_with(&self, text: &Expr, depth: usize) -> Holes {
        let all = self.reaches(text);
        if all.is_empty() || depth > DEPTH_MAX || !self.goes_on() {
            return all;
        }
        let next = |expression: &Expr| self.begins_with(expression, depth + 1);
        match text {
            Expr::Text(pieces) => match pieces.first() {
                Some(Piece::Hole(hole)) => Holes::from([*hole]),
                Some(Piece::Field(field)) => next(field),
                Some(Piece::Text(text)) if text.starts_with(['{', '%']) => all,
                Some(Piece::Text(_)) | None => Holes::new(),
            },
            Expr::Operation('+', one, other) if one.text().is_some_and(|text| text.is_empty()) => next(other),
            Expr::Operation('+' | '%' | '/', one, _) => match (&**one, text) {
                (Expr::Text(pieces), Expr::Operation('%', ..)) if begins_with_field(pieces) => all,
                _ => next(one),
            },
            Expr::Call(callee, arguments) => match (&**callee, arguments.first()) {
                (Expr::Member(owner, method), _) if SAME.contains(&method.as_str()) => match &**owner {
                    Expr::Text(pieces) if begins_with_field(pieces) => all,
                    owner => changed(next(owner), self.own_change(text)),
                },
                (_, Some(first)) if callee.last_name().is_some_and(|name| TEXTUAL.contains(&name)) => {
                    changed(next(&first.value), self.own_change(text))
                }
                _ => all,
            },
            Expr::Name(name) => {
                let mut begins = Holes::new();
                let mut is_begun = true;
                for binding in self.facts.bindings(name) {
                    let Binding::Value(value) = binding else { return all };
                    begins.extend(next(value));
                    is_begun &= !may_be_empty(value);
                }
                // `url = ''`, `url += text`
                if !is_begun && !self.facts.added(name).is_empty() {
                    return all;
                }
                if self.facts.bindings(name).is_empty() { all } else { begins }
            }
            Expr::Any(items) => items.iter().flat_map(next).collect(),
            _ => all,
        }
    }

    /// Returns the lists of words that an expression may be, if it is one that the author wrote.
    pub(super) fn lists(&self, expression: &Expr, depth: usize) -> Option<Vec<Vec<Item>>> {
        if depth > DEPTH_MAX || !self.goes_on() {
            return None;
        }
        match expression {
            Expr::List(items) => {
                let mut lists = vec![Vec::new()];
                for item in items {
                    let choices = self.items(item, depth)?;
                    // Of more than can be told apart nobody knows which it is.
                    lists = match product(lists.clone(), &choices) {
                        Some(lists) => lists,
                        None => product(lists, &[vec![Item::Word(item.clone())]])?,
                    };
                }
                Some(lists)
            }
            Expr::Operation('+', one, other) => product(self.lists(one, depth + 1)?, &self.lists(other, depth + 1)?),
            Expr::Any(items) => {
                let lists = items.iter().map(|item| self.lists(item, depth + 1)).collect::<Option<Vec<_>>>()?;
                Some(lists.into_iter().flatten().collect())
            }
            Expr::Call(callee, arguments) => match (&**callee, arguments.as_slice()) {
                (Expr::Name(name), [only]) if (name == "list" || name == "tuple") && self.is_pythons(name) => {
                    self.lists(&only.value, depth + 1)
                }
                (Expr::Member(owner, method), []) if method == "copy" => self.lists(owner, depth + 1),
                (Expr::Member(owner, _), [_, otherwise @ ..]) if self.chosen(expression).is_some() => {
                    let mut lists = self.lists_inside(owner.last_name()?, depth)?;
                    for argument in otherwise {
                        lists.extend(self.lists(&argument.value, depth + 1)?);
                    }
                    Some(lists)
                }
                (Expr::Member(owner, method), []) if method == "split" => Some(vec![split(&owner.text()?)]),
                (Expr::Member(..), [only]) if self.facts.full_names(callee).iter().eq(["shlex.split"]) => {
                    Some(vec![split(&only.value.text()?)])
                }
                _ => None,
            },
            Expr::Item(owner, _) => match &**owner {
                Expr::Name(name) => self.lists_inside(name, depth),
                _ => None,
            },
            Expr::Name(name) => self.named_lists(name, name, depth),
            Expr::Member(_, name) => self.named_lists(&format!(".{name}"), name, depth),
            _ => None,
        }
    }

    /// Returns the lists that an item of something may be that the author wrote as a whole: `commands["test"]`.
    fn lists_inside(&self, name: &str, depth: usize) -> Option<Vec<Vec<Item>>> {
        let bindings = self.facts.bindings(name);
        if bindings.is_empty() || !self.facts.added(name).is_empty() || self.altered.contains_key(name) {
            return None;
        }
        let mut lists = Vec::new();
        for binding in bindings {
            let values: Vec<&Expr> = match binding {
                Binding::Value(Expr::Dict(entries)) if entries.iter().all(|(key, _)| key.is_some()) => {
                    entries.iter().map(|(_, value)| value).collect()
                }
                Binding::Value(Expr::List(items)) => items.iter().collect(),
                _ => return None,
            };
            for value in values {
                lists.extend(self.lists(value, depth + 1)?);
            }
        }
        (!lists.is_empty() && lists.len() <= CHOICES_MAX).then_some(lists)
    }

    fn named_lists(&self, name: &str, own: &str, depth: usize) -> Option<Vec<Vec<Item>>> {
        if self.elsewhere.contains(own) {
            return None;
        }
        let mut lists = Vec::new();
        for binding in self.facts.bindings(name) {
            match binding {
                Binding::Value(value) => lists.extend(self.lists(value, depth + 1)?),
                Binding::Item(Expr::List(items)) => {
                    for item in items {
                        lists.extend(self.lists(item, depth + 1)?);
                    }
                }
                Binding::Item(_) | Binding::Unknown => return None,
            }
        }
        // What is added is added or not.
        for items in self.facts.added(own) {
            let mut choices = vec![Vec::new()];
            for item in items {
                choices = product(choices, &self.items(item, depth)?)?;
            }
            // The first word of a list is not left out.
            let mut with = product(lists.clone(), &choices)?;
            with.extend(lists.into_iter().filter(|list| !list.is_empty()));
            lists = Some(with).filter(|lists| lists.len() <= CHOICES_MAX)?;
        }
        (!lists.is_empty()).then_some(lists)
    }

    /// Returns what an item of a list may be: one word, or those of another list.
    fn items(&self, item: &Expr, depth: usize) -> Option<Vec<Vec<Item>>> {
        let Expr::Several(inner) = item else {
            return Some(self.variants(item).into_iter().map(|it| vec![Item::Word(it)]).collect());
        };
        Some(self.lists(inner, depth + 1).unwrap_or_else(|| vec![vec![Item::Several((**inner).clone())]]))
    }

    /// Returns the parts of a word. A value of the script's that holds no payload text is unknown.
    pub(super) fn word(&self, expression: &Expr, depth: usize) -> Vec<Part> {
        let all = self.reaches(expression);
        let next = |expression: &Expr| self.word(expression, depth + 1);
        let parts: Option<Vec<Part>> = match expression {
            _ if depth > DEPTH_MAX || !self.goes_on() => None,
            Expr::Text(_) if expression.text().is_some_and(|text| self.variable(&text).is_some()) => {
                expression.text().map(|text| vec![Part::Text(text)])
            }
            Expr::Text(pieces) => {
                let parts = pieces.iter().flat_map(|piece| match piece {
                    Piece::Text(text) => vec![Part::Text(text.clone())],
                    Piece::Hole(hole) => vec![Part::Value(Holes::from([*hole]))],
                    Piece::Field(field) => next(field),
                });
                Some(self.made(parts.collect(), expression))
            }
            Expr::Operation('+', one, other) => Some([next(one), next(other)].concat()),
            Expr::Operation('/', one, other) => {
                Some([next(one), vec![Part::Text("/".to_owned())], next(other)].concat())
            }
            Expr::Operation('%', format, _) => format.text().map(|format| prefixed(&format, &all)),
            _ if self.is_interpreter(expression) => Some(vec![Part::Text("python3".to_owned())]),
            Expr::Call(callee, arguments) => match (&**callee, arguments.as_slice()) {
                (Expr::Member(owner, method), _) if method == "format" => {
                    owner.text().map(|format| prefixed(&format, &all))
                }
                (Expr::Name(name), [only]) if TEXTUAL.contains(&name.as_str()) && !self.is_own(name) => {
                    Some(self.made(next(&only.value), expression))
                }
                (Expr::Member(owner, method), []) if SAME.contains(&method.as_str()) && !self.is_own(method) => {
                    Some(self.made(next(owner), expression))
                }
                _ => None,
            },
            Expr::Name(name) => match self.facts.bindings(name) {
                [Binding::Value(value)] if self.facts.added(name).is_empty() => Some(next(value)),
                // One of the author's own, though something else of a call that gives it is tainted.
                [_, _, ..] if self.is_one_of_texts(name) => Some(vec![Part::Text(UNKNOWN.to_owned())]),
                _ => None,
            },
            _ => None,
        };
        let unknown = if all.is_empty() { Part::Text(UNKNOWN.to_owned()) } else { Part::Value(all) };
        parts.unwrap_or_else(|| vec![unknown])
    }

    /// Returns the parts of a word of which an expression makes another.
    fn made(&self, parts: Vec<Part>, expression: &Expr) -> Vec<Part> {
        let change = self.own_change(expression);
        let made = |part| match part {
            Part::Value(holes) => Part::Value(changed(holes, change)),
            part => part,
        };
        parts.into_iter().map(made).collect()
    }

    /// Says whether an expression is the name of the Python that runs the script: `sys.executable`, which nothing sets.
    fn is_interpreter(&self, expression: &Expr) -> bool {
        let is_one = |owner: &Expr| *owner == Expr::Name("sys".to_owned());
        matches!(expression, Expr::Member(owner, name) if name == "executable" && is_one(owner))
            && self.facts.bindings(".executable").is_empty()
    }

    /// Says whether all that a name gets are literals of the author's.
    fn is_one_of_texts(&self, name: &str) -> bool {
        let is_text = |it: &Binding| matches!(it, Binding::Value(value) if value.text().is_some_and(|it| self.variable(&it).is_none()));
        let is_changed =
            !self.facts.added(name).is_empty() || self.bound.contains(name) || self.anywhere.contains(name);
        !is_changed && self.facts.bindings(name).iter().all(is_text)
    }

    /// Says whether the author wrote all of a word but for the payload text in it.
    pub(super) fn is_whole(&self, expression: &Expr, depth: usize) -> bool {
        let next = |expression: &Expr| self.is_whole(expression, depth + 1);
        match expression {
            _ if depth > DEPTH_MAX || !self.goes_on() => false,
            Expr::Text(pieces) => {
                pieces.iter().all(|piece| if let Piece::Field(field) = piece { next(field) } else { true })
            }
            Expr::Operation('+' | '/', one, other) => next(one) && next(other),
            Expr::Name(name) if self.facts.added(name).is_empty() => match self.facts.bindings(name) {
                [Binding::Value(value)] => next(value) || !self.reaches(expression).is_empty(),
                [_, _, ..] if self.is_one_of_texts(name) => false,
                _ => !self.reaches(expression).is_empty(),
            },
            _ if self.is_interpreter(expression) => true,
            _ => !self.reaches(expression).is_empty(),
        }
    }

    /// Says whether the payload text in a word is there as it is.
    pub(super) fn is_direct(&self, word: &Expr, depth: usize) -> bool {
        let next = |inner: &Expr| self.is_direct(inner, depth + 1);
        match word {
            _ if depth > DEPTH_MAX || !self.goes_on() => false,
            _ if self.reaches(word).is_empty() => true,
            Expr::Text(pieces) => {
                pieces.iter().all(|piece| if let Piece::Field(field) = piece { next(field) } else { true })
            }
            Expr::Operation('+', one, other) => next(one) && next(other),
            Expr::Name(name) => {
                matches!(self.facts.bindings(name), [Binding::Value(value)] if self.facts.added(name).is_empty() && next(value))
            }
            _ => self.is_variable(word),
        }
    }

    /// Returns the texts that an expression may be; [`UNKNOWN`] stands for what nobody knows.
    pub(super) fn texts(&self, expression: &Expr, depth: usize) -> Vec<String> {
        let unknown = || vec![UNKNOWN.to_owned()];
        if depth > DEPTH_MAX || !self.goes_on() {
            return unknown();
        }
        let next = |expression: &Expr| self.texts(expression, depth + 1);
        let joined = |one: Vec<String>, mark: &str, other: &[String]| -> Vec<String> {
            let all = one.iter().flat_map(|one| other.iter().map(move |other| format!("{one}{mark}{other}")));
            all.take(CHOICES_MAX).collect()
        };
        if let Some(texts) = self.chosen_texts(expression, depth) {
            return texts;
        }
        match expression {
            Expr::Text(pieces) => pieces.iter().fold(vec![String::new()], |texts, piece| match piece {
                Piece::Text(text) => joined(texts, "", std::slice::from_ref(text)),
                Piece::Hole(_) => joined(texts, "", &unknown()),
                Piece::Field(field) => joined(texts, "", &next(field)),
            }),
            Expr::Operation('+', one, other) => joined(next(one), "", &next(other)),
            Expr::Operation('/', one, other) => joined(next(one), "/", &next(other)),
            Expr::Operation('%', format, _) => next(format).iter().map(|text| without_fields(text)).collect(),
            Expr::Any(items) => items.iter().flat_map(next).take(CHOICES_MAX).collect(),
            Expr::Named(_, value) => next(value),
            Expr::Name(name) => {
                let texts = self.facts.bindings(name).iter().flat_map(|binding| match binding {
                    Binding::Value(value) => next(value),
                    Binding::Item(Expr::List(items)) => items.iter().flat_map(next).collect(),
                    Binding::Item(_) | Binding::Unknown => unknown(),
                });
                // What is added to it nobody knows.
                let added = (!self.facts.added(name).is_empty()).then(unknown).into_iter().flatten();
                let texts: Vec<String> = texts.take(CHOICES_MAX).chain(added).collect();
                if texts.is_empty() { unknown() } else { texts }
            }
            Expr::Call(callee, arguments) => match (&**callee, arguments.as_slice()) {
                (Expr::Member(owner, method), [suffix]) if method == "with_suffix" => {
                    joined(next(owner), "", &next(&suffix.value))
                }
                (Expr::Member(owner, method), [name]) if method == "with_name" || method == "joinpath" => {
                    joined(next(owner), "/", &next(&name.value))
                }
                (Expr::Member(owner, method), _) if method == "lower" => {
                    next(owner).iter().map(|text| text.to_lowercase()).collect()
                }
                (Expr::Member(owner, method), _) if method == "upper" => {
                    next(owner).iter().map(|text| text.to_uppercase()).collect()
                }
                (Expr::Member(owner, method), [_, ..]) if method == "format" => {
                    next(owner).iter().map(|text| without_fields(text)).collect()
                }
                // What is left of a text without some letters nobody knows.
                (Expr::Member(_, method), [_, ..]) if method.ends_with("strip") => unknown(),
                (Expr::Member(owner, method), _) if SAME.contains(&method.as_str()) => next(owner),
                (_, [first, rest @ ..]) if callee.last_name().is_some_and(|name| TEXTUAL.contains(&name)) => {
                    rest.iter().fold(next(&first.value), |texts, part| joined(texts, "/", &next(&part.value)))
                }
                _ => unknown(),
            },
            _ => unknown(),
        }
    }
}

/// Returns each of some lists with each of others behind it, if there are not too many.
fn product(mut lists: Vec<Vec<Item>>, behind: &[Vec<Item>]) -> Option<Vec<Vec<Item>>> {
    if let [only] = behind {
        lists.iter_mut().for_each(|list| list.extend_from_slice(only));
        return Some(lists);
    }
    let count = lists.len().checked_mul(behind.len()).filter(|count| *count <= CHOICES_MAX)?;
    let mut all = Vec::with_capacity(count);
    for list in lists {
        all.extend(behind.iter().map(|more| [list.as_slice(), more.as_slice()].concat()));
    }
    Some(all)
}

/// Says whether a text may be empty, as far as its author wrote it.
fn may_be_empty(text: &Expr) -> bool {
    match text {
        Expr::Text(pieces) => !pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if !text.is_empty())),
        Expr::Operation('+' | '/', one, other) => may_be_empty(one) && may_be_empty(other),
        _ => true,
    }
}

fn split(text: &str) -> Vec<Item> {
    let word = |word: &str| Item::Word(Expr::Text(vec![Piece::Text(word.to_owned())]));
    text.split_whitespace().map(word).collect()
}

fn begins_with_field(pieces: &[Piece]) -> bool {
    matches!(pieces.first(), Some(Piece::Text(text)) if text.starts_with(['{', '%']))
}

/// Returns a word that a format makes: what stands in front of its first field, and what is put in.
fn prefixed(format: &str, values: &Holes) -> Vec<Part> {
    let prefix = format.split(['{', '%']).next().unwrap_or_default();
    let value = if values.is_empty() { Part::Text(UNKNOWN.to_owned()) } else { Part::Value(values.clone()) };
    let prefix = (!prefix.is_empty()).then(|| Part::Text(prefix.to_owned()));
    prefix.into_iter().chain([value]).collect()
}
