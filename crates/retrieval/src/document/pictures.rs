//! Files of pictures.

use embedkit_core::ImageInput;

use super::reader::{InputFile, Reader, Wanted};
use super::{Document, Documents};

/// Reads files of pictures, a document each: the model decodes them.
pub(super) struct Pictures;

impl Reader for Pictures {
    fn kinds(&self) -> &[&str] {
        &["png", "jpg", "jpeg", "webp", "tif", "tiff", "gif", "bmp"]
    }

    fn gives(&self) -> Wanted {
        Wanted::PICTURES
    }

    fn read(&self, file: InputFile<'_>, bytes: Vec<u8>) -> Result<Documents, String> {
        let bytes = ImageInput::bytes(bytes);
        let image = ImageInput::deferred(file.name, move || Ok(bytes.clone()));
        Ok(Documents { documents: vec![Document::of_image(image)], refused: Vec::new() })
    }
}
