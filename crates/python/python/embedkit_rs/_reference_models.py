"""Models that the reference knows by name, in its order: a name of these cannot be given to another model."""

DENSE = (
    "BAAI/bge-base-en",
    "BAAI/bge-base-en-v1.5",
    "BAAI/bge-large-en-v1.5",
    "BAAI/bge-small-en",
    "BAAI/bge-small-en-v1.5",
    "BAAI/bge-small-zh-v1.5",
    "mixedbread-ai/mxbai-embed-large-v1",
    "snowflake/snowflake-arctic-embed-xs",
    "snowflake/snowflake-arctic-embed-s",
    "snowflake/snowflake-arctic-embed-m",
    "snowflake/snowflake-arctic-embed-m-long",
    "snowflake/snowflake-arctic-embed-l",
    "jinaai/jina-clip-v1",
    "Qdrant/constella-zero",
    "Qdrant/stella-en-400M-v5-doc-onnx",
    "Qdrant/clip-ViT-B-32-text",
    "google/siglip2-base-patch16-224",
    "sentence-transformers/all-MiniLM-L6-v2",
    "jinaai/jina-embeddings-v2-base-en",
    "jinaai/jina-embeddings-v2-small-en",
    "jinaai/jina-embeddings-v2-base-de",
    "jinaai/jina-embeddings-v2-base-code",
    "jinaai/jina-embeddings-v2-base-zh",
    "jinaai/jina-embeddings-v2-base-es",
    "thenlper/gte-base",
    "thenlper/gte-large",
    "Qdrant/constella-nano",
    "nomic-ai/nomic-embed-text-v1.5",
    "nomic-ai/nomic-embed-text-v1.5-Q",
    "nomic-ai/nomic-embed-text-v1",
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
    "sentence-transformers/paraphrase-multilingual-mpnet-base-v2",
    "intfloat/multilingual-e5-large",
    "jinaai/jina-embeddings-v3",
    "google/embeddinggemma-300m",
    "ibm-granite/granite-embedding-small-english-r2",
    "Qwen/Qwen3-Embedding-0.6B",
    "Qwen/Qwen3-Embedding-0.6B-Q",
    "minishlab/potion-base-8M",
    "minishlab/potion-retrieval-32M",
    "minishlab/potion-multilingual-128M",
)

RERANK = (
    "Xenova/ms-marco-MiniLM-L-6-v2",
    "Xenova/ms-marco-MiniLM-L-12-v2",
    "BAAI/bge-reranker-base",
    "BAAI/bge-reranker-v2-m3",
    "BAAI/bge-reranker-v2-m3-int8",
    "jinaai/jina-reranker-v1-tiny-en",
    "jinaai/jina-reranker-v1-turbo-en",
    "jinaai/jina-reranker-v2-base-multilingual",
)

#: One of these it has under two names, of which one is misspelled: programs look for either in its list.
SPARSE = (
    "prithivida/Splade_PP_en_v1",
    "prithvida/Splade_PP_en_v1",
    "Qdrant/bm42-all-minilm-l6-v2-attentions",
    "Qdrant/bm25",
    "Qdrant/minicoil-v1",
    "opensearch-project/opensearch-neural-sparse-encoding-doc-v3-gte",
)

#: Models that it also has archives of, whose files lie a folder deeper than in those of now.
IN_OLD_ARCHIVES = frozenset(
    {
        "BAAI/bge-base-en",
        "BAAI/bge-base-en-v1.5",
        "BAAI/bge-small-en",
        "BAAI/bge-small-zh-v1.5",
        "sentence-transformers/all-MiniLM-L6-v2",
        "intfloat/multilingual-e5-large",
    }
)

IN_ORDER: dict[str, tuple[str, ...]] = {"dense": DENSE, "rerank": RERANK, "sparse": SPARSE}

BY_FAMILY = {family: frozenset(name.lower() for name in names) for family, names in IN_ORDER.items()}
