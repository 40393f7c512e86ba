//! Every key that sentence-transformers writes is read or refused by name: `keys.json` has them, as
//! `tests/fixtures/generate/sentence_transformers_keys.py` finds them in the library.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Folder;
use crate::{ModelFiles, Result};

#[derive(Deserialize)]
struct Keys {
    /// Of `config_sentence_transformers.json`.
    model: Vec<String>,
    modules: BTreeMap<String, Vec<String>>,
}

/// Keys of which any value is right: the reason stands where they are passed over.
const PASSED_OVER: [(&str, &str); 10] = [
    ("", "__version__"),
    ("", "similarity_fn_name"),
    ("", "keep_in_fp32_modules"),
    ("Dropout", "dropout"),
    ("HierarchicalTokenPooling", "num_protected_tokens"),
    ("SparseStaticEmbedding", "frozen"),
    ("SpladePooling", "chunk_size"),
    ("Transformer", "model_args"),
    ("Transformer", "config_args"),
    ("Transformer", "unpad_inputs"),
];

/// Keys whose values each family checks.
const OF_FAMILIES: [&str; 2] = ["model_type", "activation_fn"];

/// The file of a module's configuration.
fn file_of(module: &str) -> &'static str {
    match module {
        "Transformer" | "MLMTransformer" => "m/sentence_bert_config.json",
        "Router" | "Asym" => "m/router_config.json",
        _ => "m/config.json",
    }
}

fn read(module: &str, file: &str, config: &Value) -> Result<Option<Folder>> {
    let kind = |module: &str| format!("sentence_transformers.models.{module}");
    let modules = json!([{"path": "m", "type": kind(module)}, {"path": "", "type": kind("StaticEmbedding")}]);
    let files = [("modules.json", modules.to_string()), (file, config.to_string())];
    Folder::read(&ModelFiles::memory(files.map(|(name, json)| (name, json.into_bytes()))))
}

/// A configuration that is read, for keys to be added to.
fn plain(module: &str) -> Map<String, Value> {
    let plain = match module {
        "Dense" => json!({"in_features": 2, "out_features": 2}),
        "LayerNorm" => json!({"dimension": 2}),
        "Router" | "Asym" => json!({"types": {}, "structure": {"query": [], "document": []}}),
        _ => json!({}),
    };
    plain.as_object().cloned().unwrap_or_default()
}

#[test]
fn each_key_is_read_or_refused_by_name() {
    let keys: Keys = serde_json::from_str(include_str!("keys.json")).unwrap();
    assert!(keys.modules.len() > 20 && keys.model.len() > 5);
    let mut known = 0;
    for (module, keys) in &keys.modules {
        let file = file_of(module);
        let config = plain(module);
        if let Err(error) = read(module, file, &config.clone().into()) {
            let message = error.to_string();
            assert!(message.contains(&format!("has the module {module}, which nothing here runs")), "{message}");
            continue;
        }
        known += 1;
        for key in keys {
            let parameters = ["default_route", "allow_empty_key", "route_mappings"];
            let mut config = config.clone();
            if file.contains("router") && parameters.contains(&key.as_str()) {
                config.insert("parameters".to_owned(), json!({key.as_str(): "surprise"}));
            } else {
                config.insert(key.clone(), "surprise".into());
            }
            let named = match read(module, file, &config.into()) {
                Ok(_) => is_passed_over(module, key),
                Err(error) => {
                    error.to_string().contains(&format!("`{key}`")) && !error.to_string().contains("not known here")
                        || (key == "structure" && error.to_string().contains("router_config.json"))
                }
            };
            assert!(named, "{module}: {key} is neither read nor refused");
        }
    }
    assert!(known > 10, "{known}");
    for key in &keys.model {
        let config = json!({key.as_str(): "surprise"});
        let named = match read("StaticEmbedding", "config_sentence_transformers.json", &config) {
            Ok(_) => is_passed_over("", key) || OF_FAMILIES.contains(&key.as_str()),
            Err(error) => error.to_string().contains(&format!("`{key}`")),
        };
        assert!(named, "{key} is neither read nor refused");
    }
    let unknown = read("Pooling", "m/config.json", &json!({"colour": 1})).unwrap_err().to_string();
    assert!(unknown.contains("`colour` is not known here"), "{unknown}");
}

fn is_passed_over(module: &str, key: &str) -> bool {
    let module = if module == "MLMTransformer" { "Transformer" } else { module };
    // The same by its newer name.
    let key = key.replace("_kwargs", "_args");
    PASSED_OVER.contains(&(module, key.as_str()))
}
