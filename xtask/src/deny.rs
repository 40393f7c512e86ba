//! `cargo xtask deny [--db FOLDER]`: runs cargo-deny by deny.toml, with an advisory database that is here already.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome, failed};
use crate::workspace;

/// What cargo-deny calls its copy of the RustSec database, within the folder of its databases: the end of the address
/// that it comes from, and a hash of that address.
const COPY: &str = "advisory-db-3157b0e258782691";

/// Runs cargo-deny: as it is, which fetches the advisories, or with those of a folder, which uses no network.
pub(crate) fn run(database: Option<&Path>) -> Outcome {
    require_tool()?;
    let root = workspace::root();
    let rules =
        std::fs::read_to_string(root.join("deny.toml")).map_err(|error| failed(format!("deny.toml: {error}")))?;
    match database {
        None => workspace::succeed(workspace::cargo().current_dir(root).args(["deny", "check"])),
        Some(database) => {
            // Of every platform, so that the graph can be read without the network.
            workspace::succeed(workspace::cargo().current_dir(&root).args(["fetch", "--locked"]))?;
            check(&rules, database)
        }
    }
}

fn require_tool() -> Outcome {
    match workspace::output(workspace::cargo().args(["deny", "--version"])) {
        Ok(_) => Ok(()),
        Err(_) => Err(failed("cargo-deny is not installed: `cargo install --locked cargo-deny`")),
    }
}

/// Checks the workspace by rules and a database, without the network.
fn check(rules: &str, database: &Path) -> Outcome {
    let cannot = |error: std::io::Error| failed(format!("no temporary folder can be made: {error}"));
    let place = tempfile::tempdir().map_err(cannot)?;
    let advisories = copy(database, &place.path().join(COPY))?;
    eprintln!("{} advisories, the newest of {}", advisories.count, advisories.newest);
    let config = place.path().join("deny.toml");
    std::fs::write(&config, with_database(rules, place.path())?).map_err(cannot)?;
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args(["deny", "--offline", "--config"]).arg(config).arg("check");
    workspace::succeed(&mut cargo)
}

/// The rules, with the folder of databases in them.
fn with_database(rules: &str, folder: &Path) -> Result<String, Failure> {
    let mut rules: toml::Table = toml::from_str(rules).map_err(|error| failed(format!("deny.toml: {error}")))?;
    let advisories = rules.entry("advisories").or_insert_with(|| toml::Table::new().into());
    let advisories = advisories.as_table_mut().ok_or_else(|| failed("deny.toml: `advisories` should be a table"))?;
    advisories.insert("db-path".to_owned(), folder.display().to_string().into());
    Ok(rules.to_string())
}

/// What a database holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Advisories {
    count: usize,
    /// The date of the newest, as `2026-01-31`.
    newest: String,
}

/// Copies a database, which need not be a git repository, to where cargo-deny takes it for its own: it only asks when
/// it was fetched, by the date of git's note of that.
fn copy(database: &Path, to: &Path) -> Result<Advisories, Failure> {
    let crates = database.join("crates");
    if !crates.is_dir() {
        let database = database.display();
        return Err(failed(format!("{database} is no advisory database: it has no folder `crates`")));
    }
    let mut advisories = Advisories::default();
    let copied = copy_files(&crates, &to.join("crates"), &mut advisories).and_then(|()| {
        std::fs::create_dir_all(to.join(".git"))?;
        std::fs::write(to.join(".git/FETCH_HEAD"), "")
    });
    copied.map_err(|error| failed(format!("{} cannot be copied: {error}", database.display())))?;
    if advisories.count == 0 {
        return Err(failed(format!("{} holds no advisory", crates.display())));
    }
    Ok(advisories)
}

fn copy_files(from: &Path, to: &Path, advisories: &mut Advisories) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (path, target): (PathBuf, PathBuf) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if path.is_dir() {
            copy_files(&path, &target, advisories)?;
            continue;
        }
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(&path)?;
            let date = text.lines().find_map(|line| line.strip_prefix("date = \"")?.strip_suffix('"'));
            advisories.count += 1;
            advisories.newest = date.unwrap_or_default().to_owned().max(std::mem::take(&mut advisories.newest));
            std::fs::write(target, text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of one advisory, on every version of a crate that the workspace has.
    fn database() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let advisories = folder.path().join("crates/serde_json");
        std::fs::create_dir_all(&advisories).unwrap();
        let text = "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"serde_json\"\ndate = \"2026-01-31\"\n\
            \n[versions]\npatched = []\n```\n\n# Made up for a test\n\nNothing is wrong with it.\n";
        std::fs::write(advisories.join("RUSTSEC-2026-9999.md"), text).unwrap();
        folder
    }

    #[test]
    fn a_database_by_path_is_obeyed() {
        if let Err(failure) = require_tool() {
            return eprintln!("skipped: {failure}");
        }
        let database = database();
        let rules = std::fs::read_to_string(workspace::root().join("deny.toml")).unwrap();
        check(&rules, database.path()).expect_err("the advisory should be found");
        let ignored = rules.replacen("ignore = [\n", "ignore = [\n    \"RUSTSEC-2026-9999\",\n", 1);
        assert_ne!(ignored, rules);
        check(&ignored, database.path()).unwrap();
    }

    #[test]
    fn a_database_is_copied_to_where_it_is_looked_for() {
        let (database, place) = (database(), tempfile::tempdir().unwrap());
        let advisories = copy(database.path(), &place.path().join(COPY)).unwrap();
        assert_eq!(advisories, Advisories { count: 1, newest: "2026-01-31".to_owned() });
        assert!(place.path().join(COPY).join("crates/serde_json/RUSTSEC-2026-9999.md").is_file());
        assert!(place.path().join(COPY).join(".git/FETCH_HEAD").is_file());
        for wrong in [database.path().join("crates"), place.path().join("nothing")] {
            assert!(copy(&wrong, place.path()).is_err_and(|failure| failure.0.contains("no advisory database")));
        }
        std::fs::remove_dir_all(database.path().join("crates/serde_json")).unwrap();
        assert!(copy(database.path(), place.path()).is_err_and(|failure| failure.0.contains("no advisory")));
    }

    #[test]
    fn rules_keep_what_they_say() {
        let rules = with_database("[advisories]\nyanked = \"deny\"\n[bans]\nwildcards = \"deny\"\n", Path::new("/dbs"));
        let rules: toml::Table = rules.unwrap().parse().unwrap();
        assert_eq!(rules["advisories"]["db-path"].as_str(), Some("/dbs"));
        assert_eq!(rules["advisories"]["yanked"].as_str(), Some("deny"));
        assert_eq!(rules["bans"]["wildcards"].as_str(), Some("deny"));
        assert!(with_database("advisories = 3", Path::new("/dbs")).is_err());
    }

    #[test]
    fn what_is_ignored_is_there_and_argued() {
        let rules: toml::Table = std::fs::read_to_string(workspace::root().join("deny.toml")).unwrap().parse().unwrap();
        for ignored in rules["advisories"]["ignore"].as_array().unwrap() {
            assert!(ignored["id"].as_str().is_some_and(|id| id.starts_with("RUSTSEC-")));
            assert!(ignored["reason"].as_str().is_some_and(|reason| reason.len() > 40), "{ignored}");
        }
    }
}
