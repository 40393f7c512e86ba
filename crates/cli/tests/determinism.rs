//! The same in, the same out: bit for bit for one batch policy, and within rounding whatever shares a batch.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::collections::BTreeSet;

use common::library::{Numbers, embed};
use common::setting::Setting::{self, BatchAttention, BatchInvariant, BatchSize, BatchTokens, Sessions, Threads};
use common::subject::{DYNAMIC, EXTERNAL, IMAGE, Subject, TEXT, image};
use embedkit::{AnyEmbedder, Content, ImageInput, Pair, Registry, Role};
use embedkit_fixtures::largest_difference;

/// Most that a number may differ, as a share of the length of all of a result's numbers.
const ROUNDING: f32 = 1e-6;

/// Batch policies that make other batches of the same inputs.
const POLICIES: [&[Setting]; 6] = [
    &[BatchSize(1)],
    &[BatchSize(3)],
    &[BatchSize(1000)],
    &[BatchTokens(64)],
    &[BatchTokens(1 << 20), BatchAttention(1 << 30)],
    &[Sessions(2), Threads(1)],
];

/// Texts of many lengths, some of them the same.
fn texts() -> Vec<String> {
    let words = ["hello", "world", "the quick brown fox", "flag embedding", "Grüße", "你好 世界", "query", "!"];
    (0..48).map(|n| (0..n * 7 % 13).map(|w| words[(n + w) % words.len()]).collect::<Vec<_>>().join(" ")).collect()
}

fn inputs(subject: Subject) -> Vec<String> {
    if subject.sees() { vec![image(); 6] } else { texts() }
}

fn has_graph(subject: Subject) -> bool {
    !["static", "bm25"].iter().any(|name| subject.fixture.starts_with(name))
}

fn results(subject: Subject, settings: &[Setting], inputs: &[String]) -> Vec<Numbers> {
    let folder = tempfile::tempdir().unwrap();
    subject.copy_to(folder.path());
    // A model that runs no graph has no sessions.
    let has_sessions = has_graph(subject);
    let settings: Vec<Setting> =
        settings.iter().copied().filter(|setting| has_sessions || !matches!(setting, Sessions(_))).collect();
    let results = embed(&subject.row(), folder.path(), &settings, inputs).unwrap();
    results.into_iter().map(Result::unwrap).collect()
}

fn bits(results: &[Numbers]) -> Vec<Vec<u32>> {
    results.iter().map(|numbers| numbers.iter().map(|number| number.to_bits()).collect()).collect()
}

/// The largest difference between two results, as a share of their length.
fn distance(a: &[Numbers], b: &[Numbers], what: &str) -> f32 {
    assert_eq!(a.len(), b.len(), "{what}");
    let one = |(a, b): (&Numbers, &Numbers)| {
        let length = a.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-3);
        largest_difference(a, b) / length
    };
    a.iter().zip(b).map(one).max_by(f32::total_cmp).unwrap_or(0.0)
}

fn everyone() -> impl Iterator<Item = Subject> {
    TEXT.into_iter().chain([IMAGE])
}

#[test]
fn one_batch_policy_gives_the_same_bits_with_any_number_of_threads() {
    for subject in everyone().chain([DYNAMIC]) {
        let inputs = inputs(subject);
        for policy in [&[][..], &[BatchSize(5)]] {
            let first = bits(&results(subject, policy, &inputs));
            assert_eq!(bits(&results(subject, policy, &inputs)), first, "{subject:?} {policy:?}, again");
            for threads in [1, 2] {
                let settings = [policy, &[Threads(threads)]].concat();
                assert_eq!(bits(&results(subject, &settings, &inputs)), first, "{subject:?} {settings:?}");
            }
        }
    }
}

#[test]
fn floats_do_not_depend_on_what_shares_their_batch() {
    for subject in everyone() {
        let mut inputs = inputs(subject);
        let expected = results(subject, &[], &inputs);
        for policy in POLICIES {
            let far = distance(&expected, &results(subject, policy, &inputs), &format!("{subject:?} {policy:?}"));
            assert!(far <= ROUNDING, "{subject:?} {policy:?}: {far}");
        }
        inputs.reverse();
        let mut reversed = results(subject, &[], &inputs);
        reversed.reverse();
        let far = distance(&expected, &reversed, &format!("{subject:?} reversed"));
        assert!(far <= ROUNDING, "{subject:?} reversed: {far}");
    }
}

/// The documented policy: a result depends on its batch by about a step of the activations' scale, unless
/// batch invariance is asked for, which gives what each text has alone, bit for bit.
#[test]
fn dynamic_integers_depend_on_their_batch_unless_asked_not_to() {
    let texts = texts();
    let alone: Vec<Numbers> =
        texts.iter().map(|text| results(DYNAMIC, &[], std::slice::from_ref(text)).remove(0)).collect();
    let together = results(DYNAMIC, &[BatchTokens(1 << 20), BatchAttention(1 << 30)], &texts);
    let far = distance(&alone, &together, "together");
    assert!((1e-4..0.05).contains(&far), "{far}");
    for policy in POLICIES {
        let settings = [policy, &[BatchInvariant]].concat();
        assert_eq!(bits(&results(DYNAMIC, &settings, &texts)), bits(&alone), "{settings:?}");
    }
    // A folder that the program's options describe says nothing of quantisation.
    let input: String = texts.iter().map(|text| serde_json::json!(text).to_string() + "\n").collect();
    let folder = common::fixtures("dense").join(DYNAMIC.fixture);
    let args = ["embed", "--model-dir", folder.to_str().unwrap(), "--pooling", "mean", "--normalize"];
    let invariant = common::run_with(&[&args[..], &["--batch-invariant"]].concat(), input.as_bytes()).vectors();
    assert_eq!(bits(&invariant), bits(&alone));
}

/// What is read only when a model is used counts from the beginning, and so does what a session reads that is not open yet.
#[test]
fn a_model_has_one_digest_whenever_it_is_asked_for() {
    let mut digests = BTreeSet::new();
    for subject in everyone().chain([DYNAMIC, EXTERNAL]) {
        let folder = tempfile::tempdir().unwrap();
        subject.copy_to(folder.path());
        let registry = Registry::global();
        let load = || {
            let family = registry.family(subject.family).unwrap();
            AnyEmbedder::builder(family, subject.row()).model_dir(folder.path())
        };
        let model = load().build().unwrap();
        let digest = model.engine().digest(None).unwrap();
        let input = match subject.family {
            "image" => Content::Image(ImageInput::path(image())),
            "rerank" => Content::Pair(Pair::new("hello", "world")),
            _ => Content::text("hello world"),
        };
        for role in [Role::Query, Role::Passage] {
            model.embed_one(&input, role).unwrap();
        }
        assert_eq!(model.engine().digest(None).unwrap(), digest, "{subject:?}, used");
        assert_ne!(model.engine().digest(Some(8)).unwrap(), digest, "{subject:?}, cut");
        if has_graph(subject) {
            let lazy = load().lazy(true).build().unwrap();
            assert_eq!(lazy.engine().digest(None).unwrap(), digest, "{subject:?}, lazy");
            // Views of one model share its sessions, which the first has opened.
            let is_open = lazy.engine().sessions().unwrap().is_open();
            assert_eq!(is_open, subject.family == "hybrid", "{subject:?}: nothing was opened for it");
        }
        assert!(digests.insert(digest), "{subject:?} is another");
    }
}
