//! Headings as they come, to the sections that they open.

use std::collections::HashMap;

use super::Section;
use crate::record::BETWEEN;

/// How headings are linked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Anchors {
    /// As on GitHub, and by most that render Markdown.
    #[default]
    Markdown,
    /// As docutils makes ids.
    Docutils,
    /// By what the page itself says.
    Own,
}

/// Headings as they come, to the sections that they open.
#[derive(Debug, Default)]
pub(super) struct Outline {
    anchors: Anchors,
    open: Vec<(usize, String)>,
    sections: Vec<Section>,
    used: HashMap<String, usize>,
}

impl Outline {
    pub(super) fn new(anchors: Anchors) -> Self {
        Self { anchors, ..Self::default() }
    }

    /// A heading of a level, 1 the highest, at a byte of the text.
    pub(super) fn heading(&mut self, level: usize, text: &str, start: usize) {
        let anchor = self.anchor(text);
        self.heading_at(level, text, start, anchor);
    }

    /// The anchor of the next heading, which is of this text.
    pub(super) fn anchor(&mut self, text: &str) -> String {
        match self.anchors {
            Anchors::Markdown => self.unused(markdown(text)),
            Anchors::Docutils => self.unused(docutils(text)),
            Anchors::Own => String::new(),
        }
    }

    /// A heading that says what it is linked to by.
    pub(super) fn heading_at(&mut self, level: usize, text: &str, start: usize, anchor: String) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return;
        }
        self.open.retain(|(other, _)| *other < level);
        self.open.push((level, text));
        let path = self.open.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(BETWEEN);
        self.sections.push(Section { start, path, anchor });
    }

    pub(super) fn into_sections(self) -> Vec<Section> {
        self.sections
    }

    /// The anchor, with a number where a heading before has it.
    fn unused(&mut self, anchor: String) -> String {
        let count = self.used.entry(anchor.clone()).or_insert(0);
        *count += 1;
        match *count {
            1 => anchor,
            many => format!("{anchor}-{}", many - 1),
        }
    }
}

/// In lower case, without punctuation, `-` for blanks.
fn markdown(text: &str) -> String {
    let kept = text.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// In lower case, `-` for all that is neither letter nor digit.
fn docutils(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_that_renderers_make() {
        let anchors = |anchors: Anchors| {
            let mut outline = Outline::new(anchors);
            for text in ["What's new, in 2.0?", "API_v1 - Größe", "Again", "Again"] {
                outline.heading(1, text, 0);
            }
            outline.into_sections().into_iter().map(|section| section.anchor).collect::<Vec<_>>()
        };
        assert_eq!(anchors(Anchors::Markdown), ["whats-new-in-20", "api_v1---größe", "again", "again-1"]);
        assert_eq!(anchors(Anchors::Docutils), ["what-s-new-in-2-0", "api-v1-gr-e", "again", "again-1"]);
        assert_eq!(anchors(Anchors::Own), [""; 4]);
    }
}
