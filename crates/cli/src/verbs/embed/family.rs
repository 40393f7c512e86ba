//! Which family's model embeds the inputs.

use std::path::Path;

use embedkit::ContentKind;
use embedkit::plugin::Family;

use crate::args::{EmbedArgs, InputArgs, ModelArgs};
use crate::failure::{Failure, Result};
use crate::notice;

/// The model's family; of a model that has one for texts and one for images, the one that the inputs are.
pub(super) fn of(args: &EmbedArgs) -> Result<&'static dyn Family> {
    const IMAGES: [&str; 12] = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "pbm", "pgm", "ppm", "pnm"];
    let is_image = |text: &String| {
        let extension = Path::new(text).extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| IMAGES.contains(&&*extension.to_ascii_lowercase()))
    };
    let texts = &args.input.texts;
    let kind = match (texts.is_empty(), texts.iter().all(is_image)) {
        (true, _) => None,
        (false, true) => Some(ContentKind::Image),
        (false, false) => Some(ContentKind::Text),
    };
    args.model.family_for(kind)
}

/// Arguments that are names of files are texts to a model of texts, and were perhaps not meant so.
pub(crate) fn look_at_names(input: &InputArgs, model: &ModelArgs, takes_text: bool) -> Result<()> {
    for name in &input.texts {
        let path = Path::new(name);
        let is_pdf = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"));
        if is_pdf && path.is_file() {
            return Err(Failure::Usage(format!(
                "{name} is a PDF file: --pdf embeds its pages, with a model of page images"
            )));
        }
        if takes_text && path.is_file() && !model.takes_images()? {
            notice::tell(&format!("{name} is a file, and its name is what is embedded; --input reads it"));
        }
    }
    Ok(())
}
