//! The way from what a caller names and sets to a loaded model.

use std::path::Path;

use embedkit::{AnyEmbedder, Builder, Content, ErrorKind, ModelRef, Pair, Registry, Result, Role};

use crate::bm25::{PythonStemmer, with_stemmer};
use crate::options::{OfSome, Options};

/// A model that is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) family: &'a str,
    /// Its id, or the folder of `is_folder`.
    pub(crate) model: &'a str,
    pub(crate) is_folder: bool,
    pub(crate) stemmer: Option<&'a PythonStemmer>,
}

/// Tokens of the longest text that is made to find a model's window: none has a wider one.
const WIDEST: usize = 1 << 17;

impl Asked<'_> {
    /// The model, and the options that it has no use for. The library refuses these; the reference takes them with every
    /// model, so that it is loaded without them, and they are told of.
    pub(crate) fn load(&self, options: &Options) -> Result<(AnyEmbedder, Vec<OfSome>)> {
        let of_some = options.of_some();
        let unused = |model: &AnyEmbedder| of_some.iter().copied().filter(|option| !option.is_of(model)).collect();
        let refused = match self.load_with(options) {
            Ok(model) => {
                let unused = unused(&model);
                return Ok((model, unused));
            }
            Err(error) if error.kind() == ErrorKind::InvalidOption && !of_some.is_empty() => error,
            Err(error) => return Err(error),
        };
        // Whether a model has a use for an option is known when it is loaded.
        let model = self.load_with(&options.without(&of_some))?;
        let unused: Vec<OfSome> = unused(&model);
        match unused.len() {
            0 => Err(refused),
            all if all == of_some.len() => Ok((model, unused)),
            _ => Ok((self.load_with(&options.without(&unused))?, unused)),
        }
    }

    fn load_with(&self, options: &Options) -> Result<AnyEmbedder> {
        let family = Registry::global().family(self.family)?;
        let name = || self.model.to_owned();
        let reference = || if self.is_folder { ModelRef::Folder(name().into()) } else { ModelRef::Id(name()) };
        let mut builder = options.apply(AnyEmbedder::builder(family, reference()))?;
        if let Some(stemmer) = self.stemmer {
            builder = with_stemmer(builder, family.name(), (!self.is_folder).then_some(self.model), stemmer)?;
        }
        let (builder, loaded) = fetched(builder, options.reference_cache.as_deref())?;
        let length = options.max_length.filter(|_| OfSome::MaxLength.is_of(&loaded));
        let Some(length) = length else { return Ok(loaded) };
        // Asked for more than the model takes, the reference's users get what it takes.
        let longer = "a ".repeat(length.min(WIDEST) + 1);
        let inputs = [Content::text(&longer), Pair::new("a", longer).into()];
        let is_cut =
            |input: &Content| loaded.usage(input, Role::Plain).is_ok_and(|own| own.truncated && own.tokens <= length);
        if inputs.iter().any(is_cut) { Ok(loaded) } else { builder.max_length(length).build() }
    }
}

/// The model, and the builder that has its files: in the cache, else in the folder that the reference keeps models in, else
/// from where they are downloaded.
fn fetched(builder: Builder<AnyEmbedder>, reference: Option<&Path>) -> Result<(Builder<AnyEmbedder>, AnyEmbedder)> {
    use ErrorKind::{Download, InvalidFile, Io, MissingFile};
    if let Some(folder) = reference {
        for there in [builder.clone().offline(true), builder.clone().cache_dir(folder).offline(true)] {
            match there.clone().build() {
                Err(error) if matches!(error.kind(), Download | MissingFile | InvalidFile | Io) => {}
                loaded => return loaded.map(|loaded| (there, loaded)),
            }
        }
    }
    let loaded = builder.clone().build()?;
    Ok((builder, loaded))
}
