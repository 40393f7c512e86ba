"""Starts servers for the clients of `test.mjs`, which run in Node.js."""

import json
import os
import pathlib
import subprocess
import sys
import threading

from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, library, scores

facts = {
    "model": MODEL, "reranker": RERANKER, "key": KEY, "texts": TEXTS, "query": QUERY, "documents": DOCUMENTS,
    "expected": library(TEXTS), "scores": scores(QUERY, DOCUMENTS),
}
with Server() as server, Server("--api-key", KEY) as keyed, Server("--max-requests", "1") as busy:
    facts |= {"url": server.url, "keyed": keyed.url, "busy": busy.url}
    # Node.js finds packages beside the program: it runs where they were installed.
    program = pathlib.Path(os.environ["PACKAGES"]) / "test.mjs"
    program.write_text(pathlib.Path(__file__).with_name("test.mjs").read_text())
    # However long Node.js takes to start.
    was_refused = threading.Event()
    busy.busy(was_refused.is_set)
    environment = {**os.environ, "FACTS": json.dumps(facts)}
    with subprocess.Popen(["node", str(program)], env=environment, stdout=subprocess.PIPE, text=True) as node:
        for line in node.stdout:
            print(line, end="", flush=True)
            if line.startswith("ok: a full server"):
                was_refused.set()
        was_refused.set()
    if node.returncode:
        sys.exit(f"Node.js ended with {node.returncode}")
