//! How ONNX Runtime is looked for.

use std::path::PathBuf;

use crate::version::API_VERSION;

/// How ONNX Runtime is looked for.
///
/// Paths may be relative; they count from the current folder. Those of environment variables may not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuntimeOptions {
    /// The library to use, or a folder that holds it, whatever the environment says. Default: the search.
    pub library: Option<PathBuf>,
    /// The folder of installed runtimes, in which each version has a folder. Default: `EMBEDKIT_RUNTIME_DIR`, else
    /// `embedkit/onnxruntime` in the user's cache folder.
    pub runtime_dir: Option<PathBuf>,
    /// The C API that the caller is compiled against: 1.`api_version` or newer is needed, and 1.19 at least.
    /// Default: [`API_VERSION`].
    pub api_version: u32,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self { library: None, runtime_dir: None, api_version: API_VERSION }
    }
}

impl RuntimeOptions {
    /// The default search.
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses this library (or the one in this folder) and no other. Default: the search.
    #[must_use]
    pub fn library(mut self, path: impl Into<PathBuf>) -> Self {
        self.library = Some(path.into());
        self
    }

    /// Installs runtimes into this folder, and looks for them there. Default: `EMBEDKIT_RUNTIME_DIR`, else
    /// `embedkit/onnxruntime` in the user's cache folder.
    #[must_use]
    pub fn runtime_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.runtime_dir = Some(path.into());
        self
    }

    /// Takes only libraries that have this C API. Default: [`API_VERSION`].
    #[must_use]
    pub fn api_version(mut self, version: u32) -> Self {
        self.api_version = version;
        self
    }
}
