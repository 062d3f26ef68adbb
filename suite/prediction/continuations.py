"""Predictions that take several forward passes: after each one the codec says what to encode next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from suite.errors import UserError
from suite.pipeline.codec import Codec
from suite.prediction.encoding import codec_of


@dataclass(frozen=True, slots=True)
class PartialPrediction:
    """A prediction after one more forward pass, or the reason why there will be none.

    Attributes:
        index: of which raw input.
        prediction: as far as it has come.
        complete: whether it will not change any more.
        error: why there is no prediction, else None.
    """

    index: int
    prediction: Any = None
    complete: bool = True
    error: str | None = None


def continue_predictions(
    codec: Codec,
    raws: Mapping[int, Any],
    firsts: Mapping[int, Any],
    run: Callable[[Mapping[int, Any]], tuple[Mapping[int, Any], Mapping[int, str]]],
    builder: str,
    *,
    give_partial: bool,
) -> Iterator[PartialPrediction]:
    """Continue first predictions until the codec says of each that it is complete.

    What is not complete goes through the network together, so a batch becomes smaller and never waits for
    another one. If the codec cannot stream, the first pass completes each prediction.

    Args:
        codec: with `next_input` and `join`, see `suite.pipeline.Codec`.
        raws: what was encoded, by index.
        firsts: what the first pass predicted of it.
        run: predicts raw inputs with one forward pass, and says why some of them cannot be encoded.
        builder: the model builder as `plugin:name`, whose codec it is.
        give_partial: whether to give predictions that are not complete as well.
    """
    if not codec.can_stream:
        yield from (PartialPrediction(index, prediction) for index, prediction in firsts.items())
        return
    so_far = {index: [prediction] for index, prediction in firsts.items()}
    while so_far:
        following = {}
        for index, predictions in so_far.items():
            try:
                with codec_of(builder):
                    following[index] = codec.next_input(raws[index], predictions)
                    complete = following[index] is None
                    joined = codec.join(predictions) if give_partial or complete else None
            except UserError as error:
                following[index] = None
                yield PartialPrediction(index, error=str(error))
                continue
            if give_partial or complete:
                yield PartialPrediction(index, joined, complete)
        results, errors = run({index: raw for index, raw in following.items() if raw is not None})
        yield from (PartialPrediction(index, error=error) for index, error in errors.items())
        so_far = {index: so_far[index] for index in results}
        for index, prediction in results.items():
            so_far[index].append(prediction)
