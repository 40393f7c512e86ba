//! Every architecture against the reference, score by score.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::Embedder;
use embedkit_core::{Activation, ModelDescription};
use embedkit_fixtures::{Case, assert_near, cases};
use embedkit_rerank::{Pair, Reranker};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    model: ModelDescription,
    queries: Vec<Query>,
    #[serde(default)]
    pairs: Vec<(String, String)>,
    #[serde(default)]
    pair_scores: Vec<f32>,
}

#[derive(Deserialize)]
struct Query {
    query: String,
    instruction: Option<String>,
    documents: Vec<String>,
    scores: Vec<f32>,
    token_count: Vec<usize>,
}

impl Query {
    fn pairs(&self) -> Vec<Pair> {
        let pair = |document: &String| {
            let pair = Pair::new(self.query.as_str(), document);
            self.instruction.as_ref().map_or_else(|| pair.clone(), |text| pair.clone().with_instruction(text.as_str()))
        };
        self.documents.iter().map(pair).collect()
    }
}

fn fixtures(wanted: impl Fn(&str) -> bool) -> Vec<Case<Golden>> {
    cases(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), wanted)
}

fn load(case: &Case<Golden>, row: ModelDescription) -> Reranker {
    let builder = Reranker::builder(row);
    builder.model_dir(&case.folder).build().unwrap_or_else(|e| panic!("{}: {e}", case.folder.display()))
}

/// Scores may differ by 1e-5, as single numbers of unit size.
fn assert_scores(actual: &[f32], expected: &[f32], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (actual, expected) in actual.iter().zip(expected) {
        assert_near(&[*actual, 1.0], &[*expected, 1.0], what);
    }
}

#[test]
fn scores_are_the_references() {
    for case in fixtures(|_| true) {
        let model = load(&case, case.golden.model.clone());
        for query in &case.golden.queries {
            for batch_size in [1, 3, 64] {
                let scores = model.rerank_pairs(query.pairs()).batch_size(batch_size).unwrap();
                let scores: Vec<f32> = scores.map(Result::unwrap).collect();
                assert_scores(&scores, &query.scores, &format!("{} {:?}", case.folder.display(), query.query));
            }
            let counts: Vec<usize> = query.pairs().iter().map(|pair| model.usage(pair).unwrap().tokens).collect();
            assert_eq!(counts, query.token_count, "{} {:?}", case.folder.display(), query.query);
            assert_eq!(model.token_count(query.pairs()).unwrap(), counts.iter().sum::<usize>());
        }
        let pairs = case.golden.pairs.iter().cloned().map(Pair::from);
        let scores: Vec<f32> = model.rerank_pairs(pairs).map(Result::unwrap).collect();
        assert_scores(&scores, &case.golden.pair_scores, &case.folder.display().to_string());
    }
}

#[test]
fn one_query_with_many_documents_is_as_many_pairs() {
    for case in fixtures(|_| true) {
        let model = load(&case, case.golden.model.clone());
        for query in case.golden.queries.iter().filter(|query| query.instruction.is_none()) {
            let scores: Vec<f32> = model.rerank(&query.query, &query.documents).map(Result::unwrap).collect();
            assert_scores(&scores, &query.scores, &case.folder.display().to_string());
            let ranked = model.rank(&query.query, &query.documents, 3).unwrap();
            assert_eq!(ranked.len(), 3);
            assert_eq!(ranked[0].score, scores.iter().copied().fold(f32::MIN, f32::max));
            assert!(ranked.windows(2).all(|pair| pair[0].score >= pair[1].score));
        }
        assert_eq!(model.rerank("q", Vec::<String>::new()).count(), 0);
    }
}

#[test]
fn the_rows_activation_is_applied() {
    let case = &fixtures(|name| name == "cross-encoder-token-types")[0];
    let mut row = case.golden.model.clone();
    row.activation = Activation::Sigmoid;
    let model = load(case, row);
    for query in &case.golden.queries {
        let scores: Vec<f32> = model.rerank_pairs(query.pairs()).map(Result::unwrap).collect();
        let expected: Vec<f32> = query.scores.iter().map(|score| 1.0 / (1.0 + (-score).exp())).collect();
        assert_scores(&scores, &expected, &query.query);
    }
}

#[test]
fn an_instruction_is_refused_where_it_cannot_count() {
    let case = &fixtures(|name| name == "cross-encoder-plain")[0];
    let model = load(case, case.golden.model.clone());
    let pairs = [Pair::new("q", "d").with_instruction("rank by length"), Pair::new("q", "d")];
    let results: Vec<_> = model.rerank_pairs(pairs).collect();
    assert!(results[0].as_ref().unwrap_err().to_string().contains("takes no instruction"));
    assert!(results[1].is_ok());
}
