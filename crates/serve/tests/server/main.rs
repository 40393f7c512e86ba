//! The server, asked over the network as its clients do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]
#![allow(clippy::print_stdout, reason = "what is measured is shown")]

mod cohere;
mod common;
mod described;
mod errors;
mod faults;
mod fields;
mod images;
mod life;
mod load;
mod numbers;
mod openai;
mod pages;
mod rerank;
mod security;
mod settings;
mod shapes;
mod socket;
mod strength;
mod tei;
mod wire;
