//! The hosts that images may be fetched from.

use std::net::IpAddr;

use axum::http::Uri;

use super::address::is_public;
use crate::Error;

/// The hosts that images may be fetched from, in lower case; `*.suffix` stands for those below a name.
#[derive(Clone, Debug, Default)]
pub(super) struct AllowedHosts(Vec<String>);

/// An address at an allowed host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The whole address.
    pub(super) address: String,
}

impl AllowedHosts {
    pub(super) fn new(hosts: &[String]) -> Result<Self, Error> {
        let host = |host: &String| {
            let lower = host.to_ascii_lowercase();
            // Addresses' hosts are compared without it.
            let lower = lower.strip_suffix('.').unwrap_or(&lower);
            check(lower).map_err(|why| Error::usage(format!("image-host {host:?}: {why}")))?;
            Ok(lower.to_owned())
        };
        Ok(Self(hosts.iter().map(host).collect::<Result<_, Error>>()?))
    }

    /// The address, if its host is allowed.
    ///
    /// # Errors
    /// What is wrong with it, for the caller.
    pub(super) fn target(&self, address: &str) -> Result<Target, String> {
        let uri: Uri = address.parse().map_err(|_| "the image's address is none".to_owned())?;
        let authority = uri.authority().ok_or("the image's address has no host")?;
        if authority.as_str().contains('@') {
            return Err("the image's address has a user's name, which is not supported".to_owned());
        }
        let is_https = uri.scheme_str().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let port = match (authority.port_u16(), authority.port().is_some() || authority.as_str().ends_with(':')) {
            (Some(port), _) => port,
            (None, true) => return Err("the image's address has a port that is none".to_owned()),
            (None, false) if is_https => 443,
            (None, false) => 80,
        };
        let host = authority.host().to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        if !self.allows(host) {
            return Err(format!(
                "images are not fetched from there: send a data URL, or have the operator allow the host with \
                 --image-host{}",
                if self.0.is_empty() { "" } else { ", as others are" }
            ));
        }
        if !matches!(port, 80 | 443) {
            return Err("images are fetched from the ports 80 and 443 alone".to_owned());
        }
        Ok(Target { address: address.to_owned() })
    }

    fn allows(&self, host: &str) -> bool {
        self.0.iter().any(|allowed| match allowed.strip_prefix('*') {
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => allowed == host,
        })
    }
}

/// Refuses a host that no image could be fetched from.
fn check(host: &str) -> Result<(), &'static str> {
    const FORM: &str = "write it as example.org or *.example.org, without scheme, port or path";
    let name = host.strip_prefix("*.").unwrap_or(host);
    let in_brackets = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    if let Ok(address) = in_brackets.unwrap_or(name).parse::<IpAddr>() {
        return match is_public(address) {
            true if name.len() < host.len() || address.is_ipv6() != in_brackets.is_some() => Err(FORM),
            true => Ok(()),
            false => Err("images are fetched from addresses of the public internet alone, and this is none"),
        };
    }
    if name == "localhost" || name.ends_with(".localhost") {
        return Err("it is this machine, and images are fetched from the public internet alone");
    }
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if is_name { Ok(()) } else { Err(FORM) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_no_image_could_come_from_are_refused() {
        for (host, expected) in [
            ("example.org", true),
            ("EXAMPLE.org.", true),
            ("*.example.org", true),
            ("93.184.216.34", true),
            ("[2606:4700:4700::1111]", true),
            ("2606:4700:4700::1111", false),
            ("[93.184.216.34]", false),
            ("*.93.184.216.34", false),
            ("example.org:443", false),
            ("https://example.org", false),
            ("example.org/images", false),
            ("*", false),
            ("", false),
            ("localhost", false),
            ("*.localhost", false),
            ("images.localhost", false),
            ("127.0.0.1", false),
            ("10.0.0.1", false),
            ("[::1]", false),
        ] {
            let hosts = AllowedHosts::new(&[host.to_owned()]);
            assert_eq!(hosts.is_ok(), expected, "{host}");
            let named = hosts.err().is_none_or(|error| error.to_string().contains(&format!("{host:?}")));
            assert!(named, "{host}");
        }
        let dotted = AllowedHosts::new(&["EXAMPLE.org.".to_owned()]).unwrap();
        assert!(dotted.target("https://example.org/a.png").is_ok());
    }

    #[test]
    fn only_allowed_hosts_on_the_usual_ports_pass() {
        let hosts = ["img.example.org", "*.cdn.example.org"].map(str::to_owned);
        let hosts = AllowedHosts::new(&hosts).unwrap();
        for address in [
            "https://img.example.org/a.png",
            "HTTP://IMG.EXAMPLE.ORG:80/a",
            "https://img.example.org./a",
            "http://a.cdn.example.org/",
            "https://a.b.cdn.example.org:443/?x=1",
        ] {
            assert!(hosts.target(address).is_ok(), "{address}");
        }
        for address in [
            "https://example.org/",
            "https://cdn.example.org/",
            "https://evilcdn.example.org/",
            "https://img.example.org.evil.example/",
            "https://img.example.org@evil.example/",
            "https://evil.example#img.example.org",
            "https://evil.example?img.example.org",
            "https://img.example.org:22/",
            "https://img.example.org:8080/",
            "https://img.example.org:/",
            "https://user:pass@img.example.org/",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://169.254.169.254/latest/meta-data",
            "https:///a.png",
            "http://",
        ] {
            assert!(hosts.target(address).is_err(), "{address}");
        }
        assert!(AllowedHosts::default().target("https://img.example.org/").unwrap_err().contains("--image-host"));
        assert!(AllowedHosts::new(&["https://a".to_owned()]).is_err());
    }
}
