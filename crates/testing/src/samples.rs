//! Inputs to try a model with.

use embedkit_core::{Content, ContentKind, ImageInput, Pair, Raster};

/// Inputs to try a model with, and inputs that it must refuse.
#[derive(Clone, Debug)]
pub struct Samples {
    contents: Vec<Content>,
    refused: Vec<Content>,
}

/// Texts of several lengths and scripts.
const TEXTS: [&str; 8] = [
    "the cat sat on the mat",
    "a",
    "What is the capital of France?",
    "hello, world",
    "Ünïcödé, naïve CAFÉ",
    "你好世界",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
    "embeddings map texts to vectors, so that near meanings are near",
];

impl Samples {
    /// These inputs, at least two of which have different embeddings.
    pub fn new<C: Into<Content>>(contents: impl IntoIterator<Item = C>) -> Self {
        Self { contents: contents.into_iter().map(Into::into).collect(), refused: Vec::new() }
    }

    /// These texts.
    pub fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::new(texts.into_iter().map(Content::text))
    }

    /// Inputs of these kinds: English and other texts, small images, queries with documents.
    pub fn of(kinds: &[ContentKind]) -> Self {
        Self::new(kinds.iter().flat_map(|kind| contents(*kind)))
    }

    /// Adds inputs that the model must refuse. Content of kinds that the family does not take need not be among them,
    /// nor bytes that are no image: they are tried anyway.
    #[must_use]
    pub fn with_refused<C: Into<Content>>(mut self, contents: impl IntoIterator<Item = C>) -> Self {
        self.refused.extend(contents.into_iter().map(Into::into));
        self
    }

    /// The inputs that the model embeds.
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// What a model must refuse that takes these kinds.
    pub(crate) fn refused_by(&self, kinds: &[ContentKind]) -> Vec<Content> {
        let other = [ContentKind::Text, ContentKind::Image, ContentKind::Pair].into_iter();
        let other = other.filter(|kind| !kinds.contains(kind)).flat_map(|kind| contents(kind).into_iter().take(1));
        let damaged = kinds.contains(&ContentKind::Image).then(|| Content::image(b"not an image".as_slice()));
        other.chain(damaged).chain(self.refused.iter().cloned()).collect()
    }
}

fn contents(kind: ContentKind) -> Vec<Content> {
    match kind {
        ContentKind::Text => TEXTS.iter().map(Content::text).collect(),
        ContentKind::Image => [(32, 32), (48, 20), (7, 31)].into_iter().map(image).collect(),
        ContentKind::Pair => TEXTS.iter().map(|document| Pair::new(TEXTS[2], *document).into()).collect(),
        _ => Vec::new(),
    }
}

/// An image with a pattern that depends on its size.
fn image((width, height): (usize, usize)) -> Content {
    let levels = (0..width * height * 3).map(|at| (at * (width + 3 * height) % 251) as u8).collect();
    ImageInput::from(Raster { width, height, levels }).into()
}
