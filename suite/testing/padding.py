"""Whether a network gives the same for an example with more padding after it.

What padding is, nobody declares: the batch maker shows it. Where it puts a short example beside a longer
one, it fills the short one up, and with just that the short one is filled up here. If all examples have one
length, the codec shows it, which has filled them up with zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.data.dataset import Example
from suite.errors import PluginError
from suite.pipeline.batch_makers import stack
from suite.pipeline.codec import Arrays, Encoded
from suite.pipeline.trainable import TrainablePipeline
from suite.testing.check import NotCheckedError
from suite.testing.samples import spread
from suite.testing.trials import Trial

_DRAWS = 8
"""Batches that are looked at for one that is not changed at random where the padding is."""

_TOLERANCE = 1e-3
"""Of the largest output: other lengths are summed up in another order."""

Named = dict[str, np.ndarray]


def check_padding(trial: Trial) -> None:
    """Refuse a network whose outputs for an example change with the padding after it.

    Raises:
        PluginError: with what it gives.
        NotCheckedError: if nothing is padded, or it cannot be seen with what.
    """
    asking = "builder-ignores-padding"
    pipeline = trial.built(asking).pipeline
    examples = spread(trial.dataset.train, len(trial.dataset.train))
    encoded = [_encoded(pipeline, example) for example in examples]
    lengths = [_length(arrays) for arrays in encoded]
    if not any(len(shape) > 1 and shape[1] is None for shape in _input_shapes(pipeline)):
        raise NotCheckedError(f"the network of {trial.builder} takes inputs of one shape, so none is padded")
    short, long = int(np.argmin(lengths)), int(np.argmax(lengths))
    if lengths[short] == lengths[long]:
        short = next((index for index, arrays in enumerate(encoded) if _ends_in_zeros(arrays)), -1)
        if short < 0:
            raise NotCheckedError(
                f"the codec of {trial.builder} gives all examples of the sample one length, so it is not"
                " seen what padding is: give the sample of the task shorter and longer examples"
            )
        padded = {name: _doubled(array) for name, array in encoded[short].items()}
    else:
        padded = _padded(trial, pipeline, [examples[short], examples[long]], encoded[short])
    loaded = trial.loaded(asking)
    first, second = (_named(loaded.network(_batch(arrays))) for arrays in (encoded[short], padded))
    for name, given in first.items():
        difference = _difference(given[0], second[name][0])
        if difference:
            raise PluginError(
                f"the network of {trial.builder} gives something else for '{examples[short].id}' with"
                f" padding after it: {difference}. Leave padding out of means, maxima, sums, attention and"
                " recurrence: Embedding(mask_zero=True) passes a mask on to layers that know it; others"
                " compute it from the inputs"
            )


def _encoded(pipeline: TrainablePipeline, example: Example) -> Named:
    encoded = pipeline.codec.encode(example.input)
    return _named(encoded.arrays if isinstance(encoded, Encoded) else encoded)


def _named(arrays: Arrays | Mapping[str, Any]) -> Named:
    """Arrays by name; one that is alone is called ""."""
    named = arrays if isinstance(arrays, Mapping) else {"": arrays}
    return {name: np.asarray(array) for name, array in named.items()}


def _batch(arrays: Named) -> Arrays:
    return stack([arrays[""] if [*arrays] == [""] else arrays])


def _input_shapes(pipeline: TrainablePipeline) -> Sequence[tuple[int | None, ...]]:
    return [tuple(tensor.shape) for tensor in pipeline.network.inputs]


def _length(arrays: Named) -> int:
    return max((len(array) for array in arrays.values() if array.ndim), default=0)


def _padded(trial: Trial, pipeline: TrainablePipeline, pair: list[Example], encoded: Named) -> Named:
    """The short example of two as the codec encodes it, and then what the batch maker fills it up with."""
    prepared = [pipeline.batches.prepare(example) for example in pair]
    seen = "nothing"
    for seed in range(_DRAWS):
        inputs = _named(pipeline.batches.make(prepared, np.random.default_rng(seed), 0.0)[0])
        tails = {}
        for name, array in encoded.items():
            if array.ndim and name in inputs and len(inputs[name][0]) > len(array):
                tails[name] = np.asarray(inputs[name][0][len(array) :])
        seen = "no padding" if not tails else "something else each time"
        if tails and all(_is_constant(tail) for tail in tails.values()):
            return {
                name: np.concatenate([array, tails[name].astype(array.dtype)]) if name in tails else array
                for name, array in encoded.items()
            }
    raise NotCheckedError(
        f"the batch maker of {trial.builder} puts {seen} after a short example beside a longer one, so it is"
        " not seen what padding is"
    )


def _ends_in_zeros(arrays: Named) -> bool:
    long = [array for array in arrays.values() if array.ndim]
    return all(len(array) > 1 and array[0].any() and not array[-1].any() for array in long)


def _doubled(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array, np.zeros_like(array)]) if array.ndim else array


def _is_constant(tail: np.ndarray) -> bool:
    return bool((tail == tail[:1]).all())


def _difference(given: np.ndarray, padded: np.ndarray) -> str:
    """How two outputs for one example differ, of which the second may be longer; "" if they do not."""
    if given.ndim != padded.ndim or given.shape[1:] != padded.shape[1:]:
        return f"outputs of the shape {padded.shape} and not {given.shape}"
    count = len(given) if given.ndim else 0
    if given.ndim and len(padded) < count:
        return f"{len(padded)} outputs and not {count}"
    other = padded[:count] if given.ndim else padded
    if given.dtype.kind not in "fc":
        return "" if np.array_equal(given, other) else f"{_shown(other)} and not {_shown(given)}"
    finite = np.abs(given[np.isfinite(given)])
    allowed = _TOLERANCE * max(1e-2, float(finite.max(initial=0.0)))
    if np.allclose(given, other, rtol=0, atol=allowed, equal_nan=True):
        return ""
    return f"{_shown(other)} and not {_shown(given)}"


def _shown(array: np.ndarray) -> str:
    few = np.ravel(array)[:4].tolist()
    return f"[{', '.join(f'{number:.4g}' for number in few)}{', ...' if np.size(array) > len(few) else ''}]"
