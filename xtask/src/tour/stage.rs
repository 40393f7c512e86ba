//! What a new user has: an empty home, models in its cache, files of their own, and the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::blocks::{Block, Place};
use crate::failure::{Failure, Outcome, failed};
use crate::files::{absolute, create, entries, remove, unusable, write};
use crate::python::Environment;
use crate::{test, workspace};

/// The user's files, and what makes the small models.
const FILES: &str = "tests/tour/files";
const ZOO: &str = "tests/tour/zoo.py";
const REQUIREMENTS: &str = "tests/tour/requirements.txt";
/// A page model that is small already, and the user's own model.
const PAGES_MODEL: (&str, &str) = ("Qdrant/colmodernvbert", "crates/colpali/tests/fixtures/colmodernvbert");
const OWN_MODEL: &str = "own/my-model";
/// The commit that the small models are of.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Everything that blocks are run in.
pub(super) struct Stage {
    place: PathBuf,
    program: PathBuf,
    runtime: PathBuf,
    clone: Option<PathBuf>,
}

/// Where a block is run, and with which variables.
pub(super) struct Scene {
    pub(super) folder: PathBuf,
    pub(super) environment: Vec<(String, String)>,
}

impl Stage {
    /// Makes the stage anew, with a clone for a whole tour.
    pub(super) fn set(program: Option<&Path>, is_whole: bool) -> Result<Self, Failure> {
        let place = absolute(&workspace::target().join("tour"))?;
        for folder in ["pages", "zoo", "bin", "clone"] {
            remove(&place.join(folder))?;
        }
        let program = match program {
            Some(program) => absolute(program)?,
            None => workspace::program("dev")?,
        };
        create(&place.join("bin"))?;
        let beside = place.join("bin").join("embedkit").with_extension(std::env::consts::EXE_EXTENSION);
        std::fs::copy(&program, &beside).map_err(unusable(&program))?;
        let stage = Self {
            clone: if is_whole { Some(clone(&place)?) } else { None },
            program: place.join("bin"),
            runtime: absolute(&test::runtime()?)?,
            place,
        };
        stage.make_models()?;
        Ok(stage)
    }

    /// A page's folder, made when its first block is run, and a home, anew for each.
    pub(super) fn scene(&self, block: &Block) -> Result<Scene, Failure> {
        let page = self.place.join("pages").join(block.page.replace('/', "-"));
        let (folder, home) = (page.join("files"), page.join("home"));
        if !page.exists() {
            copy(&workspace::root().join(FILES), &folder)?;
            copy(&self.place.join("made").join(OWN_MODEL), &folder.join("my-model"))?;
        }
        remove(&home)?;
        copy(&self.place.join("zoo"), &home.join(".cache/huggingface/hub"))?;
        let folder = match (&block.place, &self.clone) {
            (Place::Clone, Some(clone)) => clone.clone(),
            (Place::Clone, None) => return Err(failed("there is no clone in a short tour")),
            (Place::Folder, _) => folder,
        };
        Ok(Scene { folder, environment: self.environment(&home) })
    }

    /// An empty home's variables; where programs for building are is told, since they are not in it.
    fn environment(&self, home: &Path) -> Vec<(String, String)> {
        let own_home = std::env::var("HOME").unwrap_or_default();
        let tools = |name: &str, folder: &str| {
            (name.to_owned(), std::env::var(name).unwrap_or_else(|_| format!("{own_home}/{folder}")))
        };
        let path = std::env::var("PATH").unwrap_or_default();
        let installed = home.join(".cargo/bin");
        let set = |name: &str, value: String| (name.to_owned(), value);
        vec![
            set("HOME", home.display().to_string()),
            set("XDG_CACHE_HOME", home.join(".cache").display().to_string()),
            set("PATH", format!("{}:{}:{path}", installed.display(), self.program.display())),
            set("CARGO_INSTALL_ROOT", home.join(".cargo").display().to_string()),
            set("CARGO_TARGET_DIR", self.place.join("target").display().to_string()),
            set("ORT_DYLIB_PATH", self.runtime.display().to_string()),
            set("HF_HUB_OFFLINE", "1".to_owned()),
            set("HF_HOME", home.join(".cache/huggingface").display().to_string()),
            set("NO_PROXY", "localhost,127.0.0.1".to_owned()),
            tools("CARGO_HOME", ".cargo"),
            tools("RUSTUP_HOME", ".rustup"),
        ]
    }

    /// The cache of a user who has the models of the pages.
    fn make_models(&self) -> Outcome {
        let zoo = self.place.join("zoo");
        let made = self.place.join("made");
        remove(&made)?;
        let environment = Environment::with("tour", &[workspace::root().join(REQUIREMENTS)])?;
        workspace::succeed(environment.python().arg(workspace::root().join(ZOO)).arg(&made))?;
        let (name, fixture) = PAGES_MODEL;
        copy(&workspace::root().join(fixture), &made.join(name))?;
        for owner in folders(&made)? {
            for model in folders(&owner)? {
                let of = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let repository = zoo.join(format!("models--{}--{}", of(&owner), of(&model)));
                copy(&model, &repository.join("snapshots").join(COMMIT))?;
                create(&repository.join("refs"))?;
                write(&repository.join("refs/main"), COMMIT)?;
            }
        }
        Ok(())
    }
}

/// What is committed, and nothing else.
fn clone(place: &Path) -> Result<PathBuf, Failure> {
    let clone = place.join("clone");
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--no-hardlinks"]).arg(workspace::root()).arg(&clone);
    workspace::succeed(&mut git)?;
    remove(&place.join("target"))?;
    Ok(clone)
}

fn folders(of: &Path) -> Result<Vec<PathBuf>, Failure> {
    Ok(entries(of)?.into_iter().filter(|path| path.is_dir()).collect())
}

/// Copies a folder with all below it.
fn copy(from: &Path, to: &Path) -> Outcome {
    create(to)?;
    for path in entries(from)? {
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            std::fs::copy(&path, &to).map_err(unusable(&path))?;
        }
    }
    Ok(())
}
