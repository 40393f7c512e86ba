//! What is done to a text's vector after pooling.

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::dense::{Dense, DenseConfig};
use super::tensors::Tensors;
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

/// Loaded steps, each of which takes what the one before it gives.
#[derive(Debug, Default)]
pub struct Steps {
    steps: Vec<Loaded>,
    input: Option<usize>,
    output: Option<usize>,
}

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
    /// Missing and wrong files; a step that takes vectors of another width than the one before it gives.
    pub fn load(files: &ModelFiles, steps: &[Step]) -> Result<Self> {
        Self::load_with(files, steps, DenseConfig::read)
    }

    /// Loads the `Dense` modules of a late-interaction model, as [`DenseConfig::read_for_tokens`] reads them.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_for_tokens(files: &ModelFiles, folders: &[String]) -> Result<Self> {
        let steps: Vec<Step> = folders.iter().cloned().map(Step::Dense).collect();
        Self::load_with(files, &steps, DenseConfig::read_for_tokens)
    }

    fn load_with(files: &ModelFiles, steps: &[Step], read: ReadDense) -> Result<Self> {
        let mut chain = Self::default();
        for step in steps {
            let loaded = Loaded::load(files, step, read)?;
            if let Step::Dense(folder) | Step::LayerNorm(folder) = step
                && let (Some(given), Some(taken)) = (chain.output, loaded.input())
                && given != taken
            {
                let message = format!("takes vectors of {taken} values, and the module before it gives {given}");
                return Err(Error::file(files.label(&join(folder, "config.json")), message));
            }
            chain.input = chain.input.or(loaded.input());
            chain.output = loaded.output().or(chain.output);
            chain.steps.push(loaded);
        }
        Ok(chain)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Width of what they take; none where any will do.
    pub fn input(&self) -> Option<usize> {
        self.input
    }

    /// Width of what they give; none where that is what they take, whatever it is.
    pub fn output(&self) -> Option<usize> {
        self.output
    }

    /// Does all the steps to vectors of one width, one after the other. Where there are none, the vectors are checked all
    /// the same.
    ///
    /// # Errors
    /// [`NotFinite`](embedkit_vector::Error::NotFinite) for a value that goes in or comes out;
    /// [`Width`](embedkit_vector::Error::Width) and [`PartialRow`](embedkit_vector::Error::PartialRow) for vectors that the
    /// first step does not take.
    pub fn apply(&self, mut vectors: Vec<f32>, mut width: usize) -> embedkit_vector::Result<Vec<f32>> {
        use embedkit_vector::Error;

        embedkit_vector::check_finite(&vectors)?;
        if let Some(expected) = self.input.filter(|expected| *expected != width) {
            return Err(Error::Width { what: "the vector", found: width, other: "the first module's input", expected });
        }
        if !vectors.len().is_multiple_of(width.max(1)) {
            return Err(Error::PartialRow { values: vectors.len(), per_row: width });
        }
        for step in &self.steps {
            match step {
                Loaded::Normalize => vectors.chunks_exact_mut(width.max(1)).for_each(embedkit_vector::normalize),
                Loaded::Dense(dense) => {
                    let partial = Error::PartialRow { values: vectors.len(), per_row: width };
                    (vectors, width) = (dense.apply(&vectors).ok_or(partial)?, dense.output());
                }
                Loaded::LayerNorm { weight, bias } => {
                    vectors.chunks_exact_mut(width).for_each(|vector| layer_norm(vector, weight, bias));
                }
            }
        }
        if !self.is_empty() {
            embedkit_vector::check_finite(&vectors)?;
        }
        Ok(vectors)
    }
}

/// How a `Dense` module's configuration is read.
type ReadDense = fn(&ModelFiles, &str) -> Result<DenseConfig>;

