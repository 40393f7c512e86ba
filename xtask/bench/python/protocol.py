"""How a side of the benchmark is asked and answers: see the crate bench-protocol."""

import json
import struct
import sys
import time

import numpy as np


def serve(load):
    """Loads the side that the argument asks for, and answers until stdin ends.

    `load` takes the configuration and gives three functions: of many items to a list of results, of one item to a
    result, and of a result to the indices and the values that are compared. A fourth may make something of the items
    before time is taken.
    """
    bulk, one, row, *ready = load(json.loads(sys.argv[1]))
    for line in sys.stdin:
        ((kind, work),) = json.loads(line).items()
        with open(work["items"], encoding="utf-8") as file:
            items = [json.loads(item) for item in file]
        for make in ready:
            items = make(items)
        seconds, results = [], []
        while not seconds or sum(seconds) < work["least_seconds"]:
            if kind == "bulk":
                start = time.perf_counter()
                results = bulk(items)
                seconds.append(time.perf_counter() - start)
            else:
                results = []
                for item in items:
                    start = time.perf_counter()
                    result = one(item)
                    seconds.append(time.perf_counter() - start)
                    results.append(result)
        if work["results"]:
            write(work["results"], map(row, results))
        print(json.dumps({"seconds": seconds, "results": len(results)}), flush=True)


def write(path, rows):
    with open(path, "wb") as file:
        for indices, values in rows:
            indices, values = np.asarray(indices, "<u4"), np.asarray(values, "<f4").ravel()
            file.write(struct.pack("<II", len(indices), len(values)) + indices.tobytes() + values.tobytes())


def dense_row(vector):
    return (), vector
