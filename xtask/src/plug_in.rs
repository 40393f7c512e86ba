//! `cargo xtask plug-in NAME FOLDER`: a crate that adds models, made of the workspace's example, that stands alone.

use std::path::{Path, PathBuf};

use clap::Args;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use crate::failure::{Failure, Outcome, failed};
use crate::files::{absolute, create, entries, read, read_bytes, write};
use crate::workspace;

/// The example, and what its names begin with.
const TEMPLATE: &str = "tests/plugin";
const OLD_NAME: &str = "embedkit-plugin-example";

/// What the crate is called, and where it goes.
#[derive(Args)]
pub(crate) struct PlugIn {
    /// The crate's name.
    name: String,
    /// The folder to make; it must not be there.
    folder: PathBuf,
    /// Takes embedkit from this workspace instead of the registry, until it is published.
    #[arg(long)]
    here: bool,
}

/// Makes the crate.
pub(crate) fn run(options: &PlugIn) -> Outcome {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !options.name.starts_with(|c: char| c.is_ascii_lowercase()) || !options.name.chars().all(is_letter) {
        return Err(failed(format!("{:?} is no name of a crate: small letters, digits and `-`", options.name)));
    }
    if options.folder.exists() {
        return Err(failed(format!("{} is there already", options.folder.display())));
    }
    copy(&workspace::root().join(TEMPLATE), &options.folder, &options.name)?;
    let manifest = options.folder.join("Cargo.toml");
    let workspace_manifest = read(&workspace::root().join("Cargo.toml"))?;
    let here = options.here.then(|| absolute(&workspace::root())).transpose()?;
    let alone = standing_alone(&read(&manifest)?, &workspace_manifest, here.as_deref())?;
    write(&manifest, alone)?;
    eprintln!("{}: `cargo test` there", options.folder.display());
    Ok(())
}

/// The manifest with what the workspace said of it.
fn standing_alone(manifest: &str, workspace: &str, here: Option<&Path>) -> Result<String, Failure> {
    let parse = |text: &str| text.parse::<DocumentMut>().map_err(|error| failed(error.to_string()));
    let (mut manifest, workspace) = (parse(manifest)?, parse(workspace)?);
    let package = manifest["package"].as_table_mut().ok_or_else(|| failed("the template has no [package]"))?;
    package.remove("publish");
    for (key, item) in package.iter_mut() {
        if item.get("workspace").is_some() {
            *item = workspace["workspace"]["package"][key.get()].clone();
        }
    }
    package["version"] = value("0.1.0");
    for section in ["dependencies", "dev-dependencies"] {
        let Some(table) = manifest[section].as_table_mut() else { continue };
        for (name, item) in table.iter_mut() {
            let Some(entry) = item.as_table_like_mut().filter(|entry| entry.contains_key("workspace")) else {
                continue;
            };
            entry.remove("workspace");
            let known = workspace["workspace"]["dependencies"].get(name.get()).and_then(Item::as_table_like);
            let known = |key: &str| known.and_then(|known: &dyn TableLike| known.get(key));
            if let (Some(here), Some(path)) = (here, known("path").and_then(Item::as_str)) {
                entry.insert("path", value(here.join(path).display().to_string()));
            }
            for key in ["version", "default-features"] {
                if let Some(said) = known(key) {
                    entry.insert(key, said.clone());
                }
            }
            entry.set_dotted(false);
        }
    }
    manifest.remove("lints");
    manifest.insert("workspace", Item::Table(Table::new()));
    Ok(manifest.to_string())
}

/// Copies a folder; texts have the new name in place of the old one.
fn copy(from: &Path, to: &Path, name: &str) -> Outcome {
    create(to)?;
    for path in entries(from)? {
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &to, name)?;
            continue;
        }
        match String::from_utf8(read_bytes(&path)?) {
            Ok(text) => {
                let text = text.replace(OLD_NAME, name).replace(&OLD_NAME.replace('-', "_"), &name.replace('-', "_"));
                write(&to, text)?;
            }
            Err(binary) => write(&to, binary.as_bytes())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_of_the_template_stands_alone() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("acme");
        let options = PlugIn { name: "acme-models".to_owned(), folder: made.clone(), here: true };
        run(&options).unwrap();
        let text = std::fs::read_to_string(made.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("acme-models"));
        assert_eq!(manifest["package"]["edition"].as_str(), Some("2024"));
        let embedkit = &manifest["dependencies"]["embedkit"];
        assert_eq!(embedkit["default-features"].as_bool(), Some(false));
        assert!(embedkit["version"].is_str() && embedkit["features"].is_array(), "{text}");
        assert!(Path::new(embedkit["path"].as_str().unwrap()).join("Cargo.toml").exists());
        assert!(!text.contains("workspace = true"), "{text}");
        let test = std::fs::read_to_string(made.join("tests/plugin.rs")).unwrap();
        assert!(test.contains("use acme_models as _;") && !test.contains("embedkit_plugin_example"), "{test}");
        assert!(made.join("model/tokenizer.json").exists());
        assert!(run(&options).is_err(), "a folder that is there is left alone");
        let named = |name: &str| PlugIn { name: name.to_owned(), folder: folder.path().join("x"), here: false };
        assert!(run(&named("Acme Models")).is_err() && run(&named("")).is_err());
        run(&named("own-models")).unwrap();
        let published = std::fs::read_to_string(folder.path().join("x/Cargo.toml")).unwrap();
        assert!(!published.contains("path ="), "{published}");
    }
}
