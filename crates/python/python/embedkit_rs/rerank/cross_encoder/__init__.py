"""Rerankers."""

from embedkit_rs.rerank.cross_encoder.text_cross_encoder import TextCrossEncoder

__all__ = ["TextCrossEncoder"]
