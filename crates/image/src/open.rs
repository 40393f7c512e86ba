//! Image inputs to pixels.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embedkit_core::{Error, ImageInput, ImageSource, Result};
use image::DynamicImage;

use crate::decode::{self, DecodeOptions, Header};
use crate::memory::with_room;
use crate::raster::Raster;

/// Pixels of an [`ImageInput`], from a PNG, JPEG, WebP, GIF (its first frame), BMP, TIFF, PBM, PGM or PPM file, or as they are.
///
/// Colours become RGB as the Python reference (Pillow) makes them so: alpha is dropped, not blended;
/// grey is repeated; of 16-bit channels the high byte stays, but 16-bit grey is clipped at 255; CMYK
/// is converted without a colour profile.
pub trait DecodeImage {
    /// Width, height and pixels, as every processor sees them with its default options: 8-bit red, green and blue, rows
    /// top down, `width * height * 3` bytes.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn to_rgb(&self) -> Result<(u32, u32, Vec<u8>)> {
        self.decode(&DecodeOptions::default())
    }

    /// Width, height and pixels: 8-bit red, green and blue, rows top down, `width * height * 3` bytes.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be read; [`Error::InvalidInput`] when it is no image, damaged, empty, no ordinary
    /// file, or larger than the options say.
    fn decode(&self, options: &DecodeOptions) -> Result<(u32, u32, Vec<u8>)>;
}

impl DecodeImage for ImageInput {
    fn decode(&self, options: &DecodeOptions) -> Result<(u32, u32, Vec<u8>)> {
        let decoded = || {
            let opened = open(self, options)?;
            let _memory = options.budget().reserve(opened.memory())?;
            opened.decode(options)
        };
        let raster = Arc::unwrap_or_clone(decoded().map_err(|error| with_input_name(self, error))?);
        let side =
            |pixels: usize| u32::try_from(pixels).map_err(|_| Error::input("a side is longer than 32 bits count"));
        Ok((side(raster.width)?, side(raster.height)?, raster.levels))
    }
}

/// An image that the `image` crate has opened.
pub fn from_dynamic_image(image: DynamicImage) -> ImageInput {
    match decode::to_rgb(image) {
        Ok(raster) => raster.into(),
        Err(_) => ImageInput::deferred("pixels in memory", || Err(Error::input("there is no memory for its pixels"))),
    }
}

/// The image, of which only the header has been read.
pub(crate) fn open(image: &ImageInput, options: &DecodeOptions) -> Result<Opened> {
    match image.source() {
        ImageSource::Path(path) => {
            let file = open_file(path)?;
            let length = file.metadata().map_err(Error::io(path))?.len();
            let mut file = BufReader::new(file);
            let header = decode::header(&mut file, length, options)?;
            Ok(Opened::File { path: path.clone(), file: file.into_inner(), length, header })
        }
        ImageSource::Bytes(bytes) => {
            let header = decode::header(&mut Cursor::new(&bytes[..]), bytes.len() as u64, options)?;
            Ok(Opened::Bytes { bytes: bytes.clone(), header })
        }
        ImageSource::Rgb(raster) => {
            options.check(raster.width, raster.height)?;
            Ok(Opened::Rgb(raster.clone()))
        }
        ImageSource::Deferred { make, .. } => {
            let made = make()?;
            open(&made, options).map_err(|error| with_input_name(&made, error))
        }
        other => Err(Error::input(format!("images of the kind {other:?} cannot be opened"))),
    }
}

/// The error with the image's name before its message.
pub(crate) fn with_input_name(image: &ImageInput, error: Error) -> Error {
    match error {
        Error::InvalidInput { message, source } => {
            Error::InvalidInput { message: format!("{}: {message}", image.name()), source }
        }
        other => other,
    }
}

/// A file that can be read to its end: what is opened before it is known to be one may wait for ever.
fn open_file(path: &Path) -> Result<File> {
    let kind = std::fs::metadata(path).map_err(Error::io(path))?.file_type();
    if kind.is_file() {
        return File::open(path).map_err(Error::io(path));
    }
    let what = if kind.is_dir() { "a folder" } else { "a device, pipe or socket" };
    Err(Error::input(format!("it is {what}; an image must be an ordinary file")))
}

/// An image of which the header is known.
pub(crate) enum Opened {
    File { path: PathBuf, file: File, length: u64, header: Header },
    Bytes { bytes: Arc<Vec<u8>>, header: Header },
    Rgb(Arc<Raster>),
}

impl Opened {
    /// Width and height, of which a turned image may have the one for the other.
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
