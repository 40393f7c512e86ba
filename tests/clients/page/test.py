"""Starts servers for the browser of `test.mjs`, which opens their page."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from harness import KEY, MODEL, QUERY, RERANKER, Server, library, scores

browser = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"])), None)
if not browser:
    sys.exit("no Chromium is installed: the page is tried in one")

place = pathlib.Path(os.environ["PACKAGES"])
with Server() as server, Server("--api-key", KEY, "--base-path", "/below") as keyed:
    documents = ["the quick brown fox", "hello world"]
    facts = {
        "url": server.url, "keyed": keyed.url, "key": KEY, "model": MODEL, "reranker": RERANKER, "browser": browser,
        "place": str(place), "query": QUERY, "documents": documents, "scores": scores(QUERY, documents),
        "vector": library(["a cat"])[0][:6],
    }
    # Node.js finds packages beside the program: it runs where they were installed.
    program = place / "test.mjs"
    program.write_text(pathlib.Path(__file__).with_name("test.mjs").read_text())
    subprocess.run(["node", str(program)], env={**os.environ, "FACTS": json.dumps(facts)}, check=True)
