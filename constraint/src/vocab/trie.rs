//! The flat trie. Built once per vocabulary, in time linear in its bytes except for the sort.

use std::ops::Range;

use super::TokenId;
use crate::pattern::lazy::{HORIZONS, Reach};

/// Index of a node; a subtree is the range from a node to its [`end`](Trie::end).
pub(crate) type Node = u32;

const NO_RANK: u32 = u32::MAX;

/// What lies below a node: enough to decide whether an automaton that loops on it may skip it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Below {
    /// ASCII bytes that occur below, as bits.
    pub(crate) ascii: [u64; 2],
    /// Whether other bytes occur below.
    pub(crate) high: bool,
    /// Whether a line or paragraph separator ends at the node or below.
    pub(crate) separators: bool,
    /// States of a UTF-8 decoder (bit 0: between characters) from which all paths below are well-formed.
    utf8: u8,
}

impl Below {
    /// Whether all that lies below is a beginning of well-formed text, for a node that ends a character.
    pub(crate) fn is_utf8(&self) -> bool {
        self.utf8 & 1 == 1
    }
}

/// A node, as small as it can be: walks are as fast as nodes come from memory.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    end: Node,
    /// The first rank of the subtree: the node's own tokens, then those below.
    first_rank: u32,
    depth: u16,
    /// Characters that begin on the path to the node.
    chars: u16,
    byte: u8,
    /// How far the subtree goes.
    reach: Reach,
}

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Trie {
    /// By node, and one more.
    places: Vec<Place>,
    /// By node.
    below: Vec<Below>,
    /// The nodes directly below the root, by byte.
    roots: Box<[Option<Node>; 256]>,
    /// The token of each rank, and the rank of each token.
    tokens: Vec<TokenId>,
    rank_of: Vec<u32>,
}

impl Trie {
    pub(crate) const ROOT: Node = 0;

    /// The trie of all tokens that have bytes.
    pub(crate) fn new(tokens: &[Option<Vec<u8>>]) -> Trie {
        let mut sorted: Vec<(&[u8], TokenId)> = Vec::with_capacity(tokens.len());
        for (token, text) in tokens.iter().enumerate() {
            sorted.extend(text.as_deref().map(|text| (text, token as TokenId)));
        }
        sorted.sort_unstable();
        let mut trie = Trie {
            places: vec![Place::default()],
            below: Vec::new(),
            roots: Box::new([None; 256]),
            tokens: Vec::with_capacity(sorted.len()),
            rank_of: vec![NO_RANK; tokens.len()],
        };
        trie.insert_sorted(&sorted);
        trie.summarise();
        trie
    }

    fn insert_sorted(&mut self, sorted: &[(&[u8], TokenId)]) {
        // The nodes of the path to the last token.
        let mut path: Vec<Node> = vec![Trie::ROOT];
        let mut last: &[u8] = &[];
        for &(text, token) in sorted {
            let common = text.iter().zip(last).take_while(|(a, b)| a == b).count();
            self.close(&mut path, common);
            let rank = self.tokens.len() as u32;
            for &byte in &text[common..] {
                let before = path.last().map_or(0, |&node| self.places[node as usize].chars);
                path.push(self.places.len() as Node);
                self.places.push(Place {
                    end: 0,
                    first_rank: rank,
                    depth: path.len() as u16 - 1,
                    chars: before + u16::from(begins_character(byte)),
                    byte,
                    reach: 0,
                });
            }
            self.tokens.push(token);
            self.rank_of[token as usize] = rank;
            last = text;
        }
        self.close(&mut path, 0);
        let nodes = self.places.len() as Node;
        self.places[0].end = nodes;
        // One past the last node, so that a subtree's ranks are always those between two nodes.
        self.places.push(Place { first_rank: self.tokens.len() as u32, ..Place::default() });
        let mut node = Trie::ROOT + 1;
        while node < nodes {
            self.roots[self.byte(node) as usize] = Some(node);
            node = self.end(node);
        }
    }

