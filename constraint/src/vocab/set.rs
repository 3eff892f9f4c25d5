//! Sets of tokens, as bits in trie order, in which a subtree is one range.

use super::{TokenId, Vocab};

/// A set of tokens of one vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSet {
    /// One bit for each rank.
    words: Vec<u64>,
    /// Ordinary tokens in the vocabulary.
    ranks: usize,
    /// Ordinary tokens in the set.
    len: usize,
    /// Whether the tokens that end the turn are in it.
    ends: bool,
}

impl TokenSet {
    /// The empty set.
    pub(crate) fn empty(vocab: &Vocab) -> TokenSet {
        TokenSet::none_of(vocab.trie().ranks())
    }

    /// The empty set for a vocabulary with this many ordinary tokens.
    pub(super) fn none_of(ranks: usize) -> TokenSet {
        TokenSet { words: vec![0; ranks.div_ceil(64)], ranks, len: 0, ends: false }
    }

    /// Every ordinary token, and the end tokens.
    pub(crate) fn all(vocab: &Vocab) -> TokenSet {
        let mut set = TokenSet::empty(vocab);
        set.insert_ranks(0, set.ranks as u32);
        set.ends = true;
        set.count();
        set
    }

    /// The same set without some tokens. Those that end the turn are kept.
    pub fn without(&self, vocab: &Vocab, tokens: &[TokenId]) -> TokenSet {
        let mut set = self.clone();
        for rank in tokens.iter().filter_map(|&token| vocab.trie().rank(token)) {
            set.words[(rank / 64) as usize] &= !(1 << (rank % 64));
        }
        set.count();
        set
    }

    /// Removes what is not in another set of the same vocabulary. [`count`](Self::count) must follow.
    pub(crate) fn intersect(&mut self, other: &TokenSet) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, there)| *word &= there);
        self.ends &= other.ends;
    }

    /// Adds a range of ranks. [`count`](Self::count) must follow before the set is used.
    #[inline]
    pub(crate) fn insert_ranks(&mut self, from: u32, to: u32) {
        let Some(Span { first, last, head, tail }) = Span::new(from, to) else { return };
        if first == last {
            self.words[first] |= head & tail;
            return;
        }
        self.words[first] |= head;
        self.words[first + 1..last].fill(u64::MAX);
        self.words[last] |= tail;
    }

    /// Adds the tokens of another set whose ranks are in a range. [`count`](Self::count) must follow.
    pub(crate) fn insert_ranks_of(&mut self, other: &TokenSet, from: u32, to: u32) {
        let Some(Span { first, last, head, tail }) = Span::new(from, to) else { return };
        if first == last {
            self.words[first] |= other.words[first] & head & tail;
            return;
        }
        self.words[first] |= other.words[first] & head;
        let between = first + 1..last;
        self.words[between.clone()]
            .iter_mut()
            .zip(&other.words[between])
            .for_each(|(word, more)| *word |= more);
        self.words[last] |= other.words[last] & tail;
    }

    /// Whether it contains a token whose rank is in a range.
    pub(crate) fn meets_ranks(&self, from: u32, to: u32) -> bool {
        (from..to).any(|rank| self.contains_rank(rank))
    }

    /// Removes a range of ranks. [`count`](Self::count) must follow before the set is used.
    pub(crate) fn remove_ranks(&mut self, from: u32, to: u32) {
        for rank in from..to {
            self.words[(rank / 64) as usize] &= !(1 << (rank % 64));
        }
    }

    /// The intersection with another set of the same vocabulary.
    pub(crate) fn both(&self, other: &TokenSet) -> TokenSet {
        let mut both = self.clone();
        both.intersect(other);
        both.count();
        both
    }

    /// Adds the tokens of another set. [`count`](Self::count) must follow before the set is used.
    pub(crate) fn extend(&mut self, other: &TokenSet) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, more)| *word |= more);
        self.ends |= other.ends;
    }

    pub(crate) fn contains_rank(&self, rank: u32) -> bool {
        self.words[(rank / 64) as usize] >> (rank % 64) & 1 == 1
    }

    /// Whether the model may end its turn.
    pub(crate) fn set_ends(&mut self, ends: bool) {
        self.ends = ends;
    }

    /// Counts the tokens after a change.
    pub(crate) fn count(&mut self) {
        self.len = self.words.iter().map(|word| word.count_ones() as usize).sum();
    }

    /// Whether a token may be chosen.
    pub fn contains(&self, vocab: &Vocab, token: TokenId) -> bool {
        match vocab.trie().rank(token) {
            Some(rank) => self.words[(rank / 64) as usize] >> (rank % 64) & 1 == 1,
            None => self.ends && vocab.is_end(token),
        }
    }

    /// The number of tokens in the set, not counting end tokens.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the set contains no token at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0 && !self.ends
    }

    /// Whether the set forbids nothing but control tokens.
    pub fn is_all(&self) -> bool {
        self.len == self.ranks && self.ends
    }

    /// Whether the model may end its turn.
    pub fn allows_end(&self) -> bool {
        self.ends
    }

    /// The tokens, ordinary ones in the order of their bytes, then the end tokens.
    pub fn iter<'a>(&'a self, vocab: &'a Vocab) -> impl Iterator<Item = TokenId> + 'a {
        let ordinary =
            self.words.iter().enumerate().flat_map(move |(at, &word)| {
                Bits(word).map(move |bit| vocab.trie().token(at as u32 * 64 + bit))
            });
        let ends = if self.ends { vocab.ends() } else { &[] };
        ordinary.chain(ends.iter().copied())
    }

    /// The same as a list, which is faster where there are many.
    pub fn to_vec(&self, vocab: &Vocab) -> Vec<TokenId> {
        let mut tokens = Vec::with_capacity(self.len + vocab.ends().len());
        for (&word, of_word) in self.words.iter().zip(vocab.trie().tokens().chunks(64)) {
            match word {
                u64::MAX => tokens.extend_from_slice(of_word),
                word => tokens.extend(Bits(word).map(|bit| of_word[bit as usize])),
            }
        }
        if self.ends {
            tokens.extend_from_slice(vocab.ends());
        }
        tokens
    }

    /// The only ordinary token, if there is exactly one and the turn cannot end.
    pub(crate) fn only(&self, vocab: &Vocab) -> Option<TokenId> {
        if self.len == 1 && !self.ends { self.iter(vocab).next() } else { None }
    }

    /// Memory used, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * 8 + size_of::<TokenSet>()
    }
}

/// The words of a range of ranks, and which bits of the first and of the last are in it.
struct Span {
    first: usize,
    last: usize,
    head: u64,
    tail: u64,
}

impl Span {
    #[inline]
    fn new(from: u32, to: u32) -> Option<Span> {
        (from < to).then(|| Span {
            first: (from / 64) as usize,
            last: ((to - 1) / 64) as usize,
            head: u64::MAX << (from % 64),
            tail: u64::MAX >> (63 - (to - 1) % 64),
        })
    }
}

/// The positions of the ones in a word.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(bit)
    }
}
