//! Where a text's bytes are in its file.

use std::ops::Range;

/// Runs of a text and of the file that they were made of; without any, the text is the file's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap(Vec<Run>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    text: Range<usize>,
    file: Range<usize>,
}

impl SourceMap {
    /// Adds a run behind the ones before.
    pub(super) fn push(&mut self, text: Range<usize>, file: Range<usize>) {
        self.0.push(Run { text, file });
    }

    /// The bytes of the file that a range of the text was made of. Inside a run whose characters were written otherwise
    /// in the file, such as `&amp;`, the whole run stands for its part.
    pub fn place(&self, range: Range<usize>) -> Range<usize> {
        if self.0.is_empty() {
            return range;
        }
        let first = self.0.partition_point(|run| run.text.end <= range.start);
        let after = self.0.partition_point(|run| run.text.start < range.end);
        let (Some(first), Some(last)) = (self.0.get(first), after.checked_sub(1).and_then(|at| self.0.get(at))) else {
            let end = self.0.last().map_or(0, |run| run.file.end);
            return end..end;
        };
        let start = match first.is_literal() && range.start >= first.text.start {
            true => first.file.start + (range.start - first.text.start),
            false => first.file.start,
        };
        let end = match last.is_literal() && range.end <= last.text.end {
            true => last.file.start + (range.end - last.text.start),
            false => last.file.end,
        };
        start..end.max(start)
    }
}

impl Run {
    fn is_literal(&self) -> bool {
        self.text.len() == self.file.len()
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
}
