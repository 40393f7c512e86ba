"""What the public classes have in common."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Literal, TypeVar, cast

from embedkit_rs import _embedkit, _options, models
from embedkit_rs._reference_models import IN_OLD_ARCHIVES
from embedkit_rs._session import ModelView
from embedkit_rs.common.model_description import AtHand, BaseModelDescription, DenseModelDescription, ModelSource
from embedkit_rs.common.types import Device, OnnxProvider
from embedkit_rs.errors import UnknownModelError

Role = Literal["plain", "query", "passage"]
OnError = Literal["raise", "null"]
Encoding = Literal["float32", "float16", "int8", "binary"]
Self = TypeVar("Self", bound="Embedder")


class Embedder:
    """A model of one family. Any number of threads may use it; pickled, it is loaded again where it arrives."""

    _FAMILY: ClassVar[str]
    _INPUTS: ClassVar[str] = "text"
    #: Whether what the row puts before a text is put there. The reference knows none for dense models; with others it
    #: is a part of what they are.
    _PROMPTS: ClassVar[bool] = True

    #: What the constructor was given, by its names up to `lazy_load`.
    _arguments: tuple[Any, Any, Any, Any, Any, Any]

    def __init__(
        self,
        model_name: str,
        cache_dir: str | None = None,
        threads: int | None = None,
        providers: Sequence[OnnxProvider] | None = None,
        cuda: bool | Device = Device.AUTO,
        device_ids: list[int] | None = None,
        lazy_load: bool = False,
        **kwargs: Any,
    ) -> None:
        self.model_name = model_name
        self.cache_dir = cache_dir
        self.threads = threads
        self._arguments = _options.kept((cache_dir, threads, providers, cuda, device_ids, lazy_load))
        self._keywords = _options.kept(kwargs)
        self._is_folder = False
        self._load()

    @classmethod
    def from_folder(cls: type[Self], path: str | os.PathLike[str], **options: Any) -> Self:
        """A model in a folder that describes itself, as those that sentence-transformers writes.

        ``options`` are keywords of the constructor. Prompts that the folder has are put before queries and passages,
        unless ``prompts=False``.
        """
        made = cls.__new__(cls)
        names = ("cache_dir", "threads", "providers", "cuda", "device_ids", "lazy_load")
        defaults = {"cuda": Device.AUTO, "lazy_load": False}
        made.model_name = os.fspath(path)
        made._arguments = _options.kept(tuple(options.pop(name, defaults.get(name)) for name in names))
        made.cache_dir, made.threads = made._arguments[0], made._arguments[1]
        made._keywords = _options.kept({"prompts": True, **options})
        made._is_folder = True
        made._load()
        return made

    def _load(self) -> None:
        keywords = dict(self._keywords)
        self._prompts = bool(keywords.pop("prompts", self._PROMPTS))
        stemmer = keywords.pop("stemmer", None)
        self._task = keywords.pop("task_id", None)
        options = _options.constructor(self._FAMILY, *self._arguments, keywords)
        self._warn()
        self._model = _embedkit.Model(
            self._FAMILY, self.model_name, options, is_folder=self._is_folder, stemmer=stemmer
        )
        self._tell_of_what_has_no_effect()

    def _tell_of_what_has_no_effect(self) -> None:
        names = []
        if self._task is not None and not self._knows(self._task):
            self._task = None
            names.append("task_id")
        names += _options.as_given(self._model.unused, self._arguments)
        if self._model.is_open is None:
            names += _options.of_sessions(self._arguments, self._keywords)
        _options.unknown("keywords of the constructor", names)

    def _knows(self, task: Any) -> bool:
        """Whether a task could mean something: a model has tasks, or a prompt of this name."""
        row = self.row
        return bool(row.get("tasks")) or isinstance(task, str) and task in row.get("prompts", {})

    def _warn(self) -> None:
        if self._FAMILY == "sparse" and self.model_name.lower() == "prithvida/splade_pp_en_v1":
            message = "`prithvida/Splade_PP_en_v1` is a misspelling of `prithivida/Splade_PP_en_v1`"
            warnings.warn(message, DeprecationWarning, stacklevel=5)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_model"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._load()

    # --- what runs are made of ---

    def _how(self, role: Role = "plain", **how: Any) -> dict[str, Any]:
        how = {"inputs": self._INPUTS, "role": role, "prompts": self._prompts, "task": self._task, **how}
        return {name: value for name, value in how.items() if value is not None}

    def _embed(self, inputs: Any, how: dict[str, Any], batch_size: int, parallel: int | None, kwargs: Any) -> Any:
        _options.unknown("keywords of the call", kwargs)
        return self._model.embed(inputs, how, batch_size, parallel)

    def embed_batches(
        self, documents: Any, *, role: Role = "plain", batch_size: int = 1024, on_error: OnError = "raise"
    ) -> Any:
        """Embeds ``batch_size`` inputs at a time; gives an iterator of whole arrays instead of rows.

        Dense vectors are one array, ``(rows, dim)``; sparse ones a :class:`~embedkit_rs.SparseBatch`; multi-vectors a
        :class:`~embedkit_rs.MultiVectorBatch`; scores ``(rows,)``. With ``on_error="null"``, a row of an input that
        fails is NaN, or empty, and the iterator's ``errors`` has ``(position, message)`` of it.
        """
        return self._model.embed_batches(documents, self._how(role), batch_size, nulls=gives_nulls(on_error))

    def embed_arrow(
        self, array: Any, *, role: Role = "plain", on_error: OnError = "raise", encoding: Encoding = "float32"
    ) -> Any:
        """Embeds a column of Arrow's, without an object of Python's for each row; gives a ``pyarrow.Array``.

        ``array`` holds strings (``string``, ``large_string``, ``string_view``, or a dictionary of them); for images
        also bytes. Dense vectors become ``fixed_size_list<float>[dim]``, sparse ones a struct of the lists ``indices``
        and ``values``, multi-vectors ``list<fixed_size_list<float>[dim]>``. A null gives a null; with
        ``on_error="null"``, so does an input that fails, and a tuple of the array and the failures,
        ``[(position, message)]``, is returned.

        ``encoding`` makes dense vectors smaller: ``float16``; ``int8``, of normalised vectors, where -1 is -128 and 1 is
        127; ``binary``, a bit for each value above zero. An input fails if its vector does not fit.
        """
        column, failures = self._model.embed_arrow(
            one_array(array), self._how(role), nulls=gives_nulls(on_error), encoding=encoding
        )
        return to_pyarrow(column, failures, on_error)

    def usage(self, text: Any, *, role: Role = "plain") -> tuple[int, bool]:
        """Tokens that the model sees of an input, special ones included, and whether it is cut."""
        return self._model.usage(text, self._how(role))

    # --- what is known of models ---

    @property
    def model(self) -> ModelView:
        """What can be told of the loaded model: its folder and its session, its name and its description."""
        return ModelView(self, self._model)

    @property
    def row(self) -> dict[str, Any]:
        """The model's row of the catalogue, with what the constructor's options change of it."""
        return cast("dict[str, Any]", json.loads(self._model.row))

    @classmethod
    def _rows(cls) -> list[dict[str, Any]]:
        return models.rows(cls._FAMILY)

    @classmethod
    def list_supported_models(cls) -> list[dict[str, Any]]:
        """The models of this class, as new dictionaries at every call; the reference's first, in its order."""
        return [cls._described(row) for row in models.in_the_references_order(cls._FAMILY, cls._rows())]

    @classmethod
    def _described(cls, row: dict[str, Any]) -> dict[str, Any]:
        source = _source(row)
        return {
            "model": row["id"],
            "sources": {"hf": source[0], "url": source[1], "_deprecated_tar_struct": row["id"] in IN_OLD_ARCHIVES},
            "model_file": row.get("model-file", ""),
            "description": row.get("description", ""),
            # What has no identifier of SPDX's has a reference there, and its name alone in the reference's list.
            "license": row.get("license", "").lower().removeprefix("licenseref-"),
            "size_in_GB": row.get("size-gb", 0.0),
            "additional_files": list(row.get("files", [])),
        }

    @classmethod
    def _list_supported_models(cls) -> list[Any]:
        rows = models.in_the_references_order(cls._FAMILY, cls._rows())
        # What is compiled in, or in a folder, the reference has none of.
        return [cls._description(row) for row in rows if any(_source(row)) and cls._can_be_described(row)]

    @classmethod
    def _get_model_description(cls, model_name: str) -> Any:
        """The description of a model, by any of its names in any letter case; ``ValueError`` where there is none."""
        for row in cls._rows():
            for name in [row["id"], *row.get("aliases", [])]:
                if name.lower() == model_name.lower() and cls._can_be_described(row):
                    return cls._description({**row, "id": name})
        raise UnknownModelError(f"Model {model_name} is not supported in {cls.__name__}.")

    @property
    def model_description(self) -> Any:
        """The description of this model."""
        if not self._can_be_described(self.row):
            raise AttributeError(f"the row of {self.model_name} does not say all that a description has")
        return self._description(self.row)

    @classmethod
    def _description(cls, row: dict[str, Any]) -> Any:
        described = cls._described(row)
        sources = described.pop("sources")
        source = ModelSource if any(_source(row)) else AtHand
        return cls._description_class()(sources=source(**sources), **described)

    @classmethod
    def _can_be_described(cls, row: dict[str, Any]) -> bool:
        """Whether a row says all that a description has."""
        return True

    @classmethod
    def _description_class(cls) -> type[BaseModelDescription]:
        return BaseModelDescription

    @classmethod
    def add_custom_model(cls, *args: Any, **kwargs: Any) -> None:
        """This class's models are added by rows: :func:`embedkit_rs.add_model`."""
        raise NotImplementedError(f"models of {cls.__name__} are added by their rows: embedkit_rs.add_model")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model_name!r})"


