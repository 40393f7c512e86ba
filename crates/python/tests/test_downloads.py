"""Where files are taken from, and what is shown of that: a hub on loopback, the reference's folder, a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import case

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = case("dense", "transformer-cls").folder
PROGRAM = textwrap.dedent(
    """
    import sys, embedkit_rs
    embedkit_rs.progress = {progress}
    row = {row!r}
    embedkit_rs.add_model({{**row, "id": "tiny/fetched", "sources": [{{"hf": "tiny/fetched", "revision": {commit!r}}}]}})
    model = embedkit_rs.TextEmbedding("tiny/fetched")
    print("LOADED", next(model.embed("hello")).shape, model.model._model_dir)
    """
)


@pytest.fixture
def hub() -> Any:
    """A hub that has one model, and takes half a second for the graph."""
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(lambda body: None)

        def do_GET(self) -> None:
            self.answer(self.send_body)

        def send_body(self, body: bytes) -> None:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(0.5 if self.path.endswith(".onnx") else 0)
            self.wfile.write(body[len(body) // 2 :])

        def answer(self, send: Callable[[bytes], None]) -> None:
            asked.append(self.path)
            path = FILES / self.path.split("?")[0].rsplit("/", 1)[-1]
            is_there = "/tiny/fetched/resolve/" in self.path and path.is_file()
            body = path.read_bytes() if is_there else b""
            self.send_response(200 if is_there else 404)
            if not is_there:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("ETag", f'"{len(body)}-{path.name}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            send(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def environment(place: Path, address: str) -> dict[str, str]:
    """Folders below one place, and this hub."""
    (place / "tmp").mkdir(parents=True, exist_ok=True)
    names = ("FASTEMBED_CACHE_PATH", "EMBEDKIT_CACHE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TERM")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, "HF_HOME": str(place / "hf"), "HF_ENDPOINT": address, "TMPDIR": str(place / "tmp"), "TERM": "xterm"}


def program(progress: bool = True) -> list[str]:
    row = case("dense", "transformer-cls").row
    return [sys.executable, "-c", PROGRAM.format(progress=progress, row=row, commit=COMMIT)]


def on_a_terminal(command: list[str], variables: dict[str, str]) -> str:
    """What a program writes to a terminal."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, env=variables, stdin=its, stdout=its, stderr=its)
    os.close(its)
    written = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # nobody has the other end any more
            break
        if not read:
            break
        written += read
    os.close(ours)
    assert process.wait(60) == 0, written
    return written.decode(errors="replace")


def test_downloads_are_shown_on_a_terminal_alone(hub: Any, tmp_path: Path) -> None:
    address, _ = hub
    shown = on_a_terminal(program(), environment(tmp_path / "a", address))
    assert "LOADED (16,)" in shown and "model.onnx" in shown and "KiB" in shown
    silent = on_a_terminal(program(progress=False), environment(tmp_path / "b", address))
    assert "LOADED (16,)" in silent and "KiB" not in silent
    piped = subprocess.run(program(), env=environment(tmp_path / "c", address), capture_output=True, text=True, check=True)
    assert "LOADED (16,)" in piped.stdout and piped.stderr == ""


def test_what_the_reference_has_fetched_is_read(hub: Any, tmp_path: Path) -> None:
    address, asked = hub
    variables = environment(tmp_path, address)

    def run() -> str:
        return subprocess.run(program(), env=variables, capture_output=True, text=True, check=True).stdout

    first = run()
    assert str(tmp_path / "hf") in first and asked
    # As the reference lays it out, and where it does.
    theirs = tmp_path / "tmp" / "fastembed_cache"
    (tmp_path / "hf" / "hub").rename(theirs)
    asked.clear()
    assert str(theirs) in run() and not asked
    # What others may write to is left alone.
    theirs.chmod(0o777)
    assert str(tmp_path / "hf") in run() and asked
    # The Hugging Face cache comes first.
    theirs.chmod(0o755)
    assert str(tmp_path / "hf") in run()


def test_the_references_folder_of_others_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from embedkit_rs import _options

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / "fastembed_cache"
    assert _options._reference_cache() is None
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    assert _options._reference_cache() is None
    folder.unlink()
    folder.mkdir(mode=0o755)
    assert _options._reference_cache() == str(folder)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert _options._reference_cache() is None


@pytest.mark.skipif(sys.platform != "linux", reason="libraries are looked for in /proc")
def test_cudas_libraries_are_loaded_from_the_packages_of_nvidia(tmp_path: Path) -> None:
    folder = tmp_path / "nvidia" / "cuda_runtime" / "lib"
    folder.mkdir(parents=True)
    some = next(line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libm.so" in line)
    (folder / "libcudart.so.12").write_bytes(Path(some).read_bytes())
    (folder / "libother.so.1").write_bytes(Path(some).read_bytes())
    # It needs what is not there, and is passed over.
    (folder / "libcudnn.so.9").write_bytes(b"no library")
    check = textwrap.dedent(
        """
        from embedkit_rs import TextEmbedding, _runtime
        try:
            TextEmbedding("embedkit/static-minilm-en", providers=["CUDAExecutionProvider"])
        except Exception as error:
            pass
        maps = open("/proc/self/maps").read()
        assert "cuda_runtime/lib/libcudart.so.12" in maps, maps
        assert "libother" not in maps
        assert [path.rsplit("/", 1)[-1] for path in _runtime.preload_dlls()] == ["libcudart.so.12"]
        """
    )
    subprocess.run([sys.executable, "-c", check], env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=True)
