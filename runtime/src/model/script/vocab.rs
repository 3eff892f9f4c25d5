//! The vocabulary of scripted models: every byte, common words and pieces, and ChatML's control tokens.

/// Names of the control tokens. They end every vocabulary, in this order.
pub(super) const CONTROL: [&str; 3] = ["<|endoftext|>", OPEN, "<|im_end|>"];

/// Opens a message.
pub(super) const OPEN: &str = "<|im_start|>";

/// ChatML, which three of four instruct models speak.
pub(super) const TEMPLATE: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + \
    message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}\
    {{ '<|im_start|>assistant\n' }}{% endif %}";

/// Words that are tokens bare and with a space before them.
const WORDS: &str = "the is of and to in a you that it for was on are as with his they at be this have from or one \
    had by but not what all were we when your can said there use an each which she do how their if will up other \
    about out many then them these so some her would make like him into time has look two more go see number no \
    way could people my than first been call who its now find long down day did get come made may part play ball \
    balls prompt capital city France Paris London Rome answer question Question Answer Yes No yes Name name age Age \
    true false null calm angry red blue green Scott bad man nice hello Hello world World The This What I You It He \
    She We They Luke Thought Act because between every great here high just know large last left life little live \
    most mother move must near never next night off old only over own place read right same school set should small \
    still such take tell think too under very want water well where while why work year listed list http https";

/// Pieces that lie across the borders at which constraints like to break.
const PIECES: &[&str] = &[
    "\n\n", "\n\n\n", "  ", "    ", "is.", "man.", "nice man", ". ", ".\n", "!\n", "...", ", ", ", 9", ", 1",
    ": ", ":\n", "://", "//", "[\"", "\"]", "\",", "\", \"", "\": ", "\": \"", "{\"", "\"}", "\"},", "},",
    "}}", "{{", "[]", "()", "('", "')", "ab", "abc", "bc", "ad", "Hz", "Pa", "ris", "Par", "th", "he", "in",
    "er", "an", "re", "on", "at", "en", "nd", "ti", "es", "or", "te", "ed", "ing", "ion", "ly", "'s", "'t",
    " \"", " (", " [", " {", "é", "ñ", "–", "—", "“", "”", "😀", "日本", "本",
];

/// The bytes of all ordinary tokens: the 256 bytes first, nothing twice.
pub(super) fn builtin() -> Vec<Vec<u8>> {
    let words = WORDS.split_whitespace().flat_map(|word| [word.to_owned(), format!(" {word}")]);
    let pairs = (0..100).map(|n| format!("{n:02}"));
    let pieces = PIECES.iter().map(|piece| (*piece).to_owned());
    with_bytes(words.chain(pairs).chain(pieces).map(String::into_bytes))
}

/// The 256 bytes, then the pieces that are not among them.
pub(super) fn with_bytes(pieces: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut seen = std::collections::HashSet::new();
    let bytes = (0..=255).map(|byte| vec![byte]);
    bytes.chain(pieces).filter(|token| !token.is_empty() && seen.insert(token.clone())).collect()
}
