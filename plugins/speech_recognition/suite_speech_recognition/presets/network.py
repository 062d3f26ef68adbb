"""keras-hub's Whisper and Moonshine as networks that the host can train, save, load and export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from suite import UserError
from suite.kit import import_keras_hub, loading_preset, preset_source
from suite_speech_recognition.presets.decoder import TokenDecoder
from suite_speech_recognition.presets.layers import (
    Block,
    FrameCount,
    Positions,
    WhisperLogMel,
    WholeNormalization,
    WithoutPadding,
)
from suite_speech_recognition.presets.tokens import PresetTokens, preset_tokens

Tensor = Any

MAX_STEPS = 224
"""Tokens that a Whisper writes at most at once, half of its context, as its authors have it."""

MOONSHINE_PACE = 6.5
"""Tokens per second that a Moonshine writes at most, as in its authors' programs, lest it go on and on."""

KERNELS, STRIDES = (127, 7, 3), (64, 3, 2)
"""Of the convolutions with which a Moonshine begins (Jeffries et al. 2024, arXiv:2410.15608, section 3.1)."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What is loaded of a preset.

    Attributes:
        backbone: keras-hub's network.
        tokens: between text and tokens.
        rate: samples per second.
        seconds: how much it hears at once.
        is_whisper: else it is a Moonshine.
        converter: keras-hub's layer that prepares the audio.
    """

    backbone: Any
    tokens: PresetTokens
    rate: int
    seconds: float
    is_whisper: bool
    converter: Any

    @property
    def max_tokens(self) -> int | None:
        """Tokens that it can write for what it hears at once; None if there is no limit."""
        if not self.is_whisper:
            return None
        return int(self.backbone.max_decoder_sequence_length) - len(self.tokens.prompt)


def load_preset(preset: str, *, load_weights: bool = True) -> Preset:
    """Load a preset.

    Args:
        preset: a name that keras-hub knows, which it downloads once, or the folder of a preset.
        load_weights: whether to load the preset's weights, or only its architecture and tokens.

    Raises:
        suite.UserError: if keras-hub is not installed, the preset is not known, does not load, or is
            neither Whisper nor Moonshine.
    """
    hub = import_keras_hub()
    known = {**hub.models.WhisperBackbone.presets, **hub.models.MoonshineBackbone.presets}
    source = preset_source(preset, known, kind="a Whisper or Moonshine")
    with loading_preset(preset):
        backbone = hub.models.Backbone.from_preset(source, load_weights=load_weights)
        is_whisper = isinstance(backbone, hub.models.WhisperBackbone)
        if not is_whisper and not isinstance(backbone, hub.models.MoonshineBackbone):
            raise UserError(
                f"preset '{preset}' is of {type(backbone).__name__}: speech is recognized by those of Whisper"
                " and Moonshine"
            )
        kind = "Whisper" if is_whisper else "Moonshine"
        converter = getattr(hub.layers, f"{kind}AudioConverter").from_preset(source)
        # keras-hub 0.32 takes Moonshine's tokenizer for one of Llama, and then does not find it.
        named = getattr(hub.models, f"{kind}Tokenizer")
        tokenizer_class: Any = type(named.__name__, (named,), {"backbone_cls": type(backbone)})
        tokenizer = tokenizer_class.from_preset(source)
    tokens = preset_tokens(tokenizer, is_whisper=is_whisper, vocabulary=backbone.vocabulary_size)
    return Preset(
        backbone=backbone,
        tokens=tokens,
        rate=int(converter.sampling_rate),
        seconds=float(converter.max_audio_length) if is_whisper else 30.0,
        is_whisper=is_whisper,
        converter=converter,
    )


