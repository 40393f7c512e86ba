//! Workspace chores: `cargo xtask <verb>`.
fn main() {}
