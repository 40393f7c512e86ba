"""What all families have in common."""

from embedkit_rs.common.types import ImageInput, OnnxProvider, PathInput

__all__ = ["ImageInput", "OnnxProvider", "PathInput"]
