//! Fetching an image: the name is resolved once, all its addresses are checked, and one of these is connected to.

use std::fmt;
use std::io::Read as _;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::address::is_public;
use super::hosts::Target;
use crate::admission::Reservation;
use crate::error::{ApiError, ApiResult, Case};

/// The longest that a fetch may take, and the most that it may bring.
const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_BYTES: u64 = 10 << 20;
/// So much of it is read at a time, before it is reserved.
const PIECE: u64 = 64 << 10;

/// Looks names up.
pub(super) trait Names: Clone + Send + Sync + 'static {
    /// A name's addresses.
    fn addresses(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>>;

    /// Whether an address may be connected to.
    fn may_connect(&self, address: SocketAddr) -> bool {
        is_public(address.ip())
    }
}

/// Looks names up as the system does.
#[derive(Clone)]
pub(super) struct SystemNames;

impl Names for SystemNames {
    fn addresses(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        (host.trim_matches(['[', ']']), port).to_socket_addrs().map(Iterator::collect)
    }
}

/// The bytes at an address, reserved as they come.
///
/// # Errors
/// Why they cannot be had, for the caller.
pub(super) fn fetch(
    target: &Target,
    deadline: Instant,
    names: &impl Names,
    reservation: &Reservation,
) -> ApiResult<Vec<u8>> {
    let timeout = deadline.saturating_duration_since(Instant::now()).min(TIMEOUT);
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .proxy(None)
        .http_status_as_error(true)
        .user_agent(concat!("embedkit/", env!("CARGO_PKG_VERSION")))
        .build();
    let resolver = Checked { names: Arc::new(names.clone()) };
    let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), resolver);
    let mut answer = agent.get(&target.address).call().map_err(told)?;
    if !answer.status().is_success() {
        return Err(told(ureq::Error::StatusCode(answer.status().as_u16())));
    }
    let mut body = answer.body_mut().with_config().limit(MOST_BYTES).reader();
    let mut bytes = Vec::new();
    loop {
        let read = body.by_ref().take(PIECE).read_to_end(&mut bytes).map_err(|error| told(error.into()))?;
        if read == 0 {
            // What is reserved is what is held.
            bytes.shrink_to_fit();
            return Ok(bytes);
        }
        reservation.grow(read)?;
    }
}

/// Why an image cannot be had.
fn told(error: ureq::Error) -> ApiError {
    let message = match error {
        ureq::Error::StatusCode(300..400) => "the image's host leads elsewhere, which is not followed".to_owned(),
        ureq::Error::StatusCode(code) => format!("the image's host answered {code}"),
        ureq::Error::Timeout(_) => "the image's host did not answer in time".to_owned(),
        ureq::Error::BodyExceedsLimit(_) => format!("the image is larger than {MOST_BYTES} bytes"),
        ureq::Error::HostNotFound => "the image's host is not found, or not on the public internet".to_owned(),
        _ => "the image cannot be fetched".to_owned(),
    };
    ApiError::new(Case::Invalid, message)
}

/// Resolves a name once, and gives nothing if any of its addresses is not one of the public internet.
struct Checked<N> {
    names: Arc<N>,
}

impl<N> fmt::Debug for Checked<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checked")
    }
}

impl<N: Names> Resolver for Checked<N> {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?.to_owned();
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let (names, (give, take)) = (self.names.clone(), std::sync::mpsc::channel());
        // The system's resolver cannot be interrupted.
        let look_up = move || drop(give.send(names.addresses(&host, port)));
        std::thread::Builder::new().name("names".to_owned()).spawn(look_up)?;
        let wait = (*timeout.after).min(TIMEOUT);
        let found = take.recv_timeout(wait).map_err(|_| ureq::Error::HostNotFound)?;
        let found = found.map_err(|_| ureq::Error::HostNotFound)?;
        if found.is_empty() || !found.iter().all(|address| self.names.may_connect(*address)) {
            return Err(ureq::Error::HostNotFound);
        }
        let mut addresses = self.empty();
        found.into_iter().take(4).for_each(|address| addresses.push(address));
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::admission::Admission;
    use crate::config::Config;
    use crate::metrics::Metrics;

