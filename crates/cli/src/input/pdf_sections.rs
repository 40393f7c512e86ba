//! The sections of a PDF file's pages, by its outline.

use embedkit::colpali::PdfHeading;
use embedkit::retrieval::document::Section;

/// The headings of a file, and those of them under which the page stands that was asked for last.
pub(super) struct Headings {
    /// In the order of their pages.
    headings: std::iter::Peekable<std::vec::IntoIter<PdfHeading>>,
    open: Vec<PdfHeading>,
}

impl Headings {
    pub(super) fn new(mut headings: Vec<PdfHeading>) -> Self {
        headings.sort_by_key(|heading| heading.page);
        Self { headings: headings.into_iter().peekable(), open: Vec::new() }
    }

    /// The sections of a page's text: the one that goes on from the page before, and those whose headings lead to this one.
    /// Pages are asked for in turn.
    pub(super) fn of_page(&mut self, number: usize, text: &str) -> Vec<Section> {
        let (mut sections, mut start) = (Vec::new(), 0);
        let anchor = format!("page={number}");
        while let Some(heading) = self.headings.next_if(|heading| heading.page < number) {
            self.open(heading);
        }
        if !self.open.is_empty() {
            sections.push(Section::new(start, self.path(), &anchor));
        }
        while let Some(heading) = self.headings.next_if(|heading| heading.page == number) {
            // One that does not stand on the page as it is called begins where the one before does.
            start = place(&text[start..], &heading.title).map_or(start, |at| start + at);
            self.open(heading);
            sections.push(Section::new(start, self.path(), &anchor));
        }
        sections
    }

    fn open(&mut self, heading: PdfHeading) {
        self.open.retain(|other| other.level < heading.level);
        self.open.push(heading);
    }

    fn path(&self) -> String {
        self.open.iter().map(|heading| heading.title.as_str()).collect::<Vec<_>>().join(" › ")
    }
}

/// Where a line begins that is a title, or a title behind its number; titles may go on over several lines.
fn place(text: &str, title: &str) -> Option<usize> {
    let begins = |mut words: std::str::SplitWhitespace<'_>| {
        title
            .split_whitespace()
            .all(|word| words.next().is_some_and(|other| other.to_lowercase() == word.to_lowercase()))
    };
    let is_title = |at: &usize| {
        let mut words = text[*at..].split_whitespace();
        let all = words.clone();
        begins(all) || (words.next().is_some_and(|first| first.contains(|c: char| c.is_ascii_digit())) && begins(words))
    };
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).find(is_title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_found_at_the_beginning_of_lines() {
        let text = "About bread\n2.1 BREAD and\nbutter\n\nBread is old.";
        assert_eq!(place(text, "Bread and butter"), Some(12));
        assert_eq!(place(text, "About"), Some(0));
        assert_eq!(place(text, "2.1 Bread"), Some(12));
        assert_eq!(place(text, "is old."), None, "what is before it is no number");
        assert_eq!(place(text, "milk"), None);
    }
}
