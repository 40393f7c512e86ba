//! Options that are zero, negative, too large, or contradict the model or each other.

use embedkit::session::Provider;
use embedkit::{Activation, ModelDescription, OutputSelector, Pooling};

use crate::case::{Case, Expected, Trial};
use crate::common::setting::Setting::{
    self, BatchAttention, BatchSize, BatchTokens, Device, Dim, Integer, MaxLength, Number, Prefer, Require, Sessions,
    Task, Text, Threads,
};
use crate::common::subject::*;

/// Model, options, and what the error says.
const REFUSED: &[(Subject, &[Setting], &[&str])] = &[
    (TRANSFORMER, &[Dim(0)], &["option `dim`", "16"]),
    (TRANSFORMER, &[Dim(8)], &["option `dim`", "16"]),
    (TRANSFORMER, &[Dim(17)], &["option `dim`", "16"]),
    (TRANSFORMER, &[Dim(usize::MAX)], &["option `dim`", "16"]),
    (STATIC, &[Dim(0)], &["option `dim`", "8"]),
    (STATIC, &[Dim(9)], &["option `dim`", "8"]),
    (HYBRID, &[Dim(3)], &["option `dim`", "no use"]),
    (IMAGE, &[Dim(3)], &["option `dim`", "16"]),
    (SPLADE, &[Dim(3)], &["option `dim`"]),
    (BM25, &[Dim(3)], &["option `dim`"]),
    (RERANK, &[Dim(1)], &["option `dim`"]),
    (TRANSFORMER, &[MaxLength(0)], &["option `max_length`", "room"]),
    (TRANSFORMER, &[MaxLength(1)], &["option `max_length`", "room"]),
    (TRANSFORMER, &[MaxLength(2)], &["option `max_length`", "room"]),
    (STATIC, &[MaxLength(0)], &["option `max_length`"]),
    (SPLADE, &[MaxLength(1)], &["option `max_length`", "room"]),
    (COLBERT, &[MaxLength(1)], &["option `max_length`", "room"]),
    (RERANK, &[MaxLength(3)], &["option `max_length`", "room"]),
    (CAUSAL, &[MaxLength(1)], &["max_length"]),
    (HYBRID, &[MaxLength(0)], &["option `max_length`", "room"]),
    (COLPALI, &[MaxLength(0)], &["option `max_length`", "room"]),
    (TRANSFORMER, &[BatchSize(0)], &["option `batch_size`", "at least 1"]),
    (BM25, &[BatchSize(0)], &["option `batch_size`", "at least 1"]),
    (IMAGE, &[BatchSize(0)], &["option `batch_size`", "at least 1"]),
    (RERANK, &[BatchSize(0)], &["option `batch_size`", "at least 1"]),
    (TRANSFORMER, &[BatchTokens(0)], &["option `batch_tokens`", "at least 1"]),
    (COLBERT, &[BatchAttention(0)], &["option `batch_attention`", "at least 1"]),
    (TRANSFORMER, &[Threads(0)], &["option `threads`", "at least 1"]),
    (BM25, &[Threads(0)], &["option `threads`", "at least 1"]),
    (STATIC, &[Threads(0)], &["option `threads`", "at least 1"]),
    (HYBRID, &[Threads(0)], &["option `threads`", "at least 1"]),
    (TRANSFORMER, &[Threads(usize::MAX)], &["option `threads`"]),
    (BM25, &[Threads(usize::MAX)], &["option `threads`"]),
    (TRANSFORMER, &[Sessions(0)], &["option `sessions`", "at least 1"]),
    (BM25, &[Sessions(0)], &["option `sessions`", "at least 1"]),
    (COLPALI, &[Sessions(0)], &["option `sessions`", "at least 1"]),
    (TRANSFORMER, &[Sessions(usize::MAX)], &["option `sessions`"]),
    (SIGLIP, &[MaxLength(usize::MAX)], &["max_length"]),
    (TRANSFORMER, &[Require(Provider::Cuda)], &["option `providers`", "cuda"]),
    (SPLADE, &[Require(Provider::CoreMl)], &["option `providers`", "coreml"]),
    (IMAGE, &[Require(Provider::DirectMl)], &["option `providers`", "directml"]),
    (TRANSFORMER, &[Task("no-such-task")], &["option `task`", "no-such-task"]),
    (EXTERNAL, &[Task("no-such-task")], &["option `task`", "no-such-task", "classification"]),
    (EXTERNAL, &[Task("")], &["option `task`", "classification"]),
    (STATIC, &[Task("x")], &["option `task`", "\"x\""]),
    (BM25, &[Task("x")], &["option `task`", "\"x\""]),
    (SPLADE, &[Task("x")], &["option `task`", "\"x\""]),
    (MINICOIL, &[Task("x")], &["option `task`", "\"x\""]),
    (COLBERT, &[Task("x")], &["option `task`", "\"x\""]),
    (BM42, &[Task("x")], &["option `task`", "\"x\""]),
    (HYBRID, &[Task("x")], &["option `task`", "\"x\""]),
    (BM25, &[Number("k", -1.0)], &["option `k`", "-1"]),
    (BM25, &[Number("k", f64::NAN)], &["option `k`", "NaN"]),
    (BM25, &[Number("k", f64::INFINITY)], &["option `k`", "inf"]),
    (BM25, &[Number("b", 1.5)], &["option `b`", "1.5"]),
    (BM25, &[Number("b", -0.5)], &["option `b`", "-0.5"]),
    (BM25, &[Number("b", f64::NAN)], &["option `b`", "NaN"]),
    (BM25, &[Number("avg-len", 0.0)], &["option `avg-len`", "above 0"]),
    (BM25, &[Number("avg-len", f64::NAN)], &["option `avg-len`"]),
    (BM25, &[Number("avg-len", f64::NEG_INFINITY)], &["option `avg-len`"]),
    (BM25, &[Integer("token-max-length", -1)], &["token-max-length", "-1"]),
    (BM25, &[Text("language", "klingon")], &["klingon"]),
    (BM25, &[Text("language", "")], &["language"]),
    (BM25, &[Text("language", "../english")], &["../english"]),
    (BM25, &[Text("words", "telepathy")], &["telepathy"]),
    (BM25, &[Number("alpha", 1.0)], &["alpha"]),
    (MINICOIL, &[Number("k", -1.0)], &["option `k`", "-1"]),
    (MINICOIL, &[Number("b", 2.0)], &["option `b`", "2"]),
    (MINICOIL, &[Number("avg-len", f64::INFINITY)], &["option `avg-len`"]),
    (BM42, &[Number("alpha", f64::NAN)], &["alpha", "NaN"]),
    (BM42, &[Number("alpha", -1.0)], &["alpha", "-1"]),
    (BM42, &[Number("k", 1.0)], &["`k`"]),
    (SPLADE, &[Number("k", 1.0)], &["option `k`", "bm25 (sparse), minicoil (sparse)"]),
    (TRANSFORMER, &[Text("colour", "red")], &["colour"]),
    (COLBERT, &[Integer("mask-token-id", -1)], &["mask-token-id"]),
    (RERANK, &[Text("colour", "red")], &["option `colour`"]),
    (IMAGE, &[Text("colour", "red")], &["option `colour`"]),
    (CAUSAL, &[Text("template", "nothing to fill in")], &["template"]),
    (CAUSAL, &[Text("positive-token", "no such token")], &["no such token"]),
    (RERANK, &[Setting::Activation(Activation::Softmax)], &["softmax"]),
];

