//! One HTTP request at a time over `ureq`: no redirect is followed, nothing is tried again.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;
use std::time::Duration;

use super::{Proxies, Roots};
use crate::error::BoxError;
use crate::failure::Failure;
use crate::{HubError, url};

/// How this crate introduces itself to servers.
pub(super) const USER_AGENT: &str = concat!("embedkit/", env!("CARGO_PKG_VERSION"));

/// A request without a body.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    /// Whether only the headers are wanted.
    pub(super) head: bool,
    pub(super) url: &'a str,
    /// What is sent as a bearer token, to this very address.
    pub(super) token: Option<&'a str>,
    /// The first byte wanted.
    pub(super) from: u64,
}

/// The answer to a [`Call`], its body not yet read.
pub(super) struct Response {
    pub(super) status: u16,
    /// By their names in lower case.
    headers: BTreeMap<String, String>,
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

    /// What was done to the body, if anything.
    pub(super) fn encoding(&self) -> Option<&str> {
        let encoding = self.header("content-encoding")?.trim();
        (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
    }
}

/// Connections with or without a proxy. What they need is read when the first is made: a wrong variable does no harm
/// to who needs no network.
pub(crate) struct Agents {
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    pub(crate) proxies: Proxies,
    pub(crate) roots: Roots,
    direct: OnceLock<ureq::Agent>,
    of_http: OnceLock<ureq::Agent>,
    of_https: OnceLock<ureq::Agent>,
}

impl Agents {
    pub(crate) fn new(connect_timeout: Duration, read_timeout: Duration, proxies: Proxies, roots: Roots) -> Self {
        let [direct, of_http, of_https] = [const { OnceLock::new() }; 3];
        Self { connect_timeout, read_timeout, proxies, roots, direct, of_http, of_https }
    }

    /// The answer, whatever its status.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let agent = self.agent(call.url)?;
        let mut request = if call.head { agent.head(call.url) } else { agent.get(call.url) };
        // A compressed body would have another size than the file, and could not be resumed.
        request = request.header("accept-encoding", "identity");
        if let Some(token) = call.token {
            check_token(token)?;
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if call.from > 0 {
            request = request.header("range", format!("bytes={}-", call.from));
        }
        let response = request.call().map_err(|error| self.describe(call.url, error))?;
        let headers = response.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        Ok(Response {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: Box::new(response.into_body().into_with_config().limit(u64::MAX).reader()),
        })
    }

    /// The connections that lead to an address.
    pub(super) fn agent(&self, url: &str) -> Result<&ureq::Agent, HubError> {
        let proxy = self.proxies.of(url);
        let place = match proxy {
            None => &self.direct,
            Some(_) if url.starts_with("https:") => &self.of_https,
            Some(_) => &self.of_http,
        };
        if let Some(agent) = place.get() {
            return Ok(agent);
        }
        let tls = ureq::tls::TlsConfig::builder()
            .provider(ureq::tls::TlsProvider::Rustls)
            .root_certs(if url.starts_with("https:") { self.roots.load()? } else { ureq::tls::RootCerts::WebPki });
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(proxy.map(parse_proxy).transpose()?)
            .tls_config(tls.build())
            .timeout_connect(Some(self.connect_timeout))
            .timeout_recv_response(Some(self.read_timeout))
            .timeout_per_read(Some(self.read_timeout))
            .user_agent(USER_AGENT)
            .build();
        Ok(place.get_or_init(|| config.new_agent()))
    }

    /// Says what happened in words that hold neither a secret part of an address nor a header.
    fn describe(&self, address: &str, error: ureq::Error) -> HubError {
        use ureq::Error as E;
        let url = url::redacted(address);
        if let Some(source) = tls_cause(&error) {
            return self.roots.objection(url, source);
        }
        let (message, retryable) = match &error {
            E::HostNotFound => ("there is no such host, or no network".to_owned(), false),
            E::Timeout(phase) => (format!("no answer in time ({phase})"), true),
            E::Io(_) | E::ConnectionFailed => ("the connection failed".to_owned(), true),
            E::ConnectProxyFailed(reason) => refused_by_proxy(address, reason),
            E::Protocol(_) => ("the answer is not proper HTTP".to_owned(), true),
            E::BadUri(_) | E::Http(_) => ("the address is malformed".to_owned(), false),
            E::Tls(error) => (format!("no secure connection: {error}"), false),
            _ => ("the request failed".to_owned(), false),
        };
        // Of other errors the text may hold the address.
        let source = match error {
            E::Io(error) => Some(BoxError::from(error)),
            _ => None,
        };
        HubError::Network { url, message, retryable, source }
    }
}

/// Refuses a token that no header can hold, without a part of it in the message.
fn check_token(token: &str) -> Result<(), HubError> {
    if token.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    Err(HubError::InvalidOption {
        option: "the token (HF_TOKEN)".to_owned(),
        message: "it has a sign that no token has: a line break or another control character, or a letter beyond ASCII"
            .to_owned(),
    })
}

/// What a proxy's refusal of a tunnel means, and whether it may pass. `ureq` has tunnels for plain http too.
fn refused_by_proxy(address: &str, reason: &str) -> (String, bool) {
    let is_final = reason.contains(" responded 4") && !reason.contains(" 429/") && !reason.contains(" 408/");
    let status = reason.rsplit_once(" responded ").and_then(|(_, status)| status.split('/').next());
    let status = status.map_or_else(String::new, |status| format!(" with HTTP {status}"));
    let is_plain = !address.starts_with("https:");
    let advice = if is_plain { "; it must allow tunnels (CONNECT) to this address's port" } else { "" };
    (format!("the proxy refused the connection{status}{advice}"), !is_final)
}

/// What rustls objects to, wherever `ureq` put it.
fn tls_cause(error: &ureq::Error) -> Option<rustls::Error> {
    match error {
        ureq::Error::Rustls(error) => Some(error.clone()),
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<rustls::Error>().cloned(),
        _ => None,
    }
}

fn parse_proxy(address: &str) -> Result<ureq::Proxy, HubError> {
    ureq::Proxy::new(address).map_err(|_| HubError::InvalidOption {
        option: "the proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)".to_owned(),
        message: format!("{:?} is no address of a proxy", url::redacted(address)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_refusal_is_final_and_its_failure_is_not() {
        for (status, may_pass) in [(403, false), (407, false), (429, true), (408, true), (503, true), (502, true)] {
            let reason = format!("proxy server responded {status}/{status}");
            let (message, retryable) = refused_by_proxy("https://h/x", &reason);
            assert!(message.ends_with(&format!("with HTTP {status}")), "{message}");
            assert_eq!(retryable, may_pass, "{status}");
            assert!(refused_by_proxy("http://h/x", &reason).0.contains("CONNECT"));
        }
        assert!(refused_by_proxy("https://h/x", "proxy server did not respond").1);
    }

    #[test]
    fn a_token_is_what_a_header_can_hold() {
        assert!(check_token("hf_abc").is_ok());
        for wrong in ["hf\nabc", "hf\u{1b}", "hfé"] {
            let error = check_token(wrong).unwrap_err().to_string();
            assert!(error.contains("HF_TOKEN") && !error.contains(wrong), "{error}");
        }
    }
}
