//! The syntax of a script as far as the flow of values needs it.

use super::place::Place;
use super::shape::Shape;
use super::symbol::Symbol;
use crate::shell::change::Change;

/// Commands one after another, in whatever way they are joined.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    /// How each command stands among the others.
    pub(super) joints: Vec<Joint>,
}

impl Script {
    /// Says whether the command of this index stands in a list that ends with `&`.
    pub(super) fn is_in_background(&self, at: usize) -> bool {
        let rest = self.joints.get(at..).unwrap_or_default();
        let end = rest.iter().find(|joint| matches!(joint.behind, Behind::End | Behind::Background));
        end.is_some_and(|joint| joint.behind == Behind::Background)
    }
}

/// How a command stands among others.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Joint {
    /// Behind an odd number of `!`.
    pub(super) is_negated: bool,
    pub(super) behind: Behind,
    /// The line ends behind it.
    pub(super) ends_line: bool,
}

/// What stands behind a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Behind {
    /// A `;`, the end of the line or of the script.
    #[default]
    End,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `&`
    Background,
}

#[derive(Debug)]
pub(super) enum Command {
    Simple(Simple),
    /// Commands joined by `|`; `|&` is `2>&1 |`.
    Pipeline(Vec<Command>),
    Compound(Compound),
    Function {
        name: String,
        body: Box<Command>,
    },
}

/// A name with its arguments, or assignments alone.
#[derive(Debug, Default)]
pub(super) struct Simple {
    pub(super) assignments: Vec<Assignment>,
    pub(super) words: Vec<Word>,
    /// Arguments of `declare` and its kin that are assignments of arrays.
    pub(super) declared: Vec<Assignment>,
    pub(super) redirects: Vec<Redirect>,
}

/// What a compound command makes of its bodies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Form {
    /// `{ }`, and what has no body.
    #[default]
    Group,
    /// `( )`
    Subshell,
    /// Conditions and what follows each, and at the end perhaps what follows `else`.
    If,
    While,
    Until,
    /// `for` and `select`.
    For,
    /// How many of the words are the patterns of each body. None are where a body may go on into the next one.
    Case(Vec<usize>),
    /// `[[ ]]`
    Test,
}

/// Anything with commands inside, and `[[ ]]` and `(( ))`.
#[derive(Debug, Default)]
pub(super) struct Compound {
    pub(super) form: Form,
    /// The name that `for` and `select` set.
    pub(super) variable: Option<String>,
    /// It is a `select`, which reads an answer from its input.
    pub(super) asks: bool,
    /// The list of `for`, the subject and the patterns of `case`.
    pub(super) words: Vec<Word>,
    /// The operands and operators of `[[ ]]`, in order.
    pub(super) test: Vec<Word>,
    /// What is evaluated as arithmetic.
    pub(super) arithmetic: Vec<Word>,
    pub(super) bodies: Vec<Script>,
    pub(super) redirects: Vec<Redirect>,
}

#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) name: String,
    /// What is evaluated as arithmetic: subscripts.
    pub(super) subscripts: Vec<Word>,
    /// The value, or the array's elements.
    pub(super) values: Vec<Word>,
    /// It makes or changes an array.
    pub(super) is_array: bool,
    /// `name+=value`
    pub(super) appends: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Redirect {
    pub(super) descriptor: Descriptor,
    pub(super) kind: RedirectKind,
    pub(super) target: Word,
}

