"""LlamaIndex: text-embeddings-inference, its reranker, and OpenAI's like."""

from harness import DOCUMENTS, KEY, MODEL, QUERY, RERANKER, TEXTS, Server, holds, library, order, raises, same, scores
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference as TeiRerank

texts = [text for text in TEXTS if text]
expected, shares = library(texts), scores(QUERY, DOCUMENTS)
with Server() as server:
    tei = TextEmbeddingsInference(model_name=MODEL, base_url=server.url, query_instruction="", text_instruction="")
    same("text-embeddings-inference", tei.get_text_embedding_batch(texts), expected)
    like = OpenAILikeEmbedding(model_name=MODEL, api_base=server.url + "/v1", api_key="none")
    same("openai-like", like.get_text_embedding_batch(texts), expected)
    nodes = [NodeWithScore(node=TextNode(text=text), score=0) for text in DOCUMENTS]
    rerank = TeiRerank(base_url=server.url, model_name=RERANKER, top_n=3)
    ranked = rerank.postprocess_nodes(nodes, query_str=QUERY)
    holds("rerank", [node.text for node in ranked] == [DOCUMENTS[index] for index in order(shares)], ranked)

with Server("--api-key", KEY) as server:
    bare = TeiRerank(base_url=server.url, model_name=RERANKER, top_n=3, auth_token=KEY)
    nodes = [NodeWithScore(node=TextNode(text=text), score=0) for text in DOCUMENTS]
    holds("a bare key", len(bare.postprocess_nodes(nodes, query_str=QUERY)) == 3)
    tei = TextEmbeddingsInference(model_name=MODEL, base_url=server.url, auth_token=KEY, text_instruction="")
    same("a right key", tei.get_text_embedding_batch(texts[:1]), expected[:1])
    import openai
    like = OpenAILikeEmbedding(model_name=MODEL, api_base=server.url + "/v1", api_key="wrong", max_retries=0)
    raises("a wrong key", openai.AuthenticationError, lambda: like.get_text_embedding("a"))
