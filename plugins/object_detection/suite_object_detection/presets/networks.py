"""keras-hub's detectors as networks that the host can train: D-FINE, RetinaNet, RetinaNet on backbones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from suite import UserError
from suite.kit import dtype_policy, import_keras_hub, loading_preset, preset_source
from suite_images.normalization import fuse_normalization, keep_statistics
from suite_images.presets import image_converter, scaled
from suite_object_detection.presets.anchors import Anchors, anchor_boxes

STEP = 32
"""Sides of the input are multiples of this: what is halved five times is doubled again."""

PRIOR = 0.01
"""The score of every class at every anchor before anything is learned (Lin et al. 2017, section 4.1)."""

LEVELS = ("P3", "P4", "P5")
"""What a backbone has to give for a RetinaNet to be built on it."""

Tensor = Any


@dataclass(frozen=True, kw_only=True)
class PresetNetwork:
    """A detector made of a preset.

    Attributes:
        network: from uint8 (batch, height, width, 3) to float32 (batch, rows, classes + 4); see
            `PresetCodec`.
        size: (height, width) of its input.
        anchors: of a RetinaNet; None for a D-FINE.
        rows: of its output.
        predictions: how many rows, the last ones, are predictions.
        backbone: names of the layers that came with weights and do not depend on classes; empty if the
            network has no such layers.
    """

    network: keras.Model
    size: tuple[int, int]
    anchors: Anchors | None
    rows: int
    predictions: int
    backbone: tuple[str, ...] = ()


def preset_network(
    preset: str, size: tuple[int, int] | None, classes: int, *, load_weights: bool = True
) -> PresetNetwork:
    """A detector of keras-hub with its preprocessing inside and as many classes as are needed.

    All weights are kept but those of the last layers of the classes, which are only kept if there are as
    many classes as before. A preset of a backbone alone, for classification, becomes a RetinaNet whose
    pyramid and heads are new. With weights, the means and variances of batch normalization stay those of the
    data that the weights were trained on.

    Args:
        preset: a name that keras-hub knows, which it downloads once, or the folder of a preset.
        size: (height, width) of the images, multiples of 32, or None for the preset's own.
        classes: their number.
        load_weights: whether to load the preset's weights, or only build its architecture.

    Raises:
        suite.UserError: if keras-hub is not installed, the preset is not known, does not load, or nothing
            can be detected with it.
    """
    hub = import_keras_hub()
    source = preset_source(preset, hub.models.Backbone.presets, suggested=hub.models.ObjectDetector.presets)
    with loading_preset(preset):
        converter = image_converter(hub, source)
        wanted = size or _own_size(converter)
        kind = hub.models.Backbone.from_preset(source, load_weights=False)
        inputs = keras.Input((*wanted, 3), dtype="uint8", name="images")
        if isinstance(kind, hub.models.DFineBackbone):
            built = _d_fine(hub, source, converter, inputs, wanted, classes, load_weights)
        elif isinstance(kind, hub.models.RetinaNetBackbone):
            detector = hub.models.ObjectDetector.from_preset(source, load_weights=load_weights)
            built = _retinanet(detector, converter, wanted, classes, trained=load_weights)
        elif set(LEVELS) <= set(getattr(kind, "pyramid_outputs", ())):
            encoder = hub.models.Backbone.from_preset(source, load_weights=load_weights)
            pyramid = hub.models.RetinaNetBackbone(encoder, min_level=3, max_level=7, use_p5=False)
            detector = hub.models.RetinaNetObjectDetector(pyramid, num_classes=classes)
            built = _retinanet(detector, converter, wanted, classes, trained=False)
        else:
            raise UserError(
                f"preset '{preset}' is of {type(kind).__name__}, on which no detector can be built:"
                " take one of RetinaNet or D-FINE, or a backbone with a pyramid of features, such as a ResNet"
            )
    if load_weights:
        keep_statistics(built.network)
    else:
        fuse_normalization(built.network)
    return built


def _retinanet(
    detector: Any, converter: Any, size: tuple[int, int], classes: int, *, trained: bool
) -> PresetNetwork:
    """A `RetinaNetObjectDetector` for other classes; its heads are taken over if they are `trained`."""
    generator = detector.anchor_generator
    anchors = Anchors(
        levels=tuple(range(generator.min_level, generator.max_level + 1)),
        scales=generator.num_scales,
        ratios=tuple(float(ratio) for ratio in generator.aspect_ratios),
        side=float(generator.anchor_size),
    )
    # keras-hub says wrong shapes of a pyramid's upper levels if the input is not a square.
    known = size if size[0] == size[1] else (None, None)
    inputs = keras.Input((*known, 3), dtype="uint8", name="images")
    backbone = detector.backbone.get_layer("backbone")
    levels = detector.backbone.feature_pyramid(backbone(scaled(inputs, converter)))
    count = generator.num_base_anchors
    prior = -math.log((1 - PRIOR) / PRIOR)
    logits = _head(levels, detector.classification_head, "class", count, classes, prior, trained=trained)
    boxes = _head(levels, detector.box_head, "box", count, 4, 0.0, trained=trained)
    joined = layers.Concatenate(dtype="float32", name="anchors")([logits, boxes])
    rows = len(anchor_boxes(size, anchors))
    return PresetNetwork(
        network=keras.Model(inputs, joined, name="retinanet"),
        size=size,
        anchors=anchors,
        rows=rows,
        predictions=rows,
        backbone=(backbone.name,),
    )


def _head(
    levels: Mapping[str, Tensor],
    like: Any,
    name: str,
    anchors: int,
    numbers: int,
    bias: float,
    *,
    trained: bool,
) -> Tensor:
    """(batch, all anchors, numbers): a head as `like`, a `PredictionHead` of keras-hub, of plain layers.

    keras-hub's own cannot be read from a model's file, and gives the prior probability to the boxes instead
    of the classes. If it is `trained`, all of its layers that fit are copied; what is new starts as in
    the paper (Lin et al. 2017, section 4.1).
    """
    steps: list[tuple[Any, Any]] = []  # a layer, and that from which its weights come
    for index, convolution in enumerate(like.conv_layers):
        new = _convolution(like.num_filters, f"head_{name}{index}", use_bias=not like.use_group_norm)
        steps.append((new, convolution))
        if like.use_group_norm:
            normalization = layers.GroupNormalization(32, name=f"head_{name}{index}_normalization")
            steps.append((normalization, like.group_norm_layers[index]))
        steps.append((layers.Activation(like.activation, name=f"head_{name}{index}_activation"), None))
    start = keras.initializers.Constant(bias)
    last = _convolution(anchors * numbers, f"head_{name}_logits", bias_initializer=start, dtype="float32")
    steps.append((last, like.prediction_layer))
    outputs = []
    for level, x in levels.items():
        for layer, _ in steps:
            x = layer(x)
        outputs.append(layers.Reshape((-1, numbers), dtype="float32", name=f"{name}_{level}")(x))
    for layer, origin in steps:
        values = origin.get_weights() if trained and origin is not None else []
        if [value.shape for value in values] == [tuple(weight.shape) for weight in layer.weights]:
            layer.set_weights(values)
    return layers.Concatenate(axis=1, dtype="float32", name=f"{name}_levels")(outputs)


def _convolution(filters: int, name: str, **more: Any) -> Any:
    start = keras.initializers.RandomNormal(stddev=0.01)
    return layers.Conv2D(filters, 3, padding="same", kernel_initializer=start, name=name, **more)


def _d_fine(
    hub: Any,
    source: str,
    converter: Any,
    inputs: Tensor,
    size: tuple[int, int],
    classes: int,
    load_weights: bool,
) -> PresetNetwork:
    """A `DFineBackbone`, which is the whole detector, for other classes and another size.

    keras-hub cannot load its weights for other classes, so it is built anew and gets all weights that fit.
    It computes in float32 in any case: boxes refined in bfloat16 would be off by pixels.
    """
    with dtype_policy("float32"):
        loaded = hub.models.Backbone.from_preset(source, load_weights=load_weights)
        backbone = type(loaded).from_config(
            loaded.get_config()
            | {"num_labels": classes, "anchor_image_size": size, "image_shape": (*size, 3), "labels": None}
        )
        for old, new in zip(loaded.weights, backbone.weights, strict=True):
            if new.shape == old.shape:
                new.assign(old)
        given = backbone(scaled(inputs, converter))
        sets = [layers.Concatenate(name="encoder")([given["enc_topk_logits"], given["enc_topk_bboxes"]])]
        decoded = layers.Concatenate(name="decoder")(
            [given["intermediate_logits"], given["intermediate_reference_points"]]
        )
        sets.append(layers.Reshape((-1, classes + 4), name="decoder_sets")(decoded))
        outputs = layers.Concatenate(axis=1, name="queries")(sets)
    queries = int(backbone.num_queries)
    return PresetNetwork(
        network=keras.Model(inputs, outputs, name="d_fine"),
        size=size,
        anchors=None,
        rows=int(outputs.shape[1]),
        predictions=queries,
    )


def _own_size(converter: Any) -> tuple[int, int]:
    height, width = getattr(converter, "image_size", None) or (640, 640)
    return max(1, round(height / STEP)) * STEP, max(1, round(width / STEP)) * STEP
