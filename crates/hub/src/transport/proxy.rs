//! Which proxy leads to an address, if any.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::environment::Environment;
use crate::url;

/// The proxies that the environment names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    /// What is reached without them.
    except: Vec<Exception>,
}

/// An entry of `NO_PROXY`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    Net(IpNet),
    /// A host and those below it, at one port or at all.
    Host(String, Option<u16>),
}

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in lower case first, as most programs do.
    pub(crate) fn of_environment(environment: &Environment) -> Self {
        let either = |name: &str| environment.text(&name.to_lowercase()).or_else(|| environment.text(name));
        let of_scheme = |name| either(name).or_else(|| either("ALL_PROXY"));
        let except = either("NO_PROXY").unwrap_or_default();
        Self {
            http: of_scheme("HTTP_PROXY"),
            https: of_scheme("HTTPS_PROXY"),
            except: except.split([',', ' ']).filter_map(Exception::parse).collect(),
        }
    }

    /// Whether every address is reached directly.
    #[cfg(feature = "hf-hub")]
    pub(super) fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// The proxy that leads to an address.
    pub(crate) fn of(&self, address: &str) -> Option<&str> {
        let is_https = address.starts_with("https:");
        let proxy = if is_https { self.https.as_deref() } else { self.http.as_deref() }?;
        let (host, port) = url::host_and_port(address)?;
        let port = port.unwrap_or(if is_https { 443 } else { 80 });
        (!self.except.iter().any(|exception| exception.holds(&host, port))).then_some(proxy)
    }
}

impl Exception {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim();
        if entry == "*" {
            return Some(Self::Everything);
        }
        let address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if let Some(net) = entry.parse().ok().or_else(|| address(entry).map(IpNet::from)) {
            return Some(Self::Net(net));
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let host = host.trim_start_matches("*.").trim_matches(['.', '[', ']']).to_ascii_lowercase();
        (!host.is_empty()).then_some(Self::Host(host, port))
    }

    fn holds(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Net(net) => host.parse::<IpAddr>().is_ok_and(|address| net.contains(&address)),
            Self::Host(name, of_port) => {
                let host = host.trim_end_matches('.');
                let is_below =
                    host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                is_below && of_port.is_none_or(|of_port| of_port == port)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &'static [(&'static str, &'static str)]) -> Proxies {
        Proxies::of_environment(&Environment::of(variables))
    }

    #[test]
    fn a_proxy_is_for_its_scheme() {
        let proxies = proxies(&[("https_proxy", "http://a"), ("HTTPS_PROXY", "http://b"), ("ALL_PROXY", "socks5://c")]);
        assert_eq!(proxies.of("https://h/x"), Some("http://a"));
        assert_eq!(proxies.of("http://h/x"), Some("socks5://c"));
        assert_eq!(Proxies::default().of("http://h/x"), None);
    }

    #[test]
    fn exceptions_are_names_nets_and_ports() {
        for (except, address, is_direct) in [
            ("*", "https://h", true),
            ("hub.co", "https://hub.co/x", true),
            ("hub.co", "https://HUB.CO/x", true),
            ("hub.co", "https://cdn.hub.co/x", true),
            (".hub.co", "https://cdn.hub.co/x", true),
            ("*.hub.co", "https://cdn.hub.co/x", true),
            ("hub.co", "https://github.co/x", false),
            ("a, hub.co", "https://hub.co/x", true),
            ("a hub.co", "https://hub.co/x", true),
            ("hub.co:443", "https://hub.co/x", true),
            ("hub.co:8443", "https://hub.co/x", false),
            ("hub.co:8443", "https://hub.co:8443/x", true),
            ("10.0.0.0/8", "https://10.1.2.3/x", true),
            ("10.0.0.0/8", "https://11.1.2.3/x", false),
            ("10.0.0.0/8", "https://ten.example/x", false),
            ("192.168.1.1", "https://192.168.1.1:9/x", true),
            ("192.168.1.1:9", "https://192.168.1.1:9/x", true),
            ("192.168.1.1:8", "https://192.168.1.1:9/x", false),
            ("fd00::/8", "https://[fd00::1]:9/x", true),
            ("[fd00::1]", "https://[fd00::1]/x", true),
            ("[fd00::1]:9", "https://[fd00::1]:9/x", true),
            ("::1", "https://[::2]/x", false),
            ("", "https://h/x", false),
            ("hub.co:port", "https://hub.co/x", false),
        ] {
            let proxies = Proxies {
                https: Some("http://p".to_owned()),
                except: except.split([',', ' ']).filter_map(Exception::parse).collect(),
                ..Proxies::default()
            };
            assert_eq!(proxies.of(address).is_none(), is_direct, "{except} {address}");
        }
    }
}
