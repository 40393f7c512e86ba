//! The pipeline that all architectures share.

use embedkit_core::ImageInput;
use embedkit_core::session::{BadOutput, SessionPool, Tensor};
use embedkit_core::tokenizer::{Encoding, TokenBatch, Tokenizer, TokenizerOptions};
use embedkit_core::{
    AnyPipeline, Architecture, Content, Error, LoadContext, ModelDescription, ModelOption, Padding, Pipeline, Prepared,
    Purpose, Result, RowField, TextModel, Usage, parameter_names,
};
use embedkit_vector::multivector::{MultiVector, RowLabel};

use super::parameters::Parameters;
use super::rows::RowReader;
use crate::FAMILY;

/// Inputs of a graph, by name.
pub(super) type Inputs = Vec<(&'static str, Tensor<'static>)>;

/// What an architecture sees of a page, and how it tells the graph.
pub(super) trait Vision: Send + Sync + Sized + 'static {
    /// A page's pixels, ready for the graph.
    type Pixels: Send + Sync;

    /// Inputs that a graph must declare to see anything of a page.
    const SEEN_BY: &'static [&'static str];

    /// Checks a row's parameters, without any file.
    fn check(parameters: &Parameters, model: &ModelDescription) -> Result<()>;

    /// Reads what the files say of pages.
    fn load(parameters: &Parameters, context: &LoadContext, tokenizer: &Tokenizer) -> Result<Self>;

    /// A page's pixels, the text that goes with them, and where its patches are.
    fn read_page(&self, image: &ImageInput, tokenizer: &Tokenizer) -> Result<Page<Self::Pixels>>;

    /// The token that stands for a patch.
    fn image_token_id(&self) -> u32;

    /// The memory that a page's pixels take.
    fn bytes(&self, pixels: &Self::Pixels) -> usize;

    /// The inputs for pages beside the usual ones.
    fn page_inputs(&self, pages: &[&Self::Pixels], batch: &TokenBatch) -> Inputs;

    /// The inputs for texts, which have nothing to look at, beside the usual ones.
    fn blank_inputs(&self, batch: &TokenBatch) -> Inputs;
}

/// A page that is ready to run.
pub(super) struct Page<P> {
    /// What the graph sees.
    pub(super) pixels: P,
    /// The text that goes with it, in which image tokens stand for patches.
    pub(super) encoding: Encoding,
    /// Where the patches are, one label an image token.
    pub(super) patches: Vec<RowLabel>,
}

impl<P> Page<P> {
    /// A page, if its text has an image token for each patch.
    pub(super) fn new(pixels: P, encoding: Encoding, patches: Vec<RowLabel>, image_token_id: u32) -> Result<Self> {
        let tokens = encoding.ids.iter().filter(|id| **id == image_token_id).count();
        if tokens == patches.len() {
            return Ok(Self { pixels, encoding, patches });
        }
        let why = if encoding.truncated { "; its text was cut: set a larger `max_length`" } else { "" };
        Err(Error::input(format!("the page has {} patches, and {tokens} image tokens{why}", patches.len())))
    }
}

/// An architecture of pages and texts; see the [module](super) for what rows say.
pub struct PageReader {
    name: &'static str,
    check: fn(&ModelDescription) -> Result<()>,
    load: fn(&LoadContext) -> Result<AnyPipeline>,
}

impl PageReader {
    pub(super) const fn new<V: Vision>(name: &'static str) -> Self {
        Self { name, check: check::<V>, load: PagePipeline::<V>::load }
    }
}

impl std::fmt::Debug for PageReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PageReader").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Architecture for PageReader {
    fn name(&self) -> &'static str {
        self.name
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Dim, ModelOption::Normalize, ModelOption::Output, ModelOption::MemoryMap]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Padding]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        (self.check)(model)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        (self.load)(context)
    }
}

fn check<V: Vision>(model: &ModelDescription) -> Result<()> {
    let wrong = |message: &str| Err(Error::manifest(&model.id, message));
    model.require_model_file()?;
    if model.dim.is_none() {
        return wrong("`dim` must say how wide vectors are");
    }
    if model.padding == Padding::MaxLength {
        return wrong("late interaction's `padding` is to the longest row only");
    }
    V::check(&model.parameters()?, model)
}

struct PagePipeline<V> {
    model: TextModel,
    parameters: Parameters,
    vision: V,
    rows: RowReader,
}

/// A text, or a page, that is ready to run.
struct Item<P> {
    encoding: Encoding,
    page: Option<(P, Vec<RowLabel>)>,
}

impl<V: Vision> PagePipeline<V> {
    fn load(context: &LoadContext) -> Result<AnyPipeline> {
        let parameters: Parameters = context.model.parameters()?;
        let model = TextModel::load(context, TokenizerOptions::default())?;
        let vision = V::load(&parameters, context, model.tokenizer())?;
        let rows = RowReader::new(model.model(), context.dim)?;
        let pipeline = Self { model, parameters, vision, rows };
        if pipeline.model.sessions().is_open() {
            pipeline.check_inputs()?;
        }
        Ok(AnyPipeline::new(pipeline))
    }

