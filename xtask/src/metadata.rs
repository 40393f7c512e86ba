//! What `cargo metadata` says of packages.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;
use crate::workspace;

/// Packages, and who depends on whom.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    /// Present if dependencies were asked for.
    pub(crate) resolve: Option<Resolve>,
}

/// A package.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// None for packages of the workspace.
    pub(crate) source: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) readme: Option<String>,
    /// Registries that it may be published to; none: any.
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) targets: Vec<Target>,
    pub(crate) dependencies: Vec<Dependency>,
    /// Tables of other tools.
    pub(crate) metadata: serde_json::Value,
}

/// What a package's manifest says that it needs.
#[derive(Clone, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// The versions that will do.
    pub(crate) req: String,
    /// The folder of one of the workspace.
    pub(crate) path: Option<PathBuf>,
    /// `dev` or `build`; none of an ordinary one.
    pub(crate) kind: Option<String>,
}

/// What is compiled of a package: a library, a program, a test.
#[derive(Clone, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    /// The file of its root.
    pub(crate) src_path: PathBuf,
}

/// The graph of dependencies.
#[derive(Default, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

/// What a package depends on: ids of packages.
#[derive(Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) dependencies: Vec<String>,
}

/// The packages of the workspace.
pub(crate) fn of_workspace() -> Result<Vec<Package>, Failure> {
    Ok(read(&["--no-deps"])?.packages)
}

/// Every package of the lock file, with the dependencies of all features.
pub(crate) fn of_everything() -> Result<Metadata, Failure> {
    read(&["--locked", "--all-features"])
}

fn read(arguments: &[&str]) -> Result<Metadata, Failure> {
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args(["metadata", "--format-version", "1"]).args(arguments);
    serde_json::from_str(&workspace::output(&mut cargo)?).map_err(|e| Failure(e.to_string()))
}

impl Package {
    /// Whether it goes to registries.
    pub(crate) fn is_published(&self) -> bool {
        self.publish.is_none()
    }

    /// What it needs of the workspace, but for tests.
    pub(crate) fn own_dependencies(&self) -> impl Iterator<Item = &Dependency> {
        let is_own = |needed: &&Dependency| needed.path.is_some() && needed.kind.as_deref() != Some("dev");
        self.dependencies.iter().filter(is_own)
    }

    /// Its library, if it has one.
    pub(crate) fn library(&self) -> Option<&Target> {
        self.targets.iter().find(|target| target.is_library())
    }

    /// The features that its documentation is made with, as options of the workspace's build.
    pub(crate) fn documented_features(&self) -> Vec<String> {
        let features = self.metadata["docs"]["rs"]["features"].as_array();
        let features = features.into_iter().flatten().filter_map(serde_json::Value::as_str);
        features.map(|feature| format!("{}/{feature}", self.name)).collect()
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new(""))
    }
}

impl Target {
    pub(crate) fn is_library(&self) -> bool {
        self.is(&["lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro"])
    }

    pub(crate) fn is_program(&self) -> bool {
        self.is(&["bin"])
    }

    fn is(&self, kinds: &[&str]) -> bool {
        self.kind.iter().any(|kind| kinds.contains(&kind.as_str()))
    }
}
