//! Files of images.

use embedkit_core::ImageInput;

use super::reader::{InputFile, Reader, Wanted};
use super::{Document, Documents};

/// Reads files of images, a document each: the model decodes them.
pub(super) struct Images;

impl Reader for Images {
    fn kinds(&self) -> &[&str] {
        &["png", "jpg", "jpeg", "webp", "tif", "tiff", "gif", "bmp", "pbm", "pgm", "ppm", "pnm"]
    }

    fn gives(&self) -> Wanted {
        Wanted::IMAGES
    }

    fn read(&self, file: InputFile<'_>, bytes: Vec<u8>) -> Result<Documents, String> {
        let bytes = ImageInput::bytes(bytes);
        let image = ImageInput::deferred(file.name, move || Ok(bytes.clone()));
        Ok(Documents { documents: vec![Document::of_image(image)], refused: Vec::new() })
    }
}
