"""The base of every network that writes text: it scores its input, and continues it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import layers, ops

from suite_text.generation.models.sampling import drawn
from suite_text.tokens.vocabulary import END, PADDING, UNKNOWN

Tensor = Any

NEVER = -1e9
"""The score of a token that must not be written."""

_AT_ONCE = 64  # tokens of each example whose scores are in memory


class LanguageModel(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Log-probabilities of its input's tokens and, if there are `draws`, the tokens that it writes after
    them.

    For arguments, inputs and outputs see `networks_of`.
    """

    def __init__(self, **kwargs: Any) -> None:
        # The draws must keep their precision.
        super().__init__(**{"autocast": False} | kwargs)

    @abstractmethod
    def _read(self, tokens: Tensor, training: Any = None) -> tuple[Tensor, Any]:
        """The features after each token, (batch, length, width), and what `_written` needs of them.

        Padding comes last, so no other token sees it.
        """

    @abstractmethod
    def _scores(self, hidden: Tensor) -> Tensor:
        """Float32 (..., vocabulary) before a softmax, of (..., width); padding and the start get `NEVER`."""

    @abstractmethod
    def _written(
        self, tokens: Tensor, kept: Any, draws: Tensor, sampling: Tensor, repeated: Tensor
    ) -> Tensor:
        """The tokens that the network writes, and their log-probabilities."""

    def _chosen(
        self, hidden: Tensor, step: Tensor, draws: Tensor, sampling: Tensor, repeated: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The token that is written next, its log-probability, and what would be repeated after it.

        Int32 and float32 (batch,), and float32 (batch, vocabulary).

        Args:
            hidden: the features before it, (batch, width).
            step: its number, int32 () or (batch, 1).
            draws: of all steps.
            sampling: how to draw.
            repeated: 1 for the tokens that would be repeated, float32 (batch, vocabulary).
        """
        plain = self._scores(hidden)
        scores = ops.log_softmax(plain)
        ids = ops.arange(scores.shape[-1], dtype="int32")[None]
        steps = ops.arange(ops.shape(draws)[1], dtype="int32")[None]
        draw = ops.sum(ops.where(steps == step, draws, 0.0), axis=1)
        penalty = sampling[:, 3:4]
        penalized = ops.where(plain > 0, plain / penalty, plain * penalty)
        judged = scores + ops.where(repeated > 0, penalized - plain, 0.0)
        token = drawn(ops.where(ids == UNKNOWN, NEVER, judged), draw, sampling)
        here = ids == token[:, None]
        score = ops.sum(ops.where(here, scores, 0.0), axis=-1)
        return token, score, ops.where(here, 1.0, repeated)

    def call(
        self,
        tokens: Tensor,
        draws: Tensor = None,
        sampling: Tensor = None,
        repeated: Tensor = None,
        training: Any = None,
    ) -> Any:
        hidden, caches = self._read(tokens, training=training)
        scored = self._token_scores(hidden, tokens, training)
        return scored if draws is None else (scored, self._written(tokens, caches, draws, sampling, repeated))

    def compute_output_spec(
        self,
        tokens: Any,
        draws: Any = None,
        sampling: Any = None,
        repeated: Any = None,
        training: Any = None,
    ) -> Any:
        scored = keras.KerasTensor(tokens.shape, dtype="float32")
        if draws is None:
            return scored
        return scored, keras.KerasTensor((*draws.shape, 2), dtype="float32")

    def _token_scores(self, hidden: Tensor, tokens: Tensor, training: Any = None) -> Tensor:
        """The log-probability of each token, (batch, length), by the features before it."""
        following = ops.pad(tokens[:, 1:], [[0, 0], [0, 1]], constant_values=PADDING)
        real = following != PADDING
        following = ops.where(real, following, END)  # which is possible
        if training:
            # A single function with its own gradient; exported, its logarithm of 0 would spoil other tokens.
            scores = self._scores(hidden)
            scored = -ops.sparse_categorical_crossentropy(following, scores, from_logits=True)
        else:
            scored = self._token_scores_in_steps(hidden, following)
        scored = ops.where(real, ops.cast(scored, "float32"), 0.0)
        return ops.pad(scored[:, :-1], [[0, 0], [1, 0]])

    def _token_scores_in_steps(self, hidden: Tensor, following: Tensor) -> Tensor:
        """A few tokens at a time: the scores of all tokens of a vocabulary would take gigabytes at once."""
        batch, length = ops.shape(following)[0], ops.shape(following)[1]
        steps = (length + _AT_ONCE - 1) // _AT_ONCE
        spare = steps * _AT_ONCE - length

        def cut(x: Tensor) -> Tensor:
            padded = ops.pad(x, [[0, 0], [0, spare], [0, 0]])
            pieces = ops.reshape(padded, (batch, steps, _AT_ONCE, x.shape[-1]))
            return ops.transpose(pieces, (1, 0, 2, 3))

        def goes_on(step: Tensor, *_: Any) -> Tensor:
            return step < steps

        def score(step: Tensor, scored: Tensor, hidden: Tensor, following: Tensor, numbers: Tensor) -> Any:
            scores = ops.log_softmax(self._scores(ops.take(hidden, step, axis=0)))
            piece = ops.take_along_axis(scores, ops.take(following, step, axis=0), axis=-1)[:, :, 0]
            scored = ops.where((numbers == step)[:, None, None], piece[None], scored)
            return step + 1, scored, hidden, following, numbers

        start = (
            ops.zeros((), "int32"),
            ops.zeros((steps, batch, _AT_ONCE), "float32"),
            cut(hidden),
            cut(following[:, :, None]),
            ops.arange(steps, dtype="int32"),
        )
        scored = ops.while_loop(goes_on, score, start)[1]
        return ops.reshape(ops.transpose(scored, (1, 0, 2)), (batch, steps * _AT_ONCE))[:, :length]


def networks_of(model: LanguageModel, name: str) -> tuple[keras.Model, keras.Model]:
    """The network that is shipped, and the one that is trained, of the same layer.

    The first takes `tokens` int32 (batch, length), `START` first and `PADDING` last, `draws` float32 (batch,
    steps), uniform in [0, 1), `sampling` float32 (batch, 4), see `drawn`, and `repeated` float32 (batch,
    vocabulary), 1 for tokens that would be repeated, as are those that are written: their scores before the
    softmax are divided by the last number of `sampling`, negative ones multiplied (after Keskar et al. 2019,
    arXiv:1909.05858, section 4.1). It gives
    `log_probabilities`, float32 (batch, length), of each token after all before it, 0 for the first one and
    for padding; and `written`, float32 (batch, steps, 2), the tokens that it writes then and their
    log-probabilities. After an `END` all tokens are `END`, with log-probability 0.

    The second takes such tokens and gives `log_probabilities` alone.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    draws = keras.Input((None,), name="draws")
    sampling = keras.Input((4,), name="sampling")
    repeated = keras.Input((None,), name="repeated")
    log_probabilities, written = model(tokens, draws, sampling, repeated)
    shipped = keras.Model(
        {"tokens": tokens, "draws": draws, "sampling": sampling, "repeated": repeated},
        {"log_probabilities": log_probabilities, "written": written},
        name=name,
    )
    return shipped, keras.Model(tokens, model(tokens), name=name)
