"""A chart of a matrix of counts, as SVG: what was taken for what."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from suite.charts import drawing
from suite.wording import shortened


def matrix_chart(
    label: str, counts: np.ndarray, names: Sequence[str], *, row_label: str, column_label: str
) -> str:
    """A square matrix of counts, each cell shaded by its share of the row.

    Cells on the diagonal are blue, the others orange, in shades that let few mistakes be seen. Up to 16 rows
    the counts are written into the cells; up to 40 a cell says its count and share when pointed at.

    Args:
        label: what it shows, for those who cannot see it.
        counts: integers (n, n).
        names: of the rows and columns.
        row_label: what rows are.
        column_label: what columns are.
    """
    size = len(names)
    cell = min(max(420 / max(size, 1), 9.0), 44.0)
    longest = min(max((len(name) for name in names), default=0), 16)
    font = min(11.0, 0.8 * cell)
    margin = 32 + 0.58 * font * longest
    side = margin + size * cell
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shades = np.where(np.eye(size, dtype=bool), shares, np.sqrt(shares))
    elements = [
        f'<text class="quiet" x="{margin:.0f}" y="11">{escape(column_label)} →</text>',
        (
            f'<text class="quiet" transform="translate(11 {margin:.0f}) rotate(-90)" text-anchor="end">'
            f"← {escape(row_label)}</text>"
        ),
    ]
    for index, name in enumerate(names):
        middle = margin + (index + 0.5) * cell
        text = escape(shortened(name, 16))
        elements.append(
            f'<text font-size="{font:.1f}" x="{margin - 5:.1f}" y="{middle + 0.35 * font:.1f}"'
            f' text-anchor="end">{text}</text>'
            f'<text font-size="{font:.1f}" text-anchor="start"'
            f' transform="translate({middle + 0.35 * font:.1f} {margin - 5:.1f}) rotate(-90)">{text}</text>'
        )
    elements.append(
        f'<rect x="{margin:.1f}" y="{margin:.1f}" width="{size * cell:.1f}" height="{size * cell:.1f}"'
        ' fill="none" stroke="var(--rule)"/>'
    )
    elements += (
        _cells(counts, shares, shades, names, margin, cell) if size <= 40 else _shades(shades, margin, cell)
    )
    return drawing(math.ceil(side + 8), math.ceil(side + 8), label, elements)


def _cells(
    counts: np.ndarray,
    shares: np.ndarray,
    shades: np.ndarray,
    names: Sequence[str],
    margin: float,
    cell: float,
) -> Iterable[str]:
    """Each cell by itself, with a title and, if there is room, its count."""
    for row, column in np.argwhere(counts > 0).tolist():
        count, x, y = int(counts[row, column]), margin + column * cell, margin + row * cell
        title = f"{names[row]} → {names[column]}: {count:,} ({100 * shares[row, column]:.1f} %)"
        yield (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" height="{cell:.1f}"'
            f' fill="var(--c{0 if row == column else 1})" fill-opacity="{shades[row, column]:.2f}">'
            f"<title>{escape(title)}</title></rect>"
        )
        if len(names) <= 16:
            tone = ' class="light"' if shades[row, column] > 0.55 else ""
            yield (
                f'<text{tone} pointer-events="none" font-size="{min(11.0, 0.34 * cell):.1f}"'
                f' x="{x + cell / 2:.1f}" y="{y + cell / 2 + 4:.1f}" text-anchor="middle">{count}</text>'
            )


def _shades(shades: np.ndarray, margin: float, cell: float) -> Iterable[str]:
    """Many cells in few elements: one path for each of ten shades."""
    levels = np.ceil(shades * 10).astype(int)
    diagonal = np.eye(len(shades), dtype=bool)
    for color, mask in ((0, diagonal), (1, ~diagonal)):
        for level in range(1, 11):
            cells = np.argwhere(mask & (levels == level)).tolist()
            if cells:
                box = f"h{cell:.1f}v{cell:.1f}h-{cell:.1f}z"
                path = "".join(
                    f"M{margin + column * cell:.1f} {margin + row * cell:.1f}{box}" for row, column in cells
                )
                yield f'<path d="{path}" fill="var(--c{color})" fill-opacity="{level / 10:g}"/>'
