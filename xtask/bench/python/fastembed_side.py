"""Python's fastembed as a side of the benchmark."""

from protocol import serve

# What its folder of stop words would hold; the words change nothing about the speed that matters.
STOP_WORDS = "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with"


def dense(config):
    from fastembed import TextEmbedding

    options = config.get("options", {})
    model = TextEmbedding(
        "sentence-transformers/all-MiniLM-L6-v2",
        specific_model_path=config["model_dir"],
        threads=options.get("threads"),
    )
    settings = {name: options[name] for name in ("batch_size", "parallel") if name in options}
    return lambda items: list(model.embed(items, **settings)), lambda item: next(iter(model.embed([item])))


def bm25(config):
    from fastembed import SparseTextEmbedding

    options = config.get("options", {})
    model = SparseTextEmbedding("Qdrant/bm25", specific_model_path=config["model_dir"], stopwords=set(STOP_WORDS.split()))
    settings = {name: options[name] for name in ("batch_size", "parallel") if name in options}

    def bulk(items):
        return [embedding.values for embedding in model.embed(items, **settings)]

    return bulk, lambda item: next(iter(model.embed([item]))).values


TASKS = {"dense": dense, "bm25": bm25}

if __name__ == "__main__":
    serve(lambda config: TASKS[config["task"]](config))
