//! Python's objects as inputs.

use std::path::PathBuf;
use std::sync::Arc;

use embedkit::{Content, Error, ImageInput, Pair};
use numpy::{PyReadonlyArray3, PyUntypedArray};
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::error;

/// Why an input is not taken.
pub(crate) enum Refused {
    /// It alone fails, as one that the model cannot embed.
    Input(Error),
    /// The whole run fails: the caller gives what is no input, or is to stop.
    Run(PyErr),
}

impl Refused {
    /// The exception, for a call that takes one input.
    pub(crate) fn raised(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Input(error) => error::raised(py, &error, Some(0)),
            Self::Run(exception) => exception,
        }
    }
}

impl From<PyErr> for Refused {
    fn from(exception: PyErr) -> Self {
        let is_of_run = Python::attach(|py| {
            exception.is_instance_of::<PyTypeError>(py) || !exception.is_instance_of::<PyException>(py)
        });
        if is_of_run { Self::Run(exception) } else { Self::Input(error::of_python("it cannot be read", exception)) }
    }
}

/// What the inputs of a run are.
#[derive(Clone)]
pub(crate) enum Kind {
    Text,
    Image,
    /// Query and document.
    Pair,
    /// Documents to score against this query.
    Document(Arc<str>),
}

impl Kind {
    /// Of its name; a query makes texts documents.
    pub(crate) fn named(name: &str, query: Option<String>) -> PyResult<Self> {
        match (name, query) {
            (_, Some(query)) => Ok(Self::Document(query.into())),
            ("text", None) => Ok(Self::Text),
            ("image", None) => Ok(Self::Image),
            ("pair", None) => Ok(Self::Pair),
            (other, None) => Err(PyTypeError::new_err(format!("no inputs are called {other:?}"))),
        }
    }

    /// Whether the object is one input, and not several.
    pub(crate) fn is_one(&self, inputs: &Bound<'_, PyAny>) -> bool {
        match self {
            Self::Text | Self::Document(_) => inputs.is_instance_of::<PyString>(),
            Self::Image => {
                inputs.is_instance_of::<PyString>()
                    || inputs.is_instance_of::<PyBytes>()
                    || inputs.hasattr("__fspath__").unwrap_or(false)
                    || is_pillow_image(inputs)
                    || is_file(inputs)
                    || dimensions(inputs) == Some(3)
            }
            Self::Pair => inputs
                .cast::<PyTuple>()
                .is_ok_and(|pair| pair.len() == 2 && pair.iter().all(|text| text.is_instance_of::<PyString>())),
        }
    }

    /// The input; `position` is its place in the run, for errors.
    pub(crate) fn content(&self, input: &Bound<'_, PyAny>, position: usize) -> Result<Content, Refused> {
        match self {
            Self::Text => Ok(Content::Text(text(input, position)?.to_owned())),
            Self::Document(query) => Ok(Pair::new(query.clone(), text(input, position)?).into()),
            Self::Image => Ok(image(input, position)?.into()),
            Self::Pair => {
                let refused = || PyTypeError::new_err(format!("input {position} must be a pair of two strings"));
                let (query, document) = two(input).ok_or_else(refused)?;
                Ok(Pair::new(text(&query, position)?, text(&document, position)?).into())
            }
        }
    }
}

/// The two of a tuple, a list or a row of an array.
fn two<'py>(pair: &Bound<'py, PyAny>) -> Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let is_one = pair.is_instance_of::<PyString>() || pair.is_instance_of::<PyBytes>();
    let has_two = !is_one && pair.len().is_ok_and(|length| length == 2);
    has_two.then(|| Some((pair.get_item(0).ok()?, pair.get_item(1).ok()?))).flatten()
}

/// What an input takes up, about, so that a chunk is not too large: the bytes of a text, and a share of the chunk for an image,
/// whose size is not known yet.
pub(crate) fn weight(content: &Content) -> usize {
    match content {
        Content::Text(text) => text.len(),
        Content::Pair(pair) => pair.query.len() + pair.document.len(),
        // Sixteen images fill a chunk.
        _ => 1 << 14,
    }
}

