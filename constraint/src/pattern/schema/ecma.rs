//! Regular expressions in the syntax of schemas (ECMA-262), which match anywhere in a string, as expressions
//! that match whole strings.
//!
//! There are two steps: the text is translated to Rust's syntax, and anchors become structure. An expression
//! is a choice among *forms*, each a body that may be bound to the beginning and to the end of the string; an
//! end that is not bound may have any text outside it.

use regex_syntax::hir::{Dot, Hir, HirKind, Look, Repetition};

/// The sets that make up a pattern: a string matches if it is in all with `true` and in none with `false`.
/// (A look-ahead at the beginning is a set of its own.) On an error, why there are none: `most`
/// bounds the ways in which it is anchored.
pub(super) fn parse(pattern: &str, most: usize) -> Result<Vec<(Hir, bool)>, String> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    let mut anchored = "";
    loop {
        let inner = rest.strip_prefix('^').unwrap_or(rest);
        let positive = inner.strip_prefix("(?=").map(|body| (body, true));
        let Some((body, is)) = positive.or_else(|| inner.strip_prefix("(?!").map(|body| (body, false)))
        else {
            break;
        };
        if inner.len() == rest.len() && anchored.is_empty() {
            return Err(
                "a look-ahead is understood at the beginning of a pattern only, behind `^`".to_owned()
            );
        }
        anchored = "^";
        let end = closing(body).ok_or("a group is not closed")?;
        parts.push((search(&format!("^(?:{})", &body[..end]), most)?, is));
        rest = &body[end + 1..];
    }
    let rest = if anchored.is_empty() { rest.to_owned() } else { format!("^(?:{rest})") };
    if !has_top_level_choice(&rest) || parts.is_empty() {
        parts.insert(0, (search(&rest, most)?, true));
        return Ok(parts);
    }
    Err("a look-ahead is understood for a whole pattern only".to_owned())
}

/// Where the group ends whose inside begins here.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut in_class, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_class = false,
            '[' => in_class = true,
            '(' if !in_class => depth += 1,
            ')' if !in_class && depth == 0 => return Some(at),
            ')' if !in_class => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether there is a `|` that stands in no group.
