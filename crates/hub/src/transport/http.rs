//! The hub's protocol over plain HTTP: requests that follow redirects and keep the token at home.

#[cfg(feature = "hf-hub")]
use std::io::Read as _;
use std::time::{Duration, SystemTime};

use super::agent::{Agents, Call, Response};
use super::{Answer, Body, Metadata, RemoteFile, Transport};
use crate::failure::Failure;
use crate::{HubError, url};

/// How many redirects are followed.
pub(super) const MAX_REDIRECTS: usize = 10;
/// Why a redirect is not followed.
pub(super) const TO_PLAIN_HTTP: &str = "it redirects from https to plain http, which is not followed";
/// Why redirects are no longer followed.
pub(super) const WITHOUT_END: &str = "it redirects without end";

/// Sends requests to the hub and to where it redirects.
pub(crate) struct Http {
    pub(crate) agents: Agents,
    /// As it was given; it is looked at when it is needed.
    pub(crate) endpoint: String,
    pub(crate) token: Option<String>,
}

/// Where the hub is.
pub(crate) struct Endpoint {
    /// Without a slash at its end.
    pub(crate) url: String,
    /// Scheme and host: who may see the token.
    pub(crate) origin: String,
}

impl Endpoint {
    /// # Errors
    /// [`HubError::InvalidOption`] when it is no address.
    pub(crate) fn parse(endpoint: &str) -> Result<Self, HubError> {
        let url = url::with_lower_origin(endpoint.trim_end_matches('/'));
        let Some(origin) = url::origin(&url) else {
            let shown = url::redacted(endpoint);
            return Err(HubError::InvalidOption {
                option: "the hub's endpoint (HF_ENDPOINT)".to_owned(),
                message: format!("it should begin with https:// or http:// and name a host, and is {shown:?}"),
            });
        };
        Ok(Self { url, origin })
    }

    pub(crate) fn address(&self, file: RemoteFile<'_>) -> String {
        let path: Vec<String> = file.name.split('/').map(url::encode).collect();
        format!("{}/{}/resolve/{}/{}", self.url, file.repo, url::encode(file.revision), path.join("/"))
    }
}

impl Transport for Http {
    fn ask(&self, file: RemoteFile<'_>) -> Result<Answer, Failure> {
        let address = Endpoint::parse(&self.endpoint)?.address(file);
        let response = self.send(true, &address, 0, says_it_all)?;
        let commit = response.header("x-repo-commit").map(str::to_owned);
        if response.status == 404 {
            let missing = |what| Err(HubError::NotFound { what, url: url::redacted(&address) }.into());
            return match response.header("x-error-code") {
                Some("RepoNotFound") => missing(format!("the repository {}", file.repo)),
                Some("RevisionNotFound") => missing(format!("revision {} of {}", file.revision, file.repo)),
                _ => Ok(Answer::Absent { commit }),
            };
        }
        let etag = response.header("x-linked-etag").or_else(|| response.header("etag"));
        let etag = etag.map(|etag| etag.trim().trim_start_matches("W/").trim_matches('"').to_owned());
        let (Some(commit), Some(etag)) = (commit, etag) else {
            let message = "there is no X-Repo-Commit or no ETag in its answer".to_owned();
            return Err(HubError::Protocol { url: url::redacted(&address), message }.into());
        };
        // A redirect's Content-Length is that of its own body, and an encoded body's is not the file's.
        let is_own = response.status < 300 && response.encoding().is_none();
        let own_size = is_own.then(|| response.number("content-length")).flatten();
        let size = response.number("x-linked-size").or(own_size);
        let xet = response.header("x-xet-hash").map(str::to_owned);
        Ok(Answer::Present(Metadata { commit, etag, size, xet }))
    }

    fn open(&self, file: RemoteFile<'_>, _: &Metadata, from: u64) -> Result<Option<Body>, Failure> {
        self.open_address(&Endpoint::parse(&self.endpoint)?.address(file), file.name, from)
    }

    fn address(&self, file: RemoteFile<'_>) -> Result<String, HubError> {
        Ok(url::redacted(&Endpoint::parse(&self.endpoint)?.address(file)))
    }
}

/// Whether a redirect already tells commit, etag and size; or leaves the hub, where nobody knows the commit.
fn says_it_all(redirect: &Response) -> bool {
    let has = |name| redirect.header(name).is_some();
    let leaves = redirect.header("location").is_some_and(|location| location.contains("://"));
    has("x-repo-commit") && (has("x-linked-etag") || has("etag")) && (has("x-linked-size") || leaves)
}

/// A page of the hub's interface.
#[cfg(feature = "listing")]
pub(crate) struct Page {
    pub(crate) content: Vec<u8>,
    /// The next one's address, if there is one.
    pub(crate) next: Option<String>,
}

