//! Functions of the prelude that search for matches of a regex. The pattern is a constant that the compiler
//! has checked, so each is compiled once and kept.

use agentc_compiler::builtin::Groups;
use regex::{NoExpand, Regex};
use rustc_hash::FxHashMap;

use super::Call;
use crate::error::{Fault, short};
use crate::value::{ITEM, Value};

/// Compiled patterns that are kept at most. Programs have fewer.
const KEPT: usize = 256;

/// Patterns that were compiled, by their text and whether they match the whole of one.
#[derive(Debug, Clone, Default)]
pub(in crate::vm) struct Regexes {
    compiled: FxHashMap<(String, bool), Regex>,
}

impl Regexes {
    /// A pattern, to be found somewhere in a text or, if `whole`, to match all of it.
    fn get(&mut self, pattern: &str, whole: bool) -> Result<Regex, regex::Error> {
        let key = (pattern.to_owned(), whole);
        if let Some(regex) = self.compiled.get(&key) {
            return Ok(regex.clone());
        }
        let regex = if whole { whole_text(pattern)? } else { Regex::new(pattern)? };
        if self.compiled.len() >= KEPT {
            self.compiled.clear();
        }
        self.compiled.insert(key, regex.clone());
        Ok(regex)
    }
}

/// A regex that matches all of a text. Where the pattern ends in a comment, which only the flag `x` allows, a
/// line break ends the comment and says nothing else.
fn whole_text(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(pattern)?;
    Regex::new(&format!(r"\A(?:{pattern})\z")).or_else(|_| Regex::new(&format!("\\A(?:{pattern}\n)\\z")))
}

impl Call<'_> {
    /// Whether the whole text matches.
    pub(super) fn matches(&self, regexes: &mut Regexes) -> Result<Value, Fault> {
        Ok(self.regex(regexes, true)?.is_match(self.text()?).into())
    }

    /// Whether some part of the text matches.
    pub(super) fn contains_match(&self, regexes: &mut Regexes) -> Result<Value, Fault> {
        Ok(self.regex(regexes, false)?.is_match(self.text()?).into())
    }

    /// Every match replaced by a text, which is taken as it is.
    pub(super) fn replace_match(&self, regexes: &mut Regexes) -> Result<Value, Fault> {
        let (text, new, regex) = (self.text()?, self.text_at(1)?, self.regex(regexes, false)?);
        let added = regex.find_iter(text).count().checked_mul(new.len());
        self.bound(added.and_then(|added| added.checked_add(text.len())))?;
        Ok(regex.replace_all(text, NoExpand(new)).into_owned().into())
    }

    /// The parts between matches; a match without text separates nothing.
    pub(super) fn split_match(&self, regexes: &mut Regexes) -> Result<Value, Fault> {
        let (text, regex) = (self.text()?, self.regex(regexes, false)?);
        let mut from = 0;
        let between = |(start, end)| &text[std::mem::replace(&mut from, end)..start];
        let matches = regex.find_iter(text).filter(|found| !found.is_empty());
        let ends = matches.map(|found| (found.start(), found.end())).chain([(text.len(), text.len())]);
        self.texts(ends.map(between))
    }

    /// All matches: their texts, or what their groups say. A group that took no part says nothing, `""`.
    pub(super) fn find_all(&self, regexes: &mut Regexes) -> Result<Value, Fault> {
        let (text, regex) = (self.text()?, self.regex(regexes, false)?);
        let groups = Groups::of(self.text_at(0)?);
        if groups == Groups::None {
            return self.texts(regex.find_iter(text).map(|found| found.as_str()));
        }
        let (mut all, mut size) = (Vec::new(), 0usize);
        for found in regex.captures_iter(text) {
            let said = |at: usize| Value::from(found.get(at).map_or("", |group| group.as_str()));
            let value = match &groups {
                Groups::Named(names) => {
                    Value::record(names.iter().map(|(at, name)| (name.clone(), said(*at))).collect())
                }
                Groups::Several(count) => Value::list((1..=*count).map(said).collect()),
                Groups::None | Groups::One => said(1),
            };
            size = size.saturating_add(ITEM).saturating_add(value.size());
            self.bound(Some(size))?;
            all.push(value);
        }
        Ok(Value::list(all))
    }

    fn regex(&self, regexes: &mut Regexes, whole: bool) -> Result<Regex, Fault> {
        let pattern = self.text_at(0)?;
        regexes.get(pattern, whole).map_err(|_| Fault::BadArgument {
            function: self.name.to_owned(),
            value: format!("the regex /{}/", short(pattern, 40)),
        })
    }
}
