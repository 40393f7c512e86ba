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


GOOD = np.array([[1.0, 0.5], [0.25, 0.0]], dtype=np.float32)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ([[1.0, float("nan")]], "row 0: dimension 1 is NaN"),
        ([[1.0, 0.0], [float("inf"), 0.0]], "row 1: dimension 0 is inf"),
        (np.empty((3, 0)), "has no dimensions"),
        (np.empty((0, 2)), "has no rows"),
        (np.empty((0, 0)), "has no rows"),
        (np.ones((2, 3)), "3 dimensions"),
        ([1.0, 2.0], "array of two dimensions"),
        ([[1.0, 2.0], [1.0]], "array element with a sequence"),
        ([["1.0", "2.0"]], "of real numbers, and not of <U"),
        (np.array([[b"1", b"2"]]), "of real numbers, and not of |S1"),
        (np.array([["2020-01-01", "2020-01-02"]], dtype="datetime64[D]"), "not of datetime64"),
        (np.array([[1 + 2j, 0]]), "not of complex128"),
        (np.ma.array(GOOD, mask=[[True, False], [False, False]]), "are masked"),
    ],
)
def test_what_is_wrong_with_a_document_is_told_with_its_number(bad: object, expected: str) -> None:
    scorer = embedkit_rs.MaxSim(GOOD)
    for documents in ([GOOD, GOOD, bad], iter([GOOD, GOOD, bad])):
        with pytest.raises((ValueError, TypeError)) as caught:
            scorer.scores(documents)
        assert expected in str(caught.value) and "document 2" in str(caught.value)
    if "3 dimensions" not in expected:
        with pytest.raises((ValueError, TypeError)) as caught:
            embedkit_rs.MaxSim(bad)
        assert expected in str(caught.value) and "document" not in str(caught.value)


def test_numbers_of_any_type_are_taken() -> None:
    scorer = embedkit_rs.MaxSim(GOOD)
    expected = scorer.scores([GOOD * 4]).tolist()
    unmasked = np.ma.array(GOOD * 4)
    others = [(GOOD * 4).astype(kind) for kind in ("f2", "f8", "i1", "u8", "O")]
    for document in (unmasked, (GOOD * 4).tolist(), *others):
        assert scorer.scores([document]).tolist() == expected
    assert scorer.scores([np.ones((1, 2), dtype=bool)]).tolist() == [1.75]
