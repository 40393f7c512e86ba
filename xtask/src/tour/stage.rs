//! What a new user has: an empty home, models in its cache, files of their own, and the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::blocks::{Block, Place};
use crate::failure::{Failure, Outcome, failed};
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
            None => build()?,
        };
        create(&place.join("bin"))?;
        let beside = place.join("bin").join("embedkit").with_extension(std::env::consts::EXE_EXTENSION);
        std::fs::copy(&program, &beside).map_err(|error| failed(format!("{}: {error}", program.display())))?;
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
        let python = environment(&self.place)?;
        workspace::succeed(Command::new(python).arg(workspace::root().join(ZOO)).arg(&made))?;
        let (name, fixture) = PAGES_MODEL;
        copy(&workspace::root().join(fixture), &made.join(name))?;
        for owner in folders(&made)? {
            for model in folders(&owner)? {
                let of = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let repository = zoo.join(format!("models--{}--{}", of(&owner), of(&model)));
                copy(&model, &repository.join("snapshots").join(COMMIT))?;
                create(&repository.join("refs"))?;
                let main = repository.join("refs/main");
                std::fs::write(&main, COMMIT).map_err(|error| failed(format!("{}: {error}", main.display())))?;
            }
        }
        Ok(())
    }
}

/// The program as it is built for tests.
fn build() -> Result<PathBuf, Failure> {
    let mut cargo = Command::new(workspace::cargo());
    workspace::succeed(cargo.current_dir(workspace::root()).args(["build", "--package", "embedkit-cli"]))?;
    absolute(&workspace::target().join("debug/embedkit").with_extension(std::env::consts::EXE_EXTENSION))
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

/// A Python with what makes graphs.
fn environment(place: &Path) -> Result<PathBuf, Failure> {
    let environment = place.join("venv");
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let requirements = workspace::root().join(REQUIREMENTS);
    let complete = environment.join("complete");
    if !complete.exists() {
        workspace::succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
        workspace::succeed(&mut pip)?;
        std::fs::write(&complete, "").map_err(|error| failed(error.to_string()))?;
    }
    Ok(python)
}

fn folders(of: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(of).map_err(|error| failed(format!("{}: {error}", of.display())))?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}

/// Copies a folder with all below it.
fn copy(from: &Path, to: &Path) -> Outcome {
    create(to)?;
    let entries = std::fs::read_dir(from).map_err(|error| failed(format!("{}: {error}", from.display())))?;
    for entry in entries.flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            std::fs::copy(&path, &to).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        }
    }
    Ok(())
}

fn create(folder: &Path) -> Outcome {
    std::fs::create_dir_all(folder).map_err(|error| failed(format!("{}: {error}", folder.display())))
}

fn remove(folder: &Path) -> Outcome {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed(format!("{}: {error}", folder.display())))
        }
        _ => Ok(()),
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| failed(error.to_string()))
}
