//! What can be embedded: pictures on disk, in memory, or already opened.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embedkit_core::{Error, Result};
use image::DynamicImage;

use crate::decode::{self, DecodeOptions};
use crate::processor::raster::Raster;

/// A picture to embed.
///
/// Made from a path, from the bytes of a PNG, JPEG, WebP, GIF (its first frame), BMP or TIFF file,
/// from raw RGB pixels, or from an opened [`image::DynamicImage`] (the one foreign type that is
/// accepted, by `From`). Clones share the pixels.
///
/// Colours become RGB as the Python reference (Pillow) makes them so: alpha is dropped, not blended;
/// grey is repeated; of 16-bit channels the high byte stays, but 16-bit grey is clipped at 255; CMYK
/// is converted without a colour profile.
///
/// ```
/// use embedkit_image::ImageInput;
///
/// let from_disk = ImageInput::from("photo.jpg");
/// let red_pixel = ImageInput::rgb(1, 1, vec![255, 0, 0])?;
/// let later = ImageInput::deferred("red pixel", move || Ok(red_pixel.clone()));
/// assert_eq!(later.to_rgb()?, (1, 1, vec![255, 0, 0]));
/// # Ok::<(), embedkit_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImageInput(Source);

#[derive(Clone, Debug)]
enum Source {
    Path(PathBuf),
    Bytes(Arc<Vec<u8>>),
    Rgb(Arc<Raster>),
    Deferred(Deferred),
}

/// A picture that is not made yet.
#[derive(Clone)]
struct Deferred {
    name: Arc<str>,
    make: Arc<dyn Fn() -> Result<ImageInput> + Send + Sync>,
}

impl std::fmt::Debug for Deferred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Deferred").field(&self.name).finish()
    }
}

impl ImageInput {
    /// A picture file, read when it is embedded.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self(Source::Path(path.into()))
    }

    /// The bytes of a picture file; its format is told by its first bytes.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Source::Bytes(Arc::new(bytes.into())))
    }

    /// Raw pixels: 8-bit red, green and blue, rows top down, `width * height * 3` bytes.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when a side is zero or the number of bytes is another.
    pub fn rgb(width: u32, height: u32, pixels: impl Into<Vec<u8>>) -> Result<Self> {
        let raster = Raster::new(width as usize, height as usize, pixels.into())?;
        Ok(Self(Source::Rgb(Arc::new(raster))))
    }

    /// A picture that is made when it is embedded, on the threads that prepare inputs, and not kept: a
    /// page to render, a file to fetch. Errors name it.
    pub fn deferred(name: impl Into<String>, make: impl Fn() -> Result<ImageInput> + Send + Sync + 'static) -> Self {
        Self(Source::Deferred(Deferred { name: name.into().into(), make: Arc::new(make) }))
    }

    /// Width, height and pixels, as every processor sees them: 8-bit red, green and blue, rows top
    /// down, `width * height * 3` bytes.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be read; [`Error::InvalidInput`] when it is no picture,
    /// damaged, empty or larger than the reference's limit of 178,956,970 pixels.
    pub fn to_rgb(&self) -> Result<(u32, u32, Vec<u8>)> {
        let raster = self.decode(&DecodeOptions::default())?.into_owned();
        let side =
            |pixels: usize| u32::try_from(pixels).map_err(|_| Error::input("a side is longer than 32 bits count"));
        Ok((side(raster.width)?, side(raster.height)?, raster.levels))
    }

    /// The pixels as RGB.
    pub(crate) fn decode(&self, options: &DecodeOptions) -> Result<Cow<'_, Raster>> {
        let decoded = match &self.0 {
            Source::Path(path) => {
                let bytes = std::fs::read(path).map_err(Error::io(path))?;
                decode::decode(&bytes, options).map(Cow::Owned)
            }
            Source::Bytes(bytes) => decode::decode(bytes, options).map(Cow::Owned),
            Source::Rgb(raster) => options.check(raster.width, raster.height).map(|()| Cow::Borrowed(&**raster)),
            Source::Deferred(deferred) => {
                (deferred.make)().and_then(|made| Ok(Cow::Owned(made.decode(options)?.into_owned())))
            }
        };
        decoded.map_err(|error| self.blame(error))
    }

    /// The error with the picture's name before its message.
    pub(crate) fn blame(&self, error: Error) -> Error {
        match error {
            Error::InvalidInput { message, source } => {
                Error::InvalidInput { message: format!("{}: {message}", self.name()), source }
            }
            other => other,
        }
    }

    fn name(&self) -> Cow<'_, str> {
        match &self.0 {
            Source::Path(path) => path.to_string_lossy(),
            Source::Bytes(_) => "bytes".into(),
            Source::Rgb(_) => "picture in memory".into(),
            Source::Deferred(deferred) => (&*deferred.name).into(),
        }
    }
}

impl AsRef<ImageInput> for ImageInput {
    fn as_ref(&self) -> &ImageInput {
        self
    }
}

impl From<&ImageInput> for ImageInput {
    fn from(picture: &ImageInput) -> Self {
        picture.clone()
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

impl From<DynamicImage> for ImageInput {
    fn from(image: DynamicImage) -> Self {
        Self(Source::Rgb(Arc::new(decode::to_rgb(image))))
    }
}
