//! Where a text's bytes are in its file.

use std::ops::Range;

/// Runs of a text and of what they were made of; without any, the text is what it was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap {
    runs: Vec<Run>,
    /// What the text was made of was itself made of a file's bytes.
    beneath: Option<Box<SourceMap>>,
}

/// Characters, one after the other, that each take as many bytes as the next, in the text and in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    text: Range<usize>,
    file: usize,
    /// The bytes of a character in the text and in the file.
    unit: (usize, usize),
}

impl SourceMap {
    /// Adds a run behind the ones before: bytes that are the file's, or characters that were written otherwise in it, such
    /// as `&amp;`, which stand for one another as a whole.
    pub(super) fn push(&mut self, text: Range<usize>, file: Range<usize>) {
        let unit = if text.len() == file.len() { (1, 1) } else { (text.len(), file.len()) };
        self.runs.push(Run { text, file: file.start, unit });
    }

    /// Adds a character behind the text so far.
    pub(super) fn push_char(&mut self, unit: (usize, usize), file: usize) {
        match self.runs.last_mut() {
            Some(run) if run.unit == unit => run.text.end += unit.0,
            last => {
                let start = last.map_or(0, |run| run.text.end);
                self.runs.push(Run { text: start..start + unit.0, file, unit });
            }
        }
    }

    /// This map of a text that was itself made of a file's bytes.
    pub(super) fn over(self, beneath: &Self) -> Self {
        let beneath = Some(beneath).filter(|beneath| !beneath.runs.is_empty());
        Self { beneath: beneath.cloned().map(Box::new), ..self }
    }

    /// The bytes of the file that a range of the text was made of. Inside of characters that were written otherwise in the
    /// file, such as `&amp;`, these stand for their parts.
    pub fn place(&self, range: Range<usize>) -> Range<usize> {
        let place = self.place_here(range);
        match &self.beneath {
            Some(beneath) => beneath.place(place),
            None => place,
        }
    }

    fn place_here(&self, range: Range<usize>) -> Range<usize> {
        if self.runs.is_empty() {
            return range;
        }
        let first = self.runs.partition_point(|run| run.text.end <= range.start);
        let after = self.runs.partition_point(|run| run.text.start < range.end);
        let (Some(first), Some(last)) = (self.runs.get(first), after.checked_sub(1).and_then(|at| self.runs.get(at)))
        else {
            let end = self.runs.last().map_or(0, |run| run.place(run.text.end, usize::div_ceil));
            return end..end;
        };
        let start = first.place(range.start.max(first.text.start), |bytes, unit| bytes / unit);
        let end = last.place(range.end.min(last.text.end), usize::div_ceil);
        start..end.max(start)
    }
}

impl Run {
    /// The byte of the file for one of the text; `rounded` says of how many characters the bytes before it are.
    fn place(&self, byte: usize, rounded: impl Fn(usize, usize) -> usize) -> usize {
        self.file + rounded(byte - self.text.start, self.unit.0.max(1)) * self.unit.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_runs_are_exact_and_others_whole() {
        let mut map = SourceMap::default();
        assert_eq!(map.place(3..5), 3..5);
        map.push(0..5, 10..15);
        map.push(6..9, 20..30);
        assert_eq!(map.place(1..4), 11..14);
        assert_eq!(map.place(2..7), 12..30);
        assert_eq!(map.place(7..8), 20..30);
        assert_eq!(map.place(5..6), 20..20);
        assert_eq!(map.place(20..21), 30..30);
    }

    #[test]
    fn characters_are_placed_one_by_one_and_through_another_map() {
        let mut encoded = SourceMap::default();
        // `aé€b` behind a mark, in units of two bytes.
        for (at, character) in "aé€b".chars().enumerate() {
            encoded.push_char((character.len_utf8(), 2), 2 + 2 * at);
        }
        assert_eq!([0..1, 1..3, 3..6, 6..7, 4..5].map(|range| encoded.place(range)), [2..4, 4..6, 6..8, 8..10, 6..8]);
        assert_eq!(encoded.place(0..7), 2..10);
        let mut map = SourceMap::default();
        map.push(0..3, 3..6);
        assert_eq!(map.over(&encoded).place(0..3), 6..8);
        assert_eq!(SourceMap::default().over(&encoded).place(1..3), 4..6);
    }
}
