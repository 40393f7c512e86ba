//! Tables that rows are gathered from, in 8 bits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::graph::Graph;
use super::names::{Names, Quantized};
use super::nodes::{self, Node};
use super::tensors;
use crate::Result;
use crate::data_type::DataType;
use crate::error::FileError;
use crate::wire::{Message, NotUnderstood};

/// Tables that were rewritten, by their names.
#[derive(Default)]
pub(super) struct Tables {
    tables: BTreeMap<String, Quantized>,
}

impl Tables {
    pub(super) fn count(&self) -> usize {
        self.tables.len()
    }

    /// Whether a constant was replaced.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    /// Writes the nodes that stand for gathering from a table; gives the rows in 8 bits, if the node does so.
    pub(super) fn rewrite(
        &mut self,
        node: &Node<'_>,
        graph: &Graph<'_>,
        names: &mut Names,
        written: &mut Message,
    ) -> Result<Option<(String, Quantized)>, NotUnderstood> {
        if !node.is("Gather") || !graph.is_rewritable(node) {
            return Ok(None);
        }
        let (&[table, rows], &[output]) = (node.inputs.as_slice(), node.outputs.as_slice()) else { return Ok(None) };
        let table = self.tables.entry(table.to_owned()).or_insert_with(|| names.quantized(table));
        let gathered = names.derive(output, "quantized");
        node.write_with(graph.model, &[&table.values, rows], &[&gathered], written)?;
        nodes::write("DequantizeLinear", &[&gathered, &table.scale, &table.zero], &[output], None, names, written)?;
        let rows = Quantized { values: gathered, ..table.clone() };
        Ok(Some((output.to_owned(), rows)))
    }

    /// Writes the tables.
    pub(super) fn write<'f>(
        &self,
        graph: &Graph<'f>,
        file: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
        written: &mut Message,
    ) -> Result<()> {
        for (name, table) in &self.tables {
            let tensor = &graph.constants[name.as_str()];
            let (rows, columns) = tensor.matrix().unwrap_or_default();
            let values = tensor.values(graph.model, file)?;
            let (scale, zero) = scale_and_zero(&values);
            let step = |value: &f32| ((value / scale).round_ties_even() + zero).clamp(0.0, 255.0) as u8;
            let quantized: Vec<u8> = values.iter().map(step).collect();
            tensors::write(&table.values, DataType::U8, &[rows, columns], &quantized, written)?;
            tensors::write(&table.scale, DataType::F32, &[], &scale.to_le_bytes(), written)?;
            tensors::write(&table.zero, DataType::U8, &[], &[zero as u8], written)?;
        }
        Ok(())
    }
}

/// What a step is worth, and the step that stands for zero: the range, which holds zero, in 255 steps.
fn scale_and_zero(values: &[f32]) -> (f32, f32) {
    let (least, most) =
        values.iter().fold((0.0f32, 0.0f32), |(least, most), value| (least.min(*value), most.max(*value)));
    let scale = (f64::from(most) - f64::from(least)) / 255.0;
    if scale < f64::from(f32::MIN_POSITIVE) {
        return (1.0, 0.0);
    }
    (scale as f32, (-f64::from(least) / scale).round_ties_even() as f32)
}
