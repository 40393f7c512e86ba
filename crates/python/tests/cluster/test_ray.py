"""Jobs on Ray: two raylets on loopback, workers, nodes and drivers that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import MODEL, check, command, descendants, two_nodes, write_parts

ray = pytest.importorskip("ray")
import ray.data  # noqa: E402

import embedkit_rs.ray  # noqa: E402
from embedkit_rs.arrow import ModelSpec  # noqa: E402


@pytest.fixture(scope="module")
def cluster() -> Any:
    with two_nodes() as cluster:
        yield cluster


def workers() -> set[int]:
    """Processes of this cluster that embed."""
    return {pid for pid in descendants({os.getpid()}) if "EmbedderActor" in command(pid)}


def test_a_job(cluster: Any, place: Path) -> None:
    rows = 24_000
    dataset = ray.data.read_parquet(str(write_parts(place / "in", rows, 6)))
    spec = embedkit_rs.ray.prefetch(MODEL)
    assert isinstance(spec, ModelSpec) and spec.digest is not None
    embedded = embedkit_rs.ray.embed(dataset, spec, concurrency=2, rows=rows)
    embedded.write_parquet(str(place / "out"), min_rows_per_file=8000)
    check(place / "out", rows)
    assert len(list((place / "out").glob("*.parquet"))) <= 3


def test_small_files_are_cut_into_blocks_for_all(cluster: Any, place: Path) -> None:
    # Ray reads them as one block; how many rows there are is not said.
    rows = 24_000
    dataset = ray.data.read_parquet(str(write_parts(place / "in", rows, 12)))
    embedded = embedkit_rs.ray.embed(dataset, MODEL, concurrency=2, batch_size=1000, num_gpus=0)
    embedded.write_parquet(str(place / "out"))
    check(place / "out", rows)
    assert len(list((place / "out").glob("*.parquet"))) == 24
    # One block of what a worker makes of it fits into a store many times.
    stores = [node["Resources"]["object_store_memory"] for node in ray.nodes() if node["Alive"]]
    assert embedded.context.target_max_block_size <= min(stores) / 16


def test_workers_that_do_not_fit_are_refused(cluster: Any) -> None:
    dataset = ray.data.range(10)
    with pytest.raises(ValueError, match="4 workers of 1 cores do not fit: the cluster has 4 cores.*1 read and write"):
        embedkit_rs.ray.embed(dataset, MODEL, concurrency=4)
    with pytest.raises(ValueError, match="give one of them"):
        embedkit_rs.ray.embed(dataset, MODEL, concurrency=1, batch_size=100, rows=10)
    with pytest.raises(ValueError, match="id_column"):
        embedkit_rs.ray.embed(dataset, MODEL, concurrency=1, checkpoint="somewhere")


def test_a_worker_loads_its_model_once(cluster: Any, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Told(embedkit_rs.ray.EmbedderActor):
        """Tells which process embedded, and how many models it has loaded."""

        def __call__(self, batch: Any) -> Any:
            from embedkit_rs import arrow

            embedded = super().__call__(batch)
            for name, value in {"process": os.getpid(), "loads": arrow._models.loads}.items():
                embedded = embedded.append_column(name, pa.array([value] * batch.num_rows))
            return embedded

    monkeypatch.setattr(embedkit_rs.ray, "EmbedderActor", Told)
    rows = 12_000
    dataset = ray.data.read_parquet(str(write_parts(place / "in", rows, 6)))
    embedded = embedkit_rs.ray.embed(dataset, MODEL, concurrency=2, batch_size=500)
    embedded.write_parquet(str(place / "out"))
    check(place / "out", rows)
    told = pq.read_table(place / "out", columns=["process", "loads"]).to_pandas()
    assert set(told["loads"]) == {1}
    # Both had work, and many blocks of it.
    assert told["process"].nunique() == 2 and told["process"].value_counts().min() > 1000


@pytest.mark.long
def test_the_drivers_memory_does_not_grow_with_the_blocks(cluster: Any, place: Path) -> None:
    rows = 200_000
    dataset = ray.data.read_parquet(str(write_parts(place / "in", rows, 40)))
    embedded = embedkit_rs.ray.embed(dataset, MODEL, concurrency=2, batch_size=500)
    taken: list[tuple[float, int]] = []
    ended = threading.Event()

    def watch() -> None:
        pages = Path(f"/proc/{os.getpid()}/statm")
        while not ended.wait(0.1):
            # Its own memory: what it shares with the object store is not held by it.
            _, resident, shared = (int(count) for count in pages.read_text().split()[:3])
            written = sum(1 for _ in (place / "out").glob("*.parquet"))
            taken.append((written, (resident - shared) * os.sysconf("SC_PAGE_SIZE")))

    thread = threading.Thread(target=watch)
    thread.start()
    embedded.write_parquet(str(place / "out"))
    ended.set()
    thread.join()
    files = len(list((place / "out").glob("*.parquet")))
    early = max(memory for written, memory in taken if written <= files / 4)
    late = max(memory for written, memory in taken)
    print(f"{files} files, {early / 1e6:.0f} MB in the first quarter, {late / 1e6:.0f} MB in all")
    # 205 MB of vectors have passed; what is known of each block stays.
    assert files >= 100 and late - early < 40e6


@pytest.mark.long
def test_a_worker_and_then_a_node_are_killed(cluster: Any, place: Path) -> None:
    rows = 100_000
    node = cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    dataset = ray.data.read_parquet(str(write_parts(place / "in", rows, 24)))
    embedded = embedkit_rs.ray.embed(dataset, MODEL, concurrency=3, batch_size=512)
    killed: list[str] = []

    def kill() -> None:
        for _ in range(600):
            time.sleep(0.2)
            found = workers()
            if found and list((place / "out").glob("*.parquet")):
                os.kill(min(found), signal.SIGKILL)
                killed.append("worker")
                time.sleep(1)
                cluster.remove_node(node)
                killed.append("node")
                return

    thread = threading.Thread(target=kill)
    thread.start()
    embedded.write_parquet(str(place / "out"))
    thread.join()
    assert killed == ["worker", "node"]
    check(place / "out", rows)


@pytest.mark.long
def test_a_job_goes_on_after_its_driver_is_killed(cluster: Any, place: Path) -> None:
    rows = 60_000
    write_parts(place / "in", rows, 30)
    program = textwrap.dedent(
        f"""
        import time
        import ray, ray.data, embedkit_rs.ray

        def slowly(batch):
            time.sleep(1)
            return batch

        ray.init(address={cluster.address!r}, log_to_driver=False)
        dataset = ray.data.read_parquet({str(place / "in")!r})
        embedded = embedkit_rs.ray.embed(
            dataset, {MODEL!r}, concurrency=2, batch_size=2000,
            checkpoint={str(place / "checkpoint")!r}, id_column="id",
        )
        embedded = embedded.map_batches(slowly, batch_size=None, batch_format="pyarrow")
        embedded.write_parquet({str(place / "out")!r})
        """
    )
    driver = subprocess.Popen([sys.executable, "-c", program])
    deadline = time.monotonic() + 300
    while len(noted(place / "checkpoint")) < 5 and driver.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    driver.kill()
    driver.wait()
    written = {file: file.stat().st_mtime_ns for file in (place / "out").glob("*.parquet") if rows_of(file)}
    assert 5 * 2000 <= sum(map(rows_of, written)) < rows
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
    check(place / "out", rows)
    # What was noted was not done again. A file that was not yet noted was.
    kept = [file for file, when in written.items() if file.exists() and file.stat().st_mtime_ns == when]
    assert len(kept) >= 5


def noted(folder: Path) -> list[Path]:
    """Files of ids, one for each file that was written; Ray begins them with another name, before it writes the rows."""
    return [file for file in folder.glob("*.parquet") if not file.name.endswith(".pending.parquet")]


def rows_of(file: Path) -> int:
    """Rows of a file; none of one that was not finished."""
    try:
        return int(pq.read_metadata(file).num_rows)
    except pa.ArrowInvalid:
        return 0
