//! Late-interaction page-image embeddings: one vector a patch.
//!
//! Pages, as images, and texts become a [`MultiVector`] each, in one space, `[rows, dim]`: a page
//! has a row for every patch of its image, a text one for every token. They are compared row by
//! row (ColPali, <https://arxiv.org/abs/2407.01449>): a page's score is the sum, over the text's
//! rows, of the best dot product with any of the page's.
//!
//! ```no_run
//! use embedkit_colpali::{Embedder, ImageEmbedder, LateInteractionMultimodalEmbedding, PageEmbedder};
//! use embedkit_colpali::multivector::MaxSim;
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let model = LateInteractionMultimodalEmbedding::builder("Qdrant/colmodernvbert").build()?;
//! let pages = model.embed_images(["page-1.png", "page-2.png"]).collect::<Result<Vec<_>, _>>()?;
//! for query in model.query_embed(["What did sales come to in 2023?"]) {
//!     let best = MaxSim::new(&query?)?.top_k(&pages, 1)?;
//!     println!("page {} has score {}", best[0].index + 1, best[0].score);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every row is labelled with what it stands for: a token, or a patch by its row and column in the
//! page. Where a model cuts a page into tiles, patches are counted through all tiles; the patches
//! of the view of the whole page that comes after the tiles name their tile.
//!
//! * [`explain`] shows where on a page a query found what it asked for, as a heat map.
//! * [`multivector::TokenPooling`] and [`MultiVector::prune`] make pages smaller; pooled rows keep the
//!   places of all their patches.
//! * With the feature `pdf`, `PdfFile` gives the pages of a PDF file, rendered here or, for files of others, in processes
//!   of their own (`PdfProcess`).
//!
//! What sets models of one architecture apart stands in the row's `parameters`, see [`pipeline`].

mod embedding;
pub mod explain;
mod heat_map;
#[cfg(feature = "pdf")]
mod pdf;
pub mod pipeline;

pub use embedding::LateInteractionMultimodalEmbedding;
pub use embedkit_core::{Builder, Content, Embedder, ImageEmbedder, ImageInput, PageEmbedder, Purpose, Role, Usage};
pub use embedkit_vector::multivector::{self, MultiVector, RowLabel};
pub use heat_map::HeatMap;
#[cfg(feature = "pdf")]
pub use pdf::{PdfFile, PdfHeading, PdfLimits, PdfPages, PdfProcess, PdfRenderer, serve_pdf_renderer};

use embedkit_core::{FamilyOf, Plugin};

/// The family's name in manifests.
pub const FAMILY: &str = "colpali";

/// This crate's family, rows and architectures.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .families(&[FamilyOf::<LateInteractionMultimodalEmbedding>::FAMILY])
    .architectures(&[&pipeline::COLPALI, &pipeline::COLMODERNVBERT, &pipeline::COLQWEN2]);
embedkit_core::register!(PLUGIN);
