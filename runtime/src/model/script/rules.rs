//! What a scripted model would like to write, from what it has read.
//!
//! A rule finds its place in its answer by the end of the text, whatever tokens it was read in, and goes on
//! from there; also where a mask forced something else, and where healing took back the end of the prompt. Of
//! a literal prompt the end is known; of a regex it is whatever makes the text match.

use regex::bytes::Regex;

use super::super::ModelError;

/// How much of the end of a prompt healing may have taken back, in bytes.
const HEALED: usize = 16;

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

    /// The text ends with the prompt but for its last bytes, which healing took back: how many bytes, and what
    /// is to come.
    fn cut(&self, text: &[u8]) -> Option<(usize, Vec<u8>)> {
        let Prompt::Text(prompt) = &self.prompt else { return None };
        let least = prompt.len().saturating_sub(HEALED).max(1);
        let there = (least..prompt.len()).rev().find(|&there| text.ends_with(&prompt[..there]))?;
        Some((there, [&prompt[there..], &self.answer].concat()))
    }

    /// The text has the prompt and then something else than the answer, not longer than it.
    fn deviated(&self, text: &[u8]) -> Option<&[u8]> {
        let ends = (0..=self.answer.len().min(text.len())).map(|written| text.len() - written);
        let end = ends.into_iter().find(|&end| self.matched(&text[..end]).is_some())?;
        self.answer.get(text.len() - end..)
    }

    /// Whether a token brings back the end of the prompt, and nothing behind it but the answer.
    fn heals(&self, text: &[u8], token: &[u8]) -> bool {
        let whole = [text, token].concat();
        (1..=token.len().min(HEALED)).any(|end| {
            self.answer.starts_with(&token[end..]) && self.matched(&whole[..text.len() + end]).is_some()
        })
    }
}

/// What a model would like to write next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// This; nothing means the end of the turn.
    Text(Vec<u8>),
    /// What brings back the end of a prompt that a regex describes; if nothing can, this.
    Healed(Option<Vec<u8>>),
    /// No rule fits.
    None,
}

/// The rules of a model; of those that fit equally well the first counts.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// Whether some prompt is a regex.
    regexes: bool,
}

impl Rules {
    pub(super) fn new(rules: Vec<Rule>) -> Rules {
        let regexes = rules.iter().any(|rule| matches!(rule.prompt, Prompt::Regex(_)));
        Rules { rules, regexes }
    }

    /// What comes after a text, of which there may be several readings: of those that fit equally well the
    /// first counts.
    pub(super) fn wish(&self, readings: &[&[u8]]) -> Wish {
        let pairs = || readings.iter().flat_map(|text| self.rules.iter().map(move |rule| (rule, text)));
        let mut best: Option<(usize, Vec<u8>)> = None;
        for (rule, text) in pairs() {
            let spelled = rule.spelled(text).map(|(matched, rest)| (matched, rest.to_vec()));
            if let Some((matched, rest)) = spelled.or_else(|| rule.cut(text))
                && best.as_ref().is_none_or(|(other, _)| matched > *other)
            {
                best = Some((matched, rest));
            }
        }
        match best {
            Some((matched, rest)) if matched > 0 || !self.regexes => Wish::Text(rest),
            Some((_, rest)) => Wish::Healed(Some(rest)),
            None => match pairs().find_map(|(rule, text)| rule.deviated(text)) {
                Some(rest) => Wish::Text(rest.to_vec()),
                None if self.regexes => Wish::Healed(None),
                None => Wish::None,
            },
        }
    }

    /// Whether a token brings back the end of a prompt that a regex describes.
    pub(super) fn heals(&self, readings: &[&[u8]], token: &[u8]) -> bool {
        let mut regexes = self.rules.iter().filter(|rule| matches!(rule.prompt, Prompt::Regex(_)));
        regexes.any(|rule| readings.iter().any(|text| rule.heals(text, token)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rules(rules: &[(&str, &str)]) -> Rules {
        Rules::new(rules.iter().map(|(prompt, answer)| Rule::new(*prompt, *answer)).collect())
    }

    fn wish_of(rules: &Rules, text: &str) -> Option<String> {
        match rules.wish(&[text.as_bytes()]) {
            Wish::Text(rest) | Wish::Healed(Some(rest)) => Some(String::from_utf8(rest).unwrap()),
            Wish::Healed(None) | Wish::None => None,
        }
    }

    #[test]
    fn a_rule_goes_on_from_what_was_read() {
        let rules = rules(&[("A: ", "Yes, sir")]);
        assert_eq!(wish_of(&rules, "Q? A: ").as_deref(), Some("Yes, sir"));
        assert_eq!(wish_of(&rules, "Q? A: Yes").as_deref(), Some(", sir"));
        assert_eq!(wish_of(&rules, "Q? A: Yes, sir").as_deref(), Some(""));
        assert_eq!(wish_of(&rules, "Q? A:").as_deref(), Some(" Yes, sir"));
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
        let text = |text: &'static str| [text.as_bytes()];
        assert_eq!(rules.wish(&text("Why?\nA:")), Wish::Healed(None));
        assert!(rules.heals(&text("Why?\nA:"), b" Be") && rules.heals(&text("Why?\nA:"), b" "));
        assert!(!rules.heals(&text("Why?\nA:"), b" No") && !rules.heals(&text("Who?\nA:"), b" "));
        assert!(matches!(Rule::regex("(", ""), Err(ModelError::Rule { .. })));
    }
}
