//! Where a model's files are taken from, and what is refused before any is.
#![cfg(feature = "hub")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::path::Path;
use std::slice::from_ref;

use embedkit_core::{
    AnyPipeline, Architecture, Builder, Direct, Embedder, Engine, Error, ErrorKind, FamilyOf, LoadContext,
    ModelDescription, ModelFiles, Plugin, Purpose, Registry, Result, Role, Source, TextEmbedder, Usage,
};

/// Gives the first byte of its model's file.
struct FirstByte(Engine<str, Vec<f32>>);

impl Embedder for FirstByte {
    const FAMILY: &'static str = "test";
    type Input = str;
    type Output = Vec<f32>;

    fn describe(_: &ModelFiles) -> Result<ModelDescription> {
        Ok(row(&[]))
    }

    fn from_engine(engine: Engine<str, Vec<f32>>) -> Self {
        Self(engine)
    }

    fn engine(&self) -> &Engine<str, Vec<f32>> {
        &self.0
    }
}

struct Loaded(f32);

impl Direct for Loaded {
    type Input = str;
    type Output = Vec<f32>;

    fn embed(&self, _: &str, _: &Purpose) -> Result<(Vec<f32>, Usage)> {
        Ok((vec![self.0], Usage::default()))
    }
}

struct Bytes;

impl Architecture for Bytes {
    fn name(&self) -> &'static str {
        "bytes"
    }

    fn family(&self) -> &'static str {
        "test"
    }

    fn check(&self, _: &ModelDescription) -> Result<()> {
        Ok(())
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        Ok(AnyPipeline::direct(Loaded(f32::from(context.files.read("bytes")?[0]))))
    }
}

static PLUGIN: Plugin = Plugin::new("linked")
    .architectures(&[&Bytes])
    .families(&[FamilyOf::<FirstByte>::FAMILY])
    .files(&[("bytes", b"linked")]);

fn row(sources: &[Source]) -> ModelDescription {
    let mut row = ModelDescription::new("my/model", "test", "bytes");
    row.files = vec!["bytes".to_owned()];
    row.config_files = Vec::new();
    row.sources = sources.to_vec();
    row
}

fn registry() -> Registry {
    let registry = Registry::empty();
    registry.add(&PLUGIN).unwrap();
    registry
}

fn builder(sources: &[Source], cache: &Path) -> Builder<FirstByte> {
    FirstByte::builder(row(sources)).registry(&registry()).cache_dir(cache).offline(true)
}

fn hub(name: &str) -> Source {
    Source::Hub { hf: name.to_owned(), revision: None }
}

fn embedded(name: &str) -> Source {
    Source::Embedded { embedded: name.to_owned() }
}

/// A cache that has the repository `a/cached`, and a folder.
fn places() -> (tempfile::TempDir, Source, Source) {
    let root = tempfile::tempdir().unwrap();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let repository = root.path().join("models--a--cached");
    for (file, content) in [
        ("refs/main".to_owned(), commit),
        (format!("snapshots/{commit}/bytes"), "hub"),
        ("f/bytes".to_owned(), "folder"),
    ] {
        let path = repository.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let there = Source::Folder { folder: repository.join("f") };
    let absent = Source::Folder { folder: repository.join("absent") };
    (root, there, absent)
}

#[test]
fn sources_are_tried_in_their_order() {
    let (cache, there, absent) = places();
    let (cached, elsewhere) = (hub("a/cached"), hub("a/elsewhere"));
    let (linked, unlinked) = (embedded("linked"), embedded("unlinked"));
    for (sources, taken, is_local) in [
        (vec![there.clone(), cached.clone()], 'f', true),
        (vec![cached.clone(), there.clone()], 'h', false),
        (vec![absent.clone(), cached.clone()], 'h', false),
        (vec![elsewhere.clone(), there.clone()], 'f', false),
        (vec![elsewhere.clone(), cached.clone(), there.clone()], 'h', false),
        (vec![elsewhere.clone(), absent.clone(), cached.clone()], 'h', false),
        (vec![absent.clone(), there.clone()], 'f', true),
        (vec![unlinked.clone(), there.clone()], 'f', true),
        (vec![linked, there], 'l', true),
    ] {
        let vector = builder(&sources, cache.path()).build().unwrap().embed_one("", Role::Plain).unwrap();
        assert_eq!(vector, [taken as u8 as f32], "{sources:?}");
        assert_eq!(registry().local_files(&row(&sources)).unwrap().is_some(), is_local, "{sources:?}");
    }
    let refused = |sources: &[Source]| builder(sources, cache.path()).build().map(drop).unwrap_err();
    assert!(matches!(refused(from_ref(&absent)), Error::MissingFile { .. }));
    assert!(matches!(registry().local_files(&row(from_ref(&absent))), Err(Error::MissingFile { .. })));
    assert!(refused(from_ref(&unlinked)).to_string().contains("crate \"unlinked\", which is not linked"));
    let all = refused(&[absent, elsewhere, unlinked]);
    assert_eq!(all.kind(), ErrorKind::Download);
    for one in ["absent is missing", "hub is offline", "\"unlinked\""] {
        assert!(all.to_string().contains(one), "{one}: {all}");
    }
}

#[test]
fn what_no_model_could_obey_is_refused_before_anything_is_fetched() {
    let (cache, there, _) = places();
    let Source::Folder { folder } = there else { unreachable!() };
    let plain = || builder(&[hub("a/elsewhere")], cache.path());
    assert_eq!(plain().build().map(drop).unwrap_err().kind(), ErrorKind::Download);
    let of_folder = || FirstByte::builder(folder.clone()).registry(&registry());
    of_folder().build().unwrap();
    let mut refused = vec![
        (plain().batch_size(0), "batch_size"),
        (plain().batch_tokens(0), "batch_tokens"),
        (plain().batch_attention(0), "batch_attention"),
        (plain().threads(0), "threads"),
        (plain().dim(3), "dim"),
        (plain().max_length(3), "max_length"),
        (plain().parameter("colour", "red"), "colour"),
        (of_folder().model_dir(&folder), "model_dir"),
        (of_folder().model_files(ModelFiles::none()), "model_files"),
        (FirstByte::builder(ModelFiles::none()).registry(&registry()).model_dir(&folder), "model_dir"),
    ];
    #[cfg(feature = "onnx")]
    {
        use embedkit_core::session::WeightQuantization;
        refused.extend([
            (plain().sessions(0), "sessions"),
            (plain().tf32(true), "tf32"),
            (plain().tf32(true).lazy(true), "tf32"),
            (plain().quantize(WeightQuantization::Int8), "quantize"),
        ]);
    }
    for (builder, option) in refused {
        let error = builder.build().map(drop).expect_err(option);
        assert!(matches!(&error, Error::InvalidOption { option: named, .. } if named == option), "{option}: {error}");
    }
}
