"""LiteLLM, under the names of several providers."""

import litellm
from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, raises, same, scores

texts = [text for text in TEXTS if text]
expected, shares = library(texts), scores(QUERY, DOCUMENTS)
with Server() as server:
    for provider, base in [("openai", "/v1"), ("hosted_vllm", "/v1"), ("infinity", "")]:
        answer = litellm.embedding(f"{provider}/{MODEL}", texts, api_base=server.url + base, api_key="none")
        same(f"embeddings as {provider}", [entry["embedding"] for entry in answer.data], expected)
    raises("an unknown model", litellm.NotFoundError,
           lambda: litellm.embedding("openai/none", ["a"], api_base=server.url + "/v1", api_key="none"))
    for provider, base in [("hosted_vllm", ""), ("jina_ai", "/v1/rerank"), ("cohere", "/v2/rerank")]:
        answer = litellm.rerank(
            f"{provider}/{RERANKER}", QUERY, DOCUMENTS, top_n=3, api_base=server.url + base, api_key="none",
        )
        holds(f"rerank as {provider}", [result["index"] for result in answer.results] == order(shares), answer)

with Server("--api-key", KEY) as server:
    raises("a wrong key", litellm.AuthenticationError,
           lambda: litellm.embedding(f"openai/{MODEL}", ["a"], api_base=server.url + "/v1", api_key="wrong"))

with Server("--max-requests", "1") as server:
    ask = lambda retries: litellm.embedding(
        f"openai/{MODEL}", texts, api_base=server.url + "/v1", api_key="none", max_retries=retries,
    )
    server.busy()
    raises("a full server", litellm.RateLimitError, lambda: ask(0))
    same("what it tries again by itself", [entry["embedding"] for entry in ask(60).data], expected)
