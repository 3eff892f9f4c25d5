//! Where the words of a text begin and end, for copies of it.
//!
//! A word is a run of letters, digits and `_`, or another character that is no white space. Scripts that put no
//! spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese and others) would be one long word
//! each. Which of their characters make a word only a dictionary knows, so each of them is one here, and a run of them
//! can be copied wherever it begins. These are the letters that Unicode's rules for words do not join either
//! (UAX 29). Nothing is cut within a character as people see it: marks belong to what they stand behind.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, HirKind};

/// Letters that are words of their own.
const UNSPACED: &str = r"[\p{Alphabetic}--[\p{WB=ALetter}\p{WB=Hebrew_Letter}\p{M}]]";

/// What belongs to the character before it.
const MARK: &str = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}\p{GCB=Extend}\p{GCB=SpacingMark}]";

/// Two of them are a flag.
const FLAG_HALF: std::ops::RangeInclusive<char> = '\u{1f1e6}'..='\u{1f1ff}';

/// Joins signs to one, as in pictures of families.
const JOINER: char = '\u{200d}';

/// What a character is to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    /// A letter, digit or `_` that joins others.
    Joining,
    Mark,
    /// A word by itself.
    Alone,
}

/// Whether a word begins before a character, and whether one ends behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Borders {
    pub(super) begins: bool,
    pub(super) ends: bool,
}

/// The borders of words at each character of a text.
pub(super) fn borders(chars: &[char]) -> Vec<Borders> {
    let mut borders: Vec<Borders> = Vec::with_capacity(chars.len());
    let mut before = Kind::Space;
    let mut halves = 0;
    for (at, &c) in chars.iter().enumerate() {
        let kind = kind(c);
        let joined = kind != Kind::Space
            && before != Kind::Space
            && (kind == Kind::Mark
                || chars[at - 1] == JOINER
                || (kind, before) == (Kind::Joining, Kind::Joining)
                || (FLAG_HALF.contains(&c) && halves % 2 == 1));
        if let Some(last) = borders.last_mut() {
            last.ends = !joined && before != Kind::Space;
        }
        borders.push(Borders { begins: !joined && kind != Kind::Space, ends: kind != Kind::Space });
        halves = if FLAG_HALF.contains(&c) { halves + 1 } else { 0 };
        // Marks do not change what the character is to the next one.
        before = if joined && kind == Kind::Mark { before } else { kind };
    }
    borders
}

fn kind(c: char) -> Kind {
    if c.is_ascii() {
        return match c {
            _ if c.is_whitespace() => Kind::Space,
            _ if c.is_ascii_alphanumeric() || c == '_' => Kind::Joining,
            _ => Kind::Alone,
        };
    }
    if c.is_whitespace() {
        Kind::Space
    } else if within(marks(), c) {
        Kind::Mark
    } else if c.is_alphanumeric() && !within(unspaced(), c) {
        Kind::Joining
    } else {
        Kind::Alone
    }
}

type Ranges = Vec<(char, char)>;

fn unspaced() -> &'static Ranges {
    static RANGES: OnceLock<Ranges> = OnceLock::new();
    RANGES.get_or_init(|| ranges(UNSPACED))
}

fn marks() -> &'static Ranges {
    static RANGES: OnceLock<Ranges> = OnceLock::new();
    RANGES.get_or_init(|| ranges(MARK))
}

/// The characters of a class, which is valid: the tests see to that.
fn ranges(class: &str) -> Ranges {
    match regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            class.ranges().iter().map(|range| (range.start(), range.end())).collect()
        }
        _ => Vec::new(),
    }
}

fn within(ranges: &Ranges, c: char) -> bool {
    let after = ranges.partition_point(|(start, _)| *start <= c);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, end)| c <= *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with a bar at each border that is not at white space.
    fn cut(text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let borders = borders(&chars);
        let mut out = String::new();
        for (at, (c, here)) in chars.iter().zip(&borders).enumerate() {
            let ended = at > 0 && borders[at - 1].ends;
            out.push_str(if here.begins && ended { "|" } else { "" });
            assert!(at == 0 || !here.begins || ended || chars[at - 1].is_whitespace(), "{text}");
            out.push(*c);
        }
        out
    }

    #[test]
    fn words_with_spaces_are_runs_of_letters_and_digits() {
        assert_eq!(cut("The quick brown fox, jumps_2."), "The quick brown fox|, jumps_2|.");
        assert_eq!(cut("$5.20 (net)"), "$|5|.|20 (|net|)");
        assert_eq!(cut("naïve—Über"), "naïve|—|Über");
        assert_eq!(cut("서울에 산다"), "서울에 산다");
        assert_eq!(cut("m² и ещё"), "m² и ещё");
    }

    #[test]
    fn letters_of_scripts_without_spaces_are_words() {
        assert_eq!(cut("私は東京に"), "私|は|東|京|に");
        assert_eq!(cut("コーヒー。"), "コ|ー|ヒ|ー|。");
        assert_eq!(cut("北京2024年GPT好"), "北|京|2024|年|GPT|好");
        assert!(cut("ลาว ພາສາ ខ្មែរ မြန်မာ").matches('|').count() > 8);
    }

    #[test]
    fn marks_stay_with_their_letters() {
        assert_eq!(cut("กรุงเทพฯ"), "ก|รุ|ง|เ|ท|พ|ฯ");
        assert_eq!(cut("น้ำ"), "น้ำ");
        assert_eq!(cut("cafe\u{301}s"), "cafe\u{301}s");
        assert_eq!(cut("हिन्दी भाषा"), "हिन्दी भाषा");
        assert_eq!(cut("か\u{3099}く"), "か\u{3099}|く");
        assert_eq!(cut("می\u{200c}خواهم"), "می\u{200c}خواهم");
    }

    #[test]
    fn pictures_stay_whole() {
        assert_eq!(cut("👍🏽👍"), "👍🏽|👍");
        assert_eq!(cut("👩\u{200d}👩\u{200d}👧!"), "👩\u{200d}👩\u{200d}👧|!");
        assert_eq!(cut("🇩🇪🇫🇷"), "🇩🇪|🇫🇷");
    }
}
