"""LangChain over Cohere's client, which it holds at version 5."""

from harness import DOCUMENTS, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, same, scores
from langchain_cohere import CohereEmbeddings, CohereRerank

expected, shares = library(TEXTS), scores(QUERY, DOCUMENTS)
with Server() as server:
    embeddings = CohereEmbeddings(model=MODEL, base_url=server.url, cohere_api_key="none")
    same("documents", embeddings.embed_documents(TEXTS), expected)
    ranker = CohereRerank(model=RERANKER, base_url=server.url, cohere_api_key="none")
    ranks = ranker.rerank(DOCUMENTS, QUERY, top_n=3)
    holds("rerank", [rank["index"] for rank in ranks] == order(shares), ranks)
