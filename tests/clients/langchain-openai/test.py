"""LangChain over OpenAI's client."""

import openai
from harness import KEY, MODEL, TEXTS, Server, holds, library, raises, same
from langchain_openai import OpenAIEmbeddings

expected = library(TEXTS)
with Server() as server:
    options = {"model": MODEL, "base_url": server.url + "/v1", "api_key": "none"}
    embeddings = OpenAIEmbeddings(check_embedding_ctx_length=False, **options)
    same("documents", embeddings.embed_documents(TEXTS), expected)
    same("a query", [embeddings.embed_query(TEXTS[0])], expected[:1])
    many = [f"text {number}" for number in range(1500)]
    holds("a thousand a call", len(embeddings.embed_documents(many)) == 1500)
    # It sends ids of another tokenizer unless it is told not to, which would be silently wrong vectors.
    error = raises("token ids", Exception, lambda: OpenAIEmbeddings(**options).embed_documents(["a"]))
    holds("nothing wrong comes of them", not isinstance(error, AssertionError), error)
    none = OpenAIEmbeddings(check_embedding_ctx_length=False, **{**options, "model": "none"})
    raises("an unknown model", openai.NotFoundError, lambda: none.embed_query("a"))

with Server("--api-key", KEY) as server:
    of = lambda key: OpenAIEmbeddings(
        model=MODEL, base_url=server.url + "/v1", api_key=key, check_embedding_ctx_length=False,
    )
    raises("a wrong key", openai.AuthenticationError, lambda: of("wrong").embed_query("a"))
    same("a right key", [of(KEY).embed_query(TEXTS[0])], expected[:1])

with Server("--max-requests", "1") as server:
    of = lambda retries: OpenAIEmbeddings(
        model=MODEL, base_url=server.url + "/v1", api_key="none", check_embedding_ctx_length=False, max_retries=retries,
    )
    server.busy()
    raises("a full server", openai.RateLimitError, lambda: of(0).embed_query("a"))
    same("what it tries again by itself", [of(60).embed_query(TEXTS[0])], expected[:1])
