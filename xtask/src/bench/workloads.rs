//! What is computed: texts derived from the corpus, and the models they go through.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench_protocol::{Request, Work};
use serde_json::Value;

use super::compare::Tolerance;
use super::options::Options;
use super::pictures::{self, Pictures};
use crate::failure::{Failure, failed};
use crate::workspace;

/// Work that sides are compared on.
pub(super) struct Workload {
    pub(super) name: &'static str,
    pub(super) task: &'static str,
    pub(super) model_dir: PathBuf,
    /// A Hugging Face cache with the model, for the libraries that read it from one.
    pub(super) hub_cache: Option<PathBuf>,
    /// The texts, as a file that sides read, and one with the first of them.
    items: PathBuf,
    first: PathBuf,
    /// Whether texts come one at a time.
    pub(super) is_single: bool,
    /// Whether its texts are paths of pictures.
    pub(super) is_of_pictures: bool,
    /// How far the sides' results may be from each other.
    pub(super) tolerance: Tolerance,
    /// How many texts, how many distinct ones, and how many words each: fewest, median, most.
    pub(super) texts: usize,
    pub(super) distinct: usize,
    pub(super) words: [usize; 3],
    /// Whether all of it must happen on one core.
    pub(super) one_core: bool,
}

impl Workload {
    /// What a side is asked.
    pub(super) fn request(&self, least_seconds: f64, results: Option<PathBuf>) -> Request {
        let work = Work { items: self.items.clone(), least_seconds, results };
        if self.is_single { Request::Each(work) } else { Request::Bulk(work) }
    }

    /// What a side that has just started is asked: one text.
    pub(super) fn first(&self) -> Request {
        Request::Bulk(Work { items: self.first.clone(), ..Work::default() })
    }
}

/// Sums in another order, and in batches of other shapes.
const ROUNDING: Tolerance = Tolerance { cosine: 0.99999, difference: 1e-3, same_indices: false };
/// The same arithmetic on the same words.
const EXACT: Tolerance = Tolerance { cosine: 0.999999, difference: 1e-5, same_indices: true };
/// Graphs that scale their numbers to 8 bits by the largest of a whole batch: who shares a batch changes a result.
const QUANTIZED: Tolerance = Tolerance { cosine: 0.95, difference: 0.3, same_indices: false };
/// Decoders of JPEG differ by some levels.
const DECODED: Tolerance = Tolerance { cosine: 0.999, difference: 0.1, same_indices: false };

/// A workload before its models and texts are there.
struct Plan {
    name: &'static str,
    task: &'static str,
    model: Model,
    items: Items,
    tolerance: Tolerance,
    one_core: bool,
}

