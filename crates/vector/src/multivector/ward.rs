//! Agglomerative clustering with Ward's linkage.
//!
//! Not the crate `kodama`: it is as fast and clusters alike, but where distances are equal it sometimes merges another
//! pair first, which would change pooled documents.

/// Cuts points into `wanted` clusters (at least 1, at most as many as there are); each lists its points in
/// order, and clusters stand in the order of their first points.
///
/// Merges of one height are made together or not at all, as by SciPy's `fcluster(…, criterion="maxclust")`. So there
/// are fewer clusters where points are equal, or distances; which ones does not hang on the points' order.
///
/// Ward's linkage (Ward 1963) by the Lance–Williams recurrence over the given distances, with the
/// nearest-neighbour chain of Murtagh 1983: O(n²) time and memory. The recurrence is applied to
/// whatever the distances are, as SciPy's `linkage` does.
pub(super) fn clusters(mut distances: Distances, wanted: usize) -> Vec<Vec<usize>> {
    let n = distances.n;
    let mut merges = merges(n, &mut distances);
    // The chain finds merges out of order; by height they are the tree from its leaves up.
    merges.sort_by(|a, b| a.height.total_cmp(&b.height));
    let mut parent: Vec<usize> = (0..n).collect();
    let needed = n.saturating_sub(wanted.max(1));
    let height = needed.checked_sub(1).map_or(f64::NEG_INFINITY, |last| merges[last].height);
    for merge in merges.iter().take_while(|merge| merge.height <= height) {
        let (a, b) = (root(&mut parent, merge.a), root(&mut parent, merge.b));
        parent[a.max(b)] = a.min(b);
    }
    let mut clusters = vec![Vec::new(); n];
    for point in 0..n {
        clusters[root(&mut parent, point)].push(point);
    }
    clusters.retain(|cluster| !cluster.is_empty());
    clusters
}

/// Two clusters, each named by one of its points, that become one.
struct Merge {
    a: usize,
    b: usize,
    height: f64,
}

/// Every merge of the tree. The cluster that a merge makes goes on under the name of `b`.
fn merges(n: usize, distances: &mut Distances) -> Vec<Merge> {
    let mut sizes = vec![1.0_f64; n];
    let mut alive: Vec<usize> = (0..n).collect();
    let mut chain: Vec<usize> = Vec::new();
    let mut merges = Vec::with_capacity(n.saturating_sub(1));
    while alive.len() > 1 {
        let Some(&top) = chain.last() else {
            chain.push(alive[0]);
            continue;
        };
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        let nearest = nearest(top, before, &alive, distances);
        if before != Some(nearest) {
            chain.push(nearest);
            continue;
        }
        chain.truncate(chain.len() - 2);
        let (a, b) = (top.min(nearest), top.max(nearest));
        let height = distances.get(a, b);
        merges.push(Merge { a, b, height });
        alive.retain(|&cluster| cluster != a);
        for &other in alive.iter().filter(|&&other| other != b) {
            let (of_a, of_b, of_other) = (sizes[a], sizes[b], sizes[other]);
            let squared = ((of_a + of_other) * distances.get(a, other).powi(2)
                + (of_b + of_other) * distances.get(b, other).powi(2)
                - of_other * height.powi(2))
                / (of_a + of_b + of_other);
            distances.set(b, other, squared.max(0.0).sqrt());
        }
        sizes[b] += sizes[a];
    }
    merges
}

/// The nearest other cluster: the one before it in the chain if none is nearer, so that the chain ends.
fn nearest(cluster: usize, before: Option<usize>, alive: &[usize], distances: &Distances) -> usize {
    let mut nearest = before.map_or((cluster, f64::INFINITY), |before| (before, distances.get(cluster, before)));
    for &other in alive.iter().filter(|&&other| other != cluster) {
        let distance = distances.get(cluster, other);
        if distance < nearest.1 {
            nearest = (other, distance);
        }
    }
    nearest.0
}

fn root(parent: &mut [usize], mut point: usize) -> usize {
    while parent[point] != point {
        parent[point] = parent[parent[point]];
        point = parent[point];
    }
    point
}

