"""Iterators: lazy, in order, closed, interrupted; threads, processes, memory."""

from __future__ import annotations

import gc
import importlib.metadata
import io
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import BUILT_IN, CRATES, case

import embedkit_rs


class Reader:
    """Texts, and how many of them were read, by which threads."""

    def __init__(self, count: int) -> None:
        self.count, self.read, self.threads = count, 0, set[int]()

    def __iter__(self) -> Iterator[str]:
        for number in range(self.count):
            self.read += 1
            self.threads.add(threading.get_ident())
            yield f"text {number}"


def test_nothing_is_read_before_the_first_result(static: Any) -> None:
    texts = Reader(100_000)
    vectors = static.embed(texts)
    assert texts.read == 0
    next(vectors)
    assert texts.read < 2000
    assert texts.threads == {threading.get_ident()}
    read = texts.read
    time.sleep(0.2)
    assert texts.read == read


def test_results_come_in_order(static: Any, bert: Any) -> None:
    texts = [f"text {number} " + "word " * (number % 50) for number in range(500)]
    for model in (static, bert):
        alone = [next(model.embed(text)) for text in texts[:40]]
        for vector, expected in zip(model.embed(iter(texts)), alone, strict=False):
            assert np.allclose(vector, expected, atol=1e-5)
        assert sum(1 for _ in model.embed(iter(texts))) == len(texts)


def test_one_text_is_one_input(static: Any) -> None:
    assert len(list(static.embed("a cat"))) == 1
    assert len(list(static.query_embed("a cat"))) == 1
    assert list(static.embed([])) == []


def test_a_closed_iterator_ends(static: Any) -> None:
    texts = Reader(1_000_000)
    with static.embed(texts) as vectors:
        next(vectors)
    assert list(vectors) == []
    vectors = static.embed(texts)
    next(vectors)
    vectors.close()
    with pytest.raises(StopIteration):
        next(vectors)
    read = texts.read
    vectors = static.embed(texts)
    next(vectors)
    del vectors
    assert texts.read < read + 3000


def test_what_the_input_raises_comes_after_the_results_before_it(static: Any) -> None:
    def texts() -> Iterator[str]:
        yield from (f"text {number}" for number in range(700))
        raise LookupError("no more")

    vectors, count = static.embed(texts()), 0
    with pytest.raises(LookupError, match="no more"):
        for _ in vectors:
            count += 1
    assert count == 700
    assert list(vectors) == []


def test_a_wrong_type_is_named_with_its_position(static: Any) -> None:
    vectors, count = static.embed(["a", "b", 3, "d"]), 0
    with pytest.raises(TypeError, match="input 2 .*int"):
        for _ in vectors:
            count += 1
    assert count == 2
    vectors = static.embed(17)
    with pytest.raises(TypeError):
        next(vectors)
    with pytest.raises(embedkit_rs.InvalidInputError) as raised:
        list(static.embed(["a", "\ud800"]))
    assert raised.value.index == 1


def test_an_input_that_fails_ends_the_run_at_its_position() -> None:
    model = case("image", "clip").load()
    image = CRATES / "image/tests/fixtures/formats/rgb.png"
    vectors, count = model.embed([image, image, b"no image", image]), 0
    with pytest.raises(embedkit_rs.InvalidInputError, match="input 2") as raised:
        for _ in vectors:
            count += 1
    assert count == 2 and raised.value.index == 2
    assert list(vectors) == []
    batches = model.embed_batches([image, b"no image", image], on_error="null")
    (batch,) = batches
    assert batch.shape == (3, 16) and np.isnan(batch[1]).all() and np.isfinite(batch[[0, 2]]).all()
    ((position, message),) = batches.errors
    assert position == 1 and "image" in message
    batches = model.embed_batches([image, b"no image", image])
    assert next(batches).shape == (1, 16)
    with pytest.raises(embedkit_rs.InvalidInputError):
        next(batches)


def test_batches_have_as_many_rows_as_asked_for(static: Any) -> None:
    texts = [f"text {number}" for number in range(2500)]
    batches = list(static.embed_batches(texts, batch_size=1000))
    assert [batch.shape for batch in batches] == [(1000, 256), (1000, 256), (500, 256)]
    assert all(batch.flags.c_contiguous and batch.dtype == np.float32 for batch in batches)
    assert np.array_equal(np.concatenate(batches), np.stack(list(static.embed(texts))))
    assert next(static.embed_batches(iter(texts), batch_size=1000)).shape == (1000, 256)


