//! What the program writes for the other families is the reference's, value by value.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use common::{Outcome, fixtures, model_args, run_with};
use embedkit_fixtures::assert_near;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

type Matrix = Vec<Vec<f32>>;

/// A fixture's folder and goldens, and the arguments that name its model.
struct Model {
    family: &'static str,
    golden: Value,
    args: Vec<String>,
    _manifest: tempfile::TempDir,
}

impl Model {
    fn of(family: &'static str, name: &str) -> Self {
        let folder = fixtures(family).join(name);
        let golden: Value = serde_json::from_slice(&std::fs::read(folder.join("golden.json")).unwrap()).unwrap();
        let manifest = tempfile::tempdir().unwrap();
        let args = model_args(manifest.path(), serde_json::from_value(golden["model"].clone()).unwrap(), &folder);
        Self { family, golden, args, _manifest: manifest }
    }

    fn get<T: DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_value(self.golden[name].clone()).unwrap()
    }

    fn run(&self, args: &[&str], input: &[Value]) -> Outcome {
        let lines: String = input.iter().map(|line| format!("{line}\n")).collect();
        let model = self.args.iter().map(String::as_str);
        run_with(&args.iter().copied().chain(model).collect::<Vec<_>>(), lines.as_bytes())
    }

    fn texts(&self) -> Vec<Value> {
        self.get("inputs")
    }

    /// The goldens' images as lines.
    fn images(&self, name: &str) -> Vec<Value> {
        let paths: Vec<String> = self.get(name);
        paths.iter().map(|path| json!({ "image": fixtures(self.family).join(path), "page": 1 })).collect()
    }
}

fn field<T: DeserializeOwned>(lines: &[Value], name: &str) -> Vec<T> {
    lines.iter().map(|line| serde_json::from_value(line[name].clone()).unwrap()).collect()
}

#[test]
fn sparse_vectors() {
    for name in ["splade", "if-splade", "bm42", "minicoil"] {
        let model = Model::of("sparse", name);
        for (role, method) in [("--passage", "embed"), ("--query", "query_embed")] {
            let lines = model.run(&["embed", "--input-format", "jsonl", role], &model.texts()).json();
            let expected: Vec<Value> = model.get(method);
            let indices: Vec<Vec<u32>> = field(&lines, "indices");
            assert_eq!(indices, field::<Vec<u32>>(&expected, "indices"), "{name} {method}");
            for (actual, expected) in
                field::<Vec<f32>>(&lines, "values").iter().zip(field::<Vec<f32>>(&expected, "values"))
            {
                assert_near(actual, &expected, name);
            }
        }
        let tokens = model.run(&["tokens", "--input-format", "jsonl"], &model.texts()).json();
        assert_eq!(field::<usize>(&tokens, "tokens"), model.get::<Vec<usize>>("token_count"), "{name}");
    }
}

#[test]
fn multi_vectors() {
    for name in ["colbert", "late-on"] {
        let model = Model::of("colbert", name);
        for (role, method, counts) in [("--passage", "embed", "document"), ("--query", "query_embed", "query")] {
            let lines = model.run(&["embed", role], &model.texts()).json();
            let expected: Vec<Matrix> = model.get(method);
            for (actual, expected) in field::<Matrix>(&lines, "embeddings").iter().zip(&expected) {
                assert_eq!(actual.len(), expected.len());
                assert_near(&actual.concat(), &expected.concat(), &format!("{name} {method}"));
            }
            assert_eq!(lines.len(), expected.len());
            for (extension, golden) in [(&[][..], ""), (&["--include-extension"], "_with_extension")] {
                let tokens = model.run(&[&["tokens", role], extension].concat(), &model.texts()).json();
                let golden: Vec<usize> = model.get(&format!("{counts}_token_count{golden}"));
                assert_eq!(field::<usize>(&tokens, "tokens"), golden, "{name} {role}");
            }
        }
    }
}

/// The sum over the query's rows of the greatest dot product with the document's.
fn maxsim(query: &Matrix, document: &Matrix) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let best = |row: &Vec<f32>| document.iter().map(|other| dot(row, other)).fold(f32::MIN, f32::max);
    query.iter().map(best).sum()
}

#[test]
fn late_interaction_scores() {
    let model = Model::of("colbert", "colbert");
    let (texts, documents) = (model.texts(), model.get::<Vec<Matrix>>("embed"));
    let query = &model.get::<Vec<Matrix>>("query_embed")[1];
    let expected: Vec<f32> = documents.iter().map(|document| maxsim(query, document)).collect();
    let args = ["score", "--query", texts[1].as_str().unwrap()];

    let in_order = model.run(&[&args[..], &["--keep-order"]].concat(), &texts).json();
    assert_near(&field::<f32>(&in_order, "score"), &expected, "scores");
    assert_eq!(field::<usize>(&in_order, "index"), (0..texts.len()).collect::<Vec<_>>());
    let best = model.run(&[&args[..], &["--top-k", "2", "--with-text"]].concat(), &texts).json();
    let scores: Vec<f32> = field(&best, "score");
    assert!(best.len() == 2 && scores[0] >= scores[1] && expected.iter().all(|score| *score <= scores[0] + 1e-4));
    assert_eq!(best[0]["text"], texts[best[0]["index"].as_u64().unwrap() as usize]);
}

