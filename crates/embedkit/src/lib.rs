//! Dense, sparse and multi-vector embeddings and rerank scores for text and images, on ONNX Runtime.
//!
//! This crate has no code of its own: it re-exports the families behind features, and links them, so
//! that their models are found.
//!
//! ```
//! # #[cfg(all(feature = "dense", feature = "static-en"))]
//! # fn main() -> embedkit::Result<()> {
//! use embedkit::prelude::*;
//!
//! let model = TextEmbedding::builder("embedkit/static-minilm-en").build()?;
//! for vector in model.embed(["The cat sat on the mat.", "Felines rest on rugs."]) {
//!     assert_eq!(vector?.len(), 256);
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "dense", feature = "static-en")))]
//! # fn main() {}
//! ```
//!
//! # Features
//!
//! | feature | what it adds | default |
//! | --- | --- | --- |
//! | `dense` | dense text embeddings: one vector a text | yes |
//! | `sparse` | sparse text embeddings: SPLADE, BM25, BM42, miniCOIL | |
//! | `colbert` | late-interaction text embeddings: one vector a token | |
//! | `colpali` | late-interaction page-image embeddings: one vector a patch | |
//! | `image` | image embeddings | |
//! | `hybrid` | dense, sparse and multi-vector embeddings in one run (BGE-M3); those families have its models too | |
//! | `rerank` | rerankers | |
//! | `static-en` | a small English model, weights compiled in | |
//! | `retrieval` | documents, collections, fused search and evaluation, over whichever families are chosen | |
//! | `qdrant`, `qdrant-edge` | collections on Qdrant servers, and in Qdrant's engine in this process (Rust 1.95); not in `full` | |
//! | `interchange` | multi-vectors in `.npz` and safetensors files | |
//! | `full` | all of these | |
//! | `onnx` | inference with ONNX Runtime, for `dense`, `image` and `sparse`, which partly work without it | yes |
//! | `pdf` | pages of PDF files as images, for `colpali` | |
//! | `load-dynamic` | finds ONNX Runtime at run time | yes |
//! | `download-binaries` | downloads a static ONNX Runtime at build time (without `load-dynamic`) | |
//! | `link` | links the ONNX Runtime that `pkg-config` or `ORT_LIB_PATH` names (without `load-dynamic`) | |
//! | `hub` | downloads from the Hugging Face Hub, over rustls | yes |
//! | `native-roots` | the hub trusts the system's certificates instead of Mozilla's; the command line does | |
//! | `runtime-install` | installs ONNX Runtime for this user, from a file, with pip or from its releases | |
//! | `ort-environment` | takes the `ort` environment that a host program already has | |
//! | `cuda` | NVIDIA GPUs | |
//! | `tensorrt` | NVIDIA GPUs, through TensorRT | |
//! | `rocm` | AMD GPUs | |
//! | `migraphx` | AMD GPUs, through MIGraphX | |
//! | `coreml` | Apple hardware | |
//! | `directml` | DirectX 12 GPUs | |
//! | `openvino` | Intel hardware | |
//! | `webgpu` | GPUs, through WebGPU | |
//! | `xnnpack` | CPUs, through XNNPACK | |
//! | `onednn` | Intel CPUs, through oneDNN | |
//! | `cann` | Huawei NPUs | |
//! | `qnn` | Qualcomm NPUs | |
//!
//! A switch never selects a family: `cuda` alone adds no models.

#[cfg(feature = "hub")]
#[doc(inline)]
pub use embedkit_core::hub;
#[doc(inline)]
pub use embedkit_core::{
    Activation, AnyEmbedder, BatchBounds, Batching, BoxError, Builder, CancelToken, Cause, Content, ContentKind,
    Embedder, Embedding, EmbeddingKind, Embeddings, Error, ErrorKind, ImageEmbedder, ImageInput, IndexNames,
    ModelDescription, ModelFiles, ModelFilter, ModelRef, OutputSelector, PageEmbedder, Pair, Pooling, Progress,
    Purpose, Quantization, Registry, Result, Role, Source, TextEmbedder, Usage, WeightedTerm, register,
};
#[cfg(feature = "onnx")]
#[doc(inline)]
pub use embedkit_core::{Trial, Tuner, Tuning, session};

/// Vectors, once a model has made them: similarity, MaxSim, explanation, compression, MUVERA, files.
#[doc(inline)]
pub use embedkit_vector as vector;
#[doc(inline)]
pub use embedkit_vector::{SparseVector, multivector};

/// What the author of a plug-in needs: the contracts between a model and the engine, and what a crate registers.
pub mod plugin {
    #[cfg(any(feature = "onnx", feature = "dense"))]
    #[doc(inline)]
    pub use embedkit_core::tokenizer;
    #[doc(inline)]
    pub use embedkit_core::{
        AnyPipeline, Architecture, Build, Direct, Embedder, Engine, EngineOptions, Family, FamilyOf, FileBytes,
        FromContent, IndexNames, IntoEmbedding, LoadContext, LoadedModel, Manifest, ModelDescription, ModelFiles,
        ModelOption, Padding, PerProcess, Pipeline, Plugin, Prepared, RowField, RowPlaces, Stage, parameter_names,
        register,
    };
    #[cfg(feature = "onnx")]
    #[doc(inline)]
    pub use embedkit_core::{TextModel, TextRow, session};
}

