"""Haystack's embedders and rankers."""

import os

os.environ.update(OPENAI_API_KEY="none", COHERE_API_KEY="none", CO_API_KEY="none")

import openai
from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, raises, same, scores
from haystack import Document
from haystack.components.embedders import OpenAITextEmbedder
from haystack.utils import Secret
from haystack_integrations.components.embedders.cohere import CohereTextEmbedder
from haystack_integrations.components.embedders.huggingface_api import HuggingFaceAPITextEmbedder
from haystack_integrations.components.rankers.cohere import CohereRanker
from haystack_integrations.components.rankers.huggingface_api import HuggingFaceTEIRanker

expected, shares = library(TEXTS), scores(QUERY, DOCUMENTS)
with Server() as server:
    embedder = OpenAITextEmbedder(model=MODEL, api_base_url=server.url + "/v1")
    same("openai", [embedder.run(TEXTS[0])["embedding"]], expected[:1])
    embedder = CohereTextEmbedder(model=MODEL, api_base_url=server.url)
    same("cohere", [embedder.run(TEXTS[0])["embedding"]], expected[:1])
    ranker = CohereRanker(model=RERANKER, api_base_url=server.url, api_key=Secret.from_token("none"))
    ranks = ranker.run(QUERY, [Document(content=text) for text in DOCUMENTS])["documents"]
    holds("rank", [document.content for document in ranks] == [DOCUMENTS[index] for index in order(shares)], ranks)
    embedder = HuggingFaceAPITextEmbedder(
        api_type="text_embeddings_inference", api_params={"url": server.url}, token=Secret.from_token("none"),
    )
    same("text-embeddings-inference", [embedder.run(TEXTS[0])["embedding"]], expected[:1])
    ranker = HuggingFaceTEIRanker(url=server.url, top_k=2, token=Secret.from_token("none"))
    ranks = ranker.run(QUERY, [Document(content=text) for text in DOCUMENTS])["documents"]
    holds("its ranker", [document.content for document in ranks] == [DOCUMENTS[index] for index in order(shares)[:2]], ranks)
    none = OpenAITextEmbedder(model="none", api_base_url=server.url + "/v1", max_retries=0)
    raises("an unknown model", openai.NotFoundError, lambda: none.run("a"))

with Server("--api-key", KEY) as server:
    of = lambda key: OpenAITextEmbedder(model=MODEL, api_base_url=server.url + "/v1", api_key=Secret.from_token(key))
    raises("a wrong key", openai.AuthenticationError, lambda: of("wrong").run("a"))
    same("a right key", [of(KEY).run(TEXTS[0])["embedding"]], expected[:1])

with Server("--max-requests", "1") as server:
    of = lambda retries: OpenAITextEmbedder(model=MODEL, api_base_url=server.url + "/v1", max_retries=retries)
    server.busy()
    raises("a full server", openai.RateLimitError, lambda: of(0).run("a"))
    same("what it tries again by itself", [of(60).run(TEXTS[0])["embedding"]], expected[:1])
