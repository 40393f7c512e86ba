//! An image to embed, before anything of it is read.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, Result};

/// An image to embed: a path, the bytes of an image file, raw pixels, or one that is made when it is needed.
///
/// Nothing is read or decoded before it is embedded; `embedkit-image` says which formats there are. Clones share
/// bytes and pixels.
///
/// ```
/// use embedkit_core::ImageInput;
///
/// let from_disk = ImageInput::from("photo.jpg");
/// let red_pixel = ImageInput::rgb(1, 1, vec![255, 0, 0])?;
/// let later = ImageInput::deferred("red pixel", move || Ok(red_pixel.clone()));
/// assert_eq!((from_disk.name(), later.name()), ("photo.jpg".into(), "red pixel".into()));
/// # Ok::<(), embedkit_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImageInput(ImageSource);

/// Where an image comes from.
#[derive(Clone)]
#[non_exhaustive]
pub enum ImageSource {
    /// An image file.
    Path(PathBuf),
    /// The bytes of an image file.
    Bytes(Arc<Vec<u8>>),
    /// Pixels.
    Rgb(Arc<Raster>),
    /// An image that is not made yet.
    Deferred {
        /// How errors name it.
        name: Arc<str>,
        /// Makes it.
        make: Arc<dyn Fn() -> Result<ImageInput> + Send + Sync>,
    },
}

/// Pixels: 8-bit red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// `[height, width, 3]`, rows top down.
    pub levels: Vec<u8>,
}

impl Raster {
    /// Pixels of an image.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when a side is zero, or there are not `width * height * 3` levels.
    pub fn new(width: usize, height: usize, levels: Vec<u8>) -> Result<Self> {
        let expected = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(3));
        if width == 0 || height == 0 {
            return Err(Error::input(format!("an image of {width} x {height} pixels is empty")));
        }
        if expected != Some(levels.len()) {
            let message = format!("{} levels are not the 3 x {width} x {height} of an RGB image", levels.len());
            return Err(Error::input(message));
        }
        Ok(Self { width, height, levels })
    }
}

impl ImageInput {
    /// An image file, read when it is embedded.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self(ImageSource::Path(path.into()))
    }

    /// The bytes of an image file; its format is told by its first bytes.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(ImageSource::Bytes(Arc::new(bytes.into())))
    }

    /// Raw pixels: 8-bit red, green and blue, rows top down, `width * height * 3` bytes.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when a side is zero or the number of bytes is another.
    pub fn rgb(width: u32, height: u32, pixels: impl Into<Vec<u8>>) -> Result<Self> {
        Ok(Raster::new(width as usize, height as usize, pixels.into())?.into())
    }

    /// An image that is made when it is embedded, on the threads that prepare inputs, and not kept: a
    /// page to render, a file to fetch. Errors name it.
    pub fn deferred(name: impl Into<String>, make: impl Fn() -> Result<ImageInput> + Send + Sync + 'static) -> Self {
        Self(ImageSource::Deferred { name: name.into().into(), make: Arc::new(make) })
    }

    /// Where it comes from.
    pub fn source(&self) -> &ImageSource {
        &self.0
    }

    /// How errors name it.
    pub fn name(&self) -> Cow<'_, str> {
        match &self.0 {
            ImageSource::Path(path) => path.to_string_lossy(),
            ImageSource::Bytes(_) => "image in memory".into(),
            ImageSource::Rgb(_) => "pixels in memory".into(),
            ImageSource::Deferred { name, .. } => (&**name).into(),
        }
    }
}

impl std::fmt::Debug for ImageSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Rgb(raster) => write!(f, "Rgb({} x {})", raster.width, raster.height),
            Self::Deferred { name, .. } => f.debug_tuple("Deferred").field(name).finish(),
        }
    }
}

impl AsRef<ImageInput> for ImageInput {
    fn as_ref(&self) -> &ImageInput {
        self
    }
}

impl From<Raster> for ImageInput {
    fn from(raster: Raster) -> Self {
        Self(ImageSource::Rgb(Arc::new(raster)))
    }
}

impl From<&ImageInput> for ImageInput {
    fn from(image: &ImageInput) -> Self {
        image.clone()
    }
}

impl From<&Path> for ImageInput {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for ImageInput {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for ImageInput {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&str> for ImageInput {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for ImageInput {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<Vec<u8>> for ImageInput {
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(bytes)
    }
}

impl From<&[u8]> for ImageInput {
    fn from(bytes: &[u8]) -> Self {
        Self::bytes(bytes)
    }
}
