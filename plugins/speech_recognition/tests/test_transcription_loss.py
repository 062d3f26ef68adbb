"""The loss is the sum over all alignments, whatever the padding."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs Keras")

from suite_speech_recognition.models.frames import IMPOSSIBLE  # noqa: E402
from suite_speech_recognition.models.loss import TranscriptionLoss  # noqa: E402


def log_probabilities(*shape: int) -> np.ndarray:
    logits = 2 * np.random.default_rng(sum(shape)).standard_normal(shape)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def by_enumeration(y: np.ndarray, labels: list[int]) -> float:
    """Over every path of symbols, in float64."""
    total = 0.0
    for path in itertools.product(range(y.shape[1]), repeat=len(y)):
        kept = [symbol for symbol, _ in itertools.groupby(path) if symbol]
        if kept == labels:
            total += np.exp(sum(y[frame, symbol] for frame, symbol in enumerate(path)))
    return -np.log(total)


def loss(y: np.ndarray, labels: list[list[int]], padded: int = 6) -> np.ndarray:
    targets = np.zeros((len(labels), padded), np.int32)
    for row, label in zip(targets, labels, strict=True):
        row[: len(label)] = label
    each = TranscriptionLoss(reduction=None)(targets, y.astype(np.float32))
    return keras.ops.convert_to_numpy(each)


@pytest.mark.backend
@pytest.mark.parametrize("labels", [[1], [1, 2], [2, 2], [1, 2, 1], [3, 3, 1], []], ids=str)
def test_it_is_the_sum_over_all_alignments(labels):
    y = log_probabilities(1, 5, 4)
    np.testing.assert_allclose(loss(y, [labels]), by_enumeration(y[0], labels), rtol=1e-5)


@pytest.mark.backend
def test_frames_that_are_certainly_blank_add_nothing():
    y = log_probabilities(2, 6, 4)
    padding = np.full((2, 9, 4), IMPOSSIBLE)
    padding[:, :, 0] = 0.0
    labels = [[1, 2], [3, 3, 1]]
    longer = np.concatenate([y, padding], axis=1)
    np.testing.assert_allclose(loss(longer, labels), loss(y, labels), rtol=1e-5)


@pytest.mark.backend
def test_more_padding_of_targets_changes_nothing():
    y = log_probabilities(2, 6, 4)
    labels = [[1, 2], [3, 3, 1]]
    np.testing.assert_allclose(loss(y, labels, 16), loss(y, labels, 3), rtol=1e-6)


@pytest.mark.slow
def test_it_is_what_keras_computes():
    y = log_probabilities(3, 30, 9).astype(np.float32)
    targets = np.random.default_rng(0).integers(1, 9, (3, 12)).astype(np.int32)
    targets[1, 5:] = 0
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(TranscriptionLoss()(targets, y)),
        keras.ops.convert_to_numpy(keras.losses.CTC()(targets, y)),
        rtol=1e-5,
    )


def test_a_transcript_that_does_not_fit_leaves_the_others_alone():
    y = log_probabilities(2, 4, 4)
    both = loss(y, [[1, 2, 3, 1, 2, 3], [1]])
    assert np.isfinite(both).all()
    np.testing.assert_allclose(both[1], loss(y[1:], [[1]])[0], rtol=1e-6)
