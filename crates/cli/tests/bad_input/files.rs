//! Files that are absent, cut off, of another kind, or of another model.

use crate::case::{Case, Expected, Trial};
use crate::common::subject::*;
use crate::damage::Damage::{
    self, Bytes, Empty, Ending, Folder, Garbage, Json, Missing, Of, Replaced, Text, Truncated,
};

/// The files that a model cannot do without; each of [`LOST`] in each is an error that names the file.
const NEEDED: &[(Subject, &str, &[&str])] = &[
    (TRANSFORMER, "model.onnx", &["model.onnx"]),
    (TRANSFORMER, "tokenizer.json", &["tokenizer.json"]),
    (TRANSFORMER, "tokenizer_config.json", &["tokenizer_config.json"]),
    (EXTERNAL, "onnx/model.onnx", &["model.onnx"]),
    (EXTERNAL, "onnx/model.onnx_data", &["model.onnx_data"]),
    (STATIC, "model.safetensors", &["model.safetensors"]),
    (STATIC, "tokenizer.json", &["tokenizer.json"]),
    (SPLADE, "model.onnx", &["model.onnx"]),
    (SPLADE, "tokenizer.json", &["tokenizer.json"]),
    (IF_SPLADE, "idf.json", &["idf.json"]),
    (BM42, "model.onnx", &["model.onnx"]),
    (MINICOIL, "minicoil.triplet.model.npy", &["minicoil.triplet.model.npy"]),
    (MINICOIL, "minicoil.triplet.model.vocab", &["minicoil.triplet.model.vocab"]),
    (COLBERT, "model.onnx", &["model.onnx"]),
    (COLBERT, "tokenizer.json", &["tokenizer.json"]),
    (COLPALI, "model.onnx", &["model.onnx"]),
    (COLPALI, "preprocessor_config.json", &["preprocessor_config.json"]),
    (COLQWEN, "tokenizer.json", &["tokenizer.json"]),
    (IMAGE, "model.onnx", &["model.onnx"]),
    (IMAGE, "preprocessor_config.json", &["preprocessor_config.json"]),
    (RERANK, "onnx/model.onnx", &["model.onnx"]),
    (RERANK, "tokenizer.json", &["tokenizer.json"]),
    (CAUSAL, "tokenizer.json", &["tokenizer.json"]),
    (HYBRID, "model.onnx", &["model.onnx"]),
    (HYBRID, "tokenizer.json", &["tokenizer.json"]),
];

const LOST: [Damage; 5] = [Missing, Empty, Truncated, Garbage, Folder];

