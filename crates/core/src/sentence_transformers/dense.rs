//! `Dense`: a linear layer and an activation.

use ndarray::{Array1, Array2, ArrayView2};

use super::config::{Config, Level};
use super::tensors::Tensors;
use crate::model::join;
use crate::{Error, ModelFiles, Result};

/// A `Dense` module's configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DenseConfig {
    folder: String,
    /// Width of the vectors that go in.
    pub input: usize,
    /// Width of the vectors that come out.
    pub output: usize,
    pub(super) level: Level,
    has_bias: bool,
    function: Function,
    has_shortcut: bool,
}

/// A `Dense` module: `f(W x + b)`, and `x`, or a projection of it, added where the module says so.
#[derive(Debug)]
pub(super) struct Dense {
    /// `[out, in]`
    weight: Array2<f32>,
    bias: Option<Array1<f32>>,
    function: Function,
    shortcut: Shortcut,
}

#[derive(Debug)]
enum Shortcut {
    None,
    Identity,
    /// `[out, in]`
    Linear(Array2<f32>),
}

/// An activation of PyTorch's, with its default arguments.
type Function = fn(f32) -> f32;

/// Those that are applied to each value alone. A NaN stays one, for the check of the result.
const FUNCTIONS: [(&str, Function); 14] = [
    ("Identity", |x| x),
    ("Tanh", f32::tanh),
    ("ReLU", |x| if x < 0.0 { 0.0 } else { x }),
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

impl DenseConfig {
    /// Reads the module in a folder, as sentence-transformers writes it: without an activation it has the hyperbolic
    /// tangent.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] for a key that is missing or not obeyed, by its name.
    pub fn read(files: &ModelFiles, folder: &str) -> Result<Self> {
        Self::take(Config::read(files, join(folder, "config.json"))?, folder, f32::tanh)
    }

    /// Reads the module of a late-interaction model. PyLate's do not say which vectors they work on, which is those of
    /// tokens, and without an activation they have none.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_for_tokens(files: &ModelFiles, folder: &str) -> Result<Self> {
        let config = Config::read(files, join(folder, "config.json"))?;
        if config.has("module_input_name") {
            return Self::take(config, folder, f32::tanh);
        }
        Ok(Self { level: Level::Tokens, ..Self::take(config, folder, |x| x)? })
    }

    fn take(mut config: Config<'_>, folder: &str, default: Function) -> Result<Self> {
        let name: Option<String> = config.take("activation_function")?;
        let function = match name.as_deref() {
            None => default,
            Some(name) => {
                let class = name.strip_prefix("torch.").and_then(|path| path.rsplit('.').next());
                let known = FUNCTIONS.iter().find(|(function, _)| Some(*function) == class);
                known.map(|(_, function)| *function).ok_or_else(|| {
                    let names = FUNCTIONS.map(|(function, _)| function).join(", ");
                    config.wrong("activation_function", format!("is {name:?}; those of torch that are known: {names}"))
                })?
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            input: config.require("in_features")?,
            output: config.require("out_features")?,
            has_bias: config.take("bias")?.unwrap_or(true),
            has_shortcut: config.take("use_residual")?.unwrap_or(false),
            function,
            level: config.finish_at_level()?,
        })
    }

    /// Loads the module's weights.
    ///
    /// # Errors
    /// [`Error::MissingFile`] and [`Error::InvalidFile`], for weights that are absent or not what the configuration says.
    pub(super) fn load(&self, files: &ModelFiles) -> Result<Dense> {
        let (input, output) = (self.input, self.output);
        if input == 0 || output == 0 {
            let path = files.label(&join(&self.folder, "config.json"));
            return Err(Error::file(path, "`in_features` and `out_features` must be positive"));
        }
        let tensors = Tensors::read(files, &self.folder)?;
        let matrix = |name: &str| {
            let values = tensors.floats(name, Some(&[output, input]))?;
            Array2::from_shape_vec((output, input), values).map_err(|error| tensors.because(name, error))
        };
        let bias = || tensors.floats("linear.bias", Some(&[output])).map(Array1::from_vec);
        Ok(Dense {
            weight: matrix("linear.weight")?,
            bias: self.has_bias.then(bias).transpose()?,
            shortcut: if !self.has_shortcut {
                Shortcut::None
            } else if input == output {
                Shortcut::Identity
            } else {
                Shortcut::Linear(matrix("residual.weight")?)
            },
            function: self.function,
        })
    }
}

impl Dense {
    /// Width of the vectors that go in.
    pub(super) fn input(&self) -> usize {
        self.weight.ncols()
    }

    /// Width of the vectors that come out.
    pub(super) fn output(&self) -> usize {
        self.weight.nrows()
    }

    /// Vectors one after the other, `[n, in]`, to `[n, out]`; none where they are not of the width that goes in.
    pub(super) fn apply(&self, vectors: &[f32]) -> Option<Vec<f32>> {
        let rows = vectors.len() / self.input();
        let vectors = ArrayView2::from_shape((rows, self.input()), vectors).ok()?;
        let mut result = vectors.dot(&self.weight.t());
        if let Some(bias) = &self.bias {
            result += bias;
        }
        result.mapv_inplace(self.function);
        match &self.shortcut {
            Shortcut::None => {}
            Shortcut::Identity => result += &vectors,
            Shortcut::Linear(weight) => result += &vectors.dot(&weight.t()),
        }
        // In the order of rows, whatever order the product was kept in.
        Some(result.into_iter().collect())
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
            assert!(function(f32::NAN).is_nan(), "{name}");
        }
    }
}
