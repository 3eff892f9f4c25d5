//! A context: what a model has read so far, as text that remembers where each piece came from.
//!
//! Contexts are append-only. The tokens of the pieces already read are kept beside them and are never
//! made anew from text; pieces after that are *pending* and become tokens when the next generation needs
//! them, all at once, so that a run of text is tokenised as one.

use agentc_compiler::ir::{Origin, Role};
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
        origin: Origin,
    },
    /// Text that the model wrote.
    Generated {
        /// The text, without what healing took back and without the stop.
        text: String,
    },
    /// A message begins.
    Open(Role),
    /// The open message ends.
    Close(Role),
}

/// What a model has read, and what it is to read next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    pieces: Vec<Piece>,
    tokens: Vec<TokenId>,
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
    pub fn write(&mut self, text: &str, origin: Origin) {
        if text.is_empty() {
            return;
        }
        if self.pieces.len() > self.read
            && let Some(Piece::Text { text: last, origin: same }) = self.pieces.last_mut()
            && *same == origin
        {
            last.push_str(text);
            return;
        }
        self.pieces.push(Piece::Text { text: text.to_owned(), origin });
    }

    /// Opens a message.
    pub fn open(&mut self, role: Role) {
        self.pieces.push(Piece::Open(role));
        self.role = Some(role);
    }

    /// Closes the open message, if there is one.
    pub fn close(&mut self) {
        if let Some(role) = self.role.take() {
            self.pieces.push(Piece::Close(role));
        }
    }

    /// Takes in what a generation read and wrote: the tokens of the whole context, and the text that was
    /// written. Nothing is pending afterwards.
    pub fn settle(&mut self, tokens: Vec<TokenId>, generated: String) {
        self.pieces.push(Piece::Generated { text: generated });
        self.tokens = tokens;
        self.read = self.pieces.len();
    }

    /// Bytes of text in all pieces.
    pub fn text_len(&self) -> usize {
        let bytes = |piece: &Piece| match piece {
            Piece::Text { text, .. } | Piece::Generated { text } => text.len(),
            Piece::Open(_) | Piece::Close(_) => 0,
        };
        self.pieces.iter().map(bytes).sum()
    }
}
