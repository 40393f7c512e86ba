//! `transformer`: any graph that takes token ids.

use std::collections::BTreeMap;

use embedkit_core::sentence_transformers::{Step, Steps};
use embedkit_core::session::{BadOutput, SessionPool, Tensor};
use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{
    AnyPipeline, Architecture, Error, LoadContext, ModelDescription, ModelOption, Pipeline, Pooling, Prepared, Purpose,
    Result, RowField, TextModel, TextRow, Usage, parameter_names,
};
use serde::Deserialize;

use super::pooling::{Pooler, Tokens};
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
    /// Whether texts are brought to lower case.
    lowercase: bool,
    /// Whether the tokens of what the row puts before a text do not count in pooling.
    exclude_prompt: bool,
    /// What is done to a vector after pooling, before it is normalised.
    steps: Vec<Step>,
}

impl Parameters {
    fn of(model: &ModelDescription) -> Result<Self> {
        let parameters: Self = model.parameters()?;
        if let Some(task) = parameters.default_tasks.values().find(|task| !model.tasks.contains_key(*task)) {
            return Err(Error::manifest(&model.id, format!("`default-tasks` names {task:?}, which `tasks` lacks")));
        }
        if parameters.task_input.is_some() == model.tasks.is_empty() {
            let message = "`task-input`, the graph's input for a task's number, and `tasks` need each other";
            return Err(Error::manifest(&model.id, message));
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

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts, RowField::Tasks, RowField::Padding]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        if let Pooling::Joined(several) = &model.pooling
            && (several.is_empty() || several.iter().any(|one| matches!(one, Pooling::None | Pooling::Joined(_))))
        {
            return Err(Error::manifest(&model.id, "`pooling` must join poolings, each of which gives one vector"));
        }
        Parameters::of(model).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let parameters = Parameters::of(&context.model)?;
        let mut options = TokenizerOptions::default();
        options.lowercase = parameters.lowercase;
        let model = TextModel::load(context, options)?;
        let row = model.model();
        Ok(AnyPipeline::new(TransformerPipeline {
            // What comes after pooling is done to the vector that pooling alone gives.
            pooler: Pooler { pooling: row.pooling.clone(), normalize: row.normalize && parameters.steps.is_empty() },
            steps: Steps::load(&context.files, &parameters.steps)?,
            parameters,
            dim: context.dim.filter(|dim| Some(*dim) != row.dim),
            model,
        }))
    }
}

struct TransformerPipeline {
    model: TextModel,
    parameters: Parameters,
    pooler: Pooler,
    steps: Steps,
    /// The width to cut to, when it is not the model's own.
    dim: Option<usize>,
}

impl TransformerPipeline {
    /// The input with the number of the purpose's task, for graphs that take one.
    fn task(&self, purpose: &Purpose) -> Result<Option<(&str, Tensor<'static>)>> {
        let Some(input) = &self.parameters.task_input else { return Ok(None) };
        let role = purpose.role.key();
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

    /// Tokens at the start of a text that do not count in pooling: those of the prompt, without the special one that
    /// ends a text.
    fn excluded(&self, purpose: &Purpose) -> Result<usize> {
        let prompt = purpose.prompt(self.model.model()).filter(|_| self.parameters.exclude_prompt);
        let Some(prompt) = prompt else { return Ok(0) };
        let tokenizer = self.model.tokenizer();
        let ids = tokenizer.encode(prompt)?.ids;
        let ends = ids.last().is_some_and(|last| tokenizer.is_special(*last));
        Ok(ids.len() - usize::from(ends))
    }

    /// The vector of one text.
    fn vector(&self, row: &TextRow<'_>, excluded: usize) -> Result<Vec<f32>> {
        let tokens =
            Tokens { shape: row.shape, values: row.values, mask: row.mask, excluded, precision: row.precision };
        let expected = || self.pooler.expected(row.length());
        let pooled = self.pooler.pool(tokens).ok_or_else(|| row.misshapen(expected()))?;
        let width = pooled.len();
        let mut vector = self.steps.apply(pooled, width).map_err(|error| row.wrong(error.into()))?;
        if self.model.model().normalize && !self.steps.is_empty() {
            embedkit_vector::normalize(&mut vector);
        }
        if let Some(expected) = self.model.model().dim.filter(|dim| *dim != vector.len()) {
            return Err(row.wrong(BadOutput::Width { found: vector.len(), expected }));
        }
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

    fn prepare_ids(&self, ids: &[u32], purpose: &Purpose) -> Result<Prepared<Encoding, Vec<f32>>> {
        self.task(purpose)?;
        self.model.prepare_ids(ids, purpose)
    }

    fn run(&self, texts: &[&Encoding], purpose: &Purpose) -> Result<Vec<Result<Vec<f32>>>> {
        let excluded = self.excluded(purpose)?;
        self.model.run(texts, self.task(purpose)?.as_slice(), |row| self.vector(row, excluded))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.model.usage(text, purpose)
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.model.sessions())
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(self.model.tokenizer())
    }
}
