"""BM25 by itself: what can be set later, and what is read."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import embedkit_rs
from embedkit_rs import SparseTextEmbedding
from embedkit_rs.sparse.bm25 import Bm25, Snowball

NAME = "Qdrant/bm25"


class First:
    """The first letters of words."""

    def stem_word(self, word: str) -> str:
        return word[:2]


def rows(vectors: Any) -> list[dict[int, float]]:
    return [vector.as_dict() for vector in vectors]


#: Attribute, another value, and a text that shows it.
SETTABLE: list[tuple[str, Any, str]] = [
    ("k", 0.0, "cat cat dog"),
    ("b", 0.0, "cat cat dog"),
    ("avg_len", 2.0, "cat cat dog"),
    ("language", "german", "katzen and the häuser"),
    ("token_max_length", 3, "cat elephant"),
    ("disable_stemmer", True, "running the dogs"),
    ("stemmer", First(), "running dogs"),
    ("stemmer", Snowball("german"), "running häuser"),
    ("stopwords", {"CAT", "dog"}, "the cat"),
    ("stopwords", set(), "the cat"),
]


@pytest.mark.parametrize(("name", "value", "text"), SETTABLE)
def test_what_the_constructor_takes_can_be_set_later(name: str, value: Any, text: str) -> None:
    alone, whole = Bm25(NAME), SparseTextEmbedding(NAME)
    for model, settable in ((alone, alone), (whole, whole.model)):
        began = model.embed([text])
        before = rows(model.embed([text]))
        setattr(settable, name, value)
        after = rows(model.embed([text]))
        assert after != before
        assert after == rows(Bm25(NAME, **{name: value}).embed([text]))
        assert rows(began) == before
        read = getattr(settable, name)
        assert read == ({word.lower() for word in value} if isinstance(value, set) else value)
        assert rows(pickle.loads(pickle.dumps(model)).embed([text])) == after
        assert rows(copy.copy(model).embed([text])) == after


def test_what_cannot_be_set_changes_nothing() -> None:
    model = Bm25(NAME, parameters={"avg-len": 3.0})
    before = rows(model.embed("cat cat dog"))
    for name, value in (("k", -1.0), ("b", "x"), ("language", "klingon"), ("stopwords", 3), ("token_max_length", -1)):
        with pytest.raises((ValueError, TypeError)):
            setattr(model, name, value)
    with pytest.raises(AttributeError):
        model.punctuation = set()  # type: ignore[misc, assignment]
    assert rows(model.embed("cat cat dog")) == before and model.avg_len == 3.0
    model.avg_len = 256.0
    assert rows(model.embed("cat cat dog")) == rows(Bm25(NAME).embed("cat cat dog"))


def test_sets_that_are_read_cannot_be_changed_in_vain() -> None:
    model = Bm25(NAME)
    assert isinstance(model.stopwords, frozenset) and "the" in model.stopwords
    assert isinstance(model.punctuation, frozenset) and {"!", "_", "¿"} <= model.punctuation and "a" not in model.punctuation
    model.stopwords = {"cat"}
    model.stopwords = None
    assert "the" in model.stopwords


def test_a_stemmer_is_taken_away_and_words_stay_left_out() -> None:
    model = Bm25(NAME)
    model.stemmer = model.stemmer
    assert isinstance(model.stemmer, Snowball) and model.stemmer.stem_word("running") == "run"
    model.stemmer = None
    assert model.stemmer is None and model.disable_stemmer and "the" in model.stopwords
    assert model._stem(["the", "running", "dogs"]) == ["running", "dogs"]
    model.stemmer = First()
    assert model._stem(["the", "running", "dogs"]) == ["ru", "do"]


def test_a_model_has_one_bm25() -> None:
    model = SparseTextEmbedding(NAME, k=2.0)
    assert isinstance(model.model, Bm25) and model.model is model.model and model.model.k == 2.0
    again = pickle.loads(pickle.dumps(model))
    again.model.k = 1.0
    assert again.model.k == 1.0 and model.model.k == 2.0


def test_token_ids_are_the_vectors_indices() -> None:
    assert Bm25.compute_token_id("hello") == 613_153_351
    assert next(Bm25(NAME).query_embed("hello")).indices.tolist() == [613_153_351]
    assert next(Bm25(NAME).query_embed("hello")).indices.dtype == np.int64


def test_a_parameter_is_given_once() -> None:
    for made in (Bm25, SparseTextEmbedding):
        assert made(NAME, parameters={"avg-len": 3.0}).row["parameters"]["avg-len"] == 3.0
        assert made(NAME, parameters={"k": 2.0}, k=2.0).row["parameters"]["k"] == 2.0
        for options in ({"k": 1.0, "parameters": {"k": 2.0}}, {"avg_len": 1.0, "parameters": {"avg-len": 2.0}}):
            with pytest.raises(embedkit_rs.InvalidOptionError, match="both given, and differ"):
                made(NAME, **options)


def test_stop_words_of_an_iterator_are_kept() -> None:
    for options in ({"stopwords": iter(["cat"])}, {"parameters": {"stopwords": iter(["cat"])}}):
        model = SparseTextEmbedding(NAME, **options)
        for each in (model, copy.copy(model), pickle.loads(pickle.dumps(model))):
            assert len(next(each.embed("cat dog")).indices) == 1
