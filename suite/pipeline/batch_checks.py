"""What a batch maker must satisfy: a pure function of its arguments, checked on a few examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from suite.data.dataset import Example
from suite.errors import PluginError, attributed
from suite.pipeline.batch_makers import BatchMaker, DeviceBatchMaker, RowsMaker, rows_of, stack
from suite.pipeline.comparing import array_defect, same, snapshot

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


def unlike(prepared: Sequence[Any]) -> str:
    """Why prepared examples cannot be kept as one array for each of their parts, "" if they can."""
    import keras

    def form(example: Any) -> Any:
        return keras.tree.map_structure(lambda part: (np.shape(part), np.asarray(part).dtype), example)

    if any(np.asarray(part).dtype.kind not in "biuf" for part in keras.tree.flatten(prepared[0])):
        return "they hold more than numbers"
    first = form(prepared[0])
    return "" if all(form(example) == first for example in prepared) else "they are not all of one shape"


def check_on_device(
    maker: BatchMaker,
    prepared: Sequence[Any],
    seed: Sequence[int],
    whose: str,
    compiled: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda make: make,
) -> None:
    """Make a batch in memory and by the backend, if the maker has code for it; refuse what is not the same.

    Args:
        maker: makes the batches.
        prepared: examples that it has prepared.
        seed: of the random numbers.
        whose: how a message calls the builder.
        compiled: compiles what makes a batch, as the training will.

    Raises:
        PluginError: if the batches differ.
    """
    on_device = maker.on_device() if isinstance(maker, DeviceBatchMaker) else None
    if on_device is None or unlike(prepared):
        return
    import keras

    make = compiled(on_device.make)
    for progress in (0.0, 0.999):
        with attributed(whose):
            rngs = [np.random.default_rng(list(seed)) for _ in range(2)]
            expected = maker.make(list(prepared), rngs[0], progress)
            drawn = dict(on_device.draw(len(prepared), rngs[1], progress))
            examples = keras.tree.map_structure(keras.ops.convert_to_tensor, stack(prepared))
            numbers = {name: keras.ops.convert_to_tensor(array) for name, array in drawn.items()}
            made = make(examples, numbers)
        first = keras.tree.map_structure(_as_on_device, tuple(expected))
        second = keras.tree.map_structure(keras.ops.convert_to_numpy, tuple(made))
        if not same(first, second):
            raise PluginError(
                f"{whose} gave a batch maker whose on_device() makes another batch than its make() for the"
                " same random numbers: draw() takes them from `rng` in the same order, and what is made of"
                " them is the same to the last bit, also its shape and dtype"
            )


def _as_on_device(array: Any) -> np.ndarray:
    """An array as a backend holds it, which may have no 64 bits."""
    import keras

    return np.asarray(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(array)))
