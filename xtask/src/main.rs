//! Workspace chores: `cargo xtask <verb>`, one file or folder a verb.

// A program for people: it answers on the terminal.
#![allow(clippy::print_stderr)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

mod bench;
mod catalogue;
mod clients;
mod deny;
mod dependencies;
mod dist;
mod failure;
mod files;
mod manifest;
mod metadata;
mod package;
mod plug_in;
mod public_api;
mod python;
mod release;
mod site;
mod test;
mod tour;
mod workspace;

use failure::Outcome;

/// Chores of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
enum Verb {
    /// Measures embedkit, its peers and the limit in one run.
    Bench(Box<bench::Bench>),
    /// Has real clients of other servers ask ours: tests/clients.
    Clients(clients::Clients),
    /// Checks models.toml and writes each family's slice of it.
    Manifest {
        /// Only compares the slices with what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Compares models.toml with the repositories that it names, and pins its rows to what they hold.
    Catalogue(catalogue::Catalogue),
    /// Checks that imports go one way, and licences, sources, versions, unsafe code and what each crate depends on,
    /// against xtask/dependencies.toml.
    Dependencies,
    /// Runs cargo-deny by deny.toml: advisories, licences, sources.
    Deny {
        /// A folder with the RustSec advisory database, a checkout or a plain copy; no network is used then. Default:
        /// cargo-deny fetches it.
        #[arg(long, value_name = "FOLDER")]
        db: Option<PathBuf>,
    },
    /// Makes what is given to people for this platform: an archive, wheels, a bill of materials, digests.
    Dist(dist::Dist),
    /// Makes a crate that adds models, of the example in tests/plugin.
    PlugIn(plug_in::PlugIn),
    /// Writes the public items of each published library to its public-api.txt.
    PublicApi {
        /// Only compares the files with what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Checks that each published crate holds what it should and nothing else.
    Package,
    /// Packages and publishes all crates in order, after checking versions and changelog.
    Release(release::Release),
    /// Builds the documentation site into target/site and checks its links.
    Site {
        /// Only checks that it can be built.
        #[arg(long)]
        check: bool,
    },
    /// Builds the Python package and runs its tests and the type checkers, below target/.
    TestPython(python::TestPython),
    /// Builds the Python package's wheels and its source distribution, and tries them in clean environments.
    Wheel(python::Wheel),
    /// Runs the reference's own tests on the Python package.
    Upstream(python::Upstream),
    /// Runs jobs on clusters of this machine with the Python package.
    Cluster(python::Cluster),
    /// Runs the commands of the README and the pages as a new user would, and compares what they print.
    Tour(tour::Tour),
    /// Installs ONNX Runtime with pip below target/ and runs every test with it.
    Test {
        /// Arguments for `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Exits with 0 when done, 1 when the verb failed, 2 when the command line was not understood.
fn main() -> ExitCode {
    match Verb::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

impl Verb {
    fn run(self) -> Outcome {
        match self {
            Self::Bench(bench) => bench::run(&bench),
            Self::Clients(options) => clients::run(&options),
            Self::Manifest { check } => manifest::run(check),
            Self::Catalogue(options) => catalogue::run(&options),
            Self::Dependencies => dependencies::run(),
            Self::Deny { db } => deny::run(db.as_deref()),
            Self::Dist(options) => dist::run(&options),
            Self::PlugIn(options) => plug_in::run(&options),
            Self::PublicApi { check } => public_api::run(check),
            Self::Package => package::run(),
            Self::Release(options) => release::run(&options),
            Self::Site { check } => site::run(check),
            Self::TestPython(options) => python::test(&options),
            Self::Wheel(options) => python::wheel(&options),
            Self::Upstream(options) => python::upstream(&options),
            Self::Cluster(options) => python::cluster(&options),
            Self::Tour(options) => tour::run(&options),
            Self::Test { arguments } => test::run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Verb::command().debug_assert();
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for arguments in [&[][..], &["dance"], &["manifest", "--chek"], &["package", "all"]] {
            assert!(Verb::try_parse_from(["xtask"].iter().chain(arguments)).is_err(), "{arguments:?}");
        }
        let Ok(Verb::Test { arguments }) = Verb::try_parse_from(["xtask", "test", "-p", "a", "--", "--nocapture"])
        else {
            panic!("`test` takes arguments for cargo");
        };
        assert_eq!(arguments, ["-p", "a", "--", "--nocapture"]);
    }
}
