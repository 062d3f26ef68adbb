"""What the network and the settings of a pipeline must satisfy, checked before the first step."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.errors import PluginError, nearest, reason
from suite.pipeline.codec import Arrays, Codec
from suite.pipeline.fitting import keras_signature, misfit, symbolic
from suite.pipeline.keras_files import check_rebuilt
from suite.pipeline.trainable import Stage, TrainablePipeline
from suite.wording import shortened

if TYPE_CHECKING:
    import keras


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Leave Python's and numpy's random state as it was: checks must not change what is learned."""
    python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - it is kept, not used
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(of_numpy)  # noqa: NPY002


def check_network(network: Any, whose: str, what: str = "network") -> None:
    """Refuse what is no built `keras.Model`."""
    import keras

    if not isinstance(network, keras.Model):
        kind = "None" if network is None else f"a {type(network).__name__}"
        raise PluginError(f"{whose} gave {kind} as its {what}, which is not a keras.Model")
    if not network.built:
        raise PluginError(
            f"{whose} gave a {what} that is not built: begin it with keras.Input, or call its build()"
        )


def check_loadable(network: keras.Model, packages: Iterable[str], whose: str) -> None:
    """Refuse a network that could be trained, but not be loaded again once it is saved.

    Args:
        network: a built model.
        packages: import names of the packages whose layers it may use.
        whose: how a message calls the model builder.
    """
    try:
        with random_state_kept():
            check_rebuilt(network, packages)
    except Exception as error:
        said = _innermost(error).rstrip(".")
        raise PluginError(
            f"{whose} gave a network that can be saved but not loaded again: {said}.\nRegister"
            " layers of your own with @keras.saving.register_keras_serializable(package=...), give each a"
            " get_config() with all its arguments, and use no Lambda"
        ) from error


def _innermost(error: Exception) -> str:
    """The line of Keras's long message that says what is wrong."""
    lines = [line.partition("encountered")[2] for line in str(error).splitlines() if "encountered" in line]
    found = lines[-1].partition(":")[2] if lines else (reason(error).splitlines() or [""])[0]
    return shortened(found.strip(), 500) or type(error).__name__


def check_loss(loss: Any, network: keras.Model, whose: str) -> None:
    """Refuse a loss that is no `keras.losses.Loss`, nor one for each output."""
    import keras

    losses = dict(loss) if isinstance(loss, Mapping) else {"": loss}
    if not losses:
        raise PluginError(f"{whose} gave no loss: give an instance of a keras.losses.Loss")
    for name, value in losses.items():
        if not isinstance(value, keras.losses.Loss):
            of = f" of output '{name}'" if name else ""
            raise PluginError(
                f"{whose} gave the loss {value!r}{of}, which is not an instance of a keras.losses.Loss"
                if value is not None
                else f"{whose} gave no loss{of}: give an instance of a keras.losses.Loss"
            )
    outputs = output_shapes(network)
    if isinstance(loss, Mapping) and outputs is not None and not isinstance(outputs, Mapping):
        raise PluginError(f"{whose} gave losses by name, but the network has one output: give one loss")
    if isinstance(loss, Mapping) and outputs is not None and losses.keys() != outputs.keys():
        raise PluginError(
            f"{whose} gave losses for the outputs {', '.join(map(str, losses)) or 'none'}, but the network"
            f" has {', '.join(outputs)}"
        )


def check_stages(stages: Any, network: keras.Model, whose: str) -> None:
    """Refuse stages of training that are impossible, or freeze a layer that is not there."""
    if not isinstance(stages, tuple | list) or not stages:
        raise PluginError(f"{whose} gave the stages {stages!r}: give a tuple of one suite.Stage or more")
    layers = [layer.name for layer in network.layers]
    stage: Any
    for stage in stages:
        if not isinstance(stage, Stage):
            raise PluginError(f"{whose} gave {type(stage).__name__} as a stage, not a suite.Stage")
        frozen: Any = stage.freeze
        if isinstance(frozen, str):
            raise PluginError(f"{whose} gave the text '{frozen}' as `freeze`: give a tuple of names")
        for name in frozen:
            if name not in layers:
                raise PluginError(
                    f"{whose} freezes a layer '{name}' that the trained network does not have:"
                    f" {nearest(str(name), layers)}"
                )
        for name, number, positive in (
            ("share", stage.share, False),
            ("learning_rate_factor", stage.learning_rate_factor, True),
        ):
            if not _is_number(number) or number < 0 or (positive and number == 0):
                raise PluginError(f"{whose} gave a stage with {name} = {number!r}, which is not allowed")
    if not sum(stage.share for stage in stages):
        raise PluginError(f"{whose} gave stages whose shares are all 0: nothing would be trained")


