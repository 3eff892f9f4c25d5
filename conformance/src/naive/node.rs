//! What has to be read.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::number::Range;

/// The number of a node.
pub(super) type Id = u32;

/// Equal nodes have one number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// These bytes; never empty.
    Text(Vec<u8>),
    /// A character of some ranges, of which these bytes have been read.
    Char(Rc<[(char, char)]>, Vec<u8>),
    /// A number, of which this has been read.
    Number(Range, Vec<u8>),
    /// One after the other.
    Seq(Vec<Id>),
    /// One of them.
    Any(Vec<Id>),
    /// An item so many times.
    Repeat(Id, u32, Option<u32>),
    /// A rule, by its number.
    Rule(usize),
    /// What stands in all of some states, or in none of those that are not meant. It can be completed.
    Met(Rc<[Meant]>),
    /// What follows in an object's braces, behind the keys that are used.
    Members(Object, BTreeSet<Vec<u8>>),
    /// The rest of a key, of which this has been read, then its value and the further members.
    Key(Object, BTreeSet<Vec<u8>>, Vec<u8>),
}

/// A state of one member of an intersection, and whether its texts are meant or all others.
pub(super) type Meant = (u32, bool);

/// An object with any keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Object {
    pub(super) value: Id,
    pub(super) comma: Id,
    pub(super) colon: Id,
    pub(super) close: Id,
}

/// What the bytes at the beginning of a character say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Begun {
    Whole,
    Part,
    No,
}

/// Whether bytes are, or begin, a character of some ranges.
pub(super) fn character(ranges: &[(char, char)], bytes: &[u8]) -> Begun {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let is_in = |c: char| ranges.iter().any(|&(from, to)| (from..=to).contains(&c));
        return if text.chars().all(is_in) { Begun::Whole } else { Begun::No };
    }
    match beginning(bytes) {
        Some((low, high, _)) if meets(ranges, low, high) => Begun::Part,
        _ => Begun::No,
    }
}

/// The beginning of a character, as the same one for all that leave the same to be read: where any character may
/// follow it does not matter which it is.
pub(super) fn canonical(ranges: &Rc<[(char, char)]>, read: Vec<u8>) -> Node {
    const SURROGATES: std::ops::Range<u32> = 0xd800..0xe000;
    let is_full = beginning(&read).is_some_and(|(low, high, width)| {
        let spans = |&(from, to): &(char, char)| from as u32 <= low && high <= to as u32;
        high - low + 1 == width
            && (high < SURROGATES.start || low >= SURROGATES.end)
            && ranges.iter().any(spans)
    });
    let left = read.first().map_or(0, |first| first.leading_ones() as usize) - read.len().min(4);
    let any: &[(char, char)] = &[('\0', char::MAX)];
    match left {
        1 if is_full => Node::Char(any.into(), vec![0xc3]),
        2 if is_full => Node::Char(any.into(), vec![0xe1]),
        3 if is_full => Node::Char(any.into(), vec![0xf1]),
        _ => Node::Char(ranges.clone(), read),
    }
}

/// Whether a scalar value between two numbers is in some ranges.
fn meets(ranges: &[(char, char)], low: u32, high: u32) -> bool {
    const SURROGATES: (u32, u32) = (0xd800, 0xdfff);
    ranges.iter().any(|&(from, to)| {
        let (low, high) = (low.max(from as u32), high.min(to as u32));
        low <= high && !(low >= SURROGATES.0 && high <= SURROGATES.1)
    })
}

