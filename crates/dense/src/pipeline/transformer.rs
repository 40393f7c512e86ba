//! `transformer`: any graph that takes token ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use embedkit_core::session::{Outputs, SessionPool, Tensor, TextGraph};
use embedkit_core::tokenizer::{Encoding, TokenBatch, TokenizerOptions};
use embedkit_core::{
    AnyPipeline, Architecture, Error, LoadContext, ModelDescription, Pipeline, Prepared, Purpose, Result, Role, Stage,
    Usage,
};
use serde::Deserialize;

use super::pooling::Pooler;
use crate::FAMILY;

/// The `transformer` architecture: a graph from token ids to token vectors, or to one vector a text.
///
/// Which output, which pooling, normalisation, padding, prompts and tasks it has stands in the row.
pub struct Transformer;

/// The row's `parameters`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Parameters {
    /// The graph's input for the task's number; absent: the graph takes none.
    task_input: Option<String>,
    /// The task of each role (`plain`, `query`, `passage`) when the caller names none.
    default_tasks: BTreeMap<String, String>,
}

impl Parameters {
    fn of(model: &ModelDescription) -> Result<Self> {
        let parameters: Self = model.parameters()?;
        if let Some(task) = parameters.default_tasks.values().find(|task| !model.tasks.contains_key(*task)) {
            return Err(Error::manifest(&model.id, format!("`default-tasks` names {task:?}, which `tasks` lacks")));
        }
        if parameters.task_input.is_some() && model.tasks.is_empty() {
            return Err(Error::manifest(&model.id, "`task-input` needs `tasks`"));
        }
        Ok(parameters)
    }
}

impl Architecture for Transformer {
    fn name(&self) -> &'static str {
        "transformer"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        if model.model_file.is_empty() {
            return Err(Error::manifest(&model.id, "`model-file` must name the graph"));
        }
        Parameters::of(model).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let model = context.model.clone();
        let graph = TextGraph::load(context, TokenizerOptions::default())?;
        let transformer = TransformerPipeline {
            parameters: Parameters::of(&model)?,
            pooler: Pooler { pooling: model.pooling, normalize: model.normalize },
            dim: context.dim.filter(|dim| Some(*dim) != model.dim),
            graph,
            model,
        };
        if transformer.graph.pool().is_open() {
            transformer.output()?;
        }
        Ok(AnyPipeline::new(transformer))
    }
}

struct TransformerPipeline {
    model: Arc<ModelDescription>,
    graph: TextGraph,
    parameters: Parameters,
    pooler: Pooler,
    /// The width to cut to, when it is not the model's own.
    dim: Option<usize>,
}

impl TransformerPipeline {
    fn output(&self) -> Result<usize> {
        self.graph.pool().output_index(self.model.output.as_ref())
    }

    fn encode(&self, text: &str, purpose: &Purpose) -> Result<Encoding> {
        let tokenizer = self.graph.tokenizer();
        match purpose.prompt(&self.model) {
            None => tokenizer.encode(text),
            Some(prompt) => tokenizer.encode(&format!("{prompt}{text}")),
        }
    }

    /// The number of the purpose's task, for graphs that take one.
    fn task(&self, purpose: &Purpose) -> Result<Option<i64>> {
        let role = match purpose.role {
            Role::Plain => "plain",
            Role::Query => "query",
            Role::Passage => "passage",
        };
        let Some(task) = purpose.task.as_ref().or_else(|| self.parameters.default_tasks.get(role)) else {
            return match self.parameters.task_input {
                None => Ok(None),
                Some(_) => Err(self.unknown_task("none")),
            };
        };
        match self.model.tasks.get(task) {
            Some(number) => Ok(Some(*number)),
            None if self.model.prompts.contains_key(task) => Ok(None),
            None => Err(self.unknown_task(task)),
        }
    }

    fn unknown_task(&self, task: &str) -> Error {
        let known: Vec<&str> = self.model.tasks.keys().chain(self.model.prompts.keys()).map(String::as_str).collect();
        let message = match known.as_slice() {
            [] => format!("model {} has no tasks, and {task:?} was asked for", self.model.id),
            known => format!("model {} has the tasks {}, and {task:?} was asked for", self.model.id, known.join(", ")),
        };
        Error::option("task", message)
    }

    fn pool(&self, index: usize, batch: &TokenBatch, outputs: &Outputs<'_>) -> Result<Vec<Result<Vec<f32>>>> {
        let output = outputs.get(index, batch.rows)?;
        if let (Some(dim), Some(width)) = (self.model.dim, output.shape.last())
            && dim != *width
        {
            return Err(outputs.wrong(index, &format!("gives vectors of {width} values, and the row says {dim}")));
        }
        let row = |row| {
            let pooled = self.pooler.pool(&output, row, batch.row_mask(row));
            let mut vector = pooled.map_err(|what| outputs.wrong(index, &what))?;
            if !vector.iter().all(|value| value.is_finite()) {
                return Err(outputs.wrong(index, "holds values that are not finite numbers"));
            }
            if let Some(dim) = self.dim {
                embedkit_vector::cut(&mut vector, dim);
            }
            Ok(vector)
        };
        Ok((0..batch.rows).map(row).collect())
    }
}

impl Pipeline for TransformerPipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = Vec<f32>;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, Vec<f32>>> {
        self.task(purpose)?;
        let item = self.encode(text, purpose)?;
        let (usage, length) = (item.usage(), item.ids.len());
        Ok(Prepared { stage: Stage::Run { item, length, bytes: length * size_of::<u64>() }, usage })
    }

    fn run(&self, batch: &[&Encoding], purpose: &Purpose) -> Result<Vec<Result<Vec<f32>>>> {
        let task = self.task(purpose)?;
        let output = self.output()?;
        let more: Vec<(&str, Tensor<'_>)> = match (&self.parameters.task_input, task) {
            (Some(input), Some(task)) => vec![(input, Tensor::integers([], vec![task]))],
            _ => vec![],
        };
        self.graph.run(batch, &more, |batch, outputs| self.pool(output, batch, outputs))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(self.encode(text, purpose)?.usage())
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.graph.pool())
    }
}
