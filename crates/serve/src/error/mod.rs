//! What can be wrong with a request: one table of cases, answered in three bodies.

mod body;
mod json;

use std::time::Duration;

use axum::http::StatusCode;
use embedkit_core::ErrorKind;

pub(crate) use body::{CohereError, Dialect, OpenAiError, TeiError};
pub(crate) use json::read_json;

/// A result with a request's [`ApiError`].
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// What is wrong with a request.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) case: Case,
    pub(crate) message: String,
    /// The field at fault, with its index.
    pub(crate) param: Option<String>,
    /// Answers in this dialect instead of the route's.
    pub(crate) dialect: Option<Dialect>,
}

/// The cases of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Not JSON, a wrong type, a missing field, a bad value.
    Invalid,
    /// An empty list.
    Empty,
    /// A text that is too long, and must not be cut.
    TooLong,
    /// More inputs than a request may have.
    TooMany,
    /// A body of more bytes than there may be.
    TooLarge,
    /// A head of more bytes than there may be.
    HeadTooLarge,
    /// No key, or a wrong one.
    Unauthorized,
    /// A host name that is not this machine's.
    WrongHost,
    UnknownModel,
    UnknownRoute,
    WrongMethod,
    /// A model of another family.
    WrongFamily,
    /// A wrong content type or encoding.
    MediaType,
    /// The request's bytes did not come in time.
    SlowBody,
    /// A queue is full, or the request would not be done in time.
    Overloaded(Duration),
    /// Loading, failed to load, draining.
    Unavailable(Duration),
    /// The deadline passed.
    Timeout,
    /// The model or the runtime failed.
    Backend,
    /// A panic.
    Panic,
}

impl Case {
    /// The status that a dialect answers with.
    pub(crate) fn status(self, dialect: Dialect) -> StatusCode {
        let is_tei = dialect == Dialect::Tei;
        match self {
            Self::Invalid | Self::TooLong if is_tei => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Invalid | Self::TooLong | Self::Empty => StatusCode::BAD_REQUEST,
            Self::TooMany | Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::WrongHost => StatusCode::FORBIDDEN,
            Self::UnknownModel | Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongFamily | Self::Backend if is_tei => StatusCode::FAILED_DEPENDENCY,
            Self::WrongFamily => StatusCode::BAD_REQUEST,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::Overloaded(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Backend | Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the request was not let in, for no fault of its own.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::Overloaded(_) | Self::Unavailable(_))
    }

    /// OpenAI's `type`.
    fn openai_type(self) -> &'static str {
        match self {
            Self::Unauthorized => "authentication_error",
            Self::Overloaded(_) => "rate_limit_error",
            Self::Unavailable(_) | Self::Timeout | Self::Backend | Self::Panic => "server_error",
            _ => "invalid_request_error",
        }
    }

    /// OpenAI's `code`.
    fn openai_code(self) -> Option<&'static str> {
        match self {
            Self::Unauthorized => Some("invalid_api_key"),
            Self::UnknownModel => Some("model_not_found"),
            Self::TooLong => Some("context_length_exceeded"),
            Self::TooMany => Some("too_many_inputs"),
            Self::TooLarge => Some("payload_too_large"),
            Self::Overloaded(_) => Some("overloaded"),
            Self::Unavailable(_) => Some("unavailable"),
            Self::Timeout | Self::SlowBody => Some("timeout"),
            Self::Backend | Self::Panic => Some("internal_error"),
            _ => None,
        }
    }

    /// TEI's `error_type`.
    pub(crate) fn tei_type(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::WrongFamily | Self::Backend | Self::Panic => "Backend",
            Self::Overloaded(_) | Self::Timeout => "Overloaded",
            Self::Unavailable(_) => "Unhealthy",
            _ => "Validation",
        }
    }
}

impl ApiError {
    pub(crate) fn new(case: Case, message: impl Into<String>) -> Self {
        Self { case, message: message.into(), param: None, dialect: None }
    }

    /// A bad value of a field.
    pub(crate) fn field(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Case::Invalid, message).at(param)
    }

    /// A field that is known, changes the result, and is not supported.
    pub(crate) fn unsupported(param: &str, why: &str) -> Self {
        Self::field(param, format!("`{param}` is not supported: {why}"))
    }

    /// Refuses the first of some fields that is given, with what is said of it.
    pub(crate) fn refuse_given(fields: &[(&str, bool, &str)]) -> ApiResult<()> {
        match fields.iter().find(|(_, is_given, _)| *is_given) {
            Some((field, _, why)) => Err(Self::unsupported(field, why)),
            None => Ok(()),
        }
    }

    /// What two fields of one meaning say.
    pub(crate) fn agreed<T: PartialEq>(first: (&str, Option<T>), second: (&str, Option<T>)) -> ApiResult<Option<T>> {
        match (first.1, second.1) {
            (Some(one), Some(other)) if one != other => {
                Err(Self::field(second.0, format!("`{}` and `{}` say different things", first.0, second.0)))
            }
            (one, other) => Ok(one.or(other)),
        }
    }

    /// Names the field at fault.
    pub(crate) fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Names the field at fault, where it is known.
    fn at_if(self, param: &str) -> Self {
        if param.is_empty() { self } else { self.at(param) }
    }

    /// Answers in this dialect instead of the route's.
    pub(crate) fn in_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// A handler panicked.
    pub(crate) fn of_panic() -> Self {
        Self::new(Case::Panic, "the server failed at this request, which its log tells more of")
    }

    /// What the library says of an input. Only errors of inputs and options are the caller's.
    pub(crate) fn of_library(error: &embedkit_core::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidOption => Self::new(Case::Invalid, error.report()),
            _ => {
                tracing::error!(error = error.report(), "a model failed");
                Self::new(Case::Backend, for_clients(error))
            }
        }
    }
}

/// What clients are told of an error that is none of theirs: what a model itself says of it. Files and the runtime tell of this
/// machine, its paths among that, which is for its log.
pub(crate) fn for_clients(error: &embedkit_core::Error) -> String {
    match error.kind() {
        ErrorKind::BadOutput => error.to_string(),
        _ => "what went wrong stands in the server's log".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use embedkit_core::Error;

    use super::*;

    #[test]
    fn clients_are_told_nothing_of_this_machine() {
        const SECRET: &str = "/home/secret/model.onnx";
        let (path, cause) = (SECRET.into(), || std::io::Error::other(SECRET));
        for (error, is_told) in [
            (Error::MissingFile { path, needed_for: format!("export {SECRET}") }, false),
            (Error::file(SECRET, "was written to"), false),
            (Error::file_because(SECRET, "is no graph", cause()), false),
            (Error::Io { path: SECRET.into(), source: cause() }, false),
            (Error::model_because("m", "the run failed", cause()), true),
        ] {
            let told = ApiError::of_library(&error);
            assert_eq!(told.case, Case::Backend);
            assert!(!told.message.contains("secret"), "{}", told.message);
            assert_eq!(told.message.contains("the run failed"), is_told, "{}", told.message);
        }
    }
}
