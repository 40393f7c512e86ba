//! Options of sparse models.

use clap::Args;
use embedkit::Builder;

use crate::languages;

/// Options of sparse models; each is for the models that have it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Sparse models")]
pub(crate) struct SparseArgs {
    /// The language of stemmer and stop words: `german` or `de` (BM25).
    #[arg(long)]
    pub(crate) language: Option<String>,
    /// How soon further occurrences of a term cease to add weight (BM25, miniCOIL).
    #[arg(long)]
    pub(crate) k: Option<f64>,
    /// How much a text's length counts against it, 0 to 1 (BM25, miniCOIL).
    #[arg(long)]
    pub(crate) b: Option<f64>,
    /// Average length of the texts, in terms (BM25, miniCOIL).
    #[arg(long)]
    pub(crate) avg_len: Option<f64>,
    /// Longest word that counts, in characters (BM25).
    #[arg(long, value_name = "N")]
    pub(crate) token_max_length: Option<i64>,
    /// Leaves words as they are (BM25).
    #[arg(long)]
    pub(crate) disable_stemmer: bool,
    /// Words to leave out, instead of the language's (BM25).
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) stopwords: Option<Vec<String>>,
    /// The power that attention weights are raised to (BM42).
    #[arg(long)]
    pub(crate) alpha: Option<f64>,
    /// Keeps only the N heaviest entries.
    #[arg(id = "sparse_top_k", long = "top-k", value_name = "N", value_parser = super::at_least_one)]
    pub(crate) top_k: Option<usize>,
    /// Keeps only entries of at least this weight.
    #[arg(long, value_name = "W", value_parser = super::finite)]
    pub(crate) min_weight: Option<f32>,
    /// Gives tokens with their weights, heaviest first, instead of indices.
    #[arg(long)]
    pub(crate) explain: bool,
}

impl SparseArgs {
    /// Sets the model's parameters that are named here.
    pub(crate) fn apply<E>(&self, mut builder: Builder<E>) -> Builder<E> {
        let numbers = [("k", self.k), ("b", self.b), ("avg-len", self.avg_len), ("alpha", self.alpha)];
        for (name, value) in numbers {
            if let Some(value) = value {
                builder = builder.parameter(name, value);
            }
        }
        if let Some(language) = &self.language {
            builder = builder.parameter("language", languages::name(language));
        }
        if let Some(characters) = self.token_max_length {
            builder = builder.parameter("token-max-length", characters);
        }
        if self.disable_stemmer {
            builder = builder.parameter("disable-stemmer", true);
        }
        if let Some(words) = &self.stopwords {
            let words: Vec<_> = words.iter().filter(|word| !word.is_empty()).cloned().collect();
            builder = builder.parameter("stopwords", words);
        }
        builder
    }
}
