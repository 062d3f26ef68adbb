"""The metrics of text generation: how many bits a text takes for somebody who has the model."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from suite.evaluation import Details, Pairs
from suite_text.generation.types import POSITIONS, bytes_of


class Scoring:
    """All that is counted of some pairs, once; metrics and figures take from it.

    Attributes:
        sums: float64 (passages, 3): bits, bytes and tokens.
        bits_by_position: float64 (groups,), the bits of all tokens by their position in the passage.
        tokens_by_position: int64 (groups,), how many there are of each.
    """

    def __init__(self, pairs: Pairs) -> None:
        sizes = [bytes_of(target, name) for target, name in zip(pairs.targets, pairs.ids, strict=True)]
        self.sums = np.array(
            [
                (prediction.bits, size, prediction.tokens)
                for prediction, size in zip(pairs.predictions, sizes, strict=True)
            ],
            np.float64,
        ).reshape(-1, 3)
        self.bits_by_position = np.zeros(len(POSITIONS) + 1)
        self.tokens_by_position = np.zeros(len(POSITIONS) + 1, np.int64)
        bounds = np.array([0, *POSITIONS])
        for prediction in pairs.predictions:
            if prediction.by_position:
                self.bits_by_position += prediction.by_position
                left = np.maximum(prediction.tokens - bounds, 0)
                self.tokens_by_position += left - np.append(left[1:], 0)

    def by_position(self) -> dict[str, tuple[float, int]]:
        """The bits per token, and the tokens, of each group of positions that has some."""
        names = [f"{low + 1} to {high}" for low, high in pairwise((0, *POSITIONS))]
        names.append(f"over {POSITIONS[-1]}")
        groups = zip(names, self.bits_by_position.tolist(), self.tokens_by_position.tolist(), strict=True)
        return {name: (bits / count, count) for name, bits, count in groups if count}

    def details(self) -> Details:
        """The bits per token by position."""
        groups = self.by_position()
        if not groups:
            return {}
        return {
            "positions": {
                name: {"bits_per_token": bits, "tokens": count} for name, (bits, count) in groups.items()
            }
        }

    def notes(self) -> dict[str, str]:
        """Why numbers are missing."""
        notes = {}
        if not self.sums[:, 1].any():
            notes["bits_per_byte"] = "left out, all passages are empty"
        if not self.sums[:, 2].any():
            notes["perplexity"] = "left out, it is not known what a token is"
        return notes


def rates(sums: np.ndarray) -> dict[str, float]:
    """The metrics from sums of bits, bytes and tokens; NaN for a share of nothing."""
    bits, size, tokens = sums.tolist()
    per_token = _ratio(bits, tokens)
    return {
        "bits_per_byte": _ratio(bits, size),
        # Beyond what a number can be, if a model is entirely wrong.
        "perplexity": float(np.exp2(min(per_token, 1000.0))) if tokens else float("nan"),
    }


def _ratio(amount: float, total: float) -> float:
    return amount / total if total else float("nan")
