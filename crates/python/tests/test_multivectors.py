"""MaxSim over many documents."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import embedkit_rs


def test_many_documents_are_scored_by_and_by() -> None:
    query = np.random.default_rng(5).normal(size=(3, 64)).astype(np.float32)
    scorer = embedkit_rs.MaxSim(query)
    documents = [np.full((1500 + number % 3, 64), number, dtype=np.float32) for number in range(100)]
    expected = [float((query @ document.T).max(axis=1).sum()) for document in documents]
    assert np.allclose(scorer.scores(iter(documents)), expected, rtol=1e-4, atol=1e-3)
    assert [at for at, _ in scorer.top_k(iter(documents), 3)] == np.argsort(expected)[::-1][:3].tolist()
    assert len(scorer.scores([])) == 0
    with pytest.raises(ValueError, match="document 99"):
        scorer.scores([*documents[:99], np.ones((2, 5), dtype=np.float32)])


def test_documents_that_are_scored_do_not_pile_up() -> None:
    program = textwrap.dedent(
        """
        import resource
        import numpy as np
        from embedkit_rs import MaxSim
        scorer = MaxSim(np.ones((2, 128), dtype=np.float32))
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        before = peak()
        assert len(scorer.scores(np.ones((4096, 128), dtype=np.float32) for _ in range(300))) == 300
        print(peak() - before)
        """
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(output) < 200  # of 600 MB


def test_scorers_are_pickled() -> None:
    query, document = np.array([[1.0, 0.0], [0.0, 1.0]]), [[0.5, 0.25]]
    for mean in (False, True):
        scorer = embedkit_rs.MaxSim(query, mean=mean)
        again = pickle.loads(pickle.dumps(scorer))
        assert again.scores([document]).tolist() == scorer.scores([document]).tolist() == [0.375 if mean else 0.75]
