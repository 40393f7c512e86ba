//! What the workspace's tests share: goldens and how they are compared.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

#[cfg(unix)]
mod fork;
pub mod hub;
mod onnx;
mod pdf;
mod png;
mod tensor;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use embedkit_core::ModelDescription;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[cfg(unix)]
pub use fork::in_forked_child;
pub use onnx::{ids_as, with_external_weight};
pub use pdf::{pdf, pdf_of_objects};
pub use png::png_of_sides;
pub use tensor::{TensorGolden, pattern};

/// Largest difference to the reference, as a share of the vector's length.
pub const TOLERANCE: f32 = 1e-5;

/// Ends a test that has no ONNX Runtime to run with: where one is needed (`cargo xtask test` says so), it fails.
///
/// # Panics
/// If `EMBEDKIT_TESTS_NEED_RUNTIME` is set.
#[allow(clippy::print_stderr, reason = "tests print what they leave out")]
pub fn without_runtime(reason: &dyn std::fmt::Display) {
    assert!(std::env::var_os("EMBEDKIT_TESTS_NEED_RUNTIME").is_none(), "this test needs ONNX Runtime: {reason}");
    eprintln!("skipped, as there is no ONNX Runtime: {reason}");
}

/// A model folder with what the reference made of it.
pub struct Case<G> {
    /// The folder.
    pub folder: PathBuf,
    /// The folder's `golden.json`.
    pub golden: G,
}

/// What stands in every `golden.json` of a text family.
#[derive(Debug, Deserialize)]
pub struct TextGolden {
    /// The model's row.
    pub model: ModelDescription,
    /// The texts.
    pub inputs: Vec<String>,
    /// Tokens of each text.
    pub token_count: Vec<usize>,
    /// Everything else, by name.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

impl TextGolden {
    /// One of the other entries, when it is there.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.more.get(name).map(|value| serde_json::from_value(value.clone()).unwrap())
    }
}

/// Every case below a crate's `tests/fixtures` that has a `golden.json` and passes `wanted`.
pub fn cases<G: DeserializeOwned>(fixtures: impl AsRef<Path>, wanted: impl Fn(&str) -> bool) -> Vec<Case<G>> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(fixtures)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|p| p.join("golden.json").is_file())
        .collect();
    folders.sort();
    folders.retain(|folder| wanted(folder.file_name().unwrap().to_str().unwrap()));
    assert!(!folders.is_empty(), "no case matches");
    let load = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
        let golden = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        Case { folder, golden }
    };
    folders.into_iter().map(load).collect()
}

/// What every `golden.json` of a model has.
#[derive(Debug, Deserialize)]
pub struct ModelGolden {
    /// The model's row.
    pub model: ModelDescription,
    /// Texts, or names of images; none where the inputs are of another shape.
    #[serde(default)]
    pub inputs: Vec<String>,
}

/// The first case of each architecture, and of each way in which its weights are stored.
pub fn case_of_each_architecture(fixtures: impl AsRef<Path>) -> Vec<Case<ModelGolden>> {
    let mut seen = BTreeSet::new();
    let mut cases: Vec<Case<ModelGolden>> = cases(fixtures, |_| true);
    cases.retain(|Case { golden: ModelGolden { model, .. }, .. }| {
        seen.insert((model.architecture.clone(), format!("{:?}", model.quantization)))
    });
    cases
}

/// Fails unless two vectors differ by no more than [`TOLERANCE`] of the expected one's length.
pub fn assert_near(actual: &[f32], expected: &[f32], what: &str) {
    assert_near_within(actual, expected, TOLERANCE, what);
}

/// Fails unless two vectors differ by no more than a share of the expected one's length.
pub fn assert_near_within(actual: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}: width");
    let length = expected.iter().map(|v| v * v).sum::<f32>().sqrt();
    let worst = largest_difference(actual, expected);
    let is_near = worst.is_finite() && worst <= tolerance * length.max(1e-3);
    assert!(is_near, "{what}: differs by {worst}, the length is {length}");
}

/// The largest difference of two vectors' values; NaN, which is within no tolerance and which `f32::max` would pass over, if
/// one of them is.
pub fn largest_difference(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len(), "width");
    let differences = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.max_by(f32::total_cmp).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_near_nothing() {
        let numbers = [0.5, 1.0, -0.25];
        assert_near(&numbers, &numbers, "itself");
        for at in 0..numbers.len() {
            for no_number in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut wrong = numbers;
                wrong[at] = no_number;
                for (actual, expected) in [(wrong, numbers), (numbers, wrong), (wrong, wrong)] {
                    let passed = std::panic::catch_unwind(|| assert_near(&actual, &expected, "no number"));
                    assert!(passed.is_err(), "{actual:?} {expected:?}");
                }
            }
        }
    }
}
