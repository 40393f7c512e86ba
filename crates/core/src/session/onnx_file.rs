//! An ONNX file in two parts: the graph's structure, and where its weights lie.
//!
//! Field numbers are those of `onnx.proto` (ONNX IR 3 and later). Only initializers of the main
//! graph count as weights; all else stays where it is.

use std::path::{Component, Path};

/// Tensors below this many bytes stay in the structure: the runtime reads their values when it
/// rewrites the graph, and nothing is gained by sharing them.
const SMALLEST_WEIGHT: usize = 1024;

/// A file's structure and its weights' places.
#[derive(Debug)]
pub(super) struct OnnxFile {
    /// The file without its weights, each of which is declared as external data where it lies.
    pub(super) structure: Vec<u8>,
    pub(super) weights: Vec<Weight>,
}

/// A weight and where its values lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) name: String,
    pub(super) element: Element,
    pub(super) shape: Vec<i64>,
    /// The file beside the graph that holds the values; none: the graph's own.
    pub(super) file: Option<String>,
    pub(super) offset: usize,
    pub(super) bytes: usize,
}

/// Element types of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F32,
    F64,
    F16,
    Bf16,
    U8,
    I8,
    I32,
    I64,
}

impl Element {
    /// Each with its number in `TensorProto.DataType`, and the bytes of one.
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

    fn of(number: u64) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == number).map(|(element, ..)| *element)
    }

    /// Its number, and the bytes of one.
    fn facts(self) -> (u64, usize) {
        let known = Self::ALL.iter().find(|(element, ..)| *element == self);
        known.map_or((0, 0), |(_, number, bytes)| (*number, *bytes))
    }
}

const MODEL_GRAPH: u64 = 7;
const GRAPH_INITIALIZER: u64 = 5;

impl OnnxFile {
    /// Takes the structure out of a file's bytes, and touches no weight. `locate` says how the
    /// structure names the file in which a weight lies.
    ///
    /// # Errors
    /// What is not understood in it.
    pub(super) fn read(file: &[u8], locate: impl Fn(Option<&str>) -> String) -> Result<Self, NotUnderstood> {
        let whole = Range { start: 0, end: file.len() };
        let (mut structure, mut weights) = (Vec::new(), Vec::new());
        for field in fields(file, whole) {
            match field? {
                Field { number: MODEL_GRAPH, value: Value::Bytes(range), .. } => {
                    put_bytes(&mut structure, MODEL_GRAPH, &graph(file, range, &locate, &mut weights)?);
                }
                other => other.copy(file, &mut structure),
            }
        }
        Ok(Self { structure, weights })
    }
}

/// What is not an ONNX file, or holds weights in a way that is not known here.
pub(super) type NotUnderstood = &'static str;

/// A field of a message.
struct Field {
    number: u64,
    /// The wire's tag: number and kind.
    tag: u64,
    value: Value,
}

enum Value {
    Number(u64),
    /// A number of fixed width: the bytes of it.
    Fixed(Range),
    Bytes(Range),
}

/// A part of the file.
#[derive(Clone, Copy)]
struct Range {
    start: usize,
    end: usize,
}

impl Range {
    fn of(self, file: &[u8]) -> &[u8] {
        &file[self.start..self.end]
    }
}

impl Field {
    fn copy(&self, file: &[u8], out: &mut Vec<u8>) {
        put_varint(out, self.tag);
        match self.value {
            Value::Number(number) => put_varint(out, number),
            Value::Fixed(range) => out.extend_from_slice(range.of(file)),
            Value::Bytes(range) => {
                put_varint(out, (range.end - range.start) as u64);
                out.extend_from_slice(range.of(file));
            }
        }
    }
}

/// The fields of a message in the wire format of protocol buffers; nothing follows an error.
fn fields(file: &[u8], message: Range) -> impl Iterator<Item = Result<Field, NotUnderstood>> + '_ {
    let mut wire = Wire { file, position: message.start, end: message.end };
    std::iter::from_fn(move || {
        let field = (wire.position < wire.end).then(|| wire.field())?;
        if field.is_err() {
            wire.position = wire.end;
        }
        Some(field)
    })
}

/// A message that is being read.
struct Wire<'f> {
    file: &'f [u8],
    position: usize,
    end: usize,
}

