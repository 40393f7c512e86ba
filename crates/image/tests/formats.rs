//! Decoded pictures equal Pillow's; `tests/fixtures/generate/image_processors.py` wrote both.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_image::{ImageInput, Processor, ProcessorConfig};
use embedkit_testing::TensorGolden;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    file: String,
    #[serde(flatten)]
    golden: TensorGolden,
}

/// The picture's levels, `[height, width, 3]`.
fn levels(file: &str) -> Result<([usize; 3], Vec<f32>), String> {
    let config: ProcessorConfig = serde_json::from_str(r#"{"do_rescale": false}"#).unwrap();
    let path = format!("{}/tests/fixtures/formats/{file}", env!("CARGO_MANIFEST_DIR"));
    let processed = Processor::new(&config).unwrap().process(&ImageInput::from(path)).map_err(|e| e.to_string())?;
    let [_, channels, height, width] = processed.shape();
    let (values, plane) = (processed.to_values(), height * width);
    let interleaved = (0..plane).flat_map(|pixel| (0..channels).map(move |channel| channel * plane + pixel));
    Ok(([height, width, channels], interleaved.map(|at| values[at]).collect()))
}

#[test]
fn pictures_equal_the_references() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/formats.json")).unwrap();
    assert!(cases.len() > 40, "{} cases", cases.len());
    let compare = |case: &Case| {
        let (shape, levels) = levels(&case.file)?;
        case.golden.compare(&shape, &levels)
    };
    let differing: Vec<String> =
        cases.iter().filter_map(|case| compare(case).err().map(|what| format!("{}: {what}", case.file))).collect();
    assert!(differing.is_empty(), "{} of {} differ:\n{}", differing.len(), cases.len(), differing.join("\n"));
}
