"""LlamaIndex: text-embeddings-inference, its reranker, and OpenAI's like."""

import openai
from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, raises, same, scores
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference
from llama_index.postprocessor.cohere_rerank import CohereRerank
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference as TeiRerank

texts = [text for text in TEXTS if text]
expected, shares = library(texts), scores(QUERY, DOCUMENTS)
with Server() as server:
    tei = TextEmbeddingsInference(model_name=MODEL, base_url=server.url, query_instruction="", text_instruction="")
    same("text-embeddings-inference", tei.get_text_embedding_batch(texts), expected)
    of = lambda name, **more: OpenAILikeEmbedding(
        model_name=name, api_base=server.url + "/v1", api_key="none", **more,
    )
    like = of(MODEL)
    same("openai-like", like.get_text_embedding_batch(texts), expected)
    raises("an unknown model", openai.NotFoundError, lambda: of("none", max_retries=0).get_text_embedding("a"))
    nodes = [NodeWithScore(node=TextNode(text=text), score=0) for text in DOCUMENTS]
    cohere = CohereRerank(base_url=server.url, api_key="none", model=RERANKER, top_n=3)
    ranked = cohere.postprocess_nodes(nodes, query_str=QUERY)
    holds("rerank as Cohere", [node.text for node in ranked] == [DOCUMENTS[index] for index in order(shares)], ranked)
    rerank = TeiRerank(base_url=server.url, model_name=RERANKER, top_n=3)
    ranked = rerank.postprocess_nodes(nodes, query_str=QUERY)
    holds("rerank", [node.text for node in ranked] == [DOCUMENTS[index] for index in order(shares)], ranked)

with Server("--api-key", KEY) as server:
    bare = TeiRerank(base_url=server.url, model_name=RERANKER, top_n=3, auth_token=KEY)
    nodes = [NodeWithScore(node=TextNode(text=text), score=0) for text in DOCUMENTS]
    holds("a bare key", len(bare.postprocess_nodes(nodes, query_str=QUERY)) == 3)
    tei = TextEmbeddingsInference(model_name=MODEL, base_url=server.url, auth_token=KEY, text_instruction="")
    same("a right key", tei.get_text_embedding_batch(texts[:1]), expected[:1])
    like = OpenAILikeEmbedding(model_name=MODEL, api_base=server.url + "/v1", api_key="wrong", max_retries=0)
    raises("a wrong key", openai.AuthenticationError, lambda: like.get_text_embedding("a"))

with Server("--max-requests", "1") as server:
    of = lambda retries: OpenAILikeEmbedding(
        model_name=MODEL, api_base=server.url + "/v1", api_key="none", max_retries=retries,
    )
    server.busy()
    raises("a full server", openai.RateLimitError, lambda: of(0).get_text_embedding("a"))
    same("what it tries again by itself", [of(60).get_text_embedding(texts[0])], expected[:1])
