//! What a model must do, and what it did instead.

use std::fmt;

/// What every model must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The model loads, and embeds each sample to a finite embedding of the family's kind. Not all samples have the
    /// same, or nothing could be told of their order.
    Loads,
    /// The results of a job are those of each input alone, in the inputs' order, for every role.
    Order,
    /// An input that cannot be embedded gives [`InvalidInput`](embedkit_core::Error::InvalidInput) in its place, and
    /// the others give their results. Content of a kind that the family does not take is such an input.
    BadInputAlone,
    /// Batches of any size give the same.
    BatchSize,
    /// Any number of threads gives the same, and a model that several threads use at once.
    Threads,
    /// `usage` and the token count are what `with_usage` says.
    Usage,
    /// A task that the model does not have is refused as the option `task`, and named.
    UnknownTask,
    /// `with_inputs` hands every input back with its own result.
    InputsBack,
    /// What `on_progress` tells of a job adds up to its inputs, with those among them that fail.
    Progress,
    /// A job that is cancelled, wherever that happens, gives all its results or says that it was cancelled.
    Cancel,
    /// A job of no inputs gives nothing.
    EmptyJob,
    /// `Architecture::check` takes the model's row, and refuses what cannot be loaded: a row without its model file,
    /// a parameter that the architecture does not know. `Architecture::parameters` lists those that it knows. Absent files
    /// are named when the model is loaded.
    Check,
    /// A model whose row says that its tokenizer is in a folder of its own is loaded with that, and gives the same.
    TokenizerFolder,
    /// An option that the architecture does not list is refused by its name.
    Options,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loads => "a model loads and embeds its samples",
            Self::Order => "results come in the inputs' order, as of each alone",
            Self::BadInputAlone => "a bad input fails alone",
            Self::BatchSize => "any batch size gives the same",
            Self::Threads => "any number of threads gives the same",
            Self::Usage => "usage is what with_usage says",
            Self::UnknownTask => "an unknown task is refused by name",
            Self::InputsBack => "with_inputs hands every input back",
            Self::Progress => "progress adds up to a job's inputs",
            Self::Cancel => "a cancelled job gives all results or says so",
            Self::EmptyJob => "an empty job gives nothing",
            Self::Check => "check refuses what load would",
            Self::TokenizerFolder => "the tokenizer is the one of the row's folder",
            Self::Options => "options that are not listed are refused by name",
        })
    }
}

/// A rule that a model broke, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    rule: Rule,
    message: String,
}

impl Violation {
    pub(crate) fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self { rule, message: message.into() }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}

impl std::error::Error for Violation {}

/// Nothing, or the first violation that was found.
pub(crate) type Verdict = Result<(), Violation>;

/// A violation unless it is as it must be.
pub(crate) fn ensure(rule: Rule, holds: bool, message: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Violation::new(rule, message())) }
}
