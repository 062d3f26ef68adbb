"""Texts as they are read, cleaned, with their labels or translations, to look at before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.data import Example
from suite.figures import Figure, Table
from suite_text.reading.cleaning import clean, cleaning_of
from suite_text.reading.lines import text_of

MAX_TEXT = 600
"""Characters of a text that are shown."""


def preview_labeled(examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Figure]:
    """Each text with its label, or its labels."""
    rows = [[_labels(example.target), _shown(example.input, facts), example.id] for example in examples]
    return [Table(title="", columns=["label", "text", "example"], rows=rows)]


def preview_pairs(examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Figure]:
    """Each text with its translation, or its translations."""
    rows = []
    for example in examples:
        references = [example.target] if isinstance(example.target, str) else example.target
        rows.append(
            [
                _shown(example.input, facts),
                " / ".join(_shown(reference, facts) for reference in references),
                example.id,
            ]
        )
    columns = [str(facts.get("source") or "source"), str(facts.get("target") or "target"), "example"]
    return [Table(title="", columns=columns, rows=rows)]


def preview_passages(examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Figure]:
    """The beginning of each passage."""
    rows = [[_shown(example.input, facts), example.target, example.id] for example in examples]
    return [Table(title="", columns=["passage", "bytes", "example"], rows=rows)]


def _shown(raw: Any, facts: Mapping[str, Any]) -> str:
    """The beginning of a text, cleaned as codecs clean it."""
    text = clean(text_of(raw)[: 4 * MAX_TEXT], cleaning_of(facts))
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def _labels(target: str | list[str]) -> str:
    return target if isinstance(target, str) else ", ".join(target) or "(no label)"
