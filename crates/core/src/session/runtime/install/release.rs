//! Fetches ONNX Runtime's own release archive, and checks it.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::InstallError;
use crate::hub::{Hub, HubOptions};

/// Where releases are listed and downloaded.
pub(super) struct Site {
    listing: String,
    downloads: String,
}

impl Site {
    /// The project's GitHub releases.
    pub(super) fn official() -> Self {
        Self {
            listing: "https://api.github.com/repos/microsoft/onnxruntime/releases/tags".to_owned(),
            downloads: "https://github.com/microsoft/onnxruntime/releases/download".to_owned(),
        }
    }

    /// Downloads the archive for this machine into a folder, if its digest is the one expected.
    pub(super) fn download(&self, version: &str, sha256: Option<&str>, to: &Path) -> Result<PathBuf, InstallError> {
        let name = archive_name(version).ok_or_else(|| InstallError::NoRelease { version: version.to_owned() })?;
        let url = format!("{}/v{version}/{name}", self.downloads);
        let expected = match sha256 {
            Some(sha256) => sha256.to_ascii_lowercase(),
            None => self.stated_digest(version, &name, &url, to)?,
        };
        let archive = to.join(name);
        fetch(&url, &archive, Some(&expected))?;
        Ok(archive)
    }

    /// The SHA-256 that the release's listing states for an archive.
    fn stated_digest(&self, version: &str, name: &str, url: &str, folder: &Path) -> Result<String, InstallError> {
        let listing = format!("{}/v{version}", self.listing);
        let file = folder.join("release.json");
        fetch(&listing, &file, None)?;
        let reader = File::open(&file).map_err(InstallError::io(&file))?;
        let release: Release = serde_json::from_reader(reader)
            .map_err(|source| InstallError::Download { url: listing, source: source.into() })?;
        let asset = release.assets.into_iter().find(|asset| asset.name == name);
        let asset = asset.ok_or_else(|| InstallError::NoRelease { version: version.to_owned() })?;
        let digest = asset.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:"));
        digest.map(str::to_ascii_lowercase).ok_or_else(|| InstallError::NoDigest { url: url.to_owned() })
    }
}

/// What the listing says of a release, as far as it matters here.
#[derive(serde::Deserialize)]
struct Release {
    assets: Vec<Asset>,
}

#[derive(serde::Deserialize)]
struct Asset {
    name: String,
    digest: Option<String>,
}

/// The archive's name for this machine, if the project builds for it.
fn archive_name(version: &str) -> Option<String> {
    // It becomes a part of addresses and of a file's name.
    if !version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')) {
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

/// Downloads a file as the hub does: with its retries, timeouts and proxies.
fn fetch(url: &str, to: &Path, sha256: Option<&str>) -> Result<(), InstallError> {
    tracing::info!(url, "downloading");
    let downloaded = Hub::new(HubOptions::default()).and_then(|hub| hub.download(url, to, sha256));
    downloaded.map_err(|source| InstallError::Download { url: url.to_owned(), source: source.into() })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read, Write};
    use std::net::TcpListener;

    use sha2::{Digest as _, Sha256};

    use super::*;

    const VERSION: &str = "1.99.0";
    const BODY: &[u8] = b"an archive";

    /// A server that lists one release and has its archive; `digest` is what the listing states.
    fn site(digest: &str) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let name = archive_name(VERSION).unwrap();
        let listing = format!(r#"{{"assets": [{{"name": "other"}}, {{"name": "{name}", "digest": {digest}}}]}}"#);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut request = String::new();
                stream.read_line(&mut request).unwrap();
                while stream.by_ref().lines().next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let (status, body) = match request.split(' ').nth(1).unwrap() {
                    path if path == format!("/tags/v{VERSION}") => ("200 OK", listing.as_bytes()),
                    path if path == format!("/download/v{VERSION}/{name}") => ("200 OK", BODY),
                    _ => ("404 Not Found", &b""[..]),
                };
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                stream.get_mut().write_all(&[head.as_bytes(), body].concat()).unwrap();
            }
        });
        Site { listing: format!("{address}/tags"), downloads: format!("{address}/download") }
    }

    fn digest_of_body() -> String {
        Sha256::digest(BODY).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_archive_comes_with_the_callers_digest_or_the_listings() {
        let digest = digest_of_body();
        for (stated, given) in
            [("null".to_owned(), Some(digest.to_uppercase())), (format!("\"sha256:{digest}\""), None)]
        {
            let folder = tempfile::tempdir().unwrap();
            let archive = site(&stated).download(VERSION, given.as_deref(), folder.path()).unwrap();
            assert_eq!(std::fs::read(archive).unwrap(), BODY);
        }
    }

    #[test]
    fn nothing_comes_without_a_digest_that_fits() {
        let folder = tempfile::tempdir().unwrap();
        let mut fresh = 0;
        let mut error = |stated: &str, version: &str, given: Option<&str>| {
            fresh += 1;
            let to = folder.path().join(fresh.to_string());
            std::fs::create_dir(&to).unwrap();
            site(stated).download(version, given, &to).unwrap_err()
        };
        assert!(matches!(error("null", VERSION, None), InstallError::NoDigest { .. }));
        assert!(matches!(error("\"sha256:00\"", VERSION, None), InstallError::Download { .. }));
        assert!(matches!(error("null", VERSION, Some("00")), InstallError::Download { .. }));
        assert!(matches!(error("null", "1.98.0", None), InstallError::Download { .. }));
        assert!(matches!(error("null", "../1", Some("00")), InstallError::NoRelease { .. }));
    }
}
