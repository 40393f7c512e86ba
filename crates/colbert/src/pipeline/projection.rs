//! The linear modules behind a transformer, for graphs that hold the transformer alone.

use std::path::Path;

use embedkit_core::session::BadOutput;
use embedkit_core::{Error, ModelDescription, ModelFiles, Result};
use embedkit_vector::number::NumberType;
use ndarray::{Array1, Array2, ArrayView2};
use safetensors::SafeTensors;
use serde::Deserialize;

/// Linear modules, one after the other; the last gives the row's `dim` values.
#[derive(Debug)]
pub(super) struct Projection(Vec<Linear>);

/// `y = W x + b`, and `x` (or a projection of it) added where the module says so.
#[derive(Debug)]
struct Linear {
    /// `[out, in]`
    weight: Array2<f32>,
    bias: Option<Array1<f32>>,
    shortcut: Shortcut,
}

#[derive(Debug)]
enum Shortcut {
    None,
    Identity,
    /// `[out, in]`
    Linear(Array2<f32>),
}

/// A module's `config.json`.
#[derive(Deserialize)]
struct Config {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    activation_function: Option<String>,
    #[serde(default)]
    use_residual: bool,
}

fn yes() -> bool {
    true
}

impl Projection {
    /// Loads modules from their folders: `config.json` and `model.safetensors`. None for no modules.
    ///
    /// # Errors
    /// Missing and wrong files, modules that do not fit each other or the row, an activation that is not
    /// the identity, and a projection that keeps the width: then the graph's output does not tell whether it is
    /// in the graph.
    pub(super) fn load(model: &ModelDescription, files: &ModelFiles, modules: &[String]) -> Result<Option<Self>> {
        let linears = modules.iter().map(|module| Linear::load(files, module)).collect::<Result<Vec<_>>>()?;
        let (Some(first), Some(last)) = (linears.first(), linears.last()) else { return Ok(None) };
        let wrong = |message: String| Err(Error::model(&model.id, message));
        let widths = |linear: &Linear| linear.weight.dim();
        for (pair, module) in linears.windows(2).zip(&modules[1..]) {
            let (given, taken) = (widths(&pair[0]).0, widths(&pair[1]).1);
            if given != taken {
                return wrong(format!("{module} takes {taken} values, and the module before it gives {given}"));
            }
        }
        let (given, taken) = (widths(last).0, widths(first).1);
        if Some(given) != model.dim {
            return wrong(format!("the projection gives {given} values, and the row's `dim` is {:?}", model.dim));
        }
        if given == taken {
            return wrong(format!(
                "the projection keeps the width {given}, so it cannot be seen whether the graph has it: \
                 export the graph with it, and set the parameter `projection` to []"
            ));
        }
        Ok(Some(Self(linears)))
    }

    /// Projects vectors of `width` values; gives them with their new width.
    ///
    /// # Errors
    /// Vectors of another width than the first module takes.
    pub(super) fn apply(&self, vectors: Vec<f32>, width: usize) -> Result<(Vec<f32>, usize), BadOutput> {
        let takes = self.0.first().map_or(0, |linear| linear.weight.ncols());
        let shape = (vectors.len() / width.max(1), width);
        if takes != width {
            return Err(BadOutput::shape(&[shape.0, width], format!("[tokens, {takes}], which its projection takes")));
        }
        let vectors = Array2::from_shape_vec(shape, vectors).map_err(|error| BadOutput::Unusable(error.into()))?;
        let projected = self.0.iter().fold(vectors, |vectors, linear| linear.apply(vectors.view()));
        let width = projected.ncols();
        Ok((projected.into_iter().collect(), width))
    }
}

impl Linear {
    fn load(files: &ModelFiles, module: &str) -> Result<Self> {
        let config_name = format!("{module}/config.json");
        let config: Config = files.json(&config_name)?;
        if let Some(activation) = config.activation_function.as_deref()
            && activation.rsplit('.').next() != Some("Identity")
        {
            let message = format!("has the activation {activation:?}; only the identity is supported");
            return Err(Error::file(files.label(&config_name), message));
        }
        let name = format!("{module}/model.safetensors");
        let (path, bytes) = (files.label(&name), files.read(&name)?);
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|e| Error::file_because(&path, "is not a safetensors file", e))?;
        let (output, input) = (config.out_features, config.in_features);
        let matrix = |name| {
            let values = values(&tensors, name, &[output, input], &path)?;
            Array2::from_shape_vec((output, input), values).map_err(|e| Error::file_because(&path, name, e))
        };
        let bias = || values(&tensors, "linear.bias", &[output], &path).map(Array1::from_vec);
        Ok(Self {
            weight: matrix("linear.weight")?,
            bias: config.bias.then(bias).transpose()?,
            shortcut: match config.use_residual {
                false => Shortcut::None,
                true if input == output => Shortcut::Identity,
                true => Shortcut::Linear(matrix("residual.weight")?),
            },
        })
    }

    /// `[rows, in]` to `[rows, out]`.
    fn apply(&self, vectors: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut projected = vectors.dot(&self.weight.t());
        if let Some(bias) = &self.bias {
            projected += bias;
        }
        match &self.shortcut {
            Shortcut::None => {}
            Shortcut::Identity => projected += &vectors,
            Shortcut::Linear(weight) => projected += &vectors.dot(&weight.t()),
        }
        projected
    }
}