/// A text, as it stands in Python's memory.
fn text<'t>(input: &'t Bound<'_, PyAny>, position: usize) -> Result<&'t str, Refused> {
    let Ok(text) = input.cast::<PyString>() else {
        let message = format!("input {position} must be a string, not {}", type_name(input));
        return Err(PyTypeError::new_err(message).into());
    };
    text.to_str().map_err(|failure| Refused::Input(Error::input(failure.to_string())))
}

/// The name of an object's type, for errors.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "this".to_owned(), |name| name.to_string())
}

/// A path, the bytes of a file or a file that is open, an image of Pillow's, or an array of pixels.
fn image(input: &Bound<'_, PyAny>, position: usize) -> Result<ImageInput, Refused> {
    if let Ok(bytes) = input.cast::<PyBytes>() {
        return Ok(ImageInput::bytes(bytes.as_bytes()));
    }
    if let Ok(path) = input.extract::<PathBuf>() {
        return Ok(ImageInput::path(path));
    }
    if dimensions(input).is_some() {
        return pixels(input, position);
    }
    if is_pillow_image(input) {
        return pillow_image(input);
    }
    if is_file(input) {
        return Ok(file(input, position)?);
    }
    let wanted = "a path, bytes, an open file, an image of Pillow's or an array of uint8 (height, width, 3)";
    Err(PyTypeError::new_err(format!("input {position} must be {wanted}, not {}", type_name(input))).into())
}

/// Whether it is a file that is open: a thing that is read from.
fn is_file(input: &Bound<'_, PyAny>) -> bool {
    input.hasattr("read").unwrap_or(false)
}

/// The image in a file that is open, from its beginning, as Pillow takes it; where it cannot go back, from where it is.
fn file(input: &Bound<'_, PyAny>, position: usize) -> PyResult<ImageInput> {
    if input.call_method0("seekable").is_ok_and(|is| is.is_truthy().unwrap_or(false)) {
        input.call_method1("seek", (0,))?;
    }
    let content = input.call_method0("read")?;
    let bytes = content.cast::<PyBytes>().map_err(|_| {
        PyTypeError::new_err(format!("input {position} is a file of text; open it in binary mode, as with \"rb\""))
    })?;
    Ok(ImageInput::bytes(bytes.as_bytes()))
}

/// Number of dimensions, of an array of numpy's.
fn dimensions(input: &Bound<'_, PyAny>) -> Option<usize> {
    use numpy::PyUntypedArrayMethods as _;
    input.cast::<PyUntypedArray>().ok().map(|array| array.ndim())
}

fn pixels(input: &Bound<'_, PyAny>, position: usize) -> Result<ImageInput, Refused> {
    let refused = || PyTypeError::new_err(format!("input {position} must be an array of uint8, (height, width, 3)"));
    let array: PyReadonlyArray3<'_, u8> = input.extract().map_err(|_| refused())?;
    let array = array.as_array();
    let (height, width, channels) = array.dim();
    if channels != 3 {
        return Err(refused().into());
    }
    raster(width, height, array.iter().copied().collect())
}

/// Whether it is an image of Pillow's. Pillow is not needed, and not imported: whoever has such an object has done so.
fn is_pillow_image(input: &Bound<'_, PyAny>) -> bool {
    let class = || -> PyResult<Bound<'_, PyAny>> {
        let modules = input.py().import("sys")?.getattr("modules")?;
        modules.get_item("PIL.Image")?.getattr("Image")
    };
    class().is_ok_and(|class| input.is_instance(&class).unwrap_or(false))
}

fn pillow_image(input: &Bound<'_, PyAny>) -> Result<ImageInput, Refused> {
    let rgb = input.call_method1("convert", ("RGB",))?;
    let (width, height): (usize, usize) = rgb.getattr("size")?.extract()?;
    let levels = rgb.call_method0("tobytes")?;
    raster(width, height, levels.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes().to_vec())
}

fn raster(width: usize, height: usize, levels: Vec<u8>) -> Result<ImageInput, Refused> {
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    ImageInput::rgb(side(width), side(height), levels).map_err(Refused::Input)
}
