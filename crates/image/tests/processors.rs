//! Tensors equal the reference's, value by value; `tests/fixtures/generate/image_processors.py` wrote them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_image::{ImageInput, Processor, ProcessorConfig};
use embedkit_testing::{TensorGolden, pattern};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    config: ProcessorConfig,
    size: (u32, u32),
    grid: (usize, usize),
    #[serde(flatten)]
    golden: TensorGolden,
}

#[test]
fn tensors_equal_the_references() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/processors.json")).unwrap();
    assert!(cases.len() > 200, "{} cases", cases.len());
    let differing: Vec<String> = cases.iter().filter_map(|case| difference(case).err()).collect();
    assert!(differing.is_empty(), "{} of {} differ:\n{}", differing.len(), cases.len(), differing.join("\n"));
}

fn difference(case: &Case) -> Result<(), String> {
    let (width, height) = case.size;
    let named = |what: String| format!("{} of {width} x {height}: {what}", case.name);
    let picture = ImageInput::rgb(width, height, pattern(width, height)).map_err(|e| named(e.to_string()))?;
    let processor = Processor::new(&case.config).map_err(|e| named(e.to_string()))?;
    let processed = processor.process(&picture).map_err(|e| named(e.to_string()))?;
    if processed.grid() != case.grid {
        return Err(named(format!("grid {:?}, expected {:?}", processed.grid(), case.grid)));
    }
    case.golden.compare(&processed.shape(), &processed.to_values()).map_err(named)
}
