//! An ONNX file in two parts: the graph's structure, and where its weights lie.
//!
//! Field numbers are those of `onnx.proto` (ONNX IR 3 and later). Only initializers of the main
//! graph count as weights; of all else, what lies in other files becomes a part of the structure.
//!
//! Why not a generated reader (`prost` and `onnx.proto`): that reads a message into values of its own, so every weight
//! would be copied, and writes back the fields that its version of the schema knows. Here the weights of a mapped file
//! are not even touched, and whatever is not a weight is copied as it is, from whichever version of ONNX it comes.

use std::borrow::Cow;

use crate::error::FileError;
use crate::visit::Kind;
use crate::weight::Weight;
use crate::wire::{Message, Range, Value, fields};
use crate::{Result, inline};

pub(crate) const MODEL_GRAPH: u64 = 7;
pub(crate) const GRAPH_INITIALIZER: u64 = 5;

/// A file's structure and its weights.
#[derive(Debug)]
pub struct OnnxFile {
    /// The file without its weights, each of which is declared as external data where it lies.
    pub structure: Vec<u8>,
    /// Its weights of a kilobyte and more.
    pub weights: Vec<Weight>,
}

impl OnnxFile {
    /// Takes the structure out of a file's bytes, and touches no weight. `locate` says how the
    /// structure names the file in which a weight lies; `open` gives the files in which values lie that are none of the
    /// main graph's initializers, by the names that the graph has for them.
    ///
    /// # Errors
    /// What is not understood in it; a file of such values that is absent or too short.
    pub fn read<'f>(
        file: &[u8],
        locate: impl Fn(Option<&str>) -> String,
        open: impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
    ) -> Result<Self> {
        let whole = Range { start: 0, end: file.len() };
        let (mut structure, mut weights) = (Message::default(), Vec::new());
        for field in fields(file, whole) {
            let field = field?;
            if let (MODEL_GRAPH, Value::Bytes(range)) = (field.number, &field.value) {
                structure.field(MODEL_GRAPH, &graph(file, *range, &locate, &open, &mut weights)?)?;
            } else {
                inline::copy(&field, file, Kind::Model, &open, &mut structure)?;
            }
        }
        Ok(Self { structure: structure.bytes(), weights })
    }
}

