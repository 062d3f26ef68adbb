"""Texts for the report whose segments are shaded by their weights.

Readers who see no colors, or no page at all, learn the same: a segment that counts for has a solid line
below it, a segment that counts against a dashed line, and the words with the largest weights are named in a
sentence after the text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from suite.figures import Highlight

LEGEND = (
    "Blue over a solid line counts for it, orange over a dashed line against it: the stronger the color, the"
    " more."
)

_MIN_WEIGHT = 0.05
"""Smaller weights are not marked: a text in which everything is marked shows nothing."""
_MAX_NAMED = 3
_BLUE, _ORANGE = "0,114,178", "213,94,0"
_MAX_OPACITY = 0.5
"""The opacity of a weight of 1, on which text still has enough contrast in a light and in a dark page."""


def highlight(item: Highlight) -> str:
    """An item of a `Highlights` figure, as HTML."""
    first, *rest = item.caption.split("\n")
    caption = f"<strong>{escape(first)}</strong>"
    caption += "".join(f'<br><span class="quiet">{escape(line)}</span>' for line in rest)
    segments = [(text, _bounded(weight)) for text, weight in item.segments]
    text = "".join(_segment(text, weight) for text, weight in segments)
    words = "; ".join(
        f"{name}: {', '.join(f'{word} ({_signed(weight)})' for word, weight in strongest)}"
        for name, strongest in (("for", _strongest(segments, 1)), ("against", _strongest(segments, -1)))
        if strongest
    )
    named = f'<p class="quiet" dir="auto">{escape(words)}</p>' if words else ""
    return f'<li><p>{caption}</p><p class="text" dir="auto">{text}</p>{named}</li>'


def _segment(text: str, weight: float) -> str:
    if abs(weight) < _MIN_WEIGHT or not text.strip():
        return escape(text)
    kind, color = ("for", _BLUE) if weight > 0 else ("against", _ORANGE)
    shade = f"background:rgba({color},{abs(weight) * _MAX_OPACITY:.2f})"
    return f'<mark class="{kind}" style="{shade}" title="{_signed(weight)}">{escape(text)}</mark>'


def _strongest(segments: Sequence[tuple[str, float]], sign: int) -> list[tuple[str, float]]:
    """The words that weigh most in one direction, each once."""
    strongest: dict[str, float] = {}
    for text, weight in segments:
        word = text.strip()
        if word and sign * weight >= _MIN_WEIGHT:
            strongest[word] = max(strongest.get(word, 0.0), sign * weight)
    ranked = sorted(strongest.items(), key=lambda named: -named[1])[:_MAX_NAMED]
    return [(word, sign * weight) for word, weight in ranked]


def _bounded(weight: float) -> float:
    return max(-1.0, min(1.0, float(weight))) if math.isfinite(weight) else 0.0


def _signed(weight: float) -> str:
    return f"{weight:+.2f}".replace("-", "\N{MINUS SIGN}")
