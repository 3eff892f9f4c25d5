//! Shared by the tests: a small random number generator and a tokenizer that always takes the longest token.

#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod cfg;
pub mod gguf;
pub mod holes;
pub mod naive;

use std::sync::Arc;

use agentc_constraint::{TokenId, Tokenize, Vocab};

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n.max(1)
    }

    pub fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len() as u64) as usize]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// Greedy longest match: canonical for these tests.
pub struct Greedy<'v>(pub &'v Arc<Vocab>);

impl Tokenize for Greedy<'_> {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        let (mut tokens, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let fits = |id: &TokenId| {
                let bytes = self.0.bytes(*id);
                !bytes.is_empty() && text[at..].starts_with(bytes)
            };
            let longest = (0..self.0.len() as TokenId).filter(fits).max_by_key(|&id| self.0.bytes(id).len());
            let Some(token) = longest else { return tokens };
            tokens.push(token);
            at += self.0.bytes(token).len();
        }
        tokens
    }
}
