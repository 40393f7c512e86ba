//! Pages of PDF files as inputs, each with its file and its number.

use std::iter::once;
use std::path::Path;

use embedkit::{Content, Error, ImageInput};

use crate::args::{InputArgs, PdfArgs};
use crate::failure::{Failure, Result};
use crate::input::Inputs;
use crate::ticket::Input;

/// The pages of the files that the arguments name, in their order.
pub(super) struct Pages {
    places: Vec<(String, usize)>,
    /// What tells each page from others.
    names: Vec<String>,
    images: Vec<Images>,
}

type Images = Box<dyn Iterator<Item = ImageInput> + Send>;

impl Pages {
    /// A file that cannot be read is an input that fails, as an image is, so that the others are embedded.
    pub(super) fn open(args: &PdfArgs) -> Result<Self> {
        let (mut places, mut names, mut images) = (Vec::new(), Vec::new(), Vec::<Images>::new());
        for file in &args.pdf {
            let name = file.display().to_string();
            let bytes = std::fs::metadata(file).map_or(0, |meta| meta.len());
            match args.pages(file) {
                Ok((first, pages)) => {
                    places.extend((first..first + pages.len()).map(|number| (name.clone(), number)));
                    images.push(Box::new(pages));
                }
                Err(Failure::Embedkit(error @ (Error::InvalidFile { .. } | Error::Io { .. }))) => {
                    places.push((name, 1));
                    images.push(Box::new(once(unreadable(file, error))));
                }
                Err(failure) => return Err(failure),
            }
            let added = &places[names.len()..];
            let name = |(path, number): &(String, usize)| format!("page {number} of {path}, {bytes} bytes");
            names.extend(added.iter().map(name).collect::<Vec<_>>());
        }
        Ok(Self { places, names, images })
    }

    /// The arguments with an input for each page.
    pub(super) fn as_inputs(&self, args: &InputArgs) -> InputArgs {
        InputArgs { texts: self.names.clone(), ..args.clone() }
    }

    /// The pages in place of these inputs.
    pub(super) fn of(self, inputs: &mut Inputs) -> impl Iterator<Item = Input<Content>> {
        let pages = self.places.into_iter().zip(self.images.into_iter().flatten());
        inputs.zip(pages).map(|(mut input, ((path, number), image))| {
            input.ticket.keep("path", path);
            input.ticket.keep("page", number);
            input.map(|_| Content::Image(image))
        })
    }
}

/// An input that fails with the error of its file.
fn unreadable(file: &Path, error: Error) -> ImageInput {
    let message = match error {
        Error::InvalidFile { message, .. } => message,
        Error::Io { source, .. } => source.to_string(),
        other => other.report(),
    };
    ImageInput::deferred(file.display().to_string(), move || Err(Error::input(message.clone())))
}
