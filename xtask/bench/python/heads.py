"""Puts heads on a sentence encoder's graph: models for SPLADE, ColBERT and reranking of the encoder's size.

    python heads.py MODEL_DIR OUT_DIR

The heads' weights are random, from a fixed seed: such models are as fast as trained ones, and as useless.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Leaves positions for the marker that ColBERT inserts.
MAX_LENGTH = 256

HEADS = {
    # name: (graph file, width of the output, bias, whether only the first token counts)
    # Of SPLADE's logits few are positive, as in a trained model.
    "splade": ("model.onnx", None, -1.0, False),
    "colbert": ("model.onnx", 128, 0.0, False),
    "rerank": ("onnx/model.onnx", 1, 0.0, True),
}


def without_segments(model):
    """Segments of zeros, made of the ids: the reference tells ColBERT's graphs none."""
    graph = model.graph
    (segments,) = (value for value in graph.input if value.name == "token_type_ids")
    graph.input.remove(segments)
    graph.node.insert(0, helper.make_node("Sub", ["input_ids", "input_ids"], ["token_type_ids"]))
    return model


def with_head(model, width, bias, first_token):
    graph = model.graph
    (hidden,) = (output for output in graph.output if output.name == "last_hidden_state")
    dim = hidden.type.tensor_type.shape.dim[-1].dim_value
    # Hidden values of a layer norm are about 1 each, so these give logits of about 1.
    weights = np.random.default_rng(0).normal(0, dim**-0.5, (dim, width)).astype(np.float32)
    graph.initializer.append(numpy_helper.from_array(weights, "head.weights"))
    graph.initializer.append(numpy_helper.from_array(np.full(width, bias, np.float32), "head.bias"))
    rows = hidden.name
    if first_token:
        graph.initializer.append(numpy_helper.from_array(np.array(0), "head.first"))
        graph.node.append(helper.make_node("Gather", [rows, "head.first"], ["head.rows"], axis=1))
        rows = "head.rows"
    graph.node.append(helper.make_node("MatMul", [rows, "head.weights"], ["head.products"]))
    graph.node.append(helper.make_node("Add", ["head.products", "head.bias"], ["logits"]))
    shape = ["batch", width] if first_token else ["batch", "length", width]
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)
    return model


def main(folder, out):
    vocabulary = len(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
    for name, (graph, width, bias, first_token) in HEADS.items():
        place = out / name
        (place / graph).parent.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("*.json"):
            shutil.copyfile(file, place / file.name)
        config = json.loads((folder / "tokenizer_config.json").read_text())
        (place / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": MAX_LENGTH}))
        encoder = onnx.load(folder / "model.onnx")
        encoder = without_segments(encoder) if name == "colbert" else encoder
        model = with_head(encoder, width or vocabulary, bias, first_token)
        onnx.save(model, place / graph)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
