"""A decoder-only Transformer that scores its input and continues it."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from suite_text.generation.models.language_model import NEVER, LanguageModel, networks_of
from suite_text.models.blocks import TokenEmbedding, TransformerBlock, causal_mask
from suite_text.tokens.vocabulary import END, PADDING, START

Tensor = Any

NETWORKS: dict[str, dict[str, int]] = {
    "tiny": {"width": 128, "depth": 2, "heads": 2},
    "small": {"width": 256, "depth": 4, "heads": 4},
    "medium": {"width": 512, "depth": 8, "heads": 8},
    "large": {"width": 1024, "depth": 16, "heads": 16},
}
"""The sizes: 0.4, 3, 25 and 200 million weights, without those of the vocabulary."""


def generation_network(
    vocabulary: int,
    *,
    width: int,
    depth: int,
    heads: int,
    dropout: float = 0.0,
    cached: bool = True,
) -> tuple[keras.Model, keras.Model]:
    """A decoder-only Transformer from scratch, as `networks_of` describes it.

    Args:
        vocabulary: how many tokens there are.
        width: of the vectors between blocks.
        depth: blocks.
        heads: of their attention.
        dropout: share of what each block adds that is dropped while training.
        cached: whether keys and values are kept from token to token; False only for comparison.
    """
    generator = Generator(vocabulary, width, depth, heads, dropout=dropout, cached=cached, name="generator")
    return networks_of(generator, "transformer")


@keras.saving.register_keras_serializable(package="suite_text")
class Generator(LanguageModel):
    """A decoder-only Transformer; for its arguments see `generation_network`."""

    def __init__(
        self,
        vocabulary: int,
        width: int,
        depth: int,
        heads: int,
        *,
        dropout: float = 0.0,
        cached: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.own: dict[str, Any] = {
            "vocabulary": vocabulary,
            "width": width,
            "depth": depth,
            "heads": heads,
            "dropout": dropout,
            "cached": cached,
        }
        self.vocabulary, self.width, self.cached = vocabulary, width, cached
        policy = self.dtype_policy
        self.embedding = TokenEmbedding(vocabulary, width, name="embedding", dtype=policy)
        units = 8 * width // 3 // 16 * 16
        self.blocks = [
            TransformerBlock(heads, units, dropout=dropout, name=f"block{index}", dtype=policy)
            for index in range(depth)
        ]
        self.norm = layers.RMSNormalization(name="norm", dtype=policy)
        self.dropout = layers.Dropout(dropout, name="dropout", dtype=policy)

    def build(
        self,
        tokens_shape: Any,
        draws_shape: Any = None,
        sampling_shape: Any = None,
        repeated_shape: Any = None,
    ) -> None:
        self.embedding.build()
        for layer in (*self.blocks, self.norm):
            layer.build((None, None, self.width))

    def _read(self, tokens: Tensor, training: Any = None) -> tuple[Tensor, list[Any]]:
        x = self.dropout(self.embedding(tokens), training=training)
        before = causal_mask(ops.shape(tokens)[1])
        caches = []
        for block in self.blocks:
            x, cache = block.forward(x, None, before, training=training)
            caches.append(cache)
        return self.norm(x), caches

    def _scores(self, hidden: Tensor) -> Tensor:
        ids = ops.arange(self.vocabulary, dtype="int32")
        never = ops.logical_or(ids == PADDING, ids == START)
        return self.embedding.scores(hidden) + ops.where(never, NEVER, 0.0)

    def _written(
        self, tokens: Tensor, caches: list[Any], draws: Tensor, sampling: Tensor, repeated: Tensor
    ) -> Tensor:
        """One token at a time; written tokens have positions behind all those of the input."""
        batch, length, steps = ops.shape(tokens)[0], ops.shape(tokens)[1], ops.shape(draws)[1]
        counts = ops.sum(ops.cast(tokens != PADDING, "int32"), axis=1)
        input_positions, steps_ahead = ops.arange(length, dtype="int32"), ops.arange(steps, dtype="int32")
        # For each position in the cache, its token of the input, and its step; -1 if it has none.
        input_of = ops.concatenate([input_positions, ops.zeros_like(steps_ahead) - 1])
        step_of = ops.concatenate([ops.zeros_like(input_positions) - 1, steps_ahead])
        none_yet = ops.zeros((batch, steps), "int32")
        if self.cached:
            spare = [block.empty_cache(batch, steps) for block in self.blocks]
            seen = [
                ops.concatenate(pair, axis=2)
                for both in zip(caches, spare, strict=True)
                for pair in zip(*both, strict=True)
            ]
        else:
            seen = [ops.concatenate([tokens, none_yet], axis=1)]
        # Everything that the loop needs goes through it: values that it only refers to are not exported.
        fixed = (counts, input_of, step_of, steps_ahead, draws, sampling)

        def goes_on(step: Tensor, token: Tensor, ended: Tensor, *_: Any) -> Tensor:
            return ops.logical_and(step < steps, ops.logical_not(ops.all(ended)))

        def write(
            step: Tensor,
            token: Tensor,
            ended: Tensor,
            written: Tensor,
            log_probs: Tensor,
            repeated: Tensor,
            *rest: Any,
        ) -> Any:
            seen, constants = list(rest[:-6]), rest[-6:]
            counts, input_of, step_of, steps_ahead, draws, sampling = constants
            position = counts - 1 + step
            if self.cached:
                # The last token of the input is read once more, as the first one here.
                before = ops.logical_and(input_of >= 0, input_of[None] < counts[:, None] - 1)
                since = ops.logical_and(step_of >= 0, step_of <= step)
                mask = ops.logical_or(before, since[None])[:, None]
                hidden, seen = self._read_one(token, position, mask, step_of == step, seen)
            else:
                everything = self._read(seen[0])[0]
                positions = ops.arange(ops.shape(seen[0])[1], dtype="int32")[None]
                hidden = ops.sum(
                    ops.where((positions == position[:, None])[:, :, None], everything, 0.0), axis=1
                )
            here = (steps_ahead == step)[None]
            following, score, repeated = self._chosen(hidden, step, draws, sampling, repeated)
            following, score = ops.where(ended, END, following), ops.where(ended, 0.0, score)
            if not self.cached:
                seen = [ops.where(positions == position[:, None] + 1, following[:, None], seen[0])]
            written = ops.where(here, following[:, None], written)
            log_probs = ops.where(here, score[:, None], log_probs)
            ended = ops.logical_or(ended, following == END)
            return (step + 1, following, ended, written, log_probs, repeated, *seen, *constants)

        last = input_positions[None] == counts[:, None] - 1
        start = (
            ops.zeros((), "int32"),
            ops.sum(ops.where(last, tokens, 0), axis=1),
            ops.zeros((batch,), "bool"),
            none_yet + END,
            ops.cast(none_yet, "float32"),
            repeated,
            *seen,
            *fixed,
        )
        written, log_probs = ops.while_loop(goes_on, write, start)[3:5]
        return ops.stack([ops.cast(written, "float32"), log_probs], axis=-1)

    def _read_one(
        self, token: Tensor, position: Tensor, mask: Tensor, here: Tensor, seen: list[Any]
    ) -> tuple[Tensor, list[Any]]:
        """The features after one more token, (batch, width), and the caches of the blocks by then."""
        x = self.embedding(token[:, None])
        kept: list[Any] = []
        for index, block in enumerate(self.blocks):
            cache = (seen[2 * index], seen[2 * index + 1])
            x, cache = block.forward(x, position[:, None], mask, cache=cache, here=here)
            kept += cache
        return self.norm(x)[:, 0], kept

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.own}
