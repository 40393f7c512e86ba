//! An initializer whose values can be shared, and the types that it can be of.

use crate::header::{DATA_LOCATION, EXTERNAL, EXTERNAL_DATA, Header};
use crate::wire::{Message, NotUnderstood, Range};

/// Tensors of fewer bytes stay in the structure: the runtime reads their values when it
/// rewrites the graph, and nothing is gained by sharing them.
const SMALLEST_WEIGHT: usize = 1024;

/// A weight and where its values lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The initializer's name.
    pub name: String,
    /// What its values are.
    pub data_type: DataType,
    /// The sides of the tensor.
    pub shape: Vec<i64>,
    /// The file that holds the values, relative to the graph's folder; none: the graph's own.
    pub file: Option<String>,
    /// Where in the file they begin.
    pub offset: usize,
    /// How many bytes they take.
    pub bytes: usize,
}

/// What the values of a weight are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// IEEE 16-bit floats.
    F16,
    /// 16-bit brain floats.
    Bf16,
    /// Unsigned 8-bit integers.
    U8,
    /// Signed 8-bit integers.
    I8,
    /// Unsigned 16-bit integers.
    U16,
    /// Signed 16-bit integers.
    I16,
    /// Unsigned 32-bit integers.
    U32,
    /// Signed 32-bit integers.
    I32,
    /// Unsigned 64-bit integers.
    U64,
    /// Signed 64-bit integers.
    I64,
    /// Truth values, a byte each.
    Bool,
}

impl DataType {
    /// Each with its number in `TensorProto.DataType`, and the bytes of one value.
    const ALL: [(Self, u64, usize); 13] = [
        (Self::F32, 1, 4),
        (Self::U8, 2, 1),
        (Self::I8, 3, 1),
        (Self::U16, 4, 2),
        (Self::I16, 5, 2),
        (Self::I32, 6, 4),
        (Self::I64, 7, 8),
        (Self::Bool, 9, 1),
        (Self::F16, 10, 2),
        (Self::F64, 11, 8),
        (Self::U32, 12, 4),
        (Self::U64, 13, 8),
        (Self::Bf16, 16, 2),
    ];

    pub(crate) fn of(number: u64) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == number).map(|(data_type, ..)| *data_type)
    }

    /// Its number, and the bytes of one value.
    pub(crate) fn facts(self) -> (u64, usize) {
        let known = Self::ALL.iter().find(|(data_type, ..)| *data_type == self);
        known.map_or((0, 0), |(_, number, bytes)| (*number, *bytes))
    }
}

impl Weight {
    /// What a `TensorProto` says; none when it is small or stored in another way than as bytes of a type that is known.
    pub(crate) fn read(file: &[u8], tensor: Range) -> Result<Option<Self>, NotUnderstood> {
        let header = Header::read(file, tensor)?;
        let (Some(data_type), Some(bytes)) = (header.data_type, header.bytes()) else { return Ok(None) };
        if bytes < SMALLEST_WEIGHT || header.name.is_empty() {
            return Ok(None);
        }
        let (file, offset) = match (header.place()?, header.raw) {
            (Some(place), _) => (Some(place.file.to_owned()), place.offset),
            (None, Some(raw)) if raw.end - raw.start == bytes => (None, raw.start),
            _ => return Ok(None),
        };
        let Header { name, shape, .. } = header;
        Ok(Some(Self { name: name.to_owned(), data_type, shape, file, offset, bytes }))
    }

    /// The weight as a `TensorProto` whose values are in the file that is named.
    pub(crate) fn declaration(&self, location: &str) -> Result<Vec<u8>, NotUnderstood> {
        let mut tensor = Message::default();
        for dimension in &self.shape {
            tensor.number(1, *dimension as u64)?;
        }
        tensor.number(2, self.data_type.facts().0)?;
        tensor.field(8, self.name.as_bytes())?;
        let (offset, length) = (self.offset.to_string(), self.bytes.to_string());
        for (key, value) in [("location", location), ("offset", &offset), ("length", &length)] {
            let mut entry = Message::default();
            entry.field(1, key.as_bytes())?;
            entry.field(2, value.as_bytes())?;
            tensor.field(EXTERNAL_DATA, &entry.bytes())?;
        }
        tensor.number(DATA_LOCATION, EXTERNAL)?;
        Ok(tensor.bytes())
    }
}
