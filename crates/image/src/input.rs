//! What can be embedded: pictures on disk, in memory, or already opened.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embedkit_core::{Error, Result};
use image::DynamicImage;

use crate::decode::{self, DecodeOptions, Header};
use crate::memory::with_room;
use crate::raster::Raster;

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

    /// Width, height and pixels, as every processor sees them with its default options: 8-bit red, green and blue, rows
    /// top down, `width * height * 3` bytes.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn to_rgb(&self) -> Result<(u32, u32, Vec<u8>)> {
        self.decode(&DecodeOptions::default())
    }

    /// Width, height and pixels: 8-bit red, green and blue, rows top down, `width * height * 3` bytes.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be read; [`Error::InvalidInput`] when it is no picture, damaged, empty, no ordinary
    /// file, or larger than the options say.
    pub fn decode(&self, options: &DecodeOptions) -> Result<(u32, u32, Vec<u8>)> {
        let open = || {
            let opened = self.open(options)?;
            let _memory = options.budget().reserve(opened.memory())?;
            opened.decode(options)
        };
        let raster = Arc::unwrap_or_clone(open().map_err(|error| self.with_input_name(error))?);
        let side =
            |pixels: usize| u32::try_from(pixels).map_err(|_| Error::input("a side is longer than 32 bits count"));
        Ok((side(raster.width)?, side(raster.height)?, raster.levels))
    }

    /// The picture, of which only the header has been read.
    pub(crate) fn open(&self, options: &DecodeOptions) -> Result<Opened> {
        match &self.0 {
            Source::Path(path) => {
                let file = open_file(path)?;
                let length = file.metadata().map_err(Error::io(path))?.len();
                let mut file = BufReader::new(file);
                let header = decode::header(&mut file, length, options)?;
                Ok(Opened::File { path: path.clone(), file: file.into_inner(), length, header })
            }
            Source::Bytes(bytes) => {
                let header = decode::header(&mut Cursor::new(&bytes[..]), bytes.len() as u64, options)?;
                Ok(Opened::Bytes { bytes: bytes.clone(), header })
            }
            Source::Rgb(raster) => {
                options.check(raster.width, raster.height)?;
                Ok(Opened::Rgb(raster.clone()))
            }
            Source::Deferred(deferred) => {
                let made = (deferred.make)()?;
                made.open(options).map_err(|error| made.with_input_name(error))
            }
        }
    }

    /// The error with the picture's name before its message.
    pub(crate) fn with_input_name(&self, error: Error) -> Error {
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

/// A file that can be read to its end: what is opened before it is known to be one may wait for ever.
fn open_file(path: &Path) -> Result<File> {
    let kind = std::fs::metadata(path).map_err(Error::io(path))?.file_type();
    if kind.is_file() {
        return File::open(path).map_err(Error::io(path));
    }
    let what = if kind.is_dir() { "a folder" } else { "a device, pipe or socket" };
    Err(Error::input(format!("it is {what}; a picture must be an ordinary file")))
}

/// A picture of which the header is known.
pub(crate) enum Opened {
    File { path: PathBuf, file: File, length: u64, header: Header },
    Bytes { bytes: Arc<Vec<u8>>, header: Header },
    Rgb(Arc<Raster>),
}

impl Opened {
    /// Width and height, of which a turned picture may have the one for the other.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::File { header, .. } | Self::Bytes { header, .. } => header.size,
            Self::Rgb(raster) => (raster.width, raster.height),
        }
    }

    /// Bytes that [`decode`](Self::decode) takes at most.
    pub(crate) fn memory(&self) -> u64 {
        match self {
            Self::File { length, header, .. } => header.memory.saturating_add(*length),
            Self::Bytes { header, .. } => header.memory,
            Self::Rgb(_) => 0,
        }
    }

    /// The pixels as RGB.
    pub(crate) fn decode(self, options: &DecodeOptions) -> Result<Arc<Raster>> {
        match self {
            Self::File { path, mut file, length, header } => {
                let mut bytes = with_room(usize::try_from(length).unwrap_or(usize::MAX))?;
                file.rewind().map_err(Error::io(&path))?;
                // A file that grows meanwhile takes no more memory.
                file.take(length).read_to_end(&mut bytes).map_err(Error::io(&path))?;
                decode::decode(&bytes, &header, options).map(Arc::new)
            }
            Self::Bytes { bytes, header } => decode::decode(&bytes, &header, options).map(Arc::new),
            Self::Rgb(raster) => Ok(raster),
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
        match decode::to_rgb(image) {
            Ok(raster) => Self(Source::Rgb(Arc::new(raster))),
            Err(_) => Self::deferred("picture in memory", || Err(Error::input("there is no memory for its pixels"))),
        }
    }
}
