//! Vocabularies: the bytes of every token, as a flat trie.
//!
//! The trie's nodes lie in depth-first order, and tokens are renumbered in that order (their *rank*), so that
//! a subtree is a range of nodes and its tokens are a range of ranks. A node knows which bytes occur below
//! it: if a state of an automaton reads all of them alike, the whole subtree is decided at once. A vocabulary
//! also keeps what is useful to all states within strings: the tokens of each length in characters, those of
//! plain characters ([`plain`]), and what tokens have between quotes ([`quotes`]).

mod plain;
mod quotes;
mod set;
mod trie;

use std::sync::OnceLock;

use crate::error::VocabError;
use crate::pattern::bytes::ByteSet;

pub(crate) use self::plain::Plain;
pub(crate) use self::quotes::Quotes;
pub use self::set::TokenSet;
pub(crate) use self::trie::{Node, Trie};

/// A token, by its model's number.
pub type TokenId = u32;

/// The canonical tokenisation of plain text, which only the model's tokenizer knows.
pub trait Tokenize {
    /// The tokens of a text: no control tokens, no added prefix. Together they spell the text.
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId>;
}

/// A vocabulary. Share it as `Arc<Vocab>`.
#[derive(Debug)]
pub struct Vocab {
    /// All tokens' bytes, one after the other.
    bytes: Vec<u8>,
    /// Where each token's bytes begin, and one more for the end.
    starts: Vec<u32>,
    ends: Vec<TokenId>,
    is_end: Vec<bool>,
    choosable: Vec<TokenId>,
    longest: usize,
    /// See [`Vocab::spells_parts`].
    parts: OnceLock<u32>,
    single: ByteSet,
    trie: Trie,
    quotes: Quotes,
    plain: Plain,
    /// The tokens of at most this many characters.
    short: Vec<TokenSet>,
}

/// Few tokens have more characters.
const MOST_CHARACTERS: usize = 32;

impl Vocab {
    /// `tokens[id]` is the bytes of an ordinary token, `None` that of a control, special or unused one.
    /// `end_of_generation` are the special tokens by which a model ends its turn.
    ///
    /// # Errors
    /// An empty vocabulary, an ordinary token without bytes or with more than 65,535, and an end token
    /// outside the vocabulary.
    pub fn new(tokens: &[Option<Vec<u8>>], end_of_generation: &[TokenId]) -> Result<Vocab, VocabError> {
        let (mut bytes, mut starts, mut longest) = (Vec::new(), vec![0], 0);
        for (token, text) in tokens.iter().enumerate() {
            if let Some(text) = text {
                check(token as TokenId, text)?;
                longest = longest.max(text.len());
                bytes.extend_from_slice(text);
            }
            starts.push(bytes.len() as u32);
        }
        if longest == 0 {
            return Err(VocabError::Empty);
        }
        let mut is_end = vec![false; tokens.len()];
        for &token in end_of_generation {
            let known = is_end.get_mut(token as usize);
            *known.ok_or(VocabError::UnknownEnd { token, len: tokens.len() })? = true;
        }
        let trie = Trie::new(tokens);
        let mut single = ByteSet::NONE;
        for byte in 0..=255 {
            if trie.child(Trie::ROOT, byte).is_some_and(|node| trie.has_token(node)) {
                single.insert(byte);
            }
        }
        let mut ends = end_of_generation.to_vec();
        ends.sort_unstable();
        ends.dedup();
        let is_choosable = |&token: &TokenId| is_end[token as usize] || trie.rank(token).is_some();
        let choosable = (0..tokens.len() as TokenId).filter(is_choosable).collect();
        let text = |rank| tokens[trie.token(rank) as usize].as_deref().unwrap_or_default();
        let texts = || (0..trie.ranks() as u32).map(text);
        let (quotes, short, plain) = (Quotes::new(texts()), short(texts()), Plain::new(&trie));
        Ok(Vocab {
            bytes,
            starts,
            ends,
            is_end,
            choosable,
            longest,
            parts: OnceLock::new(),
            single,
            trie,
            quotes,
            plain,
            short,
        })
    }

    /// The tokens in which at most this many characters begin, if such a set is kept.
    pub(crate) fn short(&self, characters: u32) -> Option<&TokenSet> {
        self.short.get(characters as usize)
    }

    /// The plain tokens, and where the others cease to be plain.
    pub(crate) fn plain(&self) -> &Plain {
        &self.plain
    }

