//! Every option of every verb. One that is new has no row, and fails the test.

use crate::row::{Row, row};

/// The rows of an option at a verb: its own, or those for all verbs.
pub(crate) fn of(verb: &str, option: &str) -> Vec<Row> {
    let named: Vec<Row> = ROWS.iter().copied().flatten().filter(|row| row.option == option).copied().collect();
    let own: Vec<Row> = named.iter().filter(|row| row.verb == Some(verb)).copied().collect();
    if own.is_empty() { named.into_iter().filter(|row| row.verb.is_none()).collect() } else { own }
}

const ROWS: &[&[Row]] =
    &[INPUT, MODEL, PURPOSE, OUTPUT, SPARSE, SHAPE, PAIRS, PAGES, TUNE, MUVERA, COLLECTIONS, EVAL, LISTS];

const INPUT: &[Row] = &[
    row("--input", &["@LINES"]).given(&[]),
    row("--field", &["other"]).given(&["--input", "@LINES"]),
    row("--input-format", &["csv"]).given(&["--input", "@TABLE"]).for_all(),
    row("--input-encoding", &["utf-16le"]).given(&["--input", "@UTF-16"]).for_all(),
    row("--skip-invalid", &[]).given(&["--input", "@BROKEN"]),
    row("--keep-fields", &[]).given(&["--input", "@LINES"]).for_all(),
    row("--keep-text", &[]).for_all(),
    row("--input", &["@MULTI"]).given(&[]).at("muvera"),
];

const MODEL: &[Row] = &[
    row("--model", &["nothing/such"]).instead().told(),
    row("--model-dir", &["@NOTHING"]).instead(),
    row("--kind", &["nothing"]),
    row("--dim", &["4"]),
    row("--dim", &["0"]),
    row("--max-length", &["3"]),
    row("--batch-size", &["0"]),
    // Results of most models do not depend on their batch anyway; `determinism` has one whose do.
    row("--batch-invariant", &[]).may_be_so(),
    row("--threads", &["0"]),
    row("--tuning", &["@NOTHING"]),
    row("--sessions", &["0"]),
    row("--quantize", &["int8"]),
    row("--provider", &["cuda"]).told(),
    row("--require-provider", &[]).beside(&["--provider", "cuda"]),
    row("--device", &["0"]),
    row("--device", &["1"]).beside(&["--provider", "cpu"]),
    row("--tf32", &[]).beside(&["--provider", "cpu"]),
    row("--pooling", &["max"]),
    row("--normalize", &[]),
    row("--output-name", &["nothing"]),
    row("--model-file", &["nothing.onnx"]),
    // What is in a folder or compiled in is not looked for in a cache, and not downloaded.
    row("--cache-dir", &["@OUT/cache"]).may_be_so(),
    row("--offline", &[]).may_be_so(),
    row("--cache-dir", &["@OUT/cache"]).bare(CACHED).at("embed").for_all(),
    row("--cache-dir", &["@OUT/cache"]).bare(CACHED).at("tokens").for_all(),
    row("--offline", &[]).bare(MISSING).at("embed").for_all(),
    row("--offline", &[]).bare(MISSING).at("tokens").for_all(),
];

/// A model that is in a cache, where that is named.
const CACHED: &[&str] = &["--manifest", "@cached.toml", "--model", "test/cached", "--offline", "hello world"];
/// One that is not.
const MISSING: &[&str] = &["--manifest", "@cached.toml", "--model", "test/cached", "--cache-dir", "@OUT/no", "hello"];

const PURPOSE: &[Row] = &[
    row("--query", &[]).may_be_so(),
    row("--passage", &[]).may_be_so(),
    row("--no-prompts", &[]).may_be_so(),
    row("--task", &["nothing"]),
];

const OUTPUT: &[Row] = &[
    row("--output", &["@OUT/a.jsonl"]),
    row("--format", &["safetensors"]).for_all(),
    row("--format", &["npy"]),
    row("--encoding", &["binary"]),
    row("--calibration", &["@SAMPLE"]).beside(&["--encoding", "int8"]),
    row("--calibration", &["@SAMPLE"]),
    row("--resume", &[]).beside(&["--output", "@OUT/half.jsonl"]).for_all(),
    // Every result is a part, and parts are groups of rows.
    row("--part-time", &["0"]).beside(&["--resume", "--output", "@OUT/b.parquet"]).for_all(),
    row("--part-time", &["0"]).for_all(),
    row("--part-time", &["0"]).beside(&["--resume", "--output", "@OUT/b.jsonl"]).for_all(),
    row("--shard", &["0/2"]).given(&["--input", "@LINES", "--output", "@OUT/b.jsonl"]).for_all(),
    row("--with-usage", &[]),
    // It reads a text to its end.
    row("--on-long", &["error"]).given(&["--input", "@LONG"]).but("sparse/bm25"),
    row("--json", &[]),
    // It says what is written anyway.
    row("--json", &[]).at("tokens").may_be_so(),
];

