"""What goes wrong. Each class also derives from what the reference raises in its place."""

from __future__ import annotations


class EmbedkitError(Exception):
    """Any error of this package. ``__cause__`` tells what a layer below said, where there is one."""


class UnknownModelError(EmbedkitError, ValueError):
    """No model has this name, or its architecture is not known."""


class AlreadyRegisteredError(EmbedkitError, ValueError):
    """A model's name is taken."""


class InvalidOptionError(EmbedkitError, ValueError):
    """An option, or a field of a row, has a value that cannot be used, or that the model has no use for."""


class InvalidInputError(EmbedkitError, ValueError):
    """An input cannot be embedded."""

    #: Its position in the run; none where it is not known.
    index: int | None = None


class InvalidImageError(InvalidInputError, OSError):
    """An image cannot be read or decoded."""


class MissingImageError(InvalidImageError, FileNotFoundError):
    """There is no file of an image's name."""


class ModelFilesError(EmbedkitError, ValueError, OSError):
    """A file of the model is missing or wrong, or could not be fetched."""


class RuntimeNotFoundError(EmbedkitError, ImportError):
    """There is no ONNX Runtime, or it cannot be used."""


class InferenceError(EmbedkitError, RuntimeError):
    """A model failed, or gave something that its row does not promise."""


class Cancelled(EmbedkitError, RuntimeError):
    """The run was cancelled."""


class PanicError(EmbedkitError, RuntimeError):
    """A fault of this package itself."""