#[doc(hidden)]
pub use embedkit_core::private;

/// Late-interaction text embeddings: one vector a token.
#[cfg(feature = "colbert")]
#[doc(inline)]
pub use embedkit_colbert as colbert;
/// Late-interaction page-image embeddings: one vector a patch.
#[cfg(feature = "colpali")]
#[doc(inline)]
pub use embedkit_colpali as colpali;
/// Dense text embeddings: one vector a text.
#[cfg(feature = "dense")]
#[doc(inline)]
pub use embedkit_dense as dense;
/// Dense, sparse and multi-vector text embeddings in one run.
#[cfg(feature = "hybrid")]
#[doc(inline)]
pub use embedkit_hybrid as hybrid;
/// Image embeddings.
#[cfg(feature = "image")]
#[doc(inline)]
pub use embedkit_image as image;
/// Rerankers.
#[cfg(feature = "rerank")]
#[doc(inline)]
pub use embedkit_rerank as rerank;
/// From a folder to explained answers: documents, collections, fused search, evaluation.
#[cfg(feature = "retrieval")]
#[doc(inline)]
pub use embedkit_retrieval as retrieval;
/// Sparse text embeddings.
#[cfg(feature = "sparse")]
#[doc(inline)]
pub use embedkit_sparse as sparse;

/// A small English static model, weights compiled in.
#[cfg(feature = "static-en")]
#[doc(inline)]
pub use embedkit_static_en as static_en;

/// Names that most programs use.
pub mod prelude {
    pub use embedkit_core::{
        Builder, Embedder, Error, ImageEmbedder, ImageInput, ModelDescription, PageEmbedder, Pair, Purpose, Registry,
        Result, Role, TextEmbedder,
    };

    #[cfg(feature = "colbert")]
    pub use embedkit_colbert::LateInteractionTextEmbedding;
    #[cfg(feature = "colpali")]
    pub use embedkit_colpali::LateInteractionMultimodalEmbedding;
    #[cfg(feature = "dense")]
    pub use embedkit_dense::TextEmbedding;
    #[cfg(feature = "hybrid")]
    pub use embedkit_hybrid::HybridEmbedding;
    #[cfg(feature = "image")]
    pub use embedkit_image::{DecodeImage, ImageEmbedding};
    #[cfg(feature = "rerank")]
    pub use embedkit_rerank::Reranker;
    #[cfg(feature = "sparse")]
    pub use embedkit_sparse::SparseTextEmbedding;
}

// Linking is what registers a crate: an optional dependency that nothing names would be left out.
#[cfg(feature = "colbert")]
extern crate embedkit_colbert as _;
#[cfg(feature = "colpali")]
extern crate embedkit_colpali as _;
#[cfg(feature = "dense")]
extern crate embedkit_dense as _;
#[cfg(feature = "hybrid")]
extern crate embedkit_hybrid as _;
#[cfg(feature = "image")]
extern crate embedkit_image as _;
#[cfg(feature = "rerank")]
extern crate embedkit_rerank as _;
#[cfg(feature = "sparse")]
extern crate embedkit_sparse as _;
#[cfg(feature = "static-en")]
extern crate embedkit_static_en as _;

/// The README's examples, compiled.
#[cfg(all(doctest, feature = "full"))]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

/// The pages of the documentation site: their examples are compiled, and run where they need no download.
#[cfg(all(doctest, feature = "full"))]
mod pages {
    #[doc = include_str!("../docs/index.md")]
    mod index {}
    #[doc = include_str!("../docs/install.md")]
    mod install {}
    #[doc = include_str!("../docs/gpu.md")]
    mod gpu {}
    #[doc = include_str!("../docs/dense.md")]
    mod dense {}
    #[doc = include_str!("../docs/sparse.md")]
    mod sparse {}
    #[doc = include_str!("../docs/late-interaction.md")]
    mod late_interaction {}
    #[doc = include_str!("../docs/pages.md")]
    mod pages {}
    #[doc = include_str!("../docs/images.md")]
    mod images {}
    #[doc = include_str!("../docs/rerank.md")]
    mod rerank {}
    #[doc = include_str!("../docs/hybrid.md")]
    mod hybrid {}
    #[doc = include_str!("../docs/search-notes.md")]
    mod search_notes {}
    #[doc = include_str!("../docs/evaluate.md")]
    mod evaluate {}
    #[doc = include_str!("../docs/beyond-one-machine.md")]
    mod beyond_one_machine {}
    #[doc = include_str!("../docs/own-row.md")]
    mod own_row {}
    #[doc = include_str!("../docs/own-architecture.md")]
    mod own_architecture {}
    #[doc = include_str!("../docs/own-family.md")]
    mod own_family {}
    #[doc = include_str!("../docs/catalogue-fields.md")]
    mod catalogue_fields {}
    #[doc = include_str!("../docs/cancelling.md")]
    mod cancelling {}
    #[doc = include_str!("../docs/async.md")]
    mod asynchronous {}
    #[doc = include_str!("../docs/outputs.md")]
    mod outputs {}
    #[doc = include_str!("../docs/errors.md")]
    mod errors {}
    #[doc = include_str!("../docs/migrating-from-fastembed.md")]
    mod migrating_from_fastembed {}
}