/// Which of the models goes through it.
#[derive(Clone, Copy)]
enum Model {
    Fp32,
    Int8,
    Static,
    Bm25,
    /// One that is made of the fp32 model's graph.
    Head(&'static str),
    Image,
    /// Pictures are only prepared, as for this model.
    Processor(&'static str),
}

/// What goes through the model.
#[derive(Clone, Copy)]
enum Items {
    /// Texts as they come, so many times.
    Mixed(usize),
    Short,
    Long,
    /// Texts of so many tokens.
    Equal(usize),
    /// The same, few and one at a time.
    Single(usize),
    /// The first of the texts: one in so many.
    Part(usize),
    /// Pictures of a format: one for so many texts.
    Pictures(&'static str, usize),
}

/// All workloads. To add one is to add a line.
#[rustfmt::skip]
const PLANS: [Plan; 23] = [
    Plan::new("mixed", "dense", Model::Fp32, Items::Mixed(1), ROUNDING),
    Plan::new("short", "dense", Model::Fp32, Items::Short, ROUNDING),
    Plan::new("long", "dense", Model::Fp32, Items::Long, ROUNDING),
    Plan::new("equal", "dense", Model::Fp32, Items::Equal(32), ROUNDING),
    Plan::new("single", "dense", Model::Fp32, Items::Single(8), ROUNDING),
    Plan::new("two-single", "two-dense", Model::Fp32, Items::Single(8), ROUNDING),
    Plan::new("int8-mixed", "dense", Model::Int8, Items::Mixed(1), QUANTIZED),
    Plan::new("int8-single", "dense", Model::Int8, Items::Single(8), ROUNDING),
    Plan::new("static", "static", Model::Static, Items::Mixed(40), EXACT),
    Plan::new("static-one-core", "static", Model::Static, Items::Mixed(20), EXACT).on_one_core(),
    Plan::new("bm25", "bm25", Model::Bm25, Items::Mixed(40), EXACT),
    Plan::new("bm25-one-core", "bm25", Model::Bm25, Items::Mixed(40), EXACT).on_one_core(),
    Plan::new("splade", "splade", Model::Head("splade"), Items::Part(4), ROUNDING),
    Plan::new("colbert", "colbert", Model::Head("colbert"), Items::Part(2), ROUNDING),
    Plan::new("rerank", "rerank", Model::Head("rerank"), Items::Part(2), ROUNDING),
    Plan::new("image", "image", Model::Image, Items::Pictures("jpg", 4), DECODED),
    Plan::new("preprocess-clip", "preprocess", Model::Processor("clip"), Items::Pictures("jpg", 8), DECODED).on_one_core(),
    Plan::new("preprocess-siglip", "preprocess", Model::Processor("siglip"), Items::Pictures("jpg", 8), DECODED).on_one_core(),
    Plan::new("preprocess-convnext", "preprocess", Model::Processor("convnext"), Items::Pictures("jpg", 8), DECODED).on_one_core(),
    Plan::new("preprocess-jinaclip", "preprocess", Model::Processor("jinaclip"), Items::Pictures("jpg", 8), DECODED).on_one_core(),
    Plan::new("preprocess-idefics3", "preprocess", Model::Processor("idefics3"), Items::Pictures("jpg", 32), DECODED).on_one_core(),
    Plan::new("preprocess-png", "preprocess", Model::Processor("clip"), Items::Pictures("png", 8), EXACT).on_one_core(),
    Plan::new("preprocess-opened", "preprocess-opened", Model::Processor("clip"), Items::Pictures("jpg", 8), DECODED).on_one_core(),
];

impl Plan {
    const fn new(name: &'static str, task: &'static str, model: Model, items: Items, tolerance: Tolerance) -> Self {
        Self { name, task, model, items, tolerance, one_core: false }
    }

    const fn on_one_core(self) -> Self {
        Self { one_core: true, ..self }
    }

    fn is_of_pictures(&self) -> bool {
        matches!(self.items, Items::Pictures(..))
    }

    /// The workload; none where its texts are not given, or its model is not there.
    fn made(
        &self,
        options: &Options,
        models: &Models,
        corpus: &Corpus,
        place: &Path,
    ) -> Result<Option<Workload>, Failure> {
        let Some(model) = models.of(self.model) else { return Ok(None) };
        let Some(texts) = self.items.of(options, models, corpus)? else { return Ok(None) };
        let mut words: Vec<usize> = texts.iter().map(|text| text.split_whitespace().count()).collect();
        words.sort_unstable();
        let [Some(fewest), Some(median), Some(most)] = [words.first(), words.get(words.len() / 2), words.last()] else {
            return Err(failed(format!("the corpus has no texts for the workload {}", self.name)));
        };
        let hub = || hub_cache(&model, &place.join("hub").join(self.name));
        Ok(Some(Workload {
            name: self.name,
            task: self.task,
            hub_cache: self.task.ends_with("dense").then(hub).transpose()?,
            items: saved(place, self.name, &texts)?,
            first: saved(place, &format!("{}.first", self.name), &texts[..1])?,
            is_single: matches!(self.items, Items::Single(_)),
            is_of_pictures: self.is_of_pictures(),
            tolerance: self.tolerance,
            texts: texts.len(),
            distinct: texts.iter().collect::<HashSet<_>>().len(),
            words: [*fewest, *median, *most],
            one_core: self.one_core,
            model_dir: model,
        }))
    }
}

impl Items {
    /// The texts, or paths of pictures; none where nothing is given to take them from.
    fn of(self, options: &Options, models: &Models, corpus: &Corpus) -> Result<Option<Vec<String>>, Failure> {
        let given = |texts| Ok(options.corpus.is_some().then_some(texts));
        match self {
            Self::Mixed(times) => given(corpus.mixed(times)),
            Self::Short => given(corpus.short()),
            Self::Long => given(corpus.long()),
            Self::Equal(words) => given(corpus.equal(words, corpus.texts)),
            Self::Single(words) => given(corpus.equal(words, 200)),
            Self::Part(part) => given(corpus.part(part)),
            Self::Pictures(format, part) => {
                let pictures = drawn(options, models, format)?;
                let some = pictures.iter().cycle().take(options.texts().div_ceil(part)).cloned();
                Ok((!pictures.is_empty()).then(|| some.collect()))
            }
        }
    }
}

/// Folders of models, each with its graph as `model.onnx`.
pub(super) struct Models {
    fp32: Option<PathBuf>,
    int8: Option<PathBuf>,
    statics: PathBuf,
    images: Option<PathBuf>,
    pictures: Option<Pictures>,
    /// Graphs of the fp32 model's size for other families.
    heads: Option<PathBuf>,
    /// For BM25: the words that embedkit leaves out, as its peer reads them.
    bm25: PathBuf,
}

impl Models {
    /// Finds the models, and makes those that nothing but their size matters of.
    pub(super) fn find(options: &Options, python: Option<&Path>, place: &Path) -> Result<Self, Failure> {
        let absolute = |path: &Path| path.canonicalize().map_err(|e| failed(format!("{}: {e}", path.display())));
        let bm25 = place.join("models/bm25");
        let words = stop_words::lookup("en").ok_or_else(|| failed("there are no English stop words"))?.join("\n");
        std::fs::create_dir_all(&bm25)
            .and_then(|()| std::fs::write(bm25.join("english.txt"), words))
            .map_err(|e| failed(format!("{}: {e}", bm25.display())))?;
        let fp32 = options.model_dir.as_deref().map(absolute).transpose()?;
        let int8 = match &fp32 {
            Some(folder) if folder.join(&options.int8_graph).exists() => {
                Some(renamed(folder, &options.int8_graph, &place.join("models/int8"))?)
            }
            _ => None,
        };
        let is_wanted = |is_such: fn(&Plan) -> bool| PLANS.iter().any(|plan| is_such(plan) && options.wants(plan.name));
        let heads = match (python, &fp32) {
            (Some(python), Some(folder)) if is_wanted(|plan| matches!(plan.model, Model::Head(_))) => {
                let script = workspace::root().join("xtask/bench/python/heads.py");
                let models = place.join("models");
                workspace::succeed(Command::new(python).arg(script).arg(folder).arg(&models))?;
                Some(absolute(&models)?)
            }
            _ => None,
        };
        let pictures = match python {
            Some(python) if is_wanted(Plan::is_of_pictures) => Some(Pictures::ready(python)?),
            _ => None,
        };
        let images = options.image_model_dir.as_deref().map(absolute).transpose()?;
        Ok(Self {
            images: images.or_else(|| Some(pictures.as_ref()?.model("vit"))),
            pictures,
            heads,
            fp32,
            int8,
            statics: absolute(&workspace::root().join("crates/static-en/model"))?,
            bm25: absolute(&bm25)?,
        })
    }

    /// A model's folder, if it is there.
    fn of(&self, model: Model) -> Option<PathBuf> {
        match model {
            Model::Fp32 => self.fp32.clone(),
            Model::Int8 => self.int8.clone(),
            Model::Static => Some(self.statics.clone()),
            Model::Bm25 => Some(self.bm25.clone()),
            Model::Head(name) => Some(self.heads.as_ref()?.join(name)),
            Model::Image => self.images.clone(),
            Model::Processor(name) => Some(self.pictures.as_ref()?.model(name)),
        }
    }
}

/// A copy of a model's folder in which another graph is `model.onnx`: some peers know only that name.
fn renamed(folder: &Path, graph: &str, to: &Path) -> Result<PathBuf, Failure> {
    let copy = || -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                std::fs::write(to.join(path.file_name().unwrap_or_default()), std::fs::read(&path)?)?;
            }
        }
        std::fs::write(to.join("model.onnx"), std::fs::read(folder.join(graph))?)?;
        to.canonicalize()
    };
    copy().map_err(|e| failed(format!("{}: {e}", to.display())))
}

