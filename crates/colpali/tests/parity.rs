//! Both sides of every architecture against the reference, value by value.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::{Sample, builder, fixture, fixtures, load, pages};
use embedkit_colpali::{Content, MultiVector, Role};
use embedkit_core::Purpose;
use embedkit_core::{ImageEmbedder, PageEmbedder};
use embedkit_fixtures::{TOLERANCE, assert_near};

const BATCH_SIZES: [usize; 3] = [1, 3, 16];

fn assert_same(actual: &MultiVector, expected: &Sample, what: &str) {
    assert_eq!([actual.len(), actual.dim()], expected.shape, "{what}");
    assert_eq!(actual.labels().len(), actual.len(), "{what}: labels");
    // Rows have length 1, so that the tolerance is the same for a single number of them.
    for (row, (actual, expected)) in actual.rows().zip(&expected.first).enumerate() {
        assert!((actual[0] - expected).abs() <= TOLERANCE, "{what}: row {row}: {} is not {expected}", actual[0]);
    }
    for (row, expected) in &expected.rows {
        assert_near(actual.row(*row).unwrap(), expected, &format!("{what}: row {row}"));
    }
}

#[test]
fn texts_are_the_references() {
    for case in fixtures() {
        let model = load(&case);
        for batch_size in BATCH_SIZES {
            let embeddings = model.query_embed(&case.golden.inputs).batch_size(batch_size).unwrap();
            let vectors: Vec<MultiVector> = embeddings.map(Result::unwrap).collect();
            assert_eq!(vectors.len(), case.golden.embed_text.len());
            for ((actual, expected), text) in vectors.iter().zip(&case.golden.embed_text).zip(&case.golden.inputs) {
                assert_same(actual, expected, &format!("{} {batch_size} {text:?}", case.folder.display()));
            }
        }
    }
}

#[test]
fn pages_are_the_references() {
    for case in fixtures() {
        let model = load(&case);
        for batch_size in BATCH_SIZES {
            let embeddings = model.embed_images(pages(&case)).batch_size(batch_size).unwrap();
            let vectors: Vec<MultiVector> = embeddings.map(Result::unwrap).collect();
            assert_eq!(vectors.len(), case.golden.embed_image.len());
            for ((actual, expected), page) in vectors.iter().zip(&case.golden.embed_image).zip(&case.golden.images) {
                assert_same(actual, expected, &format!("{} {batch_size} {page}", case.folder.display()));
            }
        }
    }
}

#[test]
fn texts_and_pages_may_be_mixed() {
    for case in fixtures() {
        let texts = case.golden.inputs.iter().map(Content::text).zip(&case.golden.embed_text);
        let mixed = texts.zip(pages(&case).into_iter().map(Content::image).zip(&case.golden.embed_image));
        let (contents, expected): (Vec<_>, Vec<_>) = mixed.flat_map(|(text, page)| [text, page]).unzip();
        let model = builder(&case).batch_tokens(1 << 16).batch_attention(1 << 30).build().unwrap();
        let vectors = model.embed_for(&contents, Role::Plain);
        for (at, (actual, expected)) in vectors.zip(&expected).enumerate() {
            assert_same(&actual.unwrap(), expected, &format!("{} {at}", case.folder.display()));
        }
    }
}

#[test]
fn token_counts_are_the_references() {
    for case in fixtures() {
        let model = load(&case);
        for (extension, expected) in
            [(false, &case.golden.token_count), (true, &case.golden.token_count_with_extension)]
        {
            let mut purpose = Purpose::new(Role::Query);
            purpose.without_prompt = !extension;
            let count = |text: &String| model.token_count([Content::text(text)], purpose.clone()).unwrap();
            let counts: Vec<usize> = case.golden.inputs.iter().map(count).collect();
            assert_eq!(&counts, expected, "{} {extension}", case.folder.display());
            assert_eq!(
                model.token_count(case.golden.inputs.iter().map(Content::text), purpose).unwrap(),
                expected.iter().sum::<usize>()
            );
        }
    }
}

#[test]
fn the_references_padding_rows_can_be_had() {
    let case = fixture("colpali");
    // One batch of the second window's inputs, whatever their padding costs; the first window has one input.
    let together = builder(&case).parameter("padding-rows", true).batch_tokens(1 << 16).batch_overhead(1 << 16);
    let (inputs, expected) = (&case.golden.inputs[..4], &case.golden.embed_text[..4]);
    let windows = ["alone"].into_iter().chain(inputs.iter().map(String::as_str));
    let model = together.build().unwrap();
    let vectors: Vec<MultiVector> = model.query_embed(windows).skip(1).map(Result::unwrap).collect();
    let longest = expected.iter().map(|sample| sample.shape[0]).max().unwrap();
    assert!(expected.iter().any(|sample| sample.shape[0] < longest), "some text is padded");
    for (actual, expected) in vectors.iter().zip(expected) {
        assert_eq!(actual.len(), longest);
        assert!(actual.rows().skip(expected.shape[0]).flatten().all(|value| *value == 0.0), "the graph's padding");
        assert_eq!(actual.labels().len(), longest);
    }
}
