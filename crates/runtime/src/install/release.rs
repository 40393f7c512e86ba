//! Fetches ONNX Runtime's own release archive, and checks it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::InstallError;
use crate::BoxError;
use crate::version::is_version;

/// The most that is read of a release's listing, in bytes; they have some tens of thousands.
const LONGEST_LISTING: u64 = 4 << 20;

/// A client that downloads files, with the timeouts, retries, proxies and certificates that its program uses.
pub trait Download {
    /// Downloads what is at an address into a new file.
    ///
    /// Where the content's SHA-256 is known it is given, in lower-case hexadecimal. A client may use it to resume, to
    /// check early or to ask a cache; the installer checks what has come in any case.
    ///
    /// # Errors
    /// The client's own, which becomes the cause of [`InstallError::Download`].
    fn download(&self, url: &str, to: &Path, sha256: Option<&str>) -> Result<(), BoxError>;
}

/// An ONNX Runtime release, to be installed from the project's own archive for this machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Release {
    /// The version, as `1.31.1`.
    pub version: String,
    /// The archive's SHA-256, in hexadecimal. When absent, the digest that the release's own listing states is
    /// required: it shows a damaged download, not a dishonest host.
    pub sha256: Option<String>,
}

impl Release {
    /// A version, checked against the digest that its listing states.
    pub fn new(version: impl Into<String>) -> Self {
        Self { version: version.into(), sha256: None }
    }

    /// The archive's SHA-256, in hexadecimal. Default: what the release's listing states.
    #[must_use]
    pub fn sha256(mut self, digest: impl Into<String>) -> Self {
        self.sha256 = Some(digest.into());
        self
    }
}

/// Where releases are listed and downloaded.
pub(super) struct Site<'a> {
    pub(super) listing: &'a str,
    pub(super) downloads: &'a str,
    pub(super) client: &'a dyn Download,
}

impl<'a> Site<'a> {
    /// The project's GitHub releases.
    pub(super) fn official(client: &'a dyn Download) -> Self {
        Self {
            listing: "https://api.github.com/repos/microsoft/onnxruntime/releases/tags",
            downloads: "https://github.com/microsoft/onnxruntime/releases/download",
            client,
        }
    }

    /// Downloads the archive for this machine into a folder, if its digest is the one expected.
    pub(super) fn download(&self, release: &Release, to: &Path) -> Result<PathBuf, InstallError> {
        let version = &release.version;
        let name = archive_name(version).ok_or_else(|| InstallError::NoRelease { version: version.to_owned() })?;
        let url = format!("{}/v{version}/{name}", self.downloads);
        let expected = match &release.sha256 {
            Some(sha256) => sha256.to_ascii_lowercase(),
            None => self.stated_digest(version, &name, &url, to)?,
        };
        let archive = to.join(name);
        self.fetch(&url, &archive, Some(&expected))?;
        let found = digest_of(&archive)?;
        if found != expected {
            return Err(InstallError::WrongDigest { url, expected, found });
        }
        Ok(archive)
    }

    /// The SHA-256 that the release's listing states for an archive.
    fn stated_digest(&self, version: &str, name: &str, url: &str, folder: &Path) -> Result<String, InstallError> {
        let listing = format!("{}/v{version}", self.listing);
        let file = folder.join("release.json");
        self.fetch(&listing, &file, None)?;
        let reader = File::open(&file).map_err(InstallError::io(&file))?.take(LONGEST_LISTING);
        let listed: Listing = serde_json::from_reader(reader)
            .map_err(|source| InstallError::Listing { url: listing, source: source.into() })?;
        let asset = listed.assets.into_iter().find(|asset| asset.name == name);
        let asset = asset.ok_or_else(|| InstallError::NoRelease { version: version.to_owned() })?;
        let digest = asset.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:"));
        digest.map(str::to_ascii_lowercase).ok_or_else(|| InstallError::NoDigest { url: url.to_owned() })
    }

    fn fetch(&self, url: &str, to: &Path, sha256: Option<&str>) -> Result<(), InstallError> {
        tracing::info!(url, "downloading");
        let downloaded = self.client.download(url, to, sha256);
        downloaded.map_err(|source| InstallError::Download { url: url.to_owned(), source })
    }
}

