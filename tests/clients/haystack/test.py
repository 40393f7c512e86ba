"""Haystack's embedders and rankers."""

import os

os.environ.update(OPENAI_API_KEY="none", COHERE_API_KEY="none", CO_API_KEY="none")

from harness import DOCUMENTS, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, same, scores
from haystack import Document
from haystack.components.embedders import OpenAITextEmbedder
from haystack.utils import Secret
from haystack_integrations.components.embedders.cohere import CohereTextEmbedder
from haystack_integrations.components.rankers.cohere import CohereRanker

expected, shares = library(TEXTS), scores(QUERY, DOCUMENTS)
with Server() as server:
    embedder = OpenAITextEmbedder(model=MODEL, api_base_url=server.url + "/v1")
    same("openai", [embedder.run(TEXTS[0])["embedding"]], expected[:1])
    embedder = CohereTextEmbedder(model=MODEL, api_base_url=server.url)
    same("cohere", [embedder.run(TEXTS[0])["embedding"]], expected[:1])
    ranker = CohereRanker(model=RERANKER, api_base_url=server.url, api_key=Secret.from_token("none"))
    ranks = ranker.run(QUERY, [Document(content=text) for text in DOCUMENTS])["documents"]
    holds("rank", [document.content for document in ranks] == [DOCUMENTS[index] for index in order(shares)], ranks)
