use std::io::Cursor;

use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::*;

fn documents() -> impl Strategy<Value = Vec<MultiVector>> {
    (1_usize..9).prop_flat_map(|dim| {
        let document = (0_usize..5).prop_flat_map(move |rows| prop::collection::vec(-1e30_f32..1e30, rows * dim));
        prop::collection::vec(document.prop_map(move |data| MultiVector::new(dim, data).unwrap()), 0..6)
    })
}

fn npz(stack: &Stack<'_>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    super::npz::write(&mut file, stack).unwrap();
    file.into_inner()
}

fn tensors_file(stack: &Stack<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    tensors::write(&mut file, stack).unwrap();
    file
}

proptest! {
    #[test]
    fn what_is_written_is_read(documents in documents()) {
        let stack = Stack::new(&documents).unwrap();
        prop_assert_eq!(&super::npz::read(Cursor::new(npz(&stack))).unwrap(), &documents);
        let file = tensors_file(&stack);
        prop_assert_eq!(&tensors::read(Cursor::new(&file)).unwrap(), &documents);
        let library = safetensors::SafeTensors::deserialize(&file).unwrap();
        let (embeddings, offsets) = (library.tensor(EMBEDDINGS).unwrap(), library.tensor(OFFSETS).unwrap());
        prop_assert_eq!(embeddings.shape(), [stack.rows, stack.dim]);
        prop_assert_eq!(offsets.data(), stack.offsets_bytes());
    }

    #[test]
    fn damage_is_never_a_panic(documents in documents(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let stack = Stack::new(&documents).unwrap();
        let (mut archive, mut file) = (npz(&stack), tensors_file(&stack));
        for bytes in [&mut archive, &mut file] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = super::npz::read(Cursor::new(&archive));
        let _ = tensors::read(Cursor::new(&file));
        let _ = super::npz::read(Cursor::new(&archive[..at.index(archive.len())]));
        let _ = tensors::read(Cursor::new(&file[..at.index(file.len())]));
    }
}

#[test]
fn numpys_own_archives_are_read() {
    let stored = include_bytes!("../../../tests/fixtures/multivectors.npz");
    let compressed = include_bytes!("../../../tests/fixtures/compressed.npz");
    let expected = [MultiVector::new(2, vec![1.0, 2.0, 3.0, 4.0]), MultiVector::new(2, vec![-0.5, 0.25])];
    let expected = expected.map(Result::unwrap);
    assert_eq!(super::npz::read(Cursor::new(stored)).unwrap(), expected);
    assert_eq!(super::npz::read(Cursor::new(compressed)).unwrap(), expected);
}

#[test]
fn files_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let documents = [MultiVector::new(1, vec![1.0]).unwrap(), MultiVector::new(1, vec![]).unwrap()];
    let (archive, file) = (folder.path().join("a.npz"), folder.path().join("a.safetensors"));
    write_npz(&archive, &documents).unwrap();
    write_safetensors(&file, &documents).unwrap();
    assert_eq!(read_npz(&archive).unwrap(), documents);
    assert_eq!(read_safetensors(&file).unwrap(), documents);

    for (result, path) in [
        (read_npz(&file), &file),
        (read_safetensors(&archive), &archive),
        (read_npz(folder.path().join("none")), &folder.path().join("none")),
    ] {
        assert!(matches!(&result, Err(Error::Unreadable { path: named, .. }) if named == path), "{result:?}");
    }
    let written = write_npz(folder.path().join("no/such/folder.npz"), &documents);
    assert!(matches!(written, Err(Error::Unwritable { source: FileError::Io(_), .. })), "{written:?}");
    let widths = [MultiVector::new(1, vec![1.0]).unwrap(), MultiVector::new(2, vec![]).unwrap()];
    let error = write_npz(&archive, &widths).unwrap_err().to_string();
    assert!(error.starts_with("document 1: it has 2 dimensions"), "{error}");
}

#[test]
fn arrays_that_do_not_fit_are_errors() {
    fn stack<'a>(rows: usize, dim: usize, embeddings: &'a [f32], offsets: &[i64]) -> Stack<'a> {
        Stack { rows, dim, embeddings: vec![embeddings], offsets: offsets.to_vec() }
    }
    let cases = [
        ("must rise", stack(2, 1, &[1.0, 2.0], &[0, 1])),
        ("must rise", stack(2, 1, &[1.0, 2.0], &[1, 2])),
        ("must rise", stack(2, 1, &[1.0, 2.0], &[0, 2, 1, 2])),
        ("must rise", stack(2, 1, &[1.0, 2.0], &[])),
        ("must rise", stack(2, 1, &[1.0, 2.0], &[0, -1, 2])),
        ("document 0: the multi-vector has no dimensions", stack(0, 0, &[], &[0, 0])),
        ("document 1: row 0: dimension 0 is NaN", stack(2, 1, &[1.0, f32::NAN], &[0, 1, 2])),
    ];
    for (message, stack) in cases {
        for result in [super::npz::read(Cursor::new(npz(&stack))), tensors::read(Cursor::new(tensors_file(&stack)))] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}

#[test]
fn arrays_of_another_kind_are_named() {
    let offsets = 0_i64.to_le_bytes();
    let (embeddings, rows) = ([0, 0], Vec::new());
    for (name, dtype, shape, expected) in [
        ("rows", Dtype::F32, &embeddings[..], "`embeddings` cannot be read"),
        ("embeddings", Dtype::F16, &embeddings, "`embeddings` holds F16; it must hold F32"),
        ("embeddings", Dtype::F32, &embeddings[..1], "`embeddings` has 1 axes; it must have 2"),
    ] {
        let tensors = [
            (name, TensorView::new(dtype, shape.to_vec(), &rows).unwrap()),
            (OFFSETS, TensorView::new(Dtype::I64, vec![1], &offsets).unwrap()),
        ];
        let error = tensors::read(Cursor::new(serialize(tensors, None).unwrap())).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
