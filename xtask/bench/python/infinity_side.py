"""infinity as a side of the benchmark: its engine for ONNX graphs, in the process, without its server."""

import os
import shutil
import tempfile
from pathlib import Path

from protocol import dense_row, serve

os.environ |= {"TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"}


def load(config):
    from infinity_emb import EngineArgs, SyncEngineArray

    # A copy: its optimiser writes beside the model.
    folder = Path(tempfile.mkdtemp(prefix="infinity-")).resolve()
    for file in Path(config["model_dir"]).iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    options = config.get("options", {})
    arguments = EngineArgs(
        model_name_or_path=str(folder),
        engine="optimum",
        device="cpu",
        pooling_method="mean",
        trust_remote_code=False,
        bettertransformer=False,
        model_warmup=False,
        onnx_do_not_prefer_quantized=True,
        onnx_disable_optimize=True,
        **({"batch_size": options["batch_size"]} if "batch_size" in options else {}),
    )
    engines = SyncEngineArray.from_args([arguments])

    def embed(texts):
        vectors, _ = engines.embed(model=str(folder), sentences=texts).result()
        return list(vectors)

    return embed, lambda text: embed([text])[0], dense_row


if __name__ == "__main__":
    serve(load)
