//! Damaged, hostile and empty images are errors that name the input; nothing panics.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::path::PathBuf;

use embedkit_core::Error;
use embedkit_image::{DecodeOptions, ImageInput, Processed, Processor, ProcessorConfig};
use proptest::prelude::*;

fn files() -> Vec<(String, Vec<u8>)> {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<_> = ["formats", "jpeg"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(fixtures.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn process(input: ImageInput) -> Result<Processed, Error> {
    let config: ProcessorConfig = serde_json::from_str(r#"{"do_resize": true, "size": {"shortest_edge": 8}}"#).unwrap();
    Processor::new(&config).unwrap().decode_options(DecodeOptions::default().max_pixels(1 << 16)).process(&input)
}

fn message(input: impl Into<ImageInput>) -> String {
    match process(input.into()) {
        Err(Error::InvalidInput { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn half_a_file_is_an_error() {
    for (name, bytes) in files() {
        // The first frame may be all there.
        if !name.starts_with("animated") {
            let message = message(&bytes[..bytes.len() / 2]);
            assert!(message.starts_with("image in memory: "), "{name}: {message}");
        }
    }
}

#[test]
fn what_is_no_image_is_named() {
    for (input, expected) in [
        (ImageInput::from(vec![]), "image in memory: the file is empty"),
        (ImageInput::from(b"%PDF-1.7".as_slice()), "image in memory: not an image"),
        (ImageInput::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")), "Cargo.toml: not an image"),
    ] {
        let message = message(input);
        assert!(message.contains(expected), "{message}");
    }
    assert!(matches!(process("no/such.png".into()), Err(Error::Io { .. })));
    assert!(ImageInput::rgb(0, 4, vec![]).is_err());
    assert!(ImageInput::rgb(2, 2, vec![0; 11]).is_err());
    assert!(message(embedkit_image::from_dynamic_image(image::DynamicImage::new_rgb8(0, 0))).contains("empty"));
}

#[test]
fn a_configuration_that_asks_for_too_much_is_an_error() {
    let image = || ImageInput::rgb(2, 2, vec![255; 12]).unwrap();
    for config in [
        r#"{"do_center_crop": true, "crop_size": 1000000}"#,
        r#"{"image_processor_type": "JinaCLIPImageProcessor", "size": 1000000, "resize_mode": "longest"}"#,
        r#"{"do_resize": true, "size": 1000000}"#,
        r#"{"image_processor_type": "Idefics3ImageProcessor", "max_image_size": {"longest_edge": 1000000}}"#,
    ] {
        let config: ProcessorConfig = serde_json::from_str(config).unwrap();
        let error = Processor::new(&config).unwrap().process(&image()).unwrap_err();
        assert!(matches!(error, Error::InvalidInput { .. }), "{error}");
    }
    for config in [
        r#"{"rescale_factor": 1e300}"#,
        r#"{"do_normalize": true, "image_mean": 0.5, "image_std": 0}"#,
        r#"{"mean": 1e300, "std": 1}"#,
    ] {
        let config: ProcessorConfig = serde_json::from_str(config).unwrap();
        let error = Processor::new(&config).unwrap_err().to_string();
        assert!(error.contains("no finite numbers"), "{error}");
    }
}

#[test]
fn sides_are_checked_before_anything_is_allocated() {
    for (width, height, expected) in
        [(60_000, 60_000, "exceed"), (1 << 21, 1, "exceed"), (u32::MAX >> 1, 1, "exceed"), (0, 5, "")]
    {
        let (_, png) = files().into_iter().find(|(name, _)| name == "rgb.png").unwrap();
        let message = message(embedkit_fixtures::png_of_sides(png, width, height));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_resize_that_would_be_too_large_is_an_error() {
    let strip = ImageInput::rgb(1, 20_000, vec![0; 60_000]).unwrap();
    assert!(message(strip).contains("8 x 160000"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_panic(
        file in 0..files().len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        kept in 0.2..1.0f64,
    ) {
        let (_, mut bytes) = files().swap_remove(file);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate((bytes.len() as f64 * kept) as usize);
        let _ = process(bytes.into());
    }

    #[test]
    fn any_size_is_processed(width in 1..70u32, height in 1..70u32, side in 1..40usize, resample in 0..6u8) {
        let config = serde_json::json!({
            "image_processor_type": "Idefics3ImageProcessor", "do_resize": true, "resample": resample,
            "size": {"longest_edge": side * 2}, "max_image_size": {"longest_edge": side}, "do_image_splitting": true,
        });
        let config: ProcessorConfig = serde_json::from_value(config).unwrap();
        let input = ImageInput::rgb(width, height, vec![255; (width * height * 3) as usize]).unwrap();
        let processed = Processor::new(&config).unwrap().process(&input).unwrap();
        let (rows, columns) = processed.grid();
        prop_assert_eq!(processed.shape(), [rows * columns + 1, 3, side, side]);
        prop_assert!(processed.to_values().iter().all(|&value| value == 1.0));
    }
}
