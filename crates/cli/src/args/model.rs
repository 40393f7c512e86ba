//! Which model, and how it runs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
#[cfg(feature = "onnx")]
use embedkit::session::Provider;

/// The model.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArgs {
    /// The model's id or alias, or how it ends; see `models list`. Default: embedkit/static-minilm-en, and for late
    /// interaction embedkit/static-late-en.
    #[arg(short, long, value_name = "ID")]
    pub(crate) model: Option<String>,

    #[command(flatten)]
    pub(crate) folder: FolderArgs,

    /// Cuts vectors to this width, one of the model's Matryoshka steps.
    #[arg(long, value_name = "N")]
    pub(crate) dim: Option<usize>,

    /// Longest input in tokens.
    #[arg(long, value_name = "N")]
    pub(crate) max_length: Option<usize>,

    /// Most inputs in a batch; batches are bounded by tokens anyway.
    #[arg(long, value_name = "N")]
    pub(crate) batch_size: Option<usize>,

    /// Makes results independent of what else is in a batch, for dynamically quantised models.
    #[arg(long)]
    pub(crate) batch_invariant: bool,

    /// Threads; default: the physical cores that this process may use.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    #[cfg(feature = "onnx")]
    #[command(flatten)]
    pub(crate) graph: GraphArgs,

    #[cfg(feature = "onnx")]
    #[command(flatten)]
    pub(crate) images: ImageArgs,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// How a model's graph runs.
#[cfg(feature = "onnx")]
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct GraphArgs {
    /// Runs as this file of `tune` says; the options below go before it.
    #[arg(long, value_name = "FILE")]
    pub(crate) tuning: Option<PathBuf>,

    /// Sessions that run at the same time; each holds the weights.
    #[arg(long, value_name = "N")]
    pub(crate) sessions: Option<usize>,

    /// Brings the graph's 32-bit weights to 8 bits when it is loaded: faster on processors that multiply 8-bit integers, at
    /// some accuracy. `models quantize` writes such a model, and says what it costs.
    #[arg(long, value_enum, value_name = "BITS")]
    pub(crate) quantize: Option<QuantizeArg>,

    /// Runs on this provider if it works, else on the CPU; may be repeated, best first.
    #[arg(long = "provider", value_name = "P")]
    pub(crate) providers: Vec<Provider>,

    /// Fails, instead of running on the CPU, when no --provider works.
    #[arg(long, requires = "providers")]
    pub(crate) require_provider: bool,

    /// Devices of the provider; one session on each.
    #[arg(long = "device", value_name = "N", requires = "providers")]
    pub(crate) devices: Vec<i32>,

    /// Lets CUDA round what it multiplies to ten bits: quicker, and results part from the CPU's by about a thousandth.
    #[arg(long, requires = "providers")]
    pub(crate) tf32: bool,
}

/// What decoding images may take.
#[cfg(feature = "onnx")]
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Images")]
pub(crate) struct ImageArgs {
    /// Most pixels of an image; one of more is an error. Default: 178956970, where Pillow refuses.
    #[arg(long, value_name = "N")]
    pub(crate) max_pixels: Option<u64>,

    /// Memory that images may take while they are decoded, in MiB, on all threads together; one that would take more is
    /// an error. Default: 384.
    #[arg(long, value_name = "MIB")]
    pub(crate) decode_memory: Option<u64>,
}

/// What weights are brought to.
#[cfg(feature = "onnx")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum QuantizeArg {
    /// Signed 8-bit integers.
    Int8,
}

/// A model in a folder.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct FolderArgs {
    /// The folder with the model's files; nothing is downloaded. Without a known --model, it
    /// describes itself, as sentence-transformers folders do, or the next options describe it.
    #[arg(long, value_name = "DIR")]
    pub(crate) model_dir: Option<PathBuf>,

    /// The model's family, as `models list` names it, where --model does not tell.
    #[arg(long, value_name = "FAMILY")]
    pub(crate) kind: Option<String>,

    /// How the folder's model makes one vector of the tokens' vectors.
    #[arg(long, value_enum, requires = "model_dir")]
    pub(crate) pooling: Option<PoolingArg>,

    /// Divides the folder's model's vectors by their length.
    #[arg(long, requires = "model_dir")]
    pub(crate) normalize: bool,

    /// The output of the folder's graph that holds the result; default: the first.
    #[arg(long, value_name = "NAME", requires = "model_dir")]
    pub(crate) output_name: Option<String>,

    /// The folder's graph; default: where exports put it.
    #[arg(long, value_name = "FILE", requires = "model_dir")]
    pub(crate) model_file: Option<String>,
}

/// Where downloaded files are.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct CacheArgs {
    /// The folder of downloaded models, in the Hugging Face layout.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Downloads nothing.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// How token vectors become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolingArg {
    /// The first token's vector.
    Cls,
    /// The largest of the tokens' values, in each dimension.
    Max,
    /// The mean of all.
    Mean,
    /// Their sum, divided by the square root of their number.
    MeanSqrtLen,
    /// The mean of all, each weighted by its position.
    WeightedMean,
    /// The last token's vector.
    LastToken,
    /// None: the graph gives one vector a text.
    None,
}
