//! From a folder to explained answers, and which model is best on one's own data.

pub mod evaluation;
pub mod fusion;