#[cfg(feature = "listing")]
impl Http {
    /// The hub's address, without a slash at its end.
    ///
    /// # Errors
    /// [`HubError::InvalidOption`] when the endpoint is malformed.
    pub(crate) fn base(&self) -> Result<String, HubError> {
        Ok(Endpoint::parse(&self.endpoint)?.url)
    }

    /// A page of the hub's interface. `what` is how errors name what it tells.
    pub(crate) fn page(&self, address: &str, what: &str) -> Result<Page, Failure> {
        use std::io::Read as _;
        /// No page of a thousand files comes near it.
        const MAX_PAGE: u64 = 64 << 20;
        let response = self.send(false, address, 0, |_| false)?;
        let next = response.header("link").and_then(next_page).and_then(|link| url::join(address, link));
        let url = url::redacted(address);
        if response.status == 404 {
            return Err(HubError::NotFound { what: what.to_owned(), url }.into());
        }
        let mut content = Vec::new();
        response.body.take(MAX_PAGE + 1).read_to_end(&mut content).map_err(|source| HubError::Network {
            url: url.clone(),
            message: "the connection broke off".to_owned(),
            retryable: true,
            source: Some(source.into()),
        })?;
        if content.len() as u64 > MAX_PAGE {
            let message = format!("its answer has more than {MAX_PAGE} bytes");
            return Err(HubError::Protocol { url, message }.into());
        }
        Ok(Page { content, next })
    }
}

/// The address that `Link` gives for the next page.
#[cfg(feature = "listing")]
fn next_page(header: &str) -> Option<&str> {
    let link = header.split(',').find(|link| link.split(';').skip(1).any(|part| part.trim() == "rel=\"next\""))?;
    link.split(';').next()?.trim().strip_prefix('<')?.strip_suffix('>')
}

impl Http {
    /// Whether the endpoint, and what leads to it, can be used.
    pub(crate) fn check_settings(&self) -> Result<(), HubError> {
        self.agents.agent(&Endpoint::parse(&self.endpoint)?.url).map(drop)
    }

    /// What any address has, from a byte on; none when it has no such range. `file` is how errors name it.
    pub(crate) fn open_address(&self, address: &str, file: &str, from: u64) -> Result<Option<Body>, Failure> {
        let response = self.send(false, address, from, |_| false)?;
        let start = match response.status {
            404 => return Err(HubError::NotFound { what: file.to_owned(), url: url::redacted(address) }.into()),
            206 => match range_start(&response) {
                Some(start) if start == from => start,
                _ => return Ok(None),
            },
            416 => return Ok(None),
            _ => 0,
        };
        if let Some(encoding) = response.encoding() {
            let message = format!(
                "it sends the file encoded as {encoding:?} though it was asked not to, so that it cannot be checked \
                 against what was promised; have the server or the proxy between leave files as they are"
            );
            return Err(HubError::Protocol { url: url::redacted(address), message }.into());
        }
        let is_chunked = response.header("transfer-encoding").is_some_and(|value| value.contains("chunked"));
        let length = if is_chunked { None } else { response.number("content-length") };
        Ok(Some(Body { start, length, is_delimited: is_chunked, content: response.body }))
    }

    /// The hub's answer at an address below its endpoint, as text.
    #[cfg(feature = "hf-hub")]
    pub(super) fn text(&self, path: &str) -> Result<String, Failure> {
        /// Bytes of the longest answer that makes sense.
        const LONGEST: u64 = 1 << 16;
        let address = format!("{}/{path}", Endpoint::parse(&self.endpoint)?.url);
        let response = self.send(false, &address, 0, |_| false)?;
        let url = url::redacted(&address);
        if response.status == 404 {
            return Err(HubError::NotFound { what: path.to_owned(), url }.into());
        }
        std::io::read_to_string(response.body.take(LONGEST)).map_err(|error| {
            let message = "the answer broke off".to_owned();
            HubError::Network { url, message, retryable: true, source: Some(error.into()) }.into()
        })
    }

