//! Stops that do nothing, or too much.

use agentc_constraint::Pattern;
use agentc_constraint::spec::Stop;

use super::constraint::{Constraints, Finding, Known};

impl Constraints<'_> {
    /// What is wrong with the stops of a type that has values. A stop that can only follow a complete value
    /// is of use: it says what ended it.
    pub(super) fn stops(&mut self, known: &Known, pattern: &Pattern) -> Option<Finding> {
        if known.stops().is_empty() {
            return None;
        }
        if let Some((at, stop, shorter)) = shadowed(known.stops()) {
            let message = format!("the stop {stop:?} never takes effect: {shorter:?} ends the text first");
            let origin = known.origins.get(at).copied().unwrap_or(at);
            return Some(Finding::new("W0302", message, &format!("leave out {stop:?}")).of_stop(origin));
        }
        let value = self.build(&known.value(), &known.bindings).ok()?;
        let stops = quoted_stops(known.stops());
        let fuel = self.limits.question;
        if pattern.has_text(fuel) == Some(false) && value.has_text(fuel) == Some(true) {
            let message = format!("this is always empty: {stops} ends every value where it begins");
            return Some(Finding::new("W0301", message, "use a stop that no value begins with").of_stops());
        }
        let absent = |stop: &Stop| value.can_contain(stop, fuel) == Some(false);
        if value.ends_by_itself(fuel) == Some(true) && known.stops().iter().all(absent) {
            let message = format!("{stops} has no effect: the value ends by itself wherever it is complete");
            return Some(Finding::new("W0302", message, "leave the stop out").of_stops());
        }
        None
    }
}

/// A stop with its number, and another one that ends the text before it can be complete: inside it, or
/// equal to it.
fn shadowed(stops: &[Stop]) -> Option<(usize, &str, &str)> {
    let texts = stops.iter().enumerate().filter_map(|(number, stop)| match stop {
        Stop::Text { text } if !text.is_empty() => Some((number, text.as_str())),
        _ => None,
    });
    let (numbers, texts): (Vec<usize>, Vec<&str>) = texts.unzip();
    for (at, (number, stop)) in numbers.into_iter().zip(&texts).enumerate() {
        let mut ends = stop.char_indices();
        let inside = ends.next_back().map_or("", |(last, _)| &stop[..last]);
        let earlier = texts[..at].iter().find(|other| *other == stop);
        if let Some(other) = texts.iter().find(|other| inside.contains(**other)).or(earlier) {
            return Some((number, stop, other));
        }
    }
    None
}

/// Whether all stops are texts.
pub(super) fn are_texts(stops: &[Stop]) -> bool {
    stops.iter().all(|stop| matches!(stop, Stop::Text { .. }))
}

/// Whether a stop that is a text occurs in a text.
pub(super) fn contains_stop(text: &str, stop: &Stop) -> bool {
    matches!(stop, Stop::Text { text: stop } if !stop.is_empty() && text.contains(stop))
}

/// Stops as messages name them.
pub(super) fn quoted_stops(stops: &[Stop]) -> String {
    let one = |stop: &Stop| match stop {
        Stop::Text { text } => format!("{text:?}"),
        Stop::Regex { pattern } => format!("`/{pattern}/`"),
        Stop::Hole { .. } => "…".to_owned(),
    };
    let list: Vec<String> = stops.iter().map(one).collect();
    match list.as_slice() {
        [only] => format!("the stop {only}"),
        _ => format!("one of the stops {}", list.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(texts: &[&str]) -> Vec<Stop> {
        texts.iter().map(|text| Stop::Text { text: (*text).to_owned() }).collect()
    }

    #[test]
    fn a_stop_within_another_ends_first_unless_they_end_together() {
        assert_eq!(shadowed(&stops(&["\n\n", "\n"])), Some((0, "\n\n", "\n")));
        assert_eq!(shadowed(&stops(&["a", "b", "a"])), Some((2, "a", "a")));
        assert_eq!(shadowed(&stops(&["xay", "a"])), Some((0, "xay", "a")));
        // Of two that end at once the one that began first counts.
        assert_eq!(shadowed(&stops(&["END.", "."])), None);
        assert_eq!(shadowed(&stops(&["é", "aé"])), None);
    }
}
