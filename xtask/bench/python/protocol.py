"""How a side of the benchmark is asked and answers: see the crate bench-protocol."""

import json
import sys
import time


def serve(load):
    """Loads the side that the argument asks for, and answers until stdin ends.

    `load` takes the configuration and gives two functions: of many items, and of one, to results. A third may
    make something of the items before time is taken.
    """
    bulk, one, *ready = load(json.loads(sys.argv[1]))
    for line in sys.stdin:
        ((kind, path),) = json.loads(line).items()
        with open(path, encoding="utf-8") as file:
            items = [json.loads(item) for item in file]
        for make in ready:
            items = make(items)
        seconds, results = [], []
        if kind == "bulk":
            start = time.perf_counter()
            results = bulk(items)
            seconds.append(time.perf_counter() - start)
        else:
            for item in items:
                start = time.perf_counter()
                result = one(item)
                seconds.append(time.perf_counter() - start)
                results.append(result)
        first = [float(value) for value in results[0]] if len(results) else []
        print(json.dumps({"seconds": seconds, "results": len(results), "first": first}), flush=True)
