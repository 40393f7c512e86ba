use std::io::Cursor;

use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::arrays::{EMBEDDINGS, OFFSETS};
use super::stack::Stack;
use super::*;
use crate::Error;
use crate::multivector::{Bit, Element, MultiVector};

fn documents() -> impl Strategy<Value = Vec<MultiVector>> {
    (1_usize..9).prop_flat_map(|dim| {
        let document = (0_usize..5).prop_flat_map(move |rows| prop::collection::vec(-1e30_f32..1e30, rows * dim));
        prop::collection::vec(document.prop_map(move |data| MultiVector::new(dim, data).unwrap()), 0..6)
    })
}

fn npz<E: Element>(stack: &Stack<'_, E>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    super::npz::write(&mut file, stack).unwrap();
    file.into_inner()
}

fn tensors_file<E: Element>(stack: &Stack<'_, E>) -> Vec<u8> {
    let mut file = Vec::new();
    tensors::write(&mut file, stack).unwrap();
    file
}

/// What both kinds of file give back.
fn read_again<E: Element>(documents: &[MultiVector<E>]) -> [Vec<MultiVector<E>>; 2] {
    let stack = Stack::new(documents).unwrap();
    let library = tensors_file(&stack);
    safetensors::SafeTensors::deserialize(&library).unwrap();
    [super::npz::read(Cursor::new(npz(&stack))).unwrap(), tensors::read(Cursor::new(library)).unwrap()]
}

