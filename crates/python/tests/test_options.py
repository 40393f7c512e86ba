"""What constructors take and refuse, and what is raised."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import BUILT_IN, CLASSES, CRATES, case, register

import embedkit_rs
from embedkit_rs import TextEmbedding, _options, _runtime, errors
from embedkit_rs.common.types import Device


def test_errors_are_what_the_reference_raises_too() -> None:
    with pytest.raises(ValueError, match="no dense model") as raised:
        TextEmbedding("no/such-model")
    assert type(raised.value) is errors.UnknownModelError
    with pytest.raises(ValueError, match=r"Known models: \[") as raised:
        TextEmbedding.get_embedding_size("no/such-model")
    row = {"id": "tiny/twice", "family": "dense", "architecture": "transformer", "model-file": "model.onnx", "dim": 8}
    register(row)
    with pytest.raises(ValueError, match="^Model .*tiny/TWICE is already registered") as raised:
        embedkit_rs.add_model({**row, "id": "tiny/TWICE"})
    assert embedkit_rs.remove_model("dense", "tiny/twice") and not embedkit_rs.remove_model("dense", "tiny/twice")
    assert type(raised.value) is errors.AlreadyRegisteredError
    with pytest.raises(OSError, match="no-such-folder") as missing:
        TextEmbedding("BAAI/bge-small-en-v1.5", specific_model_path="no-such-folder")
    assert type(missing.value) is errors.ModelFilesError
    with pytest.raises(ValueError, match="batch_tokens|threads"):
        TextEmbedding(BUILT_IN, threads=0)
    with pytest.raises(ValueError, match="tf32"):
        TextEmbedding(BUILT_IN, tf32=True)
    with pytest.raises(errors.ModelFilesError, match="(?i)offline|cache"):
        TextEmbedding("BAAI/bge-small-en-v1.5", cache_dir="no-such-cache", local_files_only=True)


def test_a_cause_is_told(tmp_path: Path) -> None:
    for file in case("dense", "transformer-cls").folder.iterdir():
        # A version of ONNX alone, without a graph: the runtime says so.
        content = b"\x08\x07" if file.suffix == ".onnx" else file.read_bytes()
        (tmp_path / file.name).write_bytes(content)
    register(case("dense", "transformer-cls").row)
    with pytest.raises(errors.EmbedkitError) as raised:
        TextEmbedding("tiny/transformer-cls", model_dir=tmp_path)
    assert isinstance(raised.value.__cause__, errors.EmbedkitError) or "protobuf" in str(raised.value).lower()


def test_unknown_keywords_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(UserWarning, match="no effect: colour, shape"):
        model = TextEmbedding(BUILT_IN, shape=3, colour="red")
    with pytest.warns(UserWarning, match="no effect: speed"):
        model.embed("a", speed=9)
    monkeypatch.setattr(embedkit_rs, "strict", True)
    with pytest.raises(TypeError, match="colour"):
        TextEmbedding(BUILT_IN, colour="red")


@pytest.fixture(autouse=True)
def clear(recwarn: pytest.WarningsRecorder) -> Any:
    yield
    recwarn.clear()


def test_none_is_as_not_given() -> None:
    # As Chroma calls it.
    model: Any = embedkit_rs.SparseTextEmbedding
    model = model("Qdrant/bm25", cache_dir=None, threads=None, cuda=None, device_ids=None, lazy_load=None)
    assert len(next(model.embed("hello world")).indices) == 2


def test_a_device_that_is_none_is_found_and_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runtime, "offers_cuda", lambda runtime: True)
    monkeypatch.setattr(_runtime, "preload_dlls", lambda: None)
    for device in (None, "auto", Device.AUTO):
        assert _options.constructor("dense", None, None, None, device, None, None, {})["prefer_providers"] == ["cuda"]
    for device in (False, "cpu", Device.CPU):
        assert "prefer_providers" not in _options.constructor("dense", None, None, None, device, None, None, {})
    with pytest.raises(ValueError, match="gpu"):
        TextEmbedding(BUILT_IN, cuda="gpu")  # type: ignore[arg-type]


def test_a_value_that_cannot_be_is_told_with_its_name() -> None:
    with pytest.raises(errors.InvalidOptionError, match="threads: .*negative"):
        TextEmbedding(BUILT_IN, threads=-1)
    with pytest.raises(TypeError, match="threads: .*'str'"):
        TextEmbedding(BUILT_IN, threads="2")  # type: ignore[arg-type]
    reranker = case("rerank", "cross-encoder-plain").load()
    for query in (None, ["a"], b"a"):
        with pytest.raises(TypeError, match=f"query must be a string, not {type(query).__name__}"):
            reranker.rerank(query, ["b"])
    counting = [(TextEmbedding(BUILT_IN), "a"), (reranker, [("a", "b")]), (case("colbert", "colbert").load(), "a")]
    for model, inputs in counting:
        with pytest.raises(ValueError, match="batch_size must be >= 1, got 0"):
            model.token_count(inputs, batch_size=0)


def test_pairs_in_every_form() -> None:
    model = case("rerank", "cross-encoder-plain").load()
    expected = list(model.rerank_pairs([("a", "b"), ("c", "d")]))
    rows = [["a", "b"], ["c", "d"]]
    for pairs in (rows, tuple(map(tuple, rows)), np.array(rows), np.array(rows, dtype=object), iter(rows)):
        assert list(model.rerank_pairs(pairs)) == expected, type(pairs)
    assert model.token_count(rows) == model.token_count([("a", "b"), ("c", "d")])
    for wrong in ("ab", b"ab", ["a"], ["a", "b", "c"], {"a", "b"}, {"a": 1, "b": 2}, ["a", 2], None):
        with pytest.raises(TypeError, match="input 0"):
            list(model.rerank_pairs([wrong]))


def test_providers() -> None:
    small = case("dense", "transformer-cls")
    assert small.load(providers=["CPUExecutionProvider"]).model.model.get_providers() == ["CPUExecutionProvider"]
    for device in (Device.AUTO, "auto"):
        assert small.load(cuda=device, device_ids=[0]).model.model.get_providers() == ["CPUExecutionProvider"]
    for options in ({"cuda": Device.CPU}, {"cuda": False}, {"cuda": "cpu"}, {"providers": ["CPUExecutionProvider"]}):
        with pytest.warns(UserWarning, match="no effect: device_ids"):
            model = small.load(device_ids=[0], **options)
        assert model.model.model.get_providers() == ["CPUExecutionProvider"]
    with pytest.raises(ValueError, match="is not available. Available providers"):
        small.load(providers=["NoSuchExecutionProvider"])
    with pytest.warns(UserWarning, match="both given"):
        small.load(providers=["CPUExecutionProvider"], cuda=True)
    with pytest.raises(ValueError, match="gpu_mem_limit"):
        small.load(providers=[("CUDAExecutionProvider", {"gpu_mem_limit": 1})])
    with pytest.raises(errors.EmbedkitError, match="(?i)cuda"):
        small.load(cuda=True)


def test_sessions_begin_when_they_are_needed() -> None:
    small = case("dense", "transformer-cls")
    model = small.load(lazy_load=True)
    assert not hasattr(model.model, "model")
    assert model.token_count("hello world") == 4
    assert not hasattr(model.model, "model")
    next(model.embed("hello"))
    assert hasattr(model.model, "model")
    assert model.model._model_dir == small.folder
    assert hasattr(small.load().model, "model")
    queries = case("sparse", "if-splade").load(lazy_load=True)
    assert len(next(queries.query_embed("hello world")).indices) > 0
    assert not hasattr(queries.model, "model")


def test_session_options() -> None:
    small = case("dense", "transformer-cls")
    for arena in (True, False):
        options = small.load(enable_cpu_mem_arena=arena).model.model.get_session_options()
        assert options.enable_cpu_mem_arena is arena
    assert small.load().model.model.get_session_options().enable_cpu_mem_arena is True


def test_a_window_is_made_narrower_and_not_wider() -> None:
    small = case("dense", "transformer-cls")  # its window is 32 tokens
    text = "hello " * 100
    assert small.load().usage(text) == (32, True)
    assert small.load(max_length=512).usage(text) == (32, True)
    assert small.load(max_length=8).usage(text) == (8, True)
    reranker = case("rerank", "cross-encoder-plain")
    assert reranker.load(max_length=512).usage(("a", text)) == (32, True)
    assert reranker.load(max_length=10).usage(("a", text)) == (10, True)
    assert TextEmbedding(BUILT_IN, max_length=512).usage("hello")[1] is False


def test_widths_are_cut() -> None:
    small = case("dense", "transformer-cls")
    register({**small.row, "id": "tiny/nested", "matryoshka": [8]})
    model = TextEmbedding("tiny/nested", model_dir=small.folder, dim=8)
    vector = next(model.embed("a cat"))
    assert model.embedding_size == 8 == len(vector) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="dim"):
        small.load(dim=3)


def test_prompts_are_put_where_they_are_asked_for() -> None:
    row = {**case("dense", "transformer-cls").row, "id": "tiny/prompted", "prompts": {"query": "query: "}}
    register(row)
    folder = case("dense", "transformer-cls").folder
    plain, prompted = (TextEmbedding("tiny/prompted", model_dir=folder, prompts=on) for on in (False, True))
    text = "hello world"
    assert np.array_equal(next(plain.query_embed(text)), next(plain.embed(text)))
    assert np.allclose(next(prompted.query_embed(text)), next(plain.embed(f"query: {text}")))
    assert np.array_equal(next(prompted.passage_embed(text)), next(plain.embed(text)))


def test_lists_are_new_at_every_call() -> None:
    for made in CLASSES.values():
        first = made.list_supported_models()
        assert first
        for row in first:
            row.pop("model")
            row["sources"].clear()
        assert all("model" in row and "hf" in row["sources"] for row in made.list_supported_models())


def test_a_model_is_described_by_any_of_its_names() -> None:
    described = TextEmbedding._get_model_description("EMBEDKIT/static-minilm-EN")
    assert (described.model, described.dim) == (BUILT_IN, 256)
    assert (described.sources.hf, described.sources.url) == (None, None)
    assert TextEmbedding._get_model_description("static-minilm-en").model == "static-minilm-en"
    loaded = TextEmbedding("STATIC-minilm-en")
    assert (loaded.model.model_name, loaded.model.model_description.dim) == ("STATIC-minilm-en", 256)
    sparse = embedkit_rs.SparseTextEmbedding("Qdrant/bm25")
    assert sparse.model.model_name == "Qdrant/bm25" and sparse.model.model_description.requires_idf is True
    with pytest.raises(errors.UnknownModelError, match="Model Qdrant/bm25 is not supported in TextEmbedding"):
        TextEmbedding._get_model_description("Qdrant/bm25")
    # A row need not say how wide its vectors are.
    row = {key: value for key, value in case("dense", "transformer-cls").row.items() if key != "dim"}
    register({**row, "id": "tiny/unsized", "sources": [{"hf": "tiny/unsized"}]})
    assert "tiny/unsized" not in [description.model for description in TextEmbedding._list_supported_models()]
    with pytest.raises(ValueError, match="tiny/unsized"):
        TextEmbedding._get_model_description("tiny/unsized")
    model = TextEmbedding("tiny/unsized", model_dir=case("dense", "transformer-cls").folder)
    assert not hasattr(model.model, "model_description")
    embedkit_rs.remove_model("dense", "tiny/unsized")


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small = case("dense", "transformer-cls")
    snapshot = tmp_path / "models--tiny--cached/snapshots/0123456789abcdef0123456789abcdef01234567"
    snapshot.mkdir(parents=True)
    for file in small.folder.iterdir():
        (snapshot / file.name).write_bytes(file.read_bytes())
    (tmp_path / "models--tiny--cached/refs").mkdir()
    (tmp_path / "models--tiny--cached/refs/main").write_text(snapshot.name)
    register({**small.row, "id": "tiny/cached", "sources": [{"hf": "tiny/cached"}]})
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    model = TextEmbedding("TINY/Cached")
    assert model.model._model_dir == snapshot
    monkeypatch.delenv("FASTEMBED_CACHE_PATH")
    assert TextEmbedding("tiny/cached", cache_dir=str(tmp_path)).model._model_dir == snapshot


def test_images_in_every_form() -> None:
    model = case("image", "clip").load()
    path = CRATES / "image/tests/fixtures/formats/rgb.png"
    expected = next(model.embed(path))
    forms: list[Any] = [str(path), path.read_bytes()]
    pillow = pytest.importorskip("PIL.Image")
    image = pillow.open(path)
    read = io.BytesIO(path.read_bytes())
    read.seek(7)
    forms += [image, np.asarray(image.convert("RGB")), read]
    with path.open("rb") as file:
        for form in [*forms, file]:
            assert np.array_equal(next(model.embed(form)), expected), type(form)
    assert len(list(model.embed(forms))) == 5
    with path.open(encoding="latin-1") as text, pytest.raises(TypeError, match="input 0 is a file of text"):
        next(model.embed(text))
    with pytest.raises(TypeError, match="input 0"):
        next(model.embed([3.5]))


def test_images_that_fail_are_errors_of_the_system_as_pillows(tmp_path: Path) -> None:
    model = case("image", "clip").load()
    image = CRATES / "image/tests/fixtures/formats/rgb.png"
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(image.read_bytes()[:60])
    missing = tmp_path / "missing.png"
    for wrong, kind in ((missing, FileNotFoundError), (damaged, OSError), (tmp_path, OSError), (b"no image", OSError)):
        for results in (model.embed([image, wrong]), model.embed_batches([image, wrong])):
            with pytest.raises(kind, match="^input 1: ") as raised:
                list(results)
            assert isinstance(raised.value, errors.InvalidInputError) and raised.value.index == 1
            assert isinstance(raised.value, errors.InvalidImageError)
    column = pytest.importorskip("pyarrow").array([str(image), str(missing)])
    with pytest.raises(errors.MissingImageError, match="^input 1: "):
        model.embed_arrow(column)


def test_bm25_has_the_callers_stemmer() -> None:
    from embedkit_rs.sparse.bm25 import Bm25

    class Short:
        def stem_word(self, word: str) -> str:
            return word[:3]

    class Broken:
        def stem_word(self, word: str) -> str:
            raise LookupError(word)

    tokens = ["The", "quick", "brown", "fox", "is", "a", "test", "sentence", ".", "!"]
    assert Bm25("Qdrant/bm25")._stem(tokens) == ["quick", "brown", "fox", "test", "sentenc"]
    assert Bm25("Qdrant/bm25", disable_stemmer=True, stopwords={"the", "is", "a"})._stem(tokens)[-1] == "sentence"
    own = Bm25("Qdrant/bm25", stemmer=Short(), stopwords=set())
    assert own._stem(tokens) == ["the", "qui", "bro", "fox", "is", "a", "tes", "sen"]
    assert len(own.raw_embed(["quick quiet"])[0].indices) == 1
    with pytest.raises(LookupError, match="hello"):
        next(Bm25("Qdrant/bm25", stemmer=Broken()).embed("hello"))
    with pytest.raises(ValueError, match="disabled"):
        Bm25("Qdrant/bm25", stemmer=Short(), disable_stemmer=True)
    with pytest.raises(ValueError, match="(?i)klingon"):
        Bm25("Qdrant/bm25", language="klingon")
    assert next(Bm25("Qdrant/bm25").query_embed("привет мир!")).values.tolist() == [1, 1]
    assert Bm25("Qdrant/bm25", k=2.0).row["parameters"]["k"] == 2.0


def test_multi_vectors_are_scored() -> None:
    random = np.random.default_rng(5)
    query = random.normal(size=(3, 8)).astype(np.float32)
    documents = [random.normal(size=(rows, 8)).astype(np.float32) for rows in (1, 4, 7)]
    expected = [float((query @ document.T).max(axis=1).sum()) for document in documents]
    scorer = embedkit_rs.MaxSim(query)
    assert np.allclose(scorer.scores(documents), expected, atol=1e-5)
    best, score = scorer.top_k(documents, 1)[0]
    assert best == int(np.argmax(expected)) and score == pytest.approx(max(expected), abs=1e-5)
    assert np.allclose(scorer.scores([document.tolist() for document in documents]), expected, atol=1e-5)
    with pytest.raises(ValueError, match="(?i)wide|width|dim"):
        scorer.scores([np.ones((2, 5), dtype=np.float32)])


def test_diagnostics_go_to_logging(caplog: pytest.LogCaptureFixture) -> None:
    small = case("dense", "transformer-cls")
    register({**small.row, "id": "tiny/noticed", "notice": "embed everything again"})
    with caplog.at_level("WARNING", logger="embedkit_rs"):
        TextEmbedding("tiny/noticed", model_dir=small.folder)
    assert any("embed everything again" in record.getMessage() for record in caplog.records)


def test_sparse_embeddings() -> None:
    from embedkit_rs import SparseEmbedding

    embedding = SparseEmbedding.from_dict({7: 0.5, 3: 1.5})
    assert embedding.indices.tolist() == [7, 3] and embedding.as_dict() == {7: 0.5, 3: 1.5}
    assert embedding.as_object()["values"] is embedding.values
    empty = SparseEmbedding.from_dict({})
    assert (empty.values.dtype, empty.indices.dtype) == (np.float64, np.int64)
    assert "SparseEmbedding(values=" in repr(embedding)


def test_the_library_of_the_wheel_is_found_without_importing_it() -> None:
    from embedkit_rs import _runtime

    library = _runtime.library(None)
    if os.getenv("ORT_DYLIB_PATH"):
        assert library is None
    else:
        assert library is not None and "onnxruntime" in library and Path(library).exists()
    assert _runtime.library("mine.so") == "mine.so"


def test_the_constructors_task_goes_for_every_call_without_one(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from embedkit_rs.arrow import Embedder

    small = case("dense", "jina-v3")
    plain, tasked = small.load(), small.load(task_id=3)
    texts = ["hello world", "a cat"]
    expected = np.stack(list(plain.embed(texts, task_id=3)))
    assert not np.allclose(expected, np.stack(list(plain.embed(texts))))
    options = {"model_dir": str(small.folder), "task_id": 3}
    table = Embedder(small.row["id"], options=options)(pa.table({"text": texts}))
    for found in (
        list(tasked.embed(texts)),
        list(tasked.embed(iter(texts), task_id=None)),
        *tasked.embed_batches(texts),
        *tasked.embed_batches(texts, role="query"),
        tasked.embed_arrow(pa.array(texts)).to_pylist(),
        table.column("embedding").to_pylist(),
    ):
        assert np.array_equal(np.asarray(found, dtype=np.float32), expected)
    other = list(plain.embed(texts, task_id=1))
    assert np.array_equal(list(tasked.embed(texts, task_id=1)), other)
    # As the reference has it.
    assert np.array_equal(list(tasked.query_embed(texts)), list(plain.query_embed(texts)))
    for wrong, kind in [(2.0, "float"), ([1], "list")]:
        with pytest.raises(TypeError, match=f"^task: must be a task's number or its name, not {kind}$"):
            next(plain.embed(texts, task_id=wrong))
    with pytest.raises(ValueError, match="^task: .*too large"):
        next(plain.embed(texts, task_id=2**70))


def test_a_task_of_a_model_without_tasks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [("dense", "transformer-cls"), ("sparse", "splade"), ("colbert", "colbert"), ("image", "clip")]
    for crate, name in [*models, ("rerank", "cross-encoder-plain"), ("hybrid", "bge-m3"), ("colpali", "colpali")]:
        with pytest.warns(UserWarning, match="no effect: task_id"):
            model = case(crate, name).load(task_id=1)
        if crate == "dense":
            assert np.array_equal(next(model.embed("a")), next(case(crate, name).load(task_id=None).embed("a")))
        with monkeypatch.context() as patch:
            patch.setattr(embedkit_rs, "strict", True)
            with pytest.raises(TypeError, match="task_id"):
                case(crate, name).load(task_id=1)


def test_a_calls_task_of_a_model_without_tasks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for model in (TextEmbedding(BUILT_IN), case("dense", "transformer-cls").load(), case("sparse", "splade").load()):
        expected = [str(vector) for vector in model.embed(["a", "b"])]
        for name in ("embed", "query_embed", "passage_embed"):
            call = getattr(model, name)
            with pytest.warns(UserWarning, match="keywords of the call that have no effect: task_id$"):
                found = call(["a", "b"], task_id=1)
            assert name != "embed" or [str(vector) for vector in found] == expected
            with monkeypatch.context() as patch:
                patch.setattr(embedkit_rs, "strict", True)
                with pytest.raises(TypeError, match="task_id"):
                    call(["a", "b"], task_id=1)
    assert len(list(TextEmbedding(BUILT_IN).embed(["a"], task_id=None))) == 1
    tasked = case("dense", "jina-v3").load()
    with pytest.raises(ValueError, match=r"has no task 99; it has 0 \([a-z.]+\), 1 \([a-z.]+\)"):
        next(tasked.embed("a", task_id=99))


def test_a_prompts_name_is_a_task() -> None:
    small = case("dense", "transformer-cls")
    register({**small.row, "id": "tiny/clustering", "prompts": {"clustering": "cluster: "}})
    load = lambda **options: TextEmbedding("tiny/clustering", model_dir=small.folder, prompts=True, **options)  # noqa: E731
    expected = next(load().embed("cluster: a cat"))
    assert np.allclose(next(load().embed("a cat", task_id="clustering")), expected)
    assert np.allclose(next(load(task_id="clustering").embed("a cat")), expected)


def test_values_without_end_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for wrong in (endless, deep, ["\ud800"], [["cat"], [endless]]):
        for options in ({"stopwords": wrong}, {"parameters": {"stopwords": wrong}}):
            with pytest.raises((TypeError, ValueError)):
                embedkit_rs.SparseTextEmbedding("Qdrant/bm25", **options)
    while deep:  # as freeing it at once takes a frame a list
        deep = deep[0]


def test_a_window_may_be_as_wide_as_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    models = [("dense", "transformer-cls"), ("sparse", "splade"), ("colbert", "colbert"), ("rerank", "cross-encoder-plain")]
    loads: list[Any] = [lambda length: TextEmbedding(BUILT_IN, max_length=length)]
    loads += [lambda length, small=case(*names): small.load(max_length=length) for names in models]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for load in loads:
        usual = load(100_000)
        for length in (10**9, 2**62, 2**64 - 1):
            text = ("a", "a " * 100) if load is loads[-1] else "a " * 100
            assert load(length).usage(text) == usual.usage(text)
        with pytest.raises(errors.InvalidOptionError, match="max_length"):
            load(2**64)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20


def test_an_option_that_two_keywords_have_is_given_once(tmp_path: Path) -> None:
    small = case("dense", "transformer-cls")
    assert next(small.load(specific_model_path=str(small.folder)).embed("a")).shape == (16,)
    cuda = [("CUDAExecutionProvider", {"device_id": 1})]
    for options, names in [
        ({"specific_model_path": tmp_path}, ("specific_model_path", "model_dir")),
        ({"device_id": 1, "device_ids": [0]}, ("device_id", "device_ids")),
        ({"providers": cuda, "device_ids": [0]}, ("device_id", "device_ids")),
    ]:
        with pytest.raises(errors.InvalidOptionError, match="`.*{}.*` and `{}` are both given".format(*names)):
            small.load(**options)


def test_options_of_sessions_are_told_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    library = _runtime.library(None) or os.environ["ORT_DYLIB_PATH"]
    options = [("device_ids", [0]), ("device_id", 0), ("enable_cpu_mem_arena", True), ("runtime", library)]
    for option, value in options:
        for load in (lambda **o: TextEmbedding(BUILT_IN, **o), lambda **o: embedkit_rs.SparseTextEmbedding("Qdrant/bm25", **o)):
            with pytest.warns(UserWarning, match=f"no effect: {option}$"):
                load(**{option: value})
            with monkeypatch.context() as patch:
                patch.setattr(embedkit_rs, "strict", True)
                with pytest.raises(TypeError, match=option):
                    load(**{option: value})
    # The engine of a model without a graph has threads all the same.
    assert len(next(TextEmbedding(BUILT_IN, threads=1, device_ids=None, runtime=None).embed("a"))) == 256


def test_options_that_the_reference_takes_with_every_model_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from embedkit_rs.sparse.bm25 import Bm25

    monkeypatch.setattr(_runtime, "preload_dlls", lambda: None)
    cuda, both = ["CUDAExecutionProvider"], ["CUDAExecutionProvider", "CPUExecutionProvider"]
    of_sessions: list[dict[str, Any]] = [
        {"cuda": True},
        {"cuda": "cuda"},
        {"cuda": Device.CUDA, "device_ids": [0]},
        {"providers": cuda},
        {"providers": both},
        {"sessions": 2},
    ]
    everything = {"providers": both, "device_ids": [0], "max_length": 8, "mmap": True, "sessions": 2}
    of_bm25 = [*of_sessions, {"max_length": 512}, {"mmap": True}, everything]
    models: list[tuple[Any, list[dict[str, Any]]]] = [
        (lambda **o: embedkit_rs.SparseTextEmbedding("Qdrant/bm25", **o), of_bm25),
        (lambda **o: Bm25("Qdrant/bm25", **o), of_bm25),
        (lambda **o: TextEmbedding(BUILT_IN, **o), of_sessions),
        (lambda **o: embedkit_rs.LateInteractionTextEmbedding("embedkit/static-late-en", **o), of_sessions),
    ]
    for load, all_options in models:
        expected = load().embed_batches(["a cat", "a " * 20])
        expected = [str(batch) for batch in expected]
        for options in all_options:
            with pytest.warns(UserWarning, match=f"no effect: {', '.join(sorted(options))}$"):
                model = load(**options)
            assert [str(batch) for batch in model.embed_batches(["a cat", "a " * 20])] == expected
            with monkeypatch.context() as patch:
                patch.setattr(embedkit_rs, "strict", True)
                with pytest.raises(TypeError, match=f"no effect: {', '.join(sorted(options))}$"):
                    load(**options)
    # What a model has a use for is obeyed beside, and what cannot be is refused as it is alone.
    with pytest.warns(UserWarning, match="no effect: cuda$"):
        model = TextEmbedding(BUILT_IN, cuda=True, max_length=3)
    assert model.usage("a " * 20) == (3, True)
    with pytest.raises(errors.InvalidOptionError, match="dim"):
        TextEmbedding(BUILT_IN, cuda=True, dim=3)
    with pytest.raises(errors.InvalidOptionError, match="k1|`b`|b "):
        embedkit_rs.SparseTextEmbedding("Qdrant/bm25", cuda=True, max_length=4, b=7.0)
    with pytest.raises(errors.InvalidOptionError, match="sessions"):
        case("dense", "transformer-cls").load(sessions=0)


def test_a_provider_before_the_cpu_has_to_start() -> None:
    small = case("dense", "transformer-cls")
    for providers in (["CUDAExecutionProvider"], ["CUDAExecutionProvider", "CPUExecutionProvider"]):
        with pytest.raises(ValueError, match="(?i)none of those required: cuda"):
            small.load(providers=providers)
    with pytest.warns(UserWarning, match="providers after the CPU that have no effect: cuda"):
        model = small.load(providers=["CPUExecutionProvider", "CUDAExecutionProvider"])
    assert model.model.model.get_providers() == ["CPUExecutionProvider"]


def test_arguments_that_are_iterators_are_kept() -> None:
    import copy

    small = case("dense", "transformer-cls")
    model = small.load(providers=iter(["CPUExecutionProvider"]))
    assert np.array_equal(next(copy.copy(model).embed("a")), next(model.embed("a")))
    assert copy.copy(model)._arguments[2] == ["CPUExecutionProvider"]
