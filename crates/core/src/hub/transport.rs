//! One HTTP request at a time; everything above it can be tested without a network.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use super::HubError;
use crate::BoxError;

/// Sends one request and gives the answer whatever its status; follows no redirect, retries nothing.
pub(super) trait Transport: Send + Sync {
    /// The answer, its body not yet read.
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError>;
}

/// A request without a body.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    /// Whether only the headers are wanted.
    pub(super) head: bool,
    pub(super) url: &'a str,
    /// What is sent as a bearer token, to this very address.
    pub(super) token: Option<&'a str>,
    /// The first byte wanted.
    pub(super) from: u64,
}

/// The answer to a [`Request`].
pub(super) struct Response {
    pub(super) status: u16,
    /// By their names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Box<dyn Read + Send>,
}

impl Response {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A header's value as a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct TransportError {
    /// Without the address.
    pub(super) message: String,
    /// Whether another try may help.
    pub(super) heals: bool,
    pub(super) source: Option<BoxError>,
}

/// [`Transport`] over `ureq`.
pub(super) struct Http(ureq::Agent);

impl Http {
    /// `proxy` is an address, `no_proxy` the hosts that are reached without it.
    pub(super) fn new(
        connect_timeout: Duration,
        read_timeout: Duration,
        proxy: Option<(String, Option<String>)>,
    ) -> Result<Self, HubError> {
        let proxy = proxy.map(|(address, except)| parse_proxy(&address, except.as_deref())).transpose()?;
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(proxy)
            .tls_config(tls())
            .timeout_connect(Some(connect_timeout))
            .timeout_recv_response(Some(read_timeout))
            .timeout_per_read(Some(read_timeout))
            .user_agent(concat!("embedkit/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self(config.new_agent()))
    }
}

fn tls() -> ureq::tls::TlsConfig {
    let builder = ureq::tls::TlsConfig::builder().provider(ureq::tls::TlsProvider::Rustls);
    #[cfg(feature = "native-roots")]
    let builder = builder.root_certs(ureq::tls::RootCerts::PlatformVerifier);
    builder.build()
}

/// `ureq` reads exceptions from the process environment only, or from its builder, part by part.
fn parse_proxy(address: &str, except: Option<&str>) -> Result<ureq::Proxy, HubError> {
    let wrong = |_| HubError::Invalid("the proxy's address (ALL_PROXY, HTTPS_PROXY, HTTP_PROXY) is malformed".into());
    let proxy = ureq::Proxy::new(address).map_err(wrong)?;
    let Some(except) = except else { return Ok(proxy) };
    let mut builder = ureq::Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
    if let Some(name) = proxy.username() {
        builder = builder.username(name);
    }
    if let Some(password) = proxy.password() {
        builder = builder.password(password);
    }
    for host in except.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        // A name stands for its subdomains too, as everywhere but in ureq.
        builder = builder.no_proxy(host).no_proxy(&format!(".{}", host.trim_start_matches('.')));
    }
    builder.build().map_err(wrong)
}

impl Transport for Http {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let mut call = if request.head { self.0.head(request.url) } else { self.0.get(request.url) };
        // A compressed body would have another size than the file, and could not be resumed.
        call = call.header("accept-encoding", "identity");
        if let Some(token) = request.token {
            call = call.header("authorization", format!("Bearer {token}"));
        }
        if request.from > 0 {
            call = call.header("range", format!("bytes={}-", request.from));
        }
        let response = call.call().map_err(describe)?;
        let headers = response.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        Ok(Response {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: Box::new(response.into_body().into_with_config().limit(u64::MAX).reader()),
        })
    }
}

/// Says what happened in words that hold neither an address nor a header.
fn describe(error: ureq::Error) -> TransportError {
    use ureq::Error as E;
    let (message, heals) = match &error {
        E::HostNotFound => ("there is no such host, or no network".to_owned(), false),
        E::Timeout(phase) => (format!("no answer in time ({phase})"), true),
        E::Io(error) => (error.to_string(), true),
        E::ConnectionFailed => ("the connection failed".to_owned(), true),
        E::ConnectProxyFailed(_) => ("the proxy refused the connection".to_owned(), true),
        E::Protocol(_) => ("the answer is not proper HTTP".to_owned(), true),
        E::BadUri(_) | E::Http(_) => ("the address is malformed".to_owned(), false),
        E::Rustls(error) => (format!("TLS failed: {error}"), false),
        E::Tls(error) => (format!("TLS failed: {error}"), false),
        _ => ("the request failed".to_owned(), false),
    };
    // An address may hold a signature, and a lower layer's text may hold the address.
    let source = match error {
        E::Io(error) => Some(BoxError::from(error)),
        E::Rustls(error) => Some(BoxError::from(error)),
        _ => None,
    };
    TransportError { message, heals, source }
}
