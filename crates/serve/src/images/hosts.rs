//! The hosts that images may be fetched from.

use axum::http::Uri;

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
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c));
        let host = |host: &String| {
            let host = host.to_ascii_lowercase();
            match is_name(host.strip_prefix("*.").unwrap_or(&host)) {
                true => Ok(host),
                false => Err(Error::usage(format!("image-host {host:?}: write it as example.org or *.example.org"))),
            }
        };
        Ok(Self(hosts.iter().map(host).collect::<Result<_, _>>()?))
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

#[cfg(test)]
mod tests {
    use super::*;

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
