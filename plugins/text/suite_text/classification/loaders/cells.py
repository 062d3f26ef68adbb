"""The labels in a cell of a table."""

from __future__ import annotations

import re
from typing import Any

from suite.kit import NotJsonError, decode_json
from suite_text.classification.examples import Target
from suite_text.reading.tables import as_text

_MAX_LABELS = 20_000
"""Characters of a list of labels: to find what is quoted in far more would take minutes."""

_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")


def target_of(cell: Any, separator: str = "") -> Target:
    """The label in a cell, or its labels: a list, also as JSON or Python write it, or with separators."""
    if isinstance(cell, list):
        return [as_text(item) for item in cell]
    if isinstance(cell, bool):
        return str(cell).lower()
    text = as_text(cell)
    plain = text.strip()
    if plain.startswith(("[", "(", "{")) and plain.endswith(("]", ")", "}")):
        listed = _listed(plain)
        if listed is not None:
            return listed
    if separator:
        return [label.strip() for label in text.split(separator) if label.strip()]
    return text


def _listed(text: str) -> list[str] | None:
    """The labels of a list as JSON, Python or numpy write it; None if it is none of them."""
    try:
        return list(map(str, decode_json(text, list[str | int])))
    except NotJsonError:
        pass
    inner = text[1:-1]
    if len(inner) > _MAX_LABELS:
        return None
    labels = [match[1] if match[1] is not None else match[2] for match in _QUOTED.finditer(inner)]
    return labels if labels and not _QUOTED.sub("", inner).strip(" ,\n") else None
