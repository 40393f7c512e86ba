//! The embedkit command line.
fn main() {}
