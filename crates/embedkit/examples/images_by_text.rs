//! Searches images by text: an image model and a text model of one vector space.
//!
//! `cargo run -p embedkit --example images_by_text --features image -- "a cat" photos/*.jpg`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example answers on the terminal")]

use embedkit::Embedder;
use embedkit::ImageEmbedder;
use embedkit::TextEmbedder;
use embedkit::dense::TextEmbedding;
use embedkit::image::{ImageEmbedding, ImageInput};
use embedkit::vector::{cosine, top_k};
use embedkit::{ModelFilter, Registry};

/// The image model; the text model is the one of the same `space`.
const IMAGES: &str = "Qdrant/clip-ViT-B-32-vision";

fn main() -> embedkit::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(query), paths) = (arguments.next(), arguments.collect::<Vec<_>>()) else {
        eprintln!("usage: images_by_text QUERY IMAGE…");
        return Ok(());
    };
    let images = ImageEmbedding::builder(IMAGES).build()?;
    let mut partners = ModelFilter::default();
    partners.family = Some(embedkit::dense::FAMILY.to_owned());
    partners.space = images.model().space.clone();
    let Some(partner) = Registry::global().list(&partners).into_iter().next() else {
        eprintln!("no text model shares the space of {IMAGES}");
        return Ok(());
    };
    let query = TextEmbedding::builder(&partner.id).build()?.embed_one(&query, embedkit::Role::Query)?;

    let mut scores = Vec::new();
    for (path, vector) in
        paths.iter().zip(images.embed_images(paths.iter().map(|path| ImageInput::from(path.as_str()))))
    {
        match vector {
            Ok(vector) => scores.push((path, cosine(&query, &vector)?)),
            Err(error) => eprintln!("{path}: {error}"),
        }
    }
    for found in top_k(scores.iter().map(|(_, score)| *score), 10) {
        println!("{:.3}  {}", found.score, scores[found.index].0);
    }
    Ok(())
}