    /// Ends the subtrees of the path's nodes below a depth.
    fn close(&mut self, path: &mut Vec<Node>, depth: usize) {
        let end = self.places.len() as Node;
        for node in path.drain(depth + 1..) {
            self.places[node as usize].end = end;
        }
    }

    /// Bottom up: nodes come before what lies below them.
    fn summarise(&mut self) {
        let nodes = self.places.len() - 1;
        self.below = vec![Below { utf8: u8::MAX, ..Below::default() }; nodes];
        let mut parents: Vec<Node> = Vec::with_capacity(nodes);
        let mut path: Vec<Node> = Vec::new();
        for node in 0..nodes {
            path.truncate(self.places[node].depth as usize);
            parents.push(path.last().copied().unwrap_or(0));
            path.push(node as Node);
        }
        for node in 2..nodes {
            let before = parents[node] as usize;
            let text = [
                self.places[parents[before] as usize].byte,
                self.places[before].byte,
                self.places[node].byte,
            ];
            self.below[node].separators = is_separator(text);
        }
        let mut heights = vec![0u32; nodes];
        for node in (1..nodes).rev() {
            let height = heights[node] + 1;
            heights[parents[node] as usize] = heights[parents[node] as usize].max(height);
            let (byte, here) = (self.places[node].byte, self.below[node]);
            let parent = &mut self.below[parents[node] as usize];
            parent.ascii[0] |= here.ascii[0];
            parent.ascii[1] |= here.ascii[1];
            parent.high |= here.high || !byte.is_ascii();
            parent.separators |= here.separators;
            if byte.is_ascii() {
                parent.ascii[byte as usize / 64] |= 1 << (byte % 64);
            }
            let well_formed =
                |state: u8| utf8_step(state, byte).is_some_and(|next| here.utf8 >> next & 1 == 1);
            let states =
                (0..8).filter(|&state| well_formed(state)).fold(0, |states, state| states | 1 << state);
            parent.utf8 &= states;
        }
        let reach = |height: &u32| HORIZONS.partition_point(|horizon| horizon < height) as Reach;
        self.places.iter_mut().zip(&heights).for_each(|(place, height)| place.reach = reach(height));
    }

