//! Origins of pages, as browsers write them.

use axum::http::Uri;

/// Whether a browser could ever name this origin, or it is `*`.
pub(super) fn is_origin(text: &str) -> bool {
    matches!(text, "*" | "null")
        || text.parse().is_ok_and(|address: Uri| serialized(&address).is_some_and(|it| it == text))
}

/// An address's origin as browsers write it.
fn serialized(address: &Uri) -> Option<String> {
    let (scheme, authority) = (address.scheme_str()?, address.authority()?);
    let own_port = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if authority.host().is_empty() || !authority.host().chars().all(is_host) {
        return None;
    }
    let port = authority.port_u16().filter(|port| Some(*port) != own_port);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{}{port}", authority.host()).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_write() {
        for origin in [
            "*",
            "null",
            "https://example.org",
            "http://localhost:3000",
            "https://[::1]:8443",
            "http://127.0.0.1",
            "chrome-extension://abcdefghijklmnop",
            "capacitor://localhost",
        ] {
            assert!(is_origin(origin), "{origin}");
        }
        for text in [
            "",
            " ",
            "nonsense",
            "example.org",
            "localhost:3000",
            "https://",
            "https://example.org/",
            "https://example.org/page",
            "https://example.org?x",
            "https://Example.org",
            "HTTPS://example.org",
            "https://example.org:443",
            "http://example.org:80",
            "https://example.org:",
            "https://user@example.org",
            "https://*.example.org",
            "https://a.example https://b.example",
            "https://b\u{fc}cher.example",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