class SizedEmbedder(Embedder):
    """A model whose vectors are of one width."""

    @property
    def embedding_size(self) -> int:
        """Width of a vector."""
        size = self._model.dim
        if size is None and self._INPUTS == "text":
            # A folder does not say; its first vector does.
            first = next(self._model.embed("a", self._how()))
            size = int(getattr(first, "dense", first).shape[-1])
        if size is None:
            raise ValueError(f"the row of {self.model_name} does not say how wide its vectors are")
        return size

    @classmethod
    def get_embedding_size(cls, model_name: str) -> int:
        """Width of a model's vectors; ``ValueError`` for a name that is not known."""
        row = models.find(cls._FAMILY, model_name)
        if row is None or "dim" not in row:
            known = [row["id"] for row in cls._rows()]
            raise UnknownModelError(f"Embedding size for model {model_name} is not known. Known models: {known}")
        return int(row["dim"])

    @classmethod
    def _can_be_described(cls, row: dict[str, Any]) -> bool:
        return row.get("dim") is not None

    @classmethod
    def _described(cls, row: dict[str, Any]) -> dict[str, Any]:
        return {**super()._described(row), "dim": row.get("dim"), "tasks": dict(row.get("tasks", {}))}

    @classmethod
    def _description_class(cls) -> type[BaseModelDescription]:
        return DenseModelDescription


