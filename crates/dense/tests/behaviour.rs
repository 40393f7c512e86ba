//! What a user may do with a dense model beside embedding: other sources, other options, mistakes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::{Embedder, TextEmbedder};
use std::collections::BTreeMap;
use std::path::Path;

use embedkit_core::session::{Optimization, Provider};
use embedkit_core::{
    Activation, Builder, Error, ModelDescription, ModelFiles, OutputSelector, Padding, Pooling, Purpose, Registry, Role,
};
use embedkit_dense::TextEmbedding;
use embedkit_fixtures::{Case, TextGolden, assert_near, cases};

fn case(name: &str) -> Case<TextGolden> {
    cases(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), |case| case == name).remove(0)
}

fn builder(case: &Case<TextGolden>, edit: impl FnOnce(&mut ModelDescription)) -> Builder<TextEmbedding> {
    let mut row = case.golden.model.clone();
    edit(&mut row);
    TextEmbedding::builder(row).model_dir(&case.folder)
}

/// The files of a case's folder, flat, with the graph as `model.onnx`.
fn files(case: &Case<TextGolden>) -> Vec<(String, Vec<u8>)> {
    let text = ["tokenizer.json", "tokenizer_config.json", "config.json"];
    let graph = case.golden.model.model_file.as_str();
    let read = |name: &str| std::fs::read(case.folder.join(name)).unwrap();
    text.into_iter().map(|name| (name.to_owned(), read(name))).chain([("model.onnx".to_owned(), read(graph))]).collect()
}

fn vectors(model: &TextEmbedding, case: &Case<TextGolden>) -> Vec<Vec<f32>> {
    model.embed(&case.golden.inputs).map(Result::unwrap).collect()
}

fn assert_golden(model: &TextEmbedding, case: &Case<TextGolden>) {
    let expected: Vec<Vec<f32>> = case.golden.get("embed").unwrap();
    for (actual, expected) in vectors(model, case).iter().zip(&expected) {
        assert_near(actual, expected, &case.folder.display().to_string());
    }
}

/// What sentence-transformers writes beside a model that pools by mean and normalises.
fn sentence_transformers(folder: &Path) {
    let modules = r#"[
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]"#;
    std::fs::write(folder.join("modules.json"), modules).unwrap();
    std::fs::create_dir(folder.join("1_Pooling")).unwrap();
    let pooling =
        r#"{"word_embedding_dimension": 16, "pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}"#;
    std::fs::write(folder.join("1_Pooling/config.json"), pooling).unwrap();
    let prompts = r#"{"prompts": {"query": "hello ", "document": "world "}}"#;
    std::fs::write(folder.join("config_sentence_transformers.json"), prompts).unwrap();
    std::fs::write(folder.join("sentence_bert_config.json"), r#"{"max_seq_length": 16}"#).unwrap();
}

