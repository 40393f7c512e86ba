//! `tune`: how a model runs best on this machine, for --tuning.

use std::cell::Cell;
use std::io::Write as _;
use std::rc::Rc;

use embedkit::rerank::Reranker;
use embedkit::{CancelToken, Content, ContentKind, Embedder as _, Error, ImageInput, Pair, Purpose, Registry, Role};
use embedkit::{Trial, Tuner, Tuning};

use super::embed;
use crate::args::TuneArgs;
use crate::failure::{Failure, Result, is_of_input, with_causes};
use crate::input::Inputs;
use crate::output::Target;
use crate::progress::Total;
use crate::{interrupt, notice, progress};

pub(super) fn run(args: &TuneArgs) -> Result<()> {
    // Opened first: the measurements take minutes, and must not be in vain.
    let mut target = Target::open(args.output.as_ref())?;
    let tuning = measured(args)?.to_toml()?;
    target.write_all(tuning.as_bytes()).map_err(|error| target.failure(error))?;
    target.commit()
}

fn measured(args: &TuneArgs) -> Result<Tuning> {
    let family = match &args.rerank_query {
        Some(_) => {
            args.model.check_is_of(Reranker::FAMILY, "--rerank-query")?;
            Registry::global().family(Reranker::FAMILY)?
        }
        None => args.model.family()?,
    };
    let purpose = args.purpose.purpose();
    let contents = contents(args, family.inputs(), &purpose)?;
    let cancel = interrupt::token()?;
    let bar = progress::counter("candidates", Total::Unknown, false);
    let shown = bar.clone();
    // The last trial compares what was found with the untuned model.
    let gain = Rc::new(Cell::new(None));
    let last_gain = gain.clone();
    let show = move |trial: &Trial| {
        shown.inc(1);
        let Trial { tuning, time, baseline, baseline_time, is_better, .. } = trial;
        let ratio = time.as_secs_f64() / baseline_time.as_secs_f64();
        let verdict = if *is_better { "better" } else { "no better" };
        notice::tell_watchers(&format!("{tuning}: {ratio:.2} of the time with {baseline}, {verdict}"));
        last_gain.set(is_better.then_some(ratio));
    };
    let tuner = Tuner::new(args.model.any_builder(family)?).rounds(args.rounds).on_trial(show);
    // What is skipped is told once, not in each measurement.
    let mut is_told = false;
    let tuning = tuner.run(|model| {
        let embeddings = model.embed_for(&contents, purpose.clone()).cancel_with(&cancel);
        let (mut measured, mut skipped) = (0, None);
        for (at, result) in embeddings.into_iter().enumerate() {
            match result {
                Err(error) if args.input.skip_invalid && is_of_input(&error) => {
                    if !is_told {
                        tracing::warn!("skipped: input {}: {}", at + 1, with_causes(&error));
                    }
                    skipped = Some(error);
                }
                result => result.map(|_| measured += 1)?,
            }
        }
        is_told = true;
        // Where all are skipped there is nothing to measure.
        skipped.filter(|_| measured == 0).map_or(Ok(()), Err)
    });
    bar.finish_and_clear();
    match tuning {
        Err(Error::Cancelled) => Err(Failure::Interrupted { done: 0 }),
        tuning => {
            notice::tell_watchers(&match gain.get() {
                Some(ratio) => format!("runs in {:.0} % of the time that it takes without a tuning", 100.0 * ratio),
                None => "nothing was better than without a tuning".to_owned(),
            });
            Ok(tuning?)
        }
    }
}

/// The first inputs, as the family takes them.
fn contents(args: &TuneArgs, kinds: &[ContentKind], purpose: &Purpose) -> Result<Vec<Content>> {
    if let Some(query) = &args.rerank_query {
        let pair = |text| Content::Pair(Pair::new(query.as_str(), text));
        return Ok(sample(args, "text")?.into_iter().map(pair).collect());
    }
    if kinds.contains(&ContentKind::Pair) {
        let message = "a reranker is measured on pairs: give --rerank-query, and the inputs are scored by it";
        return Err(Failure::Usage(message.to_owned()));
    }
    let takes_images = kinds.contains(&ContentKind::Image);
    if kinds.contains(&ContentKind::Text) && (!takes_images || purpose.role == Role::Query) {
        embed::look_at_names(&args.input, &args.model, true)?;
        return Ok(sample(args, "text")?.into_iter().map(Content::Text).collect());
    }
    Ok(sample(args, "image")?.into_iter().map(|path| Content::Image(ImageInput::from(path))).collect())
}

fn sample(args: &TuneArgs, field: &'static str) -> Result<Vec<String>> {
    let mut inputs = Inputs::open(&args.input, field, &CancelToken::new())?;
    let texts: Vec<String> = inputs.by_ref().take(args.sample).map(|input| input.value).collect();
    inputs.close()?;
    if texts.is_empty() {
        return Err(Failure::Usage("give inputs to measure with, and a --sample of at least 1".to_owned()));
    }
    Ok(texts)
}
