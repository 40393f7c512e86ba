//! The elements that are open at a place of a page, as browsers keep them.

use super::elements::{ended_by_start, ends_paragraph, is_foreign, is_preformatted, level, stops};

/// Elements that may be open at once, as many as in Chrome; one more is beside the innermost instead of in it.
const DEPTH: usize = 512;

/// The elements that are open, the innermost last.
#[derive(Default)]
pub(super) struct Open(Vec<Element>);

struct Element {
    name: Vec<u8>,
    is_unread: bool,
    within: Within,
}

/// What an element and those around it say of what stands in it.
#[derive(Clone, Copy, Default)]
pub(super) struct Within {
    /// It is not read.
    pub(super) unread: bool,
    /// Blanks and ends of lines count.
    pub(super) preformatted: bool,
    /// It is of another language than HTML.
    pub(super) foreign: bool,
}

impl Open {
    /// What the open elements say of what stands here.
    pub(super) fn within(&self) -> Within {
        self.0.last().map(|element| element.within).unwrap_or_default()
    }

    /// Whether an element of this name is open.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.0.iter().any(|element| element.name == name)
    }

    /// Whether a title is open; no element stands in one.
    pub(super) fn is_title(&self) -> bool {
        self.0.last().is_some_and(|element| element.name == b"title")
    }

    /// Ends what ends where an element begins; gives what was ended of what is read.
    pub(super) fn before(&mut self, name: &[u8]) -> Vec<Vec<u8>> {
        let mut ended = Vec::new();
        if ends_paragraph(name) {
            ended.extend(self.end_nearest(|open| open == b"p", |open| stops(b"p", open)));
        }
        if let Some((names, within)) = ended_by_start(name) {
            ended.extend(self.end_nearest(|open| names.contains(&open), |open| within.contains(&open)));
        }
        let is_heading = level(name).is_some() && self.0.last().is_some_and(|open| level(&open.name).is_some());
        if is_heading || self.0.len() == DEPTH {
            ended.extend(self.end_from(self.0.len() - 1));
        }
        ended
    }

    /// Begins an element.
    pub(super) fn begin(&mut self, name: &[u8], is_unread: bool) {
        let around = self.within();
        let within = Within {
            unread: around.unread || is_unread,
            preformatted: around.preformatted || is_preformatted(name),
            foreign: around.foreign || is_foreign(name),
        };
        self.0.push(Element { name: name.to_vec(), is_unread, within });
    }

    /// Ends the element of an end tag and all in it; gives what was ended of what is read.
    pub(super) fn end(&mut self, name: &[u8]) -> Vec<Vec<u8>> {
        // Any heading's tag ends a heading.
        let is_it = |open: &[u8]| open == name || (level(open).is_some() && level(name).is_some());
        self.end_nearest(is_it, |open| stops(name, open))
    }

    /// Ends the innermost element that is meant and all in it, if no other stops the search.
    fn end_nearest(&mut self, is_it: impl Fn(&[u8]) -> bool, stops: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
        let found = self.0.iter().rposition(|open| is_it(&open.name) || stops(&open.name));
        found.filter(|at| is_it(&self.0[*at].name)).map(|at| self.end_from(at)).unwrap_or_default()
    }

    fn end_from(&mut self, at: usize) -> Vec<Vec<u8>> {
        self.0.drain(at..).take_while(|element| !element.is_unread).map(|element| element.name).collect()
    }
}
