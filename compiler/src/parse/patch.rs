//! A text that is partly the source and partly what should replace it, and the mapping back: every place in
//! it has a place in the file.

use std::ops::Range;

use crate::lex::Mend;

/// A text and where its parts come from.
#[derive(Debug, Default)]
pub(super) struct Patched {
    pub(super) text: String,
    pub(super) places: Places,
}

/// Where the parts of a text come from, in order.
#[derive(Debug, Default)]
pub(super) struct Places {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// Where it ends in the text.
    end: usize,
    /// What it stands for in the file.
    place: Range<usize>,
    /// Whether it is just that.
    copied: bool,
}

impl Places {
    /// A text that is a part of the file as it is.
    pub(super) fn plain(place: Range<usize>) -> Places {
        Places { parts: vec![Part { end: place.len(), place, copied: true }] }
    }

    /// The place in the file where a construct begins that begins at this offset of the text.
    pub(super) fn start(&self, offset: usize) -> usize {
        let at = self.parts.partition_point(|part| part.end <= offset);
        self.within(at, offset, |place| place.start)
    }

    /// The place in the file where a construct ends that ends at this offset of the text.
    pub(super) fn end(&self, offset: usize) -> usize {
        let at = self.parts.partition_point(|part| part.end < offset);
        self.within(at, offset, |place| place.end)
    }

    fn within(&self, at: usize, offset: usize, replaced: impl Fn(&Range<usize>) -> usize) -> usize {
        let Some(part) = self.parts.get(at) else { return self.parts.last().map_or(0, |p| p.place.end) };
        let begin = at.checked_sub(1).and_then(|at| self.parts.get(at)).map_or(0, |before| before.end);
        match part.copied {
            true => part.place.start + offset.saturating_sub(begin).min(part.place.len()),
            false => replaced(&part.place),
        }
    }
}

impl Patched {
    /// Adds a part of the source.
    pub(super) fn copy(&mut self, source: &str, place: Range<usize>) {
        let Some(text) = source.get(place.clone()) else { return };
        if !text.is_empty() {
            self.text.push_str(text);
            self.places.parts.push(Part { end: self.text.len(), place, copied: true });
        }
    }

    /// Adds a text that stands for a place in the file.
    pub(super) fn write(&mut self, text: &str, place: Range<usize>) {
        if !text.is_empty() {
            self.text.push_str(text);
            self.places.parts.push(Part { end: self.text.len(), place, copied: false });
        }
    }

    /// Adds a part of the source with its mends.
    pub(super) fn copy_mended(&mut self, source: &str, place: Range<usize>, mends: &[Mend]) {
        let mut from = place.start;
        let first = mends.partition_point(|mend| mend.place.end < place.start);
        for mend in mends[first..].iter().take_while(|mend| mend.place.start <= place.end) {
            if mend.place.start < from || mend.place.end > place.end {
                continue;
            }
            self.copy(source, from..mend.place.start);
            self.write(&mend.text, mend.place.clone());
            from = mend.place.end;
        }
        self.copy(source, from..place.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_a_place_in_the_file() {
        let source = "let a = 1;\nlet b = a && 2";
        let mends = [Mend::new(9..10, ""), Mend::new(21..23, "and")];
        let mut patched = Patched::default();
        patched.copy_mended(source, 4..source.len(), &mends);
        assert_eq!(patched.text, "a = 1\nlet b = a and 2");
        let places = &patched.places;
        assert_eq!((places.start(0), places.end(1)), (4, 5));
        assert_eq!((places.start(5), places.end(5)), (10, 9));
        assert_eq!((places.start(16), places.end(19)), (21, 23));
        assert_eq!((places.start(20), places.end(21)), (24, 25));
        assert_eq!((places.start(99), places.end(99)), (25, 25));
    }
}
