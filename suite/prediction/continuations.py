"""Predictions that take several forward passes: after each one the codec says what is to be encoded next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from suite.errors import UserError
from suite.pipeline.codec import Codec
from suite.prediction.encoding import codec_of


@dataclass(frozen=True, slots=True)
class Grown:
    """A prediction after one more forward pass, or in its place why there will be none.

    Attributes:
        index: of which raw thing.
        prediction: as far as it has come.
        complete: whether it will not change any more.
        error: why there is no prediction, else None.
    """

    index: int
    prediction: Any = None
    complete: bool = True
    error: str | None = None


def grow(
    codec: Codec,
    raws: Mapping[int, Any],
    firsts: Mapping[int, Any],
    run: Callable[[Mapping[int, Any]], tuple[Mapping[int, Any], Mapping[int, str]]],
    builder: str,
    *,
    partly: bool,
) -> Iterator[Grown]:
    """Go on with first predictions until the codec says of each that it is complete.

    What is not complete goes through the network together, so a batch becomes smaller and never waits for
    another one. A codec without `continued` completes each prediction with the first pass.

    Args:
        codec: with `continued` and `joined`, see `suite.pipeline.Codec`.
        raws: what was encoded, by index.
        firsts: what the first pass predicted of it.
        run: predicts raw things with one forward pass, and says why some of them cannot be encoded.
        builder: the model builder as `plugin:name`, whose codec it is.
        partly: whether to give what is not complete as well.
    """
    if not codec.can_stream:
        yield from (Grown(index, prediction) for index, prediction in firsts.items())
        return
    so_far = {index: [prediction] for index, prediction in firsts.items()}
    while so_far:
        following = {}
        for index, predictions in so_far.items():
            try:
                with codec_of(builder):
                    following[index] = codec.next_input(raws[index], predictions)
                    complete = following[index] is None
                    joined = codec.join(predictions) if partly or complete else None
            except UserError as error:
                following[index] = None
                yield Grown(index, error=str(error))
                continue
            if partly or complete:
                yield Grown(index, joined, complete)
        found, errors = run({index: raw for index, raw in following.items() if raw is not None})
        yield from (Grown(index, error=error) for index, error in errors.items())
        so_far = {index: so_far[index] for index in found}
        for index, prediction in found.items():
            so_far[index].append(prediction)
