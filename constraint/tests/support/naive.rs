//! A language by enumeration, which masks are compared with.

use std::collections::BTreeSet;

use super::Random;

pub const ALPHABET: &[u8] = b"ab1";
const LONGEST: usize = 9;

/// The members of a language up to [`LONGEST`] characters, and everything they begin with.
pub struct Naive {
    pub regex: regex::Regex,
    pub members: BTreeSet<Vec<u8>>,
    prefixes: BTreeSet<Vec<u8>>,
}

impl Naive {
    pub fn new(pattern: &str) -> Naive {
        let regex = regex::Regex::new(&format!("^(?s:(?:{pattern}))$")).expect("a regex");
        let mut naive = Naive { regex, members: BTreeSet::new(), prefixes: BTreeSet::new() };
        let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
        while let Some(text) = texts.pop() {
            if naive.is_member(&text) {
                (0..=text.len()).for_each(|to| _ = naive.prefixes.insert(text[..to].to_vec()));
                naive.members.insert(text.clone());
            }
            if text.len() < LONGEST {
                texts.extend(ALPHABET.iter().map(|&byte| [&text[..], &[byte]].concat()));
            }
        }
        naive
    }

    pub fn is_member(&self, text: &[u8]) -> bool {
        std::str::from_utf8(text).is_ok_and(|text| self.regex.is_match(text))
    }

    /// The definition for a value that has too few tokens to end: the token continues the value, and that can
    /// go on or is long enough with it; or the value is complete after a part of the token, and long enough.
    pub fn grows(&self, text: &[u8], heal: &[u8], token: &[u8], last: bool) -> bool {
        let spelled = heal.len().min(token.len());
        if token[..spelled] != heal[..spelled] {
            return false;
        }
        let token = &token[spelled..];
        let after = |to: usize| [text, &token[..to]].concat();
        if self.prefixes.contains(&after(token.len())) {
            let next = |byte: &u8| self.prefixes.contains(&[after(token.len()), vec![*byte]].concat());
            return (last && !token.is_empty()) || ALPHABET.iter().any(next);
        }
        last && (1..token.len()).any(|to| self.members.contains(&after(to)))
    }

    /// The definition: the token continues the value, or the value is complete after a part of it.
    pub fn allows(&self, text: &[u8], heal: &[u8], token: &[u8]) -> bool {
        let spelled = heal.len().min(token.len());
        if token[..spelled] != heal[..spelled] {
            return false;
        }
        let token = &token[spelled..];
        let after = |to: usize| [text, &token[..to]].concat();
        if self.prefixes.contains(&after(token.len())) {
            return true;
        }
        (0..token.len()).any(|to| self.members.contains(&after(to)))
    }
}

/// Patterns all of whose beginnings of up to four characters can be completed within [`LONGEST`].
pub const PATTERNS: &[&str] = &[
    "a",
    "a|ab",
    "ab|a|b1",
    "a*",
    "a+b",
    "(a|ab)(b|1)?",
    "[ab]{2,4}1",
    "(ab|a){2,3}",
    "a{0,3}b{1,2}",
    "(a|b)*1",
    "(a*b){1,2}",
    "a?b?1?",
    "((a|b)1){0,2}",
    "(a{1,2}b?){1,3}",
    "",
    "1|",
    "(a|b|ab)*",
    "[b1]b*",
    "(a|aa|aaa){3}",
    "(?:a{2}|b{3}){1,2}",
    "(a?){3}b",
    "(a*)*1",
    "ab{2,}",
    "(aab|ab|b)+1",
    "1{3}(a|b)?",
    "[a-b1]",
    "[ab1]{2}",
    "([ab1]a){1,2}",
    // Ways that read nothing and come back to where they began.
    "a(b*)*",
    "1((a|b?)*)*",
    "a((?:ab1a){0,9}|b*)*",
];

pub fn vocabulary(random: &mut Random, every_byte: bool) -> Vec<Option<Vec<u8>>> {
    let mut tokens: BTreeSet<Vec<u8>> = BTreeSet::new();
    for _ in 0..14 {
        let len = 1 + random.below(4) as usize;
        tokens.insert((0..len).map(|_| *random.pick(b"ab1ab1x")).collect());
    }
    tokens.extend(ALPHABET.iter().map(|&byte| vec![byte]));
    if every_byte {
        tokens.extend((0..=255u8).map(|byte| vec![byte]));
    }
    let mut tokens: Vec<Option<Vec<u8>>> = tokens.into_iter().map(Some).collect();
    random.shuffle(&mut tokens);
    tokens.push(None); // the end of the turn
    tokens
}
