"""Writes `metrics.json`: runs with random scores, some of them equal, and what pytrec_eval and ranx make of them.

    python -m venv venv && venv/bin/pip install pytrec-eval-terrier ranx
    venv/bin/python crates/retrieval/tests/golden/generate.py
"""
import json
import random
from pathlib import Path

import pytrec_eval
from ranx import Qrels, Run, evaluate

random.seed(7)
documents = [f"d{n}" for n in range(60)]
qrels, run = {}, {}
for n in range(25):
    query = f"q{n}"
    judged = random.sample(documents, random.randint(1, 12))
    qrels[query] = {document: random.choice([0, 1, 1, 2, 3]) for document in judged}
    qrels[query][judged[0]] = random.randint(1, 3)
    found = random.sample(documents, random.choice([1, 5, 30, 60]))
    # Equal scores only for the even queries: ranx does not say which of equal documents goes first.
    digits = 1 if n % 2 == 0 else 6
    run[query] = {document: round(random.random() * 3, digits) for document in found}

# Our names, pytrec_eval's, and ranx's.
names = {
    "ndcg": ("ndcg", None), "ndcg@1": ("ndcg_cut_1", "ndcg@1"), "ndcg@10": ("ndcg_cut_10", "ndcg@10"),
    "recall@5": ("recall_5", "recall@5"), "recall@20": ("recall_20", "recall@20"),
    "mrr": ("recip_rank", "mrr"), "mrr@3": (None, "mrr@3"), "map": ("map", "map"), "map@10": ("map_cut_10", None),
    "hit@1": ("success_1", "hit_rate@1"), "hit@10": ("success_10", "hit_rate@10"),
}
measures = {"ndcg", "ndcg_cut.1,10", "recall.5,20", "recip_rank", "map", "map_cut.10", "success.1,10"}
trec = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
ranx_names = sorted({ranx for _, ranx in names.values() if ranx})
untied = [query for query in run if len(set(run[query].values())) == len(run[query])]
evaluated = Run({query: run[query] for query in untied})
evaluate(Qrels({query: qrels[query] for query in untied}), evaluated, ranx_names)
of_ranx = evaluated.scores

golden = {
    "qrels": qrels,
    "run": run,
    "pytrec_eval": {ours: {query: trec[query][theirs] for query in run} for ours, (theirs, _) in names.items() if theirs},
    "ranx": {
        ours: {query: float(of_ranx[theirs][query]) for query in untied} for ours, (_, theirs) in names.items() if theirs
    },
}
path = Path(__file__).with_name("metrics.json")
path.write_text(json.dumps(golden, sort_keys=True, separators=(",", ":")) + "\n")
print(len(untied), "queries without equal scores")
