"""Runs the reference's own tests, unchanged: `main.py record|replay CHECKOUT PLACE [arguments of pytest]`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import hub

HARNESS = Path(__file__).resolve().parent


def main(mode: str, checkout: Path, place: Path, arguments: list[str]) -> int:
    made = place / "zoo"
    if not made.exists() or mode == "record":
        shutil.rmtree(made, ignore_errors=True)
        import zoo

        zoo.make(made)
    suite, cache = place / "suite", place / f"cache-{mode}"
    for folder in (suite, cache):
        shutil.rmtree(folder, ignore_errors=True)
    # The tests alone: beside them lies the checkout's own package, of another release.
    shutil.copytree(checkout / "tests", suite / "tests")
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.serve(made),
        "FASTEMBED_CACHE_PATH": str(cache),
        "EMBEDKIT_CANON": mode,
        "PYTHONPATH": os.pathsep.join([str(HARNESS), str(suite), os.environ.get("PYTHONPATH", "")]),
        "HF_HUB_DISABLE_XET": "1",
    }
    environment.pop("HF_HUB_OFFLINE", None)
    pytest = [sys.executable, "-m", "pytest", "-p", "canon", "-p", "no:cacheprovider", "-q", "-rfEX"]
    tasks = "tests/test_text_multitask_embeddings.py"
    failed = False
    # Where `CI` is set, one model a class is tested, but of those that are conditioned on a task none.
    for part, ci, which in [("all", "1", ["tests", f"--ignore={tasks}"]), ("tasks", "", [tasks])]:
        environment |= {"CI": ci, "EMBEDKIT_CANON_FILE": str(place / f"{part}.pickle")}
        done = subprocess.run([*pytest, *which, *arguments], cwd=suite, env=environment)
        failed |= done.returncode != 0
    # The reference itself may lack what its newer tests are about: what counts is the second run.
    return int(failed and mode == "replay")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]))
