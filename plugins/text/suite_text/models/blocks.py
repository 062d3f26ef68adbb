"""Transformer blocks that the networks of all three tasks are made of; keras.ops only, any backend.

A whole text at once, as a layer (of a classifier, an encoder, or a decoder that is being trained):

    x = TokenEmbedding(vocabulary, width)(tokens)
    x = TransformerBlock(heads, units)(x, seen=padding_mask(tokens))

One step after the other, with what was seen before kept in a cache, which is a plain pair of tensors:

    cache = block.empty_cache(batch, positions)
    x, cache = block.forward(x, positions, seen, cache=cache, here=here)

Shapes and conventions:

- x is (batch, steps, width); `positions` int32 (batch, steps) or (1, steps), each example's own; None
  if they are 0, 1, 2, ...
- `seen` is bool, True for what is seen, and broadcasts to (batch, steps, others). None: all is.
  (The name `mask` would make Keras pass it on by itself.)
- keys and values are (batch, heads, others, size) each. `here`, bool (positions,) or (batch, positions), is
  the position in the cache that a single step is written to; `seen` then says which positions are seen.
- attention to another sequence (the encoder's): `block.crossed(context)` makes its keys and values once,
  which `forward(..., crossed=, cross_seen=)` takes.

Within a `keras.ops.while_loop` that is to be exported, everything that a step needs must go through the
loop: caches, masks and crossed pairs among its variables.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any
Pair = tuple[Tensor, Tensor]

_HIDDEN = -1e9  # a masked score: its share is 0 in float32 and bfloat16


def causal_mask(steps: Tensor) -> Tensor:
    """Bool (1, steps, steps): each step sees itself and those before it."""
    positions = ops.arange(steps, dtype="int32")
    return (positions[None, :] <= positions[:, None])[None]


def padding_mask(tokens: Tensor, padding: int = 0) -> Tensor:
    """Bool (batch, 1, steps) of int32 (batch, steps): padding is not seen."""
    return ops.expand_dims(ops.not_equal(tokens, padding), 1)


@keras.saving.register_keras_serializable(package="suite_text")
class TokenEmbedding(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Vectors for tokens; `scores` uses the same table transposed (Vaswani et al. 2017, section 3.4).

    From int32 (batch, steps) to (batch, steps, width).

    Args:
        vocabulary: how many tokens there are.
        width: of a vector.
    """

    def __init__(self, vocabulary: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary, self.width = vocabulary, width

    def build(self, tokens_shape: Any = None) -> None:
        spread = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        shape = (self.vocabulary, self.width)
        self.embeddings = self.add_weight(name="embeddings", shape=shape, initializer=spread)

    def call(self, tokens: Tensor) -> Tensor:
        x = ops.take(self.embeddings, tokens, axis=0)
        return ops.cast(x, self.compute_dtype) * self.width**0.5

    def scores(self, x: Tensor) -> Tensor:
        """The logit of each token, float32 (..., vocabulary), of features (..., width)."""
        embeddings = ops.cast(self.embeddings, self.compute_dtype)
        return ops.cast(ops.matmul(x, ops.transpose(embeddings)), "float32")

    def compute_output_shape(self, tokens_shape: Any) -> Any:
        return (*tokens_shape, self.width)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary": self.vocabulary, "width": self.width}


class Attention(layers.Layer):  # type: ignore[misc]
    """Attention with several heads (Vaswani et al. 2017, section 3.2.2), without biases.

    Args:
        heads: their number; each has the width divided by it.
        rotary: whether queries and keys are turned with their position (Su et al. 2021, arXiv:2104.09864,
            section 3.2.2), each number of their first half together with a number of the second.
        base: the slowest turn takes about 2 pi times so many positions.
    """

    def __init__(self, heads: int, *, rotary: bool = True, base: float = 10_000.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads, self.rotary, self.base = heads, rotary, base

    def build(self, x_shape: Any, context_shape: Any = None) -> None:
        width = x_shape[-1]
        if width % (2 * self.heads):
            raise ValueError(f"{self.heads} heads of even size cannot share a width of {width}")
        self.size = width // self.heads
        context = x_shape if context_shape is None else context_shape
        for name, shape in (("query", x_shape), ("key", context), ("value", context), ("outward", x_shape)):
            layer = layers.Dense(width, use_bias=False, name=name, dtype=self.dtype_policy)
            layer.build((None, None, shape[-1]))
            setattr(self, name, layer)

    def keys_and_values(self, context: Tensor, positions: Tensor = None) -> Pair:
        """(batch, heads, others, size) each, of (batch, others, width)."""
        return self._turned(self._split(self.key(context)), positions), self._split(self.value(context))

    def attend(
        self, x: Tensor, positions: Tensor, keys: Tensor, values: Tensor, seen: Tensor = None
    ) -> Tensor:
        """What each step of x gets from keys and values: (batch, steps, width)."""
        queries = self._turned(self._split(self.query(x)), positions)
        scores = ops.matmul(queries * self.size**-0.5, ops.transpose(keys, (0, 1, 3, 2)))
        scores = ops.cast(scores, "float32")
        if seen is not None:
            scores = ops.where(ops.expand_dims(seen, 1), scores, _HIDDEN)
        shares = ops.cast(ops.softmax(scores), self.compute_dtype)
        mixed = ops.transpose(ops.matmul(shares, values), (0, 2, 1, 3))
        return self.outward(ops.reshape(mixed, (-1, ops.shape(x)[1], self.heads * self.size)))

    def _split(self, x: Tensor) -> Tensor:
        apart = ops.reshape(x, (-1, ops.shape(x)[1], self.heads, self.size))
        return ops.transpose(apart, (0, 2, 1, 3))

    def _turned(self, x: Tensor, positions: Tensor) -> Tensor:
        if not self.rotary:
            return x
        if positions is None:
            positions = ops.arange(ops.shape(x)[2], dtype="int32")[None]
        half = self.size // 2
        frequencies = ops.convert_to_tensor([self.base ** (-pair / half) for pair in range(half)], "float32")
        angles = ops.cast(positions, "float32")[:, None, :, None] * frequencies
        cosine, sine = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
        first, second = ops.split(x, 2, axis=-1)
        return ops.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {"heads": self.heads, "rotary": self.rotary, "base": self.base}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="suite_text")
class TransformerBlock(layers.Layer):  # type: ignore[misc]
    """A block that normalizes first: attention, perhaps attention to another sequence, and feed-forward.

    Normalization is by the root of the mean square (Zhang & Sennrich 2019, arXiv:1910.07467), the
    feed-forward layer is a SwiGLU (Shazeer 2020, arXiv:2002.05202, equation 6). There are no biases.

    Args:
        heads: of the attention.
        units: of the feed-forward layer; 8/3 of the width give as many weights as 4 of the width without
        gates.
        cross: whether there is attention to another sequence, `context`.
        dropout: share of what attention and feed-forward layers add that is dropped in training.
    """

    def __init__(
        self, heads: int, units: int, *, cross: bool = False, dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.heads, self.units, self.cross, self.rate = heads, units, cross, dropout
        policy = self.dtype_policy
        self.attention = Attention(heads, name="attention", dtype=policy)
        self.attention_norm = layers.RMSNormalization(name="attention_norm", dtype=policy)
        if cross:
            self.cross_attention = Attention(heads, rotary=False, name="cross_attention", dtype=policy)
            self.cross_norm = layers.RMSNormalization(name="cross_norm", dtype=policy)
        self.inner = layers.Dense(2 * units, use_bias=False, name="inner", dtype=policy)
        self.norm = layers.RMSNormalization(name="norm", dtype=policy)
        self.dropout = layers.Dropout(dropout, name="dropout", dtype=policy)
        self.outer: Any = None

    def build(
        self,
        x_shape: Any,
        positions_shape: Any = None,
        seen_shape: Any = None,
        context_shape: Any = None,
        context_seen_shape: Any = None,
    ) -> None:
        shape = (None, None, x_shape[-1])
        self.attention.build(shape)
        self.attention_norm.build(shape)
        if self.cross:
            self.cross_attention.build(shape, shape if context_shape is None else context_shape)
            self.cross_norm.build(shape)
        self.norm.build(shape)
        self.inner.build(shape)
        self.outer = layers.Dense(x_shape[-1], use_bias=False, name="outer", dtype=self.dtype_policy)
        self.outer.build((None, None, self.units))

    def call(
        self,
        x: Tensor,
        positions: Tensor = None,
        seen: Tensor = None,
        context: Tensor = None,
        context_seen: Tensor = None,
        training: Any = None,
    ) -> Tensor:
        """The whole of x at once; `context`, (batch, others, width), is what it has cross attention to."""
        crossed = None if context is None else self.crossed(context)
        return self.forward(x, positions, seen, crossed=crossed, cross_seen=context_seen, training=training)[
            0
        ]

    def forward(
        self,
        x: Tensor,
        positions: Tensor = None,
        seen: Tensor = None,
        *,
        cache: Pair | None = None,
        here: Tensor = None,
        crossed: Pair | None = None,
        cross_seen: Tensor = None,
        training: Any = None,
    ) -> tuple[Tensor, Pair]:
        """What becomes of x, and the keys and values that it attended to.

        Args:
            x: (batch, steps, width); a single step if there is a cache.
            positions: of its steps.
            seen: what they see of the keys, those of the cache if there is one.
            cache: keys and values of other steps, to which those of x are added at `here`.
            here: the position in the cache.
            crossed: of the other sequence, see `crossed`.
            cross_seen: what is seen of it.
            training: whether to drop.
        """
        normal = self.attention_norm(x)
        keys, values = self.attention.keys_and_values(normal, positions)
        if cache is not None:
            keys, values = kept(cache[0], keys, here), kept(cache[1], values, here)
        added = self.attention.attend(normal, positions, keys, values, seen)
        x = x + self.dropout(added, training=training)
        if crossed is not None:
            added = self.cross_attention.attend(self.cross_norm(x), None, *crossed, cross_seen)
            x = x + self.dropout(added, training=training)
        gate, inner = ops.split(self.inner(self.norm(x)), 2, axis=-1)
        return x + self.dropout(self.outer(ops.silu(gate) * inner), training=training), (keys, values)

    def crossed(self, context: Tensor) -> Pair:
        """The keys and values of another sequence, (batch, others, width), made once for all steps."""
        pair: Pair = self.cross_attention.keys_and_values(context)
        return pair

    def empty_cache(self, batch: Tensor, positions: Tensor) -> Pair:
        """Zeros for so many examples and positions."""
        shape = (batch, self.heads, positions, self.attention.size)
        return ops.zeros(shape, self.compute_dtype), ops.zeros(shape, self.compute_dtype)

    def compute_output_shape(
        self,
        x_shape: Any,
        positions_shape: Any = None,
        seen_shape: Any = None,
        context_shape: Any = None,
        context_seen_shape: Any = None,
    ) -> Any:
        return x_shape

    def get_config(self) -> dict[str, Any]:
        own = {"heads": self.heads, "units": self.units, "cross": self.cross, "dropout": self.rate}
        return {**super().get_config(), **own}


def kept(old: Tensor, new: Tensor, here: Tensor) -> Tensor:
    """A cache, (batch, heads, positions, size), with a single step's (batch, heads, 1, size) at `here`."""
    if len(here.shape) == 1:
        here = here[None]
    return ops.where(here[:, None, :, None], new, old)
