//! The embedkit command line: results on standard output, everything else on standard error.

mod allocator;
mod args;
mod failure;
mod formats;
mod input;
mod interrupt;
mod load;
mod output;
mod progress;
mod render;
mod run;
mod ticket;
mod verbs;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;

fn main() -> ExitCode {
    allocator::return_large_blocks();
    let cli = Cli::parse();
    start_log(&cli);
    match verbs::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                // Nothing is left to do when even this cannot be written.
                let _ = writeln!(std::io::stderr().lock(), "embedkit: {message}");
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The libraries' diagnostics go to standard error; `EMBEDKIT_LOG` overrides what is shown.
fn start_log(cli: &Cli) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("EMBEDKIT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(cli.log_filter()));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .with_ansi(false)
        .init();
}
