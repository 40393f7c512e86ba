//! What an input is embedded for, and what it used.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::{Error, ModelDescription, Result};

/// What embeddings are for: the same text may be embedded differently as a query and as a passage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purpose {
    /// The role of the inputs. Default: [`Role::Plain`].
    pub role: Role,
    /// The task, for models that are conditioned on one. Default: the row's for the role, or none.
    pub task: Option<String>,
    /// Leaves out what the row puts before an input of this role or task. Default: no.
    pub without_prompt: bool,
}

/// The role of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// Neither: the input as it is, but where the row has a prompt called `plain`.
    #[default]
    Plain,
    /// What is searched for.
    Query,
    /// What is searched in.
    Passage,
}

impl Role {
    /// The role's key among a row's prompts and wherever else rows name it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Query => "query",
            Self::Passage => "passage",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = Error;

    /// By the role's name: `plain`, `query` or `passage`.
    fn from_str(name: &str) -> Result<Self> {
        let role = [Self::Plain, Self::Query, Self::Passage].into_iter().find(|role| role.key() == name);
        role.ok_or_else(|| Error::option("role", format!("no role is called {name:?}: it is plain, query or passage")))
    }
}

impl From<Role> for Purpose {
    fn from(role: Role) -> Self {
        Self { role, ..Self::default() }
    }
}

impl Purpose {
    /// A purpose of this role.
    pub fn new(role: Role) -> Self {
        role.into()
    }

    /// Names a task of the model's. Default: the row's for the role, or none.
    #[must_use]
    pub fn with_task(mut self, task: impl Into<String>) -> Self {
        self.task = Some(task.into());
        self
    }

    /// Leaves out what the row puts before an input of this role or task. Default: it is put there.
    #[must_use]
    pub fn without_prompt(mut self) -> Self {
        self.without_prompt = true;
        self
    }

    /// The text with what the row puts before it.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a task that the row does not have.
    pub fn prompted<'t>(&self, model: &ModelDescription, text: &'t str) -> Result<Cow<'t, str>> {
        self.check_task(model)?;
        Ok(match self.prompt(model) {
            None => text.into(),
            Some(prompt) => format!("{prompt}{text}").into(),
        })
    }

    /// Checks that token ids can be taken for this purpose: they have no place for what the row puts before a text.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a task that the row does not have, [`Error::InvalidInput`] where there is a prompt.
    pub fn check_ids(&self, model: &ModelDescription) -> Result<()> {
        self.check_task(model)?;
        match self.prompt(model) {
            None => Ok(()),
            Some(_) => Err(Error::input(format!(
                "{} puts a prompt before texts of this purpose, for which token ids have no place: give it the text",
                model.id
            ))),
        }
    }

    /// Checks that the row has the task, as one that it is conditioned on or has a prompt for.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the tasks there are.
    pub fn check_task(&self, model: &ModelDescription) -> Result<()> {
        let is_known = |task: &String| model.tasks.contains_key(task) || model.prompts.contains_key(task);
        match self.task.as_ref().filter(|task| !is_known(task)) {
            None => Ok(()),
            Some(task) => Err(unknown_task(model, task)),
        }
    }

    /// What the row puts before an input of this purpose: the task's prompt, else the role's.
    pub fn prompt<'m>(&self, model: &'m ModelDescription) -> Option<&'m str> {
        if self.without_prompt {
            return None;
        }
        let of_task = self.task.as_ref().and_then(|task| model.prompts.get(task));
        let of_role = || model.prompts.get(self.role.key());
        of_task.or_else(of_role).map(String::as_str).filter(|prompt| !prompt.is_empty())
    }
}

/// The error that a row lacks a task.
pub(crate) fn unknown_task(model: &ModelDescription, task: &str) -> Error {
    let known: BTreeSet<&str> = model.tasks.keys().chain(model.prompts.keys()).map(String::as_str).collect();
    let message = match Vec::from_iter(known).as_slice() {
        [] => format!("model {} has no tasks, and {task:?} was asked for", model.id),
        known => format!("model {} has the tasks {}, and {task:?} was asked for", model.id, known.join(", ")),
    };
    Error::option("task", message)
}

/// What an input used of the model's window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens the model sees: after truncation, special tokens included, padding not.
    pub tokens: usize,
    /// Whether the input was longer than the model's window, and cut.
    pub truncated: bool,
}

#[cfg(feature = "tokenizer")]
impl From<&crate::tokenizer::Encoding> for Usage {
    fn from(row: &crate::tokenizer::Encoding) -> Self {
        Self { tokens: row.ids.len(), truncated: row.truncated }
    }
}
