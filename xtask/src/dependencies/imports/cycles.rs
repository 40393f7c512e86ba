//! Cycles among nodes that arrows tie.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Arrows, from a node to others.
pub(super) type Graph<'g> = BTreeMap<&'g str, BTreeSet<&'g str>>;

/// The groups of nodes each of which leads to all others of its group: what has no group is on no cycle.
pub(super) fn groups<'g>(graph: &Graph<'g>) -> Vec<BTreeSet<&'g str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = graph.keys().map(|node| (*node, reached(graph, node))).collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|nodes| nodes.contains(to));
    let mut groups: Vec<BTreeSet<&str>> = Vec::new();
    for node in graph.keys().filter(|node| leads(node, node)) {
        if !groups.iter().any(|group| group.contains(node)) {
            groups.push(reached[node].iter().copied().filter(|other| leads(other, node)).collect());
        }
    }
    groups
}

fn reached<'g>(graph: &Graph<'g>, from: &'g str) -> BTreeSet<&'g str> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> = vec![from];
    while let Some(node) = next.pop() {
        next.extend(graph.get(node).into_iter().flatten().filter(|to| found.insert(**to)));
    }
    found
}

/// A shortest cycle within a group: each node leads to the next, and the last to the first.
pub(super) fn shortest<'g>(graph: &Graph<'g>, group: &BTreeSet<&'g str>) -> Vec<&'g str> {
    let cycles = group.iter().filter_map(|node| back_to(graph, node));
    cycles.min_by_key(Vec::len).unwrap_or_default()
}

/// The shortest way from a node back to it.
fn back_to<'g>(graph: &Graph<'g>, start: &'g str) -> Option<Vec<&'g str>> {
    let mut came_from: BTreeMap<&str, &'g str> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(node) = next.pop_front() {
        for to in graph.get(node).into_iter().flatten() {
            if *to == start {
                let way = std::iter::successors(Some(node), |node| came_from.get(node).copied());
                let mut way: Vec<_> = way.collect();
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(to) {
                came_from.insert(to, node);
                next.push_back(to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph<'g>(arrows: &[(&'g str, &'g str)]) -> Graph<'g> {
        let mut graph = Graph::new();
        for (from, to) in arrows {
            graph.entry(from).or_default().insert(to);
        }
        graph
    }

    #[test]
    fn groups_are_what_leads_to_itself() {
        let graph =
            graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("f", "a"), ("g", "g")]);
        let found = groups(&graph);
        assert_eq!(found, [BTreeSet::from(["a", "b", "c"]), BTreeSet::from(["d", "e"]), BTreeSet::from(["g"])]);
        assert_eq!(shortest(&graph, &found[0]), ["a", "b", "c"]);
    }

    #[test]
    fn the_shortest_way_is_told() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "b")]);
        assert_eq!(shortest(&graph, &groups(&graph)[0]), ["b", "c"]);
    }
}
