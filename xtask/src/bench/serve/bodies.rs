//! The bodies of requests.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::bench::place::write;
use crate::failure::{Failure, failed};

/// Files with bodies, one a line.
pub(super) struct Bodies {
    /// A short text each.
    pub(super) short: PathBuf,
    /// 32 texts of mixed lengths each.
    pub(super) mixed: PathBuf,
    /// One body of 2,048 texts of mixed lengths.
    pub(super) job: PathBuf,
    /// One body of 2,048 short texts.
    pub(super) job_of_short: PathBuf,
    pub(super) job_of_short_base64: PathBuf,
}

/// The texts of a job: as many as a request may have.
const JOB: usize = 2048;

impl Bodies {
    /// Writes them, of texts of a corpus.
    pub(super) fn write(corpus: &Path, place: &Path) -> Result<Self, Failure> {
        let corpus_text = std::fs::read_to_string(corpus).map_err(|error| failed(error.to_string()))?;
        let text = |line: &str| serde_json::from_str::<Value>(line).ok()?["text"].as_str().map(str::to_owned);
        let texts: Vec<String> = corpus_text.lines().filter_map(text).take(JOB).collect();
        let short: Vec<String> = texts.iter().filter_map(|text| shortened(text)).collect();
        if short.is_empty() || texts.len() < 32 {
            return Err(failed(format!("{} has too few texts", corpus.display())));
        }
        let body = |input: Value, format: &str| json!({"input": input, "encoding_format": format}).to_string();
        let many = |texts: &[String]| -> Vec<String> { texts.iter().cycle().take(JOB).cloned().collect() };
        let file = |name: &str, lines: Vec<String>| {
            let path = place.join(format!("bodies-{name}.jsonl"));
            write(&path, &(lines.join("\n") + "\n")).map(|()| path)
        };
        Ok(Self {
            short: file("short", short.iter().take(256).map(|text| body(json!(text), "base64")).collect())?,
            mixed: file("mixed", texts.chunks_exact(32).take(16).map(|texts| body(json!(texts), "base64")).collect())?,
            job: file("job", vec![body(json!(many(&texts)), "base64")])?,
            job_of_short: file("job-short", vec![body(json!(many(&short)), "float")])?,
            job_of_short_base64: file("job-short-base64", vec![body(json!(many(&short)), "base64")])?,
        })
    }
}

/// A text's first words, of 20 to 80 characters.
fn shortened(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().take(12).collect();
    Some(words.join(" ")).filter(|text| (20..=80).contains(&text.len()))
}
