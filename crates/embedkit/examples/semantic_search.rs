//! Searches a few sentences by meaning, with the model that is compiled in: no download, no network.
//!
//! `cargo run -p embedkit --example semantic_search --features static-en -- "how do I keep bread fresh?"`

use embedkit::Embedder;
use embedkit::TextEmbedder;
use embedkit::dense::TextEmbedding;
use embedkit::vector::{dot, top_k};

const SENTENCES: [&str; 6] = [
    "Store the loaf in a paper bag, away from sunlight.",
    "The central bank raised interest rates again.",
    "A kitten was asleep on the warm keyboard.",
    "Sourdough keeps longer than other bread.",
    "The midfielder scored twice in the second half.",
    "Mortgage payments will become more expensive.",
];

fn main() -> embedkit::Result<()> {
    let query = std::env::args().nth(1).unwrap_or_else(|| "how do I keep bread fresh?".to_owned());
    let model = TextEmbedding::builder("embedkit/static-minilm-en").build()?;
    let passages: Vec<Vec<f32>> = model.passage_embed(SENTENCES).collect::<Result<_, _>>()?;
    let query = model.embed_one(&query, embedkit::Role::Query)?;
    for found in top_k(passages.iter().map(|passage| dot(&query, passage)), 3) {
        #[allow(clippy::print_stdout, reason = "an example answers on the terminal")]
        {
            println!("{:.3}  {}", found.score, SENTENCES[found.index]);
        }
    }
    Ok(())
}
