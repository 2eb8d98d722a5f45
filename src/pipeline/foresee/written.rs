//! Text as it stands before any payload.

use crate::diagnostic::Span;
use crate::pipeline::check::scripts::Through;
use crate::shell::Piece;
use crate::taint::Origin;
use std::sync::Arc;

/// A place where payload text comes in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) origin: Arc<Origin>,
    /// The variable whose macro stands there, if one does.
    pub(super) through: Option<Through>,
}

/// The most pieces and bytes of one text. A template that puts a parameter into itself twice doubles
/// it each time; a longer text is not followed further, and no script is so long.
const PIECES_MAX: usize = 1_000;
const BYTES_MAX: usize = 1024 * 1024;

/// What the author wrote, and the holes in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Written {
    pub(super) pieces: Vec<Piece>,
    /// The places of the holes, in their order.
    pub(super) holes: Vec<Place>,
}

impl Written {
    pub(super) fn author(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Author(before)) => *before = format!("{before}{text}").into(),
            _ => self.pieces.push(Piece::Author(text.into())),
        }
    }

    pub(super) fn hole(&mut self, place: Place) {
        self.pieces.push(Piece::Hole);
        self.holes.push(place);
    }

    /// Appends the value of a variable whose macro stands at a place.
    pub(super) fn append_through(&mut self, variable: &Variable, place: Span) {
        let through = Through { name: variable.name.as_str().into(), span: variable.span };
        self.append_at(&variable.value, place, Some(&through));
    }

    /// Appends text that an expression brought: its holes stand where the expression does.
    pub(super) fn append_from(&mut self, other: &Self, place: Span) {
        self.append_at(other, place, None);
    }

    fn append_at(&mut self, other: &Self, place: Span, through: Option<&Through>) {
        let mut holes = other.holes.iter();
        for piece in &other.pieces {
            match piece {
                Piece::Author(text) => self.author(text),
                Piece::Hole => {
                    let hole = holes.next().expect("each hole has its place").clone();
                    let through = through.cloned().or(hole.through);
                    self.hole(Place { span: place, origin: hole.origin, through });
                }
            }
        }
    }

    /// Returns the text as a script gets it as a variable: of an expression `$[ … ]` its value, which is
    /// one hole.
    pub(super) fn settled(self) -> Self {
        let author = |piece: Option<&Piece>| match piece {
            Some(Piece::Author(text)) => text.clone(),
            _ => "".into(),
        };
        let is_expression = author(self.pieces.first()).starts_with("$[") && author(self.pieces.last()).ends_with(']');
        match self.holes.first() {
            Some(place) if is_expression => Self { pieces: vec![Piece::Hole], holes: vec![place.clone()] },
            _ => self,
        }
    }

    /// Returns what stands between the brackets, where the whole text is an expression `$[ … ]` of the author's.
    pub(super) fn expression(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Author(text)] => text.strip_prefix("$[")?.strip_suffix(']'),
            _ => None,
        }
    }

    /// Says whether other text can be appended without making this one too long to follow.
    pub(super) fn has_room_for(&self, other: &Self) -> bool {
        let bytes = |text: &Self| {
            text.pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Author(text) => text.len(),
                    Piece::Hole => 0,
                })
                .sum::<usize>()
        };
        self.pieces.len() + other.pieces.len() <= PIECES_MAX && bytes(self) + bytes(other) <= BYTES_MAX
    }

    pub(super) fn is_tainted(&self) -> bool {
        !self.holes.is_empty()
    }
}

/// A variable that gets payload text.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: Written,
    /// Where the value stands.
    pub(super) span: Span,
}
