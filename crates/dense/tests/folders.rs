//! Folders as sentence-transformers writes them: what they say is obeyed, to its own values, or refused by name.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::fs;
use std::path::{Path, PathBuf};

use embedkit_core::{Embedder, ModelFiles, OutputSelector, Pooling, Role, TextEmbedder};
use embedkit_dense::TextEmbedding;
use embedkit_fixtures::assert_near;
use serde::Deserialize;
use tempfile::TempDir;

/// What sentence-transformers makes of a folder.
#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    plain: Vec<Vec<f32>>,
    query: Vec<Vec<f32>>,
    passage: Vec<Vec<f32>>,
}

fn folders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            assert!(fs::copy(entry.path(), target).is_ok())
        }
    }
}

/// The base with a case's files laid over it.
fn laid_out(case: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&folders().join("base"), folder.path());
    copy(&folders().join(case), folder.path());
    folder
}

fn golden(case: &str) -> Golden {
    serde_json::from_slice(&fs::read(folders().join(case).join("golden.json")).unwrap()).unwrap()
}

fn check(case: &str, model: &TextEmbedding) {
    let golden = golden(case);
    // Where rows are padded at their start, a graph that counts positions itself depends on the batch, there as here.
    let together = if case == "padding-multiple" { 1 } else { 256 };
    for (role, expected) in
        [(Role::Plain, &golden.plain), (Role::Query, &golden.query), (Role::Passage, &golden.passage)]
    {
        let vectors: Vec<_> =
            model.embed_for(&golden.texts, role).batch_size(together).unwrap().map(Result::unwrap).collect();
        for ((vector, expected), text) in vectors.iter().zip(expected).zip(&golden.texts) {
            assert_near(vector, expected, &format!("{case} {role:?} {text:?}"));
        }
    }
}

