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
use std::collections::BTreeSet;

use graph::Graph;
use names::Names;
use products::Products;
use tables::Tables;

use crate::error::FileError;
use crate::structure::{GRAPH_INITIALIZER, MODEL_GRAPH};
use crate::wire::{Message, NotUnderstood, Range, Value, fields};
use crate::{Error, Result, external_files, inline_external_data};

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
    /// The files that the graph's values lay in beside it, by the names that it had for them.
    pub files: Vec<String>,
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
    let mut counts = None;
    for field in fields(model, whole) {
        let field = field?;
        if let (MODEL_GRAPH, Value::Bytes(range)) = (field.number, &field.value) {
            if counts.is_some() {
                return Err(NotUnderstood("its main graph in several parts").into());
            }
            let (graph, products, tables) = rewrite(model, *range, &file)?;
            counts = Some((products, tables));
            written.field(MODEL_GRAPH, &graph)?;
        } else {
            written.copy(&field, model)?;
        }
    }
    let Some((products, tables)) = counts.filter(|counts| *counts != (0, 0)) else {
        return Err(Error::NothingToQuantize);
    };
    let bytes = written.bytes();
    let inlined = match inline_external_data(&bytes, file)? {
        Cow::Owned(inlined) => Some(inlined),
        Cow::Borrowed(_) => None,
    };
    Ok(Quantized { bytes: inlined.unwrap_or(bytes), products, tables, files: files_of(model)? })
}

/// The files that a graph names, each once.
fn files_of(model: &[u8]) -> Result<Vec<String>> {
    let mut files = BTreeSet::new();
    external_files(model, |name| files.extend([name]))?;
    Ok(files.into_iter().map(str::to_owned).collect())
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
    let mut names = Names::taken(graph.names.iter().copied(), graph.nodes.iter().map(|node| node.name));
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
                    written.copy(&field, model)?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end with a panic")]

    use std::collections::HashSet;

    use super::*;

    type Node<'n> = (&'n str, [&'n str; 2], &'n str, &'n str);

    fn message(write: impl FnOnce(&mut Message) -> Result<(), NotUnderstood>) -> Vec<u8> {
        let mut message = Message::default();
        write(&mut message).unwrap();
        message.bytes()
    }

    /// A matrix of 2 rows and 3 columns, whose values are in these fields.
    fn matrix(name: &str, values: &[u8]) -> Vec<u8> {
        let shape = message(|tensor| {
            [2, 3].iter().try_for_each(|side| tensor.number(1, *side))?;
            tensor.number(2, 1)?;
            tensor.field(8, name.as_bytes())
        });
        [&shape, values].concat()
    }

    /// Values from this one on, as `raw_data`.
    fn raw(first: u8) -> Vec<u8> {
        message(|tensor| tensor.field(9, &floats(first)))
    }

    fn floats(first: u8) -> Vec<u8> {
        (first..first + 6).flat_map(|value| f32::from(value).to_le_bytes()).collect()
    }

    /// Nodes by operator, inputs, output and name.
    fn model(nodes: &[Node<'_>], tensors: &[Vec<u8>]) -> Vec<u8> {
        let graph = message(|graph| {
            for (operator, inputs, output, name) in nodes {
                let node = message(|node| {
                    inputs.iter().filter(|input| !input.is_empty()).try_for_each(|i| node.field(1, i.as_bytes()))?;
                    [(2, output), (3, name), (4, operator)]
                        .iter()
                        .try_for_each(|(n, text)| node.field(*n, text.as_bytes()))
                });
                graph.field(GRAPH_NODE, &node)?;
            }
            tensors.iter().try_for_each(|tensor| graph.field(GRAPH_INITIALIZER, tensor))
        });
        message(|model| model.field(MODEL_GRAPH, &graph))
    }

    fn quantized(model: &[u8]) -> Result<Vec<u8>> {
        quantize(model, |name| Err(format!("{name} is not there").into())).map(|quantized| quantized.bytes)
    }

    #[test]
    fn no_two_nodes_and_no_two_values_have_one_name() {
        let long = "o_quantized_product";
        for names in [["", "", ""], ["h", "o", "x"], ["n", "n2", "o"], ["n", "n2", long], ["o_", "h", "o"]] {
            let nodes = [
                ("Gather", ["table", "rows"], "h", names[0]),
                ("MatMul", ["h", "weight"], "o", names[1]),
                ("Tanh", ["o", ""], "t", names[2]),
            ];
            let bytes = quantized(&model(&nodes, &[matrix("table", &raw(1)), matrix("weight", &raw(2))])).unwrap();
            let graph = fields(&bytes, Range { start: 0, end: bytes.len() }).next().unwrap().unwrap();
            let Value::Bytes(range) = graph.value else { unreachable!("a graph") };
            let written = Graph::read(&bytes, range).unwrap().nodes;
            let unnamed = written.iter().filter(|node| node.name.is_empty()).count();
            let named: HashSet<&str> = written.iter().map(|node| node.name).filter(|name| !name.is_empty()).collect();
            assert_eq!(named.len() + unnamed, written.len(), "{names:?}: {written:?}");
            let outputs: HashSet<&str> = written.iter().flat_map(|node| node.outputs.clone()).collect();
            assert_eq!(outputs.len(), written.iter().map(|node| node.outputs.len()).sum::<usize>(), "{names:?}");
        }
    }

    #[test]
    fn values_count_however_they_are_packed() {
        let nodes = [("MatMul", ["h", "weight"], "o", "")];
        let of = |values: &[u8]| quantized(&model(&nodes, &[matrix("weight", values)])).unwrap();
        let expected = of(&raw(1));
        for run in [1, 2, 6] {
            let runs = floats(1);
            let packed = message(|tensor| runs.chunks(4 * run).try_for_each(|run| tensor.field(4, run)));
            assert_eq!(of(&packed), expected, "{run}");
        }
        const FLOAT: u8 = (4 << 3) | 5;
        let alone: Vec<u8> = floats(1).chunks(4).flat_map(|value| [&[FLOAT], value].concat()).collect();
        assert_eq!(of(&alone), expected);
    }

    #[test]
    fn of_two_weights_of_one_name_the_first_counts() {
        let nodes = [("MatMul", ["h", "weight"], "o", "")];
        let [first, second] = [1, 2].map(|value| matrix("weight", &raw(value)));
        let both = quantized(&model(&nodes, &[first.clone(), second])).unwrap();
        assert_eq!(both, quantized(&model(&nodes, &[first])).unwrap());
    }

    #[test]
    fn a_main_graph_in_parts_is_refused() {
        let model = model(&[("MatMul", ["h", "weight"], "o", "")], &[matrix("weight", &raw(1))]);
        assert!(quantized(&model).is_ok() && quantized(&model.repeat(2)).is_err());
    }
}
