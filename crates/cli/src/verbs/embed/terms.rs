//! `--explain`: terms with their weights instead of indices.

use embedkit::{AnyEmbedder, Content, Embedding, Error, WeightedTerm};

use super::wanted::Wanted;
use super::{inputs, pruned};
use crate::args::EmbedArgs;
use crate::failure::{Failure, Result};
use crate::formats::Format;
use crate::output::{JsonLines, Target, TermsRow};

pub(super) fn run(args: &EmbedArgs, model: &AnyEmbedder) -> Result<()> {
    if args.output.format()? != Format::Jsonl || args.output.resume {
        return Err(Failure::Usage("terms are written as --format jsonl alone, and whole".to_owned()));
    }
    let names = model.index_names();
    let sink = Box::new(JsonLines::new(Target::open(args.output.output.as_ref())?));
    inputs::embed(args, model, Wanted::default(), sink, |content, embedding| match (content, embedding) {
        (Content::Text(text), Embedding::Sparse(vector)) => {
            let vector = pruned(&args.sparse, vector);
            Ok(TermsRow::from(match &names {
                Some(names) => names.name_terms(text, &vector)?,
                None => vector.heaviest().into_iter().map(WeightedTerm::unnamed).collect(),
            }))
        }
        (_, other) => Err(Error::model(&model.model().id, format!("gave no sparse vector: {other:?}"))),
    })
}
