//! Paths, as clients write them, made those of routes.

use super::known::KnownRoutes;
use crate::models::Models;

/// The model that a path names, as in `/models/{name}/embed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelInPath(pub(crate) String);

/// The path without the server's prefix, doubled and trailing slashes; nothing if it lacks the prefix.
pub(super) fn cleaned(path: &str, base: &str) -> Option<String> {
    let mut clean = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        clean.push('/');
        clean.push_str(part);
    }
    let rest = clean.strip_prefix(base)?;
    match rest {
        "" => Some("/".to_owned()),
        rest if rest.starts_with('/') => Some(rest.to_owned()),
        _ => None,
    }
}

/// Splits `/models/{name}/…` into the name, which may hold slashes, and the route behind it. `has_body` says whether
/// the request is one for a model, as a POST is: `/models/{name}` alone is then its route `/`. What stands behind a model's
/// name is no route where there is none of that name.
pub(super) fn split_model(
    path: &str,
    has_body: bool,
    routes: &KnownRoutes,
    models: &Models,
) -> Option<(ModelInPath, String)> {
    // `/v1/models/{name}` is the model's entry in the list, and no prefix.
    let rest = path.strip_prefix("/models/")?;
    let is_route = |(_, route): &(String, &str)| routes.has(route) && (*route != "/" || has_body);
    let split = |at: usize| (decoded(&rest[..at]), if at < rest.len() { &rest[at..] } else { "/" });
    let ends = || rest.match_indices('/').map(|(at, _)| at).chain([rest.len()]);
    // The longest name of a model goes before, one with a route behind it before all. What is no model's name is as one of the
    // hub's: of two parts at most.
    let named = ends().take(models.most_parts()).map(split);
    let named: Vec<_> = named.filter(|(name, _)| models.named(name).is_some()).collect();
    let found = match named.iter().rev().find(|split| is_route(split)).or(named.last()) {
        // The model's entry in the list, as above.
        Some((_, "/")) if !has_body => return None,
        Some(found) => found.clone(),
        None => ends().take(2).map(split).find(is_route)?,
    };
    let (name, route) = found;
    Some((ModelInPath(name), route.to_owned()))
}

/// A part of a path with its percent-encoded bytes read; as it is where they are no UTF-8.
fn decoded(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                text.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                text.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(text).unwrap_or_else(|_| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_the_prefix_are_forgiven() {
        for (path, base, expected) in [
            ("//embeddings", "", Some("/embeddings")),
            ("/v1/embeddings/", "", Some("/v1/embeddings")),
            ("/", "", Some("/")),
            ("/api//embed", "/api", Some("/embed")),
            ("/api", "/api", Some("/")),
            ("/apis/embed", "/api", None),
            ("/embed", "/api", None),
        ] {
            assert_eq!(cleaned(path, base).as_deref(), expected, "{path} {base}");
        }
    }

    #[test]
    fn percent_encoding_is_read() {
        assert_eq!(decoded("BAAI%2Fbge%2"), "BAAI/bge%2");
        assert_eq!(decoded("%ff"), "%ff");
    }
}