/// Files that a model may lack; what is in them is an error all the same when it is wrong.
const WRONG: &[(Subject, &str, Damage, &[&str])] = &[
    (TRANSFORMER, "config.json", Garbage, &["config.json"]),
    (TRANSFORMER, "config.json", Text("[]"), &["config.json"]),
    (
        TRANSFORMER,
        "special_tokens_map.json",
        Text("{\"pad_token\": {\"content\": 7}}"),
        &["special_tokens_map.json", "pad_token"],
    ),
    (TRANSFORMER, "special_tokens_map.json", Truncated, &["special_tokens_map.json"]),
    (BM42, "stopwords.txt", Missing, &["stopwords.txt"]),
    (BM42, "stopwords.txt", Garbage, &["stopwords.txt", "UTF-8"]),
    (BM25, "english.txt", Missing, &["english.txt", "stopwords"]),
    (BM25, "english.txt", Garbage, &["english.txt", "UTF-8"]),
    // JSON of the wrong kind.
    (TRANSFORMER, "tokenizer.json", Text("{}"), &["tokenizer.json"]),
    (TRANSFORMER, "tokenizer.json", Text("[1, 2]"), &["tokenizer.json"]),
    (TRANSFORMER, "tokenizer.json", Json("/model/type", "\"Telepathy\""), &["tokenizer.json"]),
    (TRANSFORMER, "tokenizer.json", Json("/model/vocab", "{}"), &["tokenizer", "[UNK]"]),
    (TRANSFORMER, "tokenizer.json", Json("/model/vocab", "[\"a\"]"), &["tokenizer.json"]),
    (UNIGRAM, "tokenizer.json", Json("/model/unk_id", "100000"), &["tokenizer.json"]),
    (UNIGRAM, "tokenizer.json", Json("/model/vocab", "[]"), &["tokenizer.json"]),
    (BYTE_LEVEL, "tokenizer.json", Json("/model/merges", "[[\"no\", \"such\"]]"), &["tokenizer.json"]),
    (
        TRANSFORMER,
        "tokenizer.json",
        Json("/normalizer", "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"}"),
        &["tokenizer.json"],
    ),
    (
        TRANSFORMER,
        "tokenizer.json",
        Json(
            "/pre_tokenizer",
            "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\", \"invert\": false}",
        ),
        &["tokenizer.json"],
    ),
    (TRANSFORMER, "tokenizer_config.json", Text("[]"), &["tokenizer_config.json"]),
    (TRANSFORMER, "tokenizer_config.json", Text("{}"), &["tokenizer_config.json"]),
    (
        TRANSFORMER,
        "tokenizer_config.json",
        Json("/model_max_length", "0"),
        &["tokenizer_config.json", "model_max_length", "max-length"],
    ),
    (
        TRANSFORMER,
        "tokenizer_config.json",
        Json("/model_max_length", "-5"),
        &["tokenizer_config.json", "model_max_length"],
    ),
    (
        TRANSFORMER,
        "tokenizer_config.json",
        Json("/model_max_length", "\"long\""),
        &["tokenizer_config.json", "model_max_length"],
    ),
    (
        TRANSFORMER,
        "tokenizer_config.json",
        Json("/model_max_length", "1e30"),
        &["tokenizer_config.json", "model_max_length"],
    ),
    (TRANSFORMER, "tokenizer_config.json", Json("/model_max_length", "2"), &["max_length"]),
    (BYTE_LEVEL, "tokenizer_config.json", Json("/pad_token", "\"[NOWHERE]\""), &["tokenizer_config.json", "[NOWHERE]"]),
    (STATIC, "tokenizer_config.json", Garbage, &["tokenizer_config.json"]),
    (TRANSFORMER, "tokenizer_config.json", Json("/pad_token", "null"), &["padding token"]),
    (
        TRANSFORMER,
        "tokenizer_config.json",
        Json("/truncation_side", "\"up\""),
        &["tokenizer_config.json", "truncation_side"],
    ),
    (TRANSFORMER, "tokenizer_config.json", Json("/padding_side", "3"), &["tokenizer_config.json", "padding_side"]),
    (IF_SPLADE, "idf.json", Text("[]"), &["idf.json"]),
    (IF_SPLADE, "idf.json", Text("{\"hello\": \"much\"}"), &["idf.json"]),
    (IF_SPLADE, "idf.json", Text("{\"hello\": 1e999}"), &["idf.json"]),
    (MINICOIL, "minicoil.triplet.model.vocab", Text("{}"), &["minicoil.triplet.model.vocab"]),
    (MINICOIL, "minicoil.triplet.model.vocab", Text("{\"vocab\": [\"a\"], \"stem_mapping\": {}}"), &["words"]),
    (MINICOIL, "minicoil.triplet.model.npy", Replaced("'<f4'", "'<f8'"), &["minicoil.triplet.model.npy", "<f8"]),
    (MINICOIL, "minicoil.triplet.model.npy", Replaced("False", " True"), &["minicoil.triplet.model.npy"]),
    (MINICOIL, "minicoil.triplet.model.npy", Ending(&[0, 0, 0xc0, 0x7f]), &["model ", "NaN"]),
    (IMAGE, "preprocessor_config.json", Text("[]"), &["preprocessor_config.json"]),
    (IMAGE, "preprocessor_config.json", Json("/size", "{\"shortest_edge\": 0}"), &["preprocessor_config.json"]),
    (IMAGE, "preprocessor_config.json", Json("/size", "{\"shortest_edge\": -3}"), &["preprocessor_config.json"]),
    (IMAGE, "preprocessor_config.json", Json("/size", "{\"shortest_edge\": 4000000000}"), &["4000000000"]),
    (IMAGE, "preprocessor_config.json", Json("/image_std", "[0, 0, 0]"), &["finite number"]),
    (IMAGE, "preprocessor_config.json", Json("/image_mean", "[1]"), &["preprocessor_config.json", "image_mean"]),
    (IMAGE, "preprocessor_config.json", Json("/resample", "77"), &["preprocessor_config.json", "resample"]),
    (IMAGE, "preprocessor_config.json", Json("/rescale_factor", "1e300"), &["finite number"]),
    (PYLATE, "1_Dense/model.safetensors", Missing, &["1_Dense/model.safetensors"]),
    (PYLATE, "1_Dense/model.safetensors", Truncated, &["1_Dense/model.safetensors"]),
    (PYLATE, "1_Dense/config.json", Text("{}"), &["1_Dense/config.json"]),
    (PYLATE, "1_Dense/config.json", Json("/in_features", "17"), &["1_Dense"]),
    (PYLATE, "1_Dense/model.safetensors", Ending(&[0, 0, 0xc0, 0x7f]), &["1_Dense/model.safetensors", "finite"]),
    // Tables of a static model.
    (
        STATIC,
        "model.safetensors",
        Replaced("embeddings", "embeddingz"),
        &["model.safetensors", "embeddings", "embeddingz"],
    ),
    (STATIC, "model.safetensors", Replaced("\"F32\"", "\"U32\""), &["model.safetensors", "U32"]),
    (STATIC, "model.safetensors", Replaced("[320,8]", "[2560] "), &["model.safetensors", "[2560]"]),
    (STATIC, "model.safetensors", Replaced("[320,8]", "[8,320]"), &["8"]),
    (STATIC, "model.safetensors", Replaced("[320,8]", "[999,9]"), &["model.safetensors"]),
    (STATIC, "model.safetensors", Bytes(&[255; 64]), &["model.safetensors"]),
    // Tokenizers of other models.
    (TRANSFORMER, "tokenizer.json", Json("/model/vocab/world", "5000"), &["model ", "tokenizer"]),
    (STATIC, "tokenizer.json", Json("/model/vocab/world", "5000"), &["5000", "tokenizer"]),
    (SPLADE, "tokenizer.json", Json("/model/vocab/world", "5000"), &["model ", "tokenizer"]),
    (BM42, "tokenizer.json", Of(UNIGRAM, "tokenizer.json"), &["tokenizer.json", "word pieces"]),
    (MINICOIL, "tokenizer.json", Json("/model/vocab/world", "5000"), &["model ", "tokenizer"]),
    (RERANK, "tokenizer.json", Json("/model/vocab/hello", "5000"), &["model ", "tokenizer"]),
    (CAUSAL, "tokenizer.json", Of(TRANSFORMER, "tokenizer.json"), &["token"]),
];