/// The numbers of the characters that begin with some bytes, if these are too few for one, and how many they would be if
/// every byte could follow.
fn beginning(bytes: &[u8]) -> Option<(u32, u32, u32)> {
    let (&first, rest) = bytes.split_first()?;
    let (len, bits, least) = match first {
        0xc2..=0xdf => (2, first & 0x1f, 0x80),
        0xe0..=0xef => (3, first & 0x0f, 0x800),
        0xf0..=0xf4 => (4, first & 0x07, 0x1_0000),
        _ => return None,
    };
    if rest.len() + 1 >= len || rest.iter().any(|byte| byte & 0xc0 != 0x80) {
        return None;
    }
    let read = rest.iter().fold(u32::from(bits), |number, byte| number << 6 | u32::from(byte & 0x3f));
    let free = 6 * (len - 1 - rest.len()) as u32;
    let (low, high) = ((read << free).max(least), ((read << free) | ((1 << free) - 1)).min(0x10_ffff));
    (low <= high).then_some((low, high, 1 << free))
}

/// How a character is written in a string in JSON where it cannot stand as it is.
pub(super) fn escape(c: char) -> Option<String> {
    let text = serde_json::Value::from(c.to_string()).to_string();
    let inside = &text[1..text.len() - 1];
    inside.starts_with('\\').then(|| inside.to_owned())
}

/// Whether bytes begin the inside of a string in JSON, and whether its last character is whole.
pub(super) fn inside_string(bytes: &[u8]) -> Option<bool> {
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let len = match first {
            b'"' | 0..=0x1f => return None,
            b'\\' => {
                let mut forms = (0..=0x7fu8).filter_map(|byte| escape(char::from(byte)));
                match forms
                    .find(|form| rest.starts_with(form.as_bytes()) || form.as_bytes().starts_with(rest))
                {
                    Some(form) if form.len() <= rest.len() => form.len(),
                    found => return found.map(|_| false),
                }
            }
            _ => {
                let all = [('\0', char::MAX)];
                let most = rest.len().min(4);
                match (1..=most).find(|&len| character(&all, &rest[..len]) == Begun::Whole) {
                    Some(len) => len,
                    None if character(&all, rest) == Begun::Part => return Some(false),
                    None => return None,
                }
            }
        };
        rest = &rest[len..];
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_characters_are_those_of_some_character() {
        let samples = (0..=0x10_ffffu32).step_by(37).chain(0xd700..0xe100).filter_map(char::from_u32);
        let ranges = [[('\0', char::MAX)], [('é', 'ÿ')], [('\u{d7ff}', '\u{e000}')], [('😀', '😁')]];
        let mut begun = vec![BTreeSet::new(); ranges.len()];
        for c in samples.chain("éÿ😀😁".chars()) {
            let text = c.to_string();
            for (ranges, begun) in ranges.iter().zip(&mut begun) {
                if (ranges[0].0..=ranges[0].1).contains(&c) {
                    (1..text.len()).for_each(|to| _ = begun.insert(text.as_bytes()[..to].to_vec()));
                }
            }
        }
        for (ranges, begun) in ranges.iter().zip(&begun) {
            for bytes in begun {
                assert_eq!(character(ranges, bytes), Begun::Part, "{bytes:x?} of {ranges:?}");
            }
            for first in 0..=255u8 {
                let is_begun = character(ranges, &[first]) == Begun::Part;
                assert_eq!(is_begun, begun.contains(&vec![first]), "{first:x} of {ranges:?}");
            }
        }
        assert_eq!(character(&ranges[0], &[0xed, 0xa0]), Begun::No);
        assert_eq!(character(&ranges[0], &[0xe0, 0x80]), Begun::No);
        assert_eq!(character(&ranges[0], &[0xf4, 0x90]), Begun::No);
    }

    #[test]
    fn strings_are_read_to_their_last_character() {
        for (text, expected) in [
            (&b""[..], Some(true)),
            (b"ab\\n", Some(true)),
            (b"ab\\", Some(false)),
            (b"\\u00", Some(false)),
            (b"\\u001f", Some(true)),
            (b"\\u000a", None),
            (b"\\/", None),
            (b"\xc3", Some(false)),
            (b"a\nb", None),
        ] {
            assert_eq!(inside_string(text), expected, "{text:?}");
        }
    }
}
