//! Expressions and statements of Python, as far as the analysis looks into them.

/// An expression. Brackets are gone; a tuple, a list and a set are all a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Name(String),
    /// A string literal, or several that stand beside each other.
    Text(Vec<Piece>),
    /// A number, `...`, a slice.
    Constant,
    /// `owner.name`
    Member(Box<Expr>, String),
    /// `owner[index]`; in a slice an [`Expr::Any`] of nothing stands for each `:`.
    Item(Box<Expr>, Box<Expr>),
    Call(Box<Expr>, Vec<Argument>),
    List(Vec<Expr>),
    /// Entries with their keys; without one what `**` takes over.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// `*several`
    Several(Box<Expr>),
    /// An operator of numbers and texts, by its first character.
    Operation(char, Box<Expr>, Box<Expr>),
    /// One of these, or something made of them: `or`, `if … else`, a comparison.
    Any(Vec<Expr>),
    Lambda(Vec<Parameter>, Box<Expr>),
    /// What is made for each item, and the loops.
    Comprehension(Vec<Expr>, Vec<(Expr, Expr)>),
    /// `(name := value)`
    Named(String, Box<Expr>),
}

/// A piece of a string literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Hole(usize),
    /// The expression in the `{ }` of an f-string.
    Field(Expr),
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    /// The name of `name=value`, and `**` for what takes over a dictionary.
    pub(super) name: Option<String>,
    pub(super) value: Expr,
}

/// A parameter of a function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) default: Option<Expr>,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    One,
    /// `*name`
    Rest,
    /// `**name`
    Named,
}

/// A statement, or the head of one whose body are statements of their own.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    /// Full names, each with the name that it has here.
    Import(Vec<(String, String)>),
    Assign(Vec<Expr>, Expr),
    /// `target += value`, by the operator's first character; `d` for `del target`.
    Augment(Expr, char, Expr),
    /// `for target in value`
    For(Expr, Expr),
    /// `with value as target`
    With(Expr, Option<Expr>),
    Function(String, Vec<Parameter>),
    Decorator(Expr),
    Return(Expr),
    Expr(Expr),
}

/// The function that takes the words of a program one by one.
const STARTING_BY_WORDS: &str = "create_subprocess_exec";

impl Expr {
    /// Returns a call. Of `asyncio`'s function that takes the words of a program one by one the first argument is the list
    /// of them, as with all others that start a program.
    pub(super) fn call(callee: Self, arguments: Vec<Argument>) -> Self {
        if callee.last_name() != Some(STARTING_BY_WORDS) {
            return Self::Call(Box::new(callee), arguments);
        }
        let (words, named): (Vec<Argument>, Vec<Argument>) = arguments.into_iter().partition(|it| it.name.is_none());
        let words = Self::List(words.into_iter().map(|it| it.value).collect());
        let words = Argument { name: None, value: words };
        Self::Call(Box::new(callee), std::iter::once(words).chain(named).collect())
    }

    /// Returns the expressions that stand directly in this one.
    pub(super) fn parts(&self) -> Vec<&Expr> {
        match self {
            Self::Name(_) | Self::Constant => Vec::new(),
            Self::Text(pieces) => pieces.iter().filter_map(Piece::field).collect(),
            Self::Member(inner, _) | Self::Several(inner) | Self::Named(_, inner) => vec![inner],
            Self::Item(one, other) | Self::Operation(_, one, other) => vec![one, other],
            Self::Call(callee, arguments) => {
                std::iter::once(&**callee).chain(arguments.iter().map(|it| &it.value)).collect()
            }
            Self::List(items) | Self::Any(items) => items.iter().collect(),
            Self::Dict(entries) => entries.iter().flat_map(|(key, value)| key.iter().chain([value])).collect(),
            Self::Lambda(parameters, body) => {
                parameters.iter().filter_map(|it| it.default.as_ref()).chain([&**body]).collect()
            }
            Self::Comprehension(made, loops) => {
                made.iter().chain(loops.iter().flat_map(|(target, iterated)| [target, iterated])).collect()
            }
        }
    }

    /// Calls `visitor` with this expression and all inside of it.
    pub(super) fn walk<'e>(&'e self, visitor: &mut impl FnMut(&'e Expr)) {
        visitor(self);
        self.parts().into_iter().for_each(|part| part.walk(visitor));
    }

    /// Returns the last name of what is called or meant: `name` of `owner.name`.
    pub(super) fn last_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) | Self::Member(_, name) => Some(name),
            _ => None,
        }
    }

    /// Returns what is called or meant as the script has it: `owner.name`, and `name` alone where the owner is no name.
    pub(super) fn dotted(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Member(owner, name) => Some(match owner.dotted() {
                Some(owner) => format!("{owner}.{name}"),
                None => name.clone(),
            }),
            _ => None,
        }
    }

    /// Returns the text of a literal that is the author's alone.
    pub(super) fn text(&self) -> Option<String> {
        let Self::Text(pieces) = self else { return None };
        let text = |piece: &Piece| if let Piece::Text(text) = piece { Some(text.clone()) } else { None };
        pieces.iter().map(text).collect()
    }
}

impl Piece {
    fn field(&self) -> Option<&Expr> {
        if let Self::Field(field) = self { Some(field) } else { None }
    }
}

impl Statement {
    /// Returns the expressions of the statement.
    pub(super) fn expressions(&self) -> Vec<&Expr> {
        match self {
            Self::Import(_) => Vec::new(),
            Self::Assign(targets, value) => targets.iter().chain([value]).collect(),
            Self::Augment(target, _, value) | Self::For(target, value) => vec![target, value],
            Self::With(value, target) => std::iter::once(value).chain(target).collect(),
            Self::Function(_, parameters) => parameters.iter().filter_map(|it| it.default.as_ref()).collect(),
            Self::Decorator(value) | Self::Return(value) | Self::Expr(value) => vec![value],
        }
    }
}
