//! Whether long texts are cut into chunks.

use clap::Args;

/// Chunks of long texts.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Chunks")]
pub(crate) struct ChunkArgs {
    /// Cuts texts that are longer than the model's window, at paragraphs, sentences or words, and embeds each chunk: results
    /// tell which `chunk` of its input it is, and the bytes from `start` to `end` that it is of.
    #[arg(long)]
    pub(crate) chunk: bool,

    /// Most tokens of a chunk; default: 512, or the model's window where that is smaller.
    #[arg(long, value_name = "N", requires = "chunk")]
    pub(crate) chunk_tokens: Option<usize>,

    /// Most tokens at a chunk's start that repeat the end of the one before, in whole sentences.
    #[arg(long, value_name = "N", requires = "chunk", default_value_t = 0)]
    pub(crate) chunk_overlap: usize,

    /// Runs as many chunks at once as the model's window holds, and makes each one's single vector, of length 1, the mean of
    /// its tokens, which saw the others (models that give multi-vectors). With --query, a query's is the mean of all it has.
    #[arg(long, requires = "chunk")]
    pub(crate) late_chunking: bool,
}
