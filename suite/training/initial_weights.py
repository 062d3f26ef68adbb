"""Weights of another run to start from; those of classes and symbols are matched by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.errors import UserError
from suite.pipeline.codec import Codec, NamedAxes

if TYPE_CHECKING:
    import keras

    from suite.host import Host


@dataclass
class Copied:
    """What `copy_weights` did.

    Attributes:
        complete: paths of weights that were copied as they are.
        partial: how many entries of a weight were copied, and how many it has, by its path.
        unchanged: paths of weights that stay as they were.
    """

    complete: list[str] = field(default_factory=list)
    partial: dict[str, tuple[int, int]] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)


def initialize(network: keras.Model, codec: Codec, init: str, host: Host) -> str:
    """Start from the weights of another run.

    Args:
        network: changed in place.
        codec: of its pipeline.
        init: a run or a model folder with a Keras network.
        host: looks up the builder of `init`.

    Returns:
        A sentence on which weights were taken and which are new.

    Raises:
        UserError: if no weight of `init` fits.
    """
    from suite.prediction.loading import load

    pipeline = load(init, host=host)
    source: Any = pipeline.network
    copied = copy_weights(source.model, pipeline.codec, network, codec)
    if len(copied.unchanged) == len(network.weights):
        raise UserError(f"--init {init}: none of its weights fits this network: is it another model?")
    return _sentence(copied, len(network.weights), init)


def _sentence(copied: Copied, total: int, init: str) -> str:
    taken = total - len(copied.unchanged)
    words = [f"took {'all ' if taken == total else ''}{taken}"]
    words.append(f"weights from {init}" if taken == total else f"of {total} weights from {init}")
    if copied.partial:
        counts = sorted(set(copied.partial.values()))
        shown = ", ".join(f"{some:,} of {all_:,} entries" for some, all_ in counts)
        words.append(f"({shown} of {', '.join(copied.partial)}, by their names)")
    if copied.unchanged:
        words[-1] += f"; new: {', '.join(copied.unchanged)}"
    return " ".join(words)


def copy_weights(source: keras.Model, source_codec: Codec, network: keras.Model, codec: Codec) -> Copied:
    """Copy weights whose path and shape agree, and single entries if both codecs name them.

    A codec names entries in `named_axes`: the classes or symbols along an axis of a weight. Entries of the
    same name are copied, at whichever index they are; others stay as they are in `network`.
    """
    theirs: NamedAxes = source_codec.named_axes()
    ours: NamedAxes = codec.named_axes()
    by_path = {weight.path: weight for weight in source.weights}
    copied = Copied()
    for weight in network.weights:
        path = weight.path
        given = by_path.get(path)
        if given is None:
            copied.unchanged.append(path)
        elif path in ours and path in theirs and list(ours[path][1]) != list(theirs[path][1]):
            values = _matched(np.array(weight), np.array(given), ours[path], theirs[path])
            if values is None:
                copied.unchanged.append(path)
            else:
                weight.assign(values[0])
                copied.partial[path] = (values[1], len(ours[path][1]))
        elif tuple(given.shape) == tuple(weight.shape):
            weight.assign(given)
            copied.complete.append(path)
        else:
            copied.unchanged.append(path)
    return copied


def _matched(
    values: np.ndarray,
    source: np.ndarray,
    ours: tuple[int, Sequence[str]],
    theirs: tuple[int, Sequence[str]],
) -> tuple[np.ndarray, int] | None:
    """`values` with the entries of `source` of the same names, and how many; None if nothing fits."""
    position = {name: index for index, name in enumerate(theirs[1])}
    pairs = [(index, position[name]) for index, name in enumerate(ours[1]) if name in position]
    to_entries, from_entries = _by_name(values, *ours), _by_name(source, *theirs)
    if not pairs or to_entries is None or from_entries is None:
        return None
    if to_entries.shape[1:] != from_entries.shape[1:]:
        return None
    to_indices, from_indices = zip(*pairs, strict=True)
    to_entries[list(to_indices)] = from_entries[list(from_indices)]
    moved = np.moveaxis(values, ours[0], 0)
    moved[:] = np.moveaxis(to_entries, 0, 1).reshape(moved.shape)
    return values, len(pairs)


def _by_name(values: np.ndarray, axis: int, names: Sequence[str]) -> np.ndarray | None:
    """A copy of shape (names, repetitions along `axis`, other axes); None if they do not fit."""
    moved = np.moveaxis(values, axis, 0)
    if not names or len(moved) % len(names):
        return None
    return np.moveaxis(moved.reshape(-1, len(names), *moved.shape[1:]), 1, 0).copy()
