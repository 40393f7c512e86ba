"""Cohere's own client, versions 1 and 2 of its interface."""

import cohere
from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, near, order, raises, same, scores

expected, shares = library(TEXTS), scores(QUERY, DOCUMENTS)
with Server() as server:
    client = cohere.ClientV2("none", base_url=server.url)
    answer = client.embed(texts=TEXTS, model=MODEL, input_type="search_document", embedding_types=["float", "int8"])
    same("version 2", answer.embeddings.float_, expected)
    holds("int8", len(answer.embeddings.int8[0]) == len(expected[0]))
    ranks = client.rerank(model=RERANKER, query=QUERY, documents=DOCUMENTS, top_n=2)
    near("rerank", [result.relevance_score for result in ranks.results], [shares[index] for index in order(shares)[:2]])
    holds("its order", [result.index for result in ranks.results] == order(shares)[:2], ranks)
    raises("an unknown model", cohere.NotFoundError, lambda: client.rerank(model="none", query="a", documents=["b"]))
    raises("a bad field", cohere.BadRequestError, lambda: client.rerank(model=MODEL, query="a", documents=["b"]))
    first = cohere.Client("none", base_url=server.url)
    answer = first.embed(texts=TEXTS, model=MODEL, input_type="search_document")
    same("version 1", answer.embeddings, expected)
    many = [f"text {number}" for number in range(200)]
    answer = first.embed(texts=many, model=MODEL, input_type="search_document")
    holds("version 1 cuts texts into parts", len(answer.embeddings) == 200 and answer.meta.billed_units.input_tokens > 200)

with Server("--api-key", KEY) as server:
    ask = lambda key: cohere.ClientV2(key, base_url=server.url).rerank(model=RERANKER, query=QUERY, documents=DOCUMENTS)
    raises("a wrong key", cohere.UnauthorizedError, lambda: ask("wrong"))
    holds("a right key", len(ask(KEY).results) == 3)

with Server("--max-requests", "1") as server:
    client = cohere.ClientV2("none", base_url=server.url)
    ask = lambda retries: client.embed(
        texts=["a"], model=MODEL, input_type="search_query", embedding_types=["float"],
        request_options={"max_retries": retries},
    )
    server.busy()
    raises("a full server", cohere.TooManyRequestsError, lambda: ask(0))
    holds("what it tries again by itself", len(ask(60).embeddings.float_) == 1)
