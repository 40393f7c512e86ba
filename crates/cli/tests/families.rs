//! The verbs and outputs of the other families, on their fixtures.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::subject::{IMAGE, SPLADE, Subject, TRANSFORMER};
use common::{fixtures, model_args, run, run_with};
use embedkit::{ModelDescription, ModelFiles, Registry};
use embedkit_fixtures::{Case, assert_near, cases};
use serde::Deserialize;
use serde_json::{Value, json};

fn strings(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn lines(values: impl IntoIterator<Item = Value>) -> Vec<u8> {
    values.into_iter().map(|value| value.to_string() + "\n").collect::<String>().into_bytes()
}

fn case<G: serde::de::DeserializeOwned>(family: &str, name: &str) -> Case<G> {
    cases(fixtures(family), |folder| folder == name).remove(0)
}

#[test]
fn bm25_needs_no_files() {
    let embed = |args: &[&str]| run(&[&["embed", "-m", "Qdrant/bm25"], args].concat()).json().remove(0);
    let both = embed(&["the running cats and the cat"]);
    assert_eq!(both["indices"].as_array().unwrap().len(), 2);
    assert_eq!(both["values"].as_array().unwrap().len(), 2);
    let terms = embed(&["--explain", "the running cats and the cat"]);
    assert_eq!(terms["terms"][0]["term"], "cat");
    assert!(terms["terms"][0]["weight"].as_f64() > terms["terms"][1]["weight"].as_f64());
    assert_eq!(embed(&["--top-k", "1", "running cats cats"])["indices"].as_array().unwrap().len(), 1);
    assert_eq!(embed(&["--min-weight", "9", "running cats"])["indices"], json!([]));
    assert_eq!(embed(&["--disable-stemmer", "cat cats"])["indices"].as_array().unwrap().len(), 2);
    assert_eq!(embed(&["--stopwords", "cat,dog", "cat dog mouse"])["indices"].as_array().unwrap().len(), 1);
    assert_eq!(embed(&["--language", "german", "die Katze der Katzen"])["indices"].as_array().unwrap().len(), 1);
    assert_eq!(embed(&["--query", "cat cat"])["values"], json!([1.0]));
    let long = embed(&["--k", "1.0", "--b", "0", "--avg-len", "10", "cat cat"]);
    assert!((long["values"][0].as_f64().unwrap() - 4.0 / 3.0).abs() < 1e-6, "{long}");
    run(&["embed", "-m", "Qdrant/bm25", "--language", "klingon", "x"]).assert_fails(2, "klingon");
    run(&["embed", "-m", "Qdrant/bm25", "--format", "npy", "x"]).assert_fails(2, "jsonl");
    assert_eq!(run(&["tokens", "-m", "Qdrant/bm25", "one two three"]).json()[0]["tokens"], 3);
}

#[derive(Deserialize)]
struct RerankGolden {
    model: ModelDescription,
    queries: Vec<Query>,
}

#[derive(Deserialize)]
struct Query {
    query: String,
    documents: Vec<String>,
    scores: Vec<f32>,
}

#[test]
fn documents_are_reranked() {
    let case: Case<RerankGolden> = case("rerank", "cross-encoder-token-types");
    let folder = tempfile::tempdir().unwrap();
    let model = model_args(folder.path(), case.golden.model.clone(), &case.folder);
    let model = strings(&model);
    let Query { query, documents, scores } = &case.golden.queries[0];
    let input = lines(documents.iter().map(|text| json!({ "text": text })));
    let rerank = |args: &[&str]| run_with(&[&["rerank", "--query", query], &model[..], args].concat(), &input).json();

    let kept: Vec<f32> = rerank(&["--keep-order"]).iter().map(|line| line["score"].as_f64().unwrap() as f32).collect();
    assert_near(&kept, scores, "kept order");
    let best = rerank(&["--top-k", "3", "--with-text"]);
    assert_eq!(best.len(), 3);
    let index = best[0]["index"].as_u64().unwrap() as usize;
    assert_eq!(best[0]["text"], documents[index]);
    assert_eq!(scores[index], scores.iter().copied().fold(f32::MIN, f32::max));
    let probability = rerank(&["--activation", "sigmoid", "--top-k", "1"])[0]["score"].as_f64().unwrap();
    assert!((probability - 1.0 / (1.0 + (-f64::from(scores[index])).exp())).abs() < 1e-5);

    let pairs = lines(documents.iter().map(|text| json!({ "query": query, "text": text, "id": 7 })));
    let paired = run_with(&[&["rerank", "--pairs", "--keep-fields"], &model[..]].concat(), &pairs).json();
    let paired_scores: Vec<f32> = paired.iter().map(|line| line["score"].as_f64().unwrap() as f32).collect();
    assert_near(&paired_scores, scores, "pairs");
    assert_eq!(paired[0]["id"], 7);
    let bare = run_with(&[&["rerank", "--pairs"], &model[..]].concat(), &pairs).json();
    assert_eq!(bare[0].as_object().unwrap().len(), 2, "{}", bare[0]);
    run_with(&[&["rerank", "--pairs"], &model[..]].concat(), b"{\"text\":\"x\"}\n")
        .assert_fails(1, "line 1: has no text in a field `query`");
    run(&["rerank", "x"]).assert_fails(2, "--query");
    run(&["rerank", "--query", "x", "y"]).assert_fails(2, "--model");
}

#[derive(Deserialize)]
struct ColbertGolden {
    model: ModelDescription,
    inputs: Vec<String>,
    embed: Vec<Vec<Vec<f32>>>,
    query_embed: Vec<Vec<Vec<f32>>>,
}

#[test]
fn late_interaction_has_its_verbs() {
    let case: Case<ColbertGolden> = case("colbert", "colbert");
    let folder = tempfile::tempdir().unwrap();
    let model = model_args(folder.path(), case.golden.model.clone(), &case.folder);
    let model = strings(&model);
    let input = lines(case.golden.inputs.iter().map(|text| json!(text)));
    let golden = &case.golden;
    for (args, expected) in [(&["embed"][..], &golden.embed), (&["embed", "--query"], &golden.query_embed)] {
        let results = run_with(&[args, &model[..]].concat(), &input).json();
        assert_eq!(results.len(), expected.len());
        for (line, expected) in results.iter().zip(expected) {
            let rows: Vec<Vec<f32>> = serde_json::from_value(line["embeddings"].clone()).unwrap();
            assert_near(&rows.concat(), &expected.concat(), "a multi-vector");
        }
    }
    let pooled = run_with(&[&["embed", "--pool-factor", "2"], &model[..]].concat(), &input).json();
    assert!(pooled[2]["embeddings"].as_array().unwrap().len() < golden.embed[2].len());

    let scores = run(&[&["score", "--query", "hello", "hello world", "flag embedding"], &model[..]].concat()).json();
    assert_eq!(scores.len(), 2);
    assert!(scores[0]["score"].as_f64() >= scores[1]["score"].as_f64());
    let shown = run(&[&["explain", "--query", "hello", "hello world"], &model[..]].concat());
    assert!(shown.code == 0 && shown.text().contains("world"), "{shown:?}");
    let page = folder.path().join("page.html");
    let html = ["explain", "--query", "hello", "hello world", "--html", page.to_str().unwrap()];
    assert_eq!(run(&[&html, &model[..]].concat()).code, 0);
    assert!(std::fs::read_to_string(page).unwrap().contains("<html"));

    let tokens = |args: &[&str]| run(&[&["tokens", "hello"], args, &model[..]].concat()).json()[0]["tokens"].clone();
    assert_eq!(tokens(&["--query", "--include-extension"]), 32);
    assert!(tokens(&["--query"]).as_u64() < Some(32));
}

#[test]
fn muvera_encodes_what_embed_writes() {
    let args = ["muvera", "--dim", "4", "--k-sim", "2", "--dim-proj", "2", "--r-reps", "3", "--random-seed", "7"];
    let input = lines([json!({"index": 0, "embeddings": [[1.0, 0.0, 0.0, 0.5], [0.0, 1.0, -1.0, 0.5]]})]);
    let encoded = run_with(&args, &input).json();
    assert_eq!(encoded[0]["embedding"].as_array().unwrap().len(), 3 * 4 * 2);
    assert_ne!(run_with(&[&args[..], &["--query"]].concat(), &input).json()[0], encoded[0]);
    run_with(&args, b"{\"embeddings\": [[1.0]]}\n").assert_fails(1, "standard input, line 1");
    run_with(&args, b"{}\n").assert_fails(1, "line 1: is no object with `embeddings`");
    let wrong = [&input[..], b"{\"embeddings\": \"one\"}\n"].concat();
    let outcome = run_with(&args, &wrong);
    assert!(outcome.stderr.contains("line 2: ") && !outcome.stderr.contains("line 1"), "{}", outcome.stderr);
    // A mark of the encoding is no part of the line, and what the line says of its input is kept.
    let line = json!({"index": 7, "chunk": 1, "id": "a", "embedding": [1.0], "embeddings": [[1.0, 0.0, 0.0, 0.5]]});
    let unnumbered = json!({"embeddings": [[1.0, 0.0, 0.0, 0.5]]});
    let kept = run_with(&args, &["\u{feff}".as_bytes(), &lines([line, unnumbered])].concat()).json();
    assert_eq!((&kept[0]["index"], &kept[0]["chunk"], &kept[0]["id"]), (&json!(7), &json!(1), &json!("a")));
    assert_eq!((&kept[1]["index"], &kept[1]["embedding"]), (&json!(1), &kept[0]["embedding"]));
    assert_eq!(kept[0].get("embeddings"), None);
    run(&["muvera", "--dim", "4", "--dim-proj", "9"]).assert_fails(2, "dim_proj");
}

#[derive(Deserialize)]
struct ImageGolden {
    model: ModelDescription,
}

#[test]
fn pages_and_queries_are_embedded() {
    let case: Case<ImageGolden> = case("colpali", "colmodernvbert");
    let folder = tempfile::tempdir().unwrap();
    let model = model_args(folder.path(), case.golden.model.clone(), &case.folder);
    let model = strings(&model);
    let image = std::fs::read_dir(fixtures("colpali").join("images")).unwrap().next().unwrap().unwrap().path();
    let image = image.to_str().unwrap();
    let rows = |args: &[&str]| run(&[args, &model[..]].concat()).json()[0]["embeddings"].as_array().unwrap().len();
    assert!(rows(&["embed", image]) > 0);
    assert!(rows(&["embed", "--query", "hello"]) > 0);
    run(&[&["embed", "nowhere.png"], &model[..]].concat()).assert_fails(1, "nowhere.png");
    let png = folder.path().join("map.png");
    let explain = ["explain", "--image", image, "--query", "hello", "--png", png.to_str().unwrap()];
    let explained = run(&[&explain, &model[..]].concat());
    assert_eq!(explained.code, 0, "{}", explained.stderr);
    assert!(std::fs::read(png).unwrap().starts_with(b"\x89PNG"));
}

#[cfg(feature = "pdf")]
#[test]
fn pages_of_a_pdf_are_embedded() {
    let case: Case<ImageGolden> = case("colpali", "colmodernvbert");
    let folder = tempfile::tempdir().unwrap();
    let model = model_args(folder.path(), case.golden.model.clone(), &case.folder);
    let model = strings(&model);
    let file = folder.path().join("pages.pdf");
    let pages = ["1 0 0 rg 0 0 100 50 re f", "0 0 1 rg 0 0 200 100 re f", "0 1 0 rg 50 50 20 20 re f"];
    std::fs::write(&file, embedkit_fixtures::pdf(200, 100, &pages)).unwrap();
    let file = file.to_str().unwrap();
    let embed = |args: &[&str]| run(&[&["embed", "--pdf"], args, &model[..]].concat());
    let pages = |args: &[&str]| -> Vec<Value> {
        let mut lines = embed(args).json();
        lines.iter_mut().map(|line| line["embeddings"].take()).collect()
    };
    let all = pages(&[file]);
    assert_eq!(all.len(), 3);
    assert!(all[0] != all[1] && all[1] != all[2]);
    assert_eq!(pages(&[file, "--pages", "2-3"]), all[1..]);
    assert_eq!(pages(&[file, "--pages", "1"]), all[..1]);
    assert_eq!(pages(&[file, "--pages", "2", "--dpi", "36"]).len(), 1);
    embed(&[file, "--pages", "2-9"]).assert_fails(2, "1 to 3");
    embed(&[file, "--dpi", "0"]).assert_fails(2, "dpi");
    embed(&["nowhere.pdf"]).assert_fails(1, "nowhere.pdf");
}

/// Each family says which of sentence-transformers' models are its own, and need not know of the others.
#[test]
fn a_folder_that_states_a_model_of_another_family_is_refused_by_its_name() {
    let files = |stated: &str| {
        let settings = json!({"model_type": stated}).to_string();
        ModelFiles::memory([("config_sentence_transformers.json", settings.into_bytes())])
    };
    let families = Registry::global().families();
    let of_some: Vec<_> = families.iter().filter(|family| !family.model_types().is_empty()).collect();
    assert!(of_some.len() > 3);
    for (stated, own) in [
        ("SentenceTransformer", "of the family dense"),
        ("SparseEncoder", "of the family sparse"),
        ("MultiVectorEncoder", "of the family colbert"),
        ("ColBERT", "of the family colbert"),
        ("CrossEncoder", "of the family rerank"),
        ("Surprise", "of no family here"),
    ] {
        for family in &of_some {
            let what = format!("{} {stated}", family.name());
            let refused = format!("`model_type` is {stated}, which is {own}");
            let is_own = own.ends_with(family.name());
            for described in [family.describe(&files(stated)), family.describe_graph(&files(stated))] {
                // Its own folder lacks all else.
                let error = described.unwrap_err().to_string();
                assert_eq!(error.contains(&refused), !is_own, "{what}: {error}");
            }
            assert!(!family.recognizes(&files(stated)), "{what}");
        }
    }
}

/// A folder that says of which family it is needs no `--kind`, and one that its family refuses is refused by what is wrong
/// with it.
#[test]
fn a_folder_is_of_the_family_that_it_says() {
    let folder = |subject: Subject, files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        subject.copy_to(folder.path());
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    };
    let embed = |folder: &tempfile::TempDir| run(&["embed", "--model-dir", folder.path().to_str().unwrap(), "hello"]);
    let modules = |first: &str, second: &str| {
        let module = |path: &str, kind: &str| json!({"path": path, "type": format!("sentence_transformers.{kind}")});
        json!([module("", first), module("1_Pooling", second)]).to_string()
    };
    let dense = modules("models.Transformer", "models.Pooling");
    let splade = modules("sparse_encoder.models.MLMTransformer", "sparse_encoder.models.SpladePooling");
    let lstm = modules("models.Transformer", "models.LSTM");

    let vector = embed(&folder(TRANSFORMER, &[("modules.json", &dense), ("1_Pooling/config.json", "{}")])).vectors();
    assert!(!vector[0].is_empty());
    let terms = embed(&folder(SPLADE, &[("modules.json", &splade), ("1_Pooling/config.json", "{}")])).json();
    assert!(!terms[0]["indices"].as_array().unwrap().is_empty(), "{terms:?}");
    for (subject, modules, pooling, expected) in [
        (TRANSFORMER, &dense, r#"{"pooling_mode": "median"}"#, "`pooling_mode`"),
        (TRANSFORMER, &dense, r#"{"colour": 1}"#, "`colour`"),
        (TRANSFORMER, &lstm, "{}", "module LSTM"),
        (SPLADE, &splade, r#"{"pooling_strategy": "median"}"#, "`pooling_strategy`"),
    ] {
        let files = [("modules.json", modules.as_str()), ("1_Pooling/config.json", pooling)];
        embed(&folder(subject, &files)).assert_fails(1, expected);
    }
    // The families are those that `serve` finds.
    let reranker = Subject { family: "rerank", fixture: "cross-encoder-plain" };
    let classifier = r#"{"architectures": ["BertForSequenceClassification"]}"#;
    embed(&folder(reranker, &[("config.json", classifier)])).assert_fails(1, "`rerank` scores them");
    let (image, picture) = (folder(IMAGE, &[]), fixtures("image").join("formats/rgb.png"));
    let command = ["embed", "--model-dir", image.path().to_str().unwrap(), picture.to_str().unwrap()];
    assert!(!run(&command).vectors()[0].is_empty());
}
