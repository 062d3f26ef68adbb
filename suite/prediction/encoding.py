"""What goes through a network: raw things encoded and stacked, in chunks where they are long, and decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite.errors import UserError, attributed, reason
from suite.pipeline.codec import Arrays, Chunks, Codec, Encoded

NO_CONTEXT: Any = object()
"""The context of what was encoded to arrays alone: `decode` then gets none."""


class Whole:
    """A raw thing that is predicted in chunks, and what was predicted of them so far."""

    def __init__(self, raw: Any, chunks: Chunks) -> None:
        self.raw = raw
        self.chunks = chunks
        self.predictions: list[Any] = []
        self.error: str | None = None

    def add(self, prediction: Any, error: str | None) -> int:
        """Take what became of the next chunk; how many there were by now."""
        self.predictions.append(prediction)
        self.error = self.error or error
        return len(self.predictions)


@dataclass(frozen=True, slots=True)
class Unit:
    """What is encoded as one: a raw thing, a chunk of one, or in its place why it cannot be read."""

    raw: Any
    name: str
    whole: Whole | None = None
    last: bool = False
    error: str | None = None


def units(codec: Codec, raws: Iterable[Any], builder: str) -> Iterator[Unit]:
    """What is encoded: each raw thing, or its chunks where the codec makes chunks of it.

    Args:
        codec: that encodes.
        raws: whatever it reads.
        builder: the model builder as `plugin:name`, whose codec it is.
    """
    for index, raw in enumerate(raws):
        name = name_of(raw, index)
        whole = None
        try:
            chunks = chunks_of(codec, raw, builder)
            if chunks is None:
                yield Unit(raw, name)
                continue
            whole = Whole(raw, chunks)
            for number, chunk in enumerate(chunks, start=1):
                yield Unit(chunk, name, whole, last=number == chunks.total)
        except (UserError, OSError) as error:
            yield Unit(raw, name, whole, last=True, error=why(error))


def chunks_of(codec: Codec, raw: Any, builder: str) -> Chunks | None:
    """The chunks that the codec makes of a raw thing; None where it is encoded as one."""
    with codec_of(builder):
        return codec.chunks(raw)


def codec_of(builder: str) -> AbstractContextManager[None]:
    """An error that is raised inside is the codec's of this model builder (`plugin:name`), and says so."""
    return attributed(f"the codec of model builder '{builder}'")


def encode(codec: Codec, raw: Any) -> Encoded:
    """One raw thing, encoded; the context is `NO_CONTEXT` where the codec gives none."""
    given = codec.encode(raw)
    return given if isinstance(given, Encoded) else Encoded(given, NO_CONTEXT)


def decode_each(codec: Codec, outputs: Arrays, contexts: Sequence[Any], builder: str) -> list[Any]:
    """The prediction for each example of a batch of outputs; an error names `builder`, whose codec it is.

    Args:
        codec: that encoded the examples.
        outputs: of the network, batch axis first.
        contexts: what `encode` gave beside each example's arrays.
        builder: the model builder as `plugin:name`.
    """
    with codec_of(builder):
        predictions = []
        for index, context in enumerate(contexts):
            if isinstance(outputs, dict):
                own: Arrays = {name: array[index] for name, array in outputs.items()}
            else:
                own = outputs[index]
            predictions.append(codec.decode(own) if context is NO_CONTEXT else codec.decode(own, context))
        return predictions


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
        return tuple(_shapes(one) for one in arrays)
    return np.shape(arrays)


def name_of(raw: Any, index: int | None) -> str:
    """How a message calls an input: its name, path or text, else its number, counted from 0."""
    name = getattr(raw, "name", None)
    text = raw if isinstance(raw, str) else str(raw) if isinstance(raw, Path) else name
    if isinstance(text, str):
        return text if len(text) <= 200 else text[:199] + "…"
    return "the input" if index is None else f"input {index}"


def why(error: UserError | OSError) -> str:
    """Why something cannot be read, as one reads it after its name."""
    return str(error) if isinstance(error, UserError) else reason(error)
