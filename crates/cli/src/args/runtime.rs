//! Arguments of `runtime`.

use std::path::PathBuf;

#[cfg(feature = "runtime-install")]
use clap::Args;
use clap::Subcommand;

/// `runtime …`.
#[derive(Debug, Subcommand)]
pub(crate) enum RuntimeCommand {
    /// Installs an ONNX Runtime for this user: with pip, unless --release or --file says otherwise.
    #[cfg(feature = "runtime-install")]
    Install {
        #[command(flatten)]
        source: InstallArgs,
        /// The folder of installed runtimes; default: $EMBEDKIT_RUNTIME_DIR, else one in the user's cache folder.
        #[arg(long, value_name = "DIR")]
        runtime_dir: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows where ONNX Runtime is looked for, and which one is used. Runs none that comes after it.
    Status {
        /// The folder of installed runtimes; default: $EMBEDKIT_RUNTIME_DIR, else one in the user's cache folder.
        #[arg(long, value_name = "DIR")]
        runtime_dir: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where an ONNX Runtime to install comes from.
#[cfg(feature = "runtime-install")]
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// The version, as 1.31.1; default: the newest that pip finds.
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// The Python program that has pip.
    #[arg(long, value_name = "PROGRAM", conflicts_with = "file")]
    pub(crate) python: Option<std::ffi::OsString>,
    /// Takes the project's release archive of this version instead.
    #[cfg(feature = "hub")]
    #[arg(long, requires = "version", conflicts_with_all = ["file", "python"])]
    pub(crate) release: bool,
    /// The SHA-256 of the release archive, or of the file.
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// Takes this file instead: the library, a release archive or a wheel.
    #[arg(long, value_name = "FILE", conflicts_with = "version")]
    pub(crate) file: Option<PathBuf>,
}
