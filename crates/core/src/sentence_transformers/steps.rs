//! What is done to a text's vector after pooling.

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::dense::{Dense, DenseConfig};
use super::tensors::read_tensor;
use crate::model::join;
use crate::{Error, ModelFiles, Result};

/// One thing that is done to a text's vector, as rows have it among their parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Step {
    /// Division by the Euclidean length.
    Normalize,
    /// The `Dense` module of this folder: a linear layer and an activation.
    Dense(String),
    /// The `LayerNorm` module of this folder.
    LayerNorm(String),
}

impl Step {
    /// Width of what it gives; none where it leaves that as it is.
    ///
    /// # Errors
    /// A configuration that is absent or wrong.
    pub fn width(&self, files: &ModelFiles) -> Result<Option<usize>> {
        match self {
            Self::Dense(folder) => Ok(Some(DenseConfig::read(files, folder)?.output)),
            Self::Normalize | Self::LayerNorm(_) => Ok(None),
        }
    }
}

/// Loaded steps.
#[derive(Debug, Default)]
pub struct Steps(Vec<Loaded>);

#[derive(Debug)]
enum Loaded {
    Normalize,
    Dense(Dense),
    LayerNorm { weight: Vec<f32>, bias: Vec<f32> },
}

impl Steps {
    /// Loads the steps' weights.
    ///
    /// # Errors
    /// Missing and wrong files.
    pub fn load(files: &ModelFiles, steps: &[Step]) -> Result<Self> {
        steps.iter().map(|step| Loaded::load(files, step)).collect::<Result<_>>().map(Self)
    }

    /// Does all the steps.
    ///
    /// # Errors
    /// The width that a step takes, where the vector has another.
    pub fn apply(&self, mut vector: Vec<f32>) -> Result<Vec<f32>, usize> {
        for step in &self.0 {
            if let Some(width) = step.input().filter(|width| *width != vector.len()) {
                return Err(width);
            }
            match step {
                Loaded::Normalize => embedkit_vector::normalize(&mut vector),
                Loaded::Dense(dense) => vector = dense.apply(&vector).ok_or_else(|| dense.input())?,
                Loaded::LayerNorm { weight, bias } => layer_norm(&mut vector, weight, bias),
            }
        }
        Ok(vector)
    }
}

impl Loaded {
    fn load(files: &ModelFiles, step: &Step) -> Result<Self> {
        Ok(match step {
            Step::Normalize => Self::Normalize,
            Step::Dense(folder) => Self::Dense(DenseConfig::read(files, folder)?.load(files)?),
            Step::LayerNorm(folder) => {
                let width = layer_norm_width(files, folder)?;
                let tensor = |name| read_tensor(files, folder, name, Some(&[width]));
                Self::LayerNorm { weight: tensor("norm.weight")?, bias: tensor("norm.bias")? }
            }
        })
    }

    /// Width of what it takes; none where any will do.
    fn input(&self) -> Option<usize> {
        match self {
            Self::Normalize => None,
            Self::Dense(dense) => Some(dense.input()),
            Self::LayerNorm { weight, .. } => Some(weight.len()),
        }
    }
}

/// Width of the vectors that a `LayerNorm` module takes.
pub(super) fn layer_norm_width(files: &ModelFiles, folder: &str) -> Result<usize> {
    let name = join(folder, "config.json");
    let mut config = Config::read(files, &name)?;
    let width: usize = config.require("dimension")?;
    config.finish()?;
    if width == 0 {
        return Err(Error::file(files.label(&name), "`dimension` must be positive"));
    }
    Ok(width)
}

/// `(x - mean) / sqrt(variance + 1e-5) * weight + bias`, with PyTorch's default for the constant.
fn layer_norm(vector: &mut [f32], weight: &[f32], bias: &[f32]) {
    const EPSILON: f64 = 1e-5;
    let count = vector.len().max(1) as f64;
    let mean = vector.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let variance = vector.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
    let scale = 1.0 / (variance + EPSILON).sqrt();
    for ((value, weight), bias) in vector.iter_mut().zip(weight).zip(bias) {
        *value = ((f64::from(*value) - mean) * scale) as f32 * weight + bias;
    }
}