impl Loaded {
    fn load(files: &ModelFiles, step: &Step, read_dense: ReadDense) -> Result<Self> {
        Ok(match step {
            Step::Normalize => Self::Normalize,
            Step::Dense(folder) => Self::Dense(read_dense(files, folder)?.load(files)?),
            Step::LayerNorm(folder) => {
                let (width, tensors) = (layer_norm_width(files, folder)?, Tensors::read(files, folder)?);
                let tensor = |name| tensors.floats(name, Some(&[width]));
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

    /// Width of what it gives; none where that is what it takes, whatever it is.
    fn output(&self) -> Option<usize> {
        match self {
            Self::Dense(dense) => Some(dense.output()),
            Self::Normalize | Self::LayerNorm { .. } => self.input(),
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

#[cfg(test)]
mod tests {
    use safetensors::tensor::{Dtype, TensorView, serialize};

    use super::*;

    /// A `Dense` module of one weight's value, `[out, in]`.
    fn dense(folder: &str, [output, input]: [usize; 2], weight: f32, function: &str) -> [(String, Vec<u8>); 2] {
        let config = format!(
            r#"{{"in_features": {input}, "out_features": {output}, "bias": false,
                "activation_function": "torch.nn.modules.activation.{function}"}}"#
        );
        let weight: Vec<u8> = [weight].repeat(output * input).iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = TensorView::new(Dtype::F32, vec![output, input], &weight).unwrap();
        let weights = serialize([("linear.weight", tensor)], None).unwrap();
        [(join(folder, "config.json"), config.into_bytes()), (join(folder, "model.safetensors"), weights)]
    }

    fn steps(modules: &[(&str, [usize; 2], f32, &str)]) -> Result<Steps> {
        let files =
            modules.iter().flat_map(|(folder, shape, weight, function)| dense(folder, *shape, *weight, function));
        let steps: Vec<Step> = modules.iter().map(|(folder, ..)| Step::Dense((*folder).to_owned())).collect();
        Steps::load(&ModelFiles::memory(files), &steps)
    }

    #[test]
    fn modules_fit_one_another_or_are_refused_by_name() {
        let fitting = steps(&[("a", [3, 2], 1.0, "Identity"), ("b", [1, 3], 1.0, "Identity")]).unwrap();
        assert_eq!((fitting.input(), fitting.output(), fitting.is_empty()), (Some(2), Some(1), false));
        assert_eq!(fitting.apply(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap(), [9.0, 21.0]);
        let error = steps(&[("a", [3, 2], 1.0, "Tanh"), ("b", [1, 4], 1.0, "Tanh")]).unwrap_err().to_string();
        assert!(error.contains("b/config.json") && error.contains("takes vectors of 4 values"), "{error}");
        assert!(error.contains("before it gives 3"), "{error}");
    }

    #[test]
    fn what_is_no_finite_number_is_refused_on_either_side() {
        use embedkit_vector::Error;
        for function in ["Identity", "ReLU"] {
            let steps = steps(&[("a", [1, 2], f32::MAX, function)]).unwrap();
            assert_eq!(steps.apply(vec![0.5, 0.0], 2).unwrap(), [f32::MAX / 2.0]);
            for vector in [[f32::NAN, 0.0], [f32::NEG_INFINITY, 0.0], [2.0, 2.0]] {
                let error = steps.apply(vector.to_vec(), 2).unwrap_err();
                assert!(matches!(error, Error::NotFinite { .. }), "{function} {vector:?}: {error}");
            }
            let widths = [(vec![0.0], 1), (vec![0.0; 3], 3), (vec![0.0; 3], 2)]
                .map(|(vectors, width)| steps.apply(vectors, width).unwrap_err().to_string());
            assert!(widths[0].contains("1 dimensions") && widths[1].contains("3 dimensions"), "{widths:?}");
            assert!(widths[2].contains("not whole rows of 2"), "{widths:?}");
        }
        let none = Steps::default();
        assert_eq!(none.apply(vec![1.0], 1).unwrap(), [1.0]);
        assert!(none.apply(vec![f32::NAN], 1).is_err());
    }
}
