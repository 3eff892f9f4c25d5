//! Text to tokens, within bounds: what surely does not fit into the model's context is refused unseen, and
//! long text goes piece by piece, so that a run can be ended in between.
//!
//! The tokens are the same as in one go. Text is cut only where no token of the vocabulary could lie across,
//! by the two bytes at the border. A tokenizer that joins neighbours into tokens, or takes the best of all
//! ways to lay tokens, then works on both sides as if the other were not there. Those that look for words first cut
//! text between a letter and the space before a word, and behind a single line break, wherever they cut it: only there
//! a piece ends. A text without such a place (one endless word) is one piece.

use agentc_constraint::{TokenId, Vocab};

use crate::error::Fault;
use crate::model::Model;

/// Bytes of a piece at least: a few milliseconds.
const PIECE: usize = 16 << 10;

/// Prompts of up to so many contexts are counted exactly before they are refused.
const COUNTED: usize = 4;

/// Says whether a run may go on; otherwise why not.
pub(crate) type Watch<'w> = &'w dyn Fn() -> Result<(), Fault>;

/// Where a vocabulary's tokens cannot lie.
#[derive(Debug)]
pub(crate) struct Borders {
    /// For each two bytes, the first one times 256: whether some token has them side by side.
    joined: Vec<bool>,
    longest: usize,
}

impl Borders {
    pub(crate) fn of(vocab: &Vocab) -> Borders {
        let mut joined = vec![false; 1 << 16];
        for token in 0..vocab.len() {
            let bytes = vocab.bytes(TokenId::try_from(token).unwrap_or_default());
            bytes.windows(2).for_each(|pair| joined[pair_of(pair[0], pair[1])] = true);
        }
        Borders { joined, longest: vocab.longest().max(1) }
    }

    /// Tokens that a text of so many bytes has at least.
    pub(crate) fn least(&self, bytes: usize) -> usize {
        bytes.div_ceil(self.longest)
    }

    /// The end of the first piece: the text's, or a border some bytes away from its beginning.
    fn end_of_piece(&self, text: &str) -> usize {
        let bytes = text.as_bytes();
        let is_border = |at: &usize| {
            let (left, right) = (bytes[at - 1], bytes[*at]);
            let candidate = (right == b' ') != (left == b'\n');
            candidate && !self.joined[pair_of(left, right)] && stands_apart(text, *at)
        };
        (PIECE..bytes.len()).find(is_border).unwrap_or(bytes.len())
    }
}

fn pair_of(left: u8, right: u8) -> usize {
    usize::from(left) << 8 | usize::from(right)
}

/// Whether words end and begin at a byte: before the only space between two letters, or behind the only line break
/// before a letter.
fn stands_apart(text: &str, at: usize) -> bool {
    let (Some(left), Some(right)) = (text.get(..at), text.get(at..)) else { return false };
    let (mut before, mut after) = (left.chars(), right.chars());
    match before.next_back() {
        Some('\n') => {
            let apart = before.next_back().is_some_and(|c| !c.is_whitespace());
            apart && after.next().is_some_and(char::is_alphabetic)
        }
        Some(last) if last.is_alphabetic() => {
            after.next() == Some(' ') && after.next().is_some_and(char::is_alphabetic)
        }
        _ => false,
    }
}

/// A model that reads text for a run.
pub(crate) struct Reader<'r> {
    pub(crate) model: &'r dyn Model,
    pub(crate) borders: &'r Borders,
    pub(crate) watch: Watch<'r>,
}

