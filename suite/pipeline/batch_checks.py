"""What a batch maker must satisfy: a pure function of its arguments, checked on a few examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.data.dataset import Example
from suite.errors import PluginError, attributed
from suite.pipeline.comparing import array_defect, same, snapshot
from suite.pipeline.trainable import BatchMaker, RowsMaker, rows_of

_PARTS = ("inputs", "targets", "sample weights")


def prepared_example(maker: BatchMaker, example: Example, whose: str) -> Any:
    """What a batch maker prepares of an example, after preparing it twice.

    Raises:
        UserError: if the example cannot be read.
        PluginError: if the second time gives something else.
    """
    with attributed(whose):
        prepared, again = maker.prepare(example), maker.prepare(example)
    if prepared is None:
        raise PluginError(f"{whose} gave a batch maker whose prepare() returns nothing")
    if not same(prepared, again):
        raise PluginError(
            f"{whose} gave a batch maker whose prepare() gives something else each time: what is random"
            " belongs into make(), which gets a random generator"
        )
    return prepared


def check_batch(maker: BatchMaker, prepared: Sequence[Any], seed: Sequence[int], whose: str) -> None:
    """Make a batch twice, with the same random numbers, and refuse what is not the same.

    Args:
        maker: makes the batch.
        prepared: examples that it has prepared.
        seed: of the random numbers.
        whose: how a message calls the builder.

    Raises:
        PluginError: if the batches differ, an example is changed, or what is made is no batch.
    """
    before = snapshot(list(prepared))
    with attributed(whose):
        first = maker.make(list(prepared), np.random.default_rng(list(seed)), 0.0)
    first = snapshot(first)
    if not same(before, list(prepared)):
        raise PluginError(
            f"{whose} gave a batch maker whose make() changes the prepared examples: they are kept for the"
            " next epoch, so work on a copy"
        )
    if not isinstance(first, tuple) or len(first) not in (2, 3):
        what = f"{len(first)} values" if isinstance(first, tuple) else f"a {type(first).__name__}"
        raise PluginError(
            f"{whose} gave a batch maker whose make() returns {what}: it returns a tuple (inputs, targets) or"
            " (inputs, targets, sample weights)"
        )
    for part, arrays in zip(_PARTS, first, strict=False):
        defect = array_defect(arrays, part, len(prepared))
        if defect:
            raise PluginError(f"{whose} gave a batch maker whose make() gives {defect}")
    with attributed(whose):
        second = maker.make(list(prepared), np.random.default_rng(list(seed)), 0.0)
    if not same(first, second):
        raise PluginError(
            f"{whose} gave a batch maker whose make() gives another batch for the same arguments: all of its"
            " randomness comes from `rng`, and it keeps nothing from one call to the next"
        )
    if isinstance(maker, RowsMaker) and len(prepared) > 1:
        _check_rows(maker, prepared, seed, first, whose)


def _check_rows(
    maker: RowsMaker, prepared: Sequence[Any], seed: Sequence[int], whole: tuple[Any, ...], whose: str
) -> None:
    """Refuse rows that are not those of the whole batch."""
    middle = len(prepared) // 2
    for rows in (slice(0, middle), slice(middle, len(prepared))):
        with attributed(whose):
            made = maker.make_rows(list(prepared), np.random.default_rng(list(seed)), 0.0, rows)
        if not same(made, rows_of(whole, rows)):
            raise PluginError(
                f"{whose} gave a batch maker whose make_rows() gives something else for the rows {rows.start}"
                f" to {rows.stop - 1} than make(): draw for the whole batch what is random, in the same order"
                " as there, and work on the examples that these rows need"
            )
