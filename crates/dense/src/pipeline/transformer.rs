//! `transformer`: any graph that takes token ids.

use std::collections::BTreeMap;

use embedkit_core::session::{BadOutput, SessionPool, Tensor};
use embedkit_core::tokenizer::{Encoding, TokenizerOptions};
use embedkit_core::{
    AnyPipeline, Architecture, Error, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared, Purpose, Result,
    Role, TextModel, TextRow, Usage,
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

    fn options(&self) -> &'static [ModelOption] {
        &[
            ModelOption::MaxLength,
            ModelOption::Dim,
            ModelOption::Pooling,
            ModelOption::Normalize,
            ModelOption::Output,
            ModelOption::MemoryMap,
        ]
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        Parameters::of(model).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let model = TextModel::load(context, TokenizerOptions::default())?;
        let row = model.model();
        Ok(AnyPipeline::new(TransformerPipeline {
            parameters: Parameters::of(row)?,
            pooler: Pooler { pooling: row.pooling, normalize: row.normalize },
            dim: context.dim.filter(|dim| Some(*dim) != row.dim),
            model,
        }))
    }
}

struct TransformerPipeline {
    model: TextModel,
    parameters: Parameters,
    pooler: Pooler,
    /// The width to cut to, when it is not the model's own.
    dim: Option<usize>,
}

impl TransformerPipeline {
    /// The input with the number of the purpose's task, for graphs that take one.
    fn task(&self, purpose: &Purpose) -> Result<Option<(&str, Tensor<'static>)>> {
        let Some(input) = &self.parameters.task_input else { return Ok(None) };
        let role = match purpose.role {
            Role::Plain => "plain",
            Role::Query => "query",
            Role::Passage => "passage",
        };
        let tasks = &self.model.model().tasks;
        match purpose.task.as_ref().or_else(|| self.parameters.default_tasks.get(role)) {
            // A task that has a prompt alone changes no input of the graph.
            Some(task) => Ok(tasks.get(task).map(|number| (input.as_str(), Tensor::integers([], vec![*number])))),
            None => {
                let known: Vec<&str> = tasks.keys().map(String::as_str).collect();
                let message = format!(
                    "model {} needs one for inputs of the role {role:?}: {}",
                    self.model.model().id,
                    known.join(", ")
                );
                Err(Error::option("task", message))
            }
        }
    }

    /// The vector of one text.
    fn vector(&self, row: &TextRow<'_>) -> Result<Vec<f32>> {
        if let (Some(expected), Some(found)) = (self.model.model().dim, row.shape.last().copied())
            && expected != found
        {
            return Err(row.wrong(BadOutput::Width { found, expected }));
        }
        let mut vector = self
            .pooler
            .pool(row.shape, row.values, row.mask, row.precision)
            .ok_or_else(|| row.misshapen(self.pooler.expected(row.length())))?;
        row.check_finite(&vector)?;
        if let Some(dim) = self.dim {
            embedkit_vector::cut(&mut vector, dim);
        }
        Ok(vector)
    }
}

impl Pipeline for TransformerPipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = Vec<f32>;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, Vec<f32>>> {
        self.task(purpose)?;
        self.model.prepare(text, purpose)
    }

    fn run(&self, texts: &[&Encoding], purpose: &Purpose) -> Result<Vec<Result<Vec<f32>>>> {
        self.model.run(texts, self.task(purpose)?.as_slice(), |row| self.vector(row))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.model.usage(text, purpose)
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.model.sessions())
    }
}
