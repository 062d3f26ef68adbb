"""keras-hub presets that write text, as language models of the suite's own kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from suite import UserError
from suite.kit import import_keras_hub, loading_preset, preset_source
from suite_text.generation.models.language_model import NEVER, LanguageModel
from suite_text.tokens.vocabulary import END, PADDING, SPECIAL, START, UNKNOWN

Tensor = Any

FAMILIES = ("GPT2", "Llama3", "Qwen", "Qwen3")
"""Families that write in byte pairs, and whose last layer is the transposed table of the tokens' vectors."""

SHOWN = ", ".join(FAMILIES[:-1]) + " or " + FAMILIES[-1]
"""Their names in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What is loaded of a preset.

    Attributes:
        model: keras-hub's `CausalLM`.
        tokenizer: keras-hub's `BytePairTokenizer`.
        family: one of `FAMILIES`.
        max_length: tokens that it can see at once; None if it has no limit.
    """

    model: Any
    tokenizer: Any
    family: str
    max_length: int | None


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
    classes = {name: getattr(hub.models, f"{name}CausalLM") for name in FAMILIES}
    known = {name for kind in classes.values() for name in kind.presets}
    source = preset_source(preset, known, kind=f"a {SHOWN}")
    with loading_preset(preset):
        model = hub.models.CausalLM.from_preset(source, preprocessor=None, load_weights=load_weights)
        family = next((name for name, kind in classes.items() if isinstance(model, kind)), None)
        if family is None:
            raise UserError(
                f"preset '{preset}' is a {type(model).__name__}: texts are written by those of {SHOWN}"
            )
        tokenizer = getattr(hub.models, f"{family}Tokenizer").from_preset(source)
    limit = getattr(model.backbone, "max_sequence_length", None)
    return Preset(model=model, tokenizer=tokenizer, family=family, max_length=limit and int(limit))


@keras.saving.register_keras_serializable(package="suite_text")
class PresetLanguageModel(LanguageModel):
    """A keras-hub `CausalLM` whose tokens are numbered as in `Vocabulary`: special ones, then its own.

    Args:
        model: the `CausalLM`.
        tokens: how many tokens its tokenizer has; the network may know more.
        start: its token that begins a text.
        end: its token that ends one.
        silent: its tokens that are no text.
    """

    def __init__(
        self, model: Any, *, tokens: int, start: int, end: int, silent: tuple[int, ...] = (), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.numbers = {"tokens": tokens, "start": start, "end": end, "silent": list(silent)}
        never = {PADDING, UNKNOWN, START, *(len(SPECIAL) + number for number in silent)}
        self._allowed = [NEVER if number in never else 0.0 for number in range(len(SPECIAL) + tokens)]
        # For each special token, which of the preset's tokens is read and scored.
        self._special = [end, end, start, end]

    @property
    def metrics(self) -> list[Any]:
        """None: keras-hub compiles its models with some that stay empty."""
        return []

    def build(
        self,
        tokens_shape: Any,
        draws_shape: Any = None,
        sampling_shape: Any = None,
        repeated_shape: Any = None,
    ) -> None:
        if not self.model.built:
            self.model.build(tokens_shape)

    def _own(self, tokens: Tensor) -> Tensor:
        """Tokens by the preset's numbers."""
        special = ops.convert_to_tensor(self._special, "int32")
        first = len(SPECIAL)
        named = ops.take(special, ops.minimum(tokens, first - 1), axis=0)
        return ops.where(tokens < first, named, ops.maximum(tokens - first, 0))

    def _read(self, tokens: Tensor, training: Any = None) -> tuple[Tensor, Any]:
        own = self._own(tokens)
        if training:
            inputs = {"token_ids": own, "padding_mask": ops.cast(tokens != PADDING, "int32")}
            return self.model.backbone(inputs, training=True), None
        hidden, cache = self.model._build_cache(own)
        return hidden, cache

    def _scores(self, hidden: Tensor) -> Tensor:
        own = ops.cast(self.model.backbone.token_embedding(hidden, reverse=True), "float32")
        special = [own[..., number : number + 1] for number in self._special]
        scores = ops.concatenate([*special, own[..., : self.numbers["tokens"]]], axis=-1)
        return scores + ops.convert_to_tensor(self._allowed, "float32")

    def _written(
        self, tokens: Tensor, kept: Any, draws: Tensor, sampling: Tensor, repeated: Tensor
    ) -> Tensor:
        """Write a position of all texts at a time, from the end of the shortest on; they are left aligned."""
        length, steps = ops.shape(tokens)[1], ops.shape(draws)[1]
        counts = ops.sum(ops.cast(tokens != PADDING, "int32"), axis=1)
        positions = ops.arange(length + steps, dtype="int32")[None]
        texts = ops.pad(tokens, [[0, 0], [0, steps]])
        texts = ops.where(positions < counts[:, None], texts, END)
        # (batch, layers, 2, positions, heads, size)
        cache = ops.pad(kept, [[0, 0], [0, 0], [0, 0], [0, steps], [0, 0], [0, 0]])

        def goes_on(
            position: Tensor,
            texts: Tensor,
            log_probs: Tensor,
            ended: Tensor,
            cache: Tensor,
            repeated: Tensor,
            *fixed: Any,
        ) -> Tensor:
            within = position < ops.max(fixed[0]) + ops.shape(fixed[1])[1] - 1
            return ops.logical_and(within, ops.logical_not(ops.all(ended)))

        def write(
            position: Tensor,
            texts: Tensor,
            log_probs: Tensor,
            ended: Tensor,
            cache: Tensor,
            repeated: Tensor,
            counts: Tensor,
            draws: Tensor,
            sampling: Tensor,
        ) -> Any:
            positions = ops.arange(ops.shape(texts)[1], dtype="int32")[None]
            token = ops.sum(ops.where(positions == position, texts, 0), axis=1, keepdims=True)
            _, hidden, cache = self.model.call_with_cache(self._own(token), cache, position)
            step = position + 1 - counts[:, None]
            following, score, more = self._chosen(hidden[:, 0], step, draws, sampling, repeated)
            repeated = ops.where(step >= 0, more, repeated)
            following, score = ops.where(ended, END, following), ops.where(ended, 0.0, score)
            # A text that is longer than others keeps its own tokens while they write.
            here = ops.logical_and(positions == position + 1, step >= 0)
            texts = ops.where(here, following[:, None], texts)
            log_probs = ops.where(here, score[:, None], log_probs)
            ended = ops.logical_or(ended, ops.logical_and(step[:, 0] >= 0, following == END))
            return position + 1, texts, log_probs, ended, cache, repeated, counts, draws, sampling

        state = (ops.min(counts) - 1, texts, ops.zeros_like(texts, "float32"), counts < 0, cache, repeated)
        # Everything that the loop needs goes through it: values that it only refers to are not exported.
        _, texts, log_probs, *_ = ops.while_loop(goes_on, write, (*state, counts, draws, sampling))
        own = counts[:, None] + ops.arange(steps, dtype="int32")[None]
        written = ops.cast(ops.take_along_axis(texts, own, axis=1), "float32")
        return ops.stack([written, ops.take_along_axis(log_probs, own, axis=1)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        model = keras.saving.serialize_keras_object(self.model)
        return {**super().get_config(), "model": model, **self.numbers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PresetLanguageModel:
        model = keras.saving.deserialize_keras_object(config["model"])
        return cls(**{**config, "model": model, "silent": tuple(config["silent"])})
