//! Consecutive lines that are one mistake: unquoted text, and YAML-style settings.

use crate::lex::words;

/// What the lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// Text without quotes.
    Text,
    /// `key: value`
    Settings,
}

impl Run {
    /// Whether a line after such lines is one of them. In case of doubt it is code, so that nothing is hidden.
    pub(super) fn goes_on(self, line: &str) -> bool {
        let line = line.trim();
        let text = without_bullet(line);
        let bullet = text.len() < line.len();
        match self {
            _ if words::looks_like_code(line) => false,
            Run::Text => reads_like_text(text, bullet),
            Run::Settings => bullet || is_setting(text),
        }
    }
}

/// A line without `- `, `* `, `1. ` or `1) ` at its start.
fn without_bullet(line: &str) -> &str {
    let mark = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = match mark.len() < line.len() {
        true => mark.strip_prefix(['.', ')']),
        false => mark.strip_prefix(['-', '*', '+', '\u{2022}']),
    };
    rest.filter(|rest| rest.starts_with(' ')).map_or(line, str::trim_start)
}

fn first_word(line: &str) -> &str {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")
}

/// Words and the signs between them, of which code has few.
fn reads_like_text(line: &str, bullet: bool) -> bool {
    let word = first_word(line);
    let sentence = line.ends_with(['.', '!', '?']);
    let code_word = words::is_reserved(word) || words::CONTEXTUAL.contains(&word);
    let plain = |c: char| {
        c.is_alphanumeric() || c.is_whitespace() || ",.;:!?'()\u{2019}\u{2013}\u{2014}-/&%".contains(c)
    };
    let calls = line
        .match_indices('(')
        .any(|(at, _)| line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    line.starts_with(char::is_alphabetic)
        && (bullet || sentence || !code_word)
        && line.chars().all(plain)
        && !calls
}

fn is_setting(line: &str) -> bool {
    let word = first_word(line);
    let value = line[word.len()..].trim_start().strip_prefix(':');
    !word.is_empty() && !words::is_reserved(word) && value.is_some_and(|v| !v.contains(['=', '{']))
}

#[cfg(test)]
mod tests {
    use super::Run;

    #[test]
    fn what_may_be_code_is_no_text() {
        for line in [
            "Answer in one sentence.",
            "- be brief",
            "  2) be kind",
            "kind",
            "if unsure, say so.",
            "Sources (see below):",
        ] {
            assert!(Run::Text.goes_on(line), "{line}");
        }
        for line in [
            "",
            "print x",
            "answer(question)",
            "n += 1",
            "x | trim",
            "if a { b }",
            "gen x",
            "else:",
            "for x in y",
        ] {
            assert!(!Run::Text.goes_on(line), "{line}");
        }
        for (line, is) in [
            ("temperature: 0.5", true),
            ("- role: user", true),
            ("user: x", false),
            ("let x: int = 2", false),
        ] {
            assert_eq!(Run::Settings.goes_on(line), is, "{line}");
        }
    }
}
