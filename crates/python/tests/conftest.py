"""What tests share: the fixtures of the Rust crates, as models that are registered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import embedkit_rs

CRATES = Path(__file__).parents[2]
CLASSES: dict[str, type[Any]] = {
    "dense": embedkit_rs.TextEmbedding,
    "sparse": embedkit_rs.SparseTextEmbedding,
    "colbert": embedkit_rs.LateInteractionTextEmbedding,
    "colpali": embedkit_rs.LateInteractionMultimodalEmbedding,
    "image": embedkit_rs.ImageEmbedding,
    "rerank": embedkit_rs.TextCrossEncoder,
    "hybrid": embedkit_rs.HybridEmbedding,
}
BUILT_IN = "embedkit/static-minilm-en"


@dataclass(frozen=True)
class Case:
    """A small model, and what the reference makes of it."""

    folder: Path
    golden: dict[str, Any]

    @property
    def row(self) -> dict[str, Any]:
        return self.golden["model"]

    def load(self, **options: Any) -> Any:
        register(self.row)
        return CLASSES[self.row["family"]](self.row["id"], model_dir=self.folder, **options)


def register(row: dict[str, Any]) -> None:
    """Adds a row, once."""
    try:
        embedkit_rs.add_model(row)
    except embedkit_rs.AlreadyRegisteredError:
        pass


def cases(crate: str) -> list[Any]:
    """The fixtures of a crate, as parameters."""
    goldens = sorted((CRATES / crate / "tests/fixtures").glob("*/golden.json"))
    assert goldens, crate
    return [
        pytest.param(Case(golden.parent, json.loads(golden.read_text(encoding="utf-8"))), id=golden.parent.name)
        for golden in goldens
    ]


def case(crate: str, name: str) -> Case:
    """One fixture."""
    folder = CRATES / crate / "tests/fixtures" / name
    return Case(folder, json.loads((folder / "golden.json").read_text(encoding="utf-8")))


def assert_near(actual: Any, expected: Any, what: object = "") -> None:
    """Within 1e-5 of a vector's length, as the Rust tests have it."""
    actual, expected = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert actual.shape == expected.shape, what
    length = np.linalg.norm(expected.reshape(-1)) if expected.ndim < 2 else np.linalg.norm(expected, axis=-1).max()
    assert np.abs(actual - expected).max(initial=0) <= 1e-5 * max(float(length), 1e-12), what


@pytest.fixture(scope="session")
def bert() -> Any:
    """A small dense model with a graph."""
    return case("dense", "transformer-cls").load()


@pytest.fixture(scope="session")
def static() -> Any:
    """The model that is compiled in."""
    return embedkit_rs.TextEmbedding(BUILT_IN)


@pytest.fixture(autouse=True)
def warnings_are_errors(recwarn: pytest.WarningsRecorder) -> Iterator[None]:
    """No test warns but those that say so."""
    yield
    unexpected = [str(warning.message) for warning in recwarn if "have no effect" in str(warning.message)]
    assert not unexpected
