//! What the address of a server may be.

use embedkit_core::{Error, Result};

/// Does not repeat the address, which has a password in it.
pub(super) const NO_USER: &str =
    "an address has no user and no password: the key of a server is that of QDRANT_API_KEY";

/// Checks that an address is of a server and of nothing in it: gRPC goes to the server, whatever path is named.
pub(super) fn check_server(url: &str) -> Result<()> {
    let refused = |message: &str| Err(Error::option("address", format!("{url:?} {message}")));
    let server = url.split_once("://").map_or(url, |(_, server)| server).trim_end_matches('/');
    if server.contains('@') {
        return Err(Error::option("address", NO_USER));
    }
    if server.contains(['/', '?', '#']) {
        return refused("has a path before the collection's name, and gRPC has none: name the server alone");
    }
    let is_bracketed = |host: &str| host.starts_with('[') && host.ends_with(']');
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (server, None),
    };
    if host.is_empty() || host.contains(':') && !is_bracketed(host) {
        return refused("names no server: http://host:6334/name");
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        Some(_) => refused("has a port that is no number from 1 to 65535"),
    }
}
