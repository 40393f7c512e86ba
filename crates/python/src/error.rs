//! The library's errors as Python's exceptions.
//!
//! The classes are Python's own, in `embedkit_rs.errors`: each derives from what the reference raises besides, which a
//! class made by a native module cannot.

use std::error::Error as _;
use std::io;

use embedkit::{Error, ErrorKind};
use pyo3::exceptions::{PyException, PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The module that has the classes.
const MODULE: &str = "embedkit_rs.errors";

/// The exception for an error; `index` is the position of the input that it is about.
pub(crate) fn raised(py: Python<'_>, error: &Error, index: Option<usize>) -> PyErr {
    if let Some(exception) = pythons_own(error) {
        return exception.clone_ref(py);
    }
    let index = index.filter(|_| error.kind() == ErrorKind::InvalidInput);
    exception(py, error, class_name(error), index).unwrap_or_else(|failure| failure)
}

/// The exception for an image that fails: those that cannot be read or decoded are errors of the operating system to the
/// reference, which opens them with Pillow.
pub(crate) fn of_image(py: Python<'_>, error: &Error, index: usize) -> PyErr {
    let class = match error {
        Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => "MissingImageError",
        error if pythons_own(error).is_some() => return raised(py, error, Some(index)),
        error if matches!(error.kind(), ErrorKind::Io | ErrorKind::InvalidInput) => "InvalidImageError",
        error => return raised(py, error, Some(index)),
    };
    exception(py, error, class, Some(index)).unwrap_or_else(|failure| failure)
}

/// What Python's code raised about an input, as that input's error; as an exception it is again what was raised.
pub(crate) fn of_python(message: &str, raised: PyErr) -> Error {
    Error::InvalidInput { message: message.to_owned(), source: Some(Box::new(raised)) }
}

fn pythons_own(error: &Error) -> Option<&PyErr> {
    match error {
        Error::InvalidInput { source: Some(source), .. } => source.downcast_ref(),
        _ => None,
    }
}

/// What is raised whatever else becomes of inputs that fail: an interrupt, or what else is no `Exception`.
pub(crate) fn interrupt(py: Python<'_>, failures: &[(usize, Error)]) -> Option<PyErr> {
    let raised = failures.iter().filter_map(|(_, error)| pythons_own(error));
    raised.map(|raised| raised.clone_ref(py)).find(|raised| !raised.is_instance_of::<PyException>(py))
}

fn exception(py: Python<'_>, error: &Error, class_name: &str, index: Option<usize>) -> PyResult<PyErr> {
    let exception = class(py, class_name)?.call1((message(error, index),))?;
    if let Some(index) = index {
        exception.setattr("index", index)?;
    }
    let raised = PyErr::from_value(exception);
    if let Some(chain) = causes(error) {
        let cause = class_of_causes(py)?.call1((chain,))?;
        raised.set_cause(py, Some(PyErr::from_value(cause)));
    }
    Ok(raised)
}

fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import(MODULE)?.getattr(name)
}

fn class_of_causes(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    class(py, "EmbedkitError")
}

fn class_name(error: &Error) -> &'static str {
    match error {
        Error::AlreadyRegistered { .. } => "AlreadyRegisteredError",
        Error::Runtime(_) if is_about_the_library(error) => "RuntimeNotFoundError",
        _ => match error.kind() {
            ErrorKind::Unknown => "UnknownModelError",
            ErrorKind::Manifest | ErrorKind::InvalidOption => "InvalidOptionError",
            ErrorKind::InvalidInput | ErrorKind::Vector => "InvalidInputError",
            ErrorKind::MissingFile | ErrorKind::InvalidFile | ErrorKind::Io | ErrorKind::Download => "ModelFilesError",
            ErrorKind::Cancelled => "Cancelled",
            // A wrong output, a session's error, and whatever kinds are added.
            _ => "InferenceError",
        },
    }
}

/// Whether it says that no ONNX Runtime can be used, rather than that one failed.
fn is_about_the_library(error: &Error) -> bool {
    use embedkit::session::RuntimeError;
    let Error::Runtime(cause) = error else { return false };
    cause.downcast_ref::<RuntimeError>().is_some()
}

fn message(error: &Error, index: Option<usize>) -> String {
    let text = match error {
        // What callers of the reference look for.
        Error::AlreadyRegistered { id, family } => {
            return format!("Model {id} is already registered among the {family} models; choose another id");
        }
        error if is_about_the_library(error) => {
            format!("{}; `pip install onnxruntime` installs one that is found", error.report())
        }
        error => error.report(),
    };
    match index {
        Some(index) => format!("input {index}: {text}"),
        None => text,
    }
}

/// The messages of what caused it, outermost first.
fn causes(error: &Error) -> Option<String> {
    let causes: Vec<String> =
        std::iter::successors(error.source(), |cause| (**cause).source()).map(ToString::to_string).collect();
    (!causes.is_empty()).then(|| causes.join(": "))
}

/// An exception of the package's own, by the name of its class.
pub(crate) fn own(py: Python<'_>, name: &str, message: String) -> PyErr {
    match class(py, name).and_then(|class| Ok(class.cast_into::<PyType>()?)) {
        Ok(class) => PyErr::from_type(class, (message,)),
        Err(failure) => failure,
    }
}

/// A value of Python's as what is taken here: the error says which field it is of, and what is wrong with it.
pub(crate) fn taken<'py, T>(object: &Bound<'py, PyAny>) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    object.extract().map_err(|failure: PyErr| {
        let py = object.py();
        let told = failure.value(py).to_string();
        // PyO3's words are "failed to extract field Options.threads"; the reason is the cause.
        let (Some((_, field)), Some(cause)) = (told.rsplit_once('.'), failure.cause(py)) else { return failure };
        let message = format!("{field}: {}", cause.value(py));
        if cause.is_instance_of::<PyOverflowError>(py) {
            return own(py, "InvalidOptionError", message);
        }
        PyTypeError::new_err(message)
    })
}

/// Errors of the library, on their way to Python.
pub(crate) trait Raise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> Raise<T> for embedkit::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raised(py, &error, None))
    }
}
