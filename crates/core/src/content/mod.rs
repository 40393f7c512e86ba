//! What can be embedded, in one type for all families.

mod image;
mod pair;

use std::borrow::Cow;

pub use image::{ImageInput, ImageSource, Raster};
pub use pair::Pair;

use crate::{Error, Result};

/// An input of any family: what programs that ask the registry for their models give to them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Content {
    /// A text.
    Text(String),
    /// An image, or a page as an image.
    Image(ImageInput),
    /// A query with a document.
    Pair(Pair),
}

/// The kinds of [`Content`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentKind {
    /// [`Content::Text`].
    Text,
    /// [`Content::Image`].
    Image,
    /// [`Content::Pair`].
    Pair,
}

impl Content {
    /// A text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().to_owned())
    }

    /// An image, or a page as an image.
    pub fn image(image: impl Into<ImageInput>) -> Self {
        Self::Image(image.into())
    }

    /// Its kind.
    pub fn kind(&self) -> ContentKind {
        match self {
            Self::Text(_) => ContentKind::Text,
            Self::Image(_) => ContentKind::Image,
            Self::Pair(_) => ContentKind::Pair,
        }
    }

    /// The error that it is none of the kinds that `I` takes.
    fn refused_by<I: FromContent + ?Sized>(&self) -> Error {
        let taken: Vec<String> = I::KINDS.iter().map(|kind| format!("{}s", kind.noun())).collect();
        Error::input(format!("it is {}, and this model takes {}", self.kind(), taken.join(" and ")))
    }
}

impl ContentKind {
    fn noun(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Pair => "pair",
        }
    }
}

impl std::fmt::Display for ContentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let article = if *self == Self::Image { "an" } else { "a" };
        write!(f, "{article} {}", self.noun())
    }
}

impl AsRef<Content> for Content {
    fn as_ref(&self) -> &Content {
        self
    }
}

impl From<ImageInput> for Content {
    fn from(image: ImageInput) -> Self {
        Self::Image(image)
    }
}

impl From<Pair> for Content {
    fn from(pair: Pair) -> Self {
        Self::Pair(pair)
    }
}

/// What a family takes, made from [`Content`].
pub trait FromContent: ToOwned + Sync + 'static {
    /// The kinds of content that this can be made from.
    const KINDS: &'static [ContentKind];

    /// The family's input.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for content of another kind.
    fn from_content(content: &Content) -> Result<Cow<'_, Self>>;
}

impl FromContent for str {
    const KINDS: &'static [ContentKind] = &[ContentKind::Text];

    fn from_content(content: &Content) -> Result<Cow<'_, str>> {
        match content {
            Content::Text(text) => Ok(Cow::Borrowed(text)),
            other => Err(other.refused_by::<Self>()),
        }
    }
}

impl FromContent for ImageInput {
    const KINDS: &'static [ContentKind] = &[ContentKind::Image];

    fn from_content(content: &Content) -> Result<Cow<'_, Self>> {
        match content {
            Content::Image(image) => Ok(Cow::Borrowed(image)),
            other => Err(other.refused_by::<Self>()),
        }
    }
}

impl FromContent for Pair {
    const KINDS: &'static [ContentKind] = &[ContentKind::Pair];

    fn from_content(content: &Content) -> Result<Cow<'_, Self>> {
        match content {
            Content::Pair(pair) => Ok(Cow::Borrowed(pair)),
            other => Err(other.refused_by::<Self>()),
        }
    }
}

/// Texts and images alike, as models of pages take them.
impl FromContent for Content {
    const KINDS: &'static [ContentKind] = &[ContentKind::Text, ContentKind::Image];

    fn from_content(content: &Content) -> Result<Cow<'_, Self>> {
        match content {
            Self::Text(_) | Self::Image(_) => Ok(Cow::Borrowed(content)),
            other => Err(other.refused_by::<Self>()),
        }
    }
}