/// What the listing says of a release, as far as it matters here.
#[derive(serde::Deserialize)]
struct Listing {
    assets: Vec<Asset>,
}

#[derive(serde::Deserialize)]
struct Asset {
    name: String,
    digest: Option<String>,
}

/// The archive's name for this machine, if the project builds for it.
fn archive_name(version: &str) -> Option<String> {
    if !is_version(version) {
        return None;
    }
    let (platform, suffix) = match (std::env::consts::OS, std::env::consts::ARCH) {
        // The project's builds need glibc.
        ("linux", _) if cfg!(target_env = "musl") => return None,
        ("linux", "x86_64") => ("linux-x64", "tgz"),
        ("linux", "aarch64") => ("linux-aarch64", "tgz"),
        ("macos", "aarch64") => ("osx-arm64", "tgz"),
        ("macos", "x86_64") => ("osx-x86_64", "tgz"),
        ("windows", "x86_64") => ("win-x64", "zip"),
        ("windows", "aarch64") => ("win-arm64", "zip"),
        _ => return None,
    };
    Some(format!("onnxruntime-{platform}-{version}.{suffix}"))
}

/// A file's SHA-256, in lower-case hexadecimal.
fn digest_of(path: &Path) -> Result<String, InstallError> {
    let mut file = File::open(path).map_err(InstallError::io(path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer).map_err(InstallError::io(path))?;
        if count == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "1.99.0";
    const BODY: &str = "an archive";
    /// Of the text above.
    const DIGEST: &str = "9e691d5adacf0e102f203100842ffaba4e2a7dfe3dbd536827d3c0db8c7e88f1";

    /// A site that lists one release and has its archive; it trusts whatever it sends.
    struct Fake {
        listing: String,
    }

    impl Fake {
        /// `digest` is what the listing states, as JSON.
        fn new(digest: &str) -> Self {
            let name = archive_name(VERSION).unwrap();
            Self {
                listing: format!(r#"{{"assets": [{{"name": "other"}}, {{"name": "{name}", "digest": {digest}}}]}}"#),
            }
        }

        fn download_to(&self, release: &Release, to: &Path) -> Result<PathBuf, InstallError> {
            Site { listing: "tags:", downloads: "files:", client: self }.download(release, to)
        }
    }

    impl Download for Fake {
        fn download(&self, url: &str, to: &Path, _: Option<&str>) -> Result<(), BoxError> {
            let name = archive_name(VERSION).unwrap();
            let body = match url {
                _ if url == format!("tags:/v{VERSION}") => &self.listing,
                _ if url == format!("files:/v{VERSION}/{name}") => BODY,
                _ => return Err("404".into()),
            };
            Ok(std::fs::write(to, body)?)
        }
    }

    #[test]
    fn the_archive_comes_with_the_callers_digest_or_the_listings() {
        for (stated, release) in [
            ("null".to_owned(), Release::new(VERSION).sha256(DIGEST.to_uppercase())),
            (format!("\"sha256:{DIGEST}\""), Release::new(VERSION)),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let archive = Fake::new(&stated).download_to(&release, folder.path()).unwrap();
            assert_eq!(std::fs::read_to_string(archive).unwrap(), BODY);
        }
    }

    /// The client checks nothing here, so it is the installer that does.
    #[test]
    fn nothing_comes_without_a_digest_that_fits() {
        let error = |stated: &str, release: Release| {
            let folder = tempfile::tempdir().unwrap();
            Fake::new(stated).download_to(&release, folder.path()).unwrap_err()
        };
        let plain = || Release::new(VERSION);
        assert!(matches!(error("null", plain()), InstallError::NoDigest { .. }));
        assert!(matches!(error("\"md5:00\"", plain()), InstallError::NoDigest { .. }));
        assert!(matches!(error("{", plain()), InstallError::Listing { .. }));
        assert!(matches!(error("\"sha256:00\"", plain()), InstallError::WrongDigest { .. }));
        let wrong = error("null", plain().sha256("00"));
        assert!(matches!(&wrong, InstallError::WrongDigest { found, .. } if found == DIGEST), "{wrong}");
        assert!(matches!(error("null", Release::new("1.98.0")), InstallError::Download { .. }));
        assert!(matches!(error("null", Release::new("../1").sha256("00")), InstallError::NoRelease { .. }));
    }
}
