//! Ids that look like one that no model has.

use std::collections::BTreeSet;

use crate::ModelDescription;

/// What is less like the id is not shown, and no more than so many are.
const LEAST: f64 = 0.75;
const SHOWN: usize = 5;
/// Parts of names that are shorter are parts of too many.
const SHORTEST: usize = 3;

/// The ids of the models that a name may have been meant for, nearest first: those that it is a part of, then those that are
/// spelled alike.
pub(super) fn near<'m>(wanted: &str, models: impl Iterator<Item = &'m ModelDescription>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let nearest = |model: &ModelDescription| {
        let names = model.names().map(|name| likeness(&name.to_lowercase(), &wanted));
        names.fold(0.0, f64::max)
    };
    let mut near: Vec<(f64, &str)> = models.map(|model| (nearest(model), model.id.as_str())).collect();
    near.retain(|(likeness, _)| *likeness >= LEAST);
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    // A model of several families is as many rows.
    let mut seen = BTreeSet::new();
    near.retain(|(_, id)| seen.insert(*id));
    near.into_iter().take(SHOWN).map(|(_, id)| id.to_owned()).collect()
}

/// Up to 1 for names that are spelled alike; more for one with the wanted in it, the shorter, the more.
fn likeness(name: &str, wanted: &str) -> f64 {
    let base = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    if wanted.len() >= SHORTEST && name.contains(wanted) {
        return 1.0 + 1.0 / base(name).len() as f64;
    }
    strsim::jaro_winkler(name, wanted).max(strsim::jaro_winkler(&base(name), &base(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_name_in_it_goes_before_what_is_spelled_alike() {
        let row = |id: &str, family: &str| ModelDescription::new(id, family, "x");
        let mut models = [
            row("acme/small-en-v2", "dense"),
            row("acme/small-en", "dense"),
            row("acme/small-en", "sparse"),
            row("acme/smell-on", "dense"),
            row("other/unlike", "dense"),
            row("acme/hidden", "dense"),
        ];
        models[5].aliases = vec!["Small-EN-alias".to_owned()];
        for (wanted, expected) in [
            ("small-en", &["acme/small-en", "acme/small-en-v2", "acme/hidden", "acme/smell-on"][..]),
            ("acme/smal-en", &["acme/small-en", "acme/small-en-v2"]),
            ("UNLIKE", &["other/unlike"]),
            ("zz", &[]),
        ] {
            let found = near(wanted, models.iter());
            assert!(
                found.starts_with(&expected.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()),
                "{wanted}: {found:?}"
            );
            assert!(!expected.is_empty() || found.is_empty(), "{wanted}: {found:?}");
        }
    }
}
