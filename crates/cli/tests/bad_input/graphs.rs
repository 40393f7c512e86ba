//! Graphs that are another model's, that give what the row does not promise, and weights that are no numbers.

use std::path::PathBuf;

use crate::case::{Case, Expected, Trial};
use crate::common::subject::*;
use crate::damage::Damage::{self, Floats, Graph, Of, Replaced};

/// Where the graphs of `tests/fixtures/generate/damaged.py` are.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bad_input/graphs")
}

/// Every graph of the folder, and what an error about it says whatever the family.
const WRONG: &[(&str, &[&str])] = &[
    ("integers.onnx", &["model ", "output \"out\"", "not floats"]),
    ("strings.onnx", &["model ", "output \"out\"", "not floats"]),
    ("sequence.onnx", &["model ", "output \"out\"", "not floats"]),
    ("scalar.onnx", &["model ", "output \"out\"", "shape []"]),
    ("no_rows.onnx", &["model ", "output \"out\"", "shape [0, "]),
    ("no_columns.onnx", &["model ", "output \"out\""]),
    ("no_tokens.onnx", &["model ", "output \"out\""]),
    ("five_axes.onnx", &["model ", "output \"out\"", "shape [1, 1, 1, "]),
    ("not_a_number.onnx", &["model ", "output \"out\""]),
    ("infinite.onnx", &["model ", "output \"out\""]),
    ("wants_more.onnx", &["model ", "wants the input \"another_input\""]),
    ("wants_text.onnx", &["model ", "input"]),
];

/// The models that take any output by its place, and their graph's file.
const TAKERS: &[(Subject, &str)] = &[
    (TRANSFORMER, "model.onnx"),
    (SPLADE, "model.onnx"),
    (MINICOIL, "onnx/model.onnx"),
    (COLBERT, "model.onnx"),
    (RERANK, "onnx/model.onnx"),
    (CAUSAL, "model.onnx"),
];