def test_sizes_are_checked_when_the_first_result_is_asked_for(static: Any) -> None:
    for keywords, message in [({"batch_size": 0}, "batch_size must be >= 1, got 0"), ({"parallel": -1}, "parallel")]:
        vectors = static.embed(["a"], **keywords)
        with pytest.raises(ValueError, match=message):
            next(vectors)
    for parallel in (None, 0, 1, 2):
        assert len(list(static.embed(["a", "b"], parallel=parallel))) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_parallel_bounds_the_sessions_of_a_run() -> None:
    model = case("dense", "transformer-cls").load(sessions=3, threads=3)

    def switches() -> dict[str, list[str]]:
        tasks = [task for task in Path("/proc/self/task").iterdir() if (task / "comm").read_text() == "embedkit-run\n"]
        return {task.name: re.findall("ctxt_switches:.*", (task / "status").read_text()) for task in tasks}

    def threads(parallel: int | None) -> int:
        # Each thread of a run has a session when it runs a batch; those of runs before it stay, and idle.
        time.sleep(0.1)
        before = switches()
        with model.embed((f"text {number}" for number in range(5000)), batch_size=1, parallel=parallel) as vectors:
            for _ in range(1500):
                next(vectors)
            return sum(before.get(thread) != count for thread, count in switches().items())

    assert [threads(parallel) for parallel in (1, 2, 3, 7, 0, None)] == [1, 2, 3, 3, 3, 3]


