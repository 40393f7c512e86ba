"""A client of text-embeddings-inference, which asks `/info` first."""

from harness import TEXTS, Server, holds, library, same
from tei_client import HTTPClient

expected = library(TEXTS)
with Server() as server:
    client = HTTPClient(base_url=server.url)
    same("embed", [client.encode([text])[0] for text in TEXTS], expected)
    holds("its kind", "Http" in type(client).__name__ or "HTTP" in type(client).__name__)
