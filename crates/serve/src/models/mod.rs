//! The models that are served, by the names that clients have for them.

mod loaded;
mod plan;
mod served;
mod task;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use embedkit_core::{ContentKind, Registry};

pub(crate) use loaded::Loaded;
pub(crate) use served::{Condition, Served};
pub(crate) use task::{Task, takes};

use crate::Error;
use crate::config::Config;
use crate::error::{ApiError, ApiResult, Case};
use crate::metrics::Metrics;
use crate::schedule::ModelQueue;
use plan::{Plan, compiled_in};

/// The models that are served, in the operator's order.
pub(crate) struct Models {
    all: Vec<Arc<Served>>,
    any_name: bool,
}

impl Models {
    /// Finds the models of a configuration. None is loaded.
    ///
    /// # Errors
    /// A model that is unknown, a name that two have, an alias of none.
    pub(crate) fn new(config: &Config, registry: &Registry, metrics: &Arc<Metrics>) -> Result<Self, Error> {
        let mut wanted = config.models.clone();
        if wanted.is_empty() {
            let none = || Error::usage("name a model: this program has none compiled in");
            wanted.push(compiled_in(registry).ok_or_else(none)?);
        }
        let mut plans = wanted.into_iter().map(|model| Plan::new(model, registry)).collect::<Result<Vec<_>, _>>()?;
        bound_images(&mut plans, config)?;
        let mut taken: BTreeSet<String> = BTreeSet::new();
        if let Some(plan) = plans.iter().find(|plan| !taken.insert(plan.name.to_lowercase())) {
            return Err(Error::usage(format!("two models are called {}: name them apart as NAME=ID", plan.name)));
        }
        for (alias, model) in &config.aliases {
            if !plans.iter().any(|plan| is_called(plan, model)) {
                return Err(Error::usage(format!("the alias {alias} is of {model}, and no model is called so")));
            }
            if !taken.insert(alias.to_lowercase()) {
                return Err(Error::usage(format!("the alias {alias} is taken")));
            }
        }
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let serve = |plan: Plan| {
            let set = config.aliases.iter().filter(|(_, model)| is_called(&plan, model));
            let mut aliases: Vec<String> = set.map(|(alias, _)| alias.to_lowercase()).collect();
            // The catalogue's names are the first's that has them.
            aliases.extend(
                plan.other_names.iter().map(|name| name.to_lowercase()).filter(|name| taken.insert(name.clone())),
            );
            Arc::new(Served::new(plan, aliases, config.max_queue, metrics.clone(), created))
        };
        Ok(Self { all: plans.into_iter().map(serve).collect(), any_name: config.any_model_name })
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Arc<Served>] {
        &self.all
    }

