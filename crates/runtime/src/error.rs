//! Why there is no ONNX Runtime to use, and what to do about it.

use std::fmt;

use crate::candidate::{Candidate, RuntimeOrigin};

/// No library that can be used was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NotFound {
    /// Where it was looked for, in order, and why each did not serve.
    pub tried: Vec<Candidate>,
    /// The oldest minor version of ONNX Runtime 1 that would have served.
    pub oldest_minor: u32,
}

impl std::error::Error for NotFound {}

/// A line for each place and reason, and what to do.
impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no ONNX Runtime (1.{} or newer) can be used. Looked at:", self.oldest_minor)?;
        for alike in self.tried.chunk_by(|one, next| one.origin == next.origin && one.finding == next.finding) {
            let paths: Vec<_> = alike.iter().map(|candidate| candidate.path.display().to_string()).collect();
            write!(f, "\n  {}: {} {}", alike[0].origin, paths.join(", "), alike[0].finding)?;
        }
        match self.tried.first().map(|first| first.origin) {
            Some(RuntimeOrigin::Variable) => {
                f.write_str("\nORT_DYLIB_PATH is set, so nothing else was looked at: correct it, or unset it.")?;
            }
            Some(RuntimeOrigin::Explicit) => {
                f.write_str("\nThe program names this library, so nothing else was looked at.")?;
            }
            _ => {}
        }
        f.write_str("\nTo install one: embedkit runtime install. ")?;
        f.write_str("To use one that you have: set ORT_DYLIB_PATH to its library.")
    }
}
