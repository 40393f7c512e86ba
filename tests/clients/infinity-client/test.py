"""infinity's generated client, whose paths have no `/v1` and a doubled slash."""

from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, same, scores
from infinity_client import AuthenticatedClient, Client
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
    # It raises nothing: who uses it looks at the status.
    none = OpenAIEmbeddingInputText(input_=texts, model="none")
    holds("an unknown model", embeddings.sync_detailed(client=client, body=none).status_code == 404)

with Server("--api-key", KEY) as server:
    ask = lambda key: embeddings.sync_detailed(
        client=AuthenticatedClient(base_url=server.url, token=key), body=OpenAIEmbeddingInputText(input_=texts),
    )
    holds("a wrong key", ask("wrong").status_code == 401)
    same("a right key", [entry.embedding for entry in ask(KEY).parsed.data], expected)

with Server("--max-requests", "1") as server:
    server.busy()
    full = embeddings.sync_detailed(client=Client(base_url=server.url), body=OpenAIEmbeddingInputText(input_=texts))
    holds("a full server", full.status_code == 429)
