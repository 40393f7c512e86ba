//! Array files of one model: of whatever inputs, they fit each other.
#![cfg(feature = "npz")]
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::path::Path;

use common::{Outcome, run_with};

fn embed(args: &[&str], output: &Path, input: &[u8]) -> Outcome {
    let outcome = run_with(&[&["embed", "-o", output.to_str().unwrap()], args].concat(), input);
    assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.stderr);
    outcome
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
