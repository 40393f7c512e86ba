//! What a folder with a cross-encoder says about itself.

use std::collections::BTreeMap;

use embedkit_core::model::join;
use embedkit_core::sentence_transformers::{Folder, Module, Settings};
use embedkit_core::tokenizer::{TokenizerFiles, WindowRule};
use embedkit_core::{Activation, Error, GraphSearch, ModelDescription, ModelFiles, Padding, Result};
use serde::Deserialize;

use crate::FAMILY;

/// The task that graphs of this family are exported for, by optimum's name and by sentence-transformers'.
const TASK: &str = "text-classification";
const TASK_OF_MODULE: &str = "sequence-classification";
const CONFIG: &str = "config.json";

/// `config.json`, as far as it tells how logits become a score.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    architectures: Option<Vec<String>>,
    num_labels: Option<usize>,
    id2label: Option<BTreeMap<String, String>>,
    /// What sentence-transformers 4 and 5 write.
    sentence_transformers: Option<Saved>,
    /// What it wrote before.
    sbert_ce_default_activation_function: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Saved {
    activation_fn: Option<String>,
}

impl Config {
    /// The activation that is named, by the class in PyTorch.
    fn activation(&self) -> Option<String> {
        let saved = self.sentence_transformers.as_ref().and_then(|saved| saved.activation_fn.clone());
        saved.or_else(|| self.sbert_ce_default_activation_function.clone())
    }

    /// Whether sentence-transformers' models of this configuration have one label.
    fn has_one_label(&self) -> bool {
        // The names go before the number, as in transformers.
        self.id2label.as_ref().map(BTreeMap::len).or(self.num_labels) == Some(1)
    }
}

/// What of `tokenizer_config.json` tells whether the network learns which of two texts a token is of.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenizerConfig {
    model_input_names: Option<Vec<String>>,
    tokenizer_class: Option<String>,
}

impl TokenizerConfig {
    fn gives_segments(&self) -> bool {
        match &self.model_input_names {
            Some(names) => names.iter().any(|name| name == "token_type_ids"),
            // transformers 5 alone knows this class, which gives none unless it is told to.
            None => self.tokenizer_class.as_deref() != Some("TokenizersBackend"),
        }
    }
}

/// Whether a folder's settings say anything that only a cross-encoder's do.
pub(crate) fn says_what_it_is(files: &ModelFiles) -> bool {
    let config = files.optional_json::<Config>(CONFIG).ok().flatten().unwrap_or_default();
    // What architectures they are, and what modules there are, is looked at when the folder is described.
    config.architectures.is_some_and(|names| !names.is_empty())
        || config.sentence_transformers.is_some()
        || config.sbert_ce_default_activation_function.is_some()
        || files.has(Folder::MODULES)
}

/// The row that a folder amounts to.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    let mut model = ModelDescription::new(files.name(), FAMILY, "cross-encoder");
    let config: Config = files.optional_json(CONFIG)?.unwrap_or_default();
    let folder = Folder::read(files)?;
    let is_sentence_transformers = folder.is_some()
        || config.sentence_transformers.is_some()
        || config.sbert_ce_default_activation_function.is_some();
    let mut activation = config.activation();
    match folder {
        Some(folder) => {
            set_modules(files, &folder, &mut model)?;
            // Where a folder was saved again, what config.json says is the older.
            activation = folder.settings.activation_fn.or(activation);
        }
        None => {
            check_architecture(files, &config)?;
            model.model_file = files.find_graph(&GraphSearch::new(TASK))?;
            if is_sentence_transformers {
                let tokenizer = files.tokenizer_files(&model.tokenizer_folder)?;
                tokenizer.check_agreement()?;
                if tokenizer.pads_to_multiple()? {
                    model.padding = Padding::Exact;
                }
                let length = WindowRule::SentenceTransformers.longest_row(&tokenizer)?;
                model.max_length = Some(length.unwrap_or(ModelDescription::NO_LIMIT));
            }
        }
    }
    match activation {
        Some(name) => model.activation = activation_of(files, &name)?,
        None if is_sentence_transformers && config.has_one_label() => model.activation = Activation::Sigmoid,
        None => {}
    }
    set_segments(files, &mut model)?;
    set_labels(files, &config, &mut model)?;
    Ok(model)
}

