//! The inputs that the arguments name, through the model.

use embedkit::{AnyEmbedder, Content, ContentKind, Embedding, ImageInput, Role};

use super::family;
use super::wanted::Wanted;
use crate::args::EmbedArgs;
use crate::failure::Result;
use crate::output::Sink;
use crate::run::Run;
use crate::uses;

/// Embeds those of the inputs that are wanted.
pub(super) fn embed<R: 'static>(
    args: &EmbedArgs,
    model: &AnyEmbedder,
    wanted: Wanted,
    mut sink: Box<dyn Sink<R>>,
    row: impl FnMut(&Content, Embedding) -> embedkit::Result<R>,
) -> Result<()> {
    let (purpose, output) = (args.purpose.purpose(), args.output.output.as_ref());
    let kinds = family::of(args)?.inputs();
    let takes_text = kinds.contains(&ContentKind::Text);
    // Models of texts and pages embed pages, unless queries are asked for.
    let embeds_text = takes_text && (!kinds.contains(&ContentKind::Image) || purpose.role == Role::Query);
    if !embeds_text {
        uses::check_images(&["chunk", "on_long", "max_length"])?;
    }
    #[cfg(feature = "pdf")]
    if args.has_pages() {
        let pages = crate::verbs::pages::Pages::open(&args.pdf)?;
        let (run, mut inputs) = Run::start(&pages.as_inputs(&args.input), "image", output)?;
        wanted.check(args, &mut inputs);
        let mut run = run.telling(&args.usage);
        let is_wanted = run.passing_over(move |ticket| wanted.has(ticket));
        let contents = pages.of(&mut inputs).filter(is_wanted);
        let done = run.embed(model.embed_for(contents, purpose), row, &mut *sink);
        return run.end(done, inputs, sink);
    }
    family::look_at_names(&args.input, &args.model, takes_text)?;
    let (run, mut inputs) = Run::start(&args.input, if embeds_text { "text" } else { "image" }, output)?;
    wanted.check(args, &mut inputs);
    let mut run = if embeds_text { run.telling(&args.usage).able_to_chunk() } else { run.telling(&args.usage) };
    if args.has_chunks() {
        run = run.in_parts("chunks");
    }
    let done = if embeds_text {
        let texts = inputs.by_ref();
        #[cfg(feature = "retrieval")]
        let cutter = args.has_chunks().then(|| super::chunks::Cutter::new(args, model, &purpose)).transpose()?;
        #[cfg(feature = "retrieval")]
        let texts = texts.flat_map(|input| super::chunks::cut(cutter.as_ref(), input));
        let texts = texts.filter(run.passing_over(move |ticket| wanted.has(ticket)));
        let contents = texts.map(|input| input.map(Content::Text));
        run.embed(model.embed_for(contents, purpose.clone()), row, &mut *sink)
    } else {
        let images = inputs.by_ref().filter(run.passing_over(move |ticket| wanted.has(ticket)));
        let contents = images.map(|input| input.map(|path| Content::Image(ImageInput::from(path))));
        run.embed(model.embed_for(contents, purpose), row, &mut *sink)
    };
    run.end(done, inputs, sink)
}
