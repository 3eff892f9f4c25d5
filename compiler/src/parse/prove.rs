//! Holds that the fixes of syntax errors lead to programs that parse better: what a mend is for reading on need not be what
//! to write.

use std::collections::HashMap;

use crate::diag::{Diag, apply};

/// Bytes that may be read again for the fixes of a file, and the fixes that are looked at in any case.
const MAX_REREAD: usize = 256 << 10;

/// Drops the fixes after which the text has errors that it did not have. Where there are very many, so that not all of them
/// can be tried, the first ones stay; once they are applied, it is the turn of others. What the lexer has found counts as
/// known, also where another finding of the statement is told in its place.
pub(super) fn prove(text: &str, diags: &mut [Diag], lexed: &[Diag], again: impl Fn(&str) -> Vec<Diag>) {
    if diags.iter().all(|diag| diag.fixes.is_empty()) {
        return;
    }
    let told = diags.to_vec();
    let (mut before, mut left) = (counts(&told), MAX_REREAD.max(text.len()));
    for (error, count) in counts(lexed) {
        let known = before.entry(error).or_insert(0);
        *known = count.max(*known);
    }
    for diag in diags.iter_mut().filter(|diag| !diag.fixes.is_empty()) {
        diag.tidy(text);
        diag.keep_fixes(|fix| {
            let Some(rest) = left.checked_sub(text.len()) else { return false };
            left = rest;
            let Some(fixed) = apply(text, &fix.edits) else { return false };
            let after = again(&fixed);
            let known =
                |(error, count): (&Error<'_>, &usize)| before.get(error).is_some_and(|most| count <= most);
            let (total, old) = (after.len(), before.values().sum::<usize>());
            counts(&after).iter().all(known) && total < old
        });
    }
}

type Error<'d> = (&'static str, &'d str);

fn counts(diags: &[Diag]) -> HashMap<Error<'_>, usize> {
    let mut counts = HashMap::new();
    for diag in diags {
        *counts.entry((diag.code, diag.message.as_str())).or_insert(0) += 1;
    }
    counts
}