proptest! {
    #[test]
    fn what_is_written_is_read(documents in documents()) {
        let int8: Vec<_> = documents.iter().map(MultiVector::to_int8).collect();
        let small = documents.iter().map(|document| {
            let values = document.as_slice().iter().map(|value| value % 1000.0).collect();
            MultiVector::new(document.dim(), values).and_then(|document| document.to_f16())
        });
        let f16: Vec<_> = small.collect::<Result<_, _>>().unwrap();
        let bits: Vec<_> = documents.iter().map(MultiVector::to_binary).collect();
        for read in read_again(&documents) {
            prop_assert_eq!(&read, &documents);
        }
        for read in read_again(&int8) {
            prop_assert_eq!(&read, &int8);
        }
        for read in read_again(&f16) {
            prop_assert_eq!(&read, &f16);
        }
        for read in read_again(&bits) {
            prop_assert_eq!(&read, &bits);
        }
        let stack = Stack::new(&documents).unwrap();
        let file = tensors_file(&stack);
        let library = safetensors::SafeTensors::deserialize(&file).unwrap();
        let (embeddings, offsets) = (library.tensor(EMBEDDINGS).unwrap(), library.tensor(OFFSETS).unwrap());
        prop_assert_eq!(embeddings.shape(), [stack.rows, stack.dim]);
        let bounds: Vec<u8> = stack.offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        prop_assert_eq!(offsets.data(), bounds);
    }

    #[test]
    fn damage_is_never_a_panic(documents in documents(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let stack = Stack::new(&documents).unwrap();
        let (mut archive, mut file) = (npz(&stack), tensors_file(&stack));
        for bytes in [&mut archive, &mut file] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = super::npz::read::<f32>(Cursor::new(&archive));
        let _ = tensors::read::<f32>(Cursor::new(&file));
        let _ = super::npz::read::<f32>(Cursor::new(&archive[..at.index(archive.len())]));
        let _ = tensors::read::<f32>(Cursor::new(&file[..at.index(file.len())]));
    }
}

#[test]
fn numpys_own_archives_are_read() {
    let stored = include_bytes!("../../../tests/fixtures/multivectors.npz");
    let compressed = include_bytes!("../../../tests/fixtures/compressed.npz");
    let expected = [MultiVector::new(2, vec![1.0, 2.0, 3.0, 4.0]), MultiVector::new(2, vec![-0.5, 0.25])];
    let expected = expected.map(Result::unwrap);
    assert_eq!(super::npz::read::<f32>(Cursor::new(stored)).unwrap(), expected);
    assert_eq!(super::npz::read::<f32>(Cursor::new(compressed)).unwrap(), expected);
}

#[test]
fn files_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let documents = [MultiVector::new(1, vec![1.0]).unwrap(), MultiVector::new(1, vec![]).unwrap()];
    let (archive, file) = (folder.path().join("a.npz"), folder.path().join("a.safetensors"));
    write_npz(&archive, &documents).unwrap();
    write_safetensors(&file, &documents).unwrap();
    assert_eq!(read_npz::<f32>(&archive).unwrap(), documents);
    assert_eq!(read_safetensors::<f32>(&file).unwrap(), documents);

    for (result, path) in [
        (read_npz::<f32>(&file), &file),
        (read_safetensors::<f32>(&archive), &archive),
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
    fn stack<'a>(rows: usize, dim: usize, embeddings: &'a [f32], offsets: &[i64]) -> Stack<'a, f32> {
        Stack { rows, dim, units: vec![embeddings], scales: Vec::new(), offsets: offsets.to_vec() }
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
        for result in
            [super::npz::read::<f32>(Cursor::new(npz(&stack))), tensors::read::<f32>(Cursor::new(tensors_file(&stack)))]
        {
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
        let error = tensors::read::<f32>(Cursor::new(serialize(tensors, None).unwrap())).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn rows_of_another_type_are_named() {
    let documents = [MultiVector::new(3, vec![1.0, -2.0, 0.5]).unwrap()];
    let (int8, bits) = ([documents[0].to_int8()], [documents[0].to_binary()]);
    let file = npz(&Stack::new(&int8).unwrap());
    let error = super::npz::read::<f32>(Cursor::new(&file)).unwrap_err().to_string();
    assert_eq!(error, "`embeddings` holds I8; it must hold F32");
    let error = super::npz::read::<Bit>(Cursor::new(&file)).unwrap_err().to_string();
    assert_eq!(error, "`embeddings` holds I8; it must hold U8");
    let error = tensors::read::<i8>(Cursor::new(tensors_file(&Stack::new(&bits).unwrap()))).unwrap_err().to_string();
    assert_eq!(error, "`embeddings` holds U8; it must hold I8");
}

#[test]
fn scales_and_columns_must_fit_the_rows() {
    let file = |embeddings: (Dtype, usize), other: (&str, Dtype, &[u8])| {
        let (row, bounds) = (vec![1; embeddings.1], [0_i64, 1].map(i64::to_le_bytes).concat());
        let length = other.2.len() / if other.1 == Dtype::F32 { 4 } else { 8 };
        let tensors = [
            (EMBEDDINGS, TensorView::new(embeddings.0, vec![1, embeddings.1], &row).unwrap()),
            (OFFSETS, TensorView::new(Dtype::I64, vec![2], &bounds).unwrap()),
            (other.0, TensorView::new(other.1, vec![length], other.2).unwrap()),
        ];
        Cursor::new(serialize(tensors, None).unwrap())
    };
    let scales = [1.0_f32; 2].map(f32::to_le_bytes).concat();
    let error = tensors::read::<i8>(file((Dtype::I8, 3), ("scales", Dtype::F32, &scales))).unwrap_err().to_string();
    assert_eq!(error, "`scales` has 2 numbers for 1 rows of `embeddings`");
    let read = tensors::read::<i8>(file((Dtype::I8, 3), ("scales", Dtype::F32, &scales[..4]))).unwrap();
    assert_eq!(read, [MultiVector::<i8>::from_parts(3, vec![1, 1, 1], vec![1.0]).unwrap()]);
    for (dim, expected) in [
        (65_i64, "`embeddings` has 8 columns; 65 dimensions take 16"),
        (-1, "its array `dim` cannot be read"),
        (0, "`embeddings` has 8 columns; 0 dimensions take 0"),
        (9, "document 0: row 0: bits are set past dimension 9"),
    ] {
        let error = tensors::read::<Bit>(file((Dtype::U8, 8), ("dim", Dtype::I64, &dim.to_le_bytes()))).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
