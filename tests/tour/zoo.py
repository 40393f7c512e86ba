"""Small models under the names that the pages have, with the real ones' files and widths, and weights from a seed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fixtures/generate"))

import graphs  # noqa: E402
import numpy as np  # noqa: E402
import vocabularies  # noqa: E402
from files import write_json, write_model, write_text_config  # noqa: E402

VOCABULARY = vocabularies.SIZE
#: Tokens that the small graphs have positions for.
MAX_LENGTH = graphs.POSITIONS
SPECIAL = {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]", "pad_token": "[PAD]"}


def make(place):
    """Makes every model, in `place/OWNER/NAME`."""
    text(
        place / "Qdrant/bge-small-en-v1.5-onnx-Q",
        "model_optimized.onnx",
        graphs.token_vectors(VOCABULARY, seed=1, width=384),
    )
    text(
        place / "answerdotai/answerai-colbert-small-v1",
        "vespa_colbert.onnx",
        graphs.token_vectors(VOCABULARY, seed=2, width=96),
    )
    text(
        place / "Xenova/ms-marco-MiniLM-L-6-v2",
        "onnx/model.onnx",
        graphs.classifier(VOCABULARY, labels=1, seed=3, token_types=True),
    )


    own(place / "own/my-model")


def own(folder):
    """A folder as sentence-transformers writes it, which describes itself."""
    text(folder, "onnx/model.onnx", plain())
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    write_json(
        folder / "modules.json",
        [
            {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for at, (path, kind) in enumerate(modules)
        ],
    )
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": graphs.WIDTH, "pooling_mode_mean_tokens": True}
    write_json(folder / "1_Pooling/config.json", pooling)


def plain():
    """A graph that keeps its weights as 32-bit numbers."""
    graph = graphs.Graph(4)
    ids = graph.input("input_ids")
    table = graph.constant(graph.random.normal(size=(VOCABULARY, graphs.WIDTH)), np.float32)
    weights = graph.constant(graph.random.normal(size=(graphs.WIDTH, graphs.WIDTH)), np.float32)
    tokens = graph.op("MatMul", graph.op("Gather", table, ids), weights)
    return graph.model({"last_hidden_state": (tokens, [*graphs.TEXT_AXES, graphs.WIDTH])})


def text(folder, file, graph):
    write_model(folder / file, graph)
    config = {"model_max_length": MAX_LENGTH, "pad_token": "[PAD]"}
    tokenizer = vocabularies.word_piece()
    write_text_config(
        folder, tokenizer, config={"pad_token_id": 0}, tokenizer_config=config, special_tokens=SPECIAL
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