impl Reader<'_> {
    /// Refuses `bytes` of text behind so many tokens if no vocabulary like the model's makes that few enough.
    pub(crate) fn check(&self, tokens: usize, bytes: usize) -> Result<(), Fault> {
        let least = tokens.saturating_add(self.borders.least(bytes));
        if least > self.context() { Err(self.too_long(least)) } else { Ok(()) }
    }

    /// Appends the tokens of plain text.
    pub(crate) fn read(&self, text: &str, tokens: &mut Vec<TokenId>) -> Result<(), Fault> {
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(self.borders.end_of_piece(rest));
            tokens.extend(self.model.tokenize(piece.as_bytes()));
            rest = tail;
            if !rest.is_empty() {
                (self.watch)()?;
                if tokens.len() > self.context().saturating_mul(COUNTED) {
                    return Err(self.too_long(tokens.len()));
                }
            }
        }
        Ok(())
    }

    fn context(&self) -> usize {
        self.model.info().n_ctx as usize
    }

    fn too_long(&self, tokens: usize) -> Fault {
        Fault::PromptTooLong { tokens, counted: false, n_ctx: self.model.info().n_ctx }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use agentc_constraint::Tokenize;

    use super::*;
    use crate::model::script::ScriptModel;

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((self.0 >> 33) % n as u64) as usize
        }
    }

    /// Merges neighbours into the longest tokens that there are, the leftmost first: as BPE does, with every word
    /// of a text before or behind its neighbours alike.
    fn merged(vocab: &Vocab, text: &[u8]) -> Vec<Vec<u8>> {
        let known: std::collections::HashSet<&[u8]> =
            (0..vocab.len()).map(|token| vocab.bytes(token as TokenId)).filter(|b| !b.is_empty()).collect();
        let mut parts: Vec<Vec<u8>> = text.iter().map(|byte| vec![*byte]).collect();
        loop {
            let both = |at: usize| [parts[at].as_slice(), parts[at + 1].as_slice()].concat();
            let best = (0..parts.len().saturating_sub(1))
                .filter(|&at| known.contains(both(at).as_slice()))
                .max_by_key(|&at| (parts[at].len() + parts[at + 1].len(), std::cmp::Reverse(at)));
            let Some(at) = best else { return parts };
            let joined = both(at);
            parts.splice(at..at + 2, [joined]);
        }
    }

    fn text(random: &mut Random, words: usize) -> String {
        let parts =
            ["the", " ", "  ", "\n", "\n\n", "é", "日本", ".", "7", " of", "a", "\t", " ", "ball", "x"];
        (0..words).map(|_| parts[random.below(parts.len())]).collect()
    }

    #[test]
    fn pieces_have_the_tokens_of_the_whole() {
        let script = ScriptModel::new(Vec::new()).expect("a model");
        let merging = ["e ", "\na", "of a", "a b"].map(|t| t.as_bytes().to_vec());
        let odd = ScriptModel::new(Vec::new()).expect("a model").with_vocab(merging).expect("a vocabulary");
        let mut cuts = 0;
        for (seed, model) in (0..40).flat_map(|seed| [(seed, &script), (seed, &odd)]) {
            let (borders, mut random) = (Borders::of(model.vocab()), Random(seed));
            let reader = Reader { model, borders: &borders, watch: &|| Ok(()) };
            let text = text(&mut random, 20_000);
            let mut tokens = Vec::new();
            // The context is smaller; what is asked here is only how it is read.
            let read = reader.read(&text, &mut tokens);
            let whole = model.tokenize(text.as_bytes());
            assert_eq!(tokens, whole[..tokens.len()]);
            assert_eq!(read.is_ok(), tokens.len() == whole.len());
            cuts += usize::from(borders.end_of_piece(&text) < text.len());
        }
        assert!(cuts > 60, "{cuts}");
    }

    #[test]
    fn merging_stops_at_borders() {
        let words = ["th", "the", " t", "e ", "he", "ba", "ll", "ball", "\nb", "al", " b"];
        let vocab = words.iter().map(|word| word.as_bytes().to_vec());
        let model = ScriptModel::new(Vec::new()).expect("a model").with_vocab(vocab).expect("a vocabulary");
        let borders = Borders::of(model.vocab());
        let mut random = Random(1);
        let mut found = 0;
        for _ in 0..300 {
            let text = text(&mut random, 30);
            for at in (1..text.len()).filter(|&at| text.is_char_boundary(at) && stands_apart(&text, at)) {
                let (left, right) = text.as_bytes().split_at(at);
                if !borders.joined[pair_of(left[left.len() - 1], right[0])] {
                    found += 1;
                    let both = [merged(model.vocab(), left), merged(model.vocab(), right)].concat();
                    assert_eq!(both, merged(model.vocab(), text.as_bytes()), "{text:?} at {at}");
                }
            }
        }
        assert!(found > 50, "{found}");
    }

    #[test]
    fn what_cannot_fit_is_not_read_and_reading_can_be_ended() {
        let model = ScriptModel::new(Vec::new()).expect("a model");
        let borders = Borders::of(model.vocab());
        let asked = Cell::new(0);
        let watch = || {
            asked.set(asked.get() + 1);
            if asked.get() < 3 { Ok(()) } else { Err(Fault::Deadline) }
        };
        let reader = Reader { model: &model, borders: &borders, watch: &watch };
        let n_ctx = model.info().n_ctx as usize;
        assert!(reader.check(0, n_ctx).is_ok());
        let refused = reader.check(n_ctx, 1);
        assert!(matches!(refused, Err(Fault::PromptTooLong { counted: false, .. })), "{refused:?}");
        assert!(reader.check(1, usize::MAX).is_err());
        let mut tokens = Vec::new();
        let long = "the ball ".repeat(100_000);
        assert_eq!(reader.read(&long, &mut tokens), Err(Fault::Deadline));
        assert!(asked.get() == 3 && tokens.len() < n_ctx * COUNTED, "{}", tokens.len());
        let reader = Reader { watch: &|| Ok(()), ..reader };
        assert!(matches!(reader.read(&long, &mut tokens), Err(Fault::PromptTooLong { counted: false, .. })));
        assert!(tokens.len() < n_ctx * COUNTED + PIECE, "{}", tokens.len());
    }

    /// The tokenizers of six model families, where their vocabularies are at hand.
    #[cfg(feature = "llama")]
    #[test]
    #[allow(clippy::print_stderr)]
    fn real_tokenizers_read_pieces_as_they_read_the_whole() {
        use crate::model::llama::Vocabulary;
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/vocabs");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            return eprintln!("skipped: there are no vocabularies in {}", folder.display());
        };
        let files = entries.map(|entry| entry.expect("an entry").path());
        let mut cuts = 0;
        for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "gguf")) {
            let name = file.display().to_string();
            let vocabulary = Vocabulary::open(&name, &file).expect("a vocabulary");
            let borders = Borders::of(vocabulary.vocab());
            let cases = std::fs::read_to_string(file.with_extension("gguf.inp")).expect("its cases");
            let cases: Vec<&str> = cases.split("__ggml_vocab_test__").collect();
            for seed in 0..8 {
                let mut random = Random(seed);
                let mut whole = String::new();
                while whole.len() < 3 * PIECE {
                    whole += &text(&mut random, 40);
                    whole += cases[random.below(cases.len())];
                }
                let (mut rest, mut pieces) = (whole.as_str(), Vec::new());
                while !rest.is_empty() {
                    let (piece, tail) = rest.split_at(borders.end_of_piece(rest));
                    pieces.extend(vocabulary.tokenize(piece.as_bytes()));
                    cuts += usize::from(!tail.is_empty());
                    rest = tail;
                }
                assert_eq!(pieces, vocabulary.tokenize(whole.as_bytes()), "{name}, seed {seed}");
            }
        }
        assert!(cuts > 40, "{cuts}");
    }
}
