//! An initializer (`TensorProto`): its type, its shape, and where its values lie.

use crate::wire::{Message, NotUnderstood, Range, Value, fields, packed};

/// Tensors of fewer bytes stay in the structure: the runtime reads their values when it
/// rewrites the graph, and nothing is gained by sharing them.
const SMALLEST_WEIGHT: usize = 1024;

/// More dimensions, or more entries about external data, than any tensor has.
const LONGEST_LIST: usize = 64;

/// Where a `TensorProto` has the entries about external data.
pub(crate) const EXTERNAL_DATA: u64 = 13;

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
    /// Signed 32-bit integers.
    I32,
    /// Signed 64-bit integers.
    I64,
}

impl DataType {
    /// Each with its number in `TensorProto.DataType`, and the bytes of one value.
    const ALL: [(Self, u64, usize); 8] = [
        (Self::F32, 1, 4),
        (Self::U8, 2, 1),
        (Self::I8, 3, 1),
        (Self::I32, 6, 4),
        (Self::I64, 7, 8),
        (Self::F16, 10, 2),
        (Self::F64, 11, 8),
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
    /// What a `TensorProto` says; none when it is small or stored in another way than as raw bytes.
    pub(crate) fn read(file: &[u8], tensor: Range) -> Result<Option<Self>, NotUnderstood> {
        let (mut shape, mut data_type, mut name) = (Vec::new(), None, "");
        let (mut raw, mut external) = (None, Vec::new());
        for field in fields(file, tensor) {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Number(dimension)) => push(&mut shape, dimension as i64)?,
                (1, Value::Bytes(range)) => {
                    for dimension in packed(file, range) {
                        push(&mut shape, dimension? as i64)?;
                    }
                }
                (2, Value::Number(number)) => data_type = DataType::of(number),
                (8, Value::Bytes(range)) => name = range.text(file)?,
                (9, Value::Bytes(range)) => raw = Some(range),
                (EXTERNAL_DATA, Value::Bytes(range)) => push(&mut external, entry(file, range)?)?,
                _ => {}
            }
        }
        let size = data_type.and_then(|data_type| {
            let mut cells = shape.iter().map(|dimension| usize::try_from(*dimension).ok());
            cells.try_fold(data_type.facts().1, |bytes, dimension| bytes.checked_mul(dimension?))
        });
        let (Some(data_type), Some(bytes)) = (data_type, size) else {
            return if external.is_empty() { Ok(None) } else { Err(NotUnderstood("external data of an unknown type")) };
        };
        let is_shared = bytes >= SMALLEST_WEIGHT && !name.is_empty();
        let (place, offset) = match raw {
            Some(raw) if raw.end - raw.start == bytes && is_shared => (None, raw.start),
            None if !external.is_empty() => external_place(&external, bytes)?,
            _ => return Ok(None),
        };
        Ok(Some(Self { name: name.to_owned(), data_type, shape, file: place, offset, bytes }))
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
        // `data_location` EXTERNAL.
        tensor.number(14, 1)?;
        Ok(tensor.bytes())
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), NotUnderstood> {
    if list.len() == LONGEST_LIST {
        return Err(NotUnderstood("a tensor of more than 64 dimensions or entries"));
    }
    list.push(item);
    Ok(())
}

/// A `StringStringEntryProto`: key and value.
pub(crate) fn entry(file: &[u8], range: Range) -> Result<(&str, &str), NotUnderstood> {
    let (mut key, mut value) = ("", "");
    for field in fields(file, range) {
        let field = field?;
        match (field.number, field.value) {
            (1, Value::Bytes(range)) => key = range.text(file)?,
            (2, Value::Bytes(range)) => value = range.text(file)?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Where `TensorProto.external_data` says that so many bytes of values lie: file and offset.
fn external_place(entries: &[(&str, &str)], bytes: usize) -> Result<(Option<String>, usize), NotUnderstood> {
    let entry = |wanted: &str| entries.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
    let number = |wanted: &str, absent: usize| entry(wanted).map_or(Some(absent), |number| number.parse().ok());
    match (entry("location"), number("offset", 0), number("length", bytes)) {
        (Some(file), Some(offset), Some(length)) if length == bytes => Ok((Some(file.to_owned()), offset)),
        _ => Err(NotUnderstood("external data in a place that is not known here")),
    }
}
