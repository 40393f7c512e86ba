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

#![cfg_attr(not(feature = "full"), allow(dead_code, reason = "what only the verbs and formats left out use"))]

mod allocator;
mod args;
mod closing;
mod color;
mod columns;
mod failure;
mod formats;
mod help;
mod input;
mod interrupt;
mod languages;
mod load;
mod names;
mod notice;
mod numbers;
mod output;
mod printable;
mod progress;
#[cfg(feature = "onnx")]
mod render;
mod run;
mod ticket;
mod uses;
mod verbs;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::Cli;
use crate::failure::Failure;

/// Runs the program: reads the process's arguments, does what they say, and gives the status to exit with (0 when
/// done, 2 for arguments that cannot be understood, another when it failed).
pub fn main() -> ExitCode {
    allocator::return_large_blocks();
    let color = color::Color::of_arguments();
    color.choose();
    let mut command = command().color(color.for_help());
    let parsed = command.try_get_matches_from_mut(std::env::args_os());
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refused(&error, &command),
    };
    start_log(&cli);
    args::note_given(&command, &matches);
    let checked = args::refuse_output_as_input(&command, &matches).and_then(|()| uses::check_beside());
    match checked.and_then(|()| verbs::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failed(&failure),
    }
}

/// Tells why a command ended early.
fn failed(failure: &Failure) -> ExitCode {
    if let Some(message) = failure.message() {
        let message = if failure.has_lines() { printable::lines(&message) } else { printable::line(&message) };
        // Nothing is left to do when even this cannot be written.
        let _ = writeln!(std::io::stderr().lock(), "embedkit: {}", printable::shortened(&message));
    }
    ExitCode::from(failure.exit_code())
}

/// The program's verbs and options, with their help: for manual pages, completions of one's own, and tests that none is
/// forgotten.
pub fn command() -> clap::Command {
    help::arranged(Cli::command())
}

/// Tells what is wrong with the arguments, or the help that they ask for.
fn refused(error: &clap::Error, command: &clap::Command) -> ExitCode {
    // Help is our own text; errors repeat what was typed.
    if !error.use_stderr() {
        let printed = error.print().and_then(|()| std::io::stdout().flush()).map_err(Failure::stdout);
        return printed.err().map_or(ExitCode::SUCCESS, |failure| failed(&failure));
    }
    let takers = help::takers(error, command).unwrap_or_default();
    let message = format!("{}{takers}", error.render());
    let _ = std::io::stderr().lock().write_all(printable::shortened(&printable::lines(&message)).as_bytes());
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// The libraries' diagnostics go to standard error; `EMBEDKIT_LOG` overrides what is shown.
fn start_log(cli: &Cli) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("EMBEDKIT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(cli.log_filter()));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // It would complain of its own faults on standard error, and panic where that cannot be written.
        .log_internal_errors(false)
        .with_writer(|| printable::LogWriter)
        .with_target(false)
        .with_ansi(false);
    #[cfg(feature = "serve")]
    if cli.logs_json() {
        return log.json().flatten_event(true).init();
    }
    log.without_time().init();
}
