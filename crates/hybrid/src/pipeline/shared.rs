//! One loaded model for every view of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use embedkit_core::session::SessionOptions;
use embedkit_core::tokenizer::TokenizerOptions;
use embedkit_core::{LoadContext, ModelFiles, Padding, Result, TextModel};

/// Tokens without a weight of their own, as the model's vocabulary has them: they frame or pad a text, or are unknown.
const UNWEIGHTED: [&str; 4] = ["<s>", "</s>", "<pad>", "<unk>"];

/// A model, loaded once for all views that want the same of the same files.
#[derive(Debug)]
pub(super) struct SharedModel {
    key: Key,
    /// What it was loaded from, by the view that came first.
    files: ModelFiles,
    pub(super) model: TextModel,
    /// Ids of tokens that have no weight.
    pub(super) unweighted: HashSet<u32>,
}

/// All that a load depends on. What views differ in, such as the row's id and prompts, is not among it.
#[derive(Debug, PartialEq)]
struct Key {
    files: ModelFiles,
    graph: String,
    tokenizer_folder: String,
    max_length: Option<usize>,
    padding: Padding,
    session: SessionOptions,
}

impl Key {
    fn of(context: &LoadContext) -> Result<Self> {
        // One folder may have several paths, a path may come to mean another folder, and bytes may stand for a file.
        let files = context.files.by_real_path()?;
        // When sessions are created is each view's own matter.
        let mut session = context.session.clone();
        session.lazy = false;
        let model = &context.model;
        Ok(Self {
            files,
            graph: model.model_file.clone(),
            tokenizer_folder: model.tokenizer_folder.clone(),
            max_length: model.max_length,
            padding: model.padding,
            session,
        })
    }
}

/// The models in use in this process.
static IN_USE: Mutex<Vec<Weak<SharedModel>>> = Mutex::new(Vec::new());

impl SharedModel {
    /// The model, if it is in use, or a new one. Its sessions exist unless the context says lazily.
    ///
    /// # Errors
    /// As [`TextModel::load`].
    pub(super) fn of(context: &LoadContext) -> Result<Arc<Self>> {
        let model = Self::found_or_loaded(context)?;
        if !context.session.lazy {
            model.model.sessions().outputs()?;
        }
        Ok(model)
    }

    fn found_or_loaded(context: &LoadContext) -> Result<Arc<Self>> {
        let key = Key::of(context)?;
        // Held while a model is loaded, so that threads that ask for it at once load it once.
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = in_use.iter().filter_map(Weak::upgrade).find(|model| model.key == key) {
            context.files.count_read(&model.files);
            return Ok(model);
        }
        let model = TextModel::load(context, TokenizerOptions::default())?;
        let unweighted = UNWEIGHTED.iter().filter_map(|token| model.tokenizer().id(token)).collect();
        let model = Arc::new(Self { key, files: context.files.clone(), model, unweighted });
        in_use.retain(|model| model.strong_count() > 0);
        in_use.push(Arc::downgrade(&model));
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use embedkit_core::ModelDescription;

    use super::*;

    const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/bge-m3");

    fn context(family: &str, folder: &str) -> LoadContext {
        let mut model = ModelDescription::new(family, family, "bge-m3");
        model.model_file = "model.onnx".to_owned();
        LoadContext::new(model, ModelFiles::folder(folder).unwrap())
    }

    #[test]
    fn what_loads_alike_is_loaded_once() {
        let first = SharedModel::of(&context("dense", FIXTURE)).unwrap();
        let mut lazy = context("sparse", &format!("{FIXTURE}/../bge-m3"));
        lazy.session.lazy = true;
        assert!(Arc::ptr_eq(&first, &SharedModel::of(&lazy).unwrap()));

        // What was read of the files is known of both.
        let read = context("dense", FIXTURE);
        SharedModel::of(&read).unwrap();
        for name in ["model.onnx", "tokenizer.json"] {
            assert!(read.files.names_read().contains(&name.to_owned()), "{name}");
        }

        let mut threaded = context("dense", FIXTURE);
        threaded.session.threads = Some(1);
        let mut short = context("dense", FIXTURE);
        Arc::make_mut(&mut short.model).max_length = Some(9);
        let mut exact = context("dense", FIXTURE);
        Arc::make_mut(&mut exact.model).padding = Padding::Exact;
        let mut quantized = context("dense", FIXTURE);
        let graph = quantized.files.read("model.onnx").unwrap().into_owned();
        quantized.files = quantized.files.with_file("model.onnx", graph);
        for other in [threaded, short, exact, quantized] {
            assert!(!Arc::ptr_eq(&first, &SharedModel::of(&other).unwrap()));
        }
    }

    #[test]
    fn threads_that_ask_at_once_get_one_model() {
        let models = std::thread::scope(|scope| {
            let mut context = context("dense", FIXTURE);
            context.session.sessions = Some(2);
            let threads: Vec<_> =
                (0..4).map(|_| context.clone()).map(|c| scope.spawn(move || SharedModel::of(&c))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect::<Vec<_>>()
        });
        assert!(models.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])));
    }

    #[test]
    fn a_model_out_of_use_is_dropped() {
        let mut context = context("dense", FIXTURE);
        context.session.threads = Some(2);
        let model = Arc::downgrade(&SharedModel::of(&context).unwrap());
        assert!(model.upgrade().is_none());
    }

    #[test]
    fn a_lazy_model_opens_for_a_view_that_is_not_lazy() {
        let mut context = context("dense", FIXTURE);
        context.session.threads = Some(3);
        context.session.lazy = true;
        let model = SharedModel::of(&context).unwrap();
        assert!(!model.model.sessions().is_open());
        context.session.lazy = false;
        let same = SharedModel::of(&context).unwrap();
        assert!(Arc::ptr_eq(&model, &same) && model.model.sessions().is_open());
    }
}