/// A folder of sentence-transformers 6: one module, a classifier.
fn set_modules(files: &ModelFiles, folder: &Folder, model: &mut ModelDescription) -> Result<()> {
    let [Module::Transformer(transformer)] = folder.modules.as_slice() else {
        let not_it = |module: &&Module| !matches!(module, Module::Transformer(_));
        let other = folder.modules.iter().find(not_it).map_or("Transformer twice", Module::name);
        let message = format!(
            "has the module {other}, and a cross-encoder is one Transformer; a model that is asked for \
                               yes or no is a row of the architecture causal-lm"
        );
        return Err(Error::file(files.label(Folder::MODULES), message));
    };
    if transformer.task != TASK_OF_MODULE {
        let message = format!("has a Transformer for the task {}, which gives no scores of pairs", transformer.task);
        return Err(Error::file(files.label(Folder::MODULES), message));
    }
    if let Some((name, prompt)) = folder.settings.prompts.iter().find(|(_, prompt)| !prompt.is_empty()) {
        let message = format!("`prompts` has {name:?}: {prompt:?}, and a cross-encoder puts nothing before its texts");
        return Err(Error::file(files.label(Settings::FILE), message));
    }
    transformer.set_graph(files, GraphSearch::new(TASK), model)
}

/// Leaves the segments out where the tokenizer gives none: the network then has 0 for both texts.
fn set_segments(files: &ModelFiles, model: &mut ModelDescription) -> Result<()> {
    let name = join(&model.tokenizer_folder, TokenizerFiles::TOKENIZER_CONFIG);
    let tokenizer: TokenizerConfig = files.optional_json(&name)?.unwrap_or_default();
    if !tokenizer.gives_segments() {
        model.parameters.insert("segments".to_owned(), false.into());
    }
    Ok(())
}

/// Refuses a model whose configuration says that it is no classifier.
fn check_architecture(files: &ModelFiles, config: &Config) -> Result<()> {
    let architectures = config.architectures.as_deref().unwrap_or_default();
    if architectures.is_empty() || architectures.iter().any(|name| name.ends_with("ForSequenceClassification")) {
        return Ok(());
    }
    let message = format!(
        "`architectures` is {}, and a cross-encoder's ends in ForSequenceClassification: is the family another?",
        architectures.join(", ")
    );
    Err(Error::file(files.label(CONFIG), message))
}

/// An activation by the name of its class in PyTorch.
fn activation_of(files: &ModelFiles, name: &str) -> Result<Activation> {
    match name.strip_prefix("torch.").and_then(|path| path.rsplit('.').next()) {
        Some("Identity") => Ok(Activation::None),
        Some("Sigmoid") => Ok(Activation::Sigmoid),
        _ => {
            let message = format!("`activation_fn` is {name:?}; Identity and Sigmoid of torch are known");
            Err(Error::file(files.label(CONFIG), message))
        }
    }
}

