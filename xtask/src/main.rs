//! Workspace chores: `cargo xtask <verb>`, one file a verb.

// A program for people: it answers on the terminal.
#![allow(clippy::print_stderr)]

use std::process::ExitCode;

mod bench;
mod dependencies;
mod failure;
mod manifest;
mod metadata;
mod package;
mod public_api;
mod test;
mod workspace;

use failure::{Failure, Outcome};

const USAGE: &str = "\
usage: cargo xtask <verb>

  bench …             measure embedkit, its peers and the limit; `bench --help` says how
  bench memory …      check that memory does not grow with the number of inputs
  bench callers …     many callers of one model, alone and beside long batches
  bench soak …        long mixed work: memory, errors, equal results
  manifest [--check]  check models.toml and write each family's slice of it; --check only compares
  dependencies        check licences, sources, versions, unsafe code and what each crate depends on
                      against xtask/dependencies.toml
  package             check that each published crate holds what it should and nothing else
  test [ARGUMENT…]    install ONNX Runtime with pip below target/ and run every test with it;
                      the arguments go to `cargo test`";

/// Exits with 0 when done, 1 when the verb failed, 2 when the command line was not understood.
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
        Err(Failure::Usage(message)) => {
            eprintln!("error: {message}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["bench", rest @ ..] => bench::run(rest),
        ["manifest", rest @ ..] => manifest::run(rest),
        ["dependencies", rest @ ..] => dependencies::run(rest),
        ["package", rest @ ..] => package::run(rest),
        ["public-api", rest @ ..] => public_api::run(rest),
        ["test", rest @ ..] => test::run(rest),
        [] => Err(Failure::Usage("no verb".to_owned())),
        [verb, ..] => Err(Failure::Usage(format!("no such verb: {verb}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_a_usage_error() {
        for arguments in [&[][..], &["dance"], &["manifest", "--chek"]] {
            assert!(matches!(run(arguments), Err(Failure::Usage(_))), "{arguments:?}");
        }
    }
}