impl Wire<'_> {
    fn field(&mut self) -> Result<Field, NotUnderstood> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Fixed(self.pass(8)?),
            2 => {
                let bytes = self.varint()?;
                Value::Bytes(self.pass(bytes)?)
            }
            5 => Value::Fixed(self.pass(4)?),
            _ => return Err("a field of an unknown kind"),
        };
        Ok(Field { number: tag >> 3, tag, value })
    }

    fn varint(&mut self) -> Result<u64, NotUnderstood> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.pass(1)?.of(self.file)[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number of more than 64 bits")
    }

    fn pass(&mut self, bytes: u64) -> Result<Range, NotUnderstood> {
        let start = self.position;
        let end = usize::try_from(bytes).ok().and_then(|bytes| start.checked_add(bytes));
        self.position = end.filter(|end| *end <= self.end).ok_or("a field that is longer than its message")?;
        Ok(Range { start, end: self.position })
    }
}

fn text(file: &[u8], range: Range) -> Result<&str, NotUnderstood> {
    std::str::from_utf8(range.of(file)).map_err(|_| "a name that is not UTF-8")
}

/// A `GraphProto` without its weights.
fn graph(
    file: &[u8],
    range: Range,
    locate: &impl Fn(Option<&str>) -> String,
    weights: &mut Vec<Weight>,
) -> Result<Vec<u8>, NotUnderstood> {
    let mut graph = Vec::new();
    for field in fields(file, range) {
        let field = field?;
        if let Field { number: GRAPH_INITIALIZER, value: Value::Bytes(range), .. } = field
            && let Some(weight) = weight(file, range)?
        {
            put_bytes(&mut graph, GRAPH_INITIALIZER, &weight.declaration(&locate(weight.file.as_deref())));
            weights.push(weight);
        } else {
            field.copy(file, &mut graph);
        }
    }
    Ok(graph)
}

/// What a `TensorProto` says, unless it is small or stored in another way than as raw bytes.
fn weight(file: &[u8], range: Range) -> Result<Option<Weight>, NotUnderstood> {
    let (mut shape, mut element, mut name) = (Vec::new(), None, "");
    let (mut raw, mut external) = (None, Vec::new());
    for field in fields(file, range) {
        let Field { number, value, .. } = field?;
        match (number, value) {
            (1, Value::Number(dimension)) => shape.push(dimension as i64),
            (1, Value::Bytes(packed)) => {
                let mut packed = Wire { file, position: packed.start, end: packed.end };
                while packed.position < packed.end {
                    shape.push(packed.varint()? as i64);
                }
            }
            (2, Value::Number(number)) => element = Element::of(number),
            (8, Value::Bytes(range)) => name = text(file, range)?,
            (9, Value::Bytes(range)) => raw = Some(range),
            (13, Value::Bytes(range)) => external.push(entry(file, range)?),
            _ => {}
        }
    }
    let size = element.and_then(|element| {
        let mut cells = shape.iter().map(|dimension| usize::try_from(*dimension).ok());
        cells.try_fold(element.facts().1, |bytes, dimension| bytes.checked_mul(dimension?))
    });
    let (Some(element), Some(bytes)) = (element, size) else {
        return if external.is_empty() { Ok(None) } else { Err("external data of an unknown type") };
    };
    let (place, offset) = match raw {
        Some(raw) if raw.end - raw.start == bytes && bytes >= SMALLEST_WEIGHT && !name.is_empty() => (None, raw.start),
        None if !external.is_empty() => external_place(&external, bytes)?,
        _ => return Ok(None),
    };
    Ok(Some(Weight { name: name.to_owned(), element, shape, file: place, offset, bytes }))
}