fn has_top_level_choice(text: &str) -> bool {
    let (mut depth, mut in_class, mut escaped) = (0, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_class = false,
            '[' => in_class = true,
            '(' if !in_class => depth += 1,
            ')' if !in_class => depth -= 1,
            '|' if !in_class && depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// The strings in which a pattern matches somewhere.
fn search(pattern: &str, most: usize) -> Result<Hir, String> {
    let text = translated(pattern)?;
    let parser = regex_syntax::ParserBuilder::new().utf8(true).nest_limit(100).build().parse(&text);
    let hir = parser.map_err(|error| match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => other.to_string(),
    })?;
    let any = || Hir::repetition(repetition(Hir::dot(Dot::AnyChar), 0, None));
    let whole = forms(&hir, most)?.into_iter().map(|form| {
        // Nothing is asked of a string in which nothing has to be found.
        if form.body.properties().minimum_len() == Some(0) && !(form.starts && form.ends) {
            return any();
        }
        let before = if form.starts { Hir::empty() } else { any() };
        let after = if form.ends { Hir::empty() } else { any() };
        Hir::concat(vec![before, form.body, after])
    });
    Ok(Hir::alternation(whole.collect()))
}

pub(super) fn repetition(sub: Hir, min: u32, max: Option<u32>) -> Repetition {
    Repetition { min, max, greedy: true, sub: Box::new(sub) }
}

/// A way to match: a body, and whether it begins and ends with the string.
#[derive(Clone)]
struct Form {
    starts: bool,
    body: Hir,
    ends: bool,
}

fn forms(hir: &Hir, most: usize) -> Result<Vec<Form>, String> {
    let free = |body: Hir| vec![Form { starts: false, body, ends: false }];
    if hir.properties().look_set().is_empty() {
        return Ok(free(hir.clone()));
    }
    let found = match hir.kind() {
        HirKind::Look(Look::Start) => vec![Form { starts: true, body: Hir::empty(), ends: false }],
        HirKind::Look(Look::End) => vec![Form { starts: false, body: Hir::empty(), ends: true }],
        HirKind::Look(_) => return Err("word boundaries are not understood".to_owned()),
        HirKind::Capture(capture) => forms(&capture.sub, most)?,
        HirKind::Alternation(parts) => {
            let parts: Result<Vec<_>, String> = parts.iter().map(|part| forms(part, most)).collect();
            parts?.concat()
        }
        HirKind::Concat(parts) => {
            let mut all = free(Hir::empty());
            for part in parts {
                let next = forms(part, most)?;
                all = all.iter().flat_map(|a| next.iter().filter_map(|b| a.then(b))).collect();
                if all.len() > most {
                    break;
                }
            }
            all
        }
        HirKind::Repetition(repeat) if repeat.max == Some(1) => {
            let mut all = forms(&repeat.sub, most)?;
            if repeat.min == 0 {
                all.extend(free(Hir::empty()));
            }
            all
        }
        _ => return Err("`^` and `$` are not understood within a repeat".to_owned()),
    };
    if found.len() > most { Err(format!("it is anchored in more than {most} ways")) } else { Ok(found) }
}

impl Form {
    /// One form behind another; `None` if nothing can match both.
    fn then(&self, next: &Form) -> Option<Form> {
        let empty = |hir: &Hir| hir.properties().minimum_len() == Some(0);
        let (mut first, mut second) = (self.body.clone(), next.body.clone());
        let (mut starts, mut ends) = (self.starts, next.ends);
        if next.starts {
            if !empty(&first) {
                return None;
            }
            (first, starts) = (Hir::empty(), true);
        }
        if self.ends {
            if !empty(&second) {
                return None;
            }
            (second, ends) = (Hir::empty(), true);
        }
        Some(Form { starts, body: Hir::concat(vec![first, second]), ends })
    }
}

/// White space as ECMA-262 has it, for use within a class.
const SPACE: &str = r"\t\n\x0b\x0c\r\x20\x{a0}\x{feff}\p{Zs}\x{2028}\x{2029}";
const WORD: &str = "A-Za-z0-9_";
const DIGIT: &str = "0-9";

/// A pattern in Rust's syntax.
fn translated(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = escape(rest, false, &mut out)?,
            '[' => rest = class(rest, &mut out)?,
            '.' => out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '{' => match quantifier(rest) {
                Some(len) => {
                    out.push('{');
                    // `{,n}` is text to ECMA-262, and Rust's `{n,}` is the same.
                    out.push_str(&rest[..len]);
                    rest = &rest[len..];
                }
                None => out.push_str(r"\{"),
            },
            '}' => out.push_str(r"\}"),
            ']' => out.push_str(r"\]"),
            '(' if rest.starts_with('?') => {
                out.push('(');
                rest = group(rest, &mut out)?;
            }
            c if c.is_whitespace() || c == '#' => out.push_str(&regex_syntax::escape(&c.to_string())),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// The length of a quantifier's inside with its `}`.
fn quantifier(rest: &str) -> Option<usize> {
    let end = rest.find('}')?;
    let (min, max) = rest[..end].split_once(',').unwrap_or((&rest[..end], ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (!min.is_empty() && digits(min) && digits(max)).then_some(end + 1)
}

/// What stands behind `(`, up to the group's first atom.
fn group<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, String> {
    for look in ["?=", "?!", "?<=", "?<!"] {
        if rest.starts_with(look) {
            return Err("it looks around itself".to_owned());
        }
    }
    if rest.starts_with("?<") {
        // A name says nothing here.
        let end = rest.find('>').ok_or("a group's name is not closed")?;
        out.push_str("?:");
        return Ok(&rest[end + 1..]);
    }
    let end = rest.find([':', ')']).ok_or("a group is not closed")?;
    let flags = &rest[1..end];
    if flags.chars().all(|c| "ims-".contains(c)) {
        if flags.contains('m') {
            return Err("`^` and `$` can only mean the ends of the string".to_owned());
        }
        out.push_str(&rest[..=end]);
        return Ok(&rest[end + 1..]);
    }
    Err("a group begins in an unknown way".to_owned())
}

/// What stands behind a `\`.
fn escape<'p>(rest: &'p str, in_class: bool, out: &mut String) -> Result<&'p str, String> {
    let c = rest.chars().next().ok_or("it ends with `\\`")?;
    let after = &rest[c.len_utf8()..];
    let set = |inside: &str, out: &mut String| {
        out.push_str(&if in_class { inside.to_owned() } else { format!("[{inside}]") });
    };
    match c {
        'd' => set(DIGIT, out),
        'w' => set(WORD, out),
        's' => set(SPACE, out),
        'D' => out.push_str(&format!("[^{DIGIT}]")),
        'W' => out.push_str(&format!("[^{WORD}]")),
        'S' => out.push_str(&format!("[^{SPACE}]")),
        't' | 'n' | 'r' => out.extend(['\\', c]),
        'v' => out.push_str(r"\x0b"),
        'f' => out.push_str(r"\x0c"),
        'b' if in_class => out.push_str(r"\x08"),
        'b' | 'B' => return Err("word boundaries are not understood".to_owned()),
        '0' if !after.starts_with(|c: char| c.is_ascii_digit()) => out.push_str(r"\x00"),
        '0'..='9' => return Err("back-references are not understood".to_owned()),
        'k' => return Err("back-references are not understood".to_owned()),
        'c' => {
            let letter = after.chars().next().filter(char::is_ascii_alphabetic);
            let letter = letter.ok_or("`\\c` needs a letter")?;
            out.push_str(&format!(r"\x{{{:x}}}", letter as u32 % 32));
            return Ok(&after[1..]);
        }
        'x' => return hex(after, 2, out),
        'u' if after.starts_with('{') => {
            let end = after.find('}').ok_or("`\\u{` is not closed")?;
            out.push_str(&format!(r"\x{}", &after[..=end]));
            return Ok(&after[end + 1..]);
        }
        'u' => return unicode(after, out),
        'p' | 'P' => {
            let end = after.find('}').filter(|_| after.starts_with('{')).ok_or("`\\p` needs a class")?;
            out.push_str(&format!(r"\{c}{}", &after[..=end]));
            return Ok(&after[end + 1..]);
        }
        c if c.is_alphanumeric() => return Err(format!("`\\{c}` is not an escape")),
        c => out.push_str(&literal(c)),
    }
    Ok(after)
}

fn hex<'p>(after: &'p str, digits: usize, out: &mut String) -> Result<&'p str, String> {
    let code = after.get(..digits).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
    let code = code.ok_or("an escape needs hexadecimal digits")?;
    out.push_str(&format!(r"\x{{{code}}}"));
    Ok(&after[digits..])
}

