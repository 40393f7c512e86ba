//! The tests of the hub over `hf-hub`, and what it does that plain HTTP does not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

#[path = "main.rs"]
mod suite;
mod xet;
