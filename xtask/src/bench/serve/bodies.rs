//! The bodies of requests.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::failure::{Failure, failed};
use crate::files::{read, write};

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
    /// Some texts of mixed lengths, whose vectors are asked for as numbers.
    pub(super) some: PathBuf,
    /// The texts of the short and of the mixed bodies, one a line, for the library.
    pub(super) short_texts: PathBuf,
    pub(super) mixed_texts: PathBuf,
}

/// The texts of a job: as many as a request may have.
const JOB: usize = 2048;
/// Short texts, one a request.
const SHORTS: usize = 256;
/// Texts of the mixed bodies.
pub(super) const MIXED: usize = 32;

impl Bodies {
    /// Writes them, of texts of a corpus.
    pub(super) fn write(corpus: &Path, place: &Path) -> Result<Self, Failure> {
        let corpus_text = read(corpus)?;
        let text = |line: &str| serde_json::from_str::<Value>(line).ok()?["text"].as_str().map(str::to_owned);
        let texts: Vec<String> = corpus_text.lines().filter_map(text).take(JOB).collect();
        let short: Vec<String> = texts.iter().filter_map(|text| shortened(text)).collect();
        if short.is_empty() || texts.len() < MIXED {
            return Err(failed(format!("{} has too few texts", corpus.display())));
        }
        let body = |input: Value, format: &str| json!({"input": input, "encoding_format": format}).to_string();
        let many = |texts: &[String]| -> Vec<String> { texts.iter().cycle().take(JOB).cloned().collect() };
        let file = |name: &str, lines: Vec<String>| {
            let path = place.join(format!("serve-{name}.jsonl"));
            write(&path, &(lines.join("\n") + "\n")).map(|()| path)
        };
        let (shorts, mixed) = (&short[..short.len().min(SHORTS)], &texts[..texts.len().min(16 * MIXED)]);
        let mixed = &mixed[..mixed.len() - mixed.len() % MIXED];
        let quoted = |texts: &[String]| texts.iter().map(|text| json!(text).to_string()).collect();
        Ok(Self {
            short: file("short", shorts.iter().map(|text| body(json!(text), "base64")).collect())?,
            mixed: file("mixed", mixed.chunks(MIXED).map(|texts| body(json!(texts), "base64")).collect())?,
            some: file("some", vec![body(json!(texts[..MIXED]), "float")])?,
            short_texts: file("short-texts", quoted(shorts))?,
            mixed_texts: file("mixed-texts", quoted(mixed))?,
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