def test_one_model_serves_many_threads(bert: Any) -> None:
    texts = [f"text {number}" for number in range(200)]
    expected = np.stack(list(bert.embed(texts)))
    found: list[Any] = [None] * 8

    def work(at: int) -> None:
        found[at] = np.stack(list(bert.embed(texts)))

    threads = [threading.Thread(target=work, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.allclose(vectors, expected, atol=1e-5) for vectors in found)


def test_an_iterator_serves_one_thread_at_a_time(static: Any) -> None:
    def texts() -> Iterator[str]:
        yield "a"
        with pytest.raises(ValueError, match="already executing"):
            next(vectors)
        yield "b"

    vectors = static.embed(texts())
    assert len(list(vectors)) == 2


def test_other_threads_go_on_during_a_run(static: Any) -> None:
    ticks, done = [], threading.Event()

    def tick() -> None:
        while not done.wait(0.001):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    text = "a long text of many words " * 2000
    began = time.monotonic()
    list(static.embed_batches([text] * 300))
    ended = time.monotonic()
    done.set()
    thread.join()
    during = sum(1 for tick in ticks if began < tick < ended)
    assert during > (ended - began) * 50


def test_models_are_pickled_by_their_arguments(bert: Any, static: Any) -> None:
    for model in (bert, static):
        again = pickle.loads(pickle.dumps(model))
        assert np.array_equal(next(again.embed("a cat")), next(model.embed("a cat")))
        assert again.model_name == model.model_name
    folder = embedkit_rs.TextEmbedding.from_folder(
        CRATES / "dense/tests/fixtures/transformer-mean", pooling="mean"
    )
    again = pickle.loads(pickle.dumps(folder))
    assert np.array_equal(next(again.embed("a cat")), next(folder.embed("a cat")))
    sparse = embedkit_rs.SparseEmbedding.from_dict({3: 0.5})
    assert pickle.loads(pickle.dumps(sparse)).as_dict() == {3: 0.5}


def embed_in_child(results: Any, model: Any) -> None:
    signal.alarm(20)
    fresh = embedkit_rs.TextEmbedding(BUILT_IN)
    vectors = [next(fresh.embed("a cat"))]
    if model is not None:
        vectors += list(model.embed(["a cat", "a dog"]))
    results.put([vector.tolist() for vector in vectors])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_embeds_with_its_parents_model_and_a_new_one(method: str, bert: Any, static: Any) -> None:
    expected = [next(static.embed("a cat")).tolist()]
    model = static if method == "spawn" else bert  # a child that is spawned does not know the fixture's row
    expected += [vector.tolist() for vector in model.embed(["a cat", "a dog"])]
    context = multiprocessing.get_context(method)
    results = context.Queue()
    child = context.Process(target=embed_in_child, args=(results, model))
    child.start()
    found = results.get(timeout=60)
    child.join(timeout=30)
    assert child.exitcode == 0
    for ours, theirs in zip(found, expected, strict=True):
        assert np.allclose(ours, theirs, atol=1e-5)


def test_a_forked_child_embeds_and_ends_like_any_process(tmp_path: Path) -> None:
    """Also where ONNX Runtime does not know by a variable that the machine tests: it keeps no thread to wait for."""
    program = textwrap.dedent(
        f"""
        import os, signal, sys
        from embedkit_rs import TextEmbedding
        model = TextEmbedding.from_folder({str(CRATES / 'dense/tests/fixtures/transformer-cls')!r}, pooling="cls")
        expected = next(model.embed("a cat"))
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            sys.exit(0 if (next(model.embed("a cat")) == expected).all() else 3)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    variables = {name: value for name, value in os.environ.items() if name in ("PATH", "ORT_DYLIB_PATH", "PYTHONPATH")}
    variables["HOME"] = str(tmp_path)
    ended = subprocess.run([sys.executable, "-c", program], env=variables, timeout=60, check=False)
    assert ended.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_an_iterator_does_not_go_on_in_a_forked_child(static: Any) -> None:
    vectors = static.embed(Reader(100_000))
    for _ in range(2):
        next(vectors)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        status = 1
        try:
            for _ in vectors:
                pass
        except RuntimeError as error:
            status = 0 if "forked" in str(error) else 2
        os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert next(vectors).shape == (256,)


@pytest.mark.parametrize("words", [3_000, 2])
@pytest.mark.parametrize("taking", ["for vector in {}: pass", "deque({}, maxlen=0)"])
def test_an_interrupt_ends_a_run_at_once(words: int, taking: str) -> None:
    """Also where no code of Python's runs between two results, and results come without end."""
    program = textwrap.dedent(
        f"""
        import signal, sys, time
        from collections import deque
        # Where tests run in the background, the shell has it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from embedkit_rs import TextEmbedding
        model = TextEmbedding({BUILT_IN!r})
        text = "word " * {words}
        print("ready", flush=True)
        try:
            {taking.format("model.embed([text] * 5_000_000)")}
        except KeyboardInterrupt:
            print(time.monotonic(), flush=True)
            sys.exit(7)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    time.sleep(1)
    sent = time.monotonic()
    child.send_signal(signal.SIGINT)
    ended = float(child.stdout.readline())
    assert child.wait(timeout=10) == 7
    assert ended - sent < 0.5


def test_an_import_loads_no_more_than_it_needs() -> None:
    program = "import sys, numpy; before = set(sys.modules); import embedkit_rs; print(*sorted({*sys.modules} - before))"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    loaded = {name.split(".")[0] for name in output.split()} | set(output.split())
    # A tenth of a second, and as much memory as the package takes itself.
    assert "embedkit_rs" in loaded
    assert not loaded & {"importlib.metadata", "tempfile", "email", "onnxruntime", "pyarrow", "PIL", "logging"}


def test_the_version_is_that_of_the_distribution() -> None:
    assert embedkit_rs.__version__ == importlib.metadata.version("embedkit-rs")


def test_memory_does_not_grow_with_the_number_of_texts() -> None:
    program = textwrap.dedent(
        f"""
        import resource
        from embedkit_rs import TextEmbedding
        model = TextEmbedding({BUILT_IN!r})
        def peak(count):
            for _ in model.embed(f"a short text, number {{number}}" for number in range(count)):
                pass
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(peak(50_000), peak(1_000_000))
        """
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    first, second = map(int, output.split())
    assert second < first + 20


class Wrong:
    """A file that cannot be read."""

    def read(self) -> bytes:
        raise OSError("the disk is gone")


def images_that_fail() -> dict[str, Any]:
    image = CRATES / "image/tests/fixtures/formats/rgb.png"
    found: dict[str, Any] = {"empty": np.zeros((0, 4, 3), dtype=np.uint8), "file": Wrong(), "bytes": b"no image"}
    pillow = pytest.importorskip("PIL.Image")
    found["truncated"] = pillow.open(io.BytesIO(image.read_bytes()[:-60]))
    return found


@pytest.mark.parametrize("failing", ["empty", "file", "bytes", "truncated"])
def test_an_image_that_cannot_be_read_is_a_row_without_a_number(failing: str) -> None:
    model = case("image", "clip").load()
    image, wrong = CRATES / "image/tests/fixtures/formats/rgb.png", images_that_fail()[failing]
    for inputs in ([wrong], [image, wrong, image], [wrong, image, wrong], [image] * 40 + [wrong, wrong]):
        fails = [number for number, given in enumerate(inputs) if given is wrong]
        for rows in (1, 2, 1000):
            batches = model.embed_batches(iter(inputs), batch_size=rows, on_error="null")
            found = list(batches)
            assert [len(batch) for batch in found] == [len(inputs[at : at + rows]) for at in range(0, len(inputs), rows)]
            assert np.flatnonzero(np.isnan(np.concatenate(found)).all(axis=1)).tolist() == fails
            assert [position for position, message in batches.errors if message] == fails
        vectors, count = model.embed(inputs), 0
        with pytest.raises(OSError):
            for _ in vectors:
                count += 1
        assert count == fails[0]


def test_a_text_that_cannot_be_read_is_a_row_without_a_number(static: Any, bert: Any) -> None:
    for model in (static, bert):
        for texts in (["\ud800"], ["a", "x\ud800", "b"], ["\ud800"] * 1500 + ["a"], [f"t {at}" for at in range(1500)] + ["\ud800"]):
            fails = [at for at, text in enumerate(texts) if "\ud800" in text]
            batches = model.embed_batches(texts, batch_size=700, on_error="null")
            found = np.concatenate(list(batches))
            assert found.shape[0] == len(texts)
            assert np.flatnonzero(np.isnan(found).all(axis=1)).tolist() == fails
            assert [position for position, _ in batches.errors] == fails
            with pytest.raises(embedkit_rs.InvalidInputError, match=f"input {fails[0]}") as raised:
                list(model.embed_batches(texts))
            assert raised.value.index == fails[0]
            with pytest.raises(embedkit_rs.InvalidInputError, match=f"input {fails[0]}"):
                model.token_count(texts)
    for wrong in (3, None, b"a"):
        with pytest.raises(TypeError, match="input 1"):
            list(static.embed_batches(["a", wrong, "b"], on_error="null"))


def test_reading_ends_with_an_input_that_fails_unless_it_is_a_null(static: Any) -> None:
    def endless() -> Iterator[str]:
        while True:
            yield "\ud800"

    with pytest.raises(embedkit_rs.InvalidInputError, match="input 0"):
        next(static.embed(endless()))
    with pytest.raises(embedkit_rs.InvalidInputError, match="input 0"):
        next(static.embed_batches(endless()))


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize("begin", ["embed", "embed_batches"])
def test_a_run_that_only_its_own_input_holds_is_collected(begin: str, static: Any) -> None:
    class Owner:
        def __init__(self, starts: bool) -> None:
            self.vectors = getattr(static, begin)(self.texts())
            if starts:
                next(self.vectors)

        def texts(self) -> Iterator[str]:
            for number in range(5000):
                yield f"text {number}"

    def threads() -> int:
        return sum((task / "comm").read_text() == "embedkit\n" for task in Path("/proc/self/task").iterdir())

    gc.collect()
    before = threads()
    owners = [weakref.ref(Owner(starts)) for starts in (True, False) * 10]
    gc.collect()
    assert [owner() for owner in owners] == [None] * 20
    assert threads() <= before


@pytest.mark.parametrize("call", ["list(model.embed(['a', 'b']))", "model.token_count('a')", "next(model.embed_batches(['a']))"])
def test_a_destructor_at_the_end_of_a_process_embeds(call: str) -> None:
    program = textwrap.dedent(
        f"""
        from embedkit_rs import TextEmbedding
        model = TextEmbedding({BUILT_IN!r})
        class Last:
            def __del__(self):
                try:
                    {call}
                except Exception:
                    pass
                print("went well")
        last = Last()
        """
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("went well\n", "")
