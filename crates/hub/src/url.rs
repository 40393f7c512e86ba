//! The little that the hub needs to know about addresses.

/// Scheme and authority in lower case, without the scheme's own port: `https://host`.
pub(crate) fn origin(url: &str) -> Option<String> {
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

/// The address with scheme and host in lower case, as some parsers want them.
pub(crate) fn with_lower_origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    format!("{}://{user}{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase())
}

/// The host, in lower case and without the brackets of IPv6, and the port if one is stated.
pub(crate) fn host_and_port(url: &str) -> Option<(String, Option<u16>)> {
    let origin = origin(url)?;
    let authority = origin.split_once("://")?.1;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    Some((host.to_owned(), port.and_then(|port| port.parse().ok())))
}

/// Where a redirect from `base` to `location` leads; nowhere for a scheme other than those of the web.
pub(crate) fn join(base: &str, location: &str) -> Option<String> {
    if scheme(location).is_some() {
        return origin(location).map(|_| location.to_owned());
    }
    let origin = origin(base)?;
    if let Some(rest) = location.strip_prefix("//") {
        return origin.split_once("://").map(|(scheme, _)| format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return Some(format!("{origin}{}", without_dots(location)));
    }
    let path = without_query(base).split_once("://")?.1;
    let path = path.find('/').map_or("/", |start| &path[start..]);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{origin}{}", without_dots(&format!("{folder}/{location}"))))
}

/// The scheme of an address that has one.
pub(crate) fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "+-.".contains(sign);
    (scheme.starts_with(|sign: char| sign.is_ascii_alphabetic()) && scheme.chars().all(is_sign)).then_some(scheme)
}

/// A path, and its query as it is, without the segments `.` and `..` (RFC 3986, 5.2.4).
fn without_dots(path: &str) -> String {
    let (path, query) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    // What ends in one of them is a folder.
    if path.ends_with("/.") || path.ends_with("/..") {
        segments.push("");
    }
    format!("/{}{query}", segments.join("/"))
}

/// The address as messages show it: no query, no user name, no password.
pub(crate) fn redacted(url: &str) -> String {
    let url = without_query(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Percent-encodes one segment of a path.
pub(crate) fn encode(segment: &str) -> String {
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
    fn scheme_and_host_are_lowered_and_nothing_else() {
        assert_eq!(with_lower_origin("HTTPS://User:Pass@Hub.CO:443/A?B#C"), "https://User:Pass@hub.co:443/A?B#C");
        assert_eq!(with_lower_origin("Hub"), "Hub");
    }

    #[test]
    fn hosts_and_ports_are_taken_apart() {
        for (url, host, port) in [
            ("https://Hub.co/x", "hub.co", None),
            ("http://u:p@hub.co:8080?x", "hub.co", Some(8080)),
            ("https://[::1]:8443/x", "::1", Some(8443)),
            ("https://[::1]", "::1", None),
        ] {
            assert_eq!(host_and_port(url), Some((host.to_owned(), port)), "{url}");
        }
        assert_eq!(host_and_port("hub.co"), None);
    }

    #[test]
    fn redirects_are_absolute_or_relative() {
        for (base, location, expected) in [
            ("https://h/a/b?c=1", "https://cdn/x?s=1", "https://cdn/x?s=1"),
            ("https://h/a/b?c=1", "/x", "https://h/x"),
            ("https://h/a/b?c=1", "x?y", "https://h/a/x?y"),
            ("https://h/a/b", "//cdn/x", "https://cdn/x"),
            ("https://h/a/b", "/x?to=http://y", "https://h/x?to=http://y"),
            ("https://h", "x", "https://h/x"),
            ("https://h?q", "x", "https://h/x"),
            // RFC 3986, 5.4.
            ("http://a/b/c/d;p?q", "./g", "http://a/b/c/g"),
            ("http://a/b/c/d;p?q", "g/", "http://a/b/c/g/"),
            ("http://a/b/c/d;p?q", ".", "http://a/b/c/"),
            ("http://a/b/c/d;p?q", "..", "http://a/b/"),
            ("http://a/b/c/d;p?q", "../g", "http://a/b/g"),
            ("http://a/b/c/d;p?q", "../..", "http://a/"),
            ("http://a/b/c/d;p?q", "../../../g", "http://a/g"),
            ("http://a/b/c/d;p?q", "/../g", "http://a/g"),
            ("http://a/b/c/d;p?q", "g..", "http://a/b/c/g.."),
            ("http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y"),
            ("http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x"),
            ("http://a/b/c/d;p?q", "g#s/../x", "http://a/b/c/g#s/../x"),
        ] {
            assert_eq!(join(base, location).as_deref(), Some(expected), "{base} {location}");
        }
        for location in ["file:///etc/passwd", "ftp://h/x", "data:,x", "https:///x"] {
            assert_eq!(join("https://h/a", location), None, "{location}");
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
