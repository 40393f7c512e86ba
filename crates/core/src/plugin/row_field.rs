//! Fields of rows that not every architecture obeys.

/// A field of a row that changes what a model gives, or how its results are used, that no option of a builder sets, and that
/// not every architecture has a use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowField {
    /// [`ModelDescription::prompts`](crate::ModelDescription::prompts).
    Prompts,
    /// [`ModelDescription::tasks`](crate::ModelDescription::tasks).
    Tasks,
    /// [`ModelDescription::padding`](crate::ModelDescription::padding), which `TextModel::run` obeys.
    Padding,
    /// [`ModelDescription::requires_idf`](crate::ModelDescription::requires_idf), of sparse vectors.
    RequiresIdf,
    /// [`ModelDescription::vocab_size`](crate::ModelDescription::vocab_size), of sparse vectors.
    VocabSize,
}

impl RowField {
    /// Its name, as rows have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prompts => "prompts",
            Self::Tasks => "tasks",
            Self::Padding => "padding",
            Self::RequiresIdf => "requires-idf",
            Self::VocabSize => "vocab-size",
        }
    }
}
