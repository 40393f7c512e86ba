"""BM25 by itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from embedkit_rs import _embedkit
from embedkit_rs._session import folder_of
from embedkit_rs.results import SparseEmbedding
from embedkit_rs.sparse.sparse_embedding_base import SparseTextEmbeddingBase


class Stemmer(Protocol):
    """Takes the endings off words."""

    def stem_word(self, word: str) -> str:
        """The stem of a word in lower case; an empty one leaves the word out."""
        ...


class Bm25(SparseTextEmbeddingBase):
    """BM25's weights of terms, without a model; the search engine multiplies them by inverse document frequencies.

    ``stopwords`` and ``stemmer`` take the place of the language's. Stop words and stemmers of 18 languages are
    compiled in; nothing is fetched.
    """

    def __init__(
        self,
        model_name: str,
        cache_dir: str | None = None,
        k: float = 1.2,
        b: float = 0.75,
        avg_len: float = 256.0,
        language: str = "english",
        token_max_length: int = 40,
        disable_stemmer: bool = False,
        specific_model_path: str | None = None,
        stemmer: Stemmer | None = None,
        stopwords: set[str] | None = None,
        **kwargs: Any,
    ) -> None:
        keywords: dict[str, Any] = {
            "k": float(k),
            "b": float(b),
            "avg_len": float(avg_len),
            "language": language,
            "token_max_length": token_max_length,
            "disable_stemmer": disable_stemmer,
            "specific_model_path": specific_model_path,
            **kwargs,
        }
        if stopwords is not None:
            keywords["stopwords"] = sorted(stopwords)
        if stemmer is not None:
            if disable_stemmer:
                raise ValueError("a stemmer is given and disabled; do one of the two")
            keywords["stemmer"] = stemmer
        #: Tokens that :meth:`_stem` leaves out besides; words have no other signs than underscores.
        self.punctuation: set[str] = set()
        super().__init__(model_name, cache_dir, **keywords)

    # As the reference has it, whose BM25 has no batches.
    def token_count(self, texts: str | Iterable[str], **kwargs: Any) -> int:  # type: ignore[override]
        """Words of all texts, before any is left out."""
        return super().token_count(texts, **kwargs)

    def raw_embed(self, documents: list[str]) -> list[SparseEmbedding]:
        """Embeds documents at once."""
        return list(self.embed(documents))

    def _stem(self, tokens: list[str]) -> list[str]:
        """The stems of those words that count."""
        return self._model.stems([token for token in tokens if token not in self.punctuation])

    @property
    def stopwords(self) -> set[str]:
        """Words that are left out; another set takes their place."""
        given = self._keywords.get("stopwords")
        if given is not None:
            return set(given)
        return set() if self._keywords["disable_stemmer"] else set(_embedkit.stop_words(self._keywords["language"]))

    @stopwords.setter
    def stopwords(self, words: set[str]) -> None:
        self._keywords["stopwords"] = sorted(words)
        self._load()

    @property
    def _model_dir(self) -> Path:
        return folder_of(self._model)


__all__ = ["Bm25"]
