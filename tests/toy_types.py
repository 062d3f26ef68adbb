"""The types of the test plugin's task.

An input is a row of eight numbers.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np  # as heavy as what the types of a real task may need

from toy_plugin import Trend as Trend

_PRIVATE = 1

Target = str
"""The name of a trend."""


class Facts(TypedDict):
    """What is known of the data."""

    # In alphabetical order.
    trends: list[str]
    length: int  # of every row
    """Eight."""

    _hidden: int


def as_array(row: list[float]) -> np.ndarray:
    return np.array(row)
