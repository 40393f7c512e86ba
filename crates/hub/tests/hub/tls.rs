//! Servers whose certificate an authority of one's own has signed, as in companies.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use embedkit_fixtures::hub::Fault;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// A front of TLS before a server: its address, and the number of connections so far.
fn front(server: &Server) -> (String, Arc<AtomicUsize>) {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let (behind, config) = (server.url.trim_start_matches("http://").to_owned(), Arc::new(config));
    let count = Arc::new(AtomicUsize::new(0));
    let connections = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            connections.fetch_add(1, Ordering::SeqCst);
            let _ = pass_on(&behind, StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream));
        }
    });
    (address, count)
}

fn pass_on(behind: &str, mut client: StreamOwned<ServerConnection, TcpStream>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let mut server = TcpStream::connect(behind)?;
    server.write_all(&head)?;
    std::io::copy(&mut server, &mut client)?;
    client.conn.send_close_notify();
    client.flush()
}

fn authority() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hub/tls/authority.pem")
}

/// A hub that sees these variables alone.
fn hub_seeing(endpoint: &str, cache: &Path, variables: Vec<(&'static str, PathBuf)>) -> Hub {
    let mut options = HubOptions::default()
        .environment(move |name| Some(variables.iter().find(|(key, _)| *key == name)?.1.clone().into_os_string()));
    options.transport = Some(TRANSPORT);
    (options.endpoint, options.cache_dir) = (Some(endpoint.to_owned()), Some(cache.to_owned()));
    options.backoff = Duration::from_millis(1);
    Hub::new(options).unwrap()
}

#[test]
fn variables_name_the_certificates_that_are_trusted() {
    let server = served();
    let (endpoint, _) = front(&server);
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(authority(), folder.path().join("ours.crt")).unwrap();
    std::fs::write(folder.path().join("README"), "no certificate").unwrap();
    let none = tempfile::tempdir().unwrap();
    let (file, folder, none) = (authority(), folder.path().to_owned(), none.path().to_owned());
    let folders = std::env::join_paths([&none, &folder]).unwrap();
    let another = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hub/tls/server.pem");
    for variables in [
        vec![("SSL_CERT_FILE", file.clone())],
        vec![("SSL_CERT_DIR", folder.clone())],
        vec![("SSL_CERT_DIR", folders.into())],
        vec![("REQUESTS_CA_BUNDLE", file.clone()), ("SSL_CERT_FILE", "/no/such".into())],
        vec![("REQUESTS_CA_BUNDLE", folder.clone())],
        // As images of containers have it, with the authority that somebody added.
        vec![
            ("REQUESTS_CA_BUNDLE", another.clone()),
            ("CURL_CA_BUNDLE", another.clone()),
            ("SSL_CERT_FILE", file.clone()),
        ],
        vec![("SSL_CERT_FILE", another), ("SSL_CERT_DIR", folder)],
        vec![("CURL_CA_BUNDLE", file)],
    ] {
        for endpoint in [endpoint.clone(), endpoint.replace("https://", "HTTPS://")] {
            let cache = tempfile::tempdir().unwrap();
            let folder = hub_seeing(&endpoint, cache.path(), variables.clone()).fetch(&request());
            assert_complete(&folder.unwrap_or_else(|error| panic!("{variables:?}: {error}")));
        }
    }
}

#[test]
fn an_unknown_authority_is_final_and_names_the_variable() {
    let server = served();
    let (endpoint, connections) = front(&server);
    let cache = tempfile::tempdir().unwrap();
    let error = hub_seeing(&endpoint, cache.path(), Vec::new()).fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Certificate { .. }) && !error.is_retryable(), "{error}");
    assert!(error.to_string().contains("set SSL_CERT_FILE"), "{error}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("certificate") && !error.to_string().contains(&cause), "{cause}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hub/tls/server.pem");
    let error = hub_seeing(&endpoint, cache.path(), vec![("SSL_CERT_FILE", own)]).fetch(&request()).unwrap_err();
    assert!(error.to_string().contains("server.pem) are trusted"), "{error}");
}

#[test]
fn a_variable_without_certificates_is_named_when_the_network_is_needed() {
    let server = served();
    let (endpoint, _) = front(&server);
    let cache = tempfile::tempdir().unwrap();
    let empty = cache.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    for path in [PathBuf::from("/no/such.pem"), empty] {
        let variables = vec![("SSL_CERT_FILE", path)];
        let error = hub_seeing(&endpoint, cache.path(), variables.clone()).fetch(&request()).unwrap_err();
        assert!(matches!(&error, HubError::InvalidOption { option, .. } if option == "SSL_CERT_FILE"), "{error}");
        // Plain HTTP needs no certificates.
        let cache = tempfile::tempdir().unwrap();
        assert_complete(&hub_seeing(&server.url, cache.path(), variables).fetch(&request()).unwrap());
    }
}

#[test]
fn redirects_to_plain_http_are_not_followed() {
    let server = served();
    let (endpoint, _) = front(&server);
    for method in ["HEAD", "GET"] {
        let cache = tempfile::tempdir().unwrap();
        let location = vec![("location", server.url.clone() + "/elsewhere")];
        server.raw("/elsewhere", "{}").fault(method, "config.json", 1, Fault::Status(302, location));
        let variables = vec![("SSL_CERT_FILE", authority())];
        let error = hub_seeing(&endpoint, cache.path(), variables).fetch(&request()).unwrap_err();
        assert!(matches!(error, HubError::Protocol { .. }) && error.to_string().contains("plain http"), "{error}");
    }
    assert_eq!(server.count("GET", "/elsewhere") + server.count("HEAD", "/elsewhere"), 0);
}
