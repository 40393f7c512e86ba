"""A plug-in of pytest: constants of the tests, which belong to the real models, give way to what the reference makes of
the small ones.

`record`, with the reference: an `allclose` of a test module that fails keeps its left side, and tables of sparse vectors
are filled. `replay`, with this package in the reference's place: those comparisons are made with what was kept, at the
test's own tolerances. All other comparisons are made as they stand.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

MODE = os.environ["EMBEDKIT_CANON"]
FILE = Path(os.environ["EMBEDKIT_CANON_FILE"])
#: Tests that are about private classes of the reference, with the reason.
EXPECTED_TO_FAIL = {
    "test_mock_add_custom_models": "it pools with a private class",
    "test_quantized_model_reports_onnxruntime_requirement": "it replaces a private method",
}

if MODE == "replay":
    import embedkit_rs.compat

    embedkit_rs.compat.install()
    import stand_ins

    stand_ins.install()

_kept: dict[tuple[str, int], Any] = pickle.loads(FILE.read_bytes()) if MODE == "replay" else {}
_current = {"test": "", "ordinal": 0}
_allclose = np.allclose
_sleep = time.sleep


def allclose(left: Any, right: Any, *arguments: Any, **tolerances: Any) -> bool:
    if "/tests/" not in sys._getframe(1).f_code.co_filename:
        return _allclose(left, right, *arguments, **tolerances)
    _current["ordinal"] += 1
    key = (_current["test"], _current["ordinal"])
    if MODE == "record":
        if not _allclose(left, right, *arguments, **tolerances):
            _kept[key] = np.array(left)
        return True
    return _allclose(left, _kept.get(key, right), *arguments, **tolerances)


class Picture:
    """The answer to a request for a picture of the network: one of the tests' own."""

    content = (Path.cwd() / "tests/misc/small_image.jpeg").read_bytes()


_get = requests.get
requests.get = lambda url, *rest, **options: (
    Picture() if url.endswith((".png", ".jpg", ".jpeg")) else _get(url, *rest, **options)
)
np.allclose = allclose
# The reference sleeps between attempts to fetch what is not there.
time.sleep = lambda seconds: _sleep(min(seconds, 0.01) if seconds in (3, 9, 27) else seconds)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _current.update(test=item.nodeid, ordinal=0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    fill(items)
    if MODE == "replay":
        for item in items:
            reason = EXPECTED_TO_FAIL.get(item.name.split("[")[0])
            if reason:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def fill(items: list[pytest.Item]) -> None:
    """Tables of sparse vectors, by test module and name."""
    for module in {item.module for item in items if item.module.__name__.endswith("test_sparse_embeddings")}:
        for table, method in [("CANONICAL_COLUMN_VALUES", "embed"), ("CANONICAL_QUERY_VALUES", "query_embed")]:
            values = getattr(module, table)
            if MODE == "record":
                for model in list(values):
                    vector = next(iter(getattr(module.SparseTextEmbedding(model), method)(["Hello World"])))
                    values[model] = {"indices": vector.indices.tolist(), "values": vector.values.tolist()}
                _kept[table, 0] = dict(values)
            else:
                values.clear()
                values.update(_kept[table, 0])


def pytest_sessionfinish() -> None:
    if MODE == "record":
        FILE.write_bytes(pickle.dumps(_kept))
