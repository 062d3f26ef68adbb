"""Connectionist temporal classification, by the fastest kernel that the backend has."""

from __future__ import annotations

from typing import Any

import keras

from suite_speech_recognition.models.frames import PACKAGE

Tensor = Any


@keras.saving.register_keras_serializable(package=PACKAGE)
class TranscriptionLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """The negative logarithm of the probability of a transcript, over all its alignments.

    Graves et al. 2006, "Connectionist temporal classification", section 4. It is `keras.losses.CTC`, which on
    TensorFlow loops over frames in the graph: ten times as slow on a processor as the kernel used here.

    Targets are int32 (batch, labels), padded with 0, which is the blank; predictions log-probabilities
    (batch, frames, symbols). The loss of a transcript with more symbols than there are frames is 0 on
    TensorFlow: there is no alignment of which to learn.
    """

    def __init__(self, name: str = "transcription", **rest: Any) -> None:
        super().__init__(name=name, **({"dtype": "float32"} | rest))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """(batch,) negative log-likelihoods."""
        if keras.config.backend() != "tensorflow":
            return keras.losses.ctc(y_true, y_pred)
        import tensorflow as tf

        # The kernel wants a label in every transcript; the only alignment of an empty one is all blank.
        empty = tf.reduce_all(y_true == 0, axis=1)
        first = tf.one_hot(0, tf.shape(y_true)[1], dtype="int32")
        labels = tf.where(empty[:, None], first[None, :], tf.cast(y_true, "int32"))
        positions = tf.where(labels > 0)
        # The kernel's blank is its last symbol.
        rolled = tf.roll(tf.transpose(y_pred, (1, 0, 2)), -1, axis=2)
        loss = tf.raw_ops.CTCLoss(
            inputs=rolled,
            labels_indices=positions,
            labels_values=tf.gather_nd(labels, positions) - 1,
            sequence_length=tf.fill([tf.shape(rolled)[1]], tf.shape(rolled)[0]),
            ctc_merge_repeated=True,
            ignore_longer_outputs_than_inputs=True,
        ).loss
        return tf.where(empty, -tf.reduce_sum(y_pred[:, :, 0], axis=1), loss)