    /// The model of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Served>> {
        let name = name.to_lowercase();
        self.all.iter().find(|model| model.is_called(&name))
    }

    /// Of how many parts, with slashes between them, the longest name is.
    pub(crate) fn most_parts(&self) -> usize {
        let names = self
            .all
            .iter()
            .flat_map(|model| std::iter::once(model.name()).chain(model.aliases().iter().map(String::as_str)));
        names.map(|name| name.matches('/').count() + 1).max().unwrap_or(0)
    }

    /// The model that a request means: the one that it names, else the first that can do what is asked, for such
    /// content where it matters.
    pub(crate) fn find(&self, name: Option<&str>, task: Task, kind: Option<ContentKind>) -> ApiResult<&Arc<Served>> {
        let can = |model: &Served| {
            task.suits(model.family()) && kind.is_none_or(|kind| takes(model.family(), kind) || task == Task::Rank)
        };
        /// What infinity's client sends where its caller names none.
        const UNNAMED: &str = "default/not-specified";
        let name = name.filter(|name| !name.is_empty() && *name != UNNAMED);
        match name.map(|name| (name, self.named(name))) {
            Some((_, Some(model))) if can(model) => Ok(model),
            Some((_, Some(model))) => {
                Err(ApiError::new(Case::WrongFamily, wrong_family(model, task, kind)).at("model"))
            }
            Some((name, None)) if !self.any_name => Err(self.unknown(name)),
            _ => self.default(task, can),
        }
    }

    /// The first model that can do a task: for reranking a reranker, where there is one.
    fn default(&self, task: Task, can: impl Fn(&Served) -> bool) -> ApiResult<&Arc<Served>> {
        let able = || self.all.iter().filter(|model| can(model));
        let reranker = able().find(|model| task == Task::Rank && takes(model.family(), ContentKind::Pair));
        reranker.or_else(|| able().next()).ok_or_else(|| {
            let message = format!("no model here gives {}; there are {}", task.noun(), self.names());
            ApiError::new(Case::WrongFamily, message)
        })
    }

    /// The error that no model is called so.
    pub(crate) fn unknown(&self, name: &str) -> ApiError {
        let shown: String = name.chars().take(80).collect();
        ApiError::new(Case::UnknownModel, format!("no model is called {shown:?}; there are {}", self.names()))
            .at("model")
    }

    /// The names of all, for errors.
    fn names(&self) -> String {
        let names: Vec<&str> = self
            .all
            .iter()
            .flat_map(|model| {
                std::iter::once(model.name()).chain(
                    model
                        .aliases()
                        .iter()
                        .map(String::as_str)
                        .filter(|alias| !alias.eq_ignore_ascii_case(model.name())),
                )
            })
            .collect();
        names.join(", ")
    }

    /// Drops models that were idle long enough, off the async threads: their sessions take their time to close. Where the
    /// system gives no thread for it, a later call does.
    pub(crate) async fn drop_idle(self: &Arc<Self>) {
        if !self.all.iter().any(|model| model.is_unloaded_when_idle()) {
            return;
        }
        let (models, (done, is_done)) = (self.clone(), tokio::sync::oneshot::channel());
        let unload = move || {
            models.all.iter().for_each(|model| model.unload_if_idle());
            let _ = done.send(());
        };
        if let Err(error) = std::thread::Builder::new().name("unload".to_owned()).spawn(unload) {
            tracing::warn!(%error, "no thread can be started to drop idle models");
        } else if is_done.await.is_err() {
            tracing::error!("an idle model panicked as it was dropped");
        }
    }

    /// The time that the longest run under way has taken.
    pub(crate) fn longest_run(&self) -> Duration {
        self.longest(ModelQueue::longest_run)
    }

    /// How long what waits for the most wanted model will take, about.
    pub(crate) fn longest_wait(&self) -> Duration {
        self.longest(ModelQueue::wait)
    }

    fn longest(&self, of: fn(&ModelQueue) -> Duration) -> Duration {
        let loaded = self.all.iter().filter_map(|model| model.if_loaded());
        loaded.map(|loaded| of(&loaded.queue)).max().unwrap_or_default()
    }
}

/// Gives models of images the server's bounds where they have none of their own; what is said of images is for such models.
fn bound_images(plans: &mut [Plan], config: &Config) -> Result<(), Error> {
    let said = [
        ("max-pixels", config.max_pixels.is_some()),
        ("decode-memory", config.decode_memory.is_some()),
        ("image-host", !config.image_hosts.is_empty()),
    ];
    let Some((name, _)) = said.iter().find(|(_, is_said)| *is_said) else { return Ok(()) };
    let mut of_images = plans.iter_mut().filter(|plan| takes(plan.family, ContentKind::Image)).peekable();
    if of_images.peek().is_none() {
        return Err(Error::usage(format!("{name} is for models of images, and none of these is one")));
    }
    for plan in of_images {
        plan.config.max_pixels = plan.config.max_pixels.or(config.max_pixels);
        plan.config.decode_memory = plan.config.decode_memory.or(config.decode_memory);
    }
    Ok(())
}

fn is_called(plan: &Plan, name: &str) -> bool {
    std::iter::once(&plan.name).chain(&plan.other_names).any(|it| it.eq_ignore_ascii_case(name))
}

fn wrong_family(model: &Served, task: Task, kind: Option<ContentKind>) -> String {
    let name = model.name();
    match kind.filter(|_| task.suits(model.family())) {
        Some(kind) => format!("the model {name} does not take {kind}"),
        None => {
            let routes = task::routes_of(model.family());
            format!("the model {name} does not give {}; it serves {routes}", task.noun())
        }
    }
}

/// The version of ONNX Runtime that this process has loaded; nothing before a model needed it.
fn runtime_version() -> String {
    embedkit_core::session::Runtime::loaded()
        .and_then(embedkit_core::session::Runtime::version)
        .unwrap_or_default()
        .to_owned()
}
