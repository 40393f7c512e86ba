//! embedkit as a side of the benchmark: its facades, as anyone would use them.

use bench_protocol::{Config, Failure, Side, serve};

mod dense;

fn main() -> Result<(), Failure> {
    serve(load)
}

/// One line a task.
fn load(config: &Config) -> Result<Box<dyn Side>, Failure> {
    Ok(match config.task.as_str() {
        "dense" => Box::new(dense::load(config, "sentence-transformers/all-MiniLM-L6-v2")?),
        "static" => Box::new(dense::load_static(config)?),
        other => return Err(format!("no such task: {other}").into()),
    })
}