def preset_network(
    preset: Preset, length: int | None, steps: int, *, pace: float = 0.0, dropout: float = 0.0
) -> keras.Model:
    """The network of a preset with all preprocessing and greedy decoding inside, see `TokenDecoder`.

    Its inputs are `audio` float32 (batch, samples), `samples` int32 (batch,) and `tokens` int32 (batch,
    tokens); the layers of its encoder have names that begin with "encoder".

    Args:
        preset: loaded.
        length: samples of the audio; None for any.
        steps: tokens that are written at most.
        pace: tokens per second that are written at most; 0 for no such limit.
        dropout: while training.
    """
    inputs = {
        "audio": keras.Input((length,), dtype="float32", name="audio"),
        "samples": keras.Input((), dtype="int32", name="samples"),
        "tokens": keras.Input((None,), dtype="int32", name="tokens"),
    }
    audio = WithoutPadding(name="without_padding")(inputs["audio"], inputs["samples"])
    if preset.is_whisper:
        features, count = _whisper_encoder(preset, audio, dropout), None
    else:
        features, count = _moonshine_encoder(preset, audio, inputs["samples"], dropout)
    decoder = TokenDecoder(
        preset.backbone.vocabulary_size,
        **_decoder_of(preset, dropout),
        prompt=len(preset.tokens.prompt),
        steps=steps,
        end=preset.tokens.end,
        finds_language=bool(preset.tokens.languages),
        tokens_per_sample=pace / preset.rate,
        dropout=dropout,
        name="decoder",
    )
    counted = {} if count is None else {"count": count}
    outputs = decoder(features, inputs["tokens"], inputs["samples"], **counted)
    network = keras.Model(inputs, outputs, name="whisper" if preset.is_whisper else "moonshine")
    _take_decoder(decoder, preset)
    return network


def encoder_layers(network: keras.Model) -> tuple[str, ...]:
    """The names of the layers of the encoder that have weights."""
    return tuple(layer.name for layer in network.layers if layer.name.startswith("encoder") and layer.weights)


