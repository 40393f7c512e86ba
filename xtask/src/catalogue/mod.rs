//! `cargo xtask catalogue [--online]`: compares the catalogue's rows with the repositories that they name.
//!
//! What is known of a row's files beforehand (the commit, sizes and digests) is its *pin*. A row without one is
//! compared with its repository as it is today, and `--write` pins it there; a row that has one is compared with the
//! commit that it names. To move a row on, take `revision` and `digests` out of it and run the verb again.

mod canonical;
mod checks;
mod differences;
mod pins;
mod repository;

use std::path::{Path, PathBuf};

use clap::Args;
use embedkit_core::{Manifest, ModelDescription, Source};
use embedkit_hub::{Hub, HubError, HubOptions};

use crate::failure::{Failure, Outcome, failed, with_causes};
use crate::{manifest, test, workspace};
use canonical::Canonical;
use differences::Differences;
use pins::Pin;
use repository::Repository;

/// What is compared.
#[derive(Args)]
pub(crate) struct Catalogue {
    /// Asks the hub for what each row's repository holds. Without it, only the pins are looked at: that those there
    /// are are whole.
    #[arg(long)]
    online: bool,
    /// The hub [default: `HF_ENDPOINT`, else the Hugging Face Hub].
    #[arg(long, value_name = "URL", requires = "online")]
    endpoint: Option<String>,
    /// Only rows of these ids or aliases, in every family.
    #[arg(long = "model", value_name = "ID", num_args = 1..)]
    models: Vec<String>,
    /// Downloads the weights too, and compares the width of what the models give, and the values that
    /// xtask/canonical.json has of them. All rows together are more than 100 GB.
    #[arg(long, requires = "online")]
    vectors: bool,
    /// The picture of which xtask/canonical.json has results: tests/misc/image.jpeg of fastembed's repository. Without
    /// it, these are left out.
    #[arg(long, value_name = "FILE", requires = "vectors")]
    picture: Option<PathBuf>,
    /// Writes commit and digests into models.toml, of rows that agree with their repositories, and the slices anew.
    #[arg(long, requires = "online")]
    write: bool,
}

/// Runs the verb.
pub(crate) fn run(options: &Catalogue) -> Outcome {
    let catalogue = workspace::root().join(manifest::CATALOGUE);
    let mut hub = HubOptions::default();
    hub.endpoint.clone_from(&options.endpoint);
    let canonical = if options.vectors { Some(Canonical::read(options.picture.as_deref())?) } else { None };
    let runtime = if options.vectors { Some(test::runtime()?) } else { None };
    let compared = compare(&catalogue, options, hub, canonical.as_ref(), runtime.as_deref());
    let sliced = if options.write { manifest::run(false) } else { Ok(()) };
    compared.and(sliced)
}

/// Compares, prints what differs, and writes pins if they are wanted.
fn compare(
    catalogue: &Path,
    options: &Catalogue,
    hub: HubOptions,
    canonical: Option<&Canonical>,
    runtime: Option<&Path>,
) -> Outcome {
    let cannot = |what: &str, error: std::io::Error| failed(format!("cannot {what} {}: {error}", catalogue.display()));
    let text = std::fs::read_to_string(catalogue).map_err(|error| cannot("read", error))?;
    let rows = Manifest::parse(manifest::CATALOGUE, &text).map_err(|error| failed(with_causes(&error)))?.models;
    let chosen = choose(&rows, &options.models)?;
    let mut differences = Differences::default();
    for (_, row) in &chosen {
        pins::check(row, &mut differences.of(row));
    }
    if !options.online {
        let pinned = chosen.iter().filter(|(_, row)| pins::is_pinned(row)).count();
        eprintln!("{} rows, {pinned} of them pinned; `--online` compares them with their repositories", chosen.len());
        return differences.outcome();
    }
    let hub = Hub::new(hub).map_err(|error| failed(with_causes(&error)))?;
    let mut pinned = Vec::new();
    for (position, row) in &chosen {
        let mut of_row = differences.of(row);
        let pin = survey(&hub, row, canonical, runtime, &mut of_row)?;
        let agrees = of_row.are_none();
        eprintln!("{} model {}: {}", row.family, row.id, if agrees { "agrees" } else { "differs" });
        pinned.extend(pin.filter(|_| agrees).map(|pin| (*position, pin)));
    }
    if options.write {
        let written = pins::write(&text, &pinned)?;
        std::fs::write(catalogue, written).map_err(|error| cannot("write", error))?;
        eprintln!("pinned {} of {} rows", pinned.len(), chosen.len());
    }
    eprint!("{}", differences.table());
    differences.outcome()
}

/// The rows that are wanted, with their positions in the catalogue; all if no name is given.
fn choose<'r>(rows: &'r [ModelDescription], names: &[String]) -> Result<Vec<(usize, &'r ModelDescription)>, Failure> {
    let has = |row: &ModelDescription, name: &String| row.names().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(unknown) = names.iter().find(|name| !rows.iter().any(|row| has(row, name))) {
        return Err(failed(format!("no row of {} is called {unknown}", manifest::CATALOGUE)));
    }
    let is_wanted = |row: &ModelDescription| names.is_empty() || names.iter().any(|name| has(row, name));
    Ok(rows.iter().enumerate().filter(|(_, row)| is_wanted(row)).collect())
}

/// Compares a row with its repositories, and gives what it should be pinned to.
///
/// # Errors
/// A hub that cannot be reached. What is wrong with one repository is a difference.
fn survey(
    hub: &Hub,
    row: &ModelDescription,
    canonical: Option<&Canonical>,
    runtime: Option<&Path>,
    differences: &mut differences::OfRow<'_>,
) -> Result<Option<Pin>, Failure> {
    let mut pin: Option<Pin> = None;
    for source in &row.sources {
        let Source::Hub { hf, revision } = source else {
            differences.note("sources", "an archive or a folder", "not looked at: it is in no repository");
            continue;
        };
        let repository = match Repository::fetch(hub, row, hf, revision.as_deref()) {
            Ok(repository) => repository,
            Err(error) if is_of_repository(&error) => {
                differences.wrong("repository", hf, with_causes(&error));
                continue;
            }
            Err(error) => {
                let error = with_causes(&error);
                return Err(failed(format!("`--online` needs the hub, and it cannot be asked: {error}")));
            }
        };
        checks::compare(row, &repository, differences);
        if let Some(canonical) = canonical {
            canonical.compare(hub, row, &repository, runtime, differences)?;
        }
        let found = Pin::of(row, &repository);
        match &mut pin {
            None => pin = Some(found),
            Some(first) => first.join(found, differences),
        }
    }
    Ok(pin)
}

/// Whether an error is about a repository, and not about the way to the hub.
fn is_of_repository(error: &HubError) -> bool {
    matches!(
        error,
        HubError::NotFound { .. }
            | HubError::Refused { .. }
            | HubError::InvalidRequest { .. }
            | HubError::Mismatch { .. }
    )
}

#[cfg(test)]
mod tests;
