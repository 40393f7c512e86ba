"""What a job costs: the tables of the page on clusters, out of measured rates, and a job played through.

`python cost.py` prints the tables.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[3] / "embedkit/docs"
MEASURED = DOCS / "benchmark-intel-xeon-2-cores.json"
PAGE = DOCS / "cluster.md"

#: Of a core's time, what is spent on embedding; the rest goes to starting, reading, writing and waiting at the end.
SHARE = 0.85
#: Cores of the cluster in the table, and bytes of a text.
CORES, TEXT_BYTES = 64, 300


@dataclass(frozen=True)
class Model:
    """A model's rate on one core, through Python."""

    name: str
    texts: float
    tokens: float
    dim: int

    def core_hours(self, documents: float, tokens: float) -> float:
        """Hours of one core for so many documents of so many tokens each."""
        return documents * tokens / (3600 * self.tokens * SHARE)


def models() -> list[Model]:
    """What was measured with two cores, all at work, as one core's share."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    cores = int(measured["facts"]["cores"])
    sides = {(result["workload"], result["side"]): result for result in measured["results"]}

    def model(name: str, workload: str, texts_there: int, dim: int) -> Model:
        whole = sides[workload, "embedkit"]
        texts = whole["rate"]["median"] * whole["p50"]["median"]
        if abs(texts / texts_there - 1) > 0.1:
            raise ValueError(f"the job {workload!r} was of about {texts:.0f} texts, not {texts_there}")
        tokens = whole["tokens"] / texts_there
        rate = sides[workload, "embedkit (Python)"]["rate"]["median"] / cores
        return Model(name, rate, rate * tokens, dim)

    return [
        model("all-MiniLM-L6-v2, `float32`", "mixed", 512, 384),
        model("all-MiniLM-L6-v2, `int8`", "int8-mixed", 512, 384),
        model("`embedkit/static-minilm-en`", "static", 20_480, 256),
    ]


def simulate(blocks: Sequence[int], rates: Sequence[float], starts: Sequence[float], handing_over: float = 0) -> float:
    """When the last block is done: whoever is free takes the next block, of so many rows.

    `rates` are the workers' rows a second and `starts` when they are ready; between two blocks of a worker,
    `handing_over` seconds pass.
    """
    free = [(start, worker) for worker, start in enumerate(starts)]
    heapq.heapify(free)
    done = 0.0
    for rows in blocks:
        start, worker = heapq.heappop(free)
        end = start + rows / rates[worker]
        done = max(done, end)
        heapq.heappush(free, (end + handing_over, worker))
    return done


def tables() -> list[str]:
    """The tables of the page: rates, and what follows."""
    found = models()
    tokens = round(found[0].tokens / found[0].texts)
    rates = [
        "| model | texts a second and core | tokens a second and core |",
        "| --- | --- | --- |",
        *(f"| {model.name} | {rounded(model.texts)} | {rounded(model.tokens)} |" for model in found),
    ]
    jobs = [
        f"| documents | model | core-hours | hours on {CORES} cores | read | written, `float32` | written, `int8` | ids |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for power, name in ((6, "10⁶"), (9, "10⁹"), (12, "10¹²")):
        for model in found:
            documents = 10.0**power
            hours = model.core_hours(documents, tokens)
            amounts = (documents * size for size in (TEXT_BYTES, 4 * model.dim, model.dim, 8))
            cells = [name, model.name, rounded(hours), rounded(hours / CORES), *map(bytes_of, amounts)]
            jobs.append(f"| {' | '.join(cells)} |")
    return ["\n".join(rates), "\n".join(jobs)]


def rounded(number: float) -> str:
    """Two digits that count."""
    text = f"{float(f'{number:.2g}'):,.10f}".rstrip("0").rstrip(".")
    return text if number < 10 else f"{float(f'{number:.2g}'):,.0f}"


def bytes_of(number: float) -> str:
    for size, unit in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB")):
        if number >= 0.1 * size:
            return f"{rounded(number / size)} {unit}"
    return f"{rounded(number / 1e6)} MB"


if __name__ == "__main__":
    print("\n\n".join(tables()))
