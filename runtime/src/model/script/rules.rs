//! What a scripted model would like to write, from what it has read.
//!
//! A rule finds its place in its answer by the end of the text, whatever tokens it was read in, and goes on
//! from there; also where a mask forced something else.

use regex::bytes::Regex;

use super::super::ModelError;

/// After a prompt, what the model would like to write.
#[derive(Debug, Clone)]
pub struct Rule {
    prompt: Prompt,
    answer: Vec<u8>,
}

/// What a text has to end with.
#[derive(Debug, Clone)]
enum Prompt {
    Text(Vec<u8>),
    /// Matches at the end of a text only.
    Regex(Regex),
}

impl Rule {
    /// After a text that ends with `prompt`, `answer`; then the model ends its turn. An empty prompt fits
    /// everywhere, when no other does.
    pub fn new(prompt: impl Into<String>, answer: impl Into<String>) -> Rule {
        Rule { prompt: Prompt::Text(prompt.into().into_bytes()), answer: answer.into().into_bytes() }
    }

    /// After a text that ends with a match of a regex, `answer`.
    ///
    /// # Errors
    /// The regex is not valid.
    pub fn regex(pattern: &str, answer: impl Into<String>) -> Result<Rule, ModelError> {
        let invalid = |error: regex::Error| ModelError::Rule {
            pattern: pattern.to_owned(),
            reason: error.to_string().lines().last().unwrap_or_default().to_owned(),
        };
        Regex::new(pattern).map_err(invalid)?;
        // A line break ends a comment of the flag `x`, where the plain form cannot be parsed.
        let at_end = Regex::new(&format!(r"(?:{pattern})\z"));
        let regex = at_end.or_else(|_| Regex::new(&format!("(?:{pattern}\n)\\z"))).map_err(invalid)?;
        Ok(Rule { prompt: Prompt::Regex(regex), answer: answer.into().into_bytes() })
    }

    /// Bytes of the prompt, if a text ends with it.
    fn matched(&self, text: &[u8]) -> Option<usize> {
        match &self.prompt {
            Prompt::Text(prompt) => text.ends_with(prompt).then_some(prompt.len()),
            Prompt::Regex(regex) => regex.find(text).map(|found| found.len()),
        }
    }

    /// The text ends with the prompt and a beginning of the answer: how many bytes of both, and the rest.
    fn spelled(&self, text: &[u8]) -> Option<(usize, &[u8])> {
        (0..=self.answer.len().min(text.len())).rev().find_map(|written| {
            let before = text.strip_suffix(&self.answer[..written])?;
            Some((self.matched(before)? + written, &self.answer[written..]))
        })
    }

    /// The text has the prompt and then something else than the answer, not longer than it.
    fn deviated(&self, text: &[u8]) -> Option<&[u8]> {
        let ends = (0..=self.answer.len().min(text.len())).map(|written| text.len() - written);
        let end = ends.into_iter().find(|&end| self.matched(&text[..end]).is_some())?;
        self.answer.get(text.len() - end..)
    }
}

/// The rules of a model; of those that fit equally well the first counts.
#[derive(Debug)]
pub(super) struct Rules(Vec<Rule>);

/// What a model has read and written.
pub(super) struct Reading {
    pub(super) text: Vec<u8>,
    /// Where in it the generation begins.
    pub(super) begin: usize,
}

impl Reading {
    /// The text without its last bytes, if these were generated.
    fn without(&self, behind: usize) -> Option<&[u8]> {
        let end = self.text.len().checked_sub(behind).filter(|end| *end >= self.begin)?;
        self.text.get(..end)
    }
}

impl Rules {
    pub(super) fn new(rules: Vec<Rule>) -> Rules {
        Rules(rules)
    }

    /// What comes after a text, of which there may be several readings; nothing means the end of the turn. Of
    /// rules that fit equally well the first counts. `None` if no rule fits.
    pub(super) fn wish(&self, readings: &[Reading]) -> Option<Vec<u8>> {
        self.rule(readings.iter().map(|reading| reading.text.as_slice())).map(|(_, rest)| rest.to_vec())
    }

    /// The answer that the generation began with, where no rule fits any more.
    pub(super) fn used_up(&self, readings: &[Reading]) -> Option<&[u8]> {
        let longest = readings.iter().map(|reading| reading.text.len() - reading.begin).max()?;
        (1..=longest).find_map(|behind| {
            let texts: Vec<&[u8]> = readings.iter().filter_map(|reading| reading.without(behind)).collect();
            let (rule, _) = self.rule(texts.iter().copied())?;
            Some(rule.answer.as_slice())
        })
    }

