//! Tokens that can contain a whole key, indexed by that key.

use rustc_hash::FxHashMap;

/// What tokens have between their quotes, as ranks in order. A key that may not come twice can be repeated within
/// one token only where it stands between two quotes of it.
#[derive(Debug, Default)]
pub(crate) struct Quotes {
    between: FxHashMap<Box<[u8]>, Vec<u32>>,
    /// The tokens with something behind a quote, and where in `behind` that begins and ends; in its order.
    after: Vec<(u32, u32, u32)>,
    /// What is behind the quotes of tokens.
    behind: Vec<u8>,
    twice: Vec<u32>,
    thrice: Vec<u32>,
    twins: Vec<u32>,
}

impl Quotes {
    /// `texts` are those of the tokens, by rank.
    pub(super) fn new<'t>(texts: impl Iterator<Item = &'t [u8]>) -> Quotes {
        let mut quotes = Quotes::default();
        for (rank, text) in texts.enumerate() {
            quotes.add(rank as u32, text);
        }
        let Quotes { after, behind, .. } = &mut quotes;
        after.sort_by(|a, b| behind[a.1 as usize..a.2 as usize].cmp(&behind[b.1 as usize..b.2 as usize]));
        quotes
    }

    fn add(&mut self, rank: u32, text: &[u8]) {
        let at: Vec<usize> = (0..text.len()).filter(|&at| text[at] == b'"').collect();
        if let Some(&first) = at.first() {
            let from = self.behind.len();
            self.behind.extend_from_slice(&text[first + 1..]);
            let end = self.behind.len() as u32;
            let behind = at.iter().map(|at| (from + at - first) as u32).filter(|&from| from < end);
            self.after.extend(behind.map(|from| (rank, from, end)));
        }
        if at.len() > 1 {
            self.twice.push(rank);
        }
        if at.len() > 2 {
            self.thrice.push(rank);
        }
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for (first, &from) in at.iter().enumerate() {
            parts.extend(at[first + 1..].iter().map(|&to| (from, to)));
        }
        let is_twin = |(from, to): (usize, usize)| {
            let same = |&(later, end): &(usize, usize)| later >= to && text[later..end] == text[from..to];
            parts.iter().any(same)
        };
        if parts.iter().any(|&part| is_twin(part)) {
            self.twins.push(rank);
        }
        for (from, to) in parts {
            let ranks = self.between.entry(text[from + 1..to].into()).or_default();
            if ranks.last() != Some(&rank) {
                ranks.push(rank);
            }
        }
    }

    /// The tokens that have a text between two quotes.
    pub(crate) fn between(&self, text: &[u8]) -> &[u32] {
        self.between.get(text).map_or(&[], |ranks| ranks)
    }

    /// The tokens that have a text behind a quote, as often as they do, in the order of what they have there.
    pub(crate) fn after(&self, text: &[u8]) -> impl Iterator<Item = u32> {
        let behind = |after: &(u32, u32, u32)| &self.behind[after.1 as usize..after.2 as usize];
        let from = self.after.partition_point(|after| behind(after) < text);
        let with = self.after[from..].iter().take_while(move |after| behind(after).starts_with(text));
        with.map(|after| after.0)
    }

    /// The tokens that can end one key and begin another.
    pub(crate) fn twice(&self) -> &[u32] {
        &self.twice
    }

    /// The tokens that can end one key and have another.
    pub(crate) fn thrice(&self) -> &[u32] {
        &self.thrice
    }

    /// The tokens that have one text twice between quotes.
    pub(crate) fn twins(&self) -> &[u32] {
        &self.twins
    }
}

#[cfg(test)]
mod tests {
    use super::Quotes;

    #[test]
    fn tokens_are_found_by_what_is_between_their_quotes() {
        let texts: [&[u8]; 7] =
            [b"a", b"\"", b"\"a\"", b"\": \"", b"{\"a\":\"b\"", b"\"a\",\"a\"", b"x\"\"\"\""];
        let quotes = Quotes::new(texts.into_iter());
        assert_eq!(quotes.between(b"a"), [2, 4, 5]);
        assert_eq!(quotes.between(b": "), [3]);
        assert_eq!(quotes.between(b"a\":\"b"), [4]);
        assert_eq!(quotes.between(b""), [6]);
        assert_eq!(quotes.between(b"c"), [0; 0]);
        assert_eq!(quotes.twice(), [2, 3, 4, 5, 6]);
        let after = |text: &[u8]| quotes.after(text).collect::<Vec<_>>();
        assert_eq!((after(b"a"), after(b"a\",")), (vec![2, 5, 5, 4], vec![5]));
        assert_eq!((after(b"\""), after(b"b")), (vec![6, 6, 6], vec![4]));
        assert_eq!(quotes.thrice(), [4, 5, 6]);
        assert_eq!(quotes.twins(), [5, 6]);
    }
}
