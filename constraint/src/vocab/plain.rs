//! Tokens of plain characters only, and where the others cease to be plain.
//!
//! A plain character stands for itself within a JSON string: any character except quotes, backslashes and
//! control characters, and except line and paragraph separators, which `.` does not match. Most tokens are
//! plain, and a state within a string reads them all alike. For such a state only the *exits* are left to
//! examine: the nodes at which a token that has been plain so far continues with another byte. They are
//! sorted by that byte, since most of these bytes lead nowhere.

use super::TokenSet;
use super::trie::{Node, Trie, is_separator, utf8_step};

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Plain {
    tokens: TokenSet,
    exits: Vec<(u8, Vec<Exit>)>,
    /// Beginnings of characters that some token breaks off within, to go on with something else.
    broken: Vec<Exit>,
}

/// A node, and how many characters are before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exit {
    pub(crate) node: Node,
    pub(crate) characters: u32,
}

/// A node of a plain path: the state of a UTF-8 decoder there, and where the character began.
#[derive(Clone, Copy)]
struct Step {
    node: Node,
    decoder: u8,
    character: Exit,
}

impl Plain {
    /// The ASCII bytes that are plain, as bits.
    pub(crate) const ASCII: [u64; 2] = [!(u32::MAX as u64) & !(1 << b'"'), !(1 << (b'\\' - 64))];

    pub(super) fn new(trie: &Trie) -> Plain {
        let mut plain =
            Plain { tokens: TokenSet::none_of(trie.ranks()), exits: Vec::new(), broken: Vec::new() };
        let mut exits: Vec<Vec<Exit>> = vec![Vec::new(); 256];
        let root = Step { node: Trie::ROOT, decoder: 0, character: Exit { node: Trie::ROOT, characters: 0 } };
        let mut path = vec![root];
        let mut node = Trie::ROOT + 1;
        while node < trie.end(Trie::ROOT) {
            path.truncate(trie.depth(node));
            let before = path[path.len() - 1];
            match before.read(trie, node) {
                Some(step) => {
                    path.push(step);
                    let (first, last) = trie.own_ranks(node);
                    plain.tokens.insert_ranks(first, last);
                    node += 1;
                    continue;
                }
                None if before.decoder == 0 => {
                    exits[usize::from(trie.byte(node))]
                        .push(Exit { node, characters: trie.chars_before(node) });
                }
                None => plain.broken.push(before.character),
            }
            node = trie.end(node);
        }
        plain.tokens.count();
        plain.broken.dedup_by_key(|exit| exit.node);
        let exits = (0..=255).zip(exits).filter(|(_, exits)| !exits.is_empty());
        Plain { exits: exits.collect(), ..plain }
    }

    /// The plain tokens, those included that end within a character.
    pub(crate) fn tokens(&self) -> &TokenSet {
        &self.tokens
    }

    /// The exits, by their bytes.
    pub(crate) fn exits(&self) -> &[(u8, Vec<Exit>)] {
        &self.exits
    }

    /// Where characters begin below which not everything is well-formed.
    pub(crate) fn broken(&self) -> &[Exit] {
        &self.broken
    }
}

impl Step {
    /// The step to a node, if it is plain.
    fn read(self, trie: &Trie, node: Node) -> Option<Step> {
        let byte = trie.byte(node);
        if byte.is_ascii() && Plain::ASCII[usize::from(byte / 64)] >> (byte % 64) & 1 == 0 {
            return None;
        }
        let decoder = utf8_step(self.decoder, byte)?;
        if self.decoder == 1 && is_separator([trie.byte(self.character.node), trie.byte(self.node), byte]) {
            return None;
        }
        let here = Exit { node, characters: trie.chars_before(node) };
        Some(Step { node, decoder, character: if self.decoder == 0 { here } else { self.character } })
    }
}
