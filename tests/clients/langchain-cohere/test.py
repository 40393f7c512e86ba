"""LangChain over Cohere's client, which it holds at version 5."""

import time

import cohere
from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, raises, same, scores
from langchain_cohere import CohereEmbeddings, CohereRerank

expected, shares = library(TEXTS), scores(QUERY, DOCUMENTS)
with Server() as server:
    embeddings = CohereEmbeddings(model=MODEL, base_url=server.url, cohere_api_key="none")
    same("documents", embeddings.embed_documents(TEXTS), expected)
    ranker = CohereRerank(model=RERANKER, base_url=server.url, cohere_api_key="none")
    ranks = ranker.rerank(DOCUMENTS, QUERY, top_n=3)
    holds("rerank", [rank["index"] for rank in ranks] == order(shares), ranks)
    none = CohereRerank(model="none", base_url=server.url, cohere_api_key="none")
    raises("an unknown model", cohere.NotFoundError, lambda: none.rerank(DOCUMENTS, QUERY))

with Server("--api-key", KEY) as server:
    of = lambda key: CohereRerank(model=RERANKER, base_url=server.url, cohere_api_key=key)
    raises("a wrong key", cohere.UnauthorizedError, lambda: of("wrong").rerank(DOCUMENTS, QUERY))
    holds("a right key", len(of(KEY).rerank(DOCUMENTS, QUERY, top_n=3)) == 3)

with Server("--max-requests", "1") as server:
    until = time.monotonic() + 1
    server.busy(lambda: time.monotonic() >= until)
    embeddings = CohereEmbeddings(model=MODEL, base_url=server.url, cohere_api_key="none", max_retries=20)
    same("what it tries again by itself", embeddings.embed_documents(TEXTS), expected)
