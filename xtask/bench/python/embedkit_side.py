"""embedkit's Python package as a side of the benchmark."""

from fastembed_side import QUERY, of_batches, side, two
from protocol import serve

# What the Python package takes of a side's settings.
OPTIONS = ("threads", "sessions", "batch_tokens")


def load(kind, name, row=None, **rest):
    def loaded(config):
        import embedkit_rs

        options = {name: value for name, value in config.get("options", {}).items() if name in OPTIONS}
        model = getattr(embedkit_rs, kind)(name, model_dir=config["model_dir"], **options, **rest)
        if kind == "TextCrossEncoder":
            embed = lambda texts: model.rerank(QUERY, texts, **of_batches(config))  # noqa: E731
        else:
            embed = lambda items: model.embed(items, **of_batches(config))  # noqa: E731
        return side(embed, row) if row else side(embed)

    return loaded


def static(config):
    import embedkit_rs

    model = embedkit_rs.TextEmbedding.from_folder(config["model_dir"])
    return side(lambda texts: model.embed(texts))


def sparse_row(vector):
    return vector.indices, vector.values


dense = load("TextEmbedding", "sentence-transformers/all-MiniLM-L6-v2")

TASKS = {
    "dense": dense,
    "two-dense": two(dense),
    "static": static,
    "bm25": load("SparseTextEmbedding", "Qdrant/bm25", sparse_row),
    "splade": load("SparseTextEmbedding", "prithivida/Splade_PP_en_v1", sparse_row),
    "colbert": load("LateInteractionTextEmbedding", "colbert-ir/colbertv2.0"),
    "rerank": load("TextCrossEncoder", "Xenova/ms-marco-MiniLM-L-6-v2", lambda score: ((), [score])),
    "image": load("ImageEmbedding", "Qdrant/clip-ViT-B-32-vision"),
}

if __name__ == "__main__":
    serve(lambda config: TASKS[config["task"]](config))
