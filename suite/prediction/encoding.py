"""What goes through a network: raw inputs encoded and stacked, in chunks if they are long, and decoded."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite.errors import SuiteError, UserError, attributed, out_of_memory, reason
from suite.pipeline.codec import Arrays, Chunks, Codec, Encoded
from suite.wording import shortened

UNREADABLE = (UserError, OSError, MemoryError)
"""What is raised by reading an input, and is an error of this input alone."""

_NOT_A_NUMBER = (
    "the network gives {} for it: either its values are absurd, or the network's weights are broken"
)

NO_CONTEXT: Any = object()
"""The context of what was encoded to arrays alone: `decode` then gets none."""


class ChunkedInput:
    """A raw input that is predicted in chunks, and the predictions for its chunks so far."""

    def __init__(self, raw: Any, chunks: Chunks) -> None:
        self.raw = raw
        self.chunks = chunks
        self.predictions: list[Any] = []
        self.error: str | None = None
        self._again = 0.0

    def so_far(self, codec: Codec, builder: str) -> Any | None:
        """The prediction for the chunks so far; None if there is none, or it takes more than it is worth."""
        start = time.perf_counter()
        if self.error is not None or start < self._again:
            return None
        with codec_of(builder):
            prediction = codec.so_far(self.chunks, self.predictions)
        end = time.perf_counter()
        self._again = end + 10 * (end - start)  # each has more to merge than the one before
        return prediction

    def add(self, prediction: Any, error: str | None) -> int:
        """Take the prediction for the next chunk, or why there is none; how many chunks are done."""
        self.predictions.append(prediction)
        self.error = self.error or error
        return len(self.predictions)


@dataclass(frozen=True, slots=True)
class EncodingJob:
    """What is encoded at once: a raw input, a chunk of one, or the reason why it cannot be read."""

    raw: Any
    name: str
    chunked: ChunkedInput | None = None
    last: bool = False
    error: str | None = None


def encoding_jobs(codec: Codec, raws: Iterable[Any], builder: str) -> Iterator[EncodingJob]:
    """A job for each raw input, or for each of its chunks if the codec makes chunks of it.

    Args:
        codec: that encodes.
        raws: whatever it reads.
        builder: the model builder as `plugin:name`, whose codec it is.
    """
    for index, raw in enumerate(raws):
        name = name_of(raw, index)
        chunked = None
        try:
            chunks = chunks_of(codec, raw, builder)
            if chunks is None:
                yield EncodingJob(raw, name)
                continue
            chunked = ChunkedInput(raw, chunks)
            for number, chunk in enumerate(chunks, start=1):
                if chunked.error is not None:  # the rest would be read for nothing
                    yield EncodingJob(raw, name, chunked, last=True, error=chunked.error)
                    break
                yield EncodingJob(chunk, name, chunked, last=number == chunks.total)
        except UNREADABLE as error:
            yield EncodingJob(raw, name, chunked, last=True, error=reason_of(error))


def chunks_of(codec: Codec, raw: Any, builder: str) -> Chunks | None:
    """The chunks that the codec makes of a raw input; None if it is encoded as a whole."""
    with codec_of(builder):
        return codec.chunks(raw)


def codec_of(builder: str) -> AbstractContextManager[None]:
    """Attributes an error that is raised inside to the codec of this model builder (`plugin:name`)."""
    return attributed(f"the codec of model builder '{builder}'")


def encode(codec: Codec, raw: Any) -> Encoded:
    """A raw input, encoded; the context is `NO_CONTEXT` if the codec gives none."""
    encoded = codec.encode(raw)
    return encoded if isinstance(encoded, Encoded) else Encoded(encoded, NO_CONTEXT)


def decode_each(codec: Codec, outputs: Arrays, contexts: Sequence[Any], builder: str) -> list[Any]:
    """The prediction for each example of a batch of outputs; an error names `builder`, whose codec it is.

    Args:
        codec: that encoded the examples.
        outputs: of the network, batch axis first.
        contexts: what `encode` gave beside each example's arrays.
        builder: the model builder as `plugin:name`.
    """
    with codec_of(builder):
        return [_decoded(codec, outputs, index, context) for index, context in enumerate(contexts)]


def decode_possible(
    codec: Codec, outputs: Arrays, contexts: Sequence[Any], builder: str
) -> Iterator[tuple[Any, str | None]]:
    """As `decode_each`: the prediction for each example, or the reason why there is none.

    A network gives NaN for inputs of absurd values, and the codec may find nothing in what it gives.
    """
    floats = _floats(outputs)
    any_nan = any(np.isnan(array).any() for array in floats)
    for index, context in enumerate(contexts):
        if any_nan and any(np.isnan(array[index]).any() for array in floats):
            yield None, _NOT_A_NUMBER.format("no number (NaN)")
            continue
        try:
            with codec_of(builder):
                prediction = _decoded(codec, outputs, index, context)
        except UserError as error:
            yield None, str(error)
        except (ValueError, ArithmeticError, LookupError):
            if all(np.isfinite(array[index]).all() for array in floats):
                raise
            yield None, _NOT_A_NUMBER.format("an infinite number")
        else:
            yield prediction, None


def _decoded(codec: Codec, outputs: Arrays, index: int, context: Any) -> Any:
    if isinstance(outputs, dict):
        own: Arrays = {name: array[index] for name, array in outputs.items()}
    else:
        own = outputs[index]
    return codec.decode(own) if context is NO_CONTEXT else codec.decode(own, context)


def _floats(outputs: Arrays) -> list[np.ndarray]:
    arrays = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
    return [array for array in arrays if array.dtype.kind == "f"]


def same_shapes(encoded: Mapping[int, Arrays | tuple[Arrays, ...]]) -> list[list[int]]:
    """The keys of encoded examples in groups that `stack` can make batches of, each in order."""
    groups: dict[Any, list[int]] = {}
    for index, arrays in encoded.items():
        groups.setdefault(_shapes(arrays), []).append(index)
    return list(groups.values())


def _shapes(arrays: Arrays | tuple[Arrays, ...]) -> Any:
    if isinstance(arrays, dict):
        return tuple((name, array.shape) for name, array in arrays.items())
    if isinstance(arrays, tuple):
        return tuple(_shapes(array) for array in arrays)
    return np.shape(arrays)


def name_of(raw: Any, index: int | None) -> str:
    """How a message calls an input: its name, path or text, else its number, counted from 0."""
    name = getattr(raw, "name", None)
    text = raw if isinstance(raw, str) else str(raw) if isinstance(raw, Path) else name
    if isinstance(text, str):
        return shortened(text, 200)
    return "the input" if index is None else f"input {index}"


def reason_of(error: UserError | OSError | MemoryError) -> str:
    """Why an input cannot be read, as a message says it after the input's name."""
    if isinstance(error, MemoryError):
        return str(error if isinstance(error, SuiteError) else out_of_memory(error))
    return str(error) if isinstance(error, UserError) else reason(error)