    /// The rule that fits a text best, and what is left of its answer.
    fn rule<'r, 't>(
        &'r self,
        readings: impl Iterator<Item = &'t [u8]> + Clone,
    ) -> Option<(&'r Rule, &'r [u8])> {
        let pairs = || readings.clone().flat_map(|text| self.0.iter().map(move |rule| (rule, text)));
        let mut best: Option<(usize, &Rule, &[u8])> = None;
        for (rule, text) in pairs() {
            if let Some((matched, rest)) = rule.spelled(text)
                && best.is_none_or(|(other, ..)| matched > other)
            {
                best = Some((matched, rule, rest));
            }
        }
        match best {
            Some((_, rule, rest)) => Some((rule, rest)),
            None => pairs().find_map(|(rule, text)| Some((rule, rule.deviated(text)?))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rules(rules: &[(&str, &str)]) -> Rules {
        Rules::new(rules.iter().map(|(prompt, answer)| Rule::new(*prompt, *answer)).collect())
    }

    fn reading(text: &str, begin: usize) -> [Reading; 1] {
        [Reading { text: text.as_bytes().to_vec(), begin }]
    }

    fn wish_of(rules: &Rules, text: &str) -> Option<String> {
        rules.wish(&reading(text, text.len())).map(|rest| String::from_utf8(rest).unwrap())
    }

    #[test]
    fn a_rule_goes_on_from_what_was_read() {
        let rules = rules(&[("A: ", "Yes, sir")]);
        assert_eq!(wish_of(&rules, "Q? A: ").as_deref(), Some("Yes, sir"));
        assert_eq!(wish_of(&rules, "Q? A: Yes").as_deref(), Some(", sir"));
        assert_eq!(wish_of(&rules, "Q? A: Yes, sir").as_deref(), Some(""));
        assert_eq!(wish_of(&rules, "Q? A:"), None);
        assert_eq!(wish_of(&rules, "Q? A: No").as_deref(), Some("s, sir"));
        assert_eq!(wish_of(&rules, "nothing like it"), None);
    }

    #[test]
    fn the_longest_match_wins_and_then_the_first_rule() {
        let rules = rules(&[("b", "1"), ("ab", "2"), ("ab", "3"), ("", "0")]);
        assert_eq!(wish_of(&rules, "ab").as_deref(), Some("2"));
        assert_eq!(wish_of(&rules, "xb").as_deref(), Some("1"));
        assert_eq!(wish_of(&rules, "zz").as_deref(), Some("0"));
    }

    #[test]
    fn regexes_match_at_the_end() {
        let rules = Rules::new(vec![
            Rule::regex(r"(?s)Why\b.*A: ", "Because").unwrap(),
            Rule::regex("[0-9]+ apples?", ".").unwrap(),
            Rule::regex("(?x) x y # and so on", "z").unwrap(),
            Rule::new("apples", "!"),
        ]);
        assert_eq!(wish_of(&rules, "Why?\nA: ").as_deref(), Some("Because"));
        assert_eq!(wish_of(&rules, "Why?\nA: Bec").as_deref(), Some("ause"));
        assert_eq!(wish_of(&rules, "Why?\nA: Xec").as_deref(), Some("ause"));
        assert_eq!(wish_of(&rules, "12 apples").as_deref(), Some("."));
        assert_eq!(wish_of(&rules, "no apples").as_deref(), Some("!"));
        assert_eq!(wish_of(&rules, "xy").as_deref(), Some("z"));
        assert_eq!(wish_of(&rules, "Why?\nA:"), None);
        assert!(matches!(Rule::regex("(", ""), Err(ModelError::Rule { .. })));
    }
    #[test]
    fn a_used_up_answer_is_known() {
        let rules = rules(&[("A:", "No"), ("B:", "Yes")]);
        let used_up = |text: &str, begin: usize| rules.used_up(&reading(text, begin));
        assert_eq!(used_up("B: A:Nope", 5), Some(&b"No"[..]));
        assert_eq!(used_up("B: A:Nope", 9), None);
        assert_eq!(used_up("C:Nope", 2), None);
        assert_eq!(used_up("C:Nope A:never", 2), Some(&b"No"[..]));
    }
}