/// What may be done to files without any harm.
const HARMLESS: &[(Subject, &str, Damage)] = &[
    (TRANSFORMER, "special_tokens_map.json", Missing),
    (TRANSFORMER, "config.json", Missing),
    (TRANSFORMER, "config.json", Text("{\"pad_token_id\": null}")),
    (TRANSFORMER, "README.md", Garbage),
    // The number in config.json goes before the token.
    (TRANSFORMER, "tokenizer_config.json", Json("/pad_token", "\"[NOWHERE]\"")),
    // Outputs and single inputs count by their place.
    (HYBRID, "model.onnx", Replaced("sparse_vecs", "sparse_vex!")),
    (IMAGE, "model.onnx", Replaced("pixel_values", "pixel_valuez")),
    (COLBERT, "config.json", Missing),
    (RERANK, "config.json", Missing),
    (HYBRID, "config.json", Missing),
    (SPLADE, "config.json", Missing),
];

pub(crate) fn cases() -> Vec<Case> {
    let lost = NEEDED.iter().flat_map(|(subject, file, parts)| LOST.map(|damage| (*subject, *file, damage, *parts)));
    let wrong = lost.chain(WRONG.iter().copied()).map(|(subject, file, damage, parts)| {
        let trial = Trial::of(subject, Expected::Error(parts));
        Trial { damage: vec![(file, damage)], ..trial }.case(format!("{file} is {damage:?}"))
    });
    let harmless = HARMLESS.iter().map(|(subject, file, damage)| {
        let trial = Trial::of(*subject, Expected::Same);
        Trial { damage: vec![(*file, *damage)], ..trial }.case(format!("{file} is {damage:?}, without harm"))
    });
    wrong.chain(harmless).collect()
}