class TextEmbedder(Embedder):
    """A model of texts."""

    def embed(
        self, documents: str | Iterable[str], batch_size: int = 256, parallel: int | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        return cast(
            "Iterator[Any]", self._embed(documents, self._how(**self._call(kwargs)), batch_size, parallel, kwargs)
        )

    def query_embed(self, query: str | Iterable[str], **kwargs: Any) -> Iterator[Any]:
        return self._embed_role(query, "query", kwargs)

    def passage_embed(self, texts: Iterable[str], **kwargs: Any) -> Iterator[Any]:
        return self._embed_role(texts, "passage", kwargs)

    def token_count(self, texts: str | Iterable[str], batch_size: int = 1024, **kwargs: Any) -> int:
        """Tokens of all texts: after cutting, special ones included, padding not. ``batch_size`` changes nothing."""
        _options.check_batch_size(batch_size)
        _options.unknown("keywords of the call", kwargs)
        return self._model.token_count(texts, self._how())

    def _embed_role(self, texts: Any, role: Role, kwargs: dict[str, Any]) -> Iterator[Any]:
        batch_size, parallel = kwargs.pop("batch_size", 256), kwargs.pop("parallel", None)
        how = self._how(**{**self._call(kwargs), "role": role})
        return cast("Iterator[Any]", self._embed(texts, how, batch_size, parallel, kwargs))

    def _call(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """How a call's own keywords have it embed."""
        return {}


def _source(row: dict[str, Any]) -> tuple[str | None, str | None]:
    """Repository and archive that a row's files come from."""
    sources: list[dict[str, Any]] = row.get("sources", [])
    repository = next((source["hf"] for source in sources if "hf" in source), None)
    archive = next((source["url"] for source in sources if "url" in source), None)
    return repository, archive


def gives_nulls(on_error: str) -> bool:
    """Whether inputs that fail become nulls."""
    if on_error not in ("raise", "null"):
        raise ValueError(f'on_error must be "raise" or "null", got {on_error!r}')
    return on_error == "null"


def one_array(column: Any) -> Any:
    """One array of a column: chunks together, dictionaries as what they stand for."""
    if hasattr(column, "combine_chunks") and hasattr(column, "chunks"):
        column = column.combine_chunks()
        if hasattr(column, "chunks"):  # older releases give a column of one chunk
            column = column.chunk(0)
    if hasattr(column, "dictionary_decode"):
        column = column.dictionary_decode()
    return column


def to_pyarrow(column: Any, failures: list[tuple[int, str]], on_error: str) -> Any:
    """What ``embed_arrow`` returns."""
    import pyarrow

    array = pyarrow.array(column)
    return (array, failures) if on_error == "null" else array
