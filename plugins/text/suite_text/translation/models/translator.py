"""A Transformer that translates: it learns from true translations, and searches by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from suite_text.models.blocks import Pair, TokenEmbedding, TransformerBlock, causal_mask, padding_mask
from suite_text.tokens.vocabulary import START
from suite_text.translation.models.beam_search import beam_search

Tensor = Any

NETWORKS: Mapping[str, Mapping[str, int]] = {
    "tiny": {"width": 128, "heads": 4, "units": 256, "depth": 4},
    "small": {"width": 256, "heads": 4, "units": 640, "depth": 4},
    "medium": {"width": 512, "heads": 8, "units": 1376, "depth": 6},
    "large": {"width": 768, "heads": 12, "units": 2048, "depth": 8},
}
"""Sizes by name; see `Translator`."""


@keras.saving.register_keras_serializable(package="suite_text")
class Translator(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """An encoder and a decoder (Vaswani et al., Attention Is All You Need, 2017) with one table of vectors.

    Blocks normalize first and turn queries and keys with their position (`suite_text.models.blocks`).

    Given true translations, `target`, int32 (batch, steps) with their end, it gives float32 (batch, steps,
    2): the log-probability of each of their tokens after all before it, and the mean log-probability of all
    tokens there, for label smoothing. Given `search`, float32 (batch, 2), the number of beams and the
    length penalty, it searches and gives the tokens that it writes and their log-probabilities, float32
    (batch, positions, 2), see `suite_text.translation.models.beam_search`.

    Args:
        vocabulary: tokens, the same for both languages.
        width: of the vectors.
        heads: of each attention.
        units: of each feed-forward part.
        depth: blocks of the encoder, and of the decoder.
        dropout: share dropped of embedded tokens and of what attention and feed-forward layers add, in
        training.
        beams: of the widest search.
        ratio: maximum number of tokens written per token of the source, in eighths.
        extra: how many more tokens may be written.
        cached: whether the search keeps the keys and values of what it has written; False only to measure
            what that saves.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        heads: int,
        units: int,
        depth: int,
        *,
        dropout: float = 0.0,
        beams: int = 4,
        ratio: int = 16,
        extra: int = 10,
        cached: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.own: dict[str, Any] = {
            "vocabulary": vocabulary,
            "width": width,
            "heads": heads,
            "units": units,
            "depth": depth,
            "dropout": dropout,
            "beams": beams,
            "ratio": ratio,
            "extra": extra,
            "cached": cached,
        }
        self.vocabulary, self.beams, self.cached = vocabulary, beams, cached
        self.ratio, self.extra = ratio, extra
        policy = self.dtype_policy
        self.embedding = TokenEmbedding(vocabulary, width, name="embedding", dtype=policy)
        block = {"heads": heads, "units": units, "dropout": dropout, "dtype": policy}
        self.encoder = [TransformerBlock(**block, name=f"encoder{index}") for index in range(depth)]
        self.decoder = [
            TransformerBlock(**block, cross=True, name=f"decoder{index}") for index in range(depth)
        ]
        self.encoder_norm = layers.RMSNormalization(name="encoder_norm", dtype=policy)
        self.decoder_norm = layers.RMSNormalization(name="decoder_norm", dtype=policy)
        self.dropout = layers.Dropout(dropout, name="dropout", dtype=policy)

    def build(self, source_shape: Any, target_shape: Any = None, search_shape: Any = None) -> None:
        self.embedding.build((None, None))
        vectors = (None, None, self.own["width"])
        for layer in (*self.encoder, *self.decoder, self.encoder_norm, self.decoder_norm):
            layer.build(vectors)

    def call(
        self, source: Tensor, target: Tensor = None, search: Tensor = None, training: Any = None
    ) -> Tensor:
        memory = self._read(source, training)
        if target is not None:
            return self._score(source, memory, target, training)
        return self._search(source, memory, search)

    def compute_output_spec(
        self, source: Any, target: Any = None, search: Any = None, training: Any = None
    ) -> Any:
        steps = None if target is None else target.shape[1]
        return keras.KerasTensor((source.shape[0], steps, 2), dtype="float32")

    def _read(self, source: Tensor, training: Any) -> Tensor:
        """What the decoder attends to: (batch, length, width)."""
        x = self.dropout(self.embedding(source), training=training)
        seen = padding_mask(source)
        for block in self.encoder:
            x = block(x, seen=seen, training=training)
        return self.encoder_norm(x)

    def _score(self, source: Tensor, memory: Tensor, target: Tensor, training: Any) -> Tensor:
        first = ops.full_like(target[:, :1], START)
        before = ops.concatenate([first, target[:, :-1]], axis=1)
        x = self.dropout(self.embedding(before), training=training)
        seen, source_mask = causal_mask(ops.shape(target)[1]), padding_mask(source)
        for block in self.decoder:
            x = block(x, seen=seen, context=memory, context_seen=source_mask, training=training)
        x = self.decoder_norm(x)
        # The table of all log-probabilities is never made: the gradient of picking one from it is as large as
        # the table, and slow on a CPU.
        scale = ops.logsumexp(self.embedding.scores(x), axis=-1)
        table, x = ops.cast(self.embedding.embeddings, "float32"), ops.cast(x, "float32")
        own = ops.sum(x * ops.take(table, target, axis=0), axis=-1)
        mean = ops.matmul(x, ops.mean(table, axis=0)[:, None])[..., 0]
        return ops.stack([own - scale, mean - scale], axis=-1)

    def _search(self, source: Tensor, memory: Tensor, search: Tensor) -> Tensor:
        batch, length = ops.shape(source)[0], ops.shape(source)[1]
        positions = length * self.ratio // 8 + self.extra
        counts = ops.sum(ops.cast(ops.not_equal(source, 0), "int32"), axis=-1)
        limit = ops.where(counts > 0, counts * self.ratio // 8 + self.extra, 0)
        crossed = [pair for block in self.decoder for pair in block.crossed(memory)]
        fixed = [ops.repeat(tensor, self.beams, axis=0) for tensor in (*crossed, padding_mask(source))]
        rows = batch * self.beams
        if self.cached:
            caches = [block.empty_cache(rows, positions) for block in self.decoder]
            state = [tensor for pair in caches for tensor in pair]
        else:
            state = [ops.zeros((rows, positions), "int32")]
        tokens, scores = beam_search(
            self._next_cached if self.cached else self._next,
            state,
            [*fixed, ops.arange(positions, dtype="int32")],
            limit=limit,
            width=ops.clip(search[:, 0], 1, self.beams),
            penalty=search[:, 1],
            beams=self.beams,
            positions=positions,
            vocabulary=self.vocabulary,
        )
        return ops.stack([ops.cast(tokens, "float32"), scores], axis=-1)

    def _next_cached(
        self, position: Tensor, tokens: Tensor, state: Sequence[Tensor], fixed: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        *crossed, source_mask, all_positions = fixed
        x = self.embedding(tokens[:, None])
        positions = ops.reshape(position, (1, 1))
        here, seen = all_positions == position, (all_positions <= position)[None, None, :]
        kept: list[Tensor] = []
        for block, cache, of_encoder in zip(self.decoder, _pairs(state), _pairs(crossed), strict=True):
            x, cache = block.forward(
                x, positions, seen, cache=cache, here=here, crossed=of_encoder, cross_seen=source_mask
            )
            kept += cache
        return self.embedding.scores(self.decoder_norm(x)[:, 0]), kept

    def _next(
        self, position: Tensor, tokens: Tensor, state: Sequence[Tensor], fixed: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """The same, with everything that was written read again."""
        *crossed, source_mask, all_positions = fixed
        here = all_positions == position
        written = ops.where(here[None, :], tokens[:, None], state[0])
        x = self.embedding(written)
        seen = (all_positions[None, :] <= all_positions[:, None])[None]
        for block, of_encoder in zip(self.decoder, _pairs(crossed), strict=True):
            x, _ = block.forward(x, None, seen, crossed=of_encoder, cross_seen=source_mask)
        x = ops.sum(ops.where(here[None, :, None], x, 0.0), axis=1, keepdims=True)
        return self.embedding.scores(self.decoder_norm(x)[:, 0]), [written]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.own}


def _pairs(flat: Sequence[Tensor]) -> list[Pair]:
    """Pairs of keys and values, of (keys, values, keys, values, ...)."""
    return list(zip(flat[::2], flat[1::2], strict=True))


def networks(vocabulary: int, **sizes: Any) -> tuple[keras.Model, keras.Model]:
    """The network that is shipped, which searches, and the one that is trained, of the same layers.

    Args:
        vocabulary: how many tokens there are.
        **sizes: see `Translator`.
    """
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    search = keras.Input((2,), dtype="float32", name="search")
    translator = Translator(vocabulary, name="translator", **sizes)
    trained = keras.Model(
        {"source": source, "target": target}, translator(source, target=target), name="translation_training"
    )
    shipped = keras.Model(
        {"source": source, "search": search}, translator(source, search=search), name="translation"
    )
    return shipped, trained
