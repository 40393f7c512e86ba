"""BM25 by itself."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from embedkit_rs import _embedkit
from embedkit_rs._session import folder_of
from embedkit_rs.results import SparseEmbedding
from embedkit_rs.sparse.sparse_embedding_base import SparseTextEmbeddingBase

#: The languages that there are stop words and a stemmer of.
supported_languages = [
    "arabic",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hungarian",
    "italian",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
]

#: What parameters are where neither the caller nor the row says it.
_DEFAULTS: dict[str, Any] = {
    "k": 1.2,
    "b": 0.75,
    "avg_len": 256.0,
    "language": "english",
    "token_max_length": 40,
    "disable_stemmer": False,
}


class Stemmer(Protocol):
    """Takes the endings off words."""

    def stem_word(self, word: str) -> str:
        """The stem of a word in lower case; an empty one leaves the word out."""
        ...


class Snowball:
    """The stemmer of a language, by its English name in lower case."""

    def __init__(self, language: str) -> None:
        self.language = language

    def stem_word(self, word: str) -> str:
        """The stem of a word in lower case."""
        return _embedkit.stem(self.language, word)


def _parameter(name: str) -> Any:
    """A parameter as an attribute: the loaded model's, and where it is set, the model is loaded with the other value."""

    def value(self: Bm25) -> Any:
        return self._parameter(name)

    def replace(self: Bm25, other: Any) -> None:
        self._replace(**{name: other})

    return property(value, replace)


class Bm25(SparseTextEmbeddingBase):
    """BM25's weights of terms, without a model; the search engine multiplies them by inverse document frequencies.

    ``stopwords`` and ``stemmer`` take the place of the language's. Stop words and stemmers of 18 languages are
    compiled in; nothing is fetched. What the constructor takes can be set later too, and goes for runs that begin then.
    """

    #: How soon further occurrences of a term cease to add weight.
    k = _parameter("k")
    #: How much a text's length counts against it, from 0 to 1.
    b = _parameter("b")
    #: Average length of the texts, in terms.
    avg_len = _parameter("avg_len")
    #: The language of stemmer and stop words.
    language = _parameter("language")
    #: Longest word that counts, in characters.
    token_max_length = _parameter("token_max_length")
    #: Whether words stay as they are.
    disable_stemmer = _parameter("disable_stemmer")

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
        }
        # A default of this signature gives way to what is said by the parameter's own name.
        named = {name.replace("-", "_") for name in kwargs.get("parameters") or {}}
        keywords = {name: value for name, value in keywords.items() if name not in named or value != _DEFAULTS[name]}
        keywords |= {"specific_model_path": specific_model_path, "stopwords": stopwords, **kwargs}
        if stemmer is not None:
            keywords["stemmer"] = stemmer
        super().__init__(model_name, cache_dir, **keywords)

    # As the reference has it, whose BM25 has no batches.
    def token_count(self, texts: str | Iterable[str], **kwargs: Any) -> int:  # type: ignore[override]
        """Words of all texts, before any is left out."""
        return super().token_count(texts, **kwargs)

    def raw_embed(self, documents: list[str]) -> list[SparseEmbedding]:
        """Embeds documents at once."""
        return list(self.embed(documents))

    @classmethod
    def compute_token_id(cls, token: str) -> int:
        """The index of a stem."""
        return _embedkit.term_index(token)

    def _stem(self, tokens: list[str]) -> list[str]:
        """The stems of those words that count."""
        return self._model.stems(tokens)

    @property
    def stopwords(self) -> frozenset[str]:
        """Words that are left out; another set takes their place, and None the language's."""
        given = (self._keywords.get("parameters") or {}).get("stopwords", self._keywords.get("stopwords"))
        if given is not None:
            return frozenset(word.lower() for word in given)
        if self.disable_stemmer:
            return frozenset()
        own = self._model_dir / f"{self.language}.txt"
        words = own.read_text(encoding="utf-8").splitlines() if own.is_file() else _embedkit.stop_words(self.language)
        return frozenset(words)

    @stopwords.setter
    def stopwords(self, words: Iterable[str] | None) -> None:
        self._replace(stopwords=None if words is None else list(words))

    @property
    def stemmer(self) -> Stemmer | None:
        """What takes the endings off words; none where words stay as they are, which None has them do."""
        given: Stemmer | None = self._keywords.get("stemmer")
        if given is not None or self.disable_stemmer:
            return given
        return Snowball(self.language)

    @stemmer.setter
    def stemmer(self, stemmer: Stemmer | None) -> None:
        is_own = isinstance(stemmer, Snowball) and stemmer.language == self.language
        # Stop words stay, which a stemmer that is disabled is otherwise without.
        stopwords = self.stopwords if stemmer is None or self.disable_stemmer else self._keywords.get("stopwords")
        self._replace(
            stemmer=None if is_own else stemmer, disable_stemmer=stemmer is None, stopwords=stopwords
        )

    @property
    def punctuation(self) -> frozenset[str]:
        """Signs that no word has in it, so that nothing is left out for them; words are left out by ``stopwords``."""
        return _punctuation()

    def _parameter(self, name: str) -> Any:
        parameters = self.row.get("parameters", {})
        return parameters.get(name.replace("_", "-"), parameters.get(name, _DEFAULTS[name]))

    def _replace(self, **values: Any) -> None:
        """Loads the model with these values; with what it had, where they cannot be."""
        before = self._keywords
        parameters = before.get("parameters") or {}
        others = {name: value for name, value in parameters.items() if name.replace("-", "_") not in values}
        self._keywords = {**before, **values, "parameters": others}
        try:
            self._load()
        except BaseException:
            self._keywords = before
            raise

    @property
    def _model_dir(self) -> Path:
        return folder_of(self._model)


@cache
def _punctuation() -> frozenset[str]:
    signs = map(chr, range(sys.maxunicode + 1))
    return frozenset(sign for sign in signs if unicodedata.category(sign).startswith("P"))


__all__ = ["Bm25", "supported_languages"]
