//! One loaded model for every view of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use embedkit_core::session::SessionOptions;
use embedkit_core::tokenizer::TokenizerOptions;
use embedkit_core::{LoadContext, ModelFiles, Padding, PerProcess, Result, TextModel};

/// Tokens without a weight of their own, as the model's vocabulary has them: they frame or pad a text, or are unknown.
const UNWEIGHTED: [&str; 4] = ["<s>", "</s>", "<pad>", "<unk>"];

/// A model, loaded once for all views that want the same of the same files.
#[derive(Debug)]
pub(super) struct SharedModel {
    /// Kept for as long as the model is in use, so that it is found there.
    _place: Arc<Place>,
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

/// Where a model is found by all that want the same: whoever loads it has the lock, so that the others wait for it.
#[derive(Debug)]
struct Place {
    key: Key,
    model: Mutex<Weak<SharedModel>>,
}

/// The places of models that are in use in this process, or being loaded. Only ever locked for a look.
static PLACES: PerProcess<Mutex<Vec<Weak<Place>>>> = PerProcess::new();

impl Place {
    /// The place of that key.
    fn of(key: Key) -> Arc<Self> {
        let mut places = lock(PLACES.get());
        if let Some(place) = places.iter().filter_map(Weak::upgrade).find(|place| place.key == key) {
            return place;
        }
        let place = Arc::new(Self { key, model: Mutex::default() });
        places.retain(|place| place.strong_count() > 0);
        places.push(Arc::downgrade(&place));
        place
    }
}

/// What is locked is whole at any time, whoever panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
        let place = Place::of(Key::of(context)?);
        let mut loaded = lock(&place.model);
        if let Some(model) = loaded.upgrade() {
            context.files.count_read(&model.files);
            return Ok(model);
        }
        let model = TextModel::load(context, TokenizerOptions::default())?;
        let unweighted = UNWEIGHTED.iter().filter_map(|token| model.tokenizer().id(token)).collect();
        let model = Arc::new(Self { _place: place.clone(), files: context.files.clone(), model, unweighted });
        *loaded = Arc::downgrade(&model);
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
    fn a_load_waits_for_those_of_the_same_model_alone() {
        let mut other = context("dense", FIXTURE);
        other.session.threads = Some(4);
        let place = Place::of(Key::of(&other).unwrap());
        let _loading = lock(&place.model);
        SharedModel::of(&context("dense", FIXTURE)).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_forked_child_waits_for_no_load_of_its_parent() {
        let mut context = context("dense", FIXTURE);
        context.session.threads = Some(5);
        let key = || Key::of(&context).unwrap();
        let place = Place::of(key());
        let _loading = (lock(&place.model), lock(PLACES.get()));
        embedkit_fixtures::in_forked_child(std::time::Duration::from_secs(20), || {
            drop(lock(&Place::of(key()).model));
            Vec::new()
        });
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
