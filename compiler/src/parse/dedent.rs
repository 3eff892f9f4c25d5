//! The indentation of `"""`, which is removed here and nowhere else.
//!
//! A string is given as its parts in order: its texts, with line breaks already `\n`, and `None` for each
//! hole. There is a hole between any two texts.

/// Removes the common indentation and the line breaks next to the quotes, then reads escapes.
pub(crate) fn dedent(parts: &mut [Option<&mut String>]) {
    trim_ends(parts);
    let indent = common_indent(parts);
    let mut line_start = starts_on_new_line(parts);
    for part in parts.iter_mut() {
        let Some(text) = part else {
            line_start = false;
            continue;
        };
        let mut out = String::with_capacity(text.len());
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                out.push('\n');
                line_start = true;
            }
            out.push_str(if line_start { without_indent(line, &indent) } else { line });
            line_start = false;
        }
        **text = out.replace("\\{{", "{{").replace("\\\"\"\"", "\"\"\"");
    }
}

/// Drops the line break before the closing quotes, and the white space between.
fn trim_ends(parts: &mut [Option<&mut String>]) {
    if let Some(Some(text)) = parts.last_mut() {
        let kept = text.trim_end_matches([' ', '\t']);
        if let Some(kept) = kept.strip_suffix('\n') {
            text.truncate(kept.len());
        }
    }
}

/// Whether the text begins on the line after the opening quotes; drops that line break.
fn starts_on_new_line(parts: &mut [Option<&mut String>]) -> bool {
    let Some(Some(text)) = parts.first_mut() else { return false };
    let first_line = text.split('\n').next().unwrap_or("");
    if first_line.len() < text.len() && first_line.bytes().all(|b| b == b' ' || b == b'\t') {
        text.drain(..=first_line.len());
        return true;
    }
    false
}

/// The longest white space that all non-blank lines begin with; a line with a hole is not blank.
pub(crate) fn common_indent<S: AsRef<str>>(parts: &[Option<S>]) -> String {
    let mut common: Option<String> = None;
    for (i, part) in parts.iter().enumerate() {
        let Some(text) = part else { continue };
        let lines: Vec<&str> = text.as_ref().split('\n').collect();
        for (n, line) in lines.iter().enumerate().skip(1) {
            let rest = line.trim_start_matches([' ', '\t']);
            let before_hole = n + 1 == lines.len() && i + 1 < parts.len();
            if rest.is_empty() && !before_hole {
                continue;
            }
            let indent = &line[..line.len() - rest.len()];
            common = Some(match common {
                None => indent.to_owned(),
                Some(old) => shared_prefix(&old, indent).to_owned(),
            });
        }
    }
    common.unwrap_or_default()
}

fn shared_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let len = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    a.get(..len).unwrap_or("")
}

/// A line without the indentation, or without all its white space if it has less.
fn without_indent<'a>(line: &'a str, indent: &str) -> &'a str {
    line.strip_prefix(indent).unwrap_or_else(|| line.trim_start_matches([' ', '\t']))
}
