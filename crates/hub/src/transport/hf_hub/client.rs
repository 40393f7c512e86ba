//! `hf-hub`, made to keep this crate's rules.

use std::sync::Arc;

use hf_hub::HFClient;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Proxy, redirect};
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::RootCerts;

use super::super::agent::USER_AGENT;
use super::super::http::{Endpoint, Http, MAX_REDIRECTS, TO_PLAIN_HTTP, WITHOUT_END};
use crate::HubError;

/// What is given for a token where there is none. It cannot be the value of a header, so that none is sent; without it,
/// `hf-hub` would look for a token in the process's environment.
const NO_TOKEN: &str = "\n";

/// A client for the hub's endpoint.
pub(super) fn build(http: &Http) -> Result<HFClient, HubError> {
    http.check_settings()?;
    let endpoint = Endpoint::parse(&http.endpoint)?.url;
    let agents = &http.agents;
    let proxies = agents.proxies.clone();
    // A compressed body would have another size than the file, and could not be resumed.
    let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
    let client = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(headers)
        .connect_timeout(agents.connect_timeout)
        .read_timeout(agents.read_timeout)
        .redirect(redirect::Policy::custom(follow))
        .referer(false)
        .proxy(Proxy::custom(move |url| proxies.of(url.as_str()).map(str::to_owned)))
        .tls_backend_preconfigured(tls(http, &endpoint)?)
        .http1_only()
        // Each transfer has a runtime of its own, with which its connections end.
        .pool_max_idle_per_host(0)
        // What is tried again, and how often, is not decided here.
        .retry(reqwest::retry::never())
        .build()
        .map_err(unusable)?;
    HFClient::builder()
        .endpoint(endpoint)
        .token(http.token.as_deref().unwrap_or(NO_TOKEN))
        .client(client)
        .cache_enabled(false)
        .retry_max_attempts(0)
        .build()
        .map_err(unusable)
}

/// Follows redirects as plain HTTP does; that the token stays at home is `reqwest`'s own rule.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let is_secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if is_secure && attempt.url().scheme() != "https" {
        return attempt.error(RedirectRefused(TO_PLAIN_HTTP));
    }
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error(RedirectRefused(WITHOUT_END));
    }
    attempt.follow()
}

/// Why a redirect is not followed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct RedirectRefused(pub(super) &'static str);

/// TLS that trusts the certificates that the settings name. What they name wrongly matters where https is needed.
fn tls(http: &Http, endpoint: &str) -> Result<ClientConfig, HubError> {
    let mut trusted = RootCertStore::empty();
    match http.agents.roots.load() {
        Ok(RootCerts::Specific(certificates)) => {
            trusted.add_parsable_certificates(certificates.iter().map(|certificate| certificate.der().to_vec().into()));
        }
        Ok(_) => trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Err(error) if endpoint.starts_with("https:") => return Err(error),
        Err(_) => {}
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(unusable)?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

fn unusable(error: impl std::error::Error) -> HubError {
    let mut message = format!("it cannot be set up: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        message += &format!(": {error}");
        cause = error.source();
    }
    message += ". Without it (EMBEDKIT_HUB_TRANSPORT=http) files come over plain HTTP";
    HubError::InvalidOption { option: "the transport hf-hub".to_owned(), message }
}
