"""Jobs on Spark: a master and two workers on loopback, from the package of PyPI."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import MODEL, check, command, descendants, write_parts

pyspark = pytest.importorskip("pyspark")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

import embedkit_rs.spark  # noqa: E402

HOME = Path(pyspark.__file__).parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Standalone:
    """A master and workers."""

    def __init__(self, place: Path) -> None:
        self.place, self.port = place, free_port()
        self.environment = {
            **os.environ,
            "SPARK_HOME": str(HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOG_DIR": str(place),
            "SPARK_WORKER_DIR": str(place / "work"),
            "PYSPARK_PYTHON": sys.executable,
        }
        self.master = self.start("master.Master", "--host", "127.0.0.1", "--port", str(self.port), "--webui-port", "0")
        self.workers = [
            self.start("worker.Worker", "-c", "1", "-m", "1g", "--webui-port", "0", self.address) for _ in range(2)
        ]

    @property
    def address(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    def start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(HOME / "bin/spark-class"), f"org.apache.spark.deploy.{kind}", *arguments]
        log = (self.place / f"{kind}-{time.monotonic_ns()}.log").open("wb")
        return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def stop(self) -> None:
        for process in [*self.workers, self.master]:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from pyspark.sql import SparkSession

    place = tmp_path_factory.mktemp("spark")
    cluster = Standalone(place)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master(cluster.address)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executor.memory", "700m")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "1000")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(place / "warehouse"))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session, cluster
    session.stop()
    cluster.stop()


def test_a_job(session: Any, place: Path) -> None:
    spark, _ = session
    rows = 5_000
    frame = spark.read.parquet(str(write_parts(place / "in", rows, 4)))
    embedkit_rs.spark.embed(frame, MODEL).write.parquet(str(place / "out"))
    assert (place / "out/_SUCCESS").exists()
    check(place / "out", rows)


@pytest.mark.long
def test_an_executor_is_killed(session: Any, place: Path) -> None:
    spark, cluster = session
    rows = 60_000
    frame = spark.read.parquet(str(write_parts(place / "in", rows, 24))).repartition(24)
    killed: list[int] = []

    def kill() -> None:
        time.sleep(2)
        started = descendants({worker.pid for worker in cluster.workers})
        children = [pid for pid in started if "CoarseGrainedExecutorBackend" in command(pid)]
        if children:
            os.kill(children[0], 9)
            killed.append(children[0])

    thread = threading.Thread(target=kill)
    thread.start()
    embedkit_rs.spark.embed(frame, MODEL).write.parquet(str(place / "out"))
    thread.join()
    assert killed
    check(place / "out", rows)


def test_columns_keep_their_types_of_spark() -> None:
    """Arrow's have neither a collation nor a session's time zone, nor that elements are never null."""
    from embedkit_rs.arrow import Embedder
    from pyspark.sql import types

    kinds = [types.TimestampType(), types.StringType("UTF8_LCASE"), types.ArrayType(types.LongType(), False)]
    fields = [types.StructField(f"column {at}", kind, False) for at, kind in enumerate(kinds)]
    found = embedkit_rs.spark._schema(types.StructType(fields), Embedder(MODEL))
    assert found.fields[:3] == fields
    assert found.names[3:] == ["embedding", "error"]
