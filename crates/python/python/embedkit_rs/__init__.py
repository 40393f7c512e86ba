"""Dense, sparse and multi-vector embeddings of texts and images, and rerank scores.

The classes here have the names, signatures and results of the Python library ``fastembed``: where a program says
``from fastembed import TextEmbedding``, ``from embedkit_rs import TextEmbedding`` is all that changes. What they do
besides is said at each; :class:`HybridEmbedding` and :class:`MaxSim` are this package's own.

    >>> from embedkit_rs import TextEmbedding
    >>> model = TextEmbedding("embedkit/static-minilm-en")  # a small model, compiled in
    >>> [vector.shape for vector in model.embed(["a cat", "a kitten"])]
    [(256,), (256,)]
"""

from embedkit_rs._embedkit import VERSION as __version__
from embedkit_rs.errors import (
    AlreadyRegisteredError,
    Cancelled,
    EmbedkitError,
    InferenceError,
    InvalidImageError,
    InvalidInputError,
    InvalidOptionError,
    MissingImageError,
    ModelFilesError,
    PanicError,
    RuntimeNotFoundError,
    UnknownModelError,
)
from embedkit_rs.hybrid import HybridEmbedding
from embedkit_rs.image import ImageEmbedding
from embedkit_rs.late_interaction import LateInteractionTextEmbedding
from embedkit_rs.late_interaction_multimodal import LateInteractionMultimodalEmbedding
from embedkit_rs.models import add_model, remove_model
from embedkit_rs.multivector import MaxSim
from embedkit_rs.rerank.cross_encoder import TextCrossEncoder
from embedkit_rs.results import HybridEmbeddings, MultiVectorBatch, SparseBatch
from embedkit_rs.sparse import SparseEmbedding, SparseTextEmbedding
from embedkit_rs.text import TextEmbedding

#: Whether an unknown keyword of a constructor or of ``embed`` is a ``TypeError``. Default: a ``UserWarning``.
strict = False

#: Whether downloads are shown, where standard error is a terminal.
progress = True

__all__ = [
    "AlreadyRegisteredError",
    "Cancelled",
    "EmbedkitError",
    "HybridEmbedding",
    "HybridEmbeddings",
    "ImageEmbedding",
    "InferenceError",
    "InvalidImageError",
    "InvalidInputError",
    "InvalidOptionError",
    "LateInteractionMultimodalEmbedding",
    "LateInteractionTextEmbedding",
    "MaxSim",
    "MissingImageError",
    "ModelFilesError",
    "MultiVectorBatch",
    "PanicError",
    "RuntimeNotFoundError",
    "SparseBatch",
    "SparseEmbedding",
    "SparseTextEmbedding",
    "TextCrossEncoder",
    "TextEmbedding",
    "UnknownModelError",
    "__version__",
    "add_model",
    "remove_model",
]