const SPARSE: &[Row] = &[
    row("--language", &["german"]).may_be_so(),
    row("--k", &["3"]),
    row("--b", &["0"]),
    row("--avg-len", &["5"]),
    row("--token-max-length", &["3"]),
    row("--disable-stemmer", &[]),
    row("--stopwords", &["world"]),
    row("--alpha", &["2"]),
    row("--top-k", &["1"]),
    row("--min-weight", &["1000"]),
    row("--explain", &[]),
];

const SHAPE: &[Row] = &[
    row("--chunk", &[]),
    row("--chunk-tokens", &["2"]).beside(&["--chunk"]),
    row("--chunk-tokens", &["2"]),
    row("--chunk-overlap", &["1"]).beside(&["--chunk", "--chunk-tokens", "4"]),
    row("--chunk-overlap", &["1"]),
    row("--late-chunking", &[]).beside(&["--chunk"]),
    row("--late-chunking", &[]),
    row("--pool-factor", &["2"]),
    row("--pool-method", &["pylate"]).beside(&["--pool-factor", "2"]),
    row("--pool-method", &["pylate"]),
    row("--query-text", &["hello"]).given(&["hello world again"]),
    row("--include-extension", &[]),
];

const PAIRS: &[Row] = &[
    row("--query", &["the cats"]).at("rerank").instead(),
    row("--query", &["the cats"]).at("score").instead(),
    row("--query", &["the cats"]).at("explain").instead(),
    row("--pairs", &[]).given(&["--input", "@LINES"]),
    row("--instruction", &["find cats"]),
    row("--activation", &["sigmoid"]),
    row("--keep-order", &[]),
];

const PAGES: &[Row] = &[
    row("--pdf", &["@PAGES"]).given(&[]),
    row("--pages", &["1"]).given(&["--pdf", "@PAGES"]),
    row("--pages", &["1"]),
    row("--dpi", &["20"]).given(&["--pdf", "@PAGES"]),
    row("--dpi", &["20"]),
    row("--page-time", &["9"]),
    row("--page-memory", &["900"]),
    row("--pdf", &["@PAGES"]).given(&["--html", "@OUT/a.html"]).at("explain"),
    row("--pages", &["1"]).given(&["--pdf", "@PAGES", "--html", "@OUT/a.html"]).at("explain"),
    row("--dpi", &["20"]).given(&["--pdf", "@PAGES", "--html", "@OUT/a.html"]).at("explain"),
    row("--max-pixels", &["1"]),
    row("--decode-memory", &["0"]),
    row("--image", &["@IMAGE"]).given(&["--html", "@OUT/a.html"]),
    row("--all", &[]).at("explain"),
    row("--html", &["@OUT/a.html"]).at("explain"),
    row("--png", &["@OUT/a.png"]),
    row("--opacity", &["0.1"]).given(&["--image", "@IMAGE", "--png", "@OUT/a.png"]),
    row("--opacity", &["0.1"]),
    row("--boxes", &["2"]).given(&["--image", "@IMAGE", "--png", "@OUT/a.png"]),
    row("--boxes", &["2"]),
    row("--percentiles", &["10-20"]).given(&["--image", "@IMAGE", "--png", "@OUT/a.png"]),
    row("--percentiles", &["10-20"]),
];

/// What `tune` measures differs with every run: an option shows that it is obeyed by a value that cannot be.
const TUNE: &[Row] = &[
    row("--rerank-query", &["hello"]),
    row("--sample", &["0"]),
    row("--rounds", &["0"]),
    row("--input", &["@NOTHING"]).at("tune").given(&[]),
    row("--field", &["nothing"]).at("tune").given(&["--input", "@LINES"]),
    row("--input-format", &["parquet"]).at("tune").given(&["--input", "@LINES"]),
    row("--input-encoding", &["klingon"]).at("tune").given(&["--input", "@LINES"]),
    row("--skip-invalid", &[]).at("tune").given(&["--rounds", "1", "--input", "@BROKEN"]),
    row("--provider", &["cuda"]).at("tune").beside(&["--rounds", "1"]).told(),
    row("--quantize", &["int8"]).at("tune").beside(&["--rounds", "1"]),
    row("--max-length", &["0"]).at("tune"),
    row("--dim", &["0"]).at("tune"),
    row("--pooling", &["max"]).at("tune"),
    row("--batch-invariant", &[]).at("tune").beside(&["--rounds", "1"]).may_be_so(),
    row("--offline", &[]).at("tune").bare(MISSING),
    row("--output", &["@OUT/no/such"]).at("tune"),
];

const MUVERA: &[Row] = &[
    row("--query", &[]).at("muvera"),
    row("--dim", &["8"]).at("muvera").instead(),
    row("--k-sim", &["2"]),
    row("--dim-proj", &["2"]),
    row("--r-reps", &["2"]),
    row("--random-seed", &["1"]),
];