    /// The tokens that can contain whole keys.
    pub(crate) fn quotes(&self) -> &Quotes {
        &self.quotes
    }

    /// Whether this many tokens spell every prefix of a token, if all bytes are tokens.
    pub(crate) fn spells_parts(&self, tokens: u32) -> bool {
        tokens as usize >= self.longest || tokens >= *self.parts.get_or_init(|| self.most_parts())
    }

    /// This many tokens spell every prefix of a token. Worked out only where it is not obvious.
    fn most_parts(&self) -> u32 {
        /// More than nearly all of them need.
        const PLAIN: u32 = 8;
        let spelled = |text: &Vec<u8>| self.fewest_tokens(text).map_or(0, |tokens| tokens.len() as u32);
        self.trie.in_many_parts(PLAIN).iter().map(spelled).fold(PLAIN, u32::max)
    }

    /// The number of tokens, including special ones.
    pub fn len(&self) -> usize {
        self.is_end.len()
    }

    /// Whether there is no token; never true.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of an ordinary token; empty for a special or unknown one.
    pub fn bytes(&self, token: TokenId) -> &[u8] {
        let bound = |at: usize| self.starts.get(at).map(|&start| start as usize);
        match (bound(token as usize), bound(token as usize + 1)) {
            (Some(start), Some(end)) => &self.bytes[start..end],
            _ => &[],
        }
    }

    /// Whether a token ends the model's turn.
    pub fn is_end(&self, token: TokenId) -> bool {
        self.is_end.get(token as usize).copied().unwrap_or(false)
    }

    /// The tokens that end the model's turn, in order.
    pub fn ends(&self) -> &[TokenId] {
        &self.ends
    }

    /// All tokens that a mask can allow, in order: the ordinary ones and those that end the turn.
    pub fn choosable(&self) -> &[TokenId] {
        &self.choosable
    }

    /// Length in bytes of the longest ordinary token.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// The bytes that are tokens: with them every text of these bytes can be spelled.
    pub(crate) fn single_bytes(&self) -> ByteSet {
        self.single
    }

    /// A tokenisation with the fewest tokens; `None` if the text cannot be written at all.
    /// Takes time proportional to the text's length times that of the longest token.
    pub fn fewest_tokens(&self, text: &[u8]) -> Option<Vec<TokenId>> {
        // best[at] = (tokens from there to the end, the first of them)
        let mut best: Vec<Option<(u32, TokenId)>> = vec![None; text.len() + 1];
        best[text.len()] = Some((0, 0));
        for at in (0..text.len()).rev() {
            let mut node = Trie::ROOT;
            for end in at..text.len() {
                let Some(child) = self.trie.child(node, text[end]) else { break };
                node = child;
                let Some(token) = self.trie.first_token(node) else { continue };
                if let Some((rest, _)) = best[end + 1]
                    && best[at].is_none_or(|(tokens, _)| rest + 1 < tokens)
                {
                    best[at] = Some((rest + 1, token));
                }
            }
        }
        let (mut tokens, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let (_, token) = best[at]?;
            tokens.push(token);
            at += self.bytes(token).len();
        }
        Some(tokens)
    }

    pub(crate) fn trie(&self) -> &Trie {
        &self.trie
    }
}

fn check(token: TokenId, text: &[u8]) -> Result<(), VocabError> {
    match text.len() {
        0 => Err(VocabError::EmptyToken { token }),
        len if len > u16::MAX as usize => Err(VocabError::LongToken { token, len }),
        _ => Ok(()),
    }
}

/// The tokens of at most *n* characters, for each *n* up to [`MOST_CHARACTERS`]. `texts` are those of the
/// tokens, by rank.
fn short<'t>(texts: impl ExactSizeIterator<Item = &'t [u8]>) -> Vec<TokenSet> {
    let mut set = TokenSet::none_of(texts.len());
    let mut by_length = vec![Vec::new(); MOST_CHARACTERS + 1];
    for (rank, text) in texts.enumerate() {
        let characters = text.iter().filter(|&&byte| trie::begins_character(byte)).count();
        if let Some(ranks) = by_length.get_mut(characters) {
            ranks.push(rank as u32);
        }
    }
    let up_to = |ranks: &Vec<u32>| {
        ranks.iter().for_each(|&rank| set.insert_ranks(rank, rank + 1));
        set.clone()
    };
    by_length.iter().map(up_to).collect()
}
