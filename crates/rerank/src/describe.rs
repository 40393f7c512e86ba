//! What a folder of sentence-transformers says about its scores.

use embedkit_core::{Activation, Error, ModelFiles, Result};
use serde::Deserialize;

/// Where a folder names its activation, newest first: versions 6, 4 and before.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    activation_fn: Option<String>,
    sentence_transformers: Nested,
    sbert_ce_default_activation_function: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Nested {
    activation_fn: Option<String>,
}

impl Config {
    fn activation(self) -> Option<String> {
        self.activation_fn.or(self.sentence_transformers.activation_fn).or(self.sbert_ce_default_activation_function)
    }
}

/// The activation that the folder names, by its class in torch; none: logits as they are, as the reference gives them.
///
/// # Errors
/// A class that no score here is made by.
pub(crate) fn activation(files: &ModelFiles) -> Result<Activation> {
    for name in ["config_sentence_transformers.json", "config.json"] {
        let config: Config = files.optional_json(name)?.unwrap_or_default();
        let Some(class) = config.activation() else { continue };
        return match class.rsplit('.').next() {
            Some("Identity") => Ok(Activation::None),
            Some("Sigmoid") => Ok(Activation::Sigmoid),
            _ => {
                let message =
                    format!("has the activation {class:?}; Identity and Sigmoid are known: give the model's row");
                Err(Error::file(files.label(name), message))
            }
        };
    }
    Ok(Activation::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_names_its_activation_in_one_of_three_ways() {
        const SIGMOID: &str = "torch.nn.modules.activation.Sigmoid";
        for (name, config, expected) in [
            ("config_sentence_transformers.json", format!(r#"{{"activation_fn": "{SIGMOID}"}}"#), Activation::Sigmoid),
            (
                "config.json",
                format!(r#"{{"sentence_transformers": {{"activation_fn": "{SIGMOID}", "version": "5.0.0"}}}}"#),
                Activation::Sigmoid,
            ),
            (
                "config.json",
                r#"{"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}"#.to_owned(),
                Activation::None,
            ),
            ("config.json", r#"{"num_labels": 1}"#.to_owned(), Activation::None),
        ] {
            let files = ModelFiles::memory([(name, config.clone().into_bytes())]);
            assert_eq!(activation(&files).unwrap(), expected, "{config}");
        }
        let files = ModelFiles::memory([("config.json", br#"{"activation_fn": "my.Activation"}"#.to_vec())]);
        assert!(activation(&files).unwrap_err().to_string().contains("\"my.Activation\""));
    }
}
