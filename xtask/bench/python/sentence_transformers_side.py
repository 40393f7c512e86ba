"""sentence-transformers as a side of the benchmark: its backend for ONNX graphs."""

import os

from protocol import dense_row, serve

os.environ |= {"TRANSFORMERS_OFFLINE": "1"}

# Of a folder that does not say it, the window of the other sides.
WINDOW = 512


def load(config):
    from sentence_transformers import SentenceTransformer

    options = {"file_name": "model.onnx", "provider": "CPUExecutionProvider", "export": False}
    model = SentenceTransformer(config["model_dir"], backend="onnx", device="cpu", model_kwargs=options)
    model.max_seq_length = model.max_seq_length or WINDOW
    rows = config.get("options", {})
    arguments = {"normalize_embeddings": True, "show_progress_bar": False}
    arguments |= {"batch_size": rows["batch_size"]} if "batch_size" in rows else {}
    return (
        lambda texts: list(model.encode(texts, **arguments)),
        lambda text: model.encode(text, normalize_embeddings=True, show_progress_bar=False),
        dense_row,
    )


if __name__ == "__main__":
    serve(load)
