"""Has every interpreter of this environment take ``embedkit_rs`` where a program imports ``fastembed``.

It is imported when an interpreter starts, so it does next to nothing until someone looks for ``fastembed``.
``EMBEDKIT_FASTEMBED=0`` turns it off.
"""

import os
import sys


class _Waiting:
    """The first who is asked for ``fastembed``: then the alias itself takes this one's place."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname != "fastembed":
            return None
        return cls._alias().find_spec(fullname, path, target)

    @classmethod
    def find_distributions(cls, context=None):
        name = getattr(context, "name", None)
        if name is None or name.lower() not in ("fastembed", "fastembed-gpu"):
            return iter(())
        return cls._alias().find_distributions(context)

    @classmethod
    def invalidate_caches(cls):
        """There are none."""

    @classmethod
    def _alias(cls):
        if cls in sys.meta_path:
            sys.meta_path.remove(cls)
        from embedkit_rs import compat

        compat.install()
        return sys.meta_path[0]


if os.environ.get("EMBEDKIT_FASTEMBED") != "0":
    sys.meta_path.insert(0, _Waiting)
