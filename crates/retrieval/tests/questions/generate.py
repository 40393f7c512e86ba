"""Writes the evaluation set beside this file: `python generate.py`.

Its documents are the sections of this project's own documentation, as they were when the set was made, and its questions
were written by hand, each with the sections that answer it. Pages change; the set stays as it is until this is run again.
"""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
DOCS = HERE.parents[2] / "embedkit" / "docs"

# A question, and the sections that answer it: a page, and a heading's anchor where it is not the page's first section.
QUESTIONS = [
    ("how can I call it from tokio without blocking a worker thread", ["async"]),
    ("stop a long job halfway through", ["cancelling"]),
    ("attach my own id to each text and get it back with its vector", ["cancelling#what-travels-with-an-input"]),
    ("where may a model's files be downloaded from", ["catalogue-fields#sources"]),
    ("run embedding jobs on many machines with Ray", ["cluster#ray"]),
    ("Spark data frames", ["cluster#spark"]),
    ("price per million texts on several nodes", ["cluster#what-it-costs"]),
    ("split a job over processes when I have no cluster engine", ["cluster#without-an-engine"]),
    ("which verbs does the program have", ["command-line"]),
    ("a text is longer than the model's window", ["command-line#long-inputs", "dense#usage"]),
    ("read a column of a CSV or Parquet file", ["command-line#inputs"]),
    ("write vectors to a file that numpy opens", ["command-line#results", "outputs#files"]),
    ("find the best batch size for my computer", ["command-line#tune", "dense#how-it-runs"]),
    ("how are releases made", ["contributing#releases"]),
    ("known vulnerabilities of dependencies", ["contributing#advisories"]),
    ("prefix for queries and documents", ["dense#roles-prompts-and-tasks"]),
    ("count the tokens of a text", ["dense#usage"]),
    ("cut a vector to fewer dimensions", ["dense#smaller-vectors"]),
    ("make a model faster by storing its weights in eight bits", ["dense#8-bit-weights-for-any-model"]),
    ("what kinds of failures are there and which should be tried again", ["errors#kinds"]),
    ("does one bad input end the whole run", ["errors#when-they-come", "errors"]),
    ("is one search setup significantly better than another", ["evaluate"]),
    ("make a test set from my own files without judgements", ["evaluate#the-data"]),
    ("combine dense and sparse scores into one ranking", ["hybrid#fusing-results"]),
    ("find photos with a sentence", ["images#searching-pictures-by-text"]),
    ("embed pictures with CLIP", ["images"]),
    ("which kind of model should I take", ["index#which-family"]),
    ("the shared library of ONNX Runtime is not found", ["install#onnx-runtime"]),
    ("install the command line", ["install#the-program"]),
    ("work offline with a folder of model files", ["install#models"]),
    ("ColBERT style scoring with no model to fetch", ["late-interaction#without-a-download"]),
    ("show which words made a document match", ["late-interaction#why-a-document-has-its-score"]),
    ("shrink multi-vectors by clustering tokens", ["late-interaction#fewer-and-smaller-rows"]),
    ("search one vector per token with a vector index", ["late-interaction#maxsim-search", "late-interaction#fewer-and-smaller-rows"]),
    ("switch from the Python package fastembed", ["migrating-from-fastembed#from-python"]),
    ("numbers that are not the same as the Rust crate gives", ["migrating-from-fastembed#values-that-differ-from-the-crates"]),
    ("serialise an embedding as JSON", ["outputs#json"]),
    ("a matrix of all vectors with ndarray", ["outputs#ndarray"]),
    ("implement a new computation for a graph of my own", ["own-architecture#a-graph-over-texts", "own-architecture"]),
    ("add a new kind of model with its own input and output types", ["own-family"]),
    ("register my fine-tuned model under an id", ["own-row"]),
    ("highlight the region of a scanned page that answers", ["pages#where-on-a-page"]),
    ("turn the pages of a PDF into images", ["pages#pdf-files"]),
    ("does Python multiprocessing with fork work", ["python#processes"]),
    ("lazy generators in Python", ["python#iterators"]),
    ("score a question against candidate answers with a cross-encoder", ["rerank"]),
    ("undo the last indexing run", ["search-notes#again-and-back"]),
    ("file that describes which models search what", ["search-notes#pipelines"]),
    ("which file types can be indexed", ["search-notes#what-is-read"]),
    ("use the OpenAI client against my own server", ["serving#pointing-clients-at-it"]),
    ("limits on request size and rejected requests", ["serving#what-it-refuses"]),
    ("health checks and metrics for monitoring", ["serving#in-operation"]),
    ("how are requests from several users batched together", ["serving#how-requests-share-a-model"]),
]


def anchor(heading: str) -> str:
    kept = "".join(c for c in heading.strip() if c.isalnum() or c in "-_ ")
    return kept.lower().replace(" ", "-")


def sections(page: str, text: str):
    """The id, title and text of each section, outside of fenced code."""
    found, fenced = [], False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"(#{1,3}) (.+)", line)
        if heading:
            name = page if len(heading[1]) == 1 else f"{page}#{anchor(heading[2])}"
            found.append((name, heading[2], []))
        elif found and not line.startswith("```") and not (fenced and line.startswith("# ")):
            found[-1][2].append(line)
    return [(name, title, "\n".join(lines).strip()) for name, title, lines in found]


def main() -> None:
    corpus = {}
    for path in sorted(DOCS.glob("*.md")):
        for name, title, text in sections(path.stem, path.read_text()):
            if text:
                corpus[name] = {"_id": name, "title": title, "text": text}
    missing = [name for _, names in QUESTIONS for name in names if name not in corpus]
    assert not missing, missing
    (HERE / "qrels").mkdir(exist_ok=True)
    lines = lambda values: "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    (HERE / "corpus.jsonl").write_text(lines(corpus.values()))
    queries = [{"_id": f"q{at:02}", "text": text} for at, (text, _) in enumerate(QUESTIONS)]
    (HERE / "queries.jsonl").write_text(lines(queries))
    judged = [f"q{at:02}\t{name}\t1" for at, (_, names) in enumerate(QUESTIONS) for name in names]
    (HERE / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(judged) + "\n")


if __name__ == "__main__":
    main()