    /// One request, with redirects followed until `is_final` accepts an answer that is one.
    ///
    /// Answers are successes and 404s (and 416s); other statuses are failures.
    fn send(
        &self,
        head: bool,
        address: &str,
        from: u64,
        is_final: impl Fn(&Response) -> bool,
    ) -> Result<Response, Failure> {
        let home = Endpoint::parse(&self.endpoint).ok().map(|endpoint| endpoint.origin);
        let mut current = url::with_lower_origin(address);
        for _ in 0..=MAX_REDIRECTS {
            let origin = url::origin(&current);
            let token = self.token.as_deref().filter(|_| origin.is_some() && origin == home);
            let response = self.agents.send(&Call { head, url: &current, token, from })?;
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                return judge(&current, token.is_some(), origin == home, response);
            }
            if is_final(&response) {
                return Ok(response);
            }
            let location = response.header("location");
            let wrong =
                |message: &str| HubError::Protocol { url: url::redacted(&current), message: message.to_owned() };
            let next = location.and_then(|location| url::join(&current, location)).ok_or_else(|| {
                match location.and_then(url::scheme) {
                    Some(scheme) => {
                        wrong(&format!("it redirects to an address of the kind {scheme:?}, which is not followed"))
                    }
                    None => wrong("it redirects to nowhere"),
                }
            })?;
            let next = url::with_lower_origin(&next);
            if current.starts_with("https:") && !next.starts_with("https:") {
                return Err(wrong(TO_PLAIN_HTTP).into());
            }
            current = next;
        }
        Err(HubError::Protocol { url: url::redacted(address), message: WITHOUT_END.to_owned() }.into())
    }
}

/// Sorts an answer that is no redirect into answers and failures.
fn judge(address: &str, sent_token: bool, is_home: bool, response: Response) -> Result<Response, Failure> {
    let status = response.status;
    if matches!(status, 200..=299 | 404 | 416) {
        return Ok(response);
    }
    let is_gated = response.header("x-error-code") == Some(GATED);
    let retry_after = response.header("retry-after").and_then(|value| wait(value, SystemTime::now()));
    let advice = advice(is_home, is_gated, sent_token);
    let advice = match response.header("x-error-message").filter(|_| is_home) {
        Some(reason) => format!("{advice} (the hub says: {})", reason.chars().take(LONGEST_REASON).collect::<String>()),
        None => advice.to_owned(),
    };
    Err(Failure { retry_after, ..refused(address, status, &advice).into() })
}

/// Of a hub's own reason so many characters are told.
const LONGEST_REASON: usize = 300;

/// The hub's `X-Error-Code` for a repository whose terms must be accepted first.
pub(super) const GATED: &str = "GatedRepo";

/// What a status means that is neither a success nor that something is not there.
pub(super) fn refused(address: &str, status: u16, advice: &str) -> HubError {
    let url = url::redacted(address);
    if matches!(status, 401 | 403) {
        return HubError::Refused { url, status, advice: advice.to_owned() };
    }
    HubError::Status { url, status }
}

/// What to do about a refusal.
pub(super) fn advice(is_home: bool, is_gated: bool, sent_token: bool) -> &'static str {
    if !is_home {
        "the file's storage refused; the link may have expired, try again"
    } else if is_gated {
        "the repository is gated: accept its terms on its page, and set HF_TOKEN to a token of that account"
    } else if sent_token {
        "the repository does not exist, or the token (HF_TOKEN) is wrong or has no access to it"
    } else {
        "the repository does not exist, or is private: set HF_TOKEN to a token that may read it"
    }
}

/// What `Retry-After` asks for: seconds, or a date.
fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default())
}

/// The `a` of `Content-Range: bytes a-b/c`.
fn range_start(response: &Response) -> Option<u64> {
    response.header("content-range")?.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_seconds_or_dates() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:30 GMT").unwrap();
        for (value, expected) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(7)),
            ("Sun Nov  6 08:49:37 1994", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(wait(value, now).map(|wait| wait.as_secs()), expected, "{value}");
        }
    }

    #[cfg(feature = "listing")]
    #[test]
    fn the_next_page_is_the_one_called_so() {
        for (header, expected) in [
            ("<https://h/x?cursor=a>; rel=\"next\"", Some("https://h/x?cursor=a")),
            ("<https://h/first>; rel=\"first\", <https://h/x>; rel=\"next\"", Some("https://h/x")),
            ("<https://h/last>; rel=\"last\"", None),
            ("https://h/x; rel=\"next\"", None),
        ] {
            assert_eq!(next_page(header), expected, "{header}");
        }
    }

    #[test]
    fn endpoints_are_addresses() {
        for wrong in ["hub.example", "", "ftp://hub", "https://"] {
            assert!(matches!(Endpoint::parse(wrong), Err(HubError::InvalidOption { .. })), "{wrong}");
        }
        let endpoint = Endpoint::parse("HTTPS://Hub.Example:443/Path/").unwrap();
        assert_eq!(endpoint.url, "https://hub.example:443/Path");
        assert_eq!(endpoint.origin, "https://hub.example");
        let file = RemoteFile { repo: "a/b", revision: "refs/pr/1", name: "x y/z" };
        assert_eq!(endpoint.address(file), "https://hub.example:443/Path/a/b/resolve/refs%2Fpr%2F1/x%20y/z");
    }
}
