//! The linear modules behind a transformer, for graphs that hold the transformer alone.

use embedkit_core::sentence_transformers::Steps;
use embedkit_core::session::BadOutput;
use embedkit_core::{Error, ModelDescription, ModelFiles, Result};

/// What exports call the output of a transformer that nothing follows.
const TRANSFORMER_OUTPUTS: [&str; 2] = ["last_hidden_state", "token_embeddings"];

/// Linear modules, one after the other; the last gives the row's `dim` values.
#[derive(Debug)]
pub(super) struct Projection {
    modules: Steps,
    /// Values of a vector that goes in.
    taken: usize,
    /// Values of a vector that comes out.
    given: usize,
}

impl Projection {
    /// Loads modules from their folders: `config.json` and the weights. None for no modules.
    ///
    /// # Errors
    /// Missing and wrong files, modules that do not fit each other or the row, and an activation that is not
    /// known.
    pub(super) fn load(model: &ModelDescription, files: &ModelFiles, folders: &[String]) -> Result<Option<Self>> {
        let modules = Steps::load_for_tokens(files, folders)?;
        let Some((taken, given)) = modules.input().zip(modules.output()) else { return Ok(None) };
        if Some(given) != model.dim {
            let message = format!("the projection gives {given} values, and the row's `dim` is {:?}", model.dim);
            return Err(Error::model(&model.id, message));
        }
        Ok(Some(Self { modules, taken, given }))
    }

    /// Checks that the graph's output tells whether the graph has the projection in it already: its width does,
    /// and where the projection keeps the width, its name does.
    ///
    /// # Errors
    /// An output that does not tell.
    pub(super) fn check_output(&self, model: &ModelDescription, output: &str) -> Result<()> {
        if self.taken != self.given || TRANSFORMER_OUTPUTS.contains(&output) {
            return Ok(());
        }
        let message = format!(
            "the projection keeps the width {}, and the output {output:?} does not tell whether the graph has it: \
             set the parameter `projection` to [] if it has, and else export the transformer with the output \
             {:?}",
            self.taken, TRANSFORMER_OUTPUTS[0]
        );
        Err(Error::model(&model.id, message))
    }

    /// Whether vectors of this width, which the graph gives, are to be projected.
    pub(super) fn follows(&self, width: usize) -> bool {
        width == self.taken
    }

    /// Projects vectors of `width` values; gives them with their new width.
    ///
    /// # Errors
    /// Vectors of another width than the first module takes, and values that are not finite.
    pub(super) fn apply(&self, vectors: Vec<f32>, width: usize) -> Result<(Vec<f32>, usize), BadOutput> {
        Ok((self.modules.apply(vectors, width)?, self.given))
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
    fn activations_go_before_the_shortcut() {
        let bias = ("linear.bias", Dtype::F32, &[1][..], floats(&[0.5]));
        let weight = ("linear.weight", Dtype::F32, &[1, 1][..], floats(&[-2.0]));
        let config = CONFIG.replace('2', "1").replacen('{', "{\"use_residual\": true,", 1);
        for (class, expected) in [
            ("torch.nn.modules.linear.Identity", -1.5),
            ("torch.nn.modules.activation.Tanh", f32::tanh(-1.5)),
            ("torch.nn.modules.activation.ReLU", 0.0),
            ("torch.nn.modules.activation.Sigmoid", 0.182_425_5),
            ("torch.nn.modules.activation.SiLU", -0.273_638_3),
        ] {
            let config = config.replacen('{', &format!("{{\"activation_function\": \"{class}\","), 1);
            let projection = load(&config, &[weight.clone(), bias.clone()]).unwrap().unwrap();
            let (values, _) = projection.apply(vec![1.0], 1).unwrap();
            assert!((values[0] - (expected + 1.0)).abs() < 1e-6, "{class}: {values:?}");
        }
    }

    #[test]
    fn a_projection_that_keeps_the_width_follows_a_transformer() {
        let tensors = [
            ("linear.weight", Dtype::F32, &[1, 1][..], floats(&[2.0])),
            ("linear.bias", Dtype::F32, &[1], floats(&[0.5])),
        ];
        let projection = load(&CONFIG.replace('2', "1"), &tensors).unwrap().unwrap();
        let model = ModelDescription::new("tiny/model", "colbert", "colbert");
        projection.check_output(&model, "last_hidden_state").unwrap();
        let error = projection.check_output(&model, "output").unwrap_err().to_string();
        assert!(error.contains("keeps the width 1") && error.contains("\"output\""), "{error}");
    }

    #[test]
    fn a_module_that_cannot_be_applied_is_refused() {
        let weight = |shape: &'static [usize], values: &[f32]| ("linear.weight", Dtype::F32, shape, floats(values));
        let bias = ("linear.bias", Dtype::F32, &[1][..], floats(&[0.5]));
        let (fitting, unknown) = (weight(&[1, 2], &[2.0, 1.0]), r#"{"activation_function": "torch.nn.Softmin","#);
        for (config, tensors, expected) in [
            (CONFIG.replacen('{', unknown, 1), vec![fitting.clone()], "those of torch that are known: Identity, Tanh"),
            (CONFIG.to_owned(), vec![fitting.clone()], "`linear.bias`"),
            (CONFIG.to_owned(), vec![weight(&[2, 1], &[2.0, 1.0]), bias.clone()], "shape [2, 1]"),
            (CONFIG.to_owned(), vec![weight(&[1, 2], &[2.0, f32::NAN]), bias.clone()], "not finite"),
            (CONFIG.replace("true", "true, \"use_residual\": true"), vec![fitting, bias], "`residual.weight`"),
        ] {
            let error = load(&config, &tensors).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