/// What a redirection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Descriptor {
    /// The standard input of what reads, the standard output of what writes.
    Usual,
    /// Another: `2>`, `3<`, `{name}>`.
    Other,
    /// The standard output and the standard error: `&>`.
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RedirectKind {
    Read,
    Write,
    /// `<>`, which opens a file for both.
    Open,
    /// `>&` with a word that the script works out: a file, or a descriptor where the word is a number.
    WriteOrDuplicate,
    HereString,
    /// The index of the here-document in the reading.
    HereDocument(usize),
    /// `<&` and `>&` with a descriptor.
    Duplicate,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    /// Text after the removal of quotes, and whether it was quoted.
    Text {
        text: String,
        quoted: bool,
    },
    Hole {
        hole: usize,
        place: Place,
    },
    Opaque,
    Parameter(Parameter),
    /// `$( )`, backticks, `<( )` and `>( )`.
    Substitution {
        script: std::rc::Rc<Script>,
        kind: Substitution,
        /// What the script has made sure of what is printed there.
        printed: Option<std::rc::Rc<Shape>>,
    },
    /// `$(( ))`.
    Arithmetic(Word),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Substitution {
    Unquoted,
    Quoted,
    /// `<( )` and `>( )`: what stands there is the name of a file.
    Process,
}

/// `$name` or `${…}`.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// `${!…}`, and `${…@P}` and its kin.
    pub(super) evaluates: bool,
    /// `${name=…}`
    pub(super) assigns: bool,
    /// What its operation leaves of the value.
    pub(super) change: Change,
    /// `${name@P}`
    pub(super) prompts: bool,
    /// Its operand is the value where there is none: `${name:-…}`, `${name:=…}`.
    pub(super) falls_back: bool,
    /// `${name:?…}`: the script ends if there is no value.
    pub(super) stops: bool,
    /// `${!name[@]}`
    pub(super) keys: bool,
    /// `${!name@}` and `${!name*}`: the names of all variables that begin so.
    pub(super) names: bool,
    pub(super) quoted: bool,
    /// Words that may become the value.
    pub(super) operands: Vec<Word>,
    /// Subscripts, offsets and lengths.
    pub(super) arithmetic: Vec<Word>,
    /// The first of them is a subscript.
    pub(super) has_subscript: bool,
    /// `${#…}`: a number whatever the value is.
    pub(super) length: bool,
    /// `$@`, `${name[@]}`: as many words as it has elements.
    pub(super) list: bool,
    /// `${name#pattern}` and its kin: a part of the value, cut off here.
    pub(super) cuts: Option<Side>,
    /// `${name[@]}` and `${name[*]}`: all elements of an array.
    pub(super) has_elements: bool,
    /// `${name/pattern/by}`: its operand is both, as they stand there.
    pub(super) replaces: bool,
    /// `${name@Q}` and its kin.
    pub(super) transforms: bool,
    /// What the script has made sure of where it reads the variable.
    pub(super) checked: Option<std::rc::Rc<Shape>>,
    /// What is known of the part of such a value that its operation leaves.
    pub(super) left: Option<std::rc::Rc<Shape>>,
}

/// Where something is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Front,
    End,
}

impl Parameter {
    /// Says whether it is a variable's value and nothing else.
    pub(super) fn is_bare(&self) -> bool {
        let is_changed = self.evaluates || self.assigns || self.prompts || self.transforms || self.length;
        let is_other = self.keys || self.names || self.list || self.has_subscript || self.has_elements;
        !is_changed && !is_other && self.operands.is_empty() && self.arithmetic.is_empty()
    }
}

/// A here-document's body.
#[derive(Debug)]
pub(super) struct HereDocument {
    /// Where the delimiter stands behind `<<`.
    pub(super) delimiter_at: (usize, usize),
    /// Where the body stands, and the delimiter that ends it.
    pub(super) body_at: (usize, usize),
    pub(super) end_at: (usize, usize),
    pub(super) quoted: bool,
    /// The delimiter without its quotes.
    pub(super) delimiter: String,
    pub(super) body: Word,
}

impl HereDocument {
    /// Says whether payload text stands in the body.
    pub(super) fn has_hole(&self) -> bool {
        self.body.parts.iter().any(|part| matches!(part, Part::Hole { .. }))
    }
}

impl Redirect {
    /// Returns `2>&1`.
    pub(super) fn of_errors() -> Self {
        let mut target = Word::default();
        target.push_char('1', false);
        Self { descriptor: Descriptor::Other, kind: RedirectKind::Duplicate, target }
    }
}

