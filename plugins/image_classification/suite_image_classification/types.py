"""The types of the task image-classification: facts, input, target, prediction.

An example is an `Input` with a `Target`; the data's facts are `Facts`; a network predicts a `Classification`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from suite_classification.types import Classification, Facts, Target

if TYPE_CHECKING:
    import numpy as np

    from suite.sources import Source

    Input = Source | str | Path | bytes | np.ndarray
    """One image: a source (a file, a member of an archive), a path, the bytes of a file, or an array.

    Files are JPEG, PNG, GIF, WebP, BMP, TIFF, PNM, AVIF, JPEG 2000 or HEIC. An array is (height, width) or
    (height, width, channels), of uint8, uint16, bool, or floats from 0 to 1; three channels are RGB.
    """

__all__ = ["Classification", "Facts", "Input", "Target"]
