//! `cargo xtask dist`: what is given to people for this platform, in `target/dist`: an archive with the program, the Python
//! package's wheels, a bill of materials, and the digests of all.
//!
//! The program carries the list of what it is made of, cargo-auditable's: names, versions and sources of every crate,
//! compressed to a few kilobytes in a section of its own. It goes wherever the program goes, which a file beside it does
//! not, and `cargo audit bin`, osv-scanner, Trivy, Grype and Syft read it. The bill says the same as a file, in CycloneDX.

mod archive;
mod bill;
mod listing;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use embedkit_core::digest;

use crate::failure::{Failure, Outcome, failed};
use crate::files::{create, entries, read_bytes, remove, unusable, write};
use crate::{python, workspace};

/// The program's package, and its name.
const PACKAGE: &str = "embedkit-cli";
const PROGRAM: &str = "embedkit";
/// What is in the program that is given to people, beside its default features: a second way to download, which needs a
/// newer compiler than the rest, so that who builds the program asks for it.
const FEATURES: &str = "hf-hub";

/// How the program is built.
#[derive(Args)]
pub(crate) struct Dist {
    /// The profile; another one is for tries.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Leaves the Python package out.
    #[arg(long)]
    no_wheel: bool,
    /// Arguments for `cargo build`, as `--features`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Dist {
    /// The arguments that choose what is built.
    fn chosen(&self) -> Vec<String> {
        ["--features", FEATURES].map(str::to_owned).into_iter().chain(self.arguments.iter().cloned()).collect()
    }
}

/// Builds everything, and tries what can be tried.
pub(crate) fn run(options: &Dist) -> Outcome {
    let program = build(options)?;
    let listed = listing::listed_in(&program)?;
    listing::check(&listed, &listing::needed(&options.chosen())?)?;
    eprintln!("{} lists {} crates", program.display(), listed.len());

    let place = workspace::target().join("dist");
    remove(&place)?;
    create(&place)?;
    let name = format!("{PROGRAM}-{}-{}", env!("CARGO_PKG_VERSION"), host()?);
    let archive = place.join(format!("{name}.tar.gz"));
    archive::write(&archive, &name, &program)?;
    archive::try_out(&archive, &name)?;
    bill::write(&place.join(format!("{name}.cdx.json")), &listed)?;
    if !options.no_wheel {
        python::wheel(&python::Wheel::of_profile(&options.profile))?;
        for wheel in entries(&workspace::target().join("wheels"))? {
            let to = place.join(wheel.file_name().unwrap_or_default());
            std::fs::copy(&wheel, &to).map_err(unusable(&to))?;
        }
    }
    write_digests(&place)
}

/// The program, with its list inside.
fn build(options: &Dist) -> Result<PathBuf, Failure> {
    let mut cargo = workspace::cargo();
    if workspace::output(cargo.args(["auditable", "--version"])).is_err() {
        return Err(failed("cargo-auditable is not installed: `cargo install --locked cargo-auditable`"));
    }
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args(["auditable", "build", "--locked", "--package", PACKAGE]);
    cargo.args(["--profile", &options.profile]).args(options.chosen());
    workspace::succeed(&mut cargo)?;
    workspace::made(&options.profile, PROGRAM)
}

/// What this platform is called.
fn host() -> Result<String, Failure> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = workspace::output(Command::new(rustc).arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| failed("rustc does not say which platform this is"))
}

/// The digests of all files, as `sha256sum --check` reads them.
fn write_digests(place: &Path) -> Outcome {
    let mut lines = String::new();
    for file in entries(place)? {
        let bytes = read_bytes(&file)?;
        let digest = digest::of_bytes(&bytes);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        eprintln!("{digest}  {name}, {:.1} MB", bytes.len() as f64 / 1e6);
        lines += &format!("{digest}  {name}\n");
    }
    write(&place.join("SHA256SUMS"), lines)
}