    /// Checks that the graph takes what this architecture sees of a page.
    fn check_inputs(&self) -> Result<()> {
        let declared: Vec<&str> = self.model.sessions().inputs()?.collect();
        let Some(missing) = V::SEEN_BY.iter().find(|name| !declared.contains(*name)) else { return Ok(()) };
        let message = format!(
            "the graph has no input {missing:?}, so that all pages would look alike; it has {}: export the model \
             with its vision tower",
            declared.join(", ")
        );
        Err(Error::model(&self.model.model().id, message))
    }

    fn encode(&self, text: &str, purpose: &Purpose) -> Result<Encoding> {
        let tokenizer = self.model.tokenizer();
        let encoding = if purpose.without_prompt {
            tokenizer.encode(text)?
        } else {
            let mut encoding = tokenizer.encode(&self.parameters.decorated(text))?;
            encoding.ids.iter_mut().zip(&self.parameters.query_first_ids).for_each(|(id, first)| *id = *first);
            encoding
        };
        let image_token = self.vision.image_token_id();
        if encoding.ids.contains(&image_token) {
            let token = self.model.token_name(image_token.into());
            let message =
                format!("the text has the token {token:?}, which stands for a patch of a page: spell it otherwise");
            return Err(Error::input(message));
        }
        Ok(encoding)
    }

    /// Runs texts alone or pages alone.
    fn run_alike(&self, items: &[&Item<V::Pixels>]) -> Result<Vec<Result<MultiVector>>> {
        self.check_inputs()?;
        let index = self.model.output()?;
        let encodings: Vec<&Encoding> = items.iter().map(|item| &item.encoding).collect();
        let pages: Vec<&V::Pixels> = items.iter().filter_map(|item| item.page.as_ref()).map(|page| &page.0).collect();
        let batch = self.model.tokenizer().pad(&encodings, None)?;
        let mut inputs =
            if pages.is_empty() { self.vision.blank_inputs(&batch) } else { self.vision.page_inputs(&pages, &batch) };
        // What exports of transformers 5 call the places of an image's tokens.
        let image_token = i64::from(self.vision.image_token_id());
        let kinds: Vec<i64> = batch.ids.iter().map(|id| i64::from(*id == image_token)).collect();
        inputs.push(("mm_token_type_ids", Tensor::integers([batch.rows, batch.length], kinds)));
        self.model.run_outputs(&batch, &inputs, |outputs| {
            let output = outputs.any(index)?;
            let wrong = |what: BadOutput| outputs.wrong(index, what);
            let vectors = self.rows.vectors(&output, batch.rows, batch.length).map_err(wrong)?;
            let read = |(at, item): (usize, &&Item<V::Pixels>)| {
                let every_row = self.parameters.padding_rows && item.page.is_none();
                let (ids, mask) = (batch.row_ids(at), batch.row_mask(at));
                let kept: Vec<usize> = (0..batch.length).filter(|cell| every_row || mask[*cell] != 0).collect();
                let labels = self.labels(kept.iter().map(|cell| ids[*cell]), item);
                let vectors = self.rows.read(vectors.row(at), &kept, output.precision).map_err(wrong)?;
                Ok(vectors.with_labels(labels)?)
            };
            Ok(items.iter().enumerate().map(read).collect())
        })
    }

    /// What rows of these tokens stand for.
    fn labels(&self, ids: impl Iterator<Item = i64>, item: &Item<V::Pixels>) -> Vec<RowLabel> {
        let image_token = i64::from(self.vision.image_token_id());
        let mut patches = item.page.iter().flat_map(|(_, patches)| patches).cloned();
        let label = |id| {
            let patch = if id == image_token { patches.next() } else { None };
            patch.unwrap_or_else(|| RowLabel::Token(self.model.token_name(id)))
        };
        ids.map(label).collect()
    }
}

impl<V: Vision> Pipeline for PagePipeline<V> {
    type Input = Content;
    type Prepared = Item<V::Pixels>;
    type Output = MultiVector;

    fn prepare(&self, content: &Content, purpose: &Purpose) -> Result<Prepared<Item<V::Pixels>, MultiVector>> {
        purpose.check_task(self.model.model())?;
        let item = match content {
            Content::Text(text) => Item { encoding: self.encode(text, purpose)?, page: None },
            Content::Image(image) => {
                let page = self.vision.read_page(image, self.model.tokenizer())?;
                Item { encoding: page.encoding, page: Some((page.pixels, page.patches)) }
            }
            other => return Err(Error::input(format!("it is {}, and this model takes texts and pages", other.kind()))),
        };
        let (usage, length) = (Usage::from(&item.encoding), item.encoding.ids.len());
        let pixels = item.page.as_ref().map_or(0, |(pixels, _)| self.vision.bytes(pixels));
        Ok(Prepared::run(item, length, pixels + length * size_of::<u64>(), usage))
    }

    fn run(&self, items: &[&Item<V::Pixels>], _: &Purpose) -> Result<Vec<Result<MultiVector>>> {
        let (pages, texts): (Vec<usize>, Vec<usize>) = (0..items.len()).partition(|at| items[*at].page.is_some());
        let mut results: Vec<(usize, Result<MultiVector>)> = Vec::with_capacity(items.len());
        for places in [pages, texts].into_iter().filter(|places| !places.is_empty()) {
            let alike: Vec<_> = places.iter().map(|at| items[*at]).collect();
            results.extend(places.into_iter().zip(self.run_alike(&alike)?));
        }
        results.sort_by_key(|(at, _)| *at);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.model.sessions())
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(self.model.tokenizer())
    }
}
