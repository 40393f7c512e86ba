//! The embedkit command line, for programs that link more families than embedkit's own: results on standard output,
//! everything else on standard error.
//!
//! A program that names a crate with a family, an architecture or rows of its own, and calls [`main`], is `embedkit`
//! with these added: `embed`, `models list`, `doctor` and all other verbs know them.
//!
//! ```no_run
//! // use my_family as _;
//!
//! fn main() -> std::process::ExitCode {
//!     embedkit_cli::main()
//! }
//! ```

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

/// Runs the program: reads the process's arguments, does what they say, and gives the status to exit with (0 when
/// done, 2 for arguments that cannot be understood, another when it failed).
pub fn main() -> ExitCode {
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
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false);
    #[cfg(feature = "serve")]
    if cli.logs_json() {
        return log.json().flatten_event(true).init();
    }
    log.without_time().init();
}
