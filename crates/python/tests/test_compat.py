"""The alias, in processes of its own: what it gives, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
import textwrap

INSTALL = "import embedkit_rs.compat as compat; compat.install()\n"


def run(program: str, install: bool = True) -> str:
    program = (INSTALL if install else "") + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_modules_are_the_same_objects() -> None:
    run(
        """
        import fastembed, embedkit_rs, importlib, pickle
        assert fastembed.TextEmbedding is embedkit_rs.TextEmbedding
        for name in ("text", "sparse.bm25", "rerank.cross_encoder", "common.model_description", "late_interaction"):
            ours = importlib.import_module("embedkit_rs." + name)
            assert importlib.import_module("fastembed." + name) is ours
            assert ours.__name__ == "embedkit_rs." + name == ours.__spec__.name
        from fastembed.common import OnnxProvider, ImageInput
        from fastembed.sparse.sparse_embedding_base import SparseEmbedding
        assert isinstance(pickle.loads(pickle.dumps(SparseEmbedding.from_dict({1: 2.0}))), embedkit_rs.SparseEmbedding)
        """
    )


def test_metadata_tells_of_the_distribution() -> None:
    run(
        """
        import importlib, importlib.metadata, importlib.util
        assert importlib.metadata.version("fastembed") == "0.9.1"
        assert importlib.metadata.metadata("fastembed")["Provided-By"] == "embedkit"
        assert importlib.import_module("fastembed").__version__ == "0.9.1"
        assert importlib.util.find_spec("fastembed") is not None
        assert importlib.metadata.version("numpy")
        try:
            importlib.metadata.version("fastembed-gpu")
        except importlib.metadata.PackageNotFoundError:
            pass
        else:
            raise SystemExit("there is no such distribution")
        """
    )


def test_what_there_is_not_is_not_found() -> None:
    run(
        """
        import pytest
        for name in ("fastembed.parallel_processor", "fastembed.no.such.module", "fastembed.ray", "fastembed._embedkit"):
            with pytest.raises(ModuleNotFoundError):
                __import__(name)
        with pytest.raises(ImportError):
            from fastembed import NoSuchName
        from importlib.util import find_spec
        for name in ("nope", "parallel_processor", "ray", "_embedkit", "common.onnx_model", "text._x"):
            assert find_spec(f"fastembed.{name}") is None, name
        for name in ("text", "sparse.bm25", "common.types"):
            assert find_spec(f"fastembed.{name}") is not None, name
        import runpy
        with pytest.raises(ImportError, match="__main__"):
            runpy.run_module("fastembed")
        """
    )


def test_it_is_taken_back() -> None:
    run(
        """
        import importlib.metadata, sys
        import fastembed.text
        compat.install()
        compat.uninstall()
        assert "fastembed" not in sys.modules and "fastembed.text" not in sys.modules
        assert not any("compat" in type(finder).__module__ for finder in sys.meta_path)
        try:
            import fastembed
        except ModuleNotFoundError:
            pass
        else:
            import embedkit_rs
            assert fastembed.TextEmbedding is not embedkit_rs.TextEmbedding
        compat.uninstall()
        """
    )


def test_importing_the_package_changes_nothing() -> None:
    run(
        """
        import sys
        import embedkit_rs
        assert not any("embedkit" in type(finder).__module__ for finder in sys.meta_path)
        assert "onnxruntime" not in sys.modules and "PIL" not in sys.modules and "pyarrow" not in sys.modules
        """,
        install=False,
    )
