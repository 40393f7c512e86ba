//! Array files of one model: of whatever inputs, they fit each other.
#![cfg(all(feature = "npz", feature = "onnx"))]
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::path::Path;

use common::{Outcome, run_with};
use serde_json::{Map, Value};

/// A safetensors file's header, and its tensors' bytes.
struct Tensors(Map<String, Value>, Vec<u8>);

impl Tensors {
    fn read(path: &Path) -> Self {
        let file = std::fs::read(path).unwrap();
        let (length, rest) = file.split_at(8);
        let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
        Self(serde_json::from_slice(&rest[..length]).unwrap(), rest[length..].to_vec())
    }

    fn integers(&self, name: &str) -> Vec<i64> {
        let at = |place: usize| usize::try_from(self.0[name]["data_offsets"][place].as_u64().unwrap()).unwrap();
        self.1[at(0)..at(1)].chunks(8).map(|eight| i64::from_le_bytes(eight.try_into().unwrap())).collect()
    }
}

fn embed(args: &[&str], output: &Path, input: &[u8]) -> Outcome {
    let outcome = run_with(&[&["embed", "-o", output.to_str().unwrap()], args].concat(), input);
    assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.stderr);
    outcome
}

/// What are rows of one matrix to SciPy must be as wide as each other, or it neither stacks nor multiplies them.
#[test]
fn sparse_matrices_of_a_model_are_of_one_width() {
    use common::subject::{BM42, HYBRID, IF_SPLADE, MINICOIL, SPLADE, Subject};
    use common::{fixtures, model_args};

    const HASHED: i64 = (1 << 31) + 1;
    /// A model, whether its row states its vocabulary's size, and the width that is expected where it is not the size.
    const CASES: [(Option<Subject>, bool, Option<i64>); 9] = [
        (None, false, Some(HASHED)),
        (Some(BM42), true, Some(HASHED)),
        (Some(BM42), false, Some(HASHED)),
        (Some(MINICOIL), false, Some(i32::MAX as i64)),
        (Some(SPLADE), true, None),
        (Some(SPLADE), false, None),
        (Some(IF_SPLADE), true, None),
        (Some(IF_SPLADE), false, None),
        (Some(HYBRID), false, None),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.safetensors");
    for (subject, states, expected) in CASES {
        let (mut stated, mut model) = (None, vec!["-m".to_owned(), "bm25".to_owned()]);
        if let Some(subject) = subject {
            let mut row = subject.row();
            stated = row.vocab_size.filter(|_| states);
            // A row that hashes words may say of its tokenizer's vocabulary what it likes.
            row.vocab_size = if states && expected.is_some() { Some(9) } else { stated };
            model = model_args(folder.path(), row, &fixtures(subject.family).join(subject.fixture));
        }
        let model: Vec<&str> = model.iter().map(String::as_str).collect();
        let width = |more: &[&str], input: &[u8]| {
            embed(&[&model, more].concat(), &file, input);
            let arrays = Tensors::read(&file);
            let (shape, indices) = (arrays.integers("shape"), arrays.integers("indices"));
            assert!(indices.iter().all(|index| (0..shape[1]).contains(index)), "{model:?} {shape:?}");
            shape[1]
        };
        let first = width(&[], b"hello world\n");
        assert!(expected.or(stated.map(|size| size as i64)).is_none_or(|expected| expected == first), "{model:?}");
        for (more, input) in [
            (&[][..], &b"the lazy dog of france"[..]),
            (&["--query"], b"hello\n"),
            (&["--query"], b"foxes jump\nover\n"),
            (&[], b""),
        ] {
            assert_eq!(width(more, input), first, "{model:?} {more:?}");
        }
    }
}

/// A file's schema: of Parquet itself, and that for readers of Arrow.
#[cfg(feature = "parquet")]
fn schema(path: &Path) -> (parquet::schema::types::Type, String) {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    let file = reader.metadata().file_metadata();
    let arrow = file.key_value_metadata().unwrap().iter().find(|entry| entry.key == "ARROW:schema").unwrap();
    (file.schema().clone(), arrow.value.clone().unwrap())
}

/// Shares of a job without an input are read together with others.
#[cfg(feature = "parquet")]
#[test]
fn files_of_no_inputs_are_of_the_types_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let npy = |path: &Path| embedkit::vector::npy::Header::parse(&std::fs::read(path).unwrap()).unwrap();
    for model in [&[][..], &["-m", "embedkit/static-late-en"]] {
        for encoding in ["f32", "f16", "int8", "binary"] {
            let args = [model, &["--encoding", encoding]].concat();
            embed(&args, &at("some.parquet"), b"hello world\n");
            embed(&args, &at("none.parquet"), b"");
            assert_eq!(schema(&at("none.parquet")), schema(&at("some.parquet")), "{args:?}");
            if model.is_empty() {
                embed(&args, &at("some.npy"), b"hello world\n");
                embed(&args, &at("none.npy"), b"");
                let (some, none) = (npy(&at("some.npy")), npy(&at("none.npy")));
                assert_eq!((none.number_type(), none.shape()), (some.number_type(), &[0, some.shape()[1]][..]));
            }
        }
    }
}

/// The index beside an array is of that array, of one axis as that of other files, and of whole numbers.
#[test]
fn an_array_has_no_other_ones_index() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let index = || {
        let bytes = std::fs::read(at("v.index.npy")).unwrap();
        let header = embedkit::vector::npy::Header::parse(&bytes).unwrap();
        assert_eq!(header.number_type(), embedkit::vector::number::NumberType::I64);
        assert_eq!(header.shape().len(), 1);
        let values = bytes[header.values()].chunks(8).map(|eight| i64::from_le_bytes(eight.try_into().unwrap()));
        values.collect::<Vec<_>>()
    };
    embed(&[], &at("v.npy"), b"a\nb\n");
    assert!(!at("v.index.npy").exists());
    embed(&["--skip-invalid"], &at("v.npy"), b"\"a\"\nwrong\n\"b\"\n");
    assert_eq!(index(), [0, 2]);
    embed(&[], &at("v.npy"), b"a\nb\nc\n");
    assert_eq!(index(), [0, 1, 2]);
    embed(&["--skip-invalid"], &at("v.npy"), b"");
    assert_eq!(index(), [0; 0]);
    // A file of this name that is no index is somebody's.
    for theirs in ["notes", ""] {
        std::fs::write(at("v.index.npy"), theirs).unwrap();
        embed(&[], &at("v.npy"), b"a\n");
        assert_eq!(std::fs::read(at("v.index.npy")).unwrap(), theirs.as_bytes());
    }
    embed(&[], &at("v.index.npy"), b"a\n");
    let vectors = std::fs::read(at("v.index.npy")).unwrap();
    embed(&[], &at("v.npy"), b"b\n");
    assert_eq!(std::fs::read(at("v.index.npy")).unwrap(), vectors);
}