/// `\uXXXX`, or two of them that stand for one character.
fn unicode<'p>(after: &'p str, out: &mut String) -> Result<&'p str, String> {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    if let (Some(high), Some(low)) = (unit(after), after.get(4..).and_then(|t| unit(t.strip_prefix("\\u")?)))
        && let Some(Ok(c)) = char::decode_utf16([high, low]).next()
        && (0xd800..0xdc00).contains(&high)
    {
        out.push_str(&format!(r"\x{{{:x}}}", c as u32));
        return Ok(&after[10..]);
    }
    if unit(after).is_some_and(|unit| (0xd800..0xe000).contains(&unit)) {
        return Err("half a surrogate pair is no character".to_owned());
    }
    hex(after, 4, out)
}

/// A character that stands for itself, anywhere.
fn literal(c: char) -> String {
    if c.is_ascii_punctuation() || c.is_whitespace() {
        format!(r"\x{{{:x}}}", c as u32)
    } else {
        c.to_string()
    }
}

/// A class, from behind its `[`.
fn class<'p>(mut rest: &'p str, out: &mut String) -> Result<&'p str, String> {
    let negated = rest.strip_prefix('^');
    rest = negated.unwrap_or(rest);
    if let Some(after) = rest.strip_prefix(']') {
        out.push_str(if negated.is_some() { r"[\s\S]" } else { r"[^\s\S]" });
        return Ok(after);
    }
    out.push_str(if negated.is_some() { "[^" } else { "[" });
    // Whether what stands before can begin a range.
    let mut can_range = false;
    loop {
        let c = rest.chars().next().ok_or("a class is not closed")?;
        let after = &rest[c.len_utf8()..];
        match c {
            ']' => {
                out.push(']');
                return Ok(after);
            }
            '-' => {
                let next_is_set = after.starts_with('\\')
                    && after[1..].starts_with(['d', 'D', 'w', 'W', 's', 'S', 'p', 'P']);
                if can_range && !after.starts_with(']') && !next_is_set {
                    out.push('-');
                    rest = after;
                    let c = rest.chars().next().ok_or("a class is not closed")?;
                    rest = &rest[c.len_utf8()..];
                    if c == '\\' {
                        rest = escape(rest, true, out)?;
                    } else {
                        out.push_str(&literal(c));
                    }
                    can_range = false;
                    continue;
                }
                out.push_str(r"\-");
                can_range = false;
            }
            '\\' => {
                can_range = !after.starts_with(['d', 'D', 'w', 'W', 's', 'S', 'p', 'P']);
                rest = escape(after, true, out)?;
                continue;
            }
            c => {
                out.push_str(&literal(c));
                can_range = true;
            }
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        let parts = parse(pattern, 64).expect("a pattern");
        parts.iter().all(|(hir, is)| {
            let regex = regex::Regex::new(&format!("^(?s:{hir})$")).expect("a regex");
            regex.is_match(text) == *is
        })
    }

    #[test]
    fn patterns_match_as_in_ecmascript() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("a", &["a", "xax", "\na\n"], &["", "b"]),
            ("^a", &["a", "ab"], &["ba"]),
            ("a$", &["a", "ba"], &["ab", "a\n"]),
            ("^a|b$", &["ab", "ac", "cb"], &["ca", "bc"]),
            ("^$|(^(?:\\S+\\s+){0,2}\\S+$)", &["", "a b c"], &["a b c d", " "]),
            ("^\\d{2,}$", &["12"], &["1", "١٢"]),
            ("^\\w\\W$", &["a-", "_é"], &["é-"]),
            ("^[\\w-.]+$", &["a-.b"], &["a b", ""]),
            ("^[a-\\d]$", &["a", "-", "5"], &["b"]),
            ("^[^]$", &["\n", "x"], &["", "xx"]),
            ("^[[&&]$", &["[", "&"], &["]"]),
            ("^.$", &["x", "é"], &["\n", "\u{2028}"]),
            ("^a{,2}$", &["a{,2}"], &["aa"]),
            ("^{a}$", &["{a}"], &["a"]),
            ("^\\/\\-\\_\\\"$", &["/-_\""], &["/"]),
            ("^\\u00e9\\x41\\cJ$", &["éA\n"], &["é"]),
            ("^\\ud83d\\ude00$", &["😀"], &["x"]),
            ("^(?<year>[0-9]{4})$", &["2024"], &["24"]),
            ("^(?!foo|bar)[a-z]+$", &["baz", "xfoo"], &["foo", "food", "bar"]),
            ("^(?=.*\\d)(?!.*x).{2}$", &["a1", "1a"], &["ab", "x1"]),
            ("^\\s$", &["\u{a0}", "\u{feff}", " "], &["x"]),
            ("(^a)?b", &["b", "ab", "xb"], &["a"]),
        ];
        for (pattern, good, bad) in cases {
            for text in *good {
                assert!(matches(pattern, text), "{pattern} should match {text:?}");
            }
            for text in *bad {
                assert!(!matches(pattern, text), "{pattern} should not match {text:?}");
            }
        }
    }

    #[test]
    fn what_is_not_regular_is_refused() {
        for pattern in
            ["(a)\\1", "a(?=b)", "(?<=a)b", "\\bword\\b", "\\A", "(^a)*", "a\\ud83d", "[", "(", "a(?!b)|c"]
        {
            assert!(parse(pattern, 64).is_err(), "{pattern}");
        }
    }
}
