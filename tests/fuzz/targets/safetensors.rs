//! Files of numbers: a static model's table, files of multi-vectors (safetensors and `.npz`), arrays (`.npy`).
#![no_main]

use std::io::Write as _;

use embedkit::prelude::{Embedder as _, TextEmbedder as _, TextEmbedding};
use embedkit_core::{ModelDescription, ModelFiles};
use embedkit_vector::multivector::{read_npz, read_safetensors};
use embedkit_vector::npy::Header;
use libfuzzer_sys::fuzz_target;

const TOKENIZER: &[u8] = include_bytes!("../../../crates/dense/tests/fixtures/static-f32/tokenizer.json");

fuzz_target!(|data: &[u8]| {
    static_model(data);
    interchange(data);
    array(data);
});

fn static_model(table: &[u8]) {
    let mut row = ModelDescription::new("fuzz", "dense", "static");
    row.model_file = "model.safetensors".into();
    let files = ModelFiles::memory([("tokenizer.json", TOKENIZER.to_vec()), ("model.safetensors", table.to_vec())]);
    if let Ok(model) = TextEmbedding::builder(row).model_files(files).threads(1).build() {
        for vector in model.embed(["the cat sat on the mat", ""]).flatten() {
            assert!(vector.iter().all(|value| value.is_finite()));
        }
    }
}

fn interchange(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
    file.write_all(data).expect("and written");
    for documents in [read_npz(file.path()), read_safetensors(file.path())].into_iter().flatten() {
        for document in documents {
            assert!(document.as_slice().iter().all(|value| value.is_finite()));
            assert_eq!(document.as_slice().len(), document.len() * document.dim());
        }
    }
}

fn array(data: &[u8]) {
    if let Ok(header) = Header::parse(data) {
        let count = header.shape().iter().product::<usize>();
        assert_eq!(header.number_type().to_f32s(&data[header.values()]).len(), count);
    }
}
