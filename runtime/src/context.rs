//! A context: what a model has read so far, as text that remembers where each piece came from.
//!
//! Contexts are append-only. The tokens of the pieces already read are kept beside them and are never
//! recomputed from text. Later pieces are *pending*: they become tokens all at once when the next generation
//! needs them, so that a run of text is tokenised as one.
//!
//! Tokens are those of the run's own model. What another model writes is text to it, pending like any other
//! text. Because nothing but the end ever changes, a [`Mark`] is all that is needed to undo what came after it.
//!
//! Not here: what of it the outside has been told (`vm::telling`).

use agentc_compiler::ir::{Role, TextOrigin};
use agentc_compiler::source::Span;
use agentc_constraint::TokenId;
use serde::{Deserialize, Serialize};

/// A part of a context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Text that the program wrote.
    Text {
        /// The text.
        text: String,
        /// Whether the program's source or a value says so.
        origin: TextOrigin,
    },
    /// Text that the model wrote.
    Generated {
        /// The text, without what healing took back and without the stop.
        text: String,
    },
    /// A message begins, by the statement at this place.
    Open(Role, Span),
    /// The open message ends.
    Close(Role),
}

impl Piece {
    /// Its text, if it has one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Piece::Text { text, .. } | Piece::Generated { text } => Some(text),
            Piece::Open(..) | Piece::Close(_) => None,
        }
    }

    /// Bytes of its text.
    fn len(&self) -> usize {
        self.text().map_or(0, str::len)
    }
}

/// What a model has read, and what it is to read next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    pieces: Vec<Piece>,
    /// Bytes of their text.
    bytes: usize,
    tokens: Vec<TokenId>,
    read: usize,
    role: Option<Role>,
}

/// A place in a context, to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pieces: usize,
    /// Bytes of the last piece, which later text may have joined.
    last: usize,
    bytes: usize,
    tokens: usize,
    read: usize,
    role: Option<Role>,
}

impl Context {
    /// Everything so far.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The tokens of the pieces before [`pending`](Self::pending).
    pub fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    /// The pieces that have no tokens yet.
    pub fn pending(&self) -> &[Piece] {
        &self.pieces[self.read..]
    }

    /// The pieces that have tokens.
    pub fn settled(&self) -> &[Piece] {
        &self.pieces[..self.read]
    }

    /// The role of the open message.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// Appends text; nothing for an empty one.
    pub fn write(&mut self, text: &str, origin: TextOrigin) {
        if text.is_empty() {
            return;
        }
        self.bytes += text.len();
        // What has been read or told ends with what a model wrote, so it never grows.
        if let Some(Piece::Text { text: last, origin: same }) = self.pieces.last_mut()
            && *same == origin
        {
            last.push_str(text);
            return;
        }
        self.pieces.push(Piece::Text { text: text.to_owned(), origin });
    }

    /// Opens a message. `span` is the place of its role.
    pub fn open(&mut self, role: Role, span: Span) {
        self.pieces.push(Piece::Open(role, span));
        self.role = Some(role);
    }

    /// Closes the open message, if there is one.
    pub fn close(&mut self) {
        if let Some(role) = self.role.take() {
            self.pieces.push(Piece::Close(role));
        }
    }

    /// Takes in what a generation read and wrote: the tokens that joined those before, and the text that was written.
    /// Nothing is pending afterwards.
    pub fn settle(&mut self, tokens: &[TokenId], generated: String) {
        self.adopt(generated);
        self.tokens.extend_from_slice(tokens);
        self.read = self.pieces.len();
    }

    /// Takes in what another model wrote: text that has no tokens here.
    pub fn adopt(&mut self, generated: String) {
        self.bytes += generated.len();
        self.pieces.push(Piece::Generated { text: generated });
    }

    /// The end of the context as it is now.
    pub fn mark(&self) -> Mark {
        Mark {
            pieces: self.pieces.len(),
            last: self.pieces.last().map_or(0, Piece::len),
            bytes: self.bytes,
            tokens: self.tokens.len(),
            read: self.read,
            role: self.role,
        }
    }

    /// Undoes everything since a mark of this context. Settled tokens are never taken back by healing, so
    /// those of then are the first of those of now.
    pub fn undo(&mut self, mark: &Mark) {
        self.pieces.truncate(mark.pieces);
        if let Some(Piece::Text { text, .. }) = self.pieces.last_mut() {
            text.truncate(mark.last);
        }
        self.bytes = mark.bytes;
        self.tokens.truncate(mark.tokens);
        (self.read, self.role) = (mark.read, mark.role);
    }

    /// Whether a mark can be one of this context, at a place that lies between characters.
    pub(crate) fn has(&self, mark: &Mark) -> bool {
        let last = mark.pieces.checked_sub(1).map(|last| self.pieces.get(last));
        let whole = match last {
            Some(Some(Piece::Text { text, .. })) => text.is_char_boundary(mark.last),
            Some(Some(_)) | None => true,
            Some(None) => false,
        };
        whole && mark.read <= mark.pieces && mark.tokens <= self.tokens.len() && mark.bytes <= self.bytes
    }

    /// Whether its parts belong together, and can be counted on.
    pub(crate) fn is_sound(&self) -> bool {
        let bytes: usize = self.pieces.iter().map(Piece::len).sum();
        self.bytes == bytes && self.read <= self.pieces.len()
    }

    /// The text of all pieces, without the marks of any template.
    pub fn plain_text(&self) -> String {
        self.pieces.iter().filter_map(Piece::text).collect()
    }

    /// Bytes of text in all pieces.
    pub fn text_len(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 33) % n
        }
    }

    /// One random change of a context, as a run could make it.
    fn change(context: &mut Context, random: &mut Random) {
        match random.below(6) {
            0 => context.write("é", TextOrigin::Literal),
            1 => context.write("text", TextOrigin::Data),
            2 => context.open(Role::User, Span::default()),
            3 => context.close(),
            4 => {
                let new: Vec<TokenId> = (0..random.below(4)).map(|token| token as TokenId).collect();
                context.settle(&new, "one".into());
            }
            _ => context.adopt("other".into()),
        }
    }

    #[test]
    fn undoing_is_as_if_nothing_had_been() {
        for seed in 0..500 {
            let mut random = Random(seed);
            let mut context = Context::default();
            let mut marks: Vec<(Mark, Context)> = Vec::new();
            for _ in 0..60 {
                match random.below(5) {
                    0 => marks.push((context.mark(), context.clone())),
                    1 if !marks.is_empty() => {
                        marks.truncate(1 + random.below(marks.len() as u64) as usize);
                        if let Some((mark, copy)) = marks.pop() {
                            assert!(context.has(&mark));
                            context.undo(&mark);
                            assert_eq!(context, copy);
                        }
                    }
                    _ => change(&mut context, &mut random),
                }
                assert!(context.is_sound());
            }
        }
    }
}
