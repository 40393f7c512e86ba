//! Installs ONNX Runtime for this user, where [`Runtime::load`](super::Runtime::load) finds it.

pub use embedkit_runtime::install::{InstallError, InstallSource, Release};
use embedkit_runtime::{Installed, RuntimeOptions};

use super::with_api;

/// Installs ONNX Runtime into the folder of `options`, once it has shown that it loads. A runtime of the same version
/// is replaced; what is there stays when the installation fails.
///
/// # Errors
/// An [`InstallError`] that says which step failed and what would help.
pub fn install(source: &InstallSource, options: &RuntimeOptions) -> Result<Installed, InstallError> {
    embedkit_runtime::install::install(source, &with_api(options))
}

/// Installs ONNX Runtime from the project's own release archive, as [`install`] does. It is downloaded as models are,
/// with the hub's timeouts, retries and proxies.
///
/// # Errors
/// An [`InstallError`] that says which step failed and what would help.
#[cfg(feature = "hub")]
pub fn install_release(release: &Release, options: &RuntimeOptions) -> Result<Installed, InstallError> {
    embedkit_runtime::install::install_release(release, &with_api(options), &download::HubClient)
}

#[cfg(feature = "hub")]
mod download {
    use std::path::Path;

    use embedkit_runtime::install::Download;

    use crate::BoxError;
    use crate::hub::{Hub, HubOptions};

    /// The hub's client, as the environment sets it up.
    pub(super) struct HubClient;

    impl Download for HubClient {
        fn download(&self, url: &str, to: &Path, sha256: Option<&str>) -> Result<(), BoxError> {
            Ok(Hub::new(HubOptions::default())?.download(url, to, sha256)?)
        }
    }
}

impl From<InstallError> for crate::Error {
    fn from(error: InstallError) -> Self {
        super::RuntimeError::from(error).into()
    }
}
