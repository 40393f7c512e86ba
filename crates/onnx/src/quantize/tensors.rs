//! Constants (`TensorProto`), read and written.

use std::borrow::Cow;

use crate::data_type::DataType;
use crate::error::FileError;
use crate::header::Header;
use crate::wire::{Message, NotUnderstood, Range, Value, fields, packed};
use crate::{Error, Result};

const F32: u64 = 1;

/// A constant.
#[derive(Debug)]
pub(super) struct Tensor<'m> {
    pub(super) name: &'m str,
    shape: Vec<u64>,
    data_type: u64,
    /// `float_data`: the runs that it is packed in, or each value alone.
    floats: Vec<Range>,
    raw: Option<Range>,
    range: Range,
}

/// A tensor's name alone.
pub(super) fn name(model: &[u8], range: Range) -> Result<&str, NotUnderstood> {
    for field in fields(model, range) {
        let field = field?;
        if let (8, Value::Bytes(name)) = (field.number, field.value) {
            return name.text(model);
        }
    }
    Ok("")
}

impl<'m> Tensor<'m> {
    pub(super) fn read(model: &'m [u8], range: Range) -> Result<Self, NotUnderstood> {
        let mut tensor = Self { name: "", shape: Vec::new(), data_type: 0, floats: Vec::new(), raw: None, range };
        for field in fields(model, range) {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Number(side)) => tensor.shape.push(side),
                (1, Value::Bytes(sides)) => tensor.shape.extend(packed(model, sides).collect::<Result<Vec<_>, _>>()?),
                (2, Value::Number(number)) => tensor.data_type = number,
                (4, Value::Bytes(floats) | Value::Fixed(floats)) => tensor.floats.push(floats),
                (8, Value::Bytes(name)) => tensor.name = name.text(model)?,
                (9, Value::Bytes(raw)) => tensor.raw = Some(raw),
                _ => {}
            }
        }
        Ok(tensor)
    }

    /// Rows and columns of a matrix of 32-bit floats that holds something.
    pub(super) fn matrix(&self) -> Option<(usize, usize)> {
        let [rows, columns] = *self.shape else { return None };
        let (rows, columns) = (usize::try_from(rows).ok()?, usize::try_from(columns).ok()?);
        (self.data_type == F32 && rows.checked_mul(columns)? > 0).then_some((rows, columns))
    }

    /// Its values, row by row.
    pub(super) fn values<'f>(
        &self,
        model: &'f [u8],
        file: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
    ) -> Result<Vec<f32>> {
        let bytes = match (Header::read(model, self.range)?.place()?, self.raw) {
            (Some(place), _) => place.values(self.name, file)?,
            (None, Some(raw)) => Cow::Borrowed(raw.of(model)),
            (None, None) => Cow::Owned(self.floats.iter().flat_map(|floats| floats.of(model)).copied().collect()),
        };
        let (rows, columns) = self.matrix().unwrap_or_default();
        if bytes.len() != rows * columns * size_of::<f32>() {
            return Err(NotUnderstood("a weight with more or fewer values than its shape has").into());
        }
        let mut values = Vec::new();
        values.try_reserve_exact(rows * columns)?;
        values.extend(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        match values.iter().all(|value: &f32| value.is_finite()) {
            true => Ok(values),
            false => Err(Error::NotFinite(self.name.to_owned())),
        }
    }
}

/// Writes a constant into a graph.
pub(super) fn write(
    name: &str,
    data_type: DataType,
    shape: &[usize],
    bytes: &[u8],
    graph: &mut Message,
) -> Result<(), NotUnderstood> {
    let mut tensor = Message::default();
    for side in shape {
        tensor.number(1, *side as u64)?;
    }
    tensor.number(2, data_type.facts().0)?;
    tensor.field(8, name.as_bytes())?;
    tensor.field(9, bytes)?;
    graph.field(crate::structure::GRAPH_INITIALIZER, &tensor.bytes())
}
