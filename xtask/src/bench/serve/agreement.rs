//! Whether all sides compute the same.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::side::Side;
use crate::failure::{Failure, Outcome, failed};
use crate::workspace;

/// The largest difference of a value of vectors of unit length.
const MOST: f64 = 1e-4;

/// Fails unless all sides answer a body with the first one's vectors.
pub(super) fn check(sides: &[&Side], body: &Path) -> Outcome {
    let Some((first, others)) = sides.split_first() else { return Ok(()) };
    let expected = vectors(first, body)?;
    for side in others {
        let worst = difference(&expected, &vectors(side, body)?);
        if !worst.is_some_and(|worst| worst <= MOST) {
            return Err(failed(format!("{} answers other vectors than {}: {worst:?}", side.name, first.name)));
        }
    }
    Ok(())
}

/// The vectors in a side's answer.
fn vectors(side: &Side, body: &Path) -> Result<Vec<Vec<f64>>, Failure> {
    let mut curl = Command::new("curl");
    curl.args(["-sf", "-H", "content-type: application/json", "--data-binary"]);
    let answer = workspace::output(curl.arg(format!("@{}", body.display())).arg(&side.url))?;
    read(&answer).ok_or_else(|| failed(format!("{} answers no vectors", side.name)))
}

fn read(answer: &str) -> Option<Vec<Vec<f64>>> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let vector = |entry: &Value| entry["embedding"].as_array()?.iter().map(Value::as_f64).collect();
    answer["data"].as_array()?.iter().map(vector).collect()
}

/// The largest difference of two values; none where there are not as many.
fn difference(left: &[Vec<f64>], right: &[Vec<f64>]) -> Option<f64> {
    let lengths = |vectors: &[Vec<f64>]| vectors.iter().map(Vec::len).collect::<Vec<_>>();
    let pairs = || left.iter().flatten().zip(right.iter().flatten());
    (lengths(left) == lengths(right)).then(|| pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_compared_value_by_value() {
        let answer = read(r#"{"data": [{"embedding": [1, 0.5]}, {"embedding": [0, 0]}]}"#).unwrap();
        assert_eq!(difference(&answer, &[vec![1.0, 0.75], vec![0.0, 0.0]]), Some(0.25));
        assert_eq!(difference(&answer, &[vec![1.0, 0.5, 0.0], vec![0.0]]), None);
        assert!(read(r#"{"data": [{"embedding": "base64"}]}"#).is_none());
    }
}
