//! What stands for a statement that cannot be read: its beginning, its name and its blocks, and an error in
//! place of everything else.
//!
//! `\0`, which no program contains, is the grammar's word for whatever could not be read.

use super::leaf::Leaf;
use super::patch::Patched;
use crate::lex::{Kind, Mend, words};

/// Readings of a piece that keep its names and blocks, the best one first.
pub(super) fn candidates(leaf: &Leaf<'_>, mends: &[Mend]) -> Vec<Patched> {
    let lead = leaf.at(0);
    let names = leaf.declared().count();
    match lead {
        "let" | "const" | "input" | "type" if names < 2 => {
            let sign = if lead == "input" { ": \0" } else { " = \0" };
            name_behind(leaf, 0).map(|name| named(leaf, lead, name, sign)).into_iter().collect()
        }
        "fn" | "agent" | "tool" if leaf.is_name(1) && leaf.at(2) == "(" => {
            let close = leaf.closing(2);
            vec![function(leaf, close + 1, mends)]
        }
        "gen" | "select" | "call" => generation(leaf, 0, "").into_iter().collect(),
        _ if words::is_role(lead) || lead == "tool" => vec![role(leaf)],
        "return" | "yield" | "print" | "fail" | "expect" if names == 0 => vec![kept(leaf, 0..1, " \0")],
        "if" if !leaf.blocks.is_empty() => vec![branches(leaf)],
        "for" | "repeat" | "while" | "foreach" if leaf.blocks.len() == 1 => vec![looped(leaf)],
        _ if leaf.is_name(0) && matches!(leaf.at(1), "=" | "+=") && names == 0 => {
            vec![kept(leaf, 0..2, " \0")]
        }
        _ => Vec::new(),
    }
}

/// Whether a piece gives a variable or constant its type by a value.
pub(super) fn sets_type(leaf: &Leaf<'_>) -> bool {
    matches!(leaf.at(0), "let" | "const") || leaf.is_name(0) && matches!(leaf.at(1), "=" | "+=")
}

/// The name that was meant after a word: the first one near it.
fn name_behind(leaf: &Leaf<'_>, at: usize) -> Option<usize> {
    (at + 1..at + 4).find(|name| leaf.is_name(*name))
}

/// A word, a name, and a text for the rest of the piece.
fn named(leaf: &Leaf<'_>, word: &str, name: usize, rest: &str) -> Patched {
    let mut patched = Patched::default();
    let place = leaf.place(name..name + 1);
    patched.write(&format!("{word} "), leaf.bytes().start..place.start);
    patched.copy(leaf.text, place.clone());
    patched.write(rest, place.end..leaf.bytes().end);
    patched
}

/// Some words of the piece as they are, and a text for the rest of it.
fn kept(leaf: &Leaf<'_>, words: std::ops::Range<usize>, rest: &str) -> Patched {
    let mut patched = Patched::default();
    let place = leaf.place(words);
    patched.copy(leaf.text, place.clone());
    patched.write(rest, place.end..leaf.bytes().end);
    patched
}

/// The head of a function up to a word, and its block.
fn function(leaf: &Leaf<'_>, upto: usize, mends: &[Mend]) -> Patched {
    let mut patched = Patched::default();
    let place = leaf.place(0..upto);
    patched.copy_mended(leaf.text, place.clone(), mends);
    let block = leaf.blocks.last().cloned().unwrap_or(leaf.bytes().end..leaf.bytes().end);
    patched.write(" -> \0 ", place.end..block.start.max(place.end));
    patched.write("{}", block);
    patched
}

/// A generation whose word stands at an index.
fn generation(leaf: &Leaf<'_>, at: usize, before: &str) -> Option<Patched> {
    let name = name_behind(leaf, at)?;
    let append = if leaf.at(name + 1) == "[" && leaf.at(name + 2) == "]" { "[]: \0" } else { ": \0" };
    Some(named(leaf, &format!("{before}gen"), name, append))
}

fn role(leaf: &Leaf<'_>) -> Patched {
    let word = if words::is_role(leaf.at(0)) { leaf.at(0) } else { "user" };
    let generates = (1..leaf.words.len()).find(|at| matches!(leaf.at(*at), "gen" | "select" | "call"));
    let generation = generates.and_then(|at| generation(leaf, at, &format!("{word} ")));
    let mut patched = Patched::default();
    match (leaf.blocks.first(), generation) {
        (Some(block), _) => {
            patched.write(&format!("{word} "), leaf.place(0..1));
            patched.write("{}", block.clone());
        }
        (None, Some(generation)) => return generation,
        (None, None) => patched.write(&format!("{word} \0"), leaf.bytes()),
    }
    patched
}

/// `if … { } else if … { } else { }`
fn branches(leaf: &Leaf<'_>) -> Patched {
    let mut patched = Patched::default();
    let mut from = leaf.bytes().start;
    for (at, block) in leaf.blocks.iter().enumerate() {
        let head = leaf.words.iter().filter(|w| from <= w.start && w.end <= block.start);
        let asks = at == 0 || head.clone().any(|w| matches!(w.text, "if" | "elif" | "elseif" | "elsif"));
        let text = match (at, asks) {
            (0, _) => "if \0 ",
            (_, true) => " else if \0 ",
            _ => " else ",
        };
        patched.write(text, from..block.start.max(from));
        patched.write("{}", block.clone());
        from = block.end;
        if !asks {
            break;
        }
    }
    patched
}

fn looped(leaf: &Leaf<'_>) -> Patched {
    let mut patched = Patched::default();
    let Some(block) = leaf.blocks.first() else { return patched };
    let head = leaf.head();
    let name_behind = |word: &str| {
        let at = (0..leaf.words.len()).find(|at| leaf.at(*at) == word)?;
        (at + 1..leaf.words.len()).find(|at| leaf.is_name(*at)).filter(|name| *name <= at + 3)
    };
    let named = match leaf.at(0) {
        "while" => {
            patched.write("while \0 max \0 ", head);
            None
        }
        "repeat" => {
            patched.write("repeat \0", head);
            name_behind("as").map(|name| (" as ", name))
        }
        word => match name_behind(word) {
            Some(name) => {
                patched.write("for ", head);
                patched.copy(leaf.text, leaf.place(name..name + 1));
                patched.write(" in \0 ", leaf.place(name..name + 1));
                None
            }
            None => {
                patched.write("repeat \0 ", head);
                None
            }
        },
    };
    if let Some((join, name)) = named {
        patched.write(join, leaf.place(name..name + 1));
        patched.copy(leaf.text, leaf.place(name..name + 1));
    }
    patched.write("{}", block.clone());
    patched
}

/// What stands for the inside of a hole that begins with a word.
pub(super) fn hole(leaf: &Leaf<'_>, first: usize) -> String {
    let generates = matches!(leaf.at(first), "gen" | "select" | "call");
    match leaf.words.get(first + 1) {
        Some(name) if generates && name.kind == Kind::Word && !words::is_reserved(name.text) => {
            format!(" gen {}: \0 ", name.text)
        }
        _ => " \0 ".to_owned(),
    }
}