/// A Hugging Face cache in which the files of a folder are those of the model that fastembed-rs knows by name.
fn hub_cache(model: &Path, cache: &Path) -> Result<PathBuf, Failure> {
    const COMMIT: &str = "0000000000000000000000000000000000000000";
    let repository = cache.join("models--Qdrant--all-MiniLM-L6-v2-onnx");
    let make = || -> std::io::Result<PathBuf> {
        if cache.exists() {
            std::fs::remove_dir_all(cache)?;
        }
        let snapshot = repository.join("snapshots").join(COMMIT);
        std::fs::create_dir_all(&snapshot)?;
        std::fs::create_dir_all(repository.join("refs"))?;
        std::fs::write(repository.join("refs/main"), COMMIT)?;
        for entry in std::fs::read_dir(model)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::os::unix::fs::symlink(entry.path(), snapshot.join(entry.file_name()))?;
            }
        }
        cache.canonicalize()
    };
    make().map_err(|e| failed(format!("{}: {e}", cache.display())))
}

/// All workloads for which there is a model.
pub(super) fn all(options: &Options, models: &Models, place: &Path) -> Result<Vec<Workload>, Failure> {
    let corpus = Corpus::read(options, models)?;
    let wanted = PLANS.iter().filter(|plan| options.wants(plan.name));
    wanted.filter_map(|plan| plan.made(options, models, &corpus, place).transpose()).collect()
}

