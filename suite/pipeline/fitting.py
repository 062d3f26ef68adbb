"""Whether a codec and a network fit: names, counts, shapes and dtypes of the arrays between them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from suite.pipeline.codec import Arrays, ArraySpec, ArraySpecs, Codec, Signature

if TYPE_CHECKING:
    import keras
    import numpy as np


def misfit(codec: Codec, network: Signature) -> str:
    """How the arrays of a codec and of a network differ, as a sentence; "" if they do not.

    What one of them does not tell is not compared.
    """
    own = codec.signature()
    if not fit(own.inputs, network.inputs):
        gives, takes = described(own.inputs), described(network.inputs)
        return f"the codec encodes to {gives}, and the network takes {takes}"
    if not fit(own.outputs, network.outputs):
        takes, gives = described(own.outputs), described(network.outputs)
        return f"the codec decodes {takes}, and the network gives {gives}"
    return ""


def specs_of(arrays: Arrays) -> ArraySpecs:
    """What arrays of one example are like."""
    if isinstance(arrays, dict):
        return {name: _spec_of(array.shape, array.dtype) for name, array in arrays.items()}
    return _spec_of(arrays.shape, arrays.dtype)


@lru_cache(maxsize=256)
def _spec_of(shape: tuple[int, ...], dtype: np.dtype) -> ArraySpec:
    """Kept, since it is asked for with every batch, and numpy puts the name of a dtype together anew."""
    return ArraySpec(shape, dtype.name)


def weights_misfit(codec: Codec, network: keras.Model) -> str:
    """Of which weight the codec names another number of entries than it has, as a sentence; "" of none."""
    shapes = {weight.path: tuple(weight.shape) for weight in network.weights}
    for path, (axis, names) in codec.named_axes().items():
        shape = shapes.get(path)
        if shape is None:
            continue
        size = shape[axis] if -len(shape) <= axis < len(shape) else 0
        if not names or size % len(names) or not size:
            return f"the codec knows {len(names):,} classes or symbols, and the network's {path} has {size:,}"
    return ""


def keras_signature(model: keras.Model) -> Signature:
    """The inputs and outputs of a functional network; None of what is not known."""
    return Signature(_keras_specs(model, "input"), _keras_specs(model, "output"))


def _keras_specs(model: keras.Model, which: str) -> ArraySpecs | None:
    found = symbolic(model, which)
    if found is None:
        return None
    if isinstance(found, dict):
        return {name: _spec(tensor) for name, tensor in found.items()}
    return _spec(found)


def _spec(tensor: Any) -> ArraySpec:
    return ArraySpec(tuple(tensor.shape[1:]), str(tensor.dtype))


def symbolic(network: keras.Model, which: str) -> Any:
    """The symbolic "input" or "output" of a functional network, or several by name; None if not known."""
    try:
        found = getattr(network, which)
    except (AttributeError, ValueError, RuntimeError):
        return None
    if isinstance(found, list | tuple):
        if len(found) > 1:
            names = network.output_names if which == "output" else [tensor.name for tensor in found]
            return dict(zip(names, found, strict=True))
        found = found[0] if len(found) == 1 else None
    if isinstance(found, dict):
        return found if all(hasattr(tensor, "shape") for tensor in found.values()) else None
    return found if hasattr(found, "shape") else None


def fit(own: ArraySpecs | None, others: ArraySpecs | None) -> bool:
    """Whether arrays can be those that are wanted; what is not known fits."""
    if own is None or others is None:
        return True
    if isinstance(own, ArraySpec) and isinstance(others, ArraySpec):
        return _fits(own, others)
    if isinstance(own, Mapping) and isinstance(others, Mapping):
        return own.keys() == others.keys() and all(_fits(own[name], others[name]) for name in own)
    # One array may have a name or not: a runtime may have lost it, or have to give it one.
    (alone, several) = (own, others) if isinstance(own, ArraySpec) else (others, own)
    assert isinstance(alone, ArraySpec)
    assert isinstance(several, Mapping)
    return len(several) == 1 and _fits(alone, next(iter(several.values())))


def _fits(first: ArraySpec, second: ArraySpec) -> bool:
    if first.dtype and second.dtype and first.dtype != second.dtype:
        return False
    return len(first.shape) == len(second.shape) and all(
        a is None or b is None or a == b for a, b in zip(first.shape, second.shape, strict=True)
    )


def described(specs: ArraySpecs | None) -> str:
    """Arrays, for people: "uint8 32 x 32 x 3", or several by name."""
    if specs is None:
        return "what is not known"
    if isinstance(specs, ArraySpec):
        sides = " x ".join("any" if side is None else f"{side}" for side in specs.shape) or "single number"
        return f"{specs.dtype} {sides}".strip()
    return ", ".join(f"'{name}' {described(spec)}" for name, spec in specs.items()) or "nothing"
