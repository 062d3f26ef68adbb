"""Drawing a token by a random number that is an input: the same token on every runtime."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def drawn(scores: Tensor, draws: Tensor, sampling: Tensor) -> Tensor:
    """A token for each example: the inverse of the distribution function, tokens from the likeliest on.

    Scores are divided by the temperature; then only the `top_k` likeliest tokens are left, and of these the
    fewest that have the share `top_p` (nucleus sampling: Holtzman et al. 2020, arXiv:1904.09751, section
    3.1). Of equally likely tokens the one with the smaller number comes first.

    Args:
        scores: float32 (batch, tokens) before a softmax, far below 0 for tokens that must not be written.
        draws: float32 (batch,), uniform in [0, 1).
        sampling: float32 (batch, 3 or more): temperature, 0 for the likeliest token always; `top_k`, 0 for
            all; `top_p`.

    Returns:
        int32 (batch,).
    """
    count = scores.shape[-1]
    temperature, top_k, top_p = (sampling[:, index : index + 1] for index in range(3))
    greedy = temperature <= 0
    best, tokens = ops.top_k(scores, count)
    probabilities = ops.softmax((best - best[:, :1]) / ops.where(greedy, 1.0, temperature))
    ranks = ops.cast(ops.arange(count, dtype="int32"), "float32")[None]
    max_rank = ops.where(greedy, 1.0, ops.where(top_k > 0, top_k, float(count)))
    probabilities = ops.where(ranks < max_rank, probabilities, 0.0)
    before = _exclusive_sums(probabilities)
    # What likelier tokens leave of the share: the token that reaches it is in.
    within = before < top_p * (before[:, -1:] + probabilities[:, -1:])
    probabilities = ops.where(within, probabilities, 0.0)
    sums = ops.cumsum(probabilities, axis=-1)
    passed = ops.logical_and(sums <= draws[:, None] * sums[:, -1:], probabilities > 0)
    # Rounding may pass them all: then the last one that can be drawn is drawn.
    kept = ops.sum(ops.cast(probabilities > 0, "int32"), axis=-1)
    rank = ops.minimum(ops.sum(ops.cast(passed, "int32"), axis=-1), kept - 1)
    chosen = ops.take_along_axis(ops.cast(tokens, "int32"), rank[:, None], axis=-1)
    return chosen[:, 0]


def _exclusive_sums(x: Tensor) -> Tensor:
    return ops.cumsum(x, axis=-1) - x
