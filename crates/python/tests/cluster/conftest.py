"""What the tests on clusters share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import embedkit_rs

# Nodes authenticate each other; the token is this run's own.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", os.urandom(32).hex())
os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("DAFT_ANALYTICS_ENABLED", "0")

MODEL = "embedkit/static-minilm-en"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: minutes, with nodes that are killed")


@contextmanager
def two_nodes() -> Iterator[Any]:
    """A cluster of Ray of two nodes of this machine, as if each had two cores."""
    import ray
    import ray.cluster_utils

    cluster = ray.cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        cluster.add_node(num_cpus=2)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def texts(count: int) -> pa.Table:
    """Rows with ids, texts of several lengths, and one null in a thousand."""
    words = "cat dog river stone paper wind light tax court stock milk bread".split()
    text = [
        None if number % 1000 == 999 else f"{number} " + " ".join(words[(number + at) % 12] for at in range(number % 30))
        for number in range(count)
    ]
    return pa.table({"id": pa.array(range(count), pa.int64()), "text": pa.array(text, pa.string())})


def write_parts(folder: Path, count: int, parts: int) -> Path:
    """The rows in files."""
    folder.mkdir(parents=True)
    table, size = texts(count), -(-count // parts)
    for part in range(parts):
        pq.write_table(table.slice(part * size, size), folder / f"part-{part:03}.parquet")
    return folder


def check(folder: Path, count: int) -> None:
    """Every id once, with the vector that one process gives."""
    found = pq.read_table(folder).sort_by("id")
    assert found.column("id").to_pylist() == list(range(count))
    table = texts(count)
    expected = embedkit_rs.TextEmbedding(MODEL).embed_arrow(table.column("text"))
    embedding = found.column("embedding").combine_chunks()
    assert embedding.null_count == expected.null_count
    sample = [at for at in range(0, count, max(1, count // 500)) if at % 1000 != 999]
    ours = np.array([embedding[at].as_py() for at in sample])
    theirs = np.array([expected[at].as_py() for at in sample])
    # The same bits, as the model is a table.
    assert np.array_equal(ours.astype(np.float32), theirs.astype(np.float32))


@pytest.fixture
def place(tmp_path: Path) -> Any:
    return tmp_path


def descendants(roots: set[int]) -> set[int]:
    """Processes, and what they started."""
    found, grown = set(roots), True
    while grown:
        grown = False
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid = int(path.parent.name)
                parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue  # it has ended meanwhile
            if pid not in found and parent in found:
                found.add(pid)
                grown = True
    return found


def command(pid: int) -> str:
    """A process's command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