/// The distances of all points: a symmetric matrix, stored in full: rows are scanned.
pub(super) struct Distances {
    n: usize,
    values: Vec<f64>,
}

impl Distances {
    /// Of so many points, all 0.
    pub(super) fn new(n: usize) -> Self {
        Self { n, values: vec![0.0; n * n] }
    }

    fn get(&self, a: usize, b: usize) -> f64 {
        self.values[a * self.n + b]
    }

    pub(super) fn set(&mut self, a: usize, b: usize, distance: f64) {
        self.values[a * self.n + b] = distance;
        self.values[b * self.n + a] = distance;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clusters(n: usize, wanted: usize, distance: impl Fn(usize, usize) -> f64) -> Vec<Vec<usize>> {
        let mut distances = Distances::new(n);
        for (a, b) in (0..n).flat_map(|b| (0..b).map(move |a| (a, b))) {
            distances.set(a, b, distance(a, b));
        }
        super::clusters(distances, wanted)
    }

    /// The definition: merge the two clusters whose union adds least to the sum of squared
    /// distances from the clusters' means.
    fn greedy(points: &[[f64; 2]], wanted: usize) -> Vec<Vec<usize>> {
        let spread = |cluster: &[usize]| {
            let mean = |axis: usize| cluster.iter().map(|&p| points[p][axis]).sum::<f64>() / cluster.len() as f64;
            let mean = [mean(0), mean(1)];
            cluster
                .iter()
                .flat_map(|&p| (0..2).map(move |axis| (p, axis)))
                .map(|(p, axis)| (points[p][axis] - mean[axis]).powi(2))
                .sum::<f64>()
        };
        let mut clusters: Vec<Vec<usize>> = (0..points.len()).map(|point| vec![point]).collect();
        while clusters.len() > wanted {
            let pairs = (0..clusters.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
            let cost = |&(a, b): &(usize, usize)| {
                spread(&[clusters[a].as_slice(), &clusters[b]].concat()) - spread(&clusters[a]) - spread(&clusters[b])
            };
            let (a, b) = pairs.min_by(|x, y| cost(x).total_cmp(&cost(y))).unwrap();
            let merged = clusters.remove(b);
            clusters[a].extend(merged);
            clusters[a].sort_unstable();
        }
        clusters.sort();
        clusters
    }

    proptest! {
        #[test]
        fn it_is_wards_method(points in prop::collection::vec(prop::array::uniform2(-1.0_f64..1.0), 1..25), wanted in 1_usize..10) {
            let wanted = wanted.min(points.len());
            let distance = |a: usize, b: usize| (0..2).map(|axis| (points[a][axis] - points[b][axis]).powi(2)).sum::<f64>().sqrt();
            prop_assert_eq!(clusters(points.len(), wanted, distance), greedy(&points, wanted));
        }

        #[test]
        fn ties_are_cut_together(
            values in prop::collection::vec(0_u8..6, 1..30), wanted in 1_usize..40, distance in prop::sample::select(vec![0.0, 1.0])
        ) {
            let n = values.len();
            let of = |wanted| clusters(n, wanted, |a, b| if values[a] == values[b] { 0.0 } else { distance });
            let clusters = of(wanted);
            let mut points: Vec<usize> = clusters.concat();
            points.sort_unstable();
            prop_assert_eq!(points, (0..n).collect::<Vec<_>>());
            let distinct = values.iter().collect::<std::collections::BTreeSet<_>>().len();
            prop_assert!(clusters.len() <= wanted.min(n));
            // Equal points stay together, but where nothing had to be merged at all.
            if wanted < n {
                prop_assert!(clusters.len() <= distinct);
                for (a, b) in (0..n).flat_map(|b| (0..b).map(move |a| (a, b))).filter(|&(a, b)| values[a] == values[b]) {
                    prop_assert!(clusters.iter().any(|cluster| cluster.contains(&a) && cluster.contains(&b)));
                }
            }
        }
    }
}
