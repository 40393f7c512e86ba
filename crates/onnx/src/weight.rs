//! An initializer whose values can be shared.

use crate::data_type::DataType;
use crate::header::{DATA_LOCATION, EXTERNAL, EXTERNAL_DATA, Header};
use crate::wire::{Message, NotUnderstood, Range};

/// Tensors of fewer bytes stay in the structure: the runtime reads their values when it
/// rewrites the graph, and nothing is gained by sharing them.
const SMALLEST_WEIGHT: usize = 1024;
/// The most bytes of a type that is not known here that become a part of the structure.
const MOST_INLINED: usize = 1 << 20;

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

impl Weight {
    /// What a `TensorProto` says; none when it is small or stored in another way than as bytes of a type that is known.
    pub(crate) fn read(file: &[u8], tensor: Range) -> Result<Option<Self>, NotUnderstood> {
        let header = Header::read(file, tensor)?;
        let (Some(data_type), Some(bytes)) = (header.data_type, header.bytes()) else {
            // Inlined it would be in memory twice, where the runtime by itself maps it.
            return match header.place()? {
                Some(place) if place.bytes > MOST_INLINED => Err(NotUnderstood("external data of an unknown type")),
                _ => Ok(None),
            };
        };
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