/// A tensor's values, when it has the shape that the module's configuration says.
fn values(tensors: &SafeTensors<'_>, name: &str, shape: &[usize], path: &Path) -> Result<Vec<f32>> {
    let wrong = |message: String| Error::file(path, message);
    let tensor = tensors.tensor(name).map_err(|_| wrong(format!("has no tensor `{name}`")))?;
    if tensor.shape() != shape || shape.contains(&0) {
        let message = format!("`{name}` has shape {:?}, and config.json says {shape:?}", tensor.shape());
        return Err(wrong(message));
    }
    let number_type = match NumberType::from_name(&tensor.dtype().to_string()) {
        Some(floats @ (NumberType::F32 | NumberType::F16 | NumberType::Bf16)) => floats,
        _ => return Err(wrong(format!("`{name}` holds {}; F32, F16 and BF16 are supported", tensor.dtype()))),
    };
    let values = number_type.to_f32s(tensor.data());
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(wrong(format!("`{name}` holds values that are not finite numbers")))
    }
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};
    use safetensors::tensor::{Dtype, TensorView, serialize};

    use super::*;

    const CONFIG: &str = r#"{"in_features": 2, "out_features": 1, "bias": true}"#;

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn load(config: &str, tensors: &[(&str, Dtype, &[usize], Vec<u8>)]) -> Result<Option<Projection>> {
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            (name.to_string(), TensorView::new(*dtype, shape.to_vec(), bytes).unwrap())
        });
        let weights = serialize(views, None).unwrap();
        let files = [("m/config.json", config.as_bytes().to_vec()), ("m/model.safetensors", weights)];
        let mut model = ModelDescription::new("tiny/model", "colbert", "colbert");
        model.dim = Some(1);
        Projection::load(&model, &ModelFiles::memory(files), &["m".to_owned()])
    }

    #[test]
    fn a_module_is_a_product_and_a_bias() {
        for (dtype, weight) in [
            (Dtype::F32, floats(&[2.0, -1.0])),
            (Dtype::F16, [2.0, -1.0].map(f16::from_f32).iter().flat_map(|v| v.to_le_bytes()).collect()),
            (Dtype::BF16, [2.0, -1.0].map(bf16::from_f32).iter().flat_map(|v| v.to_le_bytes()).collect()),
        ] {
            let tensors =
                [("linear.weight", dtype, &[1, 2][..], weight), ("linear.bias", Dtype::F32, &[1][..], floats(&[0.5]))];
            let projection = load(CONFIG, &tensors).unwrap().unwrap();
            assert_eq!(projection.apply(vec![1.0, 1.0, 3.0, 0.0], 2).unwrap(), (vec![1.5, 6.5], 1));
            assert_eq!(projection.apply(vec![], 2).unwrap(), (vec![], 1));
            assert!(projection.apply(vec![1.0], 1).is_err());
        }
    }

    #[test]
    fn a_module_that_cannot_be_applied_is_refused() {
        let weight = |shape: &'static [usize], values: &[f32]| ("linear.weight", Dtype::F32, shape, floats(values));
        let bias = ("linear.bias", Dtype::F32, &[1][..], floats(&[0.5]));
        let (fitting, tanh) = (weight(&[1, 2], &[2.0, 1.0]), r#"{"activation_function": "torch.nn.Tanh","#);
        for (config, tensors, expected) in [
            (CONFIG.replacen('{', tanh, 1), vec![fitting.clone()], "only the identity"),
            (CONFIG.to_owned(), vec![fitting.clone()], "`linear.bias`"),
            (CONFIG.to_owned(), vec![weight(&[2, 1], &[2.0, 1.0]), bias.clone()], "shape [2, 1]"),
            (CONFIG.to_owned(), vec![weight(&[1, 2], &[2.0, f32::NAN]), bias.clone()], "not finite"),
            (CONFIG.replace('2', "1"), vec![weight(&[1, 1], &[2.0]), bias.clone()], "keeps the width 1"),
            (CONFIG.replace("true", "true, \"use_residual\": true"), vec![fitting, bias], "`residual.weight`"),
        ] {
            let error = load(&config, &tensors).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
