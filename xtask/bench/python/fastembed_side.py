"""Python's fastembed as a side of the benchmark."""

import json
from pathlib import Path

import numpy as np

from protocol import dense_row, serve

# The query that reranked texts are scored for: bench-protocol's QUERY.
QUERY = "how are records of a file read and written"

# Most values of a tensor that are kept: bench-embedkit's KEPT.
KEPT = 4096


def of_batches(config):
    options = config.get("options", {})
    return {name: options[name] for name in ("batch_size", "parallel") if name in options}


def side(embed, row=dense_row):
    """A side of a function from items to an iterator of results, and one from a result to what is compared of it."""
    return lambda items: list(embed(items)), lambda item: next(iter(embed([item]))), row


def dense(config):
    from fastembed import TextEmbedding

    threads = config.get("options", {}).get("threads")
    name = "sentence-transformers/all-MiniLM-L6-v2"
    model = TextEmbedding(name, specific_model_path=config["model_dir"], threads=threads)
    return side(lambda texts: model.embed(texts, **of_batches(config)))


def two(load):
    """The model twice: each item goes through the one and then through the other, whose results count."""

    def loaded(config):
        (first, first_one, _), (second, second_one, row) = load(config), load(config)

        def bulk(items):
            first(items)
            return second(items)

        def one(item):
            first_one(item)
            return second_one(item)

        return bulk, one, row

    return loaded


def sparse(name):
    def load(config):
        from fastembed import SparseTextEmbedding

        model = SparseTextEmbedding(name, specific_model_path=config["model_dir"])
        return side(lambda texts: model.embed(texts, **of_batches(config)), lambda vector: (vector.indices, vector.values))

    return load


def colbert(config):
    from fastembed import LateInteractionTextEmbedding

    model = LateInteractionTextEmbedding("colbert-ir/colbertv2.0", specific_model_path=config["model_dir"])
    return side(lambda texts: model.embed(texts, **of_batches(config)))


def rerank(config):
    from fastembed.rerank.cross_encoder import TextCrossEncoder

    model = TextCrossEncoder("Xenova/ms-marco-MiniLM-L-6-v2", specific_model_path=config["model_dir"])
    return side(lambda texts: model.rerank(QUERY, texts, **of_batches(config)), lambda score: ((), [score]))


def image(config):
    from fastembed import ImageEmbedding

    model = ImageEmbedding("Qdrant/clip-ViT-B-32-vision", specific_model_path=config["model_dir"])
    return side(lambda paths: model.embed(paths, **of_batches(config)))


def preprocess(opened):
    """The processor alone; of each tensor as many values are kept, spread over all of it, as are compared."""

    def load(config):
        from fastembed.image.transform.operators import Compose
        from PIL import Image

        chain = Compose.from_config(json.loads((Path(config["model_dir"]) / "preprocessor_config.json").read_text()))

        def process(picture):
            tensor = np.array(chain([picture])).ravel()
            return tensor[:: max(1, -(-len(tensor) // KEPT))].copy()

        def process_file(path):
            with Image.open(path) as picture:
                return process(picture)

        def open_all(paths):
            pictures = [Image.open(path) for path in paths]
            for picture in pictures:
                picture.load()
            return pictures

        one = process if opened else process_file
        functions = (lambda items: [one(item) for item in items], one, dense_row)
        return (*functions, open_all) if opened else functions

    return load


TASKS = {
    "dense": dense,
    "two-dense": two(dense),
    "bm25": sparse("Qdrant/bm25"),
    "splade": sparse("prithivida/Splade_PP_en_v1"),
    "colbert": colbert,
    "rerank": rerank,
    "image": image,
    "preprocess": preprocess(opened=False),
    "preprocess-opened": preprocess(opened=True),
}

if __name__ == "__main__":
    serve(lambda config: TASKS[config["task"]](config))
