"""A network of Keras as a function of TensorFlow, which all formats are written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.pipeline.codec import Arrays

if TYPE_CHECKING:
    import keras

Specs = dict[str, tuple[tuple[int | None, ...], str]]
"""Shapes, with a batch axis, and dtypes of inputs by their names."""


@dataclass(frozen=True)
class Traced:
    """A network that can be written in another format.

    Attributes:
        model: of Keras, on TensorFlow.
        function: `tf.function` of its inputs in the order of `specs`; gives outputs by their names.
        specs: of its inputs.
        metadata: what the file says of itself, by name.
    """

    model: keras.Model
    function: Any
    specs: Specs
    metadata: Mapping[str, str]

    @property
    def signature(self) -> list[Any]:
        """The inputs as `tf.TensorSpec`."""
        import tensorflow as tf

        return [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in self.specs.items()]


def traced(model: keras.Model, metadata: Mapping[str, str]) -> Traced:
    """Make a function of a network; it is traced when it is first needed.

    Args:
        model: of Keras, on TensorFlow.
        metadata: see `Traced`.
    """
    import tensorflow as tf

    specs = _specs(model)

    def forward(*tensors: Any) -> Any:
        named = dict(zip(specs, tensors, strict=True))
        outputs = model(named if isinstance(model.input, dict) else list(tensors), training=False)
        if isinstance(outputs, dict):
            return outputs
        flat = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return dict(zip(model.output_names, flat, strict=True))

    signature = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in specs.items()]
    return Traced(model, tf.function(forward, input_signature=signature), specs, metadata)


def _specs(model: keras.Model) -> Specs:
    """Shapes and dtypes of the inputs by the names under which a codec gives them."""
    structure = model.input
    if isinstance(structure, dict):
        tensors = structure
    else:
        flat = structure if isinstance(structure, (list, tuple)) else [structure]
        tensors = {tensor.name: tensor for tensor in flat}
    return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}


def random_batch(specs: Specs) -> Arrays:
    """Eight examples for a network of which there is no data."""
    rng = np.random.default_rng(0)
    made = {}
    for name, (shape, dtype) in specs.items():
        full = (8, *(16 if size is None else size for size in shape[1:]))
        if np.issubdtype(np.dtype(dtype), np.floating):
            made[name] = rng.normal(size=full).astype(dtype)
        else:
            made[name] = rng.integers(0, 256 if dtype == "uint8" else 2, full).astype(dtype)
    return made if len(made) > 1 else next(iter(made.values()))


def write_batches(path: Path, batches: Sequence[Arrays]) -> None:
    """Write batches of arrays, each alone or by its name, for the other process."""
    named = {}
    for number, batch in enumerate(batches):
        for name, array in batch.items() if isinstance(batch, dict) else [("", batch)]:
            named[f"{number}/{name}"] = array
    np.savez(path, allow_pickle=False, **named)


def read_batches(path: Path) -> list[Arrays]:
    """What `write_batches` wrote."""
    batches: dict[int, dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            number, _, name = key.partition("/")
            batches.setdefault(int(number), {})[name] = stored[key]
    return [batch[""] if set(batch) == {""} else batch for _, batch in sorted(batches.items())]
