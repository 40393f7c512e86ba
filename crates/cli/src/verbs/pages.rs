//! Pages of PDF files as inputs, each with its file and its number.

use embedkit::Content;
use embedkit::colpali::PdfPages;

use crate::args::{InputArgs, PdfArgs};
use crate::failure::Result;
use crate::input::Inputs;
use crate::ticket::Input;

/// The pages of the files that the arguments name, in their order.
pub(super) struct Pages {
    places: Vec<(String, usize)>,
    pictures: Vec<PdfPages>,
}

impl Pages {
    pub(super) fn open(args: &PdfArgs) -> Result<Self> {
        let (mut places, mut pictures) = (Vec::new(), Vec::new());
        for file in &args.pdf {
            let (first, pages) = args.pages(file)?;
            let name = file.display().to_string();
            places.extend((first..first + pages.len()).map(|number| (name.clone(), number)));
            pictures.push(pages);
        }
        Ok(Self { places, pictures })
    }

    /// The arguments with an input for each page.
    pub(super) fn as_inputs(&self, args: &InputArgs) -> InputArgs {
        InputArgs { texts: self.places.iter().map(|(_, number)| number.to_string()).collect(), ..args.clone() }
    }

    /// The pages in place of these inputs.
    pub(super) fn of(self, inputs: &mut Inputs) -> impl Iterator<Item = Input<Content>> {
        let pages = self.places.into_iter().zip(self.pictures.into_iter().flatten());
        inputs.zip(pages).map(|(mut input, ((path, number), picture))| {
            input.ticket.keep("path", path);
            input.ticket.keep("page", number);
            input.map(|_| Content::Image(picture))
        })
    }
}
