//! An ONNX file in two parts: the graph's structure, and where its weights lie.
//!
//! Field numbers are those of `onnx.proto` (ONNX IR 3 and later). Only initializers of the main
//! graph count as weights; all else stays where it is.
//!
//! Why not a generated reader (`prost` and `onnx.proto`): that reads a message into values of its own, so every weight
//! would be copied, and writes back the fields that its version of the schema knows. Here the weights of a mapped file
//! are not even touched, and whatever is not a weight is copied as it is, from whichever version of ONNX it comes.

use crate::weight::Weight;
use crate::wire::{Message, NotUnderstood, Range, Value, fields};

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
    /// structure names the file in which a weight lies.
    ///
    /// # Errors
    /// What is not understood in it.
    pub fn read(file: &[u8], locate: impl Fn(Option<&str>) -> String) -> Result<Self, NotUnderstood> {
        let whole = Range { start: 0, end: file.len() };
        let (mut structure, mut weights) = (Message::default(), Vec::new());
        for field in fields(file, whole) {
            let field = field?;
            if let (MODEL_GRAPH, Value::Bytes(range)) = (field.number, &field.value) {
                structure.field(MODEL_GRAPH, &graph(file, *range, &locate, &mut weights)?)?;
            } else {
                structure.copy(&field, file)?;
            }
        }
        Ok(Self { structure: structure.bytes(), weights })
    }
}

/// A `GraphProto` without its weights.
fn graph(
    file: &[u8],
    range: Range,
    locate: &impl Fn(Option<&str>) -> String,
    weights: &mut Vec<Weight>,
) -> Result<Vec<u8>, NotUnderstood> {
    let mut graph = Message::default();
    for field in fields(file, range) {
        let field = field?;
        if let (GRAPH_INITIALIZER, Value::Bytes(range)) = (field.number, &field.value)
            && let Some(weight) = Weight::read(file, *range)?
        {
            graph.field(GRAPH_INITIALIZER, &weight.declaration(&locate(weight.file.as_deref()))?)?;
            weights.push(weight);
        } else {
            graph.copy(&field, file)?;
        }
    }
    Ok(graph.bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

    use super::*;
    use crate::{DataType, external_files};

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

    #[test]
    fn weights_are_parted_from_the_structure() {
        let values: Vec<u8> = (0..2048_u32).map(|byte| byte as u8).collect();
        let small = tensor("small", 2, Some(&[7; 8]), &[]);
        let file = model(&[small.clone(), tensor("large", 512, Some(&values), &[])]);
        let OnnxFile { structure, weights } = OnnxFile::read(&file, here).unwrap();
        let [weight] = weights.as_slice() else { panic!("{weights:?}") };
        let Weight { name, data_type, shape, .. } = weight;
        assert_eq!((name.as_str(), *data_type, shape.as_slice()), ("large", DataType::F32, &[2, 256][..]));
        assert_eq!(file[weight.offset..][..weight.bytes], values);
        assert_eq!(structure, model(&[small, weight.declaration("here").unwrap()]));
    }

    #[test]
    fn external_data_is_where_its_entries_say() {
        let place = [("location", "model.onnx_data"), ("offset", "64"), ("length", "16")];
        for (entries, expected) in [
            (&place[..], Some(("model.onnx_data", 64))),
            (&place[..1], Some(("model.onnx_data", 0))),
            (&[("offset", "64")], None),
            (&[("location", "data"), ("length", "17")], None),
            (&[("location", "data"), ("offset", "-1")], None),
        ] {
            let file = OnnxFile::read(&model(&[tensor("weight", 4, None, entries)]), here);
            let found = file.ok().map(|file| file.weights[0].clone());
            let found = found.as_ref().map(|weight| (weight.file.as_deref().unwrap(), weight.offset));
            assert_eq!(found, expected, "{entries:?}");
        }
    }

    /// A message in a field of another, from the innermost outwards.
    fn wrapped(tensor: &[u8], numbers: &[u64]) -> Vec<u8> {
        numbers.iter().fold(tensor.to_owned(), |inner, number| message(|outer| outer.field(*number, &inner)))
    }

    #[test]
    fn files_are_found_wherever_a_graph_names_them() {
        let tensor = tensor("weight", 4, None, &[("offset", "0"), ("location", "../data")]);
        // The fields that lead to the tensor, from the innermost outwards.
        for numbers in [
            &[5, 7][..],
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
        ] {
            let mut found = Vec::new();
            external_files(&wrapped(&tensor, numbers), |name| found.push(name.to_owned())).unwrap();
            assert_eq!(found, ["../data"], "{numbers:?}");
        }
        let deep = wrapped(&tensor, &[&[5][..], &[6, 5, 1].repeat(40), &[7]].concat());
        assert!(external_files(&deep, |_| ()).is_err(), "as the runtime, which reads no deeper");
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
            assert!(OnnxFile::read(wrong, here).is_err(), "{} bytes", wrong.len());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = OnnxFile::read(&bytes, here);
            let _ = external_files(&bytes, drop);
        }
    }
}
