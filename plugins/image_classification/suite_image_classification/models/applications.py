"""The networks of `keras.applications`, as classifiers of images of 0 to 255."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from suite import UserError
from suite.kit import check_hdf5, expanded, nearest
from suite.pipeline import load_keras
from suite_images.normalization import fuse_normalization, keep_statistics

PREPROCESSING = "preprocessing"


def families() -> dict[str, Callable[..., keras.Model]]:
    """Every function of the installed `keras.applications` that builds a network, by name."""
    return {
        name: build
        for name, build in sorted(vars(keras.applications).items())
        if inspect.isfunction(build) and "include_top" in inspect.signature(build).parameters
    }


def check_family(name: str) -> Callable[..., keras.Model]:
    """The function that builds a family.

    Raises:
        suite.UserError: for an unknown name, with the nearest known one.
    """
    known = families()
    if name not in known:
        raise UserError(f"keras.applications has no family '{name}': {nearest(name, known)}")
    return known[name]


def application_network(
    family: str,
    size: tuple[int, int],
    classes: int,
    *,
    weights: str = "none",
    dropout: float = 0.2,
) -> keras.Model:
    """A network of `keras.applications` with its preprocessing inside and a new last layer.

    With weights, the means and variances of batch normalization stay those of the data that the weights
    were trained on.

    Args:
        family: a name of `families`.
        size: (height, width) of the images.
        classes: number of logits.
        weights: "none", "imagenet" (Keras downloads them unless it has them), or the path of a
            `.weights.h5`, `.h5` or `.keras` file of the family, with or without its last layer.
        dropout: share of features dropped before the last layer.

    Returns:
        A model from uint8 (batch, height, width, 3) to float32 (batch, classes), with the layers
        "images", "preprocessing", the family's model, "dropout" and "logits".

    Raises:
        suite.UserError: for an unknown family, a size too small for it, or weights that do not fit.
    """
    build = check_family(family)
    path = expanded(weights)
    if weights not in ("none", "imagenet") and not path.is_file():
        raise UserError(f"weights '{weights}' is neither none nor imagenet, and no such file is there")
    downloaded = weights == "imagenet"
    try:
        backbone = build(
            include_top=False,
            weights="imagenet" if downloaded else None,
            input_shape=(*size, 3),
            pooling="avg",
        )
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{family} cannot be built for images of {size[0]} x {size[1]}: {reason}") from error
    except Exception as error:
        if not downloaded:
            raise
        raise UserError(
            f"the imagenet weights of {family} could not be downloaded: {error}; "
            "give the path of a file with them, or weights = none"
        ) from error
    backbone = _with_stable_names(backbone)
    if weights not in ("none", "imagenet"):
        load_weights(backbone, path, family)
    inputs = keras.Input((*size, 3), dtype="uint8", name="images")
    x = preprocessed(inputs, build)
    x = backbone(x)
    if dropout > 0:
        x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(classes, dtype="float32", name="logits")(x)
    network = keras.Model(inputs, outputs, name="application")
    if weights == "none":
        fuse_normalization(network)
    else:
        keep_statistics(network)
    return network


def preprocessed(images: Any, build: Callable[..., keras.Model]) -> Any:
    """Images of 0 to 255, RGB, as the family's `preprocess_input` gives them, by layers in float32.

    Each of these functions is an affine map of the three colors, so four probes determine it: a scale
    and an offset per color and, if colors change places, a fixed 1 x 1 convolution.
    """
    # The module that defines the family also defines its preprocessing.
    function = sys.modules[build.__module__].__dict__["preprocess_input"]
    probes = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3)]).astype("float32")
    outputs = np.asarray(function(probes[:, None, None, :].copy(), data_format="channels_last"))
    outputs = outputs.reshape(4, 3).astype("float64")
    offset = outputs[0]
    matrix = (outputs[1:] - offset) / 255  # from color (row) to channel (column)
    if np.count_nonzero(matrix - np.diag(np.diag(matrix))) == 0:
        scales, offsets = (
            [float(f"{value:.9g}") for value in values] for values in (np.diag(matrix), offset)
        )
        return layers.Rescaling(scales, offsets, dtype="float32", name=PREPROCESSING)(images)
    x = layers.Rescaling(1.0, dtype="float32", name="as_floats")(images)
    return layers.Conv2D(
        3,
        1,
        kernel_initializer=keras.initializers.Constant(matrix.reshape(1, 1, 3, 3).tolist()),
        bias_initializer=keras.initializers.Constant(offset.tolist()),
        trainable=False,
        dtype="float32",
        name=PREPROCESSING,
    )(x)


def load_weights(backbone: keras.Model, path: Path, family: str) -> None:
    """Load `backbone`'s weights from a file that holds them, with or without the layers after it.

    Raises:
        suite.UserError: if the file is not of a known kind, is damaged, or is of another network.
    """
    try:
        if path.suffix == ".keras":
            _take_weights(backbone, load_keras(path))
        elif path.suffix == ".h5":
            check_hdf5(path)
            with warnings.catch_warnings():
                # Of layers that the file has no weights for, Keras only warns.
                warnings.filterwarnings("error", "Skipping")
                backbone.load_weights(path)
        else:
            raise UserError(f"{path}: weights are read from .weights.h5, .h5 and .keras files")
    except (ValueError, TypeError, KeyError, OSError, RuntimeError, UserWarning, zipfile.BadZipFile) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"{path} does not hold weights that fit {family}: {reason[:200]}") from error


def _take_weights(backbone: keras.Model, saved: keras.Model) -> None:
    inner = [layer for layer in saved.layers if isinstance(layer, keras.Model)]
    source = inner[0] if len(inner) == 1 else saved  # a network that `application_network` made
    values, wanted = source.get_weights(), backbone.weights
    for value, variable in zip(values, wanted, strict=False):
        if value.shape != tuple(variable.shape):
            raise ValueError(f"its weight at {variable.path} is {value.shape}, not {tuple(variable.shape)}")
    if len(values) < len(wanted):
        raise ValueError(f"it has {len(values)} weights, and {len(wanted)} are needed")
    backbone.set_weights(values[: len(wanted)])


def _with_stable_names(model: keras.Model) -> keras.Model:
    """The same network, with the numbers in the names of layers that have weights counted from the start.

    Keras counts unnamed layers over the whole process, so their names would differ in the next one.
    """
    renamed: dict[str, str] = {}
    counts: dict[str, int] = {}
    for layer in _all_layers(model):
        base = _snake_case(type(layer).__name__)
        if layer.weights and re.fullmatch(rf"{base}(_\d+)?", layer.name):
            count = counts.get(base, 0)
            counts[base] = count + 1
            renamed[layer.name] = f"{base}_{count}" if count else base
    if all(old == new for old, new in renamed.items()):
        return model

    def rename(layer: layers.Layer) -> layers.Layer:
        config = layer.get_config()
        config["name"] = renamed.get(layer.name, layer.name)
        return type(layer).from_config(config)

    copy = keras.models.clone_model(model, clone_function=rename)
    copy.set_weights(model.get_weights())
    return copy


def _all_layers(model: keras.Model) -> Iterator[layers.Layer]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)


def _snake_case(name: str) -> str:
    """As Keras makes a layer's name from its class."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