/// Options that are strange and do no harm: the same comes out.
const HARMLESS: &[(Subject, &[Setting])] = &[
    (TRANSFORMER, &[Dim(16)]),
    (TRANSFORMER, &[MaxLength(usize::MAX)]),
    (RERANK, &[MaxLength(usize::MAX)]),
    (COLBERT, &[MaxLength(1 << 40)]),
    (STATIC, &[MaxLength(usize::MAX)]),
    (TRANSFORMER, &[BatchSize(usize::MAX)]),
    (SPLADE, &[BatchTokens(1), BatchAttention(1)]),
    (HYBRID, &[BatchTokens(usize::MAX), BatchAttention(usize::MAX)]),
    (TRANSFORMER, &[Threads(64)]),
    (TRANSFORMER, &[Sessions(5), Threads(1)]),
    (TRANSFORMER, &[Prefer(Provider::Cuda)]),
    (TRANSFORMER, &[Prefer(Provider::Cuda), Device(-1)]),
    (TRANSFORMER, &[Prefer(Provider::Cuda), Device(999)]),
    (RERANK, &[Setting::Activation(Activation::None)]),
];

/// Options whose result is another one, and finite.
const FINITE: &[(Subject, &[Setting], usize)] = &[
    (BM25, &[Number("k", 0.0), Number("b", 0.0)], 4),
    (BM25, &[Number("k", 1e300), Number("b", 1.0), Number("avg-len", 1e-300)], 4),
    (BM25, &[Integer("token-max-length", 0)], 0),
    (BM42, &[Number("alpha", 0.0)], 2),
    (TRANSFORMER, &[MaxLength(4)], 16),
    (RERANK, &[Setting::Activation(Activation::Sigmoid)], 1),
];