const COLLECTIONS: &[Row] = &[
    row("--output", &["@OUT/collection"]).at("index").instead(),
    row("--to", &["folder"]),
    row("--frame-seconds", &["1"]),
    row("--frame-seconds", &["1"]).given(&["--versions"]),
    row("--pipeline", &["@PIPELINE"]),
    row("--pipeline", &["@PIPELINE"]).given(&["--versions"]),
    row("--keep", &["0"]),
    row("--keep", &["1"]).given(&["--versions"]),
    row("--versions", &[]).given(&[]),
    row("--verify", &[]).given(&[]),
    row("--rollback", &[]).given(&[]),
    row("--switch", &["nothing"]).given(&[]),
    row("--cache-dir", &["@LINES"]).given(&["--versions"]).at("index"),
    row("--top-k", &["1"]).at("search"),
    row("--filter", &["path=nothing"]),
    row("--heat-map", &["@OUT/maps"]).told(),
    row("--collection-version", &["nothing"]),
    row("--explain", &[]).at("search"),
    row("--html", &["@OUT/a.html"]).at("search"),
];

const EVAL: &[Row] = &[
    row("--data", &["@NOTHING"]).instead(),
    row("--documents", &["@LINES"]),
    row("--split", &["nothing"]),
    row("--split", &["test"]).given(&["--history", "@RECORD"]),
    row("--metric", &["hit@1"]),
    row("--metric", &["hit@1"]).beside(&["--sweep", "--metric", "hit@2"]),
    row("--differences", &["1"]),
    row("--differences", &["1"]).beside(&["embedkit/static-minilm-en"]),
    row("--differences", &["1"]).beside(&["embedkit/static-minilm-en", "--json"]),
    row("--runs", &["@OUT/runs"]),
    row("--runs", &["@OUT/runs"]).beside(&["--sweep"]),
    row("--record", &["@OUT/record"]),
    row("--record", &["@OUT/record"]).beside(&["@A.run"]),
    row("--record", &["@OUT/record"]).beside(&["--sweep"]),
    row("--history", &["@RECORD"]).given(&[]),
    row("--sweep", &[]),
    row("--html", &["@OUT/a.html"]).beside(&["--sweep"]).at("eval"),
    row("--html", &["@OUT/a.html"]).at("eval"),
    row("--make", &["@OUT/set"]).given(&["@TEXTS"]),
    row("--queries", &["1"]).given(&["@TEXTS", "--make", "@OUT/set"]),
    row("--queries", &["1"]),
    row("--json", &[]).at("eval"),
    row("--json", &[]).given(&["@TEXTS", "--make", "@OUT/set"]).at("eval"),
];

const LISTS: &[Row] = &[
    row("--cached", &[]).beside(&["--cache-dir", "@OUT"]),
    row("--cache-dir", &["@LINES"]).at("models list").beside(&["--cached"]),
    row("--cache-dir", &["@OUT"]).at("doctor"),
    row("--offline", &[]).at("doctor"),
    row("--family", &["sparse"]),
    row("--language", &["german"]).at("models list"),
    row("--dim", &["256"]).at("models list"),
    row("--license", &["mit"]),
    row("--max-size", &["0.01"]),
    row("--all", &[]).at("models pull").given(&[]),
    row("--all", &[]).at("models verify").given(&[]),
    row("--all", &[]).at("models repair").given(&[]),
    row("--all", &[]).at("models rm").given(&[]),
    row("--cache-dir", &["@OUT/other"]).at("models pull").instead(),
    row("--cache-dir", &["@OUT/other"]).at("models verify").instead(),
    row("--cache-dir", &["@OUT/other"]).at("models repair").instead(),
    row("--cache-dir", &["@OUT/other"]).at("models rm").instead(),
    row("--offline", &[]).at("models pull").bare(GONE),
    row("--offline", &[]).at("models verify").instead().may_be_so(),
    row("--offline", &[]).at("models repair").bare(GONE),
    row("--offline", &[]).at("models rm").instead().may_be_so(),
    row("--output", &["@OUT/other"]).at("models quantize").instead(),
    row("--kind", &["nothing"]).at("models quantize"),
    row("--model-file", &["nothing.onnx"]).at("models quantize"),
    row("--texts", &["@NOTHING"]),
    row("--force", &[]).given(&["@LOUD"]),
    // The Python is told.
    row("--version", &["0.0.1"]),
    row("--python", &["@NOTHING"]).instead(),
    row("--release", &[]),
    row("--sha256", &["00"]),
    row("--file", &["@LINES"]).bare(&["--runtime-dir", "@OUT/runtimes"]),
    row("--runtime-dir", &["@OUT/runtimes"]).at("runtime install"),
    // A variable goes before it.
    row("--runtime-dir", &["@OUT/runtimes"]).at("runtime status").may_be_so(),
    row("--json", &[]).at("runtime install").bare(&["--file", "@RUNTIME", "--runtime-dir", "@OUT/runtimes"]),
];

/// A model that is not in the cache.
const GONE: &[&str] = &["--manifest", "@cached.toml", "--cache-dir", "@OUT/no", "test/cached"];