/// The labels, and which one's logit is the score: that which is called so. Where none is, the architecture refuses
/// several, unless the caller wants a probability among them.
fn set_labels(files: &ModelFiles, config: &Config, model: &mut ModelDescription) -> Result<()> {
    const RELEVANT: [&str; 7] = ["relevant", "relevance", "yes", "true", "positive", "match", "duplicate"];
    let wrong = |message: String| Error::file(files.label(CONFIG), message);
    let mut named = BTreeMap::new();
    for (id, name) in config.id2label.iter().flatten() {
        let id: usize = id.parse().map_err(|_| wrong(format!("`id2label` has {id:?}, which is no label's number")))?;
        named.insert(id, name.clone());
    }
    // Where nothing is said the graph tells, and one that has several is refused when it has run.
    let count = config.num_labels.unwrap_or_else(|| named.len().max(1));
    const MOST: usize = 1000;
    if count == 0 || count > MOST || (!named.is_empty() && !named.keys().copied().eq(0..count)) {
        return Err(wrong(format!("`num_labels` is {count}, and `id2label` has {} labels", named.len())));
    }
    let labels: Vec<String> =
        (0..count).map(|id| named.get(&id).cloned().unwrap_or_else(|| format!("LABEL_{id}"))).collect();
    let is_relevant = |name: &String| RELEVANT.contains(&name.to_lowercase().as_str());
    let mut relevant = labels.iter().enumerate().filter(|(_, name)| is_relevant(name));
    if let (true, Some((label, name)), None) = (count > 1, relevant.next(), relevant.next()) {
        model.parameters.insert("label".to_owned(), i64::try_from(label).unwrap_or(i64::MAX).into());
        model.notice = Some(format!("of {count} labels the score is that of label {label}, {name:?}"));
    }
    model.parameters.insert("labels".to_owned(), labels.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use embedkit_core::Architecture;

    use super::*;
    use crate::pipeline::CrossEncoder;

    #[test]
    fn several_labels_are_refused_unless_one_is_known() {
        for (config, softmax, expected) in [
            (r#"{"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}"#, false, Some("2 labels (LABEL_0, LABEL_1)")),
            (r#"{"num_labels": 3}"#, false, Some("LABEL_2")),
            (r#"{"num_labels": 3}"#, true, None),
            (r#"{"id2label": {"0": "yes", "1": "true"}}"#, false, Some("not known")),
            (r#"{"id2label": {"0": "no", "1": "yes"}}"#, false, None),
            (r#"{"num_labels": 1}"#, false, None),
        ] {
            let files = ModelFiles::memory([("model.onnx", &b""[..]), (CONFIG, config.as_bytes())]);
            let mut model = describe(&files).unwrap();
            if softmax {
                model.activation = Activation::Softmax;
            }
            let error = CrossEncoder.check(&model).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), expected.is_some(), "{config}: {error:?}");
            assert!(expected.is_none_or(|word| error.is_some_and(|error| error.contains(word))), "{config}");
        }
    }

    #[test]
    fn a_saved_cross_encoder_has_its_tokenizers_window() {
        const SAVED: &str = r#"{"sentence_transformers": {}}"#;
        for (config, limits, expected) in [
            (SAVED, r#"{"model_max_length": 8, "max_length": 4}"#, Some(8)),
            (SAVED, r#"{"model_max_length": 1e30, "max_length": 4}"#, Some(ModelDescription::NO_LIMIT)),
            // Whose else it is, the tokenizer's rule tells when it is loaded.
            ("{}", r#"{"model_max_length": 8, "max_length": 4}"#, None),
        ] {
            let files = ModelFiles::memory([
                ("model.onnx", &b""[..]),
                (CONFIG, config.as_bytes()),
                ("tokenizer.json", b"{}"),
                ("tokenizer_config.json", limits.as_bytes()),
            ]);
            assert_eq!(describe(&files).unwrap().max_length, expected, "{config} {limits}");
        }
    }

    #[test]
    fn the_configuration_tells_the_score() {
        for (config, expected) in [
            (r#"{}"#, Ok((None, Activation::None))),
            (r#"{"num_labels": 1, "id2label": {"0": "LABEL_0"}}"#, Ok((None, Activation::None))),
            (r#"{"id2label": {"0": "not_relevant", "1": "relevant"}}"#, Ok((Some(1), Activation::None))),
            (r#"{"id2label": {"0": "Yes", "1": "No"}, "num_labels": 2}"#, Ok((Some(0), Activation::None))),
            (
                r#"{"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid"}}"#,
                Ok((None, Activation::Sigmoid)),
            ),
            (
                r#"{"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity", "num_labels": 1}"#,
                Ok((None, Activation::None)),
            ),
            // Where sentence-transformers' folders name none, one label has a sigmoid and several have none.
            (r#"{"sentence_transformers": {"version": "4.1.0"}, "num_labels": 1}"#, Ok((None, Activation::Sigmoid))),
            (r#"{"sentence_transformers": {}, "id2label": {"0": "LABEL_0"}}"#, Ok((None, Activation::Sigmoid))),
            (r#"{"sentence_transformers": {}, "id2label": {"0": "no", "1": "yes"}}"#, Ok((Some(1), Activation::None))),
            (r#"{"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Tanh"}}"#, Err("Tanh")),
            (r#"{"sentence_transformers": {"activation_fn": "my.Sigmoid"}}"#, Err("activation_fn")),
            (
                r#"{"id2label": {"0": "entailment", "1": "neutral", "2": "contradiction"}}"#,
                Ok((None, Activation::None)),
            ),
            (r#"{"num_labels": 3, "id2label": {"0": "a"}}"#, Err("`num_labels` is 3")),
            (r#"{"id2label": {"x": "a"}}"#, Err("no label's number")),
            (r#"{"id2label": {"0": "a", "2": "b"}}"#, Err("`id2label`")),
            (r#"{"architectures": ["BertModel"]}"#, Err("BertModel")),
        ] {
            let tokenizer_config = r#"{"model_max_length": 8}"#;
            let files = ModelFiles::memory([
                ("model.onnx", &b""[..]),
                (CONFIG, config.as_bytes()),
                ("tokenizer.json", b"{}"),
                ("tokenizer_config.json", tokenizer_config.as_bytes()),
            ]);
            match (describe(&files), expected) {
                (Ok(model), Ok((label, activation))) => {
                    let found = model.parameters.get("label").and_then(toml::Value::as_integer);
                    assert_eq!((found, model.activation), (label, activation), "{config}");
                    assert_eq!(model.notice.is_some(), label.is_some(), "{config}");
                }
                (Err(error), Err(word)) => assert!(error.to_string().contains(word), "{config}: {error}"),
                (got, _) => unreachable!("{config}: {got:?}"),
            }
        }
    }
}
