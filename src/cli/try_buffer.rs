//! Text that a `try` may still undo, when nobody is watching it arrive: it is held back until it is certain.

/// A text, and whether a model wrote it.
pub(super) type Part = (String, bool);

/// The text of a run's main context, as far as it is not certain.
#[derive(Debug, Default)]
pub(super) struct TryBuffer {
    /// Bytes of text that were told and not undone, certain or not.
    told: usize,
    /// `try` blocks that are open.
    tries: usize,
    parts: Vec<Part>,
}

impl TryBuffer {
    /// Takes in text; what of it is certain at once.
    pub(super) fn text(&mut self, text: &str, generated: bool) -> Option<Part> {
        self.told += text.len();
        let part = (text.to_owned(), generated);
        if self.tries == 0 {
            return Some(part);
        }
        self.parts.push(part);
        None
    }

    /// A `try` begins.
    pub(super) fn begin(&mut self) {
        self.tries += 1;
    }

    /// A `try` ends; what is certain now.
    pub(super) fn end(&mut self) -> Vec<Part> {
        self.tries = self.tries.saturating_sub(1);
        if self.tries == 0 { self.release() } else { Vec::new() }
    }

    /// All but the first `kept` bytes are undone, which are whole parts; how many bytes those were.
    pub(super) fn undo(&mut self, kept: usize) -> usize {
        let undone = self.told.saturating_sub(kept);
        self.told -= undone;
        let mut left = undone;
        while left > 0
            && let Some((text, _)) = self.parts.pop()
        {
            left = left.saturating_sub(text.len());
        }
        undone
    }

    /// Everything, certain or not.
    pub(super) fn release(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(parts: Vec<Part>) -> String {
        parts.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn text_waits_for_the_end_of_the_outermost_try() {
        let mut buffer = TryBuffer::default();
        assert_eq!(buffer.text("a", false), Some(("a".to_owned(), false)));
        buffer.begin();
        assert_eq!(buffer.text("b", true), None);
        buffer.begin();
        assert_eq!(buffer.text("cd", true), None);
        assert_eq!(buffer.undo(2), 2);
        assert!(buffer.end().is_empty());
        assert_eq!(buffer.text("e", false), None);
        assert_eq!(spelled(buffer.end()), "be");
        assert!(buffer.text("f", false).is_some());
    }

    #[test]
    fn a_run_that_ends_within_a_try_shows_what_there_was() {
        let mut buffer = TryBuffer::default();
        buffer.begin();
        assert_eq!(buffer.text("a", false), None);
        assert_eq!(spelled(buffer.release()), "a");
    }
}
