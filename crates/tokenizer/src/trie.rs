//! Keys in a double array (J. Aoe, "An Efficient Digital Search Algorithm by Using a Double-Array
//! Structure", 1989): the longest key that a text starts with, at one look into memory a byte.

use std::collections::VecDeque;
use std::ops::Range;

/// An empty slot's parent, and the id of a node that no key ends at.
const NONE: u32 = u32::MAX;
/// Slots below this one stay empty, so that a node without children, whose base is 0, has none.
const FIRST: usize = 256;
/// Most bytes of all keys together: slots must be `u32`.
const MOST_BYTES: usize = 1 << 28;

/// How many of the last slots are looked through for free ones.
const SEARCHED: usize = 1 << 14;

/// A map from byte strings to ids.
#[derive(Debug)]
pub(crate) struct Trie(Vec<Node>);

/// A node's place in the array. Its child along a byte is at `base` plus the byte, if that slot says
/// that this node is its parent.
#[derive(Clone, Copy, Debug)]
struct Node {
    base: u32,
    parent: u32,
    id: u32,
}

impl Node {
    const EMPTY: Self = Self { base: 0, parent: NONE, id: NONE };
}

/// A node, reached by some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position(u32);

impl Trie {
    /// Before the first byte.
    pub(crate) const ROOT: Position = Position(0);

    /// A trie of keys and their ids; none when they are too many. Empty keys are left out.
    pub(crate) fn new(mut keys: Vec<(&[u8], u32)>) -> Option<Self> {
        if keys.iter().map(|(key, _)| key.len()).sum::<usize>() > MOST_BYTES {
            return None;
        }
        keys.retain(|(key, _)| !key.is_empty());
        keys.sort_unstable();
        let mut places = Places { nodes: vec![Node::EMPTY; FIRST], floor: FIRST };
        // Nodes whose children are to be placed: the slot, and the keys that share its bytes.
        let mut open = VecDeque::from([(0, 0, 0..keys.len())]);
        while let Some((slot, depth, range)) = open.pop_front() {
            let children = children(&keys, depth, range);
            let Some((first, _)) = children.first() else { continue };
            let base = places.find(*first, &children);
            places.nodes[slot].base = base as u32;
            for (byte, mut range) in children {
                let child = base + usize::from(byte);
                places.nodes[child].parent = slot as u32;
                let (key, id) = keys[range.start];
                if key.len() == depth + 1 {
                    places.nodes[child].id = id;
                    range.start += 1;
                }
                open.push_back((child, depth + 1, range));
            }
        }
        // A step may look past the last node by any byte.
        places.nodes.resize(places.nodes.len() + FIRST, Node::EMPTY);
        Some(Self(places.nodes))
    }

    /// Where bytes lead; none when no key starts with them.
    pub(crate) fn descend(&self, from: Position, bytes: &[u8]) -> Option<Position> {
        bytes.iter().try_fold(from, |position, byte| self.step(position, *byte))
    }

    /// The node after one more byte.
    #[inline(always)]
    pub(crate) fn step(&self, Position(node): Position, byte: u8) -> Option<Position> {
        let child = self.0[node as usize].base + u32::from(byte);
        (self.0[child as usize].parent == node).then_some(Position(child))
    }

    /// The id of the key that ends here.
    #[inline(always)]
    pub(crate) fn id(&self, Position(node): Position) -> Option<u32> {
        let id = self.0[node as usize].id;
        (id != NONE).then_some(id)
    }

    /// The id of the longest key that bytes start with, from a position on, and how many bytes it has.
    #[inline]
    pub(crate) fn longest(&self, from: Position, bytes: &[u8]) -> Option<(u32, usize)> {
        let mut position = from;
        let mut longest = None;
        for (at, byte) in bytes.iter().enumerate() {
            match self.step(position, *byte) {
                Some(next) => position = next,
                None => break,
            }
            if let Some(id) = self.id(position) {
                longest = Some((id, at + 1));
            }
        }
        longest
    }
}

/// The next bytes of sorted keys that share those before, each with its keys.
fn children(keys: &[(&[u8], u32)], depth: usize, range: Range<usize>) -> Vec<(u8, Range<usize>)> {
    let mut start = range.start;
    let groups = keys[range].chunk_by(|(a, _), (b, _)| a[depth] == b[depth]);
    let group = |group: &[(&[u8], u32)]| {
        let keys = start..start + group.len();
        start = keys.end;
        (group[0].0[depth], keys)
    };
    groups.map(group).collect()
}

/// Slots, while they are given out.
struct Places {
    nodes: Vec<Node>,
    /// Below it hardly any slot is free.
    floor: usize,
}

impl Places {
    /// The first base at which every child has a free slot.
    fn find(&mut self, first: u8, children: &[(u8, Range<usize>)]) -> usize {
        let mut taken = 0;
        let mut slot = self.floor;
        let base = loop {
            if self.nodes.len() < slot + FIRST {
                self.nodes.resize(slot + 2 * FIRST, Node::EMPTY);
            }
            let base = slot - usize::from(first);
            if self.nodes[slot].parent != NONE {
                taken += 1;
            } else if children.iter().all(|(byte, _)| self.nodes[base + usize::from(*byte)].parent == NONE) {
                break base;
            }
            slot += 1;
        };
        if taken * 20 >= (slot - self.floor) * 19 {
            self.floor = slot;
        }
        // Nodes with many children leave gaps that few others fit: without an end to looking, hundreds of thousands of
        // short keys would take minutes.
        self.floor = self.floor.max(self.nodes.len().saturating_sub(SEARCHED));
        base
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_longest_key_is_found(
            keys in prop::collection::btree_map(prop::collection::vec(prop::sample::select(vec![0u8, 1, b'a', 254, 255]), 0..6), 0u32..1000, 0..200),
            texts in prop::collection::vec(prop::collection::vec(prop::sample::select(vec![0u8, 1, 2, b'a', 254, 255]), 0..9), 1..50),
        ) {
            let keys: BTreeMap<Vec<u8>, u32> = keys;
            let trie = Trie::new(keys.iter().map(|(key, id)| (key.as_slice(), *id)).collect()).unwrap();
            for text in texts {
                let longest = (1..=text.len()).rev().find_map(|end| Some((*keys.get(&text[..end])?, end)));
                prop_assert_eq!(trie.longest(Trie::ROOT, &text), longest);
                let (start, rest) = text.split_at(text.len() / 2);
                let position = trie.descend(Trie::ROOT, start);
                prop_assert_eq!(position.is_some(), start.is_empty() || keys.keys().any(|key| key.starts_with(start)));
                let longest = (1..=rest.len()).rev().find_map(|end| Some((*keys.get(&text[..start.len() + end])?, end)));
                prop_assert_eq!(position.and_then(|position| trie.longest(position, rest)), longest);
            }
        }
    }
}