fn load(folder: &Path) -> Result<TextEmbedding, String> {
    TextEmbedding::builder(folder).build().map_err(|error: embedkit_core::Error| error.to_string())
}

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn vectors_are_those_of_sentence_transformers() {
    let cases = fs::read_dir(folders()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let cases: Vec<String> = cases.filter(|case| case != "base").collect();
    assert!(cases.len() > 20, "{cases:?}");
    for case in cases {
        let folder = laid_out(&case);
        let model = load(folder.path()).unwrap_or_else(|error| panic!("{case}: {error}"));
        check(&case, &model);
    }
}

/// The same folder as people have it: with graphs of other names, in other places.
#[test]
fn any_ordinary_layout_opens() {
    let case = "dense-two";
    for (from, to) in [
        ("model.onnx", "onnx/model.onnx"),
        ("model.onnx", "onnx/model_O4.onnx"),
        ("model.onnx", "model_quantized.onnx"),
        ("model.onnx", "onnx/model_qint8_avx512_vnni.onnx"),
    ] {
        let folder = laid_out(case);
        fs::create_dir_all(folder.path().join("onnx")).unwrap();
        fs::rename(folder.path().join(from), folder.path().join(to)).unwrap();
        check(case, &load(folder.path()).unwrap());
    }
    // The layout of sentence-transformers before 1.0: the network in a folder of its own.
    let folder = laid_out(case);
    let old = folder.path().join("0_Transformer");
    fs::create_dir(&old).unwrap();
    for name in ["model.onnx", "tokenizer.json", "tokenizer_config.json", "config.json"] {
        fs::rename(folder.path().join(name), old.join(name)).unwrap();
    }
    let modules = fs::read_to_string(folder.path().join("modules.json")).unwrap();
    write(folder.path(), "modules.json", &modules.replacen("\"path\": \"\"", "\"path\": \"0_Transformer\"", 1));
    check(case, &load(folder.path()).unwrap());
    // And with the graph exported to the model's own folder.
    fs::rename(old.join("model.onnx"), folder.path().join("model.onnx")).unwrap();
    check(case, &load(folder.path()).unwrap());
}

/// A row of the catalogue over a folder that is not its source's: the hub's own repository, a quantised export.
#[test]
fn a_known_row_takes_the_graph_that_is_at_hand() {
    use embedkit_core::{ModelDescription, Registry, Source};

    let case = "pooling-mean";
    let mut row = ModelDescription::new("tiny/known", "dense", "transformer");
    (row.model_file, row.pooling) = ("model.onnx".to_owned(), Pooling::Mean);
    let mut alone = row.clone();
    alone.id = "tiny/of-its-folder-alone".to_owned();
    row.sources = vec![Source::Hub { hf: "tiny/known".to_owned(), revision: None }];
    for row in [&row, &alone] {
        Registry::global().register(row.clone()).unwrap();
    }
    for (graph, is_unknown) in
        [("model.onnx", false), ("onnx/model.onnx", false), ("onnx/model_qint8_avx512.onnx", true)]
    {
        let folder = laid_out(case);
        fs::create_dir_all(folder.path().join("onnx")).unwrap();
        fs::rename(folder.path().join("model.onnx"), folder.path().join(graph)).unwrap();
        let build = |id: &str| -> embedkit_core::Result<TextEmbedding> {
            TextEmbedding::builder(id).model_dir(folder.path()).batch_invariant(true).build()
        };
        let model = build(&row.id).unwrap();
        check(case, &model);
        // The row says nothing of how another graph's weights are stored, which then may be any way.
        assert_eq!(model.engine().bounds().invariant, is_unknown, "{graph}");
        // A row that has no other source must be right about its folder.
        assert_eq!(build(&alone.id).is_ok(), graph == "model.onnx", "{graph}");
    }
}

#[test]
fn older_names_of_the_windows_file_are_read() {
    for name in ["roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"] {
        for present in [None, Some("{}")] {
            let folder = laid_out("pooling-mean");
            let _ = fs::remove_file(folder.path().join("sentence_bert_config.json"));
            if let Some(present) = present {
                write(folder.path(), "sentence_bert_config.json", present);
            }
            write(folder.path(), &format!("sentence_{name}_config.json"), r#"{"max_seq_length": 5}"#);
            let usage = load(folder.path()).unwrap().usage("one two three four five six", Role::Plain).unwrap();
            assert_eq!((usage.tokens, usage.truncated), (5, true), "{name} {present:?}");
        }
    }
}

/// A file of safetensors with one tensor of floats.
fn tensor(name: &str, shape: [usize; 2], values: &[f32]) -> Vec<u8> {
    let end = values.len() * 4;
    let header = format!(r#"{{"{name}": {{"dtype": "F32", "shape": {shape:?}, "data_offsets": [0, {end}]}}}}"#);
    let values = values.iter().flat_map(|value| value.to_le_bytes());
    (header.len() as u64).to_le_bytes().into_iter().chain(header.into_bytes()).chain(values).collect()
}

/// sentence-transformers counts unknown tokens, cuts nothing and normalises only where a module does; model2vec, whose
/// table has another name, does otherwise.
#[test]
fn a_static_model_of_sentence_transformers_is_not_taken_for_model2vecs() {
    use embedkit_core::tokenizer::{Tokenizer, TokenizerFiles, TokenizerOptions};

    let static_model = r#"{"path": "", "type": "sentence_transformers.models.StaticEmbedding"}"#;
    let normalize = r#"{"path": "1_Normalize", "type": "sentence_transformers.models.Normalize"}"#;
    let tokenizer = fs::read(folders().join("base/tokenizer.json")).unwrap();
    let mut options = TokenizerOptions::default();
    options.max_length = Some(1000);
    let ids_of = Tokenizer::load(&TokenizerFiles::new(tokenizer.clone()), &options).unwrap();
    let rows = ids_of.vocab_size();
    // A row's values are its number and 1.
    let table: Vec<f32> = (0..rows).flat_map(|row| [row as f32, 1.0]).collect();
    let load = |modules: &str, name: &str| {
        let files = ModelFiles::memory([
            ("tokenizer.json", tokenizer.clone()),
            ("model.safetensors", tensor(name, [rows, 2], &table)),
            ("modules.json", modules.as_bytes().to_vec()),
        ]);
        TextEmbedding::builder(files).build().map_err(|error: embedkit_core::Error| error.to_string())
    };
    let text = format!("hello \u{1f9ff} {}", "world ".repeat(700));
    let ids = ids_of.encode_bare(&text).unwrap();
    assert!(ids.contains(&ids_of.unknown_id().unwrap()) && ids.len() > 512);
    let mean = [ids.iter().map(|id| f64::from(*id)).sum::<f64>() as f32 / ids.len() as f32, 1.0];
    let model = load(&format!("[{static_model}]"), "embedding.weight").unwrap();
    assert_near(&model.embed_one(&text, Role::Plain).unwrap(), &mean, "the mean of all rows");
    let model = load(&format!("[{static_model}, {normalize}]"), "embedding.weight").unwrap();
    let length = mean[0].hypot(mean[1]);
    assert_near(&model.embed_one(&text, Role::Plain).unwrap(), &mean.map(|value| value / length), "normalised");
    let error = load(&format!("[{normalize}]"), "embedding.weight").unwrap_err();
    assert!(error.contains("Normalize"), "{error}");
}

#[test]
fn what_follows_a_static_models_table_fits_it() {
    let modules = r#"[{"path": "", "type": "sentence_transformers.models.StaticEmbedding"},
        {"path": "1_Dense", "type": "sentence_transformers.models.Dense"}]"#;
    let tokenizer = fs::read(folders().join("base/tokenizer.json")).unwrap();
    let rows = embedkit_core::tokenizer::json::parse::<serde_json::Value>(&tokenizer).unwrap()["model"]["vocab"]
        .as_object()
        .unwrap()
        .len();
    let files = |taken: usize, weight: f32| {
        let config = format!(
            r#"{{"in_features": {taken}, "out_features": 3, "bias": false,
                "activation_function": "torch.nn.modules.activation.ReLU"}}"#
        );
        ModelFiles::memory([
            ("tokenizer.json", tokenizer.clone()),
            ("model.safetensors", tensor("embedding.weight", [rows, 2], &vec![2.0; 2 * rows])),
            ("modules.json", modules.as_bytes().to_vec()),
            ("1_Dense/config.json", config.into_bytes()),
            ("1_Dense/model.safetensors", tensor("linear.weight", [3, taken], &vec![weight; 3 * taken])),
        ])
    };
    let load = |files: ModelFiles, dim: usize| {
        let mut row = TextEmbedding::describe(&files)?;
        row.dim = Some(dim);
        TextEmbedding::builder(row).model_files(files).build()?.embed_one("hello world", Role::Plain)
    };
    assert_eq!(load(files(2, 0.5), 3).unwrap(), [2.0; 3]);
    for (files, dim, expected) in [
        (files(4, 0.5), 3, "vectors of 2 values, and what follows takes 4"),
        (files(2, 0.5), 2, "vectors have 3 values, and the row says 2"),
        (files(2, f32::MAX), 3, "not finite"),
    ] {
        let error = load(files, dim).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Of a file that may be larger than memory, no more than the header is read to tell whose it is.
#[test]
fn a_large_table_is_told_from_a_networks_weights() {
    const SIZE: u64 = 1 << 40;
    for (tensor, is_static) in [("embeddings", true), ("encoder.weight", false)] {
        let folder = tempfile::tempdir().unwrap();
        let header = format!(r#"{{"{tensor}": {{"dtype": "U8", "shape": [{SIZE}], "data_offsets": [0, {SIZE}]}}}}"#);
        let start: Vec<u8> = (header.len() as u64).to_le_bytes().into_iter().chain(header.into_bytes()).collect();
        fs::write(folder.path().join("model.safetensors"), &start).unwrap();
        let file = fs::File::options().append(true).open(folder.path().join("model.safetensors")).unwrap();
        // Not every file system has files with holes.
        if file.set_len(start.len() as u64 + SIZE).is_err() {
            return;
        }
        let described = TextEmbedding::describe(&ModelFiles::folder(folder.path()).unwrap());
        assert_eq!(described.is_ok_and(|model| model.architecture == "static"), is_static, "{tensor}");
    }
}

/// Folders as `StaticModel.save_pretrained` writes them, with what model2vec makes of them.
#[test]
fn vectors_are_those_of_model2vec() {
    #[derive(Deserialize)]
    struct Golden {
        texts: Vec<String>,
        vectors: Vec<Vec<f32>>,
    }

    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model2vec");
    let cases = fs::read_dir(&folders).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let cases: Vec<String> = cases.filter(|case| case != "base").collect();
    assert!(cases.len() >= 5, "{cases:?}");
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        copy(&folders.join("base"), folder.path());
        copy(&folders.join(&case), folder.path());
        let golden: Golden = serde_json::from_slice(&fs::read(folder.path().join("golden.json")).unwrap()).unwrap();
        let model = load(folder.path()).unwrap_or_else(|error| panic!("{case}: {error}"));
        let vectors: Vec<_> = model.embed(&golden.texts).map(Result::unwrap).collect();
        for ((vector, expected), text) in vectors.iter().zip(&golden.vectors).zip(&golden.texts) {
            assert_near(vector, expected, &format!("{case} {text:?}"));
        }
    }
}

#[test]
fn what_is_not_obeyed_is_refused_by_name() {
    let modules = |kind: &str| {
        format!(
            r#"[{{"path": "", "type": "sentence_transformers.models.Transformer"}},
                {{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}},
                {{"path": "2_Other", "type": "sentence_transformers.models.{kind}"}}]"#
        )
    };
    let dense =
        |activation: &str| format!(r#"{{"in_features": 8, "out_features": 8, "activation_function": "{activation}"}}"#);
    for (name, content, expected) in [
        ("modules.json", modules("LSTM"), "LSTM"),
        ("modules.json", modules("SparseAutoEncoder"), "SparseAutoEncoder"),
        ("modules.json", modules("SpladePooling"), "SpladePooling"),
        ("modules.json", modules("Pooling").replace("2_Other", "1_Pooling"), "has the module Pooling"),
        ("modules.json", modules("Dense").replace("2_Other", "../2_Dense"), "../2_Dense"),
        ("modules.json", modules("Normalize").replace("sentence_transformers.models.N", "my.N"), "my.Normalize"),
        (
            "modules.json",
            r#"[{"path": "", "type": "sentence_transformers.models.Transformer"}]"#.into(),
            "no module Pooling",
        ),
        ("1_Pooling/config.json", r#"{"pooling_mode": "median"}"#.into(), "`pooling_mode`"),
        ("1_Pooling/config.json", r#"{"pooling_mode": "mean", "colour": 1}"#.into(), "`colour`"),
        ("1_Pooling/config.json", r#"{"include_prompt": "no"}"#.into(), "`include_prompt`"),
        ("sentence_bert_config.json", r#"{"query_length": 9}"#.into(), "`query_length`"),
        ("sentence_bert_config.json", r#"{"query_expansion": {"length": 9}}"#.into(), "`strategy`"),
        (
            "sentence_bert_config.json",
            r#"{"query_expansion": {"strategy": "min", "length": 9}}"#.into(),
            "`query_expansion`",
        ),
        ("sentence_bert_config.json", r#"{"transformer_task": "text-generation"}"#.into(), "`transformer_task`"),
        ("sentence_bert_config.json", r#"{"transformer_task": "fill-mask"}"#.into(), "fill-mask"),
        ("sentence_bert_config.json", r#"{"tokenizer_args": {"padding_side": "left"}}"#.into(), "`padding_side`"),
        ("sentence_bert_config.json", r#"{"processing_kwargs": {"text": {"stride": 2}}}"#.into(), "`stride`"),
        ("sentence_bert_config.json", r#"{"modality_config": {"message": {"method": "forward"}}}"#.into(), "`message`"),
        (
            "sentence_bert_config.json",
            r#"{"modality_config": {"text": {"method": "get_text_features", "method_output_name": "x"}}}"#.into(),
            "`method`",
        ),
        (
            "tokenizer_config.json",
            r#"{"tokenizer_class": "BertTokenizer", "do_lower_case": true}"#.into(),
            "`do_lower_case` is true, and the `lowercase` of tokenizer.json is false",
        ),
        ("config_sentence_transformers.json", r#"{"default_prompt_name": "title"}"#.into(), "`default_prompt_name`"),
        ("config_sentence_transformers.json", r#"{"truncate_dim": 4}"#.into(), "`truncate_dim`"),
        ("config_sentence_transformers.json", r#"{"model_type": "SparseEncoder"}"#.into(), "SparseEncoder"),
        ("config_sentence_transformers.json", r#"{"model_type": "ColBERT"}"#.into(), "ColBERT"),
        ("config_sentence_transformers.json", r#"{"max_active_dims": 4}"#.into(), "max_active_dims"),
        ("config_sentence_transformers.json", r#"{"query_prefix": "[Q] "}"#.into(), "`query_prefix`"),
        ("2_Dense/config.json", dense("my.module.Tanh"), "my.module.Tanh"),
        ("2_Dense/config.json", dense("torch.nn.modules.activation.PReLU"), "PReLU"),
        ("2_Dense/config.json", r#"{"in_features": 8, "out_features": 0}"#.into(), "`out_features`"),
        ("2_Dense/config.json", r#"{"in_features": 9, "out_features": 5}"#.into(), "[5, 9]"),
        (
            "2_Dense/config.json",
            dense("torch.nn.modules.activation.Tanh").replace('}', r#", "module_input_name": "token_embeddings"}"#),
            "module Dense, which has no place",
        ),
    ] {
        let folder = laid_out(if name.starts_with("2_Dense") { "dense-default-activation" } else { "pooling-mean" });
        write(folder.path(), name, &content);
        let error = load(folder.path()).expect_err(&content);
        assert!(error.contains(expected), "{content}: {error}");
    }
}

#[test]
fn what_is_missing_is_named_with_what_makes_it() {
    for (change, expected) in [
        (("model.onnx", Some("model.safetensors")), "optimum-cli export onnx --task feature-extraction"),
        (("tokenizer.json", Some("vocab.txt")), "AutoTokenizer"),
        (("tokenizer.json", Some("sentencepiece.bpe.model")), "sentencepiece.bpe.model alone"),
        (("2_Dense/model.safetensors", Some("2_Dense/pytorch_model.bin")), "pytorch_model.bin: is not a zip archive"),
        (("2_Dense/model.safetensors", None), "2_Dense/model.safetensors is missing"),
        (("1_Pooling/config.json", None), "1_Pooling/config.json is missing"),
        (("modules.json", None), "name the pooling"),
    ] {
        let folder = laid_out("dense-default-activation");
        let (gone, instead) = change;
        fs::remove_file(folder.path().join(gone)).unwrap();
        if let Some(instead) = instead {
            write(folder.path(), instead, "");
        }
        let error = load(folder.path()).expect_err(gone);
        assert!(error.contains(expected) && error.len() < 1000, "{gone}: {error}");
    }
    let folder = laid_out("pooling-mean");
    fs::rename(folder.path().join("model.onnx"), folder.path().join("model_a.onnx")).unwrap();
    fs::copy(folder.path().join("model_a.onnx"), folder.path().join("model_b.onnx")).unwrap();
    let error = load(folder.path()).unwrap_err();
    assert!(error.contains("model_a.onnx, model_b.onnx"), "{error}");
    check("pooling-mean", &TextEmbedding::builder(folder.path()).model_file("model_b.onnx").build().unwrap());
}

#[test]
fn an_option_changes_one_thing() {
    let folder = laid_out("default-prompt");
    fs::create_dir(folder.path().join("onnx")).unwrap();
    fs::copy(folder.path().join("model.onnx"), folder.path().join("onnx/model_O2.onnx")).unwrap();
    let other = || TextEmbedding::builder(folder.path()).model_file("onnx/model_O2.onnx");
    check("default-prompt", &other().build().unwrap());
    check("default-prompt", &other().pooling(Pooling::Mean).build().unwrap());
    check("default-prompt", &other().output(OutputSelector::Index(0)).normalize(false).build().unwrap());
    let largest = other().pooling(Pooling::Max).build().unwrap();
    let plain = golden("default-prompt").plain;
    assert_ne!(largest.embed_one("Hello World", Role::Plain).unwrap(), plain[0]);
    assert_eq!(largest.model().prompts, other().build().unwrap().model().prompts);
    // Of several poolings the caller may choose one.
    let joined = laid_out("pooling-joined");
    check("pooling-max", &TextEmbedding::builder(joined.path()).pooling(Pooling::Max).build().unwrap());
    // A folder without a description needs only the pooling.
    fs::remove_file(joined.path().join("modules.json")).unwrap();
    check("pooling-mean", &TextEmbedding::builder(joined.path()).pooling(Pooling::Mean).build().unwrap());
}

#[test]
fn prompts_are_named_by_role() {
    for (prompts, query, passage, plain) in [
        // sentence-transformers has an empty `document` where there is none, and takes that.
        (r#"{"query": "q ", "passage": "p "}"#, Some("q "), None, None),
        (r#"{"document": "d ", "passage": "p "}"#, None, Some("d "), None),
        (r#"{"document": null, "passage": "p "}"#, None, None, None),
        (r#"{"corpus": "c "}"#, None, None, None),
        (r#"{"document": "", "corpus": "c "}"#, None, None, None),
        (r#"{"query": null}"#, None, None, None),
        (r#"{"title": "t "}, "default_prompt_name": "title""#, None, None, Some("t ")),
        (r#"{"query": "q "}, "default_prompt_name": "document""#, Some("q "), None, None),
    ] {
        let folder = laid_out("pooling-mean");
        write(folder.path(), "config_sentence_transformers.json", &format!(r#"{{"prompts": {prompts}}}"#));
        let model = load(folder.path()).unwrap();
        for (role, expected) in [(Role::Query, query), (Role::Passage, passage), (Role::Plain, plain)] {
            assert_eq!(embedkit_core::Purpose::new(role).prompt(model.model()), expected, "{prompts} {role:?}");
        }
        // A prompt that goes before nothing is told.
        let is_unused = prompts.contains("\"passage\"") && !prompts.contains("\"document\"");
        assert_eq!(model.model().notice.is_some(), is_unused, "{prompts}");
    }
}
