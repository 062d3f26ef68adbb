"""One-to-one matching by least cost, in operations of any backend."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any

STEP = 0.01
"""The least by which a bid exceeds the price: the larger, the sooner it ends, and the farther from best."""

ROUNDS = 1000
"""What is not matched after so many rounds stays so."""


def auction(cost: Tensor, wanted: Tensor, step: float = STEP, rounds: int = ROUNDS) -> Tensor:
    """Match every wanted row with a column of its own, so that the sum of costs is least, or close to it.

    Bertsekas 1988, "The auction algorithm: a distributed relaxation method for the assignment problem": each
    row without a column bids for the one that is worth most to it at present prices, as much more than the
    price as it prefers it to its second choice; the highest bidder gets the column from whoever had it.

    Args:
        cost: (batch, rows, columns) float32, at least two columns and no fewer than wanted rows; no gradient
            flows through.
        wanted: (batch, rows) booleans: the rows to match.
        step: the sum of costs is within `step` times the wanted rows of the least one.
        rounds: after which rows without a column stay so.

    Returns:
        (batch, columns) int32: the row of each column, -1 for none.
    """
    rows = cost.shape[1]
    numbers = ops.reshape(ops.arange(rows, dtype="int32"), (1, rows, 1))
    columns = ops.reshape(ops.arange(cost.shape[2], dtype="int32"), (1, 1, -1))
    lowest = -1e9

    def waiting(owner: Tensor) -> Tensor:
        """(batch, rows) booleans: the wanted rows that have no column."""
        has = ops.any(ops.expand_dims(owner, 1) == numbers, axis=-1)
        return ops.logical_and(wanted, ops.logical_not(has))

    def goes_on(_: Tensor, owner: Tensor) -> Tensor:
        return ops.any(waiting(owner))

    def one_round(prices: Tensor, owner: Tensor) -> tuple[Tensor, Tensor]:
        values = -cost - ops.expand_dims(prices, 1)
        best, choice = ops.top_k(values, 2)
        choice = ops.cast(choice[..., :1], "int32")
        bids = ops.expand_dims(prices, 1) + best[..., :1] - best[..., 1:] + step
        bidding = ops.logical_and(ops.expand_dims(waiting(owner), -1), columns == choice)
        bids = ops.where(bidding, bids, lowest)
        highest = ops.max(bids, axis=1)
        sold = highest > lowest
        winner = ops.cast(ops.argmax(bids, axis=1), "int32")
        return ops.where(sold, highest, prices), ops.where(sold, winner, owner)

    prices = ops.zeros_like(cost[:, 0])
    owner = ops.cast(prices, "int32") - 1
    _, owner = ops.while_loop(goes_on, one_round, (prices, owner), maximum_iterations=rounds)
    return owner
