//! What both programs share: the texts, the models, and the three embeddings of a text.

use std::path::Path;

use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::dense::TextEmbedding;
use embedkit::multivector::MultiVector;
use embedkit::sparse::SparseTextEmbedding;
use embedkit::{Builder, Result, Role, SparseVector};

/// What is stored; a text's position is its point's id.
pub const DOCUMENTS: [&str; 8] = [
    "Store the loaf in a paper bag, away from sunlight.",
    "The central bank raised interest rates again.",
    "Bread goes stale fastest in the fridge; freeze what you cannot eat in two days.",
    "A kitten was asleep on the warm keyboard.",
    "Sourdough keeps longer than other bread.",
    "The midfielder scored twice in the second half.",
    "Mortgage payments will become more expensive.",
    "Fresh herbs last a week in a glass of water.",
];

/// What is asked when the command line asks nothing.
pub const QUERY: &str = "how do I keep bread fresh?";

/// The late-interaction model when the command line names none: a test's model, which needs no
/// download and has random weights.
pub const COLBERT_MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../colbert/tests/fixtures/pylate");

/// The names of a point's vectors.
pub const DENSE: &str = "dense";
/// See [`DENSE`].
pub const SPARSE: &str = "sparse";
/// See [`DENSE`].
pub const COLBERT: &str = "colbert";

/// How many points each first stage hands on to the next.
pub const CANDIDATES: usize = 20;
/// Reciprocal rank fusion's constant, as Cormack, Clarke and Büttcher 2009 chose it.
pub const RRF_K: u32 = 60;
/// How many points are asked for.
pub const HITS: usize = 3;

/// One model of each kind.
pub struct Models {
    pub dense: TextEmbedding,
    pub sparse: SparseTextEmbedding,
    pub colbert: LateInteractionTextEmbedding,
}

/// A text's three embeddings.
#[derive(Clone, Debug)]
pub struct Embedded {
    pub dense: Vec<f32>,
    pub sparse: SparseVector,
    pub colbert: MultiVector,
}

impl Models {
    /// The built-in dense model, BM25, and this late-interaction model: a PyLate folder, or an id
    /// of the catalogue, which is downloaded.
    ///
    /// # Errors
    /// A late-interaction model that cannot be found or loaded.
    pub fn load(colbert: &str) -> Result<Self> {
        let colbert = match Path::new(colbert).is_dir() {
            true => Builder::new(colbert),
            false => LateInteractionTextEmbedding::builder(colbert),
        };
        Ok(Self {
            dense: TextEmbedding::builder("embedkit/static-minilm-en").build()?,
            sparse: SparseTextEmbedding::builder("Qdrant/bm25").build()?,
            colbert: colbert.build()?,
        })
    }

    /// The embeddings of [`DOCUMENTS`].
    ///
    /// # Errors
    /// A run that fails.
    pub fn documents(&self) -> Result<Vec<Embedded>> {
        let dense = self.dense.passage_embed(DOCUMENTS);
        let sparse = self.sparse.passage_embed(DOCUMENTS);
        let colbert = self.colbert.passage_embed(DOCUMENTS);
        let together = dense.zip(sparse).zip(colbert);
        together.map(|((d, s), c)| Ok(Embedded { dense: d?, sparse: s?, colbert: c? })).collect()
    }

    /// The embeddings of a query.
    ///
    /// # Errors
    /// A run that fails.
    pub fn query(&self, text: &str) -> Result<Embedded> {
        Ok(Embedded {
            dense: self.dense.embed_one(text, Role::Query)?,
            sparse: self.sparse.embed_one(text, Role::Query)?,
            colbert: self.colbert.embed_one(text, Role::Query)?,
        })
    }
}

/// A multi-vector as Qdrant's libraries take it: a list of rows.
pub fn rows(vector: &MultiVector) -> Vec<Vec<f32>> {
    vector.rows().map(<[f32]>::to_vec).collect()
}