/// Model, its graph, what is done to it, and what the error says.
const DAMAGED: &[(Subject, &str, Damage, &[&str])] = &[
    // Graphs of other families, which give other shapes.
    (TRANSFORMER, "model.onnx", Of(RERANK, "onnx/model.onnx"), &["output \"logits\"", "of 1 values", "16"]),
    (TRANSFORMER, "model.onnx", Of(IMAGE, "model.onnx"), &["wants the input \"pixel_values\""]),
    (SPLADE, "model.onnx", Of(TRANSFORMER, "model.onnx"), &["output \"last_hidden_state\"", "16", "320"]),
    (SPLADE, "model.onnx", Of(RERANK, "onnx/model.onnx"), &["output \"logits\"", "shape"]),
    (IF_SPLADE, "model.onnx", Of(RERANK, "onnx/model.onnx"), &["output \"logits\"", "shape"]),
    (BM42, "model.onnx", Of(TRANSFORMER, "model.onnx"), &["no output \"attention_6\"", "last_hidden_state"]),
    (MINICOIL, "onnx/model.onnx", Of(RERANK, "onnx/model.onnx"), &["output \"logits\"", "shape"]),
    (COLBERT, "model.onnx", Of(RERANK, "onnx/model.onnx"), &["output \"logits\"", "shape"]),
    (COLPALI, "model.onnx", Of(TRANSFORMER, "model.onnx"), &["model ", "no input \"pixel_values\""]),
    (COLQWEN, "model.onnx", Of(TRANSFORMER, "model.onnx"), &["model ", "no input \"pixel_values\""]),
    (RERANK, "onnx/model.onnx", Of(TRANSFORMER, "model.onnx"), &["output \"last_hidden_state\"", "shape"]),
    (CAUSAL, "model.onnx", Of(TRANSFORMER, "model.onnx"), &["model ", "tokenizer another model's"]),
    (HYBRID, "model.onnx", Of(TRANSFORMER, "model.onnx"), &["no output 1", "last_hidden_state"]),
    (IMAGE, "model.onnx", Of(TRANSFORMER, "model.onnx"), &["wants the input \"attention_mask\""]),
    (TRANSFORMER, "model.onnx", Graph("not_a_number.onnx"), &["output \"out\"", "not finite"]),
    (TRANSFORMER, "model.onnx", Graph("infinite.onnx"), &["output \"out\"", "not finite"]),
    // Other names.
    (TRANSFORMER, "model.onnx", Replaced("input_ids", "input_idx"), &["wants the input \"input_idx\"", "input_ids"]),
    (BM42, "model.onnx", Replaced("attention_6", "attention_9"), &["no output \"attention_6\"", "attention_9"]),
    (COLPALI, "model.onnx", Replaced("pixel_values", "pixel_valuez"), &["no input \"pixel_values\"", "pixel_valuez"]),
    // An operator that no runtime has.
    (
        TRANSFORMER,
        "model.onnx",
        Replaced("LayerNormalization", "LayerNormalisation"),
        &["model.onnx", "LayerNormalisation"],
    ),
    // Weights that are no numbers.
    (TRANSFORMER, "model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (UNIGRAM, "model_optimized.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (BYTE_LEVEL, "onnx/model_quantized.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (SPLADE, "model.onnx", Floats(f32::NAN), &["model ", "output ", "NaN"]),
    (IF_SPLADE, "model.onnx", Floats(f32::NAN), &["model ", "output ", "NaN"]),
    (BM42, "model.onnx", Floats(f32::NAN), &["model ", "output ", "NaN"]),
    (MINICOIL, "onnx/model.onnx", Floats(f32::NAN), &["model ", "output ", "NaN"]),
    (COLBERT, "model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (PYLATE, "onnx/model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (COLPALI, "model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (COLQWEN, "model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (IMAGE, "model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (RERANK, "onnx/model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (CAUSAL, "model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (HYBRID, "model.onnx", Floats(f32::NAN), &["model ", "not finite"]),
    (TRANSFORMER, "model.onnx", Floats(f32::INFINITY), &["model ", "not finite"]),
    (SPLADE, "model.onnx", Floats(f32::INFINITY), &["model ", "output ", "NaN"]),
    (COLBERT, "model.onnx", Floats(f32::NEG_INFINITY), &["model ", "not finite"]),
    (IMAGE, "model.onnx", Floats(f32::INFINITY), &["model ", "not finite"]),
    (RERANK, "onnx/model.onnx", Floats(f32::INFINITY), &["model ", "not finite"]),
    (HYBRID, "model.onnx", Floats(f32::INFINITY), &["model ", "not finite"]),
];

pub(crate) fn cases() -> Vec<Case> {
    let wrong = TAKERS
        .iter()
        .flat_map(|(subject, file)| WRONG.iter().map(|(graph, parts)| (*subject, *file, Graph(graph), *parts)));
    let damaged = DAMAGED.iter().copied();
    wrong
        .chain(damaged)
        .map(|(subject, file, damage, parts)| {
            Trial { damage: vec![(file, damage)], ..Trial::of(subject, Expected::Error(parts)) }
                .case(format!("{file} is {damage:?}"))
        })
        .collect()
}

/// The graph with every single 32-bit float among its constants set to this one: the scales of its
/// weights, as the fixtures' graphs have them.
///
/// Field numbers are those of onnx.proto: a model's graph is 7, a graph's initialisers are 5, their raw
/// data 9.
pub(crate) fn fill_floats(model: &[u8], value: f32) -> Vec<u8> {
    let mut filled = model.to_vec();
    let mut count = 0;
    for graph in fields(model, 0..model.len()).filter(|field| field.0 == 7) {
        for tensor in fields(model, graph.1).filter(|field| field.0 == 5) {
            let is_float = fields(model, tensor.1.clone()).any(|field| field.0 == 2 && model[field.1.start] == 1);
            for data in fields(model, tensor.1).filter(|field| field.0 == 9 && field.1.len() == 4 && is_float) {
                filled[data.1].copy_from_slice(&value.to_le_bytes());
                count += 1;
            }
        }
    }
    assert!(count > 0, "the graph has no single floats");
    filled
}

/// The fields of a Protocol Buffers message: number, and where the value's bytes are.
fn fields(bytes: &[u8], message: std::ops::Range<usize>) -> impl Iterator<Item = (u64, std::ops::Range<usize>)> + '_ {
    let mut at = message.start;
    std::iter::from_fn(move || {
        if at >= message.end {
            return None;
        }
        let key = varint(bytes, &mut at);
        let start = at;
        let value = match key & 7 {
            0 => {
                varint(bytes, &mut at);
                start..at
            }
            1 => start..start + 8,
            2 => {
                let length = varint(bytes, &mut at) as usize;
                at..at + length
            }
            5 => start..start + 4,
            other => unreachable!("wire type {other}"),
        };
        at = value.end;
        Some((key >> 3, value))
    })
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}