def _whisper_encoder(preset: Preset, audio: Tensor, dropout: float) -> Tensor:
    backbone, converter = preset.backbone, preset.converter
    width = backbone.hidden_dim
    x = WhisperLogMel(
        preset.rate, converter.num_mels, converter.num_fft_bins, converter.stride, name="log_mel"
    )(audio)
    first = layers.Conv1D(width, 3, padding="same", name="encoder_conv1")
    second = layers.Conv1D(width, 3, strides=2, name="encoder_conv2")
    x = layers.Activation("gelu", name="encoder_gelu1")(first(x))
    x = layers.ZeroPadding1D(1, name="encoder_padding")(x)
    x = layers.Activation("gelu", name="encoder_gelu2")(second(x))
    positions = Positions(backbone.max_encoder_sequence_length // 2, name="encoder_positions")
    x = layers.Dropout(dropout, name="encoder_dropout")(positions(x))
    for index, old in enumerate(backbone.encoder_transformer_layers):
        attention = old._self_attention_layer
        block = Block(
            **_heads(attention),
            units=backbone.intermediate_dim,
            dropout=dropout,
            name=f"encoder_block{index}",
        )
        x = block(x)
        _take_attention(block.attention, attention)
        _take(block.attention_norm, old._self_attention_layer_norm)
        _take(block.norm, old._feedforward_layer_norm)
        _take(block.inner, old._feedforward_intermediate_dense)
        _take(block.outer, old._feedforward_output_dense)
    norm = layers.LayerNormalization(epsilon=1e-5, name="encoder_norm")
    x = norm(x)
    _take(first, backbone.encoder_conv_layer_1)
    _take(second, backbone.encoder_conv_layer_2)
    _take(positions, backbone.encoder_position_embedding)
    _take(norm, backbone.encoder_layer_norm)
    return x


def _moonshine_encoder(
    preset: Preset, audio: Tensor, samples: Tensor, dropout: float
) -> tuple[Tensor, Tensor]:
    """The features, and how many of them are of the recording."""
    backbone = preset.backbone
    x = layers.Reshape((-1, 1), name="encoder_channel")(audio)
    if preset.converter.do_normalize:
        x = WholeNormalization(1e-7, trainable=False, dtype="float32", name="normalization")(x, samples)
    filters = (backbone.filter_dim, 2 * backbone.filter_dim, backbone.filter_dim)
    convolutions = [
        layers.Conv1D(
            filters[index],
            KERNELS[index],
            STRIDES[index],
            use_bias=index > 0,
            name=f"encoder_conv{index + 1}",
        )
        for index in range(3)
    ]
    x = layers.Activation("tanh", name="encoder_tanh")(convolutions[0](x))
    after_first = FrameCount(KERNELS[:1], STRIDES[:1], name="frames_of_conv1")(samples)
    whole = WholeNormalization(name="encoder_whole_norm")
    x = convolutions[1](whole(x, after_first))
    x = layers.Activation("gelu", name="encoder_gelu2")(x)
    x = layers.Activation("gelu", name="encoder_gelu3")(convolutions[2](x))
    count = FrameCount(KERNELS, STRIDES, name="frames")(samples)
    x = layers.Dropout(dropout, name="encoder_dropout")(x)
    for index, old in enumerate(backbone.encoder_blocks):
        attention = old.self_attention_layer
        block = Block(
            **_heads(attention),
            units=old.feedforward.dense_2.kernel.shape[0],
            gated=backbone.encoder_use_swiglu_activation,
            bias=False,
            attention_bias=backbone.attention_bias,
            rotary=_frequencies(backbone.encoder_rotary_embedding),
            dropout=dropout,
            name=f"encoder_block{index}",
        )
        x = block(x, count)
        _take_attention(block.attention, attention)
        _take(block.attention_norm, old.self_attention_layer_norm)
        _take(block.norm, old.feedforward_layer_norm)
        _take(block.inner, old.feedforward.dense_1)
        _take(block.outer, old.feedforward.dense_2)
    norm = layers.LayerNormalization(epsilon=1e-5, center=False, name="encoder_norm")
    x = norm(x)
    for new, theirs in zip(convolutions, (backbone.conv1, backbone.conv2, backbone.conv3), strict=True):
        _take(new, theirs)
    _take(whole, backbone.group_norm)
    _take(norm, backbone.encoder_final_layer_norm)
    return x, count


def _decoder_of(preset: Preset, dropout: float) -> dict[str, Any]:
    """What a `TokenDecoder` takes of the architecture."""
    backbone = preset.backbone
    if preset.is_whisper:
        first = backbone.decoder_transformer_layers[0]
        block = {**_heads(first._self_attention_layer), "units": backbone.intermediate_dim, "bias": True}
        positions = backbone.max_decoder_sequence_length
        depth = len(backbone.decoder_transformer_layers)
    else:
        first = backbone.decoder_blocks[0]
        block = {
            **_heads(first.self_attention),
            "units": int(first.ff.dense_2.kernel.shape[0]),
            "gated": backbone.decoder_use_swiglu_activation,
            "bias": False,
            "attention_bias": backbone.attention_bias,
            "rotary": _frequencies(backbone.decoder_rotary_embedding),
        }
        positions, depth = 0, len(backbone.decoder_blocks)
    return {"depth": depth, "block": {**block, "dropout": dropout}, "positions": positions}


def _take_decoder(decoder: TokenDecoder, preset: Preset) -> None:
    backbone = preset.backbone
    decoder.embeddings.assign(backbone.token_embedding.embeddings)
    if preset.is_whisper:
        decoder.vectors.assign(backbone.decoder_embeddings.position_embedding.position_embeddings)
        for new, old in zip(decoder.blocks, backbone.decoder_transformer_layers, strict=True):
            _take_attention(new.attention, old._self_attention_layer)
            _take(new.attention_norm, old._self_attention_layer_norm)
            _take_attention(new.cross_attention, old._cross_attention_layer)
            _take(new.cross_norm, old._cross_attention_layer_norm)
            _take(new.inner, old._feedforward_intermediate_dense)
            _take(new.outer, old._feedforward_output_dense)
            _take(new.norm, old._feedforward_layer_norm)
        _take(decoder.norm, backbone.decoder_layer_norm)
    else:
        for new, old in zip(decoder.blocks, backbone.decoder_blocks, strict=True):
            _take(new.attention_norm, old.norm1)
            _take_attention(new.attention, old.self_attention)
            _take(new.cross_norm, old.norm2)
            _take_attention(new.cross_attention, old.cross_attention)
            _take(new.norm, old.norm3)
            _take(new.inner, old.ff.dense_1)
            _take(new.outer, old.ff.dense_2)
        _take(decoder.norm, backbone.decoder_post_norm)
    indices = np.arange(backbone.vocabulary_size)
    decoder.allow(
        np.isin(indices, [*preset.tokens.text, preset.tokens.end]),
        np.isin(indices, list(preset.tokens.languages.values())),
    )


def _take_attention(new: Any, old: Any) -> None:
    _take(new.query, old._query_dense)
    _take(new.key, old._key_dense)
    _take(new.value, old._value_dense)
    _take(new.output_projection, old._output_dense)


def _take(new: Any, old: Any) -> None:
    """The weights of a layer of keras-hub for one of ours; it is an error if they do not fit."""
    new.set_weights(old.get_weights())


def _heads(attention: Any) -> dict[str, Any]:
    _, heads, size = attention._query_dense.kernel.shape
    return {"heads": int(heads), "size": int(size)}


def _frequencies(rotary: Any) -> list[float]:
    values = keras.ops.convert_to_numpy(rotary.inv_freq)
    return [float(value) for value in values]
