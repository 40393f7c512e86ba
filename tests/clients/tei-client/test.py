"""A client of text-embeddings-inference, which asks `/info` first."""

import httpx
from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, near, order, same, scores
from tei_client import HttpClient

expected, shares = library(TEXTS), scores(QUERY, DOCUMENTS)
with Server() as server:
    client = HttpClient(server.url)
    holds("health", client.health())
    same("embed", client.embed(TEXTS), expected)
    same("a model in the address", HttpClient(f"{server.url}/models/{MODEL}").embed(TEXTS[0]), expected[:1])
    holds("names of prompts, out of an error's words", client.prompt_names() == ["query", "passage", "plain"])
    tokens = client.tokenize("a kitten sleeps")
    ids = [row.get_ids() for row in tokens]
    holds("tokens and back", client.decode(ids) == ["a kitten sleeps"], tokens)
    ranks = HttpClient(f"{server.url}/models/{RERANKER}").rerank(QUERY, DOCUMENTS, return_text=True).ranks
    holds("rerank", [rank.index for rank in ranks] == order(shares), ranks)
    near("its scores", [rank.score for rank in ranks], [shares[index] for index in order(shares)])
    # It looks at no status when it embeds: its own connection tells it.
    answer = HttpClient(server.url).client.post("/models/none/embed", json={"inputs": "a"})
    holds("an unknown model", answer.status_code == 404)

with Server("--api-key", KEY) as server:
    with_key = HttpClient(server.url, headers={"authorization": f"Bearer {KEY}"})
    same("a right key", with_key.embed(TEXTS), expected)
    holds("a wrong key", not httpx.get(server.url + "/info", headers={"authorization": "Bearer wrong"}).is_success)

with Server("--max-requests", "1") as server:
    client = HttpClient(server.url)
    server.busy()
    holds("a full server", client.client.post("/embed", json={"inputs": "a"}).status_code == 429)
