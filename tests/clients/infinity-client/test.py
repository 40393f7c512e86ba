"""infinity's generated client, whose paths have no `/v1` and a doubled slash."""

from harness import DOCUMENTS, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, same, scores
from infinity_client import Client
from infinity_client.api.default import embeddings, health, rerank
from infinity_client.models import OpenAIEmbeddingInputText, RerankInput

texts = [text for text in TEXTS if text]
expected, shares = library(texts), scores(QUERY, DOCUMENTS)
with Server("--rerank-document", "string") as server:
    client = Client(base_url=server.url)
    holds("health", health.sync_detailed(client=client).status_code == 200)
    body = OpenAIEmbeddingInputText(input_=texts, model=MODEL)
    answer = embeddings.sync(client=client, body=body)
    same("embeddings", [entry.embedding for entry in answer.data], expected)
    body = RerankInput(query=QUERY, documents=DOCUMENTS, model=RERANKER, return_documents=True)
    ranks = rerank.sync(client=client, body=body)
    holds("rerank", [result.index for result in ranks.results] == order(shares), ranks)
    holds("bare documents", ranks.results[0].document == DOCUMENTS[order(shares)[0]], ranks)
