"""Starts servers, asks the library what they must answer, and says what is in order."""

import contextlib
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PROGRAM = os.environ["EMBEDKIT"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = "embedkit/static-minilm-en"
RERANKER = "rr"
KEY = "a-right-key"
TEXTS = ["a cat", "a kitten sleeps", "", "the tax form is due in April"]
QUERY = "hello"
DOCUMENTS = ["the quick brown fox", "hello world", "lazy dog"]

CONFIG = f"""
[[model]]
id = "{MODEL}"

[[model]]
name = "{RERANKER}"
dir = "{ROOT}/crates/rerank/tests/fixtures/cross-encoder-plain"
family = "rerank"
"""


class Server:
    """A server that ends with the block that it is used in."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as file:
            file.write(CONFIG)
        self.config = file.name
        command = [PROGRAM, "serve", "--port", "0", "--config", self.config, *self.arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if found := re.search(r"listening on (http://\S+)", line):
                self.url = found[1]
                break
        else:
            raise SystemExit("the server did not start:\n" + "".join(lines))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.wait_for("/ready")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(60) == 0, "a server that is told to stop exits with 0"
        os.unlink(self.config)

    def wait_for(self, path):
        for _ in range(600):
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(self.url + path).read()
            time.sleep(0.1)
        raise SystemExit(f"{path} was never answered well")

    def work(self, is_enough):
        """Sends requests that are as large as may be, one and then others until it is enough."""
        # As many texts, of as many tokens, as a request may have.
        body = json.dumps({"inputs": ["word " * 400] * 2000}).encode()
        while True:
            request = urllib.request.Request(self.url + "/embed", body, {"content-type": "application/json"})
            with contextlib.suppress(OSError):
                urllib.request.urlopen(request).read()
            if is_enough():
                return

    def busy(self, is_enough=lambda: True):
        """Begins such requests, by several clients unless one is enough, and returns once one runs."""
        for _ in range(1 if is_enough() else 3):
            threading.Thread(target=self.work, args=[is_enough], daemon=True).start()
        while b"embedkit_requests_in_flight 1" not in urllib.request.urlopen(self.url + "/metrics").read():
            time.sleep(0.001)


def library(texts):
    """What the library makes of texts."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [PROGRAM, "embed", "-m", MODEL, "--input", "-"]
    output = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
    return [json.loads(line)["embedding"] for line in output.splitlines()]


def scores(query, documents):
    """The library's scores of documents, as shares, by their position."""
    command = [
        PROGRAM, "rerank", "--model-dir", f"{ROOT}/crates/rerank/tests/fixtures/cross-encoder-plain", "--query", query,
        "--input", "-",
    ]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in documents)
    output = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
    rows = sorted((json.loads(line) for line in output.splitlines()), key=lambda row: row["index"])
    return [1 / (1 + math.exp(-row["score"])) for row in rows]


def same(name, actual, expected, tolerance=1e-6):
    """Fails unless vectors are the library's."""
    actual, expected = [list(map(float, row)) for row in actual], list(expected)
    assert len(actual) == len(expected), f"{name}: {len(actual)} vectors, and {len(expected)} were expected"
    for index, (left, right) in enumerate(zip(actual, expected)):
        assert len(left) == len(right), f"{name}: vector {index} has {len(left)} values"
        # Python's `max` passes over what is no number.
        far = [(a, b) for a, b in zip(left, right) if not abs(a - b) <= tolerance]
        assert not far, f"{name}: vector {index} differs: {far[0]}"
    print(f"ok: {name}")


def near(name, actual, expected, tolerance=1e-5):
    """Fails unless numbers are the expected ones."""
    same(name, [actual], [expected], tolerance)


def order(numbers):
    """The positions of numbers, the largest first."""
    return sorted(range(len(numbers)), key=lambda index: -numbers[index])


def raises(name, kind, call):
    """Fails unless a call raises an error of this kind."""
    try:
        call()
    except kind as error:
        print(f"ok: {name}: {type(error).__name__}")
        return error
    except Exception as error:
        sys.exit(f"{name}: {type(error).__name__} instead of {kind}: {error}")
    sys.exit(f"{name}: nothing was raised")


def holds(name, is_so, told=""):
    assert is_so, f"{name}: {told}"
    print(f"ok: {name}")
