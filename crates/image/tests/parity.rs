//! Every kind of model against the reference, value by value.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::Embedder;
use embedkit_core::ImageEmbedder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use embedkit_core::{Error, ModelDescription, ModelFiles};
use embedkit_fixtures::{Case, assert_near, assert_near_within, cases};
use embedkit_image::{CONFIG_FILE, ImageEmbedding, ImageInput};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    model: ModelDescription,
    inputs: Vec<String>,
    embed: Vec<Vec<f32>>,
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn fixtures() -> Vec<Case<Golden>> {
    cases(FIXTURES, |_| true)
}

fn case(name: &str) -> Case<Golden> {
    cases(FIXTURES, |case| case == name).pop().unwrap()
}

fn images(golden: &Golden) -> Vec<PathBuf> {
    golden.inputs.iter().map(|name| Path::new(FIXTURES).join(name)).collect()
}

fn load(case: &Case<Golden>) -> ImageEmbedding {
    let builder = ImageEmbedding::builder(case.golden.model.clone());
    builder.model_dir(&case.folder).build().unwrap_or_else(|e| panic!("{}: {e}", case.folder.display()))
}

#[test]
fn vectors_are_the_references() {
    for case in fixtures() {
        let model = load(&case);
        for batch_size in [1, 3, 256] {
            let vectors = model.embed_images(images(&case.golden)).batch_size(batch_size).unwrap();
            let vectors: Vec<Vec<f32>> = vectors.map(Result::unwrap).collect();
            assert_eq!(vectors.len(), case.golden.embed.len());
            for ((actual, expected), image) in vectors.iter().zip(&case.golden.embed).zip(&case.golden.inputs) {
                let what = format!("{} {batch_size} {image}", case.folder.display());
                // A rounding error before 16-bit rounding moves a value to its neighbour.
                let f16 = case.folder.ends_with("clip-f16");
                assert_near_within(actual, expected, if f16 { 1e-3 } else { embedkit_fixtures::TOLERANCE }, &what);
            }
        }
    }
}

#[test]
fn a_bad_image_is_named_and_the_others_are_embedded() {
    let case = case("clip");
    let good = std::fs::read(&images(&case.golden)[0]).unwrap();
    let inputs = [
        ImageInput::from(good.clone()),
        ImageInput::from("no/such.png"),
        ImageInput::from(b"words, not pixels".as_slice()),
        ImageInput::from(&good[..good.len() / 2]),
        ImageInput::from(good.as_slice()),
    ];
    let model = load(&case);
    let mut results = model.embed_images(&inputs);
    let mut next = || results.next().unwrap();
    assert_near(&next().unwrap(), &case.golden.embed[0], "before");
    let missing = next().unwrap_err();
    assert!(matches!(&missing, Error::Io { path, .. } if path.ends_with("such.png")), "{missing}");
    for what in ["words", "half a file"] {
        let error = next().unwrap_err();
        assert!(
            matches!(&error, Error::InvalidInput { message, .. } if message.starts_with("image in memory: ")),
            "{what}: {error}"
        );
    }
    assert_near(&next().unwrap(), &case.golden.embed[0], "after");
}

#[test]
fn folders_and_bytes_describe_themselves() {
    let case = case("clip");
    let image = &images(&case.golden)[0];
    let file = &case.golden.model.model_file;
    let files: BTreeMap<&str, Vec<u8>> =
        [file.as_str(), CONFIG_FILE].map(|name| (name, std::fs::read(case.folder.join(name)).unwrap())).into();
    let from_folder = ImageEmbedding::builder(&case.folder).build().unwrap();
    let from_bytes = ImageEmbedding::builder(ModelFiles::memory(files)).build().unwrap();
    for model in [from_folder, from_bytes] {
        assert_near(&model.embed_image(image).unwrap(), &case.golden.embed[0], &model.model().id);
    }
}

#[test]
fn orientation_and_limits_are_parameters() {
    let case = case("clip");
    let turned = Path::new(FIXTURES).join("formats/turned.jpg");
    let build = |name: &str, value: toml::Value| -> ImageEmbedding {
        let builder = ImageEmbedding::builder(case.golden.model.clone());
        builder.model_dir(&case.folder).parameter(name, value).build().unwrap()
    };
    let as_stored = load(&case).embed_image(&turned).unwrap();
    let upright = build("apply-orientation", true.into()).embed_image(&turned).unwrap();
    assert_ne!(as_stored, upright);
    let error = build("max-pixels", 100.into()).embed_image(&turned).unwrap_err().to_string();
    assert!(error.contains("turned.jpg") && error.contains("40 x 24"), "{error}");
}
