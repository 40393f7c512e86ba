//! The little that the hub needs to know about addresses.

/// Scheme and authority in lower case, without the scheme's own port: `https://host`.
pub(super) fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = rest[..end].to_ascii_lowercase();
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    (!authority.is_empty()).then(|| format!("{scheme}://{authority}"))
}

/// Where a redirect from `base` to `location` leads.
pub(super) fn join(base: &str, location: &str) -> Option<String> {
    if location.contains("://") && origin(location).is_some() {
        return Some(location.to_owned());
    }
    let origin = origin(base)?;
    if let Some(rest) = location.strip_prefix("//") {
        return origin.split_once("://").map(|(scheme, _)| format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return Some(format!("{origin}{location}"));
    }
    let path = without_query(base);
    let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
    Some(format!("{folder}/{location}"))
}

/// The address as messages show it: no query, no user name, no password.
pub(super) fn redacted(url: &str) -> String {
    let url = without_query(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Percent-encodes one segment of a path.
pub(super) fn encode(segment: &str) -> String {
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_without_case_and_default_port() {
        assert_eq!(origin("HTTPS://Hub.co:443/a?b"), Some("https://hub.co".to_owned()));
        assert_eq!(origin("http://hub.co:8080"), Some("http://hub.co:8080".to_owned()));
        assert_ne!(origin("https://hub.co@evil.net/"), origin("https://hub.co/"));
        assert_ne!(origin("https://evil.net\\@hub.co/"), origin("https://hub.co/"));
        assert_eq!(origin("ftp://hub.co/"), None);
        assert_eq!(origin("https:///x"), None);
    }

    #[test]
    fn redirects_are_absolute_or_relative() {
        for (base, location, expected) in [
            ("https://h/a/b?c=1", "https://cdn/x?s=1", "https://cdn/x?s=1"),
            ("https://h/a/b?c=1", "/x", "https://h/x"),
            ("https://h/a/b?c=1", "x?y", "https://h/a/x?y"),
            ("https://h/a/b", "//cdn/x", "https://cdn/x"),
            ("https://h/a/b", "/x?to=http://y", "https://h/x?to=http://y"),
        ] {
            assert_eq!(join(base, location).as_deref(), Some(expected));
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(redacted("https://user:pass@cdn:1/x?Signature=abc#d"), "https://cdn:1/x");
        assert_eq!(redacted("https://cdn?sig=a@b"), "https://cdn");
    }

    #[test]
    fn segments_are_encoded() {
        assert_eq!(encode("refs/pr/1"), "refs%2Fpr%2F1");
        assert_eq!(encode("a b%é"), "a%20b%25%C3%A9");
    }
}