/// Newer folders state no window of their own.
#[test]
fn a_sentence_transformers_folder_has_its_tokenizers_window() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files(&case("transformer-mean-normalized")) {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    sentence_transformers(folder.path());
    std::fs::write(folder.path().join("sentence_bert_config.json"), "{}").unwrap();
    let long = "hello ".repeat(100);
    for (limits, positions, window) in [
        (r#""model_max_length": 20, "max_length": 10"#, "", 20),
        (r#""model_max_length": 1e30, "max_length": 10"#, "", 102),
        (r#""max_length": 10"#, "", 102),
        (r#""model_max_length": 1e30, "max_length": 10"#, r#", "max_position_embeddings": 12"#, 12),
        (r#""model_max_length": 20"#, r#", "max_position_embeddings": 12"#, 12),
    ] {
        let tokenizer = format!(r#"{{{limits}, "pad_token": "[PAD]"}}"#);
        std::fs::write(folder.path().join("tokenizer_config.json"), tokenizer).unwrap();
        let config = format!(r#"{{"time_step_limit": [0.0, Infinity]{positions}}}"#);
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let model = TextEmbedding::builder(folder.path()).build().unwrap();
        let usage = model.usage(&long, Role::Plain).unwrap();
        assert_eq!((usage.tokens, usage.truncated), (window, window < 102), "{limits}{positions}");
    }
}

#[test]
fn a_sentence_transformers_folder_describes_itself() {
    let case = case("transformer-mean-normalized");
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files(&case) {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let incomplete = TextEmbedding::builder(folder.path()).build().unwrap_err();
    assert!(matches!(&incomplete, Error::MissingFile { path, .. } if path.ends_with("modules.json")), "{incomplete}");

    sentence_transformers(folder.path());
    let model = TextEmbedding::builder(folder.path()).build().unwrap();
    assert_eq!(model.model().pooling, Pooling::Mean);
    assert!(model.model().normalize);
    assert_eq!(model.usage(&"hello ".repeat(100), Role::Plain).unwrap().tokens, 16);
    let longer = TextEmbedding::builder(folder.path()).max_length(32).build().unwrap();
    assert_golden(&longer, &case);
    let prompted = model.embed_one("there", Role::Query).unwrap();
    assert_eq!(prompted, model.embed_one("hello there", Role::Plain).unwrap());
    assert_eq!(model.embed_one("there", Role::Passage).unwrap(), model.embed_one("world there", Role::Plain).unwrap());
    let bare = Purpose::new(Role::Query).without_prompt();
    assert_eq!(model.embed_one("there", bare).unwrap(), model.embed_one("there", Role::Plain).unwrap());

    Registry::global().register_folder("dense", "test/folder", folder.path()).unwrap();
    let registered = TextEmbedding::builder("Test/Folder").max_length(32).build().unwrap();
    assert_golden(&registered, &case);
}

#[test]
fn a_model_in_memory_is_the_one_in_its_folder() {
    let case = case("transformer-cls");
    let mut row = case.golden.model.clone();
    row.model_file = "model.onnx".to_owned();
    let model = TextEmbedding::builder(row).model_files(ModelFiles::memory(files(&case))).build().unwrap();
    assert_golden(&model, &case);
}

#[test]
fn options_change_how_a_model_runs_and_not_what_it_gives() {
    let case = case("transformer-mean-normalized");
    let plain = || builder(&case, |_| ());
    for builder in [
        plain().sessions(2).threads(1),
        plain().lazy(true),
        plain().batch_tokens(1),
        plain().batch_attention(1),
        plain().batch_invariant(true),
        plain().arena(false).spinning(false),
        plain().prefer_providers([Provider::Cuda]),
    ] {
        let model = builder.build().unwrap();
        assert_golden(&model, &case);
        assert_eq!(model.provider().unwrap(), Some(Provider::Cpu));
    }
}

#[test]
fn a_model_that_falls_back_to_the_cpu_runs_as_one_that_asked_for_it() {
    let case = case("transformer-cls");
    let plain = builder(&case, |_| ()).build().unwrap();
    let fallen = builder(&case, |_| ()).prefer_providers([Provider::Cuda]).build().unwrap();
    assert_eq!(fallen.engine().bounds(), plain.engine().bounds());
    assert_eq!(fallen.engine().workers(), plain.engine().workers());
    // Where nothing is open yet, the first that this program has counts.
    for wanted in [&[Provider::Cuda][..], &[Provider::Cpu], &[Provider::Cuda, Provider::Cpu]] {
        let lazy = builder(&case, |_| ()).prefer_providers(wanted.iter().copied()).lazy(true).build().unwrap();
        assert_eq!(lazy.engine().bounds(), plain.engine().bounds(), "{wanted:?}");
        assert_eq!(lazy.engine().workers(), plain.engine().workers(), "{wanted:?}");
        assert_golden(&lazy, &case);
    }
}

#[test]
fn a_matryoshka_cut_is_the_head_normalised() {
    let case = case("transformer-cls");
    let whole = builder(&case, |_| ()).build().unwrap();
    let cut = builder(&case, |row| row.matryoshka = vec![8]).dim(8).build().unwrap();
    for (whole, cut) in vectors(&whole, &case).into_iter().zip(vectors(&cut, &case)) {
        let mut expected = whole;
        embedkit_vector::cut(&mut expected, 8);
        assert_eq!(cut, expected);
    }
}

/// Models whose vectors are quantised in the graph.
#[test]
fn outputs_of_8_bits_are_as_they_are_or_normalised_in_floats() {
    const FLOAT: u64 = 1;
    let case = case("transformer-cls");
    let vector = |element_type: u64, normalize: bool| {
        let graph = ("model.onnx".to_owned(), embedkit_fixtures::ids_as(element_type));
        let files = files(&case).into_iter().filter(|(name, _)| name != "model.onnx").chain([graph]);
        let mut row = ModelDescription::new("tiny/ids", "dense", "transformer");
        (row.model_file, row.normalize) = ("model.onnx".to_owned(), normalize);
        let model = TextEmbedding::builder(row).model_files(ModelFiles::memory(files)).build().unwrap();
        model.embed_one("hello world, un quick fox", Role::Plain).unwrap()
    };
    let ids = vector(FLOAT, false);
    assert!(ids.len() > 5 && ids.iter().any(|id| *id > 127.0), "{ids:?}");
    let signed: Vec<f32> = ids.iter().map(|id| f32::from(*id as u32 as i8)).collect();
    let unsigned: Vec<f32> = ids.iter().map(|id| f32::from(*id as u32 as u8)).collect();
    for (element_type, expected) in [(3, signed), (2, unsigned)] {
        assert_eq!(vector(element_type, false), expected);
        let length = expected.iter().map(|value| value * value).sum::<f32>().sqrt();
        let normal: Vec<f32> = expected.iter().map(|value| value / length).collect();
        assert_near(&vector(element_type, true), &normal, "normalised");
    }
}

#[test]
fn every_result_says_what_it_used() {
    let case = case("truncation-right");
    let model = builder(&case, |_| ()).build().unwrap();
    let results = model.embed(["hello".to_owned(), "hello ".repeat(1000)]).with_usage();
    let usage: Vec<_> = results.map(|result| result.unwrap().1).collect();
    assert!(!usage[0].truncated && usage[1].truncated, "{usage:?}");
    assert!(usage[0].tokens < usage[1].tokens);
}

#[test]
fn a_text_of_megabytes_is_cut_without_changing_the_result() {
    for name in ["truncation-right", "truncation-left", "transformer-mean"] {
        let case = case(name);
        let model = builder(&case, |_| ()).build().unwrap();
        let unit = "the quick brown fox jumps over the lazy dog ";
        let (long, longest) = (unit.repeat(40), unit.repeat(40_000));
        assert_eq!(
            model.embed_one(&long, Role::Plain).unwrap(),
            model.embed_one(&longest, Role::Plain).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn mistakes_are_named() {
    let case = case("transformer-mean-normalized");
    let plain = || builder(&case, |_| ());
    let purpose = Purpose::default().with_task("clustering".to_owned());
    let no_task = plain().build().unwrap().embed_one("text", purpose).unwrap_err();
    assert!(no_task.to_string().contains("clustering"), "{no_task}");
    for (builder, expected) in [
        (plain().dim(8), "option `dim`"),
        (plain().batch_size(0), "option `batch_size`"),
        (plain().batch_tokens(0), "option `batch_tokens`"),
        (plain().threads(0), "option `threads`"),
        (plain().sessions(0), "option `sessions`"),
        (plain().max_length(2), "option `max_length`"),
        (plain().parameter("colour", "red"), "option `colour`"),
        (plain().require_providers([Provider::Cuda]), "cuda"),
        (plain().tf32(true), "option `tf32`"),
        (plain().prefer_providers([Provider::Cpu]).tf32(true), "option `tf32`"),
        (plain().prefer_providers([Provider::TensorRt, Provider::Cuda]).tf32(true), "option `tf32`"),
        (plain().model_dir("/nowhere"), "/nowhere is missing"),
        (builder(&case, |row| row.model_file = "other.onnx".into()), "other.onnx is missing"),
        (builder(&case, |row| row.model_file = "tokenizer.json".into()), "tokenizer.json"),
        (builder(&case, |row| row.family = "sparse".into()), "family \"sparse\""),
        (builder(&case, |row| row.architecture = "x".into()), "architecture \"x\""),
        (builder(&case, |row| row.output = Some(OutputSelector::Name("y".into()))), "no output \"y\""),
        (builder(&case, |row| row.output = Some(OutputSelector::Index(9))), "no output 9"),
    ] {
        let error = builder.build().map(drop).expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let narrow = builder(&case, |row| row.dim = Some(17)).build().unwrap().embed_one("text", Role::Plain).unwrap_err();
    assert!(narrow.to_string().contains("the row says 17"), "{narrow}");
    let unpooled = builder(&case, |row| row.pooling = Pooling::None).build().unwrap();
    let unpooled = unpooled.embed_one("text", Role::Plain).unwrap_err();
    assert!(unpooled.to_string().contains("should have [rows, dim]"), "{unpooled}");
}

#[test]
fn a_model_without_a_graph_refuses_what_only_graphs_obey() {
    let case = case("static-f32");
    let plain = || builder(&case, |_| ());
    for (builder, option) in [
        (plain().sessions(2), "sessions"),
        (plain().spinning(true), "spinning"),
        (plain().optimization(Optimization::Disabled), "optimization"),
    ] {
        let error = builder.build().map(drop).expect_err(option).to_string();
        assert!(error.contains(&format!("option `{option}`")) && error.contains("runs no graph"), "{error}");
    }
    // What they promise is true of it: no session is created early, no batch is larger, no result depends on another.
    assert_golden(&plain().lazy(true).batch_tokens(4).batch_invariant(true).build().unwrap(), &case);
}

#[test]
fn fields_of_a_row_are_obeyed_or_refused() {
    type Set = fn(&mut ModelDescription);
    fn tasks() -> BTreeMap<String, i64> {
        BTreeMap::from([("a".to_owned(), 1)])
    }
    let sparse: [(&str, Set); 3] = [
        ("requires-idf", |row| row.requires_idf = true),
        ("vocab-size", |row| row.vocab_size = Some(3)),
        ("activation", |row| row.activation = Activation::Sigmoid),
    ];
    let of_graphs: [(&str, Set); 4] = [
        ("pooling", |row| row.pooling = Pooling::Mean),
        ("padding", |row| row.padding = Padding::MaxLength),
        ("output", |row| row.output = Some(OutputSelector::Index(0))),
        ("tasks", |row| row.tasks = tasks()),
    ];
    let refused = |name: &str, field: &str, set: Set| {
        let case = case(name);
        let mut row = case.golden.model.clone();
        set(&mut row);
        let registered = Registry::global().register(row.clone()).unwrap_err().to_string();
        let loaded = TextEmbedding::builder(row).model_dir(&case.folder).build().map(drop).unwrap_err().to_string();
        assert!(registered.contains(field) && loaded.contains(field), "{name}, {field}: {registered}; {loaded}");
    };
    for (field, set) in sparse {
        refused("transformer-mean", field, set);
    }
    for (field, set) in sparse.into_iter().chain(of_graphs) {
        refused("static-f32", field, set);
    }
    refused("transformer-mean", "tasks", |row| row.tasks = tasks());
    // What a given folder must have, only those who read it know: the reference's folders lack what the hub's have.
    let case = case("transformer-mean");
    assert_golden(&builder(&case, |row| row.files = vec!["nofile".to_owned()]).build().unwrap(), &case);
}
