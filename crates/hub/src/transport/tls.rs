//! Whose word is taken for who a server is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use crate::HubError;
use crate::environment::Environment;

/// Where trusted certificates come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots {
    /// Files and folders of PEM certificates, each with the variable that names it. None: the system's, or Mozilla's.
    named: Vec<(&'static str, PathBuf)>,
}

impl Roots {
    /// Reads `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and `SSL_CERT_DIR`. As everywhere, what they name
    /// takes the place of the other certificates. Tools differ in which of them goes first, and images of containers set
    /// several: what any of them names is trusted, so that the one that somebody sets by hand counts.
    pub(crate) fn of_environment(environment: &Environment) -> Self {
        let one = |name: &'static str| Some((name, PathBuf::from(environment.variable(name)?)));
        let files = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"].into_iter().filter_map(one);
        let folders = environment.variable("SSL_CERT_DIR").unwrap_or_default();
        let folders = std::env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty());
        Self { named: files.chain(folders.map(|folder| ("SSL_CERT_DIR", folder))).collect() }
    }

    /// Whether no variable names any.
    #[cfg(feature = "hf-hub")]
    pub(super) fn is_default(&self) -> bool {
        self.named.is_empty()
    }

    /// # Errors
    /// [`HubError::InvalidOption`] when the variables name no certificate.
    pub(crate) fn load(&self) -> Result<RootCerts, HubError> {
        if self.named.is_empty() {
            return Ok(of_system());
        }
        let (mut certificates, mut unreadable, mut empty) = (Vec::new(), Vec::new(), Vec::new());
        // Variables often name the same file, and folders hold links to their files.
        let mut seen = BTreeSet::new();
        for (variable, path) in &self.named {
            let before = certificates.len();
            match read(path, &mut seen, &mut certificates) {
                Ok(()) if certificates.len() > before => {}
                Ok(()) => empty.push((variable, format!("{} holds no PEM certificate", path.display()))),
                Err(error) => unreadable.push((variable, format!("{} cannot be read: {error}", path.display()))),
            }
        }
        if certificates.is_empty()
            && let Some((variable, message)) = unreadable.first().or(empty.first())
        {
            return Err(HubError::InvalidOption { option: (**variable).to_owned(), message: message.clone() });
        }
        for (variable, problem) in unreadable {
            tracing::warn!("{variable}: {problem}; the certificates that other variables name are trusted");
        }
        Ok(certificates.into())
    }

    /// The error for what TLS objects to.
    pub(super) fn objection(&self, url: String, source: rustls::Error) -> HubError {
        if matches!(source, rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) {
            return HubError::Certificate { url, advice: self.advice(), source: Some(source.into()) };
        }
        let message = "no secure connection could be agreed on".to_owned();
        HubError::Network { url, message, retryable: false, source: Some(source.into()) }
    }

    /// Which certificates are trusted, and how to trust others.
    fn advice(&self) -> String {
        let trusted = match &self.named[..] {
            [] if cfg!(feature = "native-roots") => "this system's certificates are trusted".to_owned(),
            [] => "Mozilla's certificates are trusted".to_owned(),
            named => {
                let named = named.iter().map(|(variable, path)| format!("{variable} ({})", path.display()));
                format!("the certificates of {} are trusted", named.collect::<Vec<_>>().join(", "))
            }
        };
        format!(
            "{trusted}. Behind a proxy that looks into connections, set SSL_CERT_FILE (or REQUESTS_CA_BUNDLE) to a PEM \
             file with the certificates of your company"
        )
    }
}

/// Adds the certificates of a file, or of the files of a folder, but for files that were read before. Those before one that
/// cannot be read stay.
fn read(
    path: &Path,
    seen: &mut BTreeSet<PathBuf>,
    certificates: &mut Vec<Certificate<'static>>,
) -> std::io::Result<()> {
    for file in files(path)? {
        if seen.insert(file.canonicalize()?) {
            certificates.extend(parse_pem(&std::fs::read(file)?).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            }));
        }
    }
    Ok(())
}

/// The file, or the files of the folder.
fn files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path)?.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|entry| entry.is_file()).collect();
    files.sort();
    Ok(files)
}

/// The system's certificates; Mozilla's where it has none, as in many containers.
#[cfg(feature = "native-roots")]
fn of_system() -> RootCerts {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "some of the system's certificates cannot be read");
    }
    if found.certs.is_empty() {
        return RootCerts::WebPki;
    }
    found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).into()
}

#[cfg(not(feature = "native-roots"))]
fn of_system() -> RootCerts {
    RootCerts::WebPki
}
