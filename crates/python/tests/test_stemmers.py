"""Stemmers of the caller's: what they raise, and who takes them."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from conftest import case

from embedkit_rs import SparseTextEmbedding

NAME = "Qdrant/bm25"


class First:
    """The first letters of words; asked for a word of `raises`, what stands there is raised, so often."""

    def __init__(self, raises: dict[str, list[BaseException]] | None = None) -> None:
        self.raises = raises or {}

    def stem_word(self, word: str) -> str:
        waiting = self.raises.get(word)
        if waiting:
            raise waiting.pop()
        return word[:2]


def rows(vectors: Any) -> list[dict[int, float]]:
    return [vector.as_dict() for vector in vectors]


CALLS: list[Callable[[Any, list[str]], Any]] = [
    lambda model, texts: rows(model.embed(texts)),
    lambda model, texts: rows(model.query_embed(texts)),
    lambda model, texts: rows(batch for whole in model.embed_batches(texts, batch_size=2) for batch in whole.rows()),
    lambda model, texts: model.model._stem(texts),
    lambda model, texts: model.embed_arrow(pytest.importorskip("pyarrow").array(texts)).to_pylist(),
]


@pytest.mark.parametrize("call", CALLS)
def test_what_a_stemmer_raises_is_raised_each_time_and_nothing_is_learnt(call: Callable[[Any, list[str]], Any]) -> None:
    for texts in (["dogs"], ["cats", "fish dogs birds", "cats"], ["word " * 300 + "dogs"]):
        stemmer = First({"dogs": [LookupError("second"), MemoryError("first")]})
        model = SparseTextEmbedding(NAME, stemmer=stemmer)
        for raised in (MemoryError, LookupError):
            with pytest.raises(raised, match="first" if raised is MemoryError else "second"):
                call(model, texts)
        assert call(model, texts) == call(SparseTextEmbedding(NAME, stemmer=First()), texts)


def test_a_stemmers_error_is_its_texts() -> None:
    texts = ["cat", "bird", "dog", "fish"] * 3
    model = SparseTextEmbedding(NAME, stemmer=First({"dog": [KeyError("dog") for _ in range(100)]}))
    for _ in range(3):
        found = []
        with pytest.raises(KeyError, match="dog"):
            for vector in model.embed(texts):
                found.append(vector)
        assert len(found) == 2
        batches = model.embed_batches(texts, batch_size=5, on_error="null")
        assert [len(vector.indices) for batch in batches for vector in batch.rows()] == [1, 1, 0, 1] * 3
        assert [position for position, _ in batches.errors] == [2, 6, 10]
        assert all("the stemmer raised" in message and "KeyError" in message for _, message in batches.errors)
    pa = pytest.importorskip("pyarrow")
    column, failures = model.embed_arrow(pa.array([None, *texts]), on_error="null")
    assert column.is_null().to_pylist() == [True, *[False, False, True, False] * 3]
    assert [position for position, _ in failures] == [3, 7, 11]


def test_an_interrupt_is_no_failed_row() -> None:
    for call in (
        lambda model: list(model.embed_batches(["a cat"], on_error="null")),
        lambda model: list(model.embed_batches(iter(["a cat"] * 3), on_error="null")),
        lambda model: model.embed_arrow(pytest.importorskip("pyarrow").array(["a cat"]), on_error="null"),
    ):
        with pytest.raises(KeyboardInterrupt):
            call(SparseTextEmbedding(NAME, stemmer=First({"cat": [KeyboardInterrupt()] * 9})))


def test_a_stemmer_that_gives_no_string_is_refused() -> None:
    class Number:
        def stem_word(self, word: str) -> int:
            return 5

    with pytest.raises(TypeError):
        next(SparseTextEmbedding(NAME, stemmer=Number()).embed("a cat"))


def test_runs_do_not_see_each_others_errors() -> None:
    model = SparseTextEmbedding(NAME, stemmer=First({"dog": [KeyError("dog")] * 1_000_000}))
    outcomes: list[list[str]] = [[], []]

    def work(at: int, text: str) -> None:
        for _ in range(100):
            try:
                list(model.embed([f"{text} {number}" for number in range(20)]))
                outcomes[at].append("result")
            except KeyError:
                outcomes[at].append("error")

    threads = [threading.Thread(target=work, args=arguments) for arguments in ((0, "cat"), (1, "dog"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [["result"] * 100, ["error"] * 100]


def test_only_bm25_takes_a_stemmer() -> None:
    models = [("sparse", "splade"), ("sparse", "bm42"), ("sparse", "minicoil"), ("dense", "transformer-cls")]
    for crate, name in [*models, ("colbert", "colbert"), ("rerank", "cross-encoder-plain")]:
        with pytest.raises(ValueError, match="`stemmer`.*has no use for it"):
            case(crate, name).load(stemmer=First())
    with pytest.raises(ValueError, match="`stemmer`.*a folder"):
        SparseTextEmbedding.from_folder(case("sparse", "splade").folder, stemmer=First())


@pytest.mark.parametrize("stemmer", [None, First()])
def test_options_are_obeyed_refused_or_told_with_a_stemmer_as_without(stemmer: Any, tmp_path: Any) -> None:
    for options, message in [
        ({"model_dir": tmp_path / "none"}, "none"),
        ({"threads": 0}, "threads"),
        ({"dim": 3}, "dim"),
        ({"normalize": True}, "normalize"),
        ({"model_file": "model.onnx"}, "`model_file`.*no weights"),
        ({"parameters": {"colour": 3}}, "colour"),
    ]:
        with pytest.raises(ValueError, match=message):
            SparseTextEmbedding(NAME, stemmer=stemmer, **options)
    for name, value in [("max_length", 3), ("cuda", True), ("sessions", 2)]:
        with pytest.warns(UserWarning, match=f"no effect: {name}$"):
            SparseTextEmbedding(NAME, stemmer=stemmer, **{name: value})
    (tmp_path / "english.txt").write_text("cat\n")
    model = SparseTextEmbedding(NAME, stemmer=stemmer, model_dir=tmp_path)
    assert len(next(model.embed("the cat")).indices) == 1
    assert model.model.stopwords == {"cat"}


def test_a_stemmer_that_has_its_model_is_collected() -> None:
    found = []
    for _ in range(5):
        stemmer: Any = First()
        stemmer.model = SparseTextEmbedding(NAME, stemmer=stemmer)
        list(stemmer.model.embed(["a cat", "a dog"]))
        found.append(weakref.ref(stemmer))
        del stemmer
    gc.collect()
    assert [stemmer() for stemmer in found] == [None] * 5
