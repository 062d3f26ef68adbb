"""One batch through a network, and what comes of each of its inputs; in a thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.errors import SuiteError, first_line, is_out_of_memory
from suite.pipeline.batch_makers import stack
from suite.pipeline.codec import Arrays, Codec, Encoded
from suite.prediction.encoding import (
    NO_CONTEXT,
    UNREADABLE,
    chunks_of,
    codec_of,
    decode_possible,
    encode,
    reason_of,
    same_shapes,
)

logger = logging.getLogger("suite.serving")

_CHUNKS_OF_CODEC = Codec.chunks


class Group:
    """The items of one request.

    Args:
        future: gets a result when all are done.
        count: how many they are.

    Attributes:
        abandoned: nobody waits any more: what has not been begun is dropped.
    """

    __slots__ = ("_future", "_left", "abandoned")

    def __init__(self, future: asyncio.Future[None], count: int) -> None:
        self._future = future
        self._left = count
        self.abandoned = False

    def one_done(self) -> None:
        """One item more is done; in the event loop."""
        self._left -= 1
        if not self._left and not self._future.done():
            self._future.set_result(None)


class Item:
    """An input on its way through the network.

    Attributes:
        codec: that encodes and decodes it.
        raw: what is to be encoded; not needed if it is `encoded`.
        encoded: as the network takes it.
        prediction: what came of it.
        error: why nothing came of it.
        defect: whether that is nobody's mistake but a defect of a plugin, or of the suite.
        group: those of its request.
        outputs_only: whether `prediction` is to be the outputs of the network as they are.
    """

    __slots__ = ("codec", "defect", "encoded", "error", "group", "outputs_only", "prediction", "raw")

    def __init__(
        self, codec: Codec, raw: Any = None, encoded: Encoded | None = None, outputs_only: bool = False
    ) -> None:
        self.codec = codec
        self.raw = raw
        self.encoded = encoded
        self.prediction: Any = None
        self.error: str | None = None
        self.defect = False
        self.group: Any = None
        self.outputs_only = outputs_only

    def fail(self, error: Exception, doing: str) -> None:
        """Take an error in the place of a prediction."""
        if self.outputs_only and not is_out_of_memory(error):  # any tensors may come
            self.error = f"the network could not compute these tensors: {first_line(error)[:300]}"
        elif isinstance(error, UNREADABLE):
            self.error = reason_of(error)
        elif isinstance(error, SuiteError):
            self.error, self.defect = str(error), True
        else:
            logger.error("%s failed", doing, exc_info=error)
            self.error = f"{doing} failed ({type(error).__name__}): a defect, which the server has logged"
            self.defect = True


def encode_item(item: Item, builder: str) -> bool:
    """Encode an item, or take the error; False if its codec makes chunks of it."""
    codec, raw = item.codec, item.raw
    try:
        if type(codec).chunks is not _CHUNKS_OF_CODEC and chunks_of(codec, raw, builder) is not None:
            return False
        with codec_of(builder):
            item.encoded = encode(codec, raw)
    except (TypeError, ValueError, IndexError, ArithmeticError) as error:
        if isinstance(raw, np.ndarray | tuple):  # any numbers may come: a codec need not foresee them all
            item.error = f"this model cannot read such an array: {str(error)[:300]}"
        else:
            item.fail(error, "reading it")
    except Exception as error:  # noqa: BLE001 - it is logged, and the other inputs go on
        item.fail(error, "reading it")
    item.raw = None
    return True


def run_batch(network: Any, builder: str, items: Sequence[Item], hidden: str = "") -> None:
    """Predict items: each then has a prediction or an error.

    Args:
        network: of the model.
        builder: the model builder as `plugin:name`, for errors.
        items: that run together.
        hidden: what no error says: where the model's files are.
    """
    ready: dict[int, Arrays] = {}
    for index, item in enumerate(items):
        if item.encoded is None and item.error is None:
            if not encode_item(item, builder):
                item.error, item.defect = "it has to be predicted in chunks", True
        if item.encoded is not None:
            ready[index] = item.encoded.arrays
    for indices in same_shapes(ready):
        _run_alike(network, builder, [items[index] for index in indices])
    for item in items:
        item.encoded = None
        if item.error is not None and hidden:
            item.error = item.error.replace(hidden, "")


def _run_alike(network: Any, builder: str, items: list[Item]) -> None:
    """Items whose arrays can be stacked; if that fails, each for itself, so that one spoils no other."""
    try:
        outputs = network(stack([item.encoded.arrays for item in items if item.encoded is not None]))
        _take(outputs, builder, items)
    except Exception as error:  # noqa: BLE001 - it is logged, and the other inputs go on
        if len(items) == 1:
            items[0].fail(error, "predicting it")
            return
        for item in items:
            item.prediction = item.error = None
            _run_alike(network, builder, [item])


def _take(outputs: Arrays, builder: str, items: list[Item]) -> None:
    first = items[0].codec
    contexts = [item.encoded.context if item.encoded is not None else NO_CONTEXT for item in items]
    if not any(item.outputs_only or item.codec is not first for item in items):
        for item, (prediction, error) in zip(
            items, decode_possible(first, outputs, contexts, builder), strict=True
        ):
            item.prediction, item.error = prediction, error
        return
    for index, item in enumerate(items):
        if isinstance(outputs, dict):
            own: Arrays = {name: array[index : index + 1] for name, array in outputs.items()}
        else:
            own = outputs[index : index + 1]
        if item.outputs_only:
            item.prediction = own
            continue
        ((item.prediction, item.error),) = decode_possible(item.codec, own, [contexts[index]], builder)
