"""The weights of another run to start from, those of classes and symbols matched by their names."""

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
        whole: paths of weights that were taken as they are.
        partly: how many entries of a weight were taken, and how many it has, by its path.
        anew: paths of weights that stay as they were.
    """

    whole: list[str] = field(default_factory=list)
    partly: dict[str, tuple[int, int]] = field(default_factory=dict)
    anew: list[str] = field(default_factory=list)


def initialize(network: keras.Model, codec: Codec, init: str, host: Host) -> str:
    """Start from the weights of another run.

    Args:
        network: changed in place.
        codec: of its pipeline.
        init: a run or a model folder with a Keras network.
        host: where its builder is looked up.

    Returns:
        A sentence on what was taken and what is new.

    Raises:
        UserError: where nothing of it fits.
    """
    from suite.prediction.loading import load

    pipeline = load(init, host=host)
    source: Any = pipeline.network
    copied = copy_weights(source.model, pipeline.codec, network, codec)
    total = len(network.weights)
    if len(copied.anew) == total:
        raise UserError(f"--init {init}: none of its weights fits this network: is it another model?")
    taken = total - len(copied.anew)
    said = [f"took {'all ' if taken == total else ''}{taken}"]
    said.append(f"weights from {init}" if taken == total else f"of {total} weights from {init}")
    if copied.partly:
        counts = sorted(set(copied.partly.values()))
        shown = ", ".join(f"{some:,} of {all_:,} entries" for some, all_ in counts)
        said.append(f"({shown} of {', '.join(copied.partly)}, by their names)")
    if copied.anew:
        said[-1] += f"; new ones: {', '.join(copied.anew)}"
    return " ".join(said)


def copy_weights(source: keras.Model, source_codec: Codec, network: keras.Model, codec: Codec) -> Copied:
    """Copy weights wherever path and shape agree, and single entries where both codecs name them.

    A codec names them in `named_axes`: the classes or symbols along an axis of
    a weight. Those of the same name are copied, wherever they stand; others stay as they are in `network`.
    """
    theirs: NamedAxes = source_codec.named_axes()
    ours: NamedAxes = codec.named_axes()
    by_path = {weight.path: weight for weight in source.weights}
    copied = Copied()
    for weight in network.weights:
        path = weight.path
        found = by_path.get(path)
        if found is None:
            copied.anew.append(path)
        elif path in ours and path in theirs and list(ours[path][1]) != list(theirs[path][1]):
            values = _matched(np.array(weight), np.array(found), ours[path], theirs[path])
            if values is None:
                copied.anew.append(path)
            else:
                weight.assign(values[0])
                copied.partly[path] = (values[1], len(ours[path][1]))
        elif tuple(found.shape) == tuple(weight.shape):
            weight.assign(found)
            copied.whole.append(path)
        else:
            copied.anew.append(path)
    return copied


def _matched(
    values: np.ndarray,
    found: np.ndarray,
    ours: tuple[int, Sequence[str]],
    theirs: tuple[int, Sequence[str]],
) -> tuple[np.ndarray, int] | None:
    """`values` with the entries of `found` whose names it has too, and how many; None where none fits."""
    place = {name: index for index, name in enumerate(theirs[1])}
    pairs = [(index, place[name]) for index, name in enumerate(ours[1]) if name in place]
    mine, other = _by_name(values, *ours), _by_name(found, *theirs)
    if not pairs or mine is None or other is None or mine.shape[1:] != other.shape[1:]:
        return None
    to, of = zip(*pairs, strict=True)
    mine[list(to)] = other[list(of)]
    moved = np.moveaxis(values, ours[0], 0)
    moved[:] = np.moveaxis(mine, 0, 1).reshape(moved.shape)
    return values, len(pairs)


def _by_name(values: np.ndarray, axis: int, names: Sequence[str]) -> np.ndarray | None:
    """A copy of shape (names, times that they stand along `axis`, other axes); None where they do not fit."""
    moved = np.moveaxis(values, axis, 0)
    if not names or len(moved) % len(names):
        return None
    return np.moveaxis(moved.reshape(-1, len(names), *moved.shape[1:]), 1, 0).copy()
