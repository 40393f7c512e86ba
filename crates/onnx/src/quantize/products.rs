//! Products of activations with constant matrices, in integers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rayon::prelude::*;

use super::graph::Graph;
use super::names::{Names, Quantized};
use super::nodes::{self, Node};
use super::tensors;
use crate::Result;
use crate::data_type::DataType;
use crate::error::FileError;
use crate::wire::{Message, NotUnderstood};

/// The largest magnitude of a weight in 8 bits: the range is the same on both sides of zero.
const LARGEST: f32 = 127.0;

/// Products that were rewritten.
#[derive(Default)]
pub(super) struct Products {
    /// By name and whether they are transposed.
    weights: BTreeMap<(String, bool), Quantized>,
    /// What activations became, by their names.
    activations: BTreeMap<String, Quantized>,
    count: usize,
}

impl Products {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Notes an activation that is there in 8 bits already.
    pub(super) fn know(&mut self, name: String, activation: Quantized) {
        self.activations.insert(name, activation);
    }

    /// Whether a constant was replaced.
    pub(super) fn has(&self, name: &str) -> bool {
        self.weights.keys().any(|(weight, _)| weight == name)
    }

    /// Writes the nodes that stand for a product; tells whether the node is one.
    pub(super) fn rewrite(
        &mut self,
        node: &Node<'_>,
        graph: &Graph<'_>,
        names: &mut Names,
        written: &mut Message,
    ) -> Result<bool, NotUnderstood> {
        if node.is("Gather") || !graph.is_rewritable(node) {
            return Ok(false);
        }
        let (&[activation, weight, ..], &[output]) = (node.inputs.as_slice(), node.outputs.as_slice()) else {
            return Ok(false);
        };
        let bias = node.inputs.get(2).filter(|bias| !bias.is_empty());
        let transposed = node.is("Gemm") && node.integer("transB", 0) != 0;
        let activation = self.activation(activation, names, written)?;
        let weight = self.weights.entry((weight.to_owned(), transposed)).or_insert_with(|| names.quantized(weight));
        let [integers, floats, scales] =
            ["quantized_product", "unscaled", "scales"].map(|suffix| names.derive(output, suffix));
        let product = bias.map_or_else(|| output.to_owned(), |_| names.derive(output, "product"));
        let factors = [&activation.values, &weight.values, &activation.zero, &weight.zero].map(String::as_str);
        nodes::write("MatMulInteger", &factors, &[&integers], None, names, written)?;
        nodes::write("Cast", &[&integers], &[&floats], Some(DataType::F32.facts().0), names, written)?;
        nodes::write("Mul", &[&activation.scale, &weight.scale], &[&scales], None, names, written)?;
        nodes::write("Mul", &[&floats, &scales], &[&product], None, names, written)?;
        if let Some(bias) = bias {
            nodes::write("Add", &[&product, bias], &[output], None, names, written)?;
        }
        self.count += 1;
        Ok(true)
    }

    /// An activation in 8 bits, once for all products that take it.
    fn activation(&mut self, name: &str, names: &mut Names, written: &mut Message) -> Result<Quantized, NotUnderstood> {
        if let Some(known) = self.activations.get(name) {
            return Ok(known.clone());
        }
        let activation = names.quantized(name);
        let Quantized { values, scale, zero } = &activation;
        nodes::write("DynamicQuantizeLinear", &[name], &[values, scale, zero], None, names, written)?;
        self.activations.insert(name.to_owned(), activation.clone());
        Ok(activation)
    }

    /// Writes the weights.
    pub(super) fn write<'f>(
        &self,
        graph: &Graph<'f>,
        file: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
        written: &mut Message,
    ) -> Result<()> {
        for ((name, transposed), weight) in &self.weights {
            let tensor = &graph.constants[name.as_str()];
            let (rows, columns) = tensor.matrix().unwrap_or_default();
            let values = tensor.values(graph.model, file)?;
            let (values, inputs, outputs) = match transposed {
                true => (transpose(&values, rows, columns), columns, rows),
                false => (values, rows, columns),
            };
            let scales = scales(&values, outputs);
            let quantized = quantized(&values, &scales);
            let bytes: Vec<u8> = scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
            tensors::write(&weight.values, DataType::I8, &[inputs, outputs], &quantized, written)?;
            tensors::write(&weight.scale, DataType::F32, &[outputs], &bytes, written)?;
            tensors::write(&weight.zero, DataType::I8, &[outputs], &vec![0; outputs], written)?;
        }
        Ok(())
    }
}

/// `[rows, columns]` to `[columns, rows]`.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

/// What a step of each column's weights is worth: `max|w| / 127`, and 1 for a column of zeros.
fn scales(values: &[f32], columns: usize) -> Vec<f32> {
    let mut largest = vec![0.0f32; columns];
    for row in values.chunks_exact(columns) {
        largest.iter_mut().zip(row).for_each(|(largest, value)| *largest = largest.max(value.abs()));
    }
    let scale = |largest: f32| {
        let scale = largest / LARGEST;
        if scale < f32::MIN_POSITIVE { 1.0 } else { scale }
    };
    largest.into_iter().map(scale).collect()
}

/// Weights in steps of their column, to the nearest, of two as near the even one; the bytes of signed integers.
fn quantized(values: &[f32], scales: &[f32]) -> Vec<u8> {
    let row = |row: &[f32]| -> Vec<u8> {
        let step = |(value, scale): (&f32, &f32)| {
            let steps = (value / scale).round_ties_even().clamp(-LARGEST, LARGEST);
            (steps as i8).cast_unsigned()
        };
        row.iter().zip(scales).map(step).collect()
    };
    values.par_chunks_exact(scales.len()).flat_map_iter(row).collect()
}
