//! The three bodies in which errors are answered.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ApiError, Case};
use crate::reply::json_response;

/// Whose errors a route speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Tei,
    Cohere,
}

impl Dialect {
    /// The schema of its errors.
    pub(crate) fn schema(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAiError",
            Self::Tei => "TeiError",
            Self::Cohere => "CohereError",
        }
    }
}

/// OpenAI's.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiError {
    error: OpenAiErrorBody,
    /// The message again, where clients of Jina and Voyage look for it.
    detail: String,
}

/// What is wrong, in OpenAI's words.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiErrorBody {
    message: String,
    r#type: &'static str,
    /// The field at fault, with its index.
    param: Option<String>,
    code: Option<&'static str>,
}

/// That of text-embeddings-inference.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeiError {
    error: String,
    error_type: &'static str,
}

/// Cohere's.
#[derive(Serialize, ToSchema)]
pub(crate) struct CohereError {
    id: String,
    message: String,
}

impl ApiError {
    /// The answer on a route of this dialect.
    pub(crate) fn response(&self, dialect: Dialect, request: &str) -> Response {
        let dialect = self.dialect.unwrap_or(dialect);
        let message = self.message.clone();
        let body = match dialect {
            Dialect::OpenAi => {
                let (r#type, code) = (self.case.openai_type(), self.case.openai_code());
                let detail = message.clone();
                let error = OpenAiErrorBody { message, r#type, param: self.param.clone(), code };
                serde_json::to_string(&OpenAiError { error, detail })
            }
            Dialect::Tei => serde_json::to_string(&TeiError { error: message, error_type: self.case.tei_type() }),
            Dialect::Cohere => serde_json::to_string(&CohereError { id: request.to_owned(), message }),
        };
        self.with_headers(json_response(self.case.status(dialect), body.unwrap_or_default()))
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