def check_momentum_layers(factors: Any, network: keras.Model, whose: str) -> None:
    """Refuse layers that are not there, and factors of the learning rate that are no positive numbers."""
    if not isinstance(factors, Mapping):
        raise PluginError(f"{whose} gave the momentum_layers {factors!r}: give a mapping of names to factors")
    layers = [layer.name for layer in network.layers]
    for name, factor in factors.items():
        if name not in layers:
            raise PluginError(
                f"{whose} names a layer '{name}' in momentum_layers that the trained network does not have:"
                f" {nearest(str(name), layers)}"
            )
        if not _is_number(factor) or factor <= 0:
            raise PluginError(f"{whose} gave '{name}' the factor {factor!r}: give a positive number")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


def check_lengths(lengths: Any, count: int, whose: str) -> None:
    """Refuse lengths that are not a number for each training example."""
    if lengths is None:
        return
    array = np.asarray(lengths)
    if array.shape != (count,) or array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
        raise PluginError(
            f"{whose} gave lengths of shape {array.shape} and type {array.dtype}: give a number for each of"
            f" the {count} training examples"
        )


def check_parts(pipeline: TrainablePipeline, whose: str) -> None:
    """Refuse a pipeline without batches or targets, and two networks that do not share their weights."""
    for name in ("targets", "calibrate"):
        function = getattr(pipeline, name)
        if function is not None and not callable(function):
            raise PluginError(f"{whose} gave {name} = {function!r}, which cannot be called")
    maker = pipeline.batch_maker
    if maker is not None and not all(callable(getattr(maker, name, None)) for name in ("prepare", "make")):
        raise PluginError(
            f"{whose} gave {type(maker).__name__} as its batch maker, which lacks prepare(example) or"
            " make(prepared, rng, progress)"
        )
    if pipeline.training_network is None or maker is None:
        if pipeline.targets is None:
            what = "or a batch maker" if maker is None else "for the loss on validation"
            raise PluginError(f"{whose} gave a pipeline without targets {what}")
    if pipeline.training_network is None:
        return
    check_network(pipeline.training_network, whose, "training network")
    by_network = [
        {id(weight): weight.path for weight in network.weights}
        for network in (pipeline.network, pipeline.training_network)
    ]
    for (owner, own), (_, others) in itertools.permutations(
        zip(("network", "training network"), by_network, strict=True)
    ):
        alone = [path for weight, path in own.items() if weight not in others]
        if alone:
            raise PluginError(
                f"{whose} gave a network and a training network that do not have the same weights: only the"
                f" {owner} has {', '.join(alone[:3])}{' and others' if len(alone) > 3 else ''}"
            )


Shapes = dict[str, Any] | Any


def output_shapes(network: keras.Model) -> Any:
    """The symbolic outputs of a functional network: one, or several by name; None if they are not known."""
    return symbolic(network, "output")


def check_inputs(arrays: Arrays, network: keras.Model, whose: str) -> None:
    """Refuse a codec that encodes to other arrays than the network takes, if that is known."""
    wanted = symbolic(network, "input")
    if wanted is None:
        return
    if isinstance(wanted, dict) != isinstance(arrays, dict):
        takes = f"arrays by the names {', '.join(wanted)}" if isinstance(wanted, dict) else "one array"
        gives = "arrays by name" if isinstance(arrays, dict) else "one array"
        raise PluginError(f"{whose} gave a codec that encodes to {gives}, but its network takes {takes}")
    named = wanted if isinstance(wanted, dict) else {"": wanted}
    given = arrays if isinstance(arrays, dict) else {"": arrays}
    missing = [name for name in named if name not in given]
    if missing:
        raise PluginError(
            f"{whose} gave a codec that does not encode the network's input '{missing[0]}': it gives"
            f" {', '.join(given)}"
        )
    for name, tensor in named.items():
        label = f"'{name}' " if name else ""
        shape, expected = np.shape(given[name]), tuple(tensor.shape[1:])
        if len(shape) != len(expected) or any(
            size is not None and size != has for size, has in zip(expected, shape, strict=True)
        ):
            raise PluginError(
                f"{whose} gave a codec that encodes {label}to the shape {shape}, but"
                f" its network takes {expected}"
            )


def check_signature(codec: Codec, network: keras.Model, whose: str) -> None:
    """Refuse a network whose inputs and outputs are not those that the codec's `signature` says."""
    different = misfit(codec, keras_signature(network))
    if different:
        raise PluginError(f"{whose} gave a codec and a network that do not fit: {different}")
