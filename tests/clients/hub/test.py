"""Hugging Face's client, which posts to `/` and nowhere else."""

from harness import KEY, MODEL, TEXTS, Server, holds, library, raises, same
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

expected = library(TEXTS)
with Server() as server:
    client = InferenceClient(base_url=server.url)
    same("feature extraction", [client.feature_extraction(text)[0] for text in TEXTS], expected)
    same("with every option", [client.feature_extraction(TEXTS[0], normalize=True, truncate=True)[0]], expected[:1])
    similarity = client.sentence_similarity("a cat", ["a kitten", "a tax form"])
    holds("similarity", similarity[0] > similarity[1], similarity)
    of_model = InferenceClient(base_url=f"{server.url}/models/{MODEL}")
    same("a model in the address", [of_model.feature_extraction(TEXTS[0])[0]], expected[:1])
    none = InferenceClient(base_url=f"{server.url}/models/none")
    error = raises("an unknown model", HfHubHTTPError, lambda: none.feature_extraction("a"))
    holds("its status", error.response.status_code == 404, error)

with Server("--api-key", KEY) as server:
    error = raises("a wrong key", HfHubHTTPError,
                   lambda: InferenceClient(base_url=server.url, token="wrong").feature_extraction("a"))
    holds("its status", error.response.status_code == 401, error)
    same("a right key", [InferenceClient(base_url=server.url, token=KEY).feature_extraction(TEXTS[0])[0]], expected[:1])

with Server("--max-requests", "1") as server:
    server.busy()
    error = raises("a full server", HfHubHTTPError, lambda: InferenceClient(base_url=server.url).feature_extraction("a"))
    holds("its status", error.response.status_code == 429, error)
