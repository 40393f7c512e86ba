//! Inputs and models that are wrong: typed errors, and the other inputs go on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::{Golden, builder, fixture, fixtures, folder, load, pages};
use embedkit_colpali::{Content, ImageInput, Role};
use embedkit_core::{Error, ModelFiles};
use embedkit_core::{ImageEmbedder, PageEmbedder};
use embedkit_fixtures::Case;
use embedkit_image::DecodeImage;

/// The case's files, with some of them replaced.
fn files(case: &Case<Golden>, changed: &[(&str, Vec<u8>)]) -> ModelFiles {
    let entries = std::fs::read_dir(&case.folder).unwrap().map(|entry| entry.unwrap());
    let read = entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()));
    ModelFiles::memory(read.chain(changed.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone()))))
}

#[test]
fn a_broken_page_fails_alone() {
    for case in fixtures() {
        let model = load(&case);
        let good = folder().join("images/upright.png");
        let truncated = std::fs::read(&good).unwrap()[..200].to_vec();
        let inputs = vec![
            ImageInput::path(&good),
            ImageInput::path(folder().join("images/none.png")),
            ImageInput::bytes(truncated),
            ImageInput::bytes(b"no image".as_slice()),
            ImageInput::deferred("broken on purpose", || Err(Error::input("it was"))),
            ImageInput::path(&good),
        ];
        let results: Vec<_> = model.embed_images(inputs).collect();
        assert_eq!(results.len(), 6);
        assert_eq!(results[0].as_ref().unwrap(), results[5].as_ref().unwrap());
        assert!(matches!(results[1], Err(Error::Io { .. })), "{:?}", results[1]);
        for (at, named) in [(2, "in memory"), (3, "in memory"), (4, "broken on purpose")] {
            let error = results[at].as_ref().unwrap_err();
            assert!(matches!(error, Error::InvalidInput { .. }) && error.to_string().contains(named), "{error}");
        }
    }
}

#[test]
fn the_same_page_gives_the_same_rows_from_every_source() {
    let case = fixture("colmodernvbert");
    let model = load(&case);
    let path = &pages(&case)[0];
    let (width, height, pixels) = ImageInput::path(path).to_rgb().unwrap();
    let sources = [
        ImageInput::path(path),
        ImageInput::bytes(std::fs::read(path).unwrap()),
        ImageInput::rgb(width, height, pixels).unwrap(),
    ];
    let vectors: Vec<_> = model.embed_images(sources).map(Result::unwrap).collect();
    assert_eq!(vectors[0], vectors[1]);
    assert_eq!(vectors[0], vectors[2]);
}

#[test]
fn a_graph_of_another_width_is_refused() {
    for mut case in fixtures() {
        case.golden.model.dim = Some(64);
        let model = load(&case);
        for content in [Content::text("hello"), Content::image(&pages(&case)[0])] {
            let error = model.embed_one(&content, Role::Plain).unwrap_err();
            assert!(matches!(error, Error::Model { .. }) && error.to_string().contains("64]"), "{error}");
        }
    }
}