/// A `StringStringEntryProto`.
fn entry(file: &[u8], range: Range) -> Result<(&str, &str), NotUnderstood> {
    let (mut key, mut value) = ("", "");
    for field in fields(file, range) {
        match field? {
            Field { number: 1, value: Value::Bytes(range), .. } => key = text(file, range)?,
            Field { number: 2, value: Value::Bytes(range), .. } => value = text(file, range)?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Where `TensorProto.external_data` says that so many bytes of values lie: file and offset.
fn external_place(entries: &[(&str, &str)], bytes: usize) -> Result<(Option<String>, usize), NotUnderstood> {
    let entry = |wanted: &str| entries.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
    let number = |wanted: &str, absent: usize| entry(wanted).map_or(Some(absent), |number| number.parse().ok());
    let inside = |file: &&str| Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    match (entry("location").filter(inside), number("offset", 0), number("length", bytes)) {
        (Some(file), Some(offset), Some(length)) if length == bytes => Ok((Some(file.to_owned()), offset)),
        _ => Err("external data in a place that is not known here"),
    }
}

impl Weight {
    /// The weight as a `TensorProto` whose values come from elsewhere.
    fn declaration(&self, location: &str) -> Vec<u8> {
        let mut tensor = Vec::new();
        for dimension in &self.shape {
            put_number(&mut tensor, 1, *dimension as u64);
        }
        put_number(&mut tensor, 2, self.element.facts().0);
        put_bytes(&mut tensor, 8, self.name.as_bytes());
        let (offset, length) = (self.offset.to_string(), self.bytes.to_string());
        for (key, value) in [("location", location), ("offset", &offset), ("length", &length)] {
            let mut entry = Vec::new();
            put_bytes(&mut entry, 1, key.as_bytes());
            put_bytes(&mut entry, 2, value.as_bytes());
            put_bytes(&mut tensor, 13, &entry);
        }
        // `data_location` EXTERNAL.
        put_number(&mut tensor, 14, 1);
        tensor
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    put_varint(out, number << 3);
    put_varint(out, value);
}

fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `TensorProto` of floats.
    fn tensor(name: &str, cells: u64, raw: Option<&[u8]>, external: &[(&str, &str)]) -> Vec<u8> {
        let mut tensor = Vec::new();
        put_number(&mut tensor, 1, 2);
        put_number(&mut tensor, 1, cells / 2);
        put_number(&mut tensor, 2, 1);
        put_bytes(&mut tensor, 8, name.as_bytes());
        if let Some(raw) = raw {
            put_bytes(&mut tensor, 9, raw);
        }
        for (key, value) in external {
            let mut entry = Vec::new();
            put_bytes(&mut entry, 1, key.as_bytes());
            put_bytes(&mut entry, 2, value.as_bytes());
            put_bytes(&mut tensor, 13, &entry);
        }
        tensor
    }

    /// A `ModelProto` of these initializers, with fields around them.
    fn model(initializers: &[Vec<u8>]) -> Vec<u8> {
        let mut graph = Vec::new();
        put_bytes(&mut graph, 1, b"a node");
        for initializer in initializers {
            put_bytes(&mut graph, GRAPH_INITIALIZER, initializer);
        }
        put_bytes(&mut graph, 11, b"an input");
        let mut model = Vec::new();
        put_number(&mut model, 1, 8);
        put_bytes(&mut model, MODEL_GRAPH, &graph);
        model.extend([(3 << 3) | 5, 1, 2, 3, 4]);
        put_bytes(&mut model, 8, b"the operators' version");
        model
    }

    fn here(_: Option<&str>) -> String {
        "here".to_owned()
    }

    #[test]
    fn weights_are_parted_from_the_structure() {
        let values: Vec<u8> = (0..2048_u32).map(|byte| byte as u8).collect();
        let small = tensor("small", 2, Some(&[7; 8]), &[]);
        let file = model(&[small.clone(), tensor("large", 512, Some(&values), &[])]);
        let OnnxFile { structure, weights } = OnnxFile::read(&file, here).unwrap();
        let [weight] = weights.as_slice() else { panic!("{weights:?}") };
        assert_eq!(
            (weight.name.as_str(), weight.element, weight.shape.as_slice()),
            ("large", Element::F32, &[2, 256][..])
        );
        assert_eq!(file[weight.offset..][..weight.bytes], values);
        assert_eq!(structure, model(&[small, weight.declaration("here")]));
    }

    #[test]
    fn external_data_is_found_beside_the_graph() {
        let place = [("location", "model.onnx_data"), ("offset", "64"), ("length", "16")];
        for (entries, expected) in [
            (&place[..], Some(("model.onnx_data", 64))),
            (&place[..1], Some(("model.onnx_data", 0))),
            (&[("location", "../elsewhere")], None),
            (&[("location", "/elsewhere")], None),
            (&[("location", "data"), ("length", "17")], None),
            (&[("location", "data"), ("offset", "-1")], None),
        ] {
            let file = OnnxFile::read(&model(&[tensor("weight", 4, None, entries)]), here);
            let found = file.ok().map(|file| file.weights[0].clone());
            let found = found.as_ref().map(|weight| (weight.file.as_deref().unwrap(), weight.offset));
            assert_eq!(found, expected, "{entries:?}");
        }
    }

    #[test]
    fn what_is_no_onnx_file_is_an_error() {
        let whole = model(&[tensor("large", 512, Some(&[1; 2048]), &[])]);
        for wrong in [&whole[..whole.len() - 1], &whole[..40], &[0x0f], &[0xff; 12], b"\x3a\xff\xff\xff\xff\x0f"] {
            assert!(OnnxFile::read(wrong, here).is_err(), "{} bytes", wrong.len());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = OnnxFile::read(&bytes, here);
        }
    }
}
