//! 8-bit weights for a graph of 32-bit ones: dynamic quantisation.
//!
//! The products of activations with constant matrices (`MatMul`, and `Gemm` where it is such a product) are computed in
//! integers: weights are kept in 8 bits, each column by a scale of its own (`round(w / s)`, `s = max|w| / 127`), and
//! activations are brought to 8 bits when they are there (`DynamicQuantizeLinear`). Tables that rows are gathered from
//! (`Gather`) are kept in 8 bits by one scale and one zero point. All else, attention and layer norms among it, stays as
//! it is. Source: ONNX's operators, and the arithmetic of ONNX Runtime's own quantiser
//! (<https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html>).

mod graph;
mod names;
mod nodes;
mod products;
mod tables;
mod tensors;

use std::borrow::Cow;

use graph::Graph;
use names::Names;
use products::Products;
use tables::Tables;

use crate::structure::{GRAPH_INITIALIZER, MODEL_GRAPH};
use crate::wire::{Message, NotUnderstood, Range, Value, fields};
use crate::{Error, Result};

/// What a file that weights lie in may fail with.
type FileError = Box<dyn std::error::Error + Send + Sync>;

/// The oldest version of ONNX's operators that quantises activations while it runs.
const NEEDED_OPERATORS: u64 = 11;
const MODEL_OPERATORS: u64 = 8;
const GRAPH_NODE: u64 = 1;
const GRAPH_INPUT: u64 = 11;

/// A quantised graph.
#[derive(Debug)]
#[non_exhaustive]
pub struct Quantized {
    /// The ONNX file, with all values in it.
    pub bytes: Vec<u8>,
    /// How many products are computed in integers.
    pub products: usize,
    /// How many tables are kept in 8 bits.
    pub tables: usize,
}

/// Quantises a graph's weights. `file` gives the files that the graph says weights lie in, by the names that it has for
/// them.
///
/// # Errors
/// What is not understood in the graph; a graph without 32-bit weights, or of operators that are too old; a file of
/// weights that is absent or too short; weights that are not finite; a result over 2 GiB, which ONNX files cannot be.
pub fn quantize<'f>(model: &'f [u8], file: impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>) -> Result<Quantized> {
    let whole = Range { start: 0, end: model.len() };
    check_operators(model, whole)?;
    let mut written = Message::default();
    let mut counts = (0, 0);
    for field in fields(model, whole) {
        let field = field?;
        if let (MODEL_GRAPH, Value::Bytes(range)) = (field.number, &field.value) {
            let (graph, products, tables) = rewrite(model, *range, &file)?;
            counts = (products, tables);
            written.field(MODEL_GRAPH, &graph)?;
        } else {
            written.copy(&field, model)?;
        }
    }
    match counts {
        (0, 0) => Err(Error::NothingToQuantize),
        (products, tables) => Ok(Quantized { bytes: written.bytes(), products, tables }),
    }
}

fn check_operators(model: &[u8], whole: Range) -> Result<()> {
    for field in fields(model, whole) {
        let field = field?;
        if let (MODEL_OPERATORS, Value::Bytes(range)) = (field.number, field.value) {
            let (mut domain, mut version) = ("", 0);
            for field in fields(model, range) {
                let field = field?;
                match (field.number, field.value) {
                    (1, Value::Bytes(range)) => domain = range.text(model)?,
                    (2, Value::Number(number)) => version = number,
                    _ => {}
                }
            }
            if nodes::is_onnx(domain) && version < NEEDED_OPERATORS {
                return Err(Error::OldOperators { version, needed: NEEDED_OPERATORS });
            }
        }
    }
    Ok(())
}

/// A `GraphProto` with its weights in 8 bits, and the numbers of products and tables.
fn rewrite<'f>(
    model: &'f [u8],
    range: Range,
    file: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
) -> Result<(Vec<u8>, usize, usize)> {
    let graph = Graph::read(model, range)?;
    let mut names = Names::of(&graph);
    let mut products = Products::default();
    let mut tables = Tables::default();
    let mut nodes = Message::default();
    for node in &graph.nodes {
        if let Some((rows, activation)) = tables.rewrite(node, &graph, &mut names, &mut nodes)? {
            products.know(rows, activation);
        } else if !products.rewrite(node, &graph, &mut names, &mut nodes)? {
            node.write(model, &mut nodes)?;
        }
    }
    let (product_count, table_count) = (products.count(), tables.count());
    let replaced = |name: &str| products.has(name) || tables.has(name);
    let mut written = nodes;
    for field in fields(model, range) {
        let field = field?;
        match (field.number, &field.value) {
            (GRAPH_NODE, _) => {}
            (GRAPH_INITIALIZER, Value::Bytes(tensor)) => {
                let name = tensors::name(model, *tensor)?;
                if !replaced(name) || graph.needs_floats(name) {
                    tensors::write_whole(model, *tensor, file, &mut written)?;
                }
            }
            // Older graphs have their constants among their inputs.
            (GRAPH_INPUT, Value::Bytes(input)) if replaced(graph::value_name(model, *input)?) => {}
            _ => written.copy(&field, model)?,
        }
    }
    products.write(&graph, file, &mut written)?;
    tables.write(&graph, file, &mut written)?;
    Ok((written.bytes(), product_count, table_count))
}

impl From<std::collections::TryReserveError> for Error {
    fn from(_: std::collections::TryReserveError) -> Self {
        NotUnderstood("a weight that is larger than the memory there is").into()
    }
}
