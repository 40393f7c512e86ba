"""What is done with embeddings: MUVERA."""

from embedkit_rs.postprocess.muvera import Muvera

__all__ = ["Muvera"]
