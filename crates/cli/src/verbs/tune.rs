//! `tune`: how a model runs best on this machine, for --tuning.

use embedkit::TextEmbedder;
use std::io::Write as _;

use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::colpali::{Content, LateInteractionMultimodalEmbedding};
use embedkit::dense::TextEmbedding;
use embedkit::hybrid::HybridEmbedding;
use embedkit::image::{ImageEmbedding, ImageInput};
use embedkit::rerank::Reranker;
use embedkit::sparse::SparseTextEmbedding;
use embedkit::{CancelToken, Embedder, Error, Result as Embedded, Role};
use embedkit::{Trial, Tuner, Tuning};

use crate::args::{Kind, TuneArgs};
use crate::failure::{Failure, Result};
use crate::input::Inputs;
use crate::output::Target;
use crate::{interrupt, progress};

pub(super) fn run(args: &TuneArgs) -> Result<()> {
    // Opened first: the measurements take minutes, and must not be in vain.
    let mut target = Target::open(args.output.as_ref())?;
    let tuning = measured(args)?.to_toml()?;
    target.write_all(tuning.as_bytes()).map_err(|error| target.failure(error))?;
    target.commit()
}

fn measured(args: &TuneArgs) -> Result<Tuning> {
    let purpose = args.purpose.purpose();
    if let Some(query) = &args.rerank_query {
        let texts = sample(args, "text")?;
        return tune(args, move |model: &Reranker, all| all.run(model.rerank(query, &texts)));
    }
    match args.model.kind()? {
        Kind::Dense => {
            let texts = sample(args, "text")?;
            tune(args, move |model: &TextEmbedding, all| all.run(model.embed_for(&texts, purpose.clone())))
        }
        Kind::Sparse => {
            let texts = sample(args, "text")?;
            tune(args, move |model: &SparseTextEmbedding, all| all.run(model.embed_for(&texts, purpose.clone())))
        }
        Kind::Colbert => {
            let texts = sample(args, "text")?;
            tune(args, move |model: &LateInteractionTextEmbedding, all| {
                all.run(model.embed_for(&texts, purpose.clone()))
            })
        }
        Kind::Hybrid => {
            let texts = sample(args, "text")?;
            tune(args, move |model: &HybridEmbedding, all| all.run(model.embed_for(&texts, purpose.clone())))
        }
        Kind::Image => {
            let pictures = sample(args, "image")?;
            tune(args, move |model: &ImageEmbedding, all| all.run(model.embed(pictures.iter().map(String::as_str))))
        }
        Kind::Colpali if purpose.role == Role::Query => {
            let texts = sample(args, "text")?;
            tune(args, move |model: &LateInteractionMultimodalEmbedding, all| {
                all.run(model.embed_for(texts.iter().cloned().map(Content::Text), purpose.clone()))
            })
        }
        Kind::Colpali => {
            let pages = sample(args, "image")?;
            tune(args, move |model: &LateInteractionMultimodalEmbedding, all| {
                let pages = pages.iter().map(|page| Content::Page(ImageInput::from(page.as_str())));
                all.run(model.embed_for(pages, Role::Plain))
            })
        }
    }
}

/// The first inputs.
fn sample(args: &TuneArgs, field: &'static str) -> Result<Vec<String>> {
    let mut inputs = Inputs::open(&args.input, field, &CancelToken::new())?;
    let tickets = inputs.tickets();
    let texts: Vec<String> = inputs.by_ref().take(args.sample).collect();
    tickets.close()?;
    match texts.is_empty() {
        true => Err(Failure::Usage("give inputs to measure with, and a --sample of at least 1".to_owned())),
        false => Ok(texts),
    }
}

/// Runs whatever a model gives to its end.
struct All {
    cancel: CancelToken,
}

impl All {
    fn run<S, I, O>(&self, embeddings: embedkit::Embeddings<'_, S, I, O>) -> Embedded<()>
    where
        S: Iterator,
        S::Item: AsRef<I>,
        I: ?Sized + Sync + 'static,
        O: Send + 'static,
    {
        embeddings.cancel_with(&self.cancel).try_for_each(|result| result.map(drop))
    }
}

fn tune<F: Embedder>(args: &TuneArgs, work: impl Fn(&F, &All) -> Embedded<()>) -> Result<Tuning> {
    let all = All { cancel: interrupt::token()? };
    let bar = progress::counter("candidates", None, false);
    let shown = bar.clone();
    let show = move |trial: &Trial| {
        shown.inc(1);
        let ratio = trial.time.as_secs_f64() / trial.best_so_far.as_secs_f64();
        let verdict = if trial.is_better { "better" } else { "no better" };
        tracing::info!("{}: {ratio:.2} of the best's time, {verdict}", trial.tuning);
    };
    let tuner = Tuner::new(args.model.builder::<F>()?).rounds(args.rounds).on_trial(show);
    let tuning = tuner.run(|model| work(model, &all));
    bar.finish_and_clear();
    match tuning {
        Err(Error::Cancelled) => Err(Failure::Interrupted { done: 0 }),
        tuning => Ok(tuning?),
    }
}
