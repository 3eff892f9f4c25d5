//! Applies the fixes of a program's findings, and holds that none of them makes it worse.
//!
//! Whether a fix does what it promises is known once the program is compiled again: it may apply beside others, or where
//! the author has meant something rare. So every step is compiled, and one that brings an error that was not there is
//! taken back, unless it was hidden by a mistake in the syntax. What compiled before compiles afterwards.

use std::collections::BTreeMap;

use crate::diag::{Diag, Fix, apply};
use crate::source::{BYTE_ORDER_MARK, Position, Source, World};
use crate::{Compiled, Options, compile};

/// Which fixes are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Those that are surely what was meant.
    Safe,
    /// The first of each finding, sure or not.
    All,
}

/// What became of a program.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// The text with its fixes; with its byte-order mark, if it had one.
    pub text: String,
    /// What was done, in the order in which it was.
    pub done: Vec<Done>,
    /// What was compiled last: that text, and what is still found in it.
    pub compiled: Compiled,
    /// Whether there is more to do, for which [`Limits::fix_tries`](crate::Limits::fix_tries) left no room.
    pub stopped: bool,
}

/// A fix that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The code of the finding.
    pub code: &'static str,
    /// What it was.
    pub message: String,
    /// What was done about it.
    pub fix: String,
    /// Where that was, in the text as it was at that time.
    pub at: Position,
}

/// Applies the fixes of a program's own file, round after round, until there are none left.
pub fn fix(name: &str, text: &str, world: &dyn World, options: &Options, wanted: Wanted) -> Fixed {
    let (mark, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => (BYTE_ORDER_MARK, text),
        None => ("", text),
    };
    let again = |text: &str| compile(name, text.as_bytes(), world, options);
    let mut run = Run {
        text: text.to_owned(),
        compiled: again(text),
        done: Vec::new(),
        refused: Vec::new(),
        tries: options.limits.fix_tries,
    };
    loop {
        let chosen = run.choose(wanted);
        let stopped = run.tries == 0 && !chosen.is_empty();
        if stopped || !run.attempt(&chosen, &again) {
            let text = format!("{mark}{}", run.text);
            return Fixed { text, done: run.done, compiled: run.compiled, stopped };
        }
    }
}

struct Run {
    text: String,
    compiled: Compiled,
    done: Vec<Done>,
    refused: Vec<Refused>,
    /// Compilations that are left.
    tries: usize,
}

/// A fix that was taken back, wherever its line has come to stand.
#[derive(PartialEq)]
struct Refused {
    code: &'static str,
    line: String,
    texts: Vec<String>,
}

impl Run {
    /// What can be applied at once.
    fn choose(&self, wanted: Wanted) -> Vec<(Diag, Fix)> {
        let mut chosen: Vec<(Diag, Fix)> = Vec::new();
        for diag in &self.compiled.diags {
            let fix = diag.fixes.iter().find(|fix| self.may_apply(diag, fix, wanted));
            let Some(fix) = fix.filter(|fix| chosen.iter().all(|(_, other)| fix.is_apart(other))) else {
                continue;
            };
            chosen.push((diag.clone(), fix.clone()));
        }
        chosen
    }

    /// Applies all of these, or else some that do no harm; says whether there are any.
    fn attempt(&mut self, chosen: &[(Diag, Fix)], again: &dyn Fn(&str) -> Compiled) -> bool {
        if chosen.is_empty() || self.tries == 0 {
            return false;
        }
        self.tries -= 1;
        if self.apply(chosen, again) {
            return true;
        }
        if let [(diag, fix)] = chosen {
            self.refused.push(self.key(diag, fix));
            return false;
        }
        let (first, rest) = chosen.split_at(chosen.len() / 2);
        self.attempt(first, again) || self.attempt(rest, again)
    }

    fn key(&self, diag: &Diag, fix: &Fix) -> Refused {
        let (before, after) =
            self.text.split_at_checked(diag.span.start as usize).unwrap_or((&self.text, ""));
        let begin = before.rsplit('\n').next().unwrap_or("");
        let line = format!("{begin}{}", after.lines().next().unwrap_or(""));
        Refused { code: diag.code, line, texts: fix.edits.iter().map(|edit| edit.text.clone()).collect() }
    }

    fn may_apply(&self, diag: &Diag, fix: &Fix, wanted: Wanted) -> bool {
        let own = fix.edits.iter().all(|edit| edit.span.file == 0);
        own && (fix.safe || wanted == Wanted::All) && !self.refused.contains(&self.key(diag, fix))
    }

    /// Applies some fixes, unless the program is worse then.
    fn apply(&mut self, chosen: &[(Diag, Fix)], again: &dyn Fn(&str) -> Compiled) -> bool {
        let edits = chosen.iter().flat_map(|(_, fix)| &fix.edits);
        let Some(text) = apply(&self.text, edits).filter(|text| *text != self.text) else { return false };
        let compiled = again(&text);
        if !is_no_worse(&self.compiled, &compiled, chosen) {
            return false;
        }
        let source = Source::new("", self.text.as_str());
        self.done.extend(chosen.iter().map(|(diag, fix)| Done {
            code: diag.code,
            message: diag.message.clone(),
            fix: fix.message.clone(),
            at: source.position(diag.span.start as usize),
        }));
        (self.text, self.compiled) = (text, compiled);
        true
    }
}

/// Whether a program has no error that it did not have; or, where it did not parse, at least no more mistakes in its syntax,
/// and fewer of those that are fixed: then more of it is read, and what was hidden is shown.
fn is_no_worse(before: &Compiled, after: &Compiled, chosen: &[(Diag, Fix)]) -> bool {
    let (was, is) = (errors(before), errors(after));
    let syntax = |(code, _): &(&str, &str)| code.starts_with("E00");
    let is_known =
        |error: &(&'static str, &str), count: &usize| was.get(error).is_some_and(|most| count <= most);
    let unknown = is.iter().any(|(error, count)| !is_known(error, count));
    let left = |diag: &Diag, errors: &BTreeMap<(&str, &str), usize>| {
        errors.get(&(diag.code, diag.message.as_str())).copied().unwrap_or(0)
    };
    let fewer = chosen.iter().all(|(diag, _)| left(diag, &is) < left(diag, &was));
    let count = |errors: &BTreeMap<(&str, &str), usize>| -> usize {
        errors.iter().filter(|(error, _)| syntax(error)).map(|(_, count)| count).sum()
    };
    !unknown || count(&was) > 0 && fewer && count(&is) <= count(&was)
}

/// How often each error is found.
fn errors(compiled: &Compiled) -> BTreeMap<(&'static str, &str), usize> {
    let mut found = BTreeMap::new();
    for diag in compiled.diags.iter().filter(|diag| diag.is_error()) {
        *found.entry((diag.code, diag.message.as_str())).or_insert(0) += 1;
    }
    found
}
