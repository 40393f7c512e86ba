//! `Dense`: a linear layer and an activation.

use super::config::{Config, vector_to_vector};
use super::tensors::read_tensor;
use crate::model::join;
use crate::{Error, ModelFiles, Result};

/// A `Dense` module's configuration.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    folder: String,
    pub(super) input: usize,
    pub(super) output: usize,
    has_bias: bool,
    function: Function,
    has_shortcut: bool,
}

/// A `Dense` module: `f(W x + b)`, and `x`, or a projection of it, added where the module says so.
#[derive(Debug)]
pub(super) struct Dense {
    /// `[out, in]`
    weight: Vec<f32>,
    bias: Option<Vec<f32>>,
    function: Function,
    shortcut: Shortcut,
    pub(super) input: usize,
}

#[derive(Debug)]
enum Shortcut {
    None,
    Identity,
    /// `[out, in]`
    Linear(Vec<f32>),
}

/// An activation of PyTorch's, with its default arguments.
type Function = fn(f32) -> f32;

/// Those that are applied to each value alone.
const FUNCTIONS: [(&str, Function); 14] = [
    ("Identity", |x| x),
    ("Tanh", f32::tanh),
    ("ReLU", |x| x.max(0.0)),
    ("ReLU6", |x| x.clamp(0.0, 6.0)),
    ("LeakyReLU", |x| if x > 0.0 { x } else { 0.01 * x }),
    ("ELU", |x| if x > 0.0 { x } else { x.exp_m1() }),
    ("SELU", |x| 1.050_701 * if x > 0.0 { x } else { 1.673_263_2 * x.exp_m1() }),
    ("GELU", |x| 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))),
    ("SiLU", |x| x * sigmoid(x)),
    ("Sigmoid", sigmoid),
    ("LogSigmoid", |x| -softplus(-x)),
    ("Softplus", softplus),
    ("Softsign", |x| x / (1.0 + x.abs())),
    ("Mish", |x| x * softplus(x).tanh()),
];

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// `ln(1 + e^x)`, in a form that does not overflow.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

impl Linear {
    pub(super) fn read(files: &ModelFiles, folder: &str) -> Result<Self> {
        let mut config = Config::read(files, join(folder, "config.json"))?;
        let name: Option<String> = config.take("activation_function")?;
        let function = match name.as_deref() {
            // sentence-transformers' default.
            None => f32::tanh,
            Some(name) => {
                let class = name.strip_prefix("torch.").and_then(|path| path.rsplit('.').next());
                let known = FUNCTIONS.iter().find(|(function, _)| Some(*function) == class);
                known.map(|(_, function)| *function).ok_or_else(|| {
                    let names = FUNCTIONS.map(|(function, _)| function).join(", ");
                    config.wrong("activation_function", format!("is {name:?}; those of torch that are known: {names}"))
                })?
            }
        };
        let linear = Self {
            folder: folder.to_owned(),
            input: config.require("in_features")?,
            output: config.require("out_features")?,
            has_bias: config.take("bias")?.unwrap_or(true),
            has_shortcut: config.take("use_residual")?.unwrap_or(false),
            function,
        };
        vector_to_vector(config)?;
        Ok(linear)
    }

    pub(super) fn load(&self, files: &ModelFiles) -> Result<Dense> {
        let (input, output) = (self.input, self.output);
        if input == 0 || output == 0 {
            let path = files.label(&join(&self.folder, "config.json"));
            return Err(Error::file(path, "`in_features` and `out_features` must be positive"));
        }
        let tensor = |name, shape: &[usize]| read_tensor(files, &self.folder, name, Some(shape));
        Ok(Dense {
            weight: tensor("linear.weight", &[output, input])?,
            bias: self.has_bias.then(|| tensor("linear.bias", &[output])).transpose()?,
            shortcut: match self.has_shortcut {
                false => Shortcut::None,
                true if input == output => Shortcut::Identity,
                true => Shortcut::Linear(tensor("residual.weight", &[output, input])?),
            },
            function: self.function,
            input,
        })
    }
}

impl Dense {
    /// `[in]` to `[out]`.
    pub(super) fn apply(&self, vector: &[f32]) -> Vec<f32> {
        let product = |weight: &[f32]| -> Vec<f32> {
            weight.chunks_exact(self.input).map(|row| embedkit_vector::dot(row, vector)).collect()
        };
        let mut result = product(&self.weight);
        if let Some(bias) = &self.bias {
            result.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        }
        result.iter_mut().for_each(|value| *value = (self.function)(*value));
        let add = |result: &mut Vec<f32>, more: &[f32]| result.iter_mut().zip(more).for_each(|(value, x)| *value += x);
        match &self.shortcut {
            Shortcut::None => {}
            Shortcut::Identity => add(&mut result, vector),
            Shortcut::Linear(weight) => add(&mut result, &product(weight)),
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PyTorch 2.13's values at -8, -0.5, 0.5 and 8.
    #[test]
    fn activations_are_torchs() {
        let expected: [(&str, [f64; 4]); 14] = [
            ("Identity", [-8.0, -0.5, 0.5, 8.0]),
            ("Tanh", [-0.99999977, -0.46211716, 0.46211716, 0.99999977]),
            ("ReLU", [0.0, 0.0, 0.5, 8.0]),
            ("ReLU6", [0.0, 0.0, 0.5, 6.0]),
            ("LeakyReLU", [-0.08, -0.005, 0.5, 8.0]),
            ("ELU", [-0.99966454, -0.39346934, 0.5, 8.0]),
            ("SELU", [-1.7575096, -0.69175819, 0.52535049, 8.4056079]),
            ("GELU", [-4.8849813e-15, -0.15426877, 0.34573123, 8.0]),
            ("SiLU", [-0.002682801, -0.18877033, 0.31122967, 7.9973172]),
            ("Sigmoid", [0.00033535013, 0.37754067, 0.62245933, 0.99966465]),
            ("LogSigmoid", [-8.0003354, -0.97407698, -0.47407698, -0.00033540637]),
            ("Softplus", [0.00033540637, 0.47407698, 0.97407698, 8.0003354]),
            ("Softsign", [-0.88888889, -0.33333333, 0.33333333, 0.88888889]),
            ("Mish", [-0.0026832509, -0.22074377, 0.37524521, 7.9999982]),
        ];
        for (name, values) in expected {
            let (_, function) = FUNCTIONS.iter().find(|(known, _)| *known == name).unwrap();
            for (x, expected) in [-8.0, -0.5, 0.5, 8.0].into_iter().zip(values) {
                let value = f64::from(function(x));
                assert!((value - expected).abs() <= 2e-6 * expected.abs().max(0.5), "{name}({x}): {value}, {expected}");
            }
        }
    }
}