    /// A name that leads to another address each time that it is looked up.
    #[derive(Clone)]
    struct Rebinding {
        answers: Vec<SocketAddr>,
        asked: Arc<AtomicUsize>,
        trusts_loopback: bool,
    }

    impl Names for Rebinding {
        fn addresses(&self, _: &str, _: u16) -> std::io::Result<Vec<SocketAddr>> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            Ok(vec![self.answers[number % self.answers.len()]])
        }

        fn may_connect(&self, address: SocketAddr) -> bool {
            self.trusts_loopback || is_public(address.ip())
        }
    }

    fn names(answers: &[SocketAddr], trusts_loopback: bool) -> Rebinding {
        Rebinding { answers: answers.to_vec(), asked: Arc::default(), trusts_loopback }
    }

    fn target() -> Target {
        Target { address: "http://images.example/a.png".to_owned() }
    }

    /// Answers one request, in a thread of its own.
    fn host(answer: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
        });
        address
    }

    fn fetched(names: &Rebinding, reservation: &Reservation) -> ApiResult<Vec<u8>> {
        fetch(&target(), Instant::now() + Duration::from_secs(3), names, reservation)
    }

    fn admission(config: &Config) -> Admission {
        Admission::new(config, || Duration::ZERO, Arc::new(Metrics::new(false)))
    }

    /// What a caller is told who has room for anything.
    fn refused(names: &Rebinding) -> String {
        fetched(names, &admission(&Config::default()).reservation()).unwrap_err().message
    }

    /// An answer of so many bytes.
    fn image(bytes: usize) -> Vec<u8> {
        [format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes(), vec![b'x'; bytes]].concat()
    }

    #[test]
    fn a_name_that_leads_inside_is_not_connected_to() {
        let inside = host(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret".to_vec());
        for answers in [vec![inside], vec!["10.0.0.1:80".parse().unwrap()]] {
            let names = names(&answers, false);
            assert!(refused(&names).contains("not on the public internet"));
            assert_eq!(names.asked.load(Ordering::Relaxed), 1, "the name is looked up once");
        }
    }

    #[test]
    fn what_is_fetched_is_bounded_and_leads_nowhere_else() {
        let reservation = admission(&Config::default()).reservation();
        assert_eq!(fetched(&names(&[host(image(3))], true), &reservation).unwrap(), b"xxx");
        let elsewhere =
            host(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n".to_vec());
        let names_of = names(&[elsewhere], true);
        assert!(refused(&names_of).contains("leads elsewhere"));
        assert_eq!(names_of.asked.load(Ordering::Relaxed), 1, "a redirect is not followed");
        let missing = host(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec());
        assert!(refused(&names(&[missing], true)).contains("404"));
        let large = image(MOST_BYTES as usize + 1);
        assert!(refused(&names(&[host(large)], true)).contains("larger than"));
    }

    #[test]
    fn what_is_fetched_is_held_as_what_came_in_bodies_is() {
        const BYTES: usize = 100_000;
        let mut config = Config::default();
        (config.max_body, config.max_buffered) = (2 * BYTES + BYTES / 2, 3 * BYTES - 1);
        let admission = admission(&config);
        let (first, second) = (admission.reservation(), admission.reservation());
        let fetch = |reservation: &Reservation| fetched(&names(&[host(image(BYTES))], true), reservation);
        for _ in 0..2 {
            assert_eq!(fetch(&first).unwrap().len(), BYTES);
        }
        assert_eq!(fetch(&first).unwrap_err().case, Case::TooLarge, "more than a body may have");
        assert_eq!(fetch(&second).unwrap_err().case, Case::Overloaded(Duration::ZERO), "more than all may have");
        drop(first);
        assert!(fetch(&second).is_ok());
    }
}
