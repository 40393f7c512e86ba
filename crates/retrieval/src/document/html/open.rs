//! The elements that are open at a place of a page, as browsers keep them.

use std::collections::HashMap;

use super::elements::{Barrier, ended_by_start, ends_paragraph, is_foreign, is_preformatted, level};

/// Elements that may be open at once, as many as in Chrome; one more is beside the innermost instead of in it.
const DEPTH: usize = 512;

/// The elements that are open. No tag looks through them all: a page may have many of both.
#[derive(Default)]
pub(super) struct Open {
    /// The innermost last.
    elements: Vec<Element>,
    /// Where those of a name are.
    places: HashMap<Vec<u8>, Vec<usize>>,
}

struct Element {
    name: Vec<u8>,
    is_unread: bool,
    within: Within,
    /// Where the innermost barrier of each kind is, of this element and those around it.
    barriers: [Option<usize>; Barrier::ALL.len()],
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
        self.elements.last().map(|element| element.within).unwrap_or_default()
    }

    /// Whether an element of this name is open.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.innermost(name).is_some()
    }

    /// Whether a title is open; no element stands in one.
    pub(super) fn is_title(&self) -> bool {
        self.elements.last().is_some_and(|element| element.name == b"title")
    }

    /// Ends what ends where an element begins; gives what was ended of what is read.
    pub(super) fn before(&mut self, name: &[u8]) -> Vec<Vec<u8>> {
        let mut ended = Vec::new();
        if ends_paragraph(name) {
            ended.extend(self.end(b"p"));
        }
        if let Some((names, within)) = ended_by_start(name) {
            let innermost = |names: &[&[u8]]| names.iter().filter_map(|name| self.innermost(name)).max();
            let found = innermost(names).filter(|at| Some(*at) > innermost(within));
            ended.extend(self.end_from(found));
        }
        let is_heading = level(name).is_some() && self.elements.last().is_some_and(|open| level(&open.name).is_some());
        if is_heading || self.elements.len() == DEPTH {
            ended.extend(self.end_from(self.elements.len().checked_sub(1)));
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
        let at = self.elements.len();
        let outer = self.elements.last().map(|element| element.barriers).unwrap_or_default();
        let barriers = Barrier::ALL.map(|kind| if kind.has(name) { Some(at) } else { outer[kind as usize] });
        self.elements.push(Element { name: name.to_vec(), is_unread, within, barriers });
        self.places.entry(of_end(name).to_vec()).or_default().push(at);
    }

    /// Ends the element of an end tag and all in it; gives what was ended of what is read.
    pub(super) fn end(&mut self, name: &[u8]) -> Vec<Vec<u8>> {
        let Some(found) = self.innermost(name) else { return Vec::new() };
        let barrier = Barrier::of(name).and_then(|kind| self.elements.last()?.barriers[kind as usize]);
        self.end_from(Some(found).filter(|at| Some(*at) >= barrier))
    }

    /// Where the innermost element is that an end tag of this name ends.
    fn innermost(&self, name: &[u8]) -> Option<usize> {
        self.places.get(of_end(name))?.last().copied()
    }

    /// Ends an element and all in it.
    fn end_from(&mut self, at: Option<usize>) -> Vec<Vec<u8>> {
        let ended = at.map(|at| self.elements.split_off(at)).unwrap_or_default();
        for element in &ended {
            self.places.get_mut(of_end(&element.name)).and_then(Vec::pop);
        }
        ended.into_iter().take_while(|element| !element.is_unread).map(|element| element.name).collect()
    }
}

/// The name that stands for all whose end tags are each other's: any heading's tag ends a heading.
fn of_end(name: &[u8]) -> &[u8] {
    if level(name).is_some() { b"h1" } else { name }
}