/// How a row may be wrong.
type Wrong = fn(&mut ModelDescription);

/// Model, what is wrong with its row, and what the error says.
const ROWS: &[(Subject, Wrong, &[&str])] = &[
    (TRANSFORMER, |row| row.model_file = "other.onnx".into(), &["other.onnx is missing"]),
    (TRANSFORMER, |row| row.model_file = "tokenizer.json".into(), &["tokenizer.json"]),
    (TRANSFORMER, |row| row.model_file = "../../escape.onnx".into(), &["../../escape.onnx"]),
    (TRANSFORMER, |row| row.model_file = "/etc/hostname".into(), &["/etc/hostname"]),
    (TRANSFORMER, |row| row.model_file = String::new(), &["model-file"]),
    (TRANSFORMER, |row| row.dim = Some(17), &["17", "16"]),
    (TRANSFORMER, |row| row.dim = Some(0), &["dim"]),
    (TRANSFORMER, |row| row.matryoshka = vec![32], &["matryoshka"]),
    (TRANSFORMER, |row| row.matryoshka = vec![0], &["matryoshka"]),
    (TRANSFORMER, |row| row.output = Some(OutputSelector::Name("no-such".into())), &["no output \"no-such\""]),
    (TRANSFORMER, |row| row.output = Some(OutputSelector::Index(usize::MAX)), &["no output "]),
    (TRANSFORMER, |row| row.pooling = Pooling::None, &["output \"last_hidden_state\"", "shape"]),
    (TRANSFORMER, |row| row.architecture = "telepathy".into(), &["telepathy"]),
    (TRANSFORMER, |row| row.max_length = Some(0), &["max-length"]),
    (STATIC, |row| row.dim = Some(9), &["9", "8"]),
    (STATIC, |row| row.model_file = "tokenizer.json".into(), &["tokenizer.json"]),
    (SPLADE, |row| row.vocab_size = Some(7), &["7"]),
    (COLBERT, |row| row.dim = Some(99), &["99"]),
    (IMAGE, |row| row.dim = Some(99), &["99", "16"]),
    (IMAGE, |row| row.output = Some(OutputSelector::Name("no-such".into())), &["no output \"no-such\""]),
    (HYBRID, |row| row.dim = Some(99), &["99"]),
    (COLPALI, |row| row.dim = Some(99), &["99"]),
];

pub(crate) fn cases() -> Vec<Case> {
    let refused = REFUSED.iter().map(|(subject, settings, parts)| {
        let trial = Trial::of(*subject, Expected::Error(parts));
        Trial { settings: settings.to_vec(), ..trial }.case(format!("{settings:?}"))
    });
    let harmless = HARMLESS.iter().map(|(subject, settings)| {
        let trial = Trial::of(*subject, Expected::Same);
        Trial { settings: settings.to_vec(), ..trial }.case(format!("{settings:?}, without harm"))
    });
    let finite = FINITE.iter().map(|(subject, settings, least)| {
        let trial = Trial::of(*subject, Expected::Finite(*least));
        Trial { settings: settings.to_vec(), ..trial }.case(format!("{settings:?}, something else"))
    });
    let rows = ROWS.iter().enumerate().map(|(number, (subject, wrong, parts))| {
        Trial { row: *wrong, ..Trial::of(*subject, Expected::Error(parts)) }
            .case(format!("wrong row {number}, {parts:?}"))
    });
    refused.chain(harmless).chain(finite).chain(rows).collect()
}
