//! What any request's head must be, whatever it asks for.

use axum::extract::Request;
use axum::http::{Version, header};

use crate::error::{ApiError, Case, Dialect};

/// Most bytes of a head.
pub(crate) const MOST_HEAD: usize = 64 << 10;

/// Refuses a head that is too large, and one that names no host or several: what stands between may have read another
/// one than we do.
pub(super) fn check_head(request: &Request) -> Result<(), ApiError> {
    /// Around a header's name and value: a colon, a space, a line's end.
    const AROUND: usize = 4;
    let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND);
    let size = request.uri().to_string().len() + lines.sum::<usize>();
    if size > MOST_HEAD {
        let message = format!("the request's head has more than {MOST_HEAD} bytes");
        return Err(ApiError::new(Case::HeadTooLarge, message));
    }
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        let message = format!("a request names its host once, and this one has {hosts} `Host` headers");
        return Err(ApiError::new(Case::Invalid, message).in_dialect(Dialect::OpenAi));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::request::Builder;

    use super::*;

    fn refused(request: Builder) -> Option<Case> {
        check_head(&request.body(Body::empty()).unwrap()).err().map(|error| error.case)
    }

    #[test]
    fn heads_are_bounded_and_name_one_host() {
        let request = || Request::builder().uri("/embed");
        let one = || request().header("host", "localhost");
        assert_eq!(refused(one()), None);
        assert_eq!(refused(one().header("x", "a".repeat(60_000))), None);
        assert_eq!(refused(one().header("x", "a".repeat(65_600))), Some(Case::HeadTooLarge));
        assert_eq!(refused(request()), Some(Case::Invalid));
        assert_eq!(refused(one().header("host", "other")), Some(Case::Invalid));
        assert_eq!(refused(request().version(Version::HTTP_10)), None, "which knew no hosts");
        assert_eq!(refused(request().version(Version::HTTP_2)), None, "which has the host beside its headers");
    }
}
