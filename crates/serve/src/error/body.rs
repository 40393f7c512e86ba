//! The three bodies in which errors are answered.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use serde_json::json;

use super::{ApiError, Case};
use crate::reply::json_response;

/// Whose errors a route speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Tei,
    Cohere,
}

impl ApiError {
    /// The answer on a route of this dialect.
    pub(crate) fn response(&self, dialect: Dialect, request: &str) -> Response {
        let dialect = self.dialect.unwrap_or(dialect);
        let body = match dialect {
            Dialect::OpenAi => json!({"error": {
                "message": self.message,
                "type": self.case.openai_type(),
                "param": self.param,
                "code": self.case.openai_code(),
            }}),
            Dialect::Tei => json!({"error": self.message, "error_type": self.case.tei_type()}),
            Dialect::Cohere => json!({"id": request, "message": self.message}),
        };
        self.with_headers(json_response(self.case.status(dialect), body.to_string()))
    }

    fn with_headers(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        match self.case {
            Case::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Case::Overloaded(wait) | Case::Unavailable(wait) => {
                let seconds = wait.as_secs_f64().ceil().clamp(1.0, 60.0) as u64;
                headers.insert(header::RETRY_AFTER, seconds.into());
                if let Case::Overloaded(_) = self.case {
                    let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).clamp(50, 60_000);
                    headers.insert(HeaderName::from_static("retry-after-ms"), milliseconds.into());
                }
            }
            // OpenAI's client would send the same costly request twice more.
            Case::Timeout | Case::Backend | Case::Panic => {
                headers.insert(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
            }
            _ => {}
        }
        response
    }
}
