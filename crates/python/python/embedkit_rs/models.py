"""Which models there are, and how more are added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from embedkit_rs import _embedkit
from embedkit_rs._reference_models import BY_FAMILY, IN_ORDER


def add_model(row: Mapping[str, Any]) -> None:
    """Adds a model of any family for this process, by its row: the keys are those of manifests.

    Raises :class:`~embedkit_rs.AlreadyRegisteredError` where its ``id`` is taken, and
    :class:`~embedkit_rs.InvalidOptionError` for a row that cannot be right.
    """
    _embedkit.add_row(json.dumps(dict(row)))


def remove_model(family: str, model: str) -> bool:
    """Takes a model out again; whether it was there. Models that were loaded from its row stay."""
    _custom.discard((family, model.lower()))
    return _embedkit.remove_model(family, model)


def in_the_references_order(family: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the reference lists its models: these first, in its order, each under all names that it has there."""
    by_name = {name.lower(): row for row in rows for name in [row["id"], *row.get("aliases", [])]}
    names = [name for name in IN_ORDER.get(family, ()) if name.lower() in by_name]
    theirs = [{**by_name[name.lower()], "id": name} for name in names]
    taken = {name.lower() for name in names}
    return theirs + [row for row in rows if row["id"].lower() not in taken]


#: Models that were added by `add_custom`, by family and name.
_custom: set[tuple[str, str]] = set()


def add_custom(row: dict[str, Any]) -> None:
    """Adds a model as the reference does: a name of its models, or of one that was added so, is taken; one that only this
    package's catalogue has gives way."""
    family, name = row["family"], row["id"].lower()
    known = find(family, name)
    is_ours_alone = name not in BY_FAMILY[family] and (family, name) not in _custom
    if known is not None and known["id"].lower() == name and is_ours_alone:
        remove_model(family, name)
    add_model(row)
    _custom.add((family, name))


def rows(family: str) -> list[dict[str, Any]]:
    """The rows of a family, in the catalogue's order, which begins with the reference's."""
    return [json.loads(row) for row in _embedkit.list_models(family)]


def find(family: str, model: str) -> dict[str, Any] | None:
    """The row of a model by its id or an alias, in any letter case."""
    wanted = model.lower()
    for row in rows(family):
        if wanted in (name.lower() for name in [row["id"], *row.get("aliases", [])]):
            return row
    return None
