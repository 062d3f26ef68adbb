"""Numbers as people write them: decimal commas, thousands, and many words for nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from suite import UserError

MISSING = frozenset(
    ("", "na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "..", "#n/a", "#na", "#value!",
     "#div/0!", "missing", "nat", "n.a.", "<na>", "-nan", "*")
)  # fmt: skip
"""What stands for a value that is not known, in lower case."""

_SPACES = re.compile(r"(?<=\d)[ \u00a0\u202f'\u2019](?=\d{3}(?:\D|$))")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_POINT_GROUPS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_DOUBTFUL = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_MARKS = "$€£¥%"


def numbers(cells: Sequence[Any], what: str, decimal: str = "auto") -> tuple[np.ndarray, list[int]]:
    """The numbers in the cells of a column.

    Args:
        cells: texts, numbers, or None.
        what: how a message calls the column.
        decimal: "point", "comma", or "auto": whichever leaves no doubt.

    Returns:
        float64 (cells,), NaN where a cell is empty or has a word for nothing; and the positions of the cells
        that are neither that nor a finite number, which are NaN too.

    Raises:
        UserError: if commas may be decimal or not.
    """
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    except (TypeError, ValueError, OverflowError):
        pass
    else:
        infinite = np.flatnonzero(np.isinf(values))
        values[infinite] = np.nan
        return values, infinite.tolist()
    known: dict[Any, float] = {}
    texts: dict[str, str] = {}
    for cell in set(map(_key, cells)):
        if isinstance(cell, str):
            texts[cell] = _SPACES.sub("", cell.strip().strip(_MARKS).strip()).replace("\u2212", "-")
        else:
            known[cell] = _number(cell)
    comma = decimal == "comma"
    if decimal == "auto":
        if any("," in text for text in texts.values()):
            comma = _is_decimal(texts.values(), what)
        else:  # 1.234.567: points between thousands
            comma = any(text.count(".") > 1 and _POINT_GROUPS.fullmatch(text) for text in texts.values())
    for cell, text in texts.items():
        known[cell] = _parsed(text, comma)
    values = np.fromiter((known[_key(cell)] for cell in cells), np.float64, len(cells))
    bad = np.flatnonzero(np.isinf(values))
    values[bad] = np.nan
    return values, bad.tolist()


def is_missing(cell: Any) -> bool:
    """Whether a cell has nothing, or a word for nothing."""
    if isinstance(cell, str):
        return cell.strip().lower() in MISSING
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def looks_numeric(cells: Sequence[Any]) -> bool:
    """Whether most of the cells that have something are numbers, however they are written."""
    there = [cell for cell in cells if not is_missing(cell)]
    good = sum(
        not isinstance(cell, str)
        or math.isfinite(_parsed(_SPACES.sub("", cell.strip(" " + _MARKS)), "," in cell))
        or bool(_GROUPS.fullmatch(cell.strip()))
        for cell in there
    )  # fmt: skip
    return bool(there) and 2 * good > len(there)


def _key(cell: Any) -> Any:
    """Something to look a cell up by; what cannot be hashed is no number anyway."""
    return cell if isinstance(cell, str | int | float | type(None)) else str(cell)


def _number(cell: Any) -> float:
    if cell is None or isinstance(cell, bool):
        return math.nan if cell is None else float(cell)
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def _parsed(text: str, comma: bool) -> float:
    """A number; NaN for nothing; infinity for what is no number."""
    if text.lower() in MISSING:
        return math.nan
    if _PLAIN.fullmatch(text) and not (comma and _POINT_GROUPS.fullmatch(text)):
        return float(text)
    if comma and (_COMMA.fullmatch(text) or _POINT_GROUPS.fullmatch(text)):
        return float(text.replace(".", "").replace(",", "."))
    if not comma and _GROUPS.fullmatch(text):
        return float(text.replace(",", ""))
    return math.inf


def _is_decimal(texts: Any, what: str) -> bool:
    """Whether commas are decimal ones.

    Raises:
        UserError: if all of them may be both.
    """
    commas = [text for text in texts if "," in text]
    decimal = next((t for t in commas if _parsed(t, True) < math.inf and not _GROUPS.fullmatch(t)), None)
    thousands = next((t for t in commas if _GROUPS.fullmatch(t) and not _DOUBTFUL.fullmatch(t)
                      and not _COMMA.fullmatch(t)), None)  # fmt: skip
    if decimal and thousands:
        raise UserError(
            f"{what} has '{decimal}' with a decimal comma and '{thousands}' with commas between thousands:"
            " write all numbers alike"
        )
    if decimal or thousands:
        return decimal is not None
    if any(_COMMA.fullmatch(text) and not _DOUBTFUL.fullmatch(text) for text in commas):
        return True  # 0,125 and 1234,500 have no thousands
    if doubtful := next((text for text in commas if _DOUBTFUL.fullmatch(text)), None):
        raise UserError(
            f"{what} has '{doubtful}', whose comma may be decimal or between thousands: say which with"
            " --set loader.decimal=comma, or point if commas are between thousands"
        )
    return False
