//! What other tools put around or into a program: fences, front matter, chat template marks, decorators, and
//! comments in another syntax.

use super::Kind;
use super::scan::{Open, Scanner};
use crate::diag::{Diag, Edit};

/// How far the end of a message in the marks of a chat template is looked for, in bytes.
const LONGEST_MESSAGE: usize = 4096;

/// What is said of a fence; the one that closes it is not reported again.
const FENCE: &str = "a program is not written between fences";

impl Scanner<'_> {
    /// Whether a line of Markdown that begins or ends code starts here.
    pub(super) fn is_fence(&self) -> bool {
        if !self.fresh_line || !self.stack.is_empty() || !self.text[self.pos..].starts_with("```") {
            return false;
        }
        let name = self.rest().trim_start_matches('`').trim_end();
        name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    }

    pub(super) fn fence(&mut self) {
        let end = self.pos + self.rest().trim_end().len();
        if !self.diags.iter().any(|diag| diag.message == FENCE) {
            let diag = Diag::new("E0015", self.span(self.pos, end), FENCE);
            let behind = self.text[end..].rfind("\n```").map(|at| end + at + 1);
            let last = behind
                .map(|at| self.span(at, at + self.text[at..].lines().next().unwrap_or("").trim_end().len()));
            let fences = std::iter::once(diag.span).chain(last).map(|place| Edit::new(place, "")).collect();
            self.report(diag.hint("remove the lines that begin with ```").fix(fences, true));
        }
        self.leave_out(end);
    }

    /// Lines of settings between two lines `---`; says whether they are there.
    pub(super) fn front_matter(&mut self) -> bool {
        if !self.fresh_line || !self.stack.is_empty() || self.rest().trim_end() != "---" {
            return false;
        }
        let mut end = self.pos + self.rest().len();
        let body = self.text[end..].trim_start_matches('\r').strip_prefix('\n').unwrap_or("");
        let mut at = self.text.len() - body.len();
        for line in body.split_inclusive('\n').take(100) {
            let text = line.trim();
            if text == "---" {
                end = at + line.trim_end().len();
                break;
            }
            let key = text.split(':').next().unwrap_or("").trim_start_matches("- ");
            let setting =
                key.len() < text.len() && key.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
            if !(setting || text.is_empty() || line.starts_with([' ', '-', '#'])) {
                return false;
            }
            at += line.len();
        }
        if !self.text[..end].ends_with("---") || end == self.pos + 3 {
            return false;
        }
        let diag = Diag::new("E0021", self.span(self.pos, self.pos + 3), "a program has no front matter");
        self.report(
            diag.hint(
                "write model \"NAME\" { temp: 0.5 } for the model, and input NAME: str for a parameter",
            ),
        );
        self.leave_out(end);
        true
    }

    /// `<|im_start|>user … <|im_end|>`; says whether such a mark begins here.
    pub(super) fn template_mark(&mut self) -> bool {
        let Some(close) = mark_end(&self.text[self.pos..]) else { return false };
        let mut near = (self.pos + LONGEST_MESSAGE).min(self.text.len());
        while !self.text.is_char_boundary(near) {
            near -= 1;
        }
        let behind = &self.text[self.pos + close..near];
        let mut marks = behind.match_indices("<|");
        let ends = |mark: &str| ["end", "eot", "eos"].iter().any(|word| mark.contains(word));
        let last = marks.find_map(|(at, _)| {
            let mark = &behind[at..at + mark_end(&behind[at..])?];
            ends(mark).then_some(at + mark.len())
        });
        let end = self.pos + close + last.unwrap_or_else(|| self.rest().len().saturating_sub(close));
        let mark = &self.text[self.pos..self.pos + close];
        let diag = Diag::new(
            "E0015",
            self.span(self.pos, self.pos + close),
            format!("`{mark}` has no meaning here"),
        );
        self.report(diag.hint(
            "write system \"…\", user \"…\" or assistant gen x: the model's template adds its own markers",
        ));
        self.leave_out(end);
        true
    }

    /// `@tool` on a line of its own; says whether it is there.
    pub(super) fn decorator(&mut self) -> bool {
        if !self.fresh_line || !self.stack.is_empty() {
            return false;
        }
        let rest = self.rest().trim_end();
        let name = rest.trim_start_matches('@').split('(').next().unwrap_or("");
        let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let whole = name.len() + 1 == rest.len() || rest.ends_with(')');
        if !plain || !whole {
            return false;
        }
        let end = self.pos + rest.len();
        let hint = match name {
            "tool" | "function" => "declare a tool with `tool NAME(a: str) -> str { … }`",
            _ => "leave it out: declarations take no decorators",
        };
        let diag = Diag::new("E0015", self.span(self.pos, end), format!("`@{name}` has no meaning here"));
        self.report(diag.hint(hint));
        self.leave_out(end);
        true
    }

    /// `{# … #}`; says whether it begins here.
    pub(super) fn braced_comment(&mut self) -> bool {
        if !self.text[self.pos..].starts_with("{#") {
            return false;
        }
        let Some(close) = self.rest().find("#}").filter(|close| *close > 1) else { return false };
        let diag = Diag::new("E0015", self.span(self.pos, self.pos + 2), "`{# … #}` is not a comment");
        let diag = diag.hint("comments begin with `#` and run to the end of the line");
        let end = self.pos + close + 2;
        let diag = self.as_comment(diag, self.pos..end, 2, "#}");
        self.report(diag);
        self.leave_out(end);
        true
    }

    /// A comment that was meant as something else: `#include "file"` and `prompt #"…"#`; says whether it is.
    pub(super) fn meant_otherwise(&mut self) -> bool {
        let rest = self.rest().trim_end();
        let path = rest.strip_prefix("#include").map(str::trim_start);
        if let Some(path) = path.filter(|path| self.fresh_line && path.starts_with(['"', '<'])) {
            let end = self.pos + rest.len();
            let path = path.trim_matches(['"', '<', '>']);
            let diag = Diag::new("E0021", self.span(self.pos, end), "`#include` is not an import");
            self.report(
                diag.hint(format!("write import \"{path}\" as NAME, or import {{ a, b }} from \"{path}\"")),
            );
            self.leave_out(end);
            return true;
        }
        let prompt = self.before().is_some_and(|t| t.text(self.text) == "prompt") && !self.fresh_line;
        if prompt
            && (rest == "#\"" || rest.starts_with("#\"") && rest.ends_with("\"#"))
            && let Some(close) = self.find_ahead(2, "\"#")
        {
            let diag = Diag::new("E0015", self.span(self.pos, self.pos + 2), "`#\"…\"#` is not a string");
            self.report(diag.hint("write \"\"\"…\"\"\""));
            self.replace_quotes(self.text[self.pos + 2..close].to_owned(), close + 2);
            return true;
        }
        false
    }

    /// `{{ x:.2f }}`, of which a number such as `2f` was read; says whether it is one.
    pub(super) fn hole_format(&mut self, end: usize) -> bool {
        let opened = self.stack.last().filter(|(open, _)| *open == Open::Hole).map(|(_, opened)| *opened);
        let before = opened.and_then(|opened| self.text.get(opened..self.pos));
        let Some(spelling) = before.filter(|text| text.ends_with([':', '.'])) else { return false };
        let value = spelling.trim_end_matches('.').strip_suffix(':');
        let Some(value) = value.filter(|_| self.text[end..].trim_start().starts_with("}}")) else {
            return false;
        };
        let from = self.pos - (spelling.len() - value.len());
        let diag = Diag::new("E0021", self.span(from, end), "a hole takes no format");
        self.report(diag.hint(format!("call a function: {{{{ round({}, 2) }}}}", value.trim())));
        self.mend(from..end, "");
        true
    }

    /// Reads the text as if what ends at a place were not there.
    fn leave_out(&mut self, end: usize) {
        self.mend(self.pos..end, "");
        self.push(Kind::Unknown, end);
    }
}

/// Where a mark such as `<|im_end|>` ends with which a text begins.
fn mark_end(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("<|")?;
    let name = inner.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'))?;
    (name > 0 && inner[name..].starts_with("|>")).then_some(name + 4)
}