    /// The beginnings of tokens that take more tokens than this, if they are spelled by the longest token on the way and by
    /// the bytes after it.
    pub(super) fn in_many_parts(&self, than: u32) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut path: Vec<u32> = vec![0];
        let mut text: Vec<u8> = Vec::new();
        for node in Trie::ROOT + 1..self.end(Trie::ROOT) {
            path.truncate(self.depth(node));
            text.truncate(self.depth(node) - 1);
            text.push(self.byte(node));
            let before = path.last().copied().unwrap_or(0);
            let parts = if self.has_token(node) { 1 } else { before + 1 };
            path.push(parts);
            if parts > than {
                found.push(text.clone());
            }
        }
        found
    }

    /// How many bytes a token has at most beyond a node.
    #[inline]
    pub(crate) fn reach(&self, node: Node) -> Reach {
        self.places[node as usize].reach
    }

    /// Characters that begin on the path to a node.
    #[inline]
    pub(crate) fn chars(&self, node: Node) -> u32 {
        self.places[node as usize].chars.into()
    }

    /// Characters that begin before a node.
    pub(super) fn chars_before(&self, node: Node) -> u32 {
        self.chars(node) - u32::from(begins_character(self.byte(node)))
    }

    /// Whether a node's byte begins a character, and all that lies below goes on with well-formed text.
    pub(crate) fn begins_characters(&self, node: Node) -> bool {
        utf8_step(0, self.byte(node)).is_some_and(|state| self.below(node).utf8 >> state & 1 == 1)
    }

    /// Ordinary tokens.
    pub(crate) fn ranks(&self) -> usize {
        self.tokens.len()
    }

    /// The token of each rank.
    pub(crate) fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    #[inline]
    pub(crate) fn token(&self, rank: u32) -> TokenId {
        self.tokens[rank as usize]
    }

    #[inline]
    pub(crate) fn rank(&self, token: TokenId) -> Option<u32> {
        self.rank_of.get(token as usize).copied().filter(|&rank| rank != NO_RANK)
    }

    #[inline]
    pub(crate) fn byte(&self, node: Node) -> u8 {
        self.places[node as usize].byte
    }

    /// The first node after the subtree.
    #[inline]
    pub(crate) fn end(&self, node: Node) -> Node {
        self.places[node as usize].end
    }

    #[inline]
    pub(crate) fn depth(&self, node: Node) -> usize {
        self.places[node as usize].depth.into()
    }

    #[inline]
    pub(crate) fn below(&self, node: Node) -> &Below {
        &self.below[node as usize]
    }

    /// The ranks of the tokens that end at a node.
    #[inline]
    pub(crate) fn own_ranks(&self, node: Node) -> (u32, u32) {
        self.ranks_of(node..node + 1)
    }

    /// The ranks of all tokens that begin with a node's bytes.
    #[inline]
    pub(crate) fn ranks_below(&self, node: Node) -> (u32, u32) {
        self.ranks_of(node..self.end(node))
    }

    /// The ranks of the tokens that end at some nodes in order.
    #[inline]
    pub(crate) fn ranks_of(&self, nodes: Range<Node>) -> (u32, u32) {
        (self.places[nodes.start as usize].first_rank, self.places[nodes.end as usize].first_rank)
    }

    pub(crate) fn has_token(&self, node: Node) -> bool {
        let (from, to) = self.own_ranks(node);
        from < to
    }

    pub(crate) fn first_token(&self, node: Node) -> Option<TokenId> {
        let (from, to) = self.own_ranks(node);
        (from < to).then(|| self.token(from))
    }

    pub(crate) fn child(&self, node: Node, byte: u8) -> Option<Node> {
        if node == Trie::ROOT {
            return self.roots[byte as usize];
        }
        let mut child = node + 1;
        while child < self.end(node) {
            match self.byte(child).cmp(&byte) {
                std::cmp::Ordering::Less => child = self.end(child),
                std::cmp::Ordering::Equal => return Some(child),
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }

    /// The node of a text, if a token begins with it.
    pub(crate) fn descend(&self, text: &[u8]) -> Option<Node> {
        text.iter().try_fold(Trie::ROOT, |node, &byte| self.child(node, byte))
    }
}

/// Whether a byte is not the continuation of a character.
pub(crate) fn begins_character(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// Whether three bytes are a line separator or a paragraph separator, the only characters beyond ASCII that `.` does
/// not stand for in the patterns of JSON Schema.
pub(super) fn is_separator(text: [u8; 3]) -> bool {
    matches!(text, [0xe2, 0x80, 0xa8 | 0xa9])
}

/// A UTF-8 decoder: 0 between characters, 1 to 3 bytes to come, and the restricted second bytes
/// (Unicode 15, table 3-7) after E0 (4), ED (5), F0 (6) and F4 (7).
pub(super) fn utf8_step(state: u8, byte: u8) -> Option<u8> {
    match (state, byte) {
        (0, 0x00..=0x7f) => Some(0),
        (0, 0xc2..=0xdf) => Some(1),
        (0, 0xe0) => Some(4),
        (0, 0xed) => Some(5),
        (0, 0xe1..=0xef) => Some(2),
        (0, 0xf0) => Some(6),
        (0, 0xf4) => Some(7),
        (0, 0xf1..=0xf3) => Some(3),
        (1, 0x80..=0xbf) => Some(0),
        (2, 0x80..=0xbf) | (4, 0xa0..=0xbf) | (5, 0x80..=0x9f) => Some(1),
        (3, 0x80..=0xbf) | (6, 0x90..=0xbf) | (7, 0x80..=0x8f) => Some(2),
        _ => None,
    }
}