/// A `GraphProto` without its weights.
fn graph<'f>(
    file: &[u8],
    range: Range,
    locate: &impl Fn(Option<&str>) -> String,
    open: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
    weights: &mut Vec<Weight>,
) -> Result<Vec<u8>> {
    let mut graph = Message::default();
    for field in fields(file, range) {
        let field = field?;
        if let (GRAPH_INITIALIZER, Value::Bytes(range)) = (field.number, &field.value)
            && let Some(weight) = Weight::read(file, *range)?
        {
            graph.field(GRAPH_INITIALIZER, &weight.declaration(&locate(weight.file.as_deref()))?)?;
            weights.push(weight);
        } else {
            inline::copy(&field, file, Kind::Graph, open, &mut graph)?;
        }
    }
    Ok(graph.bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

    use super::*;
    use crate::{DataType, NotUnderstood, external_files, inline_external_data};

    fn message(write: impl FnOnce(&mut Message) -> Result<(), NotUnderstood>) -> Vec<u8> {
        let mut message = Message::default();
        write(&mut message).unwrap();
        message.bytes()
    }

    /// A `TensorProto` of floats.
    fn tensor(name: &str, cells: u64, raw: Option<&[u8]>, external: &[(&str, &str)]) -> Vec<u8> {
        message(|tensor| {
            tensor.number(1, 2)?;
            tensor.number(1, cells / 2)?;
            tensor.number(2, 1)?;
            tensor.field(8, name.as_bytes())?;
            if let Some(raw) = raw {
                tensor.field(9, raw)?;
            }
            external.iter().try_for_each(|(key, value)| {
                let entry = message(|entry| {
                    entry.field(1, key.as_bytes())?;
                    entry.field(2, value.as_bytes())
                });
                tensor.field(13, &entry)
            })
        })
    }

    /// A `ModelProto` of these initializers, with fields around them.
    fn model(initializers: &[Vec<u8>]) -> Vec<u8> {
        let graph = message(|graph| {
            graph.field(1, b"\x0a\x06a node")?;
            initializers.iter().try_for_each(|tensor| graph.field(GRAPH_INITIALIZER, tensor))?;
            graph.field(11, b"an input")
        });
        let mut model = message(|model| {
            model.number(1, 8)?;
            model.field(MODEL_GRAPH, &graph)
        });
        model.extend([(3 << 3) | 5, 1, 2, 3, 4]);
        model.extend(message(|model| model.field(8, b"the operators' version")));
        model
    }

    fn here(_: Option<&str>) -> String {
        "here".to_owned()
    }

    /// A file of as many sevens as any name has.
    fn sevens(_: &str) -> Result<Cow<'static, [u8]>, FileError> {
        Ok(Cow::Borrowed(&[7; 64]))
    }

    #[test]
    fn weights_are_parted_from_the_structure() {
        let values: Vec<u8> = (0..2048_u32).map(|byte| byte as u8).collect();
        let small = tensor("small", 2, Some(&[7; 8]), &[]);
        let file = model(&[small.clone(), tensor("large", 512, Some(&values), &[])]);
        let OnnxFile { structure, weights } = OnnxFile::read(&file, here, sevens).unwrap();
        let [weight] = weights.as_slice() else { panic!("{weights:?}") };
        let Weight { name, data_type, shape, .. } = weight;
        assert_eq!((name.as_str(), *data_type, shape.as_slice()), ("large", DataType::F32, &[2, 256][..]));
        assert_eq!(file[weight.offset..][..weight.bytes], values);
        assert_eq!(structure, model(&[small, weight.declaration("here").unwrap()]));
    }

    #[test]
    fn external_data_is_where_its_entries_say() {
        let place = [("location", "model.onnx_data"), ("offset", "64"), ("length", "2048")];
        for (entries, expected) in [
            (&place[..], Some(("model.onnx_data", 64))),
            (&place[..1], Some(("model.onnx_data", 0))),
            (&[("offset", "64")], None),
            (&[("location", "data"), ("length", "2049")], None),
            (&[("location", "data"), ("offset", "-1")], None),
        ] {
            let file = OnnxFile::read(&model(&[tensor("weight", 512, None, entries)]), here, sevens);
            let found = file.ok().map(|file| file.weights[0].clone());
            let found = found.as_ref().map(|weight| (weight.file.as_deref().unwrap(), weight.offset));
            assert_eq!(found, expected, "{entries:?}");
        }
    }

    /// A message in a field of another, from the innermost outwards.
    fn wrapped(tensor: &[u8], numbers: &[u64]) -> Vec<u8> {
        numbers.iter().fold(tensor.to_owned(), |inner, number| message(|outer| outer.field(*number, &inner)))
    }

    /// The fields that lead to a tensor, from the innermost outwards.
    const WAYS: [&[u64]; 13] = [
        &[5, 7],
        &[1, 15, 7],
        &[2, 15, 7],
        &[5, 5, 1, 7],
        &[10, 5, 1, 7],
        &[1, 22, 5, 1, 7],
        &[2, 23, 5, 1, 7],
        &[5, 6, 5, 1, 7],
        &[5, 11, 5, 1, 7],
        &[5, 5, 7, 25],
        &[5, 11, 25],
        &[5, 1, 20],
        &[5, 2, 20],
    ];

    /// An empty group in field 1000, and one that holds a number and another group.
    const GROUPS: [&[u8]; 2] = [&[0xc3, 0x3e, 0xc4, 0x3e], &[0xc3, 0x3e, 8, 1, 0x13, 0x14, 0xc4, 0x3e]];

    #[test]
    fn files_are_found_wherever_a_graph_names_them() {
        let tensor = tensor("weight", 4, None, &[("offset", "0"), ("location", "../data")]);
        for way in WAYS {
            for group in [&[][..], GROUPS[0], GROUPS[1]] {
                let file = [group, &wrapped(&[group, &tensor].concat(), way), group].concat();
                let mut found = Vec::new();
                external_files(&file, |name| found.push(name.to_owned())).unwrap();
                assert_eq!(found, ["../data"], "{way:?} {group:?}");
            }
        }
        let deep = wrapped(&tensor, &[&[5][..], &[6, 5, 1].repeat(40), &[7]].concat());
        assert!(external_files(&deep, |_| ()).is_err(), "as the runtime, which reads no deeper");
    }

    #[test]
    fn a_field_that_the_runtime_reads_as_another_is_an_error() {
        let tensor = tensor("weight", 4, None, &[("location", "data")]);
        let graph = message(|graph| graph.field(GRAPH_INITIALIZER, &tensor));
        // The graph's tag with a bit that 32 bits do not hold.
        let hidden = [&[0xba, 0x80, 0x80, 0x80, 0x10, graph.len() as u8][..], &graph].concat();
        for wrong in [&hidden[..], &[0xc3, 0x3e], &[0xc4, 0x3e], &[0xc3, 0x3e, 0x14], &[0x0b; 101]] {
            assert!(external_files(wrong, |_| ()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn values_in_other_files_are_inlined_wherever_they_are() {
        let weight = |raw, entries: &[_]| tensor("weight", 4, raw, entries);
        let inside = weight(Some(&[7; 16]), &[]);
        for way in WAYS {
            let outside = wrapped(&weight(None, &[("location", "data"), ("offset", "8"), ("length", "0")]), way);
            assert_eq!(inline_external_data(&outside, sevens).unwrap(), wrapped(&inside, way), "{way:?}");
            assert_eq!(inline_external_data(&wrapped(&inside, way), sevens).unwrap(), wrapped(&inside, way));
            let OnnxFile { structure, weights } = OnnxFile::read(&outside, here, sevens).unwrap();
            assert_eq!((structure, weights), (wrapped(&inside, way), Vec::new()), "{way:?}");
            let cut = wrapped(&weight(None, &[("location", "data"), ("offset", "49")]), way);
            assert!(matches!(inline_external_data(&cut, sevens), Err(crate::Error::Cut { .. })), "{way:?}");
        }
    }

    #[test]
    fn values_of_any_type_are_inlined() {
        for number in 0..=23u8 {
            let typed = |length: &str| {
                let tensor = tensor("weight", 2, None, &[("location", "data"), ("length", length)]);
                // Of two types, the last counts.
                model(&[[&tensor[..], &[16, number]].concat()])
            };
            let known = DataType::of(number.into()).map(|data_type| 2 * data_type.facts().1);
            let bytes = known.unwrap_or(3);
            let inlined = inline_external_data(&typed(&bytes.to_string()), sevens).unwrap().into_owned();
            let values = [&[74, bytes as u8][..], &vec![7; bytes]].concat();
            assert!(inlined.windows(values.len()).any(|part| part == values), "{number}");
            let unstated = typed("0");
            assert_eq!(inline_external_data(&unstated, sevens).is_ok(), known.is_some(), "{number}");
        }
    }

    #[test]
    fn what_is_no_onnx_file_is_an_error() {
        let whole = model(&[tensor("large", 512, Some(&[1; 2048]), &[])]);
        let many_dimensions = message(|tensor| (0..65).try_for_each(|_| tensor.number(1, 1)));
        let packed_dimensions = message(|tensor| tensor.field(1, &[1; 65]));
        let wide = [many_dimensions, packed_dimensions].map(|tensor| model(&[tensor]));
        for wrong in [
            &whole[..whole.len() - 1],
            &whole[..40],
            &[0; 64],
            &[0x0f],
            &[0xff; 12],
            b"\x3a\xff\xff\xff\xff\x0f",
            &wide[0],
            &wide[1],
        ] {
            assert!(OnnxFile::read(wrong, here, sevens).is_err(), "{} bytes", wrong.len());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = OnnxFile::read(&bytes, here, sevens);
            let _ = external_files(&bytes, drop);
        }
    }
}
