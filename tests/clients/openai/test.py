"""OpenAI's own client."""

import openai
from harness import KEY, MODEL, TEXTS, Server, holds, library, raises, same


def client(server, key="none", **options):
    return openai.OpenAI(base_url=server.url + "/v1", api_key=key, **options)


expected = library(TEXTS)
with Server() as server:
    ask = client(server)
    answer = ask.embeddings.create(model=MODEL, input=TEXTS)
    same("base64, which the client asks for by itself", [entry.embedding for entry in answer.data], expected)
    holds("usage", answer.usage.prompt_tokens == answer.usage.total_tokens > 0, answer.usage)
    answer = ask.embeddings.create(model=MODEL, input=TEXTS, encoding_format="float")
    same("floats", [entry.embedding for entry in answer.data], expected)
    same("one text", [ask.embeddings.create(model=MODEL, input=TEXTS[0]).data[0].embedding], expected[:1])
    prefixed = openai.OpenAI(base_url=f"{server.url}/models/{MODEL}/v1", api_key="none")
    same("a model in the address", [prefixed.embeddings.create(model="any", input=TEXTS[0]).data[0].embedding], expected[:1])
    holds("models", [model.id for model in ask.models.list()] == [MODEL, "rr"])
    holds("one model", ask.models.retrieve(MODEL).id == MODEL)
    error = raises("an unknown model", openai.NotFoundError, lambda: ask.embeddings.create(model="none", input="a"))
    holds("the message lists the names", MODEL in error.message and error.code == "model_not_found", error)
    error = raises("token ids", openai.BadRequestError, lambda: ask.embeddings.create(model=MODEL, input=[1, 2]))
    holds("the message names the cure", "check_embedding_ctx_length" in error.message, error)
    error = raises("a bad field", openai.BadRequestError,
                   lambda: ask.embeddings.create(model=MODEL, input="a", dimensions=5))
    holds("the field is named", error.param == "dimensions", error)

with Server("--api-key", KEY) as server:
    raises("a wrong key", openai.AuthenticationError,
           lambda: client(server, "wrong").embeddings.create(model=MODEL, input="a"))
    same("a right key", [client(server, KEY).embeddings.create(model=MODEL, input=TEXTS[0]).data[0].embedding], expected[:1])

with Server("--max-requests", "1") as server:
    server.busy()
    raises("a full server", openai.RateLimitError,
           lambda: client(server, max_retries=0).embeddings.create(model=MODEL, input="a"))
    answer = client(server, max_retries=60).embeddings.create(model=MODEL, input=TEXTS[0])
    same("what it tries again by itself", [answer.data[0].embedding], expected[:1])
