"""Python's fastembed as a side of the benchmark."""

import json
from pathlib import Path

import numpy as np

from protocol import serve

# What its folder of stop words would hold; the words change nothing about the speed that matters.
STOP_WORDS = "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with"


# The query that reranked texts are scored for: bench-protocol's QUERY.
QUERY = "how are records of a file read and written"


def of_batches(config):
    options = config.get("options", {})
    return {name: options[name] for name in ("batch_size", "parallel") if name in options}


def side(embed, values):
    """A side of a function from items to an iterator of results, and one from a result to its numbers."""
    return lambda items: [values(result) for result in embed(items)], lambda item: values(next(iter(embed([item]))))


def dense(config):
    from fastembed import TextEmbedding

    threads = config.get("options", {}).get("threads")
    name = "sentence-transformers/all-MiniLM-L6-v2"
    model = TextEmbedding(name, specific_model_path=config["model_dir"], threads=threads)
    return side(lambda texts: model.embed(texts, **of_batches(config)), lambda vector: vector)


def sparse(name, **more):
    def load(config):
        from fastembed import SparseTextEmbedding

        model = SparseTextEmbedding(name, specific_model_path=config["model_dir"], **more)
        return side(lambda texts: model.embed(texts, **of_batches(config)), lambda vector: vector.values)

    return load


def colbert(config):
    from fastembed import LateInteractionTextEmbedding

    model = LateInteractionTextEmbedding("colbert-ir/colbertv2.0", specific_model_path=config["model_dir"])
    return side(lambda texts: model.embed(texts, **of_batches(config)), lambda vectors: vectors.ravel())


def rerank(config):
    from fastembed.rerank.cross_encoder import TextCrossEncoder

    model = TextCrossEncoder("Xenova/ms-marco-MiniLM-L-6-v2", specific_model_path=config["model_dir"])
    return side(lambda texts: model.rerank(QUERY, texts, **of_batches(config)), lambda score: [score])


def image(config):
    from fastembed import ImageEmbedding

    model = ImageEmbedding("Qdrant/clip-ViT-B-32-vision", specific_model_path=config["model_dir"])
    return side(lambda paths: model.embed(paths, **of_batches(config)), lambda vector: vector)


def preprocess(opened):
    """The processor alone; of each tensor as many values are kept as are compared."""

    def load(config):
        from fastembed.image.transform.operators import Compose
        from PIL import Image

        chain = Compose.from_config(json.loads((Path(config["model_dir"]) / "preprocessor_config.json").read_text()))

        def process(picture):
            return np.array(chain([picture])).ravel()[:4096].copy()

        def process_file(path):
            with Image.open(path) as picture:
                return process(picture)

        def open_all(paths):
            pictures = [Image.open(path) for path in paths]
            for picture in pictures:
                picture.load()
            return pictures

        one = process if opened else process_file
        functions = (lambda items: [one(item) for item in items], one)
        return (*functions, open_all) if opened else functions

    return load


TASKS = {
    "dense": dense,
    "bm25": sparse("Qdrant/bm25", stopwords=set(STOP_WORDS.split())),
    "splade": sparse("prithivida/Splade_PP_en_v1"),
    "colbert": colbert,
    "rerank": rerank,
    "image": image,
    "preprocess": preprocess(opened=False),
    "preprocess-opened": preprocess(opened=True),
}

if __name__ == "__main__":
    serve(lambda config: TASKS[config["task"]](config))
