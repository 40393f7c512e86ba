"""A client of text-embeddings-inference, which asks `/info` first."""

from harness import MODEL, TEXTS, Server, holds, library, same
from tei_client import HttpClient

expected = library(TEXTS)
with Server() as server:
    client = HttpClient(server.url)
    holds("health", client.health())
    same("embed", client.embed(TEXTS), expected)
    same("a model in the address", HttpClient(f"{server.url}/models/{MODEL}").embed(TEXTS[0]), expected[:1])
