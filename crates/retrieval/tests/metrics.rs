//! Metrics equal those of pytrec_eval and ranx, query by query (`golden/generate.py`).

use std::collections::BTreeMap;

use embedkit_retrieval::evaluation::{Judgements, Metric, Run};
use serde::Deserialize;

type ByQuery<T> = BTreeMap<String, T>;

#[derive(Deserialize)]
struct Golden {
    qrels: ByQuery<BTreeMap<String, i64>>,
    run: ByQuery<BTreeMap<String, f64>>,
    pytrec_eval: BTreeMap<String, ByQuery<f64>>,
    ranx: BTreeMap<String, ByQuery<f64>>,
}

#[test]
fn metrics_are_those_of_pytrec_eval_and_ranx() {
    let golden: Golden = serde_json::from_str(include_str!("golden/metrics.json")).unwrap();
    let triples = golden.qrels.iter().flat_map(|(query, grades)| {
        grades.iter().map(move |(document, grade)| (query.clone(), document.clone(), *grade))
    });
    let judgements = Judgements::from_triples(triples);
    let mut run = Run::default();
    for (query, found) in &golden.run {
        run.add(query, found.iter().map(|(document, score)| (document.as_str(), *score)));
    }
    let mut compared = 0;
    for (name, expected) in golden.pytrec_eval.iter().chain(&golden.ranx) {
        let values = name.parse::<Metric>().unwrap().of_run(&judgements, &run);
        let by_query: BTreeMap<&str, f64> = judgements.queries().map(|(query, _)| query).zip(values).collect();
        for (query, value) in expected {
            assert!(
                (by_query[query.as_str()] - value).abs() < 1e-9,
                "{name} of {query}: {} {value}",
                by_query[query.as_str()]
            );
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
}