/// Puts texts into a file that sides read.
pub(super) fn saved(place: &Path, name: &str, texts: &[String]) -> Result<PathBuf, Failure> {
    let path = place.join(format!("{name}.texts.jsonl"));
    let lines: String = texts.iter().map(|text| format!("{}\n", Value::from(text.as_str()))).collect();
    std::fs::write(&path, lines)
        .and_then(|()| path.canonicalize())
        .map_err(|e| failed(format!("{}: {e}", path.display())))
}

/// Paths of the pictures that are named, or of those that are drawn.
fn drawn(options: &Options, models: &Models, kind: &str) -> Result<Vec<String>, Failure> {
    match (&options.images, &models.pictures) {
        (Some(folder), _) => pictures::files(folder),
        (None, Some(pictures)) => pictures.files(kind),
        (None, None) => Ok(Vec::new()),
    }
}

/// The corpus, and how many of its texts are wanted.
struct Corpus {
    all: Vec<String>,
    /// Its words that are one token each.
    words: Vec<String>,
    texts: usize,
}

impl Corpus {
    fn read(options: &Options, models: &Models) -> Result<Self, Failure> {
        let Some(path) = options.corpus.as_deref() else {
            return Ok(Self { all: Vec::new(), words: Vec::new(), texts: 0 });
        };
        let all = corpus_texts(path)?;
        let vocabulary = vocabulary(models.fp32.as_deref().unwrap_or(&models.statics))?;
        let words = all.iter().flat_map(|text| text.split_whitespace()).filter(|word| vocabulary.contains(*word));
        let words = words.map(str::to_owned).collect();
        Ok(Self { all, words, texts: options.texts() })
    }

    /// Texts as they come, so many times as many as asked for: for work that is quick.
    fn mixed(&self, times: usize) -> Vec<String> {
        self.all
            .iter()
            .cycle()
            .take(if times == 1 { self.texts.min(self.all.len()) } else { self.texts * times })
            .cloned()
            .collect()
    }

    /// A part of those: for work that is slow.
    fn part(&self, part: usize) -> Vec<String> {
        self.all.iter().take(self.texts / part).cloned().collect()
    }

    /// Texts of at most 15 words.
    fn short(&self) -> Vec<String> {
        self.some(self.texts, |words| words <= 15)
    }

    /// Texts of at least 100 words, a quarter as many.
    fn long(&self) -> Vec<String> {
        self.some(self.texts / 4, |words| words >= 100)
    }

    fn some(&self, count: usize, wanted: impl Fn(usize) -> bool) -> Vec<String> {
        self.all.iter().filter(|text| wanted(text.split_whitespace().count())).take(count).cloned().collect()
    }

    /// Texts of the same number of tokens.
    fn equal(&self, words: usize, count: usize) -> Vec<String> {
        self.words.chunks_exact(words).take(count).map(|words| words.join(" ")).collect()
    }
}

/// The texts of a corpus: JSON Lines with `text`.
pub(super) fn corpus_texts(path: &Path) -> Result<Vec<String>, Failure> {
    let wrong = |what: String| failed(format!("{}: {what}", path.display()));
    let lines = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    let text = |(number, line): (usize, &str)| {
        let value: Value = serde_json::from_str(line).map_err(|e| wrong(format!("line {}: {e}", number + 1)))?;
        let text = value["text"].as_str().ok_or_else(|| wrong(format!("line {} has no `text`", number + 1)))?;
        Ok(text.to_owned())
    };
    lines.lines().enumerate().map(text).collect()
}

/// Words of plain letters that a model's tokenizer takes whole.
fn vocabulary(model_dir: &Path) -> Result<HashSet<String>, Failure> {
    let path = model_dir.join("tokenizer.json");
    let wrong = |what: String| failed(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
    let tokenizer: Value = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    let vocabulary =
        tokenizer["model"]["vocab"].as_object().ok_or_else(|| wrong("has no WordPiece vocabulary".into()))?;
    Ok(vocabulary.keys().filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())).cloned().collect())
}
