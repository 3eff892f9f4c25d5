//! Comments that silence warnings: `# allow W0001: the braces are meant`.
//!
//! Such a comment applies to its own line or, if it stands alone, to the next line of code. It names one
//! warning and says why. Neither errors nor the warnings about these comments themselves can be silenced.

use super::codes::codes;
use super::{Diag, Severity};
use crate::ast::{Allow, Ident};
use crate::ir::File;
use crate::lex::{Kind, Token, lex};
use crate::limits::Limits;
use crate::source::Span;

/// The comments of a file that begin with `# allow` and a code.
pub(crate) fn allows(file: u32, text: &str, tokens: &[Token]) -> Vec<Allow> {
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Comment) {
        if let Some((code, reason)) = words(token.text(text)) {
            let start = token.start + code.start;
            let name = text.get(start..start + code.len()).unwrap_or("").to_owned();
            let code = Ident { name, span: Span::new(file, start, start + code.len()) };
            let line = line_about(file, text, tokens, at);
            out.push(Allow { code, reason, line, span: Span::new(file, token.start, token.end) });
        }
    }
    out
}

/// Where in a comment the code stands, and the reason behind it.
fn words(comment: &str) -> Option<(std::ops::Range<usize>, String)> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("allow")?;
    let code = rest.trim_start();
    let start = comment.len() - code.len();
    let len = code.find(|c: char| !c.is_alphanumeric()).unwrap_or(code.len());
    let (letter, digits) = code[..len].split_at_checked(1)?;
    let looks_like_code = matches!(letter, "W" | "w" | "E" | "e")
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit());
    let reason = code[len..].trim_start().trim_start_matches(':').trim();
    (looks_like_code && rest.len() > code.len()).then(|| (start..start + len, reason.to_owned()))
}

/// The line of a comment, or the next line of code if nothing stands before the comment.
fn line_about(file: u32, text: &str, tokens: &[Token], at: usize) -> Span {
    let before = tokens[..at].iter().rev().take_while(|t| !ends_line(t, text));
    let place = if before.into_iter().all(|t| t.kind.is_trivia()) {
        tokens[at..].iter().find(|t| !t.kind.is_trivia()).or(tokens.last()).map_or(text.len(), |t| t.start)
    } else {
        tokens[at].start
    };
    let start = text[..place].rfind('\n').map_or(0, |i| i + 1);
    let end = text[place..].find('\n').map_or(text.len(), |i| place + i);
    Span::new(file, start, end)
}

fn ends_line(token: &Token, text: &str) -> bool {
    token.kind == Kind::Newline || token.text(text).ends_with('\n')
}

/// Leaves out the warnings that are silenced, and adds what is wrong with the comments that do so.
pub(crate) fn silence<'a>(allows: impl Iterator<Item = &'a Allow>, diags: Vec<Diag>) -> Vec<Diag> {
    let mut allows: Vec<&Allow> = allows.collect();
    allows.sort_by_key(|allow| (allow.line.file, allow.line.start));
    if allows.is_empty() {
        return diags;
    }
    let failed = diags.iter().any(Diag::is_error);
    let mut used = vec![false; allows.len()];
    let mut out = Vec::with_capacity(diags.len());
    for diag in diags {
        let about = allows
            .partition_point(|allow| (allow.line.file, allow.line.end) < (diag.span.file, diag.span.start));
        let mut silent = false;
        for (allow, used) in allows[about..].iter().zip(&mut used[about..]) {
            if allow.line.file != diag.span.file || allow.line.start > diag.span.start {
                break;
            }
            if allow.code.name == diag.code && diag.severity == Severity::Warning {
                (silent, *used) = (true, true);
            }
        }
        if !silent {
            out.push(diag);
        }
    }
    let found = allows.iter().copied().zip(used).filter_map(|(allow, used)| wrong(allow, used, failed));
    out.extend(found.collect::<Vec<_>>());
    out.sort_by_key(|d| (d.span.file, d.span.start, d.span.end));
    out
}

/// Whether a comment of its file silences a warning that is found in a finished program.
pub(crate) fn is_allowed_in(files: &[File], diag: &Diag) -> bool {
    let Some(file) = files.get(diag.span.file as usize) else { return false };
    // It was read before, so that it nests no deeper than it may.
    let any_depth = Limits { nesting: usize::MAX, ..Limits::default() };
    let tokens = lex(diag.span.file, &file.text, &any_depth).tokens;
    let about = |allow: &Allow| allow.line.start <= diag.span.start && diag.span.start <= allow.line.end;
    allows(diag.span.file, &file.text, &tokens)
        .iter()
        .any(|allow| allow.code.name == diag.code && about(allow))
}

/// What is wrong with such a comment. Whether it silences anything is only known of a program without errors.
fn wrong(allow: &Allow, used: bool, failed: bool) -> Option<Diag> {
    let (name, span) = (&allow.code.name, allow.code.span);
    if !name.starts_with('W') || !codes().iter().any(|code| code.0 == name) {
        let (message, hint) = if codes().iter().any(|code| code.0 == name) {
            (format!("`{name}` is an error, which cannot be silenced"), "correct what it reports")
        } else {
            (format!("there is no warning `{name}`"), "write the code as it is reported, such as W0001")
        };
        return Some(Diag::new("W0021", span, message).hint(hint));
    }
    if allow.reason.is_empty() {
        let diag = Diag::new("W0022", allow.span, format!("no reason is given for allowing {name} here"));
        return Some(diag.hint(format!("write the reason: # allow {name}: …")));
    }
    // What a context holds is asked again when a run knows its model.
    let is_of_runs = name == "W0400";
    if !used && !failed && !is_of_runs {
        let diag = Diag::new("W0020", allow.span, format!("{name} is not reported on this line"));
        return Some(diag.hint("remove the comment").fixed(allow.span, ""));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_makes_a_comment_such_a_one() {
        assert_eq!(words("# allow W0001: braces"), Some((8..13, "braces".to_owned())));
        assert_eq!(words("#allow W0001"), Some((7..12, String::new())));
        assert_eq!(words("# allow the user to go on"), None);
        assert_eq!(words("# allow everyone: yes"), None);
        assert_eq!(words("# allowW0001"), None);
    }
}
