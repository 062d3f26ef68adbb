"""What Hugging Face's library writes down with a table: the kinds of its columns, and names of classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from suite.documents import NotJsonError, decode_json


def features_of(schema: Any) -> Mapping[str, Any]:
    """The descriptions of the columns of a `pyarrow.Schema`, by their names; empty if there are none."""
    written = (schema.metadata or {}).get(b"huggingface", b"{}")
    with suppress(NotJsonError, UnicodeDecodeError, AttributeError):
        features = decode_json(written.decode()).get("info", {}).get("features", {})
        return features if isinstance(features, dict) else {}
    return {}


def class_names(features: Mapping[str, Any], column: str) -> list[str]:
    """What the numbers in a column mean, or those in a field of its objects; empty if nothing says so."""
    return next(_class_labels(features.get(column)), [])


def class_name(cell: Any, names: Sequence[str]) -> Any:
    """The name of a class for its number, or those for a list of numbers; None for -1, no class.

    Any other cell stays as it is, and so does a number that no class has.
    """
    if isinstance(cell, list):
        return [class_name(item, names) for item in cell]
    if not isinstance(cell, int) or isinstance(cell, bool):
        return cell
    if cell == -1:
        return None
    return names[cell] if 0 <= cell < len(names) else cell


def _class_labels(feature: Any) -> Iterator[list[str]]:
    """The names of any `ClassLabel` in what describes a column."""
    if isinstance(feature, list):
        for inner in feature:
            yield from _class_labels(inner)
    elif isinstance(feature, dict):
        if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
            yield list(map(str, feature["names"]))
        for inner in feature.values():
            yield from _class_labels(inner)
