//! The models that are given bad input: small fixtures, one of each architecture.

use std::path::{Path, PathBuf};

use embedkit::ModelDescription;

use crate::common::fixtures;

/// A model of the fixtures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The family's name, as rows have it.
    pub(crate) family: &'static str,
    /// The folder among the family's fixtures.
    pub(crate) fixture: &'static str,
}

const fn subject(family: &'static str, fixture: &'static str) -> Subject {
    Subject { family, fixture }
}

pub(crate) const TRANSFORMER: Subject = subject("dense", "transformer-cls");
pub(crate) const UNIGRAM: Subject = subject("dense", "transformer-mean");
pub(crate) const BYTE_LEVEL: Subject = subject("dense", "last-token");
pub(crate) const DYNAMIC: Subject = subject("dense", "int8-dynamic");
pub(crate) const EXTERNAL: Subject = subject("dense", "jina-v3");
pub(crate) const SIGLIP: Subject = subject("dense", "siglip-text");
pub(crate) const STATIC: Subject = subject("dense", "static-f32");
pub(crate) const BM25: Subject = subject("sparse", "bm25");
pub(crate) const SPLADE: Subject = subject("sparse", "splade");
pub(crate) const IF_SPLADE: Subject = subject("sparse", "if-splade");
pub(crate) const BM42: Subject = subject("sparse", "bm42");
pub(crate) const MINICOIL: Subject = subject("sparse", "minicoil");
pub(crate) const COLBERT: Subject = subject("colbert", "colbert");
pub(crate) const PYLATE: Subject = subject("colbert", "pylate");
pub(crate) const COLPALI: Subject = subject("colpali", "colpali");
pub(crate) const COLQWEN: Subject = subject("colpali", "colqwen2");
pub(crate) const IMAGE: Subject = subject("image", "clip");
pub(crate) const RERANK: Subject = subject("rerank", "cross-encoder-token-types");
pub(crate) const CAUSAL: Subject = subject("rerank", "causal-lm");
pub(crate) const HYBRID: Subject = subject("hybrid", "bge-m3");

/// Those that take texts.
pub(crate) const TEXT: [Subject; 14] = [
    TRANSFORMER,
    UNIGRAM,
    BYTE_LEVEL,
    STATIC,
    BM25,
    SPLADE,
    IF_SPLADE,
    BM42,
    MINICOIL,
    COLBERT,
    COLPALI,
    RERANK,
    CAUSAL,
    HYBRID,
];

impl Subject {
    /// How cases name it.
    pub(crate) fn name(self) -> String {
        format!("{}/{}", self.family, self.fixture)
    }

    /// Whether it takes images, and not texts.
    pub(crate) fn sees(self) -> bool {
        self.family == "image"
    }

    /// The model's row.
    pub(crate) fn row(self) -> ModelDescription {
        if self == BM25 {
            return ModelDescription::new("tiny/bm25", "sparse", "bm25");
        }
        let text = std::fs::read(self.folder().join("golden.json")).unwrap();
        let golden: serde_json::Value = serde_json::from_slice(&text).unwrap();
        serde_json::from_value(golden["model"].clone()).unwrap()
    }

    pub(crate) fn folder(self) -> PathBuf {
        fixtures(self.family).join(self.fixture)
    }

    /// Puts the model's files into a folder.
    pub(crate) fn copy_to(self, folder: &Path) {
        if self == BM25 {
            return std::fs::write(folder.join("english.txt"), "the\na\n").unwrap();
        }
        copy(&self.folder(), folder);
        std::fs::remove_file(folder.join("golden.json")).unwrap();
    }

    /// The bytes of one of the model's files.
    pub(crate) fn read(self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder().join(name)).unwrap()
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::write(to, std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// An image that every model that sees can read.
pub(crate) fn image() -> String {
    fixtures("colpali").join("images/upright.png").to_str().unwrap().to_owned()
}