#[test]
fn values_that_are_not_finite_are_refused() {
    // Where every weight's scale is a 32-bit float constant, with one that is not finite nothing is.
    let scale = (1.0_f32 / 64.0).to_le_bytes();
    let of_scale = |graph: &[u8]| graph.windows(4).position(|bytes| bytes == scale);
    for name in ["colpali", "colmodernvbert", "colmodernvbert-whole"] {
        let case = fixture(name);
        let mut broken = std::fs::read(case.folder.join(&case.golden.model.model_file)).unwrap();
        let at = of_scale(&broken).expect("the embedding table has a scale");
        broken[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        let files = files(&case, &[(case.golden.model.model_file.as_str(), broken)]);
        let model = builder(&case).model_files(files).build().unwrap();
        let error = model.embed_one(&Content::text("hello world"), Role::Query).unwrap_err();
        assert!(matches!(error, Error::Model { .. }) && error.to_string().contains("finite"), "{error}");
    }
}

#[test]
fn a_text_that_spells_the_token_of_a_patch_is_refused_alone() {
    for (name, token) in [("colqwen2", "<|image_pad|>"), ("colmodernvbert", "<image>")] {
        let model = load(&fixture(name));
        let texts = ["hello", &format!("what is {token} here?"), "hello"];
        let results: Vec<_> = model.query_embed(texts).collect();
        let error = results[1].as_ref().unwrap_err();
        assert!(matches!(error, Error::InvalidInput { .. }) && error.to_string().contains(token), "{name}: {error}");
        assert_eq!(results[0].as_ref().unwrap(), results[2].as_ref().unwrap());
    }
}

#[test]
fn a_graph_that_sees_nothing_is_refused() {
    let case = fixture("colqwen2");
    // A graph of texts alone, with an output of the right shape.
    let blind = std::fs::read(folder().join("blind.onnx")).unwrap();
    let files = files(&case, &[("model.onnx", blind)]);
    let error = builder(&case).model_files(files).build().unwrap_err();
    assert!(matches!(error, Error::Model { .. }) && error.to_string().contains("\"pixel_values\""), "{error}");
}

#[test]
fn rows_that_cannot_be_right_are_refused_before_a_file_is_read() {
    for (name, parameter, value, expected) in [
        ("colpali", "image-tokens", toml::Value::from(1000), "no square"),
        ("colpali", "image-tokens", toml::Value::from("many"), "expected usize"),
        ("colmodernvbert", "image-prompt", toml::Value::from("no place"), "{image}"),
        ("colqwen2", "image-prompt", toml::Value::from("no place"), "{image}"),
    ] {
        let error = builder(&fixture(name)).parameter(parameter, value).build().unwrap_err();
        assert!(matches!(error, Error::Manifest { .. }) && error.to_string().contains(expected), "{name}: {error}");
    }
    let error = builder(&fixture("colpali")).parameter("image-colour", "red").build().unwrap_err();
    assert!(error.to_string().contains("option `image-colour`"), "{error}");
    for (name, parameter) in
        [("colpali", "image-size"), ("colpali", "image-token-id"), ("colmodernvbert", "image-prompt")]
    {
        let mut case = fixture(name);
        case.golden.model.parameters.remove(parameter);
        let error = builder(&case).build().unwrap_err();
        assert!(matches!(error, Error::Manifest { .. }) && error.to_string().contains(parameter), "{name}: {error}");
    }
}

#[test]
fn a_processor_of_another_size_is_refused() {
    let case = fixture("colpali");
    let model = builder(&case).parameter("image-size", 224).build().unwrap();
    let error = model.embed_one(&Content::image(&pages(&case)[0]), Role::Passage).unwrap_err();
    assert!(error.to_string().contains("`image-size` wants [1, 3, 224, 224]"), "{error}");
    let case = fixture("colmodernvbert");
    let config = br#"{"vision_config": {"image_size": 64}, "pad_token_id": 3}"#.to_vec();
    let model = builder(&case).model_files(files(&case, &[("config.json", config)])).build().unwrap();
    let error = model.embed_one(&Content::image(&pages(&case)[0]), Role::Passage).unwrap_err();
    assert!(matches!(error, Error::Model { .. }) && error.to_string().contains("[3, 64, 64]"), "{error}");
}

#[test]
fn a_page_that_does_not_fit_the_window_is_refused() {
    for name in ["colmodernvbert", "colqwen2"] {
        let case = fixture(name);
        let model = builder(&case).max_length(12).build().unwrap();
        let error = model.embed_one(&Content::image(&pages(&case)[1]), Role::Passage).unwrap_err();
        assert!(matches!(error, Error::InvalidInput { .. }) && error.to_string().contains("`max_length`"), "{error}");
        assert!(model.query_embed(["hello"]).next().unwrap().is_ok());
    }
}

#[test]
fn empty_inputs_are_fine() {
    for case in fixtures() {
        let model = load(&case);
        assert_eq!(model.query_embed(Vec::<String>::new()).count(), 0);
        assert_eq!(model.embed_images(Vec::<ImageInput>::new()).count(), 0);
        assert_eq!(model.embed_for(Vec::<Content>::new(), Role::Plain).count(), 0);
        assert_eq!(model.token_count(Vec::<Content>::new(), Role::Query).unwrap(), 0);
    }
}
