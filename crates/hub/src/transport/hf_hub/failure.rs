//! What `hf-hub` and `hf-xet` say went wrong, in this crate's terms. Their texts hold addresses with all their secrets,
//! and are not passed on.

use std::error::Error;
use std::io;

use hf_hub::HFError;
use xet::error::XetError;

use super::super::http::{Endpoint, GATED, Http, advice, refused};
use super::super::{RemoteFile, Roots, Transport};
use super::client::RedirectRefused;
use crate::failure::Failure;
use crate::{HubError, url};

/// A file that was asked for, and how.
pub(super) struct Asked {
    file: String,
    /// As messages show it.
    address: String,
    /// The hub's origin.
    home: String,
    with_token: bool,
    roots: Roots,
}

impl Asked {
    pub(super) fn new(http: &Http, file: RemoteFile<'_>) -> Result<Self, HubError> {
        Ok(Self {
            file: file.name.to_owned(),
            address: http.address(file)?,
            home: Endpoint::parse(&http.endpoint)?.origin,
            with_token: http.token.is_some(),
            roots: http.agents.roots.clone(),
        })
    }

    /// Why a content was not opened.
    pub(super) fn failure(&self, error: HFError) -> Failure {
        let retry_after = match &error {
            HFError::RateLimited { retry_after, .. } => *retry_after,
            _ => None,
        };
        Failure { retry_after, ..self.error(error).into() }
    }

    fn error(&self, error: HFError) -> HubError {
        match error {
            HFError::Http { context }
            | HFError::AuthRequired { context }
            | HFError::Forbidden { context }
            | HFError::Conflict { context }
            | HFError::RateLimited { context, .. } => {
                let is_home = url::origin(&context.url).is_some_and(|origin| origin == self.home);
                let is_gated = context.error_code.as_deref() == Some(GATED);
                let advice = advice(is_home, is_gated, is_home && self.with_token);
                refused(&context.url, context.status.as_u16(), advice)
            }
            HFError::EntryNotFound { .. } | HFError::RepoNotFound { .. } | HFError::RevisionNotFound { .. } => {
                HubError::NotFound { what: self.file.clone(), url: self.address.clone() }
            }
            HFError::Request { source, url } => self.request_error(source, url),
            HFError::Io(source) => self.network("the connection failed", true, Some(source)),
            _ => self.network("hf-hub failed in a way that it does not explain", false, None),
        }
    }

    fn request_error(&self, source: reqwest::Error, url: Option<String>) -> HubError {
        if let Some(objection) = cause::<rustls::Error>(&source) {
            let url = url.map_or_else(|| self.address.clone(), |url| url::redacted(&url));
            return self.roots.objection(url, objection.clone());
        }
        if let Some(RedirectRefused(message)) = cause::<RedirectRefused>(&source) {
            return HubError::Protocol { url: self.address.clone(), message: (*message).to_owned() };
        }
        if source.is_builder() {
            return self.network("the address is malformed", false, None);
        }
        let message = if source.is_timeout() { "no answer in time" } else { "the connection failed" };
        let cause = cause::<io::Error>(&source).map(|error| io::Error::new(error.kind(), error.to_string()));
        self.network(message, true, cause)
    }

    /// Why a content in Xet storage was not opened.
    pub(super) fn xet_failure(&self, error: &XetError) -> Failure {
        let url = self.address.clone();
        let (what, is_retryable) = describe(error);
        let error = match error {
            XetError::Authentication(_) => {
                let advice = advice(true, false, self.with_token).to_owned();
                HubError::Refused { url, status: 401, advice }
            }
            XetError::NotFound(_) => HubError::NotFound { what: format!("{} in Xet storage", self.file), url },
            _ => {
                let message =
                    format!("{what} (the file is in Xet storage; with HF_HUB_DISABLE_XET=1 it comes over plain HTTP)");
                self.network(&message, is_retryable, None)
            }
        };
        error.into()
    }

    fn network(&self, message: &str, retryable: bool, source: Option<io::Error>) -> HubError {
        let source = source.map(Into::into);
        HubError::Network { url: self.address.clone(), message: message.to_owned(), retryable, source }
    }
}

/// The status of an answer that is an error to `hf-hub`.
pub(super) fn status(error: &HFError) -> Option<u16> {
    match error {
        HFError::Http { context } => Some(context.status.as_u16()),
        _ => None,
    }
}

/// Why a content broke off on its way.
pub(super) fn breaking_off(error: HFError) -> io::Error {
    match error {
        HFError::Request { source, .. } if source.is_timeout() => io::ErrorKind::TimedOut.into(),
        HFError::Request { source, .. } => io::Error::other(source.without_url()),
        HFError::Io(error) => error,
        _ => io::Error::other("hf-hub gave up"),
    }
}

/// Why a content from Xet storage broke off on its way.
pub(super) fn xet_breaking_off(error: &XetError) -> io::Error {
    io::Error::other(describe(error).0)
}

/// What happened, and whether it may go better the next time.
fn describe(error: &XetError) -> (&'static str, bool) {
    match error {
        XetError::Timeout(_) => ("Xet storage did not answer in time", true),
        XetError::Network(_) => ("no connection to Xet storage", true),
        XetError::RateLimited(_) => ("Xet storage is asked too often", true),
        XetError::ServerError(_) => ("Xet storage failed", true),
        XetError::DataIntegrity(_) => ("Xet storage sent what it cannot mean", true),
        XetError::Authentication(_) => ("Xet storage refused", false),
        XetError::NotFound(_) => ("Xet storage does not have it", false),
        _ => ("hf-xet failed in a way that it does not explain", false),
    }
}

/// The first cause of a kind, also where it hides in an I/O error, which passes over it.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = within.and_then(|within| cause::<T>(within)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
