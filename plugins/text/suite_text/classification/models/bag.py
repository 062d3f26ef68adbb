"""N-grams in a bag, and convolutions over words beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from suite_text.classification.models.convolutional import WordVectors, convolved, embedded
from suite_text.classification.readers.word_parts import FORMS, MAX_PARTS

Tensor = Any

SCALE = 10.0
"""Factor of the sums over n-grams, so that a learning rate that suits convolutions suits them, too."""

CHARACTERS = 0.6
"""How long n-grams of characters are, all together, beside those of words. In five-fold cross-validation of a
linear classifier on questions 1 gave 0.864 and 0.6 0.871; on movie reviews both gave 0.812."""

CONVOLUTIONS = 0.3
"""How much convolutions count among the members. On validation, 0.2, 0.3 and 0.5 gave 0.814, 0.811 and 0.809
on movie reviews, and 0.858, 0.863 and 0.862 on one of three folds of the questions."""

WORD_WIDTH = 64
"""Features of a word that the convolutions read."""


@keras.saving.register_keras_serializable(package="suite_text")
class NGramSums(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Sums of vectors of n-grams, weighed: TF-IDF, with each n-gram counted once.

    From int32 (batch, n-grams), 0 being padding, to float32 (batch, outputs), and (batch, width) as well
    if there is a width. N-grams of words and of characters are each brought to unit length, so that the many
    of one kind do not drown the other. The weights of n-grams are not learned.

    Args:
        ngrams: how many there are, padding included.
        first_of_characters: the first number of an n-gram of characters.
        outputs: sums that begin at 0, as a linear classifier's do.
        width: sums that begin at random.
    """

    def __init__(
        self, ngrams: int, first_of_characters: int, outputs: int, width: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.ngrams, self.first_of_characters = ngrams, first_of_characters
        self.outputs, self.width = outputs, width

    def build(self, ngrams_shape: Any = None) -> None:
        self.weigh = self.add_weight(name="weights", shape=(self.ngrams,), trainable=False)
        self.linear = self.add_weight(name="linear", shape=(self.ngrams, self.outputs), initializer="zeros")
        if self.width:
            spread = keras.initializers.RandomUniform(-0.1, 0.1)
            self.vectors = self.add_weight(
                name="vectors", shape=(self.ngrams, self.width), initializer=spread
            )

    def call(self, ngrams: Tensor) -> Any:
        weights = ops.where(ops.equal(ngrams, 0), 0.0, ops.take(self.weigh, ngrams, axis=0))
        of_words = ops.cast(ops.less(ngrams, self.first_of_characters), weights.dtype)
        weights = _unit(weights * of_words) + CHARACTERS * _unit(weights * (1.0 - of_words))
        tables = [self.linear, self.vectors] if self.width else [self.linear]
        rows = ops.expand_dims(weights, 1)
        sums = [SCALE * ops.squeeze(ops.matmul(rows, ops.take(table, ngrams, axis=0)), 1) for table in tables]
        return tuple(sums) if self.width else sums[0]

    def weigh_by(self, texts_with: np.ndarray, texts: int) -> None:
        """Let rare n-grams weigh more: the inverse document frequency, smoothed as scikit-learn has it.

        Args:
            texts_with: (n-grams,), in how many texts each n-gram is.
            texts: how many there are.
        """
        self.weigh.assign(np.log((1 + texts) / (1 + texts_with)) + 1)

    def compute_output_shape(self, ngrams_shape: Any) -> Any:
        linear = (ngrams_shape[0], self.outputs)
        return (linear, (ngrams_shape[0], self.width)) if self.width else linear

    def get_config(self) -> dict[str, Any]:
        own = {"ngrams": self.ngrams, "first_of_characters": self.first_of_characters}
        return {**super().get_config(), **own, "outputs": self.outputs, "width": self.width}


def _unit(weights: Tensor) -> Tensor:
    """Weights of unit length in each row; a row of zeros stays as it is."""
    return weights / ops.sqrt(ops.maximum(ops.sum(ops.square(weights), axis=-1, keepdims=True), 1e-12))


def shares_of(members: int, *, convolutions: bool) -> list[float]:
    """How much each member counts in the mean: convolutions, the last one, less than those of n-grams."""
    others = members - convolutions
    last = [CONVOLUTIONS] if convolutions else []
    return [(1.0 - sum(last)) / others] * others + last


@dataclass(frozen=True, kw_only=True)
class BagNetworks:
    """The two faces of a bag.

    Attributes:
        network: from the inputs to logits (batch, classes), the weighted mean of its members'.
        training_network: to the logits of each member, (batch, members, classes).
    """

    network: keras.Model
    training_network: keras.Model


def bag_networks(
    *,
    texts_with: np.ndarray,
    texts: int,
    first_of_characters: int,
    words: int,
    parts: int = 0,
    classes: int,
    width: int,
    filters: int,
    dropout: float,
) -> BagNetworks:
    """Up to three classifiers that see different features, whose logits are averaged, see `shares_of`.

    - A linear one of n-grams, weighed by TF-IDF: what a linear support vector machine is, but that its
      loss is the cross-entropy.
    - One of hidden features that are sums over the same n-grams (Joulin et al. 2016, arXiv:1607.01759, and
      a layer more).
    - Convolutions over words (Kim 2014, arXiv:1408.5882, with random vectors), which know their order, and of
      words that are new what they are made of.

    That a network and a linear model of crossed features learn side by side is Cheng et al. 2016
    (arXiv:1606.07792, section 3.3); there their sum is trained, here each by itself (see `MemberLoss`).

    Args:
        texts_with: (n-grams,), in how many training texts each n-gram is.
        texts: how many training texts there are.
        first_of_characters: the first number of an n-gram of characters.
        words: numbers of words that the convolutions read.
        parts: numbers of the n-grams of characters that words are made of; 0: the convolutions read no parts.
        classes: number of logits.
        width: hidden features; 0 for none.
        filters: of each width of the convolutions; 0 for none.
        dropout: share of features dropped before the last layers.

    Returns:
        Networks that take int32 (batch, n-grams) as `ngrams` and, if there are convolutions, int32
        (batch, words) as `words` and perhaps int32 (batch, words, parts) as `parts`.
    """
    inputs = {"ngrams": keras.Input((None,), dtype="int32", name="ngrams")}
    sums = NGramSums(len(texts_with), first_of_characters, classes, width, dtype="float32", name="ngram_sums")
    summed = sums(inputs["ngrams"])
    sums.weigh_by(texts_with, texts)
    # No bias: if no n-gram is known, the other members decide.
    members = [summed[0] if width else summed]
    if width:
        x = layers.Activation("relu", name="hidden_relu")(summed[1])
        x = layers.Dropout(dropout, name="hidden_dropout")(x)
        members.append(layers.Dense(classes, dtype="float32", name="hidden_logits")(x))
    if filters:
        inputs["words"] = keras.Input((None,), dtype="int32", name="words")
        if parts:
            inputs["parts"] = keras.Input((None, MAX_PARTS), dtype="int32", name="parts")
            vectors = WordVectors(words, parts, FORMS, WORD_WIDTH, name="word_vectors")
            x = vectors(inputs["words"], inputs["parts"])
        else:
            x = embedded(inputs["words"], words, WORD_WIDTH)
        x = convolved(
            x,
            inputs["words"],
            filters=filters,
            kernels=(1, 2, 3),
            embedding_dropout=0.3,
            dropout=dropout,
        )
        members.append(layers.Dense(classes, dtype="float32", name="convolution_logits")(x))
    average = members[0]
    if len(members) > 1:
        shares = shares_of(len(members), convolutions=filters > 0)
        weighed = [
            layers.Rescaling(share, dtype="float32", name=f"share{index}")(member)
            for index, (share, member) in enumerate(zip(shares, members, strict=True))
        ]
        average = layers.Add(name="logits")(weighed)
    apart = ops.stack(members, axis=1)
    return BagNetworks(
        network=keras.Model(inputs, average, name="bag"),
        training_network=keras.Model(inputs, apart, name="bag_members"),
    )
