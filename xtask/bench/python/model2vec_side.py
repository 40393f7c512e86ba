"""Python's model2vec as a side of the benchmark."""

from protocol import dense_row, serve


def load(config):
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(config["model_dir"])
    return model.encode, model.encode, dense_row


if __name__ == "__main__":
    serve(load)
