"""keras-hub presets of the BERT family as classifiers of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from suite import UserError
from suite.kit import import_keras_hub, loading_preset, preset_source

Tensor = Any

FAMILIES = ("Bert", "DistilBert", "Electra")
"""Families that write texts in word pieces, with a token before every text that stands for all of it."""

SHOWN = ", ".join(FAMILIES[:-1]) + " or " + FAMILIES[-1]
"""Their names in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What is loaded of a preset.

    Attributes:
        backbone: keras-hub's network.
        tokenizer: keras-hub's `WordPieceTokenizer`.
        max_length: tokens that it can read at once.
    """

    backbone: Any
    tokenizer: Any
    max_length: int


def load_preset(preset: str, *, load_weights: bool = True) -> Preset:
    """Load a preset.

    Args:
        preset: a name that keras-hub knows, which it downloads once, or the folder of a preset.
        load_weights: whether to load the preset's weights, or only its architecture and tokens.

    Raises:
        suite.UserError: if keras-hub is not installed, the preset is not known, does not load, or is of
            another family.
    """
    hub = import_keras_hub()
    classes = {name: getattr(hub.models, f"{name}Backbone") for name in FAMILIES}
    known = {name for backbone in classes.values() for name in backbone.presets}
    source = preset_source(preset, known, kind=f"a {SHOWN}")
    with loading_preset(preset):
        backbone = hub.models.Backbone.from_preset(source, load_weights=load_weights)
        family = next((name for name, kind in classes.items() if isinstance(backbone, kind)), None)
        if family is None:
            raise UserError(
                f"preset '{preset}' is of {type(backbone).__name__}: texts are classified by those of {SHOWN}"
            )
        tokenizer = getattr(hub.models, f"{family}Tokenizer").from_preset(source)
    return Preset(backbone=backbone, tokenizer=tokenizer, max_length=int(backbone.max_sequence_length))


@keras.saving.register_keras_serializable(package="suite_text")
class NoPadding(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """int32 (batch, steps) of tokens to the same of ones, and zeros for padding.

    Args:
        padding: the number of padding.
    """

    def __init__(self, padding: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, tokens: Tensor) -> Tensor:
        return ops.cast(ops.not_equal(tokens, self.padding), "int32")

    def compute_output_spec(self, tokens: Tensor) -> Any:
        return keras.KerasTensor(tokens.shape, "int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding}


@keras.saving.register_keras_serializable(package="suite_text")
class Segments(layers.Layer):  # type: ignore[misc]
    """The segment of each token, int32 (batch, steps): all are of the first one."""

    def call(self, tokens: Tensor) -> Tensor:
        return ops.zeros_like(tokens)

    def compute_output_spec(self, tokens: Tensor) -> Any:
        return keras.KerasTensor(tokens.shape, "int32")


@keras.saving.register_keras_serializable(package="suite_text")
class FirstStep(layers.Layer):  # type: ignore[misc]
    """Features (batch, steps, width) to those of the first step, (batch, width)."""

    def call(self, x: Tensor) -> Tensor:
        return x[:, 0]

    def compute_output_shape(self, x_shape: Any) -> Any:
        return (x_shape[0], x_shape[-1])


def preset_network(preset: Preset, classes: int, *, padding: int, dropout: float) -> keras.Model:
    """The backbone of a preset, its features of the first token, and a new last layer.

    The preset's own layer upon the first token is used; if it has none (DistilBERT), it gets a new one.

    Args:
        preset: loaded.
        classes: number of logits.
        padding: the number of padding.
        dropout: share of features dropped before the last layer.

    Returns:
        A model from `tokens` int32 (batch, tokens) to float32 (batch, classes).
    """
    inputs = {"tokens": keras.Input((None,), dtype="int32", name="tokens")}
    tokens = inputs["tokens"]
    backbone_inputs = {"token_ids": tokens, "padding_mask": NoPadding(padding, name="no_padding")(tokens)}
    if "segment_ids" in preset.backbone.input:
        backbone_inputs["segment_ids"] = Segments(name="segments")(tokens)
    features = preset.backbone(backbone_inputs)
    if isinstance(features, dict) and "pooled_output" in features:
        x = features["pooled_output"]
    else:
        x = FirstStep(name="first")(features["sequence_output"] if isinstance(features, dict) else features)
        x = layers.Dense(x.shape[-1], activation="tanh", name="pooled")(x)
    if dropout > 0:
        x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(inputs, outputs, name="preset")
