"""The scores of text generation: how many bits tell a text to somebody who has the model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from suite.evaluation import Evaluation, Pairs
from suite.figures import Figure
from suite.options import NoOptions
from suite_text.generation.types import PLACES, bytes_of


def likelihood(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score the bits of passages.

    - `bits_per_byte`: the bits of all passages by their bytes in UTF-8. It compares networks of any
      vocabulary, and other methods; 8 is what no knowledge at all costs.
    - `perplexity`: 2 to the power of the bits per token; comparable between equal vocabularies only.

    Raises:
        UserError: for a target that is no number of bytes.
    """
    scoring = Scoring(pairs)

    def figures() -> Sequence[Figure]:
        from suite_text.generation.figures import figures_of

        return figures_of(scoring, pairs)

    return Evaluation(
        score=lambda indices: scoring.rates(scoring.sums[indices].sum(axis=0)),
        details=scoring.details,
        figures=figures,
        notes=scoring.notes(),
    )


class Scoring:
    """All that is known of some pairs; scores and figures take from it.

    Attributes:
        sums: float64 (passages, 3): bits, bytes and tokens.
        by_place: float64 (groups,), the bits of all tokens by their place in the passage.
        tokens_by_place: int64 (groups,), how many there are of each.
    """

    def __init__(self, pairs: Pairs) -> None:
        bytes_ = [bytes_of(target, name) for target, name in zip(pairs.targets, pairs.ids, strict=True)]
        self.sums = np.array(
            [(one.bits, size, one.tokens) for one, size in zip(pairs.predictions, bytes_, strict=True)],
            np.float64,
        ).reshape(-1, 3)
        self.by_place = np.zeros(len(PLACES) + 1)
        self.tokens_by_place = np.zeros(len(PLACES) + 1, np.int64)
        bounds = np.array([0, *PLACES])
        for one in pairs.predictions:
            if one.by_place:
                self.by_place += one.by_place
                left = np.maximum(one.tokens - bounds, 0)
                self.tokens_by_place += left - np.append(left[1:], 0)

    @staticmethod
    def rates(sums: np.ndarray) -> dict[str, float]:
        """The numbers from sums of bits, bytes and tokens; NaN for a share of nothing."""
        bits, size, tokens = sums.tolist()
        per_token = _share(bits, tokens)
        return {
            "bits_per_byte": _share(bits, size),
            # Beyond what a number can be, where a model is entirely wrong.
            "perplexity": float(np.exp2(min(per_token, 1000.0))) if tokens else float("nan"),
        }

    def places(self) -> dict[str, tuple[float, int]]:
        """The bits per token, and the tokens, of each group of places that has some."""
        names = [f"{low + 1} to {high}" for low, high in pairwise((0, *PLACES))] + [f"over {PLACES[-1]}"]
        found = zip(names, self.by_place.tolist(), self.tokens_by_place.tolist(), strict=True)
        return {name: (bits / count, count) for name, bits, count in found if count}

    def details(self) -> dict[str, dict[str, dict[str, float]]]:
        """The bits per token by place."""
        places = self.places()
        if not places:
            return {}
        return {
            "places": {
                name: {"bits_per_token": bits, "tokens": count} for name, (bits, count) in places.items()
            }
        }

    def notes(self) -> dict[str, str]:
        """Why numbers are missing."""
        found = {}
        if not self.sums[:, 1].any():
            found["bits_per_byte"] = "left out, all passages are empty"
        if not self.sums[:, 2].any():
            found["perplexity"] = "left out, it is not known what a token is"
        return found


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
