//! Decoded images equal Pillow's; `tests/fixtures/generate/image_processors.py` and `jpegs.py` wrote both.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_fixtures::TensorGolden;
use embedkit_image::DecodeImage;
use embedkit_image::{DecodeOptions, ImageInput};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    file: String,
    #[serde(flatten)]
    golden: TensorGolden,
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

/// The image's levels, `[height, width, 3]`.
fn levels(file: &str, options: &DecodeOptions) -> Result<([usize; 3], Vec<f32>), String> {
    let input = ImageInput::from(format!("{FIXTURES}/{file}"));
    let (width, height, levels) = input.decode(options).map_err(|error| format!("{error} {error:?}"))?;
    Ok(([height as usize, width as usize, 3], levels.into_iter().map(f32::from).collect()))
}

fn assert_equal(folder: &str, cases: &str) {
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    assert!(cases.len() > 40, "{} cases", cases.len());
    let compare = |case: &Case| {
        let (shape, levels) = levels(&format!("{folder}/{}", case.file), &DecodeOptions::default())?;
        case.golden.compare(&shape, &levels)
    };
    let differing: Vec<String> =
        cases.iter().filter_map(|case| compare(case).err().map(|what| format!("{}: {what}", case.file))).collect();
    assert!(differing.is_empty(), "{} of {} differ:\n{}", differing.len(), cases.len(), differing.join("\n"));
}

#[test]
fn images_equal_the_references() {
    assert_equal("formats", include_str!("fixtures/formats.json"));
}

#[test]
fn jpeg_files_equal_the_references() {
    assert_equal("jpeg", include_str!("fixtures/jpeg.json"));
}
