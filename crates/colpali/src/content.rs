//! What goes in: texts and pages alike, for one pipeline takes both.

use embedkit_image::ImageInput;

/// A text or a page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Content {
    /// A text: what is searched for.
    Text(String),
    /// A page, as a picture.
    Page(ImageInput),
}

impl Content {
    /// A text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().to_owned())
    }

    /// A page.
    pub fn page(picture: impl Into<ImageInput>) -> Self {
        Self::Page(picture.into())
    }
}

impl AsRef<Content> for Content {
    fn as_ref(&self) -> &Content {
        self
    }
}
