"""The decoder of Whisper and Moonshine: teacher forcing while training, else it writes by itself."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from suite_speech_recognition.presets.layers import Block

Tensor = Any

_NEVER = -1e9


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class TokenDecoder(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Gives tokens and their log-probabilities, float32 (batch, tokens, 2), from what the encoder heard.

    While training, the tokens are those of the input after the prompt, each with its log-probability after
    all before it. Otherwise the input is the prompt alone, and each token is the likeliest after all before
    it: `steps` of them, and after the first end token all are the end token with log-probability 0. Both have
    one form, so that one loss understands them.

    Args:
        vocabulary: tokens that it knows.
        depth: blocks.
        block: what a `Block` takes.
        positions: vectors for positions that it has learned; 0 if positions turn queries and keys.
        prompt: tokens with which every text begins.
        steps: tokens that it writes at most.
        end: the token that ends a text.
        finds_language: whether its second token is a language, which it finds if the input has -1 there.
        tokens_per_sample: it writes no more than this many per sample of the audio; 0 for no such limit.
        dropout: of embedded tokens, while training.
    """

    def __init__(
        self,
        vocabulary: int,
        depth: int,
        block: dict[str, Any],
        *,
        positions: int,
        prompt: int,
        steps: int,
        end: int,
        finds_language: bool = False,
        tokens_per_sample: float = 0.0,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.own: dict[str, Any] = {
            "vocabulary": vocabulary,
            "depth": depth,
            "block": dict(block),
            "positions": positions,
            "prompt": prompt,
            "steps": steps,
            "end": end,
            "finds_language": finds_language,
            "tokens_per_sample": tokens_per_sample,
            "dropout": dropout,
        }
        self.vocabulary, self.positions = vocabulary, positions
        self.prompt, self.steps, self.end = prompt, steps, end
        self.finds_language, self.tokens_per_sample = finds_language, tokens_per_sample
        self.blocks = [
            Block(**block, cross=True, name=f"block{index}", dtype=self.dtype_policy)
            for index in range(depth)
        ]
        self.norm = layers.LayerNormalization(
            epsilon=1e-5, center=block["bias"], name="norm", dtype=self.dtype_policy
        )
        self.dropout = layers.Dropout(dropout, name="dropout", dtype=self.dtype_policy)

    def build(
        self, features_shape: Any, tokens_shape: Any, samples_shape: Any, count_shape: Any = None
    ) -> None:
        width = features_shape[-1]
        self.embeddings = self.add_weight(name="embeddings", shape=(self.vocabulary, width))
        if self.positions:
            self.vectors = self.add_weight(name="positions", shape=(self.positions, width))
        # 0 for what may be written, and for languages, else far below 0.
        self.text = self.add_weight(
            name="text", shape=(self.vocabulary,), initializer="zeros", trainable=False
        )
        self.languages = self.add_weight(
            name="languages", shape=(self.vocabulary,), initializer="zeros", trainable=False
        )
        for block in self.blocks:
            block.build((None, None, width))
        self.norm.build((None, None, width))

    def allow(self, text: Any, languages: Any) -> None:
        """Set which tokens may be written, and which are languages: bool (vocabulary,) each."""
        for weight, allowed in ((self.text, text), (self.languages, languages)):
            weight.assign([0.0 if may_be_written else _NEVER for may_be_written in allowed])

    def call(
        self, features: Tensor, tokens: Tensor, samples: Tensor, count: Tensor = None, training: Any = None
    ) -> Tensor:
        of_recording = None
        if count is not None:
            frames = ops.arange(ops.shape(features)[1], dtype="int32")
            of_recording = (frames[None, :] < count[:, None])[:, None, None, :]
        nowhere = ops.zeros((1,), "int32")  # attention to the encoder knows no positions
        crosses = [block.cross_attention.keys_and_values(features, nowhere) for block in self.blocks]
        if training:
            return self._forced(tokens, crosses, of_recording)
        return self._written(tokens, crosses, of_recording, samples)

    def compute_output_spec(
        self, features: Any, tokens: Any, samples: Any, count: Any = None, training: Any = None
    ) -> Any:
        return keras.KerasTensor((features.shape[0], None, 2), dtype="float32")

    def _forced(self, tokens: Tensor, crosses: list[Any], of_recording: Tensor) -> Tensor:
        if self.finds_language:
            # Of two tokens, because Keras warns of a softmax over one.
            first = self._all_at_once(ops.maximum(tokens[:, :2], 0), crosses, of_recording, training=False)
            scores = self._logits(first[:, 0]) + ops.cast(self.languages, "float32")
            language = ops.stop_gradient(_likeliest(scores))
            tokens = ops.where(tokens < 0, language[:, None], tokens)
        hidden = self._all_at_once(tokens, crosses, of_recording, training=True)[:, self.prompt - 1 : -1]
        targets = tokens[:, self.prompt :]
        scores = ops.log_softmax(self._logits(hidden) + ops.cast(self.text, "float32"))
        chosen = ops.take_along_axis(scores, targets[:, :, None], axis=-1)[:, :, 0]
        return ops.stack([ops.cast(targets, "float32"), chosen], axis=-1)

    def _all_at_once(
        self, tokens: Tensor, crosses: list[Any], of_recording: Tensor, *, training: bool
    ) -> Tensor:
        """What follows each token, (batch, tokens, width), given all tokens."""
        positions = ops.arange(ops.shape(tokens)[1], dtype="int32")
        before = (positions[None, :] <= positions[:, None])[None, None]
        x = self.dropout(self._embedded(tokens, positions), training=training)
        for block, (cross_keys, cross_values) in zip(self.blocks, crosses, strict=True):
            drop = block.dropout
            normal = block.attention_norm(x)
            keys, values = block.attention.keys_and_values(normal, positions)
            added = block.attention.attend(normal, positions, keys, values, before)
            x = x + drop(added, training=training)
            added = block.cross_attention.attend(
                block.cross_norm(x), positions, cross_keys, cross_values, of_recording
            )
            x = x + drop(added, training=training)
            x = x + drop(block.feed_forward(x), training=training)
        return self.norm(x)

    def _written(self, prompt: Tensor, crosses: list[Any], of_recording: Tensor, samples: Tensor) -> Tensor:
        """Greedy search, one token at a time, with the keys and values of all before it kept."""
        last = self.prompt + self.steps - 1
        prompt = prompt[:, : self.prompt]
        batch = ops.shape(prompt)[0]
        limit = ops.cast(ops.ceil(ops.cast(samples, "float32") * self.tokens_per_sample), "int32")
        position_of = ops.arange(last, dtype="int32")
        prompt_position_of = ops.arange(self.prompt, dtype="int32")
        text, languages = ops.cast(self.text, "float32"), ops.cast(self.languages, "float32")
        flat = [part for pair in crosses for part in pair]
        # Everything that the loop needs goes through it: what it only refers to does not export.
        fixed = (*flat, *(() if of_recording is None else (of_recording,)))

        def goes_on(index: Tensor, token: Tensor, ended: Tensor, *_: Any) -> Tensor:
            return ops.logical_and(index < last, ops.logical_not(ops.all(ended)))

        def step(index: Tensor, token: Tensor, ended: Tensor, *rest: Any) -> Any:
            written, scores_so_far, *kept = rest
            kept, fixed_inputs = kept[: 2 * len(self.blocks)], kept[2 * len(self.blocks) :]
            position = ops.reshape(index, (1,))
            before = (position_of <= index)[None, None, None, :]
            here = (position_of == index)[None, :]
            x = self._embedded(token[:, None], position)
            new_kept: list[Any] = []
            for number, block in enumerate(self.blocks):
                old_keys, old_values = kept[2 * number : 2 * number + 2]
                cross_keys, cross_values = fixed_inputs[2 * number : 2 * number + 2]
                of_encoder = None if of_recording is None else fixed_inputs[-1]
                normal = block.attention_norm(x)
                keys, values = block.attention.keys_and_values(normal, position)
                keys = ops.where(here[:, :, None, None], keys, old_keys)
                values = ops.where(here[:, :, None, None], values, old_values)
                new_kept += [keys, values]
                x = x + block.attention.attend(normal, position, keys, values, before)
                normal = block.cross_norm(x)
                x = x + block.cross_attention.attend(normal, position, cross_keys, cross_values, of_encoder)
                x = x + block.feed_forward(x)
            logits = self._logits(self.norm(x)[:, 0])
            scores = ops.log_softmax(logits + text)
            best, score = _likeliest(scores), ops.max(scores, axis=-1)
            if self.tokens_per_sample:
                ended = ops.logical_or(ended, index - (self.prompt - 1) >= limit)
            best, score = ops.where(ended, self.end, best), ops.where(ended, 0.0, score)
            # As long as the prompt goes on, the next token is its own.
            inside = index + 1 < self.prompt
            following = ops.sum(ops.where(prompt_position_of[None, :] == index + 1, prompt, 0), axis=1)
            if self.finds_language:
                following = ops.where(following < 0, _likeliest(logits + languages), following)
            best = ops.where(inside, following, best)
            ended = ops.logical_and(ops.logical_or(ended, best == self.end), ops.logical_not(inside))
            written = ops.where(here, best[:, None], written)
            scores_so_far = ops.where(here, score[:, None], scores_so_far)
            return (index + 1, best, ended, written, scores_so_far, *new_kept, *fixed_inputs)

        heads = (batch, last, self.own["block"]["heads"], self.own["block"]["size"])
        start = (
            ops.zeros((), "int32"),
            prompt[:, 0],
            ops.zeros((batch,), "bool"),
            ops.full((batch, last), self.end, "int32"),
            ops.zeros((batch, last), "float32"),
            *(ops.zeros(heads, self.compute_dtype) for _ in flat),
            *fixed,
        )
        written, log_probabilities = ops.while_loop(goes_on, step, start)[3:5]
        both = ops.stack([ops.cast(written, "float32"), log_probabilities], axis=-1)
        return both[:, self.prompt - 1 :]

    def _embedded(self, tokens: Tensor, positions: Tensor) -> Tensor:
        x = ops.take(ops.cast(self.embeddings, self.compute_dtype), tokens, axis=0)
        if self.positions:
            x = x + ops.take(ops.cast(self.vectors, self.compute_dtype), positions, axis=0)
        return x

    def _logits(self, x: Tensor) -> Tensor:
        embeddings = ops.cast(self.embeddings, self.compute_dtype)
        return ops.cast(ops.matmul(x, ops.transpose(embeddings)), "float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.own}


def _likeliest(scores: Tensor) -> Tensor:
    """int32 (batch,): the first of the greatest. Keras's argmax looks at bits, which ONNX cannot."""
    best = ops.max(scores, axis=-1, keepdims=True)
    count = scores.shape[-1]
    indices = ops.arange(count, dtype="int32")
    return ops.min(ops.where(scores >= best, indices, count - 1), axis=-1)