impl Command {
    /// Adds a redirection behind those of a command.
    pub(super) fn redirect(&mut self, redirect: Redirect) {
        match self {
            Self::Simple(simple) => simple.redirects.push(redirect),
            Self::Compound(compound) => compound.redirects.push(redirect),
            Self::Function { body, .. } => body.redirect(redirect),
            Self::Pipeline(commands) => {
                if let Some(last) = commands.last_mut() {
                    last.redirect(redirect);
                }
            }
        }
    }
}

impl Part {
    /// Says whether the part is a pattern for the names of files.
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self, Self::Text { text, quoted: false } if text.contains(['*', '?']) || text.contains('[') && text.contains(']'))
    }

    /// Says whether the part is the name of a file that commands fill or read.
    pub(super) fn is_process(&self) -> bool {
        matches!(self, Self::Substitution { kind: Substitution::Process, .. })
    }
}

impl Word {
    /// Returns a word in quotes with a text of the author's.
    pub(super) fn quoted(text: &str) -> Self {
        Self { parts: vec![Part::Text { text: text.to_owned(), quoted: true }] }
    }

    /// Returns the text of a word that has nothing but text.
    pub(super) fn literal(&self) -> Option<String> {
        let mut literal = String::new();
        for part in &self.parts {
            match part {
                Part::Text { text, .. } => literal.push_str(text),
                _ => return None,
            }
        }
        Some(literal)
    }

    /// Says whether the word is nothing but this text.
    pub(super) fn has_text(&self, text: &str) -> bool {
        self.literal().is_some_and(|literal| literal == text)
    }

    /// Says whether the shell makes the names of files of the word.
    pub(super) fn is_pattern(&self) -> bool {
        self.parts.iter().any(Part::is_pattern)
    }

    /// Says whether the shell may make several words of the word, or none.
    pub(super) fn may_be_many(&self) -> bool {
        let is_many = |part: &Part| match part {
            Part::Parameter(parameter) => {
                !parameter.quoted || parameter.list || parameter.operands.iter().any(Word::may_be_many)
            }
            Part::Substitution { kind, .. } => *kind == Substitution::Unquoted,
            _ => false,
        };
        self.parts.iter().any(is_many) || self.is_pattern() || self.has_alternatives()
    }

    /// Says whether each element of a list becomes a word: `"$@"`, `"${list[@]}"`.
    pub(super) fn has_list(&self) -> bool {
        let is_list = |part: &Part| match part {
            Part::Parameter(parameter) => parameter.list || parameter.operands.iter().any(Self::has_list),
            _ => false,
        };
        self.parts.iter().any(is_list)
    }

    /// Says whether the shell makes several words of the word by its braces: `{a,b}`, `{1..3}`.
    pub(super) fn has_alternatives(&self) -> bool {
        let unquoted = self.parts.iter().filter_map(|part| match part {
            Part::Text { text, quoted: false } => Some(text.as_str()),
            _ => None,
        });
        let text: String = unquoted.collect();
        let inside = text.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}'));
        inside.is_some_and(|(inside, _)| inside.contains(',') || inside.contains(".."))
    }

    /// Returns the texts between what is known only when the script runs.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }

    /// Returns the holes that stand in the word itself.
    pub(super) fn holes(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole { hole, .. } => Some(*hole),
            _ => None,
        })
    }

    /// Returns the text that the word begins with.
    pub(super) fn prefix(&self) -> String {
        let texts = self.parts.iter().map_while(|part| match part {
            Part::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// Returns the word as the one who gets it reads it: holes as they are, all that is known only
    /// when the script runs as [`Symbol::Opaque`].
    pub(super) fn symbols(&self) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text { text, .. } => symbols.extend(text.chars().map(Symbol::Char)),
                Part::Hole { hole, .. } => symbols.push(Symbol::Hole(*hole)),
                _ => symbols.push(Symbol::Opaque),
            }
        }
        symbols
    }

    pub(super) fn push_char(&mut self, character: char, is_quoted: bool) {
        if let Some(Part::Text { text, quoted }) = self.parts.last_mut()
            && *quoted == is_quoted
        {
            text.push(character);
            return;
        }
        self.parts.push(Part::Text { text: character.to_string(), quoted: is_quoted });
    }
}
