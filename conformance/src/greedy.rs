//! Tokenisation by longest match: the same for every engine, and without a tokenizer.

use std::collections::HashMap;

use agentc_constraint::TokenId;

/// The tokens of a vocabulary, as a trie.
#[derive(Debug)]
pub struct Greedy {
    /// From a node and a byte to a node; the root is 0.
    next: HashMap<(u32, u8), u32>,
    /// The token that ends at a node; of several with the same bytes the first.
    token: Vec<Option<TokenId>>,
}

impl Greedy {
    /// Of tokens by number; `None` is not used.
    pub fn new(tokens: &[Option<Vec<u8>>]) -> Greedy {
        let mut greedy = Greedy { next: HashMap::new(), token: vec![None] };
        for (token, bytes) in tokens.iter().enumerate() {
            let Some(bytes) = bytes else { continue };
            let mut node = 0;
            for &byte in bytes {
                let new = greedy.token.len() as u32;
                node = *greedy.next.entry((node, byte)).or_insert(new);
                if node == new {
                    greedy.token.push(None);
                }
            }
            greedy.token[node as usize].get_or_insert(token as TokenId);
        }
        greedy
    }

    /// The tokens of a text, each as long as can be; `None` if there is a byte with which no token begins.
    pub fn tokens(&self, text: &[u8]) -> Option<Vec<TokenId>> {
        let (mut tokens, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (mut node, mut longest) = (0, None);
            for (at, &byte) in rest.iter().enumerate() {
                let Some(&child) = self.next.get(&(node, byte)) else { break };
                node = child;
                if let Some(token) = self.token[node as usize] {
                    longest = Some((token, at + 1));
                }
            }
            let (token, len) = longest?;
            tokens.push(token);
            rest = &rest[len..];
        }
        Some(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_token_is_taken() {
        let tokens = ["a", "ab", "abcd", "c", "b"].map(|text| Some(text.as_bytes().to_vec()));
        let greedy = Greedy::new(&tokens);
        assert_eq!(greedy.tokens(b"abcab"), Some(vec![1, 3, 1]));
        assert_eq!(greedy.tokens(b"abcdb"), Some(vec![2, 4]));
        assert_eq!(greedy.tokens(b"abx"), None);
        assert_eq!(greedy.tokens(b""), Some(vec![]));
    }
}