#[test]
fn rerank_scores() {
    let model = Model::of("rerank", "cross-encoder-token-types");
    for query in model.golden["queries"].as_array().unwrap() {
        let documents: Vec<Value> = serde_json::from_value(query["documents"].clone()).unwrap();
        let expected: Vec<f32> = serde_json::from_value(query["scores"].clone()).unwrap();
        let args = ["rerank", "--input-format", "jsonl", "--query", query["query"].as_str().unwrap()];
        let in_order = model.run(&[&args[..], &["--keep-order"]].concat(), &documents).json();
        assert_near(&field::<f32>(&in_order, "score"), &expected, "scores");

        let pairs = ["tokens", "--input-format", "jsonl", "--query-text", query["query"].as_str().unwrap()];
        let tokens = model.run(&pairs, &documents).json();
        assert_eq!(json!(field::<usize>(&tokens, "tokens")), query["token_count"]);

        let ranked = model.run(&args, &documents).json();
        assert!(field::<f32>(&ranked, "score").is_sorted_by(|a, b| a >= b));
        for line in &ranked {
            assert_eq!(line["score"], in_order[line["index"].as_u64().unwrap() as usize]["score"]);
        }
    }
    let broken = [json!({ "text": "a" }), json!({ "txt": "b" }), json!({ "text": "c", "id": 3 })];
    let args = ["rerank", "--query", "a", "--skip-invalid", "--keep-fields", "--with-text", "--keep-order"];
    let skipped = model.run(&args, &broken).json();
    assert_eq!(field::<usize>(&skipped, "index"), [0, 2], "places are those of the input");
    assert_eq!((&skipped[1]["id"], &skipped[1]["text"]), (&json!(3), &json!("c")));
}

#[test]
fn images() {
    let model = Model::of("image", "clip");
    let lines = model.run(&["embed", "--keep-fields"], &model.images("inputs")).json();
    for (actual, expected) in field::<Vec<f32>>(&lines, "embedding").iter().zip(&model.get::<Matrix>("embed")) {
        embedkit_fixtures::assert_near(actual, expected, "clip");
    }
    assert_eq!(lines[0]["page"], 1);
    let absent = [json!({ "image": "no-such.png" }), model.images("inputs")[0].clone()];
    model.run(&["embed"], &absent).assert_fails(1, "no-such.png");
    model.run(&["embed"], &[json!({ "text": "a" })]).assert_fails(1, "`image`");
}

#[test]
fn pages() {
    let model = Model::of("colpali", "colmodernvbert");
    let shapes = |golden: &str| -> Vec<(usize, usize)> { field(model.golden[golden].as_array().unwrap(), "shape") };
    let shape = |rows: &Matrix| (rows.len(), rows[0].len());
    let pages = model.run(&["embed"], &model.images("images")).json();
    assert_eq!(field::<Matrix>(&pages, "embeddings").iter().map(shape).collect::<Vec<_>>(), shapes("embed_image"));
    let queries = model.run(&["embed", "--query", "--input-format", "jsonl"], &model.texts()).json();
    assert_eq!(field::<Matrix>(&queries, "embeddings").iter().map(shape).collect::<Vec<_>>(), shapes("embed_text"));
    for (extension, golden) in [(&[][..], "token_count"), (&["--include-extension"], "token_count_with_extension")] {
        let args = [&["tokens", "--query", "--input-format", "jsonl"], extension].concat();
        let tokens = model.run(&args, &model.texts()).json();
        assert_eq!(field::<usize>(&tokens, "tokens"), model.get::<Vec<usize>>(golden), "{golden}");
    }
}

#[test]
fn instructions_come_by_option_or_by_line() {
    let model = Model::of("rerank", "causal-lm");
    let score = |args: &[&str], line: Value| -> f64 {
        let line = model.run(&[&["rerank", "--pairs"], args].concat(), &[line]).json().remove(0);
        line["score"].as_f64().unwrap()
    };
    let pair = |instruction: Option<&str>| match instruction {
        Some(instruction) => json!({ "query": "a fox", "text": "a brown fox", "instruction": instruction }),
        None => json!({ "query": "a fox", "text": "a brown fox" }),
    };
    let plain = score(&[], pair(None));
    let by_option = score(&["--instruction", "find dogs"], pair(None));
    assert_ne!(by_option, plain);
    assert_eq!(score(&[], pair(Some("find dogs"))), by_option);
    // A line's own goes first.
    assert_eq!(score(&["--instruction", "find dogs"], pair(Some("find cats"))), score(&[], pair(Some("find cats"))));
    let plain_model = Model::of("rerank", "cross-encoder-plain");
    plain_model.run(&["rerank", "--pairs"], &[pair(Some("find dogs"))]).assert_fails(1, "takes no instruction");
}
