"""What every network that writes text is: it scores what it is given, and goes on with it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import layers, ops

from suite_text.generation.models.sampling import drawn
from suite_text.tokens.vocabulary import END, PADDING, UNKNOWN

Tensor = Any

NEVER = -1e9
"""The score of what must not be written."""

_AT_ONCE = 64  # tokens of each example whose scores are in memory


class LanguageModel(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Log-probabilities of given tokens, and where there are `draws`, the tokens written after them.

    For arguments, inputs and outputs see `networks_of`.
    """

    def __init__(self, **kwargs: Any) -> None:
        # Numbers that are drawn are not to become less precise.
        super().__init__(**{"autocast": False} | kwargs)

    @abstractmethod
    def _read(self, tokens: Tensor, training: Any = None) -> tuple[Tensor, Any]:
        """What follows each token, (batch, length, width), and what was kept of it for `_written`.

        Padding comes last, so that nothing which counts may see it.
        """

    @abstractmethod
    def _scores(self, hidden: Tensor) -> Tensor:
        """Float32 (..., vocabulary) before a softmax, of (..., width); nothing is padding or a start."""

    @abstractmethod
    def _written(self, tokens: Tensor, kept: Any, draws: Tensor, sampling: Tensor) -> Tensor:
        """The tokens that are written, and their log-probabilities."""

    def _chosen(self, hidden: Tensor, step: Tensor, draws: Tensor, sampling: Tensor) -> tuple[Tensor, Tensor]:
        """The token that is written next, and its log-probability: int32 and float32 (batch,).

        Args:
            hidden: what it follows from, (batch, width).
            step: which step this is, int32 () or (batch, 1).
            draws: of all steps.
            sampling: how to draw.
        """
        scores = ops.log_softmax(self._scores(hidden))
        ids = ops.arange(scores.shape[-1], dtype="int32")[None]
        steps = ops.arange(ops.shape(draws)[1], dtype="int32")[None]
        draw = ops.sum(ops.where(steps == step, draws, 0.0), axis=1)
        token = drawn(ops.where(ids == UNKNOWN, NEVER, scores), draw, sampling)
        return token, ops.sum(ops.where(ids == token[:, None], scores, 0.0), axis=-1)

    def call(
        self, tokens: Tensor, draws: Tensor = None, sampling: Tensor = None, training: Any = None
    ) -> Any:
        hidden, caches = self._read(tokens, training=training)
        given = self._given(hidden, tokens, training)
        return given if draws is None else (given, self._written(tokens, caches, draws, sampling))

    def compute_output_spec(
        self, tokens: Any, draws: Any = None, sampling: Any = None, training: Any = None
    ) -> Any:
        given = keras.KerasTensor(tokens.shape, dtype="float32")
        if draws is None:
            return given
        return given, keras.KerasTensor((*draws.shape, 2), dtype="float32")

    def _given(self, hidden: Tensor, tokens: Tensor, training: Any = None) -> Tensor:
        """The log-probability of each token, (batch, length), after what `hidden` follows from."""
        following = ops.pad(tokens[:, 1:], [[0, 0], [0, 1]], constant_values=PADDING)
        told = following != PADDING
        following = ops.where(told, following, END)  # which is possible
        if training:
            # One function with a gradient of its own; exported, its logarithm of 0 would spoil others.
            scores = self._scores(hidden)
            found = -ops.sparse_categorical_crossentropy(following, scores, from_logits=True)
        else:
            found = self._given_in_steps(hidden, following)
        found = ops.where(told, ops.cast(found, "float32"), 0.0)
        return ops.pad(found[:, :-1], [[0, 0], [1, 0]])

    def _given_in_steps(self, hidden: Tensor, following: Tensor) -> Tensor:
        """A few tokens at a time: the scores of all tokens of a vocabulary would take gigabytes at once."""
        batch, length = ops.shape(following)[0], ops.shape(following)[1]
        steps = (length + _AT_ONCE - 1) // _AT_ONCE
        spare = steps * _AT_ONCE - length

        def cut(x: Tensor) -> Tensor:
            padded = ops.pad(x, [[0, 0], [0, spare], [0, 0]])
            parts = ops.reshape(padded, (batch, steps, _AT_ONCE, x.shape[-1]))
            return ops.transpose(parts, (1, 0, 2, 3))

        def goes_on(step: Tensor, *_: Any) -> Tensor:
            return step < steps

        def one(step: Tensor, found: Tensor, hidden: Tensor, following: Tensor, numbers: Tensor) -> Any:
            scores = ops.log_softmax(self._scores(ops.take(hidden, step, axis=0)))
            told = ops.take_along_axis(scores, ops.take(following, step, axis=0), axis=-1)[:, :, 0]
            found = ops.where((numbers == step)[:, None, None], told[None], found)
            return step + 1, found, hidden, following, numbers

        start = (
            ops.zeros((), "int32"),
            ops.zeros((steps, batch, _AT_ONCE), "float32"),
            cut(hidden),
            cut(following[:, :, None]),
            ops.arange(steps, dtype="int32"),
        )
        found = ops.while_loop(goes_on, one, start)[1]
        return ops.reshape(ops.transpose(found, (1, 0, 2)), (batch, steps * _AT_ONCE))[:, :length]


def networks_of(model: LanguageModel, name: str) -> tuple[keras.Model, keras.Model]:
    """The network that is shipped, and the one that is trained, of the same layer.

    The first takes `tokens` int32 (batch, length), `START` first and `PADDING` last, `draws` float32 (batch,
    steps), uniform in [0, 1), and `sampling` float32 (batch, 3), see `drawn`. It gives `given`, float32
    (batch, length), the log-probability of each token after all before it, 0 for the first one and for
    padding; and `written`, float32 (batch, steps, 2), the tokens that it writes then and their
    log-probabilities. After an `END` all others are `END`, with log-probability 0.

    The second takes such tokens and gives what the first gives as `given`.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    draws = keras.Input((None,), name="draws")
    sampling = keras.Input((3,), name="sampling")
    given, written = model(tokens, draws, sampling)
    shipped = keras.Model(
        {"tokens": tokens, "draws": draws, "sampling": sampling},
        {"given": given, "written": written},
        name=name,
    )
    return shipped, keras.Model(tokens, model(tokens), name=name)
